"""What is counted: each thing once, where it happens."""

from __future__ import annotations

from pathlib import Path

import argon2
import pytest
import trio
import trio.testing

from tests.certificates import client_context
from tests.server.rig import GatedJournal, Rig, changed, running
from tests.server.test_run import eventually, read_until, tls_text
from tests.server.test_run import running as serving
from tests.server.web.test_exchange import HOST, open_browser
from trio_chat.core.settings import Operator, Settings
from trio_chat.journal.store import SqliteJournal
from trio_chat.server.meters import BOUNDS, CUT_OFF, LATEST, REFUSED, Histogram, Meters


def test_a_histogram_counts_up_to_each_bound() -> None:
    found = Histogram()
    for seconds in (0.0, 0.000_1, 0.000_11, 0.001, 9.9, 10.0, 10.1):
        found.observe(seconds)
    assert found.count == 7
    assert found.sum == pytest.approx(30.00121)
    cumulative = dict(zip((*BOUNDS, None), found.cumulative(), strict=True))
    assert cumulative[0.000_1] == 2
    assert cumulative[0.000_25] == cumulative[0.000_5] == 3
    assert cumulative[0.001] == cumulative[5.0] == 4
    assert cumulative[10.0] == 6
    assert cumulative[None] == 7


def test_bounds_grow() -> None:
    assert list(BOUNDS) == sorted(set(BOUNDS))


def test_what_has_not_happened_is_0() -> None:
    meters = Meters()
    assert set(meters.by_reason(CUT_OFF).values()) == {0}
    assert "ping timeout" in meters.by_reason(CUT_OFF)
    assert "TLS handshake" in meters.by_reason(REFUSED)
    assert set(meters.failures().values()) == {0}


