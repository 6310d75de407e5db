"""Events as lines for people to read: `12:03 <alice> hi`.

Pure. What comes out is safe for a terminal, whatever anybody wrote. `event_of` made the events;
here is only how they look.
"""

from __future__ import annotations

import datetime as dt

from trio_chat.client import events
from trio_chat.client.events import Event
from trio_chat.wire.plain import displayable

_TOPIC_IS, _NAMES, _AWAY, _MOTD = "332", "353", "301", "372"
# The welcome and its figures, the frame around lists and the message of the day, and what a topic's
# author and a room's modes are when one enters.
_WELCOME = ("001", "002", "003", "004", "005", "042")
_FIGURES = ("250", "251", "252", "253", "254", "255", "265", "266")
_FRAMES = ("324", "329", "333", "366", "375", "376", "396", "422")
_UNTOLD = frozenset((*_WELCOME, *_FIGURES, *_FRAMES))
_ROUTINE = _UNTOLD | {_TOPIC_IS, _NAMES, _MOTD}


def is_routine(event: Event) -> bool:
    """Whether it is one of the replies with which every start and every room begins."""
    return isinstance(event, events.ServerReply) and event.code in _ROUTINE


def line_of(event: Event, *, nick: str, room: str = "", zone: dt.tzinfo | None = None) -> str:
    """Return the line that tells of an event, or an empty one when it is not worth a line.

    `nick` is our own nickname; `room` is the room that the reader looks at: others are named. The
    time is that of `zone`, or of this machine.
    """
    sentence = _sentence_of(event, nick=nick, room=room)
    if not sentence:
        return ""
    return displayable(f"{event.time.astimezone(zone):%H:%M} {sentence}")


def _sentence_of(event: Event, *, nick: str, room: str) -> str:
    match event:
        case events.Message(room=""):
            sender, receiver = _ends_of(event, nick)
            text = f"* {event.text}" if event.action else event.text
            return f"[{sender} → {receiver}] {text}"
        case events.Message(action=True):
            return f"{_where(event.room, room)}* {event.nick} {event.text}"
        case events.Message():
            return f"{_where(event.room, room)}<{event.nick}> {event.text}"
        case events.Notice(room="") if _is_server(event.nick):
            return f"-- {event.text}"
        case events.Notice(room=""):
            sender, receiver = _ends_of(event, nick)
            return f"[{sender} → {receiver}] -- {event.text}"
        case events.Notice():
            return f"{_where(event.room, room)}-{event.nick}- {event.text}"
        case events.Ctcp(answer=True):
            return f"{event.nick} answers {event.command}: {event.text}"
        case events.Ctcp():
            return f"{event.nick} asks for {event.command}"
        case events.Joined():
            return f"{_where(event.room, room)}{event.nick} joined"
        case events.Parted():
            return f"{_where(event.room, room)}{event.nick} left{_reason(event.reason)}"
        case events.Quit():
            # Servers put "Quit: " in front of what somebody said on leaving.
            return f"{event.nick} left{_reason(event.reason.removeprefix('Quit: '))}"
        case events.Kicked():
            was = "were" if event.nick == nick else "was"
            whom = "you" if event.nick == nick else event.nick
            who = f"{whom} {was} kicked by {event.by}"
            return f"{_where(event.room, room)}{who}{_reason(event.reason)}"
        case events.NickChanged():
            return f"{event.nick} is now known as {event.new}"
        case events.TopicChanged(topic=""):
            return f"{_where(event.room, room)}{event.nick} took the topic away"
        case events.TopicChanged():
            return f"{_where(event.room, room)}{event.nick} set the topic: {event.topic}"
        case events.ModeChanged() if event.target == event.nick == nick:
            # Servers give everybody some modes at the beginning.
            return ""
        case events.ModeChanged():
            modes = " ".join((event.modes, *event.arguments))
            return f"{_where(event.target, room)}{event.nick} set {modes}"
        case events.Invited():
            whom = "you" if event.nick == nick else event.nick
            return f"{event.by} invites {whom} to {event.room}"
        case events.Missed():
            return f"-- {event.count} lines were missed here"
        case events.Disconnected():
            return f"-- the connection is lost: {event.reason}"
        case events.Reconnecting():
            why = f"{event.reason}; " if event.reason else ""
            return f"-- {why}connecting again in {event.delay:.0f} s"
        case events.Reconnected():
            return f"-- you are {event.nick} again"
        case events.RejoinFailed():
            return f"! you are no longer in {event.room}: {event.reason}"
        case events.Gap():
            where = f"{event.target}: " if event.target else ""
            return f"-- {where}what was said meanwhile may be missing: {event.reason}"
        case events.ServerReply():
            return _reply(event)
    return ""


def _reply(reply: events.ServerReply) -> str:
    if reply.code in _UNTOLD:
        return ""
    if reply.is_error:
        subject = " ".join(reply.params[:-1]) if reply.code.isdigit() else ""
        return f"! {subject}: {reply.text}" if subject else f"! {reply.text}"
    if len(reply.params) > 1:
        if reply.code == _TOPIC_IS:
            return f"the topic of {reply.params[0]} is: {reply.text}"
        if reply.code == _NAMES:
            return f"in {reply.params[-2]}: {reply.text.strip()}"
        if reply.code == _AWAY:
            return f"{reply.params[0]} is away: {reply.text}"
    if reply.code in ("WARN", "NOTE", _MOTD):
        return f"-- {reply.text.removeprefix('- ')}"
    return f"-- {' '.join(reply.params)}"


def _ends_of(event: events.Message | events.Notice, nick: str) -> tuple[str, str]:
    if event.own and event.target != nick:
        return "you", event.target
    return event.nick, "you"


def _where(room: str, current: str) -> str:
    return "" if room.casefold() == current.casefold() else f"{room} "


def _reason(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _is_server(nick: str) -> bool:
    return not nick or "." in nick
