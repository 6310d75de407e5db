"""What waits to be sent to one client.

`push` never waits. What the socket takes at once is sent at once, without a task switch; the rest
goes through a memory channel to a drain task, which exists only while there is something to drain.
The bytes that wait are counted: a client that lets more than the limit pile up is given up.

Invariants: bytes leave in the order in which they were pushed; after something that was sent only
in part nothing else is sent; nothing here makes the caller wait.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import trio

from trio_chat.server.transport import Transport

GONE = "Connection closed"
"""The reason when the peer is not there any more."""
PIECE = 65_536
"""Bytes that are sent under one deadline: a peer that takes so much in time is alive."""


class Outbox:
    """The way out to one client.

    `limit` is in bytes. `deadline` is in seconds: a peer has so long to take each `PIECE`.
    `give_up` is called at most once, from `push` or from the drain task, with the reason why this
    client gets nothing more; it returns a last line, which is sent if the peer takes what is before
    it within `grace` seconds.
    """

    __slots__ = (
        "_channel",
        "_deadline",
        "_dropped",
        "_emptied",
        "_give_up",
        "_grace",
        "_last_line",
        "_limit",
        "_nursery",
        "_queued",
        "_scope",
        "_sending",
        "_transport",
        "behind_since",
    )

    def __init__(
        self,
        transport: Transport,
        nursery: trio.Nursery,
        *,
        limit: int,
        deadline: float,
        grace: float,
        give_up: Callable[[str], bytes],
    ) -> None:
        self._transport = transport
        self._nursery = nursery
        self._limit = limit
        self._deadline = deadline
        self._grace = grace
        self._give_up = give_up
        self._queued = 0
        self._channel: (
            tuple[trio.MemorySendChannel[bytes], trio.MemoryReceiveChannel[bytes]] | None
        ) = None
        self._scope: trio.CancelScope | None = None
        self._sending = False
        self._dropped = False
        self._last_line = b""
        self._emptied: trio.Event | None = None
        self.behind_since: float | None = None
        """Since when something has waited for the peer, on trio's clock; None: nothing does."""

    @property
    def queued(self) -> int:
        """Bytes that wait for the peer."""
        return self._queued

    def push(self, data: bytes) -> None:
        """Send `data` after everything that was pushed before it. Never waits."""
        if self._dropped:
            return
        if self._channel is None:
            try:
                sent = self._transport.send_now(data)
            except trio.BrokenResourceError:
                self._dropped = True
                self._give_up(GONE)
                return
            except trio.ClosedResourceError:
                self._dropped = True
                return
            if sent == len(data):
                return
            if sent:
                data = data[sent:]
            self._channel = trio.open_memory_channel[bytes](math.inf)
            self._scope = trio.CancelScope()
            self.behind_since = trio.current_time()
            self._nursery.start_soon(self._drain, self._channel[1], self._scope, name="drain")
        self._channel[0].send_nowait(data)
        self._queued += len(data)
        if self._queued > self._limit:
            self._abandon("SendQ exceeded")

    push_raw = push
    """For bytes that are no lines, where lines are written in a way of their own."""

    def wrap(self, data: bytes) -> bytes:
        """Return a last line as it is sent."""
        return data

    def close(self, *, going_away: bool) -> None:
        """Say that nothing follows, where there is a way to say it; `going_away`: to anybody."""

    def seal(self) -> None:
        """Take nothing more; what was pushed is sent."""
        self._dropped = True

    def forget(self) -> None:
        """Call nobody any more: who would be called refers to this."""
        self._give_up = _nobody

    async def wait_emptied(self) -> None:
        """Wait until nothing waits to be sent any more, or nothing more can be."""
        while self._channel is not None:
            if self._emptied is None:
                self._emptied = trio.Event()
            await self._emptied.wait()

    async def _drain(
        self, source: trio.MemoryReceiveChannel[bytes], scope: trio.CancelScope
    ) -> None:
        try:
            with scope:
                while self._queued:
                    data = source.receive_nowait()
                    self._sending = True
                    await self._send(data)
                    self._queued -= len(data)
                if self._last_line:
                    await self._transport.send_all(self._last_line)
            if scope.cancelled_caught:
                self._dropped = True
        except trio.BrokenResourceError:
            if not self._dropped:
                self._dropped = True
                self._give_up(GONE)
        except trio.ClosedResourceError:
            self._dropped = True
        finally:
            # Nothing is awaited since the last look at what is queued: no push can get lost here.
            self._channel = self._scope = self.behind_since = None
            self._queued = 0
            self._sending = False
            if self._emptied is not None:
                self._emptied.set()
                self._emptied = None

    async def _send(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            with trio.move_on_after(self._deadline) as scope:
                await self._transport.send_all(data[start : start + PIECE])
            if scope.cancelled_caught:
                # An unknown part of a line is gone: nothing can follow it.
                self._dropped = True
                self._give_up("Write timeout")
                raise trio.BrokenResourceError

    def _abandon(self, reason: str) -> None:
        """Drop what is queued, but for what is on its way: a line can only follow its end."""
        self._dropped = True
        if self._channel is not None and self._scope is not None:
            self._scope.deadline = trio.current_time() + self._grace
            sender, receiver = self._channel
            begun = b"" if self._sending else receiver.receive_nowait()
            while receiver.statistics().current_buffer_used:
                self._queued -= len(receiver.receive_nowait())
            if begun:
                sender.send_nowait(begun)
        self._last_line = self._give_up(reason)


def _nobody(_: str) -> bytes:
    return b""
