"""Messages of several lines: how they are sent, and delivered (IRCv3 multiline)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.conformance.conftest import Register, Target
from tests.conformance.session import Line, Session, commands, one, only

CAPABILITIES = ("batch", "draft/multiline")
pytestmark = pytest.mark.capability(*CAPABILITIES)

Room = Callable[..., list[Session]]
CONCAT = "draft/multiline-concat"


def batch(
    target: str, *lines: str, command: str = "PRIVMSG", tags: str = "", reference: str = "1"
) -> list[str]:
    """Return what sends a message; a line that begins with `+` continues the one before it."""
    start = f"BATCH +{reference} draft/multiline {target}"
    found = [f"@{tags} {start}" if tags else start]
    for line in lines:
        concat = f";{CONCAT}" if line.startswith("+") else ""
        text = line.removeprefix("+")
        found.append(f"@batch={reference}{concat} {command} {target} :{text}")
    return [*found, f"BATCH -{reference}"]


def mixed(room: Room, register: Register, channel: str, *capabilities: str) -> list[Session]:
    """Return a sender, a member who knows these messages, and one who does not."""
    al, bo = room("al", "bo", capabilities=[*CAPABILITIES, *capabilities])
    cy = register("cy", *capabilities)
    cy.ask(f"JOIN {channel}")
    al.read()
    bo.read()
    return [al, bo, cy]


def message(lines: Iterable[Line]) -> str:
    """Return the text of the one message, put together."""
    text = ""
    for index, line in enumerate(only(lines, "PRIVMSG", "NOTICE")):
        text += "\n" * (index > 0 and CONCAT not in line.tags) + line.text
    return text


def test_the_value_of_the_capability(target: Target) -> None:
    """IRCv3 multiline, "Capabilities": max-bytes is there, and each key at most once."""
    pairs = [item.partition("=") for item in target.capabilities["draft/multiline"].split(",")]
    keys = [key for key, _, _ in pairs]
    assert "max-bytes" in keys
    assert len(keys) == len(set(keys))
    assert all(value.isdigit() for key, _, value in pairs if key in ("max-bytes", "max-lines"))


@pytest.mark.ours
def test_the_limits_that_we_have(target: Target) -> None:
    """IRCv3 multiline, "Capabilities": what is configured."""
    value = target.capabilities["draft/multiline"].split(",")
    assert {"max-bytes=1024", "max-lines=10"} <= set(value)


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_it_is_delivered_as_a_batch(room: Room, channel: str, command: str) -> None:
    """IRCv3 multiline, "Batch types": the same batch, from the sender, to the target."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    assert al.ask(*batch(channel, "one", "two", command=command)) == []
    start, *inside, end = bo.read()
    assert start.params[1:] == ["draft/multiline", channel]
    assert start.nick == al.nick
    assert [line.params for line in inside] == [[channel, "one"], [channel, "two"]]
    assert [line.command for line in inside] == [command] * 2
    assert {line.tags["batch"] for line in inside} == {start.params[0][1:]}
    assert end.params == ["-" + start.params[0][1:]]


def test_to_a_user(register: Register) -> None:
    """IRCv3 multiline, "Batch types": the target is a nickname as well."""
    al, bo = register("al", *CAPABILITIES), register("bo", *CAPABILITIES)
    assert al.ask(*batch(bo.nick, "one", "two")) == []
    lines = bo.read()
    assert only(lines, "BATCH")[0].params[2] == bo.nick
    assert message(lines) == "one\ntwo"


def test_the_lines_are_those_that_were_sent(room: Room, channel: str) -> None:
    """IRCv3 multiline, "Tags", "Batch types": blank lines and continuations are delivered."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    al.ask(*batch(channel, "hello", "", "how is ", "+everyone?"))
    inside = only(bo.read(), "PRIVMSG")
    assert [line.text for line in inside] == ["hello", "", "how is ", "everyone?"]
    assert [CONCAT in line.tags for line in inside] == [False, False, False, True]
    assert inside[-1].tags[CONCAT] == ""


def test_nothing_is_delivered_before_the_end(room: Room, channel: str) -> None:
    """IRCv3 multiline, "Batch types": the full batch is waited for."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    *most, end = batch(channel, "one", "two")
    al.ask(*most)
    assert bo.read() == []
    al.ask(end)
    assert message(bo.read()) == "one\ntwo"


def test_a_message_of_one_line(room: Room, channel: str) -> None:
    """IRCv3 multiline, "Batch types": one line is enough."""
    al, bo = room("al", "bo", capabilities=CAPABILITIES)
    assert al.ask(*batch(channel, "one")) == []
    assert message(bo.read()) == "one"


# --- To those who do not know it


def test_the_fallback(room: Room, register: Register, channel: str) -> None:
    """IRCv3 multiline, "Fallback": the component messages, without a batch and blank lines."""
    al, _, cy = mixed(room, register, channel)
    al.ask(*batch(channel, "hello", "", "how is ", "+everyone?"))
    lines = cy.read()
    assert [line.params for line in lines] == [
        [channel, "hello"],
        [channel, "how is "],
        [channel, "everyone?"],
    ]
    assert set(commands(lines)) == {"PRIVMSG"}


def test_the_fallback_has_no_tags_of_the_batch(
    room: Room, register: Register, channel: str
) -> None:
    """IRCv3 multiline, "Fallback": nor does it refer to a batch."""
    al, _, cy = mixed(room, register, channel, "message-tags")
    al.ask(*batch(channel, "one", "+two"))
    assert not any({"batch", CONCAT} & set(line.tags) for line in cy.read())


