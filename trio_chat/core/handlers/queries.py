"""Questions about users: WHO, WHOIS, WHOWAS, USERHOST, ISON (Modern IRC, "User-Based Queries")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from trio_chat.core import masks, modes, names, numerics
from trio_chat.core.capabilities import MULTI_PREFIX
from trio_chat.core.commands import command
from trio_chat.core.handlers.channels import visible, word
from trio_chat.core.handlers.server import date_and_time
from trio_chat.core.state import Channel, User
from trio_chat.wire.irc import Message

if TYPE_CHECKING:
    from trio_chat.core.core import Core

_CHANNELS_LINE = 300
"""Bytes of channels that fit into one RPL_WHOISCHANNELS."""


@command("WHO", usage="WHO <channel or mask> [o]", help="see who is in a channel, or fits a mask")
def who(core: Core, user: User, message: Message) -> None:
    mask = message.params[0] if message.params else "*"
    only_operators = len(message.params) > 1 and message.params[1] == "o"
    channel: Channel | None = None
    found: Iterable[User]
    if mask[:1] in names.CHANNEL_TYPES and mask:
        channel = core.state.channel_named(mask)
        if channel is None or not visible(user, channel):
            found = ()
        else:
            found = channel.members
            if user not in channel.members and not user.modes & modes.OPERATOR:
                found = [member for member in found if not member.modes & modes.INVISIBLE]
    elif "*" in mask or "?" in mask:
        found = (
            other
            for other in core.state.users.values()
            if other.registration is None and _may_find(user, other) and _fits(mask, other)
        )
    else:
        one = core.state.user_named(mask)
        found = () if one is None else (one,)
    everybody = list(found)

    def replies() -> Iterator[tuple[numerics.Numeric, tuple[str, ...]]]:
        for other in everybody:
            # Who has left while the pages were read is not there any more.
            gone = other.id not in core.state.users or (channel and other not in channel.members)
            if not gone and (not only_operators or other.modes & modes.OPERATOR):
                yield numerics.RPL_WHOREPLY, _who_reply(core, user, other, channel)
        yield numerics.RPL_ENDOFWHO, (word(mask),)

    core.page(user, replies())


def _may_find(user: User, other: User) -> bool:
    """Whether a mask finds a user: the invisible are found by who shares a channel with them."""
    return (
        not other.modes & modes.INVISIBLE
        or user is other
        or bool(user.modes & modes.OPERATOR)
        or any(user in channel.members for channel in other.channels)
    )


def _fits(mask: str, other: User) -> bool:
    return any(
        masks.matches(mask, text)
        for text in (other.nickname, other.username, other.host, other.realname)
    )


def _who_reply(core: Core, user: User, other: User, channel: Channel | None) -> tuple[str, ...]:
    every = bool(user.caps & MULTI_PREFIX)
    flags = "H" if other.away is None else "G"
    if other.modes & modes.OPERATOR:
        flags += "*"
    if channel is not None:
        flags += modes.symbols(channel.members[other], every=every)
    return (
        channel.name if channel is not None else "*",
        other.username,
        other.host,
        core.settings.name,
        other.nickname,
        flags,
        f"0 {other.realname}",
    )


@command("WHOIS", usage="WHOIS <nickname>", help="see what is known of somebody")
def whois(core: Core, user: User, message: Message) -> None:
    if not message.params:
        core.reply(user, numerics.ERR_NONICKNAMEGIVEN)
        return
    # With two parameters the first names a server, and there is only this one.
    nickname = message.params[-1].split(",")[0]
    other = core.state.user_named(nickname)
    if other is None:
        core.reply(user, numerics.ERR_NOSUCHNICK, word(nickname))
    else:
        _send_whois(core, user, other)
    core.reply(user, numerics.RPL_ENDOFWHOIS, other.nickname if other else word(nickname))


def _send_whois(core: Core, user: User, other: User) -> None:
    name = other.nickname
    core.reply(user, numerics.RPL_WHOISUSER, name, other.username, other.host, "*", other.realname)
    line: list[str] = []
    size = 0
    for channel in other.channels:
        if visible(user, channel):
            text = modes.symbols(channel.members[other], every=bool(user.caps & MULTI_PREFIX))
            text += channel.name
            length = len(text.encode()) + 1
            if size + length > _CHANNELS_LINE:
                core.reply(user, numerics.RPL_WHOISCHANNELS, name, " ".join(line))
                line, size = [], 0
            line.append(text)
            size += length
    if line:
        core.reply(user, numerics.RPL_WHOISCHANNELS, name, " ".join(line))
    core.reply(user, numerics.RPL_WHOISSERVER, name, core.settings.name, core.settings.network)
    if other.modes & modes.OPERATOR:
        core.reply(user, numerics.RPL_WHOISOPERATOR, name)
    if other.away is not None:
        core.reply(user, numerics.RPL_AWAY, name, other.away)
    if other.secure:
        core.reply(user, numerics.RPL_WHOISSECURE, name)
    idle = str(int(core.now - other.last_said))
    core.reply(user, numerics.RPL_WHOISIDLE, name, idle, str(int(other.connected_at)))


@command("WHOWAS", usage="WHOWAS <nickname> [<count>]", help="see who had a nickname before")
def whowas(core: Core, user: User, message: Message) -> None:
    if not message.params:
        core.reply(user, numerics.ERR_NONICKNAMEGIVEN)
        return
    nickname = message.params[0]
    wanted = names.fold(nickname)
    found = [past for past in core.state.past if names.fold(past.nickname) == wanted]
    count = message.params[1] if len(message.params) > 1 else ""
    # Anything but a positive number asks for all of them (Modern IRC, "WHOWAS message").
    if count.isascii() and count.isdecimal() and int(count[:9]) > 0:
        found = found[: int(count[:9])]
    if not found:
        core.reply(user, numerics.ERR_WASNOSUCHNICK, word(nickname))

    def replies() -> Iterator[tuple[numerics.Numeric, tuple[str, ...]]]:
        for past in found:
            who = (past.nickname, past.username, past.host, "*", past.realname)
            yield numerics.RPL_WHOWASUSER, who
            when = date_and_time(past.at)
            yield numerics.RPL_WHOISSERVER, (past.nickname, core.settings.name, when)
        yield numerics.RPL_ENDOFWHOWAS, (word(nickname),)

    core.page(user, replies())


@command(
    "USERHOST", params=1, usage="USERHOST <nickname>{ <nickname>}", help="see where users are from"
)
def userhost(core: Core, user: User, message: Message) -> None:
    answers = []
    for nickname in message.params[:5]:
        other = core.state.user_named(nickname)
        if other is not None:
            operator = "*" if other.modes & modes.OPERATOR else ""
            here = "+" if other.away is None else "-"
            answers.append(f"{other.nickname}{operator}={here}{other.username}@{other.host}")
    core.reply(user, numerics.RPL_USERHOST, " ".join(answers))


@command("ISON", params=1, usage="ISON <nickname>{ <nickname>}", help="see which users are here")
def ison(core: Core, user: User, message: Message) -> None:
    wanted = (word for param in message.params for word in param.split())
    here = (core.state.user_named(nickname) for nickname in wanted)
    core.reply(user, numerics.RPL_ISON, " ".join(other.nickname for other in here if other))
