"""What is known of a user, and changes: AWAY, SETNAME, the host, the account.

Specification: Modern IRC, "AWAY message"; IRCv3 away-notify, pre-away, setname, chghost,
account-notify.
"""

from __future__ import annotations

from trio_chat.core import events, modes, numerics, rooms
from trio_chat.core.capabilities import ACCOUNT_NOTIFY, AWAY_NOTIFY, CHGHOST, PRE_AWAY, SETNAME
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.handlers import channels, holding, monitor, standings, syncing, waiting
from trio_chat.core.handlers.common import fitting, joined, tell_modes
from trio_chat.core.state import User
from trio_chat.wire.irc import Message


@command(
    "AWAY",
    personal=True,
    early_with=PRE_AWAY,
    usage="AWAY [<text>]",
    help="say that you are away; alone, that you are back",
)
def away(ctx: Context, user: User, message: Message) -> None:
    text = message.params[0] if message.params else ""
    before = user.away
    limit, shown = ctx.settings.limits.away, f"{user.prefix} AWAY"
    user.away = fitting(ctx, text, limit, shown, numerics.RPL_AWAY, user.nickname) or None
    ctx.reply(user, numerics.RPL_UNAWAY if user.away is None else numerics.RPL_NOWAWAY)
    if user.away == before or user.registration is not None:
        return
    event = events.AwayChanged(time=ctx.now, source=user.source, text=user.away)
    audience = monitor.interested(ctx, user, AWAY_NOTIFY)
    ctx.output.broadcast(audience, event)


@command(
    "SETNAME",
    personal=True,
    params=1,
    usage="SETNAME <real name>",
    help="change your real name",
)
def setname(ctx: Context, user: User, message: Message) -> None:
    realname = message.params[0]
    knows = bool(user.caps & SETNAME)
    limit = ctx.settings.realname_limit
    if not realname.strip() or len(realname.encode()) > limit:
        if knows:
            text = f"A real name has 1 to {limit} bytes"
            ctx.fail(user, "SETNAME", "INVALID_REALNAME", text=text)
        return
    event = events.RealnameChanged(time=ctx.now, source=user.source, realname=realname)
    user.realname = realname
    audience = monitor.interested(ctx, user, SETNAME)
    ctx.output.broadcast(audience, event)
    if knows:
        ctx.send(user, event)


def change_host(ctx: Context, user: User, username: str, host: str) -> None:
    """Show a user with another user name and host from now on (IRCv3 chghost).

    To those who do not know CHGHOST it looks as if the user had left and come back.
    """
    if (username, host) == (user.username, user.host):
        return
    event = events.HostChanged(
        time=ctx.now, source=user.source, id=ctx.new_id(), username=username, host=host
    )
    quits = events.Quit(time=ctx.now, source=user.source, reason="Changing host")
    told = monitor.interested(ctx, user, CHGHOST)
    others = [one for one in rooms.neighbours(user) if not one.caps & CHGHOST and not one.plain]
    ctx.output.broadcast(told, event)
    ctx.output.broadcast(others, quits)
    rooms.change_host(user, username, host)
    for channel in user.channels:
        standing = channel.members[user]
        audience = [
            one
            for one in rooms.audience(channel, user)
            if not one.caps & CHGHOST and not one.plain and one is not user
        ]
        ctx.output.broadcast(audience, joined(ctx, user, channel))
        letters = "".join(row.letter for row in modes.PREFIXES if row.bit & standing)
        if letters:
            given = events.ModeChanged(
                time=ctx.now,
                source=ctx.server,
                target=channel.name,
                changes=(f"+{letters}", *[user.nickname] * len(letters)),
            )
            ctx.output.broadcast(audience, given)
        if user.away is not None:
            channels.tell_away(ctx, user, channel, without=CHGHOST)
    syncing.reintroduce(ctx, user, others)
    if user.caps & CHGHOST:
        ctx.send(user, event)
    ctx.reply(user, numerics.RPL_VISIBLEHOST, host)


def change_account(ctx: Context, user: User, account: str) -> None:
    """Log a user in to an account, or out with an empty one, and tell who wants to know."""
    if account == user.account:
        return
    standings.taken(ctx, user, user)
    was = user.account
    event = events.AccountChanged(time=ctx.now, source=user.source, account=account or "*")
    before, left = ctx.metadata.of(user), ctx.parties([user])
    user.proved = None
    rooms.set_account(ctx.state, user, account)
    ctx.note_absences(left)
    if account:
        say_logged_in(ctx, user)
    else:
        ctx.reply(user, numerics.RPL_LOGGEDOUT, _mask(user), "You are now logged out")
    if user.registration is None:
        audience = monitor.interested(ctx, user, ACCOUNT_NOTIFY)
        ctx.output.broadcast(audience, event)
        if user.caps & ACCOUNT_NOTIFY:
            ctx.send(user, event)
        if bool(account) != bool(was):
            tell_modes(ctx, user, "+r" if account else "-r")
        if account:
            standings.logged_in(ctx, user)
            waiting.tell(ctx, user)
    holding.account_changed(ctx, user, before)


def say_logged_in(ctx: Context, user: User) -> None:
    """Tell a user which account they are logged in to (sasl-3.1, "Numerics")."""
    text = f"You are now logged in as {user.account}"
    ctx.reply(user, numerics.RPL_LOGGEDIN, _mask(user), user.account, text)


def _mask(user: User) -> str:
    """Return `nickname!user@host`, with as much of it as there is yet."""
    if not user.nickname:
        return "*"
    return f"{user.nickname}!{user.username or '*'}@{user.host}"
