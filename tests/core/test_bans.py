"""Bans from the server: how long, whom, and what STATS shows of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.core.world import SERVER, START, World, codes, prefix
from trio_chat.core.bans import Ban, Bans, parse_duration
from trio_chat.core.context import PAGE
from trio_chat.core.handlers import bans
from trio_chat.core.modes import OPERATOR
from trio_chat.core.networks import parse_network


@pytest.fixture
def world() -> World:
    world = World()
    world.irc("op", caps="standard-replies")
    world.core.state.users[world.ids["op"]].modes |= OPERATOR
    return world


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 1800),
        ("90s", 90),
        ("1d12h", 129_600),
        ("1y2w3d4h5m6s", 33_019_506),
        ("999999999y", 100 * 31_536_000),
        ("0", None),
        ("0s", None),
        ("", None),
        ("d", None),
        ("1x", None),
        ("-1", None),
        ("1d 2h", None),
        ("١", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


def test_a_ban_ends_with_its_time(world: World) -> None:
    assert world.ask("op", "KLINE 1h *!~bo@* :spam") == [
        f":{SERVER} NOTICE op :*!~bo@* is banned until 2023-11-14 23:13:20 UTC"
    ]
    assert world.ask("op", "STATS k")[0] == (
        f":{SERVER} 216 op K * * ~bo :spam ({prefix('op')[1:]}, until 2023-11-14 23:13:20 UTC)"
    )
    lines = world.irc("bo")
    assert codes(lines) == ["465", "ERROR"]
    assert lines[1] == "ERROR :Closing link (You are banned (spam))"
    world.now = START + 3600
    assert "376" in codes(world.irc("bo2")) or "422" in codes(world.irc("bo3"))
    assert codes(world.irc("bo"))[0] == "001"
    assert codes(world.ask("op", "STATS k", "UNKLINE *!~bo@*")) == ["219", "FAIL"]


def test_a_ban_on_a_network(world: World) -> None:
    world.irc("near")
    connected = msgspec.structs.replace(world.add("far"), address="192.0.2.9")
    world.step(connected, world.lines("far", "NICK far", "USER far 0 * :x"))
    found = world.send("op", "DLINE 192.0.2.0/24 no thanks")
    assert codes(found["far"]) == ["465", "ERROR"]
    assert found["op"] == [f":{SERVER} NOTICE op :192.0.2.0/24 is banned for good"]
    assert world.core.refusal("192.0.2.77", START) == "You are banned (no thanks)"
    assert world.core.refusal("::ffff:192.0.2.77", START) == "You are banned (no thanks)"
    assert world.core.refusal("192.0.3.1", START) == ""
    assert world.core.refusal("", START) == ""
    assert world.ask("op", "STATS D")[0] == (
        f":{SERVER} 225 op D 192.0.2.0/24 :no thanks ({prefix('op')[1:]})"
    )
    assert world.ask("op", "UNDLINE 192.0.2.0/24") == [
        f":{SERVER} NOTICE op :192.0.2.0/24 is not banned any more"
    ]
    assert world.core.refusal("192.0.2.77", START) == ""


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("*@192.0.2.0/24", "*!*@192.0.2.0/24"),
        ("192.0.2.9", "*!*@192.0.2.9"),
        ("192.0.2.*", "*!*@192.0.2.*"),
        ("[::ffff:192.0.2.9]", "*!*@192.0.2.9"),
        ("far!*@192.0.2.8/31", "far!*@192.0.2.8/31"),
    ],
)
@pytest.mark.parametrize("host", ["192.0.2.9", "isp.example"])
def test_a_mask_of_addresses(world: World, typed: str, shown: str, host: str) -> None:
    """As the address is shown, and as it is behind a name that a gateway has given."""
    world.irc("near")
    connected = msgspec.structs.replace(world.add("far", host=host), address="192.0.2.9")
    world.step(connected, world.lines("far", "NICK far", "USER far 0 * :x"))
    found = world.send("op", f"KLINE {typed} no thanks")
    assert found["op"] == [f":{SERVER} NOTICE op :{shown} is banned for good"]
    assert codes(found["far"]) == ["465", "ERROR"]
    assert world.closed == {"far"}
    again = msgspec.structs.replace(world.add("far", host=host), address="192.0.2.9")
    lines = world.step(again, world.lines("far", "NICK far", "USER far 0 * :x"))["far"]
    assert codes(lines) == ["465", "ERROR"]
    assert world.ask("op", f"UNKLINE {typed}") == [
        f":{SERVER} NOTICE op :{shown} is not banned any more"
    ]


def test_a_network_of_ipv4_within_ipv6(world: World) -> None:
    assert world.ask("op", "DLINE ::ffff:192.0.2.0/120") == [
        f":{SERVER} NOTICE op :192.0.2.0/24 is banned for good"
    ]
    assert world.core.refusal("192.0.2.77", START)
    assert world.ask("op", "UNDLINE ::ffff:c000:200/120")[0] == (
        f":{SERVER} NOTICE op :192.0.2.0/24 is not banned any more"
    )


def test_ipv6_in_any_spelling(world: World) -> None:
    assert world.ask("op", "DLINE [2001:DB8::5]", "UNDLINE 2001:db8:0::5") == [
        f":{SERVER} NOTICE op :2001:db8::5 is banned for good",
        f":{SERVER} NOTICE op :2001:db8::5 is not banned any more",
    ]
    # A parameter that begins with a colon is the last, whatever is in it.
    for command in ("KLINE", "DLINE"):
        (line,) = world.ask("op", f"{command} 1h ::2 no thanks")
        assert line.endswith("::2 is banned until 2023-11-14 23:13:20 UTC")
        (line,) = world.ask("op", f"UN{command} ::2")
        assert line.endswith("::2 is not banned any more")
    world.ask("op", "DLINE ::2 no thanks")
    assert world.core.refusal("::2", START) == "You are banned (no thanks)"
    world.ask("op", "KLINE ::/64 no thanks")
    connected = msgspec.structs.replace(world.add("far", host="0::5"), address="::5")
    lines = world.step(connected, world.lines("far", "NICK far", "USER far 0 * :x"))["far"]
    assert lines[1] == "ERROR :Closing link (You are banned (no thanks))"


def test_what_is_no_address_is_refused_with_a_hint(world: World) -> None:
    form = "a network or an address, such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32"
    host = f"The host of a mask is a name, or {form}"
    assert world.ask("op", "KLINE *@192.0.2.7/24", "DLINE 192.0.2.7/24", "KLINE 192.0.2") == [
        f":{SERVER} FAIL KLINE INVALID_MASK *@192.0.2.7/24 :{host}",
        f":{SERVER} FAIL DLINE INVALID_ADDRESS 192.0.2.7/24 :That is not {form}",
        f":{SERVER} FAIL KLINE INVALID_MASK 192.0.2 :{host}",
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("KLINE 0.0.0.0/0", "INVALID_MASK"),
        ("KLINE *!*@0::/0", "INVALID_MASK"),
        ("KLINE *!*@*", "INVALID_MASK"),
        ("KLINE ?*@?*", "INVALID_MASK"),
        ("KLINE ~a:bob", "INVALID_MASK"),
        ("KLINE 1h :two words", "INVALID_MASK"),
        ("DLINE nowhere", "INVALID_ADDRESS"),
        ("DLINE 0.0.0.0/0", "INVALID_ADDRESS"),
        ("DLINE 10.0.0.1/8", "INVALID_ADDRESS"),
        ("UNDLINE nowhere", "NO_SUCH_BAN"),
        ("UNKLINE nobody", "NO_SUCH_BAN"),
    ],
)
def test_what_can_not_be_banned(world: World, line: str, code: str) -> None:
    (reply,) = world.ask("op", line)
    assert reply.startswith(f":{SERVER} FAIL {line.split()[0]} {code} ")


def test_who_does_not_know_fail_is_told_in_a_notice(world: World) -> None:
    world.ask("op", "CAP REQ -standard-replies")
    assert world.ask("op", "UNKLINE nobody") == [f":{SERVER} NOTICE op :There is no such ban"]


def test_nobody_bans_themselves(world: World) -> None:
    assert codes(world.ask("op", "KLINE op", "DLINE 10.0.0.1")) == ["NOTICE", "NOTICE"]
    assert world.closed == set()


def test_there_is_an_end_to_bans(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bans, "_LIMIT", 2)
    replies = world.ask("op", "KLINE a", "KLINE b", "KLINE c", "DLINE 192.0.2.1")
    assert codes(replies) == ["NOTICE", "NOTICE", "FAIL", "NOTICE"]
    assert "TOO_MANY_BANS" in replies[2]


def test_bans_are_shown_to_operators_only(world: World) -> None:
    world.irc("al")
    assert codes(world.ask("al", "STATS k", "STATS d", "KLINE x")) == [
        *["481", "219"],
        *["481", "219"],
        "481",
    ]


def test_a_long_list_of_bans_comes_page_by_page(world: World) -> None:
    for number in range(PAGE + 10):
        world.ask("op", f"KLINE bad{number}!*@* x", f"DLINE 192.0.2.{number} x")
    world.slow = True
    for query, code in (("k", "216"), ("d", "225")):
        first = world.ask("op", f"STATS {query}")
        assert codes(first) == [code] * PAGE
        assert codes(world.complete(True)["op"]) == [*[code] * 10, "219"]


def test_an_address_is_looked_up_by_the_lengths_of_networks_not_one_after_another() -> None:
    class Counting(dict[int, Ban]):
        looks = 0

        def get(self, key: int, default: object = None) -> Any:
            Counting.looks += 1
            return super().get(key, default)

    bans = Bans()

    def add(text: str, until: float | None = None) -> None:
        network = parse_network(text)
        bans.add(Ban(target=text, network=network, reason=text, by="op", at=START, until=until))

    for number in range(1000):
        add(f"10.{number >> 8}.{number & 255}.0/24")
    for text in ("192.0.2.7", "192.0.2.0/24", "2001:db8::/32", "2001:db8::7"):
        add(text)
    add("198.51.100.0/24", START + 1)
    bans._by_prefix = {key: Counting(found) for key, found in bans._by_prefix.items()}
    for address, refused in {
        "10.3.231.1": "10.3.231.0/24",
        "10.3.232.1": "",
        "::ffff:10.0.0.1": "10.0.0.0/24",
        "192.0.2.8": "192.0.2.0/24",
        "2001:db8:1::1": "2001:db8::/32",
        "2001:db9::1": "",
        "::c000:207": "",
        "198.51.100.1": "198.51.100.0/24",
        "": "",
        "no address": "",
    }.items():
        Counting.looks = 0
        assert bans.refusal(address, START) == (f"You are banned ({refused})" if refused else "")
        assert Counting.looks <= 2
    assert bans.refusal("198.51.100.1", START + 1) == ""
    assert len(bans.current(bans.networks, START + 1)) == 1004
    for key in list(bans.networks):
        assert bans.lift(bans.networks, key) is not None
    assert bans.lift(bans.networks, "192.0.2.7") is None
    assert bans._by_prefix == {}
