"""PRIVMSG, NOTICE, TAGMSG, echoes and labels."""

from __future__ import annotations

import pytest

from tests.core.world import RECORDING, SERVER, World, codes, prefix
from trio_chat.core import ids
from trio_chat.core.entries import event_of
from trio_chat.core.events import Said


def talk(world: World, *names: str, caps: str = "") -> None:
    for name in names:
        world.irc(name, rooms="#a", caps=caps)


def test_a_message_reaches_the_others_and_not_its_sender() -> None:
    world = World()
    talk(world, "al", "bo")
    world.irc("out")
    line = f"{prefix('al')} PRIVMSG #a :hi there"
    assert world.send("al", "PRIVMSG #A :hi there") == {"bo": [line], "al": []}
    assert world.send("al", "NOTICE #a x") == {"bo": [f"{prefix('al')} NOTICE #a :x"], "al": []}
    assert world.send("al", "PRIVMSG BO :psst") == {"bo": [f"{prefix('al')} PRIVMSG bo :psst"]}


def test_every_message_is_recorded_before_it_is_shown() -> None:
    world = World(RECORDING)
    talk(world, "al", "bo")
    world.send("al", "PRIVMSG #a :one", "NOTICE bo :two", "PRIVMSG nobody :three")
    assert world.last is not None
    events = [event for event in map(event_of, world.last.records) if event is not None]
    assert [(e.kind, e.target, e.text) for e in events if isinstance(e, Said)] == [
        ("PRIVMSG", "#a", "one"),
        ("NOTICE", "bo", "two"),
    ]
    assert len({event.id for event in events}) == 2
    assert {event.source.user for event in events} == {world.ids["al"]}


def test_echo_message() -> None:
    world = World()
    talk(world, "al", "bo", caps="echo-message")
    both = [f"{prefix('al')} PRIVMSG #a :hi"]
    assert world.send("al", "PRIVMSG #a :hi") == {"al": both, "bo": both}
    line = [f"{prefix('al')} PRIVMSG bo :hi"]
    assert world.send("al", "PRIVMSG bo :hi") == {"al": line, "bo": line}
    # To oneself: once as what was sent, once as what came.
    assert world.ask("al", "PRIVMSG al :note") == [f"{prefix('al')} PRIVMSG al :note"] * 2


def test_echo_of_what_is_said_from_outside() -> None:
    world = World()
    talk(world, "op")
    world.ask("op", "MODE #a -n")
    world.irc("al", caps="echo-message")
    line = [f"{prefix('al')} PRIVMSG #a :hi"]
    assert world.send("al", "PRIVMSG #a :hi") == {"op": line, "al": line}


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("PRIVMSG", "411 al :No recipient given (PRIVMSG)"),
        ("PRIVMSG #a", "412 al :No text to send"),
        ("PRIVMSG #a :", "412 al :No text to send"),
        ("PRIVMSG nobody :x", "401 al nobody :No such nick/channel"),
        ("PRIVMSG #none :x", "403 al #none :No such channel"),
        ("PRIVMSG #b :x", "404 al #b :Cannot send to channel (+n): you are not in it"),
        ("TAGMSG #a", "421 al TAGMSG :Unknown command"),
        ("FROBNICATE x", "421 al FROBNICATE :Unknown command"),
        ("!? x", "421 al * :Unknown command"),
    ],
)
def test_what_can_not_be_sent_is_answered(line: str, reply: str) -> None:
    world = World()
    talk(world, "al")
    world.irc("bo", rooms="#b")
    assert world.ask("al", line) == [f":{SERVER} {reply}"]


def test_a_notice_is_never_answered() -> None:
    world = World()
    talk(world, "al")
    for line in ("NOTICE", "NOTICE #a", "NOTICE nobody :x", "NOTICE #none :x"):
        assert world.ask("al", line) == []


