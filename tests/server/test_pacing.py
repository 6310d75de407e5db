"""When a pause after a tick pays."""

from __future__ import annotations

import pytest

from trio_chat.server.pacing import COSTLY, DOUBTS, ENOUGH, LONGEST, Pacing


def test_a_cheap_tick_is_followed_by_no_pause() -> None:
    pacing = Pacing()
    assert pacing.pause(COSTLY / 2, shown=100, readers=100) == 0
    assert pacing.pause(1.0, shown=0, readers=0) == 0


def test_a_pause_is_as_long_as_the_tick_was_costly() -> None:
    pacing = Pacing()
    short = pacing.pause(0.001, shown=200, readers=200)
    assert 0 < short < pacing.pause(0.002, shown=400, readers=200) < LONGEST
    assert pacing.pause(1.0, shown=400, readers=200) == LONGEST


def test_a_wait_for_the_journal_is_a_pause_already() -> None:
    pacing = Pacing()
    whole = pacing.pause(0.004, shown=400, readers=200)
    part = pacing.pause(0.004, shown=400, readers=200, waited=whole / 4)
    assert part == pytest.approx(whole * 3 / 4)
    assert pacing.pause(0.004, shown=400, readers=200, waited=1.0) == 0
    # It is one all the same, that is worth it or not.
    paused = [pacing.pause(0.004, shown=20, readers=20, waited=0.001) > 0 for _ in range(1000)]
    assert sum(paused[500:]) < 20


def test_pauses_that_gather_something_go_on() -> None:
    pacing = Pacing()
    assert all(pacing.pause(0.001, shown=400, readers=200) for _ in range(1000))


def test_pauses_that_gather_nothing_become_rare_and_come_back() -> None:
    pacing = Pacing()
    paused = [pacing.pause(0.001, shown=20, readers=20) > 0 for _ in range(6400)]
    # One in 64, once that is known.
    assert 60 < sum(paused[1000:]) < 5400 / (1 << DOUBTS) + 10
    # Then somebody's room gets busy: the first pause that is tried shows it.
    tried = 0
    while not pacing.pause(0.001, shown=20, readers=20):
        tried += 1
        assert tried < 1 << DOUBTS
    assert all(pacing.pause(0.001, shown=60, readers=20) for _ in range(100))


def test_what_ends_a_pause_grows_with_the_readers() -> None:
    assert Pacing.enough(0) == Pacing.enough(10) == ENOUGH
    assert Pacing.enough(1000) == 1000
