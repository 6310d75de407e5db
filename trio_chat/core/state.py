"""What the core remembers: users and channels.

Plain records with no decisions in them. A user is in `channel.members` exactly when the channel is
in `user.channels`: `core/rooms.py` is the one place that changes either. Thousands of
users are idle at any time, so every field is a slot and what few users have is made when needed.
"""

from __future__ import annotations

import collections
import math
import weakref

import msgspec

from trio_chat.core import capabilities, modes
from trio_chat.core.bans import Bans
from trio_chat.core.encoding import OTHER_ROOM, PLAIN, Encoding
from trio_chat.core.events import Source
from trio_chat.core.feed import Chunk, Feed
from trio_chat.core.ids import END, START, Position
from trio_chat.core.ignores import Ignores
from trio_chat.core.inputs import Connected, UserId
from trio_chat.core.masks import Rule
from trio_chat.core.names import fold, key
from trio_chat.core.networks import shown_host
from trio_chat.core.registered import RegisteredRoom
from trio_chat.core.roster import Roster
from trio_chat.core.sasl import Scram
from trio_chat.core.watch import Watch

_NO_SOURCE = Source(prefix="")


class Registration:
    """What is known of somebody who is not registered yet. Gone once they are."""

    __slots__ = ("lines", "negotiating", "password", "username_given", "verified")

    def __init__(self) -> None:
        self.negotiating = False
        self.password: str | None = None
        self.username_given = False
        self.verified = False
        self.lines = 0


class Exchange:
    """A SASL exchange that has not come to its end."""

    __slots__ = ("chunks", "mechanism", "proved", "scram", "since", "size", "stamp")

    def __init__(self, mechanism: str, *, monotonic: float) -> None:
        self.mechanism = mechanism
        self.chunks: list[str] = []
        """What has come of a response, in Base64."""
        self.size = 0
        self.since = monotonic
        """When it began, on the clock that does not jump."""
        self.scram: Scram | None = None
        self.stamp: object = None
        """What the account was like that it is about (`Accounts.stamp`)."""
        self.proved = ""
        """The account that it has been proved to be; empty: it has not yet."""


class OpenBatch:
    """A message of several lines that has not come to its end (draft/multiline)."""

    __slots__ = ("client_tags", "kind", "label", "lines", "reference", "seen", "size", "target")

    def __init__(
        self, reference: str, target: str, *, client_tags: str, label: str, monotonic: float
    ) -> None:
        self.reference = reference
        self.target = target
        self.client_tags = client_tags
        self.label = label
        """What the answer to all of it is to be labelled with."""
        self.kind = ""
        """PRIVMSG or NOTICE, once a line has come."""
        self.lines: list[tuple[str, bool]] | None = []
        """Each with whether it goes on with the line before it. None: it has been refused."""
        self.size = 0
        """Bytes."""
        self.seen = monotonic
        """When the last line came, on the clock that does not jump."""


class HistoryNotes:
    """What is remembered of somebody for the history that they are shown."""

    __slots__ = ("former", "left", "markers", "met", "off", "partners")

    def __init__(self) -> None:
        self.off = False
        """Whether they want to be shown nothing on joining."""
        self.left: dict[str, Position] = {}
        """Where in the log they left a channel, by its conversation's key."""
        self.partners: dict[str, str] = {}
        """With whom they have exchanged messages (`Context.party`), by what nickname last."""
        self.met: dict[str, None] = {}
        """Those of these who are accounts, while they had none themselves."""
        self.markers: dict[str, int] = {}
        """Up to when they have read (`handlers/markers.py`), in milliseconds."""
        self.former: list[tuple[Position, Position, str]] = []
        """Nicknames that they had before, each with from where to where in the log."""


