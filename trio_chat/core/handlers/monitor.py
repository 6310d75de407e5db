"""MONITOR: being told when nicknames come and go (IRCv3 monitor, extended-monitor)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from trio_chat.core import events, names, numerics, rooms
from trio_chat.core.capabilities import EXTENDED_MONITOR
from trio_chat.core.commands import command
from trio_chat.core.handlers.common import word
from trio_chat.core.numerics import Numeric
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import pack

if TYPE_CHECKING:
    from trio_chat.core.core import Core


@command(
    "MONITOR",
    params=1,
    usage="MONITOR +|- <nickname>{,<nickname>} or MONITOR C|L|S",
    help="be told when nicknames come and go; C clears the list, L shows it, S says who is here",
)
def monitor(core: Core, user: User, message: Message) -> None:
    subcommand = message.params[0].upper()
    monitors = core.state.monitors
    if subcommand in ("+", "-"):
        if len(message.params) < 2:
            core.reply(user, numerics.ERR_NEEDMOREPARAMS, "MONITOR")
            return
        wanted = [nickname for nickname in message.params[1].split(",") if nickname]
        if subcommand == "+":
            _add(core, user, wanted)
        else:
            for nickname in wanted:
                monitors.remove(user, nickname)
    elif subcommand == "C":
        monitors.clear(user)
    elif subcommand == "L":
        _send(core, user, numerics.RPL_MONLIST, monitors.listed(user))
        core.reply(user, numerics.RPL_ENDOFMONLIST)
    elif subcommand == "S":
        _send_status(core, user, monitors.listed(user))
    else:
        text = "There are MONITOR + - C L and S"
        core.reply(user, numerics.ERR_UNKNOWNERROR, "MONITOR", text)


def _add(core: Core, user: User, wanted: list[str]) -> None:
    settings = core.settings.limits
    monitors = core.state.monitors
    taken: list[str] = []
    for place, text in enumerate(wanted):
        nickname = names.nickname(text, settings.nickname)
        if nickname is None:
            continue
        if not monitors.has(user, nickname):
            if len(monitors.listed(user)) >= settings.monitor:
                rest = ",".join(word(name) for name in wanted[place:])
                core.reply(user, numerics.ERR_MONLISTFULL, str(settings.monitor), rest)
                break
            monitors.add(user, nickname)
        taken.append(nickname)
    _send_status(core, user, list(dict.fromkeys(taken)))


def _send_status(core: Core, user: User, nicknames: list[str]) -> None:
    here = [(nickname, core.state.user_named(nickname)) for nickname in nicknames]
    _send(core, user, numerics.RPL_MONONLINE, [other.prefix for _, other in here if other])
    _send(core, user, numerics.RPL_MONOFFLINE, [name for name, other in here if not other])


def _send(core: Core, user: User, numeric: Numeric, targets: Iterable[str]) -> None:
    for line in pack(targets, core.room(user, numeric.code), ","):
        core.reply(user, numeric, line)


def tell_online(core: Core, user: User) -> None:
    """Tell who watches for a nickname that somebody has it now."""
    _tell(core, user.nickname, numerics.RPL_MONONLINE, user.prefix)


def tell_offline(core: Core, nickname: str) -> None:
    """Tell who watches for a nickname that nobody has it any more."""
    _tell(core, nickname, numerics.RPL_MONOFFLINE, nickname)


def _tell(core: Core, nickname: str, numeric: Numeric, text: str) -> None:
    watchers = core.state.monitors.watchers(nickname)
    if not watchers:
        return
    # "*" for the client's name makes it the same line for all of them.
    event = events.Reply(
        time=core.now, source=core.server, numeric=numeric, nickname="*", params=(text,)
    )
    core.output.broadcast(watchers, event)


def interested(core: Core, user: User, capability: int) -> list[User]:
    """Return who is told of a change of a user's: by a channel that both are in, or by MONITOR.

    All of them have the capability; the user is not among them.
    """
    found = {other: None for other in rooms.neighbours(user) if other.caps & capability}
    both = capability | EXTENDED_MONITOR
    for watcher in core.state.monitors.watchers(user.nickname):
        if watcher.caps & both == both and watcher is not user:
            found[watcher] = None
    return list(found)
