"""The hub: the one task that owns the chat, and turns it tick by tick.

A tick takes everything that has arrived, has the core decide, has the journal store what has to
survive, and only then sends. While it is busy the next one's input piles up, so the busier the
server, the more one system call carries.

Invariants: nothing is shown before `Journal.commit` has returned for it; nobody's state changes but
in `Core.step`; no tick begins before the last one's output has been handed to every outbox.
"""

from __future__ import annotations

import collections
import math
import time
from collections.abc import Awaitable, Callable

import structlog
import trio

from trio_chat.core.core import Core
from trio_chat.core.feed import Chunk, write
from trio_chat.core.inputs import (
    Completed,
    Disconnected,
    Elapsed,
    Input,
    Received,
    ShutDown,
    UserId,
)
from trio_chat.core.output import AwaitSent, CheckPassword, Effects, Reload
from trio_chat.journal import Journal, JournalError
from trio_chat.server.connection import Connection
from trio_chat.server.outbox import GONE
from trio_chat.server.passwords import Passwords

log = structlog.get_logger()

INBOX_SIZE = 2048
"""Inputs that wait for the next tick. Each is at most what one read brings."""
LINES_AT_ONCE = 4096
"""Lines after which a tick takes no more input: the rest is for the next one."""
_YIELD_EVERY = 0.004
"""Seconds of sending after which everybody else gets a turn."""
_COSTLY = 0.000_4
"""Seconds. A tick that took longer is followed by a pause, so that the next one gathers more."""
_PAUSE_FACTOR = 2.0
_LONGEST_PAUSE = 0.020
"""Seconds."""
_FULL_ENOUGH = 64
"""Inputs that end a pause: gathering more of them would not make them any cheaper."""


async def _nothing_to_reload() -> str:
    await trio.lowlevel.checkpoint()
    return "There is no configuration to read"


def _take_its_word(connection: Connection, address: str) -> str:
    connection.move(address, exempt=False)
    return ""


