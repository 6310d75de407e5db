"""SETNAME: a new realname, who is told, and which are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register, Target
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]

pytestmark = pytest.mark.capability("setname")


def realname(session: Session, nick: str) -> str:
    """Return the realname that WHOIS shows."""
    return one(session.ask(f"WHOIS {nick}"), "311").text


def test_it_is_confirmed(register: Register) -> None:
    """IRCv3 setname, "Description": the client that changed it gets the message too."""
    al = register("al", "setname")
    lines = al.ask("SETNAME :Another name")
    assert commands(lines) == ["SETNAME"]
    assert (lines[0].nick, lines[0].params) == (al.nick, ["Another name"])
    assert "@" in lines[0].source


def test_it_is_silent_without_the_capability(register: Register) -> None:
    """IRCv3 setname, "Description": it works, with no response."""
    al = register("al")
    assert al.ask("SETNAME :Another name") == []
    assert realname(al, al.nick) == "Another name"


@pytest.mark.parametrize("text", ["Another name", "single", ":colon first", "a  b"])
def test_whois_has_it(register: Register, text: str) -> None:
    """Modern IRC, "RPL_WHOISUSER (311)": the new realname, as it was sent."""
    al, bo = register("al", "setname"), register("bo")
    al.ask(f"SETNAME :{text}")
    assert realname(bo, al.nick) == text


def test_who_has_it(register: Register) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": the new realname behind the hop count."""
    al, bo = register("al", "setname"), register("bo")
    al.ask("SETNAME :Another name")
    assert one(bo.ask(f"WHO {al.nick}"), "352").text.partition(" ")[2] == "Another name"


def test_members_are_told(room: Room) -> None:
    """IRCv3 setname, "Description": sent to all clients in common channels."""
    al, bo = room("al", "bo", capabilities=["setname"])
    al.ask("SETNAME :Another name")
    seen = one(bo.read(), "SETNAME")
    assert (seen.nick, seen.params) == (al.nick, ["Another name"])


def test_members_are_told_of_who_has_no_capability(
    room: Room, register: Register, channel: str
) -> None:
    """IRCv3 setname, "Description": the capability of who is told is what counts."""
    (al,) = room("al")
    bo = register("bo", "setname")
    bo.ask(f"JOIN {channel}")
    al.read()
    assert al.ask("SETNAME :Another name") == []
    assert one(bo.read(), "SETNAME").nick == al.nick


def test_members_without_the_capability(room: Room, register: Register, channel: str) -> None:
    """IRCv3 setname, "Description": not sent to who did not negotiate it."""
    (al,) = room("al", capabilities=["setname"])
    bo = register("bo")
    bo.ask(f"JOIN {channel}")
    al.ask("SETNAME :Another name")
    assert bo.read() == []


def test_strangers(register: Register) -> None:
    """IRCv3 setname, "Description": for common channels only."""
    al, bo = register("al", "setname"), register("bo", "setname")
    al.ask("SETNAME :Another name")
    assert bo.read() == []


def test_once_for_two_channels(room: Room, name: Names) -> None:
    """IRCv3 setname, "Description": one change is one message."""
    al, bo = room("al", "bo", capabilities=["setname"])
    other = name("#d")
    al.ask(f"JOIN {other}")
    bo.ask(f"JOIN {other}")
    al.ask("SETNAME :Another name")
    assert len(only(bo.read(), "SETNAME")) == 1


@pytest.mark.capability("extended-join")
def test_a_later_join_has_it(room: Room, register: Register, channel: str) -> None:
    """IRCv3 extended-join: the realname of a JOIN is the present one."""
    (al,) = room("al", capabilities=["extended-join"])
    bo = register("bo")
    bo.ask("SETNAME :Another name", f"JOIN {channel}")
    assert one(al.read(), "JOIN").text == "Another name"


# --- Errors


def test_the_limit_is_advertised(target: Target) -> None:
    """IRCv3 setname, "Description": there has to be a NAMELEN in RPL_ISUPPORT."""
    assert int(target.isupport["NAMELEN"]) > 0


def test_as_long_as_it_may_be(register: Register, target: Target) -> None:
    """Modern IRC, "NAMELEN": the longest realname is one of this length."""
    al, longest = register("al", "setname"), "n" * int(target.isupport["NAMELEN"])
    assert one(al.ask(f"SETNAME :{longest}"), "SETNAME").params == [longest]
    assert realname(al, al.nick) == longest


def test_too_long(register: Register, target: Target) -> None:
    """IRCv3 setname, "Errors": FAIL with INVALID_REALNAME, and nothing has changed."""
    al, text = register("al", "setname"), "n" * (int(target.isupport["NAMELEN"]) + 1)
    lines = al.ask(f"SETNAME :{text}")
    assert commands(lines) == ["FAIL"]
    assert lines[0].params[:2] == ["SETNAME", "INVALID_REALNAME"]
    assert realname(al, al.nick) == f"Real {al.nick}"


def test_nobody_is_told_of_a_refused_one(room: Room, target: Target) -> None:
    """IRCv3 setname, "Description": the message is for changes that were accepted."""
    al, bo = room("al", "bo", capabilities=["setname"])
    al.ask(f"SETNAME :{'n' * (int(target.isupport['NAMELEN']) + 1)}")
    assert bo.read() == []


@pytest.mark.parametrize("command", ["SETNAME", "SETNAME :"])
def test_no_realname(register: Register, command: str) -> None:
    """IRCv3 setname, "Errors": refused, by 461 or INVALID_REALNAME; nothing has changed."""
    al = register("al", "setname")
    lines = al.ask(command)
    assert commands(lines) in (["461"], ["FAIL"])
    assert lines[0].params[1] in ("SETNAME", "INVALID_REALNAME")
    assert realname(al, al.nick) == f"Real {al.nick}"
