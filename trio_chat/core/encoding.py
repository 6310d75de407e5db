"""Events to bytes: tags or a clock in front of how the event reads.

An encoding is an integer: `PLAIN` (with or without `OTHER_ROOM`), or those capabilities of an IRC
client that change how an event is written. Equal encodings give equal bytes, which is what lets one
chunk serve a whole room; only what is addressed to one user may depend on that user.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

from trio_chat.core.capabilities import MESSAGE_TAGS, SERVER_TIME
from trio_chat.core.events import Answer, Event, Said
from trio_chat.wire import irc, plain
from trio_chat.wire.text import cut

Encoding: TypeAlias = int

PLAIN: Encoding = 1 << 30
"""The encoding of people with `nc`; the bits of the others are capabilities."""
OTHER_ROOM: Encoding = 1 << 31
"""With `PLAIN`: the room is not the one that the reader is in, so lines name it."""

BODY_LIMIT = irc.LINE_LIMIT - 2


def encode(
    event: Event, encoding: Encoding, *, utc_offset: int = 0, viewer: str = "", tags: str = ""
) -> bytes:
    """Write an event for everybody who has this encoding; empty when it does not show there.

    `utc_offset` is in seconds, for the clock of the plain side. `viewer` is the nickname of the one
    user that this is for, when it is for one. `tags` are further IRC tags, written out: `label=x`.
    """
    if encoding & PLAIN:
        return _encode_plain(event, encoding, utc_offset, viewer)
    body = event.irc(encoding)
    if not body:
        return b""
    if encoding & MESSAGE_TAGS:
        if event.id:
            tags = f"{tags};msgid={event.id}" if tags else f"msgid={event.id}"
        if type(event) is Said and event.client_tags:
            tags = f"{tags};{event.client_tags}"
    elif type(event) is Said and event.kind == "TAGMSG":
        return b""
    if encoding & SERVER_TIME:
        time = timestamp(event.time)
        tags = f"time={time};{tags}" if tags else f"time={time}"
    body = cut(body, BODY_LIMIT)
    return irc.frame(f"@{tags} {body}" if tags else body)


def _encode_plain(event: Event, encoding: Encoding, utc_offset: int, viewer: str) -> bytes:
    text = event.plain(viewer)
    if not text:
        return b""
    if isinstance(event, Answer):
        return plain.encode(text)
    room = event.room if encoding & OTHER_ROOM else ""
    place = f"{room} " if room else ""
    return plain.encode(f"{clock(event.time, utc_offset)} {place}{text}")


def clock(time: float, utc_offset: int) -> str:
    """Return hours and minutes where the server is: `12:03`."""
    minutes = int(time + utc_offset) // 60
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


@lru_cache(maxsize=64)
def timestamp(time: float) -> str:
    """Return the value of the tag `time`: UTC, to the millisecond (IRCv3 server-time)."""
    text = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
    return f"{text.removesuffix('+00:00')}Z"
