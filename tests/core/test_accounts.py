"""Accounts: who is told of a login, and what it opens; how long nobody has to verify one."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.world import SERVER, World, codes, prefix
from trio_chat.core.accounts import VERIFY_WITHIN, Account, Accounts, kept
from trio_chat.core.handlers import presence

NOTIFY = "account-notify extended-monitor account-tag extended-join message-tags"


@pytest.fixture
def world() -> World:
    """`al` and `bo` are in #a; `eve` watches for both from outside, and `old` knows nothing new."""
    world = World()
    world.irc("al", caps=NOTIFY, rooms="#a")
    world.irc("bo", caps=NOTIFY, rooms="#a")
    world.irc("eve", caps=NOTIFY)
    world.ask("eve", "MONITOR + al,bo")
    world.irc("old", rooms="#a")
    return world


def log_in(world: World, name: str, account: str) -> dict[str, list[str]]:
    presence.change_account(world.core.context, world.core.state.users[world.ids[name]], account)
    return world.step()


def test_who_is_told_of_a_login_and_a_logout(world: World) -> None:
    found = log_in(world, "bo", "bob")
    assert found == {
        "bo": [
            f":{SERVER} 900 bo {prefix('bo')[1:]} bob :You are now logged in as bob",
            f"{prefix('bo')} ACCOUNT bob",
            f"@account=bob {prefix('bo')} MODE bo +r",
        ],
        "al": [f"{prefix('bo')} ACCOUNT bob"],
        "eve": [f"{prefix('bo')} ACCOUNT bob"],
    }
    assert log_in(world, "bo", "bob") == {}
    found = log_in(world, "bo", "")
    assert codes(found["bo"]) == ["901", "ACCOUNT", "MODE"]
    assert found["bo"][-1] == f"{prefix('bo')} MODE bo -r"
    assert found["al"] == [f"@account=bob {prefix('bo')} ACCOUNT *"]


def test_who_is_logged_in_has_a_mode(world: World) -> None:
    """Modern IRC, "Registered User Mode": nobody gives it to themselves, or lays it down."""
    assert world.ask("bo", "MODE bo +r", "MODE bo") == [f":{SERVER} 221 bo +"]
    log_in(world, "bo", "bob")
    assert world.ask("bo", "MODE bo -r", "MODE bo") == [f":{SERVER} 221 bo +r"]
    assert codes(log_in(world, "bo", "bobby")["bo"]) == ["900", "ACCOUNT"]
    assert world.ask("bo", "MODE bo") == [f":{SERVER} 221 bo +r"]
    world.person("cy")
    assert log_in(world, "cy", "bob")["cy"] == ["You are now logged in as bob"]


def test_what_an_account_is_seen_in(world: World) -> None:
    log_in(world, "bo", "bo b;")
    (line,) = world.send("bo", "PRIVMSG #a :hi")["al"]
    assert ";account=bo\\sb\\: :bo!" in line
    log_in(world, "bo", "bob")
    world.ask("al", "JOIN #b")
    (line,) = world.send("bo", "JOIN #b")["al"]
    assert line.endswith(f"{prefix('bo')} JOIN #b bob :Real bo")
    assert f":{SERVER} 330 old bo bob :is logged in as" in world.ask("old", "WHOIS bo")
    assert world.ask("old", "WHO bo %na")[0] == f":{SERVER} 354 old bo :bob"


def test_what_needs_an_account(world: World) -> None:
    world.ask("al", "MODE #a +M")
    assert codes(world.ask("bo", "PRIVMSG #a :hi")) == ["404"]
    log_in(world, "bo", "bob")
    assert world.send("bo", "PRIVMSG #a :hi")["old"] == [f"{prefix('bo')} PRIVMSG #a :hi"]
    world.ask("al", "JOIN #r", "MODE #r +R", "MODE al +R")
    assert codes(world.ask("eve", "JOIN #r", "PRIVMSG al :hi")) == ["477", "477"]
    assert codes(world.ask("bo", "JOIN #r"))[0] == "JOIN"
    assert world.send("bo", "PRIVMSG al :hi")["al"] != []


def test_masks_about_accounts(world: World) -> None:
    world.ask("al", "MODE #a +b ~a:b*")
    assert world.send("bo", "PRIVMSG #a :one")["old"] != []
    log_in(world, "bo", "Bob")
    assert codes(world.ask("bo", "PRIVMSG #a :two")) == ["404"]
    world.ask("al", "MODE #a +e ~m:~a:bob")
    assert world.send("bo", "PRIVMSG #a :three")["old"] != []
    world.ask("bo", "PART #a")
    assert codes(world.ask("bo", "JOIN #a")) == ["474"]
    world.ask("al", "MODE #a -b+i ~a:b*", "MODE #a +I ~a:bob")
    assert codes(world.ask("bo", "JOIN #a"))[0] == "JOIN"


def test_an_account_that_nobody_verifies_is_held_for_a_day() -> None:
    one = Account(name="one", registered_at=100.0, code="x")
    two = Account(name="two", registered_at=50.0, code="y")
    there = Accounts({account.key: kept(account)[0].value or b"" for account in (one, two)})
    assert there.expiry == 50.0 + VERIFY_WITHIN
    assert there.expired(50.0 + VERIFY_WITHIN) == [two]
    # What changes just now is left alone.
    there.begin("two")
    assert there.expiry == 100.0 + VERIFY_WITHIN
    assert there.expired(1e9) == [one]
    there.end("two")
    there.put(msgspec.structs.replace(two, code=""))
    there.drop("one")
    assert there.expiry is None


def test_what_was_kept_of_an_account_by_an_earlier_version_is_read() -> None:
    """It had one value more, for which there was no use."""
    account = Account(name="al", registered_at=1.0)
    value = kept(account)[0].value
    assert value is not None
    longer = msgspec.msgpack.encode([*msgspec.msgpack.decode(value), ["private"]])
    there = Accounts({"al": longer})
    assert there.unreadable == []
    assert there.get("al") == account
