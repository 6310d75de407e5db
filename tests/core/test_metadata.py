"""METADATA as clients of either version are answered."""

from __future__ import annotations

import pytest

from tests.core.test_syncing import bodies
from tests.core.world import SERVER, World, codes
from trio_chat.core import modes, rooms
from trio_chat.core.settings import Limits, Settings

TWO, THREE = "batch draft/metadata-2", "batch draft/metadata-3"
LIMITS = Limits(metadata_keys=3, metadata_value=10, metadata_subs=3)


@pytest.fixture
def world() -> World:
    world = World(Settings(name=SERVER, limits=LIMITS))
    world.irc("two", caps=TWO, rooms="#a")
    world.irc("three", caps=THREE, rooms="#b")
    return world


def ask(world: World, name: str, line: str) -> list[str]:
    return bodies(world.ask(name, f"METADATA {line}"))


@pytest.mark.parametrize("name", ["two", "three"])
def test_set_get_list(world: World, name: str) -> None:
    assert ask(world, name, "* SET avatar :x y") == [f"761 {name} {name} avatar * :x y"]
    assert ask(world, name, f"{name.upper()} SET color red") == [f"761 {name} {name} color * :red"]
    assert ask(world, name, "* GET color nothing avatar") == [
        f"BATCH + metadata {name}",
        f"761 {name} {name} color * :red",
        f"766 {name} {name} nothing :key not set",
        f"761 {name} {name} avatar * :x y",
        "BATCH -",
    ]
    assert ask(world, name, "* list") == [
        f"BATCH + metadata {name}",
        f"761 {name} {name} avatar * :x y",
        f"761 {name} {name} color * :red",
        "BATCH -",
    ]
    assert ask(world, name, "* SET color") == [f"766 {name} {name} color :key not set"]


def test_an_empty_value_is_one_in_version_2_and_none_in_version_3(world: World) -> None:
    assert ask(world, "two", "* SET avatar :") == ["761 two two avatar * :"]
    ask(world, "three", "* SET avatar x")
    assert ask(world, "three", "* SET avatar :") == ["766 three three avatar :key not set"]


def test_what_is_not_set_can_be_removed_in_version_3(world: World) -> None:
    assert ask(world, "two", "* SET avatar") == [
        "FAIL METADATA KEY_NOT_SET two avatar :That key is not set"
    ]
    assert ask(world, "three", "* SET avatar") == ["766 three three avatar :key not set"]


BAD_KEY = "A key has a-z, 0-9 and _ . / - only"
BAD_VALUE = "A value has at most 10 bytes, and no control characters"
TARGET = "There is no such user or channel"
DENIED = "You do not have permission to do that"


@pytest.mark.parametrize(
    ("line", "two", "three"),
    [
        ("* SET $url$ x", f"KEY_INVALID $url$ :{BAD_KEY}", f"INVALID_KEY $url$ :{BAD_KEY}"),
        ("* SET :a b", f"KEY_INVALID a_b :{BAD_KEY}", f"INVALID_KEY a_b :{BAD_KEY}"),
        (
            f"* SET avatar {'x' * 11}",
            f"VALUE_INVALID :{BAD_VALUE}",
            f"INVALID_VALUE avatar :{BAD_VALUE}",
        ),
        (
            "* SET avatar :a\tb",
            f"VALUE_INVALID :{BAD_VALUE}",
            f"INVALID_VALUE avatar :{BAD_VALUE}",
        ),
        ("nobody SET avatar x", f"INVALID_TARGET nobody :{TARGET}", None),
        ("$a:user SET avatar x", f"INVALID_TARGET $a:user :{TARGET}", None),
        ("nobody LIST", f"INVALID_TARGET nobody :{TARGET}", None),
        ("#nowhere GET a", f"INVALID_TARGET #nowhere :{TARGET}", None),
        ("#nowhere CLEAR", f"INVALID_TARGET #nowhere :{TARGET}", None),
        ("#nowhere SYNC", f"INVALID_TARGET #nowhere :{TARGET}", None),
        ("bo SUB avatar", f"INVALID_TARGET bo :{TARGET}", None),
        ("bo UNSUB avatar", f"INVALID_TARGET bo :{TARGET}", None),
        ("bo SUBS", f"INVALID_TARGET bo :{TARGET}", None),
        ("bo SET avatar x", f"KEY_NO_PERMISSION bo avatar :{DENIED}", None),
        ("bo CLEAR", f"KEY_NO_PERMISSION bo * :{DENIED}", None),
        ("#c SET avatar x", f"KEY_NO_PERMISSION #c avatar :{DENIED}", None),
        ("#C CLEAR", f"KEY_NO_PERMISSION #c * :{DENIED}", None),
        (
            "* sneeze",
            "SUBCOMMAND_INVALID sneeze :There is no such subcommand",
            "INVALID_PARAMS sneeze :There is no such subcommand",
        ),
        (
            "#c :: hi!",
            "SUBCOMMAND_INVALID * :There is no such subcommand",
            "INVALID_PARAMS * :There is no such subcommand",
        ),
    ],
)
def test_refusals(world: World, line: str, two: str, three: str | None) -> None:
    world.irc("bo", rooms="#c")
    for name in ("two", "three"):
        world.ask(name, "JOIN #c")
    assert ask(world, "two", line) == [f"FAIL METADATA {two}"]
    assert ask(world, "three", line) == [f"FAIL METADATA {three or two}"]


