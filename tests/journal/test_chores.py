"""What the writer does between commits, and when."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
import structlog.testing

from tests.journal.rig import MS, File, number_at, said, texts
from trio_chat.core.entries import Moved, Record, Redacted
from trio_chat.core.ids import Position
from trio_chat.journal import chores, schema, ticks
from trio_chat.journal.blocks import BLOCK
from trio_chat.journal.chores import Chores
from trio_chat.journal.retention import Retention
from trio_chat.journal.ticks import Tick


class Hands:
    """Chores with a clock that only the test moves."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.time = 100.0
        self.chores = Chores(
            file.connection,
            retention=Retention(),
            clock=lambda: self.time,
            now=lambda: MS,
        )
        self.all()
        self.time += chores.EMPTIED_AFTER
        self.all()

    def store(self, count: int, *, entries: int = 1) -> None:
        for _ in range(count):
            self.file._last += 1
            number = number_at(self.file._last)
            tick = ticks.encode(
                number, [said("x", Position(number, place)) for place in range(entries)]
            )
            self.file.connection.execute("INSERT INTO log VALUES (?, ?)", tick.row)
            self.chores.stored(tick)

    def all(self) -> int:
        """Do what there is to do now."""
        steps = 0
        while self.chores.rest() == 0:
            self.chores.step()
            steps += 1
        return steps

    @property
    def waiting(self) -> object:
        return self.file.one("SELECT count(*) FROM log")

    @property
    def searched(self) -> object:
        return self.file.one("SELECT value FROM meta WHERE name = 'searched'")


@pytest.fixture
def hands(file: File) -> Hands:
    return Hands(file)


def test_with_nothing_to_do_there_is_rest(hands: Hands) -> None:
    assert 50 < hands.chores.rest() <= 60


def test_a_little_is_filed_and_indexed_after_a_while(hands: Hands) -> None:
    hands.store(3)
    assert hands.chores.rest() == pytest.approx(chores.FILED_AFTER)
    hands.time += chores.FILED_AFTER
    hands.all()
    assert (hands.waiting, hands.searched) == (0, 1)
    assert hands.chores.rest() > 10


def test_much_is_filed_at_once(hands: Hands) -> None:
    hands.store(1, entries=chores.FILED_FROM - 2)
    assert hands.chores.rest() > 0
    hands.store(1)
    assert hands.chores.rest() == 0
    hands.all()
    assert hands.waiting == 0


