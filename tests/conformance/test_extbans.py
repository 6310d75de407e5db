"""Extended ban masks: `~m:` for who may not speak, `~a:` for accounts."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Room, changes
from tests.conformance.conftest import Register, Target
from tests.conformance.session import commands, one, only

_NUMERICS = {"b": "367", "e": "348", "I": "346"}


@pytest.mark.isupport("EXTBAN", "ACCOUNTEXTBAN")
def test_account_names_are_a_type(target: Target) -> None:
    """IRCv3 account-extban: ACCOUNTEXTBAN names types, and EXTBAN is there with it."""
    _, _, types = target.isupport["EXTBAN"].partition(",")
    short = [word for word in target.isupport["ACCOUNTEXTBAN"].split(",") if len(word) == 1]
    assert short
    assert all(letter in types for letter in short)


@pytest.mark.ours
def test_the_types(target: Target) -> None:
    """Modern IRC, "EXTBAN Parameter": the prefix, and the types."""
    prefix, _, types = target.isupport["EXTBAN"].partition(",")
    assert prefix == "~"
    assert set(types) == set("am")


@pytest.mark.ours
@pytest.mark.parametrize(
    ("letter", "mask"),
    [("b", "~a:somebody"), ("e", "~a:somebody"), ("I", "~a:somebody"), ("b", "~m:nobody!*@*")],
)
def test_a_list_keeps_them(room: Room, channel: str, letter: str, mask: str) -> None:
    """Modern IRC, "EXTBAN Parameter": in the lists of bans and exceptions, as they were set."""
    (al,) = room("al")
    assert changes(al.ask(f"MODE {channel} +{letter} {mask}")) == [f"+{letter} {mask}"]
    found = al.ask(f"MODE {channel} +{letter}")
    assert one(found, _NUMERICS[letter]).params[2] == mask
    assert changes(al.ask(f"MODE {channel} -{letter} {mask}")) == [f"-{letter} {mask}"]
    assert not only(al.ask(f"MODE {channel} +{letter}"), _NUMERICS[letter])


# --- Mutes


@pytest.mark.ours
@pytest.mark.parametrize("pattern", ["{}!*@*", "*!*@*", "*!~{}@*"])
def test_a_mute_lets_in(register: Register, room: Room, channel: str, pattern: str) -> None:
    """Modern IRC, "EXTBAN Parameter": who is muted may join, and may not speak."""
    (al,) = room("al")
    bo = register("bo")
    al.ask(f"MODE {channel} +b ~m:{pattern.format(bo.nick)}")
    assert "JOIN" in commands(bo.ask(f"JOIN {channel}"))
    found = bo.ask(f"PRIVMSG {channel} :hello")
    assert one(found, "404").params[:2] == [bo.nick, channel]
    assert not only(al.read(), "PRIVMSG")


@pytest.mark.ours
def test_a_muted_notice(room: Room, channel: str) -> None:
    """Modern IRC, "NOTICE message": not passed on, and not answered."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +b ~m:{bo.nick}!*@*")
    bo.read()
    assert bo.ask(f"NOTICE {channel} :hello") == []
    assert not only(al.read(), "NOTICE")


@pytest.mark.ours
def test_a_mute_of_another(room: Room, channel: str) -> None:
    """Modern IRC, "EXTBAN Parameter": it is for those who match."""
    al, bo, cy = room("al", "bo", "cy")
    al.ask(f"MODE {channel} +b ~m:{bo.nick}!*@*")
    cy.read()
    assert cy.ask(f"PRIVMSG {channel} :hello") == []
    assert one(al.read(), "PRIVMSG").text == "hello"


@pytest.mark.ours
def test_a_mute_that_was_lifted(room: Room, channel: str) -> None:
    """Modern IRC, "EXTBAN Parameter": without it they speak again."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +b ~m:{bo.nick}!*@*")
    assert "404" in commands(bo.ask(f"PRIVMSG {channel} :hello"))
    al.ask(f"MODE {channel} -b ~m:{bo.nick}!*@*")
    bo.read()
    assert bo.ask(f"PRIVMSG {channel} :hello") == []
    assert one(al.read(), "PRIVMSG").text == "hello"


@pytest.mark.ours
def test_a_mute_and_an_exception(room: Room, channel: str) -> None:
    """Modern IRC, "Exception Channel Mode": it is one from what the bans say."""
    al, bo, cy = room("al", "bo", "cy")
    al.ask(f"MODE {channel} +be ~m:*!*@* {bo.nick}!*@*")
    bo.read()
    assert "404" in commands(cy.ask(f"PRIVMSG {channel} :hello"))
    assert bo.ask(f"PRIVMSG {channel} :hello") == []
    assert one(al.read(), "PRIVMSG").text == "hello"


# --- Accounts


@pytest.mark.ours
@pytest.mark.parametrize("pattern", ["~a:{}", "~a:somebody"])
def test_a_ban_of_an_account(register: Register, room: Room, channel: str, pattern: str) -> None:
    """IRCv3 account-extban: it is not the nickname; who has no account is not meant."""
    (al,) = room("al")
    bo = register("bo")
    al.ask(f"MODE {channel} +b {pattern.format(bo.nick)}")
    assert "JOIN" in commands(bo.ask(f"JOIN {channel}"))
    assert bo.ask(f"PRIVMSG {channel} :hello") == []
    assert one(al.read(), "PRIVMSG").text == "hello"


@pytest.mark.ours
@pytest.mark.parametrize(
    ("door", "letter", "numeric"), [("+b *!*@*", "e", "474"), ("+i", "I", "473")]
)
def test_an_exception_for_an_account(
    register: Register, room: Room, channel: str, door: str, letter: str, numeric: str
) -> None:
    """IRCv3 account-extban: an exception for an account is not for who has none."""
    (al,) = room("al")
    bo = register("bo")
    al.ask(f"MODE {channel} {door}", f"MODE {channel} +{letter} ~a:{bo.nick}")
    assert numeric in commands(bo.ask(f"JOIN {channel}"))
