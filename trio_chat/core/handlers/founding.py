"""Registered rooms as every way to them has them: registered, changed and dropped.

Owns what is checked first, and that nobody is told that something is done before it is stored. Who
asks says in their own words what came of it.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

from trio_chat.core import metadata, modes, names, registered
from trio_chat.core.context import Context
from trio_chat.core.entries import Change
from trio_chat.core.handlers import holding, standings
from trio_chat.core.inputs import Completed
from trio_chat.core.registered import RegisteredRoom
from trio_chat.core.state import Channel, User

PARTING = 20
"""What it costs to see to one room of an account that is dropped (`Output.cost`)."""


class Problem(enum.Enum):
    """Why something was not done, as a sentence without a stop."""

    NOT_LOGGED_IN = "You are not logged in to an account"
    NOT_OPERATOR = "You are no operator of that channel"
    CLOSED = "Only operators of this server can register channels"
    TOO_MANY = "You have registered as many channels as you can"
    EXISTS = "It is registered already"
    EVERYBODYS = "It is everybody's, and can not be registered"
    TEMPORARILY_UNAVAILABLE = "It could not be stored; try again later"


Then: TypeAlias = Callable[[Problem | None], None]
"""What is done when it is known what came of it; None: it is done, and stored."""


def problem(ctx: Context, user: User, channel: Channel) -> Problem | None:
    """Return why a user can not register a channel."""
    policy = ctx.settings.accounts
    found = None
    if policy is None or not user.account:
        found = Problem.NOT_LOGGED_IN
    elif channel.permanent:
        found = Problem.EVERYBODYS
    elif ctx.registered.outlives(channel.name):
        found = Problem.EXISTS
    elif channel.members.get(user, 0) < modes.OP:
        found = Problem.NOT_OPERATOR
    elif policy.rooms == "operators" and not user.modes & modes.OPERATOR:
        found = Problem.CLOSED
    elif has_all(ctx, names.fold(user.account)):
        found = Problem.TOO_MANY
    return found


def has_all(ctx: Context, account: str, *, and_more: int = 0) -> bool:
    """Whether an account (its key) has as many rooms as one can have, when it is given so many
    more."""
    ctx.output.cost += ctx.registered.looking
    policy = ctx.settings.accounts
    return policy is None or ctx.registered.founded(account) + and_more >= policy.rooms_per_account


def register(ctx: Context, user: User, channel: Channel, description: str, then: Then) -> None:
    """Have a channel be that of a user's account from now on; a description that is empty changes
    nothing about what is said of it."""
    found = problem(ctx, user, channel)
    if found is not None:
        then(found)
        return
    room = RegisteredRoom(
        name=channel.name,
        founder=names.fold(user.account),
        registered_at=ctx.now,
    )
    _commit(ctx, user, [(None, room)], then, description)


def change(
    ctx: Context, user: User, before: RegisteredRoom, after: RegisteredRoom, then: Then
) -> None:
    """Have a registered room be as `after` says."""
    _commit(ctx, user, [(before, after)], then)


def drop(ctx: Context, user: User, room: RegisteredRoom, then: Then) -> None:
    """Have a room not be registered any more: with nobody in it, it is one that all have left."""
    _commit(ctx, user, [(room, None)], then)


_Pair: TypeAlias = tuple[RegisteredRoom | None, RegisteredRoom | None]
"""What a room's registration was, and what it is to be."""


