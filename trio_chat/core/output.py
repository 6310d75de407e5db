"""What one step puts out, in order, and shared wherever it can be.

Owns the order of it all: whatever is shown takes a place, one after another, so that everybody sees
things in the order in which they were decided, and what they are answered where it belongs. What
happens in a room goes into the room's feed (`feed.py`), and costs what it costs once, not once for
each member; what concerns a few, or one in a way of their own, is handed to them.

Counts what the step has cost (`cost`), so that it can end in time.

Must not know commands, rights or connections.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple, TypeAlias

import msgspec

from trio_chat.core.attempts import Rejected
from trio_chat.core.encoding import OTHER_ROOM, PLAIN, Encoding, reply_head, reply_tail
from trio_chat.core.entries import Entry, Record
from trio_chat.core.events import Event, Reply
from trio_chat.core.feed import Block, Chunk, Feed, Line, Reader, give
from trio_chat.core.inputs import UserId
from trio_chat.core.requests import Request
from trio_chat.core.state import Channel, User

Witnesses: TypeAlias = Sequence[tuple[Channel, Mapping[User, object] | None]]
"""Channels, each with those of its members who see something; None: all of them do."""

SHARE = 3
"""An event costs the number of its readers shifted right by so many bits: it is copied to each."""
TOGETHER = 5
"""To put the members of channels together costs their number shifted right by so many bits."""
MEMBERSHIPS = 50_000
"""So many in rooms without a feed are not each handed one for the sake of one event."""
LOOK = 3
"""To look at users one after another costs their number shifted right by so many bits."""


_BY_ID = attrgetter("id")


def _encoding_for(user: User, event: Event) -> Encoding:
    """Return the user's encoding for an event: people are told the room if they look elsewhere."""
    encoding = user.encoding
    if encoding & PLAIN and event.room and not (user.current and user.current.name == event.room):
        return encoding | OTHER_ROOM
    return encoding


class Speaker(msgspec.Struct, frozen=True, gc=False):
    """Who has said something that is to be stored, as they were then: they may be gone when it
    turns out that it can not be, and are told so before they are sent off."""

    id: str
    """The event's."""
    user: UserId
    encoding: Encoding
    nickname: str
    place: int
    """Where in what is shown it was said."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """How a labelled command has been answered that had messages stored (IRCv3 labeled-response).

    If they can not be, that is the answer.
    """

    user: UserId
    encoding: Encoding
    nickname: str
    label: str
    events: list[tuple[Event, str]]
    """What was sent, each with the reference of the batch that it stands in, or an empty one."""
    ids: list[str]
    """Of the messages."""
    first: int
    last: int
    """From which place to which it is in what the user is sent."""


class Close(NamedTuple):
    """A connection to be ended once its output is sent, and why."""

    user: UserId
    reason: str
    nickname: str
    """As it was: nobody is asked for it afterwards. Empty: there was none yet."""


class Effects(msgspec.Struct, kw_only=True):
    """What follows from one step, to be done in this order: store, show, ask, close."""

    number: int
    """The step's, greater than that of every step before it (`ids.py`)."""
    records: list[Record]
    """What the journal has to hold before anything is shown."""
    outputs: list[tuple[UserId, list[Chunk]]]
    closes: list[Close]
    requests: list[Request]
    reading: list[tuple[UserId, bool]]
    """From whom no more is to be read, or again, in this order: their lines wait in the core."""
    charges: list[UserId]
    """Whose lines have taken as much as so many others: once for each."""
    moves: list[tuple[UserId, str]]
    """Users who come from another address than their connection does: a gateway has said so."""
    failures: list[Exception]
    """Our own mistakes, for the log. Each has cost one user the connection."""
    rejected: list[Rejected]
    """Wrong passwords that were found so here, and who was turned away: for the log."""
    answered: list[Answered]
    speakers: list[Speaker]
    """Who has said what the journal has to hold."""
    shown: int
    """How many events are shown, each counted for everybody who sees it."""
    said: int
    """How many messages people have said, each counted once."""
    logins: int
    """How often somebody was logged in to an account."""


