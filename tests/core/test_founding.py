"""Rooms are registered, changed and dropped once that is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.core.registering import CHANSERV, SETTINGS, Registering
from tests.core.world import SERVER, codes
from tests.journal.rig import File
from trio_chat.core import modes
from trio_chat.core.handlers import founding, owning, problems
from trio_chat.core.handlers.founding import Problem
from trio_chat.core.handlers.problems import Outcome
from trio_chat.core.inputs import Reconfigured
from trio_chat.core.settings import AccountPolicy, Settings


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Registering]:
    file = File(tmp_path / "journal.db")
    world = Registering(file)
    world.come("al", "#a")
    yield world
    file.close()


def test_a_room_is_registered(world: Registering) -> None:
    world.irc("bo", rooms="#a")
    assert world.register("al", description="of a") is None
    line = f":{CHANSERV} MODE #a +q al"
    assert world.said["al"] == world.said["bo"] == [line]
    room = world.room("#A")
    assert (room.name, room.founder) == ("#a", "al")
    assert world.core.context.metadata.of(world.channel()) == {"description": "of a"}
    assert world.kept("room") == world.kept("channel") == {"#a"}
    world = world.restarted()
    assert world.room() == room


@pytest.mark.parametrize(
    ("setup", "problem"),
    [
        (["MODE #a -o al"], Problem.NOT_OPERATOR),
        (["MODE #a +h-o al al"], Problem.NOT_OPERATOR),
    ],
)
def test_only_an_operator_registers_a_room(
    world: Registering, setup: list[str], problem: Problem
) -> None:
    world.ask("al", *setup)
    assert world.register("al") is problem
    assert world.kept("room") == set()


def test_who_can_not_register_a_room(world: Registering) -> None:
    world.irc("bo", rooms="#b,#lobby")
    assert world.register("bo", "#b") is Problem.NOT_LOGGED_IN
    world.log_in("bo")
    assert world.register("bo", "#lobby") is Problem.EVERYBODYS
    assert world.register("bo", "#b") is None
    assert world.register("bo", "#b") is Problem.EXISTS
    for policy, problem in (
        (AccountPolicy(rooms="operators"), Problem.CLOSED),
        (AccountPolicy(rooms_per_account=1), Problem.TOO_MANY),
    ):
        settings = msgspec.structs.replace(SETTINGS, accounts=policy)
        world.step(Reconfigured(settings=settings))
        world.ask("bo", "JOIN #c")
        assert world.register("bo", "#c") is problem
    world.step(Reconfigured(settings=Settings(name=SERVER)))
    assert world.register("bo", "#c") is Problem.NOT_LOGGED_IN


def test_what_can_not_be_stored_is_not_so(world: Registering) -> None:
    world.ask("al", "MODE #a +s", "PRIVMSG #a :secret")
    world.full = True
    assert world.register("al") is Problem.TEMPORARILY_UNAVAILABLE
    assert len(world.core.context.registered) == 0
    world.full = False
    world.now += 2
    world.step()
    assert world.kept("room") == world.kept("channel") == set()
    assert world.register("al") is None
    world.full = True
    assert world.give("bo", modes.OP) is Problem.TEMPORARILY_UNAVAILABLE
    assert world.drop("al") is Problem.TEMPORARILY_UNAVAILABLE
    assert world.room().access == {}


def test_who_leaves_while_it_is_stored(world: Registering) -> None:
    """Nobody gets in between, and what was said is nobody's if it was not stored."""
    world.ask("al", "MODE #a +s", "PRIVMSG #a :secret")
    world.irc("bo")
    for full in (True, False):
        world.full = full
        world.slow = True
        founding.register(
            world.core.context, world.user("al"), world.channel(), "", world.answers.append
        )
        world.step()
        world.quit("al")
        assert codes(world.ask("bo", "JOIN #a")) == ["437"]
        world.slow = False
        world.step()
        world.full = False
        if full:
            world.now += 2
            world.step()
            assert world.heard() == []
            assert world.kept("private") == set()
            world.come("al", "#a")
            world.ask("al", "MODE #a +s", "PRIVMSG #a :again")
    assert world.room().founder == "al"
    assert world.heard() == ["again"]
    world.ask("bo", "JOIN #a")
    assert world.standing("bo") == 0
    assert world.channel().modes & modes.SECRET


