"""005 before and after registration, on request (IRCv3 extended-isupport)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register
from tests.conformance.session import Line, commands, one, only

CAPABILITY = "draft/extended-isupport"
pytestmark = pytest.mark.capability(CAPABILITY)


def _tokens(lines: list[Line]) -> set[str]:
    return {token for line in only(lines, "005") for token in line.params[1:-1]}


def _check_batched(lines: list[Line]) -> None:
    """Check that every 005 is in a batch for that, which has nothing else in it and ends."""
    opened = [line for line in only(lines, "BATCH") if line.params[1:2] == ["draft/isupport"]]
    references = {line.params[0].removeprefix("+") for line in opened}
    assert only(lines, "005")
    assert all(line.tags.get("batch") in references for line in only(lines, "005"))
    inside = [line for line in lines if line.tags.get("batch") in references]
    assert set(commands(inside)) == {"005"}
    closed = {line.params[0].removeprefix("-") for line in only(lines, "BATCH")[1:]}
    assert references <= closed


def test_on_request(register: Register) -> None:
    """IRCv3 extended-isupport, "ISUPPORT command": the full list, no capability needed."""
    user = register("al")
    lines = user.ask("ISUPPORT")
    assert set(commands(lines)) == {"005"}
    assert _tokens(lines) == _tokens(user.welcome)
    assert all(line.params[0] == user.nick for line in lines)


def test_before_registration(connect: Connect) -> None:
    """IRCv3 extended-isupport, "draft/extended-isupport capability": it is answered before."""
    session = connect()
    session.negotiate(CAPABILITY)
    session.send("ISUPPORT", "CAP LIST")
    lines = session.until("CAP")
    assert _tokens(lines)
    assert {line.params[0] for line in only(lines, "005")} == {"*"}
    assert not only(lines, "BATCH", "451", "421")


def test_before_registration_in_a_batch(connect: Connect) -> None:
    """IRCv3 extended-isupport, "draft/isupport batch": before registration as well."""
    session = connect()
    session.negotiate("batch", CAPABILITY)
    session.send("ISUPPORT", "CAP LIST")
    _check_batched(session.until("CAP"))


def test_all_is_said_when_registration_ends(connect: Connect, name: Callable[[str], str]) -> None:
    """IRCv3 extended-isupport, "draft/extended-isupport capability": what was left out comes."""
    session = connect()
    session.negotiate(CAPABILITY)
    session.send("ISUPPORT", "CAP LIST")
    before = session.until("CAP")
    session.send(f"NICK {name('al')}", "USER al 0 * :Al", "CAP END")
    welcome = session.until("376", "422")
    assert _tokens(before) | _tokens(welcome) == _tokens(session.ask("ISUPPORT"))


@pytest.mark.parametrize("command", ["ISUPPORT", "VERSION"])
def test_in_a_batch(register: Register, command: str) -> None:
    """IRCv3 extended-isupport, "draft/isupport batch": all 005, whatever they answer."""
    user = register("al", "batch", CAPABILITY)
    _check_batched(user.ask(command))


def test_the_welcome_in_a_batch(register: Register) -> None:
    """IRCv3 extended-isupport, "draft/isupport batch": no 005 without it."""
    _check_batched(register("al", "batch", CAPABILITY).welcome)


def test_the_order_of_the_capabilities(register: Register) -> None:
    """IRCv3 extended-isupport, "draft/isupport batch": the order of enabling is no matter."""
    user = register("al", CAPABILITY)
    assert "BATCH" not in commands(user.ask("ISUPPORT"))
    one(user.ask("CAP REQ :batch"), "CAP")
    _check_batched(user.ask("ISUPPORT"))


@pytest.mark.parametrize("capability", ["batch", CAPABILITY])
def test_no_batch_with_one_capability_alone(register: Register, capability: str) -> None:
    """IRCv3 extended-isupport, "draft/isupport batch": it takes both capabilities."""
    lines = register("al", capability).ask("ISUPPORT")
    assert set(commands(lines)) == {"005"}
    assert not any("batch" in line.tags for line in lines)


@pytest.mark.capability("labeled-response")
def test_with_a_label(register: Register) -> None:
    """IRCv3 labeled-response, "Tags": the label is on the outermost batch, and nowhere else."""
    user = register("al", "batch", "labeled-response", CAPABILITY)
    lines = user.ask("@label=one ISUPPORT")
    assert [line.tags.get("label") for line in lines] == ["one"] + [None] * (len(lines) - 1)
    assert lines[0].command == "BATCH"
    _check_batched(lines)
