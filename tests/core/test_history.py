"""CHATHISTORY: pages, their bounds, what is on them, and what is wrong with a question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.core.history import ALL, CAPS, EVER, keeping, log_in, read, said, tag, texts
from tests.core.world import SERVER, World, codes, prefix
from tests.journal.rig import File
from trio_chat.core.inputs import Completed
from trio_chat.core.requests import AwaitSent, LookUp
from trio_chat.core.settings import Settings

NUMBERS = [str(number) for number in range(10)]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    made = File(tmp_path / "journal.db")
    yield made
    made.close()


@pytest.fixture
def world(file: File) -> World:
    world = keeping(file)
    world.irc("al", caps=f"{ALL} echo-message", rooms="#a")
    world.irc("bo", caps=f"{CAPS} echo-message", rooms="#a")
    return world


@pytest.fixture
def numbers(world: World) -> list[str]:
    """Ten messages, a second after each other, from 22:13:21 on; return their ids."""
    return [said(world, "al", text) for text in NUMBERS]


def at(second: int, milliseconds: int = 0) -> str:
    return f"timestamp=2023-11-14T22:13:{second:02}.{milliseconds:03}Z"


# --- Pages


def test_a_page_is_a_batch(world: World) -> None:
    id = said(world, "al", "hello")
    begin, line, end = world.ask("bo", "CHATHISTORY LATEST #A * 5")
    assert begin.startswith("@time=2023-11-14T22:13:21.000Z :irc.test BATCH +")
    reference = begin.split(" ")[3].removeprefix("+")
    assert begin.endswith(f" BATCH +{reference} chathistory #A")
    assert line == (
        f"@time=2023-11-14T22:13:21.000Z;batch={reference};msgid={id} "
        f"{prefix('al')} PRIVMSG #a :hello"
    )
    assert end.endswith(f" :{SERVER} BATCH -{reference}")


def test_latest(world: World, numbers: list[str]) -> None:
    assert read(world, "bo", "#a", "LATEST {} * 3") == NUMBERS[7:]
    assert read(world, "bo", "#a", f"LATEST {{}} msgid={numbers[7]} 50") == NUMBERS[8:]
    assert read(world, "bo", "#a", f"LATEST {{}} {at(28)} 50") == NUMBERS[8:]
    assert read(world, "bo", "#a", f"LATEST {{}} msgid={numbers[3]} 2") == NUMBERS[8:]


def test_before_and_after(world: World, numbers: list[str]) -> None:
    assert read(world, "bo", "#a", f"BEFORE {{}} msgid={numbers[5]} 2") == NUMBERS[3:5]
    assert read(world, "bo", "#a", f"before {{}} {at(26)} 2") == NUMBERS[3:5]
    assert read(world, "bo", "#a", f"BEFORE {{}} {at(26, 1)} 2") == NUMBERS[4:6]
    assert read(world, "bo", "#a", f"AFTER {{}} msgid={numbers[5]} 2") == NUMBERS[6:8]
    assert read(world, "bo", "#a", f"AFTER {{}} {at(26)} 2") == NUMBERS[6:8]
    assert read(world, "bo", "#a", f"AFTER {{}} {at(25, 999)} 2") == NUMBERS[5:7]


def test_around(world: World, numbers: list[str]) -> None:
    assert read(world, "bo", "#a", f"AROUND {{}} msgid={numbers[5]} 3") == NUMBERS[4:7]
    assert read(world, "bo", "#a", f"AROUND {{}} {at(26)} 3") == NUMBERS[4:7]
    assert read(world, "bo", "#a", f"AROUND {{}} msgid={numbers[5]} 1") == ["5"]


@pytest.mark.parametrize("by_id", [True, False])
def test_between(world: World, numbers: list[str], by_id: bool) -> None:
    def ref(number: int) -> str:
        return f"msgid={numbers[number]}" if by_id else at(21 + number)

    assert read(world, "bo", "#a", f"BETWEEN {{}} {ref(2)} {ref(6)} 50") == NUMBERS[3:6]
    assert read(world, "bo", "#a", f"BETWEEN {{}} {ref(2)} {ref(6)} 2") == NUMBERS[3:5]
    assert read(world, "bo", "#a", f"BETWEEN {{}} {ref(6)} {ref(2)} 2") == NUMBERS[4:6]
    assert read(world, "bo", "#a", f"BETWEEN {{}} {ref(2)} {ref(2)} 2") == []
    assert read(world, "bo", "#a", f"BETWEEN {{}} {ref(2)} {at(27)} 50") == NUMBERS[3:6]
    assert read(world, "bo", "#a", f"BETWEEN {{}} {at(27)} {ref(2)} 50") == NUMBERS[3:6]


def test_an_id_that_nothing_has(world: World, numbers: list[str]) -> None:
    for id in ("nothing", numbers[3][:-1] + "7", numbers[3] + "7"):
        for rest in (f"AFTER #a msgid={id} 5", f"BETWEEN #a {at(1)} msgid={id} 5"):
            assert codes(world.ask("bo", f"CHATHISTORY {rest}")) == ["BATCH", "BATCH"]
    assert codes(world.ask("bo", "CHATHISTORY AFTER #x msgid=nothing 5")) == ["FAIL"]


def test_a_page_has_no_more_than_there_can_be(file: File) -> None:
    world = keeping(file, page=4)
    world.irc("al", caps=f"{CAPS} echo-message", rooms="#a")
    for text in NUMBERS:
        said(world, "al", text)
    assert read(world, "al", "#a", "LATEST {} * 5") == NUMBERS[6:]
    assert read(world, "al", "#a", f"LATEST {{}} * {'9' * 400}") == NUMBERS[6:]


def test_everything_is_found_page_by_page(world: World, numbers: list[str]) -> None:
    world.send("bo", *("PART #a", "JOIN #a") * 20)
    more = [said(world, "al", text) for text in "abc"]
    found: list[str] = []
    reference = "*"
    while True:
        lines = world.ask(
            "bo", f"CHATHISTORY BEFORE #a {reference} 4".replace("BEFORE #a *", "LATEST #a *")
        )
        page = texts(lines)
        if not page:
            break
        found = page + found
        reference = f"msgid={tag(lines[1], 'msgid')}"
    assert found == [*NUMBERS, *"abc"]
    assert len({*numbers, *more}) == 13


# --- What is on a page


def test_what_else_has_happened(world: World) -> None:
    world.now += 1
    world.send("bo", "TOPIC #a :news", "PART #a :bye", "JOIN #a")
    world.send("al", "MODE #a +m", "@+typing=done;+x=y TAGMSG #a", "NICK al2")
    world.send("bo", "QUIT :gone")
    world.irc("cy", caps=CAPS, rooms="#a")
    assert codes(world.ask("cy", "CHATHISTORY LATEST #a * 50")) == ["BATCH", "BATCH"]
    lines = world.ask("al", "CHATHISTORY LATEST #a * 50")
    assert codes(lines) == [
        "BATCH",
        *("JOIN", "JOIN", "PART", "JOIN", "MODE", "TAGMSG", "NICK", "QUIT", "JOIN"),
        "BATCH",
    ]
    assert all(tag(line, "msgid") and tag(line, "time") for line in lines[1:-1])


def test_topics_are_there_with_event_playback(world: World) -> None:
    world.send("al", "TOPIC #a :news")
    assert codes(world.ask("al", "CHATHISTORY LATEST #a * 1"))[1:-1] == ["TOPIC"]
    assert world.ask("bo", "CHATHISTORY LATEST #a * 1")[1:-1] == []


def test_tagmsg_is_for_who_has_message_tags(world: World) -> None:
    world.send("al", "PRIVMSG #a :one", "@+x=y TAGMSG #a")
    world.irc("cy", caps="batch draft/chathistory draft/event-playback", rooms="#a")
    assert codes(world.ask("al", "CHATHISTORY BEFORE #a timestamp=2030-01-01T00:00:00.000Z 2")) == [
        *("BATCH", "TAGMSG", "JOIN", "BATCH")
    ]
    lines = world.ask("cy", "CHATHISTORY LATEST #a * 2")
    assert codes(lines) == ["BATCH", "PRIVMSG", "JOIN", "BATCH"]


def test_tags_are_as_they_were(world: World) -> None:
    world.send("al", "@+draft/reply=abc;+x=a\\sb PRIVMSG #a :yes", "@+typing=active TAGMSG #a")
    (line,) = world.ask("bo", "CHATHISTORY LATEST #a * 5")[1:-1]
    assert tag(line, "+draft/reply") == "abc"
    assert tag(line, "+x") == "a\\sb"


def test_several_lines_are_a_batch_in_the_batch(world: World) -> None:
    world.send(
        "al",
        "BATCH +1 draft/multiline #a",
        "@batch=1 PRIVMSG #a :one",
        "@batch=1 PRIVMSG #a :two",
        "BATCH -1",
    )
    lines = world.ask("al", "CHATHISTORY LATEST #a * 1")
    outer = lines[0].split(" ")[3].removeprefix("+")
    assert codes(lines) == ["BATCH", "BATCH", "PRIVMSG", "PRIVMSG", "BATCH", "BATCH"]
    assert tag(lines[1], "batch") == tag(lines[4], "batch") == outer
    assert lines[1].endswith(" draft/multiline #a")
    inner = lines[1].split(" ")[3].removeprefix("+")
    assert [tag(line, "batch") for line in lines[2:4]] == [inner, inner]
    assert texts(world.ask("bo", "CHATHISTORY LATEST #a * 1")) == ["one", "two"]


def test_a_rename_is_not_shown_to_who_does_not_know_it_and_takes_no_place(world: World) -> None:
    said(world, "al", "one")
    said(world, "al", "two")
    for name in ("#b", "#c", "#a"):
        world.now += 100
        world.send("al", f"RENAME {world.core.state.users[1].channels[0].name} {name}")
    world.irc("cy", caps=f"{CAPS} draft/event-playback", rooms="#a")
    assert codes(world.ask("al", "CHATHISTORY LATEST #a * 3"))[1:-1] == ["RENAME", "RENAME", "JOIN"]
    lines = world.ask("cy", "CHATHISTORY LATEST #a * 2")
    assert codes(lines)[1:-1] == ["PRIVMSG", "JOIN"]
    reference = tag(lines[1], "msgid")
    assert texts(world.ask("cy", f"CHATHISTORY BEFORE #a msgid={reference} 1")) == ["one"]
    first = said(world, "al", "three")
    lines = world.ask("cy", f"CHATHISTORY AFTER #a msgid={reference} 2")
    assert codes(lines)[1:-1] == ["JOIN", "PRIVMSG"]
    assert tag(lines[2], "msgid") == first


def test_who_knows_no_batches(world: World) -> None:
    world.irc("cy", caps="draft/chathistory", rooms="#a")
    said(world, "al", "hello")
    assert world.ask("cy", "CHATHISTORY LATEST #a * 5") == [f"{prefix('al')} PRIVMSG #a :hello"]


# --- Direct messages


def test_what_two_have_written_to_each_other(world: World) -> None:
    said(world, "al", "one", "bo")
    said(world, "bo", "two", "al")
    assert read(world, "al", "BO") == read(world, "bo", "al") == ["one", "two"]


def test_to_oneself_once(world: World) -> None:
    world.send("al", "PRIVMSG al :note")
    assert read(world, "al", "al") == ["note"]


def test_under_another_name_and_when_they_are_gone(world: World) -> None:
    said(world, "al", "one", "bo")
    world.send("bo", "NICK robert")
    said(world, "bo", "two", "al")
    assert read(world, "al", "robert") == ["one", "two"]
    world.quit("bo")
    assert read(world, "al", "Robert") == ["one", "two"]
    world.irc("robert", caps=CAPS)
    assert read(world, "al", "robert") == []
    assert read(world, "robert", "al") == []


def test_of_accounts_it_outlives_the_connection(world: World) -> None:
    log_in(world, "al", "Al")
    log_in(world, "bo", "Bob")
    said(world, "al", "one", "bo")
    world.quit("al")
    world.quit("bo")
    world.irc("xy", caps=CAPS)
    # Who has no account has written nothing to it yet.
    assert codes(world.ask("xy", "CHATHISTORY LATEST bob * 5")) == ["BATCH", "BATCH"]
    log_in(world, "xy", "al")
    assert read(world, "xy", "BOB") == ["one"]
    assert read(world, "xy", "+bob") == []
    lines = world.ask("xy", f"CHATHISTORY TARGETS {EVER} 5")
    assert lines[1].endswith(" CHATHISTORY TARGETS Bob 2023-11-14T22:13:21.000Z")
    world.irc("zz", caps=CAPS)
    log_in(world, "zz", "bob")
    lines = world.ask("xy", f"CHATHISTORY TARGETS {EVER} 5")
    assert lines[1].endswith(" CHATHISTORY TARGETS Bob 2023-11-14T22:13:21.000Z")
    assert read(world, "xy", "zz") == read(world, "zz", "al") == ["one"]


# --- TARGETS


def targets(world: World, name: str, rest: str) -> list[str]:
    begin, *lines, end = world.ask(name, f"CHATHISTORY TARGETS {rest}")
    assert begin.split(" BATCH ")[1].split(" ")[1:] == ["draft/chathistory-targets"]
    assert " BATCH -" in end
    return [line.split(" TARGETS ")[1].split(" ")[0] for line in lines]


def test_targets(world: World) -> None:
    world.ask("bo", "JOIN #b")
    world.ask("al", "JOIN #B")
    said(world, "al", "1", "#a")
    said(world, "al", "2", "bo")
    said(world, "al", "3", "#b")
    said(world, "al", "4", "al")
    world.irc("cy", caps=CAPS, rooms="#c")
    world.send("cy", "PRIVMSG #c :not theirs", "PRIVMSG bo :nor this")
    assert targets(world, "al", f"{EVER} 10") == ["#a", "bo", "#b", "al"]
    lines = world.ask("al", f"CHATHISTORY TARGETS {EVER} 1")
    assert lines[1].partition(" ")[2] == (
        f":{SERVER} CHATHISTORY TARGETS #a 2023-11-14T22:13:21.000Z"
    )
    said(world, "al", "5", "#a")
    assert targets(world, "al", f"{EVER} 10") == ["bo", "#b", "al", "#a"]
    assert targets(world, "al", f"{at(22)} {at(25)} 10") == ["#b", "al"]
    assert targets(world, "al", f"{EVER} 2") == ["bo", "#b"]
    first, second = EVER.split(" ")
    assert targets(world, "al", f"{second} {first} 2") == ["al", "#a"]
    world.send("al", "PART #b")
    assert targets(world, "al", f"{EVER} 10") == ["bo", "al", "#a"]


# --- What is wrong


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("FOO #a * 5", "INVALID_PARAMS FOO :Unknown command"),
        ("latest", "INVALID_PARAMS latest :Insufficient parameters"),
        ("LATEST #a *", "INVALID_PARAMS LATEST :Insufficient parameters"),
        ("BETWEEN #a * 5", "INVALID_PARAMS BETWEEN :Insufficient parameters"),
        ("TARGETS timestamp=x 5", "INVALID_PARAMS TARGETS :Insufficient parameters"),
        ("LATEST #a * 5 5", "INVALID_PARAMS LATEST :Too many parameters"),
        ("LATEST #a * x", "INVALID_PARAMS LATEST x :Invalid limit"),
        ("LATEST #a * -1", "INVALID_PARAMS LATEST -1 :Invalid limit"),
        ("LATEST #a * 0", "INVALID_PARAMS LATEST 0 :Invalid limit"),
        ("LATEST #a * ٣", "INVALID_PARAMS LATEST ٣ :Invalid limit"),
        ("LATEST #a * :", "INVALID_PARAMS LATEST * :Invalid limit"),
        ("BEFORE #a * 5", "INVALID_PARAMS BEFORE * :Invalid message reference"),
        ("BEFORE #a timestamp=1 5", "INVALID_PARAMS BEFORE timestamp=1 :Invalid timestamp"),
        (
            "BEFORE #a seq=1 5",
            "INVALID_MSGREFTYPE BEFORE #a seq=1 :Only msgid and timestamp are supported",
        ),
        (
            "TARGETS msgid=1 msgid=2 5",
            "INVALID_MSGREFTYPE TARGETS * msgid=1 :Conversations are listed by timestamp",
        ),
        ("LATEST #x * 5", "INVALID_TARGET LATEST #x :Messages could not be retrieved"),
        ("LATEST nobody * 5", "INVALID_TARGET LATEST nobody :Messages could not be retrieved"),
        ("LATEST @#a * 5", "INVALID_TARGET LATEST @#a :Messages could not be retrieved"),
        ("LATEST :", "INVALID_PARAMS LATEST :Insufficient parameters"),
    ],
)
def test_failures(world: World, line: str, answer: str) -> None:
    (found,) = world.ask("bo", f"CHATHISTORY {line}")
    assert found.partition(" ")[2] == f":{SERVER} FAIL CHATHISTORY {answer}"


def test_without_any_parameter(world: World) -> None:
    assert codes(world.ask("bo", "CHATHISTORY")) == ["461"]


def test_it_has_to_be_negotiated(world: World) -> None:
    world.irc("cy", caps="batch", rooms="#a")
    assert codes(world.ask("cy", "CHATHISTORY LATEST #a * 5")) == ["421"]


def test_a_server_that_keeps_nothing() -> None:
    world = World()
    world.irc("al", rooms="#a")
    assert codes(world.ask("al", "CAP REQ draft/chathistory", "CHATHISTORY LATEST #a * 5")) == [
        *("CAP", "421")
    ]
    assert not [line for line in world.ask("al", "ISUPPORT") if "CHATHISTORY" in line]


def test_what_is_advertised(world: World) -> None:
    words = " ".join(world.ask("al", "ISUPPORT")).split()
    assert "CHATHISTORY=1000" in words
    assert "MSGREFTYPES=msgid,timestamp" in words
    assert [word for word in words if word.count("=") > 1 and "TARGMAX" not in word] == []


def test_everything_that_is_offered_is_in_one_line_for_the_old(world: World) -> None:
    (line,) = world.ask("al", "CAP LS")
    assert "draft/event-playback" in line.split()
    assert len(line.encode()) <= 510


def fail_reading(world: World, name: str, line: str) -> list[str]:
    """Have a question of somebody's fail; return what they are answered."""
    world.slow = True
    assert world.ask(name, line) == []
    (request,) = (one for one in world.requests if isinstance(one, LookUp))
    world.requests.remove(request)
    world.slow = False
    found = world.step(Completed(request=request.id, result=False, detail="an error"))
    return found.get(name, [])


