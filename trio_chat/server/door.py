"""The door: what all connections that open share, so that a crowd keeps nobody inside waiting.

Owns whose turn it is to take a step of a TLS handshake or to be answered a request, who waits for
their peer's first words, how many are silent, and where browsers are. Must not know what is said.

Invariants: a pass of the scheduler takes one step of a handshake, mostly a millisecond of work,
answers a few requests, and wakes a few of those who open. Whoever waits here closes their
descriptor only when they no longer do.
"""

from __future__ import annotations

import math
import socket

import trio

from trio_chat.server.poller import Watch, best

AT_ONCE = 16
"""Connections that are woken before anybody else gets a turn."""
BROWSING = 600.0
"""Seconds for which it is remembered that there is a browser at an address."""
BROWSERS = 10_000
"""Addresses of which that is remembered: the latest."""
REQUESTS = 4
"""Requests of HTTP, of half a millisecond each, that are answered before anybody else gets a
turn."""


class Door:
    """What connections that open share, as long as `run` does."""

    def __init__(self, watch: Watch | None = None) -> None:
        self.turn = trio.Lock()
        """Who has it takes a step of a handshake. It is handed on in the scheduler's next pass."""
        self._answering = trio.Semaphore(REQUESTS)
        self.silent = 0
        """How many have said nothing where TLS may come."""
        self._browsers: dict[str, float] = {}
        """When somebody at an address has spoken HTTP; who did last, last."""
        self._watch = watch if watch is not None else best()
        self._waiting: dict[int, trio.lowlevel.Task] = {}
        self._closed = False

    def note_browser(self, address: str) -> None:
        """Note that HTTP is spoken at an address."""
        self._browsers.pop(address, None)
        self._browsers[address] = trio.current_time()
        if len(self._browsers) > BROWSERS:
            del self._browsers[next(iter(self._browsers))]

    def has_browser(self, address: str) -> bool:
        """Whether HTTP was spoken there a short while ago."""
        return trio.current_time() - self._browsers.get(address, -math.inf) < BROWSING

    async def wait_readable(self, sock: socket.socket) -> None:
        """Wait until there is something to be read, and until it is one's turn to be woken."""
        number = sock.fileno()

        def forget(_: object) -> trio.lowlevel.Abort:
            del self._waiting[number]
            if not self._closed:
                self._watch.remove(number)
            return trio.lowlevel.Abort.SUCCEEDED

        self._waiting[number] = trio.lowlevel.current_task()
        if not self._closed:
            self._watch.add(number)
        await trio.lowlevel.wait_task_rescheduled(forget)

    async def wait_turn(self) -> None:
        """Wait until it is one's turn to be answered a request."""
        # It is handed on in the scheduler's next pass.
        async with self._answering:
            pass

    async def run(self) -> None:
        """Wake those who wait, until cancelled."""
        try:
            while True:
                await trio.lowlevel.wait_readable(self._watch.fileno())
                for number in self._watch.ready(AT_ONCE):
                    self._watch.remove(number)
                    trio.lowlevel.reschedule(self._waiting.pop(number))
        finally:
            self._closed = True
            trio.lowlevel.notify_closing(self._watch.fileno())
            self._watch.close()