@pytest.mark.parametrize("line", ["", "*", "* GET", "* SET", "* SUB", "* UNSUB"])
def test_too_few_parameters(world: World, line: str) -> None:
    assert ask(world, "two", line) == ["461 two METADATA :Not enough parameters"]
    shown = line[2:] or "*"
    assert ask(world, "three", line) == [
        f"FAIL METADATA INVALID_PARAMS {shown} :Not enough parameters"
    ]


@pytest.mark.parametrize(
    "line", ["* LIST x", "* SET avatar x y", "* CLEAR x", "* SYNC x", "* SUBS x"]
)
def test_too_many_parameters(world: World, line: str) -> None:
    assert ask(world, "three", line) == [
        f"FAIL METADATA INVALID_PARAMS {line.split(' ')[1]} :Too many parameters"
    ]


def test_there_are_so_many_keys_and_no_more(world: World) -> None:
    for name in ("two", "three"):
        for key in "abc":
            assert codes(world.ask(name, f"METADATA * SET {key} x")) == ["761"]
        assert codes(world.ask(name, "METADATA * SET a y")) == ["761"]
    text = "There can be 3 keys, and no more"
    assert ask(world, "two", "* SET d x") == [f"FAIL METADATA LIMIT_REACHED two :{text}"]
    assert ask(world, "three", "* SET d x") == [f"FAIL METADATA LIMIT_REACHED three 3 :{text}"]


def test_what_is_wrong_with_a_key_stands_in_its_place(world: World) -> None:
    for name, wrong in (
        ("two", "FAIL METADATA KEY_INVALID"),
        ("three", "WARN METADATA INVALID_KEY"),
    ):
        assert ask(world, name, "* GET a B c") == [
            f"BATCH + metadata {name}",
            f"766 {name} {name} a :key not set",
            f"{wrong} B :{BAD_KEY}",
            f"766 {name} {name} c :key not set",
            "BATCH -",
        ]


def test_clear(world: World) -> None:
    for name, answer in (
        ("two", "761 two two {} * :"),
        ("three", "766 three three {} :key not set"),
    ):
        ask(world, name, "* SET b x")
        ask(world, name, "* SET a x")
        assert ask(world, name, "* CLEAR") == [
            f"BATCH + metadata {name}",
            answer.format("a"),
            answer.format("b"),
            "BATCH -",
        ]
        assert ask(world, name, "* CLEAR") == [f"BATCH + metadata {name}", "BATCH -"]


# --- Who may what


def test_who_is_not_in_a_channel_does_not_see_what_is_said_of_it(world: World) -> None:
    ask(world, "two", "#a SET description d")
    for name, kind in (("three", "WARN"), ("bo", "FAIL")):
        if name == "bo":
            world.irc("bo", caps=TWO)
        denied = f"{kind} METADATA KEY_NO_PERMISSION #a"
        batch = ["BATCH + metadata #a", "BATCH -"]
        for line, shown in (("GET description", "description"), ("LIST", "*"), ("SYNC", "*")):
            found = ask(world, name, f"#a {line}")
            assert found == [batch[0], f"{denied} {shown} :{DENIED}", batch[1]]
        assert ask(world, name, "#a SET description x") == [
            f"FAIL METADATA KEY_NO_PERMISSION #a description :{DENIED}"
        ]


def test_a_secret_channel_is_not_known_to_be_there(world: World) -> None:
    world.ask("two", "MODE #a +s")
    ask(world, "two", "#a SET description d")
    for line in ("GET description", "LIST", "SYNC", "SET a b", "CLEAR"):
        assert ask(world, "three", f"#a {line}") == [f"FAIL METADATA INVALID_TARGET #a :{TARGET}"]


def test_operators_of_a_channel_say_what_it_is(world: World) -> None:
    world.irc("bo", caps=TWO, rooms="#a")
    assert codes(world.ask("bo", "METADATA #a SET description d")) == ["FAIL"]
    world.ask("two", "MODE #a +h bo")
    assert codes(world.ask("bo", "METADATA #a SET description d")) == ["FAIL"]
    world.ask("two", "MODE #a +o bo")
    assert ask(world, "bo", "#A SET description d") == ["761 bo #a description * :d"]
    assert ask(world, "two", "#a LIST")[1] == "761 two #a description * :d"


def test_operators_of_the_server_see_and_set_everything(world: World) -> None:
    world.ask("two", "MODE #a +s")
    ask(world, "two", "#a SET description d")
    ask(world, "two", "* SET avatar x")
    user = world.core.state.users[world.ids["three"]]
    rooms.set_user_modes(world.core.state, user, modes.OPERATOR)
    ask(world, "three", "* SUB description")
    for line in ("GET description", "LIST", "SYNC"):
        assert ask(world, "three", f"#a {line}")[1] == "761 three #a description * :d"
    assert ask(world, "three", "#a SET description e") == ["761 three #a description * :e"]
    assert ask(world, "three", "two CLEAR")[1] == "766 three two avatar :key not set"


