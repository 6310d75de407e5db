"""Whoever runs the server changes accounts from outside: stored first, and those concerned told."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.world import SERVER, World, codes, secret_of
from trio_chat.core.accounts import Account, kept
from trio_chat.core.deeds import Add, Deed, Drop, SetPassword, Suspend, Unsuspend
from trio_chat.core.entries import Kept
from trio_chat.core.handlers import owning, problems
from trio_chat.core.inputs import Administer, Reconfigured
from trio_chat.core.requests import Administered
from trio_chat.core.settings import AccountPolicy, Settings

SETTINGS = Settings(name=SERVER, accounts=AccountPolicy())


class AlsWorld(World):
    """A world with an account `Al`, in which somebody is logged in to it."""

    def __init__(self) -> None:
        tables: dict[str, dict[str, bytes]] = {}
        for change in kept(Account(name="Al", registered_at=1.0), secret_of("before")):
            assert isinstance(change, Kept)
            assert change.value is not None
            tables.setdefault(change.table, {})[change.key] = change.value
        super().__init__(SETTINGS, kept=tables)
        self.irc("al_phone")
        self.irc("bo")
        context = self.core.context
        account = context.accounts.get("al")
        assert account is not None
        owning.log_in(context, context.state.users[self.ids["al_phone"]], account)
        self.step()

    def do(self, deed: Deed) -> str:
        self.said = self.step(Administer(id=7, deed=deed))
        return self.answer()

    def answer(self) -> str:
        (answered,) = (one for one in self.requests if isinstance(one, Administered))
        self.requests.remove(answered)
        assert answered.id == 7
        return answered.problem

    @property
    def account(self) -> Account | None:
        return self.core.context.accounts.get("al")


@pytest.fixture
def world() -> AlsWorld:
    return AlsWorld()


def test_a_suspended_account_is_logged_out_and_told_why(world: AlsWorld) -> None:
    world.now += 60
    assert world.do(Suspend(account="AL", by="root", reason="spam")) == ""
    told = world.said["al_phone"]
    assert told[0] == f":{SERVER} NOTICE Al :Your account Al is suspended: spam"
    assert codes(told[1:])[:3] == ["901", "MODE", "NICK"]
    account = world.account
    assert account is not None
    assert account.suspended is not None
    assert msgspec.structs.astuple(account.suspended) == ("root", "spam", world.now)
    assert world.core.state.users[world.ids["al_phone"]].account == ""
    assert "bo" not in world.said


def test_a_long_reason_fits_into_a_line(world: AlsWorld) -> None:
    # The world looks at the length of every line.
    assert world.do(Suspend(account="al", by="root", reason="\N{PILE OF POO}" * 200)) == ""


def test_people_are_told_in_a_sentence(world: AlsWorld) -> None:
    world.person("cy")
    context = world.core.context
    account = world.account
    assert account is not None
    owning.log_in(context, context.state.users[world.ids["cy"]], account)
    world.step()
    world.do(Suspend(account="al", by="root"))
    assert world.said["cy"][0].endswith("Your account Al is suspended.")


def test_the_owner_can_come_back_when_it_is_not_suspended_any_more(world: AlsWorld) -> None:
    assert world.do(Unsuspend(account="al")) == "The account Al is not suspended"
    world.do(Suspend(account="al", by="root"))
    found: list[problems.Outcome] = []
    user = world.core.state.users[world.ids["bo"]]
    world.secrets["al"] = secret_of("before")
    for _ in range(2):
        owning.log_in_with_password(world.core.context, user, "al", "before", found.append)
        world.step()
        world.do(Unsuspend(account="al"))
    assert [one.problem for one in found] == [problems.Problem.SUSPENDED, None]


def test_a_dropped_account_is_gone_and_its_nickname_free(world: AlsWorld) -> None:
    assert world.do(Drop(account="al")) == ""
    told = world.said["al_phone"]
    assert told[0] == f":{SERVER} NOTICE Al :Your account Al has been dropped"
    assert codes(told[1:]) == ["901", "MODE"]
    assert world.account is None
    assert world.do(Drop(account="al")) == "There is no account al"


def test_an_account_that_is_added(world: AlsWorld) -> None:
    # Somebody is called so, whose it is not: they are told when its owner comes.
    world.irc("cy")
    assert world.do(Add(account="cy", email="cy@x.org", secret=secret_of("right"))) == ""
    assert world.said == {}
    found = world.core.context.accounts.get("CY")
    assert found == Account(name="cy", registered_at=world.now, email="cy@x.org")
    assert world.secrets["cy"] == secret_of("right")
    said = world.send("bo", "NS IDENTIFY cy right")
    assert codes(said["cy"])[0] == "NICK"
    assert world.core.state.users[world.ids["bo"]].nickname == "cy"


@pytest.mark.parametrize(
    "policy", [AccountPolicy(registration="closed"), AccountPolicy(require_email=True)]
)
def test_it_is_added_whoever_may_register_one(world: AlsWorld, policy: AccountPolicy) -> None:
    world.step(Reconfigured(settings=msgspec.structs.replace(SETTINGS, accounts=policy)))
    assert world.do(Add(account="cy", secret=secret_of("right"))) == ""
    found = world.core.context.accounts.get("cy")
    assert found is not None
    assert found.is_verified


@pytest.mark.parametrize(
    ("name", "email", "problem"),
    [
        ("al", "", "There is an account Al already"),
        ("a1", "", "The name a1 looks like that of the account Al"),
        ("1a", "", "An account is called as its owner is, and nobody can be called 1a"),
        ("", "", "An account is called as its owner is, and nobody can be called "),
        ("a b", "", "An account is called as its owner is, and nobody can be called a b"),
        ("ChanServ", "", "An account is called as its owner is, and nobody can be called ChanServ"),
        ("cy", "nowhere", "Nothing can be mailed to that address"),
        ("cy", "a\nb@x.org", "Nothing can be mailed to that address"),
        ("cy", "-a@x.org", "That address can not be used here"),
    ],
)
def test_what_can_not_be_added(world: AlsWorld, name: str, email: str, problem: str) -> None:
    assert world.do(Add(account=name, email=email, secret=secret_of("right"))) == problem
    assert len(world.core.context.accounts) == 1
    assert world.secrets == {}


def test_two_are_not_added_at_once(world: AlsWorld) -> None:
    world.slow = True
    world.step(Administer(id=6, deed=Add(account="cy", secret=secret_of("one"))))
    (storing,) = world.requests
    world.requests.clear()
    assert world.do(Add(account="Cy", secret=secret_of("other"))) == "Account already exists"
    world.step(world.done(storing))
    world.requests.clear()
    assert world.secrets["cy"] == secret_of("one")


def test_another_password(world: AlsWorld) -> None:
    assert world.do(SetPassword(account="al", secret=secret_of("after"))) == ""
    assert world.secrets["al"] == secret_of("after")
    # Whoever is logged in stays so.
    assert "al_phone" not in world.said


@pytest.mark.parametrize(
    "deed",
    [
        Add(account="cy", secret=secret_of("after")),
        Drop(account="al"),
        Suspend(account="al", by="root"),
        SetPassword(account="al", secret=secret_of("after")),
    ],
)
def test_what_can_not_be_stored_is_not_done(world: AlsWorld, deed: Deed) -> None:
    world.full = True
    before = world.account
    assert world.do(deed) == "Could not be stored; try again later"
    assert world.account == before
    assert len(world.core.context.accounts) == 1
    assert world.secrets == {}
    assert world.said == {}


def test_nothing_is_answered_before_it_is_stored(world: AlsWorld) -> None:
    world.slow = True
    world.step(Administer(id=7, deed=Drop(account="al")))
    (storing,) = world.requests
    assert not isinstance(storing, Administered)
    assert world.account is not None
    # What changes at the same time would not know what it changes.
    world.requests.clear()
    assert world.do(Suspend(account="al", by="root")) == "Could not be stored; try again later"
    world.step(world.done(storing))
    assert world.answer() == ""
    assert world.account is None


def test_where_no_accounts_are_kept() -> None:
    world = World()
    world.step(Administer(id=1, deed=Drop(account="al")))
    assert [one.problem for one in world.requests if isinstance(one, Administered)] == [
        "This server keeps no accounts"
    ]


@pytest.mark.parametrize("deed", [Suspend(account="al", by="root"), Drop(account="al")])
def test_nobody_stays_who_would_not_get_in_without_it(world: AlsWorld, deed: Deed) -> None:
    policy = AccountPolicy(required=True)
    world.step(Reconfigured(settings=msgspec.structs.replace(SETTINGS, accounts=policy)))
    assert world.do(deed) == ""
    assert world.closed == {"al_phone"}
