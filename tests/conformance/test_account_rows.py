"""Accounts where nobody has one: what has to be said in their place, and what not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

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