def test_several_targets_each_once_and_not_too_many() -> None:
    world = World()
    talk(world, "al", "bo")
    found = world.send("al", "PRIVMSG #a,bo,#a,nobody :x")
    assert found["bo"] == [f"{prefix('al')} PRIVMSG #a :x", f"{prefix('al')} PRIVMSG bo :x"]
    assert codes(found["al"]) == ["401"]
    assert codes(world.ask("al", "PRIVMSG a1,a2,a3,a4,a5 :x")) == ["407"] + ["401"] * 4


def test_moderated_banned_and_voiced() -> None:
    world = World()
    talk(world, "op", "al")
    world.ask("op", "MODE #a +m")
    assert codes(world.ask("al", "PRIVMSG #a :x")) == ["404"]
    world.ask("op", "MODE #a +v al")
    assert "op" in world.send("al", "PRIVMSG #a :x")
    world.ask("op", "MODE #a -mv al", "MODE #a +b al!*@*")
    assert codes(world.ask("al", "PRIVMSG #a :x", "PRIVMSG #a :x")) == ["404", "404"]
    # A new name is judged anew, and so is everybody when the list changes.
    world.ask("al", "NICK al2")
    assert world.ask("al", "PRIVMSG #a :x") == []
    world.ask("op", "MODE #a +b al2")
    assert codes(world.ask("al", "PRIVMSG #a :x")) == ["404"]
    world.ask("op", "MODE #a -b al2!*@*")
    assert world.ask("al", "PRIVMSG #a :x") == []
    # From outside, nothing is remembered.
    world.ask("op", "MODE #a -n+b out!*@*")
    world.irc("out")
    assert codes(world.ask("out", "PRIVMSG #a :x")) == ["404"]


def test_away_is_said_to_who_writes() -> None:
    world = World()
    world.irc("al")
    world.irc("bo")
    assert world.ask("bo", "AWAY :fishing") == [
        f":{SERVER} 306 bo :You have been marked as being away"
    ]
    assert world.ask("al", "PRIVMSG bo :hi") == [f":{SERVER} 301 al bo :fishing"]
    assert world.ask("al", "NOTICE bo :hi") == []
    assert codes(world.ask("bo", "AWAY")) == ["305"]
    assert world.ask("al", "PRIVMSG bo :hi") == []


def test_away_notify() -> None:
    world = World()
    world.irc("al", rooms="#a,#b", caps="away-notify")
    world.irc("bo", rooms="#a,#b")
    assert world.send("bo", "AWAY :x")["al"] == [f"{prefix('bo')} AWAY :x"]
    assert "al" not in world.send("bo", "AWAY :x")
    assert world.send("bo", "AWAY")["al"] == [f"{prefix('bo')} AWAY"]
    assert "bo" not in world.send("al", "AWAY :y").keys() - {"al"}


def test_tags_and_times_for_those_who_asked() -> None:
    world = World()
    talk(world, "plain")
    talk(world, "tags", caps="message-tags server-time")
    found = world.send("tags", "@+x=a\\sb;y=1;label=z PRIVMSG #a :hi")
    assert found["plain"] == [f"{prefix('tags')} PRIVMSG #a :hi"]
    world.irc("both", caps="message-tags server-time echo-message", rooms="#a")
    found = world.send("tags", "@+x=a\\sb;y=1 PRIVMSG #a :hi")
    tags, _, rest = found["both"][0].partition(" ")
    assert rest == f"{prefix('tags')} PRIVMSG #a :hi"
    parts = tags[1:].split(";")
    assert parts[0] == "time=2023-11-14T22:13:20.000Z"
    assert ids.decode(parts[1].removeprefix("msgid="))
    assert parts[2:] == ["+x=a\\sb"]
    # A TAGMSG is for those who know tags.
    found = world.send("tags", "@+typing=active TAGMSG #a")
    assert found["plain"] == []
    assert found["both"][0].endswith(f";+typing=active {prefix('tags')} TAGMSG #a")
    assert "plain" not in world.send("tags", "@+typing=active TAGMSG plain")


def test_text_that_does_not_fit_is_cut_for_everybody_alike() -> None:
    world = World()
    talk(world, "al", "bo", caps="echo-message")
    text = "é" * 240
    found = world.send("al", f"PRIVMSG #a :{text}")
    assert found["al"] == found["bo"]
    line = found["bo"][0]
    assert 508 <= len(line.encode()) <= 510
    assert text.startswith(line.rsplit(":", 1)[1])


