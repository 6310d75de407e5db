"""Ids: what they name, and in which order."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.core import ids
from trio_chat.core.encoding import timestamp
from trio_chat.core.ids import END, LARGEST, START, Position

NUMBERS = st.integers(0, LARGEST)
PLACES = st.integers(0, 62**5 - 1)
TIMES = st.floats(0, 8_000_000_000)
"""Until the year 2223: later a time has no exact microseconds."""


@given(NUMBERS, PLACES)
def test_an_id_names_its_position(number: int, place: int) -> None:
    id = ids.encode(number, place)
    assert ids.decode(id) == Position(number, place)
    # It is a batch's reference, too (IRCv3 batch, "Reference tag").
    assert re.fullmatch(r"[A-Za-z0-9]{10,14}", id)


@given(st.text(st.sampled_from("0129AZaz-_~é"), max_size=16))
def test_an_id_is_written_in_one_way(text: str) -> None:
    position = ids.decode(text)
    assert position is None or ids.encode(*position) == text


@pytest.mark.parametrize(
    "text",
    ["", "000000000", "00000000000", "0000000000-", "00000000-0", "0000000001000000", "é" * 10],
)
def test_what_is_no_id(text: str) -> None:
    assert ids.decode(text) is None


def test_a_few_ids() -> None:
    assert ids.encode(0, 0) == "0000000000"
    assert ids.encode(1, 61) == "000000001z"
    assert ids.encode(62, 62) == "00000001010"
    assert ids.encode(ids.following(0, 1_700_000_000.0), 3) == "7yJl8F7Oi3"
    assert ids.encode(LARGEST, 0) == "zzzzzzzzz0"


@pytest.mark.parametrize("number", [-1, LARGEST + 1])
def test_a_number_has_its_limits(number: int) -> None:
    with pytest.raises(ValueError, match="there are no ids of a step"):
        ids.encode(number, 0)


@given(NUMBERS, PLACES, NUMBERS)
def test_a_place_in_a_step(number: int, place: int, other: int) -> None:
    id = ids.encode(number, place)
    assert ids.place_in(id, ids.head(number)) == place
    assert ids.place_in(id, ids.head(other)) == (place if number == other else None)
    assert ids.place_in(f"{ids.head(number)}-", ids.head(number)) is None
    assert ids.place_in("", ids.head(number)) is None


@given(NUMBERS, NUMBERS)
def test_ids_of_steps_sort_as_the_steps_do(one: int, other: int) -> None:
    assert (one < other) == (ids.head(one) < ids.head(other))


@given(TIMES)
def test_milliseconds_are_those_that_the_tag_shows(time: float) -> None:
    assert f"{ids.milliseconds(time) % 1000:03}" == timestamp(time)[-4:-1]
    assert timestamp(ids.milliseconds(time) / 1000) == timestamp(time)


def test_a_number_is_the_time_s_and_greater_than_the_last() -> None:
    first = ids.following(0, 1_700_000_000.1239)
    assert ids.time_of(first) == 1_700_000_000_123
    assert ids.following(first, 1_700_000_000.1239) == first + 1
    # The clock was set back.
    assert ids.following(first, 1_600_000_000.0) == first + 1
    assert ids.time_of(ids.following(first, 1_700_000_000.125)) == 1_700_000_000_125


@given(st.integers(0, 10**13), st.integers(0, ids.STEPS - 1), PLACES)
def test_positions_of_a_time(time: int, step: int, place: int) -> None:
    position = Position(time * ids.STEPS + step, place)
    assert ids.first_of(time) <= position < ids.first_of(time + 1)
    assert START < position < END


@pytest.mark.parametrize(("time", "number"), [(-5, 0), (1 << 62, LARGEST)])
def test_a_time_that_nothing_has(time: int, number: int) -> None:
    assert ids.first_of(time) == Position(number, 0)
