"""ChanServ: rooms are registered, given away, described and dropped, and who has access to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.core.registering import SETTINGS, Registering
from tests.core.world import codes
from tests.journal.rig import File
from trio_chat.core import modes
from trio_chat.core.accounts import Account
from trio_chat.core.inputs import Reconfigured
from trio_chat.core.settings import AccountPolicy, Limits


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Registering]:
    file = File(tmp_path / "journal.db")
    world = Registering(file)
    world.come("al", "#a")
    world.come("bo")
    world.irc("stranger")
    world.operator("root")
    yield world
    file.close()


def tell(world: Registering, name: str, text: str) -> list[str]:
    """Have somebody tell ChanServ something; return what it says to that."""
    return [
        line.partition(" NOTICE ")[2].partition(" :")[2]
        for line in world.ask(name, f"CHANSERV {text}")
        if " NOTICE " in line
    ]


def described(world: Registering) -> str:
    """What #a is for, as METADATA has it."""
    found = world.ask("root", "METADATA #a LIST")
    values = [line.partition(" description * :")[2] for line in found if " 761 " in line]
    return "".join(values)


REGISTERED = "#a is registered now, and yours. HELP says what you can do with it."


def test_register(world: Registering) -> None:
    assert tell(world, "bo", "REGISTER #a") == ["You are no operator of that channel."]
    assert tell(world, "bo", "REGISTER #none") == [
        "There is no channel called #none: join it first."
    ]
    world.ask("al", "MODE #a +s")
    assert tell(world, "bo", "REGISTER #a") == ["There is no channel called #a: join it first."]
    (line,) = tell(world, "stranger", "REGISTER #a")
    assert line.startswith("REGISTER needs an account")
    assert tell(world, "al", "REGISTER #a of a") == [REGISTERED]
    assert described(world) == "of a"
    assert tell(world, "al", "REGISTER #a") == ["It is registered already."]


def test_it_is_said_once_it_is_stored(world: Registering) -> None:
    world.slow = True
    assert world.ask("al", "CS REGISTER #a", "PING 1") == []
    world.slow = False
    assert codes(world.step()["al"]) == ["MODE", "NOTICE", "PONG"]
    world.full = True
    assert tell(world, "al", "SET #a DESCRIPTION x") == ["It could not be stored; try again later."]
    assert described(world) == ""


def test_people_do_it_too(world: Registering) -> None:
    world.person("human")
    world.log_in("human")
    world.ask("human", "/join #h")
    answer = world.ask("human", "/cs register #h of people")
    assert answer[-1].startswith("#h is registered now")
    assert answer[0].endswith("ChanServ made human an owner")
    assert world.room("#h").founder == "human"


def test_drop(world: Registering) -> None:
    tell(world, "al", "REGISTER #a")
    sure = "This can not be undone. To be sure: DROP #a #a"
    for text in ("DROP #a", "DROP #a #b"):
        assert tell(world, "al", text) == [sure]
    for name in ("bo", "stranger"):
        (line,) = tell(world, name, "DROP #a #a")
        assert line == "That is for the founder of #a, and its owners by access."
    world.give("bo", modes.OWNER)
    assert tell(world, "bo", "DROP #a #a") == ["Only the founder of #a can do that."]
    assert tell(world, "al", "DROP #a #A") == ["#a is not registered now."]
    assert tell(world, "al", "DROP #a #a") == ["#a is not registered."]
    tell(world, "al", "REGISTER #a")
    assert tell(world, "root", "DROP #a #a") == ["#a is not registered now."]


def test_transfer(world: Registering) -> None:
    tell(world, "al", "REGISTER #a")
    assert tell(world, "al", "TRANSFER #a nobody") == ["There is no account called nobody."]
    assert tell(world, "bo", "TRANSFER #a bo")[0].startswith("That is for the founder")
    found = world.send("al", "CS TRANSFER #a BO")
    assert [line.partition(" :")[2] for line in found["al"]] == [
        "#a is yours until bo says ACCEPT, within a day."
    ]
    assert [line.partition(" :")[2] for line in found["bo"]] == [
        "al offers you #a: it is yours when you say ACCEPT #a"
    ]
    # They are told once.
    assert set(world.send("al", "CS TRANSFER #a bo")) == {"al"}
    assert world.room().founder == "al"
    assert tell(world, "stranger", "ACCEPT #a")[0].startswith("ACCEPT needs an account")
    assert tell(world, "al", "ACCEPT #a") == ["#a is not offered to you."]
    found = world.send("bo", "CS ACCEPT #A")
    assert found["bo"][-1].endswith(" NOTICE bo :#a is yours now.")
    assert found["al"][-1].endswith(" NOTICE al :bo has accepted #a.")
    assert world.room().founder == "bo"
    assert tell(world, "bo", "ACCEPT #a") == ["#a is not offered to you."]
    assert tell(world, "al", "TRANSFER #a al")[0].startswith("That is for the founder")
    policy = AccountPolicy(rooms_per_account=1)
    world.step(Reconfigured(settings=msgspec.structs.replace(SETTINGS, accounts=policy)))
    world.ask("al", "JOIN #b")
    tell(world, "al", "REGISTER #b")
    assert tell(world, "bo", "TRANSFER #a al") == [
        "al has as many channels as an account can have."
    ]


