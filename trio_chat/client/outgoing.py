"""The lines on their way to the server, and the one task that sends them.

Only that task writes to the stream. So a caller whose `say` is cancelled leaves either a whole line
behind or none: a half-written one would make garbage of everything that follows (a cancelled
`send_all` has sent an unknown part).

Callers wait for room (`put`); the reader task must not, or a server that does not read until it
is read from would hang together with us: what the reader answers (`put_urgent`) goes ahead of the
lines that wait. Both are bounded.
"""

from __future__ import annotations

from contextlib import suppress

import trio

LINES = 16
"""Lines that wait to be sent."""
_URGENT_BYTES = 8192
"""Bytes of answers that wait. A server that asks for more without reading gets no more."""


class Outgoing:
    """The queue of what goes out on one stream."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._sender, self._receiver = trio.open_memory_channel[bytes](LINES)
        self._urgent = b""
        self.broken = False
        """Whether the stream is unfit for another line, as one may have been sent in part."""

    async def put(self, line: bytes) -> None:
        """Queue a line. Waits for room; raises `trio.BrokenResourceError` when it is too late."""
        await self._sender.send(line)

    def put_urgent(self, data: bytes) -> None:
        """Queue whole lines ahead of all others. Never waits."""
        if len(self._urgent) + len(data) > _URGENT_BYTES:
            return
        self._urgent += data
        # Wakes the task. Where the queue is full it is awake, and takes what is urgent first.
        with suppress(trio.WouldBlock, trio.BrokenResourceError):
            self._sender.send_nowait(b"")

    async def run(self) -> None:
        """Send what is queued until cancelled. Raises what the stream's `send_all` raises."""
        # Closed when nobody sends any more, so that nobody waits for room then.
        with self._receiver:
            async for line in self._receiver:
                data, self._urgent = self._urgent + line, b""
                if data:
                    self.broken = True
                    await self._stream.send_all(data)
                    self.broken = False
