"""What ChanServ does in a registered room for who has access to it: operators, bans, removals.

It is done whether or not who asks is in the room, and, but for what is about its members, whether
or not anybody is. What it needs is access, not what one happens to be in the room.
"""

from __future__ import annotations

import collections
from collections.abc import Callable

from trio_chat.core import masks, modes, names, rooms
from trio_chat.core.context import Context
from trio_chat.core.handlers import channels, standings
from trio_chat.core.handlers.common import word
from trio_chat.core.handlers.modes import change_modes
from trio_chat.core.modes import Kind, Prefix
from trio_chat.core.output import LOOK
from trio_chat.core.registered import RegisteredRoom
from trio_chat.core.services.chanserv import room_for, say
from trio_chat.core.services.table import CHANSERV, row
from trio_chat.core.state import Channel, User
from trio_chat.wire.text import cut

_AT_ONCE = 50
"""Members who are removed in one go, where all are."""
_OF_MASKS = frozenset("!@*?.:/")
_REMOVING = 20
"""What it costs to remove one (`Output.cost`)."""


def _use(ctx: Context, room: RegisteredRoom, work: Callable[[Channel], None]) -> None:
    """Do something with a room as it is; for that time it is there, though nobody be in it."""
    channel = ctx.channel(room.name)
    work(channel)
    if not rooms.is_there(channel):
        rooms.drop(ctx.state, channel)


def _member(ctx: Context, user: User, room: RegisteredRoom, nickname: str) -> User | None:
    """Return a member of a room, or say that they are not there."""
    target = ctx.state.user_named(nickname)
    channel = ctx.state.channel_named(room.name)
    if target is None or channel is None or target not in channel.members:
        say(ctx, user, f"{word(user, nickname)} is not in {room.name}.")
        return None
    return target


# --- Standings

_WORDS = {"q": "OWNER", "a": "ADMIN", "o": "OP", "h": "HALFOP", "v": "VOICE"}
"""What they are called as commands."""


def _give(prefix: Prefix, name: str, *, on: bool) -> None:
    what = (
        f"make somebody, or yourself, {prefix.help}" if on else f"take {prefix.help} from somebody"
    )

    @row(
        CHANSERV,
        name,
        params=1,
        most=2,
        account=True,
        usage=f"{name} <channel> [<nickname>]",
        help=f"{what} (+{prefix.letter})" if on else f"{what}, or yourself (-{prefix.letter})",
    )
    def give(ctx: Context, user: User, words: list[str]) -> None:
        own = len(words) < 2 or ctx.state.user_named(words[1]) is user
        # One can have oneself what one's access includes, and lay it down.
        needed = prefix.needs if not own else prefix.bit if on else modes.VOICE
        room = room_for(ctx, user, words[0], needed)
        target = _member(ctx, user, room, words[1] if not own else user.nickname) if room else None
        if room is None or target is None:
            return
        channel = ctx.channel(room.name)
        before = channel.members[target]
        after = before | prefix.bit if on else before & ~prefix.bit
        actor = user if user in channel.members else None
        standings.set_all(ctx, channel, {target: after}, actor)
        given = f"{target.nickname} has +{prefix.letter} in {room.name} now."
        taken = f"{target.nickname} does not have +{prefix.letter} in {room.name} any more."
        say(ctx, user, given if on else taken)


for _prefix in modes.PREFIXES:
    _give(_prefix, _WORDS[_prefix.letter], on=True)
    _give(_prefix, f"DE{_WORDS[_prefix.letter]}", on=False)


# --- Who is there


@row(
    CHANSERV,
    "KICK",
    params=2,
    account=True,
    usage="KICK <channel> <nickname> [<reason>]",
    help="remove somebody from a channel",
)
def kick(ctx: Context, user: User, words: list[str]) -> None:
    room = room_for(ctx, user, words[0], modes.HALFOP)
    target = _member(ctx, user, room, words[1]) if room is not None else None
    if room is None or target is None:
        return
    channel = ctx.channel(room.name)
    if _is_above(user, room, channel, target):
        say(ctx, user, f"{target.nickname} is above your access to {room.name}.")
        return
    reason = " ".join(words[2:])
    reason = f"{user.nickname}: {reason}" if reason else user.nickname
    reason = cut(reason, ctx.settings.limits.kick)
    _remove(ctx, user, channel, target, reason)
    say(ctx, user, f"{target.nickname} is not in {room.name} any more.")


