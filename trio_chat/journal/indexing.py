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
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache

import structlog

from trio_chat.core.names import fold
from trio_chat.core.questions import MESSAGES
from trio_chat.journal import blocks, records
from trio_chat.journal.blocks import AnyLine, Talk
from trio_chat.journal.errors import DAMAGED
from trio_chat.journal.schema import transaction
from trio_chat.wire import irc
from trio_chat.wire.plain import without_formatting

log = structlog.get_logger()

BLOCKS = 256
SIZE = 200_000
"""Blocks, and characters, after which no more are indexed in one transaction."""

FRESH = 100_000
"""Messages that are kept at hand until they are indexed, at most."""

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


def document(found: int, talk: Talk) -> str:
    """Return the terms and texts of what is said in a block; empty where nothing is.

    What is in a file's index is taken out by what this returns: whoever changes that has the index
    made anew (`schema.MIGRATIONS`).
    """
    if not talk.messages:
        return ""
    names = dict.fromkeys(
        [term_of_sender(irc.nickname_of(one)) for one in talk.senders.split("\n")]
    )
    words = without_formatting(talk.text).translate(_TEXT)
    return f"{words}\n{term_of_conversation(found)} {' '.join(names)}"


def _talk_of(lines: Sequence[AnyLine]) -> Talk:
    return _talk([records.said(data) for _, _, kind, _, data in lines if kind == MESSAGES])


def _talk(messages: Sequence[tuple[str, str]]) -> Talk:
    return blocks.talk([sender for sender, _ in messages], [text for _, text in messages])


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
        self._fresh: deque[tuple[int, int, Sequence[Talk]]] = deque()
        """Blocks behind that, in order: their ids, whose they are, and what is said in them."""
        self.waiting = 0
        """How many messages these have."""
        self.is_at_hand = False
        """Whether these are all that there are."""
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

    def note(self, made: Sequence[tuple[int, int, Sequence[Talk | None]]]) -> None:
        """Note what is said in blocks that were made, behind all that there were: then they need
        not be read for it."""
        for block, found, talks in made:
            known = [talk for talk in talks if talk is not None]
            if len(known) == len(talks):
                self._fresh.append((block, found, known))
                self.waiting += sum([talk.messages for talk in known])
            else:
                self.is_at_hand = False
        if self.waiting > FRESH:
            self.forget()

    def forget(self) -> None:
        """Forget what is said in blocks that are not in the index: they may be other ones now."""
        self._fresh.clear()
        self.waiting, self.is_at_hand = 0, False

    def step(self) -> int:
        """Index the next blocks; return how many."""
        fresh = self._fresh
        known = bool(fresh) and fresh[0][0] == self.done + 1
        rows: list[tuple[int, str]] = []
        size = count = 0
        last = self.done
        for last, found, talk in self._known() if known else self._read():
            text = document(found, talk)
            if text:
                rows.append((last, text))
            count += 1
            size += len(text)
            if size >= SIZE or count >= BLOCKS:
                break
        if count:
            with transaction(self._connection):
                self._connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", rows)
                self._connection.execute(
                    "UPDATE meta SET value = ? WHERE name = 'searched'", (last,)
                )
            self.done = last
            while fresh and fresh[0][0] <= last:
                self.waiting -= sum([talk.messages for talk in fresh.popleft()[2]])
        else:
            self.is_at_hand = True
        return count

    def _known(self) -> Iterator[tuple[int, int, Talk]]:
        last = self.done
        for block, found, talks in self._fresh:
            if block != last + 1:
                return
            last = block
            yield block, found, talks[0] if len(talks) == 1 else _together(talks)

    def _read(self) -> Iterator[tuple[int, int, Talk]]:
        for block, found, body in self._connection.execute(
            "SELECT id, conversation, body FROM blocks WHERE id > ? ORDER BY id LIMIT ?",
            (self.done, BLOCKS),
        ):
            try:
                talk = _talk(blocks.messages_in(body))
            except DAMAGED as error:
                # It is not found, and stops nothing else from being found.
                log.error("a block of the journal is damaged", block=block, error=str(error))
                talk = _talk(())
            yield block, found, talk

    def shorten(self) -> int:
        """Note in the file, in a transaction that deletes blocks, up to where there are any now;
        return that, for `done` once it is committed. The ids behind it will be used again."""
        self.forget()
        last: int = self._connection.execute("SELECT max(id) FROM blocks").fetchone()[0] or 0
        last = min(self.done, last)
        if last < self.done:
            self._connection.execute("UPDATE meta SET value = ? WHERE name = 'searched'", (last,))
        return last

    def add(self, block: int, found: int, lines: Sequence[AnyLine]) -> None:
        """Put a block's document in, if its turn has been."""
        self.forget()
        try:
            text = document(found, _talk_of(lines))
        except DAMAGED:
            return
        if block <= self.done and text:
            self._connection.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (block, text))

    def remove(self, block: int, found: int, lines: Sequence[AnyLine]) -> None:
        """Take a block's document out, if it is in; the lines are those that it was made of."""
        self.forget()
        try:
            text = document(found, _talk_of(lines))
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


def _together(talks: Sequence[Talk]) -> Talk:
    said = [talk for talk in talks if talk.messages]
    return Talk(
        "\n".join([talk.senders for talk in said]),
        "\n".join([talk.text for talk in said]),
        sum([talk.messages for talk in said]),
    )
