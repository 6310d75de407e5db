"""Lines of IRC, and the events that they are."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.client import events
from trio_chat.client.interpretation import Context, event_of, parse_leniently
from trio_chat.client.support import Support
from trio_chat.wire import irc

NOW = dt.datetime(2024, 5, 6, 7, 8, tzinfo=dt.UTC)
CONTEXT = Context(now=NOW, nick="me", support=Support())


def read(line: str) -> events.Event | None:
    message = parse_leniently(line.encode())
    assert message is not None
    return event_of(message, CONTEXT)


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            ":bob!b@h PRIVMSG #a :hi  there ",
            events.Message(time=NOW, nick="bob", target="#a", room="#a", text="hi  there "),
        ),
        (
            ":bob!b@h PRIVMSG me :psst",
            events.Message(time=NOW, nick="bob", target="me", text="psst"),
        ),
        (
            ":ME!b@h PRIVMSG bob :\x01ACTION waves\x01",
            events.Message(time=NOW, nick="ME", target="bob", text="waves", action=True, own=True),
        ),
        (
            ":bob!b@h PRIVMSG me :\x01version\x01",
            events.Ctcp(time=NOW, nick="bob", target="me", command="VERSION"),
        ),
        (
            ":bob!b@h NOTICE me :\x01VERSION client 1\x01",
            events.Ctcp(
                time=NOW, nick="bob", target="me", command="VERSION", text="client 1", answer=True
            ),
        ),
        (
            "NOTICE * :looking up",
            events.Notice(time=NOW, nick="", target="*", text="looking up"),
        ),
        (":bob!b@h JOIN #a", events.Joined(time=NOW, nick="bob", room="#a")),
        (
            ":bob!b@h JOIN #a acc :Real Name",
            events.Joined(time=NOW, nick="bob", room="#a", account="acc", realname="Real Name"),
        ),
        (
            ":bob!b@h JOIN #a * :Real Name",
            events.Joined(time=NOW, nick="bob", room="#a", realname="Real Name"),
        ),
        (":bob!b@h PART #a", events.Parted(time=NOW, nick="bob", room="#a")),
        (":bob!b@h PART #a :x y", events.Parted(time=NOW, nick="bob", room="#a", reason="x y")),
        (
            ":op!o@h KICK #a bob :out",
            events.Kicked(time=NOW, nick="bob", room="#a", by="op", reason="out"),
        ),
        (":bob!b@h QUIT", events.Quit(time=NOW, nick="bob")),
        (":bob!b@h QUIT :bye", events.Quit(time=NOW, nick="bob", reason="bye")),
        (":bob!b@h NICK al", events.NickChanged(time=NOW, nick="bob", new="al")),
        (
            ":bob!b@h TOPIC #a :new",
            events.TopicChanged(time=NOW, nick="bob", room="#a", topic="new"),
        ),
        (
            ":bob!b@h MODE #a +ov al eve",
            events.ModeChanged(
                time=NOW, nick="bob", target="#a", modes="+ov", arguments=("al", "eve")
            ),
        ),
        (":bob!b@h INVITE me #a", events.Invited(time=NOW, nick="me", room="#a", by="bob")),
        (":bob!b@h AWAY :lunch", events.AwayChanged(time=NOW, nick="bob", reason="lunch")),
        (":bob!b@h AWAY", events.AwayChanged(time=NOW, nick="bob")),
        (
            ":s 332 me #a :cats",
            events.ServerReply(time=NOW, code="332", params=("#a", "cats")),
        ),
        (
            ":s WARN X Y :careful",
            events.ServerReply(time=NOW, code="WARN", params=("X", "Y", "careful")),
        ),
        (":bob!b@h MODE #a", events.ServerReply(time=NOW, code="MODE", params=("#a",))),
        ("PING x", None),
        (":s CAP * LS :a", None),
        ("ERROR :x", None),
        ("@+typing=active :bob!b@h TAGMSG #a", None),
    ],
)
def test_events(line: str, event: events.Event | None) -> None:
    assert read(line) == event


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("2020-01-02T03:04:05.678Z", dt.datetime(2020, 1, 2, 3, 4, 5, 678000, tzinfo=dt.UTC)),
        ("2020-01-02T03:04:05", dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
        ("yesterday", NOW),
        ("", NOW),
    ],
)
def test_times(stamp: str, time: dt.datetime) -> None:
    event = read(f"@time={stamp} :bob!b@h QUIT")
    assert event is not None
    assert event.time == time


def test_lines_that_a_strict_reader_would_refuse() -> None:
    message = parse_leniently(b"@a=" + b"x" * 8000 + b" :s PRIVMSG #a :caf\xe9\0" + b"y" * 1000)
    assert message is not None
    assert len(message.tags["a"]) == 8000
    assert message.params[1].startswith("caf�yyy")
    assert parse_leniently(b"") is None
    assert parse_leniently(b"@tags-only") is None
    assert parse_leniently(b":source-only") is None


@given(st.binary())
def test_no_line_raises(line: bytes) -> None:
    message = parse_leniently(line)
    if message is not None:
        event_of(message, CONTEXT)


@given(st.sampled_from(["PRIVMSG", "KICK", "MODE", "JOIN", "NICK", "353", "FAIL"]), st.text())
def test_no_parameters_raise(command: str, text: str) -> None:
    message = parse_leniently(f"{command} {text}".encode(errors="replace"))
    if message is not None:
        event_of(message, CONTEXT)


@pytest.mark.parametrize(
    ("line", "history", "own"),
    [
        (b"@account=Me :phone!u@h PRIVMSG bob :x", True, True),
        (b"@account=Me :phone!u@h NOTICE bob :x", True, True),
        # Live, it is said to us; and who else is in a room is another client.
        (b"@account=Me :phone!u@h PRIVMSG me :x", False, False),
        (b"@account=Me :phone!u@h PRIVMSG #a :x", True, False),
        (b"@account=bob :phone!u@h PRIVMSG me :x", True, False),
        (b":phone!u@h PRIVMSG me :x", True, False),
    ],
)
def test_what_our_account_has_said(line: bytes, history: bool, own: bool) -> None:
    context = Context(now=NOW, nick="me", account="me", support=Support(), history=history)
    event = event_of(irc.parse(line), context)
    assert isinstance(event, events.Message | events.Notice)
    assert event.own is own


def test_without_an_account_nobody_else_is_us() -> None:
    context = Context(now=NOW, nick="me", support=Support(), history=True)
    event = event_of(irc.parse(b"@account= :phone!u@h PRIVMSG me :x"), context)
    assert isinstance(event, events.Message)
    assert not event.own
