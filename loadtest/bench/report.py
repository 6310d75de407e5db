"""From runs to a verdict: medians, ratios, thresholds, and the table that shows them.

Owns the arithmetic over rounds and how it is written down. Starts nothing and measures nothing.

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

import msgspec

from loadtest.bench.scenarios import SCENARIOS, Figure, Of, Requirement, Run, Settings

GENERATOR_BUSY = 0.9
SERVER_SLACK = 0.8
"""Parts of one core: a generator over the one, with a server under the other, is the bottleneck."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One run, and which it was."""

    scenario: str
    server: str
    round: int
    run: Run


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one scenario, over all rounds and servers."""

    scenario: str
    label: str
    digits: int
    medians: Mapping[str, float]
    """By server."""
    ratio: float
    """The subject's to the baseline's; NaN where there are not both."""
    lowest: float
    highest: float
    required: str
    passed: bool | None
    """None where nothing is required."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found out."""

    machine: Mapping[str, str]
    settings: Settings
    servers: Sequence[str]
    """The first is the baseline and the last the subject."""
    rows: Sequence[Row]
    notes: Sequence[str]
    faults: Sequence[str]
    runs: Sequence[Taken]

    @property
    def complete(self) -> bool:
        """All was measured and nothing was lost."""
        return not self.faults

    @property
    def passed(self) -> bool:
        """Every requirement is met."""
        return all(row.passed is not False for row in self.rows)


def summarize(runs: Sequence[Taken], servers: Sequence[str], settings: Settings) -> Report:
    """Make the report of all runs. Requirements hold for `ours`, against `yardstick`."""
    rows = [
        _row(name, figure, [taken for taken in runs if taken.scenario == name], servers)
        for name in dict.fromkeys(taken.scenario for taken in runs)
        for figure in SCENARIOS[name].figures
    ]
    return Report(
        machine=_machine(),
        settings=settings,
        servers=servers,
        rows=rows,
        notes=_bottlenecks(runs),
        faults=[
            f"{taken.scenario}, {taken.server}, round {taken.round}: {fault}"
            for taken in runs
            for fault in taken.run.faults
        ],
        runs=runs,
    )


def ratios(values: Mapping[int, float], baseline: Mapping[int, float]) -> list[float]:
    """Return the ratio of each round that has both, in the rounds' order."""
    both = sorted(values.keys() & baseline.keys())
    return [values[n] / baseline[n] if baseline[n] else math.nan for n in both]


def median(values: Sequence[float]) -> float:
    """Return the median; NaN of none."""
    return statistics.median(values) if values else math.nan


def _row(scenario: str, figure: Figure, runs: Sequence[Taken], servers: Sequence[str]) -> Row:
    key = figure.key
    values: dict[str, dict[int, float]] = {server: {} for server in servers}
    for taken in runs:
        if key in taken.run.values:
            values[taken.server][taken.round] = taken.run.values[key]
    medians = {server: median(list(rounds.values())) for server, rounds in values.items()}
    baseline, subject = servers[0], servers[-1]
    found = ratios(values[subject], values[baseline]) if subject != baseline else []
    ratio = median(found)
    requirement = _applicable(figure.requirement, baseline, subject)
    judged = ratio if requirement and requirement.of is Of.RATIO else medians[subject]
    return Row(
        scenario=scenario,
        label=figure.label,
        digits=figure.digits,
        medians=medians,
        ratio=ratio,
        lowest=min(found, default=math.nan),
        highest=max(found, default=math.nan),
        required=str(requirement) if requirement else "",
        passed=requirement.met(judged) if requirement else None,
    )


def _applicable(requirement: Requirement | None, baseline: str, subject: str) -> Requirement | None:
    if requirement is None or subject != "ours":
        return None
    if requirement.of is Of.RATIO and baseline != "yardstick":
        return None
    return requirement


def _bottlenecks(runs: Sequence[Taken]) -> list[str]:
    found: dict[tuple[str, str], list[Run]] = {}
    for taken in runs:
        if {"server", "generator"} <= taken.run.values.keys():
            found.setdefault((taken.scenario, taken.server), []).append(taken.run)
    notes = []
    for (scenario, name), those in found.items():
        server = median([run.values["server"] for run in those])
        generator = median([run.values["generator"] for run in those])
        if generator > GENERATOR_BUSY and server < SERVER_SLACK:
            notes.append(
                f"{scenario}, {name}: the generator was the bottleneck ({generator:.0%} of a core, "
                f"the server {server:.0%}): deliveries / s are what the generator can take."
            )
    return notes


def _machine() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": str(os.cpu_count()),
    }


def table(report: Report) -> str:
    """Write the report as text of one line per figure."""
    settings = report.settings
    head = ["scenario", "figure", *report.servers, "ratio", "low - high", "required", ""]
    lines = [head]
    previous = ""
    for row in report.rows:
        lines.append(
            [
                row.scenario if row.scenario != previous else "",
                row.label,
                *(_number(row.medians[server], row.digits) for server in report.servers),
                _number(row.ratio, 2, "×"),
                "" if math.isnan(row.ratio) else f"{row.lowest:.2f} - {row.highest:.2f}",
                row.required,
                {None: "", True: "pass", False: "FAIL"}[row.passed],
            ]
        )
        previous = row.scenario
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    left = {0, 1, len(head) - 1}
    text = [
        "  ".join(
            cell.ljust(width) if index in left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    text.insert(1, "  ".join("-" * width for width in widths).rstrip())
    rounds = max((taken.round for taken in report.runs), default=0)
    machine = report.machine
    text += [
        "",
        f"Medians of {rounds} rounds of {settings.seconds:g} s, ratios within a round; "
        f"window {settings.window} messages per client, paced at {settings.rate:g} messages/s, "
        f"{settings.idle_clients} idle clients.",
        f"Python {machine['python']}, {machine['system']}, {machine['cores']} cores.",
        *report.notes,
        *(f"FAULT: {fault}" for fault in report.faults),
    ]
    return "\n".join(text)


def _number(value: float, digits: int, unit: str = "") -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}{unit}"


def to_json(report: Report) -> bytes:
    """Write the report as JSON. A value that there is not is null."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
