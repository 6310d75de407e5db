from __future__ import annotations

import datetime as dt

import pytest
import trio
from trio.testing import MockClock

from trio_chat.client.event_queue import PATIENCE, EventQueue
from trio_chat.client.events import Event, Message, Missed

NOW = dt.datetime(2024, 5, 6, tzinfo=dt.UTC)


def event(number: int) -> Message:
    return Message(time=NOW, nick="n", target="#t", text=str(number))


def shown(events: list[Event]) -> list[str | int]:
    return [
        event.text if isinstance(event, Message) else event.count
        for event in events
        if isinstance(event, Message | Missed)
    ]


async def rest(queue: EventQueue) -> list[Event]:
    queue.end()
    found = []
    while (event := await queue.get()) is not None:
        found.append(event)
    assert await queue.get() is None
    return found


async def test_in_order() -> None:
    queue = EventQueue(4)
    for number in range(4):
        await queue.put(event(number))
    assert shown(await rest(queue)) == ["0", "1", "2", "3"]


async def test_get_waits_for_put() -> None:
    queue = EventQueue(4)
    async with trio.open_nursery() as nursery:

        async def consume() -> None:
            assert await queue.get() == event(1)
            assert await queue.get() is None

        nursery.start_soon(consume)
        await trio.testing.wait_all_tasks_blocked()
        await queue.put(event(1))
        await trio.testing.wait_all_tasks_blocked()
        queue.end()


async def test_a_consumer_at_work_misses_nothing() -> None:
    queue = EventQueue(4)
    found: list[Event] = []
    async with trio.open_nursery() as nursery:

        async def consume() -> None:
            while (event := await queue.get()) is not None:
                found.append(event)

        nursery.start_soon(consume)
        for number in range(1000):
            await queue.put(event(number))
        queue.end()
    assert shown(found) == [str(number) for number in range(1000)]


async def test_without_a_consumer_the_reader_waits_once(autojump_clock: MockClock) -> None:
    queue = EventQueue(4)
    for number in range(1000):
        await queue.put(event(number))
    assert trio.current_time() == pytest.approx(PATIENCE)
    assert shown(await rest(queue)) == ["0", "1", "2", "3", 996]


async def test_the_gap_is_where_it_was(autojump_clock: MockClock) -> None:
    queue = EventQueue(4)
    for number in range(10):
        await queue.put(event(number))
    await queue.get()
    # Still more than half full: that the queue is drained is what counts.
    await queue.put(event(10))
    await queue.get()
    await queue.put(event(11))
    assert shown(await rest(queue)) == ["2", "3", 7, "11"]


async def test_too_short() -> None:
    with pytest.raises(ValueError, match="too short"):
        EventQueue(1)


async def test_room_is_waited_for_as_long_as_it_takes(autojump_clock: MockClock) -> None:
    queue = EventQueue(4)
    for number in range(6):
        queue.put_nowait(event(number))
    came: list[int] = []

    async def add() -> None:
        for number in range(6, 20):
            await queue.room()
            queue.put_nowait(event(number))
            came.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(add)
        await trio.sleep(1000)
        assert came == []
        found: list[Event] = []
        while len(found) < 19:
            await trio.sleep(10)
            item = await queue.get()
            assert item is not None
            found.append(item)
    # Two were missed before there was anybody to wait.
    assert shown(found) == ["0", "1", "2", "3", 2, *map(str, range(6, 20))]
