"""What members of registered rooms are by their accounts, and what there is when all have left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.core.registering import CHANSERV, Registering
from tests.core.world import SERVER, START, codes
from tests.journal.rig import File
from trio_chat.core import modes
from trio_chat.core.accounts import Account
from trio_chat.core.handlers import owning
from trio_chat.core.inputs import ShutDown


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Registering]:
    """A room of al's, in which bo is an operator by access, cy a half-operator and di a voice."""
    file = File(tmp_path / "journal.db")
    world = Registering(file)
    world.come("al", "#a")
    world.register("al")
    for name, standing in (("bo", modes.OP), ("cy", modes.HALFOP), ("di", modes.VOICE)):
        world.come(name)
        world.give(name, standing)
    yield world
    file.close()


def test_it_is_given_on_joining_and_shown(world: Registering) -> None:
    found = world.send("bo", "JOIN #a")
    shown = [":bo!~bo@10.0.0.1 JOIN #a", f":{CHANSERV} MODE #a +o bo"]
    assert found["al"] == shown
    assert found["bo"][:2] == shown
    assert found["bo"][2] == f":{SERVER} 353 bo = #a :~al @bo"


@pytest.mark.parametrize("restart", [False, True])
def test_nobody_is_an_operator_by_being_the_first(world: Registering, restart: bool) -> None:
    world.ask("al", "PART #a")
    if restart:
        world = world.restarted()
        for name in ("al", "bo"):
            world.come(name)
    world.irc("stranger", rooms="#a")
    assert world.standing("stranger") == 0
    world.ask("stranger", "PART #a")
    world.ask("bo", "JOIN #a")
    assert world.standing("bo") == modes.OP
    world.ask("al", "JOIN #a")
    assert world.standing("al") == modes.OWNER


def test_an_operator_of_the_server_brings_people_in_as_what_they_are(world: Registering) -> None:
    world.operator("root")
    world.ask("al", "PART #a")
    world.ask("root", "SAJOIN #a", "SAJOIN bo #a")
    assert world.standing("root") == 0
    assert world.standing("bo") == modes.OP


def test_it_is_given_on_logging_in(world: Registering) -> None:
    world.irc("other", rooms="#a,#b", caps="account-notify")
    found = world.log_in("other", "bo")
    assert codes(found["other"]) == ["900", "ACCOUNT", "MODE", "MODE"]
    assert found["other"][3] == f":{CHANSERV} MODE #a +o other"
    assert codes(found["al"]) == ["MODE"]


def test_it_is_taken_on_logging_out(world: Registering) -> None:
    """Whoever sits there next has nothing by it; what an operator has given is theirs."""
    world.irc("other", rooms="#a,#b", caps="account-notify")
    world.log_in("other", "bo")
    world.ask("al", "MODE #a +v other")
    owning.log_out(world.core.context, world.user("other"))
    found = world.step()
    assert codes(found["other"]) == ["MODE", "901", "ACCOUNT", "MODE"]
    assert found["al"] == [f":{CHANSERV} MODE #a -o other"]
    assert world.standing("other") == modes.VOICE
    assert world.standing("other", "#b") == modes.OP


def test_it_is_taken_on_logging_in_to_another_account(world: Registering) -> None:
    world.irc("other", rooms="#a")
    world.log_in("other", "bo")
    world.log_in("other", "di")
    assert world.standing("other") == modes.VOICE


def test_the_founder_who_logs_out_owns_nothing(world: Registering) -> None:
    found = world.ask("al", "NS LOGOUT")
    assert found[0] == f":{CHANSERV} MODE #a -q al"
    assert world.standing("al") == modes.OP


def test_it_is_added_to_what_they_have(world: Registering) -> None:
    world.irc("other", rooms="#a")
    world.ask("al", "MODE #a +h other")
    assert world.log_in("other", "di")["al"] == [f":{CHANSERV} MODE #a +v other"]
    assert world.standing("other") == modes.HALFOP | modes.VOICE


