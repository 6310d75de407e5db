"""Connections that read."""

from __future__ import annotations

import functools
import sqlite3
import threading
import time

import pytest
import trio
import trio.testing

from tests.journal.rig import File
from trio_chat.journal import readers
from trio_chat.journal.errors import JournalError, TooSlowError
from trio_chat.journal.readers import Deadline, Readers

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def endless(connection: sqlite3.Connection, deadline: Deadline) -> object:
    return connection.execute(ENDLESS).fetchone()


def count(connection: sqlite3.Connection, deadline: Deadline) -> object:
    return connection.execute("SELECT count(*) FROM log").fetchone()[0]


async def test_no_question_takes_longer_than_it_may(file: File) -> None:
    asked = Readers(file.path)
    began = time.monotonic()
    with pytest.raises(TooSlowError, match="it took too long"):
        await asked.ask(endless, seconds=0.05)
    assert time.monotonic() - began < 10
    assert await asked.ask(count) == 0
    asked.close()


async def test_each_question_sees_what_is_stored_by_then(file: File) -> None:
    asked = Readers(file.path)
    assert await asked.ask(count) == 0
    file.say("1")
    assert await asked.ask(count) == 1
    asked.close()


async def test_a_question_is_answered_from_one_state(file: File) -> None:
    def twice(connection: sqlite3.Connection, deadline: Deadline) -> object:
        before = count(connection, deadline)
        file.say("1")
        return before, count(connection, deadline)

    asked = Readers(file.path)
    assert await asked.ask(twice) == (0, 0)
    assert await asked.ask(count) == 1
    asked.close()


async def test_few_are_answered_at_once_by_few_connections(file: File) -> None:
    going = threading.Semaphore(0)
    running = most = 0
    lock = threading.Lock()
    seen: set[int] = set()

    def wait(connection: sqlite3.Connection, deadline: Deadline) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            seen.add(id(connection))
        going.acquire(timeout=30)
        with lock:
            running -= 1

    asked = Readers(file.path)
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(asked.ask, wait)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(10):
            going.release()
    assert most <= readers.AT_ONCE
    assert len(seen) <= readers.AT_ONCE
    asked.close()


async def test_no_page_waits_for_a_search(file: File) -> None:
    going = threading.Event()

    def wait(connection: sqlite3.Connection, deadline: Deadline) -> None:
        going.wait(30)

    asked = Readers(file.path)
    found = []

    async def search() -> None:
        found.append(await asked.search(count, seconds=60))

    async with trio.open_nursery() as nursery:
        for _ in range(readers.SEARCHES + readers.AT_ONCE):
            nursery.start_soon(functools.partial(asked.search, wait, seconds=60))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(search)
        await trio.testing.wait_all_tasks_blocked()
        assert await asked.ask(count) == 0
        assert not found
        going.set()
    assert found == [0]
    asked.close()


async def test_a_search_may_wait_as_long_as_it_may_take(file: File) -> None:
    asked = Readers(file.path)
    with pytest.raises(TooSlowError, match="others searched all the while"):
        await asked.search(count, seconds=0)
    with pytest.raises(TooSlowError, match="it took too long"):
        await asked.search(endless, seconds=0.05)
    assert await asked.search(count, seconds=60) == 0
    asked.close()


async def test_nobody_can_write(file: File) -> None:
    def write(connection: sqlite3.Connection, deadline: Deadline) -> None:
        connection.execute("DELETE FROM log")

    asked = Readers(file.path)
    with pytest.raises(JournalError, match="attempt to write a readonly database"):
        await asked.ask(write)
    asked.close()


async def test_a_mistake_of_ours_is_not_taken_for_the_file_s(file: File) -> None:
    def broken(connection: sqlite3.Connection, deadline: Deadline) -> None:
        raise ZeroDivisionError

    asked = Readers(file.path)
    with pytest.raises(ZeroDivisionError):
        await asked.ask(broken)
    assert await asked.ask(count) == 0
    asked.close()
