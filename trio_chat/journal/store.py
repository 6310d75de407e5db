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
from trio_chat.core.questions import (
    Answer,
    Around,
    MarkerOf,
    Question,
    Refusal,
    Search,
    SecretOf,
    Targets,
    Unfinished,
    Wanted,
)
from trio_chat.journal import Commit, reading, schema, search, ticks
from trio_chat.journal.chores import Chores
from trio_chat.journal.errors import (
    DAMAGED,
    BadSearchError,
    JournalError,
    TooSlowError,
    UnusableError,
)
from trio_chat.journal.lock import JOURNAL, Lock
from trio_chat.journal.readers import Deadline, Readers
from trio_chat.journal.retention import Retention
from trio_chat.journal.schema import Connect, Sync
from trio_chat.journal.writer import Writer


def _now() -> int:
    return ids.milliseconds(time.time())


class _Commit:
    """A commit of the journal's, which knows of it when it is there."""

    __slots__ = ("_commit", "_journal", "_last")

    def __init__(self, journal: SqliteJournal, commit: Commit, last: int) -> None:
        self._journal = journal
        self._commit = commit
        self._last = last

    async def wait(self) -> None:
        """Wait until it is stored; see `journal.Commit`."""
        await self._commit.wait()
        self._journal.last = self._last


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
        self._retention = retention
        self._closed = False
        self._connect_to_read = connect_to_read
        self._lock = Lock(directory)
        try:
            self._writer = Writer(
                lambda: schema.open_journal(self.path, sync=sync, connect=connect),
                lambda connection: Chores(
                    connection, retention=self._retention, clock=time.monotonic, now=now
                ),
            )
            self._readers = Readers(self.path, connect_to_read)
            connection = connect_to_read(self.path)
            try:
                self.last = schema.last_number(connection)
            finally:
                connection.close()
        except BaseException as error:
            self._lock.close()
            if isinstance(error, sqlite3.Error):
                raise JournalError(f"{self.path} can not be opened: {error}") from error
            if isinstance(error, DAMAGED):
                raise UnusableError(f"{self.path} is damaged: {error}") from error
            raise

    # --- Writing

    last: int
    """The number of the last step that was stored; the core goes on behind it."""

    def begin(self, steps: Sequence[tuple[int, Sequence[Record]]]) -> Commit:
        """Begin to store what steps have to be stored, all of it or nothing.

        Their numbers (`core.ids.following`) are greater than `last`, and in order. Those of steps
        that could not be stored are best not used again: their ids may have been shown. One commit
        is under way at a time.
        """
        last = self.last
        for number, _ in steps:
            if number <= last:
                raise ValueError(f"step {number} comes behind step {last}")
            last = number
        commit = self._writer.begin([ticks.encode(number, records) for number, records in steps])
        return _Commit(self, commit, last)

    async def commit(self, records: Sequence[Record], *, number: int | None = None) -> None:
        """Store one step, and wait for it; see `begin`. Without a number it is given one. Raises
        `JournalError` when it is not stored."""
        if number is None:
            number = ids.following(self.last, _time_of(records))
        await self.begin([(number, records)]).wait()

    async def prune(self) -> None:
        """Prune now all that there is to prune, rather than little by little."""
        await self._writer.run(Chores.prune)

    async def retain(self, retention: Retention) -> None:
        """Keep so much from now on. Raises `JournalError` where that can not be done now: it is
        when the journal can be written again."""
        self._retention = retention
        await self._writer.run(lambda chores: chores.retain(retention))

    async def check(self) -> None:
        """Write something that changes nothing, as a commit is written. Raises `JournalError` where
        that can not be done now."""
        await self._writer.run(Chores.check)

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
        """Return the values of a table (`core.entries.Kept`), before anything is stored. Raises
        `JournalError` when they can not be read."""
        connection = self._connect_to_read(self.path)
        try:
            # Row by row: what all of them took at once would stay with the process, in pieces.
            return dict(connection.execute("SELECT key, value FROM kept WHERE kind = ?", (table,)))
        except sqlite3.Error as error:
            raise JournalError(f"{self.path} can not be read: {error}") from error
        finally:
            connection.close()

    async def answer(self, question: Question) -> Answer:
        """Look something up: see `core/questions.py` for what is asked, and what that is answered.

        Messages of the last seconds may not be found by a search yet. Raises `JournalError` when it
        can not be read, `TooSlowError` when it takes some seconds. A search takes one, and then
        what was found so far is the answer.
        """

        def find(connection: sqlite3.Connection, deadline: Deadline) -> Answer:
            return look_up(connection, deadline, question)

        if not isinstance(question, Search):
            return await self._readers.ask(find)
        try:
            return await self._readers.search(find, seconds=search.SECONDS)
        except TooSlowError:
            return Unfinished([], begun=False)


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
    if isinstance(question, SecretOf):
        return reading.secret(connection, question.account)
    try:
        return search.search(connection, deadline, question)
    except BadSearchError as error:
        return Refusal(str(error))


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
