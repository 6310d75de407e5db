"""People with `nc`: what they type, as a nickname, a message or a command.

Each of their commands is a row of its own table, and turns into an IRC command that is then checked
and carried out like any other: nothing here decides who may do what.
"""

from __future__ import annotations

from trio_chat.core import names, rooms
from trio_chat.core.context import Context
from trio_chat.core.handlers import naming, plain_accounts, registration, speech
from trio_chat.core.handlers.common import visible
from trio_chat.core.handlers.plain_commands import (
    COMMANDS,
    NO_ROOM,
    needs,
    room_and_rest,
    row,
    run,
)
from trio_chat.core.services import table
from trio_chat.core.state import User
from trio_chat.wire import plain
from trio_chat.wire.errors import Problem, ProtocolError
from trio_chat.wire.text import cut, split, wrapped

_REFUSALS = {
    Problem.NOT_UTF8: "That line is not UTF-8; it was not sent.",
    Problem.TOO_LONG: "That line is too long; it was not sent.",
}


def received(ctx: Context, user: User, line: bytes) -> None:
    """Take one line that somebody typed."""
    try:
        typed = plain.typed(line)
    except ProtocolError as error:
        ctx.tell(user, _REFUSALS[error.problem])
        return
    text = plain.cleaned(typed)
    if user.registration is not None:
        _introduce(ctx, user, text, typed)
    elif plain_accounts.is_slip(text):
        ctx.tell(user, plain_accounts.NOT_SAID)
    elif text.startswith("//"):
        _say(ctx, user, text[1:])
    elif text.startswith("/"):
        _command(ctx, user, text, typed)
    elif text:
        _say(ctx, user, text)


def prompt(network: str, lobby: str) -> str:
    """Return what a connection is asked that has not said anything."""
    return f"Welcome to {network}. Type a nickname to join {lobby}:"


def _introduce(ctx: Context, user: User, text: str, typed: str) -> None:
    """Take a nickname, then the server's password if it has one; an account, where that is needed,
    and before it in any case. Passwords are taken exactly as they were typed."""
    state = user.registration
    if state is None:
        return
    if text.lower() == "/quit":
        ctx.close(user, "Quit: ")
        return
    for command, act in plain_accounts.FIRST.items():
        begins = f"{text} ".lower().startswith(f"{command} ")
        if begins and ctx.settings.accounts is not None:
            rest = _exact_rest(text, typed, command)
            act(ctx, user, rest, lambda name: _take(ctx, user, name))
            return
    if user.nickname and registration.lacks_password(ctx, user):
        state.password = typed if text else None
        registration.try_to_register(ctx, user)
        return
    text = text.removeprefix("/nick ").strip()
    if user.nickname and (not text or text[0] == "/"):
        # They are told once more what is missing.
        registration.try_to_register(ctx, user)
        return
    if not text or text[0] == "/":
        ctx.tell(user, prompt(ctx.settings.network, ctx.settings.lobby))
        return
    limit = ctx.settings.limits.nickname
    nickname = names.nickname(text, limit)
    refusal = naming.refusal(ctx, user, nickname) if nickname is not None else None
    if nickname is None:
        ctx.tell(
            user,
            "That can not be a nickname: use letters, digits, - and _, with a letter first, "
            f"{limit} at most. Type another nickname:",
        )
    elif refusal is not None:
        naming.refuse(ctx, user, refusal, text)
    else:
        _take(ctx, user, nickname)


def _take(ctx: Context, user: User, nickname: str) -> None:
    """Give somebody who comes a nickname that they can have, and let them in, if nothing is
    missing."""
    if user.registration is None:
        return
    user.registration.username_given = True
    user.username = names.username(nickname, ctx.settings.limits.username)
    user.realname = cut(nickname, ctx.settings.realname_limit)
    rooms.rename(ctx.state, user, nickname)
    registration.try_to_register(ctx, user)


def _say(ctx: Context, user: User, text: str) -> None:
    if user.current is None:
        ctx.tell(user, NO_ROOM)
        return
    _send(ctx, user, user.current.name, text)


def _send(ctx: Context, user: User, target: str, text: str) -> None:
    """Send a text that may be longer than a message: as several."""
    for piece in split(text, speech.text_limit(user, "PRIVMSG", target)):
        run(ctx, user, "PRIVMSG", target, piece)


def _exact_rest(text: str, typed: str, command: str = "") -> str:
    """Return what stands after the name of a command and a space, exactly as it was typed; nothing
    where the name itself was not typed like that. It is `command`, however that is written, or the
    first word."""
    name = text[: len(command)] or text.partition(" ")[0]
    typed = typed.lstrip()
    return typed[len(name) + 1 :] if typed.startswith(name) else ""


def _command(ctx: Context, user: User, text: str, typed: str) -> None:
    name, _, rest = text.partition(" ")
    found = COMMANDS.get(name.lower())
    if found is None:
        ctx.tell(user, f"There is no {name}. /help shows what there is; //text says /text.")
    else:
        found.run(ctx, user, _exact_rest(text, typed) if found.exact else rest.strip())


