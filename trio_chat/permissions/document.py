"""The tables of who may do what, as a document.

`nox -s docs` writes it to `docs/permissions.md`; a test fails when that file says something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from trio_chat.permissions import TABLES
from trio_chat.permissions.table import EMPTY, YES, Table

_HEAD = """\
# Who may do what

Everything here is made from the tables in `trio_chat/permissions/` by `nox -s docs`, and the tests
play every cell. **yes**: it is done; otherwise what is answered: a numeric, FAIL, or no more than
that it is not (no)."""


def markdown() -> str:
    """Return the document."""
    return "\n".join([_HEAD, *(line for table in TABLES for line in _section(table))])


def _section(table: Table) -> Iterator[str]:
    yield from ("", f"## {table.title}", "", table.text, "")
    yield _line(("", *(actor.name for actor in table.actors)))
    yield "|" + "---|" * (len(table.actors) + 1)
    for row in table.rows:
        yield _line((row.name, *map(_shown, row.cells.split(" "))))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(cell: str) -> str:
    if cell == YES:
        return "**yes**"
    return "no" if cell in (EMPTY, "NOTICE") else cell


def main(path: Path = Path("docs/permissions.md")) -> None:
    """Write the document."""
    path.write_text(markdown() + "\n")


if __name__ == "__main__":
    main()
