"""Accounts are made, logged in to and dropped once that is stored; their nicknames are theirs."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.world import SERVER, World, codes
from trio_chat.core.accounts import Account, Accounts, Suspension, kept
from trio_chat.core.entries import Forgotten, Kept
from trio_chat.core.handlers import owning, presence
from trio_chat.core.handlers.problems import Outcome, Problem
from trio_chat.core.secrets import SECRET
from trio_chat.core.settings import AccountPolicy, Settings

SETTINGS = Settings(name=SERVER, accounts=AccountPolicy())


class Owning(World):
    """Users who call what every way to an account calls."""

    def create(self, name: str, account: str, password: str = "correct horse") -> Outcome:
        found: list[Outcome] = []
        user = self.core.state.users[self.ids[name]]
        owning.create(self.core.context, user, account, password, found.append)
        self.said = self.step()
        (outcome,) = found
        return outcome

    def log_in(self, name: str, account: str, password: str = "correct horse") -> Outcome:
        found: list[Outcome] = []
        user = self.core.state.users[self.ids[name]]
        owning.log_in_with_password(self.core.context, user, account, password, found.append)
        self.said = self.step()
        (outcome,) = found
        return outcome

    def nickname(self, name: str) -> str:
        return self.core.state.users[self.ids[name]].nickname

    def account(self, name: str) -> str:
        return self.core.state.users[self.ids[name]].account


@pytest.fixture
def world() -> Owning:
    world = Owning(SETTINGS)
    world.irc("al")
    world.irc("bo")
    return world


def test_an_account_is_made_and_logged_in_to(world: Owning) -> None:
    assert world.create("al", "Al").problem is None
    assert codes(world.said["al"]) == ["900", "MODE"]
    assert (world.nickname("al"), world.account("al")) == ("al", "Al")
    assert world.secrets["al"].hash == "as it is: correct horse"


@pytest.mark.parametrize(
    ("name", "password", "problem"),
    [
        ("al", "short", Problem.WEAK_PASSWORD),
        ("al", "x" * 301, Problem.UNACCEPTABLE_PASSWORD),
        ("al", "with\0nothing", Problem.UNACCEPTABLE_PASSWORD),
        ("bo", "long enough", Problem.ACCOUNT_NAME_MUST_BE_NICK),
        ("a b", "long enough", Problem.BAD_ACCOUNT_NAME),
    ],
)
def test_what_can_be_no_account(world: Owning, name: str, password: str, problem: Problem) -> None:
    assert world.create("al", name, password).problem is problem
    assert len(world.core.context.accounts) == 0


def test_there_is_one_account_of_a_name(world: Owning) -> None:
    world.create("al", "al")
    world.send("al", "QUIT")
    assert world.create("bo", "al").problem is Problem.ACCOUNT_EXISTS


def test_what_can_not_be_stored_is_not_made(world: Owning) -> None:
    world.full = True
    assert world.create("al", "al").problem is Problem.TEMPORARILY_UNAVAILABLE
    assert world.account("al") == ""
    world.full = False
    assert world.create("al", "al").problem is None


def test_what_is_stored_is_there_even_if_its_owner_has_left(world: Owning) -> None:
    world.slow = True
    user = world.core.state.users[world.ids["al"]]
    owning.create(world.core.context, user, "al", "correct horse", lambda _: None)
    world.step()
    (hashing,) = world.requests
    world.requests.clear()
    world.step(world.done(hashing))
    (storing,) = world.requests
    world.quit("al")
    assert world.core.context.accounts.get("al") is None
    world.step(world.done(storing))
    assert world.core.context.accounts.get("al") is not None


def test_a_nickname_is_its_owners(world: Owning) -> None:
    world.create("al", "al")
    world.ask("al", "NICK elsewhere")
    assert world.ask("bo", "NICK AL") == [
        f":{SERVER} 433 bo AL :Nickname belongs to an account: log in to it first"
    ]
    assert codes(world.ask("al", "NICK Al")) == ["NICK"]


def test_what_looks_like_a_nickname_is_as_good_as_it(world: Owning) -> None:
    world.irc("cope")
    world.create("cope", "cope")
    world.send("cope", "QUIT")
    # In Cyrillic letters.
    assert codes(world.ask("bo", "NICK соре")) == ["433"]
    world.irc("аса")
    world.create("аса", "аса")
    world.send("аса", "QUIT")
    assert codes(world.ask("bo", "NICK aca")) == ["433"]
    assert codes(world.ask("bo", "NICK АСА")) == ["433"]


def test_who_connects_may_hold_it_until_they_should_have_logged_in(world: Owning) -> None:
    world.create("al", "al")
    world.send("al", "QUIT")
    world.step(world.add("cy"))
    assert world.ask("cy", "NICK al") == []
    assert codes(world.ask("cy", "USER cy 0 * :Cy")) == ["433"]
    assert codes(world.ask("cy", "NICK cy"))[0] == "001"


def test_who_logs_in_gets_it_and_whoever_sat_on_it_is_renamed(world: Owning) -> None:
    world.create("al", "al")
    al = world.core.state.users[world.ids["al"]]
    presence.change_account(world.core.context, al, "")
    world.step()
    assert world.log_in("bo", "AL").problem is None
    assert world.nickname("bo") == "al"
    assert world.nickname("al") == f"Guest{al.id}"


def test_a_second_client_of_an_account_has_a_nickname_of_its_own(world: Owning) -> None:
    world.create("al", "al")
    assert world.log_in("bo", "al").problem is None
    assert (world.nickname("al"), world.nickname("bo")) == ("al", "bo")
    # The first has gone elsewhere: it is for both of them.
    world.ask("al", "NICK away")
    assert codes(world.ask("bo", "NICK al")) == ["NICK"]


def test_who_logs_out_has_it_no_more(world: Owning) -> None:
    world.create("al", "al")
    al = world.core.state.users[world.ids["al"]]
    owning.log_out(world.core.context, al)
    world.step()
    assert (world.account("al"), world.nickname("al")) == ("", f"Guest{al.id}")


def test_wrong_passwords_are_counted_and_right_ones_are_not(world: Owning) -> None:
    world.create("al", "al")
    for _ in range(20):
        assert world.log_in("bo", "al").problem is None
    found = [world.log_in("bo", "al", "wrong") for _ in range(7)]
    assert [one.problem for one in found[:5]] == [Problem.WRONG] * 5
    assert found[5].problem is Problem.TOO_MANY_ATTEMPTS
    assert found[5].text == "Too many attempts; try again in 12 seconds"
    # What is not checked does not count.
    world.now += 12.1
    world.step()
    assert world.log_in("bo", "al").problem is None


def test_no_account_is_like_a_wrong_password(world: Owning) -> None:
    assert world.log_in("bo", "nobody").problem is Problem.WRONG


def test_an_account_that_is_suspended(world: Owning) -> None:
    world.create("al", "al")
    found = world.core.context.accounts.get("al")
    assert found is not None
    suspended = msgspec.structs.replace(found, suspended=Suspension("root", "spam", 1.0))
    world.core.context.accounts.put(suspended)
    assert world.log_in("bo", "al").problem is Problem.SUSPENDED
    assert world.log_in("bo", "al", "wrong").problem is Problem.WRONG


def test_an_account_that_is_dropped(world: Owning) -> None:
    world.create("al", "al")
    account = world.core.context.accounts.get("al")
    assert account is not None
    found: list[Outcome] = []
    al = world.core.state.users[world.ids["al"]]
    owning.drop(world.core.context, al, account, found.append)
    world.step()
    assert found == [Outcome()]
    assert world.account("al") == ""
    assert world.secrets == {}
    assert codes(world.ask("al", "NICK elsewhere")) == ["NICK"]
    assert codes(world.ask("bo", "NICK al")) == ["NICK"]


def test_what_an_account_has_read_is_forgotten_with_it(world: Owning) -> None:
    world.create("al", "al")
    account = world.core.context.accounts.get("al")
    assert account is not None
    user = world.core.state.users[world.ids["al"]]
    owning.drop(world.core.context, user, account, lambda _: None)
    assert Forgotten(account.party) in world.core.context.output.records
    world.step()
    world.now += 1
    world.step()
    assert world.create("al", "al").problem is None
    again = world.core.context.accounts.get("al")
    assert again is not None
    assert again.party != account.party


def test_accounts_start_with_what_was_kept() -> None:
    one = Account(name="Zoë", registered_at=1.0, certificates=("ab" * 32,))
    (record,) = kept(one)
    assert isinstance(record, Kept)
    assert record.value is not None
    newer = msgspec.msgpack.encode([2, "new", 1.0])
    there = Accounts({record.key: record.value, "bad": b"\xc1", "new": newer})
    assert [*there] == [one]
    assert there.get("ZOë") == one
    # Case is of ASCII alone; but it looks like it.
    assert there.get("ZOË") is None
    assert there.owner("ZOË") == one
    assert there.by_certificate("ab" * 32) == one
    assert len(there.unreadable) == 2
    there.put(msgspec.structs.replace(one, certificates=()))
    assert there.by_certificate("ab" * 32) is None
    assert [record.table for record in kept(one)] != [SECRET]
