"""Connections that read, each in a thread while it answers a question.

A question is answered from one state of the journal, and in a bounded time. Few are answered at
once: what a thread computes with what it has read keeps everybody else from computing.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import trio

from trio_chat.journal.errors import DAMAGED, JournalError, TooSlowError
from trio_chat.journal.schema import Connect, connect_to_read

T = TypeVar("T")

AT_ONCE = 2
"""Questions that are answered at once, besides searches."""
SEARCHES = 1
"""Searches that are answered at once: they take long, and no page waits for one."""
SECONDS = 5.0
"""How long a question takes at most."""
_LOOK_EVERY = 10_000
"""Steps of SQLite's machine after which it is seen whether the time is over: some milliseconds."""


_PAUSE = 0.0001
"""Seconds that a reader's thread lets the others compute. Otherwise it keeps the interpreter's lock
for 5 ms whenever the hub has let go of it, which it does with every send."""


class Deadline:
    """When a question has to be answered.

    Whoever computes calls `check` now and then: it raises `TooSlowError` when the time is over.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self._end

    def check(self) -> None:
        """Let others compute, and raise `TooSlowError` if the time is over."""
        time.sleep(_PAUSE)
        if self.is_over:
            raise TooSlowError("it took too long to look for that")


Question = Callable[[sqlite3.Connection, Deadline], T]


def ask(connection: sqlite3.Connection, question: Question[T], seconds: float) -> T:
    """Have a question answered by a connection.

    Raises `JournalError` where that fails, `TooSlowError` when it takes longer than these seconds.
    """
    deadline = Deadline(seconds)
    connection.set_progress_handler(lambda: deadline.is_over, _LOOK_EVERY)
    try:
        connection.execute("BEGIN")
        return question(connection, deadline)
    except (sqlite3.Error, *DAMAGED) as error:
        deadline.check()
        raise JournalError(f"the journal can not be read: {error}") from error
    finally:
        connection.set_progress_handler(None, 0)
        if connection.in_transaction:
            connection.rollback()


class Readers:
    """Answers questions about the file at `path`, which is there already."""

    def __init__(self, path: Path, connect: Connect = connect_to_read) -> None:
        self._path = path
        self._connect = connect
        self._limiter = trio.CapacityLimiter(AT_ONCE)
        self._searching = trio.CapacityLimiter(SEARCHES)
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    async def ask(self, question: Question[T], *, seconds: float = SECONDS) -> T:
        """Answer a question in a thread; see `ask`. Cancelled, it goes on without anybody."""
        return await trio.to_thread.run_sync(
            self._answer, question, seconds, limiter=self._limiter, abandon_on_cancel=True
        )

    async def search(self, question: Question[T], *, seconds: float) -> T:
        """Do the same for a question that looks through very much. The seconds count from here:
        raises `TooSlowError` when they are over before its turn."""
        end = time.monotonic() + seconds

        def answer() -> T:
            left = end - time.monotonic()
            if left <= 0:
                raise TooSlowError("others searched all the while")
            return self._answer(question, left)

        return await trio.to_thread.run_sync(
            answer, limiter=self._searching, abandon_on_cancel=True
        )

    def close(self) -> None:
        """Close the connections that answer nothing; the others when they are done."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _answer(self, question: Question[T], seconds: float) -> T:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            try:
                connection = self._connect(self._path)
            except sqlite3.Error as error:
                raise JournalError(f"the journal can not be opened: {error}") from error
        try:
            answer = ask(connection, question, seconds)
        except TooSlowError:
            self._put_back(connection)
            raise
        except BaseException:
            # Perhaps it is the connection's fault.
            connection.close()
            raise
        self._put_back(connection)
        return answer

    def _put_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()
