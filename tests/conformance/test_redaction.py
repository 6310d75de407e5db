"""Taking back what was said (draft/message-redaction)."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Room
from tests.conformance.conftest import Register
from tests.conformance.session import Line, Session, commands, one, only

pytestmark = pytest.mark.capability("draft/message-redaction", "echo-message", "message-tags")

CAPS = ["draft/message-redaction", "echo-message", "message-tags"]


def say(session: Session, target: str, text: str = "an example", kind: str = "PRIVMSG") -> str:
    """Say something; return the id of it."""
    return one(session.ask(f"{kind} {target} :{text}"), kind).tags["msgid"]


def redacted(lines: list[Line]) -> list[str]:
    """Return the parameters of the one REDACT."""
    return one(lines, "REDACT").params


@pytest.mark.parametrize("kind", ["PRIVMSG", "NOTICE"])
def test_ones_own(room: Room, channel: str, kind: str) -> None:
    """IRCv3 message-redaction, "Command": forwarded to the recipients, with a prefix."""
    al, bo = room("al", "bo", capabilities=CAPS)
    id = say(bo, channel, kind=kind)
    al.read()
    own = one(bo.ask(f"REDACT {channel} {id} :bad example"), "REDACT")
    seen = one(al.read(), "REDACT")
    assert own.params == seen.params == [channel, id, "bad example"]
    assert own.source == seen.source
    assert own.nick == bo.nick


def test_a_tagmsg(room: Room, channel: str) -> None:
    """IRCv3 message-redaction, "Command": the message can be a TAGMSG."""
    al, bo = room("al", "bo", capabilities=CAPS)
    id = one(bo.ask(f"@+draft/react=x TAGMSG {channel}"), "TAGMSG").tags["msgid"]
    al.read()
    bo.ask(f"REDACT {channel} {id}")
    assert redacted(al.read()) == [channel, id]


def test_without_a_reason(room: Room, channel: str) -> None:
    """IRCv3 message-redaction, "Examples": then there are two parameters."""
    al, bo = room("al", "bo", capabilities=CAPS)
    id = say(bo, channel)
    assert redacted(bo.ask(f"REDACT {channel} {id}")) == [channel, id]
    assert redacted(al.read()) == [channel, id]


def test_what_somebody_else_said(room: Room, channel: str) -> None:
    """IRCv3 message-redaction, "Examples": an operator takes back what another has said."""
    al, bo = room("al", "bo", capabilities=CAPS)
    id = say(bo, channel, "join my network for cold hard chats")
    assert redacted(al.ask(f"REDACT {channel} {id} spam")) == [channel, id, "spam"]
    assert redacted(bo.read()) == [channel, id, "spam"]


def test_an_operators_words(room: Room, channel: str) -> None:
    """IRCv3 message-redaction, "Errors": REDACT_FORBIDDEN."""
    al, bo = room("al", "bo", capabilities=CAPS)
    id = say(al, channel)
    bo.read()
    found = bo.ask(f"REDACT {channel} {id} :no")
    assert one(found, "FAIL").params[:4] == ["REDACT", "REDACT_FORBIDDEN", channel, id]
    assert not only(found, "REDACT")
    assert al.read() == []


def test_an_unknown_id(room: Room, channel: str) -> None:
    """IRCv3 message-redaction, "Errors": UNKNOWN_MSGID."""
    al, bo = room("al", "bo", capabilities=CAPS)
    found = al.ask(f"REDACT {channel} nonsense")
    assert one(found, "FAIL").params[:4] == ["REDACT", "UNKNOWN_MSGID", channel, "nonsense"]
    assert bo.read() == []


def test_twice(room: Room, channel: str) -> None:
    """IRCv3 message-redaction, "Errors": what was taken back does not exist any more."""
    al, bo = room("al", "bo", capabilities=CAPS)
    id = say(bo, channel)
    found = bo.ask(f"REDACT {channel} {id}", f"REDACT {channel} {id}")
    assert commands(found) == ["REDACT", "FAIL"]
    assert found[1].params[1] == "UNKNOWN_MSGID"
    assert len(only(al.read(), "REDACT")) == 1


def test_in_a_channel_that_one_is_not_in(register: Register, room: Room, channel: str) -> None:
    """IRCv3 message-redaction, "Errors": INVALID_TARGET."""
    (al,) = room("al", capabilities=CAPS)
    id = say(al, channel)
    bo = register("bo", *CAPS)
    found = one(bo.ask(f"REDACT {channel} {id}"), "FAIL")
    assert found.params[:3] == ["REDACT", "INVALID_TARGET", channel]
    assert al.read() == []


def test_an_id_of_another_channel(room: Room, register: Register, channel: str) -> None:
    """IRCv3 message-redaction, "Clients": the id is one in the target's history."""
    al, _ = room("al", "bo", capabilities=CAPS)
    other = f"{channel}-2"
    al.ask(f"JOIN {other}")
    id = say(al, other)
    found = one(al.ask(f"REDACT {channel} {id}"), "FAIL")
    assert found.params[:4] == ["REDACT", "UNKNOWN_MSGID", channel, id]


