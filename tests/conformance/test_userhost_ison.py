"""USERHOST and ISON: short answers about several users."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import one

Names = Callable[[str], str]


def test_userhost(register: Register) -> None:
    """Modern IRC, "RPL_USERHOST (302)": nickname, `=`, `+` for who is here, and the host."""
    al, bo = register("al"), register("bo")
    _, _, _, host, *_ = one(al.ask(f"WHOIS {bo.nick}"), "311").params
    reply = one(al.ask(f"USERHOST {bo.nick}"), "302")
    assert len(reply.params) == 2
    (word,) = reply.text.split()
    assert word.startswith(f"{bo.nick}=+")
    assert word.endswith(host)


def test_userhost_away(register: Register) -> None:
    """Modern IRC, "RPL_USERHOST (302)": `-` for who is away, until they are back."""
    al, bo = register("al"), register("bo")
    bo.ask("AWAY :out")
    assert one(al.ask(f"USERHOST {bo.nick}"), "302").text.startswith(f"{bo.nick}=-")
    bo.ask("AWAY")
    assert one(al.ask(f"USERHOST {bo.nick}"), "302").text.startswith(f"{bo.nick}=+")


@pytest.mark.ours
def test_userhost_of_an_operator(operator: Register, register: Register) -> None:
    """Modern IRC, "RPL_USERHOST (302)": an asterisk behind the nickname of an operator."""
    op, al = operator(), register("al")
    assert one(al.ask(f"USERHOST {op.nick}"), "302").text.startswith(f"{op.nick}*=+")


def test_userhost_of_several(register: Register) -> None:
    """Modern IRC, "USERHOST message": up to five nicknames, each its own parameter."""
    users = [register("u") for _ in range(5)]
    nicks = [user.nick for user in users]
    reply = one(users[0].ask(f"USERHOST {' '.join(nicks)}"), "302")
    assert [word.partition("=")[0] for word in reply.text.split()] == nicks


@pytest.mark.ours
def test_userhost_of_six(register: Register) -> None:
    """Modern IRC, "USERHOST message": the sixth is too many."""
    users = [register("u") for _ in range(6)]
    reply = one(users[0].ask(f"USERHOST {' '.join(user.nick for user in users)}"), "302")
    assert len(reply.text.split()) == 5


def test_userhost_of_nobody(register: Register, name: Names) -> None:
    """Modern IRC, "RPL_USERHOST (302)": who is not there is not in the answer."""
    al, nobody = register("al"), name("nobody")
    assert one(al.ask(f"USERHOST {nobody}"), "302").params[1:] in ([], [""])
    reply = one(al.ask(f"USERHOST {nobody} {al.nick}"), "302")
    assert [word.partition("=")[0] for word in reply.text.split()] == [al.nick]


def test_userhost_and_case(register: Register) -> None:
    """Modern IRC, "RPL_USERHOST (302)": found whatever the case of the nickname."""
    al, bo = register("al"), register("bo")
    reply = one(al.ask(f"USERHOST {bo.nick.upper()}"), "302")
    assert reply.text.partition("=")[0].lower() == bo.nick


@pytest.mark.parametrize("command", ["USERHOST", "ISON"])
def test_without_a_nickname(register: Register, command: str) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": the nickname is missing."""
    al = register("al")
    assert one(al.ask(command), "461").params[:2] == [al.nick, command]


def test_ison(register: Register, name: Names) -> None:
    """RFC 2812, 4.9: those of the nicknames that are there, in one parameter."""
    al, bo, nobody = register("al"), register("bo"), name("nobody")
    reply = one(al.ask(f"ISON {bo.nick} {nobody} {al.nick}"), "303")
    assert len(reply.params) == 2
    assert reply.params[0] == al.nick
    assert reply.text.split() == [bo.nick, al.nick]


def test_ison_in_one_parameter(register: Register, name: Names) -> None:
    """RFC 2812, 4.9: the nicknames may be behind one colon."""
    al, bo, nobody = register("al"), register("bo"), name("nobody")
    reply = one(al.ask(f"ISON :{bo.nick} {nobody} {al.nick}"), "303")
    assert reply.text.split() == [bo.nick, al.nick]


def test_ison_of_nobody(register: Register, name: Names) -> None:
    """RFC 2812, 4.9: an empty answer is one too."""
    al = register("al")
    assert one(al.ask(f"ISON {name('nobody')}"), "303").params[1:] in ([], [""])


def test_ison_and_case(register: Register) -> None:
    """RFC 2812, 4.9: found whatever the case of the nickname."""
    al, bo = register("al"), register("bo")
    assert one(al.ask(f"ISON {bo.nick.upper()}"), "303").text.strip().lower() == bo.nick
