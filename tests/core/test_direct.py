"""What is said to one: to a nickname, to an account that is here or not; who else is shown it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.history import CAPS, EVER, read, tag, texts
from tests.core.world import SERVER, World, codes, prefix
from tests.journal.rig import File
from trio_chat.core.accounts import Account, Suspension
from trio_chat.core.handlers.direct import LATER
from trio_chat.core.handlers.presence import change_account
from trio_chat.core.inputs import Disconnected
from trio_chat.core.letters import AT_MOST, HOUR
from trio_chat.core.settings import AccountPolicy, Settings

SETTINGS = Settings(name=SERVER, history=True, history_on_join=0, accounts=AccountPolicy())
MODERN = f"{CAPS} echo-message labeled-response draft/multiline"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Al, of an account with three clients, and Bo, of another one with two."""
    file = File(tmp_path / "journal.db")
    world = World(SETTINGS, journal=file)
    for name in ("al", "al_phone", "bo", "bo_phone", "guest"):
        world.irc(name, caps=MODERN)
    world.irc("al_old")
    world.identify("Al", "al", "al_phone", "al_old")
    world.identify("Bo", "bo", "bo_phone")
    yield world
    file.close()


def put(world: World, name: str, **values: object) -> None:
    world.core.context.accounts.put(Account(name=name, registered_at=world.now, **values))  # type: ignore[arg-type]


