"""Who is told of metadata, in which words, when, and how much at once."""

from __future__ import annotations

import pytest

from tests.core.world import SERVER, World, codes, prefix
from trio_chat.core import rooms
from trio_chat.core.context import BUDGET
from trio_chat.core.handlers import presence, syncing

TWO, THREE = "batch draft/metadata-2", "batch draft/metadata-3"
MANY = syncing.AT_ONCE + 50


@pytest.fixture
def world() -> World:
    world = World()
    world.irc("al", caps=TWO)
    world.irc("two", caps=TWO)
    world.irc("three", caps=THREE)
    world.irc("old")
    for name in ("two", "three"):
        world.ask(name, "METADATA * SUB avatar description")
    return world


def bodies(lines: list[str]) -> list[str]:
    """Return the lines without their tags, and without the references of batches."""
    found = []
    for line in lines:
        body = line.partition(" ")[2] if line.startswith("@") else line
        words = body.split(" ")
        if words[1] == "BATCH":
            words[2] = words[2][0]
        found.append(" ".join(words).removeprefix(f":{SERVER} "))
    return found


def test_a_change_is_told_in_the_words_of_each_version(world: World) -> None:
    for name in ("al", "two", "three", "old"):
        world.ask(name, "JOIN #a")
    found = world.send("al", "METADATA * SET avatar :x y")
    assert found == {
        "al": [f":{SERVER} 761 al al avatar * :x y"],
        "two": [f"{prefix('al')} METADATA al avatar * :x y"],
        "three": [f":{SERVER} 761 three al avatar * :x y"],
    }
    found = world.send("al", "METADATA * SET avatar")
    assert found == {
        "al": [f":{SERVER} 766 al al avatar :key not set"],
        "two": [f"{prefix('al')} METADATA al avatar *"],
        "three": [f":{SERVER} 766 three al avatar :key not set"],
    }


def test_a_change_has_the_tags_of_who_did_it(world: World) -> None:
    world.ask("two", "CAP REQ :server-time message-tags", "JOIN #a")
    world.ask("three", "CAP REQ :server-time", "JOIN #a")
    world.send("al", "JOIN #a", "MODE al +B")
    found = world.send("al", "METADATA * SET avatar x")
    (line,) = found["two"]
    assert line.startswith("@time=2023-11-14T22:13:20.000Z;bot :al!")
    (line,) = found["three"]
    assert line == f"@time=2023-11-14T22:13:20.000Z :{SERVER} 761 three al avatar * :x"


def test_who_seems_to_leave_and_come_back_is_told_of_again(world: World) -> None:
    """Another host is a QUIT and a JOIN to who does not know CHGHOST, and so they forget it."""
    world.irc("knows", caps=f"chghost {TWO}", rooms="#a,#b")
    world.ask("knows", "METADATA * SUB avatar")
    for name in ("al", "two", "three", "old"):
        world.ask(name, "JOIN #a,#b")
    world.ask("al", "METADATA * SET avatar x", "METADATA * SET color red")
    ctx = world.core.context
    presence.change_host(ctx, world.core.state.users[world.ids["al"]], "~al", "new.host")
    found = world.step()
    assert [line for line in found["two"] if " METADATA " in line] == [
        f":{SERVER} METADATA al avatar * :x"
    ]
    assert codes(found["two"])[0] == "QUIT"
    assert codes(found["two"])[-1] == "METADATA"
    assert [line for line in found["three"] if " 761 " in line] == [
        f":{SERVER} 761 three al avatar * :x"
    ]
    assert codes(found["knows"]) == ["CHGHOST"]
    assert "METADATA" not in codes(found["old"])
    # What comes after has the new host.
    found = world.send("al", "METADATA * SET avatar y")
    assert found["knows"] == [":al!~al@new.host METADATA al avatar * :y"]


