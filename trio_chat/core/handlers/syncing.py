"""What clients are told of metadata, and when (draft/metadata-2 and -3, "Notifications").

Who is subscribed to a key is told what it is of whom they see: of channels that they are in, of who
is in these, of those whom they MONITOR, and of themselves. Owns the two forms in which that is
said: in version 2 as METADATA, in version 3 as the numerics that also answer a question.

How much it is depends on others. So what is found by looking through a channel is sent a page at a
time, on joining a large one not before the client asks for it (SYNC), and what is for many goes out
as chores, one key after another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from operator import attrgetter
from typing import TypeAlias

import msgspec

from trio_chat.core import events, numerics, rooms
from trio_chat.core.capabilities import METADATA, METADATA_3
from trio_chat.core.context import Context, Replies
from trio_chat.core.encoding import BODY_LIMIT
from trio_chat.core.events import Event
from trio_chat.core.handlers.pages import LINE
from trio_chat.core.output import LOOK, TOGETHER
from trio_chat.core.state import Channel, User

AT_ONCE = 200
"""Members of the largest channel whose metadata is sent on joining. Of a larger one it is when the
client asks for it, seconds later, and the more seconds the larger."""
ALL = "*ALL"
"""The target of SYNC that is everything a client is told of (draft/metadata-3)."""
_MANY = 64
"""So many are told of a key by something that counts as another line for whoever does it."""
_REVEALED = 20
"""Members of an auditorium who come into view at once, and are told of without being asked for."""
_FEWER = 2
"""Where the others are so many bits more it is better to look for each of the few."""
_EACH_SECOND = 1000
"""Members for which a client waits a second more before it asks for their metadata."""

_BY_ID = attrgetter("id")

Found: TypeAlias = Iterator[Event | None]
"""What there is to say; None: somebody was looked at of whom nothing is said."""


def wants(user: User) -> bool:
    """Whether a client knows what metadata is."""
    return bool(user.caps & METADATA)


def is_new(user: User) -> bool:
    """Whether a client is told of it as version 3 has it."""
    return bool(user.caps & METADATA_3)


def name_of(target: User | Channel) -> str:
    """Return what a target is called; who is not registered yet has no name."""
    if isinstance(target, Channel):
        return target.name
    return target.nickname if target.registration is None else "*"


# --- How it is written


def reply(ctx: Context, user: User, name: str, key: str, value: str | None) -> events.Reply:
    """Return the numeric that says what a key is; None: it is not set."""
    return _numeric(ctx, user.nickname or "*", name, key, value)


def told(ctx: Context, user: User, name: str, key: str, value: str | None) -> Event:
    """Return what tells a client what a key is, unasked or all at once."""
    if is_new(user):
        return reply(ctx, user, name, key, value)
    return events.MetadataChanged(
        time=ctx.now, source=ctx.server, target=name, key=key, value=value
    )


def _numeric(ctx: Context, nickname: str, name: str, key: str, value: str | None) -> events.Reply:
    params: tuple[str, ...] = (name, key, "*", value or "")
    numeric = numerics.RPL_KEYVALUE
    if value is None:
        numeric = numerics.RPL_KEYNOTSET
        params = (name, key, numeric.text)
    return events.Reply(
        time=ctx.now, source=ctx.server, numeric=numeric, nickname=nickname, params=params
    )


def send(ctx: Context, user: User, found: Iterable[Event | None], batch: str) -> Replies:
    """Send what is found in a batch that has been opened, or in none: with an empty reference."""
    for event in found:
        if event is not None:
            ctx.output.cost += LINE
            if user is ctx.at_hand:
                ctx.replies += 1
            ctx.answers.send(user, event, batch)
        yield None


def in_batch(ctx: Context, user: User, name: str, found: Iterable[Event | None]) -> Replies:
    """Send what is found as a batch that is about this target."""
    batch = ctx.answers.open_batch(user, "metadata", name)
    yield from send(ctx, user, found, batch)
    ctx.answers.close_batch(user, batch)


# --- What is so now


def of_target(ctx: Context, user: User, target: User | Channel, keys: Collection[str]) -> Found:
    """Find what a user is to know of a target, by these keys."""
    values = ctx.metadata.of(target)
    if values:
        name = name_of(target)
        for key in keys:
            value = values.get(key)
            if value is not None:
                yield told(ctx, user, name, key, value)


def of_channel(
    ctx: Context,
    user: User,
    channel: Channel,
    keys: Collection[str],
    seen: dict[User, None] | None = None,
) -> Found:
    """Find what a member is to know of a channel and of who is in it, as far as it shows them; of
    nobody who was `seen` before."""
    if not keys:
        return
    yield from of_target(ctx, user, channel, keys)
    for member in rooms.in_sight(channel, rooms.sight(channel, user)):
        ctx.output.cost += 1
        if user not in channel.members:
            return
        # They may have left since, or gone out of sight.
        if member in channel.members and rooms.shows(channel, user, member):
            if seen is None:
                yield from of_target(ctx, user, member, keys)
            elif member not in seen:
                seen[member] = None
                yield from of_target(ctx, user, member, keys)
        yield None


def of_all(ctx: Context, user: User, keys: Collection[str]) -> Found:
    """Find what a user is to know of themselves, of their channels and of whom they MONITOR."""
    seen: dict[User, None] = {user: None}
    yield from of_target(ctx, user, user, keys)
    yield from _of_monitored(ctx, user, keys, seen)
    for channel in list(user.channels):
        if user in channel.members:
            yield from of_channel(ctx, user, channel, keys, seen)


def _of_monitored(ctx: Context, user: User, keys: Collection[str], seen: dict[User, None]) -> Found:
    for nickname in ctx.state.monitors.listed(user):
        other = ctx.state.user_named(nickname)
        if other is not None and other not in seen:
            seen[other] = None
            yield from of_target(ctx, user, other, keys)
        yield None


def of_new(ctx: Context, user: User, keys: Collection[str]) -> Replies:
    """Tell a client what keys are of which it is told from now on: in version 3 that it can ask."""
    if is_new(user):
        yield numerics.RPL_METADATASYNCLATER, (ALL, "0", "ask for what there is with SYNC")
        return
    seen: dict[User, None] = {user: None}
    yield from send(ctx, user, of_target(ctx, user, user, keys), "")
    yield from send(ctx, user, _of_monitored(ctx, user, keys, seen), "")
    for channel in list(user.channels):
        if user not in channel.members:
            continue
        if len(channel.members) > AT_ONCE:
            yield numerics.RPL_METADATASYNCLATER, _later(user, channel)
        else:
            yield from send(ctx, user, of_channel(ctx, user, channel, keys, seen), "")


def _later(user: User, channel: Channel) -> tuple[str, ...]:
    seconds = str(1 + len(channel.members) // _EACH_SECOND)
    text = (f"ask again in {seconds} seconds",) if is_new(user) else ()
    return (channel.name, seconds, *text)


# --- When it is told


def on_join(ctx: Context, user: User, channel: Channel) -> Replies:
    """Tell somebody who has joined a channel what is there."""
    keys = ctx.state.subscriptions.listed(user) if wants(user) else []
    if not keys and not is_new(user):
        return
    if keys and len(channel.members) > AT_ONCE:
        yield numerics.RPL_METADATASYNCLATER, _later(user, channel)
    else:
        found = of_channel(ctx, user, channel, keys)
        yield from in_batch(ctx, user, channel.name, found)


def on_welcome(ctx: Context, user: User) -> None:
    """Tell a client that has completed its registration what it has, whatever the keys."""
    if wants(user):
        keys = sorted(ctx.metadata.of(user))
        found = of_target(ctx, user, user, keys)
        for _ in in_batch(ctx, user, user.nickname, found):
            pass


def of_monitored(ctx: Context, user: User, nicknames: Iterable[str]) -> Replies:
    """Tell a client what those have whom it MONITORs, and that are here."""
    if not wants(user):
        return
    for nickname in nicknames:
        other = ctx.state.user_named(nickname)
        if other is not None:
            yield from _of_one(ctx, user, other)


def _of_one(ctx: Context, user: User, other: User) -> Replies:
    if not ctx.is_here(other):
        return
    keys = ctx.state.subscriptions.listed(user)
    values = ctx.metadata.of(other)
    if is_new(user) or any(key in values for key in keys):
        found = of_target(ctx, user, other, keys)
        yield from in_batch(ctx, user, other.nickname, found)


def on_online(ctx: Context, user: User) -> None:
    """Tell who watches for a nickname what somebody has who has it now."""
    watchers = [one for one in ctx.state.monitors.watchers(user.nickname) if wants(one)]
    ctx.without_waiting([partial(_tell_watcher, ctx, one, user) for one in watchers])


def _tell_watcher(ctx: Context, watcher: User, user: User) -> None:
    if ctx.is_here(watcher) and ctx.state.monitors.has(watcher, user.nickname):
        for _ in _of_one(ctx, watcher, user):
            pass


def introduce(ctx: Context, user: User, channel: Channel) -> None:
    """Tell the members of a channel what somebody has who has joined it."""
    subscriptions = ctx.state.subscriptions
    keys = [key for key in ctx.metadata.of(user) if subscriptions.watchers(key)]
    ctx.without_waiting([partial(_introduce, ctx, user, channel, key) for key in sorted(keys)])


def reintroduce(ctx: Context, user: User, others: Collection[User]) -> None:
    """Tell those to whom it looked as if somebody had left and come back what that user has: with
    the user they have forgotten it."""
    subscriptions = ctx.state.subscriptions
    keys = [key for key in ctx.metadata.of(user) if subscriptions.watchers(key)]
    ctx.without_waiting([partial(_reintroduce, ctx, user, others, key) for key in sorted(keys)])


def _reintroduce(ctx: Context, user: User, others: Collection[User], key: str) -> None:
    value = ctx.metadata.of(user).get(key)
    if value is None or not ctx.is_here(user):
        return
    audience = set(others).intersection(ctx.state.subscriptions.watchers(key))
    _tell(ctx, audience, user.nickname, key, value, source=ctx.server, by=None)


def reveal(ctx: Context, channel: Channel, members: Collection[User], to: Collection[User]) -> None:
    """Tell some members of an auditorium what others have whom they are shown from now on."""
    subscriptions = ctx.state.subscriptions
    if not subscriptions.lists:
        return
    if len(members) <= _REVEALED:
        ctx.without_waiting(
            [
                partial(_introduce, ctx, member, channel, key, to)
                for member in members
                for key in sorted(ctx.metadata.of(member))
                if subscriptions.watchers(key)
            ]
        )
    else:
        asking = [one for one in to if wants(one) and subscriptions.listed(one)]
        ctx.without_waiting([partial(_postpone, ctx, one, channel) for one in asking])


def _postpone(ctx: Context, user: User, channel: Channel) -> None:
    if user in channel.members:
        ctx.reply(user, numerics.RPL_METADATASYNCLATER, *_later(user, channel))


def _introduce(
    ctx: Context, user: User, channel: Channel, key: str, to: Collection[User] | None = None
) -> None:
    value = ctx.metadata.of(user).get(key)
    if user not in channel.members or value is None:
        return
    subscribers = ctx.state.subscriptions.watchers(key)
    audience = _among(ctx, rooms.audience(channel, user), subscribers)
    audience.discard(user)
    if to is not None:
        audience = _among(ctx, to, audience)
    # Whoever is in another channel with them knows it.
    audience -= _who_sees(ctx, user, audience, without=channel)
    _tell(ctx, audience, user.nickname, key, value, source=ctx.server, by=user)


def announce(ctx: Context, target: User | Channel, key: str, *, by: User | None = None) -> None:
    """Tell who is told of it what a key of a target's is now; `by` has been answered that."""
    if isinstance(target, User):
        if target.registration is not None or not ctx.is_here(target):
            return
        audience = _interested(ctx, target, key)
        source = ctx.server if by is None or by is not target else by.source
    else:
        if not rooms.is_there(target):
            return
        audience = _among(ctx, target.members, ctx.state.subscriptions.watchers(key))
        source = by.source if by is not None and by in target.members else ctx.server
    if by is not None:
        audience.discard(by)
    value = ctx.metadata.of(target).get(key)
    _tell(ctx, audience, name_of(target), key, value, source=source, by=by)