class User:
    """Somebody who is connected, registered or not.

    `since` is when the connection was made, in seconds since the epoch; `monotonic` is the time on
    the clock that does not jump, as are all times but `signed_on`.
    """

    __slots__ = (
        "account",
        "address",
        "away",
        "batch",
        "caps",
        "certfp",
        "channels",
        "connected_at",
        "current",
        "deferred",
        "encoding",
        "exchange",
        "held",
        "host",
        "id",
        "invited",
        "last_said",
        "last_seen",
        "leaving",
        "metadata",
        "modes",
        "named",
        "named_at",
        "nickname",
        "notes",
        "out",
        "party",
        "pinged_at",
        "plain",
        "proved",
        "realname",
        "registration",
        "requests",
        "secure",
        "signed_on",
        "source",
        "username",
        "wrong_passwords",
    )

    def __init__(self, item: Connected, *, since: float, monotonic: float) -> None:
        plain = item.plain
        self.id = item.user
        self.plain = plain
        self.host = item.host
        self.address = item.address
        """The IP address behind `host`; empty for a Unix socket."""
        self.secure = item.secure
        self.named = item.named
        self.certfp = item.certfp
        self.nickname = ""
        self.username = ""
        self.realname = ""
        self.account = ""
        """The account that this user is logged in to, or empty."""
        self.party = ""
        """What that is called where history is kept (`Context.party`), once it has been asked."""
        self.source = _NO_SOURCE
        """Who this user is in what they do."""
        self.caps = 0
        self.encoding: Encoding = PLAIN if plain else 0
        self.modes = 0
        self.metadata: dict[str, str] | None = None
        """What they say of themselves, by key, and is kept nowhere else (`metadata.py`)."""
        self.away: str | None = None
        self.channels: list[Channel] = []
        self.batch: OpenBatch | None = None
        """The batch that the client has begun to send."""
        self.exchange: Exchange | None = None
        """The SASL exchange that is under way."""
        self.current: Channel | None = None
        """The room that a person on the plain side talks to."""
        self.invited: list[weakref.ref[Channel]] | None = None
        """The channels that this user has been invited to, which none of these keeps
        (`rooms.invitations`)."""
        self.registration: Registration | None = Registration()
        self.connected_at = item.since
        self.signed_on = since
        """The same as it is shown: in seconds since the epoch."""
        self.last_seen = monotonic
        self.last_said = monotonic
        self.pinged_at: float | None = None
        """When a PING was sent that nothing has followed yet."""
        self.out: list[Chunk] | None = None
        """What this user is shown in the step at hand."""
        self.leaving: str | None = None
        """Why the connection has ended, while lines that came before that still wait."""
        self.wrong_passwords = 0
        self.proved: tuple[object, float] | None = None
        """What the account was like (`Accounts.stamp`) whose password they have said, in order to
        change it, and until when that counts."""
        self.requests = 0
        """Requests under way: until they are answered, the user's further lines wait."""
        self.deferred: list[bytes] | None = None
        """The lines that wait: for the answer to a request, or for a later step."""
        self.notes: HistoryNotes | None = None
        self.named_at = END
        """From where in the log on they have had their nickname, once they are registered."""
        self.held = False
        """Whether no more is read from this user meanwhile."""

    @property
    def registered(self) -> bool:
        return self.registration is None

    def set_name(self, nickname: str) -> None:
        """Take a nickname."""
        self.nickname = nickname
        self.identify()

    @property
    def prefix(self) -> str:
        """`nickname!user@host`"""
        return self.source.prefix

    @property
    def prefixes(self) -> tuple[str, ...]:
        """`nickname!user@host`, as others see it, and with the address behind the host."""
        prefix = self.source.prefix
        host = shown_host(self.address) if self.address else self.host
        return (
            (prefix,) if host == self.host else (prefix, f"{self.nickname}!{self.username}@{host}")
        )

    def identify(self) -> None:
        """Make `source` say what this user's names, account and modes are now."""
        self.source = Source(
            prefix=f"{self.nickname}!{self.username}@{self.host}",
            account=self.account,
            bot=bool(self.modes & modes.BOT),
            user=self.id,
        )

    def encoding_in(self, channel: Channel) -> Encoding:
        """Return how what happens in a channel is written: people are told where, if they look
        elsewhere."""
        if self.encoding & PLAIN and self.current is not channel:
            return self.encoding | OTHER_ROOM
        return self.encoding

    def take_notes(self) -> HistoryNotes:
        """Return what is remembered of this user for history, made now if there is nothing."""
        if self.notes is None:
            self.notes = HistoryNotes()
        return self.notes

    @property
    def link(self) -> capabilities.Link:
        """How this user is connected."""
        if not self.secure:
            return capabilities.Link.PLAIN
        return capabilities.Link.NAMED if self.named else capabilities.Link.SECURE

    def set_caps(self, caps: int) -> None:
        """Take capabilities; the encoding follows."""
        self.caps = caps
        self.encoding = caps & capabilities.ENCODING
        if not caps & capabilities.BATCH:
            self.encoding &= ~capabilities.MULTILINE


class ListEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One mask of a channel's list, and who put it there when (seconds since the epoch)."""

    mask: str
    by: str
    at: float
    rule: Rule
    """The mask, made ready."""


