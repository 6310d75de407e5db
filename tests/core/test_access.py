"""Who may read what: everybody against every kind of conversation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.core.history import CAPS, keeping, log_in, read
from tests.core.world import World, codes
from tests.journal.rig import File
from trio_chat.core import modes, rooms
from trio_chat.core.accounts import Suspension
from trio_chat.core.handlers import access
from trio_chat.core.ids import START
from trio_chat.core.questions import Place
from trio_chat.core.registered import RegisteredRoom

SETTINGS = ("-i", "+i", "+k key", "+s", "+u", "+m", "+b *!*@*", "+R", "+l 1")
"""What can be set in a channel: none of it opens its history to anybody, or closes it."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A channel with an operator, a half-operator, a voice, a member; who was one; and others."""
    file = File(tmp_path / "journal.db")
    world = keeping(file)
    for name in ("op", "half", "voice", "member", "former", "kicked"):
        world.irc(name, caps=CAPS, rooms="#a")
    for name in ("stranger", "invited", "banned", "root"):
        world.irc(name, caps=CAPS)
    root = world.core.state.users[world.ids["root"]]
    rooms.set_user_modes(world.core.state, root, root.modes | modes.OPERATOR)
    world.send("op", "MODE #a +hv half voice", "PRIVMSG #a :hello")
    world.send(
        "op", "PRIVMSG @#a :to operators", "PRIVMSG %#a :to halves", "PRIVMSG +#a :to voices"
    )
    world.send("former", "PART #a")
    world.send("op", "KICK #a kicked", "MODE #a +b banned!*@*", "INVITE invited #a")
    yield world
    file.close()


EVERYTHING = ["hello", "to operators", "to halves", "to voices"]
MEMBERS = {
    "op": EVERYTHING,
    "half": ["hello", "to halves", "to voices"],
    "voice": ["hello", "to voices"],
    "member": ["hello"],
}
OTHERS = ("former", "kicked", "stranger", "invited", "banned", "root")


@pytest.mark.parametrize("setting", SETTINGS)
def test_channels(world: World, setting: str) -> None:
    world.send("op", f"MODE #a {setting}")
    for name, found in MEMBERS.items():
        assert read(world, name) == found, name
    for name in OTHERS:
        (line,) = world.ask(name, "CHATHISTORY LATEST #a * 9")
        assert "FAIL CHATHISTORY INVALID_TARGET" in line, name


def test_what_one_may_read_follows_what_one_is(world: World) -> None:
    world.send("op", "MODE #a +o member", "MODE #a -o op")
    assert read(world, "member") == EVERYTHING
    assert read(world, "op") == ["hello"]
    world.send("former", "JOIN #a")
    assert read(world, "former") == ["hello"]
    world.send("member", "MODE #a +b member!*@*")
    assert read(world, "member") == EVERYTHING, "a member who is banned is one still"
    world.send("member", "PART #a", "JOIN #a")
    assert codes(world.ask("member", "CHATHISTORY LATEST #a * 9")) == ["FAIL"]


def test_whoever_makes_a_channel_anew_reads_nothing_that_was_for_operators(world: World) -> None:
    for name in ("op", "half", "voice", "member"):
        world.send(name, "PART #a")
    world.irc("late", caps=f"{CAPS} soju.im/search", rooms="#a")
    assert read(world, "late") == ["hello"]
    assert world.journal is not None
    world.journal.settle()
    found = world.ask("late", r"SEARCH in=#a;text=hello", r"SEARCH in=#a;text=operators")
    assert [line.rpartition(":")[2] for line in found if "PRIVMSG" in line] == ["hello"]
    world.send("late", "PRIVMSG @#a :to operators again")
    assert read(world, "late") == ["hello", "to operators again"]


def test_a_channel_that_is_not_there_is_as_one_that_is_not_theirs(world: World) -> None:
    world.send("op", "MODE #a +s")
    there = world.ask("stranger", "CHATHISTORY LATEST #a * 9")
    assert world.ask("stranger", "CHATHISTORY LATEST #x * 9") == [
        line.replace("#a", "#x") for line in there
    ]


def test_an_auditorium_shows_who_comes_and_goes_to_those_who_are_told(world: World) -> None:
    world.send("op", "MODE #a +u")
    for name in ("op", "half", "voice", "member"):
        world.send(name, "CAP REQ draft/event-playback")
    world.send("stranger", "JOIN #a", "PART #a", "PRIVMSG #a :let me in")
    world.send("member", "PRIVMSG #a :who was that")
    for name, seen in (("op", True), ("half", True), ("voice", False), ("member", False)):
        lines = world.ask(name, "CHATHISTORY LATEST #a * 3")
        assert any(" JOIN " in line and ":stranger!" in line for line in lines) == seen, name
        assert any("who was that" in line for line in lines)


def test_direct_messages(world: World) -> None:
    world.send("voice", "PRIVMSG member :between us")
    assert read(world, "voice", "member") == read(world, "member", "voice") == ["between us"]
    for name in ("op", "stranger", "root"):
        assert read(world, name, "member") == []
        assert read(world, name, "voice") == []
    world.quit("member")
    assert read(world, "voice", "member") == ["between us"]
    for name in ("op", "stranger", "root"):
        assert codes(world.ask(name, "CHATHISTORY LATEST member * 9")) == ["FAIL"]


