"""The door: what all connections that open share, so that a crowd keeps nobody inside waiting.

Owns whose turn it is to take a step of a TLS handshake or to be answered a request, who waits for
their peer's first words, and how many are silent. Must not know what is said.

Invariants: a pass of the scheduler takes one step of a handshake, mostly a millisecond of work,
answers a few requests, and wakes a few of those who open. Whoever waits here closes their
descriptor only when they no longer do.
"""

from __future__ import annotations

import socket

import trio

from trio_chat.server.poller import Watch, best

AT_ONCE = 16
"""Connections that are woken before anybody else gets a turn."""

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
        self._watch = watch if watch is not None else best()
        self._waiting: dict[int, trio.lowlevel.Task] = {}
        self._closed = False

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
