"""Retention: what is older than it may be, or more than a conversation may have, goes.

In small steps, each a short transaction between two commits. What goes is whole blocks, so a
conversation keeps up to a block more than it may. What was in them is overwritten in the file
(`secure_delete`), and pages that are of no more use are given back to the file system. The words of
what was redacted are in the index until it is merged.
"""

from __future__ import annotations

import sqlite3

from trio_chat.core.ids import STEPS
from trio_chat.journal import blocks
from trio_chat.journal.errors import DAMAGED
from trio_chat.journal.filing import SET_ASIDE
from trio_chat.journal.indexing import Index
from trio_chat.journal.retention import Retention
from trio_chat.journal.schema import transaction

_BLOCKS = 16
"""Blocks that go in one step."""
_CONVERSATIONS = 256
"""Conversations that are looked at in one step."""
_PAGES = 64
"""Pages that are given back in one step."""
_MERGED = 4
"""Pages of the index that are merged in one step: they have very many words."""
_SPARE = 1024
"""Free pages that the file may have: what is filed leaves some, which are used again."""

_DAY = 86_400_000


class Pruning:
    """Prunes by one connection, which writes."""

    def __init__(self, connection: sqlite3.Connection, retention: Retention, index: Index | None):
        self._connection = connection
        self._retention = retention
        self._index = index
        self._seen = 0
        """The last conversation whose messages were counted in this round."""
        self._by_age = True
        self._merge_from = 0
        """From when on the index may be merged again."""

    def retain(self, retention: Retention) -> None:
        """Keep so much from now on."""
        self._retention = retention
        self._by_age, self._seen = True, 0

    def step(self, now: int) -> bool:
        """Do a little; return whether there may be more to do at this time, in milliseconds.

        Raises `sqlite3.Error` where it fails.
        """
        if self._by_age:
            self._by_age = self._prune_old(now)
            if self._by_age:
                return True
        if self._prune_many():
            return True
        if self.vacuum() or self._merge(now):
            return True
        self._by_age, self._seen = True, 0
        return False

    def _prune_old(self, now: int) -> bool:
        if not self._retention.days:
            return False
        end = (now - self._retention.days * _DAY) * STEPS
        # They were made in the order of time, so the oldest come first.
        rows = self._connection.execute(
            "SELECT id, conversation, last FROM blocks ORDER BY id LIMIT ?", (_BLOCKS,)
        ).fetchall()
        old = []
        for block, found, last in rows:
            if last >= end:
                break
            old.append((block, found))
        self._remove(old)
        self._connection.execute(
            "DELETE FROM kept WHERE kind = ? AND CAST(key AS INTEGER) < ?", (SET_ASIDE, end)
        )
        return len(old) == _BLOCKS

    def _prune_many(self) -> bool:
        most = self._retention.messages
        if not most:
            return False
        rows = self._connection.execute(
            "SELECT id, messages FROM conversations WHERE id > ? ORDER BY id LIMIT ?",
            (self._seen, _CONVERSATIONS),
        ).fetchall()
        for found, messages in rows:
            if messages > most:
                surplus = self._surplus(found, messages - most)
                self._remove([(block, found) for block in surplus])
                if len(surplus) == _BLOCKS:
                    return True
            self._seen = found
            if messages > most:
                return True
        return len(rows) == _CONVERSATIONS

    def _surplus(self, found: int, surplus: int) -> list[int]:
        """Return the oldest blocks that together have no more messages than these."""
        these = []
        for block, messages in self._connection.execute(
            "SELECT id, messages FROM blocks WHERE conversation = ? ORDER BY first, id LIMIT ?",
            (found, _BLOCKS),
        ):
            surplus -= messages
            if surplus < 0:
                break
            these.append(block)
        return these

    def _remove(self, these: list[tuple[int, int]]) -> None:
        if not these:
            return
        execute = self._connection.execute
        index = self._index
        with transaction(self._connection):
            for block, found in these:
                row = execute("SELECT messages, body FROM blocks WHERE id = ?", (block,)).fetchone()
                messages, body = row
                if index is not None:
                    try:
                        index.remove(block, found, blocks.decode(body))
                    except DAMAGED:
                        index.note_stale()
                execute("DELETE FROM blocks WHERE id = ?", (block,))
                execute(
                    "UPDATE conversations SET messages = messages - ? WHERE id = ?",
                    (messages, found),
                )
            for found in {found for _, found in these}:
                if not execute("SELECT 1 FROM blocks WHERE conversation = ?", (found,)).fetchone():
                    execute("DELETE FROM parties WHERE conversation = ?", (found,))
                    execute("DELETE FROM conversations WHERE id = ?", (found,))
            indexed = index.shorten() if index is not None else 0
        if index is not None:
            index.done = indexed

    def _merge(self, now: int) -> bool:
        """Have the words of what was redacted go from the index; once a day, for all of it is
        written anew."""
        index = self._index
        if index is None or (not index.is_merging and now < self._merge_from):
            return False
        merging = index.is_merging
        more = index.merge(_MERGED)
        if merging and not more:
            self._merge_from = now + _DAY
        return more

    def vacuum(self) -> bool:
        """Give some free pages back to the file system; return whether there are more."""
        free: int = self._connection.execute("PRAGMA freelist_count").fetchone()[0]
        if free <= _SPARE:
            return False
        # A statement of this kind is not stepped to its end by `execute`.
        self._connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
        return True
