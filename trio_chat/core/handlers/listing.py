"""Who and what there is: NAMES, LIST (Modern IRC, "Channel Operations"; ELIST)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from trio_chat.core import masks, modes, names, numerics, rooms
from trio_chat.core.capabilities import CHANNEL_RENAME, MULTI_PREFIX, USERHOST_IN_NAMES
from trio_chat.core.commands import command
from trio_chat.core.context import Context, Replies
from trio_chat.core.encoding import BODY_LIMIT
from trio_chat.core.handlers.common import echo, targets, visible
from trio_chat.core.output import LOOK
from trio_chat.core.rooms import Sight
from trio_chat.core.roster import Roster
from trio_chat.core.state import Channel, User
from trio_chat.wire.irc import Message

NAME = 1
"""To write the names of a channel's members costs their number shifted right by so many bits."""

_COMPARISON = re.compile(r"([CT]?)([<>])([0-9]{1,9})", re.ASCII | re.IGNORECASE)


@command("NAMES", usage="NAMES [<channel>{,<channel>}]", help="see who is in a channel")
def names_(ctx: Context, user: User, message: Message) -> Replies:
    if not message.params:
        yield numerics.RPL_ENDOFNAMES, ("*",)
        return
    for name in targets(ctx, user, message.params[0]):
        channel = ctx.state.channel_named(name)
        if channel is None or not visible(user, channel):
            yield numerics.RPL_ENDOFNAMES, (echo(ctx, user, name),)
        else:
            yield from name_replies(ctx, user, channel)


def name_replies(ctx: Context, user: User, channel: Channel) -> Replies:
    """Say who is in a channel, as far as the user may see it.

    Others may come, go and be renamed between two lines: each line says what is so when it is sent,
    and there are no more once the user is in the channel no longer, may not see it, or was told
    that it is another (RENAME, to who does not know it).
    """
    inside, name = user in channel.members, channel.name

    def goes_on() -> bool:
        return (
            inside == (user in channel.members)
            and visible(user, channel)
            and (
                channel.name == name
                or bool(user.caps & CHANNEL_RENAME)
                or names.fold(channel.name) == names.fold(name)
            )
        )

    sight = rooms.sight(channel, user) if inside else Sight.EVERYBODY
    # Everybody sees themselves.
    own = [user] if sight is Sight.STANDING and not channel.members[user] else []
    written, others = 0, None
    # Many see the same, so it is written once for those who are sent it in the same step, as long
    # as nobody comes or goes between two pages.
    while inside and goes_on() and rooms.sight(channel, user) is sight and ctx.is_free(user):
        roster = _roster(ctx, user, channel, sight)
        there = roster.members[written:]
        if others is not None and there != others:
            break
        others = there
        lines, count = roster.part(written, ctx.page_size, own[0] if own else None)
        if not lines:
            break
        ctx.send_block(user, numerics.RPL_NAMREPLY, lines)
        written += count
        others = others[count:]
        if not others:
            own = []
            break
        yield None
    if others is None:
        others = rooms.in_sight(channel, sight)
    yield from _name_lines(ctx, user, channel, [*others, *own], goes_on, inside=inside)
    yield numerics.RPL_ENDOFNAMES, (channel.name if goes_on() else name,)


def _name_lines(
    ctx: Context,
    user: User,
    channel: Channel,
    members: list[User],
    goes_on: Callable[[], bool],
    *,
    inside: bool,
) -> Replies:
    """Name these members, as many in a line as there is room for."""
    every, hosts = bool(user.caps & MULTI_PREFIX), bool(user.caps & USERHOST_IN_NAMES)
    place = 0
    while place < len(members):
        if not goes_on():
            return
        symbol = "@" if channel.modes & modes.SECRET else "="
        room = ctx.room(user, numerics.RPL_NAMREPLY.code, symbol, channel.name)
        named: list[str] = []
        began = place
        while place < len(members):
            member = members[place]
            if _is_named(user, channel, member, inside=inside):
                name = modes.symbols(channel.members[member], every=every)
                name += member.prefix if hosts else member.nickname
                room -= len(name.encode()) + 1
                if named and room < -1:
                    break
                named.append(name)
            place += 1
        ctx.output.cost += place - began
        yield (numerics.RPL_NAMREPLY, (symbol, channel.name, " ".join(named))) if named else None


def _is_named(user: User, channel: Channel, member: User, *, inside: bool) -> bool:
    """Whether a user is shown somebody who is, or was, in a channel."""
    return (
        member in channel.members
        and (inside or member is user or not member.modes & modes.INVISIBLE)
        and rooms.shows(channel, user, member)
    )


