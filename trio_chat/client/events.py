"""What happens in a chat, as seen by one client: the classes that `async for event in chat` yields.

They are plain data: nothing here knows of connections, and a program can keep, compare,
pattern-match and serialize them (`msgspec.json.encode`; the key `event` names the class). Times
are aware. Names are as the server wrote them; text is what its author wrote, so it can hold
anything that IRC can carry: pass it through `wire.plain.displayable` before a terminal sees it.
"""

from __future__ import annotations

import datetime as dt
import re

import msgspec


def _tag_of(class_name: str) -> str:
    """Return the name of a class as data has it: `NickChanged` is `nick_changed`."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", class_name).lower()


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=_tag_of):
    """What all events have: when it was, by the server's clock if it told us, else by ours."""

    time: dt.datetime


class Message(Event, frozen=True, kw_only=True):
    """Somebody said something, in a room or to one person."""

    nick: str
    """Who said it."""
    target: str
    """Where: the room, or the nickname of the person it was meant for."""
    text: str
    room: str = ""
    """The room, or empty when it was said to one person alone."""
    action: bool = False
    """Whether it tells what `nick` does (`/me`) and not what they say."""
    own: bool = False
    """Whether we said it ourselves. Such messages come only with `own_messages`."""
    history: bool = False
    """Whether it was said before we came, or while we were away: read from the server's history."""
    id: str = ""
    """The server's name for the message (IRCv3 message-ids), where it has one."""

    @property
    def reply_to(self) -> str:
        """Where an answer belongs: the room, or the other person."""
        return self.room or (self.target if self.own else self.nick)


class Notice(Event, frozen=True, kw_only=True):
    """Like a message, but no program may answer it (Modern IRC, "NOTICE"): no loops of bots."""

    nick: str
    """A person's nickname or a server's name; empty before the server has told its name."""
    target: str
    text: str
    room: str = ""
    own: bool = False
    history: bool = False
    id: str = ""


class Ctcp(Event, frozen=True, kw_only=True):
    """A client's question to another client (CTCP), such as VERSION, or the answer to one."""

    nick: str
    target: str
    command: str
    text: str = ""
    room: str = ""
    answer: bool = False


class Joined(Event, frozen=True, kw_only=True):
    """Somebody came into a room; we ourselves when `nick` is ours."""

    nick: str
    room: str
    account: str = ""
    """The account they are logged in to, where the server tells; empty for none."""
    realname: str = ""


class Parted(Event, frozen=True, kw_only=True):
    """Somebody left a room."""

    nick: str
    room: str
    reason: str = ""


class Kicked(Event, frozen=True, kw_only=True):
    """`by` threw `nick` out of a room."""

    nick: str
    room: str
    by: str
    reason: str = ""


class Quit(Event, frozen=True, kw_only=True):
    """Somebody left the server, and so every room."""

    nick: str
    reason: str = ""


class NickChanged(Event, frozen=True, kw_only=True):
    """`nick` is called `new` from now on."""

    nick: str
    new: str


class TopicChanged(Event, frozen=True, kw_only=True):
    """Somebody gave a room another topic; an empty one when they took it away."""

    nick: str
    room: str
    topic: str


class ModeChanged(Event, frozen=True, kw_only=True):
    """Somebody changed modes of a room or of a user."""

    nick: str
    target: str
    modes: str
    """The change as the server wrote it: `+o`, `-v+b`."""
    arguments: tuple[str, ...] = ()


class Invited(Event, frozen=True, kw_only=True):
    """`by` invites `nick` into a room."""

    nick: str
    room: str
    by: str


class AwayChanged(Event, frozen=True, kw_only=True):
    """Somebody went away, or came back (then the reason is empty)."""

    nick: str
    reason: str = ""


class ServerReply(Event, frozen=True, kw_only=True):
    """Anything else that the server says to us, and that no call was waiting for.

    `code` is a numeric, or `FAIL`, `WARN` or `NOTE` (IRCv3 standard-replies), or another command;
    `params` are its parameters without our own nickname.
    """

    code: str
    params: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The sentence in it, which is the last parameter."""
        return self.params[-1] if self.params else ""

    @property
    def is_error(self) -> bool:
        """Whether it says that something did not work."""
        return self.code == "FAIL" or "400" <= self.code <= "599"


class Missed(Event, frozen=True, kw_only=True):
    """`count` events of here are gone, because nobody read them in time."""

    count: int


class Disconnected(Event, frozen=True, kw_only=True):
    """The connection is lost. Comes only with `reconnect`; without, the events end instead."""

    reason: str


class Reconnecting(Event, frozen=True, kw_only=True):
    """We shall try to connect again, in `delay` seconds."""

    attempt: int
    """1 for the first one since the connection was lost."""
    delay: float
    reason: str = ""
    """Why the attempt before this one has failed."""


class Reconnected(Event, frozen=True, kw_only=True):
    """We are connected again. We come back into our rooms next, and what we missed follows."""

    nick: str
    """Our nickname, which may be another one than before."""


class CaughtUp(Event, frozen=True, kw_only=True):
    """All that we missed has come, but for what a `Gap` tells of: from here on it is live again."""


class RejoinFailed(Event, frozen=True, kw_only=True):
    """We were in this room, and have not got back into it."""

    room: str
    reason: str


class Gap(Event, frozen=True, kw_only=True):
    """Something may have been said while we were away that we shall not see.

    Everything that did come stands around it in the order in which it was said. `time` is that of
    the last that we have seen before.
    """

    target: str
    """The room or person with whom; empty for all persons."""
    reason: str
