"""CAP (IRCv3 capability-negotiation)."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.world import SERVER, World, codes
from trio_chat.core import capabilities
from trio_chat.core.capabilities import CAPABILITIES, Capability
from trio_chat.core.inputs import Reconfigured
from trio_chat.core.settings import Limits, Settings, Sts


@pytest.fixture
def world() -> World:
    world = World()
    world.irc("al")
    return world


def test_ls_offers_everything_that_works(world: World) -> None:
    offered: list[str] = []
    for line in world.ask("al", "CAP LS 302"):
        assert line.startswith(f":{SERVER} CAP al LS ")
        _, _, words = line.partition(" LS ")
        listed = words.removeprefix("* ").removeprefix(":").split(" ")
        offered += [word.partition("=")[0] for word in listed]
    later = ("sasl", "registration", "history", "playback", "redaction", "marker", "search")
    assert offered == [name for name in CAPABILITIES if not name.endswith(later) and name != "sts"]
    (line,) = world.ask("al", "CAP LS")
    assert line.split(":")[2].split() == offered


@pytest.mark.parametrize("name", ["sasl", "sts", "draft/chathistory"])
def test_what_is_not_offered_is_not_granted(world: World, name: str) -> None:
    assert world.ask("al", f"CAP REQ :batch {name}") == [f":{SERVER} CAP al NAK :batch {name}"]
    assert world.ask("al", "CAP LIST") == [f":{SERVER} CAP al LIST :"]


def test_sts_says_where_tls_is_and_for_how_long() -> None:
    world = World(Settings(name=SERVER, sts=Sts(port=6697, duration=60, preload=True)))
    line = " ".join(world.step(world.add("al"), world.lines("al", "CAP LS 302"))["al"])
    assert " sts=port=6697 " in line
    connected = msgspec.structs.replace(world.add("bo"), secure=True, named=True)
    line = " ".join(world.step(connected, world.lines("bo", "CAP LS 302"))["bo"])
    assert " sts=duration=60,preload " in line
    connected = msgspec.structs.replace(world.add("eve"), secure=True)
    line = " ".join(world.step(connected, world.lines("eve", "CAP LS 302"))["eve"])
    assert " sts" not in line, "nobody can remember it for a name that was not asked for"


def test_a_reload_tells_what_is_offered_now(world: World) -> None:
    world.irc("bo")
    world.ask("bo", "CAP LS 302")
    world.irc("cy", caps="cap-notify")
    world.person("eve")
    limits = Limits(multiline_lines=7, monitor=3)
    found = world.step(
        Reconfigured(settings=Settings(name=SERVER, limits=limits, sts=Sts(port=1, duration=2)))
    )
    tokens = f":{SERVER} 005 {{}} MONITOR=3 :are supported by this server"
    assert found == {
        "al": [tokens.format("al")],
        "bo": [
            f":{SERVER} CAP bo NEW :sts=port=1 draft/multiline=max-bytes=4096,max-lines=7",
            tokens.format("bo"),
        ],
        # Version 301 knows no values: nothing but a name can be new.
        "cy": [f":{SERVER} CAP cy NEW sts", tokens.format("cy")],
    }
    found = world.step(Reconfigured(settings=Settings(name=SERVER, limits=limits)))
    assert found == {}


def test_version_302_brings_cap_notify(world: World) -> None:
    assert world.ask("al", "CAP LS 301", "CAP LIST")[1] == f":{SERVER} CAP al LIST :"
    assert world.ask("al", "CAP LS 302", "CAP LIST")[-1] == f":{SERVER} CAP al LIST cap-notify"


def test_values_and_several_lines_are_for_302_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        Capability(name=f"x/{'y' * 60}{n}", bit=0, value=lambda *_: "v", help="") for n in range(9)
    ]
    monkeypatch.setattr(capabilities, "CAPABILITIES", {row.name: row for row in rows})
    lines = world.ask("al", "CAP LS 302")
    assert len(lines) == 2
    assert lines[0].startswith(f":{SERVER} CAP al LS * :x/")
    assert lines[1].startswith(f":{SERVER} CAP al LS :x/")
    words = [word for line in lines for word in line.split(":")[2].split()]
    assert words == [f"{row.name}=v" for row in rows]
    assert all(len(line.encode()) <= 510 for line in lines)
    (line,) = world.ask("al", "CAP LS")
    names = [row.name for row in rows]
    assert line.split(":")[2].split() == names[:7], "version 301 has one line, and no values"


def test_req_takes_all_or_nothing(world: World) -> None:
    assert world.ask("al", "CAP REQ :batch server-time") == [
        f":{SERVER} CAP al ACK :batch server-time"
    ]
    # From here on lines carry the time.
    answer = world.ask("al", "CAP REQ :echo-message nonsense", "CAP LIST")
    assert [line.split(" ", 1)[1] for line in answer] == [
        f":{SERVER} CAP al NAK :echo-message nonsense",
        f":{SERVER} CAP al LIST :batch server-time",
    ]
    assert world.ask("al", "CAP REQ -server-time")[0].endswith(" CAP al ACK -server-time")
    assert world.ask("al", "CAP LIST") == [f":{SERVER} CAP al LIST batch"]


def test_end_twice_and_subcommands_that_are_none(world: World) -> None:
    assert world.ask("al", "CAP END", "CAP END") == []
    assert codes(world.ask("al", "CAP FROB", "CAP")) == ["410", "461"]
    assert world.ask("al", "CAP :a b") == [f":{SERVER} 410 al a_b :Invalid CAP command"]


@pytest.mark.parametrize(
    ("server", "missing"),
    [("irc.test", set()), ("s" * 45, {"draft/metadata-2", "draft/metadata-3"})],
)
def test_one_line_names_all_that_there_can_be(
    server: str, missing: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 301 has one line: what does not fit into it beside a long name is what is of little
    use without the values of version 302."""
    # With all that some server may offer.
    rows = {name: Capability(name=name, bit=0, help="") for name in CAPABILITIES}
    monkeypatch.setattr(capabilities, "CAPABILITIES", rows)
    world = World(Settings(name=server))
    (line,) = world.step(world.add("al"), world.lines("al", "CAP LS"))["al"]
    assert len(line.encode()) <= 510
    assert set(rows) - set(line.partition(" :")[2].split(" ")) == missing
