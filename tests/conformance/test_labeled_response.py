"""Answers that say which command they answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Line, Session, commands, one, only, shown

Names = Callable[[str], str]
Room = Callable[..., list[Session]]

pytestmark = pytest.mark.capability("labeled-response", "batch")

_LABELS = ["labeled-response", "batch"]


def _labeled(lines: list[Line]) -> list[Line]:
    return [line for line in lines if "label" in line.tags]


def _answer(lines: list[Line], label: str) -> Line:
    """Return the one line with a label, which has to be this one."""
    found = _labeled(lines)
    assert [line.tags["label"] for line in found] == [label], shown(lines)
    return found[0]


def _batch(lines: list[Line], label: str) -> list[Line]:
    """Return what is in the batch with this label, which has to be the whole answer."""
    start = _answer(lines, label)
    assert start.command == "BATCH"
    assert start.params[0].startswith("+")
    assert lines[0] is start, "something came before the batch"
    reference = start.params[0][1:]
    assert (lines[-1].command, lines[-1].params) == ("BATCH", [f"-{reference}"])
    inside = lines[1:-1]
    assert [line for line in inside if line.tags.get("batch") == reference] == inside, shown(lines)
    return inside


# --- One line


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("PRIVMSG nobody-is-this :hello", "401"),
        ("NONSENSE", "421"),
        ("JOIN", "461"),
        ("PING token", "PONG"),
        ("AWAY :gone", "306"),
        ("PART #nobody-is-here", "403"),
        ("USER al 0 * :Al", "462"),
        ("CAP LIST", "CAP"),
    ],
)
def test_an_answer_of_one_line(register: Register, line: str, command: str) -> None:
    """IRCv3 labeled-response, "Tags": the answer has the label of the command."""
    replies = register("al", *_LABELS).ask(f"@label=a1 {line}")
    assert commands(replies) == [command]
    assert _answer(replies, "a1").command == command


def test_an_event_as_the_answer(room: Room, name: Names) -> None:
    """IRCv3 labeled-response, "Tags": the one who caused it sees the label, and nobody else."""
    al, bo = room("al", "bo", capabilities=_LABELS)
    assert _answer(al.ask(f"@label=a1 NICK {name('cy')}"), "a1").command == "NICK"
    assert "label" not in one(bo.read(), "NICK").tags


@pytest.mark.parametrize("line", ["MODE {} +m", "TOPIC {} :new", "PART {}"])
def test_an_event_of_a_channel_as_the_answer(room: Room, channel: str, line: str) -> None:
    """IRCv3 labeled-response, "Tags": as with any other answer."""
    al, bo = room("al", "bo", capabilities=_LABELS)
    command = line.split()[0]
    assert _answer(al.ask(f"@label=a1 {line.format(channel)}"), "a1").command == command
    assert "label" not in one(bo.read(), command).tags


@pytest.mark.parametrize(
    ("label", "value"),
    [("x" * 64, "x" * 64), ("0", "0"), ("A-z_9/+=,", "A-z_9/+=,"), (r"a\:\s\\b", r"a; \b")],
)
def test_a_label_is_opaque(register: Register, label: str, value: str) -> None:
    """IRCv3 labeled-response, "Tag value": 64 bytes of anything, and it comes back the same."""
    _answer(register("al", *_LABELS).ask(f"@label={label} PING token"), value)


def test_no_label(register: Register) -> None:
    """IRCv3 labeled-response, "Tags": only an answer to a line that has one."""
    user = register("al", *_LABELS)
    replies = user.ask("@label=a1 PING one", f"WHOIS {user.nick}", "PING two")
    assert _answer(replies, "a1").text == "one"
    assert not only(replies, "BATCH")


def test_those_without_the_capability(register: Register) -> None:
    """IRCv3 labeled-response, "Capabilities": no label comes back to those."""
    user = register("al", "message-tags", "batch")
    assert not [line for line in user.ask("@label=a1 PING token") if "label" in line.tags]


# --- No line


def test_no_answer(register: Register) -> None:
    """IRCv3 labeled-response, "The ACK response": from the server, with no parameters."""
    user = register("al", *_LABELS)
    replies = user.ask("@label=a1 PONG token")
    assert commands(replies) == ["ACK"]
    answer = _answer(replies, "a1")
    assert answer.params == []
    assert answer.source == one(user.welcome, "001").source


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_a_message_without_an_echo(room: Room, channel: str, command: str) -> None:
    """IRCv3 labeled-response, "The ACK response": a message has no answer otherwise."""
    al, bo = room("al", "bo", capabilities=[*_LABELS, "message-tags"])
    replies = al.ask(f"@label=a1 {command} {channel} :hello")
    assert commands(replies) == ["ACK"]
    _answer(replies, "a1")
    assert "label" not in one(bo.read(), command).tags


def test_a_notice_that_was_refused(register: Register) -> None:
    """IRCv3 labeled-response, "The ACK response": NOTICE has no error either."""
    replies = register("al", *_LABELS).ask("@label=a1 NOTICE nobody-is-this :hello")
    assert len(replies) == 1
    _answer(replies, "a1")


@pytest.mark.capability("message-tags")
def test_tagmsg_without_an_echo(register: Register) -> None:
    """IRCv3 labeled-response, "The ACK response": for TAGMSG as well."""
    al, bo = register("al", *_LABELS, "message-tags"), register("bo", "message-tags")
    replies = al.ask(f"@label=a1;+a=1 TAGMSG {bo.nick}")
    assert commands(replies) == ["ACK"]
    assert "label" not in one(bo.read(), "TAGMSG").tags


# --- Several lines


@pytest.mark.parametrize(
    ("line", "last"), [("WHOIS {}", "318"), ("WHO {}", "315"), ("LUSERS", "255"), ("MOTD", "376")]
)
def test_an_answer_of_several_lines(register: Register, line: str, last: str) -> None:
    """IRCv3 labeled-response, "Tags": a batch, and its start has the label."""
    user = register("al", *_LABELS)
    if last == "376" and not only(user.welcome, "376"):
        pytest.skip("a server without a MOTD")
    replies = user.ask(f"@label=a1 {line.format(user.nick)}")
    assert one(replies[:1], "BATCH").params[1:] == ["labeled-response"]
    inside = commands(_batch(replies, "a1"))
    assert last in inside
    assert len(inside) > 1


def test_join(room: Room, register: Register, channel: str) -> None:
    """IRCv3 labeled-response, "Tags": the event and the numerics are one answer."""
    al = room("al", capabilities=_LABELS)[0]
    bo = register("bo", *_LABELS)
    inside = commands(_batch(bo.ask(f"@label=a1 JOIN {channel}"), "a1"))
    assert inside[0] == "JOIN"
    assert inside[-1] == "366"
    assert _labeled(al.read()) == []


def test_joining_two(register: Register, name: Names) -> None:
    """IRCv3 labeled-response, "Tags": one command is one answer, whatever it does."""
    first, second = name("#a"), name("#b")
    replies = register("al", *_LABELS).ask(f"@label=a1 JOIN {first},{second}")
    joined = [line.params[0] for line in only(_batch(replies, "a1"), "JOIN")]
    assert joined == [first, second]


def test_two_answers(register: Register) -> None:
    """IRCv3 labeled-response, "Tags": each has its own batch."""
    user = register("al", *_LABELS)
    replies = user.ask(f"@label=a1 WHOIS {user.nick}", "@label=a2 LUSERS")
    end = commands(replies).index("BATCH", 1)
    assert "311" in commands(_batch(replies[: end + 1], "a1"))
    assert "251" in commands(_batch(replies[end + 1 :], "a2"))


# --- With echo-message


@pytest.mark.capability("echo-message")
@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_an_echo(room: Room, channel: str, command: str) -> None:
    """IRCv3 labeled-response, "Examples": the echo has the label."""
    al, bo = room("al", "bo", capabilities=[*_LABELS, "echo-message"])
    replies = al.ask(f"@label=a1 {command} {channel} :hello")
    assert commands(replies) == [command]
    assert _answer(replies, "a1").params == [channel, "hello"]
    assert "label" not in one(bo.read(), command).tags


@pytest.mark.capability("echo-message")
def test_echoes(register: Register) -> None:
    """IRCv3 labeled-response, "Tags": several of them are a batch."""
    al, bo, cy = register("al", *_LABELS, "echo-message"), register("bo"), register("cy")
    inside = _batch(al.ask(f"@label=a1 PRIVMSG {bo.nick},{cy.nick} :hello"), "a1")
    assert [line.params[0] for line in only(inside, "PRIVMSG")] == [bo.nick, cy.nick]


@pytest.mark.capability("echo-message", "message-tags")
def test_the_echo_of_a_tagmsg(room: Room, channel: str) -> None:
    """IRCv3 message-tags, "Examples": with the label, and the client-only tags."""
    al = room("al", capabilities=[*_LABELS, "echo-message", "message-tags"])[0]
    answer = _answer(al.ask(f"@label=a1;+a=1 TAGMSG {channel}"), "a1")
    assert (answer.command, answer.tags["+a"]) == ("TAGMSG", "1")


@pytest.mark.capability("echo-message")
def test_a_message_to_oneself_and_its_echo(register: Register) -> None:
    """IRCv3 labeled-response, "Tags": the echo has the label, what was delivered has not."""
    user = register("al", *_LABELS, "echo-message")
    replies = user.ask(f"@label=a1 PRIVMSG {user.nick} :hello")
    assert commands(replies) == ["PRIVMSG", "PRIVMSG"]
    _answer(replies, "a1")


def test_a_message_to_oneself(register: Register) -> None:
    """IRCv3 labeled-response, "Tags": without an echo the label is on the ACK only."""
    user = register("al", *_LABELS)
    replies = user.ask(f"@label=a1 PRIVMSG {user.nick} :hello")
    assert "label" not in one(replies, "PRIVMSG").tags
    assert _answer(replies, "a1").command == "ACK"
