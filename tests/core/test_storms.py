"""When thousands do something at once: a step ends in time, and nobody else waits for them."""

from __future__ import annotations

import pytest

from tests.core.world import World, codes
from trio_chat.core.context import BUDGET
from trio_chat.core.core import TURN
from trio_chat.core.feed import write
from trio_chat.core.inputs import Disconnected, Elapsed, Input

CROWD = 700


@pytest.fixture
def world() -> World:
    world = World()
    world.irc("by", rooms="#small")
    world.irc("st", rooms="#small")
    for number in range(CROWD):
        world.irc(f"u{number}")
    return world


def steps(world: World, *inputs: Input) -> list[dict[str, list[str]]]:
    """Take inputs, and go on until nothing is left; return what each step puts out."""
    found, given = [], list(inputs)
    names = {id: name for name, id in world.ids.items()}
    while given or world.core.busy:
        effects = world.core.step(given, world.now)
        given = []
        assert effects.failures == []
        found.append(
            {names[id]: write(chunks, id).decode().splitlines() for id, chunks in effects.outputs}
        )
    return found


def joined(world: World) -> None:
    for number in range(CROWD):
        world.send(f"u{number}", "JOIN #big")


def test_a_storm_of_joins_takes_several_steps_and_delays_nobody_else(world: World) -> None:
    joins = [world.lines(f"u{number}", "JOIN #big", "PING done") for number in range(CROWD)]
    found = steps(world, *joins, world.lines("by", "PING x", "PRIVMSG #small :hi"))
    assert len(found) > 2
    # Whoever comes last with something small is not behind the storm.
    assert codes(found[0]["by"]) == ["PONG"]
    assert codes(found[0]["st"]) == ["PRIVMSG"]
    lines = {name: [line for step in found for line in step.get(name, [])] for name in world.ids}
    for number in range(CROWD):
        mine = codes(lines[f"u{number}"])
        own = mine.index("366") + 1
        assert mine[0] == "JOIN"
        assert mine[own:].count("PONG") == 1
        assert mine[own:].count("JOIN") == CROWD - 1 - number
        names = [line.partition(" :")[2] for line in lines[f"u{number}"] if " 353 " in line]
        assert len(" ".join(names).split()) == number + 1


def test_a_storm_of_quits_takes_several_steps_and_delays_nobody_else(world: World) -> None:
    joined(world)
    gone = [
        Disconnected(user=world.ids[f"u{number}"], reason="Connection closed")
        for number in range(1, CROWD)
    ]
    found = steps(world, *gone, world.lines("by", "PING x"))
    assert len(found) > 1
    assert codes(found[0]["by"]) == ["PONG"]
    told = codes([line for step in found for line in step.get("u0", [])])
    assert told == ["QUIT"] * (CROWD - 1)
    assert len(world.core.state.users) == 3


def test_what_one_user_sends_stays_in_order_when_it_is_left_for_later(world: World) -> None:
    joined(world)
    talk = [world.lines(f"u{number}", "PRIVMSG #big :x") for number in range(CROWD)]
    last = world.lines("u0", "PRIVMSG #big :a", "NICK changed", "PRIVMSG #big :b", "QUIT :c")
    found = steps(world, *talk, last, Disconnected(user=world.ids["u0"], reason="gone"))
    assert len(found) > 2
    told = [line for step in found for line in step.get("u5", []) if line.startswith(":u0!")]
    told += [line for step in found for line in step.get("u5", []) if line.startswith(":changed!")]
    assert codes(told) == ["PRIVMSG"] * 2 + ["NICK", "PRIVMSG", "QUIT"]
    assert told[-1].endswith("QUIT :Quit: c")


def test_nobody_takes_a_step_for_themselves(world: World) -> None:
    many = world.lines("by", *["PING x"] * (3 * TURN))
    effects = world.core.step([many, world.lines("st", "PING y")], world.now)
    outputs = {id: write(chunks, id).count(b"PONG") for id, chunks in effects.outputs}
    assert outputs[world.ids["st"]] == 1
    assert 0 < outputs[world.ids["by"]] <= TURN


def test_who_sends_on_while_their_lines_wait_is_read_from_later(world: World) -> None:
    joined(world)
    everybody = [world.lines(f"u{number}", "PRIVMSG #big :x") for number in range(CROWD)] * 3
    effects = world.core.step(everybody, world.now)
    waiting = next(
        name for name, id in reversed(world.ids.items()) if world.core.waits(id) and name != "by"
    )
    id = world.ids[waiting]
    assert (id, False) not in effects.reading
    effects = world.core.step([world.lines(waiting, *["PONG x"] * 2 * TURN)], world.now)
    read = [on for user, on in effects.reading if user == id]
    while world.core.busy:
        effects = world.core.step([], world.now)
        read += [on for user, on in effects.reading if user == id]
    assert read == [False, True]


def test_many_deadlines_at_once_are_looked_after_in_several_steps() -> None:
    world = World()
    for number in range(2 * BUDGET // 10):
        world.ids[f"u{number}"] = number + 1
        world.core.step([world.add(f"u{number}"), world.lines(f"u{number}", "CAP LS")], world.now)
    world.now += 61
    closed = []
    while (deadline := world.core.next_deadline) is not None and deadline <= world.now:
        effects = world.core.step([Elapsed()], world.now)
        closed.append(len(effects.closes))
    assert len(closed) > 1
    assert sum(closed) == len(world.ids)
