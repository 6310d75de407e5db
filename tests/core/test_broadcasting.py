"""Messages to everybody: who may send them, who is shown them, and how."""

from __future__ import annotations

import pytest

from tests.core.world import RECORDING, SERVER, World, codes, prefix
from trio_chat.core import commands
from trio_chat.core.modes import OPERATOR
from trio_chat.core.settings import Settings
from trio_chat.wire import irc


@pytest.fixture
def world() -> World:
    return peopled()


def peopled(settings: Settings | None = None) -> World:
    """An operator, somebody in a room, somebody who is alone, and a person; and one who is not in
    yet."""
    world = World(settings)
    world.irc("op", caps="echo-message standard-replies")
    world.core.state.users[world.ids["op"]].modes |= OPERATOR
    world.irc("al", rooms="#a")
    world.irc("bo")
    world.person("cy")
    world.step(world.add("new"), world.lines("new", "NICK new"))
    return world


@pytest.mark.parametrize("kind", ["NOTICE", "PRIVMSG"])
@pytest.mark.parametrize("mask", ["$*", "$irc.test", "$IRC.*", "$$*"])
def test_everybody_is_shown_it_once(world: World, kind: str, mask: str) -> None:
    line = f"{prefix('op')} {kind} ${SERVER} :down at noon"
    assert world.send("op", f"{kind} {mask} :down at noon") == {
        "op": [line],
        "al": [line],
        "bo": [line],
        "cy": ["22:13 [op → everybody] down at noon"],
    }


def test_several_lines_are_one_message(world: World) -> None:
    world.ask("op", "CAP REQ :batch draft/multiline message-tags")
    found = world.send(
        "op",
        "BATCH +x draft/multiline $*",
        "@batch=x NOTICE $* :down",
        "@batch=x NOTICE $* :at noon",
        "BATCH -x",
    )
    assert codes(found["op"]) == ["BATCH", "NOTICE", "NOTICE", "BATCH"]
    assert codes(found["bo"]) == ["NOTICE", "NOTICE"]
    assert [line.partition("] ")[2] for line in found["cy"]] == ["down", "at noon"]


def test_who_ignores_an_operator_is_shown_it_all_the_same(world: World) -> None:
    world.step(world.lines("cy", "/ignore op"))
    assert "cy" in world.send("op", "NOTICE $* :hi")


def test_only_operators_may(world: World) -> None:
    """A NOTICE is answered by nothing (Modern IRC, "NOTICE message")."""
    found = world.send("al", "PRIVMSG $* :hi", "NOTICE $* :hi")
    assert {name: codes(lines) for name, lines in found.items()} == {"al": ["481"]}


def test_there_is_no_other_server(world: World) -> None:
    found = world.send("op", "PRIVMSG $elsewhere.example :hi", "NOTICE $elsewhere.example :hi")
    assert found == {"op": [f":{SERVER} 402 op elsewhere.example :No such server"]}
    # Nor is there one without a name.
    assert codes(world.ask("op", "PRIVMSG $ :hi")) == ["402"]


def test_tags_alone_are_for_nobody(world: World) -> None:
    world.ask("op", "CAP REQ message-tags")
    world.ask("bo", "CAP REQ message-tags")
    found = world.send("op", "@+typing=active TAGMSG $*")
    assert {name: codes(lines) for name, lines in found.items()} == {"op": ["401"]}


def test_it_is_in_no_history() -> None:
    world = peopled(RECORDING)
    assert "bo" in world.send("op", "NOTICE $* :hi")
    assert world.last is not None
    assert world.last.records == []


def test_a_long_one_fits(world: World) -> None:
    found = world.send("op", f"NOTICE ${'*' * 200} :{'x' * 280}")
    assert found["bo"] == [f"{prefix('op')} NOTICE ${SERVER} :{'x' * 280}"]
    # What everybody can not be shown whole is cut for all (`World.read` looks at the length).
    (line,) = world.send("op", f"NOTICE $* :{'ä' * 245}")["bo"]
    assert line.count("ä") < 245


def test_it_waits_for_a_step_that_has_time_for_it(world: World) -> None:
    context = world.core.context
    message = irc.parse(b"NOTICE bo,$* :hi")
    users = context.state.users
    assert commands.reach(context, users[world.ids["op"]], message) == 4
    assert commands.reach(context, users[world.ids["al"]], message) == 0
