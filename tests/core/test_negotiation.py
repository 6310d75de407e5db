"""CAP (IRCv3 capability-negotiation)."""

from __future__ import annotations

import pytest

from tests.core.world import SERVER, World, codes
from trio_chat.core.capabilities import CAPABILITIES, Capability
from trio_chat.core.handlers import negotiation


@pytest.fixture
def world() -> World:
    world = World()
    world.irc("al")
    return world


def test_ls_offers_everything(world: World) -> None:
    offered = " ".join(sorted(CAPABILITIES))
    assert world.ask("al", "CAP LS") == [f":{SERVER} CAP al LS :{offered}"]
    assert world.ask("al", "CAP ls 302") == [f":{SERVER} CAP al LS :{offered}"]


def test_version_302_brings_cap_notify(world: World) -> None:
    assert world.ask("al", "CAP LS 301", "CAP LIST")[1] == f":{SERVER} CAP al LIST :"
    assert world.ask("al", "CAP LS 302", "CAP LIST")[1] == f":{SERVER} CAP al LIST cap-notify"


def test_values_and_several_lines_are_for_302_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [Capability(name=f"x/{'y' * 60}{n}", bit=0, value="v", help="") for n in range(10)]
    monkeypatch.setattr(negotiation, "CAPABILITIES", {row.name: row for row in rows})
    lines = world.ask("al", "CAP LS 302")
    assert len(lines) == 2
    assert lines[0].startswith(f":{SERVER} CAP al LS * :x/")
    assert lines[1].startswith(f":{SERVER} CAP al LS :x/")
    words = [word for line in lines for word in line.split(":")[2].split()]
    assert words == [f"{row.name}=v" for row in rows]
    assert all(len(line.encode()) <= 510 for line in lines)
    (line,) = world.ask("al", "CAP LS")
    assert "=v" not in line


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
