"""The commands, as a table: one row says what is checked before a handler is called.

A handler module adds its rows with the decorator `command`; HELP, the checks and the docs
derive from them. `run` does the checks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from trio_chat.core import modes, numerics
from trio_chat.core.context import Context
from trio_chat.core.state import User
from trio_chat.wire.irc import Message

Handler: TypeAlias = Callable[[Context, User, Message], None]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `params` is the least number of parameters; `early`: allowed before registration."""

    name: str
    handler: Handler
    params: int
    early: bool
    early_with: int = 0
    """Capabilities with which it is allowed before registration too."""
    operator: bool
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
            usage=usage,
            help=help,
        )
        return handler

    return add


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
        row.handler(ctx, user, message)
