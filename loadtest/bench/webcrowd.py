"""A crowd that comes by WebSocket.

Owns what differs from lines on a plain socket: how messages are counted in frames, and that who is
audited, and everybody while they converse, has every frame taken apart.

Whoever is not audited is taken up again when all converse: what was sent before has come by then,
so what comes next is the beginning of a frame.
"""

from __future__ import annotations

from loadtest.bench.crowd import AT_ONCE, Client, Crowd, registration
from loadtest.bench.frames import PONG, FrameError, Stream, check, frame, framed, handshake
from loadtest.bench.messages import FILLER, MARK

_END = FILLER + MARK
"""A message's last two bytes. The last alone may as well be a length, in the head of a frame; the
two of them only in that of one that is longer than any line."""


class Ends:
    """How many messages end in what is read, in any pieces. Clients are numbers."""

    __slots__ = ("_cut",)

    def __init__(self) -> None:
        self._cut: set[int] = set()
        """Those who may have been sent a message up to its last byte."""

    def count(self, client: int, data: bytearray, size: int) -> int:
        """Take the first `size` bytes as what has come next for a client."""
        found = data.count(_END, 0, size)
        cut = self._cut
        if cut and client in cut:
            cut.discard(client)
            found += data.startswith(MARK, 0, size)
        if data.endswith(FILLER, 0, size):
            cut.add(client)
        return found


class WebSocketCrowd(Crowd):
    """A crowd whose clients shake hands, and then send a frame for each line."""

    def __init__(
        self, address: tuple[str, int], *, patience: float = 10.0, at_once: int = AT_ONCE
    ) -> None:
        super().__init__(address, patience=patience, at_once=at_once)
        self._heads: dict[int, bytes] = {}
        """By client, what has come of the answer to its handshake, until that is whole."""
        self._streams: list[Stream] = []
        """By client, what it is sent after that."""
        self._ends = Ends()

    def send(self, client: Client, lines: bytes) -> None:
        self._send(client, framed(lines))

    def _first(self, client: Client) -> bytes:
        self._heads[client.index] = b""
        self._streams.append(Stream())
        return handshake()

    def _count(self, client: Client, size: int) -> int:
        return self._ends.count(client.index, self._buffer, size)

    def _lines(self, client: Client, data: bytes) -> bytes:
        stream = self._streams[client.index]
        try:
            if client.index in self._heads:
                data = self._switch(client, data)
            lines = stream.feed(data)
        except FrameError as error:
            self._end(client, None, str(error))
            return b""
        for payload in stream.pings:
            self._send(client, frame(PONG, payload))
        stream.pings.clear()
        if stream.closed:
            self._end(client, None, f"Close {stream.closed}")
        return lines

    def _switch(self, client: Client, data: bytes) -> bytes:
        """Take the answer to a handshake, and register; return what has come after it."""
        head, end, rest = (self._heads[client.index] + data).partition(b"\r\n\r\n")
        if not end:
            self._heads[client.index] = head
            return b""
        del self._heads[client.index]
        check(head)
        self.send(client, registration(client))
        return rest

    def _forget(self, client: Client) -> None:
        super()._forget(client)
        if client.audit is None:
            self._streams[client.index].forget()