def test_nobody_is_told_who_does_not_see_them(world: World) -> None:
    world.ask("two", "JOIN #a")
    world.ask("al", "JOIN #b")
    assert set(world.send("al", "METADATA * SET avatar x")) == {"al"}
    # Nor of what they have not asked for.
    world.ask("al", "JOIN #a")
    assert set(world.send("al", "METADATA * SET color red")) == {"al"}


def test_who_monitors_them_is_told(world: World) -> None:
    world.ask("two", "MONITOR + al")
    assert set(world.send("al", "METADATA * SET avatar x")) == {"al", "two"}


def test_a_change_of_a_channel_is_told_its_members(world: World) -> None:
    world.ask("al", "JOIN #a")
    world.ask("two", "JOIN #a")
    assert world.send("al", "METADATA #a SET description :What it is") == {
        "al": [f":{SERVER} 761 al #a description * :What it is"],
        "two": [f"{prefix('al')} METADATA #a description * :What it is"],
    }


def test_where_the_line_would_be_too_long_the_server_says_it() -> None:
    world = World()
    nickname, room = "ä" * 32, "#" + "é" * 63
    world.irc("two", caps=TWO)
    world.ask("two", "METADATA * SUB description")
    world.step(
        world.add("al", host="h" * 63),
        world.lines("al", f"NICK {nickname}", f"USER {'u' * 40} 0 * :x", f"JOIN {room}"),
    )
    world.ask("two", f"JOIN {room}")
    limit = world.core.settings.metadata_value_limit
    found = world.send("al", f"METADATA {room} SET description :{'v' * limit}")
    assert found["two"] == [f":{SERVER} METADATA {room} description * :{'v' * limit}"]
    assert found["al"][0].endswith(f" :{'v' * limit}")


def test_an_auditorium_shows_nobody_whom_it_hides(world: World) -> None:
    world.irc("op", rooms="#a")
    world.ask("op", "MODE #a +u")
    world.ask("two", "JOIN #a")
    world.ask("al", "METADATA * SET avatar x", "JOIN #a")
    assert set(world.send("al", "METADATA * SET avatar y")) == {"al"}
    found = bodies(world.ask("two", "METADATA #a SYNC"))
    assert found == ["BATCH + metadata #a", "BATCH -"]
    world.ask("op", "METADATA * SUB avatar", "CAP REQ :draft/metadata-2")
    assert set(world.send("al", "METADATA * SET avatar z")) == {"al", "op"}


# --- On joining


def test_who_joins_is_told_what_is_there(world: World) -> None:
    world.ask("al", "METADATA * SET avatar x", "METADATA * SET color red", "JOIN #a")
    world.ask("al", "METADATA #a SET description d")
    found = bodies(world.ask("two", "JOIN #a"))
    assert found[-4:] == [
        "BATCH + metadata #a",
        "METADATA #a description * :d",
        "METADATA al avatar * :x",
        "BATCH -",
    ]
    found = bodies(world.ask("three", "JOIN #a"))
    assert found[-4:] == [
        "BATCH + metadata #a",
        "761 three #a description * :d",
        "761 three al avatar * :x",
        "BATCH -",
    ]


def test_everything_in_a_batch_is_tagged_with_it(world: World) -> None:
    world.ask("al", "METADATA * SET avatar x", "JOIN #a")
    begin, line, _ = world.ask("two", "JOIN #a")[-3:]
    assert line.startswith(f"@batch={begin.split(' ')[2][1:]} ")


def test_who_is_subscribed_to_nothing_is_told_so_in_version_3_only(world: World) -> None:
    world.ask("al", "METADATA * SET avatar x", "JOIN #a")
    world.irc("bo", caps=TWO)
    assert codes(world.ask("bo", "JOIN #a"))[-1] == "366"
    world.irc("cy", caps=THREE)
    assert bodies(world.ask("cy", "JOIN #a"))[-2:] == ["BATCH + metadata #a", "BATCH -"]


