"""How far somebody has read (draft/read-marker)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.channels import Room
from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

pytestmark = pytest.mark.capability("draft/read-marker")

MARKER = "draft/read-marker"
T1, T2, T3 = (f"timestamp=2024-01-04T14:33:2{second}.123Z" for second in (1, 2, 3))


def mark(session: Session, line: str) -> list[str]:
    """Return the parameters of what a MARKREAD is answered."""
    found = one(session.ask(f"MARKREAD {line}"), "MARKREAD")
    assert "." in found.source or "!" not in found.source
    return found.params


def test_on_joining(register: Register, channel: str) -> None:
    """IRCv3 read-marker, "Command flows": after JOIN, before RPL_ENDOFNAMES; `*` when unknown."""
    al = register("al", MARKER)
    found = al.ask(f"JOIN {channel}")
    assert one(found, "MARKREAD").params == [channel, "*"]
    order = commands(only(found, "JOIN", "MARKREAD", "366"))
    assert order == ["JOIN", "MARKREAD", "366"]


def test_on_joining_without_the_capability(register: Register, channel: str) -> None:
    """IRCv3 read-marker, "Command flows": only if it is negotiated."""
    assert only(register("al").ask(f"JOIN {channel}"), "MARKREAD") == []


def test_set_and_get(room: Room, channel: str) -> None:
    """IRCv3 read-marker, "MARKREAD client set command", "get command": both are answered."""
    (al,) = room("al", capabilities=[MARKER])
    assert mark(al, channel) == [channel, "*"]
    assert mark(al, f"{channel} {T1}") == [channel, T1]
    assert mark(al, channel) == [channel, T1]


def test_it_only_increases(room: Room, channel: str) -> None:
    """IRCv3 read-marker, "Read timestamp notes": what is older is answered with what is stored."""
    (al,) = room("al", capabilities=[MARKER])
    assert mark(al, f"{channel} {T2}") == [channel, T2]
    assert mark(al, f"{channel} {T1}") == [channel, T2]
    assert mark(al, f"{channel} {T2}") == [channel, T2]
    assert mark(al, f"{channel} {T3}") == [channel, T3]


def test_of_a_user(register: Register) -> None:
    """IRCv3 read-marker, "MARKREAD Command": the target can be a nickname."""
    al, bo = register("al", MARKER), register("bo", MARKER)
    assert mark(al, bo.nick) == [bo.nick, "*"]
    assert mark(al, f"{bo.nick} {T1}") == [bo.nick, T1]
    assert mark(al, bo.nick) == [bo.nick, T1]
    assert bo.read() == []
    assert mark(bo, al.nick) == [al.nick, "*"]


def test_it_outlasts_a_part(room: Room, channel: str) -> None:
    """IRCv3 read-marker, "Command flows": the marker is sent on joining again."""
    al, _ = room("al", "bo", capabilities=[MARKER])
    mark(al, f"{channel} {T1}")
    found = al.ask(f"PART {channel}", f"JOIN {channel}")
    assert one(found, "MARKREAD").params == [channel, T1]


def test_nobody_else_is_told(room: Room, channel: str) -> None:
    """IRCv3 read-marker, "Security Considerations": not disclosed to other users."""
    al, bo = room("al", "bo", capabilities=[MARKER])
    mark(al, f"{channel} {T1}")
    assert bo.read() == []
    assert mark(bo, channel) == [channel, "*"]


@pytest.mark.parametrize(
    "wrong", ["*", "2024-01-04T14:33:26.123Z", "timestamp=2024", "timestamp=", "msgid=x"]
)
def test_no_time(room: Room, channel: str, wrong: str) -> None:
    """IRCv3 read-marker, "Errors and Warnings": INVALID_PARAMS."""
    (al,) = room("al", capabilities=[MARKER])
    found = one(al.ask(f"MARKREAD {channel} {wrong}"), "FAIL")
    assert found.params[:2] == ["MARKREAD", "INVALID_PARAMS"]
    assert mark(al, channel) == [channel, "*"]


def test_nobody_reads_what_is_to_come(room: Room, channel: str) -> None:
    """IRCv3 read-marker, "Implementation Considerations": clamped to the current time."""
    (al,) = room("al", capabilities=[MARKER])
    future = "timestamp=2999-01-01T00:00:00.000Z"
    _, stamp = mark(al, f"{channel} {future}")
    assert stamp.startswith("timestamp=2")
    assert stamp < future


def test_the_case_of_a_target(room: Room, channel: str) -> None:
    """Modern IRC, "CASEMAPPING": it is the same channel in capitals."""
    (al,) = room("al", capabilities=[MARKER])
    mark(al, f"{channel} {T1}")
    assert mark(al, channel.upper()) == [channel.upper(), T1]


def test_without_the_capability(register: Register) -> None:
    """IRCv3 read-marker, "Implementation": it has to be negotiated."""
    assert only(register("al").ask("MARKREAD al"), "MARKREAD") == []


def test_no_parameters(register: Register) -> None:
    """IRCv3 read-marker, "Errors and Warnings": NEED_MORE_PARAMS."""
    found = one(register("al", MARKER).ask("MARKREAD"), "FAIL")
    assert found.params[:2] == ["MARKREAD", "NEED_MORE_PARAMS"]


@pytest.mark.capability("server-time", "echo-message")
def test_of_a_message(room: Room, channel: str) -> None:
    """IRCv3 read-marker, "Examples": the time of a message is one that can be marked."""
    (al,) = room("al", capabilities=[MARKER, "server-time", "echo-message"])
    said = one(al.ask(f"PRIVMSG {channel} :message"), "PRIVMSG")
    stamp = f"timestamp={said.tags['time']}"
    assert mark(al, f"{channel} {stamp}") == [channel, stamp]


@pytest.mark.capability("labeled-response", "batch")
def test_a_label(room: Room, channel: str) -> None:
    """IRCv3 labeled-response: MARKREAD is the answer."""
    (al,) = room("al", capabilities=[MARKER, "labeled-response", "batch"])
    (found,) = al.ask(f"@label=1 MARKREAD {channel} {T1}")
    assert (found.command, found.tags["label"]) == ("MARKREAD", "1")


@pytest.mark.capability("draft/channel-rename")
def test_under_a_new_name(room: Room, channel: str, name: Callable[[str], str]) -> None:
    """IRCv3 channel-rename, "Messages": it is the same channel."""
    (al,) = room("al", capabilities=[MARKER, "draft/channel-rename"])
    mark(al, f"{channel} {T1}")
    new = name("#new")
    al.ask(f"RENAME {channel} {new}")
    assert mark(al, new) == [new, T1]
