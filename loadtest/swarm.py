"""The course of a run: probe, ramp, hold, drain, verdict.

Owns the rooms, the clients and the clock of one run. One greenlet conducts; each client has one
that gets it in and speaks for it (`live`, called by Locust's users); what arrives is read by the
event loop. Knows Locust only as the table it fills. All clients of a room are in this process.
"""

from __future__ import annotations

import gc
import itertools
import logging
import math
import random
import resource
import ssl
import string
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import gevent
from gevent.event import Event as Signal

from loadtest import table as rows
from loadtest.client import WAIT, Access, Client, ClientError, Timings
from loadtest.connection import reason, resolve
from loadtest.diagnosis import Fault
from loadtest.histogram import Histogram
from loadtest.membership import Member, Samples
from loadtest.plan import Plan, PlanError, Role, Target, counted, rooms_in_words
from loadtest.table import Table
from loadtest.verdict import Health, Outcome, Result, Verdict, judge
from loadtest.verifier import Room

TICK = 1.0
LAG_PERIOD = 0.01
"""Seconds between two looks at how late the generator's own timers are."""
PINGS = 20.0
"""PINGs a second, of all clients together."""
OVERTIME = 2.0
"""Seconds after the hold in which senders that are late may still make up for it."""
QUIET = 10.0
"""Seconds without any arrival after which what is missing counts as lost."""
PROBE_SECONDS = 5.0
"""The probe says in one go what a sender says in that time: then the server's limits show."""
PROBE_LINES = 50
SPARE_DESCRIPTORS = 64

log = logging.getLogger("loadtest")


class RunError(Exception):
    """The run can not go on. The text is a sentence without a full stop."""


@dataclass(eq=False, kw_only=True)
class Seat:
    """One client's place in the run."""

    room: Room
    member: Member
    role: Role
    founded: Signal
    number: int
    """Counts the senders, or the churners."""


