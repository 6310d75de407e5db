"""The journal's file: its tables, its version, and how it is opened.

The version is `PRAGMA user_version`. `MIGRATIONS` take a file from one version to the next, each in
one transaction with the new number, so that a file is of one version or the other whatever happens.
What is opened is looked at read-only first: what can not be used is not touched.

The tables:

- `log`: a row for each step that has something to be stored, until it is filed.
- `blocks`: what has been filed, some entries of one conversation in each row.
- `conversations`, `parties`: whose they are.
- `kept`, `markers`: what outlives a restart besides.
- `meta`: numbers of the journal itself.
- `words`: the full-text index of the blocks, where SQLite has FTS5 (`indexing.py`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import quote

import msgspec

from trio_chat.journal import ticks
from trio_chat.journal.errors import DAMAGED, JournalError, UnusableError

Sync: TypeAlias = Literal["full", "normal", "off"]
"""What a commit waits for (`PRAGMA synchronous`)."""

APPLICATION = 0x7472_696F
"""`PRAGMA application_id`: "trio"."""

_NORMAL, _FULL = 1, 2
"""Levels of `PRAGMA synchronous`: with the second each commit waits for the disk."""

_BUSY = 1.0
"""Seconds that a statement waits for another process's lock."""

Migration: TypeAlias = Callable[[sqlite3.Connection], None]


def _version_1(connection: sqlite3.Connection) -> None:
    for statement in (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE log (number INTEGER PRIMARY KEY, body BLOB NOT NULL)",
        # `latest` is the number of the last message that everybody there may read, `messages`
        # how many messages there are.
        """CREATE TABLE conversations (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            latest INTEGER NOT NULL DEFAULT 0,
            messages INTEGER NOT NULL DEFAULT 0
        )""",
        """CREATE TABLE parties (
            party TEXT NOT NULL,
            conversation INTEGER NOT NULL,
            PRIMARY KEY (party, conversation)
        ) WITHOUT ROWID""",
        # `first` and `last` are numbers of steps, `kinds` what kinds of entries it has, in bits.
        # The body comes last: what only looks for blocks does not read it.
        """CREATE TABLE blocks (
            id INTEGER PRIMARY KEY,
            conversation INTEGER NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            kinds INTEGER NOT NULL,
            messages INTEGER NOT NULL,
            body BLOB NOT NULL
        )""",
        "CREATE INDEX blocks_of ON blocks (conversation, first)",
        """CREATE TABLE kept (
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (kind, key)
        ) WITHOUT ROWID""",
        """CREATE TABLE markers (
            reader TEXT NOT NULL,
            conversation TEXT NOT NULL,
            time INTEGER NOT NULL,
            PRIMARY KEY (reader, conversation)
        ) WITHOUT ROWID""",
        "INSERT INTO meta VALUES ('last', 0), ('searched', 0)",
    ):
        connection.execute(statement)


def _version_2(connection: sqlite3.Connection) -> None:
    for statement in (
        # By what name a party finds a conversation again: that of the other one.
        "ALTER TABLE parties ADD COLUMN name TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX parties_by_name ON parties (party, name)",
        "CREATE INDEX markers_of ON markers (conversation)",
    ):
        connection.execute(statement)


def _version_3(connection: sqlite3.Connection) -> None:
    """Lay out anew what is not filed (`ticks.py`)."""
    for number, body in connection.execute("SELECT number, body FROM log").fetchall():
        # What is damaged is set aside when its turn comes to be filed.
        with suppress(*DAMAGED):
            connection.execute(
                "UPDATE log SET body = ? WHERE number = ?", (ticks.brought_up(number, body), number)
            )


def _version_4(connection: sqlite3.Connection) -> None:
    """Have the full-text index made anew (`indexing.py`), which had formatting codes in it: nothing
    could be taken out of it any more."""
    connection.execute("UPDATE meta SET value = -1 WHERE name = 'searched' AND value > 0")


MIGRATIONS: Sequence[Migration] = (_version_1, _version_2, _version_3, _version_4)
"""What makes version n + 1 of version n; version 0 is an empty file."""