class Output:
    """Collects the effects of one step; `take` ends it and begins the next."""

    def __init__(self) -> None:
        self.now = 0.0
        self.utc_offset = 0
        self.cost = 0
        """What the step has taken so far, in rough microseconds, but for sending it."""
        self.shown = 0
        """How many events the step has shown, each counted for everybody who sees it."""
        self.said = 0
        """How many messages people have said in it."""
        self.logins = 0
        """How often somebody was logged in to an account in it."""
        self.minute = 0
        """Which minute it is, on the clock that does not jump."""
        self._next_minute = 0.0
        """When the next one begins, in seconds."""
        self.place = 0
        """The place of what was put out last in this step."""
        self._open: list[Channel] = []
        self._touched: list[Reader] = []
        self.number = 0
        self.recording = False
        """Whether what happens is stored: it is not where no history is kept."""
        self.records: list[Record] = []
        """What the journal has to hold before anybody is shown it."""
        self.answered: list[Answered] = []
        self._speakers: list[Speaker] = []
        self._closes: list[Close] = []
        self._requests: list[Request] = []
        self._reading: list[tuple[UserId, bool]] = []
        self._charges: list[UserId] = []
        self._moves: list[tuple[UserId, str]] = []
        self._failures: list[Exception] = []
        self.rejected: list[Rejected] = []

    def begin(self, number: int, now: float, monotonic: float, utc_offset: int) -> None:
        """Begin a step of this number at this time."""
        self.number = number
        self.now = now
        if monotonic >= self._next_minute:
            self.minute = int(monotonic // 60)
            self._next_minute = 60.0 * (self.minute + 1)
        self.utc_offset = utc_offset

    def take(self) -> Effects:
        """Return what the step has put out, and forget it."""
        minute = self.minute
        for channel in self._open:
            feed = channel.feed
            if feed is not None:
                # Once in a step, for those who are there at its end: which are busy shows as well.
                shown = len(feed.events) * len(channel.members)
                if channel.minute == minute:
                    channel.shown += shown
                else:
                    channel.begin_minute(minute, shown)
                feed.close()
                channel.feed = None
            if channel.rosters:
                channel.rosters.clear()
        self._open.clear()
        outputs: list[tuple[UserId, list[Chunk]]] = []
        for reader in self._touched:
            if reader.out is not None:
                outputs.append((reader.id, reader.out))
                reader.out = None
        effects = Effects(
            number=self.number,
            records=self.records,
            outputs=outputs,
            closes=self._closes,
            requests=self._requests,
            reading=self._reading,
            charges=self._charges,
            moves=self._moves,
            failures=self._failures,
            rejected=self.rejected,
            answered=self.answered,
            speakers=self._speakers,
            shown=self.shown,
            said=self.said,
            logins=self.logins,
        )
        # Feeds of this step hold on to it: the next one gets a list of its own.
        self._touched, self.records, self.answered, self._speakers = [], [], [], []
        self._closes, self._requests = [], []
        self._reading, self._charges = [], []
        self._moves, self._failures, self.rejected = [], [], []
        self.cost = self.shown = self.said = self.logins = self.place = 0
        return effects

    def record(self, event: Entry | Event) -> None:
        """Have the journal hold something that happens, where history is kept."""
        if self.recording:
            self.records.append(event)

    def store(self, user: User, id: str, event: Entry | Event) -> None:
        """Have the journal hold something that a user says next, and that has this id; where
        history is kept."""
        if self.recording:
            self.records.append(event)
            self._speakers.append(
                Speaker(id, user.id, user.encoding, user.nickname, self.place + 1)
            )

    def request(self, request: Request) -> None:
        """Ask for work that takes time."""
        self._requests.append(request)

    def read(self, user: User, *, on: bool) -> None:
        """Have no more read from a user, or have it go on."""
        user.held = not on
        self._reading.append((user.id, on))

    def charge(self, user: User) -> None:
        """Have flood control count a line of a user's once more."""
        self._charges.append(user.id)

    def move(self, user: User, address: str) -> None:
        """Have a user counted under this IP address from now on."""
        self._moves.append((user.id, address))

    def fail(self, error: Exception) -> None:
        """Report a mistake of ours."""
        self._failures.append(error)

    def close(self, user: User, reason: str) -> None:
        """End a user's connection after this step's output."""
        self._closes.append(Close(user.id, reason, user.nickname))

    # --- What is shown

    def send(self, user: User, event: Event, *, tags: str = "") -> None:
        """Send an event to one user."""
        self.place += 1
        line = Line(
            self.place,
            event,
            _encoding_for(user, event),
            viewer=user.nickname,
            utc_offset=self.utc_offset,
            tags=tags,
        )
        self._hand(user, line)

    def send_block(self, user: User, head: bytes, tails: list[bytes]) -> None:
        """Send lines to one user that each begin with `head`; `tails` are shared with others."""
        self.place += 1
        self.cost += len(tails)
        self._hand(user, Block(self.place, head, tails))

    def say(self, channel: Channel, event: Event, without: Iterable[User] = ()) -> None:
        """Show an event to a channel's members, but for those `without`."""
        self.place = place = self.place + 1
        feed = channel.feed or self.feed(channel)
        feed.events.append(event)
        feed.places.append(place)
        readers = len(channel.members)
        self.shown += readers
        self.cost += (readers >> SHARE) * event.weight
        for user in without:
            feed.skip(user)

    def show(
        self,
        event: Event,
        witnesses: Witnesses,
        *,
        without: Collection[User] = (),
    ) -> None:
        """Show one event in several channels, once to each who sees it, but for those `without`.

        `witnesses` are channels, each with those of its members who see it; None: all do.
        """
        self.place += 1
        if len(witnesses) > 1:
            witnesses = self._show_at_once(event, witnesses, without)
        for channel, audience in witnesses:
            members = channel.members
            if audience is not None:
                here = [one for one in audience if one in members and one not in without]
                self._to_each(here, event)
            elif members:
                feed = channel.feed or self.feed(channel)
                feed.add(self.place, event)
                self.shown += len(members)
                self.cost += len(members) >> SHARE
                for user in without:
                    if user in members:
                        feed.skip(user)

    def _show_at_once(
        self,
        event: Event,
        witnesses: Witnesses,
        without: Collection[User],
    ) -> Witnesses:
        """Show an event in channels that are large together and whose feeds are not in use; return
        where it is still to be shown.

        Thousands may be in a hundred rooms with somebody, most of them in many.
        """
        quiet = [
            one.members if some is None else some
            for one, some in witnesses
            if some is not None or one.feed is None
        ]
        memberships = sum(map(len, quiet))
        if memberships < MEMBERSHIPS:
            return witnesses
        # Sets are put together much faster than members are looked at, or dictionaries are. Who is
        # gone by now is in no channel.
        found = set[User]().union(*quiet).difference(without)
        self.cost += memberships >> TOGETHER
        self._to_each(sorted((one for one in found if one.channels), key=_BY_ID), event)
        return [one for one in witnesses if one[1] is None and one[0].feed is not None]

    def broadcast(self, audience: Iterable[User], event: Event) -> None:
        """Send one event to several users, each of whom sees it by themselves."""
        self.place += 1
        self._to_each(audience, event)

    def broadcast_reply(self, audience: Iterable[User], event: Reply) -> None:
        """Send a numeric reply, that has no nickname, to several clients: to each with theirs."""
        self.place = place = self.place + 1
        tails = [reply_tail(event)]
        heads: dict[Encoding, bytes] = {}
        touched, count = self._touched, 0
        for count, user in enumerate(audience, 1):  # noqa: B007
            head = heads.get(user.encoding)
            if head is None:
                head = heads[user.encoding] = reply_head(event, user.encoding)
            block = Block(place, head + user.nickname.encode(), tails)
            # As `give` does, but everybody may be the audience.
            if user.out is None:
                user.out = [block]
                touched.append(user)
            else:
                user.out.append(block)
        self.shown += count
        self.cost += count

    def broadcast_all(
        self, audience: Collection[User], shown: Sequence[tuple[User, Event]]
    ) -> None:
        """Send events to several users, each of whom is not sent what is about themselves.

        All are of one channel.
        """
        feed = Feed(self._touched, self.utc_offset)
        for about, event in shown:
            self.place += 1
            feed.add(self.place, event)
            feed.skip(about)
        self.shown += len(audience) * (len(shown) - 1)
        self.cost += len(shown)
        self._hand_out(audience, feed, shown[0][1])

    def _to_each(self, audience: Iterable[User], event: Event) -> None:
        feed = Feed(self._touched, self.utc_offset)
        feed.add(self.place, event)
        self._hand_out(audience, feed, event)

    def _hand_out(self, audience: Iterable[User], feed: Feed, event: Event) -> None:
        views, touched, count = feed.views, self._touched, 0
        for count, user in enumerate(audience, 1):  # noqa: B007
            encoding = user.encoding
            if encoding & PLAIN:
                encoding = _encoding_for(user, event)
            # As `give` does, but everybody may be the audience.
            view = views.get(encoding) or feed.view(encoding)
            if user.out is None:
                user.out = [view]
                touched.append(user)
            else:
                user.out.append(view)
        self.shown += count
        self.cost += count
        feed.close()

    def feed(self, channel: Channel) -> Feed:
        """Return a channel's feed: now, every member has it in their output."""
        feed = channel.feed
        if feed is None:
            feed = channel.feed = Feed(self._touched, self.utc_offset)
            self._open.append(channel)
            views, touched = feed.views, self._touched
            # As `give` does, but this is done for every member of every busy room.
            for user in channel.members:
                encoding = user.encoding
                if encoding & PLAIN:
                    encoding = user.encoding_in(channel)
                view = views.get(encoding) or feed.view(encoding)
                out = user.out
                if out is None:
                    user.out = [view]
                    touched.append(user)
                else:
                    out.append(view)
        return feed

    def keep(self, channel: Channel) -> None:
        """Note that a channel has rosters, which go when the step is over."""
        self._open.append(channel)

    def _hand(self, user: User, chunk: Line | Block) -> None:
        self.shown += 1
        self.cost += 1
        give(user, chunk, self._touched)
