"""Rooms: JOIN, PART, TOPIC, NAMES, LIST, INVITE, KICK (Modern IRC, "Channel Operations")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trio_chat.core import events, masks, modes, names, numerics, rooms
from trio_chat.core.capabilities import AWAY_NOTIFY, MULTI_PREFIX, USERHOST_IN_NAMES
from trio_chat.core.commands import command
from trio_chat.core.encoding import BODY_LIMIT
from trio_chat.core.state import Channel, User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

if TYPE_CHECKING:
    from trio_chat.core.core import Core


@command(
    "JOIN",
    params=1,
    usage="JOIN <channel>{,<channel>} [<key>{,<key>}]",
    help="enter channels; a channel that nobody is in is made, and yours. JOIN 0 leaves all",
)
def join_(core: Core, user: User, message: Message) -> None:
    if message.params[0] == "0":
        for channel in list(user.channels):
            part(core, user, channel, "")
        return
    keys = message.params[1].split(",") if len(message.params) > 1 else []
    for place, name in enumerate(message.params[0].split(",")):
        if name:
            join(core, user, name, keys[place] if place < len(keys) else "")


def join(core: Core, user: User, name: str, key: str) -> None:
    """Make a user a member of the channel with this name, if it lets them in; or say why not."""
    limits = core.settings.limits
    if not names.is_channel_name(name, limits.channel):
        code = numerics.ERR_NOSUCHCHANNEL if name[:1] != "#" else numerics.ERR_BADCHANMASK
        core.reply(user, code, word(name))
        return
    channel = core.state.channel_named(name)
    if channel is not None and user in channel.members:
        user.current = channel if user.plain else None
        if user.plain:
            core.tell(user, f"You are in {channel.name} now.")
        return
    if len(user.channels) >= limits.channels_per_user:
        core.reply(user, numerics.ERR_TOOMANYCHANNELS, name)
        return
    if channel is None:
        standing = modes.OP
        channel = rooms.find_or_create(core.state, name, now=core.now)
    else:
        refusal = _refusal(user, channel, key)
        if refusal is not None:
            core.reply(user, refusal, channel.name)
            return
        standing = 0 if channel.members or channel.permanent else modes.OP
    if user.invited and channel in user.invited:
        user.invited.remove(channel)
    rooms.enter(user, channel, standing)
    if user.plain:
        user.current = channel
    event = events.Joined(
        time=core.now,
        source=user.prefix,
        id=core.new_id(),
        channel=channel.name,
        realname=user.realname,
    )
    core.notify(channel, event, user)
    if user.away is not None:
        _tell_away(core, user, channel)
    if channel.topic:
        send_topic(core, user, channel)
    send_names(core, user, channel)


def _tell_away(core: Core, user: User, channel: Channel) -> None:
    """Tell members with away-notify that who joined is away."""
    event = events.AwayChanged(time=core.now, source=user.prefix, text=user.away)
    audience = [member for member in channel.members if member.caps & AWAY_NOTIFY]
    core.output.broadcast(audience, event, user, (channel,))


def _refusal(user: User, channel: Channel, key: str) -> numerics.Numeric | None:
    """Return why a user can not join, or None."""
    if user.invited and channel in user.invited:
        # An invitation overrides +i, +k, +l and bans: an operator has given it.
        return None
    if channel.modes & modes.INVITE_ONLY and not listed(channel, "I", user):
        return numerics.ERR_INVITEONLYCHAN
    if channel.modes & modes.KEYED and key != channel.key:
        return numerics.ERR_BADCHANNELKEY
    if channel.modes & modes.LIMITED and len(channel.members) >= channel.limit:
        return numerics.ERR_CHANNELISFULL
    if banned(channel, user):
        return numerics.ERR_BANNEDFROMCHAN
    return None


def listed(channel: Channel, letter: str, user: User) -> bool:
    """Whether a mask in one of the channel's lists matches a user."""
    entries = channel.lists.get(letter)
    return bool(entries) and any(masks.matches(entry, user.prefix) for entry in entries or ())


def banned(channel: Channel, user: User) -> bool:
    """Whether a ban applies to a user, and no exception."""
    return listed(channel, "b", user) and not listed(channel, "e", user)


def targets(core: Core, user: User, listed: str, *, silent: bool = False) -> list[str]:
    """Return the names in a list, each once; say so if there are more than TARGMAX allows."""
    found = dict.fromkeys(name for name in listed.split(",") if name)
    allowed = [*found][: core.settings.limits.targets]
    if len(allowed) < len(found) and not silent:
        core.reply(user, numerics.ERR_TOOMANYTARGETS, word([*found][len(allowed)]))
    return allowed


def word(text: str) -> str:
    """Make what somebody sent fit to be repeated as a parameter in an error."""
    return cut(text.lstrip(":").replace(" ", "_"), 100) or "*"


