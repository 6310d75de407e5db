"""AUTHENTICATE: logging in to an account (IRCv3 sasl).

There are no accounts yet, so no mechanism either: whoever tries is told so, and can go on without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_chat.core import numerics
from trio_chat.core.commands import command
from trio_chat.core.state import User
from trio_chat.wire.irc import Message

if TYPE_CHECKING:
    from trio_chat.core.core import Core

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
def authenticate(core: Core, user: User, message: Message) -> None:
    wanted = message.params[0]
    if user.account:
        core.reply(user, numerics.ERR_SASLALREADY)
    elif len(wanted) > _CHUNK:
        core.reply(user, numerics.ERR_SASLTOOLONG)
    elif wanted == "*":
        core.reply(user, numerics.ERR_SASLABORTED)
    else:
        core.reply(user, numerics.RPL_SASLMECHS, ",".join(MECHANISMS) or "*")
        core.reply(user, numerics.ERR_SASLFAIL)
