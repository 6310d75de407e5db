"""Ids of what happens, as the log gives them: the number of the step, and the place within it.

A step has a number, greater than that of every step before it, and what happens in the step has
places, counted from 0. Both stand in the id, so what it names is found without an index of its own,
and whoever takes the same steps from one log makes the same ids.

A number is the step's time in milliseconds, and `STEPS` numbers for each of them, as in a Redis
Stream: a time is found by its number, and a number that was never stored is still not used again
after a restart. If the clock has been set back the numbers go on from the last one.

Pure arithmetic; must not know what the ids are of.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

STEPS = 1024
"""Steps in a millisecond, before the numbers run ahead of the clock."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_BASE = len(_DIGITS)
_WIDTH = 9
"""Digits of a number: enough until the year 2388."""
_LONGEST = 5
"""Digits of a place: more than any step has."""
LARGEST = _BASE**_WIDTH - 1
"""The greatest number that has an id."""


class Position(NamedTuple):
    """Where something stands in the log; positions compare as what happened did."""

    number: int
    place: int


START = Position(0, -1)
"""Before everything."""
END = Position(LARGEST, _BASE**_LONGEST)
"""Behind everything."""


def milliseconds(time: float) -> int:
    """Return a time, in seconds since the epoch, in milliseconds: those that its tag shows.

    Rounded to microseconds first, and then cut, as `datetime` does it.
    """
    fraction, whole = math.modf(time)
    return (int(whole) * 1_000_000 + round(fraction * 1_000_000)) // 1000


def following(last: int, time: float) -> int:
    """Return the number of a step at this time, in seconds since the epoch, behind step `last`."""
    return max(last + 1, milliseconds(time) * STEPS)


def first_of(time: int) -> Position:
    """Return the first position that something can have at this time, in milliseconds."""
    return Position(min(max(time, 0) * STEPS, LARGEST), 0)


def time_of(number: int) -> int:
    """Return the time that a number stands for, in milliseconds."""
    return number // STEPS


@lru_cache(maxsize=8)
def head(number: int) -> str:
    """Return what the ids of a step begin with."""
    if not 0 <= number <= LARGEST:
        raise ValueError(f"there are no ids of a step {number}")
    digits = []
    for _ in range(_WIDTH):
        number, digit = divmod(number, _BASE)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


_KNOWN = 16_384
"""Places whose digits are kept at hand: more than a step has that is not one of a storm. A cache of
what was used last is of no use here, for the places of every step are gone through in order."""
_tails: list[str] = []
_places: dict[str, int] = {}


def _tail(place: int) -> str:
    digits = _DIGITS[place % _BASE]
    while place >= _BASE:
        place //= _BASE
        digits = _DIGITS[place % _BASE] + digits
    return digits


def _learn(place: int) -> str:
    """Return the digits of a place; keep those of all up to it, if they are few."""
    if place < _KNOWN:
        for known in range(len(_tails), place + 1):
            digits = _tail(known)
            _tails.append(digits)
            _places[digits] = known
    return _tail(place)


def encode(number: int, place: int) -> str:
    """Return the id of what has this place in this step: letters and digits."""
    tail = _tails[place] if place < len(_tails) else _learn(place)
    return head(number) + tail


def place_in(id: str, head: str, guess: int = 0) -> int | None:
    """Return the place that an id names in the step whose ids begin with `head`; None: it is not of
    that step. It is found faster if it is the `guess`."""
    if guess < len(_tails) and id == head + _tails[guess]:
        return guess
    if not id.startswith(head):
        return None
    place = _places.get(id[_WIDTH:])
    if place is None:
        position = decode(id)
        return None if position is None else position.place
    return place


def decode(id: str) -> Position | None:
    """Return the position that an id names; None for what is not an id of ours."""
    tail = id[_WIDTH:]
    if not 1 <= len(tail) <= _LONGEST or (tail[0] == "0" and tail != "0"):
        return None
    number = place = 0
    try:
        for digit in id[:_WIDTH]:
            number = number * _BASE + _VALUES[digit]
        for digit in tail:
            place = place * _BASE + _VALUES[digit]
    except KeyError:
        return None
    return Position(number, place)
