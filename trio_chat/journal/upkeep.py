"""What an operator does with a journal: check it, export it, copy it, search it, prune it, and
look at what is kept in it besides.

All but pruning only read, and can be done while a server writes: each sees one state of the file.
Every function raises `JournalError` with a sentence when it can not be done, and tells `progress`
how much is done, of how much.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from trio_chat.core import ids
from trio_chat.core.encoding import timestamp
from trio_chat.core.entries import Kept
from trio_chat.core.ids import END, START
from trio_chat.core.questions import (
    EVERYTHING,
    MESSAGES,
    REDACTIONS,
    Bound,
    Place,
    Search,
    Shown,
    Unfinished,
    Wanted,
)
from trio_chat.journal import blocks, reading, records, schema, search, ticks
from trio_chat.journal.blocks import Piece
from trio_chat.journal.errors import DAMAGED, JournalError, UnusableError
from trio_chat.journal.filing import SET_ASIDE, Filing
from trio_chat.journal.indexing import Index
from trio_chat.journal.lock import JOURNAL, Lock
from trio_chat.journal.pruning import Pruning
from trio_chat.journal.readers import Deadline, ask
from trio_chat.journal.retention import Retention

Progress = Callable[[int, int], None]

_AT_ONCE = 500
"""Entries between two reports."""
_PAGES = 128
"""Pages of the file between two reports."""
_HOURS = 100 * 3600.0
"""Seconds that a question of an operator's may take, but for a search."""


@contextlib.contextmanager
def _reading(directory: Path) -> Iterator[sqlite3.Connection]:
    """Open a directory's journal to read one state of it."""
    path = directory / JOURNAL
    if not path.exists():
        raise UnusableError(f"there is no journal in {directory}")
    if not schema.examine(path):
        raise UnusableError(f"{path} is empty")
    with _said(path):
        connection = schema.connect_to_read(path)
        try:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM meta").fetchone()
            yield connection
        finally:
            connection.close()


