"""What handlers of several subjects ask first: which channel, which targets, whether one may."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from trio_chat.core import events, modes, names, numerics, rooms
from trio_chat.core.context import Context
from trio_chat.core.encoding import BODY_LIMIT
from trio_chat.core.numerics import Numeric
from trio_chat.core.state import Channel, User
from trio_chat.wire.text import cut

LONGEST_NAME = 200
"""Bytes of the longest name that anything can be configured to have."""
_SHOWN = 100
"""Bytes of what people are shown of what they have typed."""


K = TypeVar("K")
V = TypeVar("V")


def remember(known: dict[K, V], key: K, value: V, at_most: int) -> None:
    """Note something as the newest; the oldest is forgotten where that is one too many."""
    known.pop(key, None)
    known[key] = value
    if len(known) > at_most:
        del known[next(iter(known))]


def joined(ctx: Context, user: User, channel: Channel, id: str = "") -> events.Joined:
    """Return that a user joins a channel now; without an id where it only looks so to some."""
    return events.Joined(
        time=ctx.now,
        source=user.source,
        id=id,
        channel=channel.name,
        account=user.account or "*",
        realname=user.realname,
    )


def tell_modes(ctx: Context, user: User, changes: str, *, asked: bool = False) -> None:
    """Tell a user how their own modes are other than before.

    Who reads words has been told in words what they follow from, where they have not `asked` for
    the letters.
    """
    if user.plain and not asked:
        return
    event = events.ModeChanged(
        time=ctx.now, source=user.source, target=user.nickname, changes=(changes,)
    )
    ctx.send(user, event)


def targets(ctx: Context, user: User, listed: str, *, silent: bool = False) -> list[str]:
    """Return the names in a list, each once; say so if there are more than TARGMAX allows."""
    found = distinct(ctx, listed.split(","))
    allowed = found[: ctx.settings.limits.targets]
    if len(allowed) < len(found) and not silent:
        ctx.reply(user, numerics.ERR_TOOMANYTARGETS, echo(ctx, user, found[len(allowed)]))
    return allowed


def distinct(ctx: Context, listed: Collection[str]) -> list[str]:
    """Return names of channels and users, each as it is first written, and once however it is
    written again (Modern IRC, "Casemapping"); no empty ones."""
    ctx.output.cost += len(listed) + names.cost(listed)
    found: dict[str, str] = {}
    for name in listed:
        if name:
            found.setdefault(names.fold(name) if "#" in name else names.key(name), name)
    return [*found.values()]


def word(user: User, text: str, limit: int = LONGEST_NAME) -> str:
    """Make what somebody sent fit to be repeated to them: as a parameter of a line, or, to people,
    as they have typed it. `limit` is in bytes."""
    if user.plain:
        head = cut(text, min(limit, _SHOWN))
        return head if head == text else f"{head}…"
    return cut(text.lstrip(":").replace(" ", "_"), limit) or "*"


def echo(ctx: Context, user: User, text: str, *others: str) -> str:
    """Return what somebody sent as a parameter of a numeric reply: whole, where a line holds it
    together with `others`. Clients know by it which of their questions was answered."""
    # The colon that was counted is the text's; there is a space before it.
    return word(user, text, ctx.room(user, "000", *others) - 1)


def fitting(ctx: Context, text: str, limit: int, shown: str, reply: Numeric, *params: str) -> str:
    """Return as much of a text as everybody can be shown, so that it is the same to all: in the
    line that begins with `shown`, and in a reply with these parameters. `limit` is in bytes."""
    longest = "n" * 2 * ctx.settings.limits.nickname
    replied = " ".join((ctx.settings.name, reply.code, longest, *params))
    room = BODY_LIMIT - max(len(f":{head} :".encode()) for head in (shown, replied))
    return cut(text, min(limit, room))


def channel_for(ctx: Context, user: User, name: str, *, member: bool = False) -> Channel | None:
    """Return the channel with this name; or say that there is none, or that it is not theirs."""
    channel = ctx.state.channel_named(name)
    if channel is None:
        ctx.reply(user, numerics.ERR_NOSUCHCHANNEL, echo(ctx, user, name))
        return None
    if member and user not in channel.members:
        ctx.reply(user, numerics.ERR_NOTONCHANNEL, channel.name)
        return None
    return channel


def kept_or_channel_for(ctx: Context, user: User, name: str) -> Channel | None:
    """Return the channel with this name, as `channel_for` does; or a registered room as it is kept,
    to look at, if nobody is in it."""
    if ctx.state.channel_named(name) is not None or name not in ctx.registered:
        return channel_for(ctx, user, name)
    found = ctx.channel(name)
    rooms.drop(ctx.state, found)
    return found


def forward(ctx: Context, channel: Channel) -> str:
    """Return the name of the channel to which one sends on whom it does not let in: one that
    somebody is in, or a registered one; empty: there is none."""
    other = rooms.forward(channel)
    if other is not None:
        return other.name
    if channel.forwards_to is None:
        return ""
    name, registered_at = channel.forwards_to
    room = ctx.registered.get(name)
    # One that another has registered since is another.
    return room.name if room is not None and room.registered_at == registered_at else ""


def is_operator(ctx: Context, user: User, channel: Channel, needed: int = modes.HALFOP) -> bool:
    """Whether a member may change a channel, saying so if not."""
    if channel.members.get(user, 0) >= needed:
        return True
    ctx.reply(user, numerics.ERR_CHANOPRIVSNEEDED, channel.name)
    return False


def visible(user: User, channel: Channel) -> bool:
    """Whether a user may know that the channel is there."""
    return (
        not channel.modes & modes.SECRET
        or user in channel.members
        or bool(user.modes & modes.OPERATOR)
    )
