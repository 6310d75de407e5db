"""Events as the journal stores them: to bytes and back.

Everything that it takes to show an event again is in its bytes, but for its position, which is
where they are found: the id comes from there, and the time too, where it is the number's. Each kind
of event is an array of MessagePack that begins with the kind's number. Nothing stored is ever read
as something else: a kind keeps its number for good, and gets new fields at its end, with
defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from trio_chat.core import events, ids
from trio_chat.core.events import Event, Source
from trio_chat.core.ids import Position
from trio_chat.core.questions import MESSAGES, OTHERS, REDACTIONS, TAGS

GONE = b"\xc0"
"""In the place of a redacted message."""

_KINDS = ("PRIVMSG", "NOTICE", "TAGMSG")
NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
"""The numbers by which they are stored."""
_KINDS_OF = (MESSAGES, MESSAGES, TAGS)
"""What those are to whoever reads."""


class _Stored(msgspec.Struct, array_like=True, gc=False):
    prefix: str
    account: str
    bot: bool
    late: int
    """By how many milliseconds the event's time is another than its number's."""

    def event(self, position: Position) -> Event:
        raise NotImplementedError

    def _common(self, position: Position) -> dict[str, Any]:
        return {
            "time": (ids.time_of(position.number) + self.late) / 1000,
            "source": Source(prefix=self.prefix, account=self.account, bot=self.bot),
            "id": ids.encode(*position),
        }


class _Said(_Stored, array_like=True, tag=0, gc=False):
    kind: int
    target: str
    text: str
    client_tags: str

    def event(self, position: Position) -> Event:
        return events.Said(
            time=(ids.time_of(position.number) + self.late) / 1000,
            source=Source(prefix=self.prefix, account=self.account, bot=self.bot),
            id=ids.encode(*position),
            kind=_KINDS[self.kind],
            target=self.target,
            text=self.text,
            client_tags=self.client_tags,
        )


class _SaidInLines(_Stored, array_like=True, tag=1, gc=False):
    kind: int
    target: str
    text: str | None
    """None: it is what its lines are together."""
    client_tags: str
    lines: tuple[tuple[str, bool], ...]

    def event(self, position: Position) -> Event:
        return events.SaidInLines(
            **self._common(position),
            kind=_KINDS[self.kind],
            target=self.target,
            text=_together(self.lines) if self.text is None else self.text,
            client_tags=self.client_tags,
            lines=self.lines,
        )


class _Joined(_Stored, array_like=True, tag=2, gc=False):
    channel: str
    joined_account: str
    realname: str

    def event(self, position: Position) -> Event:
        return events.Joined(
            **self._common(position),
            channel=self.channel,
            account=self.joined_account,
            realname=self.realname,
        )


class _Parted(_Stored, array_like=True, tag=3, gc=False):
    channel: str
    reason: str

    def event(self, position: Position) -> Event:
        return events.Parted(**self._common(position), channel=self.channel, reason=self.reason)


class _Kicked(_Stored, array_like=True, tag=4, gc=False):
    channel: str
    nickname: str
    reason: str

    def event(self, position: Position) -> Event:
        return events.Kicked(
            **self._common(position),
            channel=self.channel,
            nickname=self.nickname,
            reason=self.reason,
        )


class _Quit(_Stored, array_like=True, tag=5, gc=False):
    reason: str

    def event(self, position: Position) -> Event:
        return events.Quit(**self._common(position), reason=self.reason)


class _NickChanged(_Stored, array_like=True, tag=6, gc=False):
    nickname: str

    def event(self, position: Position) -> Event:
        return events.NickChanged(**self._common(position), nickname=self.nickname)


class _ModeChanged(_Stored, array_like=True, tag=7, gc=False):
    target: str
    changes: tuple[str, ...]

    def event(self, position: Position) -> Event:
        return events.ModeChanged(
            **self._common(position), target=self.target, changes=self.changes
        )


class _TopicChanged(_Stored, array_like=True, tag=8, gc=False):
    channel: str
    topic: str

    def event(self, position: Position) -> Event:
        return events.TopicChanged(**self._common(position), channel=self.channel, topic=self.topic)


class _Renamed(_Stored, array_like=True, tag=9, gc=False):
    channel: str
    before: str
    reason: str

    def event(self, position: Position) -> Event:
        return events.Renamed(
            **self._common(position),
            channel=self.channel,
            before=self.before,
            reason=self.reason,
        )


class _AwayChanged(_Stored, array_like=True, tag=10, gc=False):
    text: str | None

    def event(self, position: Position) -> Event:
        return events.AwayChanged(**self._common(position), text=self.text)


class _AccountChanged(_Stored, array_like=True, tag=11, gc=False):
    new_account: str

    def event(self, position: Position) -> Event:
        return events.AccountChanged(**self._common(position), account=self.new_account)


class _RealnameChanged(_Stored, array_like=True, tag=12, gc=False):
    realname: str

    def event(self, position: Position) -> Event:
        return events.RealnameChanged(**self._common(position), realname=self.realname)


class _HostChanged(_Stored, array_like=True, tag=13, gc=False):
    username: str
    host: str

    def event(self, position: Position) -> Event:
        return events.HostChanged(**self._common(position), username=self.username, host=self.host)


class _Redaction(_Stored, array_like=True, tag=14, gc=False):
    target: str
    msgid: str
    reason: str

    def event(self, position: Position) -> Event:
        return events.Redaction(
            **self._common(position), target=self.target, msgid=self.msgid, reason=self.reason
        )


_Any: TypeAlias = (
    _Said
    | _SaidInLines
    | _Joined
    | _Parted
    | _Kicked
    | _Quit
    | _NickChanged
    | _ModeChanged
    | _TopicChanged
    | _Renamed
    | _AwayChanged
    | _AccountChanged
    | _RealnameChanged
    | _HostChanged
    | _Redaction
)

Stored: TypeAlias = _Any | None
"""What the bytes of an event are decoded to; None: it has been redacted."""

_decode = msgspec.msgpack.Decoder(_Any).decode
_encode = msgspec.msgpack.Encoder().encode


def _together(lines: tuple[tuple[str, bool], ...]) -> str:
    """Return a message's text, whose lines these are (draft/multiline)."""
    return "".join(
        text if concat or not place else f"\n{text}" for place, (text, concat) in enumerate(lines)
    )


