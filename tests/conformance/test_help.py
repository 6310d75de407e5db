"""The documentation that a server has (Modern IRC, "HELP message")."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Line, commands, one

COMMANDS = [
    "ADMIN",
    "AUTHENTICATE",
    "AWAY",
    "BATCH",
    "CAP",
    "CHGHOST",
    "DLINE",
    "HELP",
    "HELPOP",
    "INFO",
    "INVITE",
    "ISON",
    "ISUPPORT",
    "JOIN",
    "KICK",
    "KILL",
    "KLINE",
    "LINKS",
    "LIST",
    "LUSERS",
    "MODE",
    "MONITOR",
    "MOTD",
    "NAMES",
    "NICK",
    "NOTICE",
    "OPER",
    "PART",
    "PASS",
    "PING",
    "PONG",
    "PRIVMSG",
    "QUIT",
    "REHASH",
    "RENAME",
    "SAJOIN",
    "SAMODE",
    "SETNAME",
    "STATS",
    "TAGMSG",
    "TIME",
    "TOPIC",
    "UNDLINE",
    "UNKLINE",
    "USER",
    "USERHOST",
    "VERSION",
    "WALLOPS",
    "WHO",
    "WHOIS",
    "WHOWAS",
]


def _check(lines: list[Line], nick: str, subject: str) -> None:
    """Check the form of an answer: a start, any number of lines, an end; all on the subject."""
    assert commands(lines) == ["704", *["705"] * (len(lines) - 2), "706"]
    for line in lines:
        assert line.params[0] == nick
        assert line.params[1].upper() == subject
        assert len(line.params) == 3


def test_help(register: Register) -> None:
    """Modern IRC, "HELP message": 704, 705, 706, and `*` for no subject."""
    user = register("al")
    _check(user.ask("HELP"), user.nick, "*")


def test_the_title(register: Register) -> None:
    """Modern IRC, "HELP message": 704 is a title, an empty line follows."""
    lines = register("al").ask("HELP")
    assert lines[0].text
    assert (lines[1].command, lines[1].text) == ("705", "")


@pytest.mark.ours
@pytest.mark.parametrize("command", COMMANDS)
def test_help_on_a_command(register: Register, command: str) -> None:
    """Modern IRC, "HELP message": there is documentation for it."""
    user = register("al")
    lines = user.ask(f"HELP {command}")
    _check(lines, user.nick, command)
    assert command in "".join(line.text for line in lines)


@pytest.mark.ours
@pytest.mark.parametrize("subject", ["", " join", " nonsense"])
def test_helpop(register: Register, subject: str) -> None:
    """Modern IRC, "HELP message": what clients may try, with the same syntax."""
    user = register("al")
    found = user.ask(f"HELPOP{subject}")
    assert found
    assert [line.raw for line in found] == [line.raw for line in user.ask(f"HELP{subject}")]


@pytest.mark.ours
def test_the_case_of_a_subject(register: Register) -> None:
    """Modern IRC, "RPL_HELPSTART (704)": the subject may be casefolded."""
    user = register("al")
    _check(user.ask("HELP PrivMsg"), user.nick, "PRIVMSG")


def test_a_subject_that_is_not_known(register: Register) -> None:
    """Modern IRC, "ERR_HELPNOTFOUND (524)": with the subject; or 704 to 706."""
    user = register("al")
    lines = user.ask("HELP nonsense")
    if "704" in commands(lines):
        _check(lines, user.nick, "NONSENSE")
    else:
        line = one(lines, "524")
        assert (line.params[0], line.params[1].lower()) == (user.nick, "nonsense")


@pytest.mark.parametrize("subject", ["no such thing", ":-)", ":"])
def test_a_subject_that_is_no_parameter(register: Register, subject: str) -> None:
    """Modern IRC, "ERR_HELPNOTFOUND (524)": `*` where it can not be a middle parameter."""
    user = register("al")
    lines = user.ask(f"HELP :{subject}")
    if "704" in commands(lines):
        _check(lines, user.nick, "*")
    else:
        assert one(lines, "524").params[:2] == [user.nick, "*"]
