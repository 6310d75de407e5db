"""When it is tried again, and what is left of a connection that is let go."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
import trio

from trio_chat.client import Refused
from trio_chat.client.reconnecting import FIRST, LONGEST, abandon, delay_before, is_final


@pytest.mark.parametrize(
    ("attempt", "longest"),
    [(1, FIRST), (2, 2 * FIRST), (5, 16 * FIRST), (7, LONGEST), (100_000, LONGEST)],
)
def test_delays(attempt: int, longest: float) -> None:
    delays = [delay_before(attempt) for _ in range(200)]
    assert longest / 2 <= min(delays) < longest * 0.6
    assert longest * 0.9 < max(delays) <= longest


@pytest.mark.parametrize(
    ("code", "final"), [("433", False), ("437", False), ("464", True), ("465", True)]
)
def test_what_is_tried_again(code: str, final: bool) -> None:
    assert is_final(Refused("no", code)) is final


async def test_what_was_not_sent_is_not_sent_later() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    ours = await trio.open_tcp_stream(*listener.socket.getsockname())
    theirs = await listener.accept()
    sent = 0
    with suppress(BlockingIOError):
        while True:
            # Until nothing more fits on the way.
            sent += os.write(ours.socket.fileno(), b"x" * 65536)
    await abandon(ours)
    received = 0
    with suppress(trio.BrokenResourceError):
        while data := await theirs.receive_some(65536):
            received += len(data)
    assert received < sent
    await listener.aclose()
    await theirs.aclose()
    # Another time does no harm.
    await abandon(ours)
