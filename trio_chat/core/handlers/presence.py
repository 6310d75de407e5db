"""What is known of a user, and changes: AWAY, SETNAME, the host, the account.

Specification: Modern IRC, "AWAY message"; IRCv3 away-notify, pre-away, setname, chghost,
account-notify.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_chat.core import events, modes, numerics, rooms
from trio_chat.core.capabilities import ACCOUNT_NOTIFY, AWAY_NOTIFY, CHGHOST, PRE_AWAY, SETNAME
from trio_chat.core.commands import command
from trio_chat.core.handlers import channels, monitor
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

if TYPE_CHECKING:
    from trio_chat.core.core import Core


@command(
    "AWAY",
    early_with=PRE_AWAY,
    usage="AWAY [<text>]",
    help="say that you are away; alone, that you are back",
)
def away(core: Core, user: User, message: Message) -> None:
    text = message.params[0] if message.params else ""
    before = user.away
    user.away = cut(text, core.settings.limits.away) or None
    core.reply(user, numerics.RPL_UNAWAY if user.away is None else numerics.RPL_NOWAWAY)
    if user.away == before or user.registration is not None:
        return
    event = events.AwayChanged(time=core.now, source=user.source, text=user.away)
    audience = monitor.interested(core, user, AWAY_NOTIFY)
    core.output.broadcast(audience, event)


@command("SETNAME", params=1, usage="SETNAME <real name>", help="change your real name")
def setname(core: Core, user: User, message: Message) -> None:
    realname = message.params[0]
    knows = bool(user.caps & SETNAME)
    if not realname.strip() or len(realname) > core.settings.limits.realname:
        if knows:
            limit = core.settings.limits.realname
            text = f"A real name has 1 to {limit} characters"
            core.fail(user, "SETNAME", "INVALID_REALNAME", text=text)
        return
    event = events.RealnameChanged(time=core.now, source=user.source, realname=realname)
    user.realname = realname
    audience = monitor.interested(core, user, SETNAME)
    core.output.broadcast(audience, event)
    if knows:
        core.send(user, event)


def change_host(core: Core, user: User, username: str, host: str) -> None:
    """Show a user with another user name and host from now on (IRCv3 chghost).

    To those who do not know CHGHOST it looks as if the user had left and come back.
    """
    if (username, host) == (user.username, user.host):
        return
    event = events.HostChanged(
        time=core.now, source=user.source, id=core.new_id(), username=username, host=host
    )
    quits = events.Quit(time=core.now, source=user.source, reason="Changing host")
    told = monitor.interested(core, user, CHGHOST)
    others = [one for one in rooms.neighbours(user) if not one.caps & CHGHOST and not one.plain]
    core.output.broadcast(told, event)
    core.output.broadcast(others, quits)
    rooms.change_host(user, username, host)
    for channel in user.channels:
        standing = channel.members[user]
        audience = [
            one for one in rooms.audience(channel, user) if not one.caps & CHGHOST and not one.plain
        ]
        joins = events.Joined(
            time=core.now,
            source=user.source,
            channel=channel.name,
            account=user.account or "*",
            realname=user.realname,
        )
        core.output.broadcast(audience, joins)
        letters = "".join(row.letter for row in modes.PREFIXES if row.bit & standing)
        if letters:
            given = events.ModeChanged(
                time=core.now,
                source=core.server,
                target=channel.name,
                changes=(f"+{letters}", *[user.nickname] * len(letters)),
            )
            core.output.broadcast(audience, given)
        if user.away is not None:
            channels.tell_away(core, user, channel, without=CHGHOST)
    if user.caps & CHGHOST:
        core.send(user, event)
    core.reply(user, numerics.RPL_VISIBLEHOST, host)


def change_account(core: Core, user: User, account: str) -> None:
    """Log a user in to an account, or out with an empty one, and tell who wants to know."""
    if account == user.account:
        return
    event = events.AccountChanged(time=core.now, source=user.source, account=account or "*")
    user.account = account
    user.identify()
    for channel in user.channels:
        channel.silenced.pop(user, None)
    nickname = user.nickname or "*"
    prefix = user.prefix if user.nickname else "*"
    if account:
        text = f"You are now logged in as {account}"
        core.reply(user, numerics.RPL_LOGGEDIN, prefix, account, text)
    else:
        core.reply(user, numerics.RPL_LOGGEDOUT, prefix, f"{nickname} is now logged out")
    if user.registration is None:
        audience = monitor.interested(core, user, ACCOUNT_NOTIFY)
        core.output.broadcast(audience, event)
        if user.caps & ACCOUNT_NOTIFY:
            core.send(user, event)
