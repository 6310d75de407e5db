"""Ticks: all that one step has to be stored, as the one value that is written for it.

What happened stands there in pieces of conversations (`blocks.py`), as it is filed: whoever files
it, or looks for another conversation, goes past it without decoding it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from trio_chat.core import ids
from trio_chat.core.entries import (
    ELSEWHERE,
    Change,
    Entry,
    Kept,
    Moved,
    Record,
    Redacted,
    of_channel,
)
from trio_chat.core.events import Event, Said
from trio_chat.core.questions import MESSAGES
from trio_chat.core.secrets import SECRET
from trio_chat.journal import records
from trio_chat.journal.blocks import PIECE, Lines, Piece, Talk
from trio_chat.journal.errors import DAMAGED

LAYOUT = 2
"""How a tick is laid out: the first value of its bytes."""

Item: TypeAlias = Piece | Change
"""A part of a tick. What happened before something was moved or redacted stands before that."""


class Tick(NamedTuple):
    """What is stored of a step, and what the writer has to know of it."""

    number: int
    items: list[Item]
    talks: list[Talk | None]
    """Of each item what is said in it, if that is known."""
    entries: int
    """How many there are, counted for each conversation."""
    conversations: int
    size: int
    """Bytes, but for what is about all of it."""
    is_pressing: bool
    """Whether it changes what was stored long ago, and whoever reads has to see that at once."""

    @property
    def row(self) -> tuple[int, bytes]:
        """What is written to the log."""
        return self.number, _encode((LAYOUT, self.items))


_NUMBERS = records.NUMBERS
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, list[Item]]).decode


class _Pieces:
    """The pieces of a step, while they are put together."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._of: dict[str, Lines] = {}
        self.by_target: dict[str, Lines] = {}
        """Those of channels by the targets of messages, which can be written in several ways."""

    def of(self, key: str) -> Lines:
        """Return the lines of a conversation, to be added to."""
        found = self._of.get(key)
        if found is None:
            found = self._of[key] = Lines(key, self._number)
        return found

    def of_target(self, event: Said) -> Lines:
        """Return those of the channel that a message is for."""
        room = event.room
        found = self.by_target[event.target] = self.of(of_channel(room) if room else ELSEWHERE)
        return found

    def take(self, *, ordered: bool) -> list[tuple[Piece, Talk | None]]:
        """Return them, each with what is said in it, and begin anew. If the lines were not added in
        order, that is done now."""
        pieces = [piece for lines in self._of.values() for piece in lines.pieces(ordered=ordered)]
        self._of.clear()
        self.by_target.clear()
        return pieces


def encode(number: int, these: Sequence[Record]) -> Tick:
    """Return what is stored of a step.

    An event whose id is not of this step stands where it is among these. Raises `ValueError` for
    what can not be stored.
    """
    head = ids.head(number)
    place_in, described = ids.place_in, records.described
    began = ids.time_of(number)
    # Most of a step happens at one time.
    time, late = began / 1000, 0
    items: list[tuple[Item, Talk | None]] = []
    waiting = _Pieces(number)
    targets = waiting.by_target
    pressing = False
    last, ordered = -1, True
    for index, record in enumerate(these):
        event: Event
        keys: tuple[str, ...] | None = None
        standing = 0
        if isinstance(record, Event):
            event = record
        elif isinstance(record, Entry):
            event, standing, keys = record.event, record.standing, record.conversations
        else:
            if isinstance(record, Redacted | Moved):
                items += waiting.take(ordered=ordered)
                pressing = True
            elif _is_secret(record):
                pressing = True
            items.append((record, None))
            continue
        if event.time != time:
            time = event.time
            late = ids.milliseconds(time) - began
        place = place_in(event.id, head, last + 1)
        if place is None:
            place = index
        if place < last:
            ordered = False
        last = place
        if type(record) is Said and record.kind != "TAGMSG":
            # As `described` would have it. Most are of this kind.
            source, target = record.source, record.target
            lines = targets.get(target) or waiting.of_target(record)
            lines.rows.append(
                (
                    number,
                    place,
                    MESSAGES,
                    0,
                    (
                        0,
                        source.prefix,
                        source.account,
                        source.bot,
                        late,
                        _NUMBERS[record.kind],
                        target,
                        record.text,
                        record.client_tags,
                    ),
                )
            )
            if len(lines.rows) == PIECE:
                lines.cut()
            continue
        try:
            kind, values = described(event, late)
        except KeyError:
            raise ValueError(f"{type(event).__name__} is nothing to be stored") from None
        if keys is None:
            room = event.room
            keys = (of_channel(room) if room else ELSEWHERE,)
        for key in keys:
            waiting.of(key).add(place, kind, standing, values)
    items += waiting.take(ordered=ordered)
    pieces = [item for item, _ in items if type(item) is Piece]
    return Tick(
        number,
        [item for item, _ in items],
        [talk for _, talk in items],
        sum([piece.count for piece in pieces]),
        len({piece.key for piece in pieces}),
        sum([len(piece.lines) for piece in pieces]),
        pressing,
    )


def _is_secret(change: Change) -> bool:
    """Whether something changes by what somebody proves who they are: it is looked up next."""
    return isinstance(change, Kept) and change.table == SECRET


def decode(body: bytes) -> list[Item]:
    """Return what is in a tick. Raises `msgspec.DecodeError` for what is not one."""
    return _decode(body)[1]


def is_readable(body: bytes) -> bool:
    """Whether these bytes are a tick."""
    try:
        decode(body)
    except DAMAGED:
        return False
    return True


# --- Of the first version of the file

_Before: TypeAlias = tuple[int, int, int, tuple[str, ...], msgspec.Raw]
"""An entry: its place, its kind, who may see it, the keys of its conversations, its bytes. Where
the place is -1 these are those of a change."""

_decode_before = msgspec.msgpack.Decoder(tuple[int, list[_Before]]).decode
_decode_change = msgspec.msgpack.Decoder(Change).decode


def brought_up(number: int, body: bytes) -> bytes:
    """Return what layout 1 has of a step in the present one. Raises `msgspec.DecodeError`."""
    items: list[Item] = []
    waiting = _Pieces(number)
    last, ordered = -1, True
    for place, kind, standing, keys, data in _decode_before(body)[1]:
        if place >= 0:
            if place < last:
                ordered = False
            last = place
            for key in keys:
                waiting.of(key).add_encoded(place, kind, standing, data)
            continue
        change: Change = _decode_change(data)
        if isinstance(change, Redacted | Moved):
            items += [piece for piece, _ in waiting.take(ordered=ordered)]
        items.append(change)
    return _encode((LAYOUT, items + [piece for piece, _ in waiting.take(ordered=ordered)]))
