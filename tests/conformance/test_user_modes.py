"""User modes: which there are, who may set them, and what they do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]


def modes(session: Session) -> set[str]:
    """Return the letters of one's own modes."""
    reply = one(session.ask(f"MODE {session.nick}"), "221")
    assert reply.params[0] == session.nick
    assert reply.params[1][0] == "+"
    return set(reply.params[1][1:])


LETTERS = [
    "i",
    "w",
    pytest.param("B", marks=pytest.mark.ours),
    pytest.param("R", marks=pytest.mark.ours),
]


@pytest.mark.parametrize("letter", LETTERS)
def test_setting_one(register: Register, letter: str) -> None:
    """Modern IRC, "User mode": applied, and a MODE message with what has changed."""
    al = register("al")
    al.ask(f"MODE {al.nick} -{letter}")
    lines = al.ask(f"MODE {al.nick} +{letter}")
    assert commands(lines) == ["MODE"]
    assert lines[0].params == [al.nick, f"+{letter}"]
    assert letter in modes(al)


@pytest.mark.parametrize("letter", LETTERS)
def test_taking_one_away(register: Register, letter: str) -> None:
    """Modern IRC, "User mode": applied, and a MODE message with what has changed."""
    al = register("al")
    al.ask(f"MODE {al.nick} +{letter}")
    lines = al.ask(f"MODE {al.nick} -{letter}")
    assert commands(lines) == ["MODE"]
    assert lines[0].params == [al.nick, f"-{letter}"]
    assert letter not in modes(al)


def test_several_at_once(register: Register) -> None:
    """Modern IRC, "MODE message": a modestring may have several letters of both signs."""
    al = register("al")
    al.ask(f"MODE {al.nick} -w", f"MODE {al.nick} +i")
    text = one(al.ask(f"MODE {al.nick} +w-i"), "MODE").params[1]
    assert text in ("+w-i", "-i+w")
    assert {"w", "i"} & modes(al) == {"w"}


def test_the_case_of_ones_own_nickname(register: Register) -> None:
    """Modern IRC, "User mode": the user is the same whatever the case of the nickname."""
    al = register("al")
    assert one(al.ask(f"MODE {al.nick.upper()}"), "221").params[0] == al.nick


@pytest.mark.parametrize("letter", ["+", "-"])
def test_an_unknown_letter(register: Register, letter: str) -> None:
    """Modern IRC, "ERR_UMODEUNKNOWNFLAG (501)": the mode is not implemented."""
    al = register("al")
    lines = al.ask(f"MODE {al.nick} {letter}Y")
    assert one(lines, "501").params[0] == al.nick
    assert only(lines, "MODE") == []


def test_an_unknown_letter_among_others(register: Register) -> None:
    """Modern IRC, "User mode": those that are implemented are applied, and 501 is sent."""
    al = register("al")
    al.ask(f"MODE {al.nick} -iw")
    lines = al.ask(f"MODE {al.nick} +iYw")
    assert sorted(commands(lines)) == ["501", "MODE"]
    assert {"i", "w"} <= modes(al)


@pytest.mark.parametrize("modestring", ["", " +i", " -i"])
def test_somebody_else(register: Register, modestring: str) -> None:
    """Modern IRC, "ERR_USERSDONTMATCH (502)": neither to see nor to change."""
    al, bo = register("al"), register("bo")
    before = modes(bo)
    lines = al.ask(f"MODE {bo.nick}{modestring}")
    assert commands(lines) == ["502"]
    assert lines[0].params[0] == al.nick
    assert bo.read() == []
    assert modes(bo) == before


@pytest.mark.parametrize("modestring", ["", " +i"])
def test_nobody(register: Register, name: Names, modestring: str) -> None:
    """Modern IRC, "User mode": 401 for a nickname that does not exist."""
    al, nick = register("al"), name("nobody")
    lines = al.ask(f"MODE {nick}{modestring}")
    assert commands(lines) == ["401"]
    assert lines[0].params[:2] == [al.nick, nick]


def test_no_parameter(register: Register) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": MODE of what?"""
    al = register("al")
    assert one(al.ask("MODE"), "461").params[:2] == [al.nick, "MODE"]