# --- Labels

LABELS = "labeled-response batch echo-message"


def test_one_answer_carries_the_label() -> None:
    world = World()
    talk(world, "al", caps=LABELS)
    assert world.ask("al", "@label=x\\:y PING 1") == [f"@label=x\\:y :{SERVER} PONG {SERVER} 1"]
    assert world.ask("al", "@label=e PRIVMSG nobody :x") == [
        f"@label=e :{SERVER} 401 al nobody :No such nick/channel"
    ]


def test_several_answers_are_a_batch_and_none_an_ack() -> None:
    world = World()
    talk(world, "al", caps=LABELS)
    lines = world.ask("al", "@label=w WHO #a", "@label=p PONG x")
    assert lines[0].startswith(f"@label=w :{SERVER} BATCH +")
    reference = lines[0].split("+")[1].removesuffix(" labeled-response")
    assert lines[1].startswith(f"@batch={reference} :{SERVER} 352 al #a ")
    assert lines[2].startswith(f"@batch={reference} :{SERVER} 315 ")
    assert lines[3] == f":{SERVER} BATCH -{reference}"
    assert lines[4] == f"@label=p :{SERVER} ACK"


def test_a_labelled_echo_is_the_senders_own_and_in_its_place() -> None:
    world = World()
    talk(world, "al", "bo", caps=LABELS)
    found = world.step(
        world.lines("bo", "PRIVMSG #a :one"),
        world.lines("al", "@label=7 PRIVMSG #a :two"),
        world.lines("bo", "PRIVMSG #a :three"),
    )
    texts = [f"{prefix('bo')} PRIVMSG #a :one", f"{prefix('al')} PRIVMSG #a :two"]
    texts.append(f"{prefix('bo')} PRIVMSG #a :three")
    assert found["bo"] == texts
    assert found["al"] == [texts[0], f"@label=7 {texts[1]}", texts[2]]


def test_a_labelled_join_is_one_batch() -> None:
    world = World()
    world.irc("al", caps=LABELS)
    lines = world.ask("al", "@label=j JOIN #new")
    assert codes(lines) == ["BATCH", "JOIN", "353", "366", "BATCH"]


def test_a_labelled_message_to_oneself_comes_without_the_label_too() -> None:
    world = World()
    world.irc("al", caps=LABELS)
    line = f"{prefix('al')} PRIVMSG al :note"
    assert world.ask("al", "@label=s PRIVMSG al :note") == [line, f"@label=s {line}"]


def test_labels_that_are_not_ones() -> None:
    world = World()
    talk(world, "al", caps=LABELS)
    talk(world, "bo")
    assert world.ask("al", "@label= PONG x", "@label=" + "x" * 65 + " PONG x") == []
    assert world.ask("bo", "@label=1 PING x") == [f":{SERVER} PONG {SERVER} x"]


def test_a_labelled_quit_ends_with_error() -> None:
    world = World()
    talk(world, "al", caps=LABELS)
    assert codes(world.ask("al", "@label=q QUIT :x"))[-1] == "ERROR"


def test_a_labelled_line_that_can_not_be_read() -> None:
    world = World()
    talk(world, "al", caps=LABELS)
    lines = world.ask("al", b"@label=1 PRIVMSG #a :\xff", b"@label=2 PRIVMSG #a :" + b"x" * 600)
    assert codes(lines) == ["FAIL", "417"]
    assert [line.split(" ")[0] for line in lines] == ["@label=1", "@label=2"]


def test_everybody_reads_the_same_of_a_short_message_with_long_names() -> None:
    world = World()
    channel = "#" + "ж" * 63
    world.step(
        world.add("al"), world.lines("al", f"NICK {'ж' * 32}", "USER u 0 * :x", f"JOIN {channel}")
    )
    world.person("pl")
    world.ask("pl", f"/join {channel}")
    world.irc("irc", rooms=channel)
    found = world.send("al", f"PRIVMSG {channel} :{'🎉' * 64}")
    assert found["irc"][0].count("🎉") == found["pl"][0].count("🎉")


