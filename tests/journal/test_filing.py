"""From the log to the conversations. What is read of it afterwards is in `test_reading.py`."""

from __future__ import annotations

import sqlite3

import pytest

from tests.journal.rig import File, number_at, said, texts
from trio_chat.core.entries import Entry, Kept, Moved, Redacted
from trio_chat.core.ids import Position
from trio_chat.journal import filing
from trio_chat.journal.blocks import BLOCK


def test_it_is_in_one_place_or_the_other(file: File) -> None:
    file.say("1", "2")
    assert file.filing.step() == 2
    assert file.one("SELECT count(*) FROM log") == 0
    assert file.one("SELECT count(*) FROM blocks") == 1
    assert file.filing.step() == 0


def test_a_step_is_of_a_bounded_size(file: File) -> None:
    file.say(*map(str, range(filing.STEPS + 10)))
    steps = [(file.filing.step(), file.filing.is_through) for _ in range(2)]
    assert steps == [(filing.STEPS, False), (10, True)]
    file.say(*("x" * 10_000 for _ in range(110)))
    steps = [(file.filing.step(), file.filing.is_through) for _ in range(2)]
    assert steps == [(100, False), (10, True)]


def test_what_fails_is_undone(file: File) -> None:
    file.say("1", channel="#new")
    file.connection.execute(
        "CREATE TEMP TRIGGER broken BEFORE DELETE ON log BEGIN SELECT raise(ABORT, 'no'); END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="no"):
        file.filing.step()
    assert file.one("SELECT count(*) FROM blocks") == 0
    assert file.one("SELECT count(*) FROM conversations") == 0
    assert texts(file.page("#new")) == ["1"]
    file.connection.execute("DROP TRIGGER broken")
    file.file()
    assert texts(file.page("#new")) == ["1"]


def test_a_block_is_of_one_conversation(file: File) -> None:
    for count in range(BLOCK + 1):
        file.say(str(count), channel="#a")
        file.say(str(count), channel="#b")
    file.file()
    found = file.connection.execute(
        "SELECT key, b.messages, first, last FROM blocks AS b"
        " JOIN conversations AS c ON c.id = conversation ORDER BY b.id"
    ).fetchall()
    assert found == [
        ("#a", BLOCK, number_at(1), number_at(2 * BLOCK - 1)),
        ("#a", 1, number_at(2 * BLOCK + 1), number_at(2 * BLOCK + 1)),
        ("#b", BLOCK, number_at(2), number_at(2 * BLOCK)),
        ("#b", 1, number_at(2 * BLOCK + 2), number_at(2 * BLOCK + 2)),
    ]


def test_places_decide_on_the_order(file: File) -> None:
    """However the records of a step come: what took its place first was shown first."""
    number = number_at(1)
    file.store(said("2", Position(number, 2)), said("1", Position(number, 1)), number=number)
    assert texts(file.page()) == ["1", "2"]
    file.file()
    assert texts(file.page()) == ["1", "2"]


def test_a_change_is_made_where_it_stands(file: File) -> None:
    """A room is renamed in the middle of a step, and another gets its name."""
    number = number_at(1)
    file.store(
        said("1", Position(number, 0), channel="#a"),
        Moved("#a", "#b"),
        said("2", Position(number, 1), channel="#b"),
        said("new", Position(number, 2), channel="#a"),
        Redacted("#b", Position(number, 0)),
        Kept("t", "k", b"1"),
        Kept("t", "k", b"2"),
        number=number,
    )
    file.file()
    assert texts(file.page("#b")) == ["2"]
    assert texts(file.page("#a")) == ["new"]
    assert file.one("SELECT value FROM kept") == b"2"


def test_what_was_there_is_kept_but_not_read(file: File) -> None:
    file.say("of another room", channel="#b")
    file.say("1", channel="#a")
    file.change(Moved("#a", "#b"))
    file.change(Moved("#b", "#b"))
    file.file()
    assert texts(file.page("#b")) == ["1"]
    keys = {key for (key,) in file.connection.execute("SELECT key FROM conversations")}
    assert keys == {"#b", "#b 1"}


def test_to_take_back_what_is_not_there(file: File) -> None:
    at = file.say("1", "2")
    file.file()
    for position in (Position(at[0].number, 5), Position(1, 0), Position(number_at(99), 0)):
        file.change(Redacted("#a", position), Redacted("#nowhere", position))
    file.file()
    assert texts(file.page()) == ["1", "2"]
    assert file.one("SELECT messages FROM conversations") == 2


def test_what_is_taken_back_is_not_in_the_file(file: File) -> None:
    at = file.say("verysecretword", "hay")
    file.settle()
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    file.change(Redacted("#a", at[0]))
    file.settle()
    file.connection.execute("INSERT INTO words(words) VALUES ('optimize')")
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert b"verysecretword" not in file.path.read_bytes()
    assert texts(file.page()) == ["hay"]


def test_more_conversations_than_are_kept_at_hand(
    file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "_KNOWN", 3)
    for _ in range(2):
        keys = tuple(f"#r{count}" for count in range(10))
        file._last += 1
        number = number_at(file._last)
        file.store(Entry(said("x", Position(number, 0)), keys), number=number)
        file.file()
    assert file.one("SELECT count(*) FROM conversations") == 10
    assert texts(file.page("#r7")) == ["x", "x"]
