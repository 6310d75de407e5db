"""What happens, and how it reads: to an IRC client, and to a person with `nc`.

An event holds all that any encoding needs, and no reference to anything that changes: a message
still has the sender's name of the time when it was said. Times are in seconds since the epoch.
`encoding.py` adds tags or the clock, and makes bytes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import msgspec
from msgspec import structs

from trio_chat.core import phrasing
from trio_chat.core.capabilities import EXTENDED_JOIN, MESSAGE_TAGS
from trio_chat.core.modes import SYMBOLS
from trio_chat.core.numerics import Numeric
from trio_chat.wire import irc

_ACTION = "\x01ACTION "


class Source(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who did something, as they were when they did it."""

    prefix: str
    """`nickname!user@host`, or a server's name."""
    account: str = ""
    """The account that they were logged in to, or empty."""
    bot: bool = False
    user: int = 0
    """The id of the user who did it (`inputs.UserId`); 0: the server did."""


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that happened."""

    time: float
    source: Source
    id: str = ""
    """Unique for what is kept in the journal; empty for what is not (IRCv3 message-ids)."""

    @property
    def room(self) -> str:
        """The channel that this belongs to, or empty: then it belongs to a user."""
        return ""

    @property
    def who(self) -> str:
        """The nickname of who did it."""
        return irc.nickname_of(self.source.prefix)

    @property
    def weight(self) -> int:
        """How many lines it is, roughly: to send several costs more than to send one."""
        return 1

    def parts(self) -> Sequence[Event]:
        """Return what each of its lines is about, where it is several."""
        return (self,)

    def moved_to(self, channel: str) -> Self:
        """Return the same in a channel of another name, if it belongs to one: that has been renamed
        since."""
        return self

    def irc(self, encoding: int) -> str:
        """Return the line for an IRC client, without tags; empty where it does not show."""
        return ""

    def plain(self, viewer: str) -> str:
        """Return the line for a person, without the clock; empty where it does not show.

        `viewer` is the nickname of the one user that it is for, when it is for one.
        """
        return ""


class RoomEvent(Event, frozen=True, kw_only=True, gc=False):
    """Something that happened in a channel."""

    channel: str

    @property
    def room(self) -> str:
        return self.channel

    def moved_to(self, channel: str) -> Self:
        return self if self.channel == channel else structs.replace(self, channel=channel)


class Said(Event, frozen=True, kw_only=True, gc=False):
    """A message: PRIVMSG, NOTICE or TAGMSG, to a channel or a user."""

    kind: str
    target: str
    text: str
    client_tags: str = ""
    """Client-only tags as they stand in a line, escaped (IRCv3 message-tags)."""

    @property
    def room(self) -> str:
        target = self.target
        if target[0] == "#":
            return target
        # "@#room": to some of its members (STATUSMSG).
        target = target.lstrip(SYMBOLS)
        return target if target[:1] == "#" else ""

    def moved_to(self, channel: str) -> Self:
        room = self.room
        if not room or room == channel:
            return self
        return structs.replace(self, target=self.target.removesuffix(room) + channel)

    def irc(self, encoding: int) -> str:
        if self.kind == "TAGMSG":
            tagged = encoding & MESSAGE_TAGS
            return f":{self.source.prefix} TAGMSG {self.target}" if tagged else ""
        return f":{self.source.prefix} {self.kind} {self.target} :{self.text}"

    def plain(self, viewer: str) -> str:
        if self.kind == "TAGMSG":
            return ""
        who, text = self.who, self.text
        to = "you" if self.target == viewer else self.target
        if to[0] == "$":
            to = "everybody"
        if text.startswith(_ACTION):
            action = text.removeprefix(_ACTION).removesuffix("\x01")
            return f"* {who} {action}" if self.target[0] == "#" else f"[* {who} → {to}] {action}"
        if text.startswith("\x01"):
            # Client-to-client requests (CTCP) are for programs.
            return ""
        if self.target[0] != "#":
            return f"[{who} → {to}] {text}"
        return f"-{who}- {text}" if self.kind == "NOTICE" else f"<{who}> {text}"


class SaidInLines(Said, frozen=True, kw_only=True, gc=False):
    """A message of several lines (draft/multiline). `text` is all of them, with `\\n` between."""

    lines: tuple[tuple[str, bool], ...]
    """Each with whether it goes on with the line before it."""

    @property
    def weight(self) -> int:
        return 1 + len(self.lines)

    def parts(self) -> list[Said]:
        """Return its lines as messages, for people to read one below the other."""
        return [
            Said(time=self.time, source=self.source, kind=self.kind, target=self.target, text=text)
            for text in self.text.split("\n")
            if text
        ]

    def line(self, text: str) -> str:
        """Return one of its lines as it stands in a message."""
        return f":{self.source.prefix} {self.kind} {self.target} :{text}"


class Redaction(Event, frozen=True, kw_only=True, gc=False):
    """A message is taken back (draft/message-redaction); `msgid` is its id."""

    target: str
    msgid: str
    reason: str

    def moved_to(self, channel: str) -> Self:
        moves = self.target[:1] == "#" and self.target != channel
        return structs.replace(self, target=channel) if moves else self

    def irc(self, encoding: int) -> str:
        reason = f" :{self.reason}" if self.reason else ""
        return f":{self.source.prefix} REDACT {self.target} {self.msgid}{reason}"


class Joined(RoomEvent, frozen=True, kw_only=True, gc=False):
    account: str = "*"
    realname: str = ""

    def irc(self, encoding: int) -> str:
        if encoding & EXTENDED_JOIN:
            return f":{self.source.prefix} JOIN {self.channel} {self.account} :{self.realname}"
        return f":{self.source.prefix} JOIN {self.channel}"

    def plain(self, viewer: str) -> str:
        return f"You are in {self.channel}" if self.who == viewer else f"{self.who} joined"


class Parted(RoomEvent, frozen=True, kw_only=True, gc=False):
    reason: str

    def irc(self, encoding: int) -> str:
        reason = f" :{self.reason}" if self.reason else ""
        return f":{self.source.prefix} PART {self.channel}{reason}"

    def plain(self, viewer: str) -> str:
        if self.who == viewer:
            return f"You left {self.channel}"
        return f"{self.who} left{_because(self.reason)}"


class Moved(Event, frozen=True, kw_only=True, gc=False):
    """Somebody has left a channel and joined another, as their own client is shown it: in lines."""

    before: str
    channel: str
    account: str
    realname: str
    reason: str

    def parts(self) -> tuple[Parted, Joined]:
        """Return what each of the lines is about."""
        left = Parted(time=self.time, source=self.source, channel=self.before, reason=self.reason)
        joined = Joined(
            time=self.time,
            source=self.source,
            channel=self.channel,
            account=self.account,
            realname=self.realname,
        )
        return left, joined


class Kicked(RoomEvent, frozen=True, kw_only=True, gc=False):
    nickname: str
    reason: str

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} KICK {self.channel} {self.nickname} :{self.reason}"

    def plain(self, viewer: str) -> str:
        whom = "you" if self.nickname == viewer else self.nickname
        return f"{self.who} removed {whom} from {self.channel}{_because(self.reason)}"


class Quit(Event, frozen=True, kw_only=True, gc=False):
    reason: str

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} QUIT :{self.reason}"

    def plain(self, viewer: str) -> str:
        return f"{self.who} left{_because(self.reason.removeprefix('Quit: '))}"


class NickChanged(Event, frozen=True, kw_only=True, gc=False):
    nickname: str

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} NICK :{self.nickname}"

    def plain(self, viewer: str) -> str:
        if self.who == viewer:
            return f"You are now known as {self.nickname}"
        return f"{self.who} is now known as {self.nickname}"


class ModeChanged(Event, frozen=True, kw_only=True, gc=False):
    """`changes` is what follows the target: the letters, then their parameters."""

    target: str
    changes: tuple[str, ...]

    @property
    def room(self) -> str:
        return self.target if self.target[0] == "#" else ""

    def moved_to(self, channel: str) -> Self:
        moves = self.room and self.target != channel
        return structs.replace(self, target=channel) if moves else self

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} MODE {self.target}{irc.format_params(self.changes)}"

    def plain(self, viewer: str) -> str:
        if not self.room:
            return f"Your modes changed: {' '.join(self.changes)}"
        return f"{self.who} {phrasing.of_modes(self.target, self.changes, viewer)}"


class TopicChanged(RoomEvent, frozen=True, kw_only=True, gc=False):
    topic: str

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} TOPIC {self.channel} :{self.topic}"

    def plain(self, viewer: str) -> str:
        if not self.topic:
            return f"{self.who} removed the topic of {self.channel}"
        return f"{self.who} set the topic of {self.channel}: {self.topic}"


class AwayChanged(Event, frozen=True, kw_only=True, gc=False):
    """`text` is None when the user is back."""

    text: str | None

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} AWAY" + (f" :{self.text}" if self.text is not None else "")

    def plain(self, viewer: str) -> str:
        return f"{self.who} is back" if self.text is None else f"{self.who} is away ({self.text})"


class AccountChanged(Event, frozen=True, kw_only=True, gc=False):
    """Somebody has logged in, or out: then `account` is `*` (IRCv3 account-notify)."""

    account: str

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} ACCOUNT {self.account}"


class RealnameChanged(Event, frozen=True, kw_only=True, gc=False):
    """IRCv3 setname"""

    realname: str

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} SETNAME :{self.realname}"


class HostChanged(Event, frozen=True, kw_only=True, gc=False):
    """IRCv3 chghost; `source` is who they were until now."""

    username: str
    host: str

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} CHGHOST {self.username} {self.host}"


class Renamed(RoomEvent, frozen=True, kw_only=True, gc=False):
    """A channel has another name (draft/channel-rename)."""

    before: str
    reason: str

    def moved_to(self, channel: str) -> Self:
        return self

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} RENAME {self.before} {self.channel} :{self.reason}"

    def plain(self, viewer: str) -> str:
        return f"{self.who} renamed {self.before} to {self.channel}{_because(self.reason)}"


class MetadataChanged(Event, frozen=True, kw_only=True, gc=False):
    """What a key of a user or a channel is now; None: it is not set (draft/metadata-2)."""

    target: str
    key: str
    value: str | None

    def irc(self, encoding: int) -> str:
        value = f" :{self.value}" if self.value is not None else ""
        return f":{self.source.prefix} METADATA {self.target} {self.key} *{value}"


class Killed(Event, frozen=True, kw_only=True, gc=False):
    """What an operator's victim is sent first (Modern IRC, "KILL")."""

    nickname: str
    reason: str

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} KILL {self.nickname} :{self.reason}"


