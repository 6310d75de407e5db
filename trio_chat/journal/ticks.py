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
    Moved,
    Record,
    Redacted,
    of_channel,
)
from trio_chat.core.events import Event
from trio_chat.journal import records

LAYOUT = 1
"""How a tick is laid out: the first value of its bytes."""
_CHANGE = -1
"""In the place of a change, which has none."""


class Item(NamedTuple):
    """An entry, which may belong to several conversations; the other values are as in a `Line`."""

    place: int
    kind: int
    standing: int
    conversations: tuple[str, ...]
    data: msgspec.Raw


Part: TypeAlias = Item | Change


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
    items: list[Item] = []
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
            items.append(Item(_CHANGE, 0, 0, (), msgspec.Raw(_encode(record))))
            pressing = pressing or isinstance(record, Redacted | Moved)
            continue
        if type(event) not in records.STORED:
            raise ValueError(f"{type(event).__name__} is nothing to be stored")
        position = ids.decode(event.id) if event.id.startswith(head) else None
        place = index if position is None else position.place
        data = msgspec.Raw(records.encode(event, number))
        items.append(Item(place, records.kind_of(event), standing, keys, data))
        entries += len(keys)
    return Tick(number, _encode((LAYOUT, items)), entries, pressing)


def decode(body: bytes) -> list[Part]:
    """Return the parts of a tick. Raises `msgspec.DecodeError` for what is not one."""
    return [
        item if item.place != _CHANGE else _decode_change(item.data) for item in _decode(body)[1]
    ]