def plainly(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what each is sent without tags."""
    return {
        name: [line.partition(" ")[2] if line[0] == "@" else line for line in lines]
        for name, lines in found.items()
    }


def away(name: str, account: str) -> str:
    return f":{SERVER} 301 {name} {account} :{LATER}"


# --- Who is shown it


def test_all_clients_that_can_show_it_where_it_belongs_do(world: World) -> None:
    found = world.send("al", "PRIVMSG bo :hello")
    assert plainly(found) == {
        "al": [f"{prefix('al')} PRIVMSG bo :hello"],
        "al_phone": [f"{prefix('al_phone')} PRIVMSG bo :hello"],
        "bo": [f"{prefix('al')} PRIVMSG bo :hello"],
        "bo_phone": [f"{prefix('al')} PRIVMSG bo :hello"],
    }
    assert len({tag(lines[0], "msgid") for lines in found.values()}) == 1


def test_another_nickname_of_an_account_is_a_name_of_it_as_well(world: World) -> None:
    assert plainly(world.send("guest", "PRIVMSG al_old :hello")) == {
        name: [f"{prefix('guest')} PRIVMSG al_old :hello"]
        for name in ("al", "al_phone", "al_old", "guest")
    }


def test_bots_are_shown_what_is_to_them(world: World) -> None:
    world.send("bo_phone", "MODE bo_phone +B")
    assert "bo_phone" not in world.send("al", "PRIVMSG bo :hello")
    assert "bo_phone" in world.send("al", "PRIVMSG bo_phone :hello")


def test_people_are_shown_it_too(world: World) -> None:
    world.person("human")
    world.identify("Al", "human")
    assert world.send("bo", "PRIVMSG al :hello")["human"] == ["22:13 [bo → al] hello"]
    assert world.send("al", "PRIVMSG bo :and you")["human"] == ["22:13 [human → bo] and you"]


def test_the_clients_of_one_account_among_each_other(world: World) -> None:
    assert plainly(world.send("al", "PRIVMSG al_phone :note")) == {
        "al": [f"{prefix('al')} PRIVMSG al_phone :note"],
        "al_phone": [f"{prefix('al')} PRIVMSG al_phone :note"],
    }
    assert plainly(world.send("al", "PRIVMSG al :note"))["al_phone"] == [
        f"{prefix('al_phone')} PRIVMSG al :note"
    ]
    assert read(world, "al_phone", "al") == ["note", "note"]


def test_own_messages_fit_into_a_line_of_the_other_clients(world: World) -> None:
    name = "al" + "_" * 28
    world.irc(name, caps=MODERN)
    world.identify("Al", name)
    line = plainly(world.send("al", f"PRIVMSG bo :{'x' * 480}"))[name][0]
    assert line.startswith(f":{name}!")
    assert len(line.encode()) == 510
    batch = ["BATCH +1 draft/multiline bo", f"@batch=1 PRIVMSG bo :{'y' * 480}", "BATCH -1"]
    assert all(len(line.encode()) <= 510 for line in plainly(world.send("al", *batch))[name])


def test_tags_alone_go_to_who_knows_them(world: World) -> None:
    found = world.send("guest", "@+typing=active TAGMSG al")
    assert sorted(found) == ["al", "al_phone", "guest"]


def test_who_ignores_somebody_is_not_shown_it_on_the_other_clients(world: World) -> None:
    world.person("human")
    world.identify("Al", "human")
    world.send("human", "/ignore guest")
    assert sorted(world.send("guest", "PRIVMSG al :hello")) == ["al", "al_phone", "guest"]
    assert sorted(world.send("guest", "PRIVMSG human :hello")) == ["guest"]
    assert read(world, "al", "guest") == ["hello"]


def test_who_wants_nothing_of_strangers_is_sent_nothing(world: World) -> None:
    world.send("al_phone", "MODE al_phone +R")
    assert sorted(world.send("guest", "PRIVMSG al :hello")) == ["al", "guest"]
    assert codes(world.ask("guest", "PRIVMSG al_phone :hello")) == ["477"]
    assert sorted(world.send("bo", "PRIVMSG al_phone :hello")) == sorted(
        ["al", "al_phone", "bo", "bo_phone"]
    )


# --- An account whose nickname nobody has


@pytest.fixture
def elsewhere(world: World) -> World:
    """The clients of Al have other nicknames."""
    world.send("al", "NICK al_desk")
    return world


def test_all_of_its_clients_are_sent_it(elsewhere: World) -> None:
    assert plainly(elsewhere.send("guest", "PRIVMSG al :hello")) == {
        name: [f"{prefix('guest')} PRIVMSG Al :hello"]
        for name in ("al", "al_phone", "al_old", "guest")
    }
    assert read(elsewhere, "guest", "al") == read(elsewhere, "al_phone", "guest") == ["hello"]


def test_those_who_accept_it_are(elsewhere: World) -> None:
    elsewhere.send("al", "MODE al_desk +R", "AWAY :at lunch")
    elsewhere.send("al_old", "AWAY :gone")
    assert sorted(elsewhere.send("guest", "PRIVMSG al :hello")) == ["al_old", "al_phone", "guest"]
    elsewhere.send("al_phone", "AWAY :asleep", "MODE al_phone +R")
    lines = elsewhere.ask("guest", "PRIVMSG al :hello")
    assert codes(lines) == ["301", "PRIVMSG"]
    assert lines[0].endswith(" 301 guest Al :gone")
    elsewhere.send("al_old", "MODE al_old +R")
    assert codes(elsewhere.ask("guest", "PRIVMSG al :hello", "NOTICE al :hello")) == ["477"]


def test_who_is_connecting_is_not_here_yet(world: World) -> None:
    world.step(world.add("new"), world.lines("new", "NICK carol", "CAP LS"))
    put(world, "carol")
    world.identify("carol", "new")
    assert plainly(world.send("bo", "PRIVMSG carol :hello"))["bo"][-1] == away("bo", "carol")


# --- An account that nobody is here of


@pytest.fixture
def absent(world: World) -> World:
    """Nobody of Al is here."""
    for name in ("al", "al_phone", "al_old"):
        world.quit(name)
    return world


def back(world: World, name: str = "later", account: str = "Al") -> None:
    world.irc(name, caps=MODERN)
    world.identify(account, name)


def test_a_message_waits_for_it(absent: World) -> None:
    found = plainly(absent.send("bo", "PRIVMSG al :are you there", "PRIVMSG AL :well"))
    assert found == {
        "bo": [
            f"{prefix('bo')} PRIVMSG Al :are you there",
            away("bo", "Al"),
            f"{prefix('bo')} PRIVMSG Al :well",
        ],
        "bo_phone": [
            f"{prefix('bo_phone')} PRIVMSG Al :are you there",
            f"{prefix('bo_phone')} PRIVMSG Al :well",
        ],
    }
    back(absent)
    lines = absent.ask("later", f"CHATHISTORY TARGETS {EVER} 9")
    assert [line.split(" TARGETS ")[1].split(" ")[0] for line in lines[1:-1]] == ["Bo"]
    assert (
        read(absent, "later", "bo") == read(absent, "bo_phone", "al") == ["are you there", "well"]
    )


def test_its_sender_is_told_so_again_after_an_hour(absent: World) -> None:
    assert codes(absent.ask("bo", "PRIVMSG al :one")) == ["PRIVMSG", "301"]
    assert codes(absent.ask("bo_phone", "PRIVMSG al :two")) == ["PRIVMSG"]
    absent.now += HOUR
    assert codes(absent.ask("bo", "PRIVMSG al :three")) == ["PRIVMSG", "301"]


def test_people_are_told_so_in_a_sentence(absent: World) -> None:
    absent.person("human")
    assert absent.ask("human", "/msg al hello") == [f"Al is away: {LATER}"]


def test_a_notice_waits_and_nothing_is_said(absent: World) -> None:
    assert codes(absent.ask("bo", "NOTICE al :the build is done")) == ["NOTICE"]
    back(absent)
    lines = absent.ask("later", "CHATHISTORY LATEST bo * 5")
    assert codes(lines) == ["BATCH", "NOTICE", "BATCH"]


def test_tags_alone_are_dropped(absent: World) -> None:
    assert absent.ask("bo", "@+typing=active TAGMSG al") == []
    back(absent)
    assert read(absent, "later", "bo") == []


def test_the_answer_has_its_label(absent: World) -> None:
    lines = absent.ask("bo", "@label=x PRIVMSG al :hello", "PING 1")
    assert codes(lines) == ["BATCH", "PRIVMSG", "301", "BATCH", "PONG"]
    assert tag(lines[0], "label") == "x"


def test_what_can_not_be_stored_is_not_said_to_wait(absent: World) -> None:
    absent.full = True
    assert codes(absent.ask("bo", "PRIVMSG al :hello")) == ["FAIL"]
    assert codes(absent.ask("bo", "@label=x PRIVMSG al :hello")) == ["FAIL"]
    absent.full = False
    back(absent)
    assert read(absent, "later", "bo") == []


def test_who_leaves_at_once_has_said_it(absent: World) -> None:
    absent.step(
        absent.lines("guest", "PRIVMSG al :bye"),
        Disconnected(user=absent.ids["guest"], reason="gone"),
    )
    back(absent)
    assert read(absent, "later", "guest") == ["bye"]


def test_no_account_no_message(absent: World) -> None:
    put(absent, "sus", suspended=Suspension(by="root", reason="spam", at=0.0))
    put(absent, "new", code="123")
    for name in ("sus", "new", "nobody"):
        assert codes(absent.ask("bo", f"PRIVMSG {name} :hello", f"NOTICE {name} :hello")) == ["401"]


def test_without_history_nothing_waits() -> None:
    world = World(Settings(name=SERVER, accounts=AccountPolicy()))
    world.irc("bo")
    put(world, "al")
    assert codes(world.ask("bo", "PRIVMSG al :hello")) == ["401"]


def test_how_many_one_can_begin_to_write_to(absent: World) -> None:
    for number in range(AT_MOST):
        put(absent, f"n{number}")
        assert "301" in codes(absent.ask("guest", f"PRIVMSG n{number} :hello"))
    lines = absent.ask("guest", "PRIVMSG al :hello", "NOTICE al :hello", "PRIVMSG n0 :more")
    assert codes(lines) == ["439", "PRIVMSG"]
    text = f"Begin to write to fewer who are not here; wait {HOUR:.0f} seconds"
    assert lines[0].endswith(f" 439 guest Al :{text}")
    # Who comes from the same address, without an account, is counted with them.
    absent.irc("other")
    assert codes(absent.ask("other", "PRIVMSG al :hello")) == ["439"]
    assert codes(absent.ask("bo", "PRIVMSG al :hello")) == ["PRIVMSG", "301"]
    absent.now += HOUR
    assert codes(absent.ask("guest", "PRIVMSG al :hello")) == ["PRIVMSG", "301"]


# --- With somebody who has no account


def test_an_account_finds_it_by_the_nickname(world: World) -> None:
    world.send("guest", "PRIVMSG al :one")
    world.send("al_phone", "PRIVMSG guest :two")
    assert read(world, "guest", "al") == ["one", "two"]
    world.quit("guest")
    for name in ("al", "al_phone", "al_old"):
        world.quit(name)
    back(world)
    assert read(world, "later", "guest") == ["one", "two"]
    lines = world.ask("later", f"CHATHISTORY TARGETS {EVER} 9")
    assert " TARGETS guest " in lines[1]


def test_who_has_the_nickname_later_sees_none_of_it(world: World) -> None:
    world.send("guest", "PRIVMSG al :one")
    world.send("guest", "NICK traveller")
    world.irc("next", caps=MODERN)
    world.send("next", "NICK guest")
    assert read(world, "next", "al") == []
    world.send("next", "PRIVMSG al :other")
    assert read(world, "next", "al") == ["other"]
    # Each reads what was theirs, whatever they are called now; the account, all under that name.
    world.send("guest", "PRIVMSG al :two")
    assert read(world, "guest", "al") == ["one", "two"]
    assert read(world, "al", "guest") == ["one", "other"]
    assert read(world, "al", "traveller") == ["two"]
    lines = world.ask("guest", f"CHATHISTORY TARGETS {EVER} 9")
    assert [line.split(" TARGETS ")[1].split(" ")[0] for line in lines[1:-1]] == ["Al"]


def test_who_registers_the_nickname_later_sees_none_of_it(world: World) -> None:
    world.send("guest", "PRIVMSG al :one")
    world.quit("guest")
    back(world, "guest2", "guest")
    assert read(world, "guest2", "al") == []
    world.send("guest2", "PRIVMSG al :other")
    assert read(world, "guest2", "al") == ["other"]
    assert read(world, "al", "guest") == ["one", "other"]
    lines = world.ask("guest2", f"CHATHISTORY TARGETS {EVER} 9")
    assert [line.split(" TARGETS ")[1].split(" ")[0] for line in lines[1:-1]] == ["Al"]


def test_who_logs_in_finds_what_they_said_before_as_long_as_they_are_here(world: World) -> None:
    world.irc("human", caps=MODERN)
    world.send("guest", "PRIVMSG al :one", "PRIVMSG human :hey")
    world.identify("Guest", "guest")
    world.send("guest", "PRIVMSG al :two", "PRIVMSG human :you")
    assert read(world, "guest", "al") == read(world, "al", "guest") == ["one", "two"]
    assert read(world, "guest", "human") == read(world, "human", "guest") == ["hey", "you"]
    for name, other in (("guest", "Al"), ("al", "Guest")):
        lines = world.ask(name, f"CHATHISTORY TARGETS {EVER} 9")
        names = [line.split(" TARGETS ")[1].split(" ")[0] for line in lines[1:-1]]
        assert names.count(other) == 1, names
    world.quit("guest")
    back(world, "guest3", "Guest")
    assert read(world, "guest3", "al") == ["two"]
    assert read(world, "al", "guest") == ["one", "two"]


def test_who_logs_out_reads_it_no_longer(world: World) -> None:
    world.send("bo", "PRIVMSG al :one")
    user = world.core.state.users[world.ids["al"]]
    change_account(world.core.context, user, "")
    world.step()
    assert read(world, "al", "bo") == []
    assert read(world, "al_phone", "bo") == ["one"]


# --- When an account is gone


def test_another_account_of_the_same_name_reads_nothing_of_it(world: World) -> None:
    world.send("al", "PRIVMSG bo :old secrets")
    world.send("guest", "PRIVMSG al :of a guest")
    world.core.context.accounts.drop("al")
    for name in ("al", "al_phone", "al_old"):
        world.quit(name)
    world.now += 1
    back(world, "thief", "Al")
    assert read(world, "thief", "bo") == read(world, "thief", "guest") == []
    assert codes(world.ask("thief", f"CHATHISTORY TARGETS {EVER} 9")) == ["BATCH", "BATCH"]
    # The other side has it, with what it writes to the new one.
    world.send("bo", "PRIVMSG thief :who are you")
    assert read(world, "bo", "al") == ["old secrets", "who are you"]
    assert read(world, "thief", "bo") == ["who are you"]


def test_people_read_it_with_history(absent: World) -> None:
    absent.send("bo", "PRIVMSG al :are you there")
    absent.person("human")
    absent.identify("Al", "human")
    lines = absent.ask("human", "/history bo")
    assert [line.partition(" [")[2] for line in lines] == ["bo → Al] are you there"]
    assert texts(absent.ask("bo", "CHATHISTORY LATEST human * 5")) == ["are you there"]