Connect: TypeAlias = Callable[[Path], sqlite3.Connection]
"""What opens a connection that can be used in any thread, in autocommit mode."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a file for reading and writing; make it if it is not there."""
    return sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a file that is there, for reading only."""
    name = f"file:{quote(str(path))}?mode=ro"
    return sqlite3.connect(
        name, uri=True, timeout=_BUSY, isolation_level=None, check_same_thread=False
    )


def version(connection: sqlite3.Connection) -> int:
    """Return the version of an open file."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def examine(path: Path, newest: int = len(MIGRATIONS)) -> int:
    """Return the version of the file at `path`, 0 where there is none, and touch nothing.

    Raises `UnusableError` for what is no journal, is damaged, or is of a later version.
    """
    try:
        if not path.exists() or path.stat().st_size == 0:
            return 0
    except OSError as error:
        raise UnusableError(f"{path} can not be read: {error.strerror}") from None
    try:
        connection = connect_to_read(path)
        try:
            found = version(connection)
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if application == APPLICATION and 0 < found <= newest:
                connection.execute("SELECT max(number) FROM log").fetchone()
                connection.execute("SELECT max(id) FROM blocks").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise UnusableError(f"{path} is damaged, or no journal: {error}") from None
    if application != APPLICATION and tables:
        raise UnusableError(f"{path} is a database, but no journal of trio_chat")
    if found > newest:
        raise UnusableError(
            f"{path} is a journal of version {found}: this program knows versions up to {newest}"
        )
    return found


def open_journal(
    path: Path,
    *,
    sync: Sync = "full",
    connect: Connect = connect,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> sqlite3.Connection:
    """Open a journal to write to it: make it, or bring it to the newest version, first.

    Raises `UnusableError` for what is not one (and touches nothing), `JournalError` when it can not
    be written.
    """
    found = examine(path, len(migrations))
    try:
        # What people write to each other is nobody else's on this machine.
        path.touch(mode=0o600)
        connection = connect(path)
    except OSError as error:
        raise UnusableError(f"{path} can not be written: {error.strerror}") from None
    except sqlite3.Error as error:
        raise JournalError(f"{path} can not be opened: {error}") from None
    try:
        if found == 0:
            # Only an empty file can be told this.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {sync}")
        # What is redacted or pruned is not left behind in the file.
        connection.execute("PRAGMA secure_delete = ON")
        # Copying the WAL into the file is a chore (`chores.py`); this is for when it is never done.
        connection.execute("PRAGMA wal_autocheckpoint = 16000")
        for number in range(found, len(migrations)):
            with transaction(connection):
                migrations[number](connection)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {number + 1}")
    except sqlite3.Error as error:
        connection.close()
        raise JournalError(f"{path} can not be written: {error}") from None
    except msgspec.DecodeError as error:
        connection.close()
        raise UnusableError(f"{path} is damaged: {error}") from None
    return connection


def touch(connection: sqlite3.Connection) -> None:
    """Write what is there already: its version. That is a page, and a transaction."""
    connection.execute(f"PRAGMA user_version = {version(connection)}")


def last_number(connection: sqlite3.Connection) -> int:
    """Return the number of the last step that was stored; 0: none was."""
    found: int = connection.execute(
        "SELECT max(coalesce((SELECT max(number) FROM log), 0),"
        " (SELECT value FROM meta WHERE name = 'last'))"
    ).fetchone()[0]
    return found


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do what is done in here wholly or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has done it by itself after some errors.
        if connection.in_transaction:
            connection.rollback()
        raise


@contextmanager
def relaxed(connection: sqlite3.Connection) -> Iterator[None]:
    """Let no transaction in here wait for the disk: for those that can be done again.

    What the WAL has lost after a power cut is its end. So if one of these is gone, nothing that was
    stored later has been said to be, and what it was made of is still there.
    """
    level: int = connection.execute("PRAGMA synchronous").fetchone()[0]
    if level < _FULL:
        yield
        return
    connection.execute(f"PRAGMA synchronous = {_NORMAL}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA synchronous = {level}")
