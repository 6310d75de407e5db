"""CHGHOST: an operator gives a user another host; who is told, and how."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]

pytestmark = pytest.mark.ours

HOST = "new.host"


def address(session: Session) -> tuple[str, str]:
    """Return the user name and the host."""
    reply = one(session.ask(f"WHOIS {session.nick}"), "311")
    return reply.params[2], reply.params[3]


def test_the_user_is_told(operator: Register, register: Register) -> None:
    """Modern IRC, "Numerics": 396 with the host that is shown from now on."""
    op, al = operator(), register("al")
    op.ask(f"CHGHOST {al.nick} {HOST}")
    lines = al.read()
    assert commands(lines) == ["396"]
    assert lines[0].params[:2] == [al.nick, HOST]


def test_the_user_is_told_with_the_capability(operator: Register, register: Register) -> None:
    """IRCv3 chghost, "The chghost capability": CHGHOST to the user as well."""
    op, al = operator(), register("al", "chghost")
    user, host = address(al)
    op.ask(f"CHGHOST {al.nick} {HOST}")
    lines = al.read()
    assert sorted(commands(lines)) == ["396", "CHGHOST"]
    seen = one(lines, "CHGHOST")
    assert (seen.source, seen.params) == (f"{al.nick}!{user}@{host}", [user, HOST])


def test_members_are_told(operator: Register, room: Room) -> None:
    """IRCv3 chghost, "The CHGHOST message": old address as the source, new user and host."""
    op = operator()
    al, bo = room("al", "bo", capabilities=["chghost"])
    user, host = address(bo)
    op.ask(f"CHGHOST {bo.nick} {HOST}")
    lines = al.read()
    assert commands(lines) == ["CHGHOST"]
    assert lines[0].source == f"{bo.nick}!{user}@{host}"
    assert lines[0].params == [user, HOST]


def test_once_for_two_channels(operator: Register, room: Room, name: Names) -> None:
    """IRCv3 chghost, "The chghost capability": one change is one message."""
    op, other = operator(), name("#d")
    al, bo = room("al", "bo", capabilities=["chghost"])
    al.ask(f"JOIN {other}")
    bo.ask(f"JOIN {other}")
    al.read()
    op.ask(f"CHGHOST {bo.nick} {HOST}")
    assert commands(al.read()) == ["CHGHOST"]


def test_strangers(operator: Register, register: Register) -> None:
    """IRCv3 chghost, "The chghost capability": for who shares channels with the user."""
    op, al, bo = operator(), register("al", "chghost"), register("bo")
    op.ask(f"CHGHOST {bo.nick} {HOST}")
    assert al.read() == []


# --- For who has not the capability


def test_the_fallback(operator: Register, room: Room, channel: str) -> None:
    """IRCv3 chghost, "Fallback": QUIT from the old address and JOIN from the new one."""
    op = operator()
    al, bo = room("al", "bo")
    user, host = address(bo)
    op.ask(f"CHGHOST {bo.nick} {HOST}")
    lines = al.read()
    assert commands(lines) == ["QUIT", "JOIN"]
    assert lines[0].source == f"{bo.nick}!{user}@{host}"
    assert lines[1].source == f"{bo.nick}!{user}@{HOST}"
    assert lines[1].params[0] == channel


def test_the_fallback_restores_prefixes(operator: Register, room: Room, channel: str) -> None:
    """IRCv3 chghost, "Fallback": MODE with what the member had."""
    op = operator()
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +o {bo.nick}", f"MODE {channel} +v {bo.nick}")
    op.ask(f"CHGHOST {bo.nick} {HOST}")
    lines = al.read()
    assert commands(lines)[:2] == ["QUIT", "JOIN"]
    modes = only(lines[2:], "MODE")
    assert modes == lines[2:]
    assert {line.params[0] for line in modes} == {channel}
    assert sorted("".join(line.params[1] for line in modes).replace("+", "")) == ["o", "v"]
    assert [nick for line in modes for nick in line.params[2:]] == [bo.nick] * 2


def test_the_fallback_in_each_channel(operator: Register, room: Room, name: Names) -> None:
    """IRCv3 chghost, "Fallback": one QUIT, and a JOIN for each shared channel."""
    op, shared, other = operator(), name("#d"), name("#e")
    al, bo = room("al", "bo")
    bo.ask(f"JOIN {shared}", f"JOIN {other}")
    al.ask(f"JOIN {shared}")
    al.read()
    op.ask(f"CHGHOST {bo.nick} {HOST}")
    lines = al.read()
    assert commands(lines).count("QUIT") == 1
    assert len(only(lines, "JOIN")) == 2
    assert other not in [line.params[0] for line in lines]


def test_the_fallback_of_an_extended_join(operator: Register, room: Room, channel: str) -> None:
    """IRCv3 extended-join: every JOIN for these clients has account and realname."""
    op = operator()
    al, bo = room("al", "bo", capabilities=["extended-join"])
    op.ask(f"CHGHOST {bo.nick} {HOST}")
    assert one(al.read(), "JOIN").params == [channel, "*", f"Real {bo.nick}"]


def test_the_user_does_not_quit(operator: Register, room: Room) -> None:
    """IRCv3 chghost, "Fallback": the messages are for other clients."""
    op = operator()
    _, bo = room("al", "bo")
    op.ask(f"CHGHOST {bo.nick} {HOST}")
    assert commands(bo.read()) == ["396"]


def test_each_their_own(operator: Register, room: Room, register: Register, channel: str) -> None:
    """IRCv3 chghost, "Fallback": who has the capability sees no QUIT, who has not no CHGHOST."""
    op = operator()
    al, bo = room("al", "bo")
    cy = register("cy", "chghost")
    cy.ask(f"JOIN {channel}")
    al.read()
    op.ask(f"CHGHOST {bo.nick} {HOST}")
    assert commands(al.read()) == ["QUIT", "JOIN"]
    assert commands(cy.read()) == ["CHGHOST"]


# --- What it changes


def test_the_source_of_messages(operator: Register, register: Register) -> None:
    """IRCv3 chghost, "The CHGHOST message": the new address is the one of what follows."""
    op, al, bo = operator(), register("al"), register("bo")
    user, _ = address(bo)
    op.ask(f"CHGHOST {bo.nick} {HOST}")
    bo.ask(f"PRIVMSG {al.nick} :hello")
    assert one(al.read(), "PRIVMSG").source == f"{bo.nick}!{user}@{HOST}"


def test_who_and_whois(operator: Register, register: Register) -> None:
    """Modern IRC, "RPL_WHOISUSER (311)": the host is the one in nickmasks."""
    op, al, bo = operator(), register("al"), register("bo")
    op.ask(f"CHGHOST {bo.nick} {HOST}")
    assert one(al.ask(f"WHOIS {bo.nick}"), "311").params[3] == HOST
    assert one(al.ask(f"WHO {bo.nick}"), "352").params[3] == HOST


def test_a_ban_on_the_new_host(
    operator: Register, room: Room, register: Register, channel: str
) -> None:
    """Modern IRC, "Ban Channel Mode": masks match the host that others see."""
    op, cy = operator(), register("cy")
    (al,) = room("al")
    op.ask(f"CHGHOST {cy.nick} {HOST}")
    al.ask(f"MODE {channel} +b *!*@{HOST}")
    assert "474" in commands(cy.ask(f"JOIN {channel}"))


# --- Errors


def test_no_operator(register: Register) -> None:
    """Modern IRC, "ERR_NOPRIVILEGES (481)": for IRC operators only."""
    al, bo = register("al"), register("bo")
    before = address(bo)
    assert one(al.ask(f"CHGHOST {bo.nick} {HOST}"), "481").params[0] == al.nick
    assert bo.read() == []
    assert address(bo) == before


def test_nobody(operator: Register, name: Names) -> None:
    """Modern IRC, "ERR_NOSUCHNICK (401)": there is nobody with this nickname."""
    op, nick = operator(), name("nobody")
    assert one(op.ask(f"CHGHOST {nick} {HOST}"), "401").params[:2] == [op.nick, nick]


@pytest.mark.parametrize("parameters", ["", "{}"])
def test_too_few_parameters(operator: Register, parameters: str) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": a nickname and a host."""
    op = operator()
    reply = one(op.ask(f"CHGHOST {parameters.format(op.nick)}".rstrip()), "461")
    assert reply.params[:2] == [op.nick, "CHGHOST"]
