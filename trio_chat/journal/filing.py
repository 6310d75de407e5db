"""From the log to the conversations: what has been stored is put where it is read.

The log has a row for each step, which is what a commit costs least with, whatever the number of
rooms (docs/journal.md). Filing takes the oldest rows, puts the entries of each conversation
together into blocks, makes the changes, and deletes the rows: in one transaction, so that
everything is in one place or the other. Whoever reads looks into both.

Invariant: the log has what is not filed, and nothing else.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog

from trio_chat.core.entries import Change, Forgotten, Marked, Moved, Redacted, readers
from trio_chat.core.questions import MESSAGES
from trio_chat.journal import blocks, parting, ticks
from trio_chat.journal.blocks import Piece, Talk, conversation
from trio_chat.journal.errors import DAMAGED
from trio_chat.journal.indexing import Index
from trio_chat.journal.schema import transaction
from trio_chat.journal.ticks import Item, Tick

log = structlog.get_logger()

STEPS = 1024
SIZE = 1_000_000
"""Steps, and bytes, after which no more are filed in one transaction: it takes some milliseconds,
for which the next commit may have to wait."""
SET_ASIDE = "damaged"
"""The kind of what is kept of steps that can not be read, each under its number."""
MARKERS = 2000
"""Conversations of which it is kept how far an account has read them."""
_KNOWN = 10_000
"""Conversations whose ids are kept at hand."""


class Filing:
    """Files what is in the log; `index` is what redacted messages are taken out of, too."""

    def __init__(self, connection: sqlite3.Connection, index: Index | None = None) -> None:
        self._connection = connection
        self._index = index
        self._ids: dict[str, int] = {}
        self._held: deque[Tick] | None = None
        """What is in the log, all of it; None: that is not known."""
        self._made: list[tuple[int, int, list[Talk | None]]] = []
        """The blocks that are made in the transaction under way (`blocks.insert`)."""
        self.is_through = False
        """Whether the last step filed all that there was."""

    def forget(self) -> None:
        """Forget which conversations there are: some are not there any more."""
        self._ids.clear()

    def stored(self, tick: Tick) -> None:
        """Note that a step is in the log: it need not be read again."""
        if self._held is not None:
            self._held.append(tick)

    def step(self) -> int:
        """File the oldest steps, or set aside those of them that can not be read; return how many
        steps this was about. Raises `sqlite3.Error` when that fails."""
        return self._step_from_log() if self._held is None else self._step_held(self._held)

    def _step_held(self, held: deque[Tick]) -> int:
        these: list[Tick] = []
        size = 0
        for tick in held:
            these.append(tick)
            size += tick.size
            if size >= SIZE or len(these) >= STEPS:
                break
        self.is_through = len(these) == len(held)
        if these:
            self.store(these, logged=True)
            for _ in these:
                held.popleft()
        return len(these)

    def _step_from_log(self) -> int:
        rows: list[tuple[int, bytes]] = []
        size = 0
        for number, body in self._connection.execute(
            "SELECT number, body FROM log ORDER BY number LIMIT ?", (STEPS,)
        ):
            rows.append((number, body))
            size += len(body)
            if size >= SIZE:
                break
        self.is_through = len(rows) < STEPS and size < SIZE
        if rows:
            try:
                with self._transaction():
                    self._file((number, _read(body)) for number, body in rows)
                    self._delete_from_log(rows[-1][0])
            except DAMAGED:
                damaged = [row for row in rows if not ticks.is_readable(row[1])]
                if not damaged:
                    raise
                self._set_aside(damaged)
                self.is_through = False
        if self.is_through:
            self._held = deque()
        return len(rows)

    def store(self, these: Sequence[Tick], *, logged: bool = False) -> None:
        """Store steps as they are filed, all of it or nothing; if they are in the log, as they
        stand there. All that came before is filed already.

        Raises `sqlite3.Error` when that fails.
        """
        with self._transaction():
            self._file((tick.number, zip(tick.items, tick.talks, strict=True)) for tick in these)
            if logged:
                self._delete_from_log(these[-1].number)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._made.clear()
        try:
            with transaction(self._connection):
                yield
        except BaseException:
            # Some of these may have been made in the transaction.
            self._ids.clear()
            # Nobody knows how far it has come in the log.
            self._held = None
            raise
        if self._index is not None:
            self._index.note(self._made)

    def _delete_from_log(self, last: int) -> None:
        self._connection.execute("DELETE FROM log WHERE number <= ?", (last,))

    def _file(self, these: Iterable[tuple[int, Iterable[tuple[Item, Talk | None]]]]) -> None:
        pieces: defaultdict[str, list[tuple[int, Piece, Talk | None]]] = defaultdict(list)
        number = 0
        for number, items in these:
            for item, talk in items:
                if type(item) is Piece:
                    pieces[item.key].append((number, item, talk))
                    continue
                assert not isinstance(item, Piece)
                if isinstance(item, Redacted | Moved):
                    # These are about what is in the blocks.
                    self._store(pieces)
                    pieces.clear()
                    # What is said in them may be another thing now.
                    self._made.clear()
                    if self._index is not None:
                        self._index.forget()
                self._change(item)
        self._store(pieces)
        self._connection.execute("UPDATE meta SET value = ? WHERE name = 'last'", (number,))

    def _set_aside(self, rows: list[tuple[int, bytes]]) -> None:
        """Have steps that can not be read out of the way of the others, and keep what there is."""
        execute = self._connection.execute
        with transaction(self._connection):
            for number, body in rows:
                values = (SET_ASIDE, str(number), body)
                execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", values)
                execute("DELETE FROM log WHERE number = ?", (number,))
                # It is not used again.
                execute("UPDATE meta SET value = max(value, ?) WHERE name = 'last'", (number,))
        for number, _ in rows:
            log.error("a step of the journal is damaged, and was set aside", step=number)

    def _store(self, pieces: Mapping[str, Sequence[tuple[int, Piece, Talk | None]]]) -> None:
        found = {self._conversation(key): these for key, these in pieces.items()}
        self._made += blocks.insert(self._connection, found)
        self._connection.executemany(
            "UPDATE conversations SET latest = max(latest, ?), messages = messages + ?"
            " WHERE id = ?",
            [
                (max([piece.latest for _, piece, _ in these]), messages, one)
                for one, these in found.items()
                if (messages := sum([piece.messages for _, piece, _ in these]))
            ],
        )

    def _conversation(self, key: str) -> int:
        """Return the id of a conversation, which is made if there is none."""
        found = self._ids.get(key) or conversation(self._connection, key)
        if found is None:
            cursor = self._connection.execute("INSERT INTO conversations (key) VALUES (?)", (key,))
            assert cursor.lastrowid is not None
            found = cursor.lastrowid
            self._connection.executemany(
                "INSERT INTO parties (party, conversation, name) VALUES (?, ?, ?)",
                [(party, found, name) for party, name in readers(key).items()],
            )
        if len(self._ids) >= _KNOWN:
            self._ids.clear()
        self._ids[key] = found
        return found

    # --- Changes

    def _change(self, change: Change) -> None:
        execute = self._connection.execute
        if isinstance(change, Redacted):
            self._redact(change)
        elif isinstance(change, Moved):
            self._move(change)
        elif isinstance(change, Marked):
            self._mark(change)
        elif isinstance(change, Forgotten):
            execute("DELETE FROM markers WHERE reader = ?", (change.reader,))
        elif change.value is None:
            execute("DELETE FROM kept WHERE kind = ? AND key = ?", (change.table, change.key))
        else:
            execute(
                "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)",
                (change.table, change.key, change.value),
            )

    def _mark(self, change: Marked) -> None:
        """Note how far somebody has read; what they marked longest ago goes, if it is too much."""
        reader = change.reader
        execute = self._connection.execute
        if execute(
            "UPDATE markers SET time = max(time, ?) WHERE reader = ? AND conversation = ?",
            (change.time, reader, change.conversation),
        ).rowcount:
            return
        execute("INSERT INTO markers VALUES (?, ?, ?)", (reader, change.conversation, change.time))
        (count,) = execute("SELECT count(*) FROM markers WHERE reader = ?", (reader,)).fetchone()
        if count > MARKERS:
            execute(
                "DELETE FROM markers WHERE reader = ? AND conversation IN"
                " (SELECT conversation FROM markers WHERE reader = ? ORDER BY time LIMIT ?)",
                (reader, reader, count - MARKERS),
            )

    def _redact(self, change: Redacted) -> None:
        """Blank a message where it is; nothing where it is not any more."""
        found = conversation(self._connection, change.conversation)
        if found is None:
            return
        for block in list(blocks.holding(self._connection, found, change.position.number)):
            try:
                lines = blocks.decode(block.body)
            except DAMAGED:
                # What is in there nobody is shown.
                continue
            for place, line in enumerate(lines):
                if (line.number, line.place) == change.position and not line.is_gone:
                    if self._index is not None:
                        self._index.remove(block.id, found, lines)
                        self._index.note_redacted()
                    lines[place] = line.blanked()
                    blocks.rewrite(self._connection, block.id, lines)
                    if self._index is not None:
                        self._index.add(block.id, found, lines)
                    if line.kind == MESSAGES:
                        self._count_again(found)

    def _count_again(self, found: int) -> None:
        self._connection.execute(
            "UPDATE conversations SET latest = ?, messages = messages - 1 WHERE id = ?",
            (parting.latest_of(self._connection, found), found),
        )

    def _move(self, change: Moved) -> None:
        """Give a conversation another key; what was there keeps out of the way, under one that
        nobody can ask for."""
        if change.before == change.after:
            return
        self._ids.clear()
        execute = self._connection.execute
        found = conversation(self._connection, change.before)
        if found is not None and not parting.is_whole(self._connection, found, change.since):
            other = self._conversation(change.after)
            parting.part(self._connection, self._index, found, other, change.since)
            return
        displaced = conversation(self._connection, change.after)
        if displaced is not None:
            key = f"{change.after} {displaced}"
            execute("UPDATE conversations SET key = ? WHERE id = ?", (key, displaced))
        execute("UPDATE conversations SET key = ? WHERE key = ?", (change.after, change.before))
        execute("DELETE FROM markers WHERE conversation = ?", (change.after,))
        execute(
            "UPDATE markers SET conversation = ? WHERE conversation = ?",
            (change.after, change.before),
        )


def _read(body: bytes) -> list[tuple[Item, Talk | None]]:
    return [(item, None) for item in ticks.decode(body)]
