"""Rooms: JOIN, PART, TOPIC, INVITE, KICK (Modern IRC, "Channel Operations")."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from trio_chat.core import events, modes, names, numerics, rooms
from trio_chat.core.capabilities import AWAY_NOTIFY, INVITE_NOTIFY, NO_IMPLICIT_NAMES
from trio_chat.core.commands import command
from trio_chat.core.context import Context, Replies
from trio_chat.core.handlers import listing, markers, playback, standings, syncing
from trio_chat.core.handlers.common import (
    channel_for,
    distinct,
    echo,
    fitting,
    forward,
    is_operator,
    joined,
    kept_or_channel_for,
    visible,
)
from trio_chat.core.services import table
from trio_chat.core.state import Channel, ListEntry, User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

_ENTERING, _LEAVING = 40, 15
"""What these cost in a room in which few are (`Output.cost`)."""


@command(
    "JOIN",
    params=1,
    usage="JOIN <channel>{,<channel>} [<key>{,<key>}]",
    help="enter channels; a channel that nobody is in is made, and yours. JOIN 0 leaves all",
)
def join_(ctx: Context, user: User, message: Message) -> Replies:
    if message.params[0] == "0":
        for channel in list(user.channels):
            # Somebody may have removed them meanwhile.
            if user in channel.members:
                part(ctx, user, channel, "")
                yield None
        return
    keys = message.params[1].split(",") if len(message.params) > 1 else []
    listed = message.params[0].split(",")
    key_of: dict[str, str] = {}
    for name, key in itertools.zip_longest(listed, keys[: len(listed)], fillvalue=""):
        key_of.setdefault(name, key)
    for name in distinct(ctx, listed):
        yield from join(ctx, user, name, key_of[name])
        yield None


def join(ctx: Context, user: User, name: str, key: str, *, forwarded: bool = False) -> Replies:
    """Make a user a member of the channel with this name, if it lets them in; or say why not.

    A page is a page of all that the command has to say, however many channels it is about.
    `forwarded`: another channel has sent them here, and none sends them on.
    """
    limits = ctx.settings.limits
    if not names.is_channel_name(name, limits.channel):
        code = numerics.ERR_NOSUCHCHANNEL if name[:1] != "#" else numerics.ERR_BADCHANMASK
        ctx.reply(user, code, echo(ctx, user, name))
        return
    channel = ctx.state.channel_named(name)
    if channel is not None and user in channel.members:
        if user.plain:
            rooms.look_at(user, channel)
            ctx.tell(user, f"You are in {channel.name} now.")
        return
    if len(user.channels) >= limits.channels_per_user:
        ctx.reply(user, numerics.ERR_TOOMANYCHANNELS, name)
        return
    if channel is None and ctx.registered.is_changing(name):
        # Whose it is is known in a moment.
        ctx.reply(user, numerics.ERR_UNAVAILRESOURCE, name)
        return
    there = channel is not None
    channel = channel or ctx.channel(name)
    if there or channel.registered is not None:
        refusal = _refusal(ctx, user, channel, key)
        if refusal is not None:
            if not there:
                rooms.drop(ctx.state, channel)
            yield from _turn_away(ctx, user, channel, refusal, forwarded=forwarded)
            return
    yield from enter(ctx, user, channel, standings.on_entering(channel, user))


def _turn_away(
    ctx: Context, user: User, channel: Channel, refusal: numerics.Numeric, *, forwarded: bool
) -> Replies:
    """Say why a channel does not let a user in, or take them where it forwards to."""
    other = forward(ctx, channel)
    # Whoever has the key wrong wants to know just that.
    if not other or forwarded or refusal is numerics.ERR_BADCHANNELKEY:
        ctx.reply(user, refusal, channel.name)
        return
    ctx.reply(user, numerics.ERR_LINKCHANNEL, channel.name, other)
    yield from join(ctx, user, other, "", forwarded=True)


def enter(ctx: Context, user: User, channel: Channel, standing: int) -> Replies:
    """Make a user a member, and tell those who see it, and the user what is there."""
    yield from welcome(ctx, user, channel, admit(ctx, user, channel, standing))


def admit(ctx: Context, user: User, channel: Channel, standing: int) -> str:
    """Make a user a member, and show that to those who see it; return the id of that."""
    rooms.use_invitation(user, channel)
    ctx.output.cost += _ENTERING
    event = joined(ctx, user, channel, ctx.new_id())
    witnesses = rooms.witnesses_in(channel, user, standing)
    ctx.record(event, witnesses)
    ctx.output.show(event, witnesses)
    rooms.enter(user, channel, standing)
    if user.plain:
        rooms.look_at(user, channel)
    ctx.send(user, event)
    if standing and channel.registered is not None:
        standings.show_entering(ctx, user, channel, standing)
    if user.away is not None:
        tell_away(ctx, user, channel)
    syncing.introduce(ctx, user, channel)
    return event.id


def welcome(ctx: Context, user: User, channel: Channel, joined: str) -> Replies:
    """Send somebody whom `admit` has made a member, with this id, what is there."""
    yield from describe(ctx, user, channel)
    playback.on_join(ctx, user, channel, joined)


def describe(ctx: Context, user: User, channel: Channel) -> Replies:
    """Send what somebody who has joined is sent: the topic, how far they have read, who is there,
    and what is said of all that."""
    if channel.topic:
        send_topic(ctx, user, channel)
    yield from markers.tell(ctx, user, channel)
    if not user.caps & NO_IMPLICIT_NAMES:
        yield from listing.name_replies(ctx, user, channel)
    yield from syncing.on_join(ctx, user, channel)


def tell_away(ctx: Context, user: User, channel: Channel, *, without: int = 0) -> None:
    """Tell members with away-notify, and not with the capability `without`, that a user who has
    joined is away."""
    event = events.AwayChanged(time=ctx.now, source=user.source, text=user.away)
    audience = rooms.takers_in(channel, user, AWAY_NOTIFY)
    ctx.output.broadcast([one for one in audience if not one.caps & without], event)


def _refusal(ctx: Context, user: User, channel: Channel, key: str) -> numerics.Numeric | None:
    """Return why a user can not join, or None."""
    if channel.registered is not None and channel.registered.suspended is not None:
        return numerics.ERR_SUSPENDED
    if channel in rooms.invitations(user) or standings.by_access(channel, user) >= modes.HALFOP:
        # An invitation overrides +i, +k, +l, +R and bans: an operator has given it. Nobody locks
        # those out whose account makes them operators.
        return None
    if channel.modes & modes.INVITE_ONLY and not listed(ctx, channel, "I", user):
        return numerics.ERR_INVITEONLYCHAN
    if channel.modes & modes.KEYED and key != channel.key:
        return numerics.ERR_BADCHANNELKEY
    if channel.modes & modes.ACCOUNTS_JOIN and not user.account:
        return numerics.ERR_NEEDREGGEDNICK
    if channel.modes & modes.LIMITED and len(channel.members) >= channel.limit:
        return numerics.ERR_CHANNELISFULL
    if banned(ctx, channel, user):
        return numerics.ERR_BANNEDFROMCHAN
    return None


def listed(
    ctx: Context, channel: Channel, letter: str, user: User, *, speaking: bool = False
) -> bool:
    """Whether a mask in one of the channel's lists is about a user, who joins or is `speaking`."""
    found = _entries_about(ctx, channel, letter, user, speaking=speaking)
    return next(found, None) is not None


