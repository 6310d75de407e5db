"""Questions about users: WHOIS, WHOWAS, USERHOST, ISON (Modern IRC, "User-Based Queries")."""

from __future__ import annotations

from trio_chat.core import modes, names, numerics, rooms
from trio_chat.core.capabilities import METADATA, MULTI_PREFIX
from trio_chat.core.commands import command
from trio_chat.core.context import Context, Replies
from trio_chat.core.handlers import services
from trio_chat.core.handlers.common import distinct, echo, visible
from trio_chat.core.handlers.server import date_and_time, is_elsewhere
from trio_chat.core.networks import shown_host
from trio_chat.core.services import table
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import pack

_READ = ("display-name", "homepage", "pronouns", "status")
"""Keys whose values people read; others are for programs (IRCv3's registry of them)."""


@command("WHOIS", usage="WHOIS [<server>] <nickname>", help="see what is known of somebody")
def whois(ctx: Context, user: User, message: Message) -> None:
    if not message.params:
        ctx.reply(user, numerics.ERR_NONICKNAMEGIVEN)
        return
    if len(message.params) > 1 and is_elsewhere(ctx, user, message.params[0]):
        return
    asked = message.params[-1]
    nickname = asked.split(",")[0]
    other = ctx.state.user_named(nickname)
    service = table.named(nickname)
    if other is not None:
        _send_whois(ctx, user, other)
    elif service is not None:
        services.send_whois(ctx, user, service)
    else:
        ctx.reply(user, numerics.ERR_NOSUCHNICK, echo(ctx, user, nickname))
    ctx.reply(user, numerics.RPL_ENDOFWHOIS, echo(ctx, user, asked))


def _send_whois(ctx: Context, user: User, other: User) -> None:
    name = other.nickname
    ctx.reply(user, numerics.RPL_WHOISUSER, name, other.username, other.host, "*", other.realname)
    every = bool(user.caps & MULTI_PREFIX)
    shown = [
        modes.symbols(channel.members[other], every=every) + channel.name
        for channel in other.channels
        if visible(user, channel) and rooms.shows(channel, user, other)
    ]
    code = numerics.RPL_WHOISCHANNELS.code
    for line in pack(shown, ctx.room(user, code, name)):
        ctx.reply(user, numerics.RPL_WHOISCHANNELS, name, line)
    ctx.reply(user, numerics.RPL_WHOISSERVER, name, ctx.settings.name, ctx.settings.description)
    if other.account:
        ctx.reply(user, numerics.RPL_WHOISACCOUNT, name, other.account)
    if other.modes & modes.OPERATOR:
        ctx.reply(user, numerics.RPL_WHOISOPERATOR, name)
    if other.modes & modes.BOT:
        ctx.reply(user, numerics.RPL_WHOISBOT, name)
    if other.away is not None:
        ctx.reply(user, numerics.RPL_AWAY, name, other.away)
    if other.secure:
        ctx.reply(user, numerics.RPL_WHOISSECURE, name)
    if user is other or user.modes & modes.OPERATOR:
        _send_private(ctx, user, other)
    _send_metadata(ctx, user, other)
    idle = str(int(ctx.monotonic - other.last_said))
    ctx.reply(user, numerics.RPL_WHOISIDLE, name, idle, str(int(other.signed_on)))


def _send_metadata(ctx: Context, user: User, other: User) -> None:
    """Send what somebody says of themselves: all of it to a client that knows what that is, and to
    people what is for them to read."""
    for key, value in sorted(ctx.metadata.of(other).items()):
        if user.caps & METADATA or (user.plain and key in _READ):
            ctx.reply(user, numerics.RPL_WHOISKEYVALUE, other.nickname, key, "*", value)


def _send_private(ctx: Context, user: User, other: User) -> None:
    """Send what only the user themselves and operators are told."""
    name = other.nickname
    if other.address:
        ctx.reply(user, numerics.RPL_WHOISACTUALLY, name, shown_host(other.address))
    if other.modes:
        letters = modes.user_mode_letters(other.modes)
        ctx.reply(user, numerics.RPL_WHOISMODES, name, f"is using modes {letters}")
    if other.certfp:
        text = f"has client certificate fingerprint {other.certfp}"
        ctx.reply(user, numerics.RPL_WHOISCERTFP, name, text)


@command("WHOWAS", usage="WHOWAS <nickname> [<count>]", help="see who had a nickname before")
def whowas(ctx: Context, user: User, message: Message) -> None:
    if not message.params:
        ctx.reply(user, numerics.ERR_NONICKNAMEGIVEN)
        return
    nickname = message.params[0]
    wanted = names.fold(nickname)
    everybody = list(ctx.state.past)
    count = message.params[1] if len(message.params) > 1 else ""
    # Anything but a positive number asks for all of them (Modern IRC, "WHOWAS message").
    limit = int(count[:9]) if count.isascii() and count.isdecimal() else 0

    def replies() -> Replies:
        found = 0
        for past in everybody:
            if names.fold(past.nickname) != wanted:
                yield None
                continue
            found += 1
            who = (past.nickname, past.username, past.host, "*", past.realname)
            yield numerics.RPL_WHOWASUSER, who
            when = date_and_time(past.at)
            yield numerics.RPL_WHOISSERVER, (past.nickname, ctx.settings.name, when)
            if found == limit:
                break
        if not found:
            yield numerics.ERR_WASNOSUCHNICK, (echo(ctx, user, nickname),)
        yield numerics.RPL_ENDOFWHOWAS, (echo(ctx, user, nickname),)

    ctx.page(user, replies(), look=1)


@command(
    "USERHOST", params=1, usage="USERHOST <nickname>{ <nickname>}", help="see where users are from"
)
def userhost(ctx: Context, user: User, message: Message) -> None:
    answers = []
    for nickname in distinct(ctx, message.params[:5]):
        other = ctx.state.user_named(nickname)
        if other is not None:
            operator = "*" if other.modes & modes.OPERATOR else ""
            here = "+" if other.away is None else "-"
            answers.append(f"{other.nickname}{operator}={here}{other.username}@{other.host}")
        elif (service := table.named(nickname)) is not None:
            name, _, where = service.prefix(ctx.settings.name).partition("!")
            answers.append(f"{name}=+{where}")
    _reply_words(ctx, user, numerics.RPL_USERHOST, answers)


def _reply_words(ctx: Context, user: User, numeric: numerics.Numeric, words: list[str]) -> None:
    """Send as many words as fit into the one line of a reply: half a name would be another."""
    lines = pack(words, ctx.room(user, numeric.code))
    ctx.reply(user, numeric, lines[0] if lines else "")


@command("ISON", params=1, usage="ISON <nickname>{ <nickname>}", help="see which users are here")
def ison(ctx: Context, user: User, message: Message) -> None:
    wanted = distinct(ctx, " ".join(message.params).split())
    found = []
    for nickname in wanted:
        other = ctx.state.user_named(nickname)
        if other is not None:
            found.append(other.nickname)
        elif (service := table.named(nickname)) is not None:
            found.append(service.name)
    _reply_words(ctx, user, numerics.RPL_ISON, found)
