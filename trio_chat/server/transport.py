"""What carries a connection's bytes: a plain socket, or a trio stream such as TLS.

A plain socket is used without a trio object around it, because an idle client should cost as
little as it can, and because a non-blocking `send` needs no task switch. Everything else is a
`trio.abc.Stream`. Both look the same from outside.

Invariants: one task receives at a time, and one sends; `abort` may come from any task, any number
of times, and wakes both.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

import trio

RECEIVE_SIZE = 16_384
"""Bytes that are read at once. With the inbox's bound this bounds what readers hold."""


class Transport(Protocol):
    """A connection's bytes. Both directions raise `trio.BrokenResourceError` when the peer is
    gone, and `trio.ClosedResourceError` after `abort`."""

    def send_now(self, data: bytes | memoryview) -> int:
        """Send what can be sent without waiting; return how many bytes that was."""

    async def send_all(self, data: bytes) -> None:
        """Send everything, waiting for the peer to take it. If cancelled, part of it is gone."""

    async def receive(self) -> bytes:
        """Return the next bytes; nothing at the end of the stream."""

    async def send_eof(self) -> None:
        """Say that nothing more will be sent."""

    @property
    def abort(self) -> Callable[[], None]:
        """Close at once, whatever is under way."""


class SocketTransport:
    """A plain, non-blocking socket, which this owns from now on."""

    __slots__ = ("_socket",)

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def send_now(self, data: bytes | memoryview) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._gone(error) from error

    async def send_all(self, data: bytes) -> None:
        with memoryview(data) as view:
            sent = 0
            while sent < len(view):
                await self._wait(trio.lowlevel.wait_writable)
                with view[sent:] as rest:
                    sent += self.send_now(rest)

    async def receive(self) -> bytes:
        while True:
            # Waiting first, so that a peer that always has more to say can not keep the others
            # waiting; mostly there is nothing yet, and an attempt would be for nothing.
            if self._socket.fileno() < 0:
                raise trio.ClosedResourceError
            await trio.lowlevel.wait_readable(self._socket)
            try:
                return self._socket.recv(RECEIVE_SIZE)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._gone(error) from error

    async def send_eof(self) -> None:
        await trio.lowlevel.checkpoint()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()

    async def _wait(self, wait: Callable[[socket.socket], Awaitable[None]]) -> None:
        if self._socket.fileno() < 0:
            raise trio.ClosedResourceError
        await wait(self._socket)

    def _gone(self, error: OSError) -> Exception:
        if self._socket.fileno() < 0:
            return trio.ClosedResourceError()
        return trio.BrokenResourceError(error.strerror or str(error))


class StreamTransport:
    """Any trio stream, which this owns from now on. Never sends without waiting.

    `abort` has to close what carries the stream, at once and without waiting.
    """

    __slots__ = ("_stream", "abort")

    def __init__(self, stream: trio.abc.Stream, abort: Callable[[], None]) -> None:
        self._stream = stream
        self.abort = abort

    def send_now(self, data: bytes | memoryview) -> int:
        return 0

    async def send_all(self, data: bytes) -> None:
        await self._stream.send_all(data)

    async def receive(self) -> bytes:
        return bytes(await self._stream.receive_some(RECEIVE_SIZE))

    async def send_eof(self) -> None:
        # What can not be half-closed (TLS) is closed, which tells the peer first.
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            if isinstance(self._stream, trio.abc.HalfCloseableStream):
                await self._stream.send_eof()
            else:
                await self._stream.aclose()


class ReplayedStream(trio.abc.Stream):
    """A transport as a trio stream, with bytes that were read already in front.

    Closing it says that nothing more will be sent: what the peer is still sending has to be read
    before the transport itself can be closed, which is left to its owner.
    """

    def __init__(self, read: bytes, transport: Transport) -> None:
        self._read = read
        self._transport = transport

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if self._read:
            await trio.lowlevel.checkpoint()
            data, self._read = self._read, b""
            return data
        return await self._transport.receive()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._transport.send_all(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await self._transport.send_eof()
