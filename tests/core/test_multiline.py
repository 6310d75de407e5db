"""Messages of several lines, and what those see of them who do not know them."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.world import SERVER, START, World, codes, prefix
from trio_chat.core.handlers.multiline import BATCH_TIMEOUT
from trio_chat.core.inputs import Reconfigured
from trio_chat.core.settings import Limits, Settings

CAPS = "batch draft/multiline message-tags labeled-response echo-message"
LINES = (
    "BATCH +1 draft/multiline #a",
    "@batch=1 PRIVMSG #a :one",
    "@batch=1 PRIVMSG #a :",
    "@batch=1 PRIVMSG #a :two ",
    "@batch=1;draft/multiline-concat PRIVMSG #a :halves",
    "BATCH -1",
)


@pytest.fixture
def world() -> World:
    world = World(Settings(name=SERVER, lobby="#a", limits=Limits(multiline_bytes=20)))
    world.irc("al", caps=CAPS, rooms="#a")
    world.irc("bo", caps=CAPS, rooms="#a")
    world.irc("old", rooms="#a")
    world.person("pat")
    return world


def test_everybody_sees_it_as_they_can(world: World) -> None:
    found = world.send("al", *LINES)
    said = f"{prefix('al')} PRIVMSG #a"
    (first, *lines) = found["bo"]
    id = first.removeprefix("@msgid=").split(" ")[0]
    assert first == f"@msgid={id} {prefix('al')} BATCH +{id} draft/multiline #a"
    assert lines == [
        f"@batch={id} {said} :one",
        f"@batch={id} {said} :",
        f"@batch={id} {said} :two ",
        f"@batch={id};draft/multiline-concat {said} :halves",
        f"{prefix('al')} BATCH -{id}",
    ]
    assert found["al"] == found["bo"], "the echo"
    assert found["old"] == [f"{said} :one", f"{said} :two ", f"{said} :halves"]
    assert found["pat"] == ["22:13 <al> one", "22:13 <al> two halves"]


def test_the_label_is_that_of_its_beginning(world: World) -> None:
    lines = world.ask("al", f"@label=x {LINES[0]}", *LINES[1:])
    assert [line for line in lines if line.startswith("@label=x;msgid=")] == lines[:1]
    assert codes(lines) == ["BATCH", *["PRIVMSG"] * 4, "BATCH"]
    # Without an echo it is only taken.
    world.ask("al", "CAP REQ -echo-message")
    assert world.ask("al", f"@label=y {LINES[0]}", *LINES[1:]) == [f"@label=y :{SERVER} ACK"]


MORE = "@batch=1 PRIVMSG #a :more"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["@batch=1 PRIVMSG #a :" + "x" * 21, MORE], "MULTILINE_MAX_BYTES 20"),
        ([MORE, "@batch=1 NOTICE #a :x", MORE], "MULTILINE_INVALID"),
        (["@batch=1 PRIVMSG #b :x", MORE], "MULTILINE_INVALID_TARGET #a #b"),
        (["@batch=1 TOPIC #a :x", MORE], "MULTILINE_INVALID"),
        (["@batch=1 PRIVMSG #a", MORE], "MULTILINE_INVALID"),
        (["TOPIC #a", MORE], "MULTILINE_INVALID"),
        (["@batch=1;draft/multiline-concat PRIVMSG #a :", MORE], "MULTILINE_INVALID"),
        (["@batch=1 PRIVMSG #a :"], "MULTILINE_INVALID"),
        ([], "MULTILINE_INVALID"),
    ],
)
def test_what_is_refused_is_refused_once(world: World, lines: list[str], code: str) -> None:
    found = world.send("al", f"@label=x {LINES[0]}", *lines, "BATCH -1")
    (failure,) = [line for line in found["al"] if " FAIL " in line]
    assert failure.startswith(f"@label=x :{SERVER} FAIL BATCH {code} :")
    assert found.get("bo", []) == []
    # And then everything is as before.
    assert codes(world.send("al", *LINES)["bo"])[0] == "BATCH"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"@batch=1 PRIVMSG #a :\xff", "FAIL PRIVMSG INVALID_UTF8"),
        (b"@batch=1 PRIVMSG #a :" + b"x" * 600, "417"),
        (b"@batch=1 PRIVMSG #a :a\0b", "400"),
        (b"@batch=1 @ :x", "421"),
        (b"@batch=1 PING \xff", "FAIL PING INVALID_UTF8"),
        # Whether it belongs to the batch can not be told.
        (b"@" + b"x" * 9000 + b";batch=1 PRIVMSG #a :x", "417"),
        (b"PRIVMSG #a :\xff", "FAIL PRIVMSG INVALID_UTF8"),
    ],
)
def test_nothing_is_sent_if_a_line_could_not_be_read(world: World, line: bytes, reply: str) -> None:
    found = world.send("al", f"@label=x {LINES[0]}", MORE, line)
    failure, refusal = found["al"]
    assert failure.startswith(f"@label=x :{SERVER} FAIL BATCH MULTILINE_INVALID :")
    assert refusal.startswith(f":{SERVER} {reply} ")
    # What still comes of it is swallowed, and then everything is as before.
    assert world.send("al", MORE, "BATCH -1") == {}
    assert codes(world.send("al", *LINES)["bo"])[0] == "BATCH"


def test_a_line_that_can_not_be_read_has_its_own_label(world: World) -> None:
    lines = world.ask("al", f"@label=x {LINES[0]}", b"@batch=1;label=y PRIVMSG #a :\xff")
    assert [line.split(" ")[0] for line in lines] == ["@label=x", "@label=y"]


@pytest.mark.parametrize("line", [b"PING \xff", b"", b":only"])
def test_a_line_that_can_not_be_of_the_batch_does_it_no_harm(world: World, line: bytes) -> None:
    found = world.send("al", LINES[0], line, *LINES[1:])
    assert codes(found["bo"]) == ["BATCH", *["PRIVMSG"] * 4, "BATCH"]


def test_batches_that_can_not_be(world: World) -> None:
    assert "UNKNOWN_TYPE 1 other" in world.ask("al", "BATCH +1 other #a", "BATCH -1")[0]
    assert "MULTILINE_INVALID" in world.ask("al", "BATCH +1 draft/multiline", "BATCH -1")[0]
    assert "INVALID_REFTAG" in world.ask("al", "BATCH +a_b draft/multiline #a", "BATCH -a_b")[0]
    assert "INVALID_REFTAG" in world.ask("al", "BATCH 1")[0]
    assert "MULTILINE_INVALID" in world.ask("al", "BATCH -1")[0]
    lines = world.ask("al", LINES[0], "@batch=1 BATCH +2 draft/multiline #a", "BATCH -2")
    assert "MULTILINE_INVALID" in lines[0]
    (failure,) = world.ask("old", "BATCH +1 draft/multiline #a", "BATCH -1")
    assert "UNKNOWN_TYPE" in failure
    long = "x" * 4095
    (failure,) = world.ask("al", f"@+x={long[:4080]} {LINES[0]}", "PING 1")[:1]
    assert codes([failure]) == ["PONG"]


def test_every_label_is_answered(world: World) -> None:
    opened = "@label=one BATCH +1 draft/multiline #a"
    replies = world.ask("al", opened, "@label=two PING 2", "@label=three AWAY :x", "BATCH -1")
    assert [line.split(" ")[0] for line in replies] == ["@label=two", "@label=one", "@label=three"]
    assert codes(replies) == ["PONG", "FAIL", "306"]
    # A new batch ends one that was forgotten.
    again = LINES[0].replace("+1", "+2")
    replies = world.ask("al", opened, again, "@batch=2 PRIVMSG #a :hi", "BATCH -2")
    assert codes(replies) == ["FAIL", "BATCH", "PRIVMSG", "BATCH"]
    assert replies[0].startswith("@label=one ")


def test_after_a_refusal_the_next_one_is_whole(world: World) -> None:
    world.ask("al", LINES[0], "@batch=1 TOPIC #a :x")
    again = [line.replace("+1", "+2").replace("-1", "-2").replace("=1", "=2") for line in LINES]
    assert codes(world.send("al", *again)["bo"]) == ["BATCH", *["PRIVMSG"] * 4, "BATCH"]


def test_a_batch_that_is_left_open_is_given_up(world: World) -> None:
    world.ask("al", LINES[0], LINES[1])
    world.now = START + BATCH_TIMEOUT + 1
    (failure,) = world.ask("al", LINES[1], LINES[2], "BATCH -1")
    assert "FAIL BATCH TIMEOUT 1 :" in failure
    world.ask("al", "CAP REQ -echo-message")
    found = world.send("al", "PRIVMSG #a :hello")
    assert codes(found["bo"]) == ["PRIVMSG"]


def test_pings_are_answered_meanwhile(world: World) -> None:
    assert codes(world.ask("al", LINES[0], "PING 1", *LINES[1:])) == [
        "PONG",
        "BATCH",
        *["PRIVMSG"] * 4,
        "BATCH",
    ]


def test_what_could_not_be_stored_is_not_shown(world: World) -> None:
    settings = msgspec.structs.replace(world.core.settings, history=True)
    world.step(Reconfigured(settings=settings))
    effects = world.core.step([world.lines("al", *LINES)], START)
    world.core.withhold(effects)
    found = world.read(effects)
    assert "COULD_NOT_BE_STORED" in found["al"][0]
    assert found.get("bo", []) == found.get("old", []) == found.get("pat", []) == []


def test_each_line_of_a_reply_is_one(world: World) -> None:
    world.irc("tag", caps="message-tags", rooms="#a")
    found = world.send("al", f"@+draft/reply=x;label=y {LINES[0]}", *LINES[1:])
    id = found["bo"][0].partition("msgid=")[2].partition(";")[0]
    said = f"{prefix('al')} PRIVMSG #a"
    assert found["tag"] == [
        f"@msgid={id};+draft/reply=x {said} :one",
        f"@+draft/reply=x {said} :two ",
        f"@+draft/reply=x {said} :halves",
    ]


def test_long_tags_are_not_said_again_with_every_line(world: World) -> None:
    world.irc("tag", caps="message-tags", rooms="#a")
    found = world.send("al", f"@+x={'y' * 513} {LINES[0]}", *LINES[1:])
    assert ["+x=" in line for line in found["tag"]] == [True, False, False]


OPEN = "@label=L BATCH +y draft/multiline #a"
LINE = "@batch=y PRIVMSG #a :one"


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        ([OPEN, LINE, "BATCH -z"], ["L FAIL", "FAIL"]),
        ([OPEN[9:], LINE, "@label=M BATCH -z"], ["M FAIL"]),
        ([OPEN[9:], LINE, "BATCH +q draft/multiline #a", "BATCH -q"], ["FAIL", "FAIL"]),
        ([OPEN, LINE, "@label=M BATCH -z"], ["L FAIL", "M FAIL"]),
        ([OPEN, LINE, "@label=M BATCH +!! x"], ["L FAIL", "M FAIL"]),
        ([OPEN, LINE, "@label=M BATCH y"], ["L FAIL", "M FAIL"]),
        ([OPEN, LINE, "@label=M;batch=y BATCH +q draft/multiline #a"], ["L FAIL", "M FAIL"]),
        ([OPEN, "@label=M BATCH +q what #a"], ["L FAIL", "M FAIL"]),
        ([OPEN, "@label=M BATCH +q draft/multiline #a", "BATCH -q"], ["L FAIL", "M FAIL"]),
        ([OPEN, LINE, "@label=M BATCH -y"], ["L BATCH", "PRIVMSG", "BATCH", "M ACK"]),
        ([OPEN, "@label=M BATCH -y"], ["L FAIL", "M ACK"]),
        ([OPEN, LINE, "@label=M PING x", "BATCH -y"], ["M PONG", "L BATCH", "PRIVMSG", "BATCH"]),
        ([OPEN, LINE, "@label=M TOPIC #a", "BATCH -y"], ["L FAIL", "M 331"]),
        ([OPEN, f"@label=M;{LINE[1:]}", "BATCH -y"], ["M ACK", "L BATCH", "PRIVMSG", "BATCH"]),
    ],
)
def test_each_label_has_one_answer(lines: list[str], answers: list[str]) -> None:
    world = World()
    caps = "draft/multiline labeled-response batch message-tags echo-message"
    world.irc("al", rooms="#a", caps=caps)
    found = []
    for line in world.ask("al", *lines):
        tags = line.partition(" ")[0].removeprefix("@").split(";") if line[0] == "@" else []
        label = next((f"{tag[6:]} " for tag in tags if tag.startswith("label=")), "")
        found.append(label + codes([line])[0])
    assert found == answers


def test_what_follows_a_batch_that_was_given_up_is_swallowed(world: World) -> None:
    found = world.send("al", LINES[0], LINES[1], "BATCH -other", *LINES[2:], "PRIVMSG #a :after")
    assert codes(found["al"])[:1] == ["FAIL"]
    assert [line.partition(" :")[2] for line in found["old"]] == ["after"]
