"""Blocks: the lines of a conversation, some in each row, and how they are found.

The blocks of a conversation are in order by (`first`, `id`), and so are the lines in them. The
lines of one step may stand in several blocks, of which each but the first begins with that step.

Lines are encoded once, when they are stored, as the *pieces* of a step; a block is pieces one
behind the other. So what it takes to file them does not depend on how many lines there are.
"""

from __future__ import annotations

import functools
import operator
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

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
    "INSERT INTO blocks (id, conversation, first, last, kinds, messages, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
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


class Talk(NamedTuple):
    """What the index has to know of lines.

    Whole texts, and not the messages' own: another thread uses these, and what two threads use and
    let go of costs both of them.
    """

    senders: str
    """Who says something in them, as sources' prefixes, a line each."""
    text: str
    """What they say, a line or more each."""
    messages: int
    """How many there are."""


def talk(senders: Sequence[str], texts: Sequence[str]) -> Talk:
    """Return what is said in messages, from their senders, as sources' prefixes, and texts."""
    return Talk("\n".join(dict.fromkeys(senders)), "\n".join(texts), len(texts))


Row: TypeAlias = tuple[int, int, int, int, Any]
"""An entry that is to become a line: the last is what its bytes are made of."""


class Lines:
    """The lines that a step has in a conversation, while they are put together.

    They are encoded some at a time: a step can have so many that the first are out of the
    processor's caches when the last is there.
    """

    __slots__ = ("_key", "_known", "_number", "_pieces", "_plain", "rows")

    def __init__(self, key: str, number: int) -> None:
        self._key = key
        self._number = number
        self.rows: list[Row] = []
        """Those that are in no piece yet. Whoever adds to them what is a message for everybody
        there, of one line, cuts them as soon as there are enough for a piece."""
        self._pieces: list[tuple[Piece, Talk | None]] = []
        self._plain = True
        """Whether all of them are such messages."""
        self._known = True
        """Whether of all of them the values are known, and not only their bytes."""

    def add(self, place: int, kind: int, standing: int, values: tuple[object, ...]) -> None:
        """Add a line, of which `values` are what the bytes are made of (`records.described`)."""
        self._plain = False
        self._add(place, kind, standing, values)

    def add_encoded(self, place: int, kind: int, standing: int, data: msgspec.Raw) -> None:
        """Add a line by its bytes."""
        self._plain = self._known = False
        self._add(place, kind, standing, data)

    def _add(self, place: int, kind: int, standing: int, values: object) -> None:
        self.rows.append((self._number, place, kind, standing, values))
        if len(self.rows) == PIECE:
            self.cut()

    def pieces(self, *, ordered: bool = True) -> list[tuple[Piece, Talk | None]]:
        """Return all of them, each with what is said in it, if that is known. If they have not been
        added in order, they are put in order."""
        if self.rows:
            self.cut()
        if ordered:
            return self._pieces
        anew = Lines(self._key, self._number)
        lines = [line for piece, _ in self._pieces for line in lines_of(piece)]
        for _, place, kind, standing, data in sorted(lines, key=position_of):
            anew.add_encoded(place, kind, standing, data)
        return anew.pieces()

    def cut(self) -> None:
        """Make a piece of the lines."""
        rows = self.rows
        said = rows
        kinds, latest = MESSAGES, self._number
        spoken = None
        if self._plain:
            spoken = talk([row[4][1] for row in rows], [row[4][7] for row in rows])
        else:
            said = [row for row in rows if row[2] == MESSAGES]
            kinds = functools.reduce(operator.or_, [row[2] for row in rows])
            if all(row[3] for row in said):
                latest = 0
            if self._known:
                found = [records.spoken(row[4]) for row in said]
                spoken = talk([sender for sender, _ in found], [text for _, text in found])
        piece = Piece(
            key=self._key,
            count=len(rows),
            kinds=kinds,
            messages=len(said),
            latest=latest,
            lines=_encode(rows)[len(_array(len(rows))) :],
        )
        self._pieces.append((piece, spoken))
        self.rows = []
        self._plain = self._known = True


class Block(NamedTuple):
    """A row."""

    id: int
    first: int
    last: int
    body: bytes


_encode = msgspec.msgpack.Encoder().encode
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
    connection: sqlite3.Connection,
    these: Mapping[int, Sequence[tuple[int, Piece, Talk | None]]],
) -> list[tuple[int, int, list[Talk | None]]]:
    """Add pieces, each with the number of its step and what is said in it, behind what the
    conversations with these ids have. Return of each block its id, whose it is, and what is said in
    its pieces."""
    block: int = connection.execute("SELECT max(id) FROM blocks").fetchone()[0] or 0
    rows = []
    made = []
    for found, pieces in these.items():
        start = 0
        while start < len(pieces):
            end, count = start + 1, pieces[start][1].count
            while end < len(pieces) and count + pieces[end][1].count <= BLOCK:
                count += pieces[end][1].count
                end += 1
            part = pieces[start:end]
            block += 1
            rows.append((block, found, *_joined(part)))
            made.append((block, found, [talk for _, _, talk in part]))
            start = end
    connection.executemany(_INSERT, rows)
    return made


def insert_lines(connection: sqlite3.Connection, found: int, lines: Sequence[AnyLine]) -> None:
    """Add a block of these lines, no more than one has, behind what a conversation has."""
    connection.execute(_INSERT, (None, found, *_described(lines)))


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


def _joined(
    numbered: Sequence[tuple[int, Piece, Talk | None]],
) -> tuple[int, int, int, int, bytes]:
    pieces = [piece for _, piece, _ in numbered]
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
