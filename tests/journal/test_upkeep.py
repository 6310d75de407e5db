"""What an operator does with a journal."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

import pytest

from tests.journal.rig import MS, START, File, integrity, joined, number_at, said, texts
from trio_chat.core import ids
from trio_chat.core.entries import Entry, Redacted, between
from trio_chat.core.events import Redaction, Source
from trio_chat.core.ids import Position
from trio_chat.core.questions import Search
from trio_chat.journal import upkeep
from trio_chat.journal.blocks import BLOCK
from trio_chat.journal.errors import InUseError, JournalError, UnusableError
from trio_chat.journal.lock import Lock
from trio_chat.journal.retention import Retention


class Bar:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.told.append((done, total))

    def is_through(self) -> bool:
        return self.told == sorted(self.told) and self.told[-1][0] == self.told[-1][1]


@pytest.fixture
def bar() -> Bar:
    return Bar()


def exported(directory: Path, bar: Bar, **what: object) -> list[dict[str, object]]:
    lines: list[bytes] = []
    count = upkeep.export(directory, lines.append, bar, **what)  # type: ignore[arg-type]
    found = [json.loads(line) for line in b"".join(lines).splitlines()]
    assert count == len(found)
    assert bar.is_through()
    return found


# --- Check


def test_a_sound_journal(file: File, tmp_path: Path, bar: Bar) -> None:
    at = file.say(*map(str, range(200)))
    file.say("b", channel="#b")
    file.file()
    file.change(Redacted("#a", at[7]))
    file.settle()
    file.say("in the log")
    assert upkeep.check(tmp_path, bar) == []
    assert bar.is_through()


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE blocks SET body = x'ff' WHERE id = 1", "block 1 can not be read: "),
        ("UPDATE blocks SET last = last + 1 WHERE id = 1", "block 1 says other steps than it has"),
        ("UPDATE conversations SET messages = 7", "#a says another number of messages than it"),
        ("DELETE FROM conversations", "there are blocks of no conversation"),
        ("INSERT INTO log VALUES (1, x'00')", "step 1 can not be read: "),
        (
            "INSERT INTO kept VALUES ('damaged', '7', x'00')",
            "step 7 could not be read, and was set aside",
        ),
        (
            "UPDATE blocks SET body = (SELECT body FROM blocks WHERE id = 1) WHERE id = 2",
            "block 2 is out of order",
        ),
    ],
)
def test_what_is_wrong_is_found(
    file: File, tmp_path: Path, bar: Bar, statement: str, fault: str
) -> None:
    file.say(*map(str, range(2 * BLOCK)))
    file.file()
    file.connection.execute(statement)
    assert any(one.startswith(fault) for one in upkeep.check(tmp_path, bar))


def test_what_the_disk_has_spoilt_is_found(file: File, tmp_path: Path, bar: Bar) -> None:
    file.say(*map(str, range(2 * BLOCK)))
    file.file()
    page = file.one("SELECT rootpage FROM sqlite_master WHERE name = 'blocks_of'")
    assert isinstance(page, int)
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with file.path.open("r+b") as spoilt:
        spoilt.seek((page - 1) * 4096 + 8)
        spoilt.write(b"\xaa" * 4000)
    found = upkeep.check(tmp_path, bar)
    assert found
    assert all(one.startswith("SQLite says: ") for one in found)


def test_where_there_is_none(tmp_path: Path, bar: Bar) -> None:
    for what in (
        lambda: upkeep.check(tmp_path, bar),
        lambda: upkeep.export(tmp_path, list, bar),
        lambda: upkeep.backup(tmp_path, tmp_path / "copy", bar),
        lambda: upkeep.prune(tmp_path, Retention(), bar),
        lambda: upkeep.find(tmp_path, Search(text="x", places=None)),
    ):
        with pytest.raises(UnusableError, match=f"there is no journal in {tmp_path}"):
            what()
    assert list(tmp_path.iterdir()) == []


# --- Export


def test_an_export_has_everything_in_order(file: File, tmp_path: Path, bar: Bar) -> None:
    number = number_at(1)
    file.store(
        said("hi\x1b", Position(number, 0)),
        joined(Position(number, 1)),
        Entry(said("ops", Position(number, 2), channel="@#a"), ("#a",), 4),
        Entry(said("psst", Position(number, 3), channel="bo"), (between("bo", "al"),)),
        number=number,
    )
    file._last = 1
    file.say("b", channel="#b")
    file.file()
    gone = file.say("secret")
    file.change(Redacted("#a", gone[0]))
    file.say("last")
    found = exported(tmp_path, bar)
    assert [(one["conversation"], one.get("text")) for one in found] == [
        ("#a", "hi\x1b"),
        ("#a", None),
        ("#a", "ops"),
        ("#a", "last"),
        ("#b", "b"),
        ("@al bo", "psst"),
    ]
    assert found[0] == {
        "conversation": "#a",
        "time": "2023-11-14T22:13:20.001Z",
        "id": said("", Position(number, 0)).id,
        "source": "al!u@h",
        "account": None,
        "event": "Said",
        "kind": "PRIVMSG",
        "target": "#a",
        "text": "hi\x1b",
        "client_tags": "",
    }
    assert found[1]["joined_account"] == "*"


def test_an_export_says_what_was_taken_back_but_not_what_it_was(
    file: File, tmp_path: Path, bar: Bar
) -> None:
    (at,) = file.say("secret")
    number = number_at(2)
    taken = Redaction(
        time=START + 0.002,
        source=Source(prefix="op!u@h"),
        id=ids.encode(number, 0),
        target="#a",
        msgid=ids.encode(*at),
        reason="spam",
    )
    file.store(Redacted("#a", at), Entry(taken, ("#a",)), number=number)
    for _ in range(2):
        (line,) = exported(tmp_path, bar)
        assert line["event"] == "Redaction"
        assert line["source"] == "op!u@h"
        assert (line["target"], line["msgid"], line["reason"]) == ("#a", ids.encode(*at), "spam")
        file.settle()


def test_an_export_of_a_room_and_a_time(file: File, tmp_path: Path, bar: Bar) -> None:
    file.say(*map(str, range(1200)))
    file.say("b", channel="#b")
    file.settle()
    assert len(exported(tmp_path, bar)) == 1201
    bar.told.clear()
    found = exported(tmp_path, bar, key="#a", after=MS + 100, before=MS + 1150)
    assert [one["text"] for one in found] == [str(place) for place in range(100, 1149)]
    bar.told.clear()
    with pytest.raises(JournalError, match="nothing is kept of #nowhere"):
        exported(tmp_path, bar, key="#nowhere")


# --- Backup


def test_a_backup_is_a_journal(file: File, tmp_path: Path, bar: Bar) -> None:
    file.say(*(f"{count} {'x' * 400}" for count in range(3000)))
    file.settle()
    file.say("last")
    target = tmp_path / "else" / "copy.db"
    target.parent.mkdir()
    upkeep.backup(tmp_path, target, bar)
    assert bar.is_through()
    assert len(bar.told) > 2
    assert integrity(target) == "ok"
    assert [path.name for path in target.parent.iterdir()] == ["copy.db"]
    copy = File(target)
    assert copy.page(limit=5000) == file.page(limit=5000)
    copy.close()


def test_a_backup_is_of_one_moment_although_it_is_written_to(file: File, tmp_path: Path) -> None:
    file.say(*(f"{count} {'x' * 400}" for count in range(3000)))
    steps = 0

    def meanwhile(done: int, total: int) -> None:
        nonlocal steps
        steps += 1
        assert steps < 50, "it begins again and again"
        file.say(f"meanwhile {'y' * 400}")
        file.file()

    upkeep.backup(tmp_path, tmp_path / "copy.db", meanwhile)
    copy = File(tmp_path / "copy.db")
    there = texts(copy.page(limit=5000))
    assert [text[:5] for text in there] == [f"{count} {'x' * 400}"[:5] for count in range(3000)]
    copy.close()


def test_a_backup_takes_nothing_s_place(file: File, tmp_path: Path, bar: Bar) -> None:
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(JournalError, match=r"copy\.db is there already"):
        upkeep.backup(tmp_path, tmp_path / "copy.db", bar)
    assert (tmp_path / "copy.db").read_text() == "mine"
    with pytest.raises(JournalError, match=r"x can not be written: No such file or directory"):
        upkeep.backup(tmp_path, tmp_path / "nowhere" / "x", bar)


# --- Search and prune


def test_an_operator_finds_it_everywhere(file: File, tmp_path: Path) -> None:
    file.say("The needle", channel="#b")
    number = number_at(9)
    file.store(Entry(said("needle", Position(number, 0)), ("@al bo",), 4), number=number)
    file.settle()
    found = upkeep.find(tmp_path, Search(text="NEEDLE", places=None))
    assert isinstance(found, list)
    assert [shown.conversation for shown in found] == ["#b", "@al bo"]


def test_pruning_makes_the_file_smaller(file: File, tmp_path: Path, bar: Bar) -> None:
    file.say(*(f"{count} {'x' * 400}" for count in range(5000)))
    file.close()
    before = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert upkeep.prune(tmp_path, Retention(messages=100), bar) >= (5000 - 100) // BLOCK
    assert bar.is_through()
    bar.told.clear()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < before / 5
    assert upkeep.prune(tmp_path, Retention(days=1), bar) > 0
    assert time.time() * 1000 > MS + 86_400_000
    again = File(file.path)
    assert again.page().entries == []
    again.close()
    file.connection = sqlite3.connect(file.path)


def test_a_server_prunes_by_itself(file: File, tmp_path: Path, bar: Bar) -> None:
    with Lock(tmp_path), pytest.raises(InUseError, match="another server"):
        upkeep.prune(tmp_path, Retention(messages=1), bar)
