"""RENAME: a channel takes another name (draft/channel-rename)."""

from __future__ import annotations

from functools import partial

from trio_chat.core import events, metadata, modes, names, rooms
from trio_chat.core.capabilities import CHANNEL_RENAME
from trio_chat.core.commands import command
from trio_chat.core.context import Asked, Context, Replies
from trio_chat.core.entries import of_channel
from trio_chat.core.handlers import channels, holding, markers, standings
from trio_chat.core.handlers.common import channel_for, is_operator, word
from trio_chat.core.inputs import Completed
from trio_chat.core.questions import EVERYBODYS, Page, Wanted
from trio_chat.core.state import Channel, User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

PAUSE = 60.0
"""Seconds that a channel keeps a name at least."""


@command(
    "RENAME",
    params=2,
    usage="RENAME <channel> <name> [<reason>]",
    help="give a channel another name, once a minute; everybody stays in it",
)
def rename(ctx: Context, user: User, message: Message) -> Replies:
    channel = channel_for(ctx, user, message.params[0], member=True)
    name = message.params[1]
    if channel is None or not _may(ctx, user, channel, name):
        return
    if ctx.settings.history and names.fold(name) != names.fold(channel.name):
        # Whoever takes a name that something was said under would take that away from who said it.
        found: list[Completed] = []
        question = Wanted(conversation=of_channel(name), limit=1, standing=EVERYBODYS)
        yield Asked(question, found.append)
        if not (user in channel.members and _may(ctx, user, channel, name)):
            return
        page = found[0].answer
        if not isinstance(page, Page):
            text = "It could not be looked up whether that name is free"
            _fail(ctx, user, channel, name, "CANNOT_RENAME", text)
            return
        if page.entries:
            text = "Something was said in a channel of that name"
            _fail(ctx, user, channel, name, "CHANNEL_NAME_IN_USE", text)
            return
    limit = ctx.settings.limits.kick
    reason = cut(message.params[2], limit) if len(message.params) > 2 else ""
    _rename(ctx, user, channel, name, reason)


def _may(ctx: Context, user: User, channel: Channel, name: str) -> bool:
    """Whether a member can give a channel another name, as far as is known at once; or say why
    not."""
    if not is_operator(ctx, user, channel, modes.OP):
        return False
    limits = ctx.settings.limits
    if not names.is_channel_name(name, limits.channel):
        _fail(ctx, user, channel, name, "CANNOT_RENAME", "That can not be a channel's name")
        return False
    if channel.permanent:
        _fail(ctx, user, channel, name, "CANNOT_RENAME", "This channel keeps its name")
        return False
    registered = channel.registered
    if registered is not None and standings.by_access(channel, user) < modes.OWNER:
        text = "Only its founder can rename a registered channel"
        _fail(ctx, user, channel, name, "CANNOT_RENAME", text)
        return False
    if (
        ctx.registered.is_changing(channel.name)
        or not ctx.keeping.is_settled(channel.name)
        or metadata.holder(channel) in ctx.metadata.changing
    ):
        text = "Something about this channel is still to be stored; try again"
        _fail(ctx, user, channel, name, "CANNOT_RENAME", text)
        return False
    holder = ctx.state.channel_named(name)
    same = names.fold(name) == names.fold(channel.name)
    if not same and (holder is not None or ctx.registered.outlives(name)):
        text = "There is a channel of that name already"
        _fail(ctx, user, channel, name, "CHANNEL_NAME_IN_USE", text)
        return False
    if name == channel.name:
        return False
    if ctx.monotonic - channel.renamed_at < PAUSE:
        # Each costs every member all names, if their client does not know RENAME.
        text = f"It was renamed a moment ago: a channel can be once in {PAUSE:g} seconds"
        _fail(ctx, user, channel, name, "CANNOT_RENAME", text)
        return False
    return True


def _fail(ctx: Context, user: User, channel: Channel, name: str, code: str, text: str) -> None:
    tell = ctx.fail if user.caps & CHANNEL_RENAME else ctx.refuse
    tell(user, "RENAME", code, channel.name, word(user, name), text=text)


def _rename(ctx: Context, user: User, channel: Channel, name: str, reason: str) -> None:
    before = channel.name
    event = events.Renamed(
        time=ctx.now,
        source=user.source,
        id=ctx.new_id(),
        channel=name,
        before=before,
        reason=reason,
    )
    # Another channel may have had the name a moment ago.
    ctx.lay_to_rest()
    if names.fold(before) != names.fold(name):
        markers.move(ctx, channel, name)
    channel.renamed_at = ctx.monotonic
    same = names.fold(before) == names.fold(name)
    rooms.rename_channel(ctx.state, channel, name)
    ctx.output.records += ctx.keeping.renamed(channel, before)
    holding.renamed(ctx, channel, before)
    ctx.output.record(event)
    knowing = [one for one in channel.members if one.caps & CHANNEL_RENAME or one.plain]
    ctx.output.broadcast([one for one in knowing if one is not user], event)
    if user in knowing:
        ctx.send(user, event)
    if same:
        # A client that does not know RENAME finds the channel under any case of its name.
        return
    # To everybody else it looks as if they had gone from the one to the other. They are told bit by
    # bit what is there: it is much, for each of many.
    others = [one for one in channel.members if not (one.caps & CHANNEL_RENAME or one.plain)]
    for member in others:
        moved = events.Moved(
            time=ctx.now,
            source=member.source,
            before=before,
            channel=name,
            account=member.account or "*",
            realname=member.realname,
            reason=reason,
        )
        if member is not user:
            ctx.output.send(member, moved)
        else:
            for one in moved.parts():
                ctx.send(user, one)
    ctx.without_waiting([partial(_describe, ctx, member, channel, name) for member in others])


def _describe(ctx: Context, member: User, channel: Channel, name: str) -> None:
    # They may have left since, and it may have got another name.
    if member in channel.members and channel.name == name:
        ctx.page(member, channels.describe(ctx, member, channel))