class Hub:
    """Everybody's connections on one side, the core on the other.

    `now` returns the time in seconds since the epoch. `nursery` is where connections live.
    `on_end` is told of each that has ended, and `on_move` has one counted under another IP address
    (or returns why it can not be). `on_reload` reads the configuration again, and returns what is
    wrong with it. `on_tick` is told after each tick how many inputs it took.
    """

    def __init__(
        self,
        core: Core,
        journal: Journal,
        nursery: trio.Nursery,
        *,
        now: Callable[[], float] = time.time,
        on_end: Callable[[Connection], None] = lambda _: None,
        on_move: Callable[[Connection, str], str] = _take_its_word,
        on_reload: Callable[[], Awaitable[str]] = _nothing_to_reload,
        on_tick: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.core = core
        self.nursery = nursery
        self.connections: dict[UserId, Connection] = {}
        """By user: those that the core may still send something to."""
        self.cut_off = 0
        """Connections that ended before their peers had read to the end."""
        self.open = 0
        """Connections that have not ended, those who are only being seen off included."""
        self._journal = journal
        self.now = now
        self._on_end = on_end
        self.move = on_move
        self._on_reload = on_reload
        self._on_tick = on_tick
        self._send, self._receive = trio.open_memory_channel[Input](INBOX_SIZE)
        self._late: list[Input] = []
        self._waiting = 0
        self._full: trio.Event | None = None
        self._passwords = Passwords()
        self._asking: dict[int, UserId] = {}
        self._counts: collections.Counter[str] = collections.Counter()
        self._logged: dict[str, float] = {}
        self._idle: trio.Event | None = None

    # --- For connections

    def add(self, connection: Connection) -> None:
        """Take charge of a connection."""
        self.connections[connection.id] = connection
        self.open += 1
        log.debug("connected", host=connection.host)

    def ended(self, connection: Connection) -> None:
        """Note that a connection is closed, its descriptor included."""
        self.open -= 1
        self._on_end(connection)
        log.debug("disconnected", host=connection.host)
        if self.open == 0 and self._idle is not None:
            self._idle.set()

    async def put(self, item: Input) -> None:
        """Put an input into the inbox: at once where there is room, else as soon as there is."""
        try:
            self._send.send_nowait(item)
        except trio.WouldBlock:
            await self._send.send(item)
        self._waiting += 1
        if self._full is not None and self._waiting >= _FULL_ENOUGH:
            self._full.set()

    def put_now(self, item: Input) -> None:
        """Put an input where the next tick finds it, whether or not the inbox has room."""
        try:
            self._send.send_nowait(item)
        except trio.WouldBlock:
            # A full inbox is about to be taken, and these with it.
            self._late.append(item)

    def count(self, event: str, reason: str, **details: object) -> None:
        """Count that something was refused or cut off; log it, and how often it has happened.

        Once a second for each reason at most: whoever causes it can cause it very often.
        """
        self._counts[reason] += 1
        now = trio.current_time()
        if now - self._logged.get(reason, -math.inf) >= 1:
            self._logged[reason] = now
            log.info(event, reason=reason, times=self._counts[reason], **details)

    # --- The loop

    async def run(self) -> None:
        """Turn tick by tick, until cancelled."""
        while True:
            inputs = await self._gather()
            began = time.perf_counter()
            await self.tick(inputs)
            cost = time.perf_counter() - began
            self._on_tick(len(inputs))
            if cost > _COSTLY:
                await self._pause(min(cost * _PAUSE_FACTOR, _LONGEST_PAUSE))

    async def _gather(self) -> list[Input]:
        """Wait for something to happen, or for a deadline; return everything that there is."""
        inputs: list[Input] = []
        deadline = self.core.next_deadline
        try:
            if not self._late:
                if deadline is None:
                    inputs.append(await self._receive.receive())
                else:
                    with trio.move_on_after(max(0.0, deadline - self.now())):
                        inputs.append(await self._receive.receive())
            lines = 0
            while lines < LINES_AT_ONCE:
                item = self._receive.receive_nowait()
                inputs.append(item)
                lines += len(item.lines) if type(item) is Received else 1
        except trio.WouldBlock:
            pass
        self._waiting = 0
        if self._late:
            inputs += self._late
            self._late = []
        if deadline is not None and deadline <= self.now():
            inputs.append(Elapsed())
        return inputs

    async def _pause(self, seconds: float) -> None:
        """Let input gather: for so long, or until there is enough for a tick to be worth it."""
        self._full = trio.Event()
        if self._waiting < _FULL_ENOUGH:
            with trio.move_on_after(seconds):
                await self._full.wait()
        self._full = None

    async def tick(self, inputs: list[Input]) -> None:
        """Decide, store, show."""
        now = self.now()
        effects = self.core.step(inputs, now, time.localtime(now).tm_gmtoff)
        if effects.records:
            try:
                await self._journal.commit(effects.records)
            except JournalError as error:
                log.error("could not store messages", error=str(error), count=len(effects.records))
                self.core.withhold(effects)
        self._ask(effects)
        await self._fan_out(effects.outputs)
        for user, reason in effects.closes:
            self._close(user, reason)
        for user, address in effects.moves:
            self._move(user, address)
        for failure in effects.failures:
            log.error("an input failed, and its connection with it", exc_info=failure)
        for item in inputs:
            if type(item) is ShutDown:
                # Those who are not users yet.
                for waiting in list(self.connections.values()):
                    waiting.dismiss(item.reason)
                self.connections.clear()
            elif type(item) is Disconnected:
                # Who waits for an answer is let go by the core, once there is one.
                if not self.core.waits(item.user):
                    self._finish(item.user)
            elif type(item) is Completed:
                self._release(item.request)

    async def _fan_out(self, outputs: list[tuple[UserId, list[Chunk]]]) -> None:
        connections = self.connections
        merged: dict[tuple[Chunk, ...], bytes] = {}
        turn = time.perf_counter()
        for place, (user, chunks) in enumerate(outputs):
            connection = connections.get(user)
            if connection is None:
                continue
            try:
                data = chunks[0].data(user) if len(chunks) == 1 else write(chunks, user, merged)
            except Exception:
                log.exception("could not write what a client is to be sent", user=user)
                self.put_now(Disconnected(user=user, reason="Internal error"))
                continue
            if data:
                connection.outbox.push(data)
            if not place & 31 and time.perf_counter() - turn > _YIELD_EVERY:
                await trio.lowlevel.checkpoint()
                turn = time.perf_counter()

    def _close(self, user: UserId, reason: str) -> None:
        """End a connection that the core has closed; log it, unless that was to be expected."""
        connection = self.connections.get(user)
        expected = reason == GONE or reason.startswith("Quit: ") or self._idle is not None
        if connection is not None and not expected:
            self.count("closed", reason, host=connection.host)
        self._finish(user)

    def _move(self, user: UserId, address: str) -> None:
        """Have a user counted under another address; send them off where they are not let in."""
        connection = self.connections.get(user)
        if connection is None:
            return
        reason = self.move(connection, address)
        if reason:
            self.count("refused", reason, host=connection.host, address=address)
            # Nothing may follow the line that says why; the core hears of it in the next tick.
            del self.connections[user]
            connection.dismiss(reason)
            self.put_now(Disconnected(user=user, reason=reason))

    def _finish(self, user: UserId) -> None:
        connection = self.connections.pop(user, None)
        if connection is not None:
            connection.finish()

    # --- Requests

    def _ask(self, effects: Effects) -> None:
        for request in effects.requests:
            connection = self.connections.get(request.user)
            if connection is None:
                continue
            connection.hold()
            self._asking[request.id] = request.user
            if isinstance(request, CheckPassword):
                self.nursery.start_soon(self._check, request, connection)
            elif isinstance(request, AwaitSent):
                self.nursery.start_soon(self._await_sent, request, connection)
            else:
                self.nursery.start_soon(self._reload, request)

    async def _check(self, request: CheckPassword, connection: Connection) -> None:
        result = await self._passwords.check(
            request.hash, request.password, wanted=lambda: request.user in self.connections
        )
        if result is False:
            self.count("wrong password", "Wrong password", host=connection.host)
        await self.put(Completed(request=request.id, result=bool(result)))

    async def _await_sent(self, request: AwaitSent, connection: Connection) -> None:
        await connection.outbox.wait_emptied()
        await self.put(Completed(request=request.id, result=True))

    async def _reload(self, request: Reload) -> None:
        fault = await self._on_reload()
        await self.put(Completed(request=request.id, result=not fault, detail=fault))

    def _release(self, request: int) -> None:
        user = self._asking.pop(request)
        connection = self.connections.get(user)
        if connection is not None and not self.core.waits(user):
            connection.release()

    # --- The end

    async def shut_down(self, reason: str) -> None:
        """Send everybody off, and wait until they are gone."""
        self._idle = trio.Event()
        await self.put(ShutDown(reason=reason))
        if self.open:
            await self._idle.wait()