def test_what_can_not_be_read(world: World) -> None:
    (line,) = fail_reading(world, "bo", "CHATHISTORY LATEST #a * 5")
    assert line.endswith(
        " FAIL CHATHISTORY MESSAGE_ERROR LATEST #a :Messages could not be retrieved"
    )
    (line,) = fail_reading(world, "bo", f"CHATHISTORY TARGETS {EVER} 5")
    assert line.endswith(
        " FAIL CHATHISTORY MESSAGE_ERROR TARGETS * :Messages could not be retrieved"
    )


# --- Order, and how much at once


def test_the_answer_comes_before_those_to_later_lines(world: World) -> None:
    said(world, "al", "hello")
    lines = world.ask("bo", "PING 1", "CHATHISTORY LATEST #a * 5", "PING 2")
    assert codes(lines) == ["PONG", "BATCH", "PRIVMSG", "BATCH", "PONG"]


def test_a_label_is_on_the_batch(world: World) -> None:
    said(world, "al", "hello")
    lines = world.ask("al", "@label=x CHATHISTORY LATEST #a * 1", "@label=y PING 2")
    assert codes(lines) == ["BATCH", "PRIVMSG", "BATCH", "PONG"]
    assert [tag(lines[0], "label"), tag(lines[3], "label")] == ["x", "y"]
    assert "label=" not in lines[1] + lines[2]


