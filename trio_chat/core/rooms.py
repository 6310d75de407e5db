"""Who is where: the one place that changes memberships, names and who exists.

Keeps `channel.members` and `user.channels` each other's mirror, drops channels that nobody is left
in, and keeps the counts of `State` right, whatever the order of joins, quits and changes.
"""

from __future__ import annotations

from trio_chat.core import modes
from trio_chat.core.names import fold
from trio_chat.core.state import Channel, Past, State, User


def find_or_create(state: State, name: str, *, now: float) -> Channel:
    """Return the channel with this name, made now if there is none."""
    folded = fold(name)
    channel = state.channels.get(folded)
    if channel is None:
        channel = state.channels[folded] = Channel(name, now=now)
        channel.modes = modes.NEW_CHANNEL
    return channel


def enter(user: User, channel: Channel, standing: int) -> None:
    """Make a user a member."""
    channel.members[user] = standing
    user.channels.append(channel)


def leave(state: State, user: User, channel: Channel) -> None:
    """End a membership; the channel goes with its last member, unless it is permanent."""
    del channel.members[user]
    channel.silenced.pop(user, None)
    user.channels.remove(channel)
    if user.current is channel:
        user.current = user.channels[-1] if user.channels else None
    if not channel.members and not channel.permanent:
        state.channels.pop(fold(channel.name), None)


def neighbours(user: User) -> list[User]:
    """Return everybody who shares a channel with the user, each once, the user left out."""
    found: dict[User, None] = {}
    for channel in user.channels:
        found.update(dict.fromkeys(channel.members))
    found.pop(user, None)
    return list(found)


def rename(state: State, user: User, nickname: str) -> None:
    """Give a user a nickname that is free, or their own in another case."""
    if user.nickname:
        state.nicknames.pop(fold(user.nickname), None)
    state.nicknames[fold(nickname)] = user
    user.set_name(nickname)
    for channel in user.channels:
        channel.silenced.pop(user, None)


def register(state: State, user: User) -> None:
    """Count somebody in."""
    user.registration = None
    state.registered += 1
    state.peak = max(state.peak, state.registered)


def set_user_modes(state: State, user: User, bits: int) -> None:
    """Change a user's modes, and the counts that LUSERS shows."""
    for bit, counter in ((modes.INVISIBLE, "invisible"), (modes.OPERATOR, "operators")):
        change = bool(bits & bit) - bool(user.modes & bit)
        setattr(state, counter, getattr(state, counter) + change)
    user.modes = bits


def remember(state: State, user: User, *, now: float, limit: int) -> None:
    """Note who had a nickname that is given up now; of all of them, the latest `limit`."""
    state.past.appendleft(
        Past(
            nickname=user.nickname,
            username=user.username,
            host=user.host,
            realname=user.realname,
            at=now,
        )
    )
    while len(state.past) > limit:
        state.past.pop()


def forget(state: State, user: User) -> None:
    """Remove every trace of a user."""
    for channel in list(user.channels):
        leave(state, user, channel)
    if user.registration is None:
        set_user_modes(state, user, 0)
        state.registered -= 1
    if user.nickname:
        state.nicknames.pop(fold(user.nickname), None)
    state.users.pop(user.id, None)
    user.deferred = None
    user.invited = None
