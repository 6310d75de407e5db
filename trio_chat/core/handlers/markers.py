"""MARKREAD: how far somebody has read (draft/read-marker).

A marker is of a channel or a nickname, and only ever goes on. With an account it is kept, for all
of its clients; without one it lasts as long as the connection does. Nobody else is told.
"""

from __future__ import annotations

from collections.abc import Callable

from trio_chat.core import ids, msgrefs, names, numerics
from trio_chat.core.capabilities import READ_MARKER
from trio_chat.core.commands import command
from trio_chat.core.context import Asked, Context, Replies
from trio_chat.core.encoding import timestamp
from trio_chat.core.entries import Marked, of_channel
from trio_chat.core.handlers import access
from trio_chat.core.handlers.common import remember, word
from trio_chat.core.inputs import Completed
from trio_chat.core.questions import MarkerOf
from trio_chat.core.state import Channel, User
from trio_chat.wire.irc import Message

MARKERS = 200
"""Markers that are remembered of somebody without an account; the oldest goes first."""
_AT_HAND = 1024
"""Markers that were set last, of all accounts: what is being read from the journal may be older."""


@command(
    "MARKREAD",
    usage="MARKREAD <channel or nickname> [timestamp=<time>]",
    help="say up to when you have read, or see up to when you had (draft/read-marker)",
)
def markread(ctx: Context, user: User, message: Message) -> None:
    if not user.caps & READ_MARKER:
        ctx.reply(user, numerics.ERR_UNKNOWNCOMMAND, "MARKREAD")
        return
    if not message.params or not message.params[0]:
        ctx.fail(user, "MARKREAD", "NEED_MORE_PARAMS", text="Missing parameters")
        return
    target = message.params[0]
    key = _key(ctx, target)
    if key is None:
        _refuse(ctx, user, target)
        return
    if len(message.params) == 1:
        _find(ctx, user, target, key, lambda time: _send(ctx, user, target, time))
        return
    sign, equals, text = message.params[1].partition("=")
    time = msgrefs.milliseconds_at(text) if (sign, equals) == ("timestamp", "=") else None
    if time is None:
        _refuse(ctx, user, target, message.params[1])
        return
    # Nobody has read what is not there yet.
    wanted = min(time, ids.milliseconds(ctx.now))
    _find(ctx, user, target, key, lambda known: _set(ctx, user, target, key, known, wanted))


def tell(ctx: Context, user: User, channel: Channel) -> Replies:
    """Send the marker of a channel to a client that has joined it."""
    if not user.caps & READ_MARKER:
        return
    key = of_channel(channel.name)
    if user.account:
        reader = ctx.party(user)

        def resume(done: Completed) -> None:
            if done.result:
                _send(ctx, user, channel.name, _known(ctx, user, reader, key, done))
            else:
                _fail(ctx, user, channel.name)

        yield Asked(MarkerOf(reader=reader, conversation=key), resume)
    else:
        _send(ctx, user, channel.name, _of_session(user, key))


def move(ctx: Context, channel: Channel, name: str) -> None:
    """Have the markers of a channel go on under its new name."""
    before, after = of_channel(channel.name), of_channel(name)
    for member in channel.members:
        if member.notes is not None:
            member.notes.markers.pop(after, None)
            time = member.notes.markers.pop(before, None)
            if time is not None:
                member.notes.markers[after] = time
    marked = ctx.state.marked
    for reader, key in [one for one in marked if one[1] == after]:
        del marked[reader, key]
    for reader, key in [one for one in marked if one[1] == before]:
        marked[reader, after] = marked.pop((reader, key))


def _key(ctx: Context, target: str) -> str | None:
    """Return what a marker is known by; None: there can be no such channel, and no such name.

    Of somebody who is logged in it is the account, whatever they are called.
    """
    limits = ctx.settings.limits
    if target[0] in names.CHANNEL_TYPES:
        return of_channel(target) if names.is_channel_name(target, limits.channel) else None
    return access.called(ctx, target) or None


def _find(ctx: Context, user: User, target: str, key: str, then: Callable[[int], None]) -> None:
    """Call `then` with the marker, in milliseconds; 0: there is none."""
    if not user.account:
        then(_of_session(user, key))
        return
    reader = ctx.party(user)

    def resume(done: Completed) -> None:
        if done.result:
            then(_known(ctx, user, reader, key, done))
        else:
            _fail(ctx, user, target)

    ctx.look_up(user, MarkerOf(reader=reader, conversation=key), resume)


def _of_session(user: User, key: str) -> int:
    return user.notes.markers.get(key, 0) if user.notes is not None else 0


def _known(ctx: Context, user: User, reader: str, key: str, done: Completed) -> int:
    """Return a marker by what the journal says, and by what has been set since it was asked."""
    found = done.answer if isinstance(done.answer, int) else 0
    return max(found, ctx.state.marked.get((reader, key), 0), _of_session(user, key))


def _set(ctx: Context, user: User, target: str, key: str, known: int, wanted: int) -> None:
    """Set a marker, and tell all clients that have it; or tell this one what it is."""
    if wanted <= known:
        _send(ctx, user, target, known)
        return
    if not user.account:
        remember(user.take_notes().markers, key, wanted, MARKERS)
        _send(ctx, user, target, wanted)
        return
    reader = ctx.party(user)
    ctx.output.records.append(Marked(reader, key, wanted))
    remember(ctx.state.marked, (reader, key), wanted, _AT_HAND)
    _send(ctx, user, target, wanted)
    for other in ctx.whose(reader):
        if other is not user and other.caps & READ_MARKER:
            _send(ctx, other, target, wanted)


def _send(ctx: Context, user: User, target: str, time: int) -> None:
    shown = f"timestamp={timestamp(time / 1000)}" if time else "*"
    ctx.protocol(user, "MARKREAD", target, shown)


def _refuse(ctx: Context, user: User, *params: str) -> None:
    shown = [word(user, param) for param in params]
    ctx.fail(user, "MARKREAD", "INVALID_PARAMS", *shown, text="Invalid parameters")


def _fail(ctx: Context, user: User, target: str) -> None:
    text = "The read timestamp could not be read"
    ctx.fail(user, "MARKREAD", "INTERNAL_ERROR", word(user, target), text=text)