def test_a_long_page_waits_for_who_reads_it(file: File) -> None:
    world = keeping(file, replies=4)
    world.irc("al", caps=f"{ALL} echo-message", rooms="#a")
    world.irc("bo", rooms="#a")
    for text in NUMBERS:
        said(world, "al", text)
    world.slow = True
    world.ask("al", "@label=x CHATHISTORY LATEST #a * 10", "PING 2")
    (request,) = world.requests
    assert isinstance(request, LookUp)
    world.requests.clear()
    first = world.step(world.looked_up(request))["al"]
    assert texts(first) == NUMBERS[:4]
    assert [type(one) for one in world.requests] == [AwaitSent]
    # What others say meanwhile is not of the batch.
    (live,) = world.send("bo", "PRIVMSG #a :live")["al"]
    assert "batch=" not in live
    world.slow = False
    rest = world.complete(result=True)["al"]
    assert texts(rest) == NUMBERS[4:]
    assert codes(rest)[-3:] == ["BATCH", "BATCH", "PONG"]
    outer, inner = (line.split(" ")[3].removeprefix("+") for line in first[:2])
    assert tag(first[0], "label") == "x"
    assert tag(first[1], "batch") == outer
    assert {tag(line, "batch") for line in (first + rest)[2:12]} == {inner}
    assert f" BATCH -{inner}" in rest[-3]
    assert f" BATCH -{outer}" in rest[-2]


