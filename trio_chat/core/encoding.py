"""Events to bytes: tags or a clock in front of how the event reads.

An encoding is an integer: `PLAIN` (with or without `OTHER_ROOM`), or those capabilities of an IRC
client that change how an event is written. Equal encodings give equal bytes, which is what lets one
chunk serve a whole room; only what is addressed to one user may depend on that user.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

from trio_chat.core.capabilities import ACCOUNT_TAG, MESSAGE_TAGS, MULTILINE, SERVER_TIME
from trio_chat.core.events import Answer, Event, Moved, Reply, Said, SaidInLines
from trio_chat.wire import irc, plain
from trio_chat.wire.text import cut

Encoding: TypeAlias = int

PLAIN: Encoding = 1 << 30
"""The encoding of people with `nc`; the bits of the others are capabilities."""
OTHER_ROOM: Encoding = 1 << 31
"""With `PLAIN`: the room is not the one that the reader is in, so lines name it."""

BODY_LIMIT = irc.LINE_LIMIT - 2

_SURE_TO_FIT = BODY_LIMIT // 4
"""Characters that fit into a line whatever they are."""
_REPEATED = 512
"""Characters of client-only tags that each line of a message can have again: a hundred lines with
as many as there can be would be more than who reads them can take."""
_TAGGED = SERVER_TIME | MESSAGE_TAGS | ACCOUNT_TAG
"""The capabilities that bring tags."""


def encode(
    event: Event, encoding: Encoding, *, utc_offset: int = 0, viewer: str = "", tags: str = ""
) -> bytes:
    """Write an event for everybody who has this encoding; empty when it does not show there.

    `utc_offset` is in seconds, for the clock of the plain side. `viewer` is the nickname of the one
    user that this is for, when it is for one. `tags` are further IRC tags, written out: `label=x`.
    """
    if encoding & PLAIN:
        return _encode_plain(event, encoding, utc_offset, viewer)
    if type(event) is SaidInLines:
        return _encode_lines(event, encoding, tags)
    if type(event) is Moved:
        return b"".join([encode(one, encoding, tags=tags) for one in event.parts()])
    body = event.irc(encoding)
    if not body:
        return b""
    if len(body) > _SURE_TO_FIT:
        body = cut(body, BODY_LIMIT)
    if encoding & _TAGGED:
        tags = _tags(event, encoding, tags)
    return irc.frame(f"@{tags} {body}" if tags else body)


def reply_head(event: Reply, encoding: Encoding) -> bytes:
    """Return what a numeric reply's line begins with: up to the nickname, and no further."""
    head = f":{event.source.prefix} {event.numeric.code} {event.nickname}"
    tags = _tags(event, encoding, "") if encoding & _TAGGED else ""
    return (f"@{tags} {head}" if tags else head).encode()


def reply_tail(event: Reply) -> bytes:
    """Return what follows that, line end included, where `event` has no nickname."""
    head = f":{event.source.prefix} {event.numeric.code} "
    return irc.frame(event.irc(0)[len(head) :])


def _tags(event: Event, encoding: Encoding, tags: str) -> str:
    """Return all the tags of an event, written out, behind those that are given."""
    if encoding & MESSAGE_TAGS:
        if event.id:
            tags = f"{tags};msgid={event.id}" if tags else f"msgid={event.id}"
        if isinstance(event, Said) and event.client_tags:
            tags = f"{tags};{event.client_tags}" if tags else event.client_tags
    return _tags_of_all(event, encoding, tags)


def _tags_of_all(event: Event, encoding: Encoding, tags: str) -> str:
    """Return the tags that every line of an event has, behind those that are given."""
    source = event.source
    if encoding & MESSAGE_TAGS and source.bot:
        tags = f"{tags};bot" if tags else "bot"
    if encoding & ACCOUNT_TAG and source.account:
        account = f"account={irc.escape_tag(source.account)}"
        tags = f"{tags};{account}" if tags else account
    if encoding & SERVER_TIME:
        time = timestamp(event.time)
        tags = f"time={time};{tags}" if tags else f"time={time}"
    return tags


def _encode_lines(event: SaidInLines, encoding: Encoding, tags: str) -> bytes:
    """Write a message of several lines: as a batch, or as messages of one line each.

    As messages, the first has the id and what else the message has only once, and every one has
    the tags of the client (draft/multiline, "Fallback").
    """
    first = _tags(event, encoding, tags)
    lines: list[bytes] = []
    if not encoding & MULTILINE:
        # What is a reply stays one in each line.
        again = [tags] if tags.startswith("batch=") else []
        if encoding & MESSAGE_TAGS and 0 < len(event.client_tags) <= _REPEATED:
            again.append(event.client_tags)
        rest = _tags_of_all(event, encoding, ";".join(again))
        for text in (text for text, _ in event.lines if text):
            these = rest if lines else first
            body = cut(event.line(text), BODY_LIMIT)
            lines.append(irc.frame(f"@{these} {body}" if these else body))
        return b"".join(lines)
    # Equal for everybody who is sent it, and nothing else has it.
    reference = event.id
    begin = f":{event.source.prefix} BATCH +{reference} draft/multiline {event.target}"
    lines.append(irc.frame(f"@{first} {begin}" if first else begin))
    for text, concat in event.lines:
        these = f"batch={reference}" + (";draft/multiline-concat" if concat else "")
        lines.append(irc.frame(f"@{these} {cut(event.line(text), BODY_LIMIT)}"))
    # Within another batch the end is its line too.
    outer = f"@{tags} " if tags.startswith("batch=") else ""
    lines.append(irc.frame(f"{outer}:{event.source.prefix} BATCH -{reference}"))
    return b"".join(lines)


def _encode_plain(event: Event, encoding: Encoding, utc_offset: int, viewer: str) -> bytes:
    if type(event) is SaidInLines:
        parts = event.parts()
        return b"".join(_encode_plain(part, encoding, utc_offset, viewer) for part in parts)
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
