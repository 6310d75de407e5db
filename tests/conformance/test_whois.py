"""WHOIS: what is told about a user, and to whom."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]


def test_the_user(register: Register) -> None:
    """Modern IRC, "RPL_WHOISUSER (311)": six parameters."""
    al, bo = register("al"), register("bo")
    bo.ask(f"PRIVMSG {al.nick} :hello")
    user, _, host = one(al.read(), "PRIVMSG").source.partition("!")[2].partition("@")
    reply = one(al.ask(f"WHOIS {bo.nick}"), "311")
    assert reply.params == [al.nick, bo.nick, user, host, "*", f"Real {bo.nick}"]


def test_the_server(register: Register) -> None:
    """Modern IRC, "RPL_WHOISSERVER (312)": the name is that of the source of messages."""
    al = register("al")
    reply = one(al.ask(f"WHOIS {al.nick}"), "312")
    assert len(reply.params) == 4
    assert reply.params[:3] == [al.nick, al.nick, reply.source]


def test_idle_time_and_signon(register: Register) -> None:
    """Modern IRC, "RPL_WHOISIDLE (317)": seconds, and a unix timestamp."""
    al = register("al")
    reply = one(al.ask(f"WHOIS {al.nick}"), "317")
    assert reply.params[:2] == [al.nick, al.nick]
    assert 0 <= int(reply.params[2]) <= 60
    assert abs(time.time() - int(reply.params[3])) < 60


def test_the_end(register: Register) -> None:
    """Modern IRC, "RPL_ENDOFWHOIS (318)": once, after everything else."""
    al = register("al")
    lines = al.ask(f"WHOIS {al.nick}")
    assert commands(lines).count("318") == 1
    assert lines[-1].command == "318"
    assert lines[-1].params[:2] == [al.nick, al.nick]


def test_every_line_names_both(room: Room) -> None:
    """Modern IRC, "WHOIS message": who asks and who it is about are the first parameters."""
    al, bo = room("al", "bo")
    bo.ask("AWAY :out")
    lines = al.ask(f"WHOIS {bo.nick}")
    assert {"301", "311", "312", "319", "318"} <= set(commands(lines))
    assert {tuple(line.params[:2]) for line in lines} == {(al.nick, bo.nick)}


def test_the_case_of_the_nickname(register: Register) -> None:
    """Modern IRC, "RPL_ENDOFWHOIS (318)": the nickname as it was sent; 311 has the user's own."""
    al, bo = register("al"), register("bo")
    lines = al.ask(f"WHOIS {bo.nick.upper()}")
    assert one(lines, "311").params[1] == bo.nick
    assert one(lines, "318").params[1] == bo.nick.upper()


def test_nobody(register: Register, name: Names) -> None:
    """Modern IRC, "WHOIS message": 401, and still the end."""
    al, nick = register("al"), name("nobody")
    lines = al.ask(f"WHOIS {nick}")
    assert commands(lines) == ["401", "318"]
    assert [line.params[:2] for line in lines] == [[al.nick, nick]] * 2


@pytest.mark.ours
def test_no_nickname(register: Register) -> None:
    """Modern IRC, "ERR_NONICKNAMEGIVEN (431)": a WHOIS of nobody at all."""
    al = register("al")
    assert one(al.ask("WHOIS"), "431").params[0] == al.nick


def test_by_way_of_a_server(register: Register) -> None:
    """Modern IRC, "WHOIS message": the target may be the name of a server."""
    al, bo = register("al"), register("bo")
    server = one(al.ask(f"WHOIS {al.nick}"), "312").params[2]
    lines = al.ask(f"WHOIS {server} {bo.nick}")
    assert one(lines, "311").params[1] == bo.nick
    assert one(lines, "318").params[1] == bo.nick


def test_by_way_of_a_nickname(register: Register) -> None:
    """Modern IRC, "WHOIS message": the target may be a nickname: the server of that user."""
    al, bo = register("al"), register("bo")
    assert one(al.ask(f"WHOIS {bo.nick} {bo.nick}"), "311").params[1] == bo.nick


def test_by_way_of_no_server(register: Register) -> None:
    """Modern IRC, "WHOIS message": there is an answer: 402, or the user, and the end."""
    al = register("al")
    found = set(commands(al.ask(f"WHOIS no.such.server {al.nick}")))
    assert "402" in found or {"311", "318"} <= found


@pytest.mark.ours
def test_no_server_is_an_error(register: Register) -> None:
    """Modern IRC, "ERR_NOSUCHSERVER (402)": the name that was given, and nothing of the user."""
    al = register("al")
    lines = al.ask(f"WHOIS no.such.server {al.nick}")
    assert one(lines, "402").params[:2] == [al.nick, "no.such.server"]
    assert "311" not in commands(lines)


def test_it_is_quiet(register: Register) -> None:
    """Modern IRC, "WHOIS message": only who asks is answered."""
    al, bo = register("al"), register("bo")
    al.ask(f"WHOIS {bo.nick}")
    assert bo.read() == []


# --- Away, operators, accounts


