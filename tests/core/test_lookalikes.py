"""What looks like a registered nickname counts as it, whichever way somebody would have it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.logins import PASSWORD, SETTINGS, Logins, plain
from tests.core.registering import Registering
from tests.core.world import SERVER, codes
from tests.journal.rig import File
from trio_chat.core import names
from trio_chat.core.accounts import Account, Accounts, kept
from trio_chat.core.inputs import Completed

LOOKALIKES = ["aIice", "a1ice", "A|ICE", "AL1CE", "allce", "аӏісе"]
"""Those of alice, the last one Cyrillic from end to end."""
MIXED = "аlice"
"""One with a single Cyrillic letter."""


@pytest.fixture
def world() -> Logins:
    """`alice` has an account, and is not here."""
    world = Logins(SETTINGS)
    world.account("alice")
    return world


def test_of_two_scripts_nobody_is_called_at_all(world: Logins) -> None:
    world.irc("bo")
    assert codes(world.ask("bo", f"NICK {MIXED}")) == ["432"]
    world.connect("cy")
    assert codes(world.ask("cy", f"NICK {MIXED}", f"REGISTER {MIXED} * :{PASSWORD}")) == [
        "432",
        "FAIL",
    ]
    assert [one.name for one in world.core.context.accounts] == ["alice"]


def by_nick(world: Logins, wanted: str) -> list[str]:
    world.irc("bo")
    return world.ask("bo", f"NICK {wanted}")


def by_connecting(world: Logins, wanted: str) -> list[str]:
    world.connect_bare("bo")
    return world.ask("bo", f"NICK {wanted}", "USER bo 0 * :Bo")


def by_connecting_and_logging_in(world: Logins, wanted: str) -> list[str]:
    """To an account that is another one."""
    world.account("bo")
    world.connect("bo")
    lines = world.ask("bo", f"NICK {wanted}", "USER bo 0 * :Bo", "AUTHENTICATE PLAIN", plain("bo"))
    assert "903" in codes(lines)
    assert world.nickname("bo") == "bo"
    return world.ask("bo", "CAP END", f"NICK {wanted}")


def by_register_while_connecting(world: Logins, wanted: str) -> list[str]:
    world.connect("bo")
    return world.ask("bo", f"NICK {wanted}", f"REGISTER * * :{PASSWORD}")


def by_sasl_to_an_account_of_that_name(world: Logins, wanted: str) -> list[str]:
    world.connect("bo")
    return world.ask("bo", "AUTHENTICATE PLAIN", plain(wanted))


def by_pass(world: Logins, wanted: str) -> list[str]:
    world.connect_bare("bo")
    return world.ask("bo", f"PASS :{wanted}:{PASSWORD}")


def by_coming_with_nc(world: Logins, wanted: str) -> list[str]:
    world.step(world.add("bo", plain=True))
    return world.ask("bo", wanted)


def by_slash_nick(world: Logins, wanted: str) -> list[str]:
    world.person("bo")
    return world.ask("bo", f"/nick {wanted}")


def by_slash_login(world: Logins, wanted: str) -> list[str]:
    world.person("bo")
    return world.ask("bo", f"/login {wanted} {PASSWORD}")


@pytest.mark.parametrize("wanted", LOOKALIKES)
@pytest.mark.parametrize(
    ("way", "said"),
    [
        (by_nick, "433"),
        (by_connecting, "433"),
        (by_connecting_and_logging_in, "433"),
        (by_register_while_connecting, "ACCOUNT_EXISTS"),
        (by_sasl_to_an_account_of_that_name, "904"),
        (by_pass, "464"),
        (by_coming_with_nc, "looks like a nickname that somebody has registered"),
        (by_slash_nick, "looks like a nickname that somebody has registered"),
        (by_slash_login, "Account or password is wrong."),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_no_way_in(
    world: Logins, way: Callable[[Logins, str], list[str]], said: str, wanted: str
) -> None:
    assert said in " ".join(way(world, wanted))
    user = world.core.state.users[world.ids["bo"]]
    looks = names.likeness(user.nickname)
    assert user.registration is not None or looks != names.likeness("alice")
    assert [one.name for one in world.core.context.accounts if one.name != "bo"] == ["alice"]
    assert user.account in ("", "bo")


@pytest.mark.parametrize("wanted", LOOKALIKES)
def test_nobody_registers_one_who_has_had_the_nickname_before(wanted: str) -> None:
    for line in (f"REGISTER * * :{PASSWORD}", "NS REGISTER correct-horse"):
        world = Logins(SETTINGS)
        world.irc("bo")
        world.ask("bo", f"NICK {wanted}")
        world.core.context.accounts.put(Account(name="alice", registered_at=world.now))
        answer = world.ask("bo", line)[-1]
        assert "ACCOUNT_EXISTS" in answer or "has been registered already" in answer
        assert [one.name for one in world.core.context.accounts] == ["alice"]
    world = Logins(SETTINGS)
    world.person("cy")
    world.ask("cy", f"/nick {wanted}")
    world.core.context.accounts.put(Account(name="alice", registered_at=world.now))
    (answer,) = world.ask("cy", "/register correct-horse")
    assert "has been registered already" in answer


@pytest.mark.parametrize("wanted", LOOKALIKES)
def test_whoever_sat_on_one_is_renamed_when_the_owner_comes(wanted: str) -> None:
    world = Logins(SETTINGS)
    world.irc("bo", rooms="#a")
    world.ask("bo", f"NICK {wanted}")
    world.connect_bare("cy")
    world.ask("cy", "NICK a||ce")
    world.irc("al", rooms="#a")
    if not wanted.isascii():
        # That looks the same to everybody, whether somebody owns it or not.
        assert codes(world.ask("al", "NICK alice")) == ["433"]
        return
    found = world.send("al", "NICK alice", f"REGISTER * * :{PASSWORD}")
    assert "REGISTER SUCCESS" in " ".join(found["al"])
    assert world.nickname("al") == "alice"
    assert world.nickname("bo").startswith("Guest")
    assert "Your nickname belongs to an account" in found["bo"][-1]
    assert found["cy"] == [
        f":{SERVER} 433 * a||ce :Nickname looks like that of an account: log in to it first"
    ]
    assert world.nickname("cy") == ""


def test_two_who_look_alike_are_not_registered_at_once() -> None:
    world = Logins(SETTINGS)
    world.irc("alice")
    world.irc("eve")
    world.ask("eve", "NICK aIice")
    world.slow = True
    world.send("alice", f"REGISTER * * :{PASSWORD}")
    world.send("eve", f"REGISTER * * :{PASSWORD}")
    said: dict[str, list[str]] = {}
    while world.requests:
        done: list[Completed] = [world.done(item) for item in world.requests]
        world.requests.clear()
        for name, lines in world.step(*done).items():
            said.setdefault(name, []).extend(lines)
    assert [one.name for one in world.core.context.accounts] == ["alice"]
    assert any("REGISTER SUCCESS" in line for line in said["alice"])
    assert any("ACCOUNT_EXISTS" in line for line in said["eve"])


def test_those_who_were_registered_before_keep_what_they_have() -> None:
    accounts = [Account(name=name, registered_at=1.0) for name in ("ali", "all", "bob0")]
    there = Accounts({account.key: kept(account)[0].value or b"" for account in accounts})
    assert [there.owner(name) for name in ("ALI", "all", "bob0")] == accounts
    assert there.owner("bobo") == accounts[2]
    assert there.owner("a1l") == accounts[1]
    there.drop("all")
    assert there.owner("a1l") is None or there.owner("a1l") == accounts[0]
    there.drop("ali")
    assert there.owner("a1l") is None
    there.drop("bob0")
    assert there.owner("bobo") is None


def test_those_who_look_alike_and_own_both_do_not_evict_each_other() -> None:
    world = Logins(SETTINGS)
    for name in ("ali", "all"):
        world.core.context.accounts.put(Account(name=name, registered_at=world.now))
    world.irc("one")
    world.irc("two")
    world.identify("ali", "one")
    world.identify("all", "two")
    world.ask("one", "NICK ali")
    assert codes(world.ask("two", "NICK all")) == ["NICK"]
    assert world.nickname("one") == "ali"


@pytest.mark.parametrize("wanted", ["NlckServ", "N1ckServ", "Chan5erv", "NickServ"])
def test_no_service_is_looked_like(world: Logins, wanted: str) -> None:
    world.irc("bo")
    refused = world.ask("bo", f"NICK {wanted}")
    assert refused == (
        [f":bo!~bo@10.0.0.1 NICK :{wanted}"]
        if wanted == "Chan5erv"
        else [f":{SERVER} 432 bo {wanted} :Nickname is that of a service"]
    )


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("alice", "a1ICE", True),
        ("mike", "rnike", True),
        ("bob", "b0b", True),
        ("b|g", "big", True),
        ("bob1", "bob2", False),
        ("bob10", "bob01", False),
        ("Ärger", "ärger", True),
        ("Ärger", "Arger", False),
        ("al", "ai", True),
    ],
)
def test_likeness(one: str, other: str, alike: bool) -> None:
    assert (names.likeness(one) == names.likeness(other)) is alike


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    file = File(tmp_path / "journal.db")
    world = Registering(file)
    world.irc("alice")
    world.ask("alice", f"REGISTER * * :{PASSWORD}")
    again = world.restarted()
    again.irc("bo")
    for wanted in LOOKALIKES:
        assert codes(again.ask("bo", f"NICK {wanted}")) == ["433"]
    file.close()
