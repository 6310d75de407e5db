"""The commands, as a table: one row says what is checked before a handler is called.

A handler module adds its rows with the decorator `command`; HELP, the checks and the docs
derive from them. `run` does the checks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from trio_chat.core import modes, numerics, rooms
from trio_chat.core.context import Context, Replies
from trio_chat.core.state import User
from trio_chat.wire.irc import Message

EVERYBODY = "$"
"""What a target begins with that is a mask of servers (Modern IRC, "To A Host/Server Mask")."""

Handler: TypeAlias = Callable[[Context, User, Message], Replies | None]
"""Carries out a command. One that may have much to say is a generator: wherever it yields, others
may have their turn (`Context.page`)."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `params` is the least number of parameters; `early`: allowed before registration."""

    name: str
    handler: Handler
    params: int
    early: bool
    early_with: int = 0
    """Capabilities with which it is allowed before registration too."""
    operator: bool
    personal: bool
    """Whether it is shown in all channels of whoever gives it."""
    usage: str
    help: str


TABLE: dict[str, Command] = {}


def command(
    name: str,
    *,
    usage: str,
    help: str,
    params: int = 0,
    early: bool = False,
    early_with: int = 0,
    operator: bool = False,
    personal: bool = False,
) -> Callable[[Handler], Handler]:
    """Add a row for the function below."""

    def add(handler: Handler) -> Handler:
        TABLE[name] = Command(
            name=name,
            handler=handler,
            params=params,
            early=early,
            early_with=early_with,
            operator=operator,
            personal=personal,
            usage=usage,
            help=help,
        )
        return handler

    return add


def reach(ctx: Context, user: User, message: Message) -> int:
    """Return how many users a command is about to be shown to, roughly, by whom it names."""
    row = TABLE.get(message.command)
    if row is None or user.registration is not None:
        return 0
    if row.personal or message.params[:1] == ("0",):
        return rooms.reach(user)
    listed = message.params[0] if message.params else ""
    if user.batch is not None and listed[:1] == "-":
        # The end of a message of several lines.
        listed = user.batch.target
    found = 0
    for name in listed.split(","):
        if name[:1] == EVERYBODY and user.modes & modes.OPERATOR:
            return ctx.state.registered
        channel = ctx.state.channel_named(name.lstrip(modes.SYMBOLS))
        found += len(channel.members) if channel is not None else 0
    return found


def run(ctx: Context, user: User, message: Message) -> None:
    """Check a command against its row, and call its handler."""
    row = TABLE.get(message.command)
    if user.registration is not None and not (
        row is not None and (row.early or row.early_with & user.caps)
    ):
        ctx.reply(user, numerics.ERR_NOTREGISTERED)
    elif row is None:
        ctx.reply(user, numerics.ERR_UNKNOWNCOMMAND, message.command)
    elif len(message.params) < row.params:
        ctx.reply(user, numerics.ERR_NEEDMOREPARAMS, row.name)
    elif row.operator and not user.modes & modes.OPERATOR:
        ctx.reply(user, numerics.ERR_NOPRIVILEGES)
    else:
        work = row.handler(ctx, user, message)
        if work is not None:
            ctx.page(user, work)
