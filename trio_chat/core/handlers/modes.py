"""MODE, for channels and users (Modern IRC, "MODE message").

Which letters there are, and when they have a parameter, is in the tables of `core/modes.py`.
"""

from __future__ import annotations

from trio_chat.core import events, isupport, masks, modes, names, numerics, rooms
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.encoding import BODY_LIMIT
from trio_chat.core.handlers import auditorium
from trio_chat.core.handlers.common import (
    echo,
    forward,
    is_operator,
    kept_or_channel_for,
    tell_modes,
    visible,
)
from trio_chat.core.modes import ChannelMode, Kind, Prefix
from trio_chat.core.services import table
from trio_chat.core.state import Channel, ListEntry, User
from trio_chat.wire.irc import Message

_KEY_LIMIT = 32
_LIST_REPLIES = {
    "b": (numerics.RPL_BANLIST, numerics.RPL_ENDOFBANLIST),
    "e": (numerics.RPL_EXCEPTLIST, numerics.RPL_ENDOFEXCEPTLIST),
    "I": (numerics.RPL_INVEXLIST, numerics.RPL_ENDOFINVEXLIST),
}


@command(
    "MODE",
    params=1,
    usage="MODE <channel or nickname> [<modes> [<parameter>...]]",
    help="see or change the modes of a channel, or your own",
)
def mode(ctx: Context, user: User, message: Message) -> None:
    if message.params[0][:1] in names.CHANNEL_TYPES and message.params[0]:
        channel = kept_or_channel_for(ctx, user, message.params[0])
        if channel is not None:
            change_modes(ctx, user, channel, message.params[1:])
    else:
        _user_mode(ctx, user, message)


def _user_mode(ctx: Context, user: User, message: Message) -> None:
    target = ctx.state.user_named(message.params[0])
    if target is None and table.named(message.params[0]) is not None:
        ctx.reply(user, numerics.ERR_USERSDONTMATCH)
        return
    if target is None:
        ctx.reply(user, numerics.ERR_NOSUCHNICK, echo(ctx, user, message.params[0]))
        return
    if target is not user:
        ctx.reply(user, numerics.ERR_USERSDONTMATCH)
        return
    if len(message.params) == 1:
        ctx.reply(user, numerics.RPL_UMODEIS, modes.user_mode_letters(user.modes))
        return
    bits, adding, unknown = user.modes, True, False
    for letter in message.params[1]:
        if letter in "+-":
            adding = letter == "+"
            continue
        row = modes.USER_MODES.get(letter)
        if row is None:
            unknown = True
        elif adding and row.settable:
            bits |= row.bit
        elif not adding and row.removable:
            bits &= ~row.bit
    changes = _difference(user.modes, bits)
    rooms.set_user_modes(ctx.state, user, bits)
    if changes:
        tell_modes(ctx, user, changes, asked=True)
    if unknown:
        ctx.reply(user, numerics.ERR_UMODEUNKNOWNFLAG)


def _difference(before: int, after: int) -> str:
    added = "".join(r.letter for r in modes.USER_MODES.values() if r.bit & after & ~before)
    removed = "".join(r.letter for r in modes.USER_MODES.values() if r.bit & before & ~after)
    return (f"+{added}" if added else "") + (f"-{removed}" if removed else "")


class Change:
    """The changes that one MODE makes in a channel, collected until they can be shown together."""

    def __init__(self, channel: Channel) -> None:
        self.done: list[tuple[str, str, str]] = []
        """Sign, letter, parameter."""
        self.before = auditorium.Before(channel)
        self.asked = 0
        """Changes of a member's standing that were asked for."""

    def add(self, adding: bool, letter: str, parameter: str = "") -> None:
        self.done.append(("+" if adding else "-", letter, parameter))

    def lines(self, room: int) -> list[tuple[str, ...]]:
        """Return what was done as MODE shows it, each line of at most `room` bytes."""
        found: list[tuple[str, ...]] = []
        parameters: list[str] = []
        letters, sign, size = "", "", 0
        for this_sign, letter, parameter in self.done:
            length = len(parameter.encode()) + 3
            if letters and size + length > room:
                found.append((letters, *parameters))
                letters, parameters, sign, size = "", [], "", 0
            if this_sign != sign:
                letters += this_sign
                sign = this_sign
            letters += letter
            size += length
            if parameter:
                parameters.append(parameter)
        if letters:
            found.append((letters, *parameters))
        return found


