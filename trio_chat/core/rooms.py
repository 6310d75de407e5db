"""Who is where: the one place that changes memberships, names and who exists.

Keeps `channel.members` and `user.channels` each other's mirror, drops channels that nobody is left
in, and keeps the counts of `State` right, whatever the order of joins, quits and changes.
"""

from __future__ import annotations

import enum
import weakref
from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import TypeAlias

from trio_chat.core import modes
from trio_chat.core.capabilities import TOLD
from trio_chat.core.names import fold, likeness, skeleton
from trio_chat.core.state import Channel, Past, State, User

_BY_ID = attrgetter("id")


def find_or_create(state: State, name: str, *, now: float) -> Channel:
    """Return the channel with this name, made now if there is none."""
    folded = fold(name)
    channel = state.channels.get(folded)
    if channel is None:
        channel = state.channels[folded] = Channel(name, now=now)
        channel.modes = modes.NEW_CHANNEL
    return channel


def enter(user: User, channel: Channel, standing: int) -> None:
    """Make a user a member, who sees what happens there from now on."""
    channel.members[user] = standing
    if standing >= modes.HALFOP:
        channel.operators[user] = None
    if user.caps & TOLD:
        _count(channel, user.caps & TOLD, 1)
    user.channels.append(channel)
    if channel.feed is not None:
        channel.feed.admit(user, user.encoding_in(channel))
    for roster in channel.rosters.values():
        if standing or roster.whole:
            roster.add(user, standing)


def leave(state: State, user: User, channel: Channel) -> None:
    """End a membership; the channel goes with its last member, unless it is permanent."""
    del channel.members[user]
    channel.operators.pop(user, None)
    if user.caps & TOLD:
        _count(channel, user.caps & TOLD, -1)
    channel.silenced.pop(user, None)
    channel.known.pop(user, None)
    channel.rosters.clear()
    if channel.feed is not None:
        channel.feed.dismiss(user)
    user.channels.remove(channel)
    if user.current is channel:
        look_at(user, user.channels[-1] if user.channels else None)
    if not channel.members and not channel.permanent:
        drop(state, channel)


def drop(state: State, channel: Channel) -> None:
    """Do away with a channel that nobody is in."""
    if state.channels.pop(fold(channel.name), None) is not None:
        state.left.append(channel)


def is_there(channel: Channel) -> bool:
    """Whether a channel still is; one that is made anew under its name is another."""
    return bool(channel.members) or channel.permanent


def set_forward(channel: Channel, other: Channel | None) -> None:
    """Have a channel send on whom it does not let in, or no more. It does not keep the other."""
    channel.forward = weakref.ref(other) if other is not None else None
    channel.forwards_to = None
    channel.forwards_to = lasting_forward(channel)


def lasting_forward(channel: Channel) -> tuple[str, float] | None:
    """Return where a channel sends on whom it does not let in, if that is a registered room: its
    name, and when it was registered."""
    other = forward(channel)
    if other is None:
        return channel.forwards_to
    room = other.registered
    return (room.name, room.registered_at) if room is not None else None


def forward(channel: Channel) -> Channel | None:
    """Return the channel to which one sends on whom it does not let in, if that is there."""
    other = channel.forward() if channel.forward is not None else None
    return other if other is not None and is_there(other) else None


def invite(user: User, channel: Channel, limit: int) -> None:
    """Note that a user may come in, whatever else keeps them out; the latest `limit` of those."""
    known = invitations(user)
    if channel not in known:
        user.invited = [weakref.ref(one) for one in [*known, channel][-limit:]]


def invitations(user: User) -> list[Channel]:
    """Return the channels that a user has been invited to and that are there: one that is gone
    opens no other."""
    if not user.invited:
        return []
    found = [one for one in (known() for known in user.invited) if one is not None]
    return [channel for channel in found if is_there(channel)]


def use_invitation(user: User, channel: Channel) -> None:
    """Note that a user has come in: an invitation is good for once."""
    if user.invited:
        left = [one for one in invitations(user) if one is not channel]
        user.invited = [weakref.ref(one) for one in left] or None


def _count(channel: Channel, caps: int, change: int) -> None:
    """Note that a channel has a member more, or less, with each of these capabilities."""
    takers = channel.takers
    while caps:
        one = caps & -caps
        caps ^= one
        takers[one] = takers.get(one, 0) + change
        if not takers[one]:
            del takers[one]


def neighbours(user: User) -> list[User]:
    """Return everybody who sees the user in a channel, each once, the user left out."""
    return sorted(_together(user, user.channels), key=_BY_ID)


