"""From a server's line of IRC to what happened: bytes to a `wire.irc.Message`, and that to an
`Event`.

Pure: the clock's time, our nickname and the kind of server come as arguments. One small function a
command, in a table. Lines that are the protocol's own business (PING, CAP, BATCH) are no events.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec

from trio_chat.client import events
from trio_chat.client.support import Support
from trio_chat.wire import irc
from trio_chat.wire.errors import ProtocolError
from trio_chat.wire.text import cut

CTCP = "\x01"
LONGEST_LINE = 8191 + irc.LINE_LIMIT
"""Bytes of a line from a server, tags counted (message-tags, "Size limit")."""


def parse_leniently(line: bytes) -> irc.Message | None:
    """Read a line that a server sent, or return None when it makes no sense at all.

    `wire.irc.parse` is strict, as it reads what strangers send to a server. Servers are older than
    some rules: their lines may be longer, and hold other encodings than UTF-8.
    """
    tags = irc.NO_TAGS
    if line[:1] == b"@":
        head, _, line = line.partition(b" ")
        tags = irc.parse_tags(head[1:].decode(errors="replace"))
    text = line.lstrip(b" ").translate(None, b"\0\r").decode(errors="replace")
    try:
        message = irc.parse(cut(text, irc.LINE_LIMIT - 2).encode())
    except ProtocolError:
        return None
    return irc.Message(
        command=message.command, params=message.params, source=message.source, tags=tags
    )


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a line can not tell about itself."""

    now: dt.datetime
    nick: str
    support: Support
    account: str = ""
    """The one that we are logged in to; empty for none."""
    history: bool = False


def event_of(message: irc.Message, context: Context) -> events.Event | None:
    """Say what happened, or None when it is nothing that a user of the library needs to know.

    Never raises: a line that lacks parameters is handed on as a `ServerReply`.
    """
    time = _time_of(message, context)
    command = message.command
    if command in _SILENT:
        return None
    row = _TABLE.get(command)
    if row is not None and len(message.params) >= row[0]:
        return row[1](message, time, context)
    params = message.params
    if command.isdigit():
        params = params[1:]
    return events.ServerReply(time=time, code=command, params=params)


def _time_of(message: irc.Message, context: Context) -> dt.datetime:
    stamp = message.tags.get("time")
    if stamp:
        try:
            time = dt.datetime.fromisoformat(stamp)
        except ValueError:
            return context.now
        return time if time.tzinfo is not None else time.replace(tzinfo=dt.UTC)
    return context.now


def _param(message: irc.Message, index: int) -> str:
    return message.params[index] if len(message.params) > index else ""


def _is_own(message: irc.Message, room: str, context: Context) -> bool:
    """Whether we have said something: under our nickname, or to one person on another client of
    our account, or when we were called otherwise, which is in the history."""
    fold = context.support.fold
    if fold(irc.nickname_of(message.source)) == fold(context.nick):
        return True
    account = message.tags.get("account", "")
    known = context.history and not room and bool(account and context.account)
    return known and fold(account) == fold(context.account)


def _privmsg(message: irc.Message, time: dt.datetime, context: Context) -> events.Event:
    nick = irc.nickname_of(message.source)
    target, text = message.params[:2]
    room = context.support.room_of(target)
    action = False
    if text[:1] == CTCP:
        command, _, rest = text.strip(CTCP).partition(" ")
        if command.upper() != "ACTION":
            return events.Ctcp(
                time=time, nick=nick, target=target, room=room, command=command.upper(), text=rest
            )
        text, action = rest, True
    return events.Message(
        time=time,
        nick=nick,
        target=target,
        room=room,
        text=text,
        action=action,
        own=_is_own(message, room, context),
        history=context.history,
        id=message.tags.get("msgid", ""),
    )


def _notice(message: irc.Message, time: dt.datetime, context: Context) -> events.Event:
    nick = irc.nickname_of(message.source)
    target, text = message.params[:2]
    room = context.support.room_of(target)
    if text[:1] == CTCP:
        command, _, rest = text.strip(CTCP).partition(" ")
        return events.Ctcp(
            time=time,
            nick=nick,
            target=target,
            room=room,
            command=command.upper(),
            text=rest,
            answer=True,
        )
    return events.Notice(
        time=time,
        nick=nick,
        target=target,
        room=room,
        text=text,
        own=_is_own(message, room, context),
        history=context.history,
        id=message.tags.get("msgid", ""),
    )


def _join(message: irc.Message, time: dt.datetime, context: Context) -> events.Event:
    # With extended-join: room, account (`*` for none), real name.
    account = _param(message, 1)
    return events.Joined(
        time=time,
        nick=irc.nickname_of(message.source),
        room=message.params[0],
        account="" if account == "*" else account,
        realname=_param(message, 2),
    )


def _part(message: irc.Message, time: dt.datetime, context: Context) -> events.Event:
    return events.Parted(
        time=time,
        nick=irc.nickname_of(message.source),
        room=message.params[0],
        reason=_param(message, 1),
    )


def _kick(message: irc.Message, time: dt.datetime, context: Context) -> events.Event:
    return events.Kicked(
        time=time,
        nick=message.params[1],
        room=message.params[0],
        by=irc.nickname_of(message.source),
        reason=_param(message, 2),
    )


def _quit(message: irc.Message, time: dt.datetime, context: Context) -> events.Event:
    return events.Quit(time=time, nick=irc.nickname_of(message.source), reason=_param(message, 0))


def _nick(message: irc.Message, time: dt.datetime, context: Context) -> events.Event:
    return events.NickChanged(
        time=time, nick=irc.nickname_of(message.source), new=message.params[0]
    )


def _topic(message: irc.Message, time: dt.datetime, context: Context) -> events.Event:
    return events.TopicChanged(
        time=time,
        nick=irc.nickname_of(message.source),
        room=message.params[0],
        topic=_param(message, 1),
    )


def _mode(message: irc.Message, time: dt.datetime, context: Context) -> events.Event:
    return events.ModeChanged(
        time=time,
        nick=irc.nickname_of(message.source),
        target=message.params[0],
        modes=message.params[1],
        arguments=message.params[2:],
    )


def _invite(message: irc.Message, time: dt.datetime, context: Context) -> events.Event:
    return events.Invited(
        time=time,
        nick=message.params[0],
        room=message.params[1],
        by=irc.nickname_of(message.source),
    )


def _away(message: irc.Message, time: dt.datetime, context: Context) -> events.Event:
    return events.AwayChanged(
        time=time, nick=irc.nickname_of(message.source), reason=_param(message, 0)
    )


_SILENT = frozenset(
    ("PING", "PONG", "CAP", "BATCH", "ACK", "ERROR", "TAGMSG", "AUTHENTICATE", "ACCOUNT")
)

_Interpreter = Callable[[irc.Message, dt.datetime, Context], events.Event]

_TABLE: dict[str, tuple[int, _Interpreter]] = {
    "PRIVMSG": (2, _privmsg),
    "NOTICE": (2, _notice),
    "JOIN": (1, _join),
    "PART": (1, _part),
    "KICK": (2, _kick),
    "QUIT": (0, _quit),
    "NICK": (1, _nick),
    "TOPIC": (1, _topic),
    "MODE": (2, _mode),
    "INVITE": (2, _invite),
    "AWAY": (0, _away),
}
"""Command → the parameters it has at least, and what reads them."""
