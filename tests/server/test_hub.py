"""The hub: store, then show; requests; deadlines; the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import argon2
import pytest
import structlog.testing
import trio
import trio.testing

from tests.server.rig import GatedJournal, changed, running
from trio_chat.core.entries import Kept, Moved, Record, event_of
from trio_chat.core.events import Parted, Said
from trio_chat.core.inputs import Completed, Received
from trio_chat.core.questions import EVERYTHING, Page, Place, Wanted
from trio_chat.core.requests import LookUp
from trio_chat.core.settings import Operator, Settings
from trio_chat.journal import Commit
from trio_chat.journal.store import SqliteJournal
from trio_chat.server import hub
from trio_chat.server.passwords import Passwords


class Failing:
    """A journal that can not be written while it is `full`."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal
        self.full = False
        self.kept, self.answer = journal.kept, journal.answer
        self.retain, self.aclose = journal.retain, journal.aclose
        self.check = journal.check

    @property
    def last(self) -> int:
        return self._journal.last

    def begin(self, steps: Sequence[tuple[int, Sequence[Record]]]) -> Commit:
        if not self.full:
            return self._journal.begin(steps)
        failed = GatedJournal()
        failed.full = True
        return failed.begin(steps)


pytestmark = pytest.mark.usefixtures("carried")