def _is_above(user: User, room: RegisteredRoom, channel: Channel, target: User) -> bool:
    """Whether a member is not to be removed by somebody, by whose access that would be done: nobody
    else removes the founder."""
    by_founder = room.is_founder(user.account)
    if room.is_founder(target.account) and not by_founder:
        return True
    return not channels.outranks(room.standing_of(user.account), channel, target)


def _remove(ctx: Context, user: User, channel: Channel, target: User, reason: str) -> None:
    actor = user if user in channel.members else None
    channels.remove(ctx, channel, target, reason, standings.giver(ctx), actor)


def _mask(ctx: Context, name: str) -> str:
    """Return the mask that is meant by a nickname, an account's or a mask."""
    target = ctx.state.user_named(name)
    if target is None:
        return masks.normalise(name)
    # Their account does not change with their address.
    account = f"~a:{names.fold(target.account)}"
    return account if target.account else masks.normalise(f"*!*@{target.host}")


def _is_about_somebody(ctx: Context, name: str) -> bool:
    """Whether something can be a nickname, or has in it what a mask has."""
    limit = ctx.settings.limits.nickname
    return not _OF_MASKS.isdisjoint(name) or names.nickname(name, limit) is not None


@row(
    CHANSERV,
    "BAN",
    params=2,
    most=2,
    account=True,
    usage="BAN <channel> <nickname or mask>",
    help="keep somebody out of a channel, and from speaking there",
)
def ban(ctx: Context, user: User, words: list[str]) -> None:
    room = room_for(ctx, user, words[0], modes.HALFOP)
    if room is None:
        return
    mask = _mask(ctx, words[1])
    if not _is_about_somebody(ctx, words[1]):
        say(ctx, user, f"{word(user, words[1])} is no nickname, and no mask such as bob!*@*.")
        return
    if not masks.is_mask(mask):
        say(ctx, user, f"{masks.hint(mask)}.")
        return

    def work(channel: Channel) -> None:
        if sum(map(len, channel.lists.values())) >= ctx.settings.limits.list_entries:
            say(ctx, user, f"The lists of {room.name} are full.")
            return
        _change(ctx, user, channel, "+b", mask)
        say(ctx, user, f"{mask} is banned from {room.name} now.")

    _use(ctx, room, work)


def _change(ctx: Context, user: User, channel: Channel, *params: str) -> None:
    change_modes(ctx, user, channel, params, free=True, source=standings.giver(ctx))


@row(
    CHANSERV,
    "UNBAN",
    params=1,
    most=2,
    account=True,
    usage="UNBAN <channel> [<nickname or mask>]",
    help="lift the bans on somebody, or on yourself",
)
def unban(ctx: Context, user: User, words: list[str]) -> None:
    room = room_for(ctx, user, words[0], modes.HALFOP)
    if room is None:
        return
    name = words[1] if len(words) > 1 else user.nickname
    target = ctx.state.user_named(name)

    def work(channel: Channel) -> None:
        listed = channel.lists.get("b", {})
        found = [one.mask for one in listed.values() if one.mask == masks.normalise(name)]
        if target is not None:
            found = channels.entries_about(ctx, channel, "b", target)
        for mask in found:
            _change(ctx, user, channel, "-b", mask)
        done = f"Bans lifted: {', '.join(found)}" if found else f"There is no ban on {name}."
        say(ctx, user, done)

    _use(ctx, room, work)