def test_an_offer_ends(world: Registering) -> None:
    tell(world, "al", "REGISTER #a")
    not_offered = ["#a is not offered to you."]
    # When it is taken back,
    tell(world, "al", "TRANSFER #a bo")
    assert tell(world, "al", "TRANSFER #a Al") == ["#a is yours, and offered to nobody."]
    assert tell(world, "bo", "ACCEPT #a") == not_offered
    # with its time,
    tell(world, "al", "TRANSFER #a bo")
    world.now += 86_400
    assert tell(world, "bo", "ACCEPT #a") == not_offered
    # when the room is another one,
    tell(world, "al", "TRANSFER #a bo")
    tell(world, "al", "DROP #a #a")
    assert tell(world, "bo", "ACCEPT #a") == not_offered
    world.now += 1
    tell(world, "al", "REGISTER #a")
    assert tell(world, "bo", "ACCEPT #a") == not_offered
    # when it is offered to somebody else,
    tell(world, "al", "TRANSFER #a bo")
    world.come("cy")
    tell(world, "al", "TRANSFER #a cy")
    assert tell(world, "bo", "ACCEPT #a") == not_offered
    # and when the account is another one.
    tell(world, "al", "TRANSFER #a bo")
    world.now += 1
    world.core.context.accounts.put(Account(name="bo", registered_at=world.now))
    assert tell(world, "bo", "ACCEPT #a") == not_offered
    assert world.room().founder == "al"


def test_nobody_is_given_more_rooms_than_an_account_can_have(world: Registering) -> None:
    policy = AccountPolicy(rooms_per_account=1)
    world.step(Reconfigured(settings=msgspec.structs.replace(SETTINGS, accounts=policy)))
    tell(world, "al", "REGISTER #a")
    world.ask("bo", "JOIN #b,#c")
    tell(world, "al", "TRANSFER #a bo")
    world.come("bob")
    world.log_in("bob", "bo")
    # Also where both are under way at once.
    too_many = ["You have as many channels as an account can have."]
    world.slow = True
    assert tell(world, "bo", "REGISTER #b") == []
    assert tell(world, "bob", "ACCEPT #a") == too_many
    world.slow = False
    (storing,) = world.requests
    world.requests.clear()
    world.step(world.done(storing))
    assert world.room("#b").founder == "bo"
    assert tell(world, "bo", "ACCEPT #a") == too_many
    assert world.room().founder == "al"
    tell(world, "bo", "DROP #b #b")
    assert tell(world, "bo", "ACCEPT #a") == ["#a is yours now."]


def test_info(world: Registering) -> None:
    tell(world, "al", "REGISTER #a what for")
    world.give("bo", modes.OP | modes.VOICE)
    tell(world, "al", "SET #a SUCCESSOR bo")
    head = ["#a is al's, since 2023-11-14 22:13:20 UTC.", "Description: what for"]
    assert tell(world, "stranger", "INFO #A") == head
    more = ["Accounts with access: 1", "Successor: bo"]
    assert tell(world, "bo", "INFO #a") == [*head, "Your access: +ov", *more]
    assert tell(world, "root", "INFO #a") == [*head, *more]
    assert tell(world, "bo", "INFO #b") == ["#b is not registered."]


@pytest.mark.parametrize("empty", [False, True])
def test_a_room_that_one_may_not_see_is_as_none(world: Registering, empty: bool) -> None:
    tell(world, "al", "REGISTER #a")
    world.ask("al", "MODE #a +s")
    if empty:
        world.ask("al", "PART #a")
    for text in ("INFO #a", "AMODE #a", "ACCESS #a", "OP #a", "KICK #a al", "DROP #a #a"):
        assert tell(world, "bo", text) == ["#a is not registered."], text
    assert len(tell(world, "root", "INFO #a")) == 2
    assert len(tell(world, "al", "INFO #a")) == 3