def entries_about(ctx: Context, channel: Channel, letter: str, user: User) -> list[str]:
    """Return the masks in one of the channel's lists that are about a user."""
    found = _entries_about(ctx, channel, letter, user, speaking=True)
    return [entry.mask for entry in found]


def _entries_about(
    ctx: Context, channel: Channel, letter: str, user: User, *, speaking: bool
) -> Iterator[ListEntry]:
    entries = channel.lists.get(letter)
    if not entries:
        return
    prefix, account = names.fold(user.prefix), names.fold(user.account)
    for entry in entries.values():
        ctx.output.cost += entry.rule.cost
        if entry.rule.covers(prefix, account, speaking=speaking):
            yield entry


def banned(ctx: Context, channel: Channel, user: User, *, speaking: bool = False) -> bool:
    """Whether a ban applies to a user, and no exception."""
    return listed(ctx, channel, "b", user, speaking=speaking) and not listed(
        ctx, channel, "e", user, speaking=speaking
    )


@command("PART", params=1, usage="PART <channel>{,<channel>} [<reason>]", help="leave channels")
def part_(ctx: Context, user: User, message: Message) -> Replies:
    reason = message.params[1] if len(message.params) > 1 else ""
    for name in distinct(ctx, message.params[0].split(",")):
        channel = channel_for(ctx, user, name, member=True)
        if channel is not None:
            part(ctx, user, channel, reason)
        yield None


