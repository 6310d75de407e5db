"""What members of registered rooms are by their accounts: given on joining and on logging in.

Nobody has anything there by being the first. What goes by an account goes with it: it is taken when
the access list says so (`access_changed`), and from whoever is not logged in to it any more
(`taken`), so that whoever sits there next is nobody's owner. What else an operator has given stays.
"""

from __future__ import annotations

from trio_chat.core import events, modes, rooms
from trio_chat.core.context import Context
from trio_chat.core.handlers.modes import Change, show
from trio_chat.core.registered import RegisteredRoom
from trio_chat.core.services.table import CHANSERV
from trio_chat.core.state import Channel, User


def by_access(channel: Channel, user: User) -> int:
    """Return what a user is in a channel by their account: bits of `modes.PREFIXES`."""
    return channel.registered.standing_of(user.account) if channel.registered is not None else 0


def giver(ctx: Context) -> events.Source:
    """Return who gives and takes what goes by access."""
    return events.Source(prefix=CHANSERV.prefix(ctx.settings.name), bot=True)


def on_entering(channel: Channel, user: User) -> int:
    """Return what a user is who enters a channel: one that nobody is in, and nobody has registered,
    is theirs."""
    if channel.registered is not None:
        return by_access(channel, user)
    return 0 if channel.members or channel.permanent else modes.OP


def show_entering(ctx: Context, user: User, channel: Channel, standing: int) -> None:
    """Show what somebody is who has just entered a registered room."""
    change = Change(channel)
    for prefix in modes.PREFIXES:
        if prefix.bit & standing:
            change.add(True, prefix.letter, user.nickname)
    show(ctx, channel, change, giver(ctx), user)


def set_all(
    ctx: Context,
    channel: Channel,
    wanted: dict[User, int],
    actor: User | None = None,
) -> None:
    """Have members have these standings, and show that; to `actor` as part of the answer to what
    they have asked for."""
    change = Change(channel)
    for member, after in wanted.items():
        before = channel.members[member]
        if after == before:
            continue
        change.before.standings[member] = before
        rooms.set_standing(channel, member, after)
        channel.silenced.pop(member, None)
        for prefix in modes.PREFIXES:
            if prefix.bit & (before ^ after):
                change.add(bool(prefix.bit & after), prefix.letter, member.nickname)
    if change.done:
        show(ctx, channel, change, giver(ctx), actor)


def logged_in(ctx: Context, user: User) -> None:
    """Give somebody who has logged in what they are by that in the rooms that they are in."""
    for channel in list(user.channels):
        given = by_access(channel, user)
        if given:
            set_all(ctx, channel, {user: channel.members[user] | given}, user)


def taken(ctx: Context, user: User, actor: User | None = None) -> None:
    """Take from somebody what they are by their account in the rooms that they are in; `actor` is
    who has asked for it, as in `set_all`."""
    for channel in list(user.channels):
        given = by_access(channel, user)
        if given & channel.members[user]:
            set_all(ctx, channel, {user: channel.members[user] & ~given}, actor)


def access_changed(ctx: Context, channel: Channel, before: RegisteredRoom | None) -> None:
    """Give to, and take from, members of a registered room what they have, or have no longer, by
    access; `before` is its registration as it was."""
    after = channel.registered
    wanted: dict[User, int] = {}
    for account in dict.fromkeys([*_listed(before), *_listed(after)]):
        had = before.standing_of(account) if before is not None else 0
        has = after.standing_of(account) if after is not None else 0
        if had != has:
            for one in ctx.state.accounts.get(account, ()):
                if one in channel.members:
                    wanted[one] = channel.members[one] & ~had | has
    set_all(ctx, channel, wanted)


def _listed(room: RegisteredRoom | None) -> list[str]:
    return [room.founder, *room.access] if room is not None else []
