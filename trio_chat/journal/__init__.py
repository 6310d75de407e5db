"""The durable log: what the chat has shown, and will show again.

Between the core's decision and anybody's screen stands `Journal.commit`. What it has not taken is
not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trio_chat.core.events import Event


class JournalError(Exception):
    """What was to be stored is not. The text says why, for the log."""


class Journal(Protocol):
    """Where records go before their events are shown."""

    async def commit(self, records: Sequence[Event]) -> None:
        """Store all of these, or none. Raises `JournalError` when they are not stored."""

    async def aclose(self) -> None:
        """Finish what is under way."""


class NoJournal:
    """Stores nothing, at once: for a server without history."""

    async def commit(self, records: Sequence[Event]) -> None:
        """Do nothing. Does not yield either: nothing here can take time."""

    async def aclose(self) -> None:
        """Do nothing."""
