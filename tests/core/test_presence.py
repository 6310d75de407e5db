"""What is known of a user and changes, and who is told: CHGHOST, SETNAME, AWAY, MONITOR."""

from __future__ import annotations

import pytest

from tests.core.world import SERVER, World, codes, prefix
from trio_chat.core.modes import OPERATOR
from trio_chat.core.settings import Limits, Settings


@pytest.fixture
def world() -> World:
    world = World(Settings(name=SERVER, limits=Limits(monitor=3)))
    world.irc("op", caps="standard-replies")
    world.core.state.users[world.ids["op"]].modes |= OPERATOR
    return world


def test_a_new_host_is_told_to_each_as_they_understand_it(world: World) -> None:
    world.irc("al", caps="chghost", rooms="#a,#b")
    world.irc("new", caps="chghost", rooms="#a")
    world.irc("old", caps="away-notify", rooms="#a,#b")
    world.person("pat")
    world.ask("pat", "/join #a")
    world.ask("al", "AWAY :lunch", "MODE #a +v al")
    found = world.send("op", "CHGHOST al example.org")
    changed = f"{prefix('al')} CHGHOST ~al example.org"
    assert found["new"] == [changed]
    assert found["al"] == [changed, f":{SERVER} 396 al example.org :is now your visible host"]
    now = ":al!~al@example.org"
    assert found["old"] == [
        f"{prefix('al')} QUIT :Changing host",
        f"{now} JOIN #a",
        f":{SERVER} MODE #a +ov al al",
        f"{now} AWAY :lunch",
        f"{now} JOIN #b",
        f":{SERVER} MODE #b +o al",
        f"{now} AWAY :lunch",
    ]
    assert "pat" not in found
    assert found["op"] == [f":{SERVER} NOTICE op :al is shown at example.org now"]
    # To the same again is no change.
    assert codes(world.ask("op", "CHGHOST al example.org")) == ["NOTICE"]


@pytest.mark.parametrize("host", ["-x", "a b", "a!b", "ä.example", "x" * 64, ""])
def test_what_is_no_host(world: World, host: str) -> None:
    assert codes(world.ask("op", f"CHGHOST op :{host}")) == ["FAIL"]


def test_operators_are_told_who_is_not_there(world: World) -> None:
    replies = world.ask("op", "CHGHOST nobody x", "SAJOIN nobody #a", "SAMODE #nowhere +m")
    assert codes(replies) == ["401", "401", "403"]
    assert codes(world.ask("op", "SAJOIN nonsense", "SAMODE #a"))[0] == "403"
    assert codes(world.ask("op", "SAJOIN #a")) == ["JOIN", "353", "366"]
    assert world.ask("op", "SAJOIN #a") == []


def test_wallops_are_for_who_wants_them(world: World) -> None:
    world.irc("al")
    world.irc("bo")
    world.ask("al", "MODE al +w")
    found = world.send("op", "WALLOPS :mind the gap")
    assert found == {"al": [f"{prefix('op')} WALLOPS :mind the gap"]}
    world.ask("op", "MODE op +w")
    assert codes(world.ask("op", "WALLOPS :again")) == ["WALLOPS"]


def test_watching_oneself_and_others(world: World) -> None:
    world.irc("al")
    assert world.ask("al", "MONITOR + AL,bo,9x,") == [
        f":{SERVER} 730 al :{prefix('al')[1:]}",
        f":{SERVER} 731 al :bo",
    ]
    assert world.ask("al", "NICK al2") == [
        f"{prefix('al')} NICK :al2",
        f":{SERVER} 731 * :al",
    ]
    world.irc("bo")
    assert codes(world.send("bo", "NICK BO").get("al", [])) == [], "the same name"
    assert world.send("bo", "QUIT")["al"] == [f":{SERVER} 731 * :BO"]
    assert codes(world.ask("al", "MONITOR + x,y,z")) == ["734", "731"]
    assert codes(world.ask("al", "MONITOR X", "MONITOR +", "MONITOR")) == ["400", "461", "461"]
    assert codes(world.ask("al", "MONITOR L", "MONITOR C", "MONITOR L")) == ["732", "733", "733"]


def test_long_lists_of_names_are_several_lines() -> None:
    world = World()
    world.irc("al")
    names = [f"{'n' * 28}{number}" for number in range(40)]
    for start in range(0, 40, 10):
        lines = world.ask("al", f"MONITOR + {','.join(names[start : start + 10])}")
        assert all(len(line) <= 510 for line in lines)
    lines = world.ask("al", "MONITOR L")
    assert len(lines) > 3
    assert all(len(line) <= 510 for line in lines)
    listed = [name for line in lines[:-1] for name in line.rpartition(":")[2].split(",")]
    assert listed == names


def test_a_real_name_is_changed_silently_for_who_does_not_know(world: World) -> None:
    world.irc("al", rooms="#a")
    world.irc("bo", caps="setname", rooms="#a")
    found = world.send("al", "SETNAME :Alice Liddell")
    assert found == {"bo": [f"{prefix('al')} SETNAME :Alice Liddell"]}
    assert world.ask("al", f"SETNAME :{'x' * 151}") == []
    assert "INVALID_REALNAME" in world.ask("bo", "SETNAME : ")[0]


def test_away_before_registration() -> None:
    world = World()
    lines = world.step(
        world.add("al"),
        world.lines("al", "AWAY :early", "CAP REQ draft/pre-away", "AWAY :early", "NICK al"),
    )["al"]
    assert codes(lines) == ["451", "CAP", "306"]
    world.ask("al", "USER al 0 * :x", "CAP END")
    world.irc("bo")
    assert f":{SERVER} 301 bo al early" in world.ask("bo", "WHOIS al")[2].replace(" :", " ")


def test_samode_from_outside_is_seen_by_who_did_it(world: World) -> None:
    world.irc("al", rooms="#a")
    assert world.ask("op", "SAMODE #a +m") == [f"{prefix('op')} MODE #a +m"]
    assert world.ask("op", "SAMODE #a +m") == []


def test_a_bot_is_one_in_its_quit_too() -> None:
    world = World()
    world.irc("al", rooms="#a", caps="message-tags")
    world.irc("bo", rooms="#a")
    world.ask("bo", "MODE bo +B")
    (line,) = world.send("bo", "QUIT :bye")["al"]
    assert ";bot " in line
