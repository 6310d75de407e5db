"""Auditoriums (+u): who begins and ceases to see whom, and is told so.

A client keeps a list of a channel's members from what it is sent. So whoever comes into view is
said to have joined, whoever goes out of it to have left, and who is to see many more is sent the
names. What counts is what is so before and after a MODE, whatever its letters did in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import TypeAlias

from trio_chat.core import events, modes, rooms
from trio_chat.core.capabilities import METADATA
from trio_chat.core.context import Context, Replies
from trio_chat.core.handlers import listing, syncing
from trio_chat.core.handlers.common import joined
from trio_chat.core.output import LOOK
from trio_chat.core.state import Channel, User
from trio_chat.wire import irc

HIDDEN = "Not shown any more"
_NAMES = 3
"""To be sent all names takes as much as their number of JOINs shifted right by so many bits."""

Later: TypeAlias = list[Callable[[], None]]
"""What is to be said once the change itself has been shown."""
_Shown: TypeAlias = list[tuple[User, events.Event]]
"""What is shown, each with whom it is about."""


class Before:
    """What was so in a channel before a MODE."""

    __slots__ = ("auditorium", "standings")

    def __init__(self, channel: Channel) -> None:
        self.auditorium = bool(channel.modes & modes.AUDITORIUM)
        self.standings: dict[User, int] = {}
        """Of the members whose standing is another now, or has been meanwhile."""

    def shown(self, channel: Channel) -> list[tuple[User, int, int]]:
        """Return each member with the standing that they had, and that they have."""
        had = self.standings.get
        return [(one, had(one, now), now) for one, now in channel.members.items()]


def changed(ctx: Context, channel: Channel, before: Before) -> Later:
    """See to it that a channel is an auditorium if its modes say so, and show who comes into view
    by a MODE; return what is to be said once that has been shown."""
    now = bool(channel.modes & modes.AUDITORIUM)
    later: Later = []
    if before.auditorium and not now:
        later = _open(ctx, channel, before)
    elif before.auditorium:
        later = _adjust(ctx, channel, before)
    if now != before.auditorium:
        rooms.set_auditorium(channel, on=now)
    return later


def _open(ctx: Context, channel: Channel, before: Before) -> Later:
    """Show everybody to everybody again."""
    ctx.output.cost += len(channel.members) >> LOOK
    members = before.shown(channel)
    viewers = [one for one, had, _ in members if had < modes.HALFOP]
    hidden = [one for one, had, _ in members if not had]
    named: list[User] = []
    for some, unseen in _divided(channel, viewers, hidden):
        if len(unseen) <= max(1, len(members) >> _NAMES):
            _show(ctx, some, _joined(ctx, channel, unseen))
            syncing.reveal(ctx, channel, unseen, some)
        else:
            # People on the plain side keep no list, and have not asked.
            named += [one for one in some if not one.plain]
    return [partial(_name, ctx, channel, named)]


def _adjust(ctx: Context, channel: Channel, before: Before) -> Later:
    """Show of whom the standing has changed to whom that matters, and to them what they see now."""
    moved = [
        (one, had, channel.members[one])
        for one, had in before.standings.items()
        if had != channel.members[one]
    ]
    if not moved:
        return []
    ctx.output.cost += len(channel.members) >> LOOK
    members = before.shown(channel)
    viewers = [one for one, had, _ in members if had < modes.HALFOP]
    for some, seen in _divided(channel, viewers, [one for one, had, _ in moved if not had]):
        _show(ctx, some, _joined(ctx, channel, seen))
        syncing.reveal(ctx, channel, seen, some)
    later: Later = []
    # Whoever rules no longer loses these with all the others.
    viewers = [one for one, had, now in members if had < modes.HALFOP and now < modes.HALFOP]
    for some, lost in _divided(channel, viewers, [one for one, _, now in moved if not now]):
        later.append(partial(_show, ctx, some, _left(ctx, channel, lost)))
    fallen = [one for one, had, now in moved if now < modes.HALFOP <= had and not one.plain]
    for some, lost in _divided(channel, fallen, [one for one, _, now in members if not now]):
        later.append(partial(_leave, ctx, channel, some, lost))
    risen = [one for one, had, now in moved if had < modes.HALFOP <= now]
    for some, unseen in _divided(channel, risen, [one for one, had, _ in members if not had]):
        named = [one for one in some if unseen != [one]]
        later.append(partial(_name, ctx, channel, named))
    return later


def _divided(
    channel: Channel, viewers: list[User], members: list[User]
) -> Iterator[tuple[list[User], list[User]]]:
    """Yield viewers who are no operators, with those of these members without a standing whom they
    are not shown, and perhaps themselves."""
    known = channel.known
    strangers = [one for one in members if one not in known]
    for some, unseen in (
        ([one for one in viewers if one in known], strangers),
        ([one for one in viewers if one not in known], members),
    ):
        if some and unseen:
            yield some, unseen


def _joined(ctx: Context, channel: Channel, members: Sequence[User]) -> _Shown:
    return [(member, joined(ctx, member, channel)) for member in members]


def _left(ctx: Context, channel: Channel, members: Sequence[User]) -> _Shown:
    return [
        (
            member,
            events.Parted(time=ctx.now, source=member.source, channel=channel.name, reason=HIDDEN),
        )
        for member in members
    ]


def _show(ctx: Context, viewers: list[User], shown: _Shown) -> None:
    """Show how some come or leave to all of these but themselves."""
    if len(shown) == 1:
        viewers = [one for one in viewers if one is not shown[0][0]]
    ctx.output.broadcast_all(viewers, shown)


def _leave(ctx: Context, channel: Channel, viewers: list[User], lost: list[User]) -> None:
    """Show viewers how all of these leave: at once, since what becomes of them is not seen now."""
    lines = [irc.frame(f":{one.prefix} PART {channel.name} :{HIDDEN}") for one in lost]
    whole, ends = b"".join(lines), [*accumulate(map(len, lines))]
    places = {one: place for place, one in enumerate(lost)}
    ctx.output.cost += len(lost)
    for viewer in viewers:
        place = places.get(viewer)
        if place is None:
            tails = [whole]
        else:
            tails = [whole[: ends[place] - len(lines[place])], whole[ends[place] :]]
        ctx.output.cost += len(lost) >> LOOK
        if any(tails):
            ctx.output.send_block(viewer, b"", tails)


def _name(ctx: Context, channel: Channel, viewers: list[User]) -> None:
    """Send the names to each of these, as nobody waits for: each may have thousands."""
    ctx.without_waiting([partial(_name_to, ctx, channel, viewer) for viewer in viewers])


def _name_to(ctx: Context, channel: Channel, viewer: User) -> None:
    # They may have left since.
    if viewer in channel.members:
        found = listing.name_replies(ctx, viewer, channel)
        if viewer.caps & METADATA:
            found = _and_more(ctx, channel, viewer, found)
        ctx.page(viewer, found)


def _and_more(ctx: Context, channel: Channel, viewer: User, found: Replies) -> Replies:
    """Tell a viewer what those have who are named, behind the names."""
    yield from found
    if viewer in channel.members:
        yield from syncing.on_join(ctx, viewer, channel)
