"""The comparison's verdicts, its table, its JSON and what its picture shows."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from loadtest.bench.figures import Run, Settings
from loadtest.bench.summary import Taken
from loadtest.peers import plot
from loadtest.peers.report import Comparison, Row, markdown, summarize, to_json
from loadtest.peers.scenarios import SCENARIOS

TITLES = {"ours": "trio_chat", "inspircd": "InspIRCd", "ngircd": "ngIRCd"}


def taken(
    name: str, number: int, scenario: str = "pairs", /, *, fault: str = "", **values: float
) -> Taken:
    run = Run(values=dict(values), faults=[fault] if fault else [])
    return Taken(scenario=scenario, server=name, round=number, run=run)


def comparison(*runs: Taken, titles: dict[str, str] = TITLES, judged: bool = True) -> Comparison:
    versions = {"ngircd": "ngIRCd 99"}
    return summarize(
        runs, titles=titles, versions=versions, settings=Settings(), judged=judged, notes=["so"]
    )


def row(key: str, *runs: Taken, titles: dict[str, str] = TITLES) -> Row:
    found = comparison(*runs, titles=titles).rows
    return next(one for one in found if one.key == key)


def test_one_figure_may_be_required_against_two_peers() -> None:
    found = row(
        "per_cpu",
        taken("ours", 1, per_cpu=0.2),
        taken("inspircd", 1, per_cpu=0.25),
        taken("ngircd", 1, per_cpu=0.1),
    )
    assert [(verdict.required, verdict.passed) for verdict in found.verdicts] == [
        ("≥ 0.65× inspircd", True),
        ("≥ 3× ngircd", False),
    ]
    assert found.ratios["inspircd"].median == pytest.approx(0.8)


def test_ratios_are_within_a_round_whatever_the_order_of_the_runs() -> None:
    found = row(
        "per_cpu",
        *(taken("ours", number, per_cpu=value) for number, value in ((1, 4), (2, 1), (3, 9))),
        *(taken("inspircd", number, per_cpu=value) for number, value in ((3, 3), (2, 1), (1, 2))),
    )
    ratio = found.ratios["inspircd"]
    assert (ratio.lowest, ratio.median, ratio.highest) == (1, 2, 3)
    assert math.isnan(found.ratios["ngircd"].median)


def test_what_a_peer_that_is_not_there_would_decide_is_not_judged_and_not_passed() -> None:
    result = comparison(taken("ours", 1, per_cpu=1), titles={"ours": "trio_chat"})
    assert [verdict.passed for verdict in result.rows[0].verdicts] == [None, None]
    assert not result.passed
    assert result.complete


def test_a_peer_that_failed_decides_nothing_in_our_favour() -> None:
    result = comparison(
        taken("ours", 1, per_cpu=1), taken("inspircd", 1, fault="ended"), taken("ngircd", 1)
    )
    assert [verdict.passed for verdict in result.rows[0].verdicts] == [False, False]
    assert result.faults == ["pairs, inspircd, round 1: ended"]


def test_a_value_of_ours_is_judged_without_any_peer() -> None:
    found = row("rss_total", taken("ours", 1, "idle", rss_total=115.1), titles={"ours": "us"})
    assert [(verdict.required, verdict.passed) for verdict in found.verdicts] == [("≤ 115", False)]


def test_reduced_sizes_are_not_judged() -> None:
    result = comparison(taken("ours", 1, "idle", rss_total=200), judged=False)
    assert result.passed
    assert "✘" not in markdown(result)


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        ({"server": 0.5, "generator": 0.5, "late": 0.2, "p99": 5.0}, set()),
        ({"server": 0.5, "generator": 0.5, "late": 2.0, "p99": 5.0}, {"p50", "p99", "p999"}),
        ({"server": 0.5, "generator": 0.5, "late": 2.0, "p99": 50.0}, set()),
        (
            {"server": 0.5, "generator": 0.5, "late": 11.0, "p99": 50.0},
            {"cpu", "p50", "p99", "p999"},
        ),
        ({"server": 0.5, "generator": 0.95, "late": 0.2}, {"cpu", "p50", "p99", "p999"}),
        ({"server": 0.5, "generator": 0.95}, {"cpu", "p50", "p99", "p999"}),
        ({"server": 0.95, "generator": 0.95}, set()),
    ],
)
def test_what_the_generator_has_a_part_in_is_marked(
    values: dict[str, float], keys: set[str]
) -> None:
    figures = {"cpu": 1.0, "p50": 1.0, "p99": 1.0, "p999": 1.0} | values
    mine = Taken(scenario="tls-plain", server="ours", round=1, run=Run(values=figures))
    result = comparison(mine, taken("ngircd", 1, "tls-plain", cpu=1.0))
    assert {one.key for one in result.rows if one.doubtful} == keys
    text = markdown(result)
    assert ("| 1.00 ? |" in text) is bool(keys)
    assert ("- ? tls-plain, trio_chat: the generator " in text) is bool(keys)
    if "cpu" in keys:
        assert "1.00× ?" in text


def test_company_is_mentioned_if_it_took_enough_to_matter() -> None:
    text = markdown(comparison(*(taken("ours", n, others=n / 10) for n in (1, 2, 4))))
    assert "- Other processes took 20% of a core meanwhile (median; at most 40%): " in text
    assert "Other processes" not in markdown(comparison(taken("ours", 1, others=0.05)))


def test_the_table_is_markdown_with_as_many_cells_in_each_line() -> None:
    text = markdown(
        comparison(
            taken("ours", 1, "one-room", per_cpu=1234.5, per_second=2),
            taken("ours", 2, "one-room", per_cpu=1234.5, per_second=2),
            taken("inspircd", 1, "one-room", per_cpu=1, per_second=1),
            taken("inspircd", 2, "one-room", per_cpu=2, per_second=1),
            taken("ngircd", 1, "one-room", fault="it\nended"),
            Taken(scenario="pairs", server="ours", round=1, run=Run(remarks=["odd"])),
        )
    )
    table, _, about = text.partition("\n\n")
    lines = table.splitlines()
    assert {line.count("|") for line in lines} == {10}
    assert lines[0] == (
        "|  |  | trio_chat | InspIRCd | ngIRCd | trio_chat / InspIRCd | trio_chat / ngIRCd "
        "| required | met |"
    )
    assert lines[2].startswith("| **one-room**: 200 in one room, saturated | M deliveries")
    assert "| 1,234.500 | 1.500 |  | 925.88× (617.25–1234.50) |  | ≥ 5× inspircd | ✔ |" in lines[2]
    assert lines[3].startswith("|  | M deliveries / s | 2.000 | 1.000 |  | 2.00× |")
    assert "- ngIRCd: ngIRCd 99.\n- so\n" in about
    assert "- pairs, ours, round 1: odd\n" in about
    assert "- **FAULT**: one-room, ngircd, round 1: it ended\n" in about


def test_without_ours_there_is_a_table_and_nothing_is_judged() -> None:
    result = comparison(taken("ngircd", 1, per_cpu=1), titles={"ngircd": "ngIRCd"})
    assert result.passed
    assert markdown(result).splitlines()[0] == "|  |  | ngIRCd |"
    assert plot.lines(result) == []


def test_the_json_has_every_run_and_null_for_what_there_is_not() -> None:
    document = json.loads(to_json(comparison(taken("ours", 2, per_cpu=4.0))))
    assert document["rows"][0]["medians"] == {"ours": 4.0, "inspircd": None, "ngircd": None}
    assert document["runs"][0]["run"]["values"] == {"per_cpu": 4.0}
    assert document["titles"] == TITLES


def test_the_picture_turns_costs_so_that_right_is_better() -> None:
    result = comparison(
        taken("ours", 1, "one-room", per_cpu=4),
        taken("inspircd", 1, "one-room", per_cpu=1),
        taken("ours", 1, "one-room-500", cpu=4, p99=2),
        taken("inspircd", 1, "one-room-500", cpu=1, p99=0),
    )
    heading, throughput, cost = plot.lines(result)
    assert heading.heading
    assert [point.better for point in throughput.points] == [4]
    assert [point.better for point in cost.points] == [0.25]


def test_the_picture_shows_figures_that_there_are() -> None:
    keys = {(name, figure.key) for name in SCENARIOS for figure in SCENARIOS[name].figures}
    assert {key for group in plot.GROUPS.values() for key in group} <= keys


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = comparison(
        taken("ours", 1, per_cpu=1), taken("inspircd", 1, per_cpu=40), taken("ngircd", 1, per_cpu=1)
    )
    assert plot.draw(result, tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert not plot.draw(comparison(taken("ours", 1, per_cpu=1)), tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
