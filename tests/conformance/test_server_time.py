"""When something happened, and the name that a message has: tags `time` and `msgid`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Line, Session, commands, one, only

Room = Callable[..., list[Session]]

_time = pytest.mark.capability("server-time")
_msgid = pytest.mark.capability("message-tags")
_KINDS = pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])


def _when(line: Line) -> datetime:
    """Return the time of a line, which has to be written as the specification says."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.tags["time"]), line
    return datetime.fromisoformat(line.tags["time"])


# --- time


@_time
@_KINDS
def test_messages_have_a_time(register: Register, command: str) -> None:
    """IRCv3 server-time: UTC, to the millisecond."""
    al, bo = register("al"), register("bo", "server-time")
    al.ask(f"{command} {bo.nick} :hello")
    _when(one(bo.read(), command))


@pytest.mark.ours
@_time
@pytest.mark.parametrize(
    "line",
    ["JOIN {0}x", "PART {0}", "TOPIC {0} :new", "MODE {0} +m", "NICK {1}x", "KICK {0} {2}"],
)
def test_other_events_have_a_time(room: Room, channel: str, line: str) -> None:
    """IRCv3 server-time: servers may include it wherever they see fit; ours does everywhere."""
    al, bo = room("al", "bo", capabilities=["server-time"])
    command = line.split()[0]
    other = f"{channel}x"
    if command == "JOIN":
        bo.ask(f"JOIN {other}")
    al.ask(line.format(channel, al.nick, bo.nick))
    _when(one(bo.read(), command))


@pytest.mark.ours
@_time
def test_it_is_the_present_time(register: Register) -> None:
    """IRCv3 server-time: the message occurred at the given time."""
    al, bo = register("al"), register("bo", "server-time")
    before = datetime.now(UTC) - timedelta(seconds=1)
    al.ask(f"PRIVMSG {bo.nick} :hello")
    found = one(bo.read(), "PRIVMSG")
    assert before <= _when(found) <= datetime.now(UTC) + timedelta(seconds=1)


@_time
def test_times_do_not_run_backwards(register: Register) -> None:
    """IRCv3 server-time: messages that came in an order have their times in that order."""
    al, bo = register("al"), register("bo", "server-time")
    al.ask(*[f"PRIVMSG {bo.nick} :{i}" for i in range(10)])
    times = [_when(line) for line in only(bo.read(), "PRIVMSG")]
    assert len(times) == 10
    assert times == sorted(times)


@_time
@pytest.mark.capability("echo-message")
def test_everybody_has_the_same_time(room: Room, channel: str) -> None:
    """IRCv3 server-time: it belongs to the message, and so to its echo."""
    al, bo, cy = room("al", "bo", "cy", capabilities=["server-time", "echo-message"])
    lines = [one(al.ask(f"PRIVMSG {channel} :hello"), "PRIVMSG")]
    lines += [one(session.read(), "PRIVMSG") for session in (bo, cy)]
    assert len({_when(line) for line in lines}) == 1


@_time
def test_those_who_did_not_ask_for_it(register: Register) -> None:
    """IRCv3 server-time: not before it has been acknowledged, and not after it was disabled."""
    al, bo = register("al"), register("bo")
    al.ask(f"PRIVMSG {bo.nick} :one")
    before = bo.ask("CAP REQ :server-time")
    al.ask(f"PRIVMSG {bo.nick} :two")
    during = bo.ask("CAP REQ :-server-time")
    al.ask(f"PRIVMSG {bo.nick} :three")
    found = [one(lines, "PRIVMSG") for lines in (before, during, bo.read())]
    assert ["time" in line.tags for line in found] == [False, True, False]
    assert not [line for line in bo.welcome if "time" in line.tags]


# --- msgid


@_msgid
@_KINDS
def test_messages_have_an_id(register: Register, command: str) -> None:
    """IRCv3 message-ids, "Tags": all PRIVMSG and NOTICE have one that could be a parameter."""
    al, bo = register("al"), register("bo", "message-tags")
    al.ask(f"{command} {bo.nick} :hello")
    identity = one(bo.read(), command).tags["msgid"]
    assert re.fullmatch(r"[^: \r\n][^ \r\n]*", identity)


@_msgid
@pytest.mark.capability("echo-message")
@_KINDS
def test_everybody_has_the_same_id(room: Room, channel: str, command: str) -> None:
    """IRCv3 message-ids, "Introduction": shared across clients; who sent it knows it too."""
    al, bo, cy = room("al", "bo", "cy", capabilities=["message-tags", "echo-message"])
    lines = [one(al.ask(f"{command} {channel} :hello"), command)]
    lines += [one(session.read(), command) for session in (bo, cy)]
    assert len({line.tags["msgid"] for line in lines}) == 1


@_msgid
@pytest.mark.capability("echo-message")
def test_a_message_to_oneself_has_one_id(register: Register) -> None:
    """IRCv3 message-ids, "Tag value": the echo and the message are the same message."""
    user = register("al", "message-tags", "echo-message")
    found = only(user.ask(f"PRIVMSG {user.nick} :hello"), "PRIVMSG")
    assert len(found) == 2
    assert len({line.tags["msgid"] for line in found}) == 1


@_msgid
def test_no_two_messages_have_the_same_id(room: Room, channel: str) -> None:
    """IRCv3 message-ids, "Tag value": unique, whoever sends and wherever."""
    al, bo = room("al", "bo", capabilities=["message-tags"])
    lines = [f"{kind} {{}} :same" for kind in ("PRIVMSG", "NOTICE")] * 5
    al.ask(*[line.format(channel) for line in lines], *[line.format(bo.nick) for line in lines])
    seen = only(bo.read(), "PRIVMSG", "NOTICE")
    bo.ask(*[line.format(channel) for line in lines])
    seen += only(al.read(), "PRIVMSG", "NOTICE")
    assert len(seen) == 30
    assert len({line.tags["msgid"] for line in seen}) == 30


@_msgid
def test_messages_to_two_are_two(register: Register) -> None:
    """IRCv3 message-ids, "Tag value": another target, another message."""
    al, bo, cy = (register(nick, "message-tags") for nick in ("al", "bo", "cy"))
    al.ask(f"PRIVMSG {bo.nick},{cy.nick} :hello")
    first, second = (one(session.read(), "PRIVMSG").tags["msgid"] for session in (bo, cy))
    assert first != second


@_msgid
@_time
def test_an_id_needs_message_tags(register: Register) -> None:
    """IRCv3 message-ids, "Dependencies": message-tags has to be negotiated."""
    al, bo = register("al"), register("bo", "server-time")
    al.ask(f"PRIVMSG {bo.nick} :hello")
    seen = bo.read()
    assert commands(seen) == ["PRIVMSG"]
    assert "msgid" not in seen[0].tags


@pytest.mark.ours
@_msgid
def test_tagmsg_has_an_id(room: Room, channel: str) -> None:
    """IRCv3 message-tags, "Examples": the same for the echo and for others."""
    al, bo = room("al", "bo", capabilities=["message-tags", "echo-message"])
    echo = one(al.ask(f"@+a=1 TAGMSG {channel}"), "TAGMSG")
    assert one(bo.read(), "TAGMSG").tags["msgid"] == echo.tags["msgid"]
