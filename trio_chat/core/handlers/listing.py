"""Who and what there is: NAMES, LIST (Modern IRC, "Channel Operations"; ELIST)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from trio_chat.core import masks, modes, numerics, rooms
from trio_chat.core.capabilities import MULTI_PREFIX, USERHOST_IN_NAMES
from trio_chat.core.commands import command
from trio_chat.core.context import PAGE, Context, Replies
from trio_chat.core.encoding import BODY_LIMIT
from trio_chat.core.handlers.common import targets, visible, word
from trio_chat.core.roster import Roster
from trio_chat.core.state import Channel, User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import pack

NAME = 1
"""To write the names of a channel's members costs their number shifted right by so many bits."""

Condition: TypeAlias = Callable[[Channel], bool]

_COMPARISON = re.compile(r"([CT]?)([<>])([0-9]{1,9})", re.ASCII | re.IGNORECASE)


@command("NAMES", usage="NAMES [<channel>{,<channel>}]", help="see who is in a channel")
def names_(ctx: Context, user: User, message: Message) -> None:
    if not message.params:
        ctx.reply(user, numerics.RPL_ENDOFNAMES, "*")
        return
    for name in targets(ctx, user, message.params[0]):
        channel = ctx.state.channel_named(name)
        if channel is None or not visible(user, channel):
            ctx.reply(user, numerics.RPL_ENDOFNAMES, word(user, name))
        else:
            send_names(ctx, user, channel)


def send_names(ctx: Context, user: User, channel: Channel) -> None:
    """Send who is in a channel, as far as the user may see it."""
    if user in channel.members and not channel.modes & modes.AUDITORIUM and ctx.is_free(user):
        # Members all see the same, so it is written once for those who join in the same step.
        _send_lines(ctx, user, channel.name, _roster(ctx, user, channel).lines())
        return
    ctx.page(user, name_replies(ctx, user, channel))


def _send_lines(ctx: Context, user: User, name: str, lines: list[bytes]) -> None:
    """Send the lines of a roster, a page at a time."""
    ctx.send_block(user, numerics.RPL_NAMREPLY, lines[:PAGE])
    if len(lines) > PAGE:
        ctx.await_sent(user, lambda _: _send_lines(ctx, user, name, lines[PAGE:]))
    else:
        ctx.reply(user, numerics.RPL_ENDOFNAMES, name)


def _roster(ctx: Context, user: User, channel: Channel) -> Roster:
    """Return the names of a channel's members, as this one of them is shown them."""
    every, hosts = bool(user.caps & MULTI_PREFIX), bool(user.caps & USERHOST_IN_NAMES)
    symbol = "@" if channel.modes & modes.SECRET else "="
    # The line has to have room for whoever it is sent to.
    width = max(len(user.nickname.encode()), ctx.settings.limits.nickname)
    look = every, hosts, symbol, width, channel.name
    roster = channel.rosters.get(look)
    if roster is None:
        if not channel.rosters:
            ctx.output.keep(channel)
        head = f":{ctx.settings.name} {numerics.RPL_NAMREPLY.code} "
        before = f" {symbol} {channel.name} :"
        limit = BODY_LIMIT - len(head.encode()) - width - len(before.encode())
        roster = channel.rosters[look] = Roster(before, limit, every=every, hosts=hosts)
        ctx.output.cost += len(channel.members) >> NAME
        for member, standing in channel.members.items():
            roster.add(member, standing)
    return roster


def name_replies(
    ctx: Context, user: User, channel: Channel
) -> Iterator[tuple[numerics.Numeric, tuple[str, ...]]]:
    """Return the replies that say who is in a channel now, as far as the user may see it."""
    inside = user in channel.members
    every, hosts = bool(user.caps & MULTI_PREFIX), bool(user.caps & USERHOST_IN_NAMES)
    symbol = "@" if channel.modes & modes.SECRET else "="
    room = ctx.room(user, numerics.RPL_NAMREPLY.code, symbol, channel.name)
    names = [
        modes.symbols(standing, every=every) + (member.prefix if hosts else member.nickname)
        for member, standing in channel.members.items()
        if (inside or member is user or not member.modes & modes.INVISIBLE)
        and rooms.shows(channel, user, member)
    ]
    ctx.output.cost += len(channel.members)
    lines = pack(names, room)

    def replies() -> Iterator[tuple[numerics.Numeric, tuple[str, ...]]]:
        for text in lines:
            yield numerics.RPL_NAMREPLY, (symbol, channel.name, text)
        yield numerics.RPL_ENDOFNAMES, (channel.name,)

    return replies()


@command(
    "LIST",
    usage="LIST [<channel>{,<channel>}] [<condition>{,<condition>}]",
    help="see which channels people are in: all, those named, or those that fit every condition "
    "(a mask, !mask, <users, >users, C<minutes, C>minutes since it was made, T for its topic)",
)
def list_(ctx: Context, user: User, message: Message) -> None:
    names: list[str] = []
    conditions: list[Condition] = []
    for param in message.params[:2]:
        for part in filter(None, param.split(",")):
            condition = _condition(part, ctx.now)
            if condition is None:
                names.append(part)
            else:
                conditions.append(condition)
    found: Iterable[Channel | None]
    if names:
        named = targets(ctx, user, ",".join(names))
        found = [ctx.state.channel_named(name) for name in named]
    else:
        found = list(ctx.state.channels.values())

    def replies() -> Replies:
        yield numerics.RPL_LISTSTART, ("Channel",)
        for channel in found:
            if (
                channel is not None
                # A channel is there while somebody is in it (Modern IRC, "Channels").
                and channel.members
                and visible(user, channel)
                and all(holds(channel) for holds in conditions)
            ):
                count = str(len(channel.members))
                yield numerics.RPL_LIST, (channel.name, count, channel.topic)
            else:
                yield None
        yield numerics.RPL_LISTEND, ()

    ctx.page(user, replies(), look=1 + len(conditions))


def _condition(text: str, now: float) -> Condition | None:
    """Read a condition of LIST (Modern IRC, "ELIST Parameter"); None: it is a channel's name."""
    comparison = _COMPARISON.fullmatch(text)
    if comparison is not None:
        what, sign, number = comparison.groups()
        return _comparison(what.upper(), sign, int(number), now)
    if text[0] == "!":
        return lambda channel: not masks.matches(text[1:], channel.name)
    if "*" in text or "?" in text:
        return lambda channel: masks.matches(text, channel.name)
    return None


def _comparison(what: str, sign: str, value: int, now: float) -> Condition:
    def measure(channel: Channel) -> float | None:
        """Return the members, or the minutes since the channel or its topic was made."""
        if not what:
            return len(channel.members)
        if what == "C":
            return (now - channel.created) / 60
        return (now - channel.topic_at) / 60 if channel.topic else None

    def holds(channel: Channel) -> bool:
        measured = measure(channel)
        if measured is None:
            return False
        return measured < value if sign == "<" else measured > value

    return holds
