"""What people say: PRIVMSG, NOTICE, TAGMSG (Modern IRC, "Sending Messages").

To `$<mask>` an operator writes to everybody who is on a server whose name the mask fits: here, to
everybody or to nobody. Such a message is of the moment, as WALLOPS is, and in no history.
"""

from __future__ import annotations

import re

from trio_chat.core import masks, modes, numerics
from trio_chat.core.capabilities import ECHO_MESSAGE, MESSAGE_TAGS
from trio_chat.core.commands import EVERYBODY, command
from trio_chat.core.context import Context
from trio_chat.core.entries import of_channel
from trio_chat.core.handlers import direct, speech
from trio_chat.core.handlers.channels import banned
from trio_chat.core.handlers.common import echo, targets
from trio_chat.core.handlers.speech import Draft
from trio_chat.core.output import LOOK, SHARE
from trio_chat.core.state import Channel, User
from trio_chat.wire import irc
from trio_chat.wire.irc import Message

_CLIENT_TAG = re.compile(r"\+(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9-]+", re.ASCII)
"""message-tags, "Format": a client-only tag."""

_TARGET = 5
"""What it costs to say something to one more (`Output.cost`)."""


@command(
    "PRIVMSG",
    usage="PRIVMSG <target>{,<target>} <text>",
    help="send a message to users, channels; for operators: to everybody ($*)",
)
@command(
    "NOTICE",
    usage="NOTICE <target>{,<target>} <text>",
    help="send a message that nothing answers by itself; for operators: to everybody ($*)",
)
def send(ctx: Context, user: User, message: Message) -> None:
    kind, params = message.command, message.params
    target = params[0] if params else ""
    text = params[1] if len(params) > 1 else ""
    if not target:
        if kind != "NOTICE":
            ctx.reply(user, numerics.ERR_NORECIPIENT, f"No recipient given ({kind})")
        return
    if not text and kind != "TAGMSG":
        if kind != "NOTICE":
            ctx.reply(user, numerics.ERR_NOTEXTTOSEND)
        return
    tags = client_tags(ctx, user, message) if message.tags else ""
    if tags is None:
        ctx.reply(user, numerics.ERR_INPUTTOOLONG)
        return
    draft = Draft(kind=kind, text=text, client_tags=tags)
    if "," not in target:
        say(ctx, user, target, draft)
        return
    for one in targets(ctx, user, target, silent=kind == "NOTICE"):
        ctx.output.cost += _TARGET
        say(ctx, user, one, draft)


@command(
    "TAGMSG",
    params=1,
    usage="@<tags> TAGMSG <target>{,<target>}",
    help="send tags without a message (message-tags)",
)
def tagmsg(ctx: Context, user: User, message: Message) -> None:
    if user.caps & MESSAGE_TAGS:
        send(ctx, user, message)
    else:
        ctx.reply(user, numerics.ERR_UNKNOWNCOMMAND, "TAGMSG")


def client_tags(ctx: Context, user: User, message: Message) -> str | None:
    """Return the client-only tags of a message, to be relayed as they are; None: too long."""
    if not user.caps & MESSAGE_TAGS:
        return ""
    tags = {key: value for key, value in message.tags.items() if _CLIENT_TAG.fullmatch(key)}
    text = irc.format_tags(tags)[1:-1]
    return text if len(text.encode()) <= ctx.settings.limits.client_tags else None


def say(ctx: Context, user: User, name: str, draft: Draft) -> None:
    """Send one message to one target, and its echo to who wants one; or say why not.

    NOTICE is never answered with an error (Modern IRC, "NOTICE message").
    """
    first = name[0]
    if first == "#":
        _to_channel(ctx, user, name, draft)
    elif first in modes.SYMBOLS and "#" in name:
        _to_some(ctx, user, name, draft)
    elif first == EVERYBODY and draft.kind != "TAGMSG":
        _to_everybody(ctx, user, name, draft)
    else:
        direct.say(ctx, user, name, draft)


