"""What is kept of bans, topics and privacy, as bytes.

Reading raises `ValueError` for what is none of it.

Must not know how anything is stored.
"""

from __future__ import annotations

import msgspec

from trio_chat.core import layouts
from trio_chat.core.bans import Ban
from trio_chat.core.ids import START, Position
from trio_chat.core.masks import Rule
from trio_chat.core.networks import parse_network

LAYOUT = 1
"""How a value is laid out: the first of its values."""
_HERE = b"\1"
"""What a private channel had once."""


class KeptBan(msgspec.Struct, frozen=True, array_like=True):
    """A ban of the server; `bans.Ban` has its end on the clock that does not jump."""

    layout: int
    target: str
    reason: str
    by: str
    at: float
    until: float | None
    """In seconds since the epoch, as `at` is."""


class Topic(msgspec.Struct, frozen=True, array_like=True):
    """A channel's topic."""

    layout: int
    text: str
    by: str
    at: float
    left: float | None
    """Since when nobody is in the channel; None: somebody is."""


encode = msgspec.msgpack.Encoder().encode
_decode_ban = msgspec.msgpack.Decoder(KeptBan).decode
_decode_topic = msgspec.msgpack.Decoder(Topic).decode
_decode_position = msgspec.msgpack.Decoder(Position).decode


def read_ban(value: bytes, *, is_mask: bool, now: float, monotonic: float) -> Ban:
    """Read a ban, of KLINE or of DLINE."""
    ban = _decode_ban(value)
    layouts.check(ban.layout, LAYOUT)
    return Ban(
        target=ban.target,
        rule=Rule(ban.target) if is_mask else None,
        network=parse_network(ban.target) if not is_mask else None,
        reason=ban.reason,
        by=ban.by,
        at=ban.at,
        until=None if ban.until is None else monotonic + (ban.until - now),
    )


def read_position(value: bytes) -> Position:
    """Read since where in the log a channel is private."""
    # It was not noted once since when a channel was private.
    return START if value == _HERE else _decode_position(value)


def read_topic(value: bytes) -> Topic:
    """Read a topic."""
    topic = _decode_topic(value)
    layouts.check(topic.layout, LAYOUT)
    return topic
