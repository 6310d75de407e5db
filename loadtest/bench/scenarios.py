"""What the bench measures: each scenario is one run against a server that was started for it.

Owns the table `SCENARIOS`: what is done, which figures come out, and what is required of them.
Knows nothing of rounds, medians and other servers' figures, which are `report`'s. A run whose
messages were not all delivered, each once, has `faults`, and its figures prove nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import msgspec

from loadtest.bench.crowd import Crowd, CrowdError
from loadtest.bench.load import Load, Outcome
from loadtest.bench.servers import RunningServer, ServerError, ServerUnderTest

WARM_UP = 0.5
"""Seconds of the same load before what is measured begins."""
IDLE_ROOM = 20
SETTLING = 1.0
"""Seconds after the last client has joined until an idle server's memory is read."""
STALLED_ROOM = 100
STALLED = 20
STALLED_TEXT = 400
STALLED_BYTES = 5 * 1024 * 1024 // 2
"""Bytes of text said to each member that has stopped reading: well over a send queue of 1 MiB, with
what the kernel holds."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How much of it."""

    seconds: float = 5.0
    """How long each load lasts."""
    window: int = 5
    """Messages under way per client of a room, when saturated."""
    rate: float = 500.0
    """Messages a second, in all, when paced."""
    idle_clients: int = 10_000
    patience: float = 10.0
    """Seconds without a sign of life until a server has failed."""


class Of(StrEnum):
    """What a requirement is about."""

    RATIO = "×"
    VALUE = ""


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold for a figure's median, or for its ratio to the baseline's."""

    of: Of
    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        if self.at_least is not None and self.at_least == self.at_most:
            return f"= {self.at_least:g}{self.of}"
        bounds = (("≥", self.at_least), ("≤", self.at_most))
        return " ".join(f"{sign} {bound:g}{self.of}" for sign, bound in bounds if bound is not None)

    def met(self, value: float) -> bool:
        """Return whether a value lies within; one that is not a number does not."""
        above = self.at_least is None or value >= self.at_least
        below = self.at_most is None or value <= self.at_most
        return above and below and value == value


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One of the numbers that come out of a scenario, and what is required of it."""

    key: str
    label: str
    digits: int = 2
    requirement: Requirement | None = None


class Run(msgspec.Struct, kw_only=True):
    """What came out of one run."""

    values: dict[str, float] = {}
    """By figure's key; also `server` and `generator`, the parts of one core that each took."""
    faults: list[str] = []


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table."""

    name: str
    about: str
    figures: Sequence[Figure]
    measure: Callable[[ServerUnderTest, Settings, Run], None]
    """Does it, into a `Run`."""
    by_default: bool = True
    subject_only: bool = False
    """It is about one server's promise: the baseline has no part in it."""

    def run(self, server: ServerUnderTest, settings: Settings) -> Run:
        """Start a server, do it, stop the server. What goes wrong is in the `Run`, not raised."""
        run = Run()
        try:
            self.measure(server, settings, run)
        except (ServerError, CrowdError) as error:
            run.faults.append(str(error))
        return run