@contextlib.contextmanager
def _said(path: Path) -> Iterator[None]:
    """Have errors said in a sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"{path}: {error}") from error
    except DAMAGED as error:
        raise JournalError(f"{path} has something in it that is not readable: {error}") from error


def check(directory: Path, progress: Progress) -> list[str]:
    """Return what is wrong with a journal, a sentence each: nothing, if it is as it should be."""
    faults: list[str] = []
    with _reading(directory) as connection:
        try:
            said = [fault for (fault,) in connection.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            said = [str(error)]
        faults += [f"SQLite says: {fault}" for fault in said if fault != "ok"]
        if faults:
            # What is in there may be anything.
            return faults
        total = connection.execute("SELECT count(*) FROM blocks").fetchone()[0]
        counted: dict[int, int] = {}
        previous: dict[int, tuple[int, int]] = {}
        rows = connection.execute(
            "SELECT id, conversation, first, last, body FROM blocks"
            " ORDER BY conversation, first, id"
        )
        for done, (block, found, first, last, body) in enumerate(rows):
            if not done % _AT_ONCE:
                progress(done, total)
            try:
                lines = blocks.decode(body)
                for line in lines:
                    if not line.is_gone:
                        records.decode(line.data, ids.Position(line.number, line.place))
            except DAMAGED as error:
                faults.append(f"block {block} can not be read: {error}")
                continue
            places = [blocks.position_of(line) for line in lines]
            before = previous.get(found, (-1, -1))
            if sorted({before, *places}) != [before, *places]:
                faults.append(f"block {block} is out of order")
            if (first, last) != (places[0][0], places[-1][0]):
                faults.append(f"block {block} says other steps than it has")
            previous[found] = places[-1]
            counted[found] = counted.get(found, 0) + sum(line.kind == MESSAGES for line in lines)
        for found, key, messages in connection.execute(
            "SELECT id, key, messages FROM conversations"
        ):
            if counted.pop(found, 0) != messages:
                faults.append(f"{key} says another number of messages than it has")
        if counted:
            faults.append("there are blocks of no conversation")
        for number, body in connection.execute("SELECT number, body FROM log"):
            try:
                for item in ticks.decode(body):
                    if isinstance(item, Piece):
                        for at, place, _, _, data in blocks.lines_of(item):
                            records.decode(data, ids.Position(at, place))
            except DAMAGED as error:
                faults.append(f"step {number} can not be read: {error}")
        for (key,) in connection.execute("SELECT key FROM kept WHERE kind = ?", (SET_ASIDE,)):
            faults.append(f"step {key} could not be read, and was set aside")
        progress(total, total)
    return faults


def export(
    directory: Path,
    write: Callable[[bytes], object],
    progress: Progress,
    *,
    key: str | None = None,
    after: int | None = None,
    before: int | None = None,
) -> int:
    """Write what happened as lines of JSON, one conversation after another, each in its order;
    return how many.

    `key`: one conversation only. `after` and `before` are times in milliseconds, excluded.
    """
    low: Bound = START if after is None else after
    high: Bound = END if before is None else before
    count = 0
    with _reading(directory) as connection:
        log = reading.Log(connection)
        keys = {one for (one,) in connection.execute("SELECT key FROM conversations")}
        keys.update(log.keys)
        if key is not None and key not in keys:
            raise JournalError(f"nothing is kept of {key}")
        these = sorted(keys) if key is None else [key]
        total = connection.execute("SELECT count(*) FROM blocks").fetchone()[0] * blocks.BLOCK
        for conversation in these:
            wanted = Wanted(
                place=Place(conversation, standing=1 << 62),
                after=low,
                before=high,
                limit=_AT_ONCE,
                latest=False,
                kinds=EVERYTHING | REDACTIONS,
            )
            while True:
                page = reading.page(connection, Deadline(_HOURS), wanted, log)
                write(b"".join(map(line_of_json, page.entries)))
                count += len(page.entries)
                progress(min(count, total), total)
                if not page.more:
                    break
                wanted = msgspec.structs.replace(wanted, after=page.entries[-1].position)
        progress(total, total)
    return count


def line_of_json(shown: Shown) -> bytes:
    """Return an entry as a line of JSON: where, when and by whom, and what its kind has."""
    event = shown.event
    values: dict[str, object] = {
        "conversation": shown.conversation,
        "time": timestamp(event.time),
        "id": event.id,
        "source": event.source.prefix,
        "account": event.source.account or None,
        "event": type(event).__name__,
    }
    for name in event.__struct_fields__:
        if name not in ("time", "source", "id"):
            value = getattr(event, name)
            values["joined_account" if name in values else name] = value
    return msgspec.json.encode(values) + b"\n"


def backup(directory: Path, target: Path, progress: Progress) -> None:
    """Copy a journal to a file that is not there yet, while it may be written: the copy is of one
    moment, and whole or not there."""
    part = target.with_name(f"{target.name}.part")
    with _reading(directory) as connection, _said(target):
        if target.exists():
            raise JournalError(f"{target} is there already")
        try:
            part.unlink(missing_ok=True)
            part.touch(mode=0o600)
            _copy(connection, part, progress)
            part.rename(target)
        except OSError as error:
            raise JournalError(f"{target} can not be written: {error.strerror}") from None
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def _copy(connection: sqlite3.Connection, part: Path, progress: Progress) -> None:
    copy = sqlite3.connect(part)
    try:
        connection.backup(
            copy,
            pages=_PAGES,
            progress=lambda _, left, total: progress(total - left, total),
            # The transaction holds one state: a commit does not make it begin again.
            sleep=0.001,
        )
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close()
    with part.open("rb") as file:
        os.fsync(file.fileno())


def kept(directory: Path, *tables: str) -> list[dict[str, bytes]]:
    """Return the values of tables (`core.entries.Kept`), each by key, as they are at one moment."""
    found: dict[str, dict[str, bytes]] = {table: {} for table in tables}
    with _reading(directory) as connection:
        for table, values in found.items():
            rows = connection.execute("SELECT key, value FROM kept WHERE kind = ?", (table,))
            values.update(rows)
        for change in reading.Log(connection).changes:
            if isinstance(change, Kept) and change.table in found:
                if change.value is None:
                    found[change.table].pop(change.key, None)
                else:
                    found[change.table][change.key] = change.value
    return list(found.values())


def find(directory: Path, wanted: Search) -> list[Shown] | Unfinished:
    """Return what is searched for, wherever it was said; see `search.search`."""
    with _reading(directory) as connection:
        connection.rollback()
        return ask(
            connection,
            lambda one, deadline: search.search(one, deadline, wanted),
            search.SECONDS,
        )


def prune(directory: Path, retention: Retention, progress: Progress) -> int:
    """Do away with what is not to be kept, and give its place in the file back; return how many
    blocks are gone. A server does that by itself, so there must be none."""
    path = directory / JOURNAL
    if not path.exists():
        raise UnusableError(f"there is no journal in {directory}")
    with Lock(directory), _said(path):
        connection = schema.open_journal(path)
        try:
            index = Index.opened(connection)
            filing = Filing(connection, index)
            while filing.step():
                pass
            count = "SELECT count(*) FROM blocks"
            before: int = connection.execute(count).fetchone()[0]
            pruning = Pruning(connection, retention, index)
            now = ids.milliseconds(time.time())
            while pruning.step(now):
                progress(before - connection.execute(count).fetchone()[0], before)
            connection.executescript("PRAGMA incremental_vacuum")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            progress(before, before)
            left: int = connection.execute(count).fetchone()[0]
            return before - left
        finally:
            connection.close()
