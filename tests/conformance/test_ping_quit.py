"""Whether the other side is still there, and how one leaves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]


# --- PING and PONG


@pytest.mark.parametrize(
    ("sent", "token"),
    [
        ("token", "token"),
        (":token", "token"),
        (":two words", "two words"),
        ("::-)", ":-)"),
        ("12345", "12345"),
        (":žď 😀", "žď 😀"),
    ],
)
def test_pong_has_the_token(register: Register, sent: str, token: str) -> None:
    """Modern IRC, "PING message": any string that is not empty, and it comes back."""
    user = register("al")
    assert one(user.ask(f"PING {sent}"), "PONG").text == token


def test_pong_has_the_name_of_the_server(register: Register) -> None:
    """Modern IRC, "PONG message": servers have to send it, before the token."""
    user = register("al")
    server = one(user.welcome, "004").params[1]
    reply = one(user.ask("PING token"), "PONG")
    assert (reply.source, reply.params) == (server, [server, "token"])


@pytest.mark.parametrize("line", ["PING", pytest.param("PING :", marks=pytest.mark.ours)])
def test_ping_without_a_token(register: Register, line: str) -> None:
    """Modern IRC, "PING message": 409, or 461."""
    user = register("al")
    replies = user.ask(line)
    assert [reply.params[0] for reply in only(replies, "409", "461")] == [user.nick]
    assert "PONG" not in commands(replies)


def test_pong_has_no_answer(register: Register) -> None:
    """Modern IRC, "PONG message": no numeric replies."""
    assert register("al").ask("PONG token", "PONG :two words") == []


# --- QUIT and ERROR


@pytest.mark.parametrize("line", ["QUIT", "QUIT :", "QUIT :good bye", "quit bye"])
def test_quit(register: Register, line: str) -> None:
    """Modern IRC, "QUIT message": acknowledged with ERROR; then the connection is closed."""
    user = register("al")
    user.send(line)
    replies = user.until_closed()
    assert commands(replies)[-1] == "ERROR"
    assert len(one(replies, "ERROR").params) == 1
    assert replies[-1].text


def test_quit_before_registration(connect: Connect, name: Names) -> None:
    """Modern IRC, "ERROR message": before the connection is closed, whoever had it."""
    session = connect()
    session.send(f"NICK {name('al')}", "QUIT :bye")
    assert commands(session.until_closed())[-1:] == ["ERROR"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [("QUIT :good bye", "Quit: good bye"), ("QUIT bye", "Quit: bye"), ("QUIT ::-)", "Quit: :-)")],
)
def test_what_others_see(room: Room, line: str, reason: str) -> None:
    """Modern IRC, "QUIT message": who it was, and a reason with `Quit: ` in front."""
    al, bo = room("al", "bo")
    al.send(line)
    seen = bo.until("QUIT")[-1]
    assert (seen.nick, seen.params) == (al.nick, [reason])
    assert "@" in seen.source


@pytest.mark.parametrize("line", [pytest.param("QUIT", marks=pytest.mark.ours), "QUIT :"])
def test_no_reason(room: Room, line: str) -> None:
    """Modern IRC, "QUIT message": then it is `Quit: ` alone."""
    al, bo = room("al", "bo")
    al.send(line)
    assert bo.until("QUIT")[-1].text.rstrip() == "Quit:"


def test_hanging_up(room: Room) -> None:
    """Modern IRC, "QUIT message": sent for those who did not, with what happened."""
    al, bo = room("al", "bo")
    al.close()
    seen = bo.until("QUIT")[-1]
    assert seen.nick == al.nick
    assert seen.text
    assert not seen.text.startswith("Quit: ")


def test_strangers_do_not_see_it(register: Register) -> None:
    """Modern IRC, "QUIT message": for clients that share a channel."""
    al, bo = register("al"), register("bo")
    al.send("QUIT")
    al.until_closed()
    assert bo.read() == []


def test_one_line_for_two_channels(room: Room, name: Names) -> None:
    """Modern IRC, "QUIT message": one user leaves once."""
    al, bo = room("al", "bo")
    other = name("#d")
    al.ask(f"JOIN {other}")
    bo.ask(f"JOIN {other}")
    al.send("QUIT")
    al.until_closed()
    assert len(only(bo.read(), "QUIT")) == 1


def test_who_has_gone_is_gone(room: Room, channel: str) -> None:
    """Modern IRC, "QUIT message": neither a member any more nor a user."""
    al, bo = room("al", "bo")
    al.send("QUIT")
    bo.until("QUIT")
    assert one(bo.ask(f"NAMES {channel}"), "353").text.lstrip("@") == bo.nick
    assert one(bo.ask(f"PRIVMSG {al.nick} :hello"), "401").params[1] == al.nick


def test_commands_before_and_after_it(room: Room, channel: str) -> None:
    """Modern IRC, "QUIT message": it ends the connection, in its place among the commands."""
    al, bo = room("al", "bo")
    al.send(f"PRIVMSG {channel} :before", "QUIT", f"PRIVMSG {channel} :after")
    al.until_closed()
    assert [line.command for line in bo.read()] == ["PRIVMSG", "QUIT"]


def test_a_channel_that_everybody_has_left(register: Register, channel: str) -> None:
    """Modern IRC, "Channel Types": who comes to an empty channel is its operator."""
    al, bo = register("al"), register("bo")
    al.ask(f"JOIN {channel}")
    al.send("QUIT")
    al.until_closed()
    assert one(bo.ask(f"JOIN {channel}"), "353").text == f"@{bo.nick}"