def test_members_are_told_of_who_joins(world: World) -> None:
    world.ask("al", "METADATA * SET avatar x", "METADATA * SET color red")
    for name in ("two", "three", "old"):
        world.ask(name, "JOIN #a,#b")
    found = world.send("al", "JOIN #a")
    assert found["two"] == [f"{prefix('al')} JOIN #a", f":{SERVER} METADATA al avatar * :x"]
    assert found["three"][1:] == [f":{SERVER} 761 three al avatar * :x"]
    assert codes(found["old"]) == ["JOIN"]
    # They know it by now.
    found = world.send("al", "JOIN #b")
    assert codes(found["two"]) == codes(found["three"]) == ["JOIN"]


def crowded(caps: str = "") -> World:
    """Return a world with a room of many, who all have an avatar, and al outside."""
    world = World()
    world.irc("al", caps=caps)
    world.irc("u0", rooms="#a")
    channel = world.core.state.channels["#a"]
    for number in range(1, MANY):
        world.irc(f"u{number}")
        rooms.enter(world.core.state.users[world.ids[f"u{number}"]], channel, 0)
    for member in channel.members:
        member.metadata = {"avatar": f"of {member.nickname}"}
    return world


@pytest.mark.parametrize(("caps", "rest"), [(TWO, ""), (THREE, " :ask again in 1 seconds")])
def test_of_a_large_channel_it_is_told_later(caps: str, rest: str) -> None:
    world = crowded(caps)
    world.ask("al", "METADATA * SUB avatar")
    assert world.ask("al", "JOIN #a")[-1] == f":{SERVER} 774 al #a 1{rest}"
    found = bodies(world.ask("al", "METADATA #a SYNC"))
    assert len(found) == MANY + 2
    assert (found[0], found[-1]) == ("BATCH + metadata #a", "BATCH -")


def test_a_sync_is_sent_as_fast_as_it_is_taken() -> None:
    world = crowded(TWO)
    world.ask("al", "METADATA * SUB avatar", "JOIN #a")
    world.slow = True
    first = world.ask("al", "METADATA #a SYNC", "PING x")
    assert len(first) == world.core.context.page_size + 1
    # What is so by then: somebody has left, somebody has another name and another avatar.
    last, former = f"u{MANY - 1}", f"u{MANY - 2}"
    world.quit(last)
    world.send(former, "NICK other", "METADATA * SET avatar new")
    rest = world.complete(True)["al"]
    assert not any(f" {last} " in line or f" {former} " in line for line in rest)
    assert any(" METADATA other avatar * :new" in line for line in rest)
    assert codes(rest)[-2:] == ["BATCH", "PONG"]


def test_a_sync_ends_where_its_reader_is_no_member_any_more() -> None:
    world = crowded(TWO)
    world.ask("al", "METADATA * SUB avatar", "JOIN #a")
    world.slow = True
    world.ask("al", "METADATA #a SYNC")
    world.send("u0", "KICK #a al")
    assert bodies(world.complete(True)["al"]) == ["BATCH -"]


def test_what_many_are_told_counts_as_more_lines() -> None:
    world = crowded(TWO)
    for number in range(MANY):
        world.ask(f"u{number}", "CAP REQ :draft/metadata-2", "METADATA * SUB avatar")
    world.ask("al", "METADATA * SET avatar x")
    effects = world.turn([world.lines("al", "JOIN #a")])
    assert effects.charges == [world.ids["al"]]
    assert len(effects.outputs) == MANY + 1


def test_steps_end_in_time_however_many_keys_somebody_has() -> None:
    world = crowded(TWO)
    keys = [f"k{number}" for number in range(20)]
    for number in range(MANY):
        world.ask(f"u{number}", "CAP REQ :draft/metadata-2", f"METADATA * SUB {' '.join(keys)}")
    for key in keys:
        world.ask("al", f"METADATA * SET {key} x")
    costs: list[int] = []
    found = world.core.step([world.lines("al", "JOIN #a")], world.now)
    told = found.shown
    while world.core.busy:
        costs.append(world.core.context.output.cost)
        told += world.core.step([], world.now).shown
    assert max(costs, default=0) < BUDGET
    assert told >= MANY * len(keys)
    assert found.shown < MANY * len(keys)