def change_modes(
    ctx: Context,
    user: User,
    channel: Channel,
    params: tuple[str, ...],
    *,
    free: bool = False,
    source: events.Source | None = None,
) -> None:
    """Show or change a channel's modes; `free`: whatever the user is in it. It is shown as what
    `source` does: the user, if there is none."""
    if not params:
        if not visible(user, channel):
            ctx.reply(user, numerics.ERR_NOTONCHANNEL, channel.name)
            return
        shown = describe(ctx, channel, with_key=user in channel.members)
        ctx.reply(user, numerics.RPL_CHANNELMODEIS, channel.name, *shown)
        ctx.reply(user, numerics.RPL_CREATIONTIME, channel.name, str(int(channel.created)))
        return
    # Who has it done by another, from outside, is not in the room to see it.
    actor = user if source is None or user in channel.members else None
    source = source or user.source
    ctx.output.cost += 3 * len(params[0])
    parameters = list(params[1:])
    change = Change(channel)
    adding = True
    allowed: bool | None = None
    listed: set[str] = set()
    for letter in params[0]:
        if letter in "+-":
            adding = letter == "+"
            continue
        prefix = modes.PREFIX_OF_LETTER.get(letter)
        row = modes.CHANNEL_MODES.get(letter)
        if row is None and prefix is None:
            if letter not in listed:
                listed.add(letter)
                ctx.reply(user, numerics.ERR_UNKNOWNMODE, echo(ctx, user, letter))
            continue
        takes_one = prefix is not None or (
            row is not None
            and (row.kind in (Kind.LIST, Kind.KEY) or (row.kind is Kind.PARAMETER and adding))
        )
        given = parameters.pop(0) if takes_one and parameters else None
        parameter = given or ""
        if prefix is not None and given is not None:
            change.asked += 1
            if change.asked > isupport.MODES:
                continue
        if row is not None and row.kind is Kind.LIST and given is None:
            if letter not in listed:
                listed.add(letter)
                _send_list(ctx, user, channel, row)
            continue
        if prefix is not None and not adding and ctx.state.user_named(parameter) is user:
            # Everybody may lay down what they have.
            _set_standing(ctx, user, channel, prefix, adding, parameter, change, free=True)
            continue
        if allowed is None:
            # Said once, however many letters there are.
            allowed = free or is_operator(ctx, user, channel)
        if not allowed:
            continue
        if takes_one and not parameter and (adding or row is None or row.kind is not Kind.KEY):
            _refuse_nothing(ctx, user, channel, letter, given)
        elif prefix is not None:
            _set_standing(ctx, user, channel, prefix, adding, parameter, change, free=free)
        elif row is not None:
            _set_mode(ctx, user, channel, row, adding, parameter, change, free=free)
    show(ctx, channel, change, source, actor)
    if any(letter in modes.CHANNEL_MODES for _, letter, _ in change.done):
        keep(ctx, user, channel, "MODE")


def show(
    ctx: Context, channel: Channel, change: Change, source: events.Source, actor: User | None
) -> None:
    """Show what a MODE has done, as what `source` does, to the members and, where their answer is,
    to whoever has asked for it."""
    later = auditorium.changed(ctx, channel, change.before)
    head = f":{source.prefix} MODE {channel.name} "
    for line in change.lines(BODY_LIMIT - len(head.encode())):
        event = events.ModeChanged(
            time=ctx.now,
            source=source,
            id=ctx.new_id(),
            target=channel.name,
            changes=line,
        )
        witnesses: rooms.Witnesses = [(channel, None)]
        # Who does it from outside (SAMODE) is shown it too.
        if actor is not None:
            ctx.notify(witnesses, event, actor)
        else:
            ctx.record(event, witnesses)
            ctx.output.show(event, witnesses)
    for tell in later:
        tell()


