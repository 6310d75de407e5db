"""What one step puts out, in order, and shared wherever it can be.

Owns the order of what every user is sent. The messages of one room form a *segment*: it takes its
place in the output of every member when it opens, and later messages join it there, so it is
encoded once per encoding and the members are handed the same bytes object. A message joins only
while that place is right for it. A segment closes

- when anything else happens in its room (somebody joins, parts, changes a name, …);
- when one of its members is sent something of their own, which has to stand where it belongs;
- and, for a sender who has meanwhile been seen elsewhere, when that was after the segment opened:
  what one user did is never shown in another order.

Messages of different senders in different rooms within one step are concurrent: nobody can have
reacted to anything that this step shows.

Must not know commands, rights or connections.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import TypeAlias

import msgspec

from trio_chat.core.encoding import OTHER_ROOM, PLAIN, Encoding, encode
from trio_chat.core.events import Event, Said, Source, Standard
from trio_chat.core.inputs import UserId
from trio_chat.core.state import Channel, User


class CheckPassword(msgspec.Struct, frozen=True, kw_only=True):
    """Whether `password` fits `hash`. The answer comes back as `Completed` with the same id."""

    id: int
    user: UserId
    hash: str
    password: str


class AwaitSent(msgspec.Struct, frozen=True, kw_only=True):
    """When the user has taken what was sent so far. Comes back as `Completed`."""

    id: int
    user: UserId


class Reload(msgspec.Struct, frozen=True, kw_only=True):
    """Read the configuration again. Comes back as `Completed`, after the `Reconfigured`."""

    id: int
    user: UserId


Request: TypeAlias = CheckPassword | AwaitSent | Reload


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the journal has to hold before anybody is shown it, and whose doing it is."""

    event: Event
    author: UserId


class Segment:
    """A run of events that stand together in the output of everybody who sees them."""

    __slots__ = ("events", "position", "skips", "views")

    def __init__(self, position: int) -> None:
        self.position = position
        self.events: list[Event] = []
        self.skips: dict[UserId, set[int]] = {}
        """Which events, by index, a user is not shown: their own, without `echo-message`."""
        self.views: dict[Encoding, View] = {}

    def view(self, encoding: Encoding, utc_offset: int) -> View:
        """Return the one view of this segment in this encoding."""
        view = self.views.get(encoding)
        if view is None:
            view = self.views[encoding] = View(self, encoding, utc_offset)
        return view

    def forget(self, lost: Container[str]) -> None:
        """Drop the events with these ids."""
        kept = [index for index, event in enumerate(self.events) if event.id not in lost]
        if len(kept) < len(self.events):
            places = {old: new for new, old in enumerate(kept)}
            self.events = [self.events[index] for index in kept]
            self.skips = {
                user: {places[index] for index in skipped if index in places}
                for user, skipped in self.skips.items()
            }


class View:
    """A segment in one encoding. Encodes when it is first asked, so not before the step is over."""

    __slots__ = ("_data", "_lines", "encoding", "segment", "utc_offset")

    def __init__(self, segment: Segment, encoding: Encoding, utc_offset: int) -> None:
        self.segment = segment
        self.encoding = encoding
        self.utc_offset = utc_offset
        self._lines: list[bytes] | None = None
        self._data = b""

    def data(self, user: UserId) -> bytes:
        """Return what this user is sent: one shared object, but for those who skip lines."""
        lines = self._lines
        if lines is None:
            encoding, offset = self.encoding, self.utc_offset
            lines = [encode(event, encoding, utc_offset=offset) for event in self.segment.events]
            self._lines = lines
            self._data = lines[0] if len(lines) == 1 else b"".join(lines)
        skips = self.segment.skips
        if skips and user in skips:
            return self._without(skips[user], lines)
        return self._data

    def _without(self, skipped: set[int], lines: list[bytes]) -> bytes:
        if len(skipped) == len(lines):
            return b""
        return b"".join(line for index, line in enumerate(lines) if index not in skipped)


class Line:
    """An event for one user."""

    __slots__ = ("encoding", "event", "tags", "utc_offset", "viewer")

    def __init__(self, event: Event, user: User, utc_offset: int, tags: str = "") -> None:
        self.event = event
        # A user's encoding, name and room may change later in the same step.
        self.encoding = _encoding_for(user, event)
        self.viewer = user.nickname
        self.utc_offset = utc_offset
        self.tags = tags

    def data(self, user: UserId) -> bytes:
        return encode(
            self.event,
            self.encoding,
            utc_offset=self.utc_offset,
            viewer=self.viewer,
            tags=self.tags,
        )


Chunk: TypeAlias = View | Line


def _encoding_for(user: User, event: Event) -> Encoding:
    """Return the user's encoding for an event: people are told the room if they look elsewhere."""
    encoding = user.encoding
    if encoding & PLAIN and event.room and not (user.current and user.current.name == event.room):
        return encoding | OTHER_ROOM
    return encoding


class Effects(msgspec.Struct, kw_only=True):
    """What follows from one step, to be done in this order: store, show, close."""

    records: list[Record]
    """What the journal has to hold before anything is shown."""
    outputs: list[tuple[UserId, list[Chunk]]]
    closes: list[tuple[UserId, str]]
    """Connections to end once their output is sent, and why."""
    requests: list[Request]
    moves: list[tuple[UserId, str]]
    """Users who come from another address than their connection does: a gateway has said so."""
    failures: list[Exception]
    """Our own mistakes, for the log. Each has cost one user the connection."""


