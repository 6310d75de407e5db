"""Blocks: the lines of a conversation, some in each row, and how they are found.

The blocks of a conversation are in order by (`first`, `id`), and so are the lines in them. The
lines of one step may stand in several blocks, of which each but the first begins with that step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from trio_chat.core.questions import MESSAGES
from trio_chat.journal.records import GONE

LAYOUT = 1
"""How a block is laid out: the first value of its body."""
BLOCK = 64
"""Lines in a block, at most: about two pages of the file."""

_INSERT = (
    "INSERT INTO blocks (conversation, first, last, kinds, messages, body)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_UP_TO = (
    "SELECT id, first, last, body FROM blocks WHERE conversation = ? AND first <= ?"
    " AND kinds & ? ORDER BY first DESC, id DESC"
)
_FROM = (
    "SELECT id, first, last, body FROM blocks WHERE conversation = ?"
    # The last block that begins before that step may end with it.
    " AND first >= coalesce("
    "(SELECT max(first) FROM blocks WHERE conversation = ? AND first < ?), 0)"
    " AND kinds & ? ORDER BY first, id"
)


class Line(NamedTuple):
    """An entry: its position, its kind in bits, who may see it, and its bytes (`records.py`)."""

    number: int
    place: int
    kind: int
    standing: int
    data: msgspec.Raw

    @property
    def is_gone(self) -> bool:
        """Whether it has been redacted."""
        return not self.kind

    def blanked(self) -> Line:
        """Return what is left of it when it is redacted."""
        return Line(self.number, self.place, 0, self.standing, msgspec.Raw(GONE))


AnyLine: TypeAlias = tuple[int, int, int, int, msgspec.Raw]
"""A `Line`, or its plain values."""


def position_of(line: AnyLine) -> tuple[int, int]:
    """Return a line's position, to sort by."""
    return line[:2]


class Block(NamedTuple):
    """A row."""

    id: int
    first: int
    last: int
    body: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, list[AnyLine]]).decode


def encode(lines: Sequence[AnyLine]) -> bytes:
    """Return the body of a block."""
    return _encode((LAYOUT, lines))


def decode(body: bytes) -> list[Line]:
    """Return the lines of a block. Raises `msgspec.DecodeError` for what is not one."""
    return [Line(*values) for values in decode_plainly(body)]


def decode_plainly(body: bytes) -> list[AnyLine]:
    """Return the lines of a block by their values, for whoever looks at very many."""
    return _decode(body)[1]


def conversation(connection: sqlite3.Connection, key: str) -> int | None:
    """Return the id of the conversation with this key, if anything of it has been filed."""
    row = connection.execute("SELECT id FROM conversations WHERE key = ?", (key,)).fetchone()
    return None if row is None else row[0]


def insert(connection: sqlite3.Connection, these: Mapping[int, Sequence[AnyLine]]) -> None:
    """Add lines behind those that the conversations with these ids have."""
    rows = []
    for found, lines in these.items():
        for start in range(0, len(lines), BLOCK):
            rows.append((found, *_described(lines[start : start + BLOCK])))
    connection.executemany(_INSERT, rows)


def rewrite(connection: sqlite3.Connection, block: int, lines: Sequence[AnyLine]) -> None:
    """Replace the lines of a block, which keeps its steps."""
    connection.execute(
        "UPDATE blocks SET first = ?, last = ?, kinds = ?, messages = ?, body = ? WHERE id = ?",
        (*_described(lines), block),
    )


def back_from(
    connection: sqlite3.Connection, found: int, number: int, kinds: int = -1
) -> Iterator[Block]:
    """Iterate over the blocks that may have lines up to step `number`, the latest first: those
    with lines of these kinds, for -1 all."""
    for row in connection.execute(_UP_TO, (found, number, kinds)):
        yield Block(*row)


def on_from(
    connection: sqlite3.Connection, found: int, number: int, kinds: int = -1
) -> Iterator[Block]:
    """Iterate over the blocks that may have lines from step `number` on, the earliest first."""
    for row in connection.execute(_FROM, (found, found, number, kinds)):
        yield Block(*row)


def holding(connection: sqlite3.Connection, found: int, number: int) -> Iterator[Block]:
    """Iterate over the blocks that may have lines of step `number`."""
    for row in connection.execute(_UP_TO.replace(" AND kinds & ?", ""), (found, number)):
        block = Block(*row)
        if block.last >= number:
            yield block
        if block.first < number:
            return


def _described(lines: Sequence[AnyLine]) -> tuple[int, int, int, int, bytes]:
    kinds = messages = 0
    for _, _, kind, _, _ in lines:
        kinds |= kind
        messages += kind == MESSAGES
    return lines[0][0], lines[-1][0], kinds, messages, encode(lines)
