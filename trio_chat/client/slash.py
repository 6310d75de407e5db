"""What somebody types, as calls: text is said, and lines with a slash are commands.

Owns which room is the current one. Knows no terminal: what is to be shown goes to a function. The
commands are a table, and `/help` is made from it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec

from trio_chat.client import advice, answers
from trio_chat.client.chat import Chat
from trio_chat.client.destination import room_name
from trio_chat.client.errors import ChatError
from trio_chat.client.formatting import line_of
from trio_chat.client.phrasing import check_name
from trio_chat.wire.plain import displayable

_RECALLED = 20
"""Messages of a room that are shown to who comes in."""


class Session:
    """A person in front of a `Chat`: the current room, and what lines mean."""

    def __init__(self, chat: Chat, show: Callable[[str], Awaitable[None]]) -> None:
        self.chat = chat
        self.show = show
        self.room = ""
        """The room in which text is said; empty for none."""
        self.left = False
        """Whether `/quit` was typed."""
        self._entering = ""

    async def take(self, text: str) -> None:
        """Do what was typed. What goes wrong is shown, not raised."""
        try:
            if text[:1] == "/" and text[:2] != "//":
                await self._command(text)
            else:
                await self._say(text[1:] if text[:2] == "//" else text)
        except (ChatError, ValueError) as error:
            await self.show(displayable(f"! {advice.inside(error)}"))

    async def enter(self, room: str, key: str = "") -> None:
        """Join a room and make it the current one. Raises what `Chat.join` raises.

        Who comes in is shown what was said last, where the server can tell.
        """
        back = self.chat.is_in(room)
        self._entering = room
        try:
            await self.chat.join(room, key)
        finally:
            self._entering = ""
        self.room = room
        if not back:
            with suppress(ChatError):
                for event in await self.chat.history(room, _RECALLED, unseen=True):
                    line = line_of(event, nick=self.chat.nick, room=room)
                    if line:
                        await self.show(line)

    def came_into(self, room: str) -> None:
        """Take note of the event that we are in a room now, before anybody is shown it.

        It can come before `enter` has the server's whole answer. A room that nobody asked for does
        not become the current one.
        """
        fold = self.chat.support.fold
        if fold(room) == fold(self._entering):
            self.room = room

    def lost(self, room: str) -> None:
        """Take note that we are in a room no more, against our will."""
        fold = self.chat.support.fold
        if fold(room) == fold(self.room):
            self.room = ""

    async def _command(self, text: str) -> None:
        word, _, argument = text[1:].partition(" ")
        row = COMMANDS.get(word.lower())
        if row is None:
            raise ValueError(f"/{word} is no command: /help lists them")
        argument = argument.strip()
        if row.needs_argument and not argument:
            raise ValueError(f"write {row.usage}")
        await row.run(self, argument)

    async def _say(self, text: str) -> None:
        if text.strip():
            await self.chat.say(self._here(), text)

    def _here(self) -> str:
        if not self.room:
            raise ValueError("you are in no room: /join one")
        return self.room


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table."""

    usage: str
    help: str
    run: Callable[[Session, str], Awaitable[None]]
    needs_argument: bool = False


async def _join(session: Session, argument: str) -> None:
    room, _, key = argument.partition(" ")
    room = room_name(room)
    back = session.chat.is_in(room)
    await session.enter(room, key.strip())
    # A room that is new to us is an event, and shown as that.
    if back:
        await session.show(displayable(f"you are in {room}"))


async def _part(session: Session, argument: str) -> None:
    room, _, reason = argument.partition(" ")
    if not session.chat.support.room_of(room):
        room, reason = session._here(), argument
    await session.chat.part(room, reason)
    if not session.chat.is_in(session.room):
        session.room = min(session.chat.rooms, default="")
        now = f"you are in {session.room}" if session.room else "you are in no room: /join one"
        await session.show(displayable(now))


async def _nick(session: Session, argument: str) -> None:
    await session.chat.change_nick(argument)


async def _me(session: Session, argument: str) -> None:
    await session.chat.act(session._here(), argument)


async def _msg(session: Session, argument: str) -> None:
    nick, _, text = argument.partition(" ")
    if not text.strip():
        raise ValueError(f"write {COMMANDS['msg'].usage}")
    await session.chat.say(nick, text)


async def _who(session: Session, argument: str) -> None:
    room = room_name(argument) if argument else session._here()
    members = sorted(await session.chat.members(room), key=str.casefold)
    await session.show(displayable(f"in {room}: {' '.join(members) or 'nobody'}"))


async def _rooms(session: Session, _: str) -> None:
    for line in answers.rooms_in(await session.chat.request("LIST")):
        await session.show(displayable(line))


async def _whois(session: Session, argument: str) -> None:
    nick = argument.split()[0]
    check_name(nick)
    replies = await session.chat.request("WHOIS", nick)
    for line in answers.person_in(replies, nick, session.chat.support):
        await session.show(displayable(line))


async def _away(session: Session, argument: str) -> None:
    await session.chat.request("AWAY", *([argument] if argument else []))
    await session.show(displayable(f"you are away: {argument}" if argument else "you are back"))


async def _topic(session: Session, argument: str) -> None:
    if argument:
        await session.chat.set_topic(session._here(), argument)
        return
    replies = await session.chat.request("TOPIC", session._here())
    topic = [reply.params[-1] for reply in replies if reply.command == "332"]
    told = f"the topic of {session.room} is: {topic[0]}" if topic else "no topic is set"
    await session.show(displayable(told))


async def _quit(session: Session, argument: str) -> None:
    session.left = True
    await session.chat.quit(argument)


async def _help(session: Session, _: str) -> None:
    indent = max(len(row.usage) for row in COMMANDS.values())
    for row in COMMANDS.values():
        await session.show(f"{row.usage:{indent}}  {row.help}")
    await session.show(f"{'//text':{indent}}  say a text that begins with a slash")


COMMANDS = {
    "join": Command(
        usage="/join ROOM [KEY]",
        help="enter a room, or go back to one",
        run=_join,
        needs_argument=True,
    ),
    "part": Command(usage="/part [ROOM] [REASON]", help="leave a room", run=_part),
    "nick": Command(
        usage="/nick NAME", help="be called something else", run=_nick, needs_argument=True
    ),
    "me": Command(usage="/me TEXT", help="tell what you do", run=_me, needs_argument=True),
    "msg": Command(
        usage="/msg NAME TEXT", help="say something to one person", run=_msg, needs_argument=True
    ),
    "who": Command(usage="/who [ROOM]", help="see who is in a room", run=_who),
    "rooms": Command(usage="/rooms", help="see which rooms there are, and how full", run=_rooms),
    "whois": Command(
        usage="/whois NAME", help="see what is known of somebody", run=_whois, needs_argument=True
    ),
    "away": Command(
        usage="/away [TEXT]", help="say that you are away; alone, that you are back", run=_away
    ),
    "topic": Command(usage="/topic [TEXT]", help="see or set the room's topic", run=_topic),
    "quit": Command(usage="/quit [REASON]", help="leave", run=_quit),
    "help": Command(usage="/help", help="see this list", run=_help),
}
"""The commands by their names."""
