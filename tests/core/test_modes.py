"""MODE, for channels and users, and what the tables say of themselves."""

from __future__ import annotations

import pytest

from tests.core.world import SERVER, START, World, codes, prefix
from trio_chat.core import modes
from trio_chat.core.isupport import MODES
from trio_chat.core.settings import Limits, Settings


@pytest.fixture
def world() -> World:
    world = World()
    world.irc("op", rooms="#a")
    world.irc("al", rooms="#a")
    return world


def modes_of(world: World) -> str:
    return world.ask("op", "MODE #a")[0].removeprefix(f":{SERVER} 324 op #a ")


def test_a_new_channels_modes_and_its_age(world: World) -> None:
    assert world.ask("op", "MODE #a") == [
        f":{SERVER} 324 op #a +nt",
        f":{SERVER} 329 op #a {int(START)}",
    ]


@pytest.mark.parametrize(
    ("change", "shown", "after"),
    [
        ("+m", "+m", "+mnt"),
        ("-n+m", "-n+m", "+mt"),
        ("m", "+m", "+mnt"),
        ("+n", "", "+nt"),
        ("+l 12", "+l 12", "+lnt 12"),
        ("+kl key 5", "+kl key 5", "+klnt key 5"),
        ("+i-i+s", "+i-i+s", "+nst"),
    ],
)
def test_flags_and_parameters(world: World, change: str, shown: str, after: str) -> None:
    found = world.send("op", f"MODE #a {change}")
    line = [f"{prefix('op')} MODE #a {shown}"] if shown else []
    assert found.get("op", []) == found.get("al", []) == line
    assert modes_of(world) == after


def test_taking_away_key_and_limit(world: World) -> None:
    world.ask("op", "MODE #a +kl secret 5")
    assert world.ask("op", "MODE #a +kl secret 5") == []
    assert world.ask("op", "MODE #a -k", "MODE #a -l") == [
        f"{prefix('op')} MODE #a -k secret",
        f"{prefix('op')} MODE #a -l",
    ]
    assert world.ask("op", "MODE #a -kl x") == []
    assert modes_of(world) == "+nt"


def test_the_key_is_shown_to_members_only(world: World) -> None:
    world.ask("op", "MODE #a +k secret")
    world.irc("out")
    assert world.ask("out", "MODE #a")[0] == f":{SERVER} 324 out #a +knt *"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("MODE #a +X", ["472"]),
        ("MODE #a +Xm", ["472", "MODE"]),
        ("MODE #a +l", []),
        ("MODE #a +l :", ["696"]),
        ("MODE #a +l x", ["696"]),
        ("MODE #a +l 0", ["696"]),
        ("MODE #a +l -1", ["696"]),
        ("MODE #a +k", []),
        ("MODE #a +k :", ["696"]),
        ("MODE #a +mk", ["MODE"]),
        ("MODE #a +km :", ["696", "MODE"]),
        ("MODE #a +f", []),
        ("MODE #a +f :", ["696"]),
        ("MODE #a +b :", ["696"]),
        ("MODE #a -b :", ["696"]),
        ("MODE #a +b", ["368"]),
        ("MODE #a +k :a b", ["525"]),
        ("MODE #a +k " + "x" * 33, ["525"]),
        ("MODE #a +o", []),
        ("MODE #a -v", []),
        ("MODE #a +o :", ["696"]),
        ("MODE #a +o nobody", ["401"]),
        ("MODE #a +o out", ["441"]),
        ("MODE #none +m", ["403"]),
        ("MODE #none", ["403"]),
    ],
)
def test_what_goes_wrong(world: World, line: str, expected: list[str]) -> None:
    world.irc("out")
    assert codes(world.ask("op", line)) == expected


def test_an_empty_parameter_is_shown_as_a_star(world: World) -> None:
    assert world.ask("op", "MODE #a +k :") == [
        f":{SERVER} 696 op #a k * :A parameter can not be empty"
    ]
    assert world.ask("al", "MODE #a +k :") == [f":{SERVER} 482 al #a :You're not channel operator"]


