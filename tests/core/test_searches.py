"""Searches over everybody: each takes a while, then others have their turn, and it goes on."""

from __future__ import annotations

import pytest

from tests.core.test_storms import steps
from tests.core.world import SERVER, World, codes
from trio_chat.core.context import BUDGET, PAGE, SEARCH
from trio_chat.core.inputs import Disconnected, Input

CROWD = 1_500
ASKERS = 20


def crowd() -> World:
    """Make a world of many, every third of whom has a name that ends with x."""
    world = World()
    inputs: list[Input] = []
    for number in range(CROWD):
        name = f"u{number}{'x' if number % 3 == 0 else ''}"
        inputs.append(world.add(name))
        inputs.append(world.lines(name, f"NICK {name}", f"USER {name} 0 * :Somebody"))
    world.step(*inputs)
    world.irc("by")
    for number in range(ASKERS):
        world.irc(f"al{number}", caps="labeled-response batch")
    return world


@pytest.fixture(scope="module")
def same() -> World:
    """A world for the tests that leave everybody where they are."""
    return crowd()


@pytest.fixture
def world() -> World:
    """A world for one test."""
    return crowd()


@pytest.mark.parametrize(
    ("line", "end"),
    [("WHO *nobody", "315"), ("WHO *nobody o", "315"), ("WHO *nobody %tn,7", "315")],
)
def test_searches_of_many_take_several_steps_and_delay_nobody(
    same: World, line: str, end: str
) -> None:
    asked: list[Input] = [same.lines(f"al{n}", line, "PING after") for n in range(ASKERS)]
    found = steps(same, *asked, same.lines("by", "PING x"))
    assert codes(found[0]["by"]) == ["PONG"]
    for number in range(ASKERS):
        lines = [one for step in found for one in step.get(f"al{number}", [])]
        assert codes(lines) == [end, "PONG"]
    # A step compares no more than it has time for, whoever asks.
    assert len(found) > ASKERS * CROWD // BUDGET


def test_who_asked_first_is_not_kept_waiting_by_who_asks_again(same: World) -> None:
    many: list[Input] = [same.lines(f"al{n}", *["WHO *nobody"] * 3) for n in range(1, ASKERS)]
    found = steps(same, *many, same.lines("al0", "WHO *nobody"))
    ends = {
        name: [place for place, step in enumerate(found) for _ in step.get(name, [])]
        for name in ("al0", "al1")
    }
    assert ends["al0"][0] < ends["al1"][1]


def test_what_is_found_comes_page_by_page_and_whole(
    same: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(same, "slow", True)
    pages = [same.ask("al1", "WHO u*x", "PING after")]
    while same.requests:
        pages.append(same.complete(True).get("al1", []))
    assert [len(page) for page in pages] == [PAGE, PAGE, CROWD // 3 - 2 * PAGE + 2]
    lines = [line for page in pages for line in page]
    found = [line.split()[7] for line in lines if " 352 " in line]
    assert found == [f"u{number}x" for number in range(0, CROWD, 3)]
    assert codes(lines)[-2:] == ["315", "PONG"]


def test_a_labelled_search_is_one_answer(same: World) -> None:
    assert same.ask("al1", "@label=a WHO *nobody", "@label=b PING 1") == [
        f"@label=a :{SERVER} 315 al1 *nobody :End of WHO list",
        f"@label=b :{SERVER} PONG {SERVER} 1",
    ]


def test_people_come_and_go_meanwhile(world: World) -> None:
    first = world.core.step([world.lines("al1", "WHO u*1499")], world.now)
    assert first.outputs == []
    assert world.core.busy
    assert world.core.waits(world.ids["al1"])
    late = world.add("late")
    found = steps(
        world,
        Disconnected(user=world.ids["u1499"], reason="gone"),
        Disconnected(user=world.ids["u2"], reason="gone"),
        late,
        world.lines("late", "NICK u21499", "USER x 0 * :x"),
    )
    assert codes([line for step in found for line in step.get("al1", [])]) == ["315"]
    assert not world.core.waits(world.ids["al1"])


@pytest.mark.parametrize("orderly", [False, True])
def test_who_asked_goes_meanwhile(world: World, orderly: bool) -> None:
    world.core.step([world.lines("al1", "WHO *nobody")], world.now)
    id = world.ids["al1"]
    steps(world, Disconnected(user=id, reason="gone", orderly=orderly))
    assert id not in world.core.state.users
    assert not world.core.busy


def test_rooms_and_names_of_the_past_are_searched_in_the_same_way() -> None:
    world = World()
    world.irc("al")
    world.irc("bo")
    ops = SEARCH // 2 // 60 + 1
    for number in range(ops):
        world.irc(f"op{number}", rooms=",".join(f"#{number}-{i}" for i in range(60)))
    for number in range(3):
        world.ask("bo", f"NICK b{number}", "NICK bo")
    effects = world.core.step([world.lines("al", "LIST *x")], world.now)
    assert world.core.busy
    assert len(effects.outputs) == 1
    found = steps(world)
    assert codes(found[-1]["al"]) == ["323"]
    assert codes(world.ask("al", "WHOWAS b1 1", "WHOWAS b1 x", "WHOWAS none")) == [
        *["314", "312", "369"],
        *["314", "312", "369"],
        *["406", "369"],
    ]


def test_a_mistake_in_a_search_costs_who_asked_the_connection(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.core.step([world.lines(name, "WHO *nobody") for name in ("al1", "by")], world.now)

    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    closed: list[int] = []
    with monkeypatch.context() as patched:
        patched.setattr(world.core.context, "reply", broken)
        while world.core.busy:
            effects = world.core.step([], world.now)
            assert {str(error) for error in effects.failures} <= {"a bug"}
            closed += [id for id, *_ in effects.closes]
    assert closed == [world.ids["al1"], world.ids["by"]]
    assert world.ask("al2", "PING x") == [f":{SERVER} PONG {SERVER} x"]


def test_what_nobody_waits_for_is_done_in_spite_of_searches(world: World) -> None:
    world.core.step([world.lines(f"al{n}", *["WHO *nobody"] * 5) for n in range(ASKERS)], world.now)
    left = list(range(100))

    def part() -> None:
        left.pop()
        world.core.context.output.cost += 1_000

    world.core.context.chores.extend([part] * len(left))
    for count in range(5, 100, 5):
        effects = world.core.step([], world.now)
        assert effects.failures == []
        assert len(left) == 100 - count
    assert world.core.context.searches


def test_a_packet_of_searches_waits_for_its_turns_and_each_turn_is_charged(world: World) -> None:
    world.slow = True
    asked = [world.lines("al1", *["WHO zzz*"] * 500), world.lines("by", "PING x")]
    first = world.core.step(asked, world.now)
    charged, steps_taken = first.charges.count(world.ids["al1"]), 1
    assert world.ids["by"] in dict(first.outputs)
    ends = 0
    while ends < 5:
        pinged = world.core.step([world.lines("by", "PING x")], world.now)
        # Whatever else there is to do, who asks for little is answered in that step.
        lines = world.read(pinged)
        assert codes(lines["by"]) == ["PONG"]
        ends += len(lines.get("al1", []))
        charged += pinged.charges.count(world.ids["al1"])
        steps_taken += 1
        assert set(pinged.charges) <= {world.ids["al1"]}
    # Each looks at everybody; a step has time for one turn of somebody who waits for it.
    assert charged >= ends * 4 * CROWD // SEARCH - 5
    assert steps_taken >= charged
    world.quit("al1")
    assert not world.core.busy
