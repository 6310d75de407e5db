"""CAP: what a client and the server agree to speak besides plain IRC (capability-negotiation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_chat.core import numerics
from trio_chat.core.capabilities import CAP_NOTIFY, CAPABILITIES
from trio_chat.core.commands import command
from trio_chat.core.handlers import registration
from trio_chat.core.state import User
from trio_chat.wire.irc import Message

if TYPE_CHECKING:
    from trio_chat.core.core import Core

_LINE = 400
"""Bytes of capabilities that fit into one line, with room for everything around them."""


@command(
    "CAP",
    params=1,
    early=True,
    usage="CAP LS|LIST|REQ|END [<capabilities>]",
    help="negotiate capabilities",
)
def cap(core: Core, user: User, message: Message) -> None:
    subcommand = message.params[0].upper()
    argument = message.params[1] if len(message.params) > 1 else ""
    if subcommand == "LS":
        _ls(core, user, argument)
    elif subcommand == "LIST":
        have = [row.name for row in CAPABILITIES.values() if row.bit & user.caps]
        _send_list(core, user, "LIST", have, several_lines=True)
    elif subcommand == "REQ":
        _req(core, user, argument)
    elif subcommand == "END":
        if user.registration is not None and user.registration.negotiating:
            user.registration.negotiating = False
            registration.try_to_register(core, user)
    else:
        core.reply(user, numerics.ERR_INVALIDCAPCMD, message.params[0].replace(" ", "_") or "*")


def _ls(core: Core, user: User, version: str) -> None:
    if user.registration is not None:
        user.registration.negotiating = True
    modern = version.isdecimal() and int(version[:6]) >= 302
    if modern:
        # "cap-notify" comes with version 302 and need not be asked for.
        user.set_caps(user.caps | CAP_NOTIFY)
    offered = [
        f"{row.name}={row.value}" if modern and row.value else row.name
        for row in CAPABILITIES.values()
    ]
    _send_list(core, user, "LS", offered, several_lines=modern)


def _req(core: Core, user: User, argument: str) -> None:
    """Take all of what is asked, or nothing."""
    if user.registration is not None:
        user.registration.negotiating = True
    caps = user.caps
    for word in argument.split():
        row = CAPABILITIES.get(word.removeprefix("-").lower())
        if row is None:
            core.protocol(user, "CAP", user.nickname or "*", "NAK", argument)
            return
        caps = caps & ~row.bit if word.startswith("-") else caps | row.bit
    core.protocol(user, "CAP", user.nickname or "*", "ACK", argument)
    user.set_caps(caps)


def _send_list(
    core: Core, user: User, subcommand: str, words: list[str], *, several_lines: bool
) -> None:
    lines: list[list[str]] = [[]]
    size = 0
    for word in words:
        if several_lines and size + len(word) > _LINE:
            lines.append([])
            size = 0
        lines[-1].append(word)
        size += len(word) + 1
    for number, line in enumerate(lines, start=1):
        more = () if number == len(lines) else ("*",)
        core.protocol(user, "CAP", user.nickname or "*", subcommand, *more, " ".join(line))
