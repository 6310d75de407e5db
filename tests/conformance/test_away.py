"""AWAY: set, changed and removed, before registration as well; who is told, and how."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]


def test_going_away(register: Register) -> None:
    """Modern IRC, "AWAY message": acknowledged with 306."""
    al = register("al")
    lines = al.ask("AWAY :out for lunch")
    assert commands(lines) == ["306"]
    assert lines[0].params[0] == al.nick


@pytest.mark.parametrize("command", ["AWAY", "AWAY :"])
def test_coming_back(register: Register, command: str) -> None:
    """Modern IRC, "AWAY message": no message, or an empty one, is back again: 305."""
    al, bo = register("al"), register("bo")
    al.ask("AWAY :out")
    lines = al.ask(command)
    assert commands(lines) == ["305"]
    assert lines[0].params[0] == al.nick
    assert "301" not in commands(bo.ask(f"PRIVMSG {al.nick} :hello"))


def test_a_message_to_who_is_away(register: Register) -> None:
    """Modern IRC, "AWAY message": 301 with the message, and the message arrives."""
    al, bo = register("al"), register("bo")
    al.ask("AWAY :out for lunch")
    reply = one(bo.ask(f"PRIVMSG {al.nick} :hello"), "301")
    assert reply.params == [bo.nick, al.nick, "out for lunch"]
    assert one(al.read(), "PRIVMSG").text == "hello"


def test_the_newest_message(register: Register) -> None:
    """Modern IRC, "RPL_AWAY (301)": the message that they set last."""
    al, bo = register("al"), register("bo")
    al.ask("AWAY :one", "AWAY :two")
    assert one(bo.ask(f"PRIVMSG {al.nick} :hello"), "301").text == "two"


def test_a_notice_to_who_is_away(register: Register) -> None:
    """Modern IRC, "NOTICE message": never an automatic reply."""
    al, bo = register("al"), register("bo")
    al.ask("AWAY :out")
    assert bo.ask(f"NOTICE {al.nick} :hello") == []


def test_a_message_to_a_channel(room: Room, channel: str) -> None:
    """Modern IRC, "AWAY message": not when the message is for a channel they are on."""
    al, bo = room("al", "bo")
    al.ask("AWAY :out")
    assert bo.ask(f"PRIVMSG {channel} :hello") == []


def test_who_is_away_can_write(register: Register) -> None:
    """Modern IRC, "RPL_AWAY (301)": about the one who is written to, not the one who writes."""
    al, bo = register("al"), register("bo")
    al.ask("AWAY :out")
    assert al.ask(f"PRIVMSG {bo.nick} :hello") == []


@pytest.mark.isupport("AWAYLEN")
def test_a_long_message(register: Register, target: Target) -> None:
    """Modern IRC, "AWAYLEN Parameter": the maximum length of an away message."""
    limit = int(target.isupport["AWAYLEN"])
    al, bo = register("al"), register("bo")
    al.ask(f"AWAY :{'a' * (limit + 1)}")
    reply = one(bo.ask(f"PRIVMSG {al.nick} :hello"), "301")
    assert reply.text == "a" * limit


# --- away-notify


@pytest.mark.capability("away-notify")
def test_members_are_told(room: Room) -> None:
    """IRCv3 away-notify: AWAY with the message when a user sets it."""
    al, bo = room("al", "bo", capabilities=["away-notify"])
    bo.ask("AWAY :out for lunch")
    seen = one(al.read(), "AWAY")
    assert (seen.nick, seen.params) == (bo.nick, ["out for lunch"])
    assert "@" in seen.source


@pytest.mark.capability("away-notify")
def test_members_are_told_of_a_new_message(room: Room) -> None:
    """IRCv3 away-notify: and when they change it."""
    al, bo = room("al", "bo", capabilities=["away-notify"])
    bo.ask("AWAY :one")
    al.read()
    bo.ask("AWAY :two")
    assert one(al.read(), "AWAY").params == ["two"]


@pytest.mark.capability("away-notify")
@pytest.mark.parametrize("command", ["AWAY", "AWAY :"])
def test_members_are_told_of_the_return(room: Room, command: str) -> None:
    """IRCv3 away-notify: without a message when a user removes it."""
    al, bo = room("al", "bo", capabilities=["away-notify"])
    bo.ask("AWAY :out")
    al.read()
    bo.ask(command)
    seen = one(al.read(), "AWAY")
    assert (seen.nick, seen.params) == (bo.nick, [])


@pytest.mark.capability("away-notify")
def test_not_told_of_oneself(room: Room) -> None:
    """IRCv3 away-notify: clients are not told of their own status."""
    al, _ = room("al", "bo", capabilities=["away-notify"])
    assert commands(al.ask("AWAY :out", "AWAY")) == ["306", "305"]


@pytest.mark.capability("away-notify")
def test_members_without_it(room: Room, register: Register, channel: str) -> None:
    """IRCv3 away-notify: only when the capability is enabled."""
    (al,) = room("al")
    bo = register("bo", "away-notify")
    bo.ask(f"JOIN {channel}", "AWAY :out")
    assert "AWAY" not in commands(al.read())


@pytest.mark.capability("away-notify")
def test_strangers(register: Register) -> None:
    """IRCv3 away-notify: only who shares a channel."""
    al, bo = register("al", "away-notify"), register("bo", "away-notify")
    bo.ask("AWAY :out", "AWAY")
    assert al.read() == []


@pytest.mark.capability("away-notify")
def test_once_for_two_channels(room: Room, name: Names) -> None:
    """IRCv3 away-notify: one change is one message."""
    al, bo = room("al", "bo", capabilities=["away-notify"])
    other = name("#d")
    bo.ask(f"JOIN {other}")
    al.ask(f"JOIN {other}")
    bo.ask("AWAY :out")
    one(al.read(), "AWAY")


@pytest.mark.capability("away-notify")
def test_a_join_of_who_is_away(room: Room, register: Register, channel: str) -> None:
    """IRCv3 away-notify: AWAY follows the JOIN of a user with a message set."""
    (al,) = room("al", capabilities=["away-notify"])
    bo = register("bo")
    bo.ask("AWAY :out for lunch", f"JOIN {channel}")
    lines = only(al.read(), "JOIN", "AWAY")
    assert commands(lines) == ["JOIN", "AWAY"]
    assert (lines[1].nick, lines[1].params) == (bo.nick, ["out for lunch"])


@pytest.mark.capability("away-notify")
def test_a_join_of_who_is_here(room: Room, register: Register, channel: str) -> None:
    """IRCv3 away-notify: no AWAY for joining users with no message set."""
    (al,) = room("al", capabilities=["away-notify"])
    register("bo").ask("AWAY :out", "AWAY", f"JOIN {channel}")
    assert "AWAY" not in commands(al.read())


@pytest.mark.capability("away-notify")
def test_a_join_and_who_does_not_want_to_know(room: Room, register: Register, channel: str) -> None:
    """IRCv3 away-notify: members without it see the JOIN alone; so does who joins."""
    (al,) = room("al")
    bo = register("bo", "away-notify")
    assert "AWAY" not in commands(bo.ask("AWAY :out", f"JOIN {channel}"))
    assert "AWAY" not in commands(al.read())


# --- pre-away


@pytest.fixture
def early(connect: Connect, name: Names) -> Callable[..., Session]:
    """Register with pre-away, and send these lines before."""

    def become(*lines: str) -> Session:
        session = connect()
        session.nick = name("early")
        session.negotiate("draft/pre-away")
        session.send(*lines, f"NICK {session.nick}", "USER me 0 * :x", "CAP END")
        session.welcome = session.until("376", "422") + session.read()
        return session

    return become


Early = Callable[..., Session]


@pytest.mark.capability("draft/pre-away")
def test_away_before_registration(early: Early, register: Register) -> None:
    """IRCv3 pre-away, "Implementation": a message set before registration is in force."""
    user, al = early("AWAY :still asleep"), register("al")
    assert not {"451", "421"} & set(commands(user.welcome))
    assert one(al.ask(f"PRIVMSG {user.nick} :hello"), "301").text == "still asleep"


@pytest.mark.capability("draft/pre-away")
def test_not_present_before_registration(early: Early, register: Register) -> None:
    """IRCv3 pre-away, "Implementation": `AWAY *` is away for an unspecified reason."""
    user, al = early("AWAY *"), register("al")
    assert one(al.ask(f"WHO {user.nick}"), "352").params[6] == "G"
    assert one(al.ask(f"WHOIS {user.nick}"), "301").text != ""


@pytest.mark.capability("draft/pre-away")
@pytest.mark.parametrize("lines", [["AWAY"], ["AWAY :asleep", "AWAY"], ["AWAY *", "AWAY"]])
def test_present_before_registration(early: Early, register: Register, lines: list[str]) -> None:
    """IRCv3 pre-away, "Implementation": without parameters, the user is present."""
    user, al = early(*lines), register("al")
    assert not {"451", "421"} & set(commands(user.welcome))
    assert one(al.ask(f"WHO {user.nick}"), "352").params[6] == "H"


@pytest.mark.capability("draft/pre-away")
def test_not_present_after_registration(early: Early, register: Register) -> None:
    """IRCv3 pre-away, "Implementation": `AWAY *` later on, and AWAY ends it."""
    user, al = early(), register("al")
    assert commands(user.ask("AWAY *")) == ["306"]
    assert one(al.ask(f"WHO {user.nick}"), "352").params[6] == "G"
    assert commands(user.ask("AWAY")) == ["305"]
    assert one(al.ask(f"WHO {user.nick}"), "352").params[6] == "H"


@pytest.mark.capability("draft/pre-away")
@pytest.mark.isupport("MONITOR")
def test_monitors_see_who_comes_away(connect: Connect, register: Register, name: Names) -> None:
    """IRCv3 pre-away, "Implementation": it does not inhibit the report of a new nickname."""
    al, nick, session = register("al"), name("early"), connect()
    al.ask(f"MONITOR + {nick}")
    session.negotiate("draft/pre-away")
    session.send("AWAY *", f"NICK {nick}", "USER me 0 * :x", "CAP END")
    session.until("376", "422")
    assert one(al.read(), "730").text.partition("!")[0] == nick


@pytest.mark.capability("draft/pre-away", "away-notify")
def test_a_join_of_who_came_away(early: Early, room: Room, channel: str) -> None:
    """IRCv3 pre-away, "Implementation": a normal message, which away-notify shows on JOIN."""
    (al,) = room("al", capabilities=["away-notify"])
    user = early("AWAY :still asleep")
    user.ask(f"JOIN {channel}")
    seen = one(al.read(), "AWAY")
    assert (seen.nick, seen.params) == (user.nick, ["still asleep"])


def test_before_registration_without_it(connect: Connect) -> None:
    """Modern IRC, "ERR_NOTREGISTERED (451)": AWAY is for users, without pre-away."""
    session = connect()
    session.send("CAP LS", "AWAY :asleep")
    assert session.until("451")[-1].params[0] == "*"
