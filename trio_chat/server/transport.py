"""What carries a connection's bytes: a plain socket, or a trio stream.

A plain socket is used without a trio object around it, because an idle client should cost as
little as it can, because a non-blocking `send` needs no task switch, and because the poller reads
from it. Everything else is a `trio.abc.Stream`, which can not be polled. Both look the same from
outside; TLS (`server/tls.py`) is a socket with a cipher around it.

Invariants: one task receives at a time, and one sends; `abort` may come from any task, any number
of times, and wakes both.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

import trio

from trio_chat.core.networks import normal

RECEIVE_SIZE = 16_384
"""Bytes that are read at once. With the inbox's bound this bounds what readers hold.

No TLS record holds more, so none is ever left half read inside OpenSSL."""


class WantsToSendError(Exception):
    """Nothing can be read before something has been sent, and the peer does not take it yet."""


class Transport(Protocol):
    """A connection's bytes. Both directions raise `trio.BrokenResourceError` when the peer is
    gone, and `trio.ClosedResourceError` after `abort`."""

    @property
    def socket(self) -> socket.socket | None:
        """What can be polled, if anything can."""

    def send_now(self, data: bytes | memoryview) -> int:
        """Send what can be sent without waiting; return how many bytes that was.

        What was not sent has to be what is sent next.
        """

    async def send_all(self, data: bytes) -> None:
        """Send everything, waiting for the peer to take it. If cancelled, part of it is gone."""

    def read_now(self) -> bytes:
        """Return what there is; nothing at the end of the stream.

        Raises `trio.WouldBlock` when there is nothing yet, and `WantsToSendError`.
        """

    async def receive(self) -> bytes:
        """Return the next bytes; nothing at the end of the stream."""

    async def peek(self) -> bytes:
        """Return the next bytes as `receive` does, and leave them where they are; at once, if they
        are there.

        They have to be skipped, all of them or some, before there are others.
        """

    def skip(self, count: int) -> None:
        """Drop so many of the bytes that `peek` has shown."""

    def has_unread(self) -> bool:
        """Whether bytes are known to wait."""

    async def swallow(self) -> None:
        """Read up to the end of what carries the bytes, and drop it."""

    async def send_eof(self) -> None:
        """Say that nothing more will be sent."""

    def abort(self) -> None:
        """Close at once, whatever is under way."""


class SocketTransport:
    """A plain, non-blocking socket, which this owns from now on."""

    __slots__ = ("socket",)

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock

    def send_now(self, data: bytes | memoryview) -> int:
        try:
            return self.socket.send(data)
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

    def read_now(self) -> bytes:
        try:
            return self.socket.recv(RECEIVE_SIZE)
        except BlockingIOError:
            raise trio.WouldBlock from None
        except OSError as error:
            raise self._gone(error) from error

    async def receive(self) -> bytes:
        while True:
            # Waiting first, so that a peer that always has more to say can not keep the others
            # waiting; mostly there is nothing yet, and an attempt would be for nothing.
            await self._wait(trio.lowlevel.wait_readable)
            with contextlib.suppress(trio.WouldBlock):
                return self.read_now()

    async def peek(self) -> bytes:
        while True:
            with contextlib.suppress(trio.WouldBlock):
                return self._recv(RECEIVE_SIZE, socket.MSG_PEEK)
            await self._wait(trio.lowlevel.wait_readable)

    def skip(self, count: int) -> None:
        if count:
            self._recv(count)

    def has_unread(self) -> bool:
        with contextlib.suppress(trio.WouldBlock, trio.BrokenResourceError):
            return bool(self._recv(1, socket.MSG_PEEK))
        return False

    async def swallow(self) -> None:
        while True:
            await self._wait(trio.lowlevel.wait_readable)
            with contextlib.suppress(trio.WouldBlock):
                if not self._recv(RECEIVE_SIZE):
                    return

    async def send_eof(self) -> None:
        await trio.lowlevel.checkpoint()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        if self.socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self.socket)
            self.socket.close()

    def _recv(self, size: int, flags: int = 0) -> bytes:
        try:
            return self.socket.recv(size, flags)
        except BlockingIOError:
            raise trio.WouldBlock from None
        except OSError as error:
            raise self._gone(error) from error

    async def _wait(self, wait: Callable[[socket.socket], Awaitable[None]]) -> None:
        if self.socket.fileno() < 0:
            raise trio.ClosedResourceError
        await wait(self.socket)

    def _gone(self, error: OSError) -> Exception:
        if self.socket.fileno() < 0:
            return trio.ClosedResourceError()
        return trio.BrokenResourceError(error.strerror or str(error))


class StreamTransport:
    """Any trio stream, which this owns from now on. Does nothing without waiting.

    `abort` has to close what carries the stream, at once and without waiting.
    """

    __slots__ = ("_ahead", "_stream", "abort")

    socket = None

    def __init__(self, stream: trio.abc.Stream, abort: Callable[[], None]) -> None:
        self._stream = stream
        self._ahead = b""
        """What `peek` has shown and nobody has skipped."""
        self.abort = abort

    def send_now(self, data: bytes | memoryview) -> int:
        return 0

    async def send_all(self, data: bytes) -> None:
        await self._stream.send_all(data)

    def read_now(self) -> bytes:
        raise trio.WouldBlock

    async def receive(self) -> bytes:
        if self._ahead:
            await trio.lowlevel.checkpoint()
            data, self._ahead = self._ahead, b""
            return data
        return bytes(await self._stream.receive_some(RECEIVE_SIZE))

    async def peek(self) -> bytes:
        self._ahead = await self.receive()
        return self._ahead

    def skip(self, count: int) -> None:
        self._ahead = self._ahead[count:]

    def has_unread(self) -> bool:
        return bool(self._ahead)

    async def swallow(self) -> None:
        while await self._stream.receive_some(RECEIVE_SIZE):
            pass

    async def send_eof(self) -> None:
        # What can not be half-closed is closed, which tells the peer first.
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            if isinstance(self._stream, trio.abc.HalfCloseableStream):
                await self._stream.send_eof()
            else:
                await self._stream.aclose()


def local_address(transport: Transport) -> str:
    """Return the IP address at which the peer is connected; empty where there is none."""
    sock = transport.socket
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return ""
    with contextlib.suppress(OSError):
        return normal(sock.getsockname()[0])
    return ""
