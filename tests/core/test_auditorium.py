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


# --- What counts is what is so in the end


@pytest.mark.parametrize("letters", ["-o+v", "+v-o", "-o+h", "-o+o", "+vo-vo+v"])
def test_one_who_is_another_in_the_middle_of_a_line_has_not_been_away(letters: str) -> None:
    world = hall()
    world.send("op", "MODE #u +o al")
    count = sum(letter.isalpha() for letter in letters)
    found = world.send("op", f"MODE #u {letters} {' '.join(['al'] * count)}")
    assert codes(found["bo"]) == ["MODE"]


@pytest.mark.parametrize("letters", ["+v-v", "+o-o", "+vh-vh", "-v+v-v"])
def test_one_who_is_shown_in_the_middle_of_a_line_is_not(letters: str) -> None:
    world = hall()
    count = sum(letter.isalpha() for letter in letters)
    found = world.send("op", f"MODE #u {letters} {' '.join(['al'] * count)}")
    assert codes(found["bo"]) == codes(found["al"]) == ["MODE"]


def test_one_who_rules_in_the_middle_of_a_line_has_lost_nobody() -> None:
    world = hall()
    world.send("op", "MODE #u +o al")
    assert codes(world.send("op", "MODE #u -o+h al al")["al"]) == ["MODE"]
    found = world.send("op", "MODE #u -h+v al al")
    assert codes(found["al"]) == ["MODE", "PART"]
    assert codes(found["bo"]) == ["MODE"]


def test_an_auditorium_that_is_none_in_the_middle_of_a_line_stays_as_it_is() -> None:
    world = hall()
    found = world.send("op", "MODE #u -u+u")
    assert [codes(found[name]) for name in ("op", "al", "bo")] == [["MODE"]] * 3
    assert codes(world.send("al", "NICK other")["al"]) == ["NICK"]
    assert "bo" not in world.send("al", "NICK al")
    assert codes(world.send("op", "MODE #u -u")["al"]) == ["MODE", "353", "366"]
    # Who has been there all the time knows everybody.
    found = world.send("op", "MODE #u +u-u+u")
    assert codes(found["al"]) == ["MODE"]
    assert codes(world.send("al", "NICK other")["bo"]) == ["NICK"]


def test_what_is_given_where_it_is_no_auditorium_any_more_is_in_the_names() -> None:
    for change in ("+v-u", "-u+v"):
        world = hall()
        found = world.send("op", f"MODE #u {change} al")
        assert codes(found["bo"]) == ["MODE", "353", "366"]
        assert found["bo"][1].endswith(" :@op +al bo")


def test_one_who_rules_no_longer_loses_each_once() -> None:
    world = hall()
    world.send("op", "MODE #u +ov al bo")
    world.irc("cy", rooms="#u")
    found = world.send("op", "MODE #u -ov al bo")
    parts = [f"{prefix(name)} PART #u :{HIDDEN}" for name in ("bo", "cy")]
    assert found["al"][1:] == parts
    assert found["cy"][1:] == [f"{prefix(name)} PART #u :{HIDDEN}" for name in ("al", "bo")]
    assert found["bo"][1:] == [f"{prefix('al')} PART #u :{HIDDEN}"]


def test_several_come_into_view_in_their_order_and_see_each_other() -> None:
    world = hall()
    world.irc("cy", rooms="#u")
    found = world.send("op", "MODE #u +vv al bo")
    joins = {name: f"{prefix(name)} JOIN #u" for name in ("al", "bo")}
    mode = f"{prefix('op')} MODE #u +vv al bo"
    assert found["cy"] == [joins["al"], joins["bo"], mode]
    assert found["al"] == [joins["bo"], mode]
    assert found["bo"] == [joins["al"], mode]


def test_those_who_know_each_other_are_told_of_strangers_only() -> None:
    world = World()
    for name in ("op", "al", "bo"):
        world.irc(name, rooms="#u")
    world.send("op", "MODE #u +u")
    for name in ("cy", "di"):
        world.irc(name, rooms="#u")
    found = world.send("op", "MODE #u +vv al cy")
    assert codes(found["bo"]) == codes(found["al"]) == ["JOIN", "MODE"]
    assert found["bo"][0] == found["al"][0] == f"{prefix('cy')} JOIN #u"
    assert codes(found["di"]) == ["JOIN", "JOIN", "MODE"]
    found = world.send("op", "MODE #u -vv al cy")
    assert found["bo"][1:] == found["al"][1:] == [f"{prefix('cy')} PART #u :{HIDDEN}"]
    assert codes(found["di"]) == ["MODE", "PART", "PART"]


def test_people_without_a_list_are_not_named_all_when_it_is_none_any_more() -> None:
    world = hall()
    world.person("pat")
    world.send("pat", "/join #u")
    found = world.send("op", "MODE #u -u")
    assert len(found["pat"]) == 1
    assert codes(found["al"]) == ["MODE", "353", "366"]


# --- Names


def test_names_are_written_once_for_all_who_see_the_same() -> None:
    world = World(page=2)
    world.irc("op", rooms="#u")
    names = [f"{letter}{'x' * 28}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    for name in names[:13]:
        world.irc(name, rooms="#u")
    world.send("op", "MODE #u +u")
    for name in names[13:]:
        world.irc(name, rooms="#u")
    some = [*names[:10], *names[13:23]]
    for place in (0, 10):
        world.send("op", f"MODE #u +{'v' * 10} {' '.join(some[place : place + 10])}")

    def named(name: str) -> set[str]:
        lines = world.ask(name, "NAMES #u")
        assert all(len(line.encode()) <= 510 for line in lines)
        words = [word for line in lines for word in line.partition(" :")[2].split()]
        assert codes(lines)[-1] == "366"
        words = words[:-4]
        assert len(words) == len(set(words))
        return {word.lstrip("@+") for word in words}

    standing = {"op", *some}
    assert named("op") == {"op", *names}
    # One who knows the others, one whom nobody knows, one who may speak.
    assert named(names[12]) == standing | set(names[:13])
    assert named(names[25]) == standing | {names[25]}
    assert named(names[20]) == standing
    # Who comes sees those, and is in nobody's list.
    found = world.step(world.add("new"), world.lines("new", "NICK new", "USER n 0 * :n"))
    assert codes(found["new"])[0] == "001"
    found = world.step(
        world.lines(names[24], "NAMES #u"),
        world.lines("new", "JOIN #u"),
        world.lines(names[25], "NAMES #u"),
    )
    words = " ".join(line for line in found[names[25]] if " 353 " in line).split()
    assert "new" not in words
    assert names[25] in words