@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize("set", ["+i", "+k key", "+R"])
def test_only_a_secret_room_is_hidden(world: Registering, set: str, empty: bool) -> None:
    """Also while nobody is in it."""
    tell(world, "al", "REGISTER #a")
    world.ask("al", f"MODE #a {set}", "TOPIC #a :of a")
    if empty:
        world.ask("al", "PART #a")
    assert tell(world, "stranger", "INFO #a")[0].startswith("#a is al's")
    assert codes(world.ask("stranger", "TOPIC #a", "MODE #a", "MODE #a b")) == [
        "332",
        "333",
        "324",
        "329",
        "368",
    ]
    assert codes(world.ask("stranger", "TOPIC #a :x", "MODE #a +m")) == ["442", "482"]
    assert (world.core.state.channel_named("#a") is None) == empty
    world.ask("al", "JOIN #a", "MODE #a +s")
    if empty:
        world.ask("al", "PART #a")
    assert tell(world, "stranger", "INFO #a") == ["#a is not registered."]
    assert codes(world.ask("stranger", "TOPIC #a", "MODE #a", "MODE #a b")) == ["442", "442", "368"]


def test_list(world: Registering) -> None:
    assert tell(world, "al", "LIST") == ["You have access to no channel."]
    tell(world, "al", "REGISTER #a")
    tell(world, "al", "SET #a SUCCESSOR bo")
    assert tell(world, "bo", "LIST") == ["You have access to no channel."]
    world.give("bo", modes.HALFOP)
    assert tell(world, "al", "LIST") == ["#a: founder", "Those are all."]
    assert tell(world, "bo", "LIST") == ["#a: +h", "Those are all."]


def test_set(world: Registering) -> None:
    tell(world, "al", "REGISTER #a")
    assert tell(world, "al", "SET #a DESCRIPTION this and that") == [
        "The description of #a is set."
    ]
    assert described(world) == "this and that"
    assert tell(world, "al", "SET #a description") == ["The description of #a is removed."]
    assert tell(world, "al", "SET #a COLOUR red") == ["What can be set: DESCRIPTION, SUCCESSOR."]
    assert tell(world, "al", "SET #a SUCCESSOR bo") == ["bo has #a when your account is dropped."]
    assert world.room().successor == "bo"
    assert tell(world, "al", "SET #a SUCCESSOR al") == ["Nobody succeeds themselves."]
    assert tell(world, "al", "SET #a SUCCESSOR") == ["#a has no successor to you now."]
    world.give("bo", modes.OWNER)
    assert tell(world, "bo", "SET #a SUCCESSOR bo") == ["Only the founder of #a can do that."]
    for text in ("x" * 301, "a\x02b"):
        assert tell(world, "al", f"SET #a DESCRIPTION {text}") == [
            "A description has at most 234 bytes, and no control characters."
        ]
    assert described(world) == ""


@pytest.mark.parametrize("empty", [False, True])
def test_a_room_has_one_description(world: Registering, empty: bool) -> None:
    tell(world, "al", "REGISTER #a one")
    world.ask("al", "METADATA #a SET description two")
    if empty:
        world.ask("al", "PART #a")
    assert "Description: two" in tell(world, "bo", "INFO #a")
    assert tell(world, "al", "SET #a DESCRIPTION three") == ["The description of #a is set."]
    assert (world.core.state.channel_named("#a") is None) == empty
    world = world.restarted()
    world.come("al", "#a")
    world.operator("root")
    assert described(world) == "three"
    assert "Description: three" in tell(world, "al", "INFO #a")


def test_who_has_subscribed_is_told_of_a_description(world: Registering) -> None:
    world.irc("di", rooms="#a", caps="draft/metadata-2")
    world.ask("di", "METADATA * SUB description")
    assert world.send("al", "CS REGISTER #a one")["di"][-1].endswith("#a description * :one")
    assert world.send("al", "CS SET #a DESCRIPTION two")["di"][-1].endswith("#a description * :two")


