"""Accounts where nobody has one: what has to be said in their place, and what not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]


# --- extended-join


@pytest.mark.capability("extended-join")
def test_a_join(room: Room, register: Register, channel: str) -> None:
    """IRCv3 extended-join: `*` for who has not logged in, and the realname."""
    (al,) = room("al", capabilities=["extended-join"])
    bo = register("bo")
    bo.ask(f"JOIN {channel}")
    assert one(al.read(), "JOIN").params == [channel, "*", f"Real {bo.nick}"]


@pytest.mark.capability("extended-join")
def test_ones_own_join(register: Register, channel: str) -> None:
    """IRCv3 extended-join: one's own JOIN is no other."""
    al = register("al", "extended-join")
    assert one(al.ask(f"JOIN {channel}"), "JOIN").params == [channel, "*", f"Real {al.nick}"]


@pytest.mark.capability("extended-join")
def test_a_join_without_the_capability(room: Room, register: Register, channel: str) -> None:
    """IRCv3 extended-join: only when enabled; else the channel is all there is."""
    (al,) = room("al")
    bo = register("bo", "extended-join")
    bo.ask(f"JOIN {channel}")
    assert one(al.read(), "JOIN").params == [channel]


# --- account-tag, account-notify


@pytest.mark.capability("account-tag")
@pytest.mark.parametrize("line", ["PRIVMSG {0} :hello", "NOTICE {0} :hello", "PART {0}"])
def test_no_tag(room: Room, channel: str, line: str) -> None:
    """IRCv3 account-tag: not sent when the user is not identified."""
    al, bo = room("al", "bo", capabilities=["account-tag"])
    bo.ask(line.format(channel))
    assert "account" not in one(al.read(), line.partition(" ")[0]).tags


@pytest.mark.capability("account-notify")
def test_no_account_on_joining(room: Room, register: Register, channel: str) -> None:
    """IRCv3 account-notify: for changes of account; here is none."""
    (al,) = room("al", capabilities=["account-notify"])
    bo = register("bo")
    bo.ask(f"JOIN {channel}", f"PART {channel}")
    assert only(al.read(), "ACCOUNT") == []


def test_nobody_is_logged_in(register: Register) -> None:
    """IRCv3 sasl-3.1, "Numerics": 900 is for who has an account."""
    assert not {"900", "903"} & set(commands(register("al").welcome))


# --- sasl


@pytest.mark.ours
def test_sasl_is_not_offered(target: Target) -> None:
    """IRCv3 sasl-3.2, "Advertisement": not when there is no way to authenticate."""
    assert "sasl" not in target.capabilities


@pytest.mark.ours
def test_sasl_is_not_granted(connect: Connect) -> None:
    """IRCv3 sasl-3.2, "Advertisement": a request for it is refused."""
    session = connect()
    session.send("CAP REQ sasl")
    assert session.until("CAP")[-1].params[1:] == ["NAK", "sasl"]


@pytest.mark.ours
@pytest.mark.parametrize("mechanism", ["PLAIN", "EXTERNAL", "SCRAM-SHA-256", "NONSENSE"])
def test_no_mechanism(connect: Connect, mechanism: str) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": 904; 908 may be before it."""
    session = connect()
    session.send("CAP LS 302", f"AUTHENTICATE {mechanism}")
    lines = session.until("904")
    assert lines[-1].params[0] == "*"
    assert set(commands(lines)) <= {"CAP", "908", "904"}


@pytest.mark.ours
def test_registration_goes_on(connect: Connect, name: Names) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": the state of the session is unchanged."""
    session, nick = connect(), name("al")
    session.send("CAP LS 302", "AUTHENTICATE PLAIN", f"NICK {nick}", "USER me 0 * :x", "CAP END")
    assert one(session.until("376", "422"), "001").params[0] == nick


@pytest.mark.ours
def test_after_registration(register: Register) -> None:
    """IRCv3 sasl-3.2, "SASL Reauthentication": an error when there is no way."""
    al = register("al")
    lines = al.ask("AUTHENTICATE PLAIN")
    assert {"904", "907"} & set(commands(lines))
    assert {line.params[0] for line in lines} == {al.nick}


@pytest.mark.ours
def test_nothing_to_abort(connect: Connect) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": `*` never succeeds."""
    session = connect()
    session.send("CAP LS 302", "AUTHENTICATE *")
    assert session.until("904", "906")[-1].params[0] == "*"
