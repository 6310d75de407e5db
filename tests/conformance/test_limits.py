"""The lengths that 005 announces hold (Modern IRC, "RPL_ISUPPORT Parameters": NICKLEN and more)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.session import Session, commands, one, only

Room = Callable[..., list[Session]]


def _long(target: Target, token: str, start: str, over: int = 0) -> str:
    """Return a text that begins with `start`, of the length that the token allows, or more.

    Some servers announce more than fits into a line: then it is as long as fits.
    """
    return start.ljust(min(int(target.isupport[token]), 390) + over, "x")


@pytest.mark.isupport("NICKLEN")
def test_the_longest_nickname(
    target: Target, register: Register, name: Callable[[str], str]
) -> None:
    """Modern IRC, "NICKLEN": a nickname of that length can be set."""
    user = register("al")
    longest = _long(target, "NICKLEN", name("n"))
    assert one(user.ask(f"NICK {longest}"), "NICK").text == longest


@pytest.mark.isupport("NICKLEN")
def test_a_longer_nickname(target: Target, register: Register, name: Callable[[str], str]) -> None:
    """Modern IRC, "NICKLEN": a longer one can not: it is refused, or cut."""
    user = register("al")
    longer = _long(target, "NICKLEN", name("n"), over=1)
    lines = user.ask(f"NICK {longer}")
    assert commands(lines) == ["432"] or one(lines, "NICK").text == longer[:-1]


@pytest.mark.ours
def test_we_refuse_a_longer_nickname(
    target: Target, register: Register, name: Callable[[str], str]
) -> None:
    """Modern IRC, "NICK message": 432 for what is not accepted."""
    user = register("al")
    longer = _long(target, "NICKLEN", name("n"), over=1)
    assert one(user.ask(f"NICK {longer}"), "432").params[0] == user.nick


@pytest.mark.isupport("CHANNELLEN")
def test_the_longest_channel_name(
    target: Target, register: Register, name: Callable[[str], str]
) -> None:
    """Modern IRC, "CHANNELLEN": a channel with a name of that length can be joined."""
    longest = _long(target, "CHANNELLEN", name("#c"))
    assert one(register("al").ask(f"JOIN {longest}"), "JOIN").params[0] == longest


@pytest.mark.isupport("CHANNELLEN")
def test_a_longer_channel_name(
    target: Target, register: Register, name: Callable[[str], str]
) -> None:
    """Modern IRC, "CHANNELLEN": one with a longer name can not."""
    longer = _long(target, "CHANNELLEN", name("#c"), over=1)
    lines = register("al").ask(f"JOIN {longer}")
    assert longer not in [line.params[0] for line in only(lines, "JOIN")]


@pytest.mark.isupport("TOPICLEN")
def test_the_longest_topic(target: Target, room: Room, channel: str) -> None:
    """Modern IRC, "TOPICLEN": a topic of that length is kept whole."""
    al, bo = room("al", "bo")
    longest = _long(target, "TOPICLEN", "topic")
    al.ask(f"TOPIC {channel} :{longest}")
    assert one(bo.read(), "TOPIC").text == longest
    assert one(bo.ask(f"TOPIC {channel}"), "332").text == longest


@pytest.mark.isupport("TOPICLEN")
def test_a_longer_topic(target: Target, room: Room, channel: str) -> None:
    """Modern IRC, "TOPICLEN": a longer one is cut to that, or refused."""
    (al,) = room("al")
    longer = _long(target, "TOPICLEN", "topic", over=10)
    lines = only(al.ask(f"TOPIC {channel} :{longer}", f"TOPIC {channel}"), "332")
    assert all(len(line.text) <= int(target.isupport["TOPICLEN"]) for line in lines)


@pytest.mark.ours
def test_we_cut_a_longer_topic(target: Target, room: Room, channel: str) -> None:
    """Modern IRC, "TOPICLEN": to that length."""
    (al,) = room("al")
    longer = _long(target, "TOPICLEN", "topic", over=10)
    assert one(al.ask(f"TOPIC {channel} :{longer}"), "TOPIC").text == longer[:-10]


@pytest.mark.isupport("UTF8ONLY", "TOPICLEN")
def test_a_topic_is_cut_at_a_character(room: Room, channel: str) -> None:
    """IRCv3 utf8-only, "Implementation considerations": what is cut stays UTF-8."""
    al, bo = room("al", "bo")
    longer = "x" + "\N{GRINNING FACE}" * 110
    al.ask(f"TOPIC {channel} :{longer}")
    text = one(bo.ask(f"TOPIC {channel}"), "332").text
    assert text
    assert longer.startswith(text)


@pytest.mark.isupport("KICKLEN")
def test_the_longest_reason_of_a_kick(target: Target, room: Room, channel: str) -> None:
    """Modern IRC, "KICKLEN": a reason of that length is passed on whole."""
    al, bo = room("al", "bo")
    longest = _long(target, "KICKLEN", "because")
    al.ask(f"KICK {channel} {bo.nick} :{longest}")
    assert one(bo.read(), "KICK").text == longest


@pytest.mark.ours
def test_a_longer_reason_of_a_kick(target: Target, room: Room, channel: str) -> None:
    """Modern IRC, "KICKLEN": a longer one is cut."""
    al, bo = room("al", "bo")
    longer = _long(target, "KICKLEN", "because", over=10)
    al.ask(f"KICK {channel} {bo.nick} :{longer}")
    assert one(bo.read(), "KICK").text == longer[:-10]


@pytest.mark.isupport("AWAYLEN")
def test_the_longest_away_message(target: Target, register: Register) -> None:
    """Modern IRC, "AWAYLEN": a message of that length is passed on whole."""
    al, bo = register("al"), register("bo")
    longest = _long(target, "AWAYLEN", "gone")
    al.ask(f"AWAY :{longest}")
    assert one(bo.ask(f"PRIVMSG {al.nick} :hi"), "301").text == longest


@pytest.mark.ours
def test_a_longer_away_message(target: Target, register: Register) -> None:
    """Modern IRC, "AWAYLEN": a longer one is cut."""
    al, bo = register("al"), register("bo")
    longer = _long(target, "AWAYLEN", "gone", over=10)
    al.ask(f"AWAY :{longer}")
    assert one(bo.ask(f"PRIVMSG {al.nick} :hi"), "301").text == longer[:-10]


@pytest.mark.isupport("USERLEN")
def test_a_longer_user_name(target: Target, connect: Connect, name: Callable[[str], str]) -> None:
    """Modern IRC, "USER message", "USERLEN": it is silently cut, the tilde counted."""
    session = connect()
    session.nick = name("al")
    user = _long(target, "USERLEN", "user", over=10)
    session.send(f"NICK {session.nick}", f"USER {user} 0 * :Al")
    session.until("376", "422")
    found = one(session.ask(f"WHOIS {session.nick}"), "311").params[2]
    assert len(found) == int(target.isupport["USERLEN"])
    assert user.startswith(found.removeprefix("~"))
