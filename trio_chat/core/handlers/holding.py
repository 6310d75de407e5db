"""Whose metadata is whose, and how it changes (draft/metadata-2, draft/metadata-3).

That of an account belongs to all its clients, and that of a registered room to the room, whoever is
there: it is stored before it is so, and then all who see one of them are told. What somebody has
said of themselves before they log in goes into the account, where it wins over what was there, as
far as there is room; until it is stored, it is so of this client alone. Who logs out keeps nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeAlias

from trio_chat.core import metadata
from trio_chat.core.accounts import METADATA
from trio_chat.core.context import Context
from trio_chat.core.entries import of_channel
from trio_chat.core.handlers import syncing
from trio_chat.core.inputs import Completed
from trio_chat.core.state import Channel, User


class Outcome(enum.Enum):
    """What came of a change."""

    DONE = enum.auto()
    BUSY = enum.auto()
    """Something else about the account changes: it can be tried again in a second."""
    FAILED = enum.auto()
    """It could not be stored, and is not so."""


Then: TypeAlias = Callable[[Outcome], None]
Values: TypeAlias = Mapping[str, str | None]
"""What keys are to be; None: not set."""


def is_free(
    ctx: Context,
    user: User,
    target: User | Channel,
    again: Callable[[], None],
    *,
    apart: bool = False,
) -> bool:
    """Whether what is so of a target can be changed now; else `again` is called when it can."""
    waiting = ctx.metadata.changing.get(metadata.holder(target))
    if waiting is None:
        return True
    waiting.append(ctx.begin_request(user, lambda _: again(), apart=apart))
    return False


def change(
    ctx: Context,
    user: User,
    target: User | Channel,
    wanted: Values,
    then: Then,
    *,
    apart: bool = False,
) -> None:
    """Have keys of a target be as `wanted`, for a user who may do that; the target is free
    (`is_free`). Those who are told of it are told, but for that user. `apart`: it is no part of the
    answer to the command at hand."""
    if _is_busy(ctx, target):
        # An account, or a room, may be dropped, and whoever has it next is to find nothing.
        then(Outcome.BUSY)
        return
    holder = metadata.holder(target)
    if not holder:
        target.metadata = _changed(target.metadata or {}, wanted) or None
        announce(ctx, [target], wanted, user)
        then(Outcome.DONE)
        return
    store = ctx.metadata
    before = store.get(holder)
    after = _changed(before, wanted)
    if after == before:
        _settle(ctx, holder, wanted, user)
        then(Outcome.DONE)
        return
    waiting = store.changing[holder] = []
    ctx.output.charge(user)

    def settle(stored: bool) -> None:
        del store.changing[holder]
        ctx.searches.extend(waiting)
        if stored:
            store.put(holder, after)
            _settle(ctx, holder, wanted, user)

    def resume(done: Completed) -> None:
        then(Outcome.DONE if done.result else Outcome.FAILED)

    ctx.commit(user, [metadata.kept(holder, after)], settle, resume, apart=apart)


def _changed(before: Mapping[str, str], wanted: Values) -> dict[str, str]:
    found: dict[str, str | None] = {**before, **wanted}
    return {key: value for key, value in found.items() if value is not None}


def _is_busy(ctx: Context, target: User | Channel) -> bool:
    """Whether something else about an account or a room is on its way to the journal."""
    if isinstance(target, User):
        return bool(target.account) and ctx.accounts.is_changing(target.account)
    name = target.name
    return ctx.registered.is_changing(name) or not ctx.keeping.is_settled(name)


def _settle(ctx: Context, holder: str, wanted: Values, by: User) -> None:
    """See to it that what is stored is so of a room, or of all clients of an account; and tell of
    it."""
    channel = ctx.state.channels.get(holder)
    if channel is not None:
        announce(ctx, [channel], wanted, by)
        return
    clients = list(ctx.state.accounts.get(holder, ()))
    for client in clients:
        for key in wanted:
            (client.metadata or {}).pop(key, None)
        client.metadata = client.metadata or None
    announce(ctx, clients, wanted, by)


def announce(
    ctx: Context, targets: Iterable[User | Channel], keys: Iterable[str], by: User | None
) -> None:
    """Tell of these keys of targets who has subscribed to them, but for who has changed them."""
    ctx.without_waiting(
        [
            partial(syncing.announce, ctx, target, key, by=by)
            for target in targets
            for key in keys
            if ctx.state.subscriptions.watchers(key)
        ]
    )


def renamed(ctx: Context, channel: Channel, before: str) -> None:
    """Take along what is kept of a registered room that has had another name."""
    old, new = of_channel(before), metadata.holder(channel)
    values = ctx.metadata.get(old)
    if new and new != old and values:
        ctx.metadata.put(old, {})
        ctx.metadata.put(new, values)
        value = metadata.kept(new, values).value
        assert value is not None
        ctx.keeping.moved(METADATA, old, new, value)


def account_changed(ctx: Context, user: User, before: Mapping[str, str]) -> None:
    """See to what somebody has who has logged in or out; `before` is what was so of them."""
    if user.account:
        _take_along(ctx, user)
    else:
        user.metadata = None
    after = ctx.metadata.of(user)
    keys = [key for key in sorted({**before, **after}) if before.get(key) != after.get(key)]
    announce(ctx, [user], keys, None)


def _take_along(ctx: Context, user: User) -> None:
    """Put what somebody has said of themselves before they logged in into the account."""
    own = user.metadata
    if not own:
        return
    there = ctx.metadata.get(metadata.holder(user))
    room = ctx.settings.limits.metadata_keys - len(there)
    new = [key for key in own if key not in there]
    for key in new[max(0, room) :]:
        del own[key]
    user.metadata = own or None
    # They may log out before it is their turn.
    account = user.account

    def again() -> None:
        if user.account == account:
            _take_along(ctx, user)

    if own and is_free(ctx, user, user, again, apart=True):
        change(ctx, user, user, dict(own), lambda _: None, apart=True)
