"""WHO, and WHO with chosen fields (Modern IRC, "WHO message"; WHOX)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from trio_chat.core import masks, modes, names, numerics, rooms
from trio_chat.core.capabilities import MULTI_PREFIX
from trio_chat.core.commands import command
from trio_chat.core.context import Context, Replies
from trio_chat.core.globs import Glob
from trio_chat.core.handlers import services
from trio_chat.core.handlers.common import echo, visible
from trio_chat.core.networks import shown_host
from trio_chat.core.numerics import Numeric
from trio_chat.core.services import table
from trio_chat.core.services.table import Service
from trio_chat.core.state import Channel, User
from trio_chat.wire.irc import Message

_FIELDS = "tcuihsnfdlaor"
"""In the order in which RPL_WHOSPCRPL has them (WHOX)."""
_LOOK = 3
"""What it costs to look whether a mask finds a user (`Output.cost`)."""
_HIDDEN_ADDRESS = "255.255.255.255"


class _Question(msgspec.Struct, frozen=True, kw_only=True):
    """What WHO asks besides whom."""

    operators: bool
    fields: str
    """Those of `_FIELDS` that are wanted; empty: the plain reply."""
    token: str


@command(
    "WHO",
    usage="WHO <channel or mask> [o][%<fields>[,<token>]]",
    help="see who is in a channel, or fits a mask",
)
def who(ctx: Context, user: User, message: Message) -> None:
    mask = message.params[0] if message.params else "*"
    question = _read(message.params[1] if len(message.params) > 1 else "")
    channel: Channel | None = None
    found: list[User] = []
    service: Service | None = None
    fits: Callable[[User], bool] | None = None
    look = 1
    if mask[:1] in names.CHANNEL_TYPES and mask:
        channel = ctx.state.channel_named(mask)
        if channel is not None and visible(user, channel):
            found = list(channel.members)
    elif "*" in mask or "?" in mask or mask == "0":
        # "0" is what RFC 1459 calls everybody.
        glob = masks.read("*" if mask == "0" else mask)
        fits = _fitting(glob)
        look = _LOOK + glob.cost
        found = list(ctx.state.users.values())
    else:
        one = ctx.state.user_named(mask)
        found = [] if one is None else [one]
        service = None if question.operators else table.named(mask)

    def is_found(other: User) -> bool:
        # Who has left while the pages were read is not there any more.
        if not ctx.is_here(other) or other.registration is not None:
            return False
        if question.operators and not other.modes & modes.OPERATOR:
            return False
        if channel is not None:
            return (
                other in channel.members
                and visible(user, channel)
                and _may_see(user, other, channel)
            )
        if fits is None:
            return True
        # Whether they have a room in common is looked for in all of theirs.
        ctx.output.cost += len(other.channels) >> 2
        return _may_find(user, other) and fits(other)

    def replies() -> Replies:
        if service is not None:
            yield _service(ctx, service, question)
        for other in found:
            if not is_found(other):
                yield None
                continue
            shared = channel or _shared(user, other)
            if question.fields:
                yield numerics.RPL_WHOSPCRPL, _chosen(ctx, user, other, shared, question)
            else:
                yield numerics.RPL_WHOREPLY, _plain(ctx, user, other, shared)
        yield numerics.RPL_ENDOFWHO, (echo(ctx, user, mask),)

    ctx.page(user, replies(), look=look)


def _read(text: str) -> _Question:
    flags, percent, rest = text.partition("%")
    letters, _, token = rest.partition(",")
    fields = "".join(field for field in _FIELDS if field in letters)
    if not (token.isascii() and token.isdecimal() and len(token) <= 3):
        token = "0"
    return _Question(operators="o" in flags, fields=(fields or "n") if percent else "", token=token)


def _may_see(user: User, member: User, channel: Channel) -> bool:
    """Whether a user is shown a member: the invisible only by who is in the channel too."""
    if not rooms.shows(channel, user, member):
        return False
    outside = user not in channel.members and not user.modes & modes.OPERATOR
    return not (outside and member.modes & modes.INVISIBLE and member is not user)


def _may_find(user: User, other: User) -> bool:
    """Whether a mask finds a user: the invisible are found by who shares a channel with them."""
    return (
        not other.modes & modes.INVISIBLE
        or user is other
        or bool(user.modes & modes.OPERATOR)
        or any(
            user in channel.members and rooms.shows(channel, user, other)
            for channel in other.channels
        )
    )


def _fitting(mask: Glob) -> Callable[[User], bool]:
    """Return whether a mask fits a user, by any of what is shown of them."""
    fits, fold = mask.fits, names.fold
    return lambda other: (
        fits(fold(other.nickname))
        or fits(fold(other.username))
        or fits(fold(other.host))
        or fits(fold(other.realname))
    )


def _shared(user: User, other: User) -> Channel | None:
    """Return a channel that both are in, for who was not asked for by a channel."""
    return next(
        (
            channel
            for channel in other.channels
            if user in channel.members and rooms.shows(channel, user, other)
        ),
        None,
    )


def _flags(user: User, other: User, channel: Channel | None) -> str:
    flags = "H" if other.away is None else "G"
    if other.modes & modes.OPERATOR:
        flags += "*"
    if channel is not None:
        every = bool(user.caps & MULTI_PREFIX)
        flags += modes.symbols(channel.members[other], every=every)
    if other.modes & modes.BOT:
        flags += modes.USER_MODES["B"].letter
    return flags


def _plain(ctx: Context, user: User, other: User, channel: Channel | None) -> tuple[str, ...]:
    return (
        channel.name if channel is not None else "*",
        other.username,
        other.host,
        ctx.settings.name,
        other.nickname,
        _flags(user, other, channel),
        f"0 {other.realname}",
    )


def _chosen(
    ctx: Context, user: User, other: User, channel: Channel | None, question: _Question
) -> tuple[str, ...]:
    values = {
        "t": question.token,
        "c": channel.name if channel is not None else "*",
        "u": other.username,
        "i": _address(user, other),
        "h": other.host,
        "s": ctx.settings.name,
        "n": other.nickname,
        "f": _flags(user, other, channel),
        "d": "0",
        "l": str(int(ctx.monotonic - other.last_said)),
        "a": other.account or "0",
        "o": "n/a",
        "r": other.realname,
    }
    return tuple(values[field] for field in question.fields)


def _service(
    ctx: Context, service: Service, question: _Question
) -> tuple[Numeric, tuple[str, ...]]:
    """Return what is said of a service, which only its name finds."""
    name, server = service.name, ctx.settings.name
    host, real, flags = service.host(server), services.describe(service), services.flags()
    if not question.fields:
        return numerics.RPL_WHOREPLY, ("*", name, host, server, name, flags, f"0 {real}")
    values = {
        "t": question.token,
        "c": "*",
        "u": name,
        "i": _HIDDEN_ADDRESS,
        "h": host,
        "s": server,
        "n": name,
        "f": flags,
        "d": "0",
        "l": "0",
        "a": "0",
        "o": "n/a",
        "r": real,
    }
    return numerics.RPL_WHOSPCRPL, tuple(values[field] for field in question.fields)


def _address(user: User, other: User) -> str:
    """Return an address to who may know it: it may be another than the host that is shown."""
    if user is other or user.modes & modes.OPERATOR or other.host == shown_host(other.address):
        return shown_host(other.address) if other.address else _HIDDEN_ADDRESS
    return _HIDDEN_ADDRESS
