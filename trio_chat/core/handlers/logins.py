"""AUTHENTICATE: logging in to an account (IRCv3 sasl).

There are no accounts yet, so no mechanism either: whoever tries is told so, and can go on without.
"""

from __future__ import annotations

from trio_chat.core import numerics
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.state import User
from trio_chat.wire.irc import Message

MECHANISMS: tuple[str, ...] = ()
_CHUNK = 400
"""Bytes of the longest AUTHENTICATE (sasl-3.1)."""


@command(
    "AUTHENTICATE",
    params=1,
    early=True,
    usage="AUTHENTICATE <mechanism>",
    help="log in to an account",
)
def authenticate(ctx: Context, user: User, message: Message) -> None:
    wanted = message.params[0]
    if user.account:
        ctx.reply(user, numerics.ERR_SASLALREADY)
    elif len(wanted) > _CHUNK:
        ctx.reply(user, numerics.ERR_SASLTOOLONG)
    elif wanted == "*":
        ctx.reply(user, numerics.ERR_SASLABORTED)
    else:
        ctx.reply(user, numerics.RPL_SASLMECHS, ",".join(MECHANISMS) or "*")
        ctx.reply(user, numerics.ERR_SASLFAIL)
