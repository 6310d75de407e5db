"""Bots: the user mode, and everything that shows it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register, Target
from tests.conformance.session import Session, commands, one

Room = Callable[..., list[Session]]

pytestmark = pytest.mark.isupport("BOT")


@pytest.fixture
def letter(target: Target) -> str:
    """The user mode of bots, and their flag in WHO."""
    return target.isupport["BOT"]


def test_the_letter(letter: str) -> None:
    """IRCv3 bot-mode, "The BOT ISUPPORT token": its value is one character."""
    assert len(letter) == 1


def test_the_mode(register: Register, letter: str) -> None:
    """IRCv3 bot-mode, "Introduction": clients can mark themselves."""
    bot = register("bot")
    reply = one(bot.ask(f"MODE {bot.nick} +{letter}"), "MODE")
    assert reply.params == [bot.nick, f"+{letter}"]
    assert letter in one(bot.ask(f"MODE {bot.nick}"), "221").params[1]


def test_whois(register: Register, letter: str) -> None:
    """IRCv3 bot-mode, "The RPL_WHOISBOT (335) numeric": a part of the reply, with both nicks."""
    al, bot = register("al"), register("bot")
    bot.ask(f"MODE {bot.nick} +{letter}")
    reply = one(al.ask(f"WHOIS {bot.nick}"), "335")
    assert len(reply.params) == 3
    assert reply.params[:2] == [al.nick, bot.nick]


def test_who(room: Room, channel: str, letter: str) -> None:
    """IRCv3 bot-mode, "The WHO bot flag": the letter, alongside H or G."""
    al, bot = room("al", "bot")
    bot.ask(f"MODE {bot.nick} +{letter}")
    flags = {
        line.params[5]: line.params[6] for line in al.ask(f"WHO {channel}") if line.command == "352"
    }
    assert flags[bot.nick] == f"H{letter}"
    assert letter not in flags[al.nick]


@pytest.mark.capability("message-tags")
def test_the_tag_of_a_message(room: Room, channel: str, letter: str) -> None:
    """IRCv3 bot-mode, "The bot tag": without a value, on what a bot says."""
    al, bot = room("al", "bot", capabilities=["message-tags"])
    bot.ask(f"MODE {bot.nick} +{letter}", f"PRIVMSG {channel} :a", f"NOTICE {al.nick} :b")
    lines = al.read()
    for command in ("PRIVMSG", "NOTICE"):
        assert one(lines, command).tags.get("bot") == ""
        assert "bot=" not in one(lines, command).raw.partition(" ")[0]


@pytest.mark.capability("message-tags")
@pytest.mark.parametrize("line", ["PART {channel}", "TOPIC {channel} :x", "QUIT"])
def test_the_tag_of_all_else(room: Room, channel: str, letter: str, line: str) -> None:
    """IRCv3 bot-mode, "The bot tag": on all commands that a bot sends."""
    al, bot = room("al", "bot", capabilities=["message-tags"])
    al.ask(f"MODE {channel} -t")
    bot.ask(f"MODE {bot.nick} +{letter}")
    bot.send(line.format(channel=channel))
    if line == "QUIT":
        bot.until_closed()
    else:
        bot.read()
    assert one(al.read(), line.partition(" ")[0]).tags.get("bot") == ""


@pytest.mark.capability("message-tags")
def test_the_tag_of_a_join(room: Room, register: Register, channel: str, letter: str) -> None:
    """IRCv3 bot-mode, "The bot tag": on JOIN too."""
    (al,) = room("al", capabilities=["message-tags"])
    bot = register("bot")
    bot.ask(f"MODE {bot.nick} +{letter}", f"JOIN {channel}")
    assert one(al.read(), "JOIN").tags.get("bot") == ""


@pytest.mark.capability("message-tags")
def test_the_tag_is_for_bots(room: Room, channel: str) -> None:
    """IRCv3 bot-mode, "The bot tag": it indicates a bot, so others have it not."""
    al, bo = room("al", "bo", capabilities=["message-tags"])
    bo.ask(f"PRIVMSG {channel} :hello")
    assert "bot" not in one(al.read(), "PRIVMSG").tags


def test_the_tag_is_for_clients_with_tags(room: Room, channel: str, letter: str) -> None:
    """IRCv3 bot-mode, "The bot tag": only sent to who requested message-tags."""
    al, bot = room("al", "bot")
    bot.ask(f"MODE {bot.nick} +{letter}", f"PRIVMSG {channel} :hello")
    assert one(al.read(), "PRIVMSG").tags == {}


@pytest.mark.capability("server-time")
def test_other_tags_are_not_enough(room: Room, channel: str, letter: str) -> None:
    """IRCv3 bot-mode, "The bot tag": another capability with tags does not do."""
    al, bot = room("al", "bot", capabilities=["server-time"])
    bot.ask(f"MODE {bot.nick} +{letter}", f"PRIVMSG {channel} :hello")
    assert "bot" not in one(al.read(), "PRIVMSG").tags


@pytest.mark.capability("message-tags")
def test_no_longer_a_bot(room: Room, channel: str, letter: str) -> None:
    """IRCv3 bot-mode: everything ends with the mode."""
    al, bot = room("al", "bot", capabilities=["message-tags"])
    bot.ask(f"MODE {bot.nick} +{letter}", f"MODE {bot.nick} -{letter}")
    bot.ask(f"PRIVMSG {channel} :hello")
    assert "bot" not in one(al.read(), "PRIVMSG").tags
    assert "335" not in commands(al.ask(f"WHOIS {bot.nick}"))
    assert one(al.ask(f"WHO {bot.nick}"), "352").params[6] == "H"
