"""The durable log: what the chat has shown, and will show again.

Between the core's decision and anybody's screen stands `Journal.commit`. What it has not taken is
not shown. `SqliteJournal` (`store.py`) keeps it in a file, and is what history is read from;
`NoJournal` is for a server without.

What is stored is described by `core/entries.py`, and where it stands by `core/ids.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trio_chat.core.entries import Record
from trio_chat.core.questions import Answer, Question
from trio_chat.journal.errors import InUseError, JournalError, TooSlowError, UnusableError

__all__ = ["InUseError", "Journal", "JournalError", "NoJournal", "TooSlowError", "UnusableError"]


class Journal(Protocol):
    """Where records go before their events are shown, and history comes from."""

    @property
    def last(self) -> int:
        """The number of the last step that was stored (`core/ids.py`)."""

    async def commit(self, records: Sequence[Record], *, number: int) -> None:
        """Store all of these, or none; they are of the step of this number.

        Raises `JournalError` when they are not stored.
        """

    async def answer(self, question: Question) -> Answer:
        """Look something up. Raises `JournalError` when that can not be done, `TooSlowError` when
        it takes too long."""

    async def aclose(self) -> None:
        """Finish what is under way."""


class NoJournal:
    """Stores nothing, at once: for a server without history."""

    last = 0

    async def commit(self, records: Sequence[Record], *, number: int) -> None:
        """Do nothing. Does not yield either: nothing here can take time."""

    async def answer(self, question: Question) -> Answer:
        """Raise `JournalError`: there is nothing to be found."""
        raise JournalError("this server keeps no history")

    async def aclose(self) -> None:
        """Do nothing."""