def test_more_than_a_step_is_filed_in_several(hands: Hands) -> None:
    hands.store(chores.FILED_FROM // 2)
    hands.all()
    assert hands.waiting == 0


def test_commits_wait_only_for_very_much(hands: Hands) -> None:
    pressing = []
    for count in (80, 1):
        # A step counts as one more than its entries.
        hands.store(count, entries=chores.FILED_ANYWAY // 81)
        pressing.append(hands.chores.pressing)
    hands.chores.step()
    assert [*pressing, hands.chores.pressing] == [False, True, False]


def test_what_is_in_the_log_already_is_filed(file: File) -> None:
    file.say("1")
    hands = Hands(file)
    hands.store(1)
    hands.time += 1
    hands.all()
    assert hands.waiting == 0


def test_the_wal_does_not_grow_for_ever(hands: Hands) -> None:
    wal = hands.file.path.with_name("journal.db-wal")
    sizes = []
    for _ in range(8):
        hands.store(1000)
        hands.time += 1
        hands.all()
        sizes.append(wal.stat().st_size)
    assert sizes[-1] <= 1.5 * max(sizes[:4])


def wal(hands: Hands) -> bytes:
    return hands.file.path.with_name("journal.db-wal").read_bytes()


def test_what_is_taken_away_is_soon_in_no_file(hands: Hands) -> None:
    number = number_at(1)
    hands.chores.store([ticks.encode(number, [said("a secret", Position(number, 0))])])
    hands.all()
    redacted = ticks.encode(number + 1, [Redacted("#a", Position(number, 0))])
    hands.chores.store([redacted])
    hands.all()
    assert b"a secret" in wal(hands)
    assert hands.chores.rest() == pytest.approx(chores.EMPTIED_AFTER)
    # Somebody reads what was before.
    reader = schema.connect_to_read(hands.file.path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM log").fetchone()
    hands.store(1)
    hands.time += chores.EMPTIED_AFTER
    began = time.monotonic()
    hands.all()
    assert time.monotonic() - began < 0.9
    assert b"a secret" in wal(hands)
    assert hands.chores.rest() == pytest.approx(1)
    reader.close()
    hands.time += 1
    hands.all()
    assert wal(hands) == b""
    assert b"a secret" not in hands.file.path.read_bytes()
    # And nothing of this is done again.
    assert hands.chores.rest() > 10


def test_so_is_what_is_pruned(hands: Hands) -> None:
    hands.store(3 * BLOCK)
    hands.time += 1
    hands.all()
    hands.time += chores.EMPTIED_AFTER
    hands.all()
    hands.store(1)
    hands.chores.retain(Retention(messages=1))
    hands.all()
    assert wal(hands)
    hands.time += chores.EMPTIED_AFTER
    hands.all()
    assert wal(hands) == b""


def test_what_was_taken_away_when_the_server_was_killed(file: File) -> None:
    hands = Hands(file)
    file.say("a secret")
    again = Chores(file.connection, retention=Retention(), clock=lambda: hands.time, now=lambda: MS)
    hands.chores = again
    hands.all()
    assert b"a secret" in wal(hands)
    hands.time += chores.EMPTIED_AFTER
    hands.all()
    assert wal(hands) == b""


def test_a_failure_is_said_once_and_tried_again(hands: Hands) -> None:
    hands.store(1000)
    with structlog.testing.capture_logs() as logs:
        for _ in range(5):
            hands.chores.failed(OSError("no"))
            assert hands.chores.rest() == pytest.approx(1)
            assert not hands.chores.pressing
            hands.time += 1
            assert hands.chores.rest() == 0
    assert [log["error"] for log in logs] == ["no"]
    hands.all()
    assert hands.waiting == 0


def test_it_is_pruned_from_time_to_time(file: File) -> None:
    file.say("old")
    file.file()
    now = MS

    hands = Hands(file)
    hands.chores = Chores(
        file.connection,
        retention=Retention(days=1),
        clock=lambda: hands.time,
        now=lambda: now,
    )
    hands.all()
    assert file.one("SELECT count(*) FROM blocks") == 1
    now += 2 * 86_400_000
    hands.time += 59
    hands.all()
    assert file.one("SELECT count(*) FROM blocks") == 1
    hands.time += 1
    hands.all()
    assert file.one("SELECT count(*) FROM blocks") == 0


def test_what_takes_something_away_is_stored_and_done_or_neither(hands: Hands) -> None:
    hands.file.say("1", channel="#a")
    number = number_at(99)
    tick = ticks.encode(number, [Moved("#a", "#b"), said("2", Position(number, 0), channel="#a")])
    hands.file.connection.execute(
        "CREATE TRIGGER broken BEFORE UPDATE OF key ON conversations"
        " BEGIN SELECT raise(ABORT, 'no'); END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="no"):
        hands.chores.store([tick])
    assert texts(hands.file.page("#a")) == ["1"]
    assert hands.file.one("SELECT value FROM meta WHERE name = 'last'") == number_at(1)
    hands.file.connection.execute("DROP TRIGGER broken")
    hands.chores.store([tick])
    assert hands.waiting == 0
    assert (texts(hands.file.page("#a")), texts(hands.file.page("#b"))) == (["2"], ["1"])
    assert hands.all() > 0
    assert hands.searched == hands.file.one("SELECT max(id) FROM blocks")


def steps(*rooms: int) -> list[Tick]:
    """Return two steps; in each room so many messages are said in each."""
    found = []
    for at in (1, 2):
        number = number_at(at)
        these: list[Record] = []
        for room, count in enumerate(rooms):
            for _ in range(count):
                place = len(these)
                these.append(said(f"{at} {place}", Position(number, place), channel=f"#{room}"))
        found.append(ticks.encode(number, these))
    return found


def test_much_in_few_conversations_need_not_go_into_the_log() -> None:
    half = chores.FILED_AT_ONCE // 2
    assert Chores.file_at_once(steps(half))
    assert not Chores.file_at_once(steps(half - 1))
    rooms = half // chores.FULL
    assert Chores.file_at_once(steps(*[chores.FULL] * rooms))
    assert not Chores.file_at_once(steps(*[chores.FULL] * (rooms - 1), *[chores.FULL // 2] * 2))


def test_what_does_not_go_into_the_log_stands_behind_what_did(hands: Hands) -> None:
    hands.file.store(said("0", Position(number_at(0), 0), channel="#0"), number=number_at(0))
    these = steps(100)
    hands.chores.store(these)
    assert hands.waiting == 0
    wanted = ["0", *(f"{at} {place}" for at in (1, 2) for place in range(100))]
    assert texts(hands.file.page("#0", limit=1000)) == wanted
    assert schema.last_number(hands.file.connection) == these[-1].number
    # And is searched.
    hands.all()
    assert hands.searched == hands.file.one("SELECT max(id) FROM blocks")


def test_what_does_not_go_into_the_log_is_stored_or_not(hands: Hands) -> None:
    hands.file.connection.execute(
        "CREATE TEMP TRIGGER broken BEFORE UPDATE ON meta BEGIN SELECT raise(ABORT, 'no'); END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="no"):
        hands.chores.store(steps(100))
    hands.file.connection.execute("DROP TRIGGER broken")
    assert hands.file.page("#0").entries == []
    hands.chores.store(steps(100))
    assert len(hands.file.page("#0", limit=1000).entries) == 200


def test_chores_wait_for_no_disk_and_commits_do(tmp_path: Path) -> None:
    """Whoever is shown something is shown it when the disk has it."""
    connection = schema.open_journal(tmp_path / "journal.db", sync="full")
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    now = 0.0
    here = Chores(connection, retention=Retention(), clock=lambda: now, now=lambda: MS)
    first, second = steps(1)
    connection.execute("INSERT INTO log VALUES (?, ?)", first.row)
    here.stored(first)
    now += chores.FILED_AFTER
    statements.clear()
    here.step()
    assert statements[1] == "PRAGMA synchronous = 1"
    assert statements[-1] == "PRAGMA synchronous = 2"
    assert "COMMIT" in statements
    statements.clear()
    here.store([second])
    assert "COMMIT" in statements
    assert not any("synchronous" in statement for statement in statements)
    connection.close()
