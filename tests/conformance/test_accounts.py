"""Who has logged in is seen to have (IRCv3 account-notify, account-tag, extended-join, monitor)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.accounts import PASSWORD, authenticate
from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

pytestmark = pytest.mark.capability("sasl", "draft/account-registration")

Account = Callable[..., str]
LoggedIn = Callable[..., Session]
Room = Callable[..., list[Session]]


# --- account-notify


@pytest.mark.capability("account-notify")
def test_logging_in(room: Room, register: Register, account: Account, channel: str) -> None:
    """IRCv3 account-notify: ACCOUNT, to whoever shares a channel and has the capability."""
    (al,) = room("al", capabilities=["account-notify"])
    (old,) = room("old")
    bo, owner = register("bo", "sasl"), account("cy")
    bo.ask(f"JOIN {channel}")
    al.read()
    old.read()
    authenticate(bo, owner)
    said = one(al.read(), "ACCOUNT")
    assert said.params == [owner]
    assert said.nick == bo.nick
    assert only(old.read(), "ACCOUNT") == []


@pytest.mark.capability("account-notify")
def test_a_login_that_fails(room: Room, register: Register, account: Account, channel: str) -> None:
    """IRCv3 account-notify: for changes; there is none."""
    (al,) = room("al", capabilities=["account-notify"])
    bo, owner = register("bo", "sasl"), account("cy")
    bo.ask(f"JOIN {channel}")
    authenticate(bo, owner, "wrong")
    assert only(al.read(), "ACCOUNT") == []


@pytest.mark.capability("account-notify")
def test_an_account_that_is_made(room: Room) -> None:
    """IRCv3 account-notify: also where it was made by REGISTER."""
    al, bo = room("al", "bo", capabilities=["account-notify"])
    bo.send(f"REGISTER * * :{PASSWORD}")
    bo.until("REGISTER")
    assert one(al.read(), "ACCOUNT").params == [bo.nick]


@pytest.mark.capability("account-notify", "extended-monitor")
def test_whoever_monitors(register: Register, account: Account) -> None:
    """IRCv3 extended-monitor: ACCOUNT of who is on the list, without a channel."""
    al = register("al", "account-notify", "extended-monitor")
    bo, owner = register("bo", "sasl"), account("cy")
    al.ask(f"MONITOR + {bo.nick}")
    authenticate(bo, owner)
    assert one(al.read(), "ACCOUNT").params == [owner]


# --- account-tag


@pytest.mark.capability("account-tag")
@pytest.mark.parametrize("line", ["PRIVMSG {0} :hello", "NOTICE {0} :hello", "PART {0}", "QUIT"])
def test_the_tag(room: Room, logged_in: LoggedIn, channel: str, line: str) -> None:
    """IRCv3 account-tag: the account, on commands of who is identified."""
    (al,) = room("al", capabilities=["account-tag"])
    (old,) = room("old")
    bo = logged_in("bo")
    bo.ask(f"JOIN {channel}")
    al.read()
    old.read()
    bo.send(line.format(channel))
    command = line.partition(" ")[0]
    assert one(al.until(command), command).tags["account"] == bo.nick
    assert "account" not in one(old.until(command), command).tags


@pytest.mark.capability("account-tag")
def test_the_tag_of_a_private_message(register: Register, logged_in: LoggedIn) -> None:
    """IRCv3 account-tag: on private messages too."""
    al, bo = register("al", "account-tag"), logged_in("bo")
    bo.ask(f"PRIVMSG {al.nick} :hello")
    assert one(al.read(), "PRIVMSG").tags["account"] == bo.nick


# --- extended-join


@pytest.mark.capability("extended-join")
def test_a_join(room: Room, logged_in: LoggedIn, channel: str) -> None:
    """IRCv3 extended-join: the account, and the realname."""
    (al,) = room("al", capabilities=["extended-join"])
    bo = logged_in("bo")
    bo.ask(f"JOIN {channel}")
    assert one(al.read(), "JOIN").params == [channel, bo.nick, f"Real {bo.nick}"]


# --- Queries


def test_whois(register: Register, logged_in: LoggedIn) -> None:
    """Modern IRC, "RPL_WHOISACCOUNT (330)": the nickname, and the account."""
    al, bo = register("al"), logged_in("bo")
    assert one(al.ask(f"WHOIS {bo.nick}"), "330").params[1:3] == [bo.nick, bo.nick]


@pytest.mark.isupport("WHOX")
def test_whox(register: Register, logged_in: LoggedIn) -> None:
    """IRCv3 whox, "RPL_WHOSPCRPL (354)": `a` is the account."""
    al, bo = register("al"), logged_in("bo")
    assert one(al.ask(f"WHO {bo.nick} %na"), "354").params[1:] == [bo.nick, bo.nick]


# --- Rooms and messages for accounts


@pytest.mark.ours
def test_a_room_for_accounts(
    room: Room, register: Register, account: Account, channel: str
) -> None:
    """Modern IRC, "ERR_NEEDREGGEDNICK (477)": with +R, who has logged in comes in."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +R")
    bo, owner = register("bo", "sasl"), account("cy")
    assert "477" in commands(bo.ask(f"JOIN {channel}"))
    authenticate(bo, owner)
    assert "JOIN" in commands(bo.ask(f"JOIN {channel}"))


@pytest.mark.ours
def test_a_ban_of_an_account(
    room: Room, register: Register, account: Account, channel: str
) -> None:
    """IRCv3 account-extban: it is about who has logged in to it, whatever they are called."""
    (al,) = room("al")
    bo, owner = register("bo", "sasl"), account("cy")
    al.ask(f"MODE {channel} +b ~a:{owner}")
    authenticate(bo, owner)
    assert "474" in commands(bo.ask(f"JOIN {channel}"))
