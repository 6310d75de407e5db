"""How long whoever is ready waits for their turn: the lag of trio's loop.

A task that has nothing to do but to wake up measures how late it does. That is what every client
waits for besides their own work; a machine that is too busy, or suspended, shows here as well.
"""

from __future__ import annotations

import trio

from trio_chat.server.meters import Histogram

EVERY = 0.1
"""Seconds: a stall that lasts so long is not missed."""


async def measure(lag: Histogram) -> None:
    """Measure until cancelled."""
    while True:
        due = trio.current_time() + EVERY
        await trio.sleep_until(due)
        lag.observe(max(0.0, trio.current_time() - due))
