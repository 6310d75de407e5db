"""What is seen of a server at one moment."""

from __future__ import annotations

import json
from pathlib import Path

import argon2
import pytest
import trio
import trio.testing

from tests.certificates import client_context
from tests.server.rig import START, Peer, Rig, changed, running
from tests.server.test_run import PLAIN, eventually, read_until, tls_text
from tests.server.test_run import running as serving
from trio_chat.core.settings import AccountPolicy, Operator, Settings
from trio_chat.server.collector import Collector
from trio_chat.server.readings import TOP, Readings, resident


def readings(rig: Rig) -> Readings:
    return Readings(rig.hub, Collector(), limit=lambda: 500)


_PONG = len(":irc.test PONG irc.test 0\r\n")


async def behind(rig: Rig, name: str, count: int) -> Peer:
    """Return a client in `#a` that has not read answers to so many PINGs."""
    peer = await rig.connect(lockstep=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(peer.register, name, "JOIN #a")
    await peer.send(*(f"PING {number}" for number in range(count)))
    # The hub may pause before it takes them.
    while peer.connection.outbox.queued < _PONG * count:  # noqa: ASYNC110
        await trio.sleep(0.01)
    return peer


async def test_who_is_here(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        await rig.irc("al", "JOIN #a")
        await rig.irc("bo", "JOIN #a,#b")
        person = await rig.connect()
        await person.send("cy")
        await person.line()
        await rig.connect()
        now = readings(rig)
        assert now.clients().kinds == {
            ("irc", False): 2,
            ("plain", False): 1,
            ("opening", False): 1,
        }
        # With the lobby.
        assert (now.users, now.rooms, now.operators) == (3, 3, 0)
        assert now.limit == 500
        assert now.started == START


async def test_who_is_being_seen_off_is_still_here(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        al = await rig.irc("al")
        await al.send("QUIT")
        await al.until("ERROR")
        assert rig.hub.connections == {}
        assert readings(rig).clients().kinds == {("irc", False): 1}
        await al.rest()
        await al.stream.aclose()
        await rig.alone(0)
        assert readings(rig).clients().kinds == {}


async def test_who_is_here_in_tls(tmp_path: Path) -> None:
    async with serving(tmp_path, tls_text(tmp_path)) as it:
        stream = await it.connect()
        tls = trio.SSLStream(stream, client_context(), server_hostname="irc.test")
        await tls.send_all(b"NICK al\r\nUSER x 0 * :x\r\n")
        await read_until(tls, b" 422 ")
        assert it.server.readings.clients().kinds == {("irc", True): 1}


async def test_what_waits_for_whom(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        await rig.irc("al", "JOIN #a")
        slow = await behind(rig, "slow", 10)
        began = trio.current_time()
        await trio.sleep(20)
        slower = await behind(rig, "slower", 20)
        clients = readings(rig).clients()
        sizes = [peer.connection.outbox.queued for peer in (slow, slower)]
        assert clients.queued == sum(sizes)
        assert clients.largest == sizes[1] > sizes[0] > 0
        assert clients.behind == 2
        first, second = readings(rig).slowest()
        assert (first["nickname"], first["bytes"]) == ("slower", sizes[1])
        assert second == {
            "nickname": "slow",
            "host": "10.0.0.1",
            "kind": "irc",
            "tls": False,
            "bytes": sizes[0],
            "since": pytest.approx(START + began, abs=0.01),
        }


async def test_of_those_who_wait_the_slowest_are_shown(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        for number in range(TOP + 2):
            await behind(rig, f"u{number}", 10 * (number + 1))
        found = [one["nickname"] for one in readings(rig).slowest()]
        assert found == [f"u{number}" for number in range(TOP + 1, 1, -1)]


async def test_which_rooms_are_busy(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        al = await rig.irc("al", "JOIN #a,#b,#c,#d")
        await rig.irc("bo", "JOIN #a,#b")
        # Who came is not what this is about.
        await trio.sleep(130)
        assert readings(rig).busiest() == []
        await al.send("PRIVMSG #a :x", "PRIVMSG #c :x", "PRIVMSG #c :x", "PRIVMSG #c :x")
        await al.barrier()
        assert readings(rig).busiest() == [
            {"room": "#c", "members": 1, "deliveries": 3},
            {"room": "#a", "members": 2, "deliveries": 2},
        ]


async def test_of_many_busy_rooms_the_busiest_are_shown(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        al = await rig.irc("al", *(f"JOIN #r{number}" for number in range(TOP + 2)))
        await trio.sleep(130)
        for number in range(TOP + 2):
            await al.send(*(f"PRIVMSG #r{number} :x" for _ in range(number + 1)))
        await al.barrier()
        found = [one["room"] for one in readings(rig).busiest()]
        assert found == [f"#r{number}" for number in range(TOP + 1, 1, -1)]


async def test_a_snapshot_is_json_and_says_nothing_of_what_people_write(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        al = await rig.irc("al", "JOIN #a")
        await al.send("PRIVMSG #a :secret1", "TOPIC #a :secret2", "AWAY :secret3")
        await al.send("PRIVMSG bo :secret4", "MODE #a +k secret5", "QUIT :secret6")
        await al.rest()
        late = await rig.connect(policy=changed(registration_timeout=5.0))
        await late.send("GET /secret7 HTTP/1.1", "")
        await late.rest()
        found = json.loads(json.dumps(readings(rig).snapshot()))
        assert "secret" not in str(found)
        assert found["connections"] == {
            "now": rig.hub.open,
            "limit": 500,
            "kinds": found["connections"]["kinds"],
        }
        assert found["messages"] == 1
        assert found["lines"] >= 8
        assert found["refusals"]["reasons"]["HTTP"] == 1
        assert [one["reason"] for one in found["refusals"]["latest"]] == ["HTTP"]
        assert sum(found["ticks"]["counts"]) > 0
        assert len(found["ticks"]["counts"]) == len(found["bounds"]) + 1
        assert found["time"] == pytest.approx(START + trio.current_time())


async def test_the_latest_come_first(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        for number in range(3):
            peer = await rig.connect(host=f"10.0.0.{number}")
            await peer.send("GET / HTTP/1.1", "")
            await peer.rest()
        found = readings(rig).snapshot()["refusals"]["latest"]
        assert [one["host"] for one in found] == ["10.0.0.2", "10.0.0.1", "10.0.0.0"]


async def test_a_server_has_readings_of_itself(tmp_path: Path) -> None:
    text = f"{PLAIN}[connections]\ntotal = 7\n"
    async with serving(tmp_path, text) as it:
        await eventually(lambda: it.server.hub.meters.lag.count)
        found = it.server.readings.snapshot()
        assert found["connections"]["limit"] == 7
        assert sum(found["lag"]["counts"]) >= 1
        assert found["version"]
        assert await it.server.readiness.why_not() == ""


def test_memory_is_this_processs() -> None:
    before = resident()
    assert before is not None
    more = bytearray(b"x" * (64 << 20))
    after = resident()
    assert after is not None
    assert after - before > len(more) // 2


async def test_what_came_of_logins() -> None:
    operator = Operator(name="root", password=argon2.PasswordHasher(1, 8, 1).hash("x"))
    settings = Settings(
        name="irc.test", durable=True, operators=(operator,), accounts=AccountPolicy(attempts=2)
    )
    async with running(settings=settings) as rig:
        al = await rig.irc("al")
        await al.send("REGISTER * * correct-horse")
        await al.until("REGISTER SUCCESS")
        assert readings(rig).logins() == {"succeeded": 1, "wrong": 0, "turned away": 0}
        bo = await rig.connect(host="10.0.0.2")
        await bo.register("bo")
        for answer in (" 464 ", " 464 ", "Too many"):
            await bo.send("OPER root wrong")
            await bo.until(answer)
        assert readings(rig).logins() == {"succeeded": 1, "wrong": 2, "turned away": 1}