def test_long_messages_are_fewer_at_once(file: File) -> None:
    world = keeping(file, replies=8)
    world.irc("al", caps=f"{ALL} echo-message", rooms="#a")
    world.send("al", *(f"@+x={'y' * 1600} PRIVMSG #a :{number}" for number in range(9)))
    world.slow = True
    world.ask("al", "CHATHISTORY LATEST #a * 9")
    request = world.requests.pop()
    assert isinstance(request, LookUp)
    assert len(texts(world.step(world.looked_up(request))["al"])) == 2


def test_who_is_removed_meanwhile_is_not_shown_it(world: World) -> None:
    said(world, "al", "hello")
    world.slow = True
    world.ask("bo", "CHATHISTORY LATEST #a * 5")
    (request,) = world.requests
    assert isinstance(request, LookUp)
    world.requests.clear()
    world.send("al", "KICK #a bo", "PRIVMSG #a :secret")
    world.slow = False
    found = world.step(world.looked_up(request))["bo"]
    assert codes(found) == ["FAIL"]
    assert "INVALID_TARGET" in found[0]


def test_what_is_taken_back_meanwhile_is_not_shown(file: File) -> None:
    """Not in what is read at that moment, nor in what waits until the reader takes it."""
    world = keeping(file, replies=4)
    world.irc("al", caps=f"{ALL} echo-message draft/message-redaction", rooms="#a")
    world.irc("bo", caps=f"{CAPS} draft/message-redaction", rooms="#a")
    ids = [said(world, "al", text) for text in NUMBERS]
    world.slow = True
    world.ask("bo", "CHATHISTORY LATEST #a * 10")
    (request,) = world.requests
    assert isinstance(request, LookUp)
    world.requests.clear()
    found = world.looked_up(request)

    def redact(number: int) -> None:
        world.ask("al", f"REDACT #a {ids[number]}")
        asked = next(one for one in world.requests if isinstance(one, LookUp))
        world.requests.remove(asked)
        assert codes(world.step(world.looked_up(asked))["bo"]) == ["REDACT"]

    redact(1)
    assert texts(world.step(found)["bo"]) == ["0", "2", "3", "4"]
    redact(7)
    world.slow = False
    assert texts(world.complete(result=True)["bo"]) == ["5", "6", "8", "9"]


