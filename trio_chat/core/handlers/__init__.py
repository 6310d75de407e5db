"""The commands' handlers, in modules by subject. Importing this package fills the tables, those of
the services too.

A handler is called when its row's checks have passed; it changes the state through `rooms`, and
answers through `Context`.
"""

from trio_chat.core.handlers import (
    bans,
    channels,
    gateways,
    history,
    listing,
    logins,
    markers,
    messaging,
    modes,
    monitor,
    multiline,
    negotiation,
    operators,
    plain,
    plain_accounts,
    plain_rooms,
    playback,
    presence,
    queries,
    redaction,
    registration,
    renaming,
    searching,
    server,
    services,
    who,
)
from trio_chat.core.services import chanserv, moderation, nickserv

__all__ = [
    "bans",
    "channels",
    "chanserv",
    "gateways",
    "history",
    "listing",
    "logins",
    "markers",
    "messaging",
    "moderation",
    "modes",
    "monitor",
    "multiline",
    "negotiation",
    "nickserv",
    "operators",
    "plain",
    "plain_accounts",
    "plain_rooms",
    "playback",
    "presence",
    "queries",
    "redaction",
    "registration",
    "renaming",
    "searching",
    "server",
    "services",
    "who",
]
