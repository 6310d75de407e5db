"""Blocks: the lines of a conversation, some in each row, and how they are found.

The blocks of a conversation are in order by (`first`, `id`), and so are the lines in them. The
lines of one step may stand in several blocks, of which each but the first begins with that step.

Lines are encoded once, when they are stored, as the *pieces* of a step; a block is pieces one
behind the other. So what it takes to file them does not depend on how many lines there are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from trio_chat.core.questions import MESSAGES
from trio_chat.journal import records
from trio_chat.journal.records import GONE

LAYOUT = 1
"""How a block is laid out: the first value of its body."""
PIECE = 64
"""Lines in a piece, at most."""
BLOCK = 2 * PIECE
"""Lines in a block, at most: about three pages of the file."""

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


class Piece(msgspec.Struct, frozen=True, array_like=True, tag=0, gc=False):
    """The lines of one conversation in one step, some of them, and what has to be known of them."""

    key: str
    """The conversation's."""
    count: int
    kinds: int
    """Those of its lines, in bits."""
    messages: int
    latest: int
    """The step's number, if there is a message that everybody there may read; 0: there is none."""
    lines: bytes
    """The lines, one behind the other."""


class Lines:
    """The lines that a step has in a conversation, while they are put together.

    Each is encoded as soon as it is there: a step can have so many that the first are out of the
    processor's caches when the last is there.
    """

    __slots__ = (
        "_are_in_order",
        "_count",
        "_data",
        "_hidden",
        "_key",
        "_kinds",
        "_last",
        "_number",
        "_others",
        "_pieces",
    )

    def __init__(self, key: str, number: int) -> None:
        self._key = key
        self._number = number
        self._data = bytearray()
        self._pieces: list[Piece] = []
        self._count = self._kinds = 0
        self._others = 0
        """Lines that are no messages."""
        self._hidden = 0
        """Messages that not everybody may read."""
        self._last = -1
        self._are_in_order = True

    def add(self, place: int, kind: int, standing: int, values: object) -> None:
        """Add a line, of which `values` are what the bytes are made of (`records.described`)."""
        _encode_into((self._number, place, kind, standing, values), self._data, -1)
        if place < self._last:
            self._are_in_order = False
        self._last = place
        if kind != MESSAGES:
            self._kinds |= kind
            self._others += 1
        elif standing:
            self._hidden += 1
        self._count += 1
        if self._count == PIECE:
            self._cut()

    def pieces(self) -> list[Piece]:
        """Return all of them, in order."""
        if self._count:
            self._cut()
        if self._are_in_order:
            return self._pieces
        ordered = Lines(self._key, self._number)
        lines = [line for piece in self._pieces for line in lines_of(piece)]
        for _, place, kind, standing, data in sorted(lines, key=position_of):
            ordered.add(place, kind, standing, data)
        return ordered.pieces()

    def _cut(self) -> None:
        count = self._count
        messages = count - self._others
        self._pieces.append(
            Piece(
                key=self._key,
                count=count,
                kinds=self._kinds | (MESSAGES if messages else 0),
                messages=messages,
                latest=self._number if messages > self._hidden else 0,
                lines=bytes(self._data),
            )
        )
        self._data.clear()
        self._count = self._kinds = self._others = self._hidden = 0


class Block(NamedTuple):
    """A row."""

    id: int
    first: int
    last: int
    body: bytes


_encode = msgspec.msgpack.Encoder().encode
_encode_into = msgspec.msgpack.Encoder().encode_into
_decode = msgspec.msgpack.Decoder(tuple[int, list[AnyLine]]).decode
_decode_all = msgspec.msgpack.Decoder(
    tuple[int, list[tuple[int, int, int, int, records.Stored]]]
).decode
_decode_lines = msgspec.msgpack.Decoder(list[AnyLine]).decode
_HEAD = _encode((LAYOUT, None))[:-1]
"""What a body begins with."""


def _array(count: int) -> bytes:
    """Return what an array of so many values begins with (MessagePack, "array format family")."""
    return bytes((0x90 | count,)) if count < 16 else b"\xdc" + count.to_bytes(2, "big")


def join(pieces: Sequence[Piece]) -> bytes:
    """Return the body of the block that has these lines."""
    count = sum([piece.count for piece in pieces])
    return b"".join([_HEAD, _array(count), *[piece.lines for piece in pieces]])


def encode(lines: Sequence[AnyLine]) -> bytes:
    """Return the body of a block."""
    return _encode((LAYOUT, lines))


def decode(body: bytes) -> list[Line]:
    """Return the lines of a block. Raises `msgspec.DecodeError` for what is not one."""
    return [Line(*values) for values in decode_plainly(body)]


def decode_plainly(body: bytes) -> list[AnyLine]:
    """Return the lines of a block by their values, for whoever looks at very many."""
    return _decode(body)[1]


def lines_of(piece: Piece) -> list[AnyLine]:
    """Return the lines of a piece. Raises `msgspec.DecodeError` for what is not one."""
    return _decode_lines(_array(piece.count) + piece.lines)


def messages_in(body: bytes) -> list[tuple[str, str]]:
    """Return of each message in a block who said it, as a source's prefix, and its text. Raises
    `msgspec.DecodeError` for what is not a block."""
    return [
        records.said_in(stored)
        for _, _, kind, _, stored in _decode_all(body)[1]
        if kind == MESSAGES
    ]


def conversation(connection: sqlite3.Connection, key: str) -> int | None:
    """Return the id of the conversation with this key, if anything of it has been filed."""
    row = connection.execute("SELECT id FROM conversations WHERE key = ?", (key,)).fetchone()
    return None if row is None else row[0]


def insert(
    connection: sqlite3.Connection, these: Mapping[int, Sequence[tuple[int, Piece]]]
) -> None:
    """Add pieces, each with the number of its step, behind what the conversations with these ids
    have."""
    rows = []
    for found, pieces in these.items():
        start = count = 0
        for end, (_, piece) in enumerate(pieces):
            if count + piece.count > BLOCK:
                rows.append((found, *_joined(pieces[start:end])))
                start, count = end, 0
            count += piece.count
        rows.append((found, *_joined(pieces[start:])))
    connection.executemany(_INSERT, rows)


def insert_lines(connection: sqlite3.Connection, found: int, lines: Sequence[AnyLine]) -> None:
    """Add a block of these lines, no more than one has, behind what a conversation has."""
    connection.execute(_INSERT, (found, *_described(lines)))


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


def _joined(numbered: Sequence[tuple[int, Piece]]) -> tuple[int, int, int, int, bytes]:
    pieces = [piece for _, piece in numbered]
    kinds = messages = 0
    for piece in pieces:
        kinds |= piece.kinds
        messages += piece.messages
    return numbered[0][0], numbered[-1][0], kinds, messages, join(pieces)


def _described(lines: Sequence[AnyLine]) -> tuple[int, int, int, int, bytes]:
    kinds = messages = 0
    for _, _, kind, _, _ in lines:
        kinds |= kind
        messages += kind == MESSAGES
    return lines[0][0], lines[-1][0], kinds, messages, encode(lines)