class Channel:
    """A room, its members and what is set in it."""

    __slots__ = (
        "__weakref__",
        "created",
        "feed",
        "forward",
        "forwards_to",
        "key",
        "known",
        "limit",
        "lists",
        "made_at",
        "members",
        "metadata",
        "minute",
        "modes",
        "name",
        "operators",
        "permanent",
        "private_since",
        "registered",
        "renamed_at",
        "rosters",
        "shown",
        "shown_before",
        "silenced",
        "takers",
        "topic",
        "topic_at",
        "topic_by",
    )

    def __init__(self, name: str, *, now: float, permanent: bool = False) -> None:
        self.name = name
        self.created = now
        self.made_at = START
        """Where in the log it was made: what was said under its name before that was said in a
        channel that others were operators of."""
        self.permanent = permanent
        """Whether it stays when the last member leaves."""
        self.private_since = START
        """Where in the log it has become private, if it is (`modes.PRIVATE`)."""
        self.registered: RegisteredRoom | None = None
        """Its registration, if it has one."""
        self.members: dict[User, int] = {}
        """Each member's standing: bits of `modes.PREFIXES`."""
        self.operators: dict[User, None] = {}
        """The members of standing `modes.HALFOP` and above."""
        self.takers: dict[int, int] = {}
        """How many members have each of the capabilities in `capabilities.TOLD`; none: it is not
        there."""
        self.modes = 0
        self.key = ""
        self.limit = 0
        self.forward: weakref.ref[Channel] | None = None
        """Where who can not join is taken, while that channel is there (`rooms.forward`)."""
        self.forwards_to: tuple[str, float] | None = None
        """The same where that is a registered room, which may be empty: its name, and when it was
        registered."""
        self.renamed_at = -math.inf
        """On the clock that does not jump; the other times are in seconds since the epoch."""
        self.metadata: dict[str, str] | None = None
        """What is said of it, by key, and is kept nowhere else (`metadata.py`)."""
        self.topic = ""
        self.topic_by = ""
        self.topic_at = 0.0
        self.lists: dict[str, dict[str, ListEntry]] = {}
        """By letter of the mode, then by folded mask."""
        self.silenced: dict[User, bool] = {}
        """Remembers whether a ban applies to a member; emptied when a list or a name changes."""
        self.known: dict[User, None] = {}
        """In an auditorium: those who were there when it became one."""
        self.feed: Feed | None = None
        """What has happened here within the step at hand."""
        self.rosters: dict[tuple[object, ...], Roster[User]] = {}
        """Who is here, in lines, by how that is written; kept within a step."""
        self.minute = 0
        """The minute in which something was last shown to its members, on the clock that does not
        jump."""
        self.shown = 0
        """How many events were shown then, each counted for everybody who saw it."""
        self.shown_before = 0
        """The same for the minute before that."""

    def begin_minute(self, minute: int, shown: int) -> None:
        """Count anew: it is another minute, in which so much has been shown already."""
        self.shown_before = self.shown if minute == self.minute + 1 else 0
        self.minute, self.shown = minute, shown

    def shown_lately(self, monotonic: float) -> int:
        """Return how many events were shown to its members within about the last minute, each
        counted for everybody who saw it: what was in the minute before counts for the part of it
        that is in that."""
        minute, seconds = divmod(monotonic, 60.0)
        part = 1 - seconds / 60.0
        age = int(minute) - self.minute
        if age == 0:
            return self.shown + round(self.shown_before * part)
        return round(self.shown * part) if age == 1 else 0


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who had a nickname, until `at` (seconds since the epoch)."""

    nickname: str
    username: str
    host: str
    realname: str
    at: float


class State:
    """Everybody and everything, by name and by id."""

    __slots__ = (
        "accounts",
        "alike",
        "bans",
        "channels",
        "ignores",
        "invisible",
        "left",
        "lookalikes",
        "marked",
        "monitors",
        "nicknames",
        "operators",
        "past",
        "peak",
        "redacted",
        "registered",
        "subscriptions",
        "users",
    )

    def __init__(self) -> None:
        self.users: dict[UserId, User] = {}
        self.nicknames: dict[str, User] = {}
        """By folded nickname; holds those of unregistered users too."""
        self.accounts: dict[str, list[User]] = {}
        """Who is logged in, by the folded name of the account."""
        self.lookalikes: dict[str, User] = {}
        """Whose nickname is not ASCII, by the form in which names that look alike are equal."""
        self.alike: dict[str, list[User]] = {}
        """Users by the form in which look-alikes of what somebody owns are equal
        (`names.likeness`)."""
        self.channels: dict[str, Channel] = {}
        """By folded name."""
        self.left: list[Channel] = []
        """Channels that are gone with their last member, until the context has seen to them."""
        self.past: collections.deque[Past] = collections.deque()
        """For WHOWAS: the latest first."""
        self.bans = Bans()
        self.monitors: Watch[User] = Watch()
        self.subscriptions: Watch[User] = Watch()
        """Of which metadata, by key, clients want to be told (draft/metadata-2)."""
        self.ignores: Ignores[User] = Ignores()
        self.redacted: dict[Position, None] = {}
        """What was taken back last: it may be found in the journal for a moment yet."""
        self.marked: dict[tuple[str, str], int] = {}
        """What was marked as read last, by reader and conversation; the same goes for it."""
        self.registered = 0
        self.invisible = 0
        self.operators = 0
        self.peak = 0

    def user_named(self, nickname: str) -> User | None:
        """Return the registered user with this nickname."""
        user = self.nicknames.get(key(nickname))
        return user if user is not None and user.registration is None else None

    def channel_named(self, name: str) -> Channel | None:
        """Return the channel with this name."""
        # Most clients write it as it is kept.
        return self.channels.get(name) or self.channels.get(fold(name))
