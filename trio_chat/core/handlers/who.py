"""WHO, and WHO with chosen fields (Modern IRC, "WHO message"; WHOX)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from trio_chat.core import masks, modes, names, numerics, rooms
from trio_chat.core.capabilities import MULTI_PREFIX
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.handlers.common import visible, word
from trio_chat.core.networks import shown_host
from trio_chat.core.state import Channel, User
from trio_chat.wire.irc import Message

_FIELDS = "tcuihsnfdlaor"
"""In the order in which RPL_WHOSPCRPL has them (WHOX)."""
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
    found: Iterable[User]
    if mask[:1] in names.CHANNEL_TYPES and mask:
        channel = ctx.state.channel_named(mask)
        found = () if channel is None else _in_channel(user, channel)
    elif "*" in mask or "?" in mask or mask == "0":
        # "0" is what RFC 1459 calls everybody.
        wanted = "*" if mask == "0" else mask
        found = (
            other
            for other in ctx.state.users.values()
            if other.registration is None and _may_find(user, other) and _fits(wanted, other)
        )
    else:
        one = ctx.state.user_named(mask)
        found = () if one is None else (one,)
    everybody = list(found)

    def replies() -> Iterator[tuple[numerics.Numeric, tuple[str, ...]]]:
        for other in everybody:
            # Who has left while the pages were read is not there any more.
            gone = other.id not in ctx.state.users or (channel and other not in channel.members)
            if gone or (question.operators and not other.modes & modes.OPERATOR):
                continue
            shared = channel or _shared(user, other)
            if question.fields:
                yield numerics.RPL_WHOSPCRPL, _chosen(ctx, user, other, shared, question)
            else:
                yield numerics.RPL_WHOREPLY, _plain(ctx, user, other, shared)
        yield numerics.RPL_ENDOFWHO, (word(mask),)

    ctx.page(user, replies())


def _read(text: str) -> _Question:
    flags, percent, rest = text.partition("%")
    letters, _, token = rest.partition(",")
    fields = "".join(field for field in _FIELDS if field in letters)
    if not (token.isascii() and token.isdecimal() and len(token) <= 3):
        token = "0"
    return _Question(operators="o" in flags, fields=(fields or "n") if percent else "", token=token)


def _in_channel(user: User, channel: Channel) -> list[User]:
    if not visible(user, channel):
        return []
    outside = user not in channel.members and not user.modes & modes.OPERATOR
    return [
        member
        for member in channel.members
        if rooms.shows(channel, user, member)
        and not (outside and member.modes & modes.INVISIBLE and member is not user)
    ]


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


def _fits(mask: str, other: User) -> bool:
    return any(
        masks.matches(mask, text)
        for text in (other.nickname, other.username, other.host, other.realname)
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
        "l": str(max(0, int(ctx.now - other.last_said))),
        "a": other.account or "0",
        "o": "n/a",
        "r": other.realname,
    }
    return tuple(values[field] for field in question.fields)


def _address(user: User, other: User) -> str:
    """Return an address to who may know it: it may be another than the host that is shown."""
    if user is other or user.modes & modes.OPERATOR or other.host == shown_host(other.address):
        return shown_host(other.address) if other.address else _HIDDEN_ADDRESS
    return _HIDDEN_ADDRESS
