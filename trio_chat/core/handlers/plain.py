"""People with `nc`: what they type, as a nickname, a message or a command.

Each of their commands is a row of its own table, and turns into an IRC command that is then checked
and carried out like any other: nothing here decides who may do what.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from trio_chat.core import names, rooms
from trio_chat.core.handlers import messaging, registration
from trio_chat.core.handlers.common import visible
from trio_chat.core.state import User
from trio_chat.wire import plain
from trio_chat.wire.errors import Problem, ProtocolError
from trio_chat.wire.irc import Message
from trio_chat.wire.text import split

if TYPE_CHECKING:
    from trio_chat.core.core import Core

_NO_ROOM = "You are in no room. /join #room takes you to one, /rooms shows them."
_REFUSALS = {
    Problem.NOT_UTF8: "That line is not UTF-8; it was not sent.",
    Problem.TOO_LONG: "That line is too long; it was not sent.",
}

Run: TypeAlias = "Callable[[Core, User, str], None]"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One command: `run` is given what stands after its name."""

    usage: str
    help: str
    run: Run


COMMANDS: dict[str, Row] = {}


def _row(usage: str, help: str) -> Callable[[Run], Run]:
    def add(run: Run) -> Run:
        COMMANDS[usage.split()[0]] = Row(usage=usage, help=help, run=run)
        return run

    return add


def received(core: Core, user: User, line: bytes) -> None:
    """Take one line that somebody typed."""
    try:
        text = plain.decode(line)
    except ProtocolError as error:
        core.tell(user, _REFUSALS[error.problem])
        return
    if user.registration is not None:
        _introduce(core, user, text)
    elif text.startswith("//"):
        _say(core, user, text[1:])
    elif text.startswith("/"):
        _command(core, user, text)
    elif text:
        _say(core, user, text)


def prompt(network: str, lobby: str) -> str:
    """Return what a connection is asked that has not said anything."""
    return f"Welcome to {network}. Type a nickname to join {lobby}:"


def _introduce(core: Core, user: User, text: str) -> None:
    """Take a nickname, then the password if the server has one."""
    state = user.registration
    if state is None:
        return
    if text.lower() == "/quit":
        core.close(user, "Quit: ")
        return
    if user.nickname:
        if not text:
            core.tell(user, "This server has a password. Type it, or /quit:")
            return
        state.password = text
        registration.try_to_register(core, user)
        return
    text = text.removeprefix("/nick ").strip()
    if not text or text[0] == "/":
        core.tell(user, prompt(core.settings.network, core.settings.lobby))
        return
    limit = core.settings.limits.nickname
    nickname = names.nickname(text, limit)
    if nickname is None:
        core.tell(
            user,
            f"That can not be a nickname: use letters, digits, - and _, with a letter first, "
            f"{limit} at most. Type another nickname:",
        )
        return
    if names.fold(nickname) in core.state.nicknames:
        core.tell(user, f"Somebody is already called {nickname}. Type another nickname:")
        return
    state.username_given = True
    user.username = names.username(nickname, core.settings.limits.username)
    user.realname = nickname
    rooms.rename(core.state, user, nickname)
    if core.settings.password:
        core.tell(user, "This server has a password. Type it, or /quit:")
    else:
        registration.try_to_register(core, user)


def _run(core: Core, user: User, command: str, *params: str) -> None:
    core.run(user, Message(command=command, params=params))


def _say(core: Core, user: User, text: str) -> None:
    if user.current is None:
        core.tell(user, _NO_ROOM)
        return
    _send(core, user, user.current.name, text)


def _send(core: Core, user: User, target: str, text: str) -> None:
    """Send a text that may be longer than a message: as several."""
    for piece in split(text, messaging.text_limit(user, "PRIVMSG", target)):
        _run(core, user, "PRIVMSG", target, piece)


def _command(core: Core, user: User, text: str) -> None:
    name, _, rest = text.partition(" ")
    row = COMMANDS.get(name.lower())
    if row is None:
        core.tell(user, f"There is no {name}. /help shows what there is; //text says /text.")
    else:
        row.run(core, user, rest.strip())


def _needs(core: Core, user: User, name: str) -> None:
    row = COMMANDS[name]
    core.tell(user, f"{row.usage}: {row.help}")


