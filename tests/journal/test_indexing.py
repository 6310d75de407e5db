"""The full-text index: what is at hand and what is read from the file make the same one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal.rig import File, number_at, said
from trio_chat.core.entries import Moved, Record, Redacted
from trio_chat.core.ids import Position
from trio_chat.core.names import fold
from trio_chat.journal import indexing
from trio_chat.journal.filing import Filing
from trio_chat.journal.indexing import Index
from trio_chat.journal.pruning import Pruning
from trio_chat.journal.retention import Retention

ROOMS = ("#a", "#b", "#c")
SPEECH = st.tuples(st.sampled_from(ROOMS), st.sampled_from(("al", "bo")), st.integers(1, 80))
DEEDS = st.one_of(
    st.lists(SPEECH, min_size=1, max_size=3),
    st.sampled_from(("file", "index", "redact", "move", "part", "prune")),
)


def contents(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return the index: which terms stand in which documents."""
    connection.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab(main, words, instance)"
    )
    return sorted(connection.execute("SELECT term, doc FROM terms").fetchall())


class Forgetful(File):
    """A journal that knows only what is in its file: all that it has at hand is lost each time."""

    def forget(self) -> None:
        self.index = Index.opened(self.connection)
        self.filing = Filing(self.connection, self.index)


def play(file: File, deeds: Sequence[object]) -> None:
    """Do these deeds, a step each."""
    positions: list[tuple[str, Position]] = []
    keys = {room: room for room in ROOMS}
    for step, deed in enumerate(deeds, 1):
        if isinstance(file, Forgetful):
            file.forget()
        number = number_at(step)
        records: list[Record] = []
        if isinstance(deed, list):
            for room, who, count in deed:
                for _ in range(count):
                    at = Position(number, len(records))
                    text = f"word{step} of{len(records) % 7}"
                    records.append(said(text, at, channel=room, who=who))
                    positions.append((room, at))
        elif deed == "file":
            file.file()
        elif deed == "index":
            file.file()
            assert file.index is not None
            file.index.step()
        elif deed == "prune":
            file.file()
            pruning = Pruning(file.connection, Retention(messages=100), file.index)
            while pruning.step(0):
                pass
            file.filing.forget()
        elif deed == "redact" and positions:
            room, at = positions[len(positions) // 2]
            records.append(Redacted(keys[room], at))
        elif deed == "move":
            records.append(Moved("#a", f"#a{step}"))
        elif deed == "part" and positions:
            records.append(Moved("#b", f"#b{step}", positions[len(positions) // 2][1]))
        if records:
            file.store(*records, number=number)
    file.settle()


@settings(max_examples=60)
@given(st.lists(DEEDS, max_size=12))
def test_it_is_the_same_whatever_is_at_hand(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[object]
) -> None:
    directory = tmp_path_factory.mktemp("journals")
    found = []
    for kind in (File, Forgetful):
        file = kind(directory / f"{kind.__name__}.db")
        play(file, deeds)
        blocks = file.connection.execute("SELECT * FROM blocks ORDER BY id").fetchall()
        found.append((contents(file.connection), blocks))
        file.connection.close()
    assert found[0] == found[1]


def test_what_is_at_hand_is_bounded(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "FRESH", 5)
    assert file.index is not None
    file.settle()
    assert file.index.is_at_hand
    file.say("a", "b", "c")
    file.file()
    assert (file.index.waiting, file.index.is_at_hand) == (3, True)
    file.say("d", "e", "f")
    file.file()
    # Then it is read from the file.
    assert (file.index.waiting, file.index.is_at_hand) == (0, False)
    file.settle()
    assert file.index.is_at_hand
    assert {term for term, _ in contents(file.connection)} >= set("abcdef")


def test_what_is_moved_as_it_is_filed_is_read_from_the_file(file: File) -> None:
    assert file.index is not None
    file.settle()
    assert file.index.is_at_hand
    file.say("a", "b")
    file.change(Moved("#a", "#b"))
    file.file()
    # It has not been noted, so there is more than what is at hand.
    assert (file.index.waiting, file.index.is_at_hand) == (0, False)
    file.settle()
    assert {term for term, _ in contents(file.connection)} >= set("ab")


def test_who_said_it_is_a_term_too(tmp_path: Path) -> None:
    file = File(tmp_path / "journal.db")
    file.say("hello", who="Al")
    file.settle()
    terms = {term for term, _ in contents(file.connection)}
    file.connection.close()
    assert terms == {
        "hello",
        indexing.PLACE + "1",
        indexing.SENDER + fold("al").encode().hex(),
    }
