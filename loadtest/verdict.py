"""What a run has shown: its exit code, and the words for it.

Pure. Owns the rule: what went wrong outweighs what was invalid, and only a run that was neither,
and in which something was said, proves anything.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from loadtest.diagnosis import Fault, Kind
from loadtest.histogram import Histogram
from loadtest.plan import Plan, counted, rooms_in_words

MIN_SENT = 0.99
"""Share of the intended sends that a valid run has made."""


class Outcome(enum.IntEnum):
    """The exit codes."""

    PROVEN = 0
    FAILED = 1
    MISUSED = 2
    INVALID = 3


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the generator itself was while the senders spoke."""

    lag_p99_ms: float
    cpu_percent: float
    intended: int
    sent: int
    blocked: int
    """Sends that waited because the server did not read."""

    def __str__(self) -> str:
        return (
            f"lag {self.lag_p99_ms:.1f} ms (p99), {self.cpu_percent:.0f} % of a core, "
            f"{self.sent:,} of {self.intended:,} intended sends"
        )


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run has counted."""

    said: int = 0
    deliveries: int = 0
    clients: int = 0
    rooms: int = 0
    faults: Sequence[Fault] = ()
    failures: Mapping[str, int] = field(default_factory=dict)
    """What else went wrong: a sentence without a full stop, and how often."""
    health: Health | None = None
    latencies: Mapping[str, Histogram] = field(default_factory=dict)
    """Times worth telling more exactly than Locust's table does, by name."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A run's end. `lines` are for people."""

    outcome: Outcome
    lines: Sequence[str]


def judge(plan: Plan, result: Result) -> Verdict:
    """Say what a run has shown."""
    lines = []
    for name, histogram in result.latencies.items():
        if histogram.count:
            shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
            words = (f"{key} {histogram.percentile(share):.1f}" for key, share in shares.items())
            lines.append(f"{name}: {', '.join(words)} ms")
    if result.health is not None:
        lines.append(f"generator: {result.health}")
    outcome, conclusion = _conclude(plan, result)
    return Verdict(outcome=outcome, lines=[*lines, *conclusion])


def _conclude(plan: Plan, result: Result) -> tuple[Outcome, list[str]]:
    if result.faults or result.failures:
        return Outcome.FAILED, _failed(result)
    if result.health is None or not result.said or not result.deliveries:
        return Outcome.FAILED, ["FAILED: nothing was said, or nothing heard."]
    doubts = _doubts(plan, result.health)
    if doubts:
        line = f"INVALID: the generator was the bottleneck: {'; '.join(doubts)}."
        hint = "Nothing was lost, but the times are not the server's. Try less: --users, --rate."
        return Outcome.INVALID, [line, hint]
    line = (
        f"PROVEN: {counted(result.said, 'message')} to {counted(result.clients, 'client')} in "
        f"{rooms_in_words(result.clients, result.rooms)}, {result.deliveries:,} deliveries: "
        "each arrived once, and in one order."
    )
    return Outcome.PROVEN, [line]


def _failed(result: Result) -> list[str]:
    lines = []
    if result.faults:
        counts = Counter(fault.kind for fault in result.faults)
        words = ", ".join(f"{counts[kind]:,} {kind.value}" for kind in Kind if counts[kind])
        lines.append(f"FAILED: of {result.deliveries:,} deliveries: {words}.")
        lines += [f"  {fault}" for fault in result.faults[:10]]
        if len(result.faults) > 10:
            lines.append(f"  … and {len(result.faults) - 10:,} more")
    for sentence, count in result.failures.items():
        times = f" ({count:,} times)" if count > 1 else ""
        lines.append(f"FAILED: {sentence}{times}.")
    return lines


def _doubts(plan: Plan, health: Health) -> list[str]:
    doubts = []
    if health.lag_p99_ms > plan.max_lag_ms:
        doubts.append(f"it lagged {health.lag_p99_ms:.1f} ms (p99; {plan.max_lag_ms:g} at most)")
    if health.cpu_percent > plan.max_cpu_percent:
        doubts.append(
            f"it used {health.cpu_percent:.0f} % of a core ({plan.max_cpu_percent:g} at most)"
        )
    if health.sent < MIN_SENT * health.intended:
        why = " (the server did not read)" if health.blocked else ""
        doubts.append(f"{health.sent:,} of {health.intended:,} intended sends were made{why}")
    return doubts