def test_what_was_said_under_another_name_is_shown_under_the_one_that_was_asked_for(
    world: World,
) -> None:
    world.send("al", "TOPIC #a :t", "PRIVMSG #a :1")
    world.send("al", "PRIVMSG @#a :2", "RENAME #a #b")
    lines = world.ask("al", "CHATHISTORY LATEST #b * 10")
    shown = [line.partition(" :")[2].partition(" ")[2] for line in lines[1:-1]]
    assert shown == [
        "JOIN #b",
        "JOIN #b",
        "TOPIC #b :t",
        "PRIVMSG #b :1",
        "PRIVMSG @#b :2",
        "RENAME #a #b :",
    ]


def test_nobody_takes_a_name_that_something_was_said_under(world: World) -> None:
    world.send("bo", "JOIN #b", "PRIVMSG #b :ours", "PART #b")
    (refusal,) = world.ask("al", "RENAME #a #B")
    assert refusal.endswith(
        "FAIL RENAME CHANNEL_NAME_IN_USE #a #B :Something was said in a channel of that name"
    )
    world.ask("bo", "JOIN #b")
    assert read(world, "bo", "#b") == ["ours"]
    assert codes(world.ask("al", "RENAME #a #c")) == ["RENAME"]


def test_a_name_of_which_it_is_not_known_is_not_taken(world: World) -> None:
    world.slow = True
    world.ask("al", "RENAME #a #b")
    (request,) = world.requests
    world.requests.clear()
    done = Completed(request=request.id, result=False, detail="no disk")
    assert "CANNOT_RENAME" in world.step(done)["al"][0]
    world.ask("al", "RENAME #a #b")
    (request,) = world.requests
    assert isinstance(request, LookUp)
    world.requests.clear()
    # Somebody has been faster.
    world.send("bo", "JOIN #b")
    assert "CHANNEL_NAME_IN_USE" in world.step(world.looked_up(request))["al"][0]


