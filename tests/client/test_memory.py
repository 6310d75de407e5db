"""How far each conversation has been seen."""

from __future__ import annotations

import datetime as dt

import pytest

from trio_chat.client import Message, Notice
from trio_chat.client.memory import Memory, conversation_of, is_same
from trio_chat.client.support import Support
from trio_chat.wire import irc

NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)


def message(text: str, id: str = "", seconds: int = 0) -> Message:
    time = NOW + dt.timedelta(seconds=seconds)
    return Message(time=time, nick="bob", target="#A", room="#A", text=text, id=id)


def test_marks_move_with_what_is_seen() -> None:
    memory = Memory()
    memory.entered("#a", NOW)
    mark = memory.mark("#a")
    assert mark is not None
    assert (mark.id, mark.time) == ("", NOW)
    memory.note("#a", message("x", "1", 5))
    assert (mark.id, mark.time.second) == ("1", 5)
    memory.entered("#a", NOW)
    assert memory.mark("#a") is mark
    # What was said before does not take us back, nor does what has no id.
    memory.note("#a", message("old", "0", 3), moves=False)
    memory.note("#a", message("own", "", 6))
    assert (mark.id, mark.time.second) == ("1", 5)
    assert memory.seen("#a", message("old", "0"))
    assert not memory.seen("#a", message("x", "2"))
    assert not memory.seen("#b", message("x", "1"))
    memory.left("#a")
    memory.left("#a")
    assert memory.mark("#a") is None


def test_servers_without_ids() -> None:
    memory = Memory()
    memory.note("#a", message("x", "", 1))
    memory.note("#a", message("y", "", 2))
    mark = memory.mark("#a")
    assert mark is not None
    assert mark.time.second == 2
    assert memory.seen("#a", message("x", "", 1))
    assert not memory.seen("#a", message("x", "", 2))


def test_the_conversations_of_last_are_kept() -> None:
    memory = Memory()
    memory.entered("#a", NOW)
    for number in range(1500):
        memory.note(f"nick{number}", message("x", str(number)))
        memory.note("#a", message("x", f"room{number}"))
    assert memory.mark("#a") is not None
    assert memory.mark("nick1499") is not None
    assert memory.mark("nick100") is None


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (message("x"), "#a"),
        (Message(time=NOW, nick="Bob", target="me", text=""), "bob"),
        (Message(time=NOW, nick="me", target="Bob", text="", own=True), "bob"),
        (Notice(time=NOW, nick="me", target="@#A", room="#A", text="", own=True), "#a"),
    ],
)
def test_conversations(event: Message | Notice, key: str) -> None:
    assert conversation_of(event, Support()) == key


@pytest.mark.parametrize(
    ("found", "same"),
    [
        (":Me!u@h PRIVMSG #a :so bold", True),
        (":me!u@h PRIVMSG #a :so \x02bold", True),
        (":bob!u@h PRIVMSG #a :so bold", False),
        (":me!u@h NOTICE #a :so bold", False),
        (":me!u@h PRIVMSG #a :so bald", False),
        (":me!u@h PRIVMSG #a", False),
    ],
)
def test_what_we_said(found: str, same: bool) -> None:
    said = irc.Message(command="PRIVMSG", params=("#a", "so \x0304bold\x03"), source="me")
    assert is_same(said, irc.parse(found.encode()), Support()) is same


def test_somebody_who_is_called_by_two_names() -> None:
    memory = Memory()
    said = Message(time=NOW, nick="phone", target="me", room="", text="x", id="1")
    memory.note("phone", said)
    # In the history it is under the name of the account.
    assert memory.seen("bob", said)
    # Of a room that says nothing.
    assert not memory.seen("#a", message("x", "1"))
    for number in range(2, 6000):
        memory.note("phone", Message(time=NOW, nick="phone", target="me", text="x", id=str(number)))
    assert memory.seen("bob", Message(time=NOW, nick="bob", target="me", text="x", id="5999"))
    assert not memory.seen("bob", said)