# --- MONITOR, SUB, registration


def test_who_monitors_somebody_is_told_what_they_have(world: World) -> None:
    world.ask("al", "METADATA * SET avatar x")
    assert bodies(world.ask("two", "MONITOR + al,old,nobody")) == [
        "730 two :al!~al@10.0.0.1,old!~old@10.0.0.1",
        "731 two :nobody",
        "BATCH + metadata al",
        "METADATA al avatar * :x",
        "BATCH -",
    ]
    # In version 3 of everybody who is here.
    assert bodies(world.ask("three", "MONITOR + al,old"))[1:] == [
        "BATCH + metadata al",
        "761 three al avatar * :x",
        "BATCH -",
        "BATCH + metadata old",
        "BATCH -",
    ]


def test_who_waits_for_a_nickname_is_told_what_its_holder_has(world: World) -> None:
    world.ask("two", "MONITOR + bo")
    world.ask("three", "MONITOR + bo")
    world.ask("al", "METADATA * SET avatar x")
    found = world.send("al", "NICK bo")
    assert bodies(found["two"]) == [
        "730 * :bo!~al@10.0.0.1",
        "BATCH + metadata bo",
        "METADATA bo avatar * :x",
        "BATCH -",
    ]
    assert bodies(found["three"])[2] == "761 three bo avatar * :x"
    world.ask("al", "NICK al")
    world.step(world.add("bo"))
    world.send("bo", "CAP REQ :draft/metadata-2", "METADATA * SET avatar z", "NICK bo")
    found = world.send("bo", "USER bo 0 * :x", "CAP END")
    assert bodies(found["two"])[2] == "METADATA bo avatar * :z"


def test_who_subscribes_is_told_what_is_there(world: World) -> None:
    world.ask("al", "METADATA * SET status here", "JOIN #a")
    world.ask("al", "METADATA #a SET status open")
    world.irc("bo", caps=TWO, rooms="#a")
    world.ask("bo", "METADATA * SET status new", "MONITOR + old")
    world.ask("old", "METADATA * SET status gone")
    assert bodies(world.ask("bo", "METADATA * SUB status color")) == [
        "770 bo status color",
        "METADATA bo status * :new",
        "METADATA old status * :gone",
        "METADATA #a status * :open",
        "METADATA al status * :here",
    ]
    assert bodies(world.ask("bo", "METADATA * SUB status")) == ["770 bo status"]


def test_in_version_3_who_subscribes_is_told_to_ask(world: World) -> None:
    world.ask("al", "METADATA * SET status here", "JOIN #a")
    world.irc("bo", caps=THREE, rooms="#a")
    assert bodies(world.ask("bo", "METADATA * SUB status"))[1] == (
        "774 bo *ALL 0 :ask for what there is with SYNC"
    )
    assert bodies(world.ask("bo", "METADATA * SUB status")) == ["770 bo status"]
    world.ask("bo", "METADATA * SET status new", "JOIN #b", "MONITOR + old")
    world.send("al", "JOIN #b")
    world.ask("old", "METADATA * SET status gone")
    assert bodies(world.ask("bo", "METADATA *ALL SYNC")) == [
        "BATCH + metadata *ALL",
        "761 bo bo status * :new",
        "761 bo old status * :gone",
        "761 bo al status * :here",
        "BATCH -",
    ]


def test_of_large_channels_who_subscribes_is_told_later() -> None:
    world = crowded(TWO)
    world.ask("al", "JOIN #a,#b")
    assert world.ask("al", "METADATA * SUB avatar") == [
        f":{SERVER} 770 al avatar",
        f":{SERVER} 774 al #a 1",
    ]


