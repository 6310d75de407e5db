"""MONITOR: being told when nicknames come and go (IRCv3 monitor, extended-monitor)."""

from __future__ import annotations

from collections.abc import Iterable

from trio_chat.core import names, numerics, rooms
from trio_chat.core.capabilities import EXTENDED_MONITOR
from trio_chat.core.commands import command
from trio_chat.core.context import Context, Replies
from trio_chat.core.handlers import syncing
from trio_chat.core.handlers.common import distinct, echo
from trio_chat.core.numerics import Numeric
from trio_chat.core.output import TOGETHER
from trio_chat.core.services import table
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import pack


@command(
    "MONITOR",
    params=1,
    usage="MONITOR +|- <nickname>{,<nickname>} or MONITOR C|L|S",
    help="be told when nicknames come and go; C clears the list, L shows it, S says who is here",
)
def monitor(ctx: Context, user: User, message: Message) -> Replies:
    subcommand = message.params[0].upper()
    monitors = ctx.state.monitors
    if subcommand in ("+", "-"):
        if len(message.params) < 2:
            ctx.reply(user, numerics.ERR_NEEDMOREPARAMS, "MONITOR")
            return
        wanted = distinct(ctx, message.params[1].split(","))
        if subcommand == "+":
            yield from _add(ctx, user, wanted)
        else:
            for nickname in wanted:
                monitors.remove(user, nickname)
    elif subcommand == "C":
        monitors.clear(user)
    elif subcommand == "L":
        _send(ctx, user, numerics.RPL_MONLIST, monitors.listed(user))
        ctx.reply(user, numerics.RPL_ENDOFMONLIST)
    elif subcommand == "S":
        yield from _send_status(ctx, user, monitors.listed(user))
    else:
        text = "There are MONITOR + - C L and S"
        ctx.reply(user, numerics.ERR_UNKNOWNERROR, "MONITOR", text)


def _add(ctx: Context, user: User, wanted: list[str]) -> Replies:
    settings = ctx.settings.limits
    monitors = ctx.state.monitors
    taken: list[str] = []
    for place, text in enumerate(wanted):
        nickname = names.nickname(text, settings.nickname)
        if nickname is None:
            continue
        if not monitors.has(user, nickname):
            if len(monitors.listed(user)) >= settings.monitor:
                numeric, limit = numerics.ERR_MONLISTFULL, str(settings.monitor)
                room = ctx.room(user, numeric.code, limit) - len(numeric.text) - 1
                for rest in pack((echo(ctx, user, name) for name in wanted[place:]), room, ","):
                    ctx.reply(user, numeric, limit, rest)
                break
            monitors.add(user, nickname)
        taken.append(nickname)
    yield from _send_status(ctx, user, taken)


def _send_status(ctx: Context, user: User, nicknames: list[str]) -> Replies:
    here = [(nickname, _prefix(ctx, nickname)) for nickname in nicknames]
    _send(ctx, user, numerics.RPL_MONONLINE, [prefix for _, prefix in here if prefix])
    _send(ctx, user, numerics.RPL_MONOFFLINE, [name for name, prefix in here if not prefix])
    yield from syncing.of_monitored(ctx, user, nicknames)


def _prefix(ctx: Context, nickname: str) -> str:
    """Return who has a nickname, as it is shown; empty: nobody. Services are always there."""
    user = ctx.state.user_named(nickname)
    if user is not None:
        return user.prefix
    service = table.named(nickname)
    return service.prefix(ctx.settings.name) if service is not None else ""


def _send(ctx: Context, user: User, numeric: Numeric, targets: Iterable[str]) -> None:
    for line in pack(targets, ctx.room(user, numeric.code), ","):
        ctx.reply(user, numeric, line)


def interested(ctx: Context, user: User, capability: int) -> list[User]:
    """Return who is told of a change of a user's: by a channel that both are in, or by MONITOR.

    All of them have the capability; the user is not among them.
    """
    ctx.output.cost += rooms.reach(user, capability) >> TOGETHER
    found = dict.fromkeys(rooms.takers(user, capability))
    both = capability | EXTENDED_MONITOR
    for watcher in ctx.state.monitors.watchers(user.nickname):
        if watcher.caps & both == both and watcher is not user:
            found[watcher] = None
    return list(found)
