"""The door: who waits for their peer's first words, and how many are woken at once."""

from __future__ import annotations

import itertools
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
import trio.testing

from trio_chat.server.door import AT_ONCE, Door


class Crowd(trio.abc.Instrument):
    """So many who wait, their peers, who has been woken, and how many were after each pass."""

    def __init__(self, count: int) -> None:
        self.pairs = [socket.socketpair() for _ in range(count)]
        self.woken: list[int] = []
        self.passes: list[int] = []

    async def wait(self, door: Door, number: int) -> None:
        await door.wait_readable(self.pairs[number][0])
        self.woken.append(number)

    def before_io_wait(self, timeout: float) -> None:
        self.passes.append(len(self.woken))

    def close(self) -> None:
        for pair in self.pairs:
            for one in pair:
                one.close()


@asynccontextmanager
async def crowd(count: int) -> AsyncIterator[tuple[Crowd, Door, trio.Nursery]]:
    door, them = Door(), Crowd(count)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.run)
            async with trio.open_nursery() as waiting:
                for number in range(count):
                    waiting.start_soon(them.wait, door, number)
                await trio.testing.wait_all_tasks_blocked()
                yield them, door, waiting
                waiting.cancel_scope.cancel()
            nursery.cancel_scope.cancel()
    finally:
        them.close()


async def test_a_crowd_is_woken_a_few_at_a_time() -> None:
    async with crowd(100) as (them, _, waiting):
        trio.lowlevel.add_instrument(them)
        for _, peer in them.pairs:
            peer.send(b"x")
        await trio.testing.wait_all_tasks_blocked(0.01)
        trio.lowlevel.remove_instrument(them)
        assert sorted(them.woken) == list(range(100))
        assert max(after - before for before, after in itertools.pairwise(them.passes)) == AT_ONCE
        assert not waiting.child_tasks


async def test_only_those_are_woken_to_whom_something_is_said() -> None:
    async with crowd(3) as (them, _, waiting):
        them.pairs[1][1].send(b"x")
        await trio.testing.wait_all_tasks_blocked(0.01)
        # To hang up says something, too.
        them.pairs[2][1].close()
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert them.woken == [1, 2]
        assert len(waiting.child_tasks) == 1


async def test_who_has_given_up_waiting_is_not_woken() -> None:
    async with crowd(1) as (them, door, _):
        ours, peer = socket.socketpair()
        with ours, peer:
            with trio.move_on_after(0) as scope:
                await door.wait_readable(ours)
            assert scope.cancelled_caught
            peer.send(b"x")
            await trio.testing.wait_all_tasks_blocked(0.01)
            # And may wait again.
            with trio.fail_after(60):
                await door.wait_readable(ours)
        assert them.woken == []


async def test_those_who_wait_when_it_ends_can_still_be_cancelled() -> None:
    ours, peer = socket.socketpair()
    with ours, peer:
        door = Door()
        async with trio.open_nursery() as waiting:
            waiting.start_soon(door.wait_readable, ours)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(door.run)
                await trio.testing.wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()
            waiting.cancel_scope.cancel()
        with trio.move_on_after(0) as scope:
            await door.wait_readable(ours)
        assert scope.cancelled_caught
