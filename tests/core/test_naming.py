"""Whose a nickname is, and what they are told who can not have it, or lose it as they connect."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.logins import PASSWORD, SETTINGS, Logins, plain
from tests.core.world import SERVER, codes

RESERVED = "Nickname belongs to an account: log in to it first"
LOOKS = "Nickname looks like that of an account: log in to it first"
OTHER_CLIENT = "Nickname is that of another client of your account"
IDENTIFY = f"NS IDENTIFY alice :{PASSWORD}"
ASK_PASSWORD = "This server has a password. Type it, or /quit:"


@pytest.fixture
def world() -> Logins:
    """`alice` has an account, and is not here."""
    world = Logins(SETTINGS)
    world.account("alice")
    return world


def come(world: Logins, name: str, *typed: str) -> list[str]:
    """Have somebody come with nc, who types this."""
    return world.step(world.add(name, plain=True), world.lines(name, *typed))[name]


def ask_for_password(world: Logins) -> None:
    """Have the server ask for a password, of whoever comes from now on."""
    settings = msgspec.structs.replace(world.core.context.settings, password="hash")
    world.core.context.settings = settings


# --- Who loses a nickname while connecting


def test_two_clients_of_one_account_connect_at_once(world: Logins) -> None:
    for name in ("one", "two"):
        world.connect(name)
    assert world.ask("one", "NICK alice", "USER u 0 * :r") == []
    assert world.ask("two", "NICK alice", "USER u 0 * :r") == [f":{SERVER} 433 * alice :{RESERVED}"]
    found = world.send("two", "NICK alice_", "AUTHENTICATE PLAIN", plain("alice"))
    assert codes(found["two"]) == ["AUTHENTICATE", "900", "903"]
    assert found["one"] == [f":{SERVER} 433 * alice :{RESERVED}"]
    lines = world.ask("one", "AUTHENTICATE PLAIN", plain("alice"))
    assert lines[1].startswith(f":{SERVER} 900 * * alice :")
    assert lines[2].startswith(f":{SERVER} 903 * :")
    assert world.ask("one", "CAP END", "NICK alice") == [f":{SERVER} 433 * alice :{OTHER_CLIENT}"]
    assert world.ask("one", "NICK phone")[0].startswith(f":{SERVER} 001 phone ")
    assert world.ask("two", "CAP END")[0].startswith(f":{SERVER} 001 alice ")
    assert (world.who("one"), world.who("two")) == ("alice", "alice")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["NICK alice"], ["USER u 0 * :r"]),
        (["CAP LS 302", "NICK alice"], ["CAP END", "USER u 0 * :r"]),
        (["CAP LS 302", "NICK alice", "USER u 0 * :r"], ["CAP END"]),
    ],
)
def test_who_connects_is_told_when_the_owner_comes(
    world: Logins, before: list[str], after: list[str]
) -> None:
    world.irc("bo")
    world.connect_bare("cy")
    assert "433" not in codes(world.ask("cy", *before))
    found = world.send("bo", IDENTIFY)
    assert world.nickname("bo") == "alice"
    assert found["cy"] == [f":{SERVER} 433 * alice :{RESERVED}"]
    assert world.ask("cy", *after, "PING 1")[-1].endswith(" PONG irc.test 1")
    assert codes(world.ask("cy", "NICK cy"))[0] == "001"


def test_who_connects_is_told_when_another_client_of_theirs_takes_it(world: Logins) -> None:
    world.connect("cy")
    world.ask("cy", "NICK alice", "AUTHENTICATE PLAIN", plain("alice"))
    world.irc("bo")
    assert codes(world.ask("bo", IDENTIFY)) == ["900", "MODE", "NOTICE"]
    assert (world.nickname("bo"), world.nickname("cy")) == ("bo", "alice")
    assert world.send("bo", "NS REGAIN")["cy"] == [f":{SERVER} 433 * alice :{OTHER_CLIENT}"]
    assert codes(world.ask("cy", "USER u 0 * :r", "CAP END", "NICK cy"))[0] == "001"


def test_somebody_with_nc_is_asked_again(world: Logins) -> None:
    world.irc("bo")
    world.ask("bo", IDENTIFY, "NICK elsewhere")
    ask_for_password(world)
    assert come(world, "cy", f"/login alice {PASSWORD}")[1:] == [ASK_PASSWORD]
    found = world.send("bo", "NS REGAIN")
    assert found["cy"] == ["Another client of yours is called alice. Type another nickname:"]
    assert world.ask("cy", "phone") == [ASK_PASSWORD]


def test_somebody_with_nc_is_asked_again_who_looks_like_the_owner() -> None:
    world = Logins(SETTINGS)
    world.irc("alice")
    ask_for_password(world)
    assert come(world, "cy", "a1ice") == [ASK_PASSWORD]
    # While their password is looked at.
    world.send("cy", "the password")
    assert world.send("alice", f"REGISTER * * :{PASSWORD}")["cy"] == [
        "a1ice looks like a nickname that somebody has registered. If that is yours, "
        "/login NAME PASSWORD. Otherwise type another nickname:"
    ]
    assert world.complete(True).get("cy", []) == []
    # It was right, and is not asked for a second time.
    assert world.ask("cy", "cy")[0] == "Hello cy. /help shows what you can do."


# --- What somebody is told who can not have one


def test_a_nickname_that_its_owner_has_is_refused_with_the_reason(world: Logins) -> None:
    world.irc("al")
    world.ask("al", IDENTIFY)
    world.irc("bo")
    assert world.ask("bo", "NICK Alice") == [f":{SERVER} 433 bo Alice :{RESERVED}"]
    world.connect_bare("cy")
    assert world.ask("cy", "NICK alice") == [f":{SERVER} 433 * alice :{RESERVED}"]
    said = "alice belongs to somebody who has registered it. If that is you, /login alice PASSWORD."
    assert come(world, "di", "alice") == [f"{said} Otherwise type another nickname:"]
    world.person("ed")
    assert world.ask("ed", "/nick alice") == [said]


def test_a_nickname_that_another_client_of_ones_own_has(world: Logins) -> None:
    world.irc("al")
    world.ask("al", IDENTIFY)
    world.irc("bo")
    world.person("cy")
    world.ask("bo", IDENTIFY)
    world.ask("cy", f"/login alice {PASSWORD}")
    assert world.ask("bo", "NICK alice") == [f":{SERVER} 433 bo alice :{OTHER_CLIENT}"]
    assert world.ask("bo", "NICK cy") == [f":{SERVER} 433 bo cy :{OTHER_CLIENT}"]
    assert world.ask("cy", "/nick alice") == ["Another client of yours is called alice."]
    # Who has no account is told of nobody's.
    world.irc("ed")
    assert world.ask("ed", "NICK bo") == [f":{SERVER} 433 ed bo :Nickname is already in use"]


@pytest.mark.parametrize("is_here", [False, True])
def test_a_hint_does_not_say_what_a_nickname_looks_like(is_here: bool) -> None:
    world = Logins(SETTINGS)
    world.account("i11y")
    if is_here:
        world.irc("ow")
        world.ask("ow", f"NS IDENTIFY i11y :{PASSWORD}")
    world.irc("bo")
    assert world.ask("bo", "NICK illy") == [f":{SERVER} 433 bo illy :{LOOKS}"]
    world.connect_bare("cy")
    assert world.ask("cy", "NICK illy", "USER u 0 * :r") == [f":{SERVER} 433 * illy :{LOOKS}"]
    said = (
        "illy looks like a nickname that somebody has registered. If that is yours, "
        "/login NAME PASSWORD."
    )
    assert come(world, "di", "illy") == [f"{said} Otherwise type another nickname:"]
    world.person("ed")
    assert world.ask("ed", "/nick illy") == [said]
    answer = "You are not logged in as illy. It is GHOST illy <password>"
    assert world.ask("bo", "NS GHOST illy")[0].endswith(f" NOTICE bo :{answer}")
    # That was true.
    assert world.ask("di", f"/login i11y {PASSWORD}")[0] == "You are now logged in as i11y"
