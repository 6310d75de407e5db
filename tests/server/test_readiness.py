"""Whether the server is ready: what is known of the journal, and what is asked of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog.testing
import trio
import trio.testing

from tests.server.rig import GatedJournal, Rig, running
from trio_chat.journal.store import SqliteJournal
from trio_chat.server.readiness import FAILED, LASTS, PATIENCE, Readiness


class Asked(GatedJournal):
    """A journal that counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def check(self) -> None:
        self.asked += 1
        await super().check()


@asynccontextmanager
async def serving(journal: GatedJournal) -> AsyncIterator[tuple[Rig, Readiness]]:
    async with running(journal=journal) as rig:
        yield rig, Readiness(rig.hub, journal, rig.hub.nursery)


async def test_a_server_to_which_nobody_has_come_asks_the_journal(
    autojump_clock: trio.abc.Clock,
) -> None:
    journal = Asked()
    async with serving(journal) as (_, readiness):
        for _ in range(10):
            assert await readiness.why_not() == ""
        assert journal.asked == 1
        await trio.sleep(LASTS)
        journal.full = True
        assert await readiness.why_not() == "database or disk is full"
        assert journal.asked == 2


async def test_a_disk_that_has_room_again_is_noticed(autojump_clock: trio.abc.Clock) -> None:
    journal = Asked()
    journal.full = True
    async with serving(journal) as (_, readiness):
        for _ in range(10):
            assert await readiness.why_not() == "database or disk is full"
        assert journal.asked == 1
        journal.full = False
        await trio.sleep(FAILED)
        assert await readiness.why_not() == ""


async def test_what_a_commit_has_come_to_says_it(autojump_clock: trio.abc.Clock) -> None:
    journal = Asked()
    async with serving(journal) as (rig, readiness):
        al = await rig.irc("al", "JOIN #a")
        await al.send("PRIVMSG #a :one")
        await al.barrier()
        assert await readiness.why_not() == ""
        journal.full = True
        await al.send("PRIVMSG #a :two")
        await al.barrier()
        assert await readiness.why_not() == "database or disk is full"
        assert journal.asked == 0
        # Nobody says anything more, and the disk has room again.
        journal.full = False
        await trio.sleep(FAILED)
        assert await readiness.why_not() == ""
        assert journal.asked == 1
        # A later commit knows better than the answer did.
        journal.full = True
        await al.send("PRIVMSG #a :three")
        await al.barrier()
        assert await readiness.why_not() == "database or disk is full"
        assert journal.asked == 1


async def test_a_disk_that_hangs(autojump_clock: trio.abc.Clock) -> None:
    journal = Asked()
    async with serving(journal) as (rig, readiness):
        al = await rig.irc("al", "JOIN #a")
        await al.barrier()
        journal.open = trio.Event()
        await al.send("PRIVMSG #a :one")
        await trio.sleep(PATIENCE - 1)
        assert await readiness.why_not() == ""
        await trio.sleep(4)
        assert await readiness.why_not() == "The journal has not answered for 5 seconds"
        journal.open.set()
        await al.barrier()
        assert await readiness.why_not() == ""
        assert journal.asked == 0


async def test_a_journal_that_does_not_answer_is_asked_once(
    autojump_clock: trio.abc.Clock,
) -> None:
    journal = Asked()
    journal.open = trio.Event()
    async with serving(journal) as (_, readiness):
        began = trio.current_time()
        for _ in range(3):
            assert await readiness.why_not() == "The journal has not answered for 2 seconds"
        assert trio.current_time() - began == pytest.approx(3 * PATIENCE)
        assert journal.asked == 1
        journal.open.set()
        await trio.testing.wait_all_tasks_blocked()
        assert await readiness.why_not() == ""
        assert journal.asked == 1


async def test_all_who_ask_at_once_are_told_the_same(autojump_clock: trio.abc.Clock) -> None:
    journal = Asked()
    journal.open = trio.Event()
    told: list[str] = []

    async def ask() -> None:
        told.append(await readiness.why_not())

    async with serving(journal) as (_, readiness):
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            journal.full = True
            journal.open.set()
        assert told == ["database or disk is full"] * 5
        assert journal.asked == 1


async def test_a_mistake_of_ours_ends_nothing(autojump_clock: trio.abc.Clock) -> None:
    class Broken(GatedJournal):
        async def check(self) -> None:
            await trio.lowlevel.checkpoint()
            raise ZeroDivisionError

    async with serving(Broken()) as (rig, readiness):
        with structlog.testing.capture_logs() as logs:
            assert await readiness.why_not() == "Internal error"
        assert [log["event"] for log in logs] == ["the journal could not be asked"]
        await rig.irc("al")


async def test_a_server_that_shuts_down_is_not_ready(autojump_clock: trio.abc.Clock) -> None:
    async with serving(GatedJournal()) as (rig, readiness):
        await rig.irc("al")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rig.hub.shut_down, "Server shutting down")
            await trio.testing.wait_all_tasks_blocked()
            assert await readiness.why_not() == "The server is shutting down"


async def test_with_a_file(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path, sync="off")
    try:
        async with running(journal=journal) as rig:
            readiness = Readiness(rig.hub, journal, rig.hub.nursery)
            assert await readiness.why_not() == ""
    finally:
        await journal.aclose()
