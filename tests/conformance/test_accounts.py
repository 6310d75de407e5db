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


@pytest.mark.capability("account-notify")
def test_oneself(register: Register, account: Account) -> None:
    """IRCv3 account-notify, "Description": also one's own changes, in no channel."""
    bo, owner = register("bo", "sasl", "account-notify"), account("cy")
    said = one(authenticate(bo, owner) + bo.read(), "ACCOUNT")
    assert said.params == [owner]
    assert said.nick == bo.nick


@pytest.mark.capability("account-notify")
def test_once_for_several_channels(
    room: Room, register: Register, account: Account, channel: str
) -> None:
    """IRCv3 account-notify, "Description": for a change, in however many channels."""
    (al,) = room("al", capabilities=["account-notify"])
    bo, owner = register("bo", "sasl"), account("cy")
    for session in (al, bo):
        session.ask(f"JOIN {channel},{channel}2")
    al.read()
    authenticate(bo, owner)
    assert one(al.read(), "ACCOUNT").params == [owner]


@pytest.mark.capability("account-notify")
def test_strangers_are_not_told(register: Register, account: Account) -> None:
    """IRCv3 account-notify, "Description": clients on common channels."""
    al = register("al", "account-notify")
    bo, owner = register("bo", "sasl"), account("cy")
    authenticate(bo, owner)
    assert only(al.read(), "ACCOUNT") == []


@pytest.mark.capability("account-notify")
def test_another_account(room: Room, account: Account, channel: str) -> None:
    """IRCv3 account-notify, "Description": logged into a new account, from another one."""
    al, bo = room("al", "bo", capabilities=["account-notify", "sasl"])
    for owner in (account("cy"), account("di")):
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


@pytest.mark.capability("account-tag")
@pytest.mark.parametrize(
    "line",
    [
        "JOIN {room}",
        "MODE {room} +m",
        "TOPIC {room} :hello",
        "KICK {room} {cy} :bye",
        "INVITE {al} {room}2",
        "NICK {new}",
        "@+x=y TAGMSG {room}",
        "SETNAME :Another",
        "AWAY :gone",
        "RENAME {room} {room}3",
    ],
)
def test_the_tag_of_any_command(
    register: Register, logged_in: LoggedIn, channel: str, name: Callable[[str], str], line: str
) -> None:
    """IRCv3 account-tag: added to all commands sent by a user."""
    wanted = ["account-tag", "message-tags", "setname", "away-notify", "draft/channel-rename"]
    bo = logged_in("bo", "message-tags")
    bo.ask(f"JOIN {channel}2")
    al, cy = register("al", *wanted), register("cy")
    command = line.removeprefix("@+x=y ").partition(" ")[0]
    if command == "JOIN":
        al.ask(f"JOIN {channel}")
    else:
        for session in (bo, al, cy):
            session.ask(f"JOIN {channel}")
    al.read()
    bo.send(line.format(room=channel, al=al.nick, cy=cy.nick, new=name("new")))
    assert one(al.until(command), command).tags["account"] == bo.nick


@pytest.mark.capability("account-tag", "account-notify", "echo-message")
def test_the_tag_goes_by_what_is_so_now(room: Room, account: Account, channel: str) -> None:
    """IRCv3 account-tag, example: none at first, then the one, then the other; none after that."""
    wanted = ["account-tag", "account-notify", "echo-message", "sasl"]
    al, bo = room("al", "bo", capabilities=wanted)
    hax0r, bob = account("hax0r"), account("bob")
    found: list[str | None] = []
    for owner in ("", hax0r, bob):
        if owner:
            authenticate(bo, owner)
            change = one(al.read(), "ACCOUNT")
            assert change.params == [owner]
            assert change.tags.get("account") == found[-1]
        own = one(bo.ask(f"PRIVMSG {channel} :hello"), "PRIVMSG")
        said = one(al.read(), "PRIVMSG")
        assert own.tags.get("account") == said.tags.get("account")
        found.append(said.tags.get("account"))
    assert found == [None, hax0r, bob]


@pytest.mark.ours
@pytest.mark.capability("account-tag")
def test_no_tag_after_logging_out(room: Room, logged_in: LoggedIn, channel: str) -> None:
    """IRCv3 account-tag: must not be sent when the user is not identified."""
    (al,) = room("al", capabilities=["account-tag"])
    bo = logged_in("bo")
    bo.ask(f"JOIN {channel}", "NS LOGOUT")
    al.read()
    bo.ask(f"PRIVMSG {channel} :hello")
    assert "account" not in one(al.read(), "PRIVMSG").tags


# --- extended-join


@pytest.mark.capability("extended-join")
def test_a_join(room: Room, logged_in: LoggedIn, channel: str) -> None:
    """IRCv3 extended-join: the account, and the realname."""
    (al,) = room("al", capabilities=["extended-join"])
    bo = logged_in("bo")
    bo.ask(f"JOIN {channel}")
    assert one(al.read(), "JOIN").params == [channel, bo.nick, f"Real {bo.nick}"]


@pytest.mark.capability("extended-join")
def test_ones_own_join(logged_in: LoggedIn, channel: str) -> None:
    """IRCv3 extended-join: one's own JOIN is no other."""
    bo = logged_in("bo", "extended-join")
    found = one(bo.ask(f"JOIN {channel}"), "JOIN")
    assert found.params == [channel, bo.nick, f"Real {bo.nick}"]


@pytest.mark.ours
@pytest.mark.capability("extended-join")
def test_joins_before_and_after(
    room: Room, register: Register, account: Account, channel: str
) -> None:
    """IRCv3 extended-join: who has logged in prior to channel ingress, and `*` for who has not."""
    (al,) = room("al", capabilities=["extended-join"])
    bo, owner = register("bo", "sasl"), account("cy")
    found = []
    for step in ("", "log in", "log out"):
        if step == "log in":
            authenticate(bo, owner)
        elif step == "log out":
            bo.ask("NS LOGOUT")
        bo.ask(f"JOIN {channel}", f"PART {channel}")
        found.append(one(al.read(), "JOIN").params[1])
    assert found == ["*", owner, "*"]


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
