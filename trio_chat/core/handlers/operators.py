"""Operators of the server: OPER, KILL, WALLOPS, REHASH, SAJOIN, SAMODE, CHGHOST.

Specification: Modern IRC, "Operator Messages". An operator has no rights in a channel by being one:
SAJOIN and SAMODE are there for that, so that it never happens by accident.
"""

from __future__ import annotations

from trio_chat.core import attempts, events, modes, names, networks, numerics, rooms
from trio_chat.core.commands import command
from trio_chat.core.context import Context, Replies
from trio_chat.core.handlers import channels, owning, presence, standings
from trio_chat.core.handlers.common import channel_for, distinct, echo, tell_modes, word
from trio_chat.core.handlers.modes import change_modes
from trio_chat.core.handlers.problems import Outcome
from trio_chat.core.handlers.registration import refuse_password
from trio_chat.core.inputs import Completed
from trio_chat.core.output import SHARE
from trio_chat.core.services import table
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

_TEXT = 390
"""Bytes of a text that fit into a line with everything around them."""


@command("OPER", params=2, usage="OPER <name> <password>", help="become an operator")
def oper(ctx: Context, user: User, message: Message) -> None:
    name, password = message.params[:2]
    row = next((row for row in ctx.settings.operators if row.name == name), None)
    if row is None:
        refuse_password(ctx, user, owning.wrong(ctx, user, ""))
        return

    def then(outcome: Outcome) -> None:
        if outcome.problem is not None:
            refuse_password(ctx, user, outcome)
            return
        rooms.set_user_modes(ctx.state, user, user.modes | modes.OPERATOR)
        ctx.reply(user, numerics.RPL_YOUREOPER)
        tell_modes(ctx, user, "+o")

    about = f"{attempts.OPER}{name}"
    owning.prove(
        ctx,
        user,
        about,
        lambda resume: ctx.check_password(user, row.password, password, resume, about=about),
        then,
    )


@command(
    "KILL",
    params=2,
    operator=True,
    usage="KILL <nickname> <reason>",
    help="end somebody's connection",
)
def kill(ctx: Context, user: User, message: Message) -> None:
    target = ctx.state.user_named(message.params[0])
    if target is None and table.named(message.params[0]) is not None:
        ctx.reply(user, numerics.ERR_CANTKILLSERVER)
        return
    if target is None:
        ctx.reply(user, numerics.ERR_NOSUCHNICK, echo(ctx, user, message.params[0]))
        return
    reason = cut(message.params[1], ctx.settings.limits.kick)
    event = events.Killed(
        time=ctx.now,
        source=user.source,
        nickname=target.nickname,
        # Clients look for who it was, then why in brackets.
        reason=f"{user.nickname} ({reason})",
    )
    ctx.output.send(target, event)
    ctx.close(target, f"Killed by {user.nickname}: {reason}")


@command(
    "WALLOPS",
    params=1,
    operator=True,
    usage="WALLOPS <text>",
    help="write to everybody who has the user mode +w",
)
def wallops(ctx: Context, user: User, message: Message) -> None:
    event = events.Wallops(
        time=ctx.now,
        source=user.source,
        id=ctx.new_id(),
        text=cut(message.params[0], _TEXT),
    )
    users = ctx.state.users.values()
    ctx.output.cost += len(users) >> SHARE
    readers = [one for one in users if one.modes & modes.WALLOPS]
    ctx.output.broadcast([one for one in readers if one is not user], event)
    if user in readers:
        ctx.send(user, event)


@command("REHASH", operator=True, usage="REHASH", help="have the configuration read again")
def rehash(ctx: Context, user: User, message: Message) -> None:
    def resume(done: Completed) -> None:
        if done.result:
            ctx.notice(user, "The configuration is in force as it is now")
        else:
            ctx.refuse(user, "REHASH", "CONFIG_BAD", text=cut(done.detail, _TEXT))

    ctx.reply(user, numerics.RPL_REHASHING, "configuration")
    ctx.reload(user, resume)


@command(
    "SAJOIN",
    params=1,
    operator=True,
    usage="SAJOIN [<nickname>] <channel>{,<channel>}",
    help="have somebody, or yourself, join channels whatever their modes",
)
def sajoin(ctx: Context, user: User, message: Message) -> Replies:
    target: User | None = user
    if len(message.params) > 1:
        target = ctx.state.user_named(message.params[0])
        if target is None:
            ctx.reply(user, numerics.ERR_NOSUCHNICK, echo(ctx, user, message.params[0]))
            return
    assert target is not None
    wanted: list[str] = []
    for name in distinct(ctx, message.params[-1].split(",")):
        if names.is_channel_name(name, ctx.settings.limits.channel):
            wanted.append(name)
        else:
            ctx.reply(user, numerics.ERR_NOSUCHCHANNEL, echo(ctx, user, name))
            yield None
    if target is user:
        yield from _bring(ctx, user, target, wanted)
    else:
        # The pages are of all the channels: whoever is made to join is sent no faster for that.
        ctx.page(target, _bring(ctx, user, target, wanted))


def _bring(ctx: Context, user: User, target: User, wanted: list[str]) -> Replies:
    """Have somebody join channels, and tell the operator who wants it so."""
    for name in wanted:
        channel = ctx.state.channel_named(name)
        if channel is None or target not in channel.members:
            channel = channel or ctx.channel(name)
            standing = standings.on_entering(channel, target)
            joined = channels.admit(ctx, target, channel, standing)
            if target is not user and ctx.is_here(user):
                ctx.notice(user, f"{target.nickname} is in {channel.name} now")
            yield from channels.welcome(ctx, target, channel, joined)
        yield None


@command(
    "SAMODE",
    params=2,
    operator=True,
    usage="SAMODE <channel> <modes> [<parameter>...]",
    help="change the modes of a channel without being an operator in it",
)
def samode(ctx: Context, user: User, message: Message) -> None:
    channel = channel_for(ctx, user, message.params[0])
    if channel is not None:
        change_modes(ctx, user, channel, message.params[1:], free=True)


@command(
    "CHGHOST",
    params=2,
    operator=True,
    usage="CHGHOST <nickname> <host>",
    help="have somebody shown with another host",
)
def chghost(ctx: Context, user: User, message: Message) -> None:
    nickname, host = message.params[:2]
    target = ctx.state.user_named(nickname)
    if target is None:
        ctx.reply(user, numerics.ERR_NOSUCHNICK, echo(ctx, user, nickname))
    elif not networks.is_host(host):
        text = "A host has letters, digits, - . : and / only"
        ctx.refuse(user, "CHGHOST", "INVALID_HOST", word(user, host), text=text)
    else:
        presence.change_host(ctx, target, target.username, host)
        if target is not user:
            ctx.notice(user, f"{target.nickname} is shown at {host} now")