class Wallops(Event, frozen=True, kw_only=True, gc=False):
    """What an operator writes to everybody who wants to read it (Modern IRC, "WALLOPS")."""

    text: str

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} WALLOPS :{self.text}"


class Invited(Event, frozen=True, kw_only=True, gc=False):
    nickname: str
    channel: str

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} INVITE {self.nickname} {self.channel}"

    def plain(self, viewer: str) -> str:
        if self.nickname != viewer:
            return f"{self.who} invited {self.nickname} to {self.channel}"
        return f"{self.who} invites you to {self.channel}: /join {self.channel}"


class Answer(Event, frozen=True, kw_only=True, gc=False):
    """The server's answer to one user; people read it without a clock in front."""


class Reply(Answer, frozen=True, kw_only=True, gc=False):
    """A numeric reply to `nickname`; the last of `params` is the text."""

    numeric: Numeric
    nickname: str
    params: tuple[str, ...]

    def irc(self, encoding: int) -> str:
        if self.numeric.bare:
            params = irc.format_params(self.params)
            return f":{self.source.prefix} {self.numeric.code} {self.nickname}{params}"
        *middle, text = self.params
        words = "".join(f" {param}" for param in middle)
        return f":{self.source.prefix} {self.numeric.code} {self.nickname}{words} :{text}"

    def plain(self, viewer: str) -> str:
        template = self.numeric.plain
        return self.params[-1] if template is None else template.format(*self.params).rstrip()


