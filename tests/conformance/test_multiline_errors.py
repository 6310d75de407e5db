"""Messages of several lines that are refused, and the limits (IRCv3 multiline, "Errors")."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register, Target
from tests.conformance.session import Line, Session, commands, one, only
from tests.conformance.test_multiline import CAPABILITIES, batch, message

pytestmark = pytest.mark.capability(*CAPABILITIES)

Room = Callable[..., list[Session]]


def _limit(target: Target, key: str) -> int:
    """Return a limit that the capability announces."""
    values = dict(
        item.partition("=")[::2] for item in target.capabilities["draft/multiline"].split(",")
    )
    if not values.get(key):
        pytest.skip(f"the server does not announce {key}")
    return int(values[key])


def _filled(size: int, join: int, character: str = "x") -> list[str]:
    """Return lines of so many bytes together, with `join` bytes for each line feed."""
    found = []
    width = len(character.encode())
    while size > 0:
        length = min(size, 300)
        found.append(character * (length // width) + "y" * (length % width))
        size -= length + join
    return found


def _refused(lines: list[Line], *expected: str) -> None:
    assert only(lines, "FAIL")[0].params[: 1 + len(expected)] == ["BATCH", *expected]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="nothing in it"),
        pytest.param(["", ""], id="blank lines only"),
        pytest.param([""], id="one blank line"),
        pytest.param(["hello ", "+", "there"], id="a blank continuation"),
    ],
)
def test_what_is_no_message(room: Room, channel: str, lines: list[str]) -> None:
    """IRCv3 multiline, "Batch types", "Errors": MULTILINE_INVALID, and nothing is delivered."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    _refused(al.ask(*batch(channel, *lines)), "MULTILINE_INVALID")
    assert bo.read() == []


@pytest.mark.parametrize("commands", [("PRIVMSG", "NOTICE"), ("NOTICE", "PRIVMSG")])
def test_messages_and_notices(room: Room, channel: str, commands: tuple[str, str]) -> None:
    """IRCv3 multiline, "Batch types": lines of one kind, not of both."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    first, second = commands
    lines = al.ask(
        f"BATCH +1 draft/multiline {channel}",
        f"@batch=1 {first} {channel} :one",
        f"@batch=1 {second} {channel} :two",
        "BATCH -1",
    )
    _refused(lines, "MULTILINE_INVALID")
    assert bo.read() == []


def test_another_command(room: Room, channel: str) -> None:
    """IRCv3 multiline, "Batch types": no other command is part of a message."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    lines = al.ask(
        f"BATCH +1 draft/multiline {channel}",
        f"@batch=1 PRIVMSG {channel} :one",
        f"@batch=1 TOPIC {channel} :two",
        "BATCH -1",
    )
    _refused(lines, "MULTILINE_INVALID")
    assert bo.read() == []


def test_a_line_for_somebody_else(room: Room, channel: str) -> None:
    """IRCv3 multiline, "Errors": MULTILINE_INVALID_TARGET, with both targets."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    lines = al.ask(
        f"BATCH +1 draft/multiline {channel}",
        f"@batch=1 PRIVMSG {channel} :one",
        f"@batch=1 PRIVMSG {bo.nick} :two",
        "BATCH -1",
    )
    _refused(lines, "MULTILINE_INVALID_TARGET", channel, bo.nick)
    assert bo.read() == []


def test_without_a_target(register: Register) -> None:
    """IRCv3 multiline, "Batch types": the target is a parameter of the batch."""
    lines = register("al", *CAPABILITIES).ask("BATCH +1 draft/multiline")
    if "461" not in commands(lines):
        _refused(lines, "MULTILINE_INVALID")


def test_an_error_ends_the_message_and_no_other(room: Room, channel: str) -> None:
    """IRCv3 multiline, "Errors": the next message is delivered."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    al.ask(*batch(channel, "", ""))
    assert al.ask(*batch(channel, "one", "two")) == []
    assert message(bo.read()) == "one\ntwo"


# --- Limits


