"""Who has written while an account was away: whoever logs in is told, who does not ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.history import CAPS
from tests.core.world import SERVER, World
from tests.journal.rig import File
from trio_chat.core.entries import ABSENCE, Marked
from trio_chat.core.handlers.waiting import NAMED
from trio_chat.core.inputs import ShutDown
from trio_chat.core.settings import AccountPolicy, Settings

SETTINGS = Settings(name=SERVER, history=True, history_on_join=0, accounts=AccountPolicy())
PASSWORD = "correct-horse"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Al has an account and is away; what `cy` has said before that has been read."""
    file = File(tmp_path / "journal.db")
    world = World(SETTINGS, journal=file)
    world.irc("al")
    world.irc("cy")
    world.ask("al", f"REGISTER * * :{PASSWORD}")
    world.send("cy", "PRIVMSG al :before")
    leave(world, "al")
    yield world
    file.close()


def leave(world: World, name: str) -> None:
    """Have somebody leave, a second after what was before, and a second before what comes."""
    world.now += 1
    world.send(name, "QUIT")
    world.now += 1


def write(world: World, *names: str) -> None:
    """Have people who come for that write to al."""
    for name in names:
        if name not in world.ids:
            world.irc(name)
        world.now += 1
        world.send(name, "PRIVMSG al :hello")
    world.now += 1


def log_in(world: World, name: str, caps: str = "") -> list[str]:
    """Come by another nickname, and log in by NickServ; return what is said of who has written."""
    world.irc(name, caps=caps)
    lines = world.ask(name, f"NS IDENTIFY al {PASSWORD}")
    return [line.partition(" :")[2] for line in lines if " wrote to you " in line]


def test_one(world: World) -> None:
    write(world, "bo", "bo")
    assert log_in(world, "x") == [
        "1 person wrote to you while you were away: bo. HISTORY bo shows it."
    ]


def test_several(world: World) -> None:
    write(world, "bo", "cy")
    assert log_in(world, "x") == [
        "2 people wrote to you while you were away: bo, cy. HISTORY bo shows it."
    ]


def test_many(world: World) -> None:
    write(world, *[f"u{number:02}" for number in range(NAMED + 2)])
    (said,) = log_in(world, "x")
    assert said.startswith(f"{NAMED + 2} people wrote to you while you were away: u00, u01, ")
    assert said.endswith(", u09 and 2 more. HISTORY u00 shows it.")


def test_nobody(world: World) -> None:
    assert log_in(world, "x") == []


def test_once(world: World) -> None:
    write(world, "bo")
    assert log_in(world, "x")
    leave(world, "x")
    assert log_in(world, "y") == []


def test_who_comes_with_the_capability_asks(world: World) -> None:
    write(world, "bo")
    assert log_in(world, "x", CAPS) == []


def test_bots_are_not_told(world: World) -> None:
    write(world, "bo")
    world.irc("x")
    world.ask("x", "MODE x +B")
    lines = world.ask("x", f"NS IDENTIFY al {PASSWORD}")
    assert not any(" wrote to you " in line for line in lines)


def test_who_is_not_the_first(world: World) -> None:
    write(world, "bo")
    assert log_in(world, "x", CAPS) == []
    assert log_in(world, "y") == []


def test_who_has_logged_out(world: World) -> None:
    log_in(world, "x")
    world.now += 1
    world.ask("x", "NS LOGOUT")
    world.now += 1
    write(world, "bo")
    lines = world.ask("x", f"NS IDENTIFY al {PASSWORD}")
    assert sum(" wrote to you " in line for line in lines) == 1


def test_whoever_is_ignored(world: World) -> None:
    write(world, "bo", "cy")
    world.person("x")
    world.ask("x", "/ignore bo")
    assert " wrote to you while you were away: cy. " in "".join(
        world.ask("x", f"/login al {PASSWORD}")
    )


def test_people(world: World) -> None:
    write(world, "bo")
    world.step(world.add("al", plain=True))
    lines = world.ask("al", f"/login al {PASSWORD}")
    said = "1 person wrote to you while you were away: bo. /history bo shows it."
    assert said in lines
    (line,) = world.ask("al", "/history bo")
    assert "bo" in line
    assert line.endswith("hello")


def test_before_registration(world: World) -> None:
    write(world, "bo")
    world.step(world.add("x"))
    world.ask("x", f"PASS al:{PASSWORD}")
    lines = world.ask("x", "NICK al", "USER al 0 * :x")
    assert sum(" wrote to you " in line for line in lines) == 1


def test_a_server_that_ends_has_noted_who_was_there(world: World) -> None:
    log_in(world, "x")
    world.now += 1
    effects = world.turn([ShutDown(reason="Bye")])
    left = [record for record in effects.records if isinstance(record, Marked)]
    assert [(one.conversation, one.time) for one in left] == [(ABSENCE, int(world.now * 1000))]