def test_a_nickname_is_nobody(world: World) -> None:
    world.send("voice", "PRIVMSG member :between us")
    world.quit("member")
    world.quit("voice")
    for name in ("member", "voice"):
        world.irc(name, caps=CAPS)
    assert read(world, "member", "voice") == []
    assert read(world, "voice", "member") == []


def test_an_account_is_somebody(world: World) -> None:
    log_in(world, "voice", "v")
    log_in(world, "member", "m")
    world.send("voice", "PRIVMSG member :between us")
    world.irc("other", caps=CAPS)
    assert read(world, "other", "voice") == []
    log_in(world, "other", "M")
    assert read(world, "other", "voice") == ["between us"]


def test_direct_messages_by_account(world: World) -> None:
    """Everybody against what two accounts, and an account and somebody without one, have said."""
    log_in(world, "voice", "Vo")
    log_in(world, "half", "Ha")
    log_in(world, "op", "Op")
    world.send("voice", "PRIVMSG half :between accounts")
    world.send("voice", "PRIVMSG member :with a stranger")
    world.irc("vo2", caps=CAPS)
    log_in(world, "vo2", "vo")
    names = ("op", "half", "voice", "vo2", "member", "former", "stranger", "banned", "root")
    everything = {
        ("voice", "half"): ["between accounts"],
        ("vo2", "half"): ["between accounts"],
        ("half", "voice"): ["between accounts"],
        ("half", "vo2"): ["between accounts"],
        ("voice", "member"): ["with a stranger"],
        ("vo2", "member"): ["with a stranger"],
        ("member", "voice"): ["with a stranger"],
        ("member", "vo2"): ["with a stranger"],
    }
    for reader in names:
        for other in names:
            expected = everything.get((reader, other), [])
            assert read(world, reader, other) == expected, (reader, other)
    for name in ("vo", "ha"):
        for reader in ("op", "former", "stranger", "root", "banned"):
            assert read(world, reader, name) == [], (reader, name)
    # Nor does what a key is written like open anything.
    for name in ("=vo/1", "~member", "@vo", "vo/1700000000000", "+x"):
        assert codes(world.ask("op", f"CHATHISTORY LATEST {name} * 9")) == ["FAIL"], name


def test_an_ignored_message_is_not_read_later(world: World) -> None:
    world.person("human")
    world.send("human", "/ignore voice")
    world.send("voice", "PRIVMSG human :you can not hear me")
    assert world.ask("human", "/history voice") == ["Nothing was said in voice."]


def test_what_is_returned(world: World) -> None:
    ctx, users = world.core.context, world.core.state.users
    op, stranger = users[world.ids["op"]], users[world.ids["stranger"]]
    made = ctx.state.channels["#a"].made_at
    assert made > START
    assert access.readable(ctx, op, "#A") == Place("#a", standing=modes.OP, standing_since=made)
    for name in ("", "#", "#x", "@#a", "nobody", "+", "a b"):
        assert access.readable(ctx, stranger, name) is None


def test_how_many_are_found_again_when_they_are_gone(world: World) -> None:
    for number in range(access.PARTNERS + 1):
        world.irc(f"n{number}")
        world.send(f"n{number}", f"PRIVMSG op :from {number}", "QUIT")
    assert codes(world.ask("op", "CHATHISTORY LATEST n0 * 9")) == ["FAIL"]
    assert read(world, "op", "n1") == ["from 1"]


def test_a_registered_room_is_read_from_outside_by_those_who_rule_it(world: World) -> None:
    """In it or not, and whether or not anybody is; what was for operators by operators alone."""
    ctx, users = world.core.context, world.core.state.users
    given = {"half": modes.HALFOP, "voice": modes.VOICE, "member": modes.OP}
    room = RegisteredRoom(name="#a", founder="op", registered_at=world.now, access=given)
    ctx.registered.put(room)
    channel = world.core.state.channel_named("#a")
    assert channel is not None
    channel.registered = room
    world.send("op", "MODE #a +s")
    for name in ("op", "half", "voice", "member"):
        log_in(world, name, name)
        world.send(name, "PART #a")
    assert world.core.state.channel_named("#a") is None
    assert read(world, "op") == read(world, "member") == EVERYTHING
    assert read(world, "half") == ["hello", "to halves", "to voices"]
    for name in ("voice", "former", "stranger", "root"):
        assert codes(world.ask(name, "CHATHISTORY LATEST #a * 9")) == ["FAIL"], name
    # Logged out, they are as anybody else.
    log_in(world, "op", "")
    assert codes(world.ask("op", "CHATHISTORY LATEST #a * 9")) == ["FAIL"]
    ctx.registered.put(msgspec.structs.replace(room, suspended=Suspension("root", "x", 1.0)))
    assert access_of(world, "member") is None
    assert users[world.ids["member"]].account == "member"


def access_of(world: World, name: str) -> Place | None:
    return access.readable(world.core.context, world.core.state.users[world.ids[name]], "#a")
