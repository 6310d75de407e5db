"""What a connection needs of whoever it lives with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import trio

from trio_chat.server.door import Door
from trio_chat.server.inbox import Inbox
from trio_chat.server.meters import Meters
from trio_chat.server.poller import Poller

C = TypeVar("C", contravariant=True)
"""Connections."""


class Home(Protocol[C]):
    """What a connection needs of whoever it lives with."""

    nursery: trio.Nursery
    inbox: Inbox
    poller: Poller
    door: Door
    meters: Meters
    cut_off: int
    """Connections that ended before their peers had read to the end."""

    @property
    def move(self) -> Callable[[C, str], str]:
        """Counts a connection under another address; returns why that can not be."""

    @property
    def is_ending(self) -> bool:
        """Whether the server is: everybody is sent off."""

    def refusal(self, address: str) -> str:
        """Return why nobody at an address is let in; nothing, if they are."""

    def count(self, event: str, reason: str, **details: object) -> None:
        """Count that somebody was refused."""

    def note_cut_off(
        self, connection: C, reason: str, *, nickname: str = "", **details: object
    ) -> None:
        """Count that a connection is ended by us."""

    def ended(self, connection: C) -> None:
        """Note that a connection is closed, its descriptor included."""
