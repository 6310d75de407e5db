"""The book of a drill's keeper: what was acknowledged is there, what was not is there or not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from loadtest.drill.changes import EXAMPLES, Book, Change, Changes, Thing

TOPIC, BAN, ROOM = Thing("topic", "#a"), Thing("ban", "#a", "x!*@*"), Thing("room", "#a")
THERE = {ROOM: "al", TOPIC: "one"}
"""What has been acknowledged, in every book here."""


def change(values: Mapping[Thing, str], line: str = "do it") -> Change:
    return Change("change", line, ("done",), values)


def book(*under_way: Mapping[Thing, str]) -> Book:
    book = Book(Changes())
    for thing, value in THERE.items():
        book.ask(change({thing: value}))
        book.succeed()
    for values in under_way:
        book.ask(change(values))
    return book


def counts(book: Book) -> tuple[int, int, int]:
    changes = book.changes
    return (changes.undecided, changes.missing, changes.altered)


def test_what_is_acknowledged_is_counted_by_kind() -> None:
    found = book({TOPIC: "two"})
    assert (found.changes.acknowledged, found.changes.kinds) == (2, {"change": 2})
    assert found.state == THERE
    assert found.planned() == {**THERE, TOPIC: "two"}
    assert found.possible(TOPIC) == ["two", "one"]
    assert found.touched == {ROOM, TOPIC}


@pytest.mark.parametrize(
    "there",
    [THERE, {**THERE, TOPIC: "two"}, {**THERE, TOPIC: "two", BAN: "+b"}],
)
def test_what_is_not_answered_is_there_or_not(there: dict[Thing, str]) -> None:
    found = book({TOPIC: "two"}, {BAN: "+b"})
    found.compare(there)
    assert counts(found) == (2, 0, 0)
    assert found.changes.is_clean
    assert {thing: value for thing, value in found.state.items() if value} == there
    assert not found.under_way
    assert not found.touched


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        # What was acknowledged, and is gone or as it was never, or not any more, to be.
        ({ROOM: "al"}, (1, 0)),
        ({}, (2, 0)),
        ({**THERE, TOPIC: "none"}, (1, 0)),
        ({**THERE, ROOM: "bo"}, (1, 0)),
        # What nobody has asked for.
        ({**THERE, BAN: "+b"}, (0, 1)),
        ({**THERE, Thing("access", "#a", "bo"): "+o"}, (0, 1)),
    ],
)
def test_what_is_wrong_is_found(there: dict[Thing, str], expected: tuple[int, int]) -> None:
    found = book()
    found.compare(there)
    assert counts(found) == (0, *expected)
    assert not found.changes.is_clean
    assert len(found.changes.examples) == sum(expected)
    # It is told once.
    found.compare(there)
    assert counts(found) == (0, *expected)


def test_a_change_that_was_taken_back_with_success_is_not_there() -> None:
    found = book({TOPIC: "two"}, {BAN: "+b"}, {BAN: ""})
    for _ in range(3):
        found.succeed()
    found.compare({**THERE, TOPIC: "one", BAN: "+b"})
    assert counts(found) == (0, 2, 0)
    assert found.changes.examples == [
        "missing: topic #a is 'one', not 'two'",
        "missing: ban #a x!*@* is '+b', not ''",
    ]


def test_later_changes_are_not_there_without_those_before_them() -> None:
    found = book({TOPIC: "two"}, {BAN: "+b"})
    found.compare({**THERE, BAN: "+b"})
    assert counts(found) == (2, 0, 1)
    assert found.changes.examples == ["altered: there in part, or not in order: do it; do it"]


def test_a_change_is_there_as_a_whole() -> None:
    found = book({ROOM: "", TOPIC: ""})
    found.compare({TOPIC: "one"})
    assert counts(found) == (1, 0, 1)


def test_a_few_faults_are_told_one_by_one() -> None:
    found = book()
    found.compare({**THERE, **{Thing("ban", "#a", f"{n}!*@*"): "+b" for n in range(20)}})
    assert counts(found) == (0, 0, 20)
    assert len(found.changes.examples) == EXAMPLES
