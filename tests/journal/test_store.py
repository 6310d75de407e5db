"""The journal as the server has it: what is stored, and what survives."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
import trio
import trio.testing

from tests.journal.rig import MS, START, File, integrity, number_at, said, texts
from trio_chat.core import ids
from trio_chat.core.entries import Entry, Kept, Marked, Moved, Redacted
from trio_chat.core.events import Quit, Reply, Said, Source
from trio_chat.core.ids import Position
from trio_chat.core.numerics import RPL_AWAY
from trio_chat.core.questions import (
    Around,
    MarkerOf,
    Place,
    Question,
    Search,
    SecretOf,
    Shown,
    Targets,
    Unfinished,
    Wanted,
)
from trio_chat.core.secrets import SECRET, Secret
from trio_chat.journal import blocks, schema, search
from trio_chat.journal.chores import Chores
from trio_chat.journal.errors import InUseError, JournalError, UnusableError
from trio_chat.journal.filing import SET_ASIDE
from trio_chat.journal.lock import JOURNAL
from trio_chat.journal.retention import Retention
from trio_chat.journal.store import SqliteJournal


@asynccontextmanager
async def opened(directory: Path, **options: object) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(directory, **options)  # type: ignore[arg-type]
    try:
        yield journal
    finally:
        await journal.aclose()


async def say(journal: SqliteJournal, text: str, channel: str = "#a") -> Position:
    at = Position(max(journal.last + 1, number_at(0)), 0)
    await journal.commit([said(text, at, channel=channel)], number=at.number)
    return at


async def ask(journal: SqliteJournal, question: Question) -> Any:
    return await journal.answer(question)


async def heard(journal: SqliteJournal, key: str = "#a") -> list[str]:
    return texts(await ask(journal, Wanted(place=Place(key), limit=10_000)))


async def test_what_is_committed_can_be_read_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        at = await say(journal, "1")
        await say(journal, "2")
        assert await heard(journal) == ["1", "2"]
        page = await ask(journal, Around(wanted=Wanted(place=Place("#a"), limit=1), at=at))
        assert texts(page) == ["1"]
        found = await ask(journal, Targets(channels=("#a",), after=0, before=1 << 50, limit=5))
        assert [one.conversation for one in found] == ["#a"]


async def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        assert journal.last == 0
        at = await say(journal, "1")
    async with opened(tmp_path) as journal:
        assert journal.last == at.number
        await say(journal, "2")
        assert await heard(journal) == ["1", "2"]


async def test_a_step_comes_behind_the_last(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        at = await say(journal, "1")
        for number in (at.number, at.number - 1):
            with pytest.raises(ValueError, match="comes behind step"):
                await journal.commit([said("x", at)], number=number)
        assert await heard(journal) == ["1"]


async def test_a_step_without_a_number_is_given_one(tmp_path: Path) -> None:
    event = Said(time=START + 5, source=Source(prefix="al"), kind="NOTICE", target="#A", text="x")
    quit = Quit(time=START + 5, source=Source(prefix="al"), reason="")
    async with opened(tmp_path) as journal:
        await journal.commit([event, quit])
        assert journal.last == ids.following(0, START + 5)
        await journal.commit([Entry(event, ("#a",))])
        page = await ask(journal, Wanted(place=Place("#a"), limit=5))
        assert [shown.position.number for shown in page.entries] == [
            journal.last - 1,
            journal.last,
        ]
        assert [shown.event.id for shown in page.entries] == [
            ids.encode(journal.last - 1, 0),
            ids.encode(journal.last, 0),
        ]


async def test_an_answer_is_nothing_to_be_stored(tmp_path: Path) -> None:
    source = Source(prefix="irc.test")
    reply = Reply(time=START, source=source, numeric=RPL_AWAY, nickname="al", params=("x",))
    async with opened(tmp_path) as journal:
        with pytest.raises(ValueError, match="Reply is nothing to be stored"):
            await journal.commit([reply])
        await say(journal, "1")
        assert await heard(journal) == ["1"]


async def test_what_is_taken_back_is_gone_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        at = await say(journal, "secretword")
        await journal.settle()
        await journal.commit([Redacted("#a", at)], number=journal.last + 1)
        assert await heard(journal) == []
        assert await ask(journal, Search(text="secretword", places=None)) == []


async def test_a_renamed_room_has_its_history_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await say(journal, "old", "#b")
        await say(journal, "1")
        await journal.commit([Moved("#a", "#b")], number=journal.last + 1)
        assert await heard(journal, "#b") == ["1"]
        assert await heard(journal, "#a") == []
        await say(journal, "2", "#b")
        await say(journal, "new", "#a")
        assert await heard(journal, "#b") == ["1", "2"]
        assert await heard(journal, "#a") == ["new"]


def spoil(path: Path, statement: str = "UPDATE log SET body = substr(body, 1, 10)") -> None:
    """Do to a journal what a disk may do to it."""
    connection = schema.connect(path)
    connection.execute(statement)
    connection.close()


async def forget(journal: SqliteJournal) -> None:
    """Have a journal opened by `faulty` know of what it has stored only what is in the file."""
    Faulty.fault = "disk I/O error"
    with pytest.raises(JournalError):
        await say(journal, "lost")
    Faulty.fault = ""


async def test_a_step_that_is_damaged_in_the_log_is_filed_as_it_was_stored(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await say(journal, "0")
        await journal.settle()
        await say(journal, "1")
        spoil(journal.path)
        await say(journal, "2")
        assert await heard(journal) == ["0", "2"]
        await journal.settle()
        assert await heard(journal) == ["0", "1", "2"]
        assert len(await ask(journal, Search(text="1", places=None))) == 1


async def test_a_step_that_can_not_be_read_keeps_nothing_else_from_being_filed(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, connect=faulty) as journal:
        await say(journal, "0")
        await journal.settle()
        await say(journal, "1")
        spoil(journal.path)
        damaged = journal.last
        await forget(journal)
        await say(journal, "2")
        assert await heard(journal) == ["0", "2"]
        with structlog.testing.capture_logs() as logs:
            await journal.commit([Moved("#a", "#b")], number=journal.last + 9)
        (said,) = logs
        assert said["event"] == "a step of the journal is damaged, and was set aside"
        assert said["step"] == damaged
        await say(journal, "3", "#b")
        assert await heard(journal, "#b") == ["0", "2", "3"]
        # What there is of it is kept for somebody who knows what to do with it.
        assert [*journal.kept(SET_ASIDE)] == [str(damaged)]


async def test_a_step_that_can_not_be_read_at_the_start(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await say(journal, "1")
        await journal.settle()
        last = journal.last
    connection = schema.connect(tmp_path / JOURNAL)
    connection.execute("INSERT INTO log VALUES (?, ?)", (last + 5, b"nonsense"))
    connection.close()
    async with opened(tmp_path) as journal:
        # Its number is not used again.
        assert journal.last == last + 5
        await journal.retain(Retention(messages=100))
        await say(journal, "2")
        assert await heard(journal) == ["1", "2"]


async def test_work_that_meets_what_is_damaged_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:

        def read(_: Chores) -> None:
            blocks.decode(b"nonsense")

        with pytest.raises(JournalError, match=r"^the journal is damaged: "):
            await journal._writer.run(read)


async def test_a_block_that_can_not_be_read_keeps_nothing_else_from_being_done(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, now=lambda: MS) as journal:
        for text in ("needle", "needle 2"):
            last = await say(journal, text)
            await journal.settle()
        spoil(journal.path, "UPDATE blocks SET body = substr(body, 1, 10) WHERE id = 1")
        await say(journal, "needle 3")
        # It is not looked at: only what is of the steps in it.
        await journal.commit([Redacted("#a", last)])
        await journal.settle()
        wanted = Search(text="needle", places=None, after=MS + 1)
        assert len(await ask(journal, Search(text="3", places=None))) == 1
        assert await ask(journal, wanted) == []
        await journal.retain(Retention(messages=1))
        await journal.prune()
        assert await heard(journal) == ["needle 3"]
    async with opened(tmp_path) as journal:
        # Its words have gone with the index that they were in.
        await journal.settle()
        (found,) = await ask(journal, Search(text="needle", places=None))
        assert found.event.text == "needle 3"
        assert [*journal.kept(SET_ASIDE)] == []


async def test_what_is_damaged_before_it_is_indexed_is_passed_over(tmp_path: Path) -> None:
    async with opened(tmp_path, connect=faulty) as journal:
        at = await say(journal, "needle 1")
        connection = schema.connect(journal.path)
        (body,) = connection.execute("SELECT body FROM log").fetchone()
        # Text that is none, in a step that can be read otherwise.
        connection.execute("UPDATE log SET body = ?", (body.replace(b"needle", b"\xff" * 6),))
        connection.close()
        await forget(journal)
        await journal.settle()
        await say(journal, "needle 2")
        await journal.settle()
        found = Search(text="needle", places=None)
        assert [one.event.text for one in await ask(journal, found)] == ["needle 2"]
        with pytest.raises(JournalError, match="can not be read"):
            await heard(journal)
        # It can be taken back all the same.
        await journal.commit([Redacted("#a", at)])
        assert await heard(journal) == ["needle 2"]


async def test_how_much_is_kept_can_be_changed(tmp_path: Path) -> None:
    """At once, and for connections that are opened later."""
    async with opened(tmp_path, connect=faulty) as journal:
        await say(journal, "old")
        await journal.settle()
        await journal.retain(Retention(days=1))
        await journal.prune()
        assert await heard(journal) == []
        await say(journal, "old")
        Faulty.fault = "disk I/O error"
        with pytest.raises(JournalError):
            await say(journal, "lost")
        Faulty.fault = ""
        await journal.settle()
        await journal.prune()
        assert await heard(journal) == []


async def test_what_outlives_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.commit([Kept("klines", "*@bad", b"1"), Kept("topics", "#a", b"hi")])
        await journal.commit([Kept("klines", "*@worse", b"2"), Marked("al", "#a", 7)])
        await journal.commit([Kept("klines", "*@bad", None), Kept("topics", "#a", b"ho")])
        assert await ask(journal, MarkerOf(reader="al", conversation="#a")) == 7
        assert await ask(journal, MarkerOf(reader="al", conversation="#b")) is None
    async with opened(tmp_path) as journal:
        assert journal.kept("klines") == {"*@worse": b"2"}
        assert journal.kept("topics") == {"#a": b"ho"}
        assert journal.kept("others") == {}
        assert await ask(journal, MarkerOf(reader="al", conversation="#a")) == 7


async def test_search_finds_what_was_said_a_moment_ago(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await say(journal, "Where is the needle?")
        found: list[Shown] = []
        with trio.fail_after(30):
            while not found:
                found = await ask(journal, Search(text="needle", places=None))
        assert [shown.conversation for shown in found] == ["#a"]


async def test_a_search_whose_time_is_over_before_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as journal:
        await say(journal, "needle")
        await journal.settle()
        monkeypatch.setattr(search, "SECONDS", 0.0)
        found = await ask(journal, Search(text="needle", places=None))
        assert found == Unfinished([], begun=False)


async def test_what_is_too_old_goes(tmp_path: Path) -> None:
    days = Retention(days=1)
    async with opened(tmp_path, retention=days, now=lambda: MS + 86_400_000 + 1) as journal:
        await journal.commit([said("old", Position(number_at(0), 0))], number=number_at(0))
        await journal.settle()
        await journal.commit([said("new", Position(number_at(1), 0))], number=number_at(1))
        await journal.settle()
        await journal.prune()
        assert await heard(journal) == ["new"]


# --- The directory


async def test_a_directory_has_one_server(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        with pytest.raises(InUseError, match="another server"):
            SqliteJournal(tmp_path)
        await say(journal, "1")
    async with opened(tmp_path) as journal:
        assert await heard(journal) == ["1"]


async def test_what_can_not_be_used_is_let_go_of(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(b"nonsense" * 1000)
    for _ in range(2):
        with pytest.raises(UnusableError, match="is damaged, or no journal"):
            SqliteJournal(tmp_path)
    assert (tmp_path / JOURNAL).read_bytes() == b"nonsense" * 1000
    (tmp_path / JOURNAL).unlink()
    async with opened(tmp_path) as journal:
        await say(journal, "1")


async def test_nothing_is_left_running_or_open(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    async with opened(tmp_path) as journal:
        await say(journal, "1")
        await heard(journal)
    assert len(os.listdir("/proc/self/fd")) == len(before)
    assert [one.name for one in threading.enumerate() if one.name == "journal"] == []
    # All is in the one file: it can be copied.
    assert sorted(os.listdir(tmp_path)) == ["journal.db", "journal.lock"]


# --- Faults


class Faulty(sqlite3.Connection):
    """A connection that fails, or waits, when it is told to."""

    fault: str = ""
    waits: threading.Event | None = None
    made = 0

    def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        if statement.startswith(("INSERT INTO log", "PRAGMA user_version = ")):
            if Faulty.waits is not None:
                Faulty.waits.wait(30)
            if Faulty.fault:
                raise sqlite3.OperationalError(Faulty.fault)
        return super().execute(statement, *values)  # type: ignore[arg-type]


def faulty(path: Path) -> sqlite3.Connection:
    """Connect so that faults can be had, and a lock is not waited for."""
    Faulty.made += 1
    return sqlite3.connect(
        path, timeout=0.01, isolation_level=None, check_same_thread=False, factory=Faulty
    )


@pytest.fixture(autouse=True)
def _no_fault() -> None:
    Faulty.fault, Faulty.waits, Faulty.made = "", None, 0


async def test_a_slow_commit_holds_nobody_else_up(tmp_path: Path) -> None:
    async with opened(tmp_path, connect=faulty) as journal, trio.open_nursery() as nursery:
        await say(journal, "1")
        Faulty.waits = threading.Event()
        done = trio.Event()

        async def commit() -> None:
            await say(journal, "2")
            done.set()

        nursery.start_soon(commit)
        await trio.testing.wait_all_tasks_blocked()
        # What is stored can be read meanwhile, and only that.
        assert await heard(journal) == ["1"]
        assert not done.is_set()
        Faulty.waits.set()
        await done.wait()
        assert await heard(journal) == ["1", "2"]


async def test_after_an_error_the_connection_is_another(tmp_path: Path) -> None:
    async with opened(tmp_path, connect=faulty) as journal:
        await say(journal, "1")
        Faulty.fault = "disk I/O error"
        for _ in range(2):
            with pytest.raises(JournalError) as caught:
                await say(journal, "lost")
            assert str(caught.value) == "the journal can not be written: disk I/O error"
        made = Faulty.made
        Faulty.fault = ""
        await say(journal, "2")
        assert Faulty.made == made + 1
        await say(journal, "3")
        assert Faulty.made == made + 1
        assert await heard(journal) == ["1", "2", "3"]


async def test_a_locked_file(tmp_path: Path) -> None:
    async with opened(tmp_path, connect=faulty) as journal:
        await say(journal, "1")
        await journal.settle()
        other = sqlite3.connect(journal.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=r"can not be written: database is locked$"):
            await say(journal, "lost")
        assert await heard(journal) == ["1"]
        other.execute("ROLLBACK")
        other.close()
        made = Faulty.made
        await say(journal, "2")
        assert Faulty.made == made
        assert await heard(journal) == ["1", "2"]


async def test_a_full_disk(tmp_path: Path) -> None:
    connections: list[sqlite3.Connection] = []

    def small(path: Path) -> sqlite3.Connection:
        connections.append(schema.connect(path))
        connections[-1].execute("PRAGMA max_page_count = 60")
        return connections[-1]

    async with opened(tmp_path, connect=small) as journal:
        stored: list[str] = []

        async def fill() -> None:
            for count in range(1000):
                await say(journal, f"{count} {'x' * 1000}")
                stored.append(f"{count} {'x' * 1000}")

        with pytest.raises(JournalError, match="database or disk is full"):
            await fill()
        assert len(stored) > 10
        assert await heard(journal) == stored
        connections[-1].execute("PRAGMA max_page_count = 100000")
        await say(journal, "again")
        await journal.settle()
        assert await heard(journal) == [*stored, "again"]
    assert integrity(tmp_path / JOURNAL) == "ok"


def test_a_file_that_can_not_grow(tmp_path: Path) -> None:
    """The system's own limit: a real error of a real write, in a process of its own."""
    script = """
import pathlib, resource, signal, sys, trio
from tests.journal.test_store import heard, say
from trio_chat.journal.errors import JournalError
from trio_chat.journal.store import SqliteJournal

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    journal = SqliteJournal(pathlib.Path(sys.argv[1]))
    stored = []
    for round in range(3):
        limit = 300_000 * (round + 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        failed = 0
        while failed < 5:
            text = f"{len(stored)} {'x' * 2000}"
            try:
                await say(journal, text)
                stored.append(text)
            except JournalError:
                failed += 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        await say(journal, f"again {round}")
        stored.append(f"again {round}")
        assert await heard(journal) == stored, round
    await journal.aclose()
    print(len(stored))

trio.run(main)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, timeout=120, check=False
    )
    assert done.stderr.decode() == ""
    assert int(done.stdout) > 20
    assert integrity(tmp_path / JOURNAL) == "ok"


async def test_two_hundred_faults(tmp_path: Path) -> None:
    """Whatever goes wrong, and whenever: what was stored is there, once, in order; nothing else."""
    chance = random.Random(10)
    stored: list[str] = []
    faults = 0
    async with opened(tmp_path, connect=faulty) as journal:
        other = sqlite3.connect(journal.path, isolation_level=None)
        while faults < 200:
            await say(journal, text := f"{len(stored)} before {faults}")
            stored.append(text)
            kind = chance.choice(["disk I/O error", "database or disk is full", "locked", "file"])
            if kind == "locked":
                other.execute("BEGIN IMMEDIATE")
            elif kind == "file":
                await journal.settle()
                continue
            else:
                Faulty.fault = kind
            for _ in range(chance.randint(1, 3)):
                with pytest.raises(JournalError):
                    await say(journal, f"lost {faults}")
                faults += 1
            Faulty.fault = ""
            if other.in_transaction:
                other.execute("ROLLBACK")
        other.close()
        assert await heard(journal) == stored
    async with opened(tmp_path) as journal:
        assert await heard(journal) == stored
    assert integrity(tmp_path / JOURNAL) == "ok"


async def test_a_chore_that_fails_loses_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, connect=faulty) as journal:
        await say(journal, "1")
        other = sqlite3.connect(journal.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="locked"):
            await journal.settle()
        other.execute("ROLLBACK")
        other.close()
        await journal.settle()
        assert await heard(journal) == ["1"]


async def test_a_reader_that_fails_is_one_that_fails(tmp_path: Path) -> None:
    broken = False

    def connect(path: Path) -> sqlite3.Connection:
        if broken:
            raise sqlite3.OperationalError("unable to open database file")
        return schema.connect_to_read(path)

    async with opened(tmp_path, connect_to_read=connect) as journal:
        await say(journal, "1")
        broken = True
        with pytest.raises(JournalError, match="the journal can not be opened: unable to open"):
            await heard(journal)
        broken = False
        assert await heard(journal) == ["1"]


# --- What survives


@pytest.mark.parametrize("cuts", [60, pytest.param(300, marks=pytest.mark.soak)])
async def test_what_was_synced_is_there_wherever_the_log_is_torn(tmp_path: Path, cuts: int) -> None:
    """The write-ahead log ends anywhere: all steps whose commit had returned by then are there."""
    chance = random.Random(cuts)
    sizes = []
    wal = tmp_path / "a" / f"{JOURNAL}-wal"
    copy = tmp_path / "copy"
    copy.mkdir()
    async with opened(tmp_path / "a") as journal:
        for count in range(120):
            await say(journal, str(count))
            sizes.append(wal.stat().st_size)
            if count % 40 == 30:
                await journal.settle()
        for name in (JOURNAL, f"{JOURNAL}-wal"):
            shutil.copy(tmp_path / "a" / name, copy / name)
    whole = (copy / f"{JOURNAL}-wal").read_bytes()
    file = (copy / JOURNAL).read_bytes()
    assert len(whole) >= sizes[-1] > sizes[0]
    for _ in range(cuts):
        cut = chance.randint(sizes[0], len(whole))
        (copy / JOURNAL).write_bytes(file)
        (copy / f"{JOURNAL}-wal").write_bytes(whole[:cut])
        least = sum(size <= cut for size in sizes)
        async with opened(copy, sync="off") as torn:
            there = await heard(torn)
            assert there == [str(count) for count in range(len(there))]
            assert len(there) >= least
            await torn.settle()
            assert await heard(torn) == there
            await say(torn, "more")
            assert await heard(torn) == [*there, "more"]


def test_a_killed_server_has_what_it_said_that_it_has(tmp_path: Path) -> None:
    script = """
