"""What people with `nc` do about their accounts: /register, /login, /ns, …"""

from __future__ import annotations

from trio_chat.core.context import Context
from trio_chat.core.handlers.plain_commands import row
from trio_chat.core.services import table
from trio_chat.core.services.table import SERVICES, Service
from trio_chat.core.state import User


def serve(ctx: Context, user: User, service: Service, text: str) -> None:
    """Say something to a service."""
    work = table.serve(ctx, user, service, text)
    if work is not None:
        ctx.page(user, work)


def _add(service: Service) -> None:
    @row(f"{service.plain} COMMAND", f"tell {service.name} something: {service.plain} help")
    def _serve(ctx: Context, user: User, rest: str) -> None:
        serve(ctx, user, service, rest)


for _service in SERVICES:
    _add(_service)
