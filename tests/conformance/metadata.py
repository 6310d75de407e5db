"""What the tests of both versions of metadata share: how a batch is read, and a command sent."""

from __future__ import annotations

from tests.conformance.session import Line, Session, one, shown


def ask(session: Session, line: str) -> list[Line]:
    """Send a METADATA; return everything that came."""
    return session.ask(f"METADATA {line}")


def batched(lines: list[Line], kind: str = "metadata") -> tuple[list[str], list[Line]]:
    """Return the parameters of the one batch of this type, and what is in it."""
    begin = [line for line in lines if line.command == "BATCH" and line.params[1:2] == [kind]]
    assert len(begin) == 1, f"{len(begin)} batches in {shown(lines)}"
    reference = begin[0].params[0].removeprefix("+")
    end = [line for line in lines if line.command == "BATCH" and line.params == [f"-{reference}"]]
    assert len(end) == 1, f"no end of the batch in {shown(lines)}"
    inside = [line for line in lines if line.tags.get("batch") == reference]
    first, last = lines.index(begin[0]), lines.index(end[0])
    assert all(first < lines.index(line) < last for line in inside)
    return begin[0].params[2:], inside


def whole(lines: list[Line], kind: str = "metadata") -> tuple[list[str], list[Line]]:
    """Return the same of an answer that is this batch and nothing else."""
    params, inside = batched(lines, kind)
    assert len(lines) == len(inside) + 2, f"more than a batch in {shown(lines)}"
    return params, inside


def refused(lines: list[Line], *params: str) -> None:
    """Check that an answer is one FAIL of METADATA with this code and these parameters."""
    assert len(lines) == 1, shown(lines)
    found = one(lines, "FAIL")
    assert found.params[:-1] == ["METADATA", *params], found


def said(line: Line) -> list[str]:
    """Return what a METADATA, 760, 761 or 766 says: target, key, and the value if there is one."""
    params = line.params if line.command == "METADATA" else line.params[1:]
    if line.command == "766":
        return params[:2]
    assert len(params) in (3, 4), line
    assert params[2] == "*", line
    return [params[0], params[1], *params[3:]]