def _tell(
    ctx: Context,
    audience: Iterable[User],
    name: str,
    key: str,
    value: str | None,
    *,
    source: events.Source,
    by: User | None,
) -> None:
    clients = sorted((one for one in audience if wants(one)), key=_BY_ID)
    if len(clients) > _MANY and by is not None and ctx.is_here(by):
        ctx.output.charge(by)
    old = [one for one in clients if not is_new(one)]
    if old:
        event = events.MetadataChanged(
            time=ctx.now, source=source, target=name, key=key, value=value
        )
        if len(event.irc(0).encode()) > BODY_LIMIT:
            # It is bounded by what fits where the server says it.
            event = msgspec.structs.replace(event, source=ctx.server)
        ctx.output.broadcast(old, event)
    new = [one for one in clients if is_new(one)]
    if new:
        ctx.output.broadcast_reply(new, _numeric(ctx, "", name, key, value))


def _interested(ctx: Context, user: User, key: str) -> set[User]:
    """Return who is told of a change of a key of a user's: by a channel that both are in, or by
    MONITOR, and the user."""
    subscribers = ctx.state.subscriptions.watchers(key)
    if not subscribers:
        return set()
    found = _who_sees(ctx, user, subscribers)
    watchers = ctx.state.monitors.watchers(user.nickname)
    found |= _among(ctx, watchers, subscribers)
    if user in subscribers:
        found.add(user)
    return found


def _who_sees(
    ctx: Context, user: User, wanted: Collection[User], *, without: Channel | None = None
) -> set[User]:
    """Return those of these users who see a user in a channel, in another than `without`."""
    if not wanted:
        return set()
    audiences = [rooms.audience(one, user) for one in user.channels if one is not without]
    reach, looks = sum(map(len, audiences)), len(wanted) * len(audiences)
    if looks << _FEWER < reach:
        ctx.output.cost += looks >> LOOK
        return {one for one in wanted if any(one in audience for audience in audiences)}
    # Sets are put together much faster than users are looked for one by one.
    ctx.output.cost += reach >> TOGETHER
    return set[User]().union(*audiences).intersection(wanted)


def _among(ctx: Context, members: Collection[User], wanted: Collection[User]) -> set[User]:
    """Return those of these users who are among these members."""
    fewer, more = sorted((members, wanted), key=len)
    ctx.output.cost += 1 + (len(fewer) >> LOOK)
    return {one for one in fewer if one in more}
