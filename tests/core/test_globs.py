"""Globs: against a plain definition; and what comparing with them takes."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_masks import reference
from trio_chat.core.globs import Glob


@given(text=st.text("ab*?", max_size=12), name=st.text("ab", max_size=10))
def test_fits_as_defined(text: str, name: str) -> None:
    glob = Glob(text)
    assert glob.fits(name) is reference(text, name)
    # What was made ready for the first name serves the next.
    assert glob.fits(name + "a") is reference(text, name + "a")


def test_it_is_compared_as_it_is() -> None:
    assert not Glob("A*").fits("ab")
    assert Glob("?[.]*").fits("\n[.]\r")


@pytest.mark.parametrize(
    "text",
    [
        "*a?" * 80 + "b",
        "*" + "?a" * 100 + "*b",
        "*a" * 120 + "*b*a",
        "?" * 200,
        "*" + "a" * 90 + "?b*a",
    ],
)
def test_comparing_takes_so_many_steps_for_each_character_at_most(text: str) -> None:
    glob = Glob(text)
    name = "ab" + "a" * 198
    steps = 0

    def count(*_: Any) -> Any:
        nonlocal steps
        steps += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        glob.fits(name)
    finally:
        sys.settrace(before)
    assert steps < 6 * (len(name) + len(text))
