"""What people say: PRIVMSG, NOTICE, TAGMSG (Modern IRC, "Sending Messages")."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from trio_chat.core import events, modes, numerics
from trio_chat.core.capabilities import ECHO_MESSAGE, MESSAGE_TAGS
from trio_chat.core.commands import command
from trio_chat.core.encoding import BODY_LIMIT
from trio_chat.core.handlers.channels import banned
from trio_chat.core.handlers.common import targets, word
from trio_chat.core.state import Channel, User
from trio_chat.wire import irc
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

if TYPE_CHECKING:
    from trio_chat.core.core import Core

_CLIENT_TAG = re.compile(r"\+(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9-]+", re.ASCII)
"""message-tags, "Format": a client-only tag."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is to be sent: its text, or its lines (draft/multiline)."""

    kind: str
    text: str = ""
    lines: tuple[tuple[str, bool], ...] = ()
    """Each with whether it goes on with the one before it."""
    client_tags: str = ""


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a message goes to: a channel, some of its members, or a user."""

    shown: str
    channel: Channel | None = None
    least: int = 0
    """The standing that members have to have (STATUSMSG); 0: any."""
    user: User | None = None


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
    tags = client_tags(core, user, message)
    if tags is None:
        core.reply(user, numerics.ERR_INPUTTOOLONG)
        return
    draft = Draft(kind=kind, text=text, client_tags=tags)
    if "," not in params[0]:
        say(core, user, params[0], draft)
        return
    for target in targets(core, user, params[0], silent=kind == "NOTICE"):
        say(core, user, target, draft)


def client_tags(core: Core, user: User, message: Message) -> str | None:
    """Return the client-only tags of a message, to be relayed as they are; None: too long."""
    if not message.tags or not user.caps & MESSAGE_TAGS:
        return ""
    tags = {key: value for key, value in message.tags.items() if _CLIENT_TAG.fullmatch(key)}
    text = irc.format_tags(tags)[1:-1]
    return text if len(text.encode()) <= core.settings.limits.client_tags else None


def text_limit(user: User, kind: str, target: str) -> int:
    """Return the bytes of text that reach everybody in a line of this user to this target."""
    return BODY_LIMIT - len(f":{user.prefix} {kind} {target} :".encode())


def say(core: Core, user: User, name: str, draft: Draft) -> None:
    """Send one message to one target, and its echo to who wants one; or say why not.

    NOTICE is never answered with an error (Modern IRC, "NOTICE message").
    """
    target = _find(core, user, name, silent=draft.kind == "NOTICE")
    if target is None:
        return
    refusal = _refusal(user, target, draft)
    if refusal is not None:
        numeric, *params = refusal
        if draft.kind != "NOTICE":
            core.reply(user, numeric, *params)
        return
    event = _event(core, user, target.shown, draft)
    user.last_said = core.now
    if draft.kind != "TAGMSG":
        core.output.record(event, user)
    echo = bool(user.caps & ECHO_MESSAGE)
    channel = target.channel
    if channel is None:
        assert target.user is not None
        _to_user(core, user, target.user, event)
    elif target.least:
        _to_some(core, user, channel, target.least, event)
    else:
        apart = not echo or core.labelled(user)
        ignoring = _ignoring(core, user, channel.members)
        core.output.say(channel, event, user, skip=apart, without=ignoring)
        echo = echo and (apart or user not in channel.members)
    if echo:
        core.send(user, event)


def _find(core: Core, user: User, name: str, *, silent: bool) -> _Target | None:
    """Find what a target names, or say that there is no such thing."""
    channel_name = name.lstrip(modes.SYMBOLS)
    if channel_name[:1] == "#":
        channel = core.state.channel_named(channel_name)
        if channel is None:
            if not silent:
                core.reply(user, numerics.ERR_NOSUCHCHANNEL, word(name))
            return None
        if channel_name == name:
            return _Target(shown=channel.name, channel=channel)
        # "@%#room" goes to the lowest of those, and whoever is above it.
        lowest = min(
            (row for row in modes.PREFIXES if row.symbol in name[: -len(channel_name)]),
            key=lambda row: row.bit,
        )
        return _Target(shown=lowest.symbol + channel.name, channel=channel, least=lowest.bit)
    recipient = core.state.user_named(name)
    if recipient is None:
        if not silent:
            core.reply(user, numerics.ERR_NOSUCHNICK, word(name))
        return None
    return _Target(shown=recipient.nickname, user=recipient)


def _event(core: Core, user: User, target: str, draft: Draft) -> events.Said:
    """Make the event of a message: what does not fit into a line for everybody is cut."""
    if draft.lines:
        limit = text_limit(user, draft.kind, target)
        return events.SaidInLines(
            time=core.now,
            source=user.source,
            id=core.new_id(),
            kind=draft.kind,
            target=target,
            text=draft.text,
            client_tags=draft.client_tags,
            lines=tuple((cut(text, limit), concat) for text, concat in draft.lines),
        )
    text = draft.text
    # 4 bytes for each character, and 20 for what stands between the parts: then it fits anyway.
    if 4 * (len(text) + len(user.prefix) + len(target)) + 20 > BODY_LIMIT:
        text = cut(text, text_limit(user, draft.kind, target))
    return events.Said(
        time=core.now,
        source=user.source,
        id=core.new_id(),
        kind=draft.kind,
        target=target,
        text=text,
        client_tags=draft.client_tags,
    )


def _to_user(core: Core, user: User, recipient: User, event: events.Said) -> None:
    if recipient.away is not None and event.kind == "PRIVMSG":
        core.reply(user, numerics.RPL_AWAY, recipient.nickname, recipient.away)
    if event.kind == "TAGMSG" and not recipient.caps & MESSAGE_TAGS:
        return
    if not core.state.ignores.has(recipient, user.nickname):
        core.output.send(recipient, event)


def _to_some(core: Core, user: User, channel: Channel, least: int, event: events.Said) -> None:
    """Send a message to the members of a certain standing (STATUSMSG)."""
    ignoring = set(_ignoring(core, user, channel.members))
    audience = [
        member
        for member, standing in channel.members.items()
        if modes.rank(standing) >= least and member not in ignoring
    ]
    core.output.broadcast(audience, event, user, (channel,))


def _ignoring(core: Core, user: User, members: dict[User, int]) -> Iterable[User]:
    """Return the members who do not want to read what a user says."""
    return [one for one in core.state.ignores.watchers(user.nickname) if one in members]


def _refusal(
    user: User, target: _Target, draft: Draft
) -> tuple[numerics.Numeric, str, str] | tuple[numerics.Numeric, str] | None:
    """Return why a user can not send a message: a numeric and its parameters."""
    if target.channel is not None:
        reason = _cannot_speak(user, target.channel, draft)
        return (numerics.ERR_CANNOTSENDTOCHAN, target.channel.name, reason) if reason else None
    recipient = target.user
    if (
        recipient is not None
        and recipient.modes & modes.ACCOUNTS_ONLY
        and not user.account
        and recipient is not user
    ):
        return numerics.ERR_NEEDREGGEDNICK, recipient.nickname
    return None


def _cannot_speak(user: User, channel: Channel, draft: Draft) -> str:
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
            silenced = banned(channel, user, speaking=True)
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
