"""Durations in bins: counts are exact, percentiles good to half a bin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.histogram import Histogram

DURATIONS = st.lists(st.floats(0, 20, allow_nan=False), max_size=200)


def filled(durations: list[float]) -> Histogram:
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    return histogram


@given(DURATIONS)
def test_bins_ascend_and_hold_everything(durations: list[float]) -> None:
    bins = list(filled(durations).bins())
    assert bins == sorted(bins)
    assert sum(count for _, count in bins) == len(durations)


@given(DURATIONS.filter(bool), st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_percentiles_are_good_to_half_a_bin(durations: list[float], share: float) -> None:
    histogram = filled(durations)
    ordered = sorted(durations)
    rank = next(n for n in range(1, len(ordered) + 1) if n >= share * len(ordered))
    exact = ordered[rank - 1] * 1e3
    width = 0.1 if exact < 100 else 1.0
    assert histogram.percentile(share) == pytest.approx(exact, abs=width / 2 + 1e-6)


@given(DURATIONS, DURATIONS)
def test_merging_is_counting_both(one: list[float], other: list[float]) -> None:
    merged = filled(one)
    merged.merge(filled(other))
    assert list(merged.bins()) == list(filled(one + other).bins())


@given(DURATIONS, DURATIONS)
def test_taking_leaves_nothing_behind(one: list[float], other: list[float]) -> None:
    histogram = filled(one)
    taken = histogram.take()
    assert histogram.count == 0
    for duration in other:
        histogram.add(duration)
    assert list(taken.bins()) == list(filled(one).bins())
    assert list(histogram.bins()) == list(filled(other).bins())


def test_an_empty_one_has_no_percentile() -> None:
    assert Histogram().percentile(0.99) == 0
    assert list(Histogram().bins()) == []


def test_what_was_early_counts_as_zero() -> None:
    assert list(filled([-0.5]).bins()) == [(0.05, 1)]
