"""The hub: the one task that owns the chat, and turns it tick by tick.

A tick takes everything that has arrived, has the core decide, has the journal store what has to
survive, and only then sends. While it is busy the next one's input piles up, so the busier the
server, the more one system call carries. When a commit takes long, steps are taken meanwhile, and
what they show that has not to be stored goes out, but to nobody for whom something else waits.

Invariants: nothing is shown before the journal has stored it; nobody's state changes but in
`Core.step`; everybody is sent what is theirs in the order of the steps, whatever waited for what.
"""

from __future__ import annotations

import collections
import math
import time
from collections.abc import Awaitable, Callable, Collection
from functools import lru_cache

import structlog
import trio

from trio_chat.core.attempts import named
from trio_chat.core.core import Core
from trio_chat.core.entries import Record
from trio_chat.core.feed import Chunk, write
from trio_chat.core.inputs import Disconnected, Elapsed, Input, Report, ShutDown, UserId
from trio_chat.core.networks import shown_host
from trio_chat.core.requests import Administered
from trio_chat.core.withholding import is_in_force
from trio_chat.journal import Commit, Journal, JournalError
from trio_chat.server.connection import Connection
from trio_chat.server.door import Door
from trio_chat.server.errands import Errands
from trio_chat.server.inbox import Inbox
from trio_chat.server.incidents import Incidents
from trio_chat.server.meters import CUT_OFF, REFUSED, TURNED_AWAY, WRONG, Meters
from trio_chat.server.outbox import GONE
from trio_chat.server.pacing import Pacing
from trio_chat.server.poller import Poller
from trio_chat.server.step import Part, Step, in_turn

log = structlog.get_logger()

LINES_AT_ONCE = 4096
"""Lines after which a tick takes no more input: the rest is for the next one."""
SOON = 0.01
"""Seconds that everybody waits for a commit: after that, whoever is not concerned goes on."""
PACE = 0.02
"""Seconds between two steps while a commit takes long."""
HELD = 65_536
"""How much may wait for a commit (`Step.weight`): after that everybody does, and what they send
piles up in the inbox."""
_WRONG = (WRONG, "Wrong password")
_TURNED_AWAY = (TURNED_AWAY, "Too many attempts")
_YIELD_EVERY = 0.004
"""Seconds of sending after which everybody else gets a turn."""


async def _nothing_to_reload() -> str:
    await trio.lowlevel.checkpoint()
    return "There is no configuration to read"


def _take_its_word(connection: Connection, address: str) -> str:
    connection.move(address, exempt=False)
    return ""


@lru_cache(maxsize=1)
def _utc_offset(minute: int) -> int:
    """Return how many seconds the local time is ahead of UTC in a minute since the epoch."""
    return time.localtime(minute * 60).tm_gmtoff


async def _comes(commit: Commit, seconds: float) -> bool:
    """Wait for a commit, for so long; return whether it is stored. Raises `JournalError`."""
    with trio.move_on_after(seconds):
        await commit.wait()
        return True
    return False