def _roster(ctx: Context, user: User, channel: Channel, sight: Sight) -> Roster[User]:
    """Return the names of those members whom this one of them is shown, as they are shown."""
    every, hosts = bool(user.caps & MULTI_PREFIX), bool(user.caps & USERHOST_IN_NAMES)
    symbol = "@" if channel.modes & modes.SECRET else "="
    # The line has to have room for whoever it is sent to.
    width = max(len(user.nickname.encode()), ctx.settings.limits.nickname)
    look = sight, every, hosts, symbol, width, channel.name
    roster = channel.rosters.get(look)
    if roster is None:
        if not channel.rosters:
            ctx.output.keep(channel)
        head = f":{ctx.settings.name} {numerics.RPL_NAMREPLY.code} "
        before = f" {symbol} {channel.name} :"
        limit = BODY_LIMIT - len(head.encode()) - width - len(before.encode())
        roster = channel.rosters[look] = Roster(
            before, limit, every=every, hosts=hosts, whole=sight is Sight.EVERYBODY
        )
        named = rooms.in_sight(channel, sight)
        ctx.output.cost += len(named) >> NAME
        ctx.output.cost += len(channel.members) - len(named) >> LOOK
        for member in named:
            roster.add(member, channel.members[member])
    return roster


@command(
    "LIST",
    usage="LIST [<channel>{,<channel>}] [<condition>{,<condition>}]",
    help="see which channels people are in: all, those named, or those that fit every condition "
    "(a mask, !mask, <users, >users, C<minutes, C>minutes since it was made, T for its topic)",
)
def list_(ctx: Context, user: User, message: Message) -> None:
    named: list[str] = []
    conditions: dict[str, _Condition] = {}
    for param in message.params[:2]:
        for part in filter(None, param.split(",")):
            condition = _condition(part, ctx.now)
            if condition is None:
                named.append(part)
            else:
                conditions[names.fold(part)] = condition
    found: Iterable[Channel | None]
    if named:
        found = [ctx.state.channel_named(name) for name in targets(ctx, user, ",".join(named))]
    else:
        found = list(ctx.state.channels.values())
    # What is quickly found out comes first: mostly it is the first that does not hold.
    wanted = sorted(conditions.values(), key=lambda condition: condition.cost)

    def fits(channel: Channel) -> bool:
        name = names.fold(channel.name)
        for condition in wanted:
            ctx.output.cost += condition.cost
            if not condition.holds(channel, name):
                return False
        return True

    def replies() -> Replies:
        yield numerics.RPL_LISTSTART, ("Channel",)
        for channel in found:
            if (
                channel is not None
                # A channel is there while somebody is in it (Modern IRC, "Channels").
                and channel.members
                and visible(user, channel)
                and fits(channel)
            ):
                count = str(len(channel.members))
                yield numerics.RPL_LIST, (channel.name, count, channel.topic)
            else:
                yield None
        yield numerics.RPL_LISTEND, ()

    ctx.page(user, replies(), look=1)


class _Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is asked of channels, and what it costs to find out (`Output.cost`)."""

    holds: Callable[[Channel, str], bool]
    """Of a channel, whose folded name is given too."""
    cost: int = 1


def _condition(text: str, now: float) -> _Condition | None:
    """Read a condition of LIST (Modern IRC, "ELIST Parameter"); None: it is a channel's name."""
    comparison = _COMPARISON.fullmatch(text)
    if comparison is not None:
        what, sign, number = comparison.groups()
        return _comparison(what.upper(), sign, int(number), now)
    if text[0] != "!" and "*" not in text and "?" not in text:
        return None
    wanted = text[0] != "!"
    mask = masks.read(text.removeprefix("!"))
    return _Condition(holds=lambda _, name: mask.fits(name) is wanted, cost=mask.cost)


def _comparison(what: str, sign: str, value: int, now: float) -> _Condition:
    def measure(channel: Channel) -> float | None:
        """Return the members, or the minutes since the channel or its topic was made, by the times
        that are shown of these."""
        if not what:
            return len(channel.members)
        if what == "C":
            return (now - channel.created) / 60
        return (now - channel.topic_at) / 60 if channel.topic else None

    def holds(channel: Channel, _: str) -> bool:
        measured = measure(channel)
        if measured is None:
            return False
        return measured < value if sign == "<" else measured > value

    return _Condition(holds=holds)