def _said_in_lines(event: events.SaidInLines) -> tuple[object, ...]:
    text = None if event.text == _together(event.lines) else event.text
    return (NUMBERS[event.kind], event.target, text, event.client_tags, event.lines)


_FIELDS: dict[type[Event], tuple[int, Callable[[Any], tuple[object, ...]]]] = {
    events.Said: (0, lambda e: (NUMBERS[e.kind], e.target, e.text, e.client_tags)),
    events.SaidInLines: (1, _said_in_lines),
    events.Joined: (2, lambda e: (e.channel, e.account, e.realname)),
    events.Parted: (3, lambda e: (e.channel, e.reason)),
    events.Kicked: (4, lambda e: (e.channel, e.nickname, e.reason)),
    events.Quit: (5, lambda e: (e.reason,)),
    events.NickChanged: (6, lambda e: (e.nickname,)),
    events.ModeChanged: (7, lambda e: (e.target, e.changes)),
    events.TopicChanged: (8, lambda e: (e.channel, e.topic)),
    events.Renamed: (9, lambda e: (e.channel, e.before, e.reason)),
    events.AwayChanged: (10, lambda e: (e.text,)),
    events.AccountChanged: (11, lambda e: (e.account,)),
    events.RealnameChanged: (12, lambda e: (e.realname,)),
    events.HostChanged: (13, lambda e: (e.username, e.host)),
    events.Redaction: (14, lambda e: (e.target, e.msgid, e.reason)),
}
"""What of each kind of event is stored, behind what all have."""

STORED = frozenset(_FIELDS)
"""The kinds of events that can be stored: those that happened, not answers to somebody."""


def described(event: Event, late: int) -> tuple[int, tuple[object, ...]]:
    """Return which of `MESSAGES`, `TAGS`, `OTHERS` and `REDACTIONS` an event is, and what of it is
    stored, to be encoded: its time is `late` milliseconds after that of its number.

    Raises `KeyError` for an event of a kind that is not stored.
    """
    source = event.source
    tag, fields = _FIELDS[type(event)]
    if isinstance(event, events.Said):
        kind = _KINDS_OF[NUMBERS[event.kind]]
    else:
        kind = REDACTIONS if type(event) is events.Redaction else OTHERS
    return kind, (tag, source.prefix, source.account, source.bot, late, *fields(event))


def spoken(values: tuple[Any, ...]) -> tuple[str, str]:
    """Return who has said a message, as a source's prefix, and its text, of what `described` has
    returned of it."""
    text = values[7]
    return values[1], _together(values[9]) if text is None else text


def encode(event: Event, number: int) -> bytes:
    """Return the bytes of an event in the step of this number; see `described`."""
    return _encode(described(event, ids.milliseconds(event.time) - ids.time_of(number))[1])


def decode(data: bytes | msgspec.Raw, position: Position) -> Event:
    """Return the event that stands at this position, its time to the millisecond.

    Raises `msgspec.DecodeError` for what is not an event.
    """
    stored: _Stored = _decode(data)
    return stored.event(position)


_decode_said = msgspec.msgpack.Decoder(_Said | _SaidInLines).decode


def said(data: bytes | msgspec.Raw) -> tuple[str, str]:
    """Return who said a message, as a source's prefix, and its text.

    Raises `msgspec.DecodeError` for what is not a message.
    """
    return said_in(_decode_said(data))


def said_in(stored: Stored) -> tuple[str, str]:
    """Return the same of what is decoded already."""
    if type(stored) is _Said:
        return stored.prefix, stored.text
    if type(stored) is _SaidInLines:
        text = stored.text
        return stored.prefix, _together(stored.lines) if text is None else text
    raise msgspec.DecodeError("this is not a message")