async def test_lines_messages_and_deliveries(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        al = await rig.irc("al", "JOIN #a")
        bo = await rig.irc("bo", "JOIN #a")
        await al.barrier()
        meters = rig.hub.meters
        lines, said, shown = meters.lines, meters.messages, meters.deliveries
        await al.send("PRIVMSG #a :one", "NOTICE #a :two", "PRIVMSG bo :three")
        await al.barrier()
        await bo.barrier()
        assert meters.lines - lines == 5
        assert meters.messages - said == 3
        # Two in a room of two, one to somebody alone, and two answers.
        assert meters.deliveries - shown == 7


async def test_ticks_and_commits(autojump_clock: trio.abc.Clock) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al = await rig.irc("al", "JOIN #a")
        await al.barrier()
        meters = rig.hub.meters
        ticks, commits, records = meters.ticks.count, meters.commits.count, meters.records
        stored = len(journal.stored)
        await al.send("PRIVMSG #a :one")
        await al.barrier()
        assert meters.commits.count - commits == 1
        assert meters.records - records == 1 == len(journal.stored) - stored
        assert meters.ticks.count > ticks
        assert meters.failed_commits == 0
        journal.full = True
        await al.send("PRIVMSG #a :two")
        await al.barrier()
        assert meters.commits.count - commits == 1
        assert meters.failed_commits == 1
        assert meters.failures()["could not store messages"] == 1


async def test_steps_that_are_taken_meanwhile_are_ticks_too(
    autojump_clock: trio.abc.Clock,
) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al = await rig.irc("al", "JOIN #a")
        bo = await rig.irc("bo")
        await al.barrier()
        journal.open = trio.Event()
        await al.send("PRIVMSG #a :one")
        await trio.sleep(1)
        ticks = rig.hub.meters.ticks.count
        for _ in range(3):
            await bo.barrier()
        assert rig.hub.meters.ticks.count - ticks == 3
        journal.open.set()


async def test_who_is_cut_off_is_remembered(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        al = await rig.irc("al")
        late = await rig.connect(host="10.0.0.9")
        await late.send("NICK late")
        await trio.sleep(200)
        assert "Ping timeout" in (await al.rest())[-1]
        meters = rig.hub.meters
        assert [(one.host, one.nickname, one.reason) for one in meters.cut_offs] == [
            ("10.0.0.9", "late", "not registered in time"),
            ("10.0.0.1", "al", "ping timeout"),
        ]
        first, second = (one.at for one in meters.cut_offs)
        assert second - first == pytest.approx(90, abs=2)
        found = meters.by_reason(CUT_OFF)
        assert found["ping timeout"] == found["not registered in time"] == 1
        assert sum(found.values()) == 2


async def test_so_is_who_does_not_read(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        al = await rig.irc("al", "JOIN #a")
        slow = await rig.connect(policy=changed(sendq=10_000), lockstep=True)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(slow.register, "slow", "JOIN #a")
            await al.until("slow!")
        while not rig.hub.meters.cut_offs:
            await al.send(f"PRIVMSG #a :{'x' * 400}")
            await al.barrier()
        (one,) = rig.hub.meters.cut_offs
        assert (one.nickname, one.reason) == ("slow", "too much unread")


@pytest.mark.parametrize("kind", ["KILL", "QUIT"])
async def test_words_are_no_reason(kind: str) -> None:
    operator = Operator(name="root", password=argon2.PasswordHasher(1, 8, 1).hash("x"))
    async with running(settings=Settings(name="irc.test", operators=(operator,))) as rig:
        root = await rig.irc("root", "OPER root x")
        for number in range(3):
            al = await rig.irc(f"al{number}")
            if kind == "KILL":
                await root.send(f"KILL al{number} :words {number}")
            else:
                await al.send(f"QUIT :words {number}")
            await al.rest()
        meters = rig.hub.meters
        found = {reason: n for reason, n in meters.by_reason(CUT_OFF).items() if n}
        # Who leaves by themselves is not cut off.
        assert found == ({"killed": 3} if kind == "KILL" else {})
        assert not any("words" in text for key in meters.happened for text in key)
        assert not any("words" in one.reason for one in meters.cut_offs)


async def test_who_is_refused_is_remembered_and_drives_nobody_out(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        al = await rig.irc("al")
        await trio.sleep(200)
        await al.rest()
        for number in range(2 * LATEST):
            peer = await rig.connect(host=f"10.0.1.{number}")
            await peer.send("GET / HTTP/1.1", "")
            await peer.rest()
        meters = rig.hub.meters
        assert len(meters.cut_offs) == 1
        assert len(meters.refusals) == LATEST
        last = meters.refusals[-1]
        assert (last.host, last.nickname, last.reason) == ("10.0.1.99", "", "HTTP")
        assert meters.by_reason(REFUSED)["HTTP"] == 2 * LATEST


async def opened(rig: Rig, *first: str) -> None:
    peer = await rig.connect()
    await peer.send(*first)
    await peer.line()


async def test_connections_by_what_they_speak(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        await opened(rig, "NICK al", "USER al 0 * :x")
        await opened(rig, "NICK bo", "USER bo 0 * :x")
        await opened(rig, "cy")
        silent = await rig.connect()
        assert rig.hub.meters.opened == {("irc", False): 2, ("plain", False): 1}
        assert silent.connection.kind.value == "opening"


async def test_a_browser_is_counted_again_when_it_has_a_websocket(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        browser = await open_browser(rig)
        await browser.ask("GET / HTTP/1.1", HOST)
        assert rig.hub.meters.opened == {("http", False): 1}
        assert browser.peer.connection.kind.value == "http"
        await browser.upgrade()
        await browser.say("NICK al", "USER al 0 * :x")
        await browser.until(" 422 ")
        assert rig.hub.meters.opened == {("http", False): 1, ("websocket", False): 1}
        assert browser.peer.connection.kind.value == "websocket"


async def test_and_whether_they_do_so_in_tls(tmp_path: Path) -> None:
    async with serving(tmp_path, tls_text(tmp_path)) as it:
        stream = await it.connect()
        tls = trio.SSLStream(stream, client_context(), server_hostname="irc.test")
        await tls.send_all(b"NICK al\r\nUSER x 0 * :x\r\n")
        await read_until(tls, b" 422 ")
        assert it.server.hub.meters.opened == {("irc", True): 1}
        await eventually(lambda: it.server.hub.meters.lag.count)


CAPS = "CAP REQ :draft/chathistory soju.im/search batch"


async def test_what_is_looked_up(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path, sync="off")
    async with running(journal=journal) as rig:
        al = await rig.irc("al", CAPS, "CAP END", "JOIN #a")
        await al.barrier()
        before = {kind: one.count for kind, one in rig.hub.meters.history.items()}
        await al.send("CHATHISTORY LATEST #a * 10", "CHATHISTORY LATEST #a * 10")
        times = ("timestamp=2020-01-01T00:00:00.000Z", "timestamp=2030-01-01T00:00:00.000Z")
        await al.send("CHATHISTORY TARGETS {} {} 10".format(*times))
        await al.send("SEARCH in=#a;text=word")
        await al.barrier()
        after = {kind: one.count for kind, one in rig.hub.meters.history.items()}
        found = {kind: after[kind] - before[kind] for kind in after if after[kind] > before[kind]}
        assert found == {"page": 2, "conversations": 1, "search": 1}
        await journal.aclose()