def channel_for(core: Core, user: User, name: str, *, member: bool = False) -> Channel | None:
    """Return the channel with this name; or say that there is none, or that it is not theirs."""
    channel = core.state.channel_named(name)
    if channel is None:
        core.reply(user, numerics.ERR_NOSUCHCHANNEL, word(name))
        return None
    if member and user not in channel.members:
        core.reply(user, numerics.ERR_NOTONCHANNEL, channel.name)
        return None
    return channel


def is_operator(core: Core, user: User, channel: Channel, needed: int = modes.HALFOP) -> bool:
    """Whether a user may change a channel, saying so if not. Server operators always may."""
    if user.modes & modes.OPERATOR or channel.members.get(user, 0) >= needed:
        return True
    core.reply(user, numerics.ERR_CHANOPRIVSNEEDED, channel.name)
    return False


@command("PART", params=1, usage="PART <channel>{,<channel>} [<reason>]", help="leave channels")
def part_(core: Core, user: User, message: Message) -> None:
    reason = message.params[1] if len(message.params) > 1 else ""
    for name in message.params[0].split(","):
        if name:
            channel = channel_for(core, user, name, member=True)
            if channel is not None:
                part(core, user, channel, reason)


def part(core: Core, user: User, channel: Channel, reason: str) -> None:
    """End a membership, and tell those who see it."""
    event = events.Parted(
        time=core.now,
        source=user.prefix,
        id=core.new_id(),
        channel=channel.name,
        reason=cut(reason, core.settings.limits.kick),
    )
    core.notify(channel, event, user)
    rooms.leave(core.state, user, channel)


@command(
    "KICK",
    params=2,
    usage="KICK <channel> <nickname>{,<nickname>} [<reason>]",
    help="remove members from a channel",
)
def kick(core: Core, user: User, message: Message) -> None:
    channel = channel_for(core, user, message.params[0])
    if channel is None:
        return
    if user not in channel.members and not user.modes & modes.OPERATOR:
        core.reply(user, numerics.ERR_NOTONCHANNEL, channel.name)
        return
    if not is_operator(core, user, channel):
        return
    limits = core.settings.limits
    reason = message.params[2] if len(message.params) > 2 else ""
    reason = cut(reason, limits.kick) or user.nickname
    for nickname in targets(core, user, message.params[1]):
        target = core.state.user_named(nickname)
        if target is None or target not in channel.members:
            core.reply(user, numerics.ERR_USERNOTINCHANNEL, word(nickname), channel.name)
            continue
        if not user.modes & modes.OPERATOR and not _outranks(channel, user, target):
            core.reply(user, numerics.ERR_CHANOPRIVSNEEDED, channel.name)
            continue
        event = events.Kicked(
            time=core.now,
            source=user.prefix,
            id=core.new_id(),
            channel=channel.name,
            nickname=target.nickname,
            reason=reason,
        )
        core.output.record(event, user)
        watchers = [member for member in channel.members if member is not target]
        core.output.broadcast(watchers, event, user, (channel,))
        if user in channel.members and user is not target:
            core.send(user, event)
        core.send(target, event)
        rooms.leave(core.state, target, channel)
        target.position = user.position
        if target.current is not None:
            core.tell(target, f"You are in {target.current.name} now.")


def _outranks(channel: Channel, user: User, target: User) -> bool:
    """Whether a member may remove another: operators their equals too, half-operators do not."""
    own = modes.rank(channel.members.get(user, 0))
    theirs = modes.rank(channel.members[target])
    return theirs <= own if own >= modes.OP else theirs < own


@command("TOPIC", params=1, usage="TOPIC <channel> [<topic>]", help="see or set a channel's topic")
def topic(core: Core, user: User, message: Message) -> None:
    channel = channel_for(core, user, message.params[0])
    if channel is None:
        return
    inside = user in channel.members
    if len(message.params) == 1:
        if channel.modes & modes.SECRET and not inside:
            core.reply(user, numerics.ERR_NOTONCHANNEL, channel.name)
        elif channel.topic:
            send_topic(core, user, channel)
        else:
            core.reply(user, numerics.RPL_NOTOPIC, channel.name)
        return
    if not inside:
        core.reply(user, numerics.ERR_NOTONCHANNEL, channel.name)
        return
    if channel.modes & modes.TOPIC_LOCK and not is_operator(core, user, channel):
        return
    channel.topic = cut(message.params[1], core.settings.limits.topic)
    channel.topic_by = user.prefix
    channel.topic_at = core.now
    event = events.TopicChanged(
        time=core.now,
        source=user.prefix,
        id=core.new_id(),
        channel=channel.name,
        topic=channel.topic,
    )
    core.notify(channel, event, user)


