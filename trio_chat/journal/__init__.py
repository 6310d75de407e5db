"""The durable log: what the chat has shown, and will show again.

Between the core's decision and anybody's screen stands a `Commit`. What it has not taken is not
shown. `SqliteJournal` (`store.py`) keeps it in a file, and is what history is read from;
`NoJournal` is for a server that keeps nothing on disk.

What is stored is described by `core/entries.py`, and where it stands by `core/ids.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from trio_chat.core.entries import Record
from trio_chat.core.questions import Answer, Question
from trio_chat.journal.errors import InUseError, JournalError, TooSlowError, UnusableError
from trio_chat.journal.retention import Retention

__all__ = [
    "Commit",
    "InUseError",
    "Journal",
    "JournalError",
    "NoJournal",
    "TooSlowError",
    "UnusableError",
]


class Commit(Protocol):
    """Steps that are being stored, all or none."""

    async def wait(self) -> None:
        """Wait until they are. Raises `JournalError` when they are not stored.

        Cancelled, it goes on, and can be waited for again: by one task at a time.
        """


class Journal(Protocol):
    """Where records go before their events are shown, and history comes from."""

    @property
    def last(self) -> int:
        """The number of the last step that was stored (`core/ids.py`)."""

    def kept(self, table: str) -> Mapping[str, bytes]:
        """Return the values of a table (`core.entries.Kept`), before anything is stored. Raises
        `JournalError` when they can not be read."""

    def begin(self, steps: Sequence[tuple[int, Sequence[Record]]]) -> Commit:
        """Begin to store steps, each with its number and its records.

        One commit is under way at a time.
        """

    async def answer(self, question: Question) -> Answer:
        """Look something up. Raises `JournalError` when that can not be done, `TooSlowError` when
        it takes too long."""

    async def retain(self, retention: Retention) -> None:
        """Keep so much from now on. Raises `JournalError` where that can not be done now: it is
        when the journal can be written again."""

    async def check(self) -> None:
        """Write something that changes nothing, to find out whether that can be done now. Raises
        `JournalError` where it can not."""

    async def aclose(self) -> None:
        """Finish what is under way."""


class NoJournal:
    """Stores nothing, at once: for a server that keeps nothing on disk."""

    last = 0

    def kept(self, table: str) -> Mapping[str, bytes]:
        """Return nothing."""
        return {}

    def begin(self, steps: Sequence[tuple[int, Sequence[Record]]]) -> Commit:
        """Do nothing."""
        return self

    async def wait(self) -> None:
        """Do nothing. Does not yield either: nothing here can take time."""

    async def answer(self, question: Question) -> Answer:
        """Raise `JournalError`: there is nothing to be found."""
        raise JournalError("this server keeps no history")

    async def retain(self, retention: Retention) -> None:
        """Do nothing."""

    async def check(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""
