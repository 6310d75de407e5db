"""What is measured and what is required of it, whatever it is.

Owns the vocabulary of scenarios: figures, requirements, how much of it, what a run has found, and
which of that every load has. Knows no server by name and does nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec

from loadtest.bench.crowd import CrowdError
from loadtest.bench.load import Outcome
from loadtest.bench.servers import ServerError, ServerUnderTest
from loadtest.bench.storm import Storm


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How much of it."""

    seconds: float = 5.0
    """How long each load lasts."""
    window: int = 5
    """Messages under way per client of a room, when saturated."""
    rate: float = 500.0
    """Messages a second, in all, when paced."""
    idle_clients: int = 10_000
    messages: int = 1_000_000
    """How many go through, where it is about many."""
    scale: float = 1.0
    """Part of the clients that come, where a scenario has thousands of them."""
    patience: float = 10.0
    """Seconds without a sign of life until a server has failed."""


class Of(StrEnum):
    """What a requirement is about."""

    RATIO = "×"
    VALUE = ""


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold for a figure's median, or for its ratio to that of another server."""

    of: Of
    against: str = "yardstick"
    """The server that a ratio is taken to."""
    subject: str = "ours"
    """Whose it is."""
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
    requirements: Sequence[Requirement] = ()
    more_is_better: bool = False


class Run(msgspec.Struct, kw_only=True):
    """What came out of one run."""

    values: dict[str, float] = {}
    """By figure's key; also `server`, `generator` and `others`, the parts of one core that each
    took, and `late`, by how many milliseconds the generator was late (p99) where something was due.
    """
    faults: list[str] = []
    remarks: list[str] = []
    """What is to be known of it and is no fault, in words."""


Measure: TypeAlias = Callable[[ServerUnderTest, Settings, Run], None]
"""Does something with a server, and puts what came out into a `Run`."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table."""

    name: str
    about: str
    figures: Sequence[Figure]
    measure: Measure
    by_default: bool = True
    subject_only: bool = False
    """It is about one server's promise: the baseline has no part in it."""
    without: Sequence[str] = ()
    """Servers that are left out of it, however they are asked for: they do not hold."""

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


def note(run: Run, outcome: Outcome) -> None:
    """Put what every load has into a run."""
    run.faults.extend(outcome.faults)
    if outcome.deliveries != outcome.owed and not outcome.faults:
        run.faults.append(f"{outcome.deliveries} deliveries instead of {outcome.owed}")
    note_parts(run, outcome)
    run.values["p50"] = percentile(outcome.delays, 0.50) / 1e6
    run.values["p99"] = percentile(outcome.delays, 0.99) / 1e6
    run.values["p999"] = percentile(outcome.delays, 0.999) / 1e6
    if outcome.lateness:
        run.values["late"] = percentile(outcome.lateness, 0.99) / 1e6


def note_parts(run: Run, done: Outcome | Storm) -> None:
    """Put into a run who took how much of a core meanwhile."""
    others = done.busy - done.metered - done.own_cpu
    run.values["server"] = done.metered / done.seconds
    run.values["generator"] = done.own_cpu / done.seconds
    run.values["others"] = max(0.0, others) / done.seconds