def test_two_changes_at_once(world: Registering) -> None:
    world.register("al")
    world.come("bo", "#a")
    world.give("bo", modes.OWNER)
    world.slow = True
    room, ctx, al = world.room(), world.core.context, world.user("al")
    founding.change(ctx, al, room, room.with_access("bo", modes.OP), world.answers.append)
    founding.change(ctx, al, room, room.with_access("cy", modes.OP), world.answers.append)
    assert world.answers == [Problem.TEMPORARILY_UNAVAILABLE]
    (refusal,) = world.ask("bo", "RENAME #a #b")
    assert "FAIL RENAME CANNOT_RENAME #a #b" in refusal
    world.slow = False
    world.step()
    assert world.answers[1:] == [None]
    assert world.room().access == {"bo": modes.OP}


def test_a_room_that_is_dropped(world: Registering) -> None:
    world.register("al")
    world.ask("al", "MODE #a +s", "TOPIC #a :of a", "PRIVMSG #a :1")
    assert world.drop("al") is None
    assert world.kept("room") == world.kept("channel") == set()
    # It goes on as any other.
    assert world.standing("al") & modes.OWNER
    assert world.heard() == ["1"]
    world.ask("al", "PART #a")
    assert world.heard() == []
    assert world.kept("topic") == set()


@pytest.mark.parametrize("mode", ["+s", "+m"])
@pytest.mark.parametrize("killed", [False, True])
def test_an_empty_room_that_is_dropped(world: Registering, mode: str, killed: bool) -> None:
    world.register("al")
    world.ask("al", f"MODE #a {mode}", "TOPIC #a :of a", "PRIVMSG #a :1", "PART #a")
    assert world.heard() == ["1"]
    if killed:
        world = world.restarted()
        world.come("al")
    assert world.drop("al") is None
    private = mode == "+s"
    assert world.heard() == ([] if private else ["1"])
    if killed:
        world = world.restarted()
    answer = world.irc("bo", rooms="#a")
    assert ("332" in codes(answer)) is not private
    assert world.standing("bo") == modes.OP
    assert world.channel().modes == modes.NEW_CHANNEL


def test_a_drop_is_stored_and_the_server_killed_before_it_seals(world: Registering) -> None:
    world.register("al")
    world.ask("al", "MODE #a +s", "PRIVMSG #a :1", "PART #a")
    world.slow = True
    founding.drop(world.core.context, world.user("al"), world.room(), world.answers.append)
    world.step()
    world = world.restarted()
    world.irc("bo", rooms="#a")
    assert world.heard() == []
    assert world.kept("channel") == world.kept("private") == set()


def test_a_room_of_another(world: Registering) -> None:
    world.register("al")
    world.come("bo", "#a")
    world.give("bo", modes.OP)
    assert world.standing("bo") == modes.OP
    assert world.change("al", world.room().founded_by("bo")) is None
    assert world.said["bo"] == [f":{CHANSERV} MODE #a -q+q-o al bo bo"]
    assert world.room().access == {}
    assert world.room().founder == "bo"