def part(ctx: Context, user: User, channel: Channel, reason: str) -> None:
    """End a membership, and tell those who see it."""
    ctx.output.cost += _LEAVING
    event = events.Parted(
        time=ctx.now,
        source=user.source,
        id=ctx.new_id(),
        channel=channel.name,
        reason=cut(reason, ctx.settings.limits.kick),
    )
    ctx.notify(rooms.witnesses_in(channel, user, channel.members[user]), event, user)
    playback.note_left(user, channel, event.id)
    rooms.leave(ctx.state, user, channel)


@command(
    "KICK",
    params=2,
    usage="KICK <channel> <nickname>{,<nickname>} [<reason>]",
    help="remove members from a channel; or from several, with a nickname for each: #a,#b al,bo",
)
def kick(ctx: Context, user: User, message: Message) -> None:
    """Several channels need as many users: each is removed from one (RFC 2812, section 3.2.8)."""
    listed, nicknames = (list(filter(None, param.split(","))) for param in message.params[:2])
    if len(listed) == 1:
        listed *= len(nicknames)
    if not nicknames or len(listed) != len(nicknames):
        ctx.reply(user, numerics.ERR_NEEDMOREPARAMS, "KICK")
        return
    limits = ctx.settings.limits
    ctx.output.cost += names.cost(nicknames)
    pairs: dict[tuple[str, str], tuple[str, str]] = {}
    for name, nickname in zip(listed, nicknames, strict=True):
        pairs.setdefault((names.fold(name), names.key(nickname)), (name, nickname))
    wanted = [*pairs.values()]
    if len(wanted) > limits.targets:
        shown = echo(ctx, user, wanted[limits.targets][1])
        ctx.reply(user, numerics.ERR_TOOMANYTARGETS, shown)
    reason = message.params[2] if len(message.params) > 2 else ""
    reason = cut(reason, limits.kick) or user.nickname
    channels: dict[str, Channel | None] = {}
    for name, nickname in wanted[: limits.targets]:
        if name not in channels:
            # What is wrong with a channel is said once, however many are to leave it.
            channel = channel_for(ctx, user, name, member=True)
            may = channel is not None and is_operator(ctx, user, channel)
            channels[name] = channel if may else None
        channel = channels[name]
        if channel is not None:
            _kick(ctx, user, channel, nickname, reason)


def _kick(ctx: Context, user: User, channel: Channel, nickname: str, reason: str) -> None:
    target = ctx.state.user_named(nickname)
    if target is None or target not in channel.members:
        shown = echo(ctx, user, nickname, channel.name)
        ctx.reply(user, numerics.ERR_USERNOTINCHANNEL, shown, channel.name)
        return
    if not outranks(channel.members.get(user, 0), channel, target):
        ctx.reply(user, numerics.ERR_CHANOPRIVSNEEDED, channel.name)
        return
    remove(ctx, channel, target, reason, user.source, user)


def remove(
    ctx: Context,
    channel: Channel,
    target: User,
    reason: str,
    source: events.Source,
    actor: User | None,
    *,
    viewers: Sequence[User] | None = None,
) -> None:
    """Remove a member, and show that as what `source` does; to `actor` as part of the answer to
    what they have asked for. With `viewers` it is shown to these, and to the member, alone."""
    event = events.Kicked(
        time=ctx.now,
        source=source,
        id=ctx.new_id(),
        channel=channel.name,
        nickname=target.nickname,
        reason=reason,
    )
    witnesses = rooms.witnesses_in(channel, target, channel.members[target])
    ctx.record(event, witnesses)
    if viewers is not None:
        ctx.output.broadcast(viewers, event)
    else:
        ctx.output.show(event, witnesses, without={target} if actor is None else {actor, target})
    if actor is not None and actor is not target:
        ctx.send(actor, event)
    ctx.send(target, event)
    playback.note_left(target, channel, event.id)
    rooms.leave(ctx.state, target, channel)
    if target.current is not None:
        ctx.tell(target, f"You are in {target.current.name} now.")


def outranks(standing: int, channel: Channel, target: User) -> bool:
    """Whether somebody of this standing may remove a member: operators their equals too,
    half-operators do not."""
    own = modes.rank(standing)
    theirs = modes.rank(channel.members[target])
    return theirs <= own if own >= modes.OP else theirs < own