def test_away(register: Register) -> None:
    """Modern IRC, "AWAY message": 301 in replies to WHOIS."""
    al, bo = register("al"), register("bo")
    bo.ask("AWAY :gone for lunch")
    reply = one(al.ask(f"WHOIS {bo.nick}"), "301")
    assert reply.params == [al.nick, bo.nick, "gone for lunch"]


def test_here(register: Register) -> None:
    """Modern IRC, "RPL_AWAY (301)": only for who is away."""
    al, bo = register("al"), register("bo")
    bo.ask("AWAY :gone", "AWAY")
    assert "301" not in commands(al.ask(f"WHOIS {bo.nick}"))


@pytest.mark.ours
def test_an_operator(operator: Register, register: Register) -> None:
    """Modern IRC, "RPL_WHOISOPERATOR (313)": for operators."""
    op, al = operator(), register("al")
    assert one(al.ask(f"WHOIS {op.nick}"), "313").params[:2] == [al.nick, op.nick]


def test_no_operator_and_no_account(register: Register) -> None:
    """Modern IRC, "WHOIS message": neither 313 nor 330 for somebody who is neither."""
    al, bo = register("al"), register("bo")
    assert not {"313", "307", "330", "335"} & set(commands(al.ask(f"WHOIS {bo.nick}")))


def test_a_new_realname_of_a_new_user(connect: Callable[[], Session], name: Names) -> None:
    """Modern IRC, "USER message": the realname may have spaces and a colon."""
    session, nick = connect(), name("al")
    session.send(f"NICK {nick}", "USER me 0 * ::a: b  c")
    session.until("376", "422")
    assert one(session.ask(f"WHOIS {nick}"), "311").text == ":a: b  c"


# --- Channels


def test_channels(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_WHOISCHANNELS (319)": a list of channels with the user's prefix."""
    al, bo = room("al", "bo")
    reply = one(al.ask(f"WHOIS {al.nick}"), "319")
    assert reply.params[:2] == [al.nick, al.nick]
    assert reply.text.split() == [f"@{channel}"]
    assert one(al.ask(f"WHOIS {bo.nick}"), "319").text.split() == [channel]


def test_no_channels(register: Register) -> None:
    """Modern IRC, "RPL_WHOISCHANNELS (319)": not for a user who is in none."""
    al = register("al")
    assert "319" not in commands(al.ask(f"WHOIS {al.nick}"))


def test_only_the_highest_prefix(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_WHOISCHANNELS (319)": one prefix, the highest, without multi-prefix."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +v {bo.nick}", f"MODE {channel} +o {bo.nick}")
    assert one(al.ask(f"WHOIS {bo.nick}"), "319").text.split() == [f"@{channel}"]


@pytest.mark.capability("multi-prefix")
def test_all_prefixes(room: Room, channel: str) -> None:
    """IRCv3 multi-prefix: all prefixes in WHOIS output, from the highest to the lowest."""
    al, bo = room("al", "bo", capabilities=["multi-prefix"])
    al.ask(f"MODE {channel} +v {bo.nick}", f"MODE {channel} +o {bo.nick}")
    assert one(al.ask(f"WHOIS {bo.nick}"), "319").text.split() == [f"@+{channel}"]


def test_a_secret_channel_from_outside(
    room: Room, register: Register, channel: str, name: Names
) -> None:
    """Modern IRC, "RPL_WHOISCHANNELS (319)": secret ones are not for who is not in them."""
    (al,) = room("al")
    other = name("#open")
    al.ask(f"JOIN {other}", f"MODE {channel} +s")
    assert one(register("bo").ask(f"WHOIS {al.nick}"), "319").text.split() == [f"@{other}"]


def test_only_a_secret_channel(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "Secret Channel Mode": then there are no channels to list."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +s")
    assert "319" not in commands(register("bo").ask(f"WHOIS {al.nick}"))


def test_a_secret_channel_from_inside(room: Room, channel: str) -> None:
    """Modern IRC, "Secret Channel Mode": members are told."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +s")
    assert one(bo.ask(f"WHOIS {al.nick}"), "319").text.split() == [f"@{channel}"]


def test_a_secret_channel_of_my_own(room: Room, channel: str) -> None:
    """Modern IRC, "Secret Channel Mode": who asks about themselves is a member."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +s")
    assert one(al.ask(f"WHOIS {al.nick}"), "319").text.split() == [f"@{channel}"]


def test_more_channels_than_fit(register: Register, name: Names) -> None:
    """Modern IRC, "RPL_WHOISCHANNELS (319)": sent several times, and none is lost."""
    al = register("al")
    channels = [name(f"#{'x' * 40}") for _ in range(14)]
    for channel in channels:
        al.ask(f"JOIN {channel}")
    lines = only(al.ask(f"WHOIS {al.nick}"), "319")
    assert len(lines) > 1
    assert all(len(line.raw) <= 510 for line in lines)
    assert sorted(word for line in lines for word in line.text.split()) == sorted(
        f"@{channel}" for channel in channels
    )