def test_all_clients_of_an_account_have_it(world: Registering) -> None:
    world.irc("other", rooms="#a")
    world.log_in("other", "bo")
    world.ask("bo", "JOIN #a")
    world.give("bo", modes.VOICE)
    assert world.standing("bo") == world.standing("other") == modes.VOICE
    world.give("bo", 0)
    assert world.standing("bo") == world.standing("other") == 0


def test_somebody_unregistered_logs_in(world: Registering) -> None:
    world.step(world.add("new"))
    account = world.core.context.accounts.get("bo")
    assert isinstance(account, Account)
    owning.log_in(world.core.context, world.user("new"), account)
    world.step()
    assert world.user("new").account == "bo"


def test_people_read_it(world: Registering) -> None:
    world.person("human")
    world.log_in("human")
    world.give("human", modes.VOICE)
    found = world.ask("human", "/join #a")
    assert found[:2] == ["22:13 You are in #a", "22:13 ChanServ gave you a voice"]


# --- Who gets in


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ("+i", "473"),
        ("+k key", "475"),
        ("+l 1", "471"),
        ("+b *!*@*", "474"),
        ("+ik key", "473"),
    ],
)
@pytest.mark.parametrize("empty", [False, True])
def test_nobody_is_locked_out_who_rules_it(
    world: Registering, settings: str, refusal: str, empty: bool
) -> None:
    world.ask("al", f"MODE #a {settings}")
    if empty:
        world.ask("al", "PART #a")
        if "+l" in settings:
            return
    for name in ("di", "cy", "bo", "al"):
        expected = refusal if name == "di" else "JOIN" if empty or name != "al" else None
        answer = world.ask(name, "JOIN #a")
        assert codes(answer)[:1] == ([expected] if expected else []), name


def test_an_auditorium_that_is_made_anew(world: Registering) -> None:
    world.ask("al", "MODE #a +u", "PART #a")
    world.irc("stranger", rooms="#a")
    world.irc("second", rooms="#a")
    assert "second" not in world.ask("stranger", "NAMES #a")[0]
    found = world.send("bo", "JOIN #a")
    assert codes(found["stranger"]) == ["JOIN", "MODE"]
    assert all(name in world.ask("bo", "NAMES #a")[0] for name in ("stranger", "second"))


# --- What is set there


@pytest.mark.parametrize("end", ["left", "killed", "both"])
def test_what_is_set_is_as_it_was(world: Registering, end: str) -> None:
    world.ask("al", "JOIN #other")
    world.register("al", "#other")
    world.now += 10
    world.ask(
        "al",
        "MODE #a +ms-n",
        "MODE #a +klf key 7 #other",
        "MODE #a +bbeI a!*@* ~a:bo 10.0.0.0/8 i!*@*",
        "TOPIC #a :of a",
    )
    questions = ("MODE #a", "MODE #a b", "MODE #a e", "MODE #a I", "TOPIC #a")
    before = world.ask("al", *questions)
    assert f":{SERVER} 324 al #a +kflmst key #other 7" in before
    assert f":{SERVER} 329 al #a {int(START)}" in before
    world.now += 10
    if end != "killed":
        world.ask("al", "PART #a,#other")
        assert world.core.state.channel_named("#a") is None
    if end != "left":
        world = world.restarted()
        world.come("al")
    world.ask("al", "JOIN #A key")
    assert world.ask("al", *questions) == before
    assert world.channel().name == "#a"


def test_what_is_unset_stays_so(world: Registering) -> None:
    world.ask("al", "MODE #a +sk key", "MODE #a +b a!*@*", "TOPIC #a :x", "PART #a")
    world = world.restarted()
    world.come("al", "#a")
    world.ask("al", "MODE #a -sk key", "MODE #a -b a!*@*", "TOPIC #a :", "PART #a")
    assert world.kept("private") == set()
    world = world.restarted()
    world.come("al", "#a")
    assert world.channel().modes == modes.NEW_CHANNEL
    assert (world.channel().lists, world.channel().topic) == ({}, "")