def test_others_do_not_see_it(room: Room) -> None:
    """Modern IRC, "User mode": the message is for the user."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {al.nick} +w", f"MODE {al.nick} +i", f"MODE {al.nick} -i")
    assert bo.read() == []


# --- What the server alone gives


def test_no_operator_by_mode(register: Register) -> None:
    """RFC 2812, 3.1.5: +o by a user is ignored."""
    al = register("al")
    assert only(al.ask(f"MODE {al.nick} +o"), "MODE") == []
    assert "o" not in modes(al)
    assert "313" not in commands(al.ask(f"WHOIS {al.nick}"))


@pytest.mark.ours
def test_an_operator(operator: Register) -> None:
    """Modern IRC, "Oper User Mode": who has it is an operator."""
    assert "o" in modes(operator())


@pytest.mark.ours
def test_an_operator_no_more(operator: Register) -> None:
    """RFC 2812, 3.1.5: there is no restriction on anyone deopping themselves."""
    op = operator()
    assert one(op.ask(f"MODE {op.nick} -o"), "MODE").params == [op.nick, "-o"]
    assert "o" not in modes(op)
    assert "313" not in commands(op.ask(f"WHOIS {op.nick}"))
    assert "481" in commands(op.ask(f"KILL {op.nick} :no"))


@pytest.mark.ours
def test_no_secure_connection_by_mode(register: Register) -> None:
    """Modern IRC, "RPL_WHOISSECURE (671)": +Z comes from the connection, not from the user."""
    al = register("al")
    assert only(al.ask(f"MODE {al.nick} +Z"), "MODE") == []
    assert "Z" not in modes(al)
    assert "671" not in commands(al.ask(f"WHOIS {al.nick}"))


# --- WALLOPS


@pytest.mark.ours
def test_wallops(operator: Register, register: Register) -> None:
    """Modern IRC, "WALLOPS User Mode": who has +w is sent them."""
    op, al = operator(), register("al")
    al.ask(f"MODE {al.nick} +w")
    op.ask("WALLOPS :look out")
    assert one(al.read(), "WALLOPS").text == "look out"


@pytest.mark.ours
def test_no_wallops(operator: Register, register: Register) -> None:
    """Modern IRC, "WALLOPS message": only for users with the mode."""
    op, al = operator(), register("al")
    al.ask(f"MODE {al.nick} -w")
    op.ask("WALLOPS :look out")
    assert al.read() == []


# --- +R: private messages from people with an account


@pytest.mark.ours
def test_a_message_from_who_has_no_account(register: Register) -> None:
    """The user mode +R: refused with 477, and not delivered."""
    al, bo = register("al"), register("bo")
    al.ask(f"MODE {al.nick} +R")
    reply = one(bo.ask(f"PRIVMSG {al.nick} :hello"), "477")
    assert reply.params[:2] == [bo.nick, al.nick]
    assert al.read() == []


@pytest.mark.ours
def test_a_notice_from_who_has_no_account(register: Register) -> None:
    """Modern IRC, "NOTICE message": refused as well, and never an error reply."""
    al, bo = register("al"), register("bo")
    al.ask(f"MODE {al.nick} +R")
    assert bo.ask(f"NOTICE {al.nick} :hello") == []
    assert al.read() == []


@pytest.mark.ours
def test_a_channel_of_who_wants_accounts(room: Room, channel: str) -> None:
    """The user mode +R: it is about private messages."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {al.nick} +R")
    bo.ask(f"PRIVMSG {channel} :hello")
    assert one(al.read(), "PRIVMSG").text == "hello"


@pytest.mark.ours
def test_messages_of_who_wants_accounts(register: Register) -> None:
    """The user mode +R: it is about messages to the user."""
    al, bo = register("al"), register("bo")
    al.ask(f"MODE {al.nick} +R")
    assert al.ask(f"PRIVMSG {bo.nick} :hello") == []
    assert one(bo.read(), "PRIVMSG").text == "hello"


@pytest.mark.ours
def test_messages_again(register: Register) -> None:
    """The user mode +R: it ends with the mode."""
    al, bo = register("al"), register("bo")
    al.ask(f"MODE {al.nick} +R", f"MODE {al.nick} -R")
    assert bo.ask(f"PRIVMSG {al.nick} :hello") == []
    assert one(al.read(), "PRIVMSG").text == "hello"
