"""The commands of people with `nc`, as a table, and what their rows share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from trio_chat.core import commands, names
from trio_chat.core.context import Context
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import wrapped

NO_ROOM = "You are in no room. /join #room takes you to one, /rooms shows them."

Run: TypeAlias = Callable[[Context, User, str], None]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One command: `run` is given what stands after its name; `exact`: as it was typed, for it may
    be a password."""

    usage: str
    help: str
    run: Run
    exact: bool


COMMANDS: dict[str, Row] = {}


def row(usage: str, help: str, *, exact: bool = False) -> Callable[[Run], Run]:
    """Add a row for the function below."""

    def add(run: Run) -> Run:
        COMMANDS[usage.split()[0]] = Row(usage=usage, help=help, run=run, exact=exact)
        return run

    return add


def run(ctx: Context, user: User, command: str, *params: str) -> None:
    """Have an IRC command carried out, with all its checks."""
    commands.run(ctx, user, Message(command=command, params=params))


def needs(ctx: Context, user: User, name: str) -> None:
    """Say what a command needs."""
    found = COMMANDS[name]
    for line in wrapped(f"{found.usage}: {found.help}"):
        ctx.tell(user, line)


def room_and_rest(user: User, rest: str) -> tuple[str, str]:
    """Take the room that a command names, or else the current one, and what follows."""
    if rest[:1] in names.CHANNEL_TYPES and rest:
        room, _, rest = rest.partition(" ")
        return room, rest.strip()
    return (user.current.name if user.current is not None else ""), rest
