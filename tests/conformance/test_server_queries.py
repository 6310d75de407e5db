"""What a server says of itself on request (Modern IRC, "Server Queries and Commands")."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

Operator = Callable[..., Session]
MISSING = "nowhere.test"


# --- MOTD


def test_the_message_of_the_day(register: Register) -> None:
    """Modern IRC, "MOTD message": a start, one line or more, and the end; or none at all."""
    user = register("al")
    lines = user.ask("MOTD")
    assert {line.params[0] for line in lines} == {user.nick}
    if commands(lines) != ["422"]:
        assert commands(lines) == ["375", *["372"] * (len(lines) - 2), "376"]
        assert len(lines) >= 3


@pytest.mark.ours
def test_our_message_of_the_day(register: Register) -> None:
    """Modern IRC, "RPL_MOTD (372)": each line of it."""
    texts = [line.text for line in only(register("al").ask("MOTD"), "372")]
    assert [text.removeprefix("- ") for text in texts] == ["Be excellent", "to each other"]


def test_the_welcome_has_it(register: Register) -> None:
    """Modern IRC, "Connection Setup": registration ends with the message of the day."""
    user = register("al")
    assert commands(user.welcome)[-1] in ("376", "422")
    asked = [line.params for line in user.ask("MOTD")]
    assert [line.params for line in user.welcome][-len(asked) :] == asked


def test_the_message_of_the_day_of_this_server(register: Register) -> None:
    """Modern IRC, "MOTD message": a target may be this very server."""
    user = register("al")
    server = one(user.welcome, "001").source
    assert commands(user.ask(f"MOTD {server}")) == commands(user.ask("MOTD"))


# --- VERSION, TIME, ADMIN


def test_the_version(register: Register) -> None:
    """Modern IRC, "RPL_VERSION (351)": version and server are parameters; 005 goes with it."""
    user = register("al")
    server = one(user.welcome, "001").source
    lines = user.ask("VERSION")
    line = one(lines, "351")
    assert len(line.params) == 4
    assert (line.params[0], line.params[2]) == (user.nick, server)
    said = [token for line in only(user.welcome, "005") for token in line.params[1:-1]]
    assert [token for line in only(lines, "005") for token in line.params[1:-1]] == said


def test_the_time(register: Register) -> None:
    """Modern IRC, "RPL_TIME (391)": of this server, with a text."""
    user = register("al")
    line = one(user.ask("TIME"), "391")
    assert line.params[:2] == [user.nick, one(user.welcome, "001").source]
    assert line.text


@pytest.mark.ours
def test_the_administrators(register: Register) -> None:
    """Modern IRC, "ADMIN message": 256 to 259 with place, person, and address."""
    user = register("al")
    lines = user.ask("ADMIN")
    assert commands(lines) == ["256", "257", "258", "259"]
    assert [line.text for line in lines[1:]] == ["Somewhere", "Somebody", "admin@irc.test"]
    assert {line.params[0] for line in lines} == {user.nick}


@pytest.mark.parametrize(
    ("command", "numeric"), [("VERSION", "351"), ("ADMIN", "256"), ("TIME", "391")]
)
def test_this_server_by_its_name(register: Register, command: str, numeric: str) -> None:
    """Modern IRC, "Server Queries": naming this server is asking it."""
    user = register("al")
    lines = user.ask(f"{command} {one(user.welcome, '001').source}")
    assert numeric in commands(lines) or "423" in commands(lines)


@pytest.mark.ours
@pytest.mark.parametrize(("command", "numeric"), [("VERSION", "351"), ("ADMIN", "256")])
@pytest.mark.parametrize("mask", ["{nick}", "*.test", "IRC.TEST"])
def test_a_client_or_a_mask_of_this_server(
    register: Register, command: str, numeric: str, mask: str
) -> None:
    """Modern IRC, "VERSION message", "ADMIN message": a client stands for its server, or a mask."""
    user = register("al")
    one(user.ask(f"{command} {mask.format(nick=user.nick)}"), numeric)


@pytest.mark.parametrize("query", ["MOTD", "VERSION", "ADMIN", "TIME", "STATS u"])
def test_another_server(register: Register, query: str) -> None:
    """Modern IRC, "ERR_NOSUCHSERVER (402)": with its name, and no answer of this one."""
    user = register("al")
    lines = user.ask(f"{query} {MISSING}")
    assert commands(lines) == ["402"]
    assert lines[0].params[:2] == [user.nick, MISSING]


# --- INFO, LINKS


def test_information(register: Register) -> None:
    """Modern IRC, "INFO message": any number of 371, and 374."""
    user = register("al")
    lines = user.ask("INFO")
    assert commands(lines) == ["371"] * (len(lines) - 1) + ["374"]
    assert {line.params[0] for line in lines} == {user.nick}


def test_links(register: Register) -> None:
    """Modern IRC, "LINKS message": any number of 364, and 365 with `*`."""
    user = register("al")
    lines = user.ask("LINKS")
    assert commands(lines) == ["364"] * (len(lines) - 1) + ["365"]
    assert lines[-1].params[:2] == [user.nick, "*"]
    for line in lines[:-1]:
        assert len(line.params) == 4
        assert line.text.split()[0].isdigit()


@pytest.mark.ours
def test_the_one_link_that_we_have(register: Register) -> None:
    """Modern IRC, "RPL_LINKS (364)": to itself, no hop away."""
    line = one(register("al").ask("LINKS"), "364")
    assert line.params[1:3] == ["irc.test", "irc.test"]
    assert line.text.split()[0] == "0"


# --- STATS


def test_the_uptime(register: Register) -> None:
    """Modern IRC, "STATS message", "RPL_STATSUPTIME (242)": and 219 with the letter."""
    user = register("al")
    lines = user.ask("STATS u")
    assert commands(lines) == ["242", "219"]
    assert any(character.isdigit() for character in lines[0].text)
    assert lines[1].params[:2] == [user.nick, "u"]


def test_statistics_that_do_not_exist(register: Register) -> None:
    """Modern IRC, "RPL_ENDOFSTATS (219)": an empty report, or not for this user."""
    user = register("al")
    (line,) = user.ask("STATS Q")
    assert line.command == "481" or line.params[:2] == [user.nick, "Q"]


def test_statistics_of_nothing(register: Register) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": STATS needs to know of what."""
    user = register("al")
    assert one(user.ask("STATS"), "461").params[:2] == [user.nick, "STATS"]


@pytest.mark.ours
@pytest.mark.parametrize("letter", ["k", "d", "t"])
def test_some_are_for_operators(register: Register, letter: str) -> None:
    """Modern IRC, "STATS message", "ERR_NOPRIVILEGES (481)": who is banned is not for everybody,
    nor who reads slowly."""
    lines = register("al").ask(f"STATS {letter}")
    assert commands(lines) == ["481", "219"]
    assert lines[1].params[1] == letter


@pytest.mark.ours
def test_what_the_server_does(operator: Operator) -> None:
    """Modern IRC, "RPL_ENDOFSTATS (219)": behind what there is to say, a line each."""
    op = operator("op")
    *lines, last = op.ask("STATS t")
    assert {line.command for line in lines} == {"249"}
    assert last.params[:2] == [op.nick, "t"]
    words = dict(line.text.split(": ", 1) for line in lines)
    assert int(words["operators"]) >= 1
    assert int(words["connections.kinds.irc.plain"]) >= 1
    assert len(json.loads(words["ticks.counts"])) == 17