def keep(ctx: Context, user: User, channel: Channel, command: str) -> None:
    """Keep what a command of a user has set in a registered room."""
    ctx.keeping.settings(channel)
    if channel.registered is not None:
        ctx.keeping.asked(user.id, command)


def _refuse_nothing(
    ctx: Context, user: User, channel: Channel, letter: str, given: str | None
) -> None:
    """Refuse a parameter that is empty; ignore that there is none (Modern IRC, "MODE message").

    People who type the letter are told that something is missing.
    """
    if given is not None:
        text = "A parameter can not be empty"
        ctx.reply(
            user,
            numerics.ERR_INVALIDMODEPARAM,
            channel.name,
            letter,
            echo(ctx, user, given, channel.name, letter),
            text,
        )
    elif user.plain:
        ctx.reply(user, numerics.ERR_NEEDMOREPARAMS, "MODE")


def describe(ctx: Context, channel: Channel, *, with_key: bool) -> tuple[str, ...]:
    """Return a channel's modes as RPL_CHANNELMODEIS shows them; the key to members only."""
    letters, parameters = "+", []
    other = forward(ctx, channel)
    # Nobody is sent on to a channel that is gone.
    bits = channel.modes if other else channel.modes & ~modes.FORWARDED
    for row in modes.CHANNEL_MODES.values():
        if row.bit & bits:
            letters += row.letter
            if row.kind is Kind.KEY:
                parameters.append(channel.key if with_key else "*")
            elif row.bit == modes.FORWARDED:
                parameters.append(other)
            elif row.kind is Kind.PARAMETER:
                parameters.append(str(channel.limit))
    return (letters, *parameters)


def _send_list(ctx: Context, user: User, channel: Channel, row: ChannelMode) -> None:
    item, end = _LIST_REPLIES[row.letter]
    if visible(user, channel):
        for entry in channel.lists.get(row.letter, {}).values():
            ctx.reply(user, item, channel.name, entry.mask, entry.by, str(int(entry.at)))
    ctx.reply(user, end, channel.name)


def _set_standing(
    ctx: Context,
    user: User,
    channel: Channel,
    prefix: Prefix,
    adding: bool,
    nickname: str,
    change: Change,
    *,
    free: bool,
) -> None:
    target = ctx.state.user_named(nickname)
    if target is None:
        service = table.named(nickname)
        if service is not None:
            ctx.reply(user, numerics.ERR_USERNOTINCHANNEL, service.name, channel.name)
        else:
            ctx.reply(user, numerics.ERR_NOSUCHNICK, echo(ctx, user, nickname))
        return
    if target not in channel.members:
        ctx.reply(user, numerics.ERR_USERNOTINCHANNEL, target.nickname, channel.name)
        return
    own = channel.members.get(user, 0)
    if not free and own < prefix.needs:
        owners = prefix.needs == modes.OWNER
        numeric = numerics.ERR_OWNERNEEDED if owners else numerics.ERR_CHANOPRIVSNEEDED
        ctx.reply(user, numeric, channel.name)
        return
    before = channel.members[target]
    after = before | prefix.bit if adding else before & ~prefix.bit
    if after != before:
        change.before.standings.setdefault(target, before)
        rooms.set_standing(channel, target, after)
        channel.silenced.pop(target, None)
        change.add(adding, prefix.letter, target.nickname)


