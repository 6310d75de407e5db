"""The events that have come and nobody has read yet: between the reader task and `async for`.

Invariants: at most `limit` events wait; the reader never waits longer than `PATIENCE` for `limit
/ 2` events to be read.

Why not simply a memory channel: its back-pressure would stop the reader, and with it everything
else that comes in the same stream of bytes. A server's PING would go unanswered, and a task that
only says things, and reads no events, would wait for ever for an acknowledgement that stands
behind events that nobody reads. Why not simply drop: a reader that never waits takes hundreds of
events from the socket for each one that a busy consumer takes, so that one could never keep up.
So a full queue stops the reader for a moment, in which any consumer at work makes room. If none
does, events are counted instead of kept, until half of the queue has been read; a `Missed` stands
where the gap is.
"""

from __future__ import annotations

import datetime as dt
from collections import deque

import trio

from trio_chat.client.events import Event, Missed

PATIENCE = 1.0
"""Seconds that the reader waits at most for a full queue to be half empty."""


class EventQueue:
    """A bounded queue from one reader to one consumer. `limit` is in events."""

    def __init__(self, limit: int) -> None:
        if limit < 2:
            raise ValueError(f"a queue of {limit} events is too short")
        self._limit = limit
        self._events: deque[Event] = deque()
        self._missed = 0
        self._missed_since: dt.datetime | None = None
        self._ended = False
        # Set when the consumer can go on, and when the reader can.
        self._filled = trio.Event()
        self._drained = trio.Event()

    async def put(self, event: Event) -> None:
        """Add an event. Waits up to `PATIENCE` seconds where the queue is full, then drops it."""
        if len(self._events) >= self._limit and not self._missed:
            with trio.move_on_after(PATIENCE):
                await self._until_drained()
        self.put_nowait(event)

    async def room(self) -> None:
        """Wait, however long it takes, until an event can be added that will not be missed."""
        await trio.lowlevel.checkpoint()
        while len(self._events) >= (self._limit // 2 + 1 if self._missed else self._limit):
            await self._until_drained()

    async def _until_drained(self) -> None:
        if self._drained.is_set():
            self._drained = trio.Event()
        await self._drained.wait()

    def put_nowait(self, event: Event) -> None:
        """Add an event, or count it as missed where the queue is full."""
        if self._missed and len(self._events) <= self._limit // 2:
            self._close_gap()
        if self._missed or len(self._events) >= self._limit:
            self._missed += 1
            self._missed_since = self._missed_since or event.time
        else:
            self._events.append(event)
            self._filled.set()

    def _close_gap(self) -> None:
        if self._missed_since is not None:
            self._events.append(Missed(time=self._missed_since, count=self._missed))
            self._missed, self._missed_since = 0, None

    def end(self) -> None:
        """Nothing more will come: once all is read, `get` returns None."""
        self._close_gap()
        self._ended = True
        self._filled.set()

    async def get(self) -> Event | None:
        """Wait for the next event and remove it; None at the end."""
        await trio.lowlevel.checkpoint()
        while not self._events:
            if self._ended:
                return None
            if self._filled.is_set():
                self._filled = trio.Event()
            await self._filled.wait()
        event = self._events.popleft()
        if len(self._events) <= self._limit // 2:
            self._drained.set()
        return event
