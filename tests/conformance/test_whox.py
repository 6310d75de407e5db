"""WHOX: the fields that were asked for, in their order."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]

pytestmark = pytest.mark.isupport("WHOX")

_ORDER = "tcuihsnfdlaor"


def test_each_field(room: Room, channel: str) -> None:
    """IRCv3 whox, "RPL_WHOSPCRPL (354)": all standard fields, in the order of the text."""
    al, bo = room("al", "bo")
    _, _, user, host, *_ = one(al.ask(f"WHOIS {bo.nick}"), "311").params
    server = one(al.ask(f"WHOIS {bo.nick}"), "312").params[2]
    lines = only(al.ask(f"WHO {channel} %{_ORDER},42"), "354")
    (reply,) = [line.params for line in lines if line.params[7] == bo.nick]
    assert len(reply) == 1 + len(_ORDER)
    assert reply[:4] == [al.nick, "42", channel, user]
    ipaddress.ip_address(reply[4])
    assert reply[5:9] == [host, server, bo.nick, "H"]
    assert reply[9].isdigit()
    assert reply[10].isdigit()
    assert reply[11] == "0"
    assert reply[12] != ""
    assert reply[13] == f"Real {bo.nick}"


@pytest.mark.parametrize("field", list(_ORDER))
def test_a_field_alone(room: Room, channel: str, field: str) -> None:
    """IRCv3 whox, "RPL_WHOSPCRPL (354)": exactly the field that was asked for."""
    (al,) = room("al")
    everything = one(al.ask(f"WHO {channel} %{_ORDER},7"), "354").params[1:]
    reply = one(al.ask(f"WHO {channel} %{field}{',7' if field == 't' else ''}"), "354").params
    assert len(reply) == 2
    assert reply[0] == al.nick
    if field != "l":  # the seconds may go by
        assert reply[1] == everything[_ORDER.index(field)]


def test_the_order_is_not_that_of_the_request(room: Room, channel: str) -> None:
    """IRCv3 whox, "Extended WHO command": servers do not rely on the order of the letters."""
    (al,) = room("al")
    straight = one(al.ask(f"WHO {channel} %tcuhsnfar,1"), "354").params
    assert one(al.ask(f"WHO {channel} %rafnshuct,1"), "354").params == straight


def test_in_place_of_the_common_reply(room: Room, channel: str) -> None:
    """IRCv3 whox, "Extended WHO command": only 354, and then 315 with the mask."""
    al, _ = room("al", "bo")
    lines = al.ask(f"WHO {channel} %n")
    assert commands(lines) == ["354", "354", "315"]
    assert lines[-1].params[:2] == [al.nick, channel]


def test_nobody(register: Register, name: Names) -> None:
    """IRCv3 whox, "Extended WHO command": zero answers, and the end."""
    assert commands(register("al").ask(f"WHO {name('nobody')} %na")) == ["315"]


@pytest.mark.parametrize("token", ["0", "007", "999"])
def test_a_token(register: Register, token: str) -> None:
    """IRCv3 whox, "Extended WHO command": up to three digits come back as they were sent."""
    al = register("al")
    reply = one(al.ask(f"WHO {al.nick} %tn,{token}"), "354")
    assert reply.params == [al.nick, token, al.nick]


def test_a_token_that_was_not_asked_for(register: Register) -> None:
    """IRCv3 whox, "RPL_WHOSPCRPL (354)": no field that was not requested."""
    al = register("al")
    assert one(al.ask(f"WHO {al.nick} %n,42"), "354").params == [al.nick, al.nick]


def test_an_unknown_field(register: Register) -> None:
    """IRCv3 whox, "RPL_WHOSPCRPL (354)": fields that the server does not know are ignored."""
    al = register("al")
    assert one(al.ask(f"WHO {al.nick} %nzQ"), "354").params == [al.nick, al.nick]


def test_no_account(register: Register) -> None:
    """IRCv3 whox, "RPL_WHOSPCRPL (354)": 0 is the account of who is logged out."""
    al = register("al")
    assert one(al.ask(f"WHO {al.nick} %na"), "354").params == [al.nick, al.nick, "0"]


def test_no_channel(register: Register) -> None:
    """IRCv3 whox, "RPL_WHOSPCRPL (354)": * when no channel is returned."""
    al = register("al")
    assert one(al.ask(f"WHO {al.nick} %c"), "354").params == [al.nick, "*"]


def test_a_secret_channel_is_not_named(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "Secret Channel Mode": not named to who is not in it."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +s")
    assert one(register("bo").ask(f"WHO {al.nick} %c"), "354").params[1] == "*"


def test_flags(room: Room, channel: str) -> None:
    """IRCv3 whox, "Extended WHO command": the flags are those of WHO."""
    (al,) = room("al")
    al.ask("AWAY :out")
    assert one(al.ask(f"WHO {channel} %f"), "354").params == [al.nick, "G@"]


@pytest.mark.ours
def test_flags_of_a_bot(register: Register) -> None:
    """IRCv3 bot-mode, "The WHO bot flag": in the flags of WHOX too."""
    al = register("al")
    al.ask(f"MODE {al.nick} +B")
    assert one(al.ask(f"WHO {al.nick} %f"), "354").params == [al.nick, "HB"]


@pytest.mark.ours
def test_only_operators(operator: Register, room: Room, channel: str) -> None:
    """IRCv3 whox, "Extended WHO command": flags may stand before the percent character."""
    al, _ = room("al", "bo")
    op = operator()
    op.ask(f"JOIN {channel}")
    assert one(al.ask(f"WHO {channel} o%n"), "354").params == [al.nick, op.nick]


def test_an_invisible_user(register: Register) -> None:
    """Modern IRC, "Invisible User Mode": a pattern does not show who shares no channel."""
    al, bo = register("al"), register("bo")
    bo.ask(f"MODE {bo.nick} +i")
    assert commands(al.ask(f"WHO {bo.nick[:-1]}? %n")).count("354") == 0


def test_the_realname_is_the_last(register: Register) -> None:
    """IRCv3 whox, "RPL_WHOSPCRPL (354)": the realname, spaces and all, is one parameter."""
    al = register("al")
    reply = one(al.ask(f"WHO {al.nick} %nr"), "354")
    assert reply.params == [al.nick, al.nick, f"Real {al.nick}"]
