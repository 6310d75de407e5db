"""CAP: what a client and the server agree to speak besides plain IRC (capability-negotiation)."""

from __future__ import annotations

from trio_chat.core import numerics, rooms
from trio_chat.core.capabilities import CAP_NOTIFY, CAPABILITIES, METADATA, VERSION_302, offered
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.handlers import registration
from trio_chat.core.handlers.common import echo
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import pack


@command(
    "CAP",
    params=1,
    early=True,
    usage="CAP LS|LIST|REQ|END [<capabilities>]",
    help="negotiate capabilities",
)
def cap(ctx: Context, user: User, message: Message) -> None:
    subcommand = message.params[0].upper()
    argument = message.params[1] if len(message.params) > 1 else ""
    if subcommand == "LS":
        _ls(ctx, user, argument)
    elif subcommand == "LIST":
        have = [row.name for row in CAPABILITIES.values() if row.bit & user.caps]
        _send_list(ctx, user, "LIST", have, several_lines=bool(user.caps & VERSION_302))
    elif subcommand == "REQ":
        _req(ctx, user, argument)
    elif subcommand == "END":
        if user.registration is not None and user.registration.negotiating:
            user.registration.negotiating = False
            registration.try_to_register(ctx, user)
    else:
        ctx.reply(user, numerics.ERR_INVALIDCAPCMD, echo(ctx, user, message.params[0]))


def _ls(ctx: Context, user: User, version: str) -> None:
    if user.registration is not None:
        user.registration.negotiating = True
    modern = version.isdecimal() and int(version[:6]) >= 302
    if modern:
        # "cap-notify" comes with version 302 and need not be asked for.
        rooms.set_caps(user, user.caps | CAP_NOTIFY | VERSION_302)
    values = offered(ctx.settings, user.link)
    words = [f"{name}={value}" if modern and value else name for name, value in values.items()]
    _send_list(ctx, user, "LS", words, several_lines=modern)


def _req(ctx: Context, user: User, argument: str) -> None:
    """Take all of what is asked, or nothing."""
    if user.registration is not None:
        user.registration.negotiating = True
    caps = _wanted(ctx, user, argument)
    _send_lines(ctx, user, "NAK" if caps is None else "ACK", argument.split(" "))
    if caps is not None:
        rooms.set_caps(user, caps)
        if not caps & METADATA:
            # Who does not know it any more is subscribed to nothing (draft/metadata-3).
            ctx.state.subscriptions.clear(user)


def _wanted(ctx: Context, user: User, argument: str) -> int | None:
    """Return the capabilities that a client would have; None: it can not have all of that."""
    caps, there = user.caps, offered(ctx.settings, user.link)
    for word in argument.split():
        row = CAPABILITIES.get(word.removeprefix("-"))
        if row is None or not row.bit or row.name not in there:
            return None
        caps = caps & ~row.bit if word.startswith("-") else caps | row.bit
        if caps & VERSION_302 and not caps & CAP_NOTIFY:
            return None
    return caps


def _send_lines(ctx: Context, user: User, subcommand: str, words: list[str]) -> None:
    """Send words in as many lines as they take; none is cut."""
    for line in pack(words, ctx.room(user, "CAP", subcommand)):
        ctx.protocol(user, "CAP", user.nickname or "*", subcommand, line)


def _send_list(
    ctx: Context, user: User, subcommand: str, words: list[str], *, several_lines: bool
) -> None:
    lines = pack(words, ctx.room(user, "CAP", subcommand, "*")) or [""]
    if not several_lines:
        # Version 301 has one line: what does not fit is not offered.
        del lines[1:]
    for number, line in enumerate(lines, start=1):
        more = () if number == len(lines) else ("*",)
        ctx.protocol(user, "CAP", user.nickname or "*", subcommand, *more, line)


def tell_changes(ctx: Context, user: User, before: dict[str, str], after: dict[str, str]) -> None:
    """Tell a client with cap-notify what the server offers now, and did not (cap-notify)."""
    if not user.caps & CAP_NOTIFY:
        return
    modern = bool(user.caps & VERSION_302)
    gone = [name for name in before if name not in after and CAPABILITIES[name].bit]
    new = [
        f"{name}={value}" if value and modern else name
        for name, value in after.items()
        # Values are for version 302: to the others nothing is new but what was not there.
        if (before.get(name) != value if modern else name not in before)
    ]
    _send_lines(ctx, user, "DEL", gone)
    _send_lines(ctx, user, "NEW", new)