def test_the_fallback_to_a_user(register: Register) -> None:
    """IRCv3 multiline, "Fallback": a private message as well."""
    al, bo = register("al", *CAPABILITIES), register("bo")
    al.ask(*batch(bo.nick, "one", "", "two", command="NOTICE"))
    assert [line.params for line in only(bo.read(), "NOTICE")] == [
        [bo.nick, "one"],
        [bo.nick, "two"],
    ]


def test_to_somebody_who_knows_batches_alone(register: Register) -> None:
    """IRCv3 multiline, "Fallback": it is this capability that counts."""
    al, bo = register("al", *CAPABILITIES), register("bo", "batch")
    al.ask(*batch(bo.nick, "one", "two"))
    assert commands(bo.read()) == ["PRIVMSG", "PRIVMSG"]


@pytest.mark.capability("message-tags", "server-time")
def test_the_tags_of_the_message(room: Room, register: Register, channel: str) -> None:
    """IRCv3 multiline, "Fallback", "Message ids": on the start of the batch, or the first line."""
    al, bo, cy = mixed(room, register, channel, "message-tags", "server-time")
    al.ask(*batch(channel, "one", "two"))
    start, *rest = bo.read()
    first, second = cy.read()
    assert start.tags["msgid"] == first.tags["msgid"]
    assert start.tags["time"] == first.tags["time"]
    assert not any("msgid" in line.tags for line in [*rest, second])


@pytest.mark.capability("message-tags")
def test_the_tags_of_the_client(room: Room, register: Register, channel: str) -> None:
    """IRCv3 multiline, "Message tags", "Fallback": those on the start of the batch are relayed."""
    al, bo, cy = mixed(room, register, channel, "message-tags")
    al.ask(*batch(channel, "one", "two", tags="+example.com/mood=good"))
    assert bo.read()[0].tags["+example.com/mood"] == "good"
    assert cy.read()[0].tags["+example.com/mood"] == "good"


@pytest.mark.ours
def test_a_reply_stays_one_in_every_line(room: Room, register: Register, channel: str) -> None:
    """IRCv3 multiline, "Fallback": tags where it makes sense; the id is that of the first line."""
    al, bo, cy = mixed(room, register, channel, "message-tags")
    al.ask(*batch(channel, "one", "", "two", "three", tags="+draft/reply=abc"))
    assert [line.tags.get("+draft/reply") for line in cy.read()] == ["abc"] * 3
    start, *inside, _ = bo.read()
    assert start.tags["+draft/reply"] == "abc"
    assert not any("+draft/reply" in line.tags for line in inside)


@pytest.mark.capability("message-tags")
def test_no_tags_of_the_client_for_others(register: Register) -> None:
    """IRCv3 message-tags, "Client-only tags": not to those without the capability."""
    al, bo = register("al", *CAPABILITIES, "message-tags"), register("bo", *CAPABILITIES)
    al.ask(*batch(bo.nick, "one", "two", tags="+example.com/mood=good"))
    start = bo.read()[0]
    assert (start.command, start.tags) == ("BATCH", {})


# --- Echoes and labels


@pytest.mark.capability("echo-message")
def test_the_echo(room: Room, channel: str) -> None:
    """IRCv3 echo-message: the message comes back as it was delivered: as a batch."""
    (al,) = room("al", capabilities=[*CAPABILITIES, "echo-message"])
    lines = al.ask(*batch(channel, "one", "+two"))
    assert commands(lines) == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]
    assert lines[0].nick == al.nick
    assert message(lines) == "onetwo"


@pytest.mark.capability("echo-message", "message-tags")
def test_the_echo_has_the_message_id(room: Room, channel: str) -> None:
    """IRCv3 message-ids: the same one for the sender and the others."""
    al, bo = room("al", "bo", capabilities=[*CAPABILITIES, "echo-message", "message-tags"])
    echo = al.ask(*batch(channel, "one", "two"))
    assert echo[0].tags["msgid"] == bo.read()[0].tags["msgid"]


@pytest.mark.capability("echo-message", "labeled-response")
def test_the_label_of_an_echo(room: Room, channel: str) -> None:
    """IRCv3 multiline, "Labeled response with echo-message": on the start of the batch alone."""
    (al,) = room("al", capabilities=[*CAPABILITIES, "echo-message", "labeled-response"])
    start, *rest = al.ask(*batch(channel, "one", "two", tags="label=a"))
    assert start.params[1:] == ["draft/multiline", channel]
    assert start.tags["label"] == "a"
    assert not any("label" in line.tags for line in rest)
    assert commands(rest) == ["PRIVMSG", "PRIVMSG", "BATCH"]


@pytest.mark.capability("labeled-response")
def test_the_label_without_an_echo(room: Room, channel: str) -> None:
    """IRCv3 labeled-response, "ACK response": one for the whole message."""
    al, bo = room("al", "bo", capabilities=[*CAPABILITIES, "labeled-response"])
    line = one(al.ask(*batch(channel, "one", "two", tags="label=a")), "ACK")
    assert line.tags["label"] == "a"
    assert not any("label" in line.tags for line in bo.read())


@pytest.mark.capability("labeled-response")
def test_the_label_of_an_error(room: Room, channel: str) -> None:
    """IRCv3 labeled-response, "Tags", standard-replies: an error has the label."""
    (al,) = room("al", capabilities=[*CAPABILITIES, "labeled-response"])
    lines = al.ask(*batch(channel, "", "", tags="label=a"))
    assert one(lines, "FAIL").tags.get("label") == "a"


@pytest.mark.capability("echo-message")
def test_to_oneself(register: Register) -> None:
    """IRCv3 echo-message: sent and received, each as a batch of its own."""
    al = register("al", *CAPABILITIES, "echo-message")
    lines = al.ask(*batch(al.nick, "one", "two"))
    assert commands(lines) == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"] * 2
    assert message(lines[:4]) == message(lines[4:]) == "one\ntwo"