@command("TOPIC", params=1, usage="TOPIC <channel> [<topic>]", help="see or set a channel's topic")
def topic(ctx: Context, user: User, message: Message) -> None:
    channel = kept_or_channel_for(ctx, user, message.params[0])
    if channel is None:
        return
    inside = user in channel.members
    if len(message.params) == 1:
        if not visible(user, channel):
            ctx.reply(user, numerics.ERR_NOTONCHANNEL, channel.name)
        elif channel.topic:
            send_topic(ctx, user, channel)
        else:
            ctx.reply(user, numerics.RPL_NOTOPIC, channel.name)
        return
    if not inside:
        ctx.reply(user, numerics.ERR_NOTONCHANNEL, channel.name)
        return
    if channel.modes & modes.TOPIC_LOCK and not is_operator(ctx, user, channel):
        return
    limit, shown = ctx.settings.limits.topic, f"{user.prefix} TOPIC {channel.name}"
    text = message.params[1]
    channel.topic = fitting(ctx, text, limit, shown, numerics.RPL_TOPIC, channel.name)
    channel.topic_by = user.prefix
    channel.topic_at = ctx.now
    ctx.keeping.topic(channel)
    if channel.registered is not None:
        ctx.keeping.asked(user.id, "TOPIC")
    event = events.TopicChanged(
        time=ctx.now,
        source=user.source,
        id=ctx.new_id(),
        channel=channel.name,
        topic=channel.topic,
    )
    ctx.notify([(channel, None)], event, user)


def send_topic(ctx: Context, user: User, channel: Channel) -> None:
    """Send a channel's topic, and who set it when."""
    ctx.reply(user, numerics.RPL_TOPIC, channel.name, channel.topic)
    ctx.reply(
        user,
        numerics.RPL_TOPICWHOTIME,
        channel.name,
        channel.topic_by,
        str(int(channel.topic_at)),
    )


@command(
    "INVITE",
    usage="INVITE [<nickname> <channel>]",
    help="invite somebody to a channel; alone, see where you are invited",
)
def invite(ctx: Context, user: User, message: Message) -> None:
    if not message.params:
        for known in rooms.invitations(user):
            ctx.reply(user, numerics.RPL_INVITELIST, known.name)
        ctx.reply(user, numerics.RPL_ENDOFINVITELIST)
        return
    if len(message.params) < 2:
        ctx.reply(user, numerics.ERR_NEEDMOREPARAMS, "INVITE")
        return
    nickname, name = message.params[:2]
    target = ctx.state.user_named(nickname)
    if target is None and (service := table.named(nickname)) is not None:
        text = f"{service.name} is a service: it is in no channel"
        ctx.reply(user, numerics.ERR_UNKNOWNERROR, "INVITE", text)
        return
    if target is None:
        ctx.reply(user, numerics.ERR_NOSUCHNICK, echo(ctx, user, nickname))
        return
    channel = channel_for(ctx, user, name, member=True)
    if channel is None:
        return
    if channel.modes & modes.INVITE_ONLY and not is_operator(ctx, user, channel):
        return
    if target in channel.members:
        if rooms.shows(channel, user, target):
            ctx.reply(user, numerics.ERR_USERONCHANNEL, target.nickname, channel.name)
        else:
            # Nobody finds out that way who is in an auditorium.
            ctx.reply(user, numerics.RPL_INVITING, target.nickname, channel.name)
        return
    pass_invitation(ctx, user, channel, target, opens=channel.members[user] >= modes.HALFOP)


def pass_invitation(
    ctx: Context, user: User, channel: Channel, target: User, *, opens: bool
) -> None:
    """Invite somebody as a user does. Only an operator's invitation opens a door; anybody's is
    passed on."""
    if opens:
        rooms.invite(target, channel, ctx.settings.limits.channels_per_user)
    ctx.reply(user, numerics.RPL_INVITING, target.nickname, channel.name)
    event = events.Invited(
        time=ctx.now, source=user.source, nickname=target.nickname, channel=channel.name
    )
    if not ctx.state.ignores.has(target, user):
        ctx.send(target, event)
    ctx.output.broadcast(rooms.takers_in(channel, user, INVITE_NOTIFY), event)
    if target.away is not None:
        ctx.reply(user, numerics.RPL_AWAY, target.nickname, target.away)