# --- Subscriptions


def test_sub_unsub_subs(world: World) -> None:
    assert ask(world, "two", "* SUB avatar color avatar") == ["770 two avatar color"]
    assert ask(world, "two", "* SUBS") == [
        "BATCH + metadata-subs",
        "772 two avatar color",
        "BATCH -",
    ]
    assert ask(world, "two", "TWO UNSUB color nothing color") == ["771 two color nothing"]
    assert ask(world, "two", "* SUBS")[1] == "772 two avatar"
    ask(world, "two", "* UNSUB avatar")
    assert ask(world, "two", "* SUBS") == ["BATCH + metadata-subs", "BATCH -"]


def test_subscriptions_are_made_in_order_as_far_as_there_is_room(world: World) -> None:
    text = "There can be 3 subscriptions, and no more"
    assert ask(world, "two", "* SUB a $b c d e a") == [
        "770 two a c d",
        f"FAIL METADATA KEY_INVALID $b :{BAD_KEY}",
        f"FAIL METADATA TOO_MANY_SUBS e :{text}",
    ]
    # What is there already takes no room.
    assert ask(world, "two", "* SUB d e") == ["770 two d", f"FAIL METADATA TOO_MANY_SUBS e :{text}"]
    assert ask(world, "three", "* SUB a $b c d e a")[:3] == [
        "770 three a c d",
        f"WARN METADATA INVALID_KEY $b :{BAD_KEY}",
        f"FAIL METADATA LIMIT_REACHED e 3 :{text}",
    ]
    assert ask(world, "three", "* UNSUB $b a") == [
        "771 three a",
        f"WARN METADATA INVALID_KEY $b :{BAD_KEY}",
    ]


def test_a_list_of_keys_has_no_more_in_a_line_than_clients_read() -> None:
    world = World()
    world.irc("al", caps=TWO)
    keys = [f"key{number}" for number in range(30)]
    lines = ask(world, "al", f"* SUB {' '.join(keys)}")
    assert [len(line.split(" ")) for line in lines] == [14, 14, 8]
    assert [word for line in lines for word in line.split(" ")[2:]] == keys
    long = [f"{'k' * 60}{number}" for number in range(5)]
    world.ask("al", f"METADATA * SUB {' '.join(long)}")
    lines = ask(world, "al", "* SUBS")[1:-1]
    assert [word for line in lines for word in line.split(" ")[2:]] == keys + long


def test_subscriptions_go_with_the_client(world: World) -> None:
    ask(world, "two", "* SUB avatar")
    world.quit("two")
    assert not world.core.state.subscriptions.watchers("avatar")


# --- While connecting


def test_before_registration_there_is_oneself_only(world: World) -> None:
    world.step(world.add("bo"))
    assert world.ask("bo", "METADATA * LIST") == [f":{SERVER} 451 * :You have not registered"]
    world.ask("bo", f"CAP REQ :{TWO}", "NICK bo")
    assert ask(world, "bo", "* SET avatar x") == ["761 bo * avatar * :x"]
    assert ask(world, "bo", "* LIST") == [
        "BATCH + metadata *",
        "761 bo * avatar * :x",
        "BATCH -",
    ]
    for target in ("bo", "two", "#a"):
        assert ask(world, "bo", f"{target} LIST") == [
            f"FAIL METADATA INVALID_TARGET {target} :{TARGET}"
        ]
    assert ask(world, "bo", "* SUB avatar") == ["770 bo avatar"]
    assert ask(world, "bo", "* SYNC") == [
        "BATCH + metadata *",
        "METADATA * avatar * :x",
        "BATCH -",
    ]


# --- WHOIS


def test_whois_shows_it_to_who_knows_what_it_is(world: World) -> None:
    ask(world, "two", "* SET avatar x")
    ask(world, "two", "* SET pronouns they")
    for name in ("two", "three"):
        found = [line for line in bodies(world.ask(name, "WHOIS two")) if line[:3] == "760"]
        assert found == [f"760 {name} two avatar * :x", f"760 {name} two pronouns * :they"]
    world.irc("bo")
    assert "760" not in codes(world.ask("bo", "WHOIS two"))


def test_people_read_what_is_for_them(world: World) -> None:
    ask(world, "two", "* SET avatar x")
    ask(world, "two", "* SET pronouns they")
    world.person("pat")
    found = world.ask("pat", "/whois two")
    assert "The pronouns of two: they" in found
    assert not any("avatar" in line for line in found)


def test_a_label(world: World) -> None:
    world.ask("two", "CAP REQ labeled-response")
    assert world.ask("two", "@label=1 METADATA * SET a b") == [
        f"@label=1 :{SERVER} 761 two two a * :b"
    ]
    begin, line, end = world.ask("two", "@label=2 METADATA * LIST")
    assert begin.startswith("@label=2 ")
    assert begin.endswith(" metadata two")
    assert line.startswith("@batch=")
    assert codes([end]) == ["BATCH"]