class Hub:
    """Everybody's connections on one side, the core on the other.

    `now` returns the time to be shown, in seconds since the epoch; what takes time is measured on
    trio's clock. `nursery` is where connections live. `on_end` is told of each that has ended, and
    `on_move` has one counted under another IP address (or returns why it can not be). `on_reload`
    reads the configuration again, and returns what is wrong with it. `on_administered` is told what
    came of what whoever runs the server has asked for. `on_tick` is told after each tick how many
    inputs it took. `report` returns what the server does, for operators.
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
        on_administered: Callable[[Administered], None] = lambda _: None,
        on_tick: Callable[[int], None] = lambda _: None,
        report: Callable[[], Report] = tuple,
    ) -> None:
        self.core = core
        self.nursery = nursery
        self.connections: dict[UserId, Connection] = {}
        """By user: those that the core may still send something to."""
        self.cut_off = 0
        """Connections that ended before their peers had read to the end."""
        self.meters = Meters()
        incidents = Incidents(self.meters, now)
        self.count = incidents.count
        self.count_trouble = incidents.count_trouble
        self.storing: float | None = None
        """Since when a commit is under way that takes long, if one is, on trio's clock."""
        self.stored: tuple[float, str] | None = None
        """When the last one was made, on that clock, and why nothing was stored; empty: it was."""
        self._open: set[Connection] = set()
        self._journal = journal
        self._errands = Errands(self, journal, nursery, on_reload, on_administered, report)
        self._now = now
        self._on_end = on_end
        self.move = on_move
        self._on_tick = on_tick
        self.inbox = Inbox()
        self.poller = Poller(self.inbox)
        self.door = Door()
        self._pacing = Pacing()
        self._waited = 0.0
        """Seconds of the tick in which it has waited for the journal."""
        self._alarm = trio.CancelScope()
        """What ends with the core's next deadline."""
        self._due: float | None = None
        """That deadline."""
        self._idle: trio.Event | None = None
        self._owed: list[tuple[int, list[Record]]] = []
        """What is to be stored yet, by numbers of steps."""

    # --- For connections

    def add(self, connection: Connection) -> None:
        """Take charge of a connection."""
        self.connections[connection.id] = connection
        self._open.add(connection)
        log.debug("connected", host=connection.host)

    def ended(self, connection: Connection) -> None:
        """Note that a connection is closed, its descriptor included."""
        self._open.remove(connection)
        self._on_end(connection)
        log.debug("disconnected", host=connection.host)
        if not self._open and self._idle is not None:
            self._idle.set()

    @property
    def open(self) -> int:
        """Connections that have not ended, those who are only being seen off included."""
        return len(self._open)

    @property
    def all(self) -> Collection[Connection]:
        """Those connections. What is done with them must not wait."""
        return self._open

    @property
    def waiting(self) -> int:
        """Questions to the history whose turn has not come."""
        return self._errands.waiting

    @property
    def is_ending(self) -> bool:
        """Whether everybody is being sent off."""
        return self._idle is not None

    @property
    def now(self) -> float:
        """The time that is shown, in seconds since the epoch."""
        return self._now()

    @property
    def is_unsealed(self) -> bool:
        """Whether history must not be read now (`Core.unsealed`)."""
        return self.core.unsealed

    def refusal(self, address: str) -> str:
        """Return why nobody at an address is let in; nothing, if they are."""
        return self.core.refusal(address, trio.current_time())

    def has(self, connection: Connection) -> bool:
        """Whether the core may still send something to somebody."""
        return connection.id in self.connections

    async def put(self, item: Input) -> None:
        """Put an input into the inbox: at once where there is room, else as soon as there is."""
        await self.inbox.put(item)

    def put_now(self, item: Input) -> None:
        """Put an input where the next tick finds it, whether or not the inbox has room."""
        self.inbox.put_now(item)

    def note_cut_off(
        self, connection: Connection, reason: str, *, nickname: str = "", **details: object
    ) -> None:
        """Count, and log, that we have ended a connection; of whom, if the core has forgotten."""
        if not nickname and (user := self.core.state.users.get(connection.id)) is not None:
            nickname = user.nickname
        self.count(CUT_OFF, reason, host=connection.host, nickname=nickname, **details)

    # --- The loop

    async def run(self) -> None:
        """Turn tick by tick, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._remind, name="deadlines")
            while True:
                if self.core.busy:
                    # Everybody else gets a turn between two steps: in the first trio sees who is
                    # ready, and in the second they have put what they read into the inbox.
                    await trio.lowlevel.checkpoint()
                    await trio.lowlevel.checkpoint()
                else:
                    await self.inbox.wait_filled()
                await self._turn(self.inbox.take(LINES_AT_ONCE))

    async def _turn(self, inputs: list[Input]) -> None:
        """Take a tick, and the pause after it if it pays."""
        began, self._waited = time.perf_counter(), 0.0
        shown, readers = await self.tick(inputs)
        cost = time.perf_counter() - began - self._waited
        self.meters.ticks.observe(cost)
        self._on_tick(len(inputs))
        self._set_alarm()
        if self.core.busy:
            return
        pause = self._pacing.pause(cost, waited=self._waited, shown=shown, readers=readers)
        if pause:
            with trio.move_on_after(pause):
                await self.inbox.wait_filled(Pacing.enough(readers))

    async def _remind(self) -> None:
        """Tell the core when time has come to one of its deadlines."""
        self._set_alarm()
        while True:
            with self._alarm:
                await trio.sleep_forever()
            # The tick that this wakes sets it anew.
            self._alarm, self._due = trio.CancelScope(), None
            self.inbox.put_now(Elapsed())

    def _set_alarm(self) -> None:
        """Have the core told of its next deadline. That it changes is rarer than a tick is."""
        due = self.core.next_deadline
        if due != self._due:
            self._due = due
            self._alarm.deadline = math.inf if due is None else due

    async def tick(self, inputs: list[Input]) -> tuple[int, int]:
        """Decide, store, show. Return how many events were shown, each counted for everybody who
        saw it, and how many users that were."""
        step = self._decide(inputs)
        if step.has_records:
            await self._store([step])
        else:
            await self._release(step)
        return step.effects.shown, step.readers

    def _decide(self, inputs: list[Input]) -> Step:
        now = self._now()
        effects = self.core.step(
            inputs, now, _utc_offset(int(now) // 60), monotonic=trio.current_time()
        )
        for failure in effects.failures:
            log.error("an input failed, and its connection with it", exc_info=failure)
        for address, about, is_wrong in effects.rejected:
            event, reason = _WRONG if is_wrong else _TURNED_AWAY
            self.count(event, reason, host=shown_host(address), **named(about))
        step = Step(self.core, inputs, effects)
        meters = self.meters
        meters.lines += step.lines
        meters.messages += effects.said
        meters.deliveries += effects.shown
        meters.logins += effects.logins
        return step

    # --- Storing

    async def _store(self, steps: list[Step]) -> None:
        """Store what steps have to be stored, and show them; and those that are taken meanwhile, if
        that takes long."""
        while steps:
            stored = [
                (step.effects.number, step.effects.records) for step in steps if step.has_records
            ]
            commit = self._journal.begin([*self._owed, *stored])
            later: list[Step] = []
            began = time.perf_counter()
            try:
                with self.poller.held():
                    soon = await _comes(commit, SOON)
                if not soon:
                    await self._go_on_without(commit, steps, later)
                self._note_commit(time.perf_counter() - began, stored)
            except JournalError as error:
                self._note_failure(str(error))
                count = sum(len(step.effects.records) for step in steps)
                self.count_trouble("could not store messages", str(error), messages=count)
                for step in steps:
                    self.core.withhold(step.effects)
                self._owe(stored)
            else:
                self._owed.clear()
                for step in steps:
                    self.core.stored(step.effects)
            for step in steps:
                await self._release(step)
            # What has only waited for those can go as well, in order.
            while later and not later[0].has_records:
                await self._release(later.pop(0))
            steps = later

    def _note_commit(self, seconds: float, stored: list[tuple[int, list[Record]]]) -> None:
        """Note that a commit is over, after which what it had is stored."""
        self._waited += seconds
        self.storing, self.stored = None, (self.core.context.monotonic, "")
        self.meters.commits.observe(seconds)
        for _, records in stored:
            self.meters.records += len(records)

    def _note_failure(self, fault: str) -> None:
        """Note that a commit has failed."""
        self.storing, self.stored = None, (self.core.context.monotonic, fault)
        self.meters.failed_commits += 1

    def _owe(self, steps: list[tuple[int, list[Record]]]) -> None:
        """Note what is shown although it could not be stored: who came and went, and the like. It
        goes in front of what is stored next, with the ids that it had."""
        for number, records in steps:
            shown = [one for one in records if is_in_force(one)]
            if shown:
                self._owed.append((number, shown))
        while sum(len(records) for _, records in self._owed) > HELD:
            lost = self._owed.pop(0)
            self.count_trouble("gave up what could not be stored", "Too much", events=len(lost[1]))

    async def _go_on_without(self, commit: Commit, steps: list[Step], later: list[Step]) -> None:
        """Take steps while a commit is under way, and show of them what has not to wait for it.

        Whoever is shown something that is not stored yet, or has said it, waits, and so does all
        that comes for them after it. What is left of each step goes into `later`, and is stored
        together. Raises `JournalError` if the commit fails.
        """
        self.storing = trio.current_time() - SOON
        blocked: set[UserId] = set()
        weight = 0
        for step in steps:
            await self._release_to_others(step, blocked)
            weight += step.weight
        while not await _comes(commit, PACE):
            if weight >= HELD or not (self.inbox.inputs or self.core.busy):
                continue
            began = time.perf_counter()
            inputs = self.inbox.take(LINES_AT_ONCE)
            step = self._decide(inputs)
            await self._release_to_others(step, blocked)
            self.meters.ticks.observe(time.perf_counter() - began)
            if not step.is_done:
                later.append(step)
                weight += step.weight
            self._on_tick(len(inputs))
            self._set_alarm()

    # --- Showing

    async def _release(self, step: Step) -> None:
        """Do all that is left of a step."""
        self._hold_and_release(step)
        await self._do(step.rest())
        if step.farewell is not None:
            # Those who are not users yet.
            for waiting in list(self.connections.values()):
                waiting.dismiss(step.farewell)
            self.connections.clear()

    async def _release_to_others(self, step: Step, blocked: set[UserId]) -> None:
        """Do what is for others than those who are blocked, or are from now on."""
        self._hold_and_release(step)
        if step.has_records:
            blocked |= self.core.concerned(step.effects)
        await self._do(step.split(blocked))

    def _hold_and_release(self, step: Step) -> None:
        """From whom is read, and how slowly, says nothing to anybody: it is at once."""
        reading, step.effects.reading = step.effects.reading, []
        for user, on in reading:
            self._read(user, on=on)
        charges, step.effects.charges = step.effects.charges, []
        for user, count in collections.Counter(charges).items():
            if user in self.connections:
                self.connections[user].charge(count)

    async def _do(self, part: Part) -> None:
        await self._fan_out(part.outputs)
        for request in part.requests:
            self._errands.send(request, self.connections.get(request.user))
        for user, reason, nickname in part.closes:
            self._close(user, reason, nickname)
        for user, address in part.moves:
            self._move(user, address)
        for user in part.finished:
            self._finish(user)

    async def _fan_out(self, outputs: list[tuple[UserId, list[Chunk]]]) -> None:
        connections = self.connections
        merged: dict[tuple[Chunk, ...], bytes] = {}
        turn = time.perf_counter()
        for place, (user, chunks) in enumerate(in_turn(outputs)):
            connection = connections.get(user)
            if connection is None:
                continue
            try:
                data = chunks[0].data(user) if len(chunks) == 1 else write(chunks, user, merged)
            except Exception:
                log.exception("could not write what a client is to be sent", user=user)
                self._give_up(connection, "Internal error")
                continue
            if data:
                connection.outbox.push(data)
            if not place & 31 and time.perf_counter() - turn > _YIELD_EVERY:
                await trio.lowlevel.checkpoint()
                turn = time.perf_counter()

    def _read(self, user: UserId, *, on: bool) -> None:
        connection = self.connections.get(user)
        if connection is None:
            return
        try:
            if on:
                connection.release()
            else:
                connection.hold()
        except Exception:
            log.exception("a connection could not be held or released", user=user)
            self._give_up(connection, "Internal error")

    def _close(self, user: UserId, reason: str, nickname: str) -> None:
        """End a connection that the core has closed; log it, unless that was to be expected."""
        connection = self.connections.get(user)
        expected = reason == GONE or reason.startswith("Quit: ") or self.is_ending
        if connection is not None and not expected:
            self.note_cut_off(connection, reason, nickname=nickname)
        self._finish(user)

    def _move(self, user: UserId, address: str) -> None:
        """Have a user counted under another address; send them off where they are not let in."""
        connection = self.connections.get(user)
        if connection is None:
            return
        reason = self.move(connection, address)
        if reason:
            self.count(REFUSED, reason, host=connection.host, address=address)
            self._give_up(connection, reason)

    def _give_up(self, connection: Connection, reason: str) -> None:
        """End a connection that the core has not closed, and hears of in the next tick."""
        # Nothing may follow the line that says why.
        del self.connections[connection.id]
        connection.dismiss(reason)
        self.put_now(Disconnected(user=connection.id, reason=reason))

    def _finish(self, user: UserId) -> None:
        connection = self.connections.pop(user, None)
        if connection is not None:
            connection.finish()

    # --- The end

    async def shut_down(self, reason: str) -> None:
        """Send everybody off, and wait until they are gone."""
        self._idle = trio.Event()
        await self.put(ShutDown(reason=reason))
        if self.open:
            await self._idle.wait()
