"""Operators of the server: OPER, KILL (Modern IRC, "Operator Messages")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_chat.core import events, modes, numerics, rooms
from trio_chat.core.commands import command
from trio_chat.core.handlers.channels import word
from trio_chat.core.handlers.registration import refuse_password
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

if TYPE_CHECKING:
    from trio_chat.core.core import Core


@command("OPER", params=2, usage="OPER <name> <password>", help="become an operator")
def oper(core: Core, user: User, message: Message) -> None:
    name, password = message.params[:2]
    row = next((row for row in core.settings.operators if row.name == name), None)
    if row is None:
        core.reply(user, numerics.ERR_PASSWDMISMATCH)
        return

    def resume(right: bool) -> None:
        if not right:
            refuse_password(core, user)
            return
        rooms.set_user_modes(core.state, user, user.modes | modes.OPERATOR)
        core.reply(user, numerics.RPL_YOUREOPER)
        event = events.ModeChanged(
            time=core.now, source=user.prefix, target=user.nickname, changes=("+o",)
        )
        core.send(user, event)

    core.check_password(user, row.password, password, resume)


@command(
    "KILL",
    params=2,
    operator=True,
    usage="KILL <nickname> <reason>",
    help="end somebody's connection",
)
def kill(core: Core, user: User, message: Message) -> None:
    target = core.state.user_named(message.params[0])
    if target is None:
        core.reply(user, numerics.ERR_NOSUCHNICK, word(message.params[0]))
        return
    reason = cut(message.params[1], core.settings.limits.kick)
    core.close(target, f"Killed by {user.nickname}: {reason}")
