"""What people type, and what the server hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.client.peer import LABELS, Peer, conversation
from trio_chat.client.advice import NICKNAME_RULE
from trio_chat.client.slash import COMMANDS, Session


@asynccontextmanager
async def session(room: str = "#lobby") -> AsyncIterator[tuple[Session, Peer, list[str]]]:
    told: list[str] = []

    async def show(line: str) -> None:
        told.append(line)

    async with conversation(LABELS) as (chat, peer):
        session = Session(chat, show)
        if room:
            await session.enter(room)
        yield session, peer, told


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("hello", "PRIVMSG #lobby hello"),
        ("//shrug", "PRIVMSG #lobby /shrug"),
        ("/me waves back", "PRIVMSG #lobby :\x01ACTION waves back\x01"),
        ("/ME waves", "PRIVMSG #lobby :\x01ACTION waves\x01"),
        ("/msg bob psst, you", "PRIVMSG bob :psst, you"),
        ("/nick al", "NICK al"),
        ("/topic cats", "TOPIC #lobby cats"),
        ("/join cats key", "JOIN #cats key"),
        ("/part bye all", "PART #lobby :bye all"),
        ("/part #lobby bye", "PART #lobby bye"),
        ("/who cats", "NAMES #cats"),
        ("/rooms", "LIST"),
        ("/whois bob", "WHOIS bob"),
        ("/away at lunch", "AWAY :at lunch"),
        ("/away", "AWAY"),
        ("/quit so long", "QUIT :so long"),
    ],
)
async def test_commands(typed: str, heard: str) -> None:
    async with session() as (person, peer, _):
        await person.take(typed)
        await peer.heard(heard)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/topic", ["the topic of #lobby is: cats"]),
        ("/who", ["in #lobby: bob me"]),
        ("/join cats", []),
        ("/join lobby", ["you are in #lobby"]),
        ("/rooms", ["#lobby  12  Tea at four", "#cats    2"]),
        ("/whois bob and others", ["Bob is bob@host (Bob B.)"]),
        ("/whois a,b", ["! 'a,b' is neither a nickname nor a room"]),
        ("/whois", ["! write /whois NAME"]),
        ("/away gone fishing", ["you are away: gone fishing"]),
        ("/away", ["you are back"]),
        ("/part", ["you are in no room: /join one"]),
        ("/xyzzy", ["! /xyzzy is no command: /help lists them"]),
        ("/", ["! / is no command: /help lists them"]),
        ("/me", ["! write /me TEXT"]),
        ("/msg bob ", ["! write /msg NAME TEXT"]),
        ("/join a,b", ["! '#a,b' is neither a nickname nor a room"]),
        ("  ", []),
    ],
)
async def test_answers(typed: str, told: list[str]) -> None:
    async with session() as (person, _, shown):
        await person.take(typed)
        assert shown == told


async def test_no_room_to_speak_in() -> None:
    async with session(room="") as (person, _, told):
        for typed in ("hello", "/me waves", "/part", "/topic", "/who"):
            await person.take(typed)
        assert told == ["! you are in no room: /join one"] * 5


async def test_between_rooms() -> None:
    async with session() as (person, peer, told):
        await person.take("/join #cats")
        await person.take("meow")
        await peer.heard("PRIVMSG #cats meow")
        await person.take("/part #lobby")
        assert person.room == "#cats"
        await person.take("/join #lobby")
        await person.take("/part")
        assert told[-1] == "you are in #cats"


async def test_what_the_server_refuses_is_told() -> None:
    async with session() as (person, peer, told):
        peer.refuse["PRIVMSG"] = ":s 404 me #lobby :Cannot \x1b[31msend"
        peer.refuse["TOPIC"] = ":s 331 me #lobby :No topic is set"
        await person.take("hello")
        await person.take("/topic")
        assert told == ["! #lobby: Cannot �[31msend", "no topic is set"]


async def test_a_nickname_that_can_not_be() -> None:
    async with session() as (person, peer, told):
        peer.refuse["NICK"] = ":s 432 me 1abc :Erroneous nickname"
        await person.take("/nick 1abc")
        assert told == [f"! 1abc: Erroneous nickname: a nickname has {NICKNAME_RULE}"]


async def test_a_room_that_we_are_put_into_is_not_the_current_one() -> None:
    async with session() as (person, peer, _):
        person.came_into("#cats")
        assert person.room == "#lobby"
        peer.refuse["JOIN"] = ":s 473 me #cats :Cannot join channel (+i)"
        await person.take("/join #cats")
        person.came_into("#cats")
        assert person.room == "#lobby"


async def test_help_lists_everything() -> None:
    async with session() as (person, _, told):
        await person.take("/help")
        assert len(told) == len(COMMANDS) + 1
        assert told[0].startswith("/join ROOM [KEY]")