@row(
    CHANSERV,
    "INVITE",
    params=1,
    most=2,
    account=True,
    usage="INVITE <channel> [<nickname>]",
    help="invite somebody to a channel, or see that you can enter",
)
def invite(ctx: Context, user: User, words: list[str]) -> None:
    room = room_for(ctx, user, words[0], modes.HALFOP)
    if room is None:
        return
    nickname = words[1] if len(words) > 1 else user.nickname
    target = ctx.state.user_named(nickname)
    channel = ctx.state.channel_named(room.name)
    if target is None:
        say(ctx, user, f"There is nobody called {word(user, nickname)}.")
    elif target is user:
        say(ctx, user, f"You can enter {room.name} whatever is set there.")
    elif channel is None:
        say(ctx, user, f"Nobody is in {room.name}.")
    elif target in channel.members:
        say(ctx, user, f"{target.nickname} is in {room.name} already.")
    else:
        channels.pass_invitation(ctx, user, channel, target, opens=True)


@row(
    CHANSERV,
    "GETKEY",
    params=1,
    most=1,
    account=True,
    usage="GETKEY <channel>",
    help="see the key of a channel",
)
def getkey(ctx: Context, user: User, words: list[str]) -> None:
    room = room_for(ctx, user, words[0], modes.HALFOP)
    if room is not None:

        def work(channel: Channel) -> None:
            key = f"The key of {room.name} is {channel.key}"
            say(ctx, user, key if channel.key else f"{room.name} has no key.")

        _use(ctx, room, work)


# --- CLEAR


@row(
    CHANSERV,
    "CLEAR",
    params=2,
    most=2,
    account=True,
    usage="CLEAR <channel> USERS|BANS|MODES|OPS",
    help="remove everybody else from a channel, but for who is above you, or lift all bans, modes "
    "or standings in it",
)
def clear(ctx: Context, user: User, words: list[str]) -> None:
    room = room_for(ctx, user, words[0], modes.OWNER)
    if room is None:
        return
    what = words[1].upper()
    work = _CLEARING.get(what)
    if work is None:
        say(ctx, user, f"What can be cleared: {', '.join(_CLEARING)}.")
        return
    _use(ctx, room, lambda channel: work(ctx, user, channel))
    say(ctx, user, f"{room.name} is cleared of {what.lower()}.")


def _clear_users(ctx: Context, user: User, channel: Channel) -> None:
    """Remove everybody else, but for who is above. Who is to go is shown their own removal alone:
    all of them to all would be as much as nobody can be sent."""
    room = channel.registered
    if room is None:
        return
    others = [one for one in channel.members if one is not user]
    going = {one: None for one in others if not _is_above(user, room, channel, one)}
    if len(going) < len(others):
        say(ctx, user, f"Who is above your access to {room.name} stays.")
    queue = collections.deque(going)
    reason = f"Cleared by {user.nickname}"

    def remove_some() -> None:
        viewers = [one for one in channel.members if one not in going]
        ctx.output.cost += len(channel.members) >> LOOK
        for _ in range(min(_AT_ONCE, len(queue))):
            target = queue.popleft()
            if target in channel.members:
                ctx.output.cost += _REMOVING
                source = standings.giver(ctx)
                channels.remove(ctx, channel, target, reason, source, None, viewers=viewers)
            # Who comes back is there as anybody else.
            del going[target]

    ctx.without_waiting([remove_some] * -(-len(queue) // _AT_ONCE))


def _clear_bans(ctx: Context, user: User, channel: Channel) -> None:
    found = [entry.mask for entry in channel.lists.get("b", {}).values()]
    if found:
        _change(ctx, user, channel, f"-{'b' * len(found)}", *found)


def _clear_modes(ctx: Context, user: User, channel: Channel) -> None:
    rows = [one for one in modes.CHANNEL_MODES.values() if one.bit & channel.modes]
    letters = "".join(one.letter for one in rows)
    keys = [channel.key for one in rows if one.kind is Kind.KEY]
    if letters:
        _change(ctx, user, channel, f"-{letters}", *keys)


def _clear_ops(ctx: Context, user: User, channel: Channel) -> None:
    """Leave everybody what they are by access."""
    wanted = {
        one: standing & standings.by_access(channel, one)
        for one, standing in channel.members.items()
        if standing
    }
    standings.set_all(ctx, channel, wanted, user if user in channel.members else None)


_CLEARING: dict[str, Callable[[Context, User, Channel], None]] = {
    "USERS": _clear_users,
    "BANS": _clear_bans,
    "MODES": _clear_modes,
    "OPS": _clear_ops,
}
