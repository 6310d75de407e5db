"""Ticks: all that one step has to be stored, as the one value that is written for it.

An event's bytes (`records.py`) are carried along as they are, and decoded by whoever shows it.
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
from trio_chat.core.events import Event
from trio_chat.core.secrets import SECRET
from trio_chat.journal import records
from trio_chat.journal.errors import DAMAGED

LAYOUT = 1
"""How a tick is laid out: the first value of its bytes."""
CHANGE = -1
"""In the place of a change, which has none."""


Item: TypeAlias = tuple[int, int, int, tuple[str, ...], msgspec.Raw]
"""An entry: its place, its kind in bits, who may see it, the keys of its conversations, its bytes.

Plain, because there are very many. For a change the place is `CHANGE`, and the bytes are its own.
"""


class Tick(NamedTuple):
    """What is written, and what the writer has to know of it."""

    number: int
    body: bytes
    entries: int
    """How many there are, counted for each conversation."""
    is_pressing: bool
    """Whether it changes what was stored long ago, and whoever reads has to see that at once."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, list[Item]]).decode
_decode_change = msgspec.msgpack.Decoder(Change).decode


def encode(number: int, these: Sequence[Record]) -> Tick:
    """Return what is written for a step.

    An event whose id is not of this step stands where it is among these. Raises `ValueError` for
    what can not be stored.
    """
    head = ids.head(number)
    began = ids.time_of(number)
    # Most of a step happens at one time.
    time, late = began / 1000, 0
    items: list[tuple[object, ...]] = []
    entries = 0
    pressing = False
    for index, record in enumerate(these):
        keys: tuple[str, ...]
        if isinstance(record, Entry):
            event, keys, standing = record.event, record.conversations, record.standing
        elif isinstance(record, Event):
            room = record.room
            event, keys, standing = record, (of_channel(room) if room else ELSEWHERE,), 0
        else:
            items.append((CHANGE, 0, 0, (), record))
            pressing = pressing or isinstance(record, Redacted | Moved) or _is_secret(record)
            continue
        if event.time != time:
            time = event.time
            late = ids.milliseconds(time) - began
        place = ids.place_in(event.id, head)
        try:
            values = records.values_of(event, late)
        except KeyError:
            raise ValueError(f"{type(event).__name__} is nothing to be stored") from None
        kind = records.kind_of(event)
        items.append((index if place is None else place, kind, standing, keys, values))
        entries += len(keys)
    return Tick(number, _encode((LAYOUT, items)), entries, pressing)


def _is_secret(change: Change) -> bool:
    """Whether something changes by what somebody proves who they are: it is looked up next."""
    return isinstance(change, Kept) and change.table == SECRET


def decode(body: bytes) -> list[Item]:
    """Return what is in a tick. Raises `msgspec.DecodeError` for what is not one."""
    return _decode(body)[1]


def is_readable(body: bytes) -> bool:
    """Whether these bytes are a tick."""
    try:
        for item in decode(body):
            if item[0] == CHANGE:
                change_in(item)
    except DAMAGED:
        return False
    return True


def change_in(item: Item) -> Change:
    """Return the change that an item is. Raises `msgspec.DecodeError` for what is not one."""
    change: Change = _decode_change(item[4])
    return change
