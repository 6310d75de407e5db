"""RENAME: what it costs, and whom it holds up."""

from __future__ import annotations

from tests.core.world import World, codes, prefix
from trio_chat.core.handlers.renaming import PAUSE


def test_a_channel_keeps_its_name_for_a_while() -> None:
    world = World()
    world.irc("al", rooms="#a", caps="draft/channel-rename")
    assert codes(world.ask("al", "RENAME #a #b", "RENAME #b #a")) == ["RENAME", "FAIL"]
    world.now += PAUSE
    assert codes(world.ask("al", "RENAME #b #a")) == ["RENAME"]


def test_nobody_waits_because_a_full_room_is_renamed() -> None:
    world = World()
    world.irc("al", rooms="#a")
    for number in range(300):
        world.irc(f"user{number}", rooms="#a")
    world.slow = True
    found = world.send("al", "RENAME #a #b :shorter")
    assert codes(found["user7"])[:2] == ["PART", "JOIN"]
    assert codes(found["user7"])[-1] == "366"
    assert found["user7"][0] == f"{prefix('user7')} PART #a :shorter"
    names = [word for line in found["user7"] for word in line.partition(" :")[2].split()]
    assert {"@al", "user0", "user299"} <= set(names)
    for name in ("user7", "user73", "user150"):
        assert codes(world.ask(name, "PING x")) == ["PONG"], "nothing of theirs is held back"
