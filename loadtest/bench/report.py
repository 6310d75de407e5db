"""From runs to a verdict: medians, ratios, thresholds, and the table that shows them.

Owns what the bench requires of whom, and how it is written down. Starts nothing and measures
nothing; the arithmetic is `summary`'s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from loadtest.bench import summary
from loadtest.bench.figures import Figure, Of, Requirement, Scenario, Settings
from loadtest.bench.scenarios import SCENARIOS
from loadtest.bench.summary import Taken, median


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


def summarize(
    runs: Sequence[Taken],
    servers: Sequence[str],
    settings: Settings,
    scenarios: Mapping[str, Scenario] = SCENARIOS,
) -> Report:
    """Make the report of all runs of scenarios. Requirements hold for the last server."""
    rows = [
        _row(name, figure, runs, servers)
        for name in dict.fromkeys(taken.scenario for taken in runs)
        for figure in scenarios[name].figures
    ]
    return Report(
        machine=summary.machine(),
        settings=settings,
        servers=servers,
        rows=rows,
        notes=[
            *filter(None, [summary.company(runs)]),
            *(
                f"{scenario}, {server}: {doubt.reason}"
                for (scenario, server), doubt in summary.doubts(runs).items()
            ),
        ],
        faults=summary.faults(runs),
        runs=runs,
    )


def _row(scenario: str, figure: Figure, runs: Sequence[Taken], servers: Sequence[str]) -> Row:
    values = {server: summary.by_round(runs, scenario, figure.key, server) for server in servers}
    medians = {server: median(list(rounds.values())) for server, rounds in values.items()}
    baseline, subject = servers[0], servers[-1]
    ratio = summary.ratio(values[subject], values[baseline] if subject != baseline else {})
    requirements = _applicable(figure, baseline, subject)
    return Row(
        scenario=scenario,
        label=figure.label,
        digits=figure.digits,
        medians=medians,
        ratio=ratio.median,
        lowest=ratio.lowest,
        highest=ratio.highest,
        required=", ".join(map(str, requirements)),
        passed=all(
            requirement.met(ratio.median if requirement.of is Of.RATIO else medians[subject])
            for requirement in requirements
        )
        if requirements
        else None,
    )


def _applicable(figure: Figure, baseline: str, subject: str) -> list[Requirement]:
    return [
        requirement
        for requirement in figure.requirements
        if requirement.subject == subject
        and (requirement.of is Of.VALUE or requirement.against == baseline)
    ]


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