def test_as_many_lines_as_there_may_be(target: Target, room: Room, channel: str) -> None:
    """IRCv3 multiline, "max-lines": that many lines are accepted."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    lines = [str(number) for number in range(_limit(target, "max-lines"))]
    assert al.ask(*batch(channel, *lines)) == []
    assert message(bo.read()) == "\n".join(lines)


@pytest.mark.parametrize("last", ["x", "", "+x"])
def test_one_line_too_many(target: Target, room: Room, channel: str, last: str) -> None:
    """IRCv3 multiline, "max-lines": every line counts, blank ones and continuations too."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    limit = _limit(target, "max-lines")
    lines = al.ask(*batch(channel, *["x"] * limit, last))
    _refused(lines, "MULTILINE_MAX_LINES", str(limit))
    assert bo.read() == []


def test_as_many_bytes_as_there_may_be(target: Target, room: Room, channel: str) -> None:
    """IRCv3 multiline, "max-bytes": that many are accepted, a line feed is one of them."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    lines = _filled(_limit(target, "max-bytes"), 1)
    assert al.ask(*batch(channel, *lines)) == []
    assert message(bo.read()) == "\n".join(lines)


def test_one_byte_too_many(target: Target, room: Room, channel: str) -> None:
    """IRCv3 multiline, "max-bytes": MULTILINE_MAX_BYTES, with the limit."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    limit = _limit(target, "max-bytes")
    _refused(al.ask(*batch(channel, *_filled(limit + 1, 1))), "MULTILINE_MAX_BYTES", str(limit))
    assert bo.read() == []


def test_a_continuation_takes_no_line_feed(target: Target, room: Room, channel: str) -> None:
    """IRCv3 multiline, "max-bytes": what is joined directly counts for what it is."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    first, *rest = _filled(_limit(target, "max-bytes"), 0)
    assert al.ask(*batch(channel, first, *(f"+{line}" for line in rest))) == []
    assert len(message(bo.read())) == _limit(target, "max-bytes")


def test_a_continuation_too_long(target: Target, room: Room, channel: str) -> None:
    """IRCv3 multiline, "max-bytes": continuations count."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    limit = _limit(target, "max-bytes")
    first, *rest = _filled(limit + 1, 0)
    lines = al.ask(*batch(channel, first, *(f"+{line}" for line in rest)))
    _refused(lines, "MULTILINE_MAX_BYTES", str(limit))
    assert bo.read() == []


@pytest.mark.parametrize("over", [0, 1])
def test_bytes_are_not_characters(target: Target, room: Room, channel: str, over: int) -> None:
    """IRCv3 multiline, "max-bytes": a length in bytes."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    limit = _limit(target, "max-bytes")
    lines = _filled(limit + over, 1, "\N{LATIN SMALL LETTER E WITH ACUTE}")
    assert len("\n".join(lines).encode()) == limit + over
    found = al.ask(*batch(channel, *lines))
    if over:
        _refused(found, "MULTILINE_MAX_BYTES", str(limit))
    else:
        assert message(bo.read()) == "\n".join(lines)


# --- Targets that do not take it


def test_nobody_with_that_nickname(register: Register, name: Callable[[str], str]) -> None:
    """Modern IRC, "ERR_NOSUCHNICK (401)": one error for the message."""
    al = register("al", *CAPABILITIES)
    missing = name("nobody")
    assert one(al.ask(*batch(missing, "one", "two")), "401").params[:2] == [al.nick, missing]


def test_from_outside_a_closed_channel(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "ERR_CANNOTSENDTOCHAN (404)": one error for the message."""
    (al,) = room("al", capabilities=CAPABILITIES)
    al.ask(f"MODE {channel} +n")
    outsider = register("di", *CAPABILITIES)
    assert one(outsider.ask(*batch(channel, "one", "two")), "404").params[1] == channel
    assert al.read() == []


def test_a_notice_gets_no_error(register: Register, name: Callable[[str], str]) -> None:
    """Modern IRC, "NOTICE message": not one of several lines either."""
    al = register("al", *CAPABILITIES)
    assert al.ask(*batch(name("nobody"), "one", "two", command="NOTICE")) == []


def test_to_somebody_who_is_away(register: Register) -> None:
    """Modern IRC, "RPL_AWAY (301)": told once for the message."""
    al, bo = register("al", *CAPABILITIES), register("bo", *CAPABILITIES)
    bo.ask("AWAY :at lunch")
    assert one(al.ask(*batch(bo.nick, "one", "two")), "301").params[1:] == [bo.nick, "at lunch"]
    assert message(bo.read()) == "one\ntwo"
