"""Lines of 512 bytes, whatever the names: what does not fit goes into the next, whole."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.world import World, codes
from trio_chat.core.capabilities import CAPABILITIES
from trio_chat.core.handlers.negotiation import tell_changes
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


def shown_realnames(world: World, name: str, room: str) -> list[str]:
    """Return a user's real name wherever it is shown to `old`."""
    nickname = world.core.state.users[world.ids[name]].nickname
    lines = world.ask("old", f"WHOIS {nickname}", f"WHO {room}", f"WHO {nickname} %nr")
    found = [line.partition(" :")[2] for line in lines if " 311 " in line]
    found += [
        line.partition(" :0 ")[2] for line in lines if " 352 " in line and f" {nickname} " in line
    ]
    return found + [line.partition(" :")[2] for line in lines if " 354 " in line]


@pytest.mark.parametrize(
    "settings", [Settings(name="irc.test"), Settings(name=SERVER), Settings(name="s" * 30)]
)
@pytest.mark.parametrize("character", ["x", "é", "漢", "😀"])
def test_a_real_name_is_the_same_wherever_it_is_shown(settings: Settings, character: str) -> None:
    world = World(settings)
    limit = settings.realname_limit
    longest = character * (limit // len(character.encode()))
    ours, theirs = "ä" * 32, "ö" * 32
    world.step(
        world.add("al", host="h" * 63),
        world.lines(
            "al", "CAP REQ :setname multi-prefix", f"NICK {ours}", f"USER {'u' * 40} 0 * :x"
        ),
        world.lines("al", "CAP END", f"JOIN {ROOM}", f"MODE {ROOM} +vhaoq{f' {ours}' * 5}"),
        world.add("old"),
        world.lines("old", "CAP REQ :extended-join setname multi-prefix", f"NICK {theirs}"),
        world.lines("old", "USER u 0 * :x", "CAP END", f"JOIN {ROOM}"),
    )
    told = world.send("al", f"SETNAME :{longest}")
    assert [line.partition(" SETNAME :")[2] for line in told["al"]] == [longest]
    assert [line.partition(" SETNAME :")[2] for line in told["old"]] == [longest]
    # Where the server's name is as long as can be, there is room beside a short channel only.
    room = ROOM if settings.name != SERVER else "#short"
    world.send("al", "JOIN #short")
    world.send("old", "JOIN #short")
    world.send("al", "PART #short")
    (join,) = world.send("al", "JOIN #short")["old"]
    assert join.partition(" :")[2] == longest
    assert shown_realnames(world, "al", room) == [longest] * 3
    (refused,) = world.ask("al", f"SETNAME :{longest}{character}")
    assert refused.endswith(f" FAIL SETNAME INVALID_REALNAME :A real name has 1 to {limit} bytes")
    assert shown_realnames(world, "al", room) == [longest] * 3
    assert f" NAMELEN={limit} " in "".join(world.ask("al", "ISUPPORT"))
    # What is too long from the beginning is cut to the same.
    world.step(
        world.add("new"), world.lines("new", "NICK new", f"USER new 0 * :{longest}{character * 9}")
    )
    assert shown_realnames(world, "new", room)[:2] == [longest] * 2


def test_a_real_name_fits_beside_every_field() -> None:
    world = World(Settings(name="irc.example.org"))
    longest = "r" * world.core.settings.realname_limit
    nickname, room = "n" * 32, "#" + "c" * 63
    world.step(
        world.add("al", host="h" * 63),
        world.lines("al", f"NICK {nickname}", f"USER {'u' * 40} 0 * :{longest}", f"JOIN {room}"),
    )
    (line, _) = world.ask("al", f"WHO {room} %tcuihsnfdlaor,123")
    assert line.endswith(f" :{longest}")


def test_a_topic_and_an_away_message_are_the_same_wherever_they_are_shown(world: World) -> None:
    text = "x" * 390
    world.ask("old", "CAP REQ :away-notify")
    told = world.send("al", f"TOPIC {ROOM} :{text[:370]}", f"AWAY :{text}")
    topic, away = (line.partition(" :")[2] for line in told["old"])
    assert 150 < len(topic) < 370
    assert 150 < len(away) < 390
    assert words(world.ask("old", f"TOPIC {ROOM}"), "332") == [topic]
    assert words(world.ask("al", f"TOPIC {ROOM}"), "332") == [topic]
    assert words(world.ask("old", f"WHOIS {NICK}"), "301") == [away]
    assert words(world.ask("al", f"WHOIS {NICK}"), "301") == [away]
    # Where there is room for it, it is as long as it may be.
    world.irc("bo", rooms="#b")
    world.core.context.settings = msgspec.structs.replace(world.core.settings, name=SERVER[-20:])
    (line,) = world.ask("bo", f"TOPIC #b :{text}")
    assert line.endswith(f" :{text}")


def test_a_refusal_of_capabilities(world: World) -> None:
    everything = words(world.ask("al", "CAP LS 301"), "CAP")
    asked = " ".join([*everything * 2][:30])[: 500 - len(" last-of-all")].rpartition(" ")[0]
    lines = world.ask("al", f"CAP REQ :{asked} last-of-all")
    assert len(lines) > 1
    assert " ".join(line.partition(" NAK :")[2] for line in lines) == f"{asked} last-of-all"


def test_changes_of_what_is_offered(world: World) -> None:
    world.ask("al", "CAP LS 302")
    before: dict[str, str] = {}
    after = {row.name: "v" * 20 for row in CAPABILITIES.values() if row.bit}
    world.core.context.begin(world.now, world.now, 0)
    tell_changes(world.core.context, world.core.state.users[world.ids["al"]], before, after)
    new = world.read(world.core.context.output.take())["al"]
    world.core.context.begin(world.now, world.now, 0)
    tell_changes(world.core.context, world.core.state.users[world.ids["al"]], after, before)
    gone = world.read(world.core.context.output.take())["al"]
    assert len(new) > 2
    assert len(gone) > 1
    # A parameter that is one word needs no colon.
    told = [word for line in new for word in line.partition(" NEW ")[2].lstrip(":").split(" ")]
    assert told == [f"{name}={value}" for name, value in after.items()]
    assert [
        word for line in gone for word in line.partition(" DEL ")[2].lstrip(":").split(" ")
    ] == [*after]


NAMES = (ROOM, "#" + "я" * 55, "n" * 111, "я" * 60, "x" * 250)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("command", "end"),
    [
        ("WHO", "315"),
        ("WHOIS", "318"),
        ("WHOWAS", "369"),
        ("NAMES", "366"),
        ("LINKS", "365"),
        ("STATS", "219"),
        ("WHOIS", "401"),
        ("WHOWAS", "406"),
        ("NICK", "432"),
        ("TOPIC", "403"),
        ("HELP", "524"),
        ("CAP", "410"),
    ],
)
def test_an_echo_is_exact(world: World, command: str, end: str, name: str) -> None:
    if command == "TOPIC":
        name += "!"
    lines = world.ask("al", f"{command} {name}")
    (line,) = [line for line in lines if f" {end} " in line]
    assert line.split(" ")[3] == name


