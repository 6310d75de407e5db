"""What happens in one room within one step, and what of it becomes whose bytes.

Everything that a step puts out has a *place*: a number that only grows, so that whoever sees two
things sees them in the order in which they were decided. What happens in a room goes into that
room's feed, once, however many are there. Each member has the feed in their output: all of it, or
the part while they were a member. At the end a feed is encoded once per encoding, and all members
who see nothing else are handed the same bytes object; whoever sees several feeds, or is sent lines
of their own in between, gets slices of it, put together by place.

An event that several rooms see has the same place in all their feeds, which is how somebody who is
in several of them is shown it once.

Must not know commands, rooms or users: a `Reader` is whoever has an id and an output.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable
from typing import Protocol, TypeAlias

from trio_chat.core.encoding import Encoding, encode
from trio_chat.core.events import Event
from trio_chat.core.inputs import UserId


class Reader(Protocol):
    """Whoever is shown something."""

    id: UserId
    out: list[Chunk] | None
    """What they are shown in this step."""


class Feed:
    """What happens in one room, or is shown to one audience, within one step."""

    __slots__ = ("_touched", "events", "places", "skips", "utc_offset", "views")

    def __init__(self, touched: list[Reader], utc_offset: int) -> None:
        self.events: list[Event | None] = []
        """None: it could not be stored, and nobody is shown it."""
        self.places: list[int] = []
        self.skips: dict[UserId, set[int]] = {}
        """Which events, by index, a member is not shown: mostly those that they are shown in a way
        of their own."""
        self.views: dict[Encoding, View] = {}
        self._touched = touched
        self.utc_offset = utc_offset
        """In seconds, for the clock that people are shown."""

    def add(self, place: int, event: Event) -> None:
        """Put an event behind the others."""
        self.events.append(event)
        self.places.append(place)

    def skip(self, reader: Reader) -> None:
        """Do not show somebody the event that was added last."""
        self.skips.setdefault(reader.id, set()).add(len(self.events) - 1)

    def view(self, encoding: Encoding) -> View:
        """Return the one view of all of it in this encoding."""
        view = self.views.get(encoding)
        if view is None:
            view = self.views[encoding] = View(self, encoding)
        return view

    def show(self, reader: Reader, encoding: Encoding) -> None:
        """Let somebody see all of it."""
        give(reader, self.view(encoding), self._touched)

    def admit(self, reader: Reader, encoding: Encoding) -> None:
        """Let somebody see what is added from now on."""
        give(reader, Part(self.view(encoding), len(self.events)), self._touched)

    def dismiss(self, reader: Reader) -> None:
        """Let somebody see nothing of what is added from now on."""
        out = reader.out or []
        # Only the last that they were given can be open.
        for index in range(len(out) - 1, -1, -1):
            chunk = out[index]
            if isinstance(chunk, Part):
                if chunk.view.feed is self:
                    if chunk.end is None:
                        chunk.end = len(self.events)
                    return
            elif isinstance(chunk, View) and chunk.feed is self:
                part = out[index] = Part(chunk, 0)
                part.end = len(self.events)
                return

    def close(self) -> None:
        """Let go of the views, each of which refers to this: the step is over, nobody is added."""
        self.views.clear()

    def forget(self, lost: Container[str]) -> None:
        """Show nobody the events with these ids. For what has not been encoded yet."""
        self.events = [event and (None if event.id in lost else event) for event in self.events]


class View:
    """A feed in one encoding. Encodes when it is first asked, so not before the step is over."""

    __slots__ = ("_data", "_encoded", "encoding", "feed")

    def __init__(self, feed: Feed, encoding: Encoding) -> None:
        self.feed = feed
        self.encoding = encoding
        self._encoded: list[bytes] | None = None
        self._data = b""

    def lines(self) -> list[bytes]:
        """Return what each event is in this encoding."""
        lines = self._encoded
        if lines is None:
            encoding, offset = self.encoding, self.feed.utc_offset
            lines = self._encoded = [
                encode(event, encoding, utc_offset=offset) if event is not None else b""
                for event in self.feed.events
            ]
            self._data = lines[0] if len(lines) == 1 else b"".join(lines)
        return lines

    def data(self, user: UserId) -> bytes:
        """Return all that this user is shown: one shared object, but for who skips something."""
        lines = self._encoded or self.lines()
        skips = self.feed.skips
        if skips and user in skips:
            skipped = skips[user]
            return b"".join([line for i, line in enumerate(lines) if i not in skipped])
        return self._data

    def span(self) -> tuple[View, int, int]:
        return self, 0, len(self.feed.events)


class Part:
    """A run of a feed in one encoding: while somebody is a member, and reads it in that encoding.

    `start` is the index of the first event. `end` is that of the first that is not in it any more,
    or None: then it goes on to the end.
    """

    __slots__ = ("end", "start", "view")

    def __init__(self, view: View, start: int) -> None:
        self.view = view
        self.start = start
        self.end: int | None = None

    def data(self, user: UserId) -> bytes:
        return b"".join([data for _, data in _pieces(self, user)])

    def span(self) -> tuple[View, int, int]:
        end = len(self.view.feed.events) if self.end is None else self.end
        return self.view, self.start, end


class Line:
    """An event for one user."""

    __slots__ = ("encoding", "event", "place", "tags", "utc_offset", "viewer")

    def __init__(
        self,
        place: int,
        event: Event,
        encoding: Encoding,
        *,
        viewer: str,
        utc_offset: int = 0,
        tags: str = "",
    ) -> None:
        self.place = place
        self.event = event
        # A user's encoding, name and room may change later in the same step.
        self.encoding = encoding
        self.viewer = viewer
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


class Block:
    """Lines for one user that are the same for others, but for how each of them begins.

    `head` is what each line begins with, `tails` are their rests, line ends included.
    """

    __slots__ = ("head", "place", "tails")

    def __init__(self, place: int, head: bytes, tails: list[bytes]) -> None:
        self.place = place
        self.head = head
        self.tails = tails

    def data(self, user: UserId) -> bytes:
        head = self.head
        return head + head.join(self.tails)


Chunk: TypeAlias = View | Part | Line | Block


def give(reader: Reader, chunk: Chunk, touched: list[Reader]) -> None:
    """Put a chunk behind what somebody is shown; note in `touched` who had nothing yet."""
    if reader.out is None:
        reader.out = [chunk]
        touched.append(reader)
    else:
        reader.out.append(chunk)


def write(
    chunks: list[Chunk], user: UserId, merged: dict[tuple[Chunk, ...], bytes] | None = None
) -> bytes:
    """Return what a user is sent in a step, everything in its place.

    `merged` keeps, for one step, what is the same for all who see the same feeds.
    """
    if len(chunks) == 1:
        return chunks[0].data(user)
    own: list[Line | Block] = []
    seen: list[View | Part] = []
    for chunk in chunks:
        if isinstance(chunk, View | Part):
            seen.append(chunk)
        else:
            own.append(chunk)
    if not seen:
        return b"".join([chunk.data(user) for chunk in own])
    if len(seen) == 1:
        return _between(seen[0], own, user)
    key = None
    if merged is not None and not own and _are_shared(seen, user):
        key = tuple(chunks)
        data = merged.get(key)
        if data is not None:
            return data
    # By place: who is in several rooms is shown once what they all see.
    found: dict[int, bytes] = {}
    for one in seen:
        found.update(_pieces(one, user))
    # Lines of their own share a place with each other, or with what could not be stored, only where
    # they stand in for that.
    places = [*found.items(), *((chunk.place, chunk.data(user)) for chunk in own)]
    places.sort(key=_place)
    data = b"".join([data for _, data in places])
    if key is not None and merged is not None:
        merged[key] = data
    return data


def _place(piece: tuple[int, bytes]) -> int:
    return piece[0]


def _are_shared(seen: Iterable[View | Part], user: UserId) -> bool:
    """Whether somebody sees all of these feeds, as the others do."""
    return all(isinstance(one, View) and user not in one.feed.skips for one in seen)


def _pieces(chunk: View | Part, user: UserId) -> list[tuple[int, bytes]]:
    """Return what a user sees of a feed, each event with its place."""
    view, start, end = chunk.span()
    lines, places = view.lines(), view.feed.places
    skipped = view.feed.skips.get(user, ())
    return [(places[i], lines[i]) for i in range(start, end) if i not in skipped]


def _between(chunk: View | Part, own: list[Line | Block], user: UserId) -> bytes:
    """Return a feed with a user's own lines where they belong."""
    view, start, end = chunk.span()
    lines, places = view.lines(), view.feed.places
    skipped = view.feed.skips.get(user, ())
    pieces: list[bytes] = []
    for one in (*own, None):
        until = end if one is None else bisect_left(places, one.place, start, end)
        if skipped:
            pieces += [lines[i] for i in range(start, until) if i not in skipped]
        else:
            pieces += lines[start:until]
        start = until
        if one is not None:
            pieces.append(one.data(user))
    return b"".join(pieces)
