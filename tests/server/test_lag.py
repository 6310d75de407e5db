"""How late whoever is ready is woken."""

from __future__ import annotations

import trio
import trio.testing

from trio_chat.server import lag
from trio_chat.server.meters import Histogram


async def test_a_loop_that_is_not_busy_has_none(autojump_clock: trio.abc.Clock) -> None:
    found = Histogram()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lag.measure, found)
        await trio.sleep(10.5 * lag.EVERY)
        nursery.cancel_scope.cancel()
    assert found.count == found.counts[0] == 10
    assert found.sum < 1e-6


async def test_a_stall_is_seen(mock_clock: trio.testing.MockClock) -> None:
    """The clock goes on while nobody gets a turn."""
    found = Histogram()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lag.measure, found)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(lag.EVERY + 0.7)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert found.count == 1
    assert abs(found.sum - 0.7) < 1e-6
