"""Bans from the server: how long, whom, and what STATS shows of them."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.world import SERVER, START, World, codes, prefix
from trio_chat.core.bans import parse_duration
from trio_chat.core.context import PAGE
from trio_chat.core.handlers import bans
from trio_chat.core.modes import OPERATOR


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
    ("line", "code"),
    [
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