def test_between_two(register: Register) -> None:
    """IRCv3 message-redaction, "Command": the target can be a nickname."""
    al, bo, cy = register("al", *CAPS), register("bo", *CAPS), register("cy", *CAPS)
    mine = say(al, bo.nick)
    bo.read()
    theirs = say(bo, al.nick)
    al.read()
    assert "REDACT_FORBIDDEN" in one(al.ask(f"REDACT {bo.nick} {theirs}"), "FAIL").params
    assert only(cy.ask(f"REDACT {bo.nick} {mine}"), "FAIL", "REDACT")[0].command == "FAIL"
    bo.read()
    assert redacted(al.ask(f"REDACT {bo.nick} {mine}")) == [bo.nick, mine]
    assert redacted(bo.read()) == [bo.nick, mine]


def test_members_without_the_capability(register: Register, room: Room, channel: str) -> None:
    """IRCv3 message-redaction, "Command": not forwarded to those who have not negotiated it."""
    (al,) = room("al", capabilities=CAPS)
    bo = register("bo", "message-tags")
    bo.ask(f"JOIN {channel}")
    id = say(al, channel)
    bo.read()
    al.ask(f"REDACT {channel} {id}")
    assert only(bo.read(), "REDACT", "FAIL") == []


@pytest.mark.ours
def test_who_does_not_know_it(room: Room, channel: str) -> None:
    """IRCv3 message-redaction, "Command": a client has to negotiate it to send REDACT."""
    (al,) = room("al", capabilities=CAPS[1:])
    id = say(al, channel)
    assert commands(al.ask(f"REDACT {channel} {id}")) == ["421"]


@pytest.mark.capability("labeled-response", "batch")
def test_a_label(room: Room, channel: str) -> None:
    """IRCv3 labeled-response: the REDACT is the answer, and so is the FAIL."""
    (al,) = room("al", capabilities=[*CAPS, "labeled-response", "batch"])
    id = say(al, channel)
    (found,) = al.ask(f"@label=1 REDACT {channel} {id}")
    assert (found.command, found.tags["label"]) == ("REDACT", "1")
    (found,) = al.ask(f"@label=2 REDACT {channel} {id}")
    assert (found.command, found.tags["label"]) == ("FAIL", "2")


@pytest.mark.capability("draft/chathistory", "batch")
def test_it_is_gone_from_history(room: Room, channel: str) -> None:
    """IRCv3 message-redaction, "Chat history": excluded, or without what it said."""
    (al,) = room("al", capabilities=[*CAPS, "draft/chathistory", "batch"])
    id = say(al, channel, "oops")
    say(al, channel, "fine")
    al.ask(f"REDACT {channel} {id}")
    found = al.ask(f"CHATHISTORY LATEST {channel} * 10")
    assert [line.text for line in only(found, "PRIVMSG")][-1:] == ["fine"]
    assert not [line for line in found if "oops" in line.raw]


@pytest.mark.ours
@pytest.mark.capability("draft/chathistory", "draft/event-playback", "batch")
def test_it_is_in_history_that_it_is_gone(room: Room, register: Register, channel: str) -> None:
    """IRCv3 message-redaction, "Chat history": REDACT for those who know it, to no one else."""
    history = ["draft/chathistory", "draft/event-playback", "batch"]
    (al,) = room("al", capabilities=[*CAPS, *history])
    id = say(al, channel, "oops")
    al.ask(f"REDACT {channel} {id} :a slip")
    found = al.ask(f"CHATHISTORY AFTER {channel} msgid={id} 10")
    assert redacted(found) == [channel, id, "a slip"]
    bo = register("bo", "message-tags", *history)
    bo.ask(f"JOIN {channel}")
    found = bo.ask(f"CHATHISTORY LATEST {channel} * 10")
    assert only(found, "REDACT", "PRIVMSG") == []
