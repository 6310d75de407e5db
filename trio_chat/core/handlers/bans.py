"""Bans from the server: KLINE, DLINE, UNKLINE, UNDLINE, and STATS, which shows them.

STATS also says how long the server has been running, and what it does, under the letter that other
servers have for that (`t`, with 249).
"""

from __future__ import annotations

from trio_chat.core import masks, modes, numerics
from trio_chat.core.bans import Ban, Bans, parse_duration
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.handlers.common import echo, word
from trio_chat.core.handlers.server import date_and_time, is_elsewhere
from trio_chat.core.inputs import Completed
from trio_chat.core.names import fold
from trio_chat.core.networks import (
    NETWORK_FORM,
    Network,
    bare,
    in_networks,
    network_text,
    normal,
    parse_network,
)
from trio_chat.core.numerics import Numeric
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

_NOBODY = "\0!~\0@\0"
"""What only a mask matches that matches everybody."""
_LIMIT = 1000
"""Bans of each kind."""
_FOR_OPERATORS = frozenset("kKdDtT")
"""What STATS shows to operators alone."""


@command(
    "KLINE",
    params=1,
    operator=True,
    usage="KLINE [<duration>] <mask> [<reason>]",
    help="ban nickname!user@host, for a time such as 1d12h or for good",
)
def kline(ctx: Context, user: User, message: Message) -> None:
    duration, target, reason = _read(ctx, message)
    mask = masks.normalise(target) if target else ""
    if not masks.is_mask(mask) or masks.is_extended(mask):
        text = "That is not a mask" if masks.is_extended(mask) else masks.hint(mask)
        ctx.refuse(user, "KLINE", "INVALID_MASK", word(user, target), text=text)
        return
    glob, network = masks.split_network(mask)
    if masks.matches(glob, _NOBODY) and (network is None or network.prefixlen == 0):
        text = "That would ban everybody"
        ctx.refuse(user, "KLINE", "INVALID_MASK", word(user, target), text=text)
        return
    _add(ctx, user, ctx.state.bans.masks, _ban(ctx, user, mask, None, duration, reason))


@command(
    "DLINE",
    params=1,
    operator=True,
    usage="DLINE [<duration>] <address or network> [<reason>]",
    help="ban an IP address or a network, for a time such as 1d12h or for good",
)
def dline(ctx: Context, user: User, message: Message) -> None:
    duration, target, reason = _read(ctx, message)
    network = _network(target)
    if network is None or network.prefixlen == 0:
        text = f"That is not {NETWORK_FORM}"
        ctx.refuse(user, "DLINE", "INVALID_ADDRESS", word(user, target), text=text)
        return
    ban = _ban(ctx, user, network_text(network), network, duration, reason)
    _add(ctx, user, ctx.state.bans.networks, ban)


@command("UNKLINE", params=1, operator=True, usage="UNKLINE <mask>", help="lift a ban of KLINE")
def unkline(ctx: Context, user: User, message: Message) -> None:
    mask = masks.normalise(message.params[0])
    _remove(ctx, user, ctx.state.bans.masks, fold(mask), "UNKLINE")


@command("UNDLINE", params=1, operator=True, usage="UNDLINE <network>", help="lift a ban of DLINE")
def undline(ctx: Context, user: User, message: Message) -> None:
    network = _network(message.params[0])
    key = network_text(network) if network is not None else message.params[0]
    _remove(ctx, user, ctx.state.bans.networks, key, "UNDLINE")


def _read(ctx: Context, message: Message) -> tuple[float | None, str, str]:
    """Return the duration in seconds, the target and the reason that a command names."""
    params = list(message.params)
    duration = parse_duration(params[0]) if len(params) > 1 else None
    if duration is not None:
        del params[0]
    if params[0][:1] == ":" and _network(params[0].partition(" ")[0]) is not None:
        # `::1 and a reason` is one parameter, as it begins with a colon.
        params[:1] = params[0].split(" ", 1)
    reason = cut(" ".join(params[1:]), ctx.settings.limits.kick)
    return duration, params[0], reason or "No reason given"


def _network(text: str) -> Network | None:
    try:
        return parse_network(normal(bare(text)))
    except ValueError:
        return None


def _ban(
    ctx: Context,
    user: User,
    target: str,
    network: Network | None,
    duration: float | None,
    reason: str,
) -> Ban:
    return Ban(
        target=target,
        rule=masks.Rule(target) if network is None else None,
        network=network,
        reason=reason,
        by=user.prefix,
        at=ctx.now,
        until=None if duration is None else ctx.monotonic + duration,
    )


