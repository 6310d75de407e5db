"""From runs to what they say together: medians, ratios within a round, and what is doubtful.

Owns the arithmetic over rounds, for every report. Starts nothing and measures nothing.

A ratio is taken within a round, where both servers had the same machine a moment apart, and the
median of the rounds' ratios is what is judged: a machine that slows down meanwhile does not change
it.
"""

from __future__ import annotations

import math
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from loadtest.bench.figures import Run

GENERATOR_BUSY = 0.9
SERVER_SLACK = 0.8
"""Parts of one core: a generator over the one, with a server under the other, is the bottleneck."""
LATE = 1.0
LATE_PART = 0.25
"""A generator whose p99 is late by more than these milliseconds, and by more than this part of the
p99 of the delay, has measured itself."""
BUNCHING = 10.0
"""A generator whose p99 is late by more than these milliseconds has said many things at once that
were to be said one by one: a server that takes them together has less to do."""
COMPANY = 0.1
"""Part of one core: what others may take before it is said."""
DELAYS = frozenset({"p50", "p99", "p999"})
"""The figures that have a generator's lateness in them."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One run, and which it was."""

    scenario: str
    server: str
    round: int
    run: Run


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """How one server's figure is to another's: the median of the rounds, and between what."""

    median: float
    """NaN where there are not both."""
    lowest: float
    highest: float


def by_round(runs: Sequence[Taken], scenario: str, key: str, server: str) -> dict[int, float]:
    """Return a figure of a server in each round that has it."""
    return {
        taken.round: taken.run.values[key]
        for taken in runs
        if (taken.scenario, taken.server) == (scenario, server) and key in taken.run.values
    }


def ratios(values: Mapping[int, float], baseline: Mapping[int, float]) -> list[float]:
    """Return the ratio of each round that has both, in the rounds' order."""
    both = sorted(values.keys() & baseline.keys())
    return [values[n] / baseline[n] if baseline[n] else math.nan for n in both]


def ratio(values: Mapping[int, float], baseline: Mapping[int, float]) -> Ratio:
    """Return the ratio over all rounds."""
    found = ratios(values, baseline)
    return Ratio(
        median=median(found),
        lowest=min(found, default=math.nan),
        highest=max(found, default=math.nan),
    )


def median(values: Sequence[float]) -> float:
    """Return the median; NaN of none."""
    return statistics.median(values) if values else math.nan


def faults(runs: Sequence[Taken]) -> list[str]:
    """Return what went wrong, and where."""
    return [f"{_place(taken)}: {fault}" for taken in runs for fault in taken.run.faults]


def remarks(runs: Sequence[Taken]) -> list[str]:
    """Return what is to be known of single runs."""
    return [f"{_place(taken)}: {remark}" for taken in runs for remark in taken.run.remarks]


def _place(taken: Taken) -> str:
    return f"{taken.scenario}, {taken.server}, round {taken.round}"


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """Why the generator has a part in what was measured."""

    reason: str
    keys: frozenset[str] | None = None
    """In which figures; None for all."""

    def concerns(self, key: str) -> bool:
        """Return whether a figure is doubtful."""
        return self.keys is None or key in self.keys


def doubts(runs: Sequence[Taken]) -> dict[tuple[str, str], Doubt]:
    """Return, by scenario and server, what is doubtful."""
    found: dict[tuple[str, str], list[Run]] = {}
    for taken in runs:
        if {"server", "generator"} <= taken.run.values.keys():
            found.setdefault((taken.scenario, taken.server), []).append(taken.run)
    all_of_them = {key: _doubt(those) for key, those in found.items()}
    return {key: doubt for key, doubt in all_of_them.items() if doubt is not None}


def _doubt(runs: Sequence[Run]) -> Doubt | None:
    def middle(key: str) -> float:
        return median([run.values[key] for run in runs if key in run.values])

    server, generator, late = middle("server"), middle("generator"), middle("late")
    if math.isnan(late):
        if generator > GENERATOR_BUSY and server < SERVER_SLACK:
            return Doubt(
                reason=f"the generator was the bottleneck ({generator:.0%} of a core, the server "
                f"{server:.0%}): what is per second is what the generator can take."
            )
    elif generator > GENERATOR_BUSY:
        return Doubt(reason=f"the generator took {generator:.0%} of a core.")
    elif late > BUNCHING:
        return Doubt(
            reason=f"the generator was late by {late:.1f} ms (p99): it is in the delays, and what "
            "came bunched cost less."
        )
    elif late > max(LATE, LATE_PART * middle("p99")):
        return Doubt(
            reason=f"the generator was late by {late:.1f} ms (p99), which is in the delays.",
            keys=DELAYS,
        )
    return None


def company(runs: Sequence[Taken]) -> str:
    """Return what else was going on, if that was enough to matter: a sentence, or ""."""
    others = [taken.run.values["others"] for taken in runs if "others" in taken.run.values]
    if not others or median(others) < COMPANY:
        return ""
    return (
        f"Other processes took {median(others):.0%} of a core meanwhile (median; at most "
        f"{max(others):.0%}): delays, and what is per second, are worse than they need be."
    )


def machine() -> dict[str, str]:
    """Return what this was measured on."""
    return {
        "cpu": _processor(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": str(os.cpu_count()),
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    return next(
        (line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line), ""
    )
