"""The connections of one conversation, one after the other.

`run` serves the first one (`link`), and with `reopen` those that take the place of lost ones. What
outlives a connection is here: the events, what has been seen (`memory`), the rooms to come back to,
and what was said and not answered.

Invariants: the reader of a connection waits for nobody longer than `event_queue.PATIENCE`; however
it ends, `_end` runs once, and whoever waits is told why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable

import trio

from trio_chat.client.errors import ChatError, ConnectionLost, Refused
from trio_chat.client.event_queue import EventQueue
from trio_chat.client.events import (
    Disconnected,
    Event,
    Joined,
    Kicked,
    Message,
    Notice,
    Parted,
    Reconnected,
    Reconnecting,
)
from trio_chat.client.link import Link
from trio_chat.client.memory import Memory, Said, conversation_of
from trio_chat.client.reconnecting import STEADY, abandon, delay_before, is_final
from trio_chat.client.registration import Registration
from trio_chat.client.requests import Receipt
from trio_chat.client.resuming import Resumption, Room
from trio_chat.client.support import Support


class Succession:
    """The connections of one conversation. `register` makes the beginning of each, by the
    nickname and the stream."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        *,
        register: Callable[[str, trio.abc.Stream], Registration],
        nick: str,
        timeout: float,
        keepalive: float,
        buffer: int,
        own_messages: bool,
        reopen: Callable[[], Awaitable[trio.abc.Stream]] | None,
    ) -> None:
        self.support = Support()
        self.timeout = timeout
        self.nick = nick
        """The nickname that we want."""
        self.keys: dict[str, str] = {}
        """The keys of rooms that we are about to enter, by their folded names."""
        self.quitting = False
        """Whether we want it to end."""
        self.ended = trio.Event()
        self.own_messages = own_messages
        self.events = EventQueue(buffer)
        self._register = register
        self._keepalive = keepalive
        self._reopen = reopen
        self._memory = Memory()
        self._rooms: dict[str, Room] = {}
        self._unconfirmed: list[Receipt] = []
        self._resumption: Resumption | None = None
        self.link = self._new_link(stream)
        """The connection that there is, or was."""
        # Set while calls can go out; at the end for good.
        self._ready = trio.Event()
        self._away = trio.CancelScope()
        self._failure: ChatError | None = None

    def _new_link(self, stream: trio.abc.Stream) -> Link:
        return Link(
            stream,
            registration=self._register(self.nick, stream),
            support=self.support,
            timeout=self.timeout,
            keepalive=self._keepalive,
            hear=self._hear,
            keeps_unconfirmed=self._reopen is not None,
        )

    @property
    def comes_back(self) -> bool:
        """Whether the loss of the connection is not the end."""
        return (
            self._reopen is not None
            and not self.quitting
            and self._failure is None
            and not self.ended.is_set()
        )

    def why(self) -> ChatError:
        """Return what whoever still wants something is told at the end."""
        return self._failure or ConnectionLost(self.link.reason)

    async def current(self) -> Link:
        """Return a connection on which things can be said; wait for one, if there will be one.

        Raises `ConnectionLost`, or the `Refused` that was the end.
        """
        while self.comes_back and (self.link.ended or not self._ready.is_set()):
            if self._ready.is_set():
                # `run` has not noticed yet.
                self._ready = trio.Event()
            await self._ready.wait()
        if self.link.ended:
            await trio.lowlevel.checkpoint()
            raise self.why()
        return self.link

    def unseen(self, found: list[Said]) -> list[Said]:
        """Return what has not been among the events, and count it as seen from now on.

        `found` are the last messages of one conversation.
        """
        new = []
        keys = [conversation_of(event, self.support) for event in found]
        # What is the last of all is where we go on from, unless more has come meanwhile.
        marks = [self._memory.mark(key) for key in keys[:1]]
        moves = not any(mark is not None and mark.id for mark in marks)
        for key, event in zip(keys, found, strict=True):
            if not self._memory.seen(key, event):
                self._memory.note(key, event, moves=moves)
                new.append(event)
        return new

    def give_up(self) -> None:
        """Look for no other connection any more, where there is none."""
        if not self.link.registered or self.link.ended:
            self._away.cancel()

    async def run(self) -> None:
        """Serve the connection, and those that follow it. Raises nothing that a server causes."""
        try:
            self._ready.set()
            await self.link.run()
            if self.link.registered:
                with self._away:
                    await self._come_back()
        finally:
            self._end()

    def _end(self) -> None:
        self.ended.set()
        self._ready.set()
        for receipt in (*self._unconfirmed, *self.link.unconfirmed):
            receipt.finish(ConnectionLost(str(self.why())))
        self.events.end()

    async def _come_back(self) -> None:
        """Take up the conversation on other connections, until it is to end."""
        attempt = 0
        began = -STEADY
        while self.comes_back:
            # Once for each connection that is lost.
            if trio.current_time() - began >= STEADY:
                attempt = 0
            await self._let_go()
            reason: str | None = ""
            while reason is not None and self.comes_back:
                attempt += 1
                delay = delay_before(attempt)
                await self.events.put(
                    Reconnecting(time=_now(), attempt=attempt, delay=delay, reason=reason)
                )
                await trio.sleep(delay)
                began = trio.current_time()
                reason = await self._attempt()

    async def _let_go(self) -> None:
        lost = self.link
        said = (*self._unconfirmed, *lost.unconfirmed)
        self._unconfirmed = [receipt for receipt in said if not receipt.answered]
        lost.unconfirmed = []
        self._resumption = None
        if self._ready.is_set():
            self._ready = trio.Event()
        await abandon(lost.stream)
        await self.events.put(Disconnected(time=_now(), reason=lost.reason))

    async def _attempt(self) -> str | None:
        """Connect again, and serve the connection until it ends; if that fails, return why."""
        assert self._reopen is not None
        try:
            with trio.fail_after(self.timeout):
                stream = await self._reopen()
        except (ChatError, OSError) as error:
            return str(error)
        except trio.TooSlowError:
            return "the server does not answer"
        link = self.link = self._new_link(stream)
        self._resumption = Resumption(
            link,
            memory=self._memory,
            rooms=self._rooms,
            unconfirmed=self._unconfirmed,
            deliver=self._deliver,
            tell=self.events.put,
        )
        failure: str | None = None
        async with trio.open_nursery() as nursery:

            async def serve() -> None:
                await link.run()
                if link.registered:
                    nursery.cancel_scope.cancel()

            nursery.start_soon(serve)
            try:
                with trio.fail_after(self.timeout):
                    await link.welcomed()
            except ChatError as error:
                failure = str(error)
                if isinstance(error, Refused) and is_final(error):
                    self._failure = error
            except trio.TooSlowError:
                failure = "the server does not complete the registration"
            else:
                await self.events.put(Reconnected(time=_now(), nick=link.nick))
                await self._resumption.run(self._ready.set)
            if failure is not None:
                nursery.cancel_scope.cancel()
        if failure is not None:
            await abandon(stream)
        return failure

    async def _hear(self, event: Event) -> None:
        """Take what happens on the connection."""
        if isinstance(event, Message | Notice):
            await self._hear_said(event)
            return
        if isinstance(event, Joined) and self.link.is_me(event.nick):
            self._entered(event)
        elif isinstance(event, Parted | Kicked) and self.link.is_me(event.nick):
            key = self.support.fold(event.room)
            self._rooms.pop(key, None)
            self._memory.left(key)
        await self.events.put(event)

    def _entered(self, event: Joined) -> None:
        key = self.support.fold(event.room)
        room = self._rooms.setdefault(key, Room(event.room, ""))
        room.key = self.keys.get(key) or room.key
        self._memory.entered(key, event.time)
        if self._is_caught_up:
            self._memory.latest = event.time

    @property
    def _is_caught_up(self) -> bool:
        return self._resumption is None or self._resumption.over

    async def _hear_said(self, event: Said) -> None:
        key = conversation_of(event, self.support)
        if event.history:
            # What a server sends by itself to those who enter a room.
            if self._memory.seen(key, event):
                return
        elif self._resumption is not None and self._resumption.holds(key, event):
            return
        self._memory.note(key, event, moves=not event.history)
        if event.id and not event.history and self._is_caught_up:
            self._memory.latest = event.time
        if not event.own or self.own_messages:
            await self.events.put(event)

    async def _deliver(self, key: str, event: Said) -> None:
        """Hand on what was missed, as fast as it is read."""
        await self.events.room()
        # Nothing comes between the two: what has been seen has been handed on.
        self._memory.note(key, event)
        if not event.own or self.own_messages:
            self.events.put_nowait(event)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
