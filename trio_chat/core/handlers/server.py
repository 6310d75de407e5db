"""Questions about the server: MOTD, LUSERS, VERSION, ISUPPORT, ADMIN, TIME, INFO, LINKS, HELP.

Specification: Modern IRC, "Server Queries and Commands".
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime

from trio_chat.core import commands, isupport, masks, modes, numerics
from trio_chat.core.capabilities import EXTENDED_ISUPPORT
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.handlers.common import echo
from trio_chat.core.state import User
from trio_chat.wire.irc import Message

_ADMIN = (numerics.RPL_ADMINLOC1, numerics.RPL_ADMINLOC2, numerics.RPL_ADMINEMAIL)


def date_and_time(time: float) -> str:
    """Return a time, in seconds since the epoch, as people read it."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"


def is_elsewhere(ctx: Context, user: User, target: str) -> bool:
    """Whether a query is to another server than this one, which is an error.

    This one is meant by its name, by a mask that its name fits, and by who is on it.
    """
    if not target or masks.matches(target, ctx.settings.name):
        return False
    if ctx.state.user_named(target) is not None:
        return False
    ctx.reply(user, numerics.ERR_NOSUCHSERVER, echo(ctx, user, target))
    return True


def _is_elsewhere(ctx: Context, user: User, message: Message) -> bool:
    """Whether a query whose first parameter is a server is to another one."""
    return is_elsewhere(ctx, user, message.params[0] if message.params else "")


@command("MOTD", usage="MOTD", help="see the message of the day")
def motd(ctx: Context, user: User, message: Message) -> None:
    if not _is_elsewhere(ctx, user, message):
        send_motd(ctx, user)


def send_motd(ctx: Context, user: User) -> None:
    """Send the message of the day, or that there is none."""
    if not ctx.settings.motd:
        ctx.reply(user, numerics.ERR_NOMOTD)
        return
    ctx.reply(user, numerics.RPL_MOTDSTART, f"- {ctx.settings.name} Message of the day - ")
    for line in ctx.settings.motd:
        ctx.reply(user, numerics.RPL_MOTD, line if user.plain else f"- {line}")
    ctx.reply(user, numerics.RPL_ENDOFMOTD)


@command("LUSERS", usage="LUSERS", help="see how many users and channels there are")
def lusers(ctx: Context, user: User, message: Message) -> None:
    send_lusers(ctx, user)


def send_lusers(ctx: Context, user: User) -> None:
    """Send how many there are of everything."""
    state = ctx.state
    here, peak = state.registered, state.peak
    unknown = len(state.users) - here
    ctx.reply(
        user,
        numerics.RPL_LUSERCLIENT,
        f"There are {here - state.invisible} users and {state.invisible} invisible on 1 server",
    )
    ctx.reply(user, numerics.RPL_LUSEROP, str(state.operators))
    if unknown:
        ctx.reply(user, numerics.RPL_LUSERUNKNOWN, str(unknown))
    lobby = state.channel_named(ctx.settings.lobby)
    empty = lobby is not None and not lobby.members
    ctx.reply(user, numerics.RPL_LUSERCHANNELS, str(len(state.channels) - empty))
    ctx.reply(user, numerics.RPL_LUSERME, f"I have {here} clients and 0 servers")
    for numeric, scope in (
        (numerics.RPL_LOCALUSERS, "local"),
        (numerics.RPL_GLOBALUSERS, "global"),
    ):
        text = f"Current {scope} users {here}, max {peak}"
        ctx.reply(user, numeric, str(here), str(peak), text)


@command("VERSION", usage="VERSION", help="see which software this is")
def version(ctx: Context, user: User, message: Message) -> None:
    if _is_elsewhere(ctx, user, message):
        return
    ctx.reply(
        user,
        numerics.RPL_VERSION,
        f"trio_chat-{ctx.version}",
        ctx.settings.name,
        f"trio_chat {ctx.version}",
    )
    send_isupport(ctx, user)


