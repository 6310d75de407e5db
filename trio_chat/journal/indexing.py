"""The full-text index: filled behind the writer, a document for each block.

A document has the words of all the messages in a block, who said them, and in which conversation.
Documents of single messages cost three to five times as much to write (docs/journal.md); so a hit
is a block in which the words may stand in different messages, and whoever searches has to look
(`search.py`).

The index is SQLite's FTS5 without the text itself (`content=''`): to take a document out, FTS5 has
to be told what was in it, which is in the block.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import structlog

from trio_chat.core.names import fold
from trio_chat.core.questions import MESSAGES
from trio_chat.journal import blocks, records
from trio_chat.journal.blocks import AnyLine
from trio_chat.journal.errors import DAMAGED
from trio_chat.journal.schema import transaction
from trio_chat.wire import irc
from trio_chat.wire.plain import without_formatting

log = structlog.get_logger()

BLOCKS = 128
SIZE = 100_000
"""Blocks, and bytes, after which no more are indexed in one transaction."""

_CREATE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5("
    "text, content='', columnsize=0, detail=none,"
    " tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* M* Co'\")"
)
PLACE = "\ue000"
SENDER = "\ue001"
"""What these terms begin with: letters to FTS5, and taken out of what people write."""
_TEXT = str.maketrans({PLACE: " ", SENDER: " ", "\x00": " "})


def term_of_conversation(found: int) -> str:
    """Return the term that every document of a conversation has."""
    return f"{PLACE}{found}"


@lru_cache(maxsize=1024)
def term_of_sender(nickname: str) -> str:
    """Return the term that every document has in which somebody of this nickname says something."""
    return SENDER + fold(nickname).encode().hex()


def document(found: int, messages: Iterable[tuple[str, str]]) -> str:
    """Return the terms and texts of the messages of a block, each with its sender as a source's
    prefix; empty where there are none.

    What is in a file's index is taken out by what this returns: whoever changes that has the index
    made anew (`schema.MIGRATIONS`).
    """
    senders: dict[str, None] = {}
    texts: list[str] = []
    for prefix, text in messages:
        senders[prefix] = None
        texts.append(text)
    if not texts:
        return ""
    names = {term_of_sender(irc.nickname_of(prefix)): None for prefix in senders}
    words = without_formatting("\n".join(texts)).translate(_TEXT)
    return f"{words}\n{term_of_conversation(found)} {' '.join(names)}"


def _messages(lines: Sequence[AnyLine]) -> Iterator[tuple[str, str]]:
    for _, _, kind, _, data in lines:
        if kind == MESSAGES:
            yield records.said(data)


def is_there(connection: sqlite3.Connection) -> bool:
    """Whether this SQLite has FTS5."""
    return bool(
        connection.execute("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'").fetchone()
    )


class Index:
    """Fills the index of one connection, which writes. Raises `sqlite3.Error` where it fails."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.done = 0
        """The last block that is in the index."""
        self.is_merging = False
        """Whether `merge` has begun, and is not at its end."""

    @classmethod
    def opened(cls, connection: sqlite3.Connection) -> Index | None:
        """Return the index, made if there is none yet; None where SQLite can not have one.

        What is redacted while there is no FTS5 can not be taken out of the index: it is made
        again when there is. So it is after something could not be taken out (`note_stale`).
        """
        execute = connection.execute
        found = execute("SELECT value FROM meta WHERE name = 'searched'").fetchone()[0]
        if execute("SELECT 1 FROM meta WHERE name = 'stale'").fetchone():
            found = -1
        if not is_there(connection):
            if found > 0:
                execute("UPDATE meta SET value = -1 WHERE name = 'searched'")
            return None
        index = cls(connection)
        with transaction(connection):
            if found < 0:
                execute("DROP TABLE IF EXISTS words")
                execute("UPDATE meta SET value = 0 WHERE name = 'searched'")
                execute("DELETE FROM meta WHERE name = 'stale'")
            execute(_CREATE)
        index.done = max(found, 0)
        return index

    def step(self) -> int:
        """Index the next blocks; return how many."""
        rows: list[tuple[int, str]] = []
        size = count = 0
        last = self.done
        for last, found, body in self._connection.execute(
            "SELECT id, conversation, body FROM blocks WHERE id > ? ORDER BY id LIMIT ?",
            (self.done, BLOCKS),
        ):
            try:
                text = document(found, blocks.messages_in(body))
            except DAMAGED as error:
                # It is not found, and stops nothing else from being found.
                log.error("a block of the journal is damaged", block=last, error=str(error))
                text = ""
            if text:
                rows.append((last, text))
            count += 1
            size += len(text)
            if size >= SIZE:
                break
        if count:
            with transaction(self._connection):
                self._connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", rows)
                self._connection.execute(
                    "UPDATE meta SET value = ? WHERE name = 'searched'", (last,)
                )
            self.done = last
        return count

    def shorten(self) -> int:
        """Note in the file, in a transaction that deletes blocks, up to where there are any now;
        return that, for `done` once it is committed. The ids behind it will be used again."""
        last: int = self._connection.execute("SELECT max(id) FROM blocks").fetchone()[0] or 0
        last = min(self.done, last)
        if last < self.done:
            self._connection.execute("UPDATE meta SET value = ? WHERE name = 'searched'", (last,))
        return last

    def add(self, block: int, found: int, lines: Sequence[AnyLine]) -> None:
        """Put a block's document in, if its turn has been."""
        try:
            text = document(found, _messages(lines))
        except DAMAGED:
            return
        if block <= self.done and text:
            self._connection.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (block, text))

    def remove(self, block: int, found: int, lines: Sequence[AnyLine]) -> None:
        """Take a block's document out, if it is in; the lines are those that it was made of."""
        try:
            text = document(found, _messages(lines))
        except DAMAGED:
            self.note_stale()
            return
        if block <= self.done and text:
            self._connection.execute(
                "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", (block, text)
            )

    def note_stale(self) -> None:
        """Note that something can not be taken out, because nobody knows any more what it was: the
        index is to be made anew when it is opened next."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('stale', 1)")

    def note_redacted(self) -> None:
        """Note that words were taken out that have to go from the file, too: until parts of the
        index are put together, they are in the ones that were written before."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('redacted', 1)")

    def merge(self, pages: int) -> bool:
        """Put some pages of the index together, if something was redacted since that was done last;
        return whether there is more to do."""
        execute = self._connection.execute
        noted = execute("SELECT value FROM meta WHERE name = 'redacted'").fetchone()
        if not self.is_merging:
            if noted is None or not noted[0]:
                return False
            # What is redacted from here on is for the next time.
            execute("UPDATE meta SET value = 2 WHERE name = 'redacted'")
        before = self._connection.total_changes
        # To begin with, a negative number has all parts be merged (FTS5, "The 'merge' Command").
        rank = pages if self.is_merging else -pages
        execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (rank,))
        self.is_merging = self._connection.total_changes - before >= 2
        if not self.is_merging:
            execute("UPDATE meta SET value = 0 WHERE name = 'redacted' AND value = 2")
        return self.is_merging