def takers(user: User, capability: int) -> list[User]:
    """Return those of a user's neighbours who have one of the capabilities in `TOLD`.

    A channel in which nobody has it is not looked through.
    """
    asked = [channel for channel in user.channels if capability in channel.takers]
    found = [one for one in _together(user, asked) if one.caps & capability] if asked else []
    return sorted(found, key=_BY_ID)


def takers_in(channel: Channel, user: User, capability: int) -> list[User]:
    """Return who sees what a member does, and has one of the capabilities in `TOLD`, the member
    left out."""
    if capability not in channel.takers:
        return []
    return [one for one in audience(channel, user) if one.caps & capability and one is not user]


def _together(user: User, channels: Iterable[Channel]) -> set[User]:
    """Return who sees the user in one of these channels, in no order, the user left out."""
    audiences = [audience(channel, user) for channel in channels]
    # Sets are put together much faster than their members are looked at.
    return set[User]().union(*audiences) - {user}


def reach(user: User, capability: int = 0) -> int:
    """Return how many see what a user does that concerns all their channels, roughly: whoever is in
    several of them counts for each. With a capability: where somebody has it."""
    return sum(
        len(channel.members)
        for channel in user.channels
        if not capability or capability in channel.takers
    )


def look_at(user: User, channel: Channel | None) -> None:
    """Let a person on the plain side talk to another room from now on."""
    before, user.current = user.current, channel
    for one in (before, channel):
        if one is not None:
            _read_anew(user, one)


def set_caps(user: User, caps: int) -> None:
    """Give a client other capabilities: from now on, it is sent things as these demand."""
    gone, new = user.caps & ~caps & TOLD, caps & ~user.caps & TOLD
    user.set_caps(caps)
    for channel in user.channels:
        _count(channel, gone, -1)
        _count(channel, new, 1)
        _read_anew(user, channel)


def _read_anew(user: User, channel: Channel) -> None:
    """Let a member read what happens from now on in the encoding that is right now."""
    if channel.feed is not None and user in channel.members:
        channel.feed.dismiss(user)
        channel.feed.admit(user, user.encoding_in(channel))


def set_standing(channel: Channel, user: User, standing: int) -> None:
    """Change what a member is in a channel: bits of `modes.PREFIXES`."""
    channel.members[user] = standing
    if standing >= modes.HALFOP:
        channel.operators[user] = None
    else:
        channel.operators.pop(user, None)
    channel.rosters.clear()


def audience(channel: Channel, user: User) -> Collection[User]:
    """Return the members who see what a member does: in an auditorium, not everybody sees all."""
    found = _audience(channel, user, channel.members.get(user, 0))
    return channel.members if found is None else found


def _audience(channel: Channel, user: User, standing: int) -> dict[User, None] | None:
    """Return who sees what somebody of this standing does, not to be changed; None: everybody."""
    if not channel.modes & modes.AUDITORIUM or standing:
        return None
    if user not in channel.known:
        return channel.operators
    # Thousands may know each other, and the operators mostly are among them.
    if channel.operators.keys() <= channel.known.keys():
        return channel.known
    return channel.operators | channel.known


Witnesses: TypeAlias = list[tuple[Channel, dict[User, None] | None]]
"""Channels, each with those of its members who see something; None: all of them do."""


def witnesses(user: User) -> Witnesses:
    """Return who sees what a user does that concerns all their channels."""
    return [(channel, _audience(channel, user, channel.members[user])) for channel in user.channels]


def witnesses_in(channel: Channel, user: User, standing: int) -> Witnesses:
    """Return who sees what somebody who has this standing does in a channel."""
    return [(channel, _audience(channel, user, standing))]


def shows(channel: Channel, viewer: User, member: User) -> bool:
    """Whether a viewer is shown a member of an auditorium; elsewhere everybody is."""
    return (
        not channel.modes & modes.AUDITORIUM
        or viewer is member
        or bool(channel.members[member])
        or channel.members.get(viewer, 0) >= modes.HALFOP
        or (viewer in channel.known and member in channel.known)
    )


class Sight(enum.Enum):
    """Which members of a channel one of them is shown, but for themselves."""

    EVERYBODY = enum.auto()
    KNOWN = enum.auto()
    """Those who were there when it became an auditorium, and who has a standing."""
    STANDING = enum.auto()
    """Who has a standing."""


def sight(channel: Channel, viewer: User) -> Sight:
    """Return which members a member is shown: as `shows` says of each."""
    if not channel.modes & modes.AUDITORIUM or channel.members[viewer] >= modes.HALFOP:
        return Sight.EVERYBODY
    return Sight.KNOWN if viewer in channel.known else Sight.STANDING


