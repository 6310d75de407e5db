"""The journal in SQLite, as the server uses it.

Owns the directory: the lock on it, the thread that writes, and the connections that read. See
docs/journal.md for how things are laid out and why.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from trio_chat.core import ids
from trio_chat.core.entries import Entry, Record
from trio_chat.core.events import Event
from trio_chat.core.questions import Answer, Around, MarkerOf, Question, Search, Targets, Wanted
from trio_chat.journal import readers, reading, schema, search, ticks
from trio_chat.journal.chores import Chores
from trio_chat.journal.errors import JournalError
from trio_chat.journal.lock import JOURNAL, Lock
from trio_chat.journal.pruning import Retention
from trio_chat.journal.readers import Deadline, Readers
from trio_chat.journal.schema import Connect, Sync
from trio_chat.journal.writer import Writer


def _now() -> int:
    return ids.milliseconds(time.time())


class SqliteJournal:
    """Keeps what has been shown in a directory, for one server.

    Opened at once, before the server listens. Raises `UnusableError` for a directory or file that
    can not be used, and has then changed nothing that was there; `JournalError` when it can not be
    written. `connect` opens the connection that writes, `connect_to_read` those that read; `now`
    returns the time in milliseconds since the epoch.
    """

    def __init__(
        self,
        directory: Path,
        *,
        sync: Sync = "full",
        retention: Retention = Retention(),  # noqa: B008 - it is frozen
        connect: Connect = schema.connect,
        connect_to_read: Connect = schema.connect_to_read,
        now: Callable[[], int] = _now,
    ) -> None:
        self.path = directory / JOURNAL
        self._closed = False
        self._lock = Lock(directory)
        try:
            self._writer = Writer(
                lambda: schema.open_journal(self.path, sync=sync, connect=connect),
                lambda connection: Chores(
                    connection, retention=retention, clock=time.monotonic, now=now
                ),
            )
            self._readers = Readers(self.path, connect_to_read)
            connection = connect_to_read(self.path)
            try:
                self.last = schema.last_number(connection)
                self._kept: list[tuple[str, str, bytes]] = connection.execute(
                    "SELECT kind, key, value FROM kept"
                ).fetchall()
            finally:
                connection.close()
        except BaseException as error:
            self._lock.close()
            if isinstance(error, sqlite3.Error):
                raise JournalError(f"{self.path} can not be opened: {error}") from error
            raise

    # --- Writing

    last: int
    """The number of the last step that was stored; the core goes on behind it."""

    async def commit(self, records: Sequence[Record], *, number: int | None = None) -> None:
        """Store what a step has to be stored, whole or not at all.

        `number` is the step's (`core.ids.following`): greater than `last`; without one it is given
        one here. That of a step that could not be stored is best not used again: its ids may have
        been shown. One task at a time may do this. Raises `JournalError` when it is not stored.
        """
        if number is None:
            number = ids.following(self.last, _time_of(records))
        elif number <= self.last:
            raise ValueError(f"step {number} comes behind step {self.last}")
        await self._writer.commit(ticks.encode(number, records))
        self.last = number

    async def prune(self) -> None:
        """Prune now all that there is to prune, rather than little by little."""
        await self._writer.run(Chores.prune)

    async def settle(self) -> None:
        """Have everything filed and indexed, as it is a moment after the last commit."""
        await self._writer.run(_settle)

    async def aclose(self) -> None:
        """Finish what is under way, file what is left, and let go of the directory.

        Returns when that is done, or after some seconds, when it is left to the thread. Once is
        enough.
        """
        if self._closed:
            return
        self._closed = True
        # Whoever closes last tidies up, which readers can not.
        self._readers.close()
        await self._writer.aclose()
        self._lock.close()

    # --- Reading

    def kept(self, table: str) -> dict[str, bytes]:
        """Return the values of a table (`core.entries.Kept`) as they were when it was opened."""
        return {key: value for kind, key, value in self._kept if kind == table}

    async def answer(self, question: Question) -> Answer:
        """Look something up: see `core/questions.py` for what is asked, and what that is answered.

        Messages of the last seconds may not be found by a search yet. Raises `JournalError` when it
        can not be read, or be searched for, `TooSlowError` when it takes too long: a second for a
        search, some seconds for anything else.
        """
        seconds = search.SECONDS if isinstance(question, Search) else readers.SECONDS
        return await self._readers.ask(
            lambda connection, deadline: look_up(connection, deadline, question), seconds=seconds
        )


def look_up(connection: sqlite3.Connection, deadline: Deadline, question: Question) -> Answer:
    """Answer a question from one connection."""
    if isinstance(question, Wanted):
        return reading.page(connection, deadline, question)
    if isinstance(question, Around):
        return reading.around(connection, deadline, question.wanted, question.at)
    if isinstance(question, Targets):
        return reading.targets(connection, deadline, question)
    if isinstance(question, MarkerOf):
        return reading.marker(connection, deadline, question.reader, question.conversation)
    return search.search(connection, deadline, question)


def _time_of(records: Sequence[Record]) -> float:
    for record in records:
        event = record.event if isinstance(record, Entry) else record
        if isinstance(event, Event):
            return event.time
    return time.time()


def _settle(chores: Chores) -> None:
    while chores.file():
        pass
    while chores.index():
        pass
