"""The thread that writes, and how it is handed what to write.

It has the one connection that writes. A commit is one statement: while SQLite writes and syncs, no
lock of the interpreter's is held, and everybody else goes on. Between two commits it does chores.

How a result comes back: a byte through a pipe, which the one who commits waits for. That costs a
third of what `trio.to_thread` does (docs/journal.md).
"""

from __future__ import annotations

import contextlib
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence

import trio

from trio_chat.journal.chores import Chores
from trio_chat.journal.errors import DAMAGED, JournalError
from trio_chat.journal.schema import transaction
from trio_chat.journal.ticks import Tick

_INSERT = "INSERT INTO log VALUES (?, ?)"
PATIENCE = 10.0
"""Seconds that the thread is given to finish."""
_READ = 4096
"""Bytes that are taken out of the pipe at once: there is one for each commit."""


class _Job:
    """Something for the thread to do."""

    __slots__ = ("done", "error", "told", "work")

    def __init__(self, work: Callable[[], None], told: Callable[[], None]) -> None:
        self.work = work
        self.told = told
        self.done = False
        self.error: Exception | None = None


class Commit:
    """A commit that was begun."""

    __slots__ = ("_job", "_read")

    def __init__(self, job: _Job, read: int) -> None:
        self._job = job
        self._read = read

    async def wait(self) -> None:
        """Wait until it is stored. Raises `JournalError` when it is not. Cancelled, it goes on, and
        can be waited for again. For one task at a time."""
        job = self._job
        while not job.done:
            await trio.lowlevel.wait_readable(self._read)
            os.read(self._read, _READ)
        if job.error is not None:
            raise job.error


class Writer:
    """Writes to the journal that `open` opens: once now, and again after an error.

    `chores` makes the chores of such a connection. Raises what `open` raises.
    """

    def __init__(
        self,
        open: Callable[[], sqlite3.Connection],
        chores: Callable[[sqlite3.Connection], Chores],
    ) -> None:
        self._open = open
        self._make_chores = chores
        self._connection: sqlite3.Connection | None = None
        self._chores: Chores | None = None
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        try:
            _file_all(self._opened()[1])
        except BaseException:
            self._close_all()
            raise
        self._thread.start()

    # --- For tasks

    def begin(self, ticks: Sequence[Tick]) -> Commit:
        """Begin to store steps, all of them or none. One commit is under way at a time."""
        job = _Job(lambda: self._commit(ticks), self._signal)
        self._queue.put(job)
        return Commit(job, self._read)

    async def run(self, work: Callable[[Chores], None]) -> None:
        """Have the thread do some work when its turn comes. Raises `JournalError` when it fails."""
        event = threading.Event()
        job = _Job(lambda: self._work(work), event.set)
        self._queue.put(job)
        await trio.to_thread.run_sync(event.wait, abandon_on_cancel=True)
        if job.error is not None:
            raise job.error

    async def aclose(self) -> None:
        """Finish what is under way, and close the file. It is left to the thread if it takes
        longer than `PATIENCE`."""
        self._queue.put(None)
        with trio.move_on_after(PATIENCE, shield=True):
            await trio.to_thread.run_sync(self._thread.join, abandon_on_cancel=True)
        if not self._thread.is_alive():
            os.close(self._read)
            os.close(self._write)

    # --- In the thread

    def _run(self) -> None:
        while True:
            try:
                rest = self._chores.rest() if self._chores is not None else None
                job = self._queue.get(timeout=rest) if rest != 0 else self._queue.get_nowait()
            except queue.Empty:
                self._tidy()
                continue
            if job is None:
                break
            try:
                job.work()
            except Exception as error:
                job.error = error
            job.done = True
            job.told()
            if self._chores is not None and self._chores.pressing:
                self._tidy()
        self._end()

    def _signal(self) -> None:
        # If it is full nobody has waited for very many, and there is something to read anyway.
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"\0")

    def _commit(self, ticks: Sequence[Tick]) -> None:
        try:
            connection, chores = self._opened()
            if chores.file_at_once(ticks):
                chores.store(ticks)
                return
            if len(ticks) == 1:
                # One statement is its own transaction.
                connection.execute(_INSERT, ticks[0].row)
            else:
                with transaction(connection):
                    for tick in ticks:
                        connection.execute(_INSERT, tick.row)
        except sqlite3.Error as error:
            self._recover(error)
            raise JournalError(f"the journal can not be written: {error}") from error
        except DAMAGED as error:
            raise JournalError(f"the journal is damaged: {error}") from error
        for tick in ticks:
            chores.stored(tick)

    def _work(self, work: Callable[[Chores], None]) -> None:
        try:
            work(self._opened()[1])
        except sqlite3.Error as error:
            self._recover(error)
            raise JournalError(f"the journal can not be written: {error}") from error
        except DAMAGED as error:
            raise JournalError(f"the journal is damaged: {error}") from error

    def _tidy(self) -> None:
        self._attempt(lambda chores: chores.step())

    def _attempt(self, work: Callable[[Chores], object]) -> None:
        chores = self._chores
        if chores is None:
            return
        try:
            work(chores)
        except Exception as error:
            # One of ours, too, must not end the thread that everybody's messages go through.
            chores.failed(error)
            if isinstance(error, sqlite3.Error):
                self._recover(error)

    def _opened(self) -> tuple[sqlite3.Connection, Chores]:
        if self._connection is None or self._chores is None:
            connection = self._open()
            try:
                self._chores = self._make_chores(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection, self._chores

    def _recover(self, error: sqlite3.Error) -> None:
        """Make the next commit independent of what went wrong with this one."""
        connection = self._connection
        if connection is None:
            return
        try:
            if connection.in_transaction:
                connection.rollback()
        except sqlite3.Error as worse:
            error = worse
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING:
            return
        # What a connection is after an I/O error is not said anywhere.
        self._connection = None
        self._chores = None
        with contextlib.suppress(sqlite3.Error):
            connection.close()

    def _end(self) -> None:
        self._attempt(_file_all)
        self._attempt(Chores.index_some)
        self._attempt(Chores.checkpoint)
        self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = self._chores = None

    def _close_all(self) -> None:
        self._close()
        os.close(self._read)
        os.close(self._write)


_PASSING = frozenset((sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))
"""Errors after which a connection is as good as before."""


def _file_all(chores: Chores) -> None:
    while chores.file():
        pass