def test_an_echo_that_no_line_holds_is_cut_last(world: World) -> None:
    mask = "x" * 500
    (line,) = world.ask("al", f"WHO {mask}")
    assert len(line.encode()) == 510
    shown, text = line.split(" ")[3:5]
    assert mask.startswith(shown)
    assert text == ":"
    # What else a client looks for is there.
    (line,) = world.ask("al", f"KICK {ROOM} {'x' * 300}")
    assert line.split(" ")[1] == "441"
    assert line.split(" ")[4] == ROOM


def test_a_list_of_names_is_echoed_as_it_was_sent() -> None:
    world = World()
    world.irc("fay")
    assert world.ask("fay", "WHOIS fay,gil")[-1] == (":irc.test 318 fay fay,gil :End of WHOIS list")
    assert world.ask("fay", "WHOIS irc.test gil,fay")[-1].split(" ")[3] == "gil,fay"
    assert world.ask("fay", "WHOWAS gil,hal")[-1].split(" ")[3] == "gil,hal"


def test_names_that_do_not_fit_a_list_that_is_full(world: World) -> None:
    world.ask("al", f"MONITOR + {','.join(f'n{number}' for number in range(90))}")
    rest = [f"{'m' * 30}{number}" for number in range(10, 24)]
    lines = world.ask("al", f"MONITOR + {','.join(rest)}")
    assert len(lines) > 1
    assert [word for line in lines for word in line.split(" ")[4].split(",")] == rest
    assert all(line.endswith(" :Monitor list is full") for line in lines)


def test_names_and_channels(world: World) -> None:
    world.ask("al", "CAP REQ :userhost-in-names multi-prefix")
    assert codes(world.ask("al", f"NAMES {ROOM}")) == ["353", "366"]
    rooms = [f"#{'r' * 60}{number}" for number in range(10)]
    for room in rooms:
        world.ask("al", f"JOIN {room}")
    lines = world.ask("old", f"WHOIS {NICK}")
    assert [word.lstrip("@") for word in words(lines, "319")] == [ROOM, *rooms]
