"""What a line takes, counted: in calls of Python, in what the core counts itself, in steps."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.core.world import World
from trio_chat.core import modes, rooms
from trio_chat.core.context import BUDGET
from trio_chat.core.inputs import Completed, Input
from trio_chat.core.state import Channel

MANY = 400


def calls(work: Callable[[], object]) -> int:
    """Return how many functions, of Python or C, are called while this is done."""
    found = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return found


def costs(world: World, *inputs: Input) -> list[int]:
    """Take inputs; return what each step costs until nothing is left to do, as the core counts."""
    output, found = world.core.context.output, []
    take = output.take

    def noted() -> object:
        found.append(output.cost)
        return take()

    output.take = noted  # type: ignore[method-assign, assignment]
    given = list(inputs)
    try:
        while given or world.core.busy:
            effects = world.core.step(given, world.now)
            assert effects.failures == []
            given = [Completed(request=one.id, result=True) for one in effects.requests]
    finally:
        output.take = take  # type: ignore[method-assign]
    return found


def crowded(*names: str, members: int = MANY, caps: str = "") -> tuple[World, list[Channel]]:
    """Return a world with rooms, each with as many members, of whom al is one, an operator."""
    world = World()
    world.irc("al", caps=caps)
    crowd = []
    for number in range(members - 1):
        world.irc(f"u{number}")
        crowd.append(world.core.state.users[world.ids[f"u{number}"]])
    found = []
    for name in names:
        world.ask("al", f"JOIN {name}")
        channel = world.core.state.channels[name]
        for one in crowd:
            rooms.enter(one, channel, 0)
        found.append(channel)
    return world, found


def test_a_mask_is_read_when_it_is_set_and_never_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.irc("op", rooms=",".join(f"#{number}" for number in range(60)))
    for number in range(60):
        for some in range(0, 100, 10):
            masks = " ".join(f"*{number}x{place}" for place in range(some, some + 10))
            world.ask("op", f"MODE #{number} +{'b' * 10} {masks}")
    world.irc("al")
    join = world.lines("al", f"JOIN {','.join(f'#{number}' for number in range(60))}")
    with monkeypatch.context() as patched:
        patched.delattr("trio_chat.core.globs.Glob.__init__")
        found = costs(world, join)
    assert len(world.core.state.users[world.ids["al"]].channels) == 60
    # Every one of them is compared, once.
    assert 6_000 <= sum(found) <= 6_000 + 60 * 20


def test_whom_a_member_is_ignored_by_is_looked_up_once() -> None:
    world, (channel,) = crowded("#a")
    for member in list(channel.members):
        rooms.set_standing(channel, member, modes.VOICE)
    world.ask("al", "NICK йцукен")
    ignoring = world.core.state.users[world.ids["u7"]]
    al = world.core.state.users[world.ids["al"]]
    world.core.state.ignores.add(ignoring, "йцукен", al)
    assert calls(lambda: world.core.step([world.lines("al", "PRIVMSG +#a :x")], world.now)) < (
        12 * MANY
    )
    found = world.send("al", "PRIVMSG +#a :x")
    assert len(found) == MANY - 2
    assert "u7" not in found


@pytest.mark.parametrize("condition", ["!{:x}?", ">{}", "T<{}"])
def test_list_counts_every_condition_and_ends_its_step(condition: str) -> None:
    world = World()
    world.irc("al")
    for number in range(10):
        names = [f"#{number}-{place}" for place in range(100)]
        world.irc(f"op{number}", rooms=",".join(names[:50]))
        world.ask(f"op{number}", f"JOIN {','.join(names[50:])}", f"TOPIC {names[0]} :t")
    wanted = ",".join(condition.format(number) for number in range(20, 100))
    found = costs(world, world.lines("al", f"LIST {wanted}"))
    assert max(found) < BUDGET
    if condition.startswith("!"):
        assert sum(found) >= 1000 * 80 * 16
    # What is asked twice is looked at once.
    again = costs(world, world.lines("al", f"LIST {','.join(['>0'] * 160)}"))
    assert sum(again) < 1000 * 4