class Output:
    """Collects the effects of one step; `take` ends it and begins the next."""

    def __init__(self) -> None:
        self.now = 0.0
        self.utc_offset = 0
        self._position = 0
        self._open: list[Channel] = []
        self._touched: list[User] = []
        self._records: list[Record] = []
        self._closes: list[tuple[UserId, str]] = []
        self._requests: list[Request] = []
        self._moves: list[tuple[UserId, str]] = []
        self._failures: list[Exception] = []

    def begin(self, now: float, utc_offset: int) -> None:
        """Begin a step at this time."""
        self.now = now
        self.utc_offset = utc_offset

    def take(self) -> Effects:
        """Return what the step has put out, and forget it."""
        self.close_segments(self._open)
        self._open.clear()
        outputs: list[tuple[UserId, list[Chunk]]] = []
        for user in self._touched:
            if user.out is not None:
                outputs.append((user.id, user.out))
                user.out = None
        effects = Effects(
            records=self._records,
            outputs=outputs,
            closes=self._closes,
            requests=self._requests,
            moves=self._moves,
            failures=self._failures,
        )
        self._touched, self._records = [], []
        self._closes, self._requests = [], []
        self._moves, self._failures = [], []
        return effects

    def record(self, event: Event, author: User) -> None:
        """Have the journal store an event before anybody is shown it."""
        self._records.append(Record(event=event, author=author.id))

    def request(self, request: Request) -> None:
        """Ask for work that takes time."""
        self._requests.append(request)

    def move(self, user: User, address: str) -> None:
        """Have a user counted under this IP address from now on."""
        self._moves.append((user.id, address))

    def fail(self, error: Exception) -> None:
        """Report a mistake of ours."""
        self._failures.append(error)

    def close(self, user: User, reason: str) -> None:
        """End a user's connection after this step's output."""
        self._closes.append((user.id, reason))

    def send(self, user: User, event: Event, *, tags: str = "") -> None:
        """Send an event to one user, behind all that the user has been sent in this step."""
        if self._open:
            self.close_segments(user.channels)
        self._place(user, Line(event, user, self.utc_offset, tags))

    def say(
        self,
        channel: Channel,
        event: Event,
        sender: User,
        *,
        skip: bool,
        without: Iterable[User] = (),
    ) -> None:
        """Send a message to a channel's members but those `without`; with `skip`, not to its
        sender."""
        segment = channel.segment
        if segment is None or sender.position > segment.position:
            segment = self._segment(channel)
            channel.segment = segment
            self._open.append(channel)
        if skip and sender in channel.members:
            segment.skips.setdefault(sender.id, set()).add(len(segment.events))
        for user in without:
            segment.skips.setdefault(user.id, set()).add(len(segment.events))
        segment.events.append(event)
        sender.position = segment.position

    def broadcast(
        self, audience: Iterable[User], event: Event, actor: User, channels: Iterable[Channel]
    ) -> None:
        """Send an event that concerns these channels to the audience, the actor left out."""
        self.close_segments(channels)
        self._position += 1
        segment = Segment(self._position)
        segment.events.append(event)
        actor.position = self._position
        for user in audience:
            if user is not actor:
                self._place(user, segment.view(_encoding_for(user, event), self.utc_offset))

    def close_segments(self, channels: Iterable[Channel]) -> None:
        """Let the next message in each of these channels begin a new segment."""
        for channel in channels:
            channel.segment = None

    def _segment(self, channel: Channel) -> Segment:
        """Open a segment: it takes its place with every member now."""
        self._position += 1
        segment = Segment(self._position)
        views, offset = segment.views, self.utc_offset
        for user in channel.members:
            encoding = user.encoding
            if encoding & PLAIN and user.current is not channel:
                encoding |= OTHER_ROOM
            view = views.get(encoding)
            if view is None:
                view = views[encoding] = View(segment, encoding, offset)
            out = user.out
            if out is None:
                user.out = [view]
                self._touched.append(user)
            else:
                out.append(view)
        return segment

    def _place(self, user: User, chunk: Chunk) -> None:
        if user.out is None:
            user.out = [chunk]
            self._touched.append(user)
        else:
            user.out.append(chunk)


def withhold(effects: Effects, users: Mapping[UserId, User], *, server: Source, now: float) -> None:
    """Take the messages that could not be stored out of `effects`, and tell their senders.

    Nobody is shown what is not stored. What else the step did (who is where now) stands, and so do
    answers: they are in force whether or not the journal could be written.
    """
    lost = {record.event.id: record for record in effects.records if isinstance(record.event, Said)}
    tags: dict[str, str] = {}
    for _, chunks in effects.outputs:
        kept: list[Chunk] = []
        for chunk in chunks:
            if isinstance(chunk, View):
                chunk.segment.forget(lost)
                kept.append(chunk)
            elif chunk.event.id in lost:
                tags[chunk.event.id] = tags.get(chunk.event.id, "") or chunk.tags
            else:
                kept.append(chunk)
        chunks[:] = kept
    outputs = dict(effects.outputs)
    for record in lost.values():
        user, event = users.get(record.author), record.event
        if user is not None and isinstance(event, Said):
            failure = Standard(
                time=now,
                source=server,
                kind="FAIL",
                command=event.kind,
                code="COULD_NOT_BE_STORED",
                context=(event.target,),
                text="Could not be stored",
            )
            line = Line(failure, user, 0, tags.get(event.id, ""))
            outputs.setdefault(user.id, []).append(line)
    effects.outputs = list(outputs.items())