def percentile(ordered: Sequence[int], part: float) -> float:
    """Return the smallest of ordered values that `part` of them do not exceed; NaN of none."""
    if not ordered:
        return float("nan")
    return float(ordered[max(0, -int(-len(ordered) * part // 1) - 1)])


def _crowd(server: RunningServer, settings: Settings) -> Crowd:
    return Crowd(server.address, patience=settings.patience, at_once=server.at_once)


def _note(run: Run, outcome: Outcome) -> None:
    """Put what every load has into a run."""
    run.faults.extend(outcome.faults)
    if outcome.deliveries != outcome.owed and not outcome.faults:
        run.faults.append(f"{outcome.deliveries} deliveries instead of {outcome.owed}")
    run.values["server"] = outcome.metered / outcome.seconds
    run.values["generator"] = outcome.own_cpu / outcome.seconds
    run.values["p50"] = percentile(outcome.delays, 0.50) / 1e6
    run.values["p99"] = percentile(outcome.delays, 0.99) / 1e6


def _paced(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
    with kind.run() as server, _crowd(server, settings) as crowd:
        crowd.gather(rooms=1, size=200)
        load = Load(crowd, meter=server.cpu_seconds)
        run.faults.extend(load.pace(seconds=WARM_UP, rate=settings.rate).faults)
        outcome = load.pace(seconds=settings.seconds, rate=settings.rate)
        _note(run, outcome)
        run.values["cpu"] = outcome.metered / max(1, outcome.deliveries) * 1e6


def _saturated(rooms: int, size: int) -> Callable[[ServerUnderTest, Settings, Run], None]:
    def measure(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
        window = settings.window * size
        with kind.run() as server, _crowd(server, settings) as crowd:
            crowd.gather(rooms=rooms, size=size)
            load = Load(crowd, meter=server.cpu_seconds)
            run.faults.extend(load.saturate(seconds=WARM_UP, window=window).faults)
            outcome = load.saturate(seconds=settings.seconds, window=window)
            _note(run, outcome)
            run.values["per_cpu"] = outcome.deliveries / outcome.metered / 1e6
            run.values["per_second"] = outcome.deliveries / outcome.seconds / 1e6

    return measure


def _idle(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
    rooms = settings.idle_clients // IDLE_ROOM
    with kind.run() as server, _crowd(server, settings) as crowd:
        before = server.rss_bytes()
        crowd.gather(rooms=rooms, size=IDLE_ROOM)
        time.sleep(SETTLING)
        grown = server.rss_bytes() - before
        run.values["rss"] = grown / (rooms * IDLE_ROOM) / 1024
        # One message in each room: all of them are there, and can be spoken to.
        _note(run, Load(crowd, meter=server.cpu_seconds).pace(seconds=1, rate=rooms))


def _stalled(kind: ServerUnderTest, settings: Settings, run: Run) -> None:
    clear = Run()
    _room_with_stalled(kind, settings, clear, stalled=0)
    _room_with_stalled(kind, settings, run, stalled=STALLED)
    run.faults[:0] = clear.faults
    run.values["p99_clear"] = clear.values["p99"]
    run.values["p99_ratio"] = run.values["p99"] / clear.values["p99"]


def _room_with_stalled(
    kind: ServerUnderTest, settings: Settings, run: Run, *, stalled: int
) -> None:
    with kind.run() as server, _crowd(server, settings) as crowd:
        crowd.gather(rooms=1, size=STALLED_ROOM - STALLED + stalled, deaf=stalled)
        if stalled:
            crowd.deafen(stalled)
        run.values["rss_before"] = server.rss_bytes() / 2**20
        highest = 0

        def look() -> None:
            nonlocal highest
            highest = max(highest, server.rss_bytes())

        load = Load(crowd, size=STALLED_TEXT, meter=server.cpu_seconds, between=look)
        seconds = STALLED_BYTES / STALLED_TEXT / settings.rate
        _note(run, load.pace(seconds=seconds, rate=settings.rate))
        run.values["rss_highest"] = highest / 2**20
        run.values["rss_after"] = server.rss_bytes() / 2**20
        reasons = {
            nickname: reason
            for client in crowd.clients
            if client.audit is not None
            for nickname, reason in client.audit.departures.items()
        }
        run.values["closed"] = sum(b"sendq exceeded" in text.lower() for text in reasons.values())


def _throughput(required: float) -> tuple[Figure, ...]:
    return (
        Figure(
            key="per_cpu",
            label="M deliveries / server CPU s",
            digits=3,
            requirement=Requirement(of=Of.RATIO, at_least=required),
        ),
        # No delay: with a window that is always full it is the window divided by the rate.
        Figure(key="per_second", label="M deliveries / s", digits=3),
    )


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="paced",
            about="200 in one room, at a given rate",
            figures=(
                Figure(
                    key="cpu",
                    label="server CPU µs / delivery",
                    requirement=Requirement(of=Of.RATIO, at_most=1.0),
                ),
                Figure(key="p50", label="delay p50, ms"),
                Figure(key="p99", label="delay p99, ms"),
            ),
            measure=_paced,
        ),
        Scenario(
            name="one-room",
            about="200 in one room, saturated",
            figures=_throughput(20),
            measure=_saturated(1, 200),
        ),
        Scenario(
            name="many-rooms",
            about="50 rooms of 20, saturated",
            figures=_throughput(5),
            measure=_saturated(50, 20),
        ),
        Scenario(
            name="pairs",
            about="500 rooms of 2, saturated",
            figures=_throughput(0.5),
            measure=_saturated(500, 2),
        ),
        Scenario(
            name="idle",
            about="joined and silent, rooms of 20",
            figures=(
                Figure(
                    key="rss",
                    label="RSS KB / client",
                    requirement=Requirement(of=Of.VALUE, at_most=8),
                ),
            ),
            measure=_idle,
        ),
        Scenario(
            name="stalled",
            about="20 of 100 in a room stop reading",
            figures=(
                Figure(key="p99_clear", label="delay p99 without them, ms"),
                Figure(key="p99", label="delay p99 with them, ms"),
                Figure(key="p99_ratio", label="p99 with / without"),
                Figure(
                    key="closed",
                    label="closed, SendQ exceeded",
                    digits=0,
                    requirement=Requirement(of=Of.VALUE, at_least=STALLED, at_most=STALLED),
                ),
                Figure(key="rss_before", label="RSS before, MiB", digits=1),
                Figure(key="rss_highest", label="RSS highest, MiB", digits=1),
                Figure(key="rss_after", label="RSS after, MiB", digits=1),
            ),
            measure=_stalled,
            by_default=False,
            subject_only=True,
        ),
    )
}
