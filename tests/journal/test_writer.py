"""The thread that writes. What it does with a journal is in `test_store.py`."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path

import pytest
import structlog.testing
import trio
import trio.testing

from tests.journal.rig import number_at, said
from trio_chat.core.ids import Position
from trio_chat.journal import schema, ticks
from trio_chat.journal.chores import Chores
from trio_chat.journal.errors import JournalError
from trio_chat.journal.retention import Retention
from trio_chat.journal.ticks import Tick
from trio_chat.journal.writer import Writer


def chores_of(connection: sqlite3.Connection) -> Chores:
    return Chores(
        connection, retention=Retention(), clock=time.monotonic, now=lambda: time.time_ns() // 10**6
    )


def tick(count: int) -> Tick:
    number = number_at(count)
    return ticks.encode(number, [said(str(count), Position(number, 0))])


class Gate:
    """Work that keeps the thread busy until it is let go on."""

    def __init__(self) -> None:
        self.begun = trio.Event()
        self.let = threading.Event()
        self._token = trio.lowlevel.current_trio_token()

    def __call__(self, _: Chores) -> None:
        self._token.run_sync_soon(self.begun.set)
        self.let.wait(30)


def stored(path: Path) -> object:
    connection = sqlite3.connect(path)
    found: object = connection.execute(
        "SELECT (SELECT count(*) FROM log) + (SELECT coalesce(sum(messages), 0) FROM blocks)"
    ).fetchone()[0]
    connection.close()
    return found


async def test_commits_come_back_in_turn(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer = Writer(lambda: schema.open_journal(path), chores_of)
    for count in range(50):
        await writer.begin([tick(count)]).wait()
        assert stored(path) == count + 1
    await writer.aclose()


async def test_several_steps_are_stored_all_or_none(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer = Writer(lambda: schema.open_journal(path), chores_of)
    await writer.begin([tick(1), tick(2), tick(3)]).wait()
    assert stored(path) == 3
    # A number that is there already.
    with pytest.raises(JournalError, match="UNIQUE"):
        await writer.begin([tick(4), tick(5), tick(2)]).wait()
    assert stored(path) == 3
    await writer.begin([tick(4), tick(5)]).wait()
    assert stored(path) == 5
    await writer.aclose()


async def test_a_commit_can_be_waited_for_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer = Writer(lambda: schema.open_journal(path), chores_of)
    gate = Gate()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run, gate)
        await gate.begun.wait()
        commit = writer.begin([tick(1)])
        for _ in range(3):
            with trio.move_on_after(0.001) as scope:
                await commit.wait()
            assert scope.cancelled_caught
        gate.let.set()
        await commit.wait()
        assert stored(path) == 1
    await commit.wait()
    await writer.aclose()


async def test_others_go_on_during_a_commit(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer = Writer(lambda: schema.open_journal(path), chores_of)
    gate = Gate()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run, gate)
        # Of what is begun at once either may be the first.
        await gate.begun.wait()
        nursery.start_soon(writer.begin([tick(1)]).wait)
        # Nothing but the thread keeps these two.
        await trio.testing.wait_all_tasks_blocked()
        assert stored(path) == 0
        gate.let.set()
    assert stored(path) == 1
    await writer.aclose()


async def test_a_commit_that_nobody_waits_for_any_more(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer = Writer(lambda: schema.open_journal(path), chores_of)
    gate = Gate()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run, gate)
        await gate.begun.wait()
        with trio.move_on_after(0):
            await writer.begin([tick(1)]).wait()
        gate.let.set()
    # What it would have been told is not taken for the answer to the next one.
    for count in range(2, 20):
        await writer.begin([tick(count)]).wait()
        assert stored(path) == count
    await writer.aclose()


async def test_a_mistake_of_ours_ends_no_thread(tmp_path: Path) -> None:
    """Neither in a commit, nor in other work, nor in a chore."""

    class Clumsy(Chores):
        broken = False

        def step(self) -> None:
            if self.broken:
                raise ZeroDivisionError("a bug")
            super().step()

    def clumsy(connection: sqlite3.Connection) -> Clumsy:
        return Clumsy(connection, retention=Retention(), clock=time.monotonic, now=lambda: 0)

    def fail(_: Chores) -> None:
        raise ZeroDivisionError

    path = tmp_path / "journal.db"
    writer = Writer(lambda: schema.open_journal(path), clumsy)
    with pytest.raises(ZeroDivisionError):
        await writer.run(fail)
    with pytest.raises(AttributeError):
        await writer.begin([None]).wait()  # type: ignore[list-item]
    Clumsy.broken = True
    with structlog.testing.capture_logs() as logs:
        await writer.begin([tick(2)]).wait()
        with trio.fail_after(30):
            while not logs:  # noqa: ASYNC110 - the thread tells nobody
                await trio.sleep(0.02)
    Clumsy.broken = False
    assert logs[0]["error"] == "a bug"
    await writer.begin([tick(3)]).wait()
    assert stored(path) == 2
    await writer.aclose()


async def test_what_can_not_be_opened_leaves_nothing_open(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")

    def closed() -> sqlite3.Connection:
        raise JournalError("no")

    with pytest.raises(JournalError, match="no"):
        Writer(closed, chores_of)
    assert len(os.listdir("/proc/self/fd")) == len(before)


async def test_a_number_is_stored_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer = Writer(lambda: schema.open_journal(path), chores_of)
    await writer.begin([tick(1)]).wait()
    with pytest.raises(JournalError, match="UNIQUE constraint failed"):
        await writer.begin([tick(1)]).wait()
    await writer.begin([tick(2)]).wait()
    assert stored(path) == 2
    await writer.aclose()