def _add(ctx: Context, user: User, kind: dict[str, Ban], ban: Ban) -> None:
    if len(ctx.state.bans.current(kind, ctx.monotonic)) >= _LIMIT:
        text = f"There are {_LIMIT} bans already"
        ctx.refuse(user, "KLINE" if ban.network is None else "DLINE", "TOO_MANY_BANS", text=text)
        return
    ctx.state.bans.add(ban)
    ctx.keeping.ban(ban, None if ban.until is None else ctx.on_the_wall(ban.until))
    ctx.keeping.asked(user.id, "KLINE" if ban.network is None else "DLINE")
    until = _until(ctx, ban) or "for good"
    ctx.notice(user, f"{ban.target} is banned {until}")
    # Who bans stays, so that somebody can lift it.
    users = ctx.state.users.values()
    ctx.output.cost += 2 * len(users)
    banned = [other for other in users if other is not user and _is_banned(other, ban)]
    for other in banned:
        ctx.reply(other, numerics.ERR_YOUREBANNEDCREEP)
    ctx.close_all(banned, f"You are banned ({ban.reason})")


def _is_banned(user: User, ban: Ban) -> bool:
    if ban.network is not None:
        return in_networks(user.address, (ban.network,))
    return user.registration is None and ban.is_on([fold(one) for one in user.prefixes])


def _remove(ctx: Context, user: User, kind: dict[str, Ban], key: str, name: str) -> None:
    ctx.state.bans.current(kind, ctx.monotonic)
    ban = ctx.state.bans.lift(kind, key)
    if ban is None:
        ctx.refuse(user, name, "NO_SUCH_BAN", word(user, key), text="There is no such ban")
    else:
        ctx.keeping.unban(ban)
        ctx.keeping.asked(user.id, name)
        ctx.notice(user, f"{ban.target} is not banned any more")


def warn_all(ctx: Context) -> None:
    """Tell who has put bans in force, or lifted them, that this has not been stored."""
    for id, name in dict.fromkeys(ctx.keeping.unsaid):
        user = ctx.state.users.get(id)
        if user is not None:
            _warn(ctx, user, name)
    ctx.keeping.unsaid.clear()


def _warn(ctx: Context, user: User, command: str) -> None:
    """Tell an operator that what a command has changed is so, but could not be stored."""
    done = "lifted" if command[:2] == "UN" else "in force"
    text = f"It is {done}, but could not be stored: a restart would undo it. It is tried again."
    ctx.warn(user, command, "COULD_NOT_BE_STORED", text=text)


@command(
    "STATS",
    params=1,
    usage="STATS u|k|d|t [<server>]",
    help="see how long the server has been running; for operators: its bans, and what it does",
)
def stats(ctx: Context, user: User, message: Message) -> None:
    query = message.params[0]
    if is_elsewhere(ctx, user, message.params[1] if len(message.params) > 1 else ""):
        return
    bans: Bans = ctx.state.bans
    shown: list[tuple[Numeric, tuple[str, ...]]] = []
    if query == "u":
        ctx.reply(user, numerics.RPL_STATSUPTIME, f"Server Up {_uptime(ctx)}")
    elif query in _FOR_OPERATORS and not user.modes & modes.OPERATOR:
        ctx.reply(user, numerics.ERR_NOPRIVILEGES)
    elif query in ("t", "T"):
        _take_stock(ctx, user, query)
        return
    elif query in ("k", "K"):
        shown = [_kline(ctx, ban) for ban in bans.current(bans.masks, ctx.monotonic)]
    elif query in ("d", "D"):
        shown = [_dline(ctx, ban) for ban in bans.current(bans.networks, ctx.monotonic)]
    ctx.page(user, iter([*shown, (numerics.RPL_ENDOFSTATS, (echo(ctx, user, query),))]))


def _take_stock(ctx: Context, user: User, query: str) -> None:
    """Show what the server does, as `/dashboard.json` has it."""

    def resume(done: Completed) -> None:
        assert not done.result or isinstance(done.answer, tuple)
        lines = done.answer if isinstance(done.answer, tuple) else (done.detail,)
        room = ctx.room(user, numerics.RPL_STATSDEBUG.code)
        shown = [(numerics.RPL_STATSDEBUG, (cut(line, room),)) for line in lines]
        end = (numerics.RPL_ENDOFSTATS, (echo(ctx, user, query),))
        ctx.page(user, iter([*shown, end]))

    ctx.take_stock(user, resume)


def _kline(ctx: Context, ban: Ban) -> tuple[Numeric, tuple[str, ...]]:
    nickname, _, rest = ban.target.partition("!")
    username, _, host = rest.partition("@")
    return numerics.RPL_STATSKLINE, ("K", host, nickname, username, _why(ctx, ban))


def _dline(ctx: Context, ban: Ban) -> tuple[Numeric, tuple[str, ...]]:
    return numerics.RPL_STATSDLINE, ("D", ban.target, _why(ctx, ban))


def _why(ctx: Context, ban: Ban) -> str:
    until = _until(ctx, ban)
    return f"{ban.reason} ({ban.by}{until and f', {until}'})"


def _until(ctx: Context, ban: Ban) -> str:
    """Say when a ban ends; nothing: it does not."""
    if ban.until is None:
        return ""
    return f"until {date_and_time(round(ctx.on_the_wall(ban.until)))}"


def _uptime(ctx: Context) -> str:
    days, seconds = divmod(int(ctx.monotonic - ctx.started_monotonic), 86_400)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{days} days {hours}:{minutes:02}:{seconds:02}"
