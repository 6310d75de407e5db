"""The lists of a channel: bans, exceptions from them, and exceptions from +i."""

from __future__ import annotations

import time

import pytest

from tests.conformance.channels import Names, Room, changes, own_mask
from tests.conformance.conftest import Register, Target
from tests.conformance.session import Session, commands, one, only

_LISTS = pytest.mark.parametrize(
    ("letter", "item", "end"),
    [
        pytest.param("b", "367", "368", id="bans"),
        pytest.param("e", "348", "349", id="exceptions", marks=pytest.mark.isupport("EXCEPTS")),
        pytest.param("I", "346", "347", id="invitations", marks=pytest.mark.isupport("INVEX")),
    ],
)


def _masks(session: Session, channel: str, letter: str, item: str) -> list[str]:
    return [line.params[2] for line in only(session.ask(f"MODE {channel} +{letter}"), item)]


# --- Looking and changing


@_LISTS
@pytest.mark.parametrize("sign", ["", "+"])
def test_an_empty_list(
    room: Room, channel: str, letter: str, item: str, end: str, sign: str
) -> None:
    """Modern IRC, "MODE message", type A: without an argument it is a question."""
    (al,) = room("al")
    found = al.ask(f"MODE {channel} {sign}{letter}")
    assert commands(found) == [end]
    assert found[0].params[:2] == [al.nick, channel]


@_LISTS
def test_a_mask_is_added(room: Room, channel: str, letter: str, item: str, end: str) -> None:
    """Modern IRC, "MODE message", type A: members are told, and the list has it."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +{letter} *!*@example.org")
    assert changes(bo.read()) == [f"+{letter} *!*@example.org"]
    found = al.ask(f"MODE {channel} +{letter}")
    assert commands(found) == [item, end]
    assert found[0].params[:3] == [al.nick, channel, "*!*@example.org"]


@_LISTS
def test_a_mask_is_removed(room: Room, channel: str, letter: str, item: str, end: str) -> None:
    """Modern IRC, "MODE message", type A: members are told, and it is gone."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +{letter} a!*@*", f"MODE {channel} +{letter} b!*@*")
    bo.read()
    al.ask(f"MODE {channel} -{letter} a!*@*")
    assert changes(bo.read()) == [f"-{letter} a!*@*"]
    assert _masks(al, channel, letter, item) == ["b!*@*"]


@_LISTS
def test_several_masks(room: Room, channel: str, letter: str, item: str, end: str) -> None:
    """Modern IRC, "MODE message", type A: an argument for each letter, in order."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +{letter}{letter}-{letter} a!*@* b!*@* a!*@*")
    assert changes(bo.read()) == [f"+{letter} a!*@*", f"+{letter} b!*@*", f"-{letter} a!*@*"]
    assert _masks(al, channel, letter, item) == ["b!*@*"]


@_LISTS
def test_a_mask_twice(room: Room, channel: str, letter: str, item: str, end: str) -> None:
    """Modern IRC, "MODE message": what is in the list is not added again."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +{letter} a!*@*")
    bo.read()
    al.ask(f"MODE {channel} +{letter} a!*@*")
    assert not only(bo.read(), "MODE")
    assert _masks(al, channel, letter, item) == ["a!*@*"]


@_LISTS
def test_a_mask_that_is_not_there(
    room: Room, channel: str, letter: str, item: str, end: str
) -> None:
    """Modern IRC, "MODE message": nothing changes when nothing is removed."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} -{letter} a!*@*")
    assert not only(bo.read(), "MODE")


@_LISTS
def test_without_privileges(room: Room, channel: str, letter: str, item: str, end: str) -> None:
    """Modern IRC, "ERR_CHANOPRIVSNEEDED (482)": ordinary members change no list."""
    al, bo = room("al", "bo")
    assert "482" in commands(bo.ask(f"MODE {channel} +{letter} a!*@*"))
    assert not only(al.read(), "MODE")
    assert _masks(al, channel, letter, item) == []


@_LISTS
def test_a_list_of_its_own(room: Room, channel: str, letter: str, item: str, end: str) -> None:
    """Modern IRC, "MODE message", type A: what is in one list is in no other."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +{letter} a!*@*")
    others = {"b": "367", "e": "348", "I": "346"}
    del others[letter]
    for other, numeric in others.items():
        assert _masks(al, channel, other, numeric) == []


