"""From runs to the comparison: the table as Markdown, and all of it as JSON.

Owns what is judged against whom, and how it is written down. Starts nothing and measures nothing.

A figure that the generator has a part in is marked, and so is every ratio it is in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from loadtest.bench import summary
from loadtest.bench.figures import Figure, Of, Requirement, Settings
from loadtest.bench.summary import Doubt, Ratio, Taken, median
from loadtest.peers.scenarios import SCENARIOS

OURS = "ours"
DOUBTFUL = "?"
"""The mark of a figure that the generator has a part in."""
MARKS = {None: "–", True: "✔", False: "**✘**"}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement, and whether it is met."""

    required: str
    passed: bool | None
    """None where it can not be judged, because the peer was not measured."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one scenario, over all rounds and servers."""

    scenario: str
    key: str
    label: str
    digits: int
    more_is_better: bool
    medians: Mapping[str, float]
    """By server; NaN where there is none."""
    ratios: Mapping[str, Ratio]
    """Ours to each other server's."""
    verdicts: Sequence[Verdict]
    doubtful: Sequence[str]
    """The servers whose figure the generator has a part in."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found out."""

    machine: Mapping[str, str]
    settings: Settings
    rounds: int
    titles: Mapping[str, str]
    """By name, what each server is called."""
    versions: Mapping[str, str]
    """By name, what each says of its version, if it does."""
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
        """Every requirement is met, and could be judged."""
        return all(verdict.passed for row in self.rows for verdict in row.verdicts)


def summarize(
    runs: Sequence[Taken],
    *,
    titles: Mapping[str, str],
    versions: Mapping[str, str],
    settings: Settings,
    judged: bool = True,
    notes: Sequence[str] = (),
) -> Comparison:
    """Make the comparison of all runs. If they were not `judged`, nothing is required."""
    doubts = summary.doubts(runs)
    return Comparison(
        machine=summary.machine(),
        settings=settings,
        rounds=max((taken.round for taken in runs), default=0),
        titles=titles,
        versions=versions,
        rows=[
            _row(name, figure, runs, [*titles], doubts, judged)
            for name in dict.fromkeys(taken.scenario for taken in runs)
            for figure in SCENARIOS[name].figures
        ],
        notes=[
            *notes,
            *filter(None, [summary.company(runs)]),
            *summary.remarks(runs),
            *(
                f"{DOUBTFUL} {scenario}, {titles[server]}: {doubt.reason}"
                for (scenario, server), doubt in doubts.items()
            ),
        ],
        faults=summary.faults(runs),
        runs=runs,
    )


def _row(
    scenario: str,
    figure: Figure,
    runs: Sequence[Taken],
    servers: Sequence[str],
    doubts: Mapping[tuple[str, str], Doubt],
    judged: bool,
) -> Row:
    values = {name: summary.by_round(runs, scenario, figure.key, name) for name in servers}
    medians = {name: median(list(rounds.values())) for name, rounds in values.items()}
    mine = values.get(OURS, {})
    ratios = {name: summary.ratio(mine, values[name]) for name in servers if name != OURS}
    requirements = figure.requirements if judged and OURS in servers else ()
    return Row(
        scenario=scenario,
        key=figure.key,
        label=figure.label,
        digits=figure.digits,
        more_is_better=figure.more_is_better,
        medians=medians,
        ratios=ratios,
        verdicts=[_verdict(requirement, medians, ratios) for requirement in requirements],
        doubtful=[
            name
            for name in servers
            if (doubt := doubts.get((scenario, name))) and doubt.concerns(figure.key)
        ],
    )


def _verdict(
    requirement: Requirement, medians: Mapping[str, float], ratios: Mapping[str, Ratio]
) -> Verdict:
    if requirement.of is Of.VALUE:
        return Verdict(required=str(requirement), passed=requirement.met(medians[OURS]))
    against = requirement.against
    return Verdict(
        required=f"{requirement} {against}",
        passed=requirement.met(ratios[against].median) if against in ratios else None,
    )


def markdown(result: Comparison) -> str:
    """Write the comparison as a table of one line per figure, and what has to be known of it."""
    others = [name for name in result.titles if name != OURS]
    ours = OURS in result.titles
    head = ["", "", *result.titles.values()]
    if ours:
        head += [f"{result.titles[OURS]} / {result.titles[name]}" for name in others]
        head += ["required", "met"]
    lines = [head, ["---", "---", *["---:"] * (len(head) - (4 if ours else 2))]]
    lines[1] += ["---", "---"] if ours else []
    previous = ""
    for row in result.rows:
        about = f"**{row.scenario}**: {SCENARIOS[row.scenario].about}"
        cells = [about if row.scenario != previous else "", row.label]
        cells += [
            _number(row.medians[name], row.digits) + _doubt(row, name) for name in result.titles
        ]
        if ours:
            cells += [_ratio(row.ratios[name]) + _doubt(row, name, OURS) for name in others]
            cells.append(", ".join(verdict.required for verdict in row.verdicts))
            cells.append(" ".join(_mark(verdict) for verdict in row.verdicts))
        lines.append(cells)
        previous = row.scenario
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{table}\n\n{_about(result)}\n"


def _about(result: Comparison) -> str:
    settings, machine = result.settings, result.machine
    number = f"Medians of {result.rounds} rounds" if result.rounds > 1 else "One round"
    scale = "" if settings.scale == 1 else f", {settings.scale:g} of the thousands of clients"
    lines = [
        f"{number}, loads of {settings.seconds:g} s{scale}, the servers in turn; a ratio is taken "
        "within a round, in parentheses between what it was.",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}.",
        *(f"{result.titles[name]}: {version}." for name, version in result.versions.items()),
        *result.notes,
        *(f"**FAULT**: {fault.strip()}" for fault in result.faults),
    ]
    return "\n".join(f"- {' '.join(line.split())}" for line in lines)


def _mark(verdict: Verdict) -> str:
    return MARKS[verdict.passed]


def _doubt(row: Row, *names: str) -> str:
    return f" {DOUBTFUL}" if set(names) & set(row.doubtful) else ""


def _ratio(ratio: Ratio) -> str:
    if math.isnan(ratio.median):
        return ""
    between = f" ({ratio.lowest:.2f}–{ratio.highest:.2f})" if ratio.lowest < ratio.highest else ""
    return f"{ratio.median:.2f}×{between}"


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:,.{digits}f}"


def to_json(result: Comparison) -> bytes:
    """Write all of it as JSON. A value that there is not is null."""
    return msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"
