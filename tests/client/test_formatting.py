from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.client.events import (
    CaughtUp,
    Disconnected,
    Event,
    Gap,
    Missed,
    Reconnected,
    Reconnecting,
    RejoinFailed,
)
from trio_chat.client.formatting import is_routine, line_of
from trio_chat.client.interpretation import Context, event_of, parse_leniently
from trio_chat.client.support import Support

NOW = dt.datetime(2024, 5, 6, 12, 3, tzinfo=dt.UTC)


def happened(line: str) -> Event:
    message = parse_leniently(line.encode())
    assert message is not None
    event = event_of(message, Context(now=NOW, nick="me", support=Support()))
    assert event is not None
    return event


def shown(line: str) -> str:
    return line_of(happened(line), nick="me", room="#lobby", zone=dt.UTC)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (":alice!a@h PRIVMSG #lobby :hi", "12:03 <alice> hi"),
        (":alice!a@h PRIVMSG #Lobby :hi", "12:03 <alice> hi"),
        (":alice!a@h PRIVMSG #cats :hi", "12:03 #cats <alice> hi"),
        (":alice!a@h PRIVMSG #lobby :\x01ACTION waves\x01", "12:03 * alice waves"),
        (":alice!a@h PRIVMSG me :psst", "12:03 [alice → you] psst"),
        (":me!a@h PRIVMSG alice :psst", "12:03 [you → alice] psst"),
        (":me!a@h PRIVMSG me :note", "12:03 [me → you] note"),
        (":alice!a@h PRIVMSG me :\x01ACTION waves\x01", "12:03 [alice → you] * waves"),
        (":alice!a@h PRIVMSG #lobby :\x1b[2Jboo\x02!", "12:03 <alice> �[2Jboo!"),
        (":alice!a@h PRIVMSG me :\x01VERSION\x01", "12:03 alice asks for VERSION"),
        (":alice!a@h NOTICE me :\x01VERSION x 1\x01", "12:03 alice answers VERSION: x 1"),
        (":alice!a@h NOTICE me :psst", "12:03 [alice → you] -- psst"),
        (":alice!a@h NOTICE #lobby :psst", "12:03 -alice- psst"),
        (":irc.example.org NOTICE me :hello", "12:03 -- hello"),
        ("NOTICE * :hello", "12:03 -- hello"),
        (":alice!a@h JOIN #lobby", "12:03 alice joined"),
        (":alice!a@h JOIN #cats", "12:03 #cats alice joined"),
        (":alice!a@h PART #lobby", "12:03 alice left"),
        (":alice!a@h PART #cats :bored", "12:03 #cats alice left (bored)"),
        (":alice!a@h QUIT :ping timeout", "12:03 alice left (ping timeout)"),
        (":bob!a@h KICK #lobby alice", "12:03 alice was kicked by bob"),
        (":bob!a@h KICK #lobby me :out", "12:03 you were kicked by bob (out)"),
        (":alice!a@h NICK al", "12:03 alice is now known as al"),
        (":alice!a@h TOPIC #lobby :cats", "12:03 alice set the topic: cats"),
        (":alice!a@h TOPIC #lobby :", "12:03 alice took the topic away"),
        (":alice!a@h MODE #lobby +ov a b", "12:03 alice set +ov a b"),
        (":me MODE me +i", ""),
        (":alice!a@h INVITE me #cats", "12:03 alice invites you to #cats"),
        (":alice!a@h INVITE bob #cats", "12:03 alice invites bob to #cats"),
        (":alice!a@h AWAY :lunch", ""),
        (":s 001 me :Welcome", ""),
        (":s 372 me :- be nice", "12:03 -- be nice"),
        (":s 332 me #cats :meow", "12:03 the topic of #cats is: meow"),
        (":s 353 me = #cats :@alice me ", "12:03 in #cats: @alice me"),
        (":s 301 me alice :lunch", "12:03 alice is away: lunch"),
        (":s 332 me", "12:03 -- "),
        (":s 341 me alice #cats", "12:03 -- alice #cats"),
        (":s 404 me #cats :Cannot send", "12:03 ! #cats: Cannot send"),
        (":s 451 * :Register first", "12:03 ! Register first"),
        (":s FAIL JOIN NO #cats :Not so", "12:03 ! Not so"),
        (":s NOTE * X :by the way", "12:03 -- by the way"),
    ],
)
def test_lines(line: str, text: str) -> None:
    assert shown(line) == text


@pytest.mark.parametrize(
    ("line", "routine"),
    [
        *((f":s {code} me x :y", True) for code in ("001", "005", "251", "266", "372", "422")),
        (":s 353 me = #cats :me", True),
        (":s 366 me #cats :End of NAMES list", True),
        (":s 404 me #cats :Cannot send", False),
        (":s 301 me alice :lunch", False),
        (":s WARN * X :careful", False),
        (":alice!a@h JOIN #lobby", False),
    ],
)
def test_what_every_start_brings(line: str, routine: bool) -> None:
    assert is_routine(happened(line)) is routine


def test_a_gap() -> None:
    event = Missed(time=NOW, count=7)
    assert line_of(event, nick="me", zone=dt.UTC) == "12:03 -- 7 lines were missed here"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_nothing_reaches_the_terminal_raw(text: str) -> None:
    message = parse_leniently(f":n\x1b!u@h PRIVMSG #lobby :{text}".encode())
    if message is not None and len(message.params) > 1:
        event = event_of(message, Context(now=NOW, nick="me", support=Support()))
        assert event is not None
        line = line_of(event, nick="me")
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Disconnected(time=NOW, reason="gone"), "12:03 -- the connection is lost: gone"),
        (Reconnecting(time=NOW, attempt=1, delay=0.7), "12:03 -- connecting again in 1 s"),
        (
            Reconnecting(time=NOW, attempt=2, delay=31.4, reason="refused"),
            "12:03 -- refused; connecting again in 31 s",
        ),
        (Reconnected(time=NOW, nick="me"), "12:03 -- you are me again"),
        (CaughtUp(time=NOW), ""),
        (
            RejoinFailed(time=NOW, room="#cats", reason="no"),
            "12:03 ! you are no longer in #cats: no",
        ),
        (
            Gap(time=NOW, target="#cats", reason="no history"),
            "12:03 -- #cats: what was said meanwhile may be missing: no history",
        ),
        (
            Gap(time=NOW, target="", reason="no history"),
            "12:03 -- what was said meanwhile may be missing: no history",
        ),
    ],
)
def test_the_way_back(event: Event, text: str) -> None:
    assert line_of(event, nick="me", room="#lobby", zone=dt.UTC) == text