def test_who_set_a_ban_and_when(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_BANLIST (367)": the two parameters that may follow."""
    (al,) = room("al")
    before = int(time.time())
    al.ask(f"MODE {channel} +b a!*@*")
    reply = one(al.ask(f"MODE {channel} +b"), "367")
    if len(reply.params) == 3:
        pytest.skip("the server does not say")
    assert reply.params[3].partition("!")[0] == al.nick
    assert before - 2 <= int(reply.params[4]) <= time.time() + 2


@pytest.mark.isupport("MAXLIST")
@pytest.mark.ours
@pytest.mark.parametrize("letters", ["b", "e", "I", "beI"])
def test_a_full_list(room: Room, channel: str, target: Target, letters: str) -> None:
    """Modern IRC, "MAXLIST Parameter": entries of all lists together; one more is 478."""
    (al,) = room("al")
    known, _, limit = target.isupport["MAXLIST"].partition(":")
    assert set(known) == set("beI")
    wanted = [
        (letters[number % len(letters)], f"a{number}!*@*") for number in range(int(limit) + 1)
    ]
    found = al.ask(*(f"MODE {channel} +{letter} {mask}" for letter, mask in wanted))
    assert changes(found) == [f"+{letter} {mask}" for letter, mask in wanted[:-1]]
    refused = one(found, "478")
    assert refused.params[:2] == [al.nick, channel]


@pytest.mark.ours
def test_a_full_list_with_one_less(room: Room, channel: str, target: Target) -> None:
    """Modern IRC, "MAXLIST Parameter": it counts what is in the lists."""
    (al,) = room("al")
    limit = int(target.isupport["MAXLIST"].partition(":")[2])
    al.ask(*(f"MODE {channel} +b a{number}!*@*" for number in range(limit)))
    found = al.ask(f"MODE {channel} -b a0!*@*", f"MODE {channel} +e new!*@*")
    assert changes(found) == ["-b a0!*@*", "+e new!*@*"]


# --- Whom a mask is for


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("{nick}!*@*", True),
        ("*!{user}@*", True),
        ("*!*@{host}", True),
        ("{nick}!{user}@{host}", True),
        ("*!*@*", True),
        ("{nick[0]}*!*@*", True),
        ("?{nick}!*@*", False),
        ("{nick}?!*@*", False),
        ("{cut}?!*@*", True),
        ("*{tail}!*@*", True),
        ("{upper}!*@*", True),
        ("x{nick}!*@*", False),
        ("*!*@*.example.org", False),
        ("{nick}!x{user}@*", False),
    ],
)
def test_a_ban(
    register: Register, room: Room, channel: str, name: Names, pattern: str, matches: bool
) -> None:
    """Modern IRC, "Ban Channel Mode": the mask against `nick!user@host`."""
    (al,) = room("al")
    bo = register("bo")
    nick, _, rest = own_mask(bo, name("#other")).partition("!")
    user, _, host = rest.partition("@")
    mask = pattern.format(
        nick=nick, user=user, host=host, cut=nick[:-1], tail=nick[1:], upper=nick.upper()
    )
    al.ask(f"MODE {channel} +b {mask}")
    found = bo.ask(f"JOIN {channel}")
    assert ("474" in commands(found)) == matches
    assert ("JOIN" in commands(found)) != matches


def test_a_ban_that_was_lifted(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Ban Channel Mode": without it they may join."""
    (al,) = room("al")
    bo = register("bo")
    al.ask(f"MODE {channel} +b {bo.nick}!*@*")
    assert "474" in commands(bo.ask(f"JOIN {channel}"))
    al.ask(f"MODE {channel} -b {bo.nick}!*@*")
    assert "JOIN" in commands(bo.ask(f"JOIN {channel}"))


def test_a_ban_removes_nobody(room: Room, channel: str) -> None:
    """Modern IRC, "Ban Channel Mode": it is about joining and speaking."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +b {bo.nick}!*@*")
    assert not only(bo.read(), "KICK", "PART")
    al.ask(f"PRIVMSG {channel} :still here?")
    assert one(bo.read(), "PRIVMSG").text == "still here?"


@pytest.mark.isupport("EXCEPTS")
def test_an_exception(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Exception Channel Mode": who matches one is not kept out by a ban."""
    (al,) = room("al")
    bo, cy = register("bo"), register("cy")
    al.ask(f"MODE {channel} +b *!*@*", f"MODE {channel} +e {bo.nick}!*@*")
    assert "JOIN" in commands(bo.ask(f"JOIN {channel}"))
    assert "474" in commands(cy.ask(f"JOIN {channel}"))


@pytest.mark.isupport("EXCEPTS", "INVEX")
@pytest.mark.parametrize(
    ("door", "exception", "numeric"),
    [("+i", "+e", "473"), ("+b *!*@*", "+I", "474"), ("+k sesame", "+e", "475")],
)
def test_an_exception_from_something_else(
    register: Register, room: Room, channel: str, door: str, exception: str, numeric: str
) -> None:
    """Modern IRC, "Channel Modes": exceptions are from bans, or from +i, and no more."""
    (al,) = room("al")
    bo = register("bo")
    al.ask(f"MODE {channel} {door}", f"MODE {channel} {exception} {bo.nick}!*@*")
    assert numeric in commands(bo.ask(f"JOIN {channel}"))
