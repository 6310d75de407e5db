"""The verdict: failure outweighs doubt, and silence proves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from loadtest.diagnosis import Fault, Kind
from loadtest.histogram import Histogram
from loadtest.plan import resolve
from loadtest.verdict import Health, Outcome, Result, judge

PLAN = resolve({})
HEALTHY: dict[str, Any] = {
    "lag_p99_ms": 1.0,
    "cpu_percent": 30.0,
    "intended": 100,
    "sent": 100,
    "blocked": 0,
}
GOOD: dict[str, Any] = {"said": 100, "deliveries": 2000, "clients": 20, "rooms": 1}
FAULT = Fault(Kind.LOST, "#room", "u1", "message 3 of u2 did not arrive")


def test_a_good_run_is_proven() -> None:
    verdict = judge(PLAN, Result(**GOOD, health=Health(**HEALTHY)))
    assert verdict.outcome is Outcome.PROVEN
    assert [int(outcome) for outcome in Outcome] == [0, 1, 2, 3]
    assert verdict.lines[-1].startswith("PROVEN: 100 messages to 20 clients in 1 room of 20, ")


@pytest.mark.parametrize(
    ("sick", "words"),
    [
        ({"lag_p99_ms": 20.1}, "it lagged 20.1 ms"),
        ({"cpu_percent": 80.5}, "it used 80 % of a core"),
        ({"sent": 98}, "98 of 100 intended sends were made."),
        ({"sent": 98, "blocked": 3}, "the server did not read"),
    ],
)
def test_a_generator_that_is_the_bottleneck_makes_it_invalid(
    sick: dict[str, float], words: str
) -> None:
    verdict = judge(PLAN, Result(**GOOD, health=Health(**{**HEALTHY, **sick})))
    assert verdict.outcome == 3
    assert words in "\n".join(verdict.lines)


@pytest.mark.parametrize(
    "fine", [{"lag_p99_ms": 20.0}, {"cpu_percent": 80.0}, {"sent": 99}, {"blocked": 5}]
)
def test_the_limits_themselves_are_valid(fine: dict[str, float]) -> None:
    assert judge(PLAN, Result(**GOOD, health=Health(**{**HEALTHY, **fine}))).outcome == 0


def test_what_was_lost_is_a_failure_however_the_generator_was() -> None:
    sick = Health(**{**HEALTHY, "lag_p99_ms": 500.0})
    verdict = judge(PLAN, Result(**GOOD, faults=[FAULT], health=sick))
    assert verdict.outcome == 1
    assert "FAILED: of 2,000 deliveries: 1 lost." in verdict.lines
    assert "  #room: u1: message 3 of u2 did not arrive" in verdict.lines


def test_many_faults_are_counted_and_ten_told() -> None:
    lines = judge(PLAN, Result(**GOOD, faults=[FAULT] * 1234, health=Health(**HEALTHY))).lines
    assert "FAILED: of 2,000 deliveries: 1,234 lost." in lines
    assert lines[-1] == "  … and 1,224 more"
    assert len(lines) == 13


def test_any_other_failure_is_one() -> None:
    failures = {"A client was disconnected": 3, "The server is rude": 1}
    verdict = judge(PLAN, Result(**GOOD, failures=failures, health=Health(**HEALTHY)))
    assert verdict.outcome == 1
    assert verdict.lines[-2:] == [
        "FAILED: A client was disconnected (3 times).",
        "FAILED: The server is rude.",
    ]


@pytest.mark.parametrize("missing", [{"said": 0}, {"deliveries": 0}, {"health": None}])
def test_silence_proves_nothing(missing: dict[str, Any]) -> None:
    result = Result(**{**GOOD, "health": Health(**HEALTHY), **missing})
    assert judge(PLAN, result).outcome == 1


def test_times_are_told_to_a_tenth_of_a_millisecond() -> None:
    histogram = Histogram()
    histogram.add(0.00123)
    latencies = {"deliver": histogram, "say": Histogram()}
    lines = judge(PLAN, Result(**GOOD, latencies=latencies, health=Health(**HEALTHY))).lines
    assert lines[0] == "deliver: p50 1.2, p99 1.2, p99.9 1.2, max 1.2 ms"
    assert not any(line.startswith("say") for line in lines)
