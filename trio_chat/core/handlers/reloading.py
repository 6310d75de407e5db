"""A new configuration: what those who are connected have to be told of it."""

from __future__ import annotations

from trio_chat.core import isupport
from trio_chat.core.capabilities import Link, offered
from trio_chat.core.context import Context
from trio_chat.core.handlers import negotiation, server
from trio_chat.core.settings import Settings


def tell(ctx: Context, before: Settings, after: Settings) -> None:
    """Tell IRC clients which capabilities and tokens of 005 are others now."""
    tokens = isupport.changes(before, after)
    capabilities = {link: (offered(before, link), offered(after, link)) for link in Link}
    for user in list(ctx.state.users.values()):
        if user.plain:
            continue
        old, new = capabilities[user.link]
        if old != new:
            negotiation.tell_changes(ctx, user, old, new)
        if tokens and user.registration is None:
            server.send_isupport(ctx, user, tokens)