def _set_mode(
    ctx: Context,
    user: User,
    channel: Channel,
    row: ChannelMode,
    adding: bool,
    parameter: str,
    change: Change,
    *,
    free: bool,
) -> None:
    if row.kind is Kind.LIST:
        _set_list(ctx, user, channel, row, adding, parameter, change)
        return
    if row.kind is Kind.FLAG:
        if bool(channel.modes & row.bit) == adding:
            return
        change.add(adding, row.letter)
    elif not adding:
        if not channel.modes & row.bit:
            return
        change.add(adding, row.letter, channel.key if row.kind is Kind.KEY else "")
        if row.kind is Kind.KEY:
            channel.key = ""
        elif row.bit == modes.FORWARDED:
            rooms.set_forward(channel, None)
    elif row.bit == modes.FORWARDED:
        if not _set_forward(ctx, user, channel, parameter, change, free=free):
            return
    elif row.kind is Kind.KEY:
        if (
            " " in parameter
            or "," in parameter
            or parameter[0] == ":"
            or len(parameter) > _KEY_LIMIT
        ):
            ctx.reply(user, numerics.ERR_INVALIDKEY, channel.name)
            return
        if channel.modes & row.bit and channel.key == parameter:
            return
        channel.key = parameter
        change.add(adding, row.letter, parameter)
    else:
        if not (parameter.isascii() and parameter.isdecimal() and int(parameter[:9]) > 0):
            text = "A limit is a whole number of members, 1 at least"
            ctx.reply(
                user,
                numerics.ERR_INVALIDMODEPARAM,
                channel.name,
                row.letter,
                echo(ctx, user, parameter, channel.name, row.letter),
                text,
            )
            return
        limit = int(parameter[:9])
        if channel.modes & row.bit and channel.limit == limit:
            return
        channel.limit = limit
        change.add(adding, row.letter, str(limit))
    was_private = channel.modes & modes.PRIVATE
    channel.modes = channel.modes | row.bit if adding else channel.modes & ~row.bit
    if row.bit & modes.PRIVATE:
        if not was_private:
            channel.private_since = ctx.position
        ctx.keeping.privacy(channel)


def _set_forward(
    ctx: Context, user: User, channel: Channel, name: str, change: Change, *, free: bool
) -> bool:
    """Have a channel send on whom it does not let in; return whether it does so now.

    Nobody can send people to a channel in which they have no say.
    """
    other = ctx.state.channel_named(name)
    if other is None:
        ctx.reply(user, numerics.ERR_NOSUCHCHANNEL, echo(ctx, user, name))
        return False
    if other is channel:
        text = "A channel can not forward to itself"
        shown = echo(ctx, user, name, channel.name, "f")
        ctx.reply(user, numerics.ERR_INVALIDMODEPARAM, channel.name, "f", shown, text)
        return False
    if not free and not is_operator(ctx, user, other):
        return False
    if rooms.forward(channel) is not other:
        rooms.set_forward(channel, other)
        change.add(True, "f", other.name)
    return True


def _set_list(
    ctx: Context,
    user: User,
    channel: Channel,
    row: ChannelMode,
    adding: bool,
    parameter: str,
    change: Change,
) -> None:
    mask = masks.normalise(parameter)
    folded = names.fold(mask)
    entries = channel.lists.get(row.letter, {})
    fits = masks.is_mask(mask) and not (row.letter == "I" and mask[:3] == "~m:")
    # What is listed can always be taken off.
    if not fits and (adding or folded not in entries):
        text = masks.hint(mask)
        ctx.reply(
            user,
            numerics.ERR_INVALIDMODEPARAM,
            channel.name,
            row.letter,
            echo(ctx, user, parameter, channel.name, row.letter),
            text,
        )
        return
    if adding:
        if folded in entries:
            return
        if sum(map(len, channel.lists.values())) >= ctx.settings.limits.list_entries:
            ctx.reply(user, numerics.ERR_BANLISTFULL, channel.name, mask)
            return
        channel.lists.setdefault(row.letter, {})[folded] = ListEntry(
            mask=mask, by=user.prefix, at=ctx.now, rule=masks.Rule(mask)
        )
    else:
        entry = entries.pop(folded, None)
        if entry is None:
            return
        mask = entry.mask
        if not entries:
            channel.lists.pop(row.letter, None)
    channel.silenced.clear()
    change.add(adding, row.letter, mask)