def _to_channel(ctx: Context, user: User, name: str, draft: Draft) -> None:
    channel = ctx.state.channels.get(name)
    inside = channel is not None and user in channel.members
    if channel is None or not inside or channel.modes & modes.SPEECH or channel.lists:
        # It may be called otherwise, and something may keep the user from speaking.
        channel = _open_channel(ctx, user, name, name, draft)
        if channel is None:
            return
        inside = user in channel.members
    event = speech.said(ctx, user, channel.name, draft)
    echo = user.caps & ECHO_MESSAGE
    # The echo is everybody's line, but where it answers a label.
    apart = not echo or ctx.answers.current is not None
    without = [user] if apart and inside else []
    ignores = ctx.state.ignores
    if ignores:
        without += [one for one in ignores.readers(user) if one in channel.members]
    ctx.output.say(channel, event, without)
    if echo and (apart or not inside):
        ctx.send(user, event)


def _open_channel(ctx: Context, user: User, name: str, target: str, draft: Draft) -> Channel | None:
    """Return the channel of this name, if a user can speak in it; or say why not."""
    channel = ctx.state.channel_named(name)
    if channel is None:
        speech.refuse(ctx, user, draft, numerics.ERR_NOSUCHCHANNEL, echo(ctx, user, target))
        return None
    reason = _cannot_speak(ctx, user, channel, draft)
    if reason:
        speech.refuse(ctx, user, draft, numerics.ERR_CANNOTSENDTOCHAN, channel.name, reason)
        return None
    return channel


def _to_some(ctx: Context, user: User, name: str, draft: Draft) -> None:
    """Send a message to the members of a certain standing (STATUSMSG).

    `@%#room` goes to the lowest of those, and to whoever is above it.
    """
    channel = _open_channel(ctx, user, name.lstrip(modes.SYMBOLS), name, draft)
    if channel is None:
        return
    lowest = modes.lowest(name)
    key = (of_channel(channel.name),)
    event = speech.said(ctx, user, lowest.symbol + channel.name, draft, key, lowest.bit)
    ignoring = frozenset(ctx.state.ignores.readers(user))
    ctx.output.cost += len(channel.members) >> LOOK
    audience = [
        member
        for member, standing in channel.members.items()
        if modes.rank(standing) >= lowest.bit and member is not user and member not in ignoring
    ]
    ctx.output.broadcast(audience, event)
    if user.caps & ECHO_MESSAGE:
        ctx.send(user, event)


def _to_everybody(ctx: Context, user: User, name: str, draft: Draft) -> None:
    """Send a message to all who are on a server that a mask names, whomever they ignore."""
    mask = name.lstrip(EVERYBODY)
    if not user.modes & modes.OPERATOR:
        speech.refuse(ctx, user, draft, numerics.ERR_NOPRIVILEGES)
        return
    if not masks.matches(mask, ctx.settings.name):
        speech.refuse(ctx, user, draft, numerics.ERR_NOSUCHSERVER, echo(ctx, user, mask))
        return
    event = speech.worded(ctx, user, f"{EVERYBODY}{ctx.settings.name}", draft)
    users = ctx.state.users.values()
    ctx.output.cost += len(users) >> SHARE
    audience = [one for one in users if one.registration is None and one is not user]
    ctx.output.broadcast(audience, event)
    if user.caps & ECHO_MESSAGE:
        ctx.send(user, event)


def _cannot_speak(ctx: Context, user: User, channel: Channel, draft: Draft) -> str:
    """Return why a user can not speak in a channel, or an empty string."""
    standing = channel.members.get(user)
    if standing is None and channel.modes & modes.NO_EXTERNAL:
        return "Cannot send to channel (+n): you are not in it"
    if channel.modes & modes.NO_CTCP and _is_ctcp(draft):
        return "Cannot send to channel (+C): no CTCP"
    if standing:
        return ""
    if channel.modes & modes.MODERATED:
        return "Cannot send to channel (+m): it is moderated"
    if channel.modes & modes.ACCOUNTS_SPEAK and not user.account:
        return "Cannot send to channel (+M): speaking needs an account"
    if "b" in channel.lists:
        silenced = channel.silenced.get(user)
        if silenced is None:
            silenced = banned(ctx, channel, user, speaking=True)
            if standing is not None:
                channel.silenced[user] = silenced
        if silenced:
            return "Cannot send to channel (+b): you are banned"
    return ""


def _is_ctcp(draft: Draft) -> bool:
    """Whether a message is for programs (CTCP, "Message Syntax"); an action is for people."""
    texts = [text for text, _ in draft.lines] or [draft.text]
    return any(
        text[:1] == "\x01" and text[1:8].rstrip("\x01") not in ("ACTION", "ACTION ")
        for text in texts
    )
