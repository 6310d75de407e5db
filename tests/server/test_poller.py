"""The poller: who is read for, and what never happens to the others."""

from __future__ import annotations

import select
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import structlog.testing
import trio
import trio.testing

from trio_chat.core.inputs import Elapsed
from trio_chat.server.inbox import INPUTS, Inbox
from trio_chat.server.poller import AT_ONCE, Epoll, Poller, Selector, Watch, best


@pytest.fixture(params=["epoll", "selectors"])
def watch(request: pytest.FixtureRequest) -> Callable[[], Watch]:
    """What Linux has, and what any system has."""
    if request.param == "selectors":
        return Selector
    if not hasattr(select, "epoll"):
        pytest.skip("this system has no epoll")
    return Epoll


class Client:
    """Somebody who is read for, and the peer."""

    def __init__(self, poller: Poller, log: list[Client]) -> None:
        self.poller = poller
        self.peer, self.socket = socket.socketpair()
        self.socket.setblocking(False)
        self.log = log
        self.read = b""
        self.calls = 0
        self.failures = 0
        self.then: Callable[[], None] = lambda: None
        self.add()

    def add(self) -> None:
        self.number = self.socket.fileno()
        self.poller.add(self.number, self)

    def remove(self) -> None:
        self.poller.remove(self.number)

    def close(self) -> None:
        self.socket.close()
        self.peer.close()

    def read_ready(self) -> None:
        self.calls += 1
        self.log.append(self)
        self.read += self.socket.recv(10)
        self.then()

    def read_failed(self) -> None:
        self.failures += 1
        self.remove()


class Bench:
    def __init__(self, watch: Watch) -> None:
        self.inbox = Inbox()
        self.poller = Poller(self.inbox, watch)
        self.clients: list[Client] = []
        self.log: list[Client] = []

    def client(self) -> Client:
        client = Client(self.poller, self.log)
        self.clients.append(client)
        return client


@asynccontextmanager
async def polling(watch: Callable[[], Watch]) -> AsyncIterator[Bench]:
    bench = Bench(watch())
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.poller.run)
            yield bench
            nursery.cancel_scope.cancel()
    finally:
        for client in bench.clients:
            client.close()


async def settled() -> None:
    await trio.testing.wait_all_tasks_blocked(0.01)


async def test_what_is_not_read_at_once_is_read_next(watch: Callable[[], Watch]) -> None:
    async with polling(watch) as bench:
        client = bench.client()
        client.peer.send(b"x" * 25)
        await settled()
        assert client.read == b"x" * 25
        assert client.calls == 3


async def test_while_it_is_held_nobody_is_read_from(watch: Callable[[], Watch]) -> None:
    async with polling(watch) as bench:
        client = bench.client()
        with bench.poller.held():
            client.peer.send(b"one")
            await trio.testing.wait_all_tasks_blocked()
            client.peer.send(b"two")
            await trio.testing.wait_all_tasks_blocked()
            assert client.calls == 0
        await trio.testing.wait_all_tasks_blocked()
        assert (client.calls, client.read) == (1, b"onetwo")
        client.peer.send(b"three")
        await trio.testing.wait_all_tasks_blocked()
        assert client.read == b"onetwothree"


async def test_nobody_keeps_the_others_waiting(watch: Callable[[], Watch]) -> None:
    async with polling(watch) as bench:
        greedy, other = bench.client(), bench.client()
        greedy.peer.send(b"x" * 1000)
        other.peer.send(b"y")
        await settled()
        # One call a round, whoever has more to say.
        assert bench.log.index(other) <= 1
        assert greedy.calls == 100


async def test_a_round_serves_so_many_and_then_others(watch: Callable[[], Watch]) -> None:
    async with polling(watch) as bench:
        clients = [bench.client() for _ in range(AT_ONCE + 50)]
        for client in clients:
            client.peer.send(b"x" * 20)
        await settled()
        assert all(client.read == b"x" * 20 for client in clients)
        # The first round has no room for the last fifty, the second has.
        assert len(set(bench.log[:AT_ONCE])) == AT_ONCE
        assert len(set(bench.log[: 2 * AT_ONCE])) == len(clients)