def send_topic(core: Core, user: User, channel: Channel) -> None:
    """Send a channel's topic, and who set it when."""
    core.reply(user, numerics.RPL_TOPIC, channel.name, channel.topic)
    core.reply(
        user,
        numerics.RPL_TOPICWHOTIME,
        channel.name,
        channel.topic_by,
        str(int(channel.topic_at)),
    )


@command("NAMES", usage="NAMES [<channel>{,<channel>}]", help="see who is in a channel")
def names_(core: Core, user: User, message: Message) -> None:
    if not message.params:
        core.reply(user, numerics.RPL_ENDOFNAMES, "*")
        return
    for name in targets(core, user, message.params[0]):
        channel = core.state.channel_named(name)
        if channel is None or not visible(user, channel):
            core.reply(user, numerics.RPL_ENDOFNAMES, word(name))
        else:
            send_names(core, user, channel)


def visible(user: User, channel: Channel) -> bool:
    """Whether a user may know that the channel is there."""
    return (
        not channel.modes & modes.SECRET
        or user in channel.members
        or bool(user.modes & modes.OPERATOR)
    )


def send_names(core: Core, user: User, channel: Channel) -> None:
    """Send who is in a channel, as far as the user may see it."""
    inside = user in channel.members
    every, hosts = bool(user.caps & MULTI_PREFIX), bool(user.caps & USERHOST_IN_NAMES)
    symbol = "@" if channel.modes & modes.SECRET else "="
    head = f":{core.settings.name} 353 {user.nickname} {symbol} {channel.name} :"
    room = BODY_LIMIT - len(head.encode())
    line: list[str] = []
    lines: list[str] = []
    size = 0
    for member, standing in channel.members.items():
        if member.modes & modes.INVISIBLE and not inside and member is not user:
            continue
        name = member.prefix if hosts else member.nickname
        name = modes.symbols(standing, every=every) + name
        length = len(name.encode()) + 1
        if size + length > room + 1:
            lines.append(" ".join(line))
            line, size = [], 0
        line.append(name)
        size += length
    if line:
        lines.append(" ".join(line))

    def replies() -> Iterator[tuple[numerics.Numeric, tuple[str, ...]]]:
        for text in lines:
            yield numerics.RPL_NAMREPLY, (symbol, channel.name, text)
        yield numerics.RPL_ENDOFNAMES, (channel.name,)

    core.page(user, replies())


@command("LIST", usage="LIST [<channel>{,<channel>}]", help="see which channels there are")
def list_(core: Core, user: User, message: Message) -> None:
    if message.params and message.params[0]:
        named = targets(core, user, message.params[0])
        found = [core.state.channel_named(name) for name in named]
    else:
        found = list(core.state.channels.values())

    def replies() -> Iterator[tuple[numerics.Numeric, tuple[str, ...]]]:
        yield numerics.RPL_LISTSTART, ("Channel",)
        for channel in found:
            if channel is not None and visible(user, channel):
                count = str(len(channel.members))
                yield numerics.RPL_LIST, (channel.name, count, channel.topic)
        yield numerics.RPL_LISTEND, ()

    core.page(user, replies())


@command(
    "INVITE",
    usage="INVITE <nickname> <channel>",
    help="invite somebody to a channel; alone, see where you are invited",
)
def invite(core: Core, user: User, message: Message) -> None:
    if not message.params:
        for known in user.invited or ():
            if core.state.channel_named(known.name) is known:
                core.reply(user, numerics.RPL_INVITELIST, known.name)
        core.reply(user, numerics.RPL_ENDOFINVITELIST)
        return
    if len(message.params) < 2:
        core.reply(user, numerics.ERR_NEEDMOREPARAMS, "INVITE")
        return
    nickname, name = message.params[:2]
    target = core.state.user_named(nickname)
    if target is None:
        core.reply(user, numerics.ERR_NOSUCHNICK, word(nickname))
        return
    channel = channel_for(core, user, name, member=True)
    if channel is None:
        return
    if channel.modes & modes.INVITE_ONLY and not is_operator(core, user, channel):
        return
    if target in channel.members:
        core.reply(user, numerics.ERR_USERONCHANNEL, target.nickname, channel.name)
        return
    if channel.members[user] >= modes.HALFOP or user.modes & modes.OPERATOR:
        # Only an operator's invitation opens a door; anybody's is passed on.
        invited = target.invited = target.invited or []
        if channel not in invited:
            invited.append(channel)
            del invited[: -core.settings.limits.channels_per_user]
    core.reply(user, numerics.RPL_INVITING, target.nickname, channel.name)
    event = events.Invited(
        time=core.now, source=user.prefix, nickname=target.nickname, channel=channel.name
    )
    core.send(target, event)
    if target.away is not None:
        core.reply(user, numerics.RPL_AWAY, target.nickname, target.away)