def test_it_is_stored_with_what_shows_it(world: Registering) -> None:
    effects = world.turn([world.lines("al", "MODE #a +m", "MODE #a +b a!*@*")])
    tables = [getattr(record, "table", "event") for record in effects.records]
    assert tables == ["event", "event", "channel"]
    assert len(world.turn([world.lines("al", "PART #a")]).records) == 1


def test_who_sets_what_can_not_be_stored_is_told(world: Registering) -> None:
    world.full = True
    found = world.ask("al", "MODE #a +m", "TOPIC #a :x")
    assert [line.split(" ")[1:4] for line in found[2:]] == [
        ["WARN", "MODE", "COULD_NOT_BE_STORED"],
        ["WARN", "TOPIC", "COULD_NOT_BE_STORED"],
    ]
    # Once.
    assert codes(world.ask("al", "MODE #a +v al")) == ["MODE"]
    world.full = False
    world.now += 1
    world.step()
    world = world.restarted()
    world.come("al", "#a")
    assert world.channel().modes & modes.MODERATED
    assert world.channel().topic == "x"


def test_nobody_is_told_where_nothing_lasts(world: Registering) -> None:
    world.full = True
    found = world.ask("al", "JOIN #b", "MODE #b +m", "TOPIC #b :x")
    assert codes(found) == ["JOIN", "353", "366", "MODE", "TOPIC"]
    world.now += 1
    assert world.step() == {}


def test_a_forward_to_a_room_that_another_has_registered_since(world: Registering) -> None:
    world.ask("al", "JOIN #other")
    world.register("al", "#other")
    world.ask("al", "MODE #a +if #other", "PART #other")
    world.irc("stranger")
    assert codes(world.ask("stranger", "JOIN #a"))[:2] == ["470", "JOIN"]
    world.ask("stranger", "PART #other")
    world.ask("al", "PART #a")
    assert codes(world.ask("stranger", "JOIN #a"))[:2] == ["470", "JOIN"]
    world.ask("stranger", "PART #other")
    world.drop("al", "#other")
    assert codes(world.ask("stranger", "JOIN #a")) == ["473"]
    world.now += 1
    world.ask("bo", "JOIN #other")
    world.register("bo", "#other")
    assert codes(world.ask("stranger", "JOIN #a")) == ["473"]


def test_what_can_not_be_read_opens_nothing(world: Registering) -> None:
    """A room is nobody's then, and one that was private lets nobody in."""
    world.ask("al", "MODE #a +s", "TOPIC #a :of a", "PRIVMSG #a :secret", "PART #a")
    for table in ("room", "channel", "topic"):
        change = "UPDATE kept SET value = x'c1' WHERE kind = ? AND key = '#a'"
        world.file.connection.execute(change, (table,))
    world = world.restarted()
    assert sorted(what.split(":")[0] for what in world.core.unreadable) == [
        "channel #a",
        "room #a",
        "topic #a",
    ]
    for name in ("al", "stranger"):
        world.come(name)
        assert codes(world.ask(name, "JOIN #a")) == ["473"]
    assert world.heard() == ["secret"]
    assert world.drop("al") is None
    assert world.heard() == []
    world.ask("al", "JOIN #a")
    assert world.standing("al") == modes.OP


# --- Its name and its history


def test_it_takes_its_registration_along(world: Registering) -> None:
    world.ask("al", "MODE #a +s", "TOPIC #a :of a", "PRIVMSG #a :1", "RENAME #a #B")
    assert world.core.context.registered.get("#a") is None
    room = world.room("#b")
    assert (room.name, room.founder, len(room.access)) == ("#B", "al", 3)
    for table in ("room", "channel", "topic", "private"):
        assert world.kept(table) == {"#b"}, table
    world.ask("al", "PART #b")
    world = world.restarted()
    world.come("bo", "#b", "#a")
    assert world.standing("bo", "#B") == modes.OP
    assert world.channel("#b").topic == "of a"
    assert world.standing("bo", "#a") == modes.OP
    assert (world.heard("#a"), world.heard("#b")) == ([], ["1"])
    # It can be changed, as before.
    world.come("al", "#b")
    assert world.change("al", world.room("#b").with_access("bo", 0)) is None
    assert world.restarted().room("#b").standing_of("bo") == 0


