"""AWAY (Modern IRC, "AWAY message"; IRCv3 away-notify)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_chat.core import events, numerics, rooms
from trio_chat.core.capabilities import AWAY_NOTIFY
from trio_chat.core.commands import command
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

if TYPE_CHECKING:
    from trio_chat.core.core import Core


@command("AWAY", usage="AWAY [<text>]", help="say that you are away; alone, that you are back")
def away(core: Core, user: User, message: Message) -> None:
    text = message.params[0] if message.params else ""
    before = user.away
    user.away = cut(text, core.settings.limits.away) or None
    core.reply(user, numerics.RPL_UNAWAY if user.away is None else numerics.RPL_NOWAWAY)
    if user.away == before:
        return
    event = events.AwayChanged(time=core.now, source=user.prefix, text=user.away)
    audience = [other for other in rooms.neighbours(user) if other.caps & AWAY_NOTIFY]
    core.output.broadcast(audience, event, user, user.channels)
