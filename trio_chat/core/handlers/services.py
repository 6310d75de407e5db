"""How services are reached, and how they are seen.

By a message, and by a command of IRC that is a row of the table like any other (`NICKSERV`, `NS`).
"""

from __future__ import annotations

from trio_chat.core import commands, events, modes, numerics
from trio_chat.core.capabilities import ECHO_MESSAGE
from trio_chat.core.context import Context, Replies
from trio_chat.core.services import table
from trio_chat.core.services.table import SERVICES, Service
from trio_chat.core.state import User
from trio_chat.wire.irc import Message


def _add(service: Service, name: str) -> None:
    @commands.command(
        name,
        usage=f"{name} <command> [<parameter>...]",
        help=f"tell {service.name} something, who is there for {service.purpose}; {name} HELP says "
        "what",
    )
    def handle(ctx: Context, user: User, message: Message) -> Replies | None:
        return table.serve_params(ctx, user, service, message.params)


for _service in SERVICES:
    _add(_service, _service.name.upper())
    _add(_service, _service.alias)


def hear(ctx: Context, user: User, service: Service, kind: str, texts: list[str]) -> None:
    """Have a service hear what somebody says to it, in as many lines. It is told to nobody, and is
    not stored; it comes back (echo-message) without what may be a password in it.

    Nothing answers a NOTICE by itself (Modern IRC, "NOTICE message"), and nothing is done of which
    nobody could be told what came of it: so none is carried out.
    """
    if kind == "TAGMSG" or texts[0].startswith("\x01"):
        # That somebody types, or asks what client this is.
        return
    if user.caps & ECHO_MESSAGE:
        shown = table.hidden(service, texts[0]) if len(texts) == 1 else table.HIDDEN
        event = events.Said(
            time=ctx.now, source=user.source, kind=kind, target=service.name, text=shown
        )
        ctx.send(user, event)
    if kind == "NOTICE":
        return
    if len(texts) > 1:
        table.tell(ctx, user, service, "That was several lines: say one thing at a time.")
        return
    work = table.serve(ctx, user, service, texts[0])
    if work is not None:
        ctx.page(user, work)


def send_whois(ctx: Context, user: User, service: Service) -> None:
    """Say who a service is (Modern IRC, "WHOIS message")."""
    server = ctx.settings.name
    name, host = service.name, service.host(server)
    real = describe(service)
    ctx.reply(user, numerics.RPL_WHOISUSER, name, name, host, "*", real)
    ctx.reply(user, numerics.RPL_WHOISSERVER, name, server, ctx.settings.description)
    ctx.reply(user, numerics.RPL_WHOISSERVICE, name)
    ctx.reply(user, numerics.RPL_WHOISBOT, name)


def describe(service: Service) -> str:
    """Return what stands where users have a real name."""
    return f"For {service.purpose}"


def flags() -> str:
    """Return what WHO says of a service: it is here, and a bot."""
    return f"H{modes.USER_MODES['B'].letter}"
