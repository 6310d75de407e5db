"""Messages that come back to who sent them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]

pytestmark = pytest.mark.capability("echo-message")

_KINDS = pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])


@_KINDS
def test_a_message_to_a_channel(room: Room, channel: str, command: str) -> None:
    """IRCv3 echo-message: PRIVMSG and NOTICE come back, as others see them."""
    al, bo = room("al", "bo", capabilities=["echo-message"])
    echo = one(al.ask(f"{command} {channel} :hello  there "), command)
    assert (echo.nick, echo.params) == (al.nick, [channel, "hello  there "])
    assert one(bo.read(), command).raw == echo.raw


@_KINDS
def test_a_message_to_a_user(register: Register, command: str) -> None:
    """IRCv3 echo-message: the target is the one that was written to."""
    al, bo = register("al", "echo-message"), register("bo")
    echo = one(al.ask(f"{command} {bo.nick} :hello"), command)
    assert (echo.nick, echo.params) == (al.nick, [bo.nick, "hello"])
    assert one(bo.read(), command).source == echo.source


@_KINDS
def test_those_without_the_capability(room: Room, channel: str, command: str) -> None:
    """IRCv3 echo-message: nothing comes back unless it is enabled."""
    al, bo = room("al", "bo")
    assert al.ask(f"{command} {channel} :hello", f"{command} {bo.nick} :hello") == []


def test_a_message_that_was_cut(register: Register) -> None:
    """IRCv3 echo-message: the final version of it."""
    al, bo = register("al", "echo-message"), register("bo")
    start = f"PRIVMSG {bo.nick} :"
    echo = one(al.ask(start + "x" * (510 - len(start))), "PRIVMSG")
    assert echo.params == one(bo.read(), "PRIVMSG").params


def test_a_message_to_oneself(register: Register) -> None:
    """IRCv3 labeled-response, "Client implementation considerations": once sent, once received."""
    user = register("al", "echo-message")
    found = only(user.ask(f"PRIVMSG {user.nick} :hello"), "PRIVMSG")
    assert [line.params for line in found] == [[user.nick, "hello"]] * 2


def test_a_message_to_nobody(register: Register, name: Names) -> None:
    """IRCv3 echo-message: it acknowledges, so a message that failed does not come back."""
    user = register("al", "echo-message")
    assert commands(user.ask(f"PRIVMSG {name('bo')} :hello")) == ["401"]


@_KINDS
def test_a_message_that_the_channel_refuses(room: Room, channel: str, command: str) -> None:
    """IRCv3 echo-message: what was not delivered does not come back."""
    al, bo = room("al", "bo", capabilities=["echo-message"])
    al.ask(f"MODE {channel} +m")
    bo.read()
    assert command not in commands(bo.ask(f"{command} {channel} :hello"))


def test_messages_to_two(register: Register) -> None:
    """IRCv3 echo-message: every message comes back."""
    al, bo, cy = register("al", "echo-message"), register("bo"), register("cy")
    found = only(al.ask(f"PRIVMSG {bo.nick},{cy.nick} :hello"), "PRIVMSG")
    assert [line.params for line in found] == [[bo.nick, "hello"], [cy.nick, "hello"]]


@pytest.mark.isupport("STATUSMSG")
def test_a_message_to_operators(room: Room, channel: str) -> None:
    """IRCv3 echo-message: with the target that they see; one whom it does not reach has it."""
    _, bo = room("al", "bo", capabilities=["echo-message"])
    echo = one(bo.ask(f"PRIVMSG @{channel} :hello"), "PRIVMSG")
    assert echo.params == [f"@{channel}", "hello"]


def test_the_echo_keeps_its_place(register: Register) -> None:
    """IRCv3 echo-message: messages and answers come in the order of the commands."""
    user = register("al", "echo-message")
    other = register("bo")
    found = user.ask(f"PRIVMSG {other.nick} :one", "PING two", f"PRIVMSG {other.nick} :three")
    assert [line.text for line in found] == ["one", "two", "three"]


@pytest.mark.capability("message-tags")
def test_tagmsg(room: Room, channel: str) -> None:
    """IRCv3 echo-message: TAGMSG comes back too, when message-tags is enabled."""
    al, bo = room("al", "bo", capabilities=["echo-message", "message-tags"])
    echo = one(al.ask(f"@+a=1;b=2 TAGMSG {channel}"), "TAGMSG")
    assert (echo.nick, echo.params, echo.tags["+a"]) == (al.nick, [channel], "1")
    assert "b" not in echo.tags
    assert "TAGMSG" in commands(bo.read())


@pytest.mark.capability("message-tags")
def test_client_only_tags_come_back(register: Register) -> None:
    """IRCv3 message-tags, "Client-only tags": a message that is relayed has them."""
    al, bo = register("al", "echo-message", "message-tags"), register("bo")
    echo = one(al.ask(f"@+a=1 PRIVMSG {bo.nick} :hello"), "PRIVMSG")
    assert echo.tags["+a"] == "1"


@pytest.mark.capability("message-tags")
def test_client_only_tags_need_their_capability(register: Register) -> None:
    """IRCv3 message-tags, "Capabilities": the echo is a message like any other."""
    al, bo = register("al", "echo-message"), register("bo", "message-tags")
    echo = one(al.ask(f"@+a=1 PRIVMSG {bo.nick} :hello"), "PRIVMSG")
    assert "+a" not in echo.tags
