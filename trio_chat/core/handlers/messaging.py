"""What people say: PRIVMSG, NOTICE, TAGMSG (Modern IRC, "Sending Messages")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_chat.core import events, modes, numerics
from trio_chat.core.capabilities import ECHO_MESSAGE, MESSAGE_TAGS
from trio_chat.core.commands import command
from trio_chat.core.encoding import BODY_LIMIT
from trio_chat.core.handlers.channels import banned, targets, word
from trio_chat.core.state import Channel, User
from trio_chat.wire import irc
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

if TYPE_CHECKING:
    from trio_chat.core.core import Core


@command(
    "PRIVMSG", usage="PRIVMSG <target>{,<target>} <text>", help="send a message to users, channels"
)
def privmsg(core: Core, user: User, message: Message) -> None:
    _send(core, user, message, "PRIVMSG")


@command(
    "NOTICE",
    usage="NOTICE <target>{,<target>} <text>",
    help="send a message that nothing answers by itself",
)
def notice(core: Core, user: User, message: Message) -> None:
    _send(core, user, message, "NOTICE")


@command(
    "TAGMSG",
    params=1,
    usage="@<tags> TAGMSG <target>{,<target>}",
    help="send tags without a message (message-tags)",
)
def tagmsg(core: Core, user: User, message: Message) -> None:
    if user.caps & MESSAGE_TAGS:
        _send(core, user, message, "TAGMSG")
    else:
        core.reply(user, numerics.ERR_UNKNOWNCOMMAND, "TAGMSG")


def _send(core: Core, user: User, message: Message, kind: str) -> None:
    params = message.params
    if not params or not params[0]:
        if kind != "NOTICE":
            core.reply(user, numerics.ERR_NORECIPIENT, f"No recipient given ({kind})")
        return
    text = params[1] if len(params) > 1 else ""
    if not text and kind != "TAGMSG":
        if kind != "NOTICE":
            core.reply(user, numerics.ERR_NOTEXTTOSEND)
        return
    tags = ""
    if message.tags and user.caps & MESSAGE_TAGS:
        tags = _client_tags(core, user, message)
    if "," not in params[0]:
        say(core, user, kind, params[0], text, tags)
        return
    for target in targets(core, user, params[0], silent=kind == "NOTICE"):
        say(core, user, kind, target, text, tags)


def _client_tags(core: Core, user: User, message: Message) -> str:
    """Return the client-only tags of a message, to be relayed as they are."""
    tags = {key: value for key, value in message.tags.items() if key.startswith("+")}
    text = irc.format_tags(tags)[1:-1]
    return text if len(text.encode()) <= core.settings.limits.client_tags else ""


def text_limit(user: User, kind: str, target: str) -> int:
    """Return the bytes of text that reach everybody in a line of this user to this target."""
    return BODY_LIMIT - len(f":{user.prefix} {kind} {target} :".encode())


def say(core: Core, user: User, kind: str, target: str, text: str, tags: str) -> None:
    """Send one message to one target, and its echo to who wants one; or say why not.

    NOTICE is never answered with an error (Modern IRC, "NOTICE message").
    """
    channel: Channel | None = None
    recipient: User | None = None
    if target[0] == "#":
        channel = core.state.channel_named(target)
        refusal = _cannot_speak(user, channel)
        if channel is None or refusal:
            if kind != "NOTICE":
                if channel is None:
                    core.reply(user, numerics.ERR_NOSUCHCHANNEL, word(target))
                else:
                    core.reply(user, numerics.ERR_CANNOTSENDTOCHAN, channel.name, refusal)
            return
        target = channel.name
    else:
        recipient = core.state.user_named(target)
        if recipient is None:
            if kind != "NOTICE":
                core.reply(user, numerics.ERR_NOSUCHNICK, word(target))
            return
        target = recipient.nickname
    # 4 bytes for each character, and 20 for what stands between the parts: then it fits anyway.
    if 4 * (len(text) + len(user.prefix) + len(target)) + 20 > BODY_LIMIT:
        text = cut(text, text_limit(user, kind, target))
    user.last_said = core.now
    event = events.Said(
        time=core.now,
        source=user.prefix,
        id=core.new_id(),
        kind=kind,
        target=target,
        text=text,
        client_tags=tags,
    )
    if kind != "TAGMSG":
        core.output.record(event, user)
    echo = bool(user.caps & ECHO_MESSAGE)
    if channel is not None:
        apart = not echo or core.labelled(user)
        core.output.say(channel, event, user, skip=apart)
        if echo and (apart or user not in channel.members):
            core.send(user, event)
        return
    assert recipient is not None
    if recipient.away is not None and kind == "PRIVMSG":
        core.reply(user, numerics.RPL_AWAY, recipient.nickname, recipient.away)
    if kind != "TAGMSG" or recipient.caps & MESSAGE_TAGS:
        core.output.send(recipient, event)
    if echo:
        core.send(user, event)


def _cannot_speak(user: User, channel: Channel | None) -> str:
    """Return why a user can not speak in a channel, or an empty string."""
    if channel is None:
        return ""
    standing = channel.members.get(user)
    if standing is None and channel.modes & modes.NO_EXTERNAL:
        return "Cannot send to channel (+n): you are not in it"
    if standing or user.modes & modes.OPERATOR:
        return ""
    if channel.modes & modes.MODERATED:
        return "Cannot send to channel (+m): it is moderated"
    if "b" in channel.lists:
        silenced = channel.silenced.get(user)
        if silenced is None:
            silenced = banned(channel, user)
            if standing is not None:
                channel.silenced[user] = silenced
        if silenced:
            return "Cannot send to channel (+b): you are banned"
    return ""
