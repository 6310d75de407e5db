from __future__ import annotations

import pytest
import trio
from trio.testing import memory_stream_pair, wait_all_tasks_blocked

from trio_chat.client.outgoing import LINES, Outgoing


async def test_urgent_lines_go_first() -> None:
    ours, theirs = memory_stream_pair()
    outgoing = Outgoing(ours)
    for _ in range(LINES):
        await outgoing.put(b"line\r\n")
    outgoing.put_urgent(b"PONG 1\r\n")
    outgoing.put_urgent(b"PONG 2\r\n")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outgoing.run)
        await wait_all_tasks_blocked()
        assert await theirs.receive_some() == b"PONG 1\r\nPONG 2\r\n" + b"line\r\n" * LINES
        assert not outgoing.broken
        nursery.cancel_scope.cancel()


async def test_urgent_lines_are_bounded() -> None:
    ours, theirs = memory_stream_pair()
    outgoing = Outgoing(ours)
    for _ in range(100):
        outgoing.put_urgent(b"x" * 1000)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outgoing.run)
        await wait_all_tasks_blocked()
        assert len(await theirs.receive_some()) == 8000
        nursery.cancel_scope.cancel()


async def test_a_cancelled_send_condemns_the_stream() -> None:
    ours, _ = memory_stream_pair()

    async def never() -> None:
        await trio.sleep_forever()

    ours.send_stream.send_all_hook = never
    outgoing = Outgoing(ours)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outgoing.run)
        await outgoing.put(b"line\r\n")
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert outgoing.broken
    with pytest.raises(trio.BrokenResourceError):
        await outgoing.put(b"too late\r\n")
    outgoing.put_urgent(b"too late\r\n")
