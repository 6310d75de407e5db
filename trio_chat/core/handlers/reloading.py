"""A new configuration: what those who are connected have to be told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_chat.core import isupport
from trio_chat.core.capabilities import Link, offered
from trio_chat.core.handlers import negotiation, server
from trio_chat.core.settings import Settings

if TYPE_CHECKING:
    from trio_chat.core.core import Core


def tell(core: Core, before: Settings, after: Settings) -> None:
    """Tell IRC clients which capabilities and tokens of 005 are others now."""
    tokens = isupport.changes(before, after)
    capabilities = {link: (offered(before, link), offered(after, link)) for link in Link}
    for user in list(core.state.users.values()):
        if user.plain:
            continue
        old, new = capabilities[user.link]
        if old != new:
            negotiation.tell_changes(core, user, old, new)
        if tokens and user.registration is None:
            server.send_isupport(core, user, tokens)