async def test_who_is_not_polled_is_not_read_from_and_nothing_is_lost(
    watch: Callable[[], Watch],
) -> None:
    async with polling(watch) as bench:
        client = bench.client()
        client.remove()
        client.peer.send(b"x")
        await settled()
        assert client.calls == 0
        client.add()
        await settled()
        assert client.read == b"x"


async def test_hanging_up_and_resets_are_for_the_reader_to_find(watch: Callable[[], Watch]) -> None:
    async with polling(watch) as bench:
        half, reset = bench.client(), bench.client()
        for client in (half, reset):
            client.then = client.remove
        half.peer.shutdown(socket.SHUT_WR)
        reset.socket.send(b"nobody reads this")
        with structlog.testing.capture_logs() as logs:
            reset.peer.close()
            await settled()
        # Each once: who has been taken out does not keep the poller awake.
        assert (half.calls, half.read) == (1, b"")
        assert (reset.calls, reset.failures) == (1, 1)
        assert [log["event"] for log in logs] == ["reading from a client failed"]
        assert len(bench.poller) == 0


async def test_a_mistake_of_ours_ends_one_connection_and_not_the_poller(
    watch: Callable[[], Watch],
) -> None:
    async with polling(watch) as bench:
        broken, healthy = bench.client(), bench.client()

        def fail() -> None:
            raise RuntimeError("a bug")

        broken.then = fail
        with structlog.testing.capture_logs() as logs:
            for client in (broken, healthy):
                client.peer.send(b"x")
            await settled()
        assert [log["log_level"] for log in logs] == ["error"]
        assert broken.failures == 1
        healthy.peer.send(b"y")
        await settled()
        assert healthy.read == b"xy"


async def test_who_is_taken_out_by_somebody_else_in_the_same_round(
    watch: Callable[[], Watch],
) -> None:
    async with polling(watch) as bench:
        one, other = bench.client(), bench.client()
        one.then, other.then = other.remove, one.remove
        one.peer.send(b"x")
        other.peer.send(b"y")
        await settled()
        assert one.calls + other.calls == 1


async def test_the_next_with_the_same_number_is_read_for(watch: Callable[[], Watch]) -> None:
    async with polling(watch) as bench:
        first = bench.client()
        first.remove()
        first.close()
        second = bench.client()
        assert second.number == first.number
        second.peer.send(b"x")
        await settled()
        assert (first.calls, second.read) == (0, b"x")


async def test_nobody_is_read_for_twice(watch: Callable[[], Watch]) -> None:
    async with polling(watch) as bench:
        client = bench.client()
        with pytest.raises(ValueError, match="already"):
            client.add()


async def test_nobody_is_read_from_while_the_inbox_is_full(watch: Callable[[], Watch]) -> None:
    async with polling(watch) as bench:
        client = bench.client()
        for _ in range(INPUTS):
            bench.inbox.put_now(Elapsed())
        client.peer.send(b"x")
        await settled()
        assert client.calls == 0
        bench.inbox.take(INPUTS)
        await settled()
        assert client.read == b"x"


async def test_whom_there_was_no_room_for_are_first(watch: Callable[[], Watch]) -> None:
    async with polling(watch) as bench:
        clients = [bench.client() for _ in range(5)]

        def fill() -> None:
            for _ in range(INPUTS):
                bench.inbox.put_now(Elapsed())

        for client in clients:
            client.then = fill
            client.peer.send(b"x" * 100)
        for turn in range(1, 11):
            await settled()
            # One a round, and nobody a second time before the others.
            assert len(bench.log) == turn
            bench.inbox.take(INPUTS)
        assert len(set(bench.log[:5])) == len(set(bench.log[5:])) == 5


async def test_after_the_end_clients_can_still_be_taken_out(watch: Callable[[], Watch]) -> None:
    async with polling(watch) as bench:
        client = bench.client()
    client.remove()
    assert len(bench.poller) == 0
    client.add()
    client.remove()


def test_the_best_of_this_system_can_be_waited_for() -> None:
    watch = best()
    assert watch.fileno() >= 0
    assert watch.ready(1) == []
    watch.close()
