"""What a keeper of the drill does next."""

from __future__ import annotations

import random

import pytest

from loadtest.drill import plans
from loadtest.drill.changes import Change, Thing
from loadtest.drill.plans import Planner, State

BASE = {
    Thing("account", "al"): "secret",
    Thing("account", "bo"): "other",
    Thing("room", "#a"): "al",
    Thing("room", "#b"): "al",
    Thing("room", "#c"): "bo",
    Thing("topic", "#a"): "one",
    Thing("topic", "#b"): "two",
    Thing("ban", "#b", "x!*@*"): "+b",
    Thing("access", "#a", "bo"): "+o",
    Thing("access", "#b", "bo"): "+h",
    Thing("access", "#c", "al"): "+v",
}


def planned(state: State, account: str = "al", *, seed: int = 1) -> dict[str, Change]:
    """Return one of each kind of what can be done."""
    planner = Planner("k0", random.Random(seed))
    return {(one := planner.change(state, account)).kind: one for _ in range(2000)}


def test_a_founder_who_is_dropped_leaves_rooms_to_operators_by_access() -> None:
    change = planned(BASE)["account dropped"]
    assert change.line == "NS DROP secret"
    assert change.success == ("NOTICE", "NickServ", "al is nobody's any more.")
    assert {one: value for one, value in {**BASE, **change.values}.items() if value} == {
        Thing("account", "bo"): "other",
        Thing("room", "#a"): "bo",
        Thing("room", "#c"): "bo",
        Thing("topic", "#a"): "one",
    }


def test_nobody_is_dropped_whose_heir_is_not_known() -> None:
    third = {Thing("account", "cy"): "third"}
    assert "account dropped" in planned({**BASE, **third})
    assert "account dropped" not in planned({**BASE, **third, Thing("access", "#a", "cy"): "+o"})


def test_a_room_goes_with_all_that_is_set_there() -> None:
    change = planned({one: value for one, value in BASE.items() if one.name != "#a"})[
        "room dropped"
    ]
    assert change.line == "CS DROP #b #b"
    assert {*change.values} == {one for one in BASE if one.name == "#b"}
    assert not any(change.values.values())


@pytest.mark.parametrize(
    ("more", "without"),
    [
        ({}, set()),
        ({Thing("room", f"#{n}"): "al" for n in range(plans.ROOMS)}, {"room"}),
        (
            {
                Thing("ban", room, f"{n}!*@*"): "+b"
                for n in range(plans.BANS)
                for room in ("#a", "#b")
            },
            {"ban"},
        ),
        ({Thing("ban", "#b", "x!*@*"): ""}, {"ban lifted", "bans cleared"}),
        ({Thing("account", "bo"): ""}, {"account dropped", "access"}),
        ({Thing("room", room): "" for room in ("#a", "#b")}, {
            "access", "ban", "ban lifted", "bans cleared", "room dropped", "topic",
        }),
    ],
)  # fmt: skip
def test_only_what_can_be_done_is(more: dict[Thing, str], without: set[str]) -> None:
    kinds = {
        "access",
        "account dropped",
        "ban",
        "ban lifted",
        "bans cleared",
        "password",
        "room",
        "room dropped",
        "topic",
    }
    assert {*planned({**BASE, **more})} == kinds - without


def test_nothing_is_asked_for_that_is_so_already() -> None:
    planner = Planner("k0", random.Random(2))
    state: dict[Thing, str] = dict(BASE)
    for _ in range(2000):
        change = planner.change(state, "bo")
        assert any(state.get(one, "") != value for one, value in change.values.items()), change
        if change.kind != "account dropped":
            state |= change.values


def test_each_name_is_another() -> None:
    planner = Planner("k0", random.Random(3))
    made = [planner.account() for _ in range(10)]
    made += [one for name in made for one in planner.registration(name).values.values()]
    assert len({*made}) == 20
    assert all(name.startswith("k0a") for name in made[:10])
