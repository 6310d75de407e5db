"""What is set in a registered room, as it is kept: when it was made, its modes, key, limit, forward
and lists. Its topic is kept as every channel's is, and who is in it is not.

Must not know how anything is stored.
"""

from __future__ import annotations

import msgspec

from trio_chat.core import layouts, modes, rooms
from trio_chat.core.ids import Position
from trio_chat.core.masks import Rule
from trio_chat.core.names import fold
from trio_chat.core.state import Channel, ListEntry

SETTINGS = "channel"
"""The table that it is kept in, by folded name."""
LAYOUT = 1
"""How a value is laid out: the first of its values."""

_READING = 9
"""What it costs to make a mask ready."""


class ChannelSettings(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is kept of a channel. Times are in seconds since the epoch."""

    layout: int
    created: float
    made_at: Position
    """Where in the log."""
    modes: str
    """Letters, so that it is known what they mean whatever their bits are."""
    key: str
    limit: int
    forward: tuple[str, float] | None
    """The registered room that it forwards to, and when that was registered."""
    lists: dict[str, list[tuple[str, str, float]]]
    """By letter of the mode: each mask, who put it there and when."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ChannelSettings).decode


def encode(channel: Channel) -> bytes:
    """Return what is set in a channel."""
    return _encode(
        ChannelSettings(
            LAYOUT,
            channel.created,
            channel.made_at,
            "".join(row.letter for row in modes.CHANNEL_MODES.values() if row.bit & channel.modes),
            channel.key,
            channel.limit,
            rooms.lasting_forward(channel),
            {
                letter: [(entry.mask, entry.by, entry.at) for entry in entries.values()]
                for letter, entries in channel.lists.items()
            },
        )
    )


def read(value: bytes) -> ChannelSettings:
    """Read what was kept. Raises `ValueError` when it is not that."""
    found = _decode(value)
    layouts.check(found.layout, LAYOUT)
    return found


def restore(channel: Channel, settings: ChannelSettings) -> int:
    """Set in a channel that nobody is in what was kept of it; return what that costs
    (`Output.cost`)."""
    channel.created, channel.made_at = settings.created, settings.made_at
    rows = [row for row in modes.CHANNEL_MODES.values() if row.letter in settings.modes]
    channel.modes = sum(row.bit for row in rows)
    channel.key, channel.limit = settings.key, settings.limit
    channel.forwards_to = settings.forward
    if channel.modes & modes.AUDITORIUM:
        rooms.set_auditorium(channel, on=True)
    channel.lists = {
        letter: {
            fold(mask): ListEntry(mask=mask, by=by, at=at, rule=Rule(mask))
            for mask, by, at in entries
        }
        for letter, entries in settings.lists.items()
    }
    return _READING * sum(map(len, channel.lists.values()))
