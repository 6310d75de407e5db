"""The commands, as a table: one row says what is checked before a handler is called.

A handler module adds its rows with the decorator `command`; HELP, the checks in `Core` and the docs
derive from them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from trio_chat.core.state import User
from trio_chat.wire.irc import Message

if TYPE_CHECKING:
    from trio_chat.core.core import Core

Handler: TypeAlias = "Callable[[Core, User, Message], None]"


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
