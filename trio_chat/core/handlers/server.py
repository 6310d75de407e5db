"""Questions about the server: MOTD, LUSERS, VERSION, ISUPPORT, ADMIN, TIME, INFO, LINKS, HELP.

Specification: Modern IRC, "Server Queries and Commands".
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trio_chat.core import commands, isupport, masks, modes, numerics
from trio_chat.core.capabilities import EXTENDED_ISUPPORT
from trio_chat.core.commands import command
from trio_chat.core.handlers.common import word
from trio_chat.core.state import User
from trio_chat.wire.irc import Message

if TYPE_CHECKING:
    from trio_chat.core.core import Core

_ADMIN = (numerics.RPL_ADMINLOC1, numerics.RPL_ADMINLOC2, numerics.RPL_ADMINEMAIL)


def date_and_time(time: float) -> str:
    """Return a time, in seconds since the epoch, as people read it."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"


def is_elsewhere(core: Core, user: User, target: str) -> bool:
    """Whether a query is to another server than this one, which is an error.

    This one is meant by its name, by a mask that its name fits, and by who is on it.
    """
    if not target or masks.matches(target, core.settings.name):
        return False
    if core.state.user_named(target) is not None:
        return False
    core.reply(user, numerics.ERR_NOSUCHSERVER, word(target))
    return True


def _is_elsewhere(core: Core, user: User, message: Message) -> bool:
    """Whether a query whose first parameter is a server is to another one."""
    return is_elsewhere(core, user, message.params[0] if message.params else "")


@command("MOTD", usage="MOTD", help="see the message of the day")
def motd(core: Core, user: User, message: Message) -> None:
    if not _is_elsewhere(core, user, message):
        send_motd(core, user)


def send_motd(core: Core, user: User) -> None:
    """Send the message of the day, or that there is none."""
    if not core.settings.motd:
        core.reply(user, numerics.ERR_NOMOTD)
        return
    core.reply(user, numerics.RPL_MOTDSTART, f"- {core.settings.name} Message of the day - ")
    for line in core.settings.motd:
        core.reply(user, numerics.RPL_MOTD, line if user.plain else f"- {line}")
    core.reply(user, numerics.RPL_ENDOFMOTD)


@command("LUSERS", usage="LUSERS", help="see how many users and channels there are")
def lusers(core: Core, user: User, message: Message) -> None:
    send_lusers(core, user)


def send_lusers(core: Core, user: User) -> None:
    """Send how many there are of everything."""
    state = core.state
    here, peak = state.registered, state.peak
    unknown = len(state.users) - here
    core.reply(
        user,
        numerics.RPL_LUSERCLIENT,
        f"There are {here - state.invisible} users and {state.invisible} invisible on 1 server",
    )
    core.reply(user, numerics.RPL_LUSEROP, str(state.operators))
    if unknown:
        core.reply(user, numerics.RPL_LUSERUNKNOWN, str(unknown))
    core.reply(user, numerics.RPL_LUSERCHANNELS, str(len(state.channels)))
    core.reply(user, numerics.RPL_LUSERME, f"I have {here} clients and 0 servers")
    for numeric, scope in (
        (numerics.RPL_LOCALUSERS, "local"),
        (numerics.RPL_GLOBALUSERS, "global"),
    ):
        text = f"Current {scope} users {here}, max {peak}"
        core.reply(user, numeric, str(here), str(peak), text)


@command("VERSION", usage="VERSION", help="see which software this is")
def version(core: Core, user: User, message: Message) -> None:
    if _is_elsewhere(core, user, message):
        return
    core.reply(
        user,
        numerics.RPL_VERSION,
        f"trio_chat-{core.version}",
        core.settings.name,
        f"trio_chat {core.version}",
    )
    send_isupport(core, user)


@command(
    "ISUPPORT",
    early_with=EXTENDED_ISUPPORT,
    usage="ISUPPORT",
    help="see what this server supports",
)
def isupport_(core: Core, user: User, message: Message) -> None:
    send_isupport(core, user)


def send_isupport(core: Core, user: User, tokens: list[str] | None = None) -> None:
    """Send the tokens of 005, or some of them."""
    numeric = numerics.RPL_ISUPPORT
    room = core.room(user, numeric.code) - len(numeric.text.encode()) - 2
    lines = isupport.lines(isupport.tokens(core.settings) if tokens is None else tokens, room)
    extended = user.caps & EXTENDED_ISUPPORT
    with core.answers.batch(user, "draft/isupport") if extended else nullcontext():
        for line in lines:
            core.reply(user, numeric, *line)


@command("ADMIN", usage="ADMIN", help="see who runs this server, and how to reach them")
def admin(core: Core, user: User, message: Message) -> None:
    if _is_elsewhere(core, user, message):
        return
    lines = core.settings.admin
    if not lines:
        core.reply(user, numerics.ERR_NOADMININFO, core.settings.name)
        return
    core.reply(user, numerics.RPL_ADMINME, core.settings.name)
    for numeric, line in zip(_ADMIN, lines, strict=False):
        core.reply(user, numeric, line)


@command("TIME", usage="TIME", help="see what time it is here")
def time(core: Core, user: User, message: Message) -> None:
    if not _is_elsewhere(core, user, message):
        core.reply(user, numerics.RPL_TIME, core.settings.name, date_and_time(core.now))


@command("INFO", usage="INFO", help="see what this server is")
def info(core: Core, user: User, message: Message) -> None:
    if _is_elsewhere(core, user, message):
        return
    for line in (
        f"trio_chat {core.version}: a group chat server in Python on trio",
        f"Running since {date_and_time(core.started)}",
    ):
        core.reply(user, numerics.RPL_INFO, line)
    core.reply(user, numerics.RPL_ENDOFINFO)


@command("LINKS", usage="LINKS", help="see the servers of this network: there is one")
def links(core: Core, user: User, message: Message) -> None:
    name = core.settings.name
    core.reply(user, numerics.RPL_LINKS, name, name, f"0 {core.settings.network}")
    core.reply(user, numerics.RPL_ENDOFLINKS, "*")


@command("HELP", usage="HELP [<command>]", help="see what commands there are, or what one does")
def help_(core: Core, user: User, message: Message) -> None:
    subject = message.params[0] if message.params else ""
    if not subject:
        names = sorted(
            row.name
            for row in commands.TABLE.values()
            if not row.operator or user.modes & modes.OPERATOR
        )
        lines = ["The commands of this server. HELP <command> says what one does.", ""]
        lines += [" ".join(names[start : start + 8]) for start in range(0, len(names), 8)]
        _send_help(core, user, "*", lines)
        return
    row = commands.TABLE.get(subject.upper())
    if row is None:
        # What can not be a parameter is not repeated (Modern IRC, "ERR_HELPNOTFOUND").
        bad = " " in subject or subject[0] == ":"
        core.reply(user, numerics.ERR_HELPNOTFOUND, "*" if bad else word(subject))
        return
    _send_help(core, user, row.name, [f"The command {row.name}", "", row.usage, f"{row.help}."])


def _send_help(core: Core, user: User, subject: str, lines: list[str]) -> None:
    first, *middle, last = lines
    core.reply(user, numerics.RPL_HELPSTART, subject, first)
    for line in middle:
        core.reply(user, numerics.RPL_HELPTXT, subject, line)
    core.reply(user, numerics.RPL_ENDOFHELP, subject, last)
