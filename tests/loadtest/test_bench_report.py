"""From runs to a verdict: medians, ratios within a round, thresholds, the table, the JSON."""

from __future__ import annotations

import json
import math

import pytest

from loadtest.bench.figures import Of, Requirement, Run, Settings, percentile
from loadtest.bench.report import Report, Row, summarize, table, to_json
from loadtest.bench.summary import Taken, median, ratios

BOTH = ["yardstick", "ours"]


def taken(
    name: str, number: int, scenario: str = "one-room", /, *, fault: str = "", **values: float
) -> Taken:
    run = Run(values=dict(values), faults=[fault] if fault else [])
    return Taken(scenario=scenario, server=name, round=number, run=run)


def report(*runs: Taken, servers: list[str] = BOTH) -> Report:
    return summarize(runs, servers, Settings())


def first_row(*runs: Taken, servers: list[str] = BOTH) -> Row:
    return report(*runs, servers=servers).rows[0]


@pytest.mark.parametrize(
    ("part", "value"), [(0.0, 1), (0.25, 1), (0.26, 2), (0.5, 2), (0.99, 4), (1.0, 4)]
)
def test_a_percentile_is_one_of_the_values(part: float, value: int) -> None:
    assert percentile([1, 2, 3, 4], part) == value


def test_a_percentile_or_median_of_nothing_is_not_a_number() -> None:
    assert math.isnan(percentile([], 0.5))
    assert math.isnan(median([]))


def test_ratios_are_within_a_round_and_of_rounds_that_have_both() -> None:
    assert ratios({1: 10.0, 2: 30.0, 4: 1.0}, {1: 5.0, 2: 10.0, 3: 1.0}) == [2.0, 3.0]
    assert math.isnan(ratios({1: 1.0}, {1: 0.0})[0])


def test_a_machine_that_slows_down_for_a_round_does_not_change_the_ratio() -> None:
    row = first_row(
        *(taken("yardstick", number, per_cpu=value) for number, value in enumerate((2, 1, 2), 1)),
        *(taken("ours", number, per_cpu=value) for number, value in enumerate((50, 25, 60), 1)),
    )
    assert row.medians == {"yardstick": 2, "ours": 50}
    assert (row.ratio, row.lowest, row.highest) == (25, 25, 30)
    assert row.passed is True


@pytest.mark.parametrize(
    ("requirement", "text", "met", "missed"),
    [
        (Requirement(of=Of.RATIO, at_least=0.5), "≥ 0.5×", 0.5, 0.49),
        (Requirement(of=Of.VALUE, at_most=8), "≤ 8", 8, 8.01),
        (Requirement(of=Of.VALUE, at_least=20, at_most=20), "= 20", 20, 19),
    ],
)
def test_requirements(requirement: Requirement, text: str, met: float, missed: float) -> None:
    assert str(requirement) == text
    assert requirement.met(met)
    assert not requirement.met(missed)
    assert not requirement.met(math.nan)


def test_a_missed_requirement_is_reported_and_is_no_fault() -> None:
    result = report(taken("yardstick", 1, per_cpu=1), taken("ours", 1, per_cpu=19.9))
    assert result.rows[0].required == "≥ 20×"
    assert result.rows[0].passed is False
    assert (result.complete, result.passed) == (True, False)
    assert "FAIL" in table(result)


def test_a_run_without_the_figure_does_not_pass() -> None:
    assert first_row(taken("yardstick", 1, per_cpu=1), taken("ours", 1)).passed is False


def test_a_value_may_be_required_without_a_baseline() -> None:
    row = first_row(taken("ours", 1, "idle", rss=8.5), servers=["ours"])
    assert (row.required, row.passed) == ("≤ 8", False)
    assert math.isnan(row.ratio)


@pytest.mark.parametrize("servers", [["ngircd", "ours"], ["yardstick", "ngircd"], ["ours"]])
def test_ratios_are_required_of_ours_to_the_yardstick_only(servers: list[str]) -> None:
    row = first_row(*(taken(server, 1, per_cpu=1) for server in servers), servers=servers)
    assert row.passed is None


@pytest.mark.parametrize(("full", "passed"), [(0.69, False), (0.7, True)])
def test_what_a_journal_may_cost_is_required_of_the_surest(full: float, passed: bool) -> None:
    servers = ["ours", "normal", "full"]
    values = {"ours": 1.0, "normal": 0.1, "full": full}
    runs = [taken(server, 1, per_cpu=value) for server, value in values.items()]
    row = first_row(*runs, servers=servers)
    assert (row.required, row.passed) == ("≥ 0.7×", passed)


def test_a_fault_says_where_it_was_and_makes_the_report_incomplete() -> None:
    result = report(taken("yardstick", 1, per_cpu=1), taken("ours", 1, fault="client 7 lost 2"))
    assert result.faults == ["one-room, ours, round 1: client 7 lost 2"]
    assert not result.complete
    assert "FAULT: one-room, ours, round 1: client 7 lost 2" in table(result)


@pytest.mark.parametrize(
    ("server", "generator", "said"), [(0.5, 0.95, True), (0.95, 0.95, False), (0.5, 0.5, False)]
)
def test_a_generator_that_is_the_bottleneck_is_named(
    server: float, generator: float, said: bool
) -> None:
    result = report(taken("ours", 1, per_cpu=1, server=server, generator=generator))
    assert bool(result.notes) is said
    assert ("the generator was the bottleneck" in table(result)) is said


def test_the_table_has_a_line_per_figure_and_its_columns_are_aligned() -> None:
    lines = table(
        report(
            taken("yardstick", 1, per_cpu=0.2, per_second=0.1),
            taken("ours", 1, per_cpu=9.0, per_second=1234.56),
        )
    ).splitlines()
    assert lines[0].split() == [
        "scenario",
        "figure",
        *BOTH,
        "ratio",
        "low",
        "-",
        "high",
        "required",
    ]
    assert lines[2].split()[-9:] == [
        "0.200",
        "9.000",
        "45.00×",
        "45.00",
        "-",
        "45.00",
        "≥",
        "20×",
        "pass",
    ]
    assert lines[2].index("9.000") + 5 == lines[3].index("1234.560") + 8


def test_the_json_has_every_run_and_null_for_what_there_is_not() -> None:
    document = json.loads(to_json(report(taken("ours", 2, "idle", rss=4.0), servers=["ours"])))
    assert document["rows"][0]["medians"] == {"ours": 4.0}
    assert document["rows"][0]["ratio"] is None
    assert document["runs"][0]["round"] == 2
    assert document["runs"][0]["run"]["values"] == {"rss": 4.0}
    assert document["settings"]["window"] == Settings().window