def test_bad_lines_are_answered() -> None:
    world = World()
    talk(world, "al")
    assert world.ask("al", b"PRIVMSG #a :\xff", b"PRIVMSG #a :" + b"x" * 600, b"", b"X\0") == [
        f":{SERVER} FAIL PRIVMSG INVALID_UTF8 :Message rejected, this server takes UTF-8 only",
        f":{SERVER} 417 al :Input line was too long",
        f":{SERVER} 400 al * :A line can not contain NUL or CR",
    ]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"PRIVMSG hal :a\0b", "PRIVMSG"),
        (b"PRIVMSG hal :a\rb", "PRIVMSG"),
        (b":me privmsg hal\0", "PRIVMSG"),
        (b"\0", "*"),
    ],
)
def test_a_byte_that_no_line_has_is_the_reason(line: bytes, command: str) -> None:
    world = World()
    talk(world, "al", "hal")
    reason = "A line can not contain NUL or CR"
    assert world.send("al", line) == {"al": [f":{SERVER} 400 al {command} :{reason}"]}
    world.step(world.add("new"))
    assert world.ask("new", b"NICK a\0b") == [f":{SERVER} 400 * NICK :{reason}"]
    # What can not be a command is what it was.
    assert world.ask("al", "!? x") == [f":{SERVER} 421 al * :Unknown command"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("PRIVMSG #a,#A :x", ["PRIVMSG #a :x"]),
        ("NOTICE bo,BO,#A,Bo :x", ["NOTICE bo :x", "NOTICE #a :x"]),
        ("@+a TAGMSG #a,#A", ["TAGMSG #a"]),
        ("PRIVMSG @#a,@#A :x", ["PRIVMSG @#a :x"]),
        ("PART #a,#A", ["PART #a"]),
        ("KICK #a bo,BO :x", ["KICK #a bo :x"]),
    ],
)
def test_a_name_in_other_letters_is_the_same_target(line: str, expected: list[str]) -> None:
    world = World()
    world.irc("bo", rooms="#a", caps="message-tags")
    world.irc("al", rooms="#a", caps="message-tags")
    world.ask("bo", "MODE #a +o al")
    found = world.send("al", line)
    shown = [one.split(" ", 2 if one[0] == "@" else 1)[-1] for one in found["bo"]]
    assert shown == expected
    assert not [code for code in codes(found.get("al", [])) if code.isdigit()]


def test_only_ascii_letters_have_a_case() -> None:
    world = World()
    world.irc("é")
    world.irc("al")
    found = world.send("al", "PRIVMSG é,e\u0301,É :x")
    assert len(found["é"]) == 1
    assert found["al"] == [f":{SERVER} 401 al É :No such nick/channel"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("JOIN #x,#X,#x", ["JOIN", "353", "366"]),
        ("JOIN x,X", ["403"]),
        ("PART #x,#X", ["403"]),
        ("NAMES #a,#A", ["353", "366"]),
        ("LIST #a,#A", ["321", "322", "323"]),
        ("MONITOR + bo,BO", ["730"]),
    ],
)
def test_what_is_asked_for_twice_is_answered_once(line: str, expected: list[str]) -> None:
    world = World()
    world.irc("bo", rooms="#a")
    world.irc("al")
    assert codes(world.ask("al", line)) == expected


def test_a_list_of_nicknames_has_each_once() -> None:
    world = World()
    world.irc("bo")
    world.irc("al")
    assert world.ask("al", "ISON bo :BO Bo", "USERHOST bo BO") == [
        f":{SERVER} 303 al :bo",
        f":{SERVER} 302 al :bo=+~bo@10.0.0.1",
    ]


def test_what_does_not_fit_is_cut_between_characters() -> None:
    world = World()
    talk(world, "al", "bo")
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    (line,) = world.send("al", f"PRIVMSG #a :{family * 27}")["bo"]
    text = line.split(" :", 1)[1]
    assert text == family * 26
    assert len(line.encode()) > 510 - len(family.encode())
