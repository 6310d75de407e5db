"""WEBIRC: a gateway says whom it speaks for (IRCv3 webirc)."""

from __future__ import annotations

from trio_chat.core import networks
from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.handlers import owning
from trio_chat.core.handlers.problems import Outcome, Problem
from trio_chat.core.state import User
from trio_chat.wire import irc
from trio_chat.wire.irc import Message

_REFUSED = "Invalid WebIRC password"


@command(
    "WEBIRC",
    early=True,
    usage="WEBIRC <password> <gateway> <host> <address> [<options>]",
    help="say whom a gateway speaks for, before anything else",
)
def webirc(ctx: Context, user: User, message: Message) -> None:
    first = user.registration is not None and user.registration.lines == 1
    gateway = next(
        (
            row
            for row in ctx.settings.gateways
            if user.address and networks.in_networks(user.address, row.host)
        ),
        None,
    )
    if not first or gateway is None:
        ctx.close(user, _REFUSED if first else "WEBIRC has to come first")
        return
    address = networks.bare(message.params[3]) if len(message.params) > 3 else ""
    if not networks.is_address(address):
        # Whoever it is for would be taken for the gateway.
        ctx.close(user, "WEBIRC names no IP address")
        return
    password, _, host = message.params[:3]
    options = {
        name: irc.unescape_tag(value)
        for name, _, value in (
            option.partition("=") for option in " ".join(message.params[4:]).split()
        )
    }

    def then(outcome: Outcome) -> None:
        if outcome.problem is not None:
            ctx.close(user, _REFUSED if outcome.problem is Problem.WRONG else outcome.text)
            return
        _introduce(ctx, user, host, networks.normal(address), options)

    owning.prove(
        ctx,
        user,
        "",
        lambda resume: ctx.check_password(user, gateway.password, password, resume),
        then,
    )


def _introduce(ctx: Context, user: User, host: str, address: str, options: dict[str, str]) -> None:
    """Take a user for whom the gateway says it is."""
    refusal = ctx.state.bans.refusal(address, ctx.monotonic)
    if refusal:
        ctx.close(user, refusal)
        return
    user.address = address
    is_name = networks.is_host(host) and not networks.is_address(host)
    user.host = host if is_name else networks.shown_host(address)
    # The way to the gateway has to be encrypted as well as the way from there.
    user.secure = user.secure and "secure" in options
    user.certfp = options.get("certfp-sha-256", "").lower()[:64]
    if not all(character in "0123456789abcdef" for character in user.certfp):
        user.certfp = ""
    ctx.output.move(user, address)