def test_what_an_account_that_is_dropped_had(world: Registering) -> None:
    world.register("al")
    for name in ("bo", "cy", "di"):
        world.come(name, "#a")
    world.give("bo", modes.VOICE)
    world.give("di", modes.ADMIN)
    world.give("cy", modes.ADMIN)
    for room in ("#b", "#c", "#d"):
        world.ask("al", f"JOIN {room}")
        world.register("al", room)
    world.give("bo", modes.HALFOP, room="#b")
    world.change(
        "al",
        msgspec.structs.replace(
            world.room("#d").with_access("bo", modes.VOICE).with_access("cy", modes.OP),
            successor="bo",
        ),
    )
    world.ask("cy", "JOIN #e")
    world.register("cy", "#e")
    world.give("al", modes.OP, room="#e")
    found: list[Outcome] = []
    account = world.core.context.accounts.get("al")
    assert account is not None
    owning.drop(world.core.context, world.user("al"), account, found.append)
    world.step()
    assert found[0].problem is None
    there = {room.name: room.founder for room in world.core.context.registered}
    assert there == {"#a": "di", "#d": "bo", "#e": "cy"}
    assert world.room("#a").access == {"bo": modes.VOICE, "cy": modes.ADMIN}
    assert world.room("#d").successor == ""
    assert world.room("#e").access == {}
    assert world.kept("room") == world.kept("channel") == {"#a", "#d", "#e"}
    assert world.core.context.registered.of("al") == []
    assert world.standing("di") & modes.OWNER
    # What has been given stays.
    assert world.standing("al", "#b") & modes.OWNER


def test_nobody_inherits_more_rooms_than_an_account_can_have(world: Registering) -> None:
    for room in ("#a", "#b", "#c"):
        world.ask("al", f"JOIN {room}")
        world.register("al", room)
    for name in ("bo", "cy"):
        world.come(name)
    for room in ("#a", "#b", "#c"):
        after = world.room(room).with_access("cy", modes.OP)
        world.change("al", msgspec.structs.replace(after, successor="bo"))
    policy = AccountPolicy(rooms_per_account=1)
    world.step(Reconfigured(settings=msgspec.structs.replace(SETTINGS, accounts=policy)))
    found: list[Outcome] = []
    account = world.core.context.accounts.get("al")
    assert account is not None
    owning.drop(world.core.context, world.user("al"), account, found.append)
    world.step()
    assert found[0].problem is None
    there = {room.name: room.founder for room in world.core.context.registered}
    assert there == {"#a": "bo", "#b": "cy"}
    assert world.core.context.registered.coming.total() == 0


def test_an_account_that_is_being_dropped_comes_into_no_room(world: Registering) -> None:
    """And none is dropped that is on its way into one: whoever has the name next would be there."""
    world.register("al")
    world.come("bo")
    ctx, al, bo = world.core.context, world.user("al"), world.user("bo")
    found: list[Outcome] = []
    account = ctx.accounts.get("bo")
    assert account is not None
    world.slow = True
    room = world.room()
    founding.change(ctx, al, room, room.with_access("bo", modes.OP), world.answers.append)
    owning.drop(ctx, bo, account, found.append)
    assert found == [Outcome(problems.Problem.TEMPORARILY_UNAVAILABLE)]
    world.slow = False
    world.step()
    assert world.answers.pop() is None
    world.change("al", room)
    world.slow = True
    owning.drop(ctx, bo, account, found.append)
    room = world.room()
    founding.change(ctx, al, room, room.with_access("bo", modes.VOICE), world.answers.append)
    assert world.answers.pop() is Problem.TEMPORARILY_UNAVAILABLE
    world.slow = False
    world.step()
    assert found[1] == Outcome()
    assert ctx.registered.of("bo") == []


def test_an_account_is_not_dropped_while_a_room_of_its_changes(world: Registering) -> None:
    world.register("al")
    world.slow = True
    ctx, al = world.core.context, world.user("al")
    room = world.room()
    founding.change(ctx, al, room, room.with_access("bo", modes.OP), world.answers.append)
    found: list[Outcome] = []
    account = ctx.accounts.get("al")
    assert account is not None
    owning.drop(ctx, al, account, found.append)
    assert found == [Outcome(problems.Problem.TEMPORARILY_UNAVAILABLE)]
    world.slow = False
    world.step()
    owning.drop(ctx, al, account, found.append)
    world.full = True
    world.step()
    assert found[1].problem is problems.Problem.TEMPORARILY_UNAVAILABLE
    assert world.room().founder == "al"
    world.full = False
    owning.drop(ctx, al, account, found.append)
    world.step()
    assert world.room().founder == "bo"
