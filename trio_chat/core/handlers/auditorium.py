"""Auditoriums (+u): who begins and ceases to see whom, and is told so.

A client keeps a list of a channel's members from what it is sent. So whoever comes into view is
said to have joined, whoever goes out of it to have left, and who is to see many more is sent the
names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from trio_chat.core import events, modes, rooms
from trio_chat.core.context import Context, Replies
from trio_chat.core.handlers import listing
from trio_chat.core.state import Channel, User
from trio_chat.wire import irc

HIDDEN = "Not shown any more"

Later: TypeAlias = list[Callable[[], None]]
"""What is to be said once the change itself has been shown."""


def set_standing(ctx: Context, channel: Channel, member: User, standing: int) -> Later:
    """Change what a member is in a channel: bits of `modes.PREFIXES`."""
    before = channel.members[member]
    if not channel.modes & modes.AUDITORIUM:
        rooms.set_standing(channel, member, standing)
        return []
    watched = set(rooms.audience(channel, member))
    unseen = _unseen(channel, member)
    rooms.set_standing(channel, member, standing)
    later: Later = []
    if bool(before) != bool(standing):
        # In the one case or the other, everybody.
        changed = watched.symmetric_difference(rooms.audience(channel, member)) - {member}
        told = [one for one in channel.members if one in changed]
        if standing:
            ctx.output.broadcast(told, _joined(ctx, channel, member))
        else:
            left = _left(ctx, channel, member)
            later.append(lambda: ctx.output.broadcast(told, left))
    if before < modes.HALFOP <= standing and unseen:
        later.append(lambda: _name(ctx, channel, member))
    elif standing < modes.HALFOP <= before:
        lost = [one.prefix for one in _unseen(channel, member)]
        later.append(lambda: _leave(ctx, channel, member, lost))
    return later


def open_up(ctx: Context, channel: Channel, user: User) -> Later:
    """Show everybody to everybody again, for a user who has said so."""
    hidden = {one for one, standing in channel.members.items() if not standing}
    strangers = hidden - channel.known.keys()
    told = [
        one
        for one, standing in channel.members.items()
        if standing < modes.HALFOP and (strangers if one in channel.known else hidden - {one})
    ]
    rooms.set_auditorium(channel, on=False)
    return [lambda: ctx.page(user, _name_all(ctx, channel, told))] if told else []


def _unseen(channel: Channel, viewer: User) -> list[User]:
    """Return the members who are not in a member's list of them."""
    return [one for one in channel.members if not rooms.shows(channel, viewer, one)]


def _joined(ctx: Context, channel: Channel, member: User) -> events.Joined:
    return events.Joined(
        time=ctx.now,
        source=member.source,
        channel=channel.name,
        account=member.account or "*",
        realname=member.realname,
    )


def _left(ctx: Context, channel: Channel, member: User) -> events.Parted:
    return events.Parted(time=ctx.now, source=member.source, channel=channel.name, reason=HIDDEN)


def _leave(ctx: Context, channel: Channel, viewer: User, hidden: list[str]) -> None:
    """Show a member how all of these leave: at once, since what becomes of them is not seen now.

    People on the plain side keep no list.
    """
    if hidden and not viewer.plain:
        lines = [irc.frame(f":{prefix} PART {channel.name} :{HIDDEN}") for prefix in hidden]
        ctx.output.send_block(viewer, b"", lines)


def _name(ctx: Context, channel: Channel, viewer: User) -> None:
    if viewer in channel.members:
        ctx.page(viewer, listing.name_replies(ctx, viewer, channel))


def _name_all(ctx: Context, channel: Channel, viewers: list[User]) -> Replies:
    for viewer in viewers:
        _name(ctx, channel, viewer)
        yield None