async def test_nothing_is_shown_before_it_is_stored(autojump_clock: trio.abc.Clock) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al = await rig.irc("al", "CAP REQ :echo-message", "CAP END", "JOIN #lobby")
        bo = await rig.irc("bo", "JOIN #lobby")
        await al.line()
        journal.stored.clear()
        journal.open = trio.Event()
        await al.send("PRIVMSG #lobby :one", "PRIVMSG bo :two")
        for peer in (al, bo):
            with trio.move_on_after(10) as scope:
                await peer.line()
            assert scope.cancelled_caught
        assert journal.stored == []
        journal.open.set()
        for peer in (al, bo):
            assert (await peer.line()).endswith("PRIVMSG #lobby :one")
            assert (await peer.line()).endswith("PRIVMSG bo :two")
        texts = [event.text for event in map(event_of, journal.stored) if type(event) is Said]
        assert texts == ["one", "two"]


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0], ids=["back", "forward"])
async def test_deadlines_take_no_notice_of_a_clock_that_is_set(
    jump: float, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        al = await rig.irc("al")
        late = await rig.connect()
        await late.send("NICK late")
        begun = trio.current_time()
        rig.jumped = jump
        assert await late.rest() == ["ERROR :Closing link (Not registered within 60 seconds)"]
        assert trio.current_time() - begun == pytest.approx(60)
        assert await al.line() == ":irc.test PING irc.test"
        assert trio.current_time() - begun == pytest.approx(90)
        assert await al.rest() == ["ERROR :Closing link (Ping timeout: 150 seconds)"]
        assert trio.current_time() - begun == pytest.approx(150)


async def test_what_arrives_while_a_tick_is_busy_is_one_commit(
    autojump_clock: trio.abc.Clock,
) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al = await rig.irc("al", "JOIN #lobby")
        bo = await rig.irc("bo", "JOIN #lobby")
        await al.line()
        journal.open = trio.Event()
        await al.send("PRIVMSG #lobby :first")
        await trio.testing.wait_all_tasks_blocked()
        before = journal.commits
        for number in range(50):
            await al.send(f"PRIVMSG #lobby :{number}")
            await trio.testing.wait_all_tasks_blocked()
        assert journal.commits == before
        journal.open.set()
        await bo.until(":49")
        assert journal.commits == before + 1


async def test_a_full_disk_is_said_and_gets_better(autojump_clock: trio.abc.Clock) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al = await rig.irc("al", "JOIN #lobby")
        bo = await rig.irc("bo", "JOIN #lobby")
        await al.line()
        journal.full = True
        with structlog.testing.capture_logs() as logs:
            for _ in range(3):
                await al.send("PRIVMSG #lobby :lost", "PING x")
                assert [await al.line(), await al.line()] == [
                    ":irc.test FAIL PRIVMSG COULD_NOT_BE_STORED #lobby :Could not be stored",
                    ":irc.test PONG irc.test x",
                ]
            await trio.sleep(1)
            await al.send("PRIVMSG #lobby :lost")
            await al.barrier()
        # Once in a second, and how often.
        assert [(log["log_level"], log["reason"], log["times"]) for log in logs] == [
            ("error", "database or disk is full", 1),
            ("error", "database or disk is full", 4),
        ]
        assert await bo.barrier() == []
        journal.full = False
        await al.send("PRIVMSG #lobby :kept")
        assert (await bo.line()).endswith("PRIVMSG #lobby :kept")


async def test_what_is_no_message_is_shown_and_stored_later(tmp_path: Path) -> None:
    """With the ids that it had, and before what comes after it."""
    journal = SqliteJournal(tmp_path, sync="off")
    failing = Failing(journal)
    try:
        async with running(
            settings=Settings(name="irc.test", history=True), journal=failing
        ) as rig:
            al = await rig.irc("al", "CAP REQ :message-tags", "CAP END", "JOIN #a")
            failing.full = True
            await al.send("TOPIC #a :while it was full", "PRIVMSG #a :lost")
            shown = await al.barrier()
            assert ["TOPIC" in shown[0], "FAIL" in shown[1]] == [True, True]
            bo = await rig.irc("bo", "JOIN #a")
            joined = (await al.line()).split(" ")[0].removeprefix("@msgid=")
            failing.full = False
            await bo.send("PRIVMSG #a :kept")
            await al.line()
        page = await journal.answer(Wanted(place=Place("#a"), limit=9, kinds=EVERYTHING))
        assert isinstance(page, Page)
        found = [(type(one.event).__name__, one.event.id) for one in page.entries]
        topic = shown[0].split(" ")[0].removeprefix("@msgid=")
        assert [kind for kind, _ in found[:4]] == ["Joined", "TopicChanged", "Joined", "Said"]
        assert [id for _, id in found[1:3]] == [topic, joined]
    finally:
        await journal.aclose()


async def test_so_much_is_owed_and_no_more(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "HELD", 20)
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al = await rig.irc("al")
        journal.full = True
        for _ in range(15):
            await al.send("JOIN #b", "PART #b")
            await al.barrier()
        journal.full = False
        await al.send("JOIN #b", "PRIVMSG #b :kept")
        await al.barrier()
        assert 15 < len(journal.stored) <= 23


async def test_what_has_to_last_is_stored_when_that_works_again(
    autojump_clock: trio.abc.Clock,
) -> None:
    """By itself; and until then nobody reads what is not theirs."""
    journal = GatedJournal()

    async def asks() -> bool:
        question = Wanted(place=Place("#a"), limit=1)
        request = LookUp(id=0, user=al.connection.id, question=question)
        rig.hub._errands.send(request, al.connection)
        await trio.testing.wait_all_tasks_blocked()
        await al.barrier()
        answers = [item for item in rig.core.inputs if isinstance(item, Completed)]
        return answers[-1].result

    async with running(journal=journal) as rig:
        al = await rig.irc("al", "JOIN #a", "MODE #a +s", "PRIVMSG #a :secret", "TOPIC #a :x")
        assert {record.table for record in journal.stored if isinstance(record, Kept)} == {
            "private",
            "topic",
        }
        assert await asks()
        journal.full = True
        await al.send("PART #a")
        await al.until("PART")
        assert not await asks()
        await trio.sleep(10.5)
        # Once a second, and once when it happened.
        commits = journal.commits
        await trio.sleep(10)
        assert journal.commits == commits + 10
        journal.full = False
        journal.stored.clear()
        await trio.sleep(1)
        left, moved, *gone = journal.stored
        assert isinstance(event_of(left), Parted)
        assert isinstance(moved, Moved)
        assert (moved.before, moved.after[:4]) == ("#a", "!#a ")
        assert {one.table: one.value for one in gone if isinstance(one, Kept)} == {
            "private": None,
            "topic": None,
        }
        assert await asks()
        commits = journal.commits
        await trio.sleep(10)
        assert journal.commits == commits


async def test_a_password_is_checked_and_reading_waits_for_it() -> None:
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    operator = Operator(name="root", password=hasher.hash("secret"))
    async with running(settings=Settings(name="irc.test", operators=(operator,))) as rig:
        al = await rig.irc("al")
        await al.send("OPER root wrong", "PING 1")
        assert [(await al.line()).split()[1] for _ in range(2)] == ["464", "PONG"]
        await al.send("OPER root secret")
        await al.send("PING 2")
        assert [(await al.line()).split()[1] for _ in range(3)] == ["381", "MODE", "PONG"]


@pytest.mark.parametrize(
    "lines",
    [
        ["bot", "secret", "PRIVATE", "build 42"],
        ["PASS secret", "NICK bot", "USER bot 0 * :x", "JOIN #lobby", "PRIVMSG #lobby :build 42"],
    ],
)
async def test_a_script_may_hang_up_while_the_password_is_checked(lines: list[str]) -> None:
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    settings = Settings(name="irc.test", password=hasher.hash("secret"))
    async with running(settings=settings) as rig:
        al = await rig.connect()
        await al.send("PASS secret", "NICK al", "USER al 0 * :x", "JOIN #lobby")
        await al.until(" 366 ")
        script = await rig.connect()
        await script.send(*lines)
        assert isinstance(script.stream, trio.abc.HalfCloseableStream)
        await script.stream.send_eof()
        shown = await al.until("QUIT")
        assert shown[0].endswith("JOIN #lobby")
        assert shown[-2].endswith("PRIVMSG #lobby :build 42")
        assert shown[-1].endswith("QUIT :Connection closed")
        await rig.alone(1)


async def test_who_leaves_while_the_password_is_checked(autojump_clock: trio.abc.Clock) -> None:
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    settings = Settings(name="irc.test", password=hasher.hash("secret"))
    async with running(settings=settings) as rig:
        al = await rig.connect()
        await al.send("PASS secret", "NICK al", "USER al 0 * :x")
        await al.stream.aclose()
        await rig.alone(0)
        assert rig.hub.core.state.registered == 0


async def test_a_full_inbox_makes_readers_wait_and_loses_nothing(
    autojump_clock: trio.abc.Clock,
) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al = await rig.irc("al", "JOIN #lobby")
        bo = await rig.irc("bo", "JOIN #lobby", policy=changed(sendq=1_048_576))
        await al.line()
        journal.open = trio.Event()
        await al.send("PRIVMSG #lobby :first")
        await trio.testing.wait_all_tasks_blocked()
        for number in range(3000):
            await al.send(f"PRIVMSG #lobby :{number}")
            if not number % 100:
                await trio.testing.wait_all_tasks_blocked()
        journal.open.set()
        lines = await bo.until(":2999")
        assert [line.split(":")[2] for line in lines[1:]] == [str(n) for n in range(3000)]


async def test_guesses_are_logged(autojump_clock: trio.abc.Clock) -> None:
    operator = Operator(name="root", password=argon2.PasswordHasher(1, 8, 1).hash("x"))
    async with running(settings=Settings(name="irc.test", operators=(operator,))) as rig:
        peers = [await rig.irc(f"u{number}") for number in range(3)]
        with structlog.testing.capture_logs() as logs:
            for number in range(5):
                await peers[number // 2].send("OPER secret x")
                await peers[number // 2].until(" 464 ")
            await peers[2].send("OPER root x")
            await peers[2].until("Too many attempts")
            await trio.sleep(1)
            await peers[2].send("OPER root x")
            await peers[2].until("Too many attempts")
        common = {"log_level": "info", "host": "10.0.0.1"}
        wrong = {"event": "wrong password", "reason": "Wrong password"}
        away = {"event": "turned away", "reason": "Too many attempts", "operator": "root"}
        assert logs == [
            {**common, **wrong, "times": 1},
            {**common, **away, "times": 1},
            {**common, **away, "times": 2},
        ]


async def test_what_is_counted_is_logged_once_a_second(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        with structlog.testing.capture_logs() as logs:
            for _ in range(1000):
                rig.hub.count("refused", "Too many connections", host="10.0.0.1")
            rig.hub.count("refused", "TLS")
            await trio.sleep(1)
            rig.hub.count("refused", "Too many connections", host="10.0.0.2")
        assert [(log["reason"], log["times"]) for log in logs] == [
            ("Too many connections", 1),
            ("TLS", 1),
            ("Too many connections", 1001),
        ]


async def test_who_asks_and_does_not_read_is_not_asked_what_else(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        slow = await rig.connect(lockstep=True)
        al = await rig.irc("al")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(slow.send, "NICK slow", "USER x 0 * :x", *["HELP"] * 5000)
            await trio.sleep(10)
            # A page or two wait, whatever was asked, and others are served.
            assert 0 < slow.connection.outbox.queued < 40_000
            assert await al.barrier() == []
            # As it reads, it is answered more.
            for _ in range(100):
                await slow.until(" 706 ")
            nursery.cancel_scope.cancel()


async def test_a_page_is_taken_once_it_has_been_sent_and_no_sooner(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Everybody has a turn while a step is shown, as they have where that takes long.
    monkeypatch.setattr(hub, "_YIELD_EVERY", -1.0)
    async with running() as rig:
        others = [await rig.irc(f"u{number}") for number in range(40)]
        slow = await rig.connect(lockstep=True)
        await slow.register("slow")
        before = len(rig.core.inputs)
        for peer in others:
            rig.hub.put_now(Received(user=peer.connection.id, lines=[b"PING x"]))
        rig.hub.put_now(Received(user=slow.connection.id, lines=[b"HELP"] * 200))
        for peer in others:
            assert await peer.line() == ":irc.test PONG irc.test x"
        await trio.sleep(1)
        assert slow.connection.outbox.queued
        assert not any(isinstance(one, Completed) for one in rig.core.inputs[before:])
        for _ in range(200):
            await slow.until(" 706 ")
        assert any(isinstance(one, Completed) for one in rig.core.inputs[before:])


async def test_a_check_that_nobody_waits_for_is_not_made(autojump_clock: trio.abc.Clock) -> None:
    passwords = Passwords()
    assert await passwords.check("not even a hash", "x", wanted=lambda: False) is None


async def test_a_hash_that_is_none_fits_nothing() -> None:
    with structlog.testing.capture_logs() as logs:
        assert await Passwords().check("not even a hash", "x") is False
    assert len(logs) == 1


async def test_shutdown_says_so_to_everybody(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        al = await rig.irc("al")
        new = await rig.connect()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rig.hub.shut_down, "Server shutting down")
            assert await al.rest() == ["ERROR :Closing link (Server shutting down)"]
            assert await new.rest() == ["Goodbye (Server shutting down)"]
        assert rig.hub.open == 0