def test_who_is_registered_is_told_what_they_have() -> None:
    world = World()
    lines = world.step(
        world.add("al"),
        world.lines(
            "al",
            f"CAP REQ :{TWO}",
            "METADATA * SET status :a b",
            "NICK al",
            "USER al 0 * :x",
            "CAP END",
        ),
    )["al"]
    found = bodies(lines)
    assert found[1] == "761 * * status * :a b"
    place = found.index("BATCH + metadata al")
    assert found[place + 1 : place + 4] == [
        "METADATA al status * :a b",
        "BATCH -",
        "422 al :MOTD File is missing",
    ]
    found = bodies(world.irc("bo", caps=THREE))
    assert found[-3:-1] == ["BATCH + metadata bo", "BATCH -"]
    assert "BATCH" not in codes(world.irc("cy", caps="batch"))


def test_without_batches_there_are_none() -> None:
    world = World()
    world.irc("al", caps="draft/metadata-2")
    world.ask("al", "METADATA * SET avatar x")
    assert world.ask("al", "METADATA * LIST") == [f":{SERVER} 761 al al avatar * :x"]


def test_who_gives_the_capability_back_is_told_nothing(world: World) -> None:
    world.ask("al", "JOIN #a")
    world.ask("two", "JOIN #a", "CAP REQ :-draft/metadata-2")
    assert set(world.send("al", "METADATA * SET avatar x")) == {"al"}
    world.ask("two", "CAP REQ :draft/metadata-2")
    assert set(world.send("al", "METADATA * SET avatar y")) == {"al"}


def test_with_both_version_3_counts(world: World) -> None:
    world.ask("two", "CAP REQ :draft/metadata-3", "JOIN #a")
    world.ask("al", "JOIN #a")
    assert world.send("al", "METADATA * SET avatar x")["two"] == [
        f":{SERVER} 761 two al avatar * :x"
    ]
    # To give one of them back is to go on with the other.
    world.ask("two", "CAP REQ :-draft/metadata-3")
    assert world.send("al", "METADATA * SET avatar y")["two"] == [
        f"{prefix('al')} METADATA al avatar * :y"
    ]


def test_people_are_told_nothing(world: World) -> None:
    world.person("pat")
    world.ask("al", "JOIN #lobby")
    assert set(world.send("al", "METADATA * SET avatar x")) == {"al"}
    assert world.ask("pat", "/join #a") == ["22:13 You are in #a", "In #a: @pat"]


def test_who_comes_into_view_in_an_auditorium_is_told_of(world: World) -> None:
    world.irc("op", rooms="#a")
    world.ask("op", "MODE #a +u")
    world.ask("two", "JOIN #a")
    world.ask("al", "METADATA * SET avatar x", "JOIN #a")
    found = world.send("op", "MODE #a +v al")
    assert f":{SERVER} METADATA al avatar * :x" in found["two"]
    assert [code for code in codes(found["two"]) if code != "MODE"] == ["JOIN", "METADATA"]
    # Who is to see everybody is told of everybody.
    world.ask("op", "MODE #a -v al")
    found = world.send("op", "MODE #a +o two")
    assert bodies(found["two"])[-3:] == [
        "BATCH + metadata #a",
        "METADATA al avatar * :x",
        "BATCH -",
    ]


def test_of_many_who_come_into_view_one_is_told_later() -> None:
    world = crowded(TWO)
    world.ask("al", "METADATA * SUB avatar", "JOIN #a")
    world.ask("u0", "MODE #a +u")
    channel = world.core.state.channels["#a"]
    channel.known.clear()
    found = world.send("u0", f"MODE #a +{'v' * 20} {' '.join(f'u{n}' for n in range(1, 21))}")
    assert codes(found["al"]).count("METADATA") == 20
    found = world.send("u0", "MODE #a -u")
    assert codes(found["al"])[-1] == "774"
