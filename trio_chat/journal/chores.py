"""What the writer does between two commits: filing, indexing, copying the WAL back, pruning.

Each step is short, and done when no commit waits; only what has piled up too high is done before
the next one. A chore that fails costs nothing that was stored: it is tried again later.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Sequence

import structlog

from trio_chat.journal import schema
from trio_chat.journal.filing import Filing
from trio_chat.journal.indexing import Index
from trio_chat.journal.pruning import Pruning
from trio_chat.journal.retention import Retention
from trio_chat.journal.schema import relaxed
from trio_chat.journal.ticks import Tick

log = structlog.get_logger()

FILED_AFTER = 1.0
"""Seconds that a step waits to be filed, at most, unless the writer is busy."""
FILED_FROM = 8192
"""Entries in the log from which they are filed as soon as no commit waits. Many at once make longer
blocks where little is said in each conversation: that costs less, to file and to index."""
FILED_ANYWAY = 16_384
"""Entries in the log from which commits wait for them to be filed: whoever reads has to read the
whole log."""
FILED_AT_ONCE = 512
"""Entries of a commit from which they need not go into the log first."""
FULL = 32
"""Entries of each conversation with which that makes blocks that are worth it."""
INDEXED_AFTER = 1.0
"""Seconds that a block waits to be indexed, at most, unless the writer is busy."""
INDEXED_FROM = 4096
"""Messages in blocks from which they are indexed as soon as no commit waits: the more at once, the
less is written for each."""
_CHECKPOINT_FROM = 1000
_CHECKPOINT_ANYWAY = 8000
"""Pages in the WAL, by estimate."""
EMPTIED_AFTER = 5.0
"""Seconds after which what was taken away is taken out of the WAL, too."""
_PRUNE_EVERY = 60.0
"""Seconds."""
_TRY_AGAIN_AFTER = 1.0
"""Seconds after a chore has failed."""
_INDEXED_AT_END = 2.0
"""Seconds; what is not indexed then is after the next start."""
_PAGE = 4096


class Chores:
    """The chores of one connection.

    `clock` counts seconds, `now` returns the time in milliseconds since the epoch.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        retention: Retention,
        clock: Callable[[], float],
        now: Callable[[], int],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._now = now
        self._index = Index.opened(connection)
        self._filing = Filing(connection, self._index)
        self._pruning = Pruning(connection, retention, self._index)
        self._waiting = 0
        """Entries in the log, by estimate."""
        self._since = 0.0
        """When the oldest of them came."""
        self._pages = 0
        self._index_at = clock() if self._index is not None else math.inf
        """When blocks are to be indexed that are not yet."""
        self._prune_at = clock()
        # What was taken away just before a server was killed is there still.
        self._empty_at = clock() + EMPTIED_AFTER
        self._not_before = -math.inf

    def retain(self, retention: Retention) -> None:
        """Keep so much from now on; what is more goes soon. Raises `sqlite3.Error` where what is
        new can not be filed, to go with it."""
        self._pruning.retain(retention)
        self._prune_at = self._clock()
        while self.file():
            pass

    def check(self) -> None:
        """Write something that changes nothing, and wait for the disk as a commit does. Raises
        `sqlite3.Error`."""
        schema.touch(self._connection)
        self._pages += 1

    def stored(self, tick: Tick) -> None:
        """Note that a step has been stored."""
        if not self._waiting:
            self._since = self._clock()
        self._filing.stored(tick)
        self._waiting += tick.entries + 1
        self._pages += 2 + tick.size // _PAGE

    @staticmethod
    def file_at_once(ticks: Sequence[Tick]) -> bool:
        """Whether steps are to be filed as they are stored: where whoever reads must not find any
        more what they take away, and where that is cheaper than to write all of it twice."""
        if any(tick.is_pressing for tick in ticks):
            return True
        entries = sum(tick.entries for tick in ticks)
        conversations = sum(tick.conversations for tick in ticks)
        return entries >= FILED_AT_ONCE and entries >= FULL * conversations

    def store(self, ticks: Sequence[Tick]) -> None:
        """Store steps as they are filed, all of it or nothing, and file all that came before."""
        while self.file():
            pass
        self._filing.store(ticks)
        self._pages += sum(16 + tick.size // _PAGE for tick in ticks)
        self._note_unindexed()
        if any(tick.is_pressing for tick in ticks):
            self._taken_away()

    def _taken_away(self) -> None:
        self._empty_at = min(self._empty_at, self._clock() + EMPTIED_AFTER)

    @property
    def pressing(self) -> bool:
        """Whether something has piled up so high that the next commit waits for it."""
        if self._clock() < self._not_before:
            return False
        return self._waiting >= FILED_ANYWAY or self._pages >= _CHECKPOINT_ANYWAY

    def rest(self) -> float:
        """Return in how many seconds there is something to do; 0: now."""
        now = self._clock()
        if self._waiting >= FILED_FROM or self._pages >= _CHECKPOINT_FROM:
            due = now
        else:
            due = self._since + FILED_AFTER if self._waiting else math.inf
        due = min(due, self._index_at, self._prune_at, self._empty_at)
        return max(0.0, due - now, self._not_before - now)

    def step(self) -> None:
        """Do one thing, if there is one. Raises `sqlite3.Error` when that fails."""
        with relaxed(self._connection):
            self._do_one()

    def _do_one(self) -> None:
        now = self._clock()
        if self._waiting and (self._waiting >= FILED_FROM or now - self._since >= FILED_AFTER):
            self.file()
        elif self._pages >= _CHECKPOINT_FROM:
            self.checkpoint()
        elif now >= self._index_at:
            self.index()
            self._pages += 16
        elif now >= self._empty_at:
            self.empty()
        elif now >= self._prune_at and not self._prune_some():
            self._prune_at = now + _PRUNE_EVERY

    def file(self) -> bool:
        """File some of the log; return whether there was any."""
        filed = self._filing.step()
        if filed:
            self._pages += filed // 4
            self._note_unindexed()
        self._waiting = 0 if self._filing.is_through else FILED_FROM
        self._since = self._clock()
        return filed > 0

    def _note_unindexed(self) -> None:
        """Have what was filed be indexed: at once if it is much, else soon."""
        index = self._index
        if index is not None:
            soon = index.is_at_hand and index.waiting < INDEXED_FROM
            wait = INDEXED_AFTER if soon else 0.0
            self._index_at = min(self._index_at, self._clock() + wait)

    def index(self) -> bool:
        """Index some of what is filed; return whether there was any."""
        index = self._index
        found = index is not None and index.step() > 0
        self._index_at = math.inf
        if index is not None and (index.waiting or not index.is_at_hand):
            self._note_unindexed()
        return found

    def index_some(self) -> None:
        """Index what is filed, for as long as somebody waits who ends a program."""
        end = self._clock() + _INDEXED_AT_END
        while self._clock() < end and self.index():
            pass

    def checkpoint(self) -> None:
        """Copy what is in the WAL to the file: as far as nobody reads what was before."""
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self._pages = 0

    def empty(self) -> None:
        """Copy what is in the WAL to the file, and leave nothing in it. Where somebody reads what
        was before, that is for later: no commit waits for them."""
        execute = self._connection.execute
        patience: int = execute("PRAGMA busy_timeout").fetchone()[0]
        execute("PRAGMA busy_timeout = 0")
        try:
            busy: int = execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            execute(f"PRAGMA busy_timeout = {patience}")
        if busy:
            self._empty_at = self._clock() + _TRY_AGAIN_AFTER
        else:
            self._empty_at, self._pages = math.inf, 0

    def prune(self) -> None:
        """Prune all that there is to prune."""
        while self._prune_some():
            pass

    def _prune_some(self) -> bool:
        before = self._connection.total_changes
        more = self._pruning.step(self._now())
        if self._connection.total_changes > before:
            self._taken_away()
        self._pages += 16
        self._filing.forget()
        return more

    def failed(self, error: Exception) -> None:
        """Note that a step failed: the next one is later."""
        now = self._clock()
        # Said once, and not for as long as it goes on.
        if now - self._not_before > _TRY_AGAIN_AFTER:
            log.error("the journal could not be tidied", error=str(error))
        self._not_before = now + _TRY_AGAIN_AFTER