@row("/help [COMMAND]", "show the commands, or what one does")
def _help(ctx: Context, user: User, rest: str) -> None:
    found = COMMANDS.get(f"/{rest.lstrip('/').lower()}") if rest else None
    if found is not None:
        needs(ctx, user, found.usage.split()[0])
        return
    width = max(len(one.usage) for one in COMMANDS.values())
    for one in COMMANDS.values():
        for line in wrapped(f"{one.usage:{width}}  {one.help}", width + 2):
            ctx.tell(user, line)
    text = f"{'//text':{width}}  say /text; anything without a / is said in your room"
    for line in wrapped(text, width + 2):
        ctx.tell(user, line)


@row("/nick NAME", "take another nickname")
def _nick(ctx: Context, user: User, rest: str) -> None:
    run(ctx, user, "NICK", rest)


@row("/join #ROOM [KEY]", "enter a room, or go back to one that you are in")
def _join(ctx: Context, user: User, rest: str) -> None:
    if not rest:
        needs(ctx, user, "/join")
        return
    room, _, key = rest.partition(" ")
    room = room if room[0] in names.CHANNEL_TYPES else f"#{room}"
    run(ctx, user, "JOIN", room.split(",")[0], key.strip())


@row("/part [#ROOM] [REASON]", "leave a room")
def _part(ctx: Context, user: User, rest: str) -> None:
    room, reason = room_and_rest(user, rest)
    if not room:
        needs(ctx, user, "/part")
        return
    before = user.current
    run(ctx, user, "PART", room, reason)
    if user.current is not None and user.current is not before:
        ctx.tell(user, f"You are in {user.current.name} now.")


@row("/msg NAME TEXT", "say something to one person", exact=True)
def _msg(ctx: Context, user: User, rest: str) -> None:
    target, _, text = rest.lstrip().partition(" ")
    service = table.called(ctx, target)
    target, _, shown = plain.cleaned(rest).partition(" ")
    if service is not None:
        plain_accounts.serve(ctx, user, service, text)
    elif shown.strip():
        _send(ctx, user, target, shown.strip())
    else:
        needs(ctx, user, "/msg")


@row("/me TEXT", "say what you do: * you wave")
def _me(ctx: Context, user: User, rest: str) -> None:
    if rest:
        _say_action(ctx, user, rest)
    else:
        needs(ctx, user, "/me")


def _say_action(ctx: Context, user: User, text: str) -> None:
    if user.current is None:
        _say(ctx, user, text)
        return
    limit = speech.text_limit(user, "PRIVMSG", user.current.name) - len("\x01ACTION \x01")
    for piece in split(text, limit):
        run(ctx, user, "PRIVMSG", user.current.name, f"\x01ACTION {piece}\x01")


@row("/who [#ROOM]", "see who is in a room")
def _who(ctx: Context, user: User, rest: str) -> None:
    room, _ = room_and_rest(user, rest)
    channel = ctx.state.channel_named(room)
    if room and (channel is None or not visible(user, channel)):
        ctx.tell(user, f"There is no room called {room}.")
    elif room:
        run(ctx, user, "NAMES", room)
    else:
        needs(ctx, user, "/who")


@row("/whois NAME", "see what is known of somebody")
def _whois(ctx: Context, user: User, rest: str) -> None:
    if rest:
        run(ctx, user, "WHOIS", rest)
    else:
        needs(ctx, user, "/whois")


@row("/rooms", "see which rooms there are, and how many people are in them")
def _rooms(ctx: Context, user: User, rest: str) -> None:
    run(ctx, user, "LIST")


@row("/topic [#ROOM] [TEXT]", "see or set what a room is about")
def _topic(ctx: Context, user: User, rest: str) -> None:
    room, text = room_and_rest(user, rest)
    if not room:
        ctx.tell(user, NO_ROOM)
    elif text:
        run(ctx, user, "TOPIC", room, text)
    else:
        run(ctx, user, "TOPIC", room)


@row(
    "/history [#ROOM|NAME] [COUNT]", "see what was said last; off: not on entering a room any more"
)
def _history(ctx: Context, user: User, rest: str) -> None:
    """With a name in place of the room, it is what was said to one person, and by them."""
    words = rest.split()
    counted = not words or words[0].isdecimal()
    target = (user.current.name if user.current is not None else "") if counted else words.pop(0)
    if target:
        run(ctx, user, "HISTORY", target, *words[:1])
    else:
        ctx.tell(user, NO_ROOM)


@row("/away [TEXT]", "say that you are away; alone, that you are back")
def _away(ctx: Context, user: User, rest: str) -> None:
    run(ctx, user, "AWAY", rest)


@row("/quit [REASON]", "leave")
def _quit(ctx: Context, user: User, rest: str) -> None:
    run(ctx, user, "QUIT", rest)
