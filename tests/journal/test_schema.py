"""The file: its version, and what is not touched."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path
from typing import TypeAlias

import msgspec
import pytest

from tests.journal.rig import File, integrity, number_at, said, texts
from trio_chat.core.entries import Change, Entry, Kept, Moved, Redacted, all_with, between
from trio_chat.core.ids import Position
from trio_chat.journal import schema
from trio_chat.journal.errors import JournalError, UnusableError
from trio_chat.journal.schema import MIGRATIONS

NEWER = len(MIGRATIONS) + 1

Item: TypeAlias = tuple[int, int, int, tuple[str, ...], str | Change]
"""Of a message its text, otherwise a change."""


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def store_as_before(connection: sqlite3.Connection, number: int, *items: Item) -> None:
    """Store a step as the first version did: an array of items, in which an event has its place,
    its kind, its standing and its keys, and a change -1 and nothing."""
    laid_out = [
        (*one[:4], (0, "al!u@h", "", False, 0, 0, "#a", one[4], ""))
        if isinstance(one[4], str)
        else one
        for one in items
    ]
    body = msgspec.msgpack.encode((1, laid_out))
    connection.execute("INSERT INTO log VALUES (?, ?)", (number, body))


def test_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    connection = schema.open_journal(path)
    assert schema.version(connection) == len(MIGRATIONS)
    assert schema.last_number(connection) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = {
        pragma: connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        for pragma in ("journal_mode", "synchronous", "auto_vacuum", "secure_delete")
    }
    assert found == {"journal_mode": "wal", "synchronous": 2, "auto_vacuum": 2, "secure_delete": 1}
    connection.close()


@pytest.mark.parametrize(("sync", "level"), [("full", 2), ("normal", 1), ("off", 0)])
def test_levels_of_sync(tmp_path: Path, sync: schema.Sync, level: int) -> None:
    connection = schema.open_journal(tmp_path / "journal.db", sync=sync)
    assert connection.execute("PRAGMA synchronous").fetchone() == (level,)
    connection.close()


def test_what_the_first_version_has_not_filed_is_there(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    old = schema.open_journal(path, migrations=MIGRATIONS[:1])
    store_as_before(
        old,
        number_at(1),
        (2, 1, 0, ("#a",), "third"),
        (0, 1, 0, ("#a",), "first"),
        (1, 1, 4, ("#a", "#b"), "second"),
    )
    redacted, moved = Redacted("#a", Position(number_at(1), 2)), Moved("#a", "#c")
    # What is said before and after a channel gets another name, in one step.
    store_as_before(
        old,
        number_at(2),
        (0, 1, 0, ("#a",), "fourth"),
        (-1, 0, 0, (), redacted),
        (-1, 0, 0, (), moved),
        (1, 1, 0, ("#a",), "of another channel"),
        (-1, 0, 0, (), Kept("t", "k", b"v")),
    )
    old.close()
    file = File(path)
    assert schema.version(file.connection) == len(MIGRATIONS)
    assert texts(file.page("#b", standing=4)) == ["second"]
    file.settle()
    assert texts(file.page("#c", standing=4)) == ["first", "second", "fourth"]
    assert texts(file.page("#c")) == ["first", "fourth"]
    assert texts(file.page("#a")) == ["of another channel"]
    assert file.one("SELECT value FROM kept") == b"v"
    file.close()


def test_a_step_of_the_first_version_that_is_damaged_is_left_for_who_files_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    old = schema.open_journal(path, migrations=MIGRATIONS[:1])
    old.execute("INSERT INTO log VALUES (1, x'00')")
    old.close()
    new = schema.open_journal(path)
    assert new.execute("SELECT body FROM log").fetchall() == [(b"\0",)]
    new.close()
    assert schema.examine(path) == len(MIGRATIONS)


def test_a_file_of_the_version_before_is_brought_up(tmp_path: Path) -> None:
    """As the next version will be: what was there is there, and all of it is of the new one."""

    def add(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE conversations ADD COLUMN colour TEXT NOT NULL DEFAULT ''")

    path = tmp_path / "journal.db"
    old = schema.open_journal(path)
    old.execute("INSERT INTO conversations (key) VALUES ('#a')")
    old.close()
    new = schema.open_journal(path, migrations=[*MIGRATIONS, add])
    assert schema.version(new) == len(MIGRATIONS) + 1
    assert new.execute("SELECT key, colour FROM conversations").fetchall() == [("#a", "")]
    new.close()
    assert integrity(path) == "ok"


def test_a_file_of_version_1_finds_what_is_said_from_now_on_by_name(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    old = schema.open_journal(path, migrations=MIGRATIONS[:1])
    old.execute("INSERT INTO conversations (id, key) VALUES (1, '@+x1 +x2')")
    old.execute("INSERT INTO parties VALUES ('+x1', 1), ('+x2', 1)")
    old.execute("INSERT INTO markers VALUES ('al', '#a', 5)")
    old.close()
    file = File(path)
    assert schema.version(file.connection) == len(MIGRATIONS)
    at = Position(number_at(1), 0)
    event = said("hello", at, channel="x")
    file.store(Entry(event, (between("al/1", "bo/2"),)), number=at.number)
    file.file()
    rows = file.connection.execute("SELECT party, name FROM parties ORDER BY conversation, party")
    assert rows.fetchall() == [("+x1", ""), ("+x2", ""), ("al/1", "bo"), ("bo/2", "al")]
    assert texts(file.read(all_with("al/1", "bo"))) == ["hello"]
    assert file.one("SELECT time FROM markers WHERE conversation = '#a'") == 5
    file.close()
    assert integrity(path) == "ok"


def test_an_empty_file_is_version_0(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.touch()
    assert schema.examine(path) == 0
    File(path).close()
    assert schema.examine(path) == len(MIGRATIONS)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        connection.execute("CREATE TABLE half (x)")

    path = tmp_path / "journal.db"
    schema.open_journal(path).close()
    with pytest.raises(JournalError, match=r"journal\.db can not be written: .*half"):
        schema.open_journal(path, migrations=[*MIGRATIONS, broken])
    connection = schema.open_journal(path)
    assert schema.version(connection) == len(MIGRATIONS)
    assert connection.execute("SELECT * FROM sqlite_master WHERE name = 'half'").fetchall() == []
    connection.close()


def test_what_was_stored_is_still_there(file: File) -> None:
    file.say("1")
    file.file()
    file.say("2")
    file.close()
    again = File(file.path)
    assert texts(again.page()) == ["1", "2"]
    assert schema.last_number(again.connection) == number_at(2)
    again.file()
    assert schema.last_number(again.connection) == number_at(2)
    again.close()


def corrupt(path: Path) -> None:
    path.write_bytes(b"What is this? " * 1000)


def torn(path: Path) -> None:
    File(path).close()
    path.write_bytes(path.read_bytes()[:5000])


def foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()


def newer(path: Path) -> None:
    File(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (corrupt, "is damaged, or no journal: file is not a database"),
        (torn, "is damaged, or no journal: database disk image is malformed"),
        (foreign, "is a database, but no journal of trio_chat"),
        (newer, f"is a journal of version {NEWER}: this program knows versions up to {NEWER - 1}"),
    ],
)
def test_what_can_not_be_used_is_not_touched(tmp_path: Path, make: object, sentence: str) -> None:
    path = tmp_path / "journal.db"
    assert callable(make)
    make(path)
    before = contents(tmp_path)
    with pytest.raises(UnusableError) as caught:
        schema.open_journal(path)
    assert str(caught.value) == f"{path} {sentence}"
    assert contents(tmp_path)["journal.db"] == before["journal.db"]


def test_a_file_that_can_not_be_made(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match="can not be written: No such file or directory"):
        schema.open_journal(tmp_path / "nowhere" / "journal.db")


def test_a_transaction_that_fails_is_undone(file: File) -> None:
    at = Position(number_at(1), 0)

    def fail() -> None:
        with schema.transaction(file.connection):
            file.store(said("x", at), number=at.number)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert file.page().entries == []
    assert not file.connection.in_transaction


@pytest.mark.parametrize(
    ("sync", "level", "inside"), [("full", 2, 1), ("normal", 1, 1), ("off", 0, 0)]
)
def test_what_can_be_done_again_waits_for_no_disk(
    tmp_path: Path, sync: schema.Sync, level: int, inside: int
) -> None:
    connection = schema.open_journal(tmp_path / "journal.db", sync=sync)

    def found() -> int:
        level: int = connection.execute("PRAGMA synchronous").fetchone()[0]
        return level

    def fail() -> None:
        with schema.relaxed(connection):
            assert found() == inside
            raise ZeroDivisionError

    with schema.relaxed(connection):
        assert found() == inside
    assert found() == level
    with pytest.raises(ZeroDivisionError):
        fail()
    assert found() == level
    connection.close()