class Swarm:
    """One run. `start` begins it; it is over when `verdict` is there."""

    def __init__(self, plan: Plan, target: Target, table: Table) -> None:
        self.plan = plan
        self.target = target
        self.verdict: Verdict | None = None
        self.run = "".join(random.choices(string.ascii_lowercase, k=4))
        self._table = table
        self._samples = Samples()
        self._timings = Timings()
        self._lag = Histogram()
        self._lateness = Histogram()
        self._rooms: list[Room] = []
        self._seats: Iterator[Seat] = iter(())
        self._clients: list[Client] = []
        self._senders = 0
        self._churners = 0
        self._access: Access | None = None
        self._open = Signal()
        self._begin = Signal()
        self._origin = time.perf_counter()
        self._start = math.inf
        self._next_connect = 0.0
        self._settled_in = 0
        self._busy = 0
        self._intended = 0
        self._sent = 0
        self._blocked = 0
        self._failures: Counter[str] = Counter()
        self._fatal: str | None = None
        self._reported: set[Room] = set()
        self._greenlets: list[gevent.Greenlet] = []

    def start(self) -> None:
        """Begin; returns at once."""
        self._greenlets.append(gevent.spawn(self._conduct))

    def close(self, why: str = "it was interrupted") -> None:
        """Stop wherever it is, and hang up. Without a verdict, nothing was proven; `why` is what
        is said of that."""
        for greenlet in self._greenlets:
            if greenlet is not gevent.getcurrent():
                greenlet.kill(block=False)
        for client in self._clients:
            client.close()
        if self.verdict is None:
            lines = [f"FAILED: {why} before it could prove anything."]
            self.verdict = Verdict(outcome=Outcome.FAILED, lines=lines)

    # The conductor.

    def _conduct(self) -> None:
        faults: list[Fault] = []
        health = None
        try:
            self._probe()
            self._ramp()
            health = self._hold()
            self._drain()
        except (RunError, PlanError, ClientError) as error:
            self._failures[str(error).removesuffix(".")] += 1
        except Exception as error:
            log.exception("The load test itself failed.")
            self._failures[f"the load test itself failed: {error!r}"] += 1
        if health is not None:
            faults = [fault for room in self._rooms for fault in room.faults()]
        self._tick()
        deliveries = self._table.sum_of(rows.DELIVER).count
        self._table.check(deliveries, faults)
        result = Result(
            said=self._sent,
            deliveries=deliveries,
            clients=self._settled_in,
            rooms=len(self._rooms),
            faults=faults,
            failures=self._failures,
            health=health,
            latencies={
                "deliver": self._table.sum_of(rows.DELIVER),
                "last receiver": self._table.sum_of(rows.LAST),
                "say": self._table.sum_of(rows.SAY),
            },
        )
        self.verdict = judge(self.plan, result)
        self.close()

    def _probe(self) -> None:
        """Let one client in first: it tells whether the run can work at all."""
        target = self.target
        log.info("Probing %s …", target)
        try:
            address = resolve(target.host, target.port)
        except OSError as error:
            raise RunError(f"The host {target.host} is not known: {reason(error)}") from None
        self._raise_descriptor_limit()
        access = Access(address=address, host=target.host, tls=self._tls_context())
        room = Room(f"#{self.run}-probe", Samples(), run=self.run, hears_itself=True)
        member = room.add(f"{self.run}probe", sends=True)
        probe = Client(room, member, access, Timings(), lambda text: None)
        try:
            probe.connect()
            offered = probe.explore()
            hears_itself = "echo-message" in offered
            # Who asks for history themselves is shown none on joining.
            wanted = ("echo-message", "draft/chathistory")
            capabilities = tuple(name for name in wanted if name in offered)
            self._set_up(hears_itself=hears_itself)
            probe.join()
            self._probe_limits(probe)
        except ClientError as error:
            raise RunError(f"{target} can not be loaded: the first client {error}") from None
        finally:
            probe.close()
        if not hears_itself:
            log.info("The server has no echo-message: IRC say can not be measured.")
        self._access = Access(
            address=address, host=target.host, tls=access.tls, capabilities=capabilities
        )

    def _probe_limits(self, probe: Client) -> None:
        """Say at once what a sender says in some seconds: the server must not take longer."""
        each = self.plan.rate / self._senders
        lines = min(PROBE_LINES, max(3, math.ceil(each * PROBE_SECONDS)))
        began = time.perf_counter()
        for _ in range(lines):
            probe.say(self.run, origin=began, intended=began, size=self.plan.message_bytes)
        probe.ping()
        budget = lines / each + 1
        if not probe.wait_pong(budget):
            raise RunError(
                f"{self.target} limits its clients: {lines} lines took it more than {budget:.1f} s,"
                f" and each sender is to say {each:.2g} a second;"
                " raise its flood limits for this address, or give less --rate or more --senders"
            )

    def _tls_context(self) -> ssl.SSLContext | None:
        if not self.target.tls:
            return None
        context = ssl.create_default_context()
        if not self.plan.tls_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _raise_descriptor_limit(self) -> None:
        needed = self.plan.users + SPARE_DESCRIPTORS
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < needed and hard != resource.RLIM_INFINITY and hard < needed:
            raise RunError(
                f"{self.plan.users} clients need {needed} open files, and the limit here is {hard}"
            )
        if soft < needed:
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))

    def _set_up(self, *, hears_itself: bool) -> None:
        """Make the rooms, and a seat in them for each client: all founders come first."""
        plan = self.plan
        members = itertools.count()
        seats: list[list[Seat]] = []
        for number, size in enumerate(plan.room_sizes()):
            room = Room(
                f"#{self.run}-{number}", self._samples, run=self.run, hears_itself=hears_itself
            )
            self._rooms.append(room)
            founded = Signal()
            seats.append([])
            for role in plan.roles(size, hears_itself=hears_itself):
                member = room.add(
                    f"{self.run}{next(members)}",
                    sends=role is Role.SENDER,
                    permanent=role is not Role.CHURNER,
                )
                seats[-1].append(
                    Seat(room=room, member=member, role=role, founded=founded, number=0)
                )
        by_turn = [seat for turn in itertools.zip_longest(*seats) for seat in turn if seat]
        # Numbered by turn, so that messages that follow one another go to different rooms.
        for role in (Role.SENDER, Role.CHURNER):
            for number, seat in enumerate(seat for seat in by_turn if seat.role is role):
                seat.number = number
        self._senders = sum(seat.role is Role.SENDER for seat in by_turn)
        self._churners = sum(seat.role is Role.CHURNER for seat in by_turn)
        self._seats = iter(by_turn)

    def _ramp(self) -> None:
        plan = self.plan
        log.info(
            "Letting %s into %s, %g a second …",
            counted(plan.users, "client"),
            rooms_in_words(plan.users, plan.rooms),
            plan.spawn_rate,
        )
        self._next_connect = time.perf_counter()
        self._open.set()
        self._spawn(self._tick_now_and_then)
        limit = plan.users / plan.spawn_rate * 2 + WAIT
        self._wait(lambda: self._settled_in == plan.users, limit)
        if self._settled_in < plan.users:
            raise RunError(
                f"Only {self._settled_in} of {plan.users} clients were in after {limit:.0f} s"
            )

    def _hold(self) -> Health:
        plan = self.plan
        log.info("Everyone is in. %g messages a second for %g s …", plan.rate, plan.hold)
        # A collection in between would look like the server's latency.
        gc.collect()
        gc.freeze()
        self._busy = self._senders + self._churners
        self._start = self._origin = time.perf_counter() + 0.1
        cpu = time.process_time()
        self._begin.set()
        greenlets = [self._spawn(self._watch_lag), self._spawn(self._ping_in_turn)]
        try:
            self._wait(lambda: time.perf_counter() >= self._start + plan.hold, plan.hold + 1)
        finally:
            gevent.killall(greenlets)
            gc.unfreeze()
        percent = 100 * (time.process_time() - cpu) / (time.perf_counter() - self._start)
        self._wait(lambda: self._busy == 0, OVERTIME + WAIT)
        self._table.merge(rows.LAG, self._lag)
        return Health(
            lag_p99_ms=self._table.sum_of(rows.LAG).percentile(0.99),
            cpu_percent=percent,
            intended=self._intended,
            sent=self._sent,
            blocked=self._blocked,
        )

    def _drain(self) -> None:
        log.info("Waiting for every client to have seen every sender's last message …")
        progress = -1
        moved = time.perf_counter()
        while not all(room.has_finished() for room in self._rooms):
            self._check_fatal()
            now = time.perf_counter()
            before, progress = progress, sum(room.progress() for room in self._rooms)
            if progress != before:
                moved = now
            elif now - moved > QUIET:
                return
            gevent.sleep(0.05)

    def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so, for so long at most."""
        deadline = time.perf_counter() + seconds
        while not condition() and time.perf_counter() < deadline:
            self._check_fatal()
            gevent.sleep(0.02)

    def _check_fatal(self) -> None:
        if self._fatal is not None:
            raise RunError(self._fatal)
        if self._settled_in and all(client.closed is not None for client in self._clients):
            raise RunError("The server has closed every connection")

    def _spawn(self, function: Callable[[], None]) -> gevent.Greenlet:
        greenlet = gevent.spawn(function)
        self._greenlets.append(greenlet)
        return greenlet

    # What runs beside it.

    def _tick_now_and_then(self) -> None:
        for number in itertools.count(1):
            gevent.sleep(TICK)
            self._tick()
            if number % 5 == 0:
                log.info(
                    "%d clients in, %s messages said, %s deliveries.",
                    self._settled_in,
                    f"{self._sent:,}",
                    f"{self._table.sum_of(rows.DELIVER).count:,}",
                )

    def _tick(self) -> None:
        """Fill the table with what was counted since the last time."""
        for room in self._rooms:
            room.settle()
            if room.divergence is not None and room not in self._reported:
                self._reported.add(room)
                log.error("In %s, %s.", room.name, room.divergence)
        timings = self._timings
        samples = self._samples
        for row, histogram in (
            (rows.CONNECT, timings.connect),
            (rows.HANDSHAKE, timings.handshake),
            (rows.REGISTER, timings.register),
            (rows.JOIN, timings.join),
            (rows.PING, timings.ping),
            (rows.SAY, samples.echo),
            (rows.DELIVER, samples.deliver),
            (rows.LAST, samples.last),
            (rows.LAG, self._lag),
            (rows.LATENESS, self._lateness),
        ):
            self._table.merge(row, histogram)

    def _watch_lag(self) -> None:
        due = time.perf_counter()
        while True:
            due += LAG_PERIOD
            gevent.sleep(max(due - time.perf_counter(), 0))
            now = time.perf_counter()
            # A stall counts as often as it would have been noticed.
            while due + LAG_PERIOD < now:
                self._lag.add(now - due)
                due += LAG_PERIOD
            self._lag.add(now - due)

    def _ping_in_turn(self) -> None:
        for client in itertools.cycle(self._clients):
            gevent.sleep(1 / PINGS)
            if client.closed is None:
                client.ping()

    # One client's greenlet.

    def live(self) -> None:
        """Be one client, from connecting to the end of the run."""
        self._open.wait()
        seat = next(self._seats, None)
        if seat is None or self._access is None:
            return
        client = Client(seat.room, seat.member, self._access, self._timings, self._complain)
        self._clients.append(client)
        try:
            self._get_in(seat, client)
            self._begin.wait()
            if seat.role is Role.SENDER:
                self._talk(seat, client)
            elif seat.role is Role.CHURNER:
                self._churn(seat, client)
        except ClientError as error:
            self._table.fail(rows.CONNECTION, str(error))
            if self._fatal is None:
                self._fatal = (
                    f"{self._settled_in} of {self.plan.users} clients got in, and the next {error}"
                    if self._start == math.inf
                    else f"A client {error}"
                )
        except Exception as error:
            log.exception("The load test itself failed.")
            self._fatal = f"The load test itself failed: {error!r}"

    def _get_in(self, seat: Seat, client: Client) -> None:
        slot = self._next_connect = max(self._next_connect, time.perf_counter())
        self._next_connect += 1 / self.plan.spawn_rate
        self._sleep_until(slot)
        client.connect()
        client.register()
        if not seat.member.is_founder:
            seat.founded.wait()
        client.join()
        seat.founded.set()
        client.settle_in()
        self._settled_in += 1

    def _talk(self, seat: Seat, client: Client) -> None:
        plan = self.plan
        interval = self._senders / plan.rate
        first = seat.number / plan.rate
        count = max(0, math.ceil((plan.hold - first) / interval))
        self._intended += count
        last = self._start + plan.hold + OVERTIME
        for number in range(count):
            intended = self._start + first + number * interval
            self._sleep_until(intended)
            self._wait_writable(client, last)
            if client.closed is not None or time.perf_counter() > last:
                break
            sent = client.say(
                self.run, origin=self._origin, intended=intended, size=plan.message_bytes
            )
            self._lateness.add(sent - intended)
            self._sent += 1
        self._sleep_until(self._start + plan.hold)
        if client.closed is None:
            client.say_end(self.run)
        self._busy -= 1

    def _wait_writable(self, client: Client, deadline: float) -> None:
        if client.is_blocked:
            self._blocked += 1
            while client.is_blocked and client.closed is None and time.perf_counter() < deadline:
                gevent.sleep(0.005)

    def _churn(self, seat: Seat, client: Client) -> None:
        period = 60 * self._churners / self.plan.churn
        due = self._start + period * (seat.number + 0.5) / self._churners
        end = self._start + self.plan.hold
        while due < end:
            self._sleep_until(due)
            client.part()
            gevent.sleep(period / 4)
            client.join()
            due = max(due + period, time.perf_counter())
        self._busy -= 1

    def _sleep_until(self, when: float) -> None:
        # The event loop's clock is that of its last turn, so that a sleep can end early.
        while (left := when - time.perf_counter()) > 0:
            gevent.sleep(left)

    def _complain(self, text: str) -> None:
        """Count an error that came unasked."""
        self._failures[f"A client was {text}"] += 1
        self._table.fail(rows.CONNECTION, text)