@command(
    "ISUPPORT",
    early_with=EXTENDED_ISUPPORT,
    usage="ISUPPORT",
    help="see what this server supports",
)
def isupport_(ctx: Context, user: User, message: Message) -> None:
    send_isupport(ctx, user)


def send_isupport(ctx: Context, user: User, tokens: list[str] | None = None) -> None:
    """Send the tokens of 005, or some of them."""
    numeric = numerics.RPL_ISUPPORT
    room = ctx.room(user, numeric.code) - len(numeric.text.encode()) - 2
    lines = isupport.lines(isupport.tokens(ctx.settings) if tokens is None else tokens, room)
    # The tokens are put together anew.
    ctx.output.cost += 25
    extended = user.caps & EXTENDED_ISUPPORT
    with ctx.answers.batch(user, "draft/isupport") if extended else nullcontext():
        for line in lines:
            ctx.reply(user, numeric, *line)


@command("ADMIN", usage="ADMIN", help="see who runs this server, and how to reach them")
def admin(ctx: Context, user: User, message: Message) -> None:
    if _is_elsewhere(ctx, user, message):
        return
    lines = ctx.settings.admin
    if not lines:
        ctx.reply(user, numerics.ERR_NOADMININFO, ctx.settings.name)
        return
    ctx.reply(user, numerics.RPL_ADMINME, ctx.settings.name)
    for numeric, line in zip(_ADMIN, lines, strict=False):
        ctx.reply(user, numeric, line)


@command("TIME", usage="TIME", help="see what time it is here")
def time(ctx: Context, user: User, message: Message) -> None:
    if not _is_elsewhere(ctx, user, message):
        ctx.reply(user, numerics.RPL_TIME, ctx.settings.name, date_and_time(ctx.now))


@command("INFO", usage="INFO", help="see what this server is")
def info(ctx: Context, user: User, message: Message) -> None:
    if _is_elsewhere(ctx, user, message):
        return
    for line in (
        f"trio_chat {ctx.version}: a group chat server in Python on trio",
        f"Running since {date_and_time(ctx.started)}",
    ):
        ctx.reply(user, numerics.RPL_INFO, line)
    ctx.reply(user, numerics.RPL_ENDOFINFO)


@command("LINKS", usage="LINKS [<mask>]", help="see the servers of this network: there is one")
def links(ctx: Context, user: User, message: Message) -> None:
    name = ctx.settings.name
    mask = message.params[-1] if message.params else "*"
    if masks.matches(mask, name):
        ctx.reply(user, numerics.RPL_LINKS, name, name, f"0 {ctx.settings.description}")
    ctx.reply(user, numerics.RPL_ENDOFLINKS, echo(ctx, user, mask))


@command("HELP", usage="HELP [<command>]", help="see what commands there are, or what one does")
@command("HELPOP", usage="HELPOP [<command>]", help="see the same as with HELP")
def help_(ctx: Context, user: User, message: Message) -> None:
    subject = message.params[0] if message.params else ""
    if not subject:
        names = sorted(
            row.name
            for row in commands.TABLE.values()
            if not row.operator or user.modes & modes.OPERATOR
        )
        lines = ["The commands of this server. HELP <command> says what one does.", ""]
        lines += [" ".join(names[start : start + 8]) for start in range(0, len(names), 8)]
        _send_help(ctx, user, "*", lines)
        return
    row = commands.TABLE.get(subject.upper())
    if row is None:
        # What can not be a parameter is not repeated (Modern IRC, "ERR_HELPNOTFOUND").
        bad = " " in subject or subject[0] == ":"
        ctx.reply(user, numerics.ERR_HELPNOTFOUND, "*" if bad else echo(ctx, user, subject))
        return
    _send_help(ctx, user, row.name, [f"The command {row.name}", "", row.usage, f"{row.help}."])


def _send_help(ctx: Context, user: User, subject: str, lines: list[str]) -> None:
    first, *middle, last = lines
    ctx.reply(user, numerics.RPL_HELPSTART, subject, first)
    for line in middle:
        ctx.reply(user, numerics.RPL_HELPTXT, subject, line)
    ctx.reply(user, numerics.RPL_ENDOFHELP, subject, last)
