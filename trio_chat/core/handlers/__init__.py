"""The commands' handlers, in modules by subject. Importing this package fills the table.

A handler is called when its row's checks have passed; it changes the state through `rooms`, and
answers through `Core`.
"""

from trio_chat.core.handlers import (
    channels,
    messaging,
    modes,
    negotiation,
    operators,
    presence,
    queries,
    registration,
    server,
)

__all__ = [
    "channels",
    "messaging",
    "modes",
    "negotiation",
    "operators",
    "presence",
    "queries",
    "registration",
    "server",
]
