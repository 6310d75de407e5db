"""What a crowd says, and when: at a given rate, or as fast as a window lets it.

Owns the two models of load and the proof of delivery that ends each. It knows no server: a `meter`,
which may be a server's CPU time, is read when the first message is said and when the last is
delivered.

A *paced* load is an open model: messages are due at fixed times, whatever became of the ones
before, and their delay counts from when they were due, so that a server that falls behind can not
slow down the question. A *saturating* load keeps every room `window` messages ahead of its slowest
member: the server always has something to do, and never more than that to queue for anybody.

Both return when everything said has been delivered to everyone, or nothing has come for the crowd's
`patience`. `Outcome.faults` is empty only if every client got every message, once.
"""

from __future__ import annotations

import contextlib
import gc
import math
import select
import time
from collections.abc import Callable, Iterator

import msgspec

from loadtest.bench import messages, process
from loadtest.bench.crowd import Crowd, CrowdError, Room

FAULTS_TOLD = 5
"""Faults of one kind that are told one by one."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one load."""

    deliveries: int
    """Messages received, all clients together."""
    owed: int
    """Messages that they should have received."""
    seconds: float
    """From the first message said to the last delivered."""
    own_cpu: float
    """CPU seconds that the crowd itself took for it."""
    metered: float
    """By how much the meter went up meanwhile."""
    busy: float
    """CPU seconds that everything on this machine took meanwhile."""
    delays: list[int]
    """Nanoseconds from due to read, of every message, for the clients that were audited; sorted."""
    lateness: list[int]
    """Nanoseconds from due to said, of every message that was paced; sorted. It is part of the
    delays, and none of the server's doing."""
    faults: list[str]
    """What was lost, came twice or out of order, and who lost the connection, in words."""


class _Stock(msgspec.Struct, frozen=True, kw_only=True):
    """The counters when a load begins."""

    deliveries: int
    owed: int
    wall: float
    cpu: float
    meter: float
    busy: float


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from taking its time in the middle of a load."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Load:
    """Lets a crowd speak, in texts of `size` bytes. `between` is called a few times a second."""

    def __init__(
        self,
        crowd: Crowd,
        *,
        size: int = messages.TEXT_SIZE,
        meter: Callable[[], float] = lambda: 0.0,
        between: Callable[[], None] | None = None,
    ) -> None:
        self.crowd = crowd
        self.size = size
        self.meter = meter
        self.between = between
        self._next_between = 0.0
        self._lateness: list[int] = []

    @_no_collection()
    def pace(self, *, seconds: float, rate: float) -> Outcome:
        """Say `rate` messages a second, in all, for `seconds`; rooms and members take turns."""
        crowd = self.crowd
        total = round(seconds * rate)
        period = 1e9 / rate
        before = self._stock()
        start = time.perf_counter_ns()
        said = 0
        while said < total:
            now = time.perf_counter_ns()
            until = min(total, int((now - start) / period) + 1)
            while said < until:
                room = crowd.rooms[said % len(crowd.rooms)]
                member = room.members[room.turn]
                room.turn = (room.turn + 1) % len(room.members)
                due = start + int(said * period)
                crowd.say(member, 1, due, self.size)
                self._lateness.append(time.perf_counter_ns() - due)
                said += 1
            self._wait(start + int(said * period))
        self._drain()
        return self._outcome(before)

    @_no_collection()
    def saturate(self, *, seconds: float, window: int) -> Outcome:
        """Say for `seconds` as much as keeps the slowest at most `window` messages behind."""
        crowd = self.crowd
        before = self._stock()
        end = time.monotonic() + seconds
        rooms = crowd.rooms
        while time.monotonic() < end:
            for room in rooms:
                credit = window - room.behind()
                if credit > 0:
                    self._use(room, credit)
            rooms = crowd.poll(0.1)
            self._call_between()
        self._drain()
        return self._outcome(before)

    def _use(self, room: Room, credit: int) -> None:
        """Say `credit` messages in a room, its members taking turns, each its share at once."""
        members = room.members
        share = math.ceil(credit / len(members))
        due = time.perf_counter_ns()
        while credit > 0:
            count = min(share, credit)
            self.crowd.say(members[room.turn], count, due, self.size)
            room.turn = (room.turn + 1) % len(members)
            credit -= count

    def _wait(self, due: int) -> None:
        """Read what comes until `due`, and at least once."""
        crowd = self.crowd
        left = (due - time.perf_counter_ns()) / 1e9
        if left > 0:
            # The epoll itself would wait whole milliseconds, which is as long as what is measured.
            select.select([crowd], [], [], left)
        crowd.poll(0)
        self._call_between()

    def _drain(self) -> None:
        """Read until everything is delivered, or nothing has come for the crowd's patience."""
        crowd = self.crowd
        last_sign = time.monotonic()
        while any(room.behind() > 0 for room in crowd.rooms):
            if crowd.poll(0.1):
                last_sign = time.monotonic()
            elif time.monotonic() - last_sign > crowd.patience:
                break
            self._call_between()

    def _call_between(self) -> None:
        if self.between is not None and time.monotonic() >= self._next_between:
            self.between()
            self._next_between = time.monotonic() + 0.25

    def _stock(self) -> _Stock:
        self._lateness.clear()
        for client in self.crowd.clients:
            if client.audit is not None:
                client.audit.delays.clear()
        return _Stock(
            deliveries=self.crowd.deliveries(),
            owed=self._owed(),
            wall=time.perf_counter(),
            cpu=time.process_time(),
            meter=self.meter(),
            busy=process.busy_seconds(),
        )

    def _owed(self) -> int:
        """Return how many deliveries all that was ever said makes."""
        return sum(
            room.said * len(room.members) - sum(m.said for m in room.members if not m.echo)
            for room in self.crowd.rooms
        )

    def _outcome(self, before: _Stock) -> Outcome:
        wall, cpu, meter = time.perf_counter(), time.process_time(), self.meter()
        busy = process.busy_seconds()
        faults = self._faults()
        audits = [client.audit for client in self.crowd.clients if client.audit is not None]
        return Outcome(
            deliveries=self.crowd.deliveries() - before.deliveries,
            owed=self._owed() - before.owed,
            seconds=wall - before.wall,
            own_cpu=cpu - before.cpu,
            metered=meter - before.meter,
            busy=busy - before.busy,
            delays=sorted(delay for audit in audits for delay in audit.delays),
            lateness=sorted(self._lateness),
            faults=faults,
        )

    def _faults(self) -> list[str]:
        """Return what went wrong. After a barrier: what a server sends twice has come by then."""
        crowd = self.crowd
        faults = []
        try:
            crowd.barrier()
        except CrowdError as error:
            faults.append(str(error))
        for room in crowd.rooms:
            for member, count in zip(room.members, room.counts, strict=True):
                if count < room.said:
                    faults.append(f"client {member.index} lost {room.said - count} messages")
                elif count > room.said:
                    faults.append(f"client {member.index} got {count - room.said} twice")
                audit = member.audit
                if audit is None:
                    continue
                faults.extend(f"client {member.index}: {fault}" for fault in audit.faults)
                audit.faults.clear()
                for sender in room.members:
                    last = audit.last.get(sender.index, 0)
                    if last != sender.said and (sender.echo or sender is not member):
                        faults.append(
                            f"client {member.index} has {last} of client {sender.index}'s "
                            f"{sender.said} messages"
                        )
        if len(faults) > FAULTS_TOLD:
            faults[FAULTS_TOLD:] = [f"and {len(faults) - FAULTS_TOLD} more faults"]
        return faults
