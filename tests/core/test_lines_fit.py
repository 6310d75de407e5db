"""Lines of 512 bytes, whatever the names: what does not fit goes into the next, whole."""

from __future__ import annotations

import pytest

from tests.core.world import World, codes
from trio_chat.core.masks import LIST_LIMIT
from trio_chat.core.settings import Limits, Settings

SERVER = f"{'s' * 59}.net"
NICK = "ä" * 32
ROOM = "#" + "é" * 63


@pytest.fixture
def world() -> World:
    """A server and a user with names as long as can be, in a room with such a name."""
    settings = Settings(
        name=SERVER, network="網" * 63, description="é" * 100, limits=Limits(monitor=90)
    )
    world = World(settings)
    world.step(
        world.add("al", host="h" * 63),
        world.lines("al", f"NICK {NICK}", f"USER {'ü' * 20} 0 * :x", f"JOIN {ROOM}"),
    )
    world.irc("old", rooms=ROOM)
    return world


def words(lines: list[str], code: str, separator: str = " ") -> list[str]:
    texts = [line.partition(" :")[2] for line in lines if f" {code} " in line]
    return [word for text in texts for word in text.split(separator)]


def test_changes_of_modes(world: World) -> None:
    masks = [f"{'m' * 60}{number}!*@*" for number in range(5)]
    lines = world.send("al", f"MODE {ROOM} +bbbbb {' '.join(masks)}")["old"]
    assert len(lines) > 1
    assert [word for line in lines for word in line.split(" ")[4:]] == masks
    longest = f"{'m' * (LIST_LIMIT - 4)}!*@*"
    (line,) = world.send("al", f"MODE {ROOM} +b {longest}")["old"]
    assert line.endswith(f" +b {longest}")


def test_tokens(world: World) -> None:
    lines = world.ask("al", "ISUPPORT")
    assert all(line.endswith(" :are supported by this server") for line in lines)
    tokens = [word for line in lines for word in line.split(" ")[3:-5]]
    assert "WHOIS:1" in " ".join(tokens)
    assert tokens[-1] == "WHOX"


def test_what_the_server_is(world: World) -> None:
    lines = world.ask("al", f"WHOIS {NICK}", "LINKS")
    (whois, links) = [line for line in lines if " 312 " in line or " 364 " in line]
    assert whois.endswith(f" :{'é' * 100}")
    assert links.endswith(f" :0 {'é' * 100}")


def test_lists_of_nicknames(world: World) -> None:
    names = [f"{'n' * 30}{number}" for number in range(10, 24)]
    for name in names:
        world.irc(name)
    (line,) = world.ask("al", f"ISON {' '.join(names)}")
    here = line.partition(" :")[2].split(" ")
    assert here == names[: len(here)]
    (line,) = world.ask("al", f"USERHOST {' '.join(names[:5])}")
    assert all(word.endswith("@10.0.0.1") for word in line.partition(" :")[2].split(" "))
    lines = world.ask("al", f"MONITOR + {','.join(names)}", "MONITOR L")
    assert words(lines, "732", ",") == names
    assert len(words(lines, "730", ",")) == len(names)


def test_capabilities(world: World) -> None:
    everything = words(world.ask("al", "CAP LS 301"), "CAP")
    asked = " ".join(everything * 2)[:440].rpartition(" ")[0]
    lines = world.ask("al", f"CAP REQ :{asked}")
    assert " ".join(line.partition(" ACK :")[2] for line in lines) == asked


def test_names_and_channels(world: World) -> None:
    world.ask("al", "CAP REQ :userhost-in-names multi-prefix")
    assert codes(world.ask("al", f"NAMES {ROOM}")) == ["353", "366"]
    rooms = [f"#{'r' * 60}{number}" for number in range(10)]
    for room in rooms:
        world.ask("al", f"JOIN {room}")
    lines = world.ask("old", f"WHOIS {NICK}")
    assert [word.lstrip("@") for word in words(lines, "319")] == [ROOM, *rooms]