def _room_and_rest(user: User, rest: str) -> tuple[str, str]:
    """Take the room that a command names, or else the current one, and what follows."""
    if rest[:1] in names.CHANNEL_TYPES and rest:
        room, _, rest = rest.partition(" ")
        return room, rest.strip()
    return (user.current.name if user.current is not None else ""), rest


@_row("/help [COMMAND]", "show the commands, or what one does")
def _help(core: Core, user: User, rest: str) -> None:
    row = COMMANDS.get(f"/{rest.lstrip('/').lower()}") if rest else None
    if row is not None:
        core.tell(user, f"{row.usage}: {row.help}")
        return
    width = max(len(row.usage) for row in COMMANDS.values())
    for row in COMMANDS.values():
        core.tell(user, f"{row.usage:{width}}  {row.help}")
    core.tell(user, f"{'//text':{width}}  say /text; anything without a / is said in your room")


@_row("/nick NAME", "take another nickname")
def _nick(core: Core, user: User, rest: str) -> None:
    _run(core, user, "NICK", rest)


@_row("/join #ROOM [KEY]", "enter a room, or go back to one that you are in")
def _join(core: Core, user: User, rest: str) -> None:
    if not rest:
        _needs(core, user, "/join")
        return
    room, _, key = rest.partition(" ")
    room = room if room[0] in names.CHANNEL_TYPES else f"#{room}"
    _run(core, user, "JOIN", room.split(",")[0], key.strip())


@_row("/part [#ROOM] [REASON]", "leave a room")
def _part(core: Core, user: User, rest: str) -> None:
    room, reason = _room_and_rest(user, rest)
    if not room:
        _needs(core, user, "/part")
        return
    before = user.current
    _run(core, user, "PART", room, reason)
    if user.current is not None and user.current is not before:
        core.tell(user, f"You are in {user.current.name} now.")


@_row("/msg NAME TEXT", "say something to one person")
def _msg(core: Core, user: User, rest: str) -> None:
    target, _, text = rest.partition(" ")
    if text.strip():
        _send(core, user, target, text.strip())
    else:
        _needs(core, user, "/msg")


@_row("/me TEXT", "say what you do: * you wave")
def _me(core: Core, user: User, rest: str) -> None:
    if rest:
        _say_action(core, user, rest)
    else:
        _needs(core, user, "/me")


def _say_action(core: Core, user: User, text: str) -> None:
    if user.current is None:
        _say(core, user, text)
        return
    limit = messaging.text_limit(user, "PRIVMSG", user.current.name) - len("\x01ACTION \x01")
    for piece in split(text, limit):
        _run(core, user, "PRIVMSG", user.current.name, f"\x01ACTION {piece}\x01")


@_row("/who [#ROOM]", "see who is in a room")
def _who(core: Core, user: User, rest: str) -> None:
    room, _ = _room_and_rest(user, rest)
    channel = core.state.channel_named(room)
    if room and (channel is None or not visible(user, channel)):
        core.tell(user, f"There is no room called {room}.")
    elif room:
        _run(core, user, "NAMES", room)
    else:
        _needs(core, user, "/who")


@_row("/whois NAME", "see what is known of somebody")
def _whois(core: Core, user: User, rest: str) -> None:
    if rest:
        _run(core, user, "WHOIS", rest.split()[0])
    else:
        _needs(core, user, "/whois")


@_row("/rooms", "see which rooms there are, and how many people are in them")
def _rooms(core: Core, user: User, rest: str) -> None:
    _run(core, user, "LIST")


@_row("/topic [#ROOM] [TEXT]", "see or set what a room is about")
def _topic(core: Core, user: User, rest: str) -> None:
    room, text = _room_and_rest(user, rest)
    if not room:
        core.tell(user, _NO_ROOM)
    elif text:
        _run(core, user, "TOPIC", room, text)
    else:
        _run(core, user, "TOPIC", room)


@_row("/away [TEXT]", "say that you are away; alone, that you are back")
def _away(core: Core, user: User, rest: str) -> None:
    _run(core, user, "AWAY", rest)


@_row("/quit [REASON]", "leave")
def _quit(core: Core, user: User, rest: str) -> None:
    _run(core, user, "QUIT", rest)
