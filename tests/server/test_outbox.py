"""What waits to be sent: over a real socket that is full, and over streams in memory."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from trio_chat.server.outbox import Outbox
from trio_chat.server.transport import SocketTransport, StreamTransport, Transport

LAST = b"ERROR :the last line\r\n"


class Box:
    """An outbox, and why it was given up."""

    def __init__(self, transport: Transport, nursery: trio.Nursery, limit: int) -> None:
        self.reasons: list[str] = []
        self.outbox = Outbox(
            transport, nursery, limit=limit, deadline=30, grace=5, give_up=self._give_up
        )

    def _give_up(self, reason: str) -> bytes:
        self.reasons.append(reason)
        return LAST


@asynccontextmanager
async def in_memory(limit: int = 100_000) -> AsyncIterator[tuple[Box, trio.abc.Stream]]:
    async with trio.open_nursery() as nursery:
        ours, theirs = trio.testing.lockstep_stream_pair()
        yield Box(StreamTransport(ours, lambda: None), nursery, limit), theirs
        nursery.cancel_scope.cancel()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    yield ours, theirs
    ours.close()
    theirs.close()


async def read(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        await trio.lowlevel.wait_readable(sock)
        more = sock.recv(65_536)
        if not more:
            break
        data += more
    return data


async def test_what_fits_is_sent_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    async with trio.open_nursery() as nursery:
        box = Box(SocketTransport(ours), nursery, 1000)
        box.outbox.push(b"one\r\n")
        # Not a single task switch lies between.
        assert theirs.recv(100) == b"one\r\n"
        assert box.outbox.queued == 0
        assert nursery.child_tasks == frozenset()


async def test_what_does_not_fit_follows_in_order(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    lines = [b"%06d %s\r\n" % (number, b"x" * 500) for number in range(1000)]
    async with trio.open_nursery() as nursery:
        box = Box(SocketTransport(ours), nursery, 1_000_000)
        for line in lines:
            box.outbox.push(line)
        assert box.outbox.queued > 0
        assert await read(theirs, sum(map(len, lines))) == b"".join(lines)
        await box.outbox.wait_emptied()
        assert box.outbox.queued == 0
        # With nothing queued it is sent at once again.
        box.outbox.push(b"after\r\n")
        assert theirs.recv(100) == b"after\r\n"
    assert box.reasons == []


async def test_a_full_queue_ends_with_a_whole_line_and_the_last_one(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    async with trio.open_nursery() as nursery:
        box = Box(SocketTransport(ours), nursery, 50_000)
        for _ in range(1000):
            box.outbox.push(b"x" * 500 + b"\r\n")
        assert box.reasons == ["SendQ exceeded"]
        assert box.outbox.queued <= 502
        data = b""
        while not data.endswith(LAST):
            await trio.lowlevel.wait_readable(theirs)
            data += theirs.recv(65_536)
        *whole, last = data.removesuffix(LAST).split(b"\r\n")
        assert last == b""
        assert set(whole) == {b"x" * 500}


async def test_one_push_over_the_limit_is_finished_before_the_last_line(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    async with trio.open_nursery() as nursery:
        box = Box(SocketTransport(ours), nursery, 1000)
        box.outbox.push(b"y" * 100_000 + b"\r\n")
        box.outbox.push(b"dropped\r\n")
        assert box.reasons == ["SendQ exceeded"]
        assert await read(theirs, 100_002 + len(LAST)) == b"y" * 100_000 + b"\r\n" + LAST


async def test_a_peer_that_is_gone_is_reported_once(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    async with trio.open_nursery() as nursery:
        box = Box(SocketTransport(ours), nursery, 1_000_000)
        theirs.close()
        box.outbox.push(b"one\r\n")
        box.outbox.push(b"two\r\n")
        assert box.outbox.queued == 0
    # The reader may be asleep in a pause, so somebody has to say it.
    assert box.reasons == ["Connection closed"]


async def test_a_peer_that_goes_while_something_waits(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    async with trio.open_nursery() as nursery:
        box = Box(SocketTransport(ours), nursery, 1_000_000)
        box.outbox.push(b"x" * 500_000)
        await trio.testing.wait_all_tasks_blocked()
        theirs.close()
        await box.outbox.wait_emptied()
        box.outbox.push(b"more")
    assert box.outbox.queued == 0
    assert box.reasons == ["Connection closed"]


async def test_streams_get_everything_through_the_drain_task(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with in_memory() as (box, theirs):
        box.outbox.push(b"one\r\n")
        box.outbox.push(b"two\r\n")
        assert box.outbox.queued == 10
        assert await theirs.receive_some() == b"one\r\n"
        assert await theirs.receive_some() == b"two\r\n"
        await box.outbox.wait_emptied()
        box.outbox.push(b"three\r\n")
        assert await theirs.receive_some() == b"three\r\n"


async def test_no_progress_is_given_up_after_the_deadline(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with in_memory() as (box, theirs):
        box.outbox.push(b"one\r\n")
        await box.outbox.wait_emptied()
        assert trio.current_time() == pytest.approx(30)
        assert box.reasons == ["Write timeout"]
        # An unknown part of it is gone: nothing may follow, not even a last line.
        box.outbox.push(b"two\r\n")
        assert box.outbox.queued == 0
        del theirs


async def test_slow_progress_is_progress(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(limit=1_000_000) as (box, theirs):
        box.outbox.push(b"x" * 65_536 * 4)
        for _ in range(4):
            await trio.sleep(20)
            size = 0
            while size < 65_536:
                size += len(await theirs.receive_some(65_536 - size))
        await box.outbox.wait_emptied()
        assert box.reasons == []


async def test_the_last_line_has_so_much_time_and_no_more(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory(limit=10) as (box, theirs):
        box.outbox.push(b"eight\r\n")
        await trio.testing.wait_all_tasks_blocked()
        box.outbox.push(b"over the limit\r\n")
        assert box.reasons == ["SendQ exceeded"]
        await box.outbox.wait_emptied()
        assert trio.current_time() == pytest.approx(5)
        del theirs


async def test_since_when_a_peer_is_behind(autojump_clock: trio.abc.Clock) -> None:
    async with in_memory() as (box, theirs):
        moments = [box.outbox.behind_since]
        began = trio.current_time()
        box.outbox.push(b"one\r\n")
        await trio.sleep(3)
        box.outbox.push(b"two\r\n")
        moments.append(box.outbox.behind_since)
        assert await theirs.receive_some() == b"one\r\n"
        assert await theirs.receive_some() == b"two\r\n"
        await box.outbox.wait_emptied()
        moments.append(box.outbox.behind_since)
        await trio.sleep(3)
        box.outbox.push(b"three\r\n")
        moments.append(box.outbox.behind_since)
        assert moments == [None, began, None, began + 6]
