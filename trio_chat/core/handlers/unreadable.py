"""Lines that can not be read: what their senders are told."""

from __future__ import annotations

from trio_chat.core import numerics
from trio_chat.core.context import Context
from trio_chat.core.state import User
from trio_chat.wire.errors import Problem, ProtocolError


def refuse(ctx: Context, user: User, error: ProtocolError) -> None:
    """Say what is wrong with a line (Modern IRC, "Numerics"; IRCv3 utf8-only)."""
    if error.problem is Problem.TOO_LONG:
        ctx.reply(user, numerics.ERR_INPUTTOOLONG)
    elif error.problem is Problem.NOT_UTF8:
        ctx.fail(user, error.command, "INVALID_UTF8", text=error.problem.value)
    elif error.problem is Problem.FORBIDDEN_BYTE:
        command = error.command or "*"
        ctx.reply(user, numerics.ERR_UNKNOWNERROR, command, error.problem.value)
    elif error.problem is not Problem.NO_COMMAND:
        ctx.reply(user, numerics.ERR_UNKNOWNCOMMAND, error.command or "*")