def test_who_has_less_to_say_meanwhile_is_shown_less(world: World) -> None:
    world.send("al", "MODE #a +h bo", "PRIVMSG %#a :for some", "PRIVMSG #a :for all")
    assert read(world, "bo") == ["for some", "for all"]
    world.slow = True
    world.ask("bo", "CHATHISTORY LATEST #a * 5")
    (request,) = world.requests
    assert isinstance(request, LookUp)
    world.requests.clear()
    world.send("al", "MODE #a -h bo")
    world.slow = False
    assert texts(world.step(world.looked_up(request))["bo"]) == ["for all"]


def test_history_is_switched_off(world: World) -> None:
    settings = msgspec.structs.replace(world.core.settings, history=False)
    assert isinstance(settings, Settings)
    world.core.context.settings = settings
    assert codes(world.ask("bo", "CHATHISTORY LATEST #a * 5")) == ["421"]


def test_what_was_taken_back_does_not_count(file: File) -> None:
    """draft/message-redaction, "Chat history": nor does it take draft/event-playback."""
    world = keeping(file)
    redaction = "draft/message-redaction"
    world.irc("al", caps=f"{CAPS} echo-message {redaction}", rooms="#a")
    world.irc("bo", caps=CAPS, rooms="#a")
    ids = {text: said(world, "al", text) for text in NUMBERS}
    for text in ("1", "3", "5", "7"):
        world.ask("al", f"REDACT #a {ids[text]}")

    def page(name: str, rest: str) -> list[str]:
        lines = world.ask(name, f"CHATHISTORY {rest}")[1:-1]
        return [*texts(lines), *(line.split()[4] for line in lines if " REDACT " in line)]

    gone = [ids[text] for text in ("1", "3", "5", "7")]
    assert page("al", "LATEST #a * 1") == ["9", *gone]
    assert page("al", "LATEST #a * 4") == ["4", "6", "8", "9", *gone]
    assert page("al", f"AFTER #a msgid={ids['6']} 2") == ["8", "9"]
    assert page("al", f"AFTER #a msgid={ids['6']} 3") == ["8", "9", *gone]
    assert page("al", f"AROUND #a msgid={ids['8']} 4") == ["4", "6", "8", "9"]
    assert page("bo", "LATEST #a * 4") == ["4", "6", "8", "9"]


def test_a_page_ends_however_much_was_taken_back(file: File) -> None:
    world = keeping(file)
    world.irc("al", caps=f"{CAPS} echo-message draft/message-redaction", rooms="#a")
    ids = [said(world, "al", str(number)) for number in range(110)]
    for id in ids[1:]:
        world.ask("al", f"REDACT #a {id}")
    first = world.ask("al", "CHATHISTORY LATEST #a * 2")[1:-1]
    assert [line.split()[4] for line in first] == ids[-102:]
    # And whoever goes on finds the rest.
    rest = world.ask("al", f"CHATHISTORY BEFORE #a msgid={tag(first[0], 'msgid')} 2")[1:-1]
    assert texts(rest) == ["0"]
    assert [line.split()[4] for line in rest[1:]] == ids[1:8]