def test_a_description_that_was_kept_apart_is_taken_over(world: Registering) -> None:
    tell(world, "al", "REGISTER #a")
    apart = msgspec.structs.replace(world.room(), description="of\x02 a")
    assert world.change("al", apart) is None
    for _ in range(2):
        world = world.restarted()
        world.come("al", "#a")
        world.operator("root")
        assert described(world) == "of  a"
        assert world.room().description == ""
    tell(world, "al", "SET #a DESCRIPTION")
    world = world.restarted()
    world.operator("root")
    world.come("al", "#a")
    assert described(world) == ""


def test_amode(world: Registering) -> None:
    tell(world, "al", "REGISTER #a")
    world.ask("bo", "JOIN #a")
    assert tell(world, "al", "AMODE #a BO +ov") == ["bo has +ov in #a now."]
    assert world.standing("bo") == modes.OP | modes.VOICE
    assert tell(world, "al", "AMODE #a bo") == ["bo has +ov in #a."]
    assert tell(world, "al", "AMODE #a bo +o") == ["bo has that already."]
    assert tell(world, "al", "AMODE #a bo -o+h") == ["bo has +hv in #a now."]
    assert world.standing("bo") == modes.HALFOP | modes.VOICE
    everybody = ["+q al (founder)", "+hv bo", "Those have access to #a."]
    for name, text in (("al", "AMODE #a"), ("bo", "ACCESS #a LIST"), ("bo", "ACCESS #A")):
        assert tell(world, name, text) == everybody
    assert tell(world, "al", "ACCESS #a ADD") == ["AMODE changes who has access."]
    assert tell(world, "al", "AMODE #a bo +x") == [
        "Access is + or - and some of the letters qaohv."
    ]
    assert tell(world, "al", "AMODE #a al -q") == [
        "al is the founder of #a: TRANSFER changes that."
    ]
    assert tell(world, "al", "AMODE #a who +o") == ["There is no account called who."]
    assert tell(world, "al", "AMODE #a bo -hv") == ["bo has no access in #a now."]
    assert world.standing("bo") == 0
    assert world.room().access == {}


@pytest.mark.parametrize("own", modes.PREFIXES)
@pytest.mark.parametrize("given", modes.PREFIXES)
def test_access_gives_what_mode_would(
    world: Registering, own: modes.Prefix, given: modes.Prefix
) -> None:
    tell(world, "al", "REGISTER #a")
    world.come("cy")
    world.give("bo", own.bit)
    (line,) = tell(world, "bo", f"AMODE #a cy +{given.letter}")
    may = own.bit >= given.needs
    assert line == (
        f"cy has +{given.letter} in #a now."
        if may
        else "Your access to #a does not let you give or take that."
    )
    world.give("cy", given.bit)
    (line,) = tell(world, "bo", f"AMODE #a cy -{given.letter}")
    assert line.startswith("cy has no access" if may else "Your access")


def test_everybody_lays_down_what_they_have(world: Registering) -> None:
    tell(world, "al", "REGISTER #a")
    world.give("bo", modes.ADMIN | modes.VOICE)
    assert tell(world, "bo", "AMODE #a bo -a+q") == [
        "Your access to #a does not let you give or take that."
    ]
    assert tell(world, "bo", "AMODE #a bo -a") == ["bo has +v in #a now."]


def test_so_many_have_access(world: Registering) -> None:
    limits = Limits(list_entries=1)
    world.step(Reconfigured(settings=msgspec.structs.replace(SETTINGS, limits=limits)))
    world.come("cy")
    tell(world, "al", "REGISTER #a")
    assert tell(world, "al", "AMODE #a bo +v") == ["bo has +v in #a now."]
    assert tell(world, "al", "AMODE #a cy +v") == ["The access list of #a is full."]
    assert tell(world, "al", "AMODE #a bo +o") == ["bo has +ov in #a now."]


def test_a_room_that_is_suspended(world: Registering) -> None:
    tell(world, "al", "REGISTER #a")
    assert tell(world, "al", "SUSPEND #a x") == ["SUSPEND is for operators of this server."]
    assert tell(world, "root", "SUSPEND #a for spam") == ["#a is suspended."]
    assert "It is suspended: for spam" in tell(world, "al", "INFO #a")
    world.ask("al", "PART #a")
    for name in ("al", "bo", "root"):
        assert world.ask(name, "JOIN #a") == [f":irc.test 437 {name} #a :Channel is suspended"]
    world = world.restarted()
    world.come("al")
    world.operator("root")
    assert codes(world.ask("al", "JOIN #a")) == ["437"]
    assert tell(world, "root", "UNSUSPEND #a") == ["#a is not suspended any more."]
    assert codes(world.ask("al", "JOIN #a"))[0] == "JOIN"