class Changing:
    """Changes of registrations that are to be stored: none can be changed otherwise meanwhile."""

    def __init__(self, ctx: Context, pairs: Sequence[_Pair], description: str = "") -> None:
        """`description` is what those are for that are registered now; empty: as has been said."""
        self._ctx = ctx
        self._description = description
        self._pairs = pairs
        self._said: dict[str, dict[str, str]] = {}
        """What is said of those that are registered now, by key: they keep it."""
        self.changes: list[Change] = []
        for before, after in pairs:
            room = after or before
            assert room is not None
            self.changes.append(registered.kept(room) if after else registered.gone(room))
            ctx.registered.begin(room.name)
            ctx.registered.naming.update(_accounts(after))
            ctx.registered.coming.update(_new_founder(before, after))
            channel = ctx.state.channel_named(room.name)
            if before is None and channel is not None:
                # What is set there is known with the registration, or not at all.
                ctx.keeping.settings(channel)
                said = self._said[room.key] = dict(channel.metadata or {})
                if description:
                    said[metadata.DESCRIPTION] = description
                self.changes.append(metadata.kept(room.key, said))
            elif after is None:
                self.changes.append(metadata.kept(room.key, {}))

    def settle(self, stored: bool) -> None:
        """Bring them into force, if they are stored."""
        ctx = self._ctx
        # Whoever has just left has left a registered room.
        ctx.lay_to_rest()
        for before, after in self._pairs:
            room = after or before
            assert room is not None
            ctx.registered.end(room.name)
            ctx.registered.naming.subtract(_accounts(after))
            ctx.registered.coming.subtract(_new_founder(before, after))
            channel = ctx.state.channel_named(room.name)
            if stored and after is not None:
                ctx.registered.put(after)
                if before is None:
                    ctx.metadata.put(room.key, self._said.get(room.key, {}))
                if channel is not None:
                    channel.registered = after
                    channel.metadata = None
                    standings.access_changed(ctx, channel, before)
                    if before is None and self._description:
                        holding.announce(ctx, [channel], [metadata.DESCRIPTION], None)
            elif stored or before is None:
                ctx.registered.drop(room.name)
                if channel is not None and before is not None:
                    # It lasts as long as the channel now.
                    channel.metadata = ctx.metadata.get(room.key) or None
                if before is not None:
                    ctx.metadata.put(room.key, {})
                if channel is not None:
                    channel.registered = None
                empty = channel is None
                ctx.output.records += ctx.keeping.released(
                    room.name, empty=empty, now=ctx.now, new_id=ctx.new_id
                )


def parting(ctx: Context, account: str) -> Changing | None:
    """Begin to take an account (its key) that is dropped out of all rooms: those that it has
    founded are somebody else's, or dropped (`RegisteredRoom.without`). None: it can not be done
    now."""
    found = ctx.registered.of(account)
    ctx.output.cost += ctx.registered.looking + PARTING * len(found)
    # What is on its way to the journal may name it where it is not found yet.
    if ctx.registered.naming[account] > 0 or not all(_is_free(ctx, room) for room in found):
        return None
    given: Counter[str] = Counter()
    pairs: list[_Pair] = []
    for room in found:
        after = room.without(account, lambda heir: not has_all(ctx, heir, and_more=given[heir]))
        given.update(_new_founder(room, after))
        pairs.append((room, after))
    return Changing(ctx, pairs)


def _commit(
    ctx: Context, user: User, pairs: Sequence[_Pair], then: Then, description: str = ""
) -> None:
    for before, after in pairs:
        room = before or after
        new = _accounts(after) - _accounts(before)
        going = any(map(ctx.accounts.is_changing, new))
        if going or (room is not None and not _is_free(ctx, room)):
            # An account that is being dropped must not be found in it later.
            then(Problem.TEMPORARILY_UNAVAILABLE)
            return
    changing = Changing(ctx, pairs, description)

    def resume(done: Completed) -> None:
        then(None if done.result else Problem.TEMPORARILY_UNAVAILABLE)

    ctx.commit(user, changing.changes, changing.settle, resume)


def _accounts(room: RegisteredRoom | None) -> set[str]:
    """Return the accounts (their keys) that a registration names."""
    if room is None:
        return set()
    return {room.founder, *room.access} | ({room.successor} if room.successor else set())


def _new_founder(before: RegisteredRoom | None, after: RegisteredRoom | None) -> list[str]:
    """Return who has one room more than before, if anybody."""
    if after is None or (before is not None and before.founder == after.founder):
        return []
    return [after.founder]


def _is_free(ctx: Context, room: RegisteredRoom) -> bool:
    return not ctx.registered.is_changing(room.name) and ctx.keeping.is_settled(room.name)