def in_sight(channel: Channel, sight: Sight) -> list[User]:
    """Return those members."""
    if sight is Sight.EVERYBODY:
        return list(channel.members)
    known = channel.known if sight is Sight.KNOWN else ()
    return [one for one, standing in channel.members.items() if standing or one in known]


def set_auditorium(channel: Channel, *, on: bool) -> None:
    """Show ordinary members to operators only, or to everybody again. Those who are there when it
    begins have seen each other, and go on doing so."""
    channel.modes = channel.modes & ~modes.AUDITORIUM | (modes.AUDITORIUM if on else 0)
    channel.known = dict.fromkeys(channel.members) if on else {}
    channel.rosters.clear()


def is_taken(state: State, nickname: str, user: User | None) -> bool:
    """Whether somebody else has this nickname, or one that looks the same."""
    return any(holder is not user for holder in holders(state, nickname))


def holders(state: State, nickname: str) -> list[User]:
    """Return who has this nickname, or one that looks the same."""
    found = [state.nicknames.get(fold(nickname)), state.lookalikes.get(fold(nickname))]
    if not nickname.isascii():
        looks = skeleton(nickname)
        found += [state.nicknames.get(looks), state.lookalikes.get(looks)]
    return list(dict.fromkeys(one for one in found if one is not None))


def lookalikes(state: State, nickname: str) -> list[User]:
    """Return who has this nickname, or one that looks the same as that of an account of this name
    (`names.likeness`)."""
    alike = state.alike.get(likeness(nickname), ())
    return list(dict.fromkeys((*holders(state, nickname), *alike)))


def lose_name(state: State, user: User) -> None:
    """Take the nickname from somebody who is not registered yet."""
    _give_up_name(state, user)
    user.set_name("")


def _give_up_name(state: State, user: User) -> None:
    if user.nickname:
        state.nicknames.pop(fold(user.nickname), None)
        if not user.nickname.isascii():
            state.lookalikes.pop(skeleton(user.nickname), None)
        looks = likeness(user.nickname)
        alike = state.alike[looks]
        alike.remove(user)
        if not alike:
            del state.alike[looks]


def rename(state: State, user: User, nickname: str) -> None:
    """Give a user a nickname that is free, or their own in another case."""
    _give_up_name(state, user)
    state.nicknames[fold(nickname)] = user
    if not nickname.isascii():
        state.lookalikes[skeleton(nickname)] = user
    state.alike.setdefault(likeness(nickname), []).append(user)
    user.set_name(nickname)
    if user.registration is None:
        state.ignores.come(user)
    for channel in user.channels:
        channel.silenced.pop(user, None)
        channel.rosters.clear()


def set_account(state: State, user: User, account: str) -> None:
    """Let a user be logged in to an account from now on; empty: to none."""
    there = state.accounts
    if user.account:
        folded = fold(user.account)
        there[folded].remove(user)
        if not there[folded]:
            del there[folded]
    user.account, user.party = account, ""
    user.modes = user.modes | modes.LOGGED_IN if account else user.modes & ~modes.LOGGED_IN
    if account:
        there.setdefault(fold(account), []).append(user)
    user.identify()
    for channel in user.channels:
        channel.silenced.pop(user, None)


def change_host(user: User, username: str, host: str) -> None:
    """Show a user with another user name and host from now on."""
    user.username, user.host = username, host
    user.identify()
    for channel in user.channels:
        channel.silenced.pop(user, None)
        channel.rosters.clear()


def register(state: State, user: User) -> None:
    """Count somebody in."""
    user.registration = None
    state.registered += 1
    state.peak = max(state.peak, state.registered)
    state.ignores.come(user)


def set_user_modes(state: State, user: User, bits: int) -> None:
    """Change a user's modes, and the counts that LUSERS shows."""
    for bit, counter in ((modes.INVISIBLE, "invisible"), (modes.OPERATOR, "operators")):
        change = bool(bits & bit) - bool(user.modes & bit)
        setattr(state, counter, getattr(state, counter) + change)
    marked = (user.modes ^ bits) & modes.BOT
    user.modes = bits
    if marked:
        user.identify()


def rename_channel(state: State, channel: Channel, name: str) -> None:
    """Give a channel a name that is free, or its own in another case."""
    del state.channels[fold(channel.name)]
    channel.name = name
    state.channels[fold(name)] = channel


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
    _give_up_name(state, user)
    if user.account:
        set_account(state, user, "")
    state.users.pop(user.id, None)
    state.monitors.clear(user)
    state.subscriptions.clear(user)
    state.ignores.go(user)
    user.deferred = None
    user.invited = None
