"""Auditoriums (+u): whoever begins or ceases to see somebody is told so."""

from __future__ import annotations

import pytest

from tests.core.world import SERVER, World, codes, prefix
from trio_chat.core.handlers.auditorium import HIDDEN


def hall(*, caps: str = "") -> World:
    """An operator, and two who have come since it is an auditorium."""
    world = World()
    world.irc("op", rooms="#u")
    world.send("op", "MODE #u +u")
    for name in ("al", "bo"):
        world.irc(name, rooms="#u", caps=caps)
    return world


@pytest.mark.parametrize("caps", ["", "no-implicit-names"])
def test_everybody_is_named_when_it_is_none_any_more(caps: str) -> None:
    world = hall(caps=caps)
    found = world.send("op", "MODE #u -u")
    assert codes(found["op"]) == ["MODE"]
    for name in ("al", "bo"):
        assert found[name] == [
            f"{prefix('op')} MODE #u -u",
            f":{SERVER} 353 {name} = #u :@op al bo",
            f":{SERVER} 366 {name} #u :End of NAMES list",
        ]


def test_those_who_know_each_other_are_shown_the_few_whom_they_do_not() -> None:
    world = World()
    for name in ("op", "al", "bo"):
        world.irc(name, rooms="#u")
    world.send("op", "MODE #u +u")
    assert codes(world.send("op", "MODE #u -u")["al"]) == ["MODE"]
    world.send("op", "MODE #u +u")
    world.irc("cy", rooms="#u")
    found = world.send("op", "MODE #u -u")
    assert found["al"] == [f"{prefix('cy')} JOIN #u", f"{prefix('op')} MODE #u -u"]
    assert codes(found["op"]) == ["MODE"]
    assert codes(found["cy"]) == ["MODE", "353", "366"]


def test_those_who_were_there_before_see_each_other_leave() -> None:
    world = World()
    for name in ("op", "al", "bo", "cy"):
        world.irc(name, rooms="#u")
    world.send("op", "MODE #u +u")
    world.irc("new", rooms="#u")
    assert codes(world.send("al", "NICK as")["bo"]) == ["NICK"]
    found = world.send("al", "PART #u", "JOIN #u", "PART #u")
    assert codes(found["bo"]) == ["PART"]
    assert codes(found["op"]) == ["PART", "JOIN", "PART"]
    assert "new" not in found
    found = world.quit("cy")
    assert codes(found["bo"]) == ["QUIT"]
    assert "new" not in found


@pytest.mark.parametrize("letter", "vho")
def test_who_comes_into_view_joins_first(letter: str) -> None:
    world = hall()
    found = world.send("op", f"MODE #u +{letter} al")
    assert found["bo"] == [f"{prefix('al')} JOIN #u", f"{prefix('op')} MODE #u +{letter} al"]
    assert codes(found["op"]) == ["MODE"]
    names = [] if letter == "v" else ["353", "366"]
    assert codes(found["al"]) == ["MODE", *names]


@pytest.mark.parametrize("letter", "vho")
def test_who_goes_out_of_view_leaves_then(letter: str) -> None:
    world = hall()
    world.send("op", f"MODE #u +{letter} al")
    found = world.send("op", f"MODE #u -{letter} al")
    mode = f"{prefix('op')} MODE #u -{letter} al"
    assert found["bo"] == [mode, f"{prefix('al')} PART #u :{HIDDEN}"]
    assert codes(found["op"]) == ["MODE"]
    # A moderator sees everybody, and does not any more.
    parts = [] if letter == "v" else [f"{prefix('bo')} PART #u :{HIDDEN}"]
    assert found["al"] == [mode, *parts]


def test_one_who_stays_in_view_does_neither() -> None:
    world = hall()
    world.send("op", "MODE #u +v al")
    assert codes(world.send("op", "MODE #u +o al")["bo"]) == ["MODE"]
    found = world.send("op", "MODE #u -o al")
    assert codes(found["bo"]) == ["MODE"]
    assert codes(found["al"]) == ["MODE", "PART"]


def test_people_without_a_list_are_not_told_who_goes_out_of_view() -> None:
    world = hall()
    world.person("pat")
    world.send("pat", "/join #u")
    world.send("op", "MODE #u +o pat")
    assert len(world.send("op", "MODE #u -o pat")["pat"]) == 1