class Standard(Answer, frozen=True, kw_only=True, gc=False):
    """FAIL, WARN or NOTE (IRCv3 standard-replies)."""

    kind: str
    command: str
    code: str
    context: tuple[str, ...] = ()
    text: str

    def irc(self, encoding: int) -> str:
        words = " ".join((self.command or "*", self.code, *self.context))
        return f":{self.source.prefix} {self.kind} {words} :{self.text}"

    def plain(self, viewer: str) -> str:
        return self.text


class Protocol(Answer, frozen=True, kw_only=True, gc=False):
    """A line that belongs to IRC alone: CAP, PING, PONG, BATCH, ACK."""

    command: str
    params: tuple[str, ...] = ()

    def irc(self, encoding: int) -> str:
        return f":{self.source.prefix} {self.command}{irc.format_params(self.params)}"


class Told(Answer, frozen=True, kw_only=True, gc=False):
    """A sentence for one person on the plain side; IRC has no such thing."""

    text: str

    def plain(self, viewer: str) -> str:
        return self.text


class Closing(Answer, frozen=True, kw_only=True, gc=False):
    """The last line that a connection is sent (Modern IRC, "ERROR message")."""

    reason: str

    def irc(self, encoding: int) -> str:
        return f"ERROR :Closing link ({self.reason})"

    def plain(self, viewer: str) -> str:
        return f"Goodbye{_because(self.reason.removeprefix('Quit: '))}"


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""