def test_a_key_is_removed_whatever_is_given(world: World) -> None:
    for line in ("MODE #a -k", "MODE #a -k :", "MODE #a -k other"):
        world.ask("op", "MODE #a +k secret")
        assert world.ask("op", line) == [f"{prefix('op')} MODE #a -k secret"]


def test_who_has_no_standing_is_told_once_and_can_still_look(world: World) -> None:
    assert codes(world.ask("al", "MODE #a +mi-n")) == ["482"]
    assert codes(world.ask("al", "MODE #a b", "MODE #a +e", "MODE #a I")) == ["368", "349", "347"]
    assert modes_of(world) == "+nt"


def test_standings_come_from_above(world: World) -> None:
    world.irc("bo", rooms="#a")
    assert world.ask("op", "MODE #a +hv al al") == [f"{prefix('op')} MODE #a +hv al al"]
    assert codes(world.ask("al", "MODE #a +o bo")) == ["482"]
    assert codes(world.ask("al", "MODE #a +v bo")) == ["MODE"]
    assert codes(world.ask("op", "MODE #a +q op")) == ["482"]
    assert codes(world.ask("al", "MODE #a -h al")) == ["MODE"]
    assert codes(world.ask("al", "MODE #a -v bo")) == ["482"]


def test_as_many_standings_are_changed_at_once_as_is_said(world: World) -> None:
    letters = "+v-v" * (MODES // 2)
    found = world.send("op", f"MODE #a {letters}+omb{'v' * 9} {' '.join(['al'] * 21)} x")
    shown = [f"{letters}+mb", *["al"] * MODES, "x!*@*"]
    assert found["op"] == found["al"] == [f"{prefix('op')} MODE #a {' '.join(shown)}"]
    assert codes(world.ask("op", f"MODE #a +{'o' * 30} {' '.join(['none'] * 30)}")) == (
        ["401"] * MODES
    )
    # Masks are no standings.
    masks = [f"m{number}!*@*" for number in range(MODES + 5)]
    world.ask("op", f"MODE #a +{'b' * len(masks)} {' '.join(masks)}")
    assert world.ask("op", f"MODE #a -{'b' * len(masks)} {' '.join(masks)}") == [
        f"{prefix('op')} MODE #a -{'b' * len(masks)} {' '.join(masks)}"
    ]


def test_lists(world: World) -> None:
    found = world.send("op", "MODE #a +bbe evil bad@host *!*@good")
    line = f"{prefix('op')} MODE #a +bbe evil!*@* *!bad@host *!*@good"
    assert found["al"] == [line]
    assert world.ask("al", "MODE #a b") == [
        f":{SERVER} 367 al #a evil!*@* op!~op@10.0.0.1 {int(START)}",
        f":{SERVER} 367 al #a *!bad@host op!~op@10.0.0.1 {int(START)}",
        f":{SERVER} 368 al #a :End of channel ban list",
    ]
    # Twice the same, and what is not there, changes nothing.
    assert world.ask("op", "MODE #a +b EVIL", "MODE #a -b other") == []
    assert world.ask("op", "MODE #a -b EVIL!*@*") == [f"{prefix('op')} MODE #a -b evil!*@*"]
    assert codes(world.ask("op", "MODE #a b")) == ["367", "368"]


def test_a_list_has_an_end() -> None:
    world = World(Settings(name=SERVER, limits=Limits(list_entries=2)))
    world.irc("op", rooms="#a")
    assert codes(world.ask("op", "MODE #a +bbb a b c")) == ["478", "MODE"]
    assert codes(world.ask("op", "MODE #a b")) == ["367", "367", "368"]


def test_many_changes_are_shown_in_lines_that_fit(world: World) -> None:
    masks = [f"{'x' * 40}{number}!*@*" for number in range(9)]
    world.ask("op", f"NICK {'ö' * 32}")
    lines = world.send("op", f"MODE #a +{'b' * 9} {' '.join(masks)}")["al"]
    assert len(lines) > 1
    assert all(len(line.encode()) <= 510 for line in lines)
    assert [word for line in lines for word in line.split()[4:]] == masks


def test_user_modes(world: World) -> None:
    assert world.ask("al", "MODE al") == [f":{SERVER} 221 al +"]
    assert world.ask("al", "MODE AL +i") == [f"{prefix('al')} MODE al +i"]
    assert world.ask("al", "MODE al +i") == []
    assert world.ask("al", "MODE al") == [f":{SERVER} 221 al +i"]
    assert codes(world.ask("al", "MODE al +iX-i")) == ["MODE", "501"]
    # Nobody makes themselves an operator.
    assert world.ask("al", "MODE al +o") == []
    assert codes(world.ask("al", "MODE op +i", "MODE nobody")) == ["502", "401"]


def test_tables_agree_with_what_is_advertised(world: World) -> None:
    welcome = world.irc("new")
    isupport = " ".join(line for line in welcome if " 005 " in line)
    assert " CHANMODES=Ibe,k,fl,CMRimnstu " in isupport
    assert " PREFIX=(qaohv)~&@%+ " in isupport
    assert len({row.bit for row in modes.CHANNEL_MODES.values() if row.bit}) == len(
        [row for row in modes.CHANNEL_MODES.values() if row.bit]
    )
    for row in modes.CHANNEL_MODES.values():
        assert row.letter in welcome[3].split()[6]


def test_a_mask_that_is_too_long_is_refused_and_not_cut(world: World) -> None:
    mask = f"{'n' * 90}!*@some.host.example.org"
    assert world.ask("op", f"MODE #a +b {mask}") == [f"{prefix('op')} MODE #a +b {mask}"]
    assert codes(world.ask("op", f"MODE #a +b {'x' * 300}", "MODE #a +b :a b")) == ["696", "696"]


def test_what_is_unknown_is_said_once(world: World) -> None:
    assert world.ask("al", "MODE #a +zzZz")[:2] == [
        f":{SERVER} 472 al z :is unknown mode char to me",
        f":{SERVER} 472 al Z :is unknown mode char to me",
    ]


def test_only_owners_make_owners(world: World) -> None:
    (line,) = world.ask("op", "MODE #a +q op")
    assert line == f":{SERVER} 482 op #a :You're not channel owner"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("198.51.100.9", "*!*@198.51.100.9"),
        ("*!*@198.51.100.0/24", "*!*@198.51.100.0/24"),
        ("198.51.100.*", "*!*@198.51.100.*"),
        ("*!*@::ffff:198.51.100.9", "*!*@198.51.100.9"),
        ("~m:198.51.100.0/24", "~m:*!*@198.51.100.0/24"),
    ],
)
def test_a_mask_of_addresses(typed: str, shown: str) -> None:
    world = World()
    world.irc("op", rooms="#a")
    assert world.ask("op", f"MODE #a +b {typed}") == [f"{prefix('op')} MODE #a +b {shown}"]
    world.step(
        world.add("far", host="198.51.100.9"),
        world.lines("far", "NICK far", "USER far 0 * :x", "JOIN #a", "PRIVMSG #a :x"),
    )
    found = codes(world.ask("far", "JOIN #a", "PRIVMSG #a :x"))
    assert found == (["404"] if shown[0] == "~" else ["474", "404"])
    # Any spelling takes it away again.
    assert world.ask("op", f"MODE #a -b {typed}") == [f"{prefix('op')} MODE #a -b {shown}"]
    assert codes(world.ask("far", "JOIN #a", "PRIVMSG #a :x"))[-1:] != ["404"]


@pytest.mark.parametrize("letter", "beI")
def test_a_mask_of_ipv6(letter: str) -> None:
    world = World()
    world.irc("op", rooms="#a")
    for typed in ("*!*@::1", "::1", "*!*@[0:0:0:0:0:0:0:1]", "0::1"):
        for sign in "+-":
            line = f"{prefix('op')} MODE #a {sign}{letter} *!*@0::1"
            assert world.ask("op", f"MODE #a {sign}{letter} {typed}") == [line]
    (line,) = world.ask("op", f"MODE #a +{letter} 198.51.100.9/24")
    assert line == (
        f":{SERVER} 696 op #a {letter} 198.51.100.9/24 :The host of a mask is a name, "
        "or a network or an address, such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32"
    )