def test_another_case_of_its_name(world: Registering) -> None:
    world.ask("al", "RENAME #a #A", "PART #a")
    world = world.restarted()
    world.come("al", "#a")
    assert world.channel().name == "#A"


def test_only_its_founder_gives_it_another_name(world: Registering) -> None:
    world.ask("bo", "JOIN #a")
    (refusal,) = world.ask("bo", "RENAME #a #b")
    assert "FAIL RENAME CANNOT_RENAME #a #b :Only its founder" in refusal


def test_nobody_takes_the_name_of_a_registered_room(world: Registering) -> None:
    world.ask("al", "PART #a")
    world.ask("bo", "JOIN #b")
    (refusal,) = world.ask("bo", "RENAME #b #A")
    assert "FAIL RENAME CHANNEL_NAME_IN_USE #b #A" in refusal


def test_a_new_name_that_could_not_be_stored(world: Registering) -> None:
    """Nothing else is changed about the room until it is."""
    world.ask("al", "PRIVMSG #a :1")
    world.full = True
    assert codes(world.ask("al", "RENAME #a #b")) == ["RENAME"]
    killed = world.restarted()
    killed.full = False
    killed.come("al", "#a")
    assert killed.standing("al") == modes.OWNER


def test_what_is_changed_once_a_new_name_is_stored(world: Registering) -> None:
    world.ask("al", "PRIVMSG #a :1")
    world.full = True
    world.ask("al", "RENAME #a #b")
    assert world.give("bo", modes.VOICE, room="#b") is not None
    world.full = False
    world.now += 1
    world.step()
    assert world.give("bo", modes.VOICE, room="#b") is None
    world = world.restarted()
    assert world.room("#b").standing_of("bo") == modes.VOICE
    assert world.core.context.registered.get("#a") is None
    assert (world.heard("#a"), world.heard("#b")) == ([], ["1"])


@pytest.mark.parametrize("mode", ["+i", "+k key", "+s", "+R"])
@pytest.mark.parametrize("end", ["PART #a", "QUIT", "killed", "stopped"])
def test_what_was_said_in_private_stays_with_it(world: Registering, mode: str, end: str) -> None:
    world.ask("al", f"MODE #a {mode}", "TOPIC #a :of a", "PRIVMSG #a :secret")
    if end in ("PART #a", "QUIT"):
        world.ask("al", end)
    elif end == "stopped":
        world.step(ShutDown(reason="over"))
    assert world.heard() == ["secret"]
    world = world.restarted(after=90 * 86_400)
    world.come("bo", "#a")
    assert world.channel().topic == "of a"
    assert world.channel().modes & modes.PRIVATE
    assert world.heard() == ["secret"]
    world.ask("bo", "PART #a")
    assert world.heard() == ["secret"]


def test_its_topic_is_not_one_of_those_that_are_forgotten(world: Registering) -> None:
    settings = msgspec.structs.replace(world.core.settings, retention_days=1)
    world.ask("al", "TOPIC #a :of a", "PART #a")
    world = world.restarted(settings=settings)
    world.now += 10 * 86_400
    world.come("al", "#x", "#a")
    assert world.channel().topic == "of a"


def test_an_empty_room_is_not_listed(world: Registering) -> None:
    world.ask("al", "PART #a")
    assert codes(world.ask("al", "LIST", "LIST #a")) == ["321", "323", "321", "323"]
    assert codes(world.ask("al", "MODE #a", "TOPIC #a")) == ["324", "329", "331"]