import itertools, pathlib, sys, trio
from tests.journal.test_store import say
from trio_chat.journal.store import SqliteJournal

async def main():
    journal = SqliteJournal(pathlib.Path(sys.argv[1]))
    for count in itertools.count(int(sys.argv[2])):
        await say(journal, str(count))
        print(count, flush=True)

trio.run(main)
"""
    last = -1
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), str(last + 1)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                last = int(line)
                if last % 50 == 49:
                    break
            process.send_signal(signal.SIGKILL)
            # What it had said before that.
            for line in process.stdout.read().splitlines():
                last = int(line)
        file = File(tmp_path / JOURNAL)
        there = texts(file.page(limit=100_000))
        file.close()
        assert there[: last + 1] == [str(count) for count in range(last + 1)]
        # One may have been stored that nobody was told of.
        assert len(there) <= last + 2
        last = len(there) - 1
    assert integrity(tmp_path / JOURNAL) == "ok"


async def test_many_read_while_one_writes(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal, trio.open_nursery() as nursery:
        finished = False

        async def read() -> None:
            while not finished:
                there = await heard(journal)
                assert there == [str(count) for count in range(len(there))]

        for _ in range(5):
            nursery.start_soon(read)
        for count in range(300):
            await say(journal, str(count))
            if count % 100 == 50:
                await journal.settle()
        finished = True


async def test_what_proves_who_owns_an_account_is_found_at_once_and_not_read_at_the_start(
    tmp_path: Path,
) -> None:
    secret = Secret(hash="h", salt=b"s", iterations=4096, stored_key=b"k", server_key=b"v")
    async with opened(tmp_path) as journal:
        await journal.commit([Kept("account", "al", b"a"), Kept(SECRET, "al", secret.encoded())])
        assert await ask(journal, SecretOf("al")) == secret
        assert await ask(journal, SecretOf("bo")) is None
    async with opened(tmp_path) as journal:
        assert journal.kept("account") == {"al": b"a"}
        assert await ask(journal, SecretOf("al")) == secret
        await journal.commit([Kept(SECRET, "al", None)])
        assert await ask(journal, SecretOf("al")) is None


# --- Whether it can be written


async def test_to_ask_it_writes_and_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await say(journal, "one")
        await journal.settle()
        wal = tmp_path / f"{JOURNAL}-wal"
        last, before = journal.last, wal.read_bytes()
        await journal.check()
        assert wal.read_bytes() != before
        assert journal.last == last
        await say(journal, "two")
    async with opened(tmp_path) as journal:
        assert await heard(journal) == ["one", "two"]


async def test_one_that_can_not_be_written_says_so_and_gets_better(tmp_path: Path) -> None:
    async with opened(tmp_path, connect=faulty) as journal:
        Faulty.fault = "disk I/O error"
        with pytest.raises(JournalError, match="can not be written: disk I/O error"):
            await journal.check()
        Faulty.fault = ""
        await journal.check()
        await say(journal, "one")
