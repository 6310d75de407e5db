"""The hub's inbox: order, bounds, and who waits for what."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from trio_chat.core.inputs import Disconnected, Elapsed, Input, Received
from trio_chat.server.inbox import INPUTS, LINES, Inbox


def said(number: int, lines: int = 1) -> Received:
    return Received(user=number, lines=[b"x"] * lines)


async def test_what_comes_first_is_taken_first() -> None:
    inbox = Inbox()
    items: list[Input] = [said(1), Disconnected(user=1, reason="x"), said(2, 3)]
    await inbox.put(items[0])
    inbox.put_now(items[1])
    await inbox.put(items[2])
    assert (inbox.inputs, inbox.lines) == (3, 5)
    assert inbox.take(100) == items
    assert (inbox.inputs, inbox.lines) == (0, 0)
    assert inbox.take(100) == []


def test_no_more_is_taken_than_is_asked_for() -> None:
    inbox = Inbox()
    items = [said(number, 4) for number in range(5)]
    for item in items:
        inbox.put_now(item)
    # Up to the input that reaches it, which is taken whole.
    assert inbox.take(7) == items[:2]
    assert (inbox.inputs, inbox.lines) == (3, 12)
    assert inbox.take(12) == items[2:]


@pytest.mark.parametrize(("count", "lines"), [(INPUTS, 1), (LINES // 4096, 4096)])
async def test_who_finds_it_full_waits(
    count: int, lines: int, autojump_clock: trio.abc.Clock
) -> None:
    inbox = Inbox()
    for number in range(count):
        assert not inbox.full
        await inbox.put(said(number, lines))
    assert inbox.full
    # What may not wait does not.
    inbox.put_now(said(-1))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(inbox.put, said(-2))
        nursery.start_soon(inbox.put, said(-3))
        with trio.move_on_after(10) as scope:
            await inbox.wait_room()
        assert scope.cancelled_caught
        assert inbox.inputs == count + 1
        assert len(inbox.take(1_000_000)) == count + 1
        await inbox.wait_room()
    assert {item.user for item in inbox.take(10) if isinstance(item, Received)} == {-2, -3}


async def test_no_room_for_all_who_wait(autojump_clock: trio.abc.Clock) -> None:
    inbox = Inbox()
    for number in range(INPUTS):
        inbox.put_now(said(number))
    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(inbox.put, said(1000 + number))
        await trio.testing.wait_all_tasks_blocked()
        inbox.take(2)
        await trio.testing.wait_all_tasks_blocked()
        assert inbox.inputs == INPUTS
        assert len(nursery.child_tasks) == 3
        inbox.take(3)


async def test_the_hub_is_woken_when_there_is_enough(autojump_clock: trio.abc.Clock) -> None:
    inbox = Inbox()
    woken: list[int] = []

    async def wait(enough: int) -> None:
        await inbox.wait_filled(enough)
        woken.append(enough)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait, 3)
        await trio.testing.wait_all_tasks_blocked()
        inbox.put_now(Elapsed())
        inbox.put_now(Elapsed())
        await trio.testing.wait_all_tasks_blocked()
        assert woken == []
        inbox.put_now(Elapsed())
        await trio.testing.wait_all_tasks_blocked()
        assert woken == [3]
        # There is something already.
        await wait(1)
        inbox.take(10)
        with trio.move_on_after(10) as scope:
            await inbox.wait_filled()
        assert scope.cancelled_caught
        # Nobody waits any more: this wakes nobody.
        inbox.put_now(Elapsed())
