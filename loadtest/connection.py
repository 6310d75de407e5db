"""One client's socket: reads as it comes, writes without waiting, TLS if wanted.

Owns the descriptor and its watchers, and what the kernel did not take yet. What arrives is handed
on from the event loop itself, without a greenlet switch: a callback must not wait. Knows nothing
of IRC. Invariant: `on_close` is called once at most, and nothing is handed on after it or `close`.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import gevent
import gevent.monkey
import gevent.socket

CHUNK = 65_536
READ, WRITE = 1, 2

# Not gevent's: that would wait, and a callback of the event loop can not.
_Socket: type[socket.socket] = gevent.monkey.get_original("socket", "socket")

log = logging.getLogger("loadtest")


class Address(NamedTuple):
    """Where to connect, resolved."""

    family: int
    address: Any


def resolve(host: str, port: int) -> Address:
    """Look a host up. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return Address(found[0][0], found[0][4])


def reason(error: OSError) -> str:
    """Say in a few words why a connection failed."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if error.errno and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno).lower()
    return str(error)


class Connection:
    """A TCP connection, with TLS once `handshake` was called."""

    def __init__(
        self, on_data: Callable[[bytes, float], None], on_close: Callable[[str], None]
    ) -> None:
        self._on_data = on_data
        self._on_close = on_close
        self._socket: socket.socket | None = None
        self._reader: Any = None
        self._writer: Any = None
        self._is_waiting = False
        self._unsent = bytearray()
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()

    @property
    def is_blocked(self) -> bool:
        """Whether the peer takes nothing at the moment: what is sent now waits here."""
        return bool(self._unsent)

    def connect(self, address: Address, seconds: float) -> None:
        """Connect within so many seconds. Raises `OSError`."""
        sock = _Socket(address.family, socket.SOCK_STREAM)
        self._socket = sock
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex(address.address)
        if code == errno.EINPROGRESS:
            self._wait(gevent.socket.wait_write, sock, seconds)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    def handshake(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Begin TLS within so many seconds. Raises `OSError` (of which `ssl.SSLError` is one)."""
        sock = self._open_socket()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        deadline = time.perf_counter() + seconds
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush_tls()
                left = max(deadline - time.perf_counter(), 0.001)
                self._wait(gevent.socket.wait_read, sock, left)
                data = sock.recv(CHUNK)
                if not data:
                    raise ConnectionResetError(errno.ECONNRESET, "closed") from None
                self._incoming.write(data)
            else:
                self._flush_tls()
                return

    def _wait(self, wait: Callable[..., object], sock: socket.socket, seconds: float) -> None:
        """Wait for a socket. Whoever closes it meanwhile leaves that to us: the event loop ends the
        whole process when it finds a descriptor closed that somebody waits for."""
        self._is_waiting = True
        try:
            wait(sock.fileno(), seconds, TimeoutError())
        finally:
            self._is_waiting = False
            if self._socket is not sock:
                sock.close()
        self._open_socket()

    def start_reading(self) -> None:
        """Hand on what arrives from now on."""
        self._reader = gevent.get_hub().loop.io(self._open_socket().fileno(), READ)
        self._reader.start(self._readable)

    def send(self, data: bytes) -> None:
        """Send, or keep what the peer does not take yet. Does nothing once closed."""
        if self._tls is not None and self._socket is not None:
            self._tls.write(data)
            self._flush_tls()
        else:
            self._send(data)

    def _flush_tls(self) -> None:
        if self._outgoing.pending:
            self._send(self._outgoing.read())

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            return
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._end(reason(error))
            return
        if sent < len(data):
            self._unsent += data[sent:]
            if self._writer is None:
                self._writer = gevent.get_hub().loop.io(self._socket.fileno(), WRITE)
            self._writer.start(self._writable)

    def _writable(self) -> None:
        if self._socket is None:
            return
        try:
            del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError as error:
            self._end(reason(error))
            return
        if not self._unsent:
            self._writer.stop()

    def _readable(self) -> None:
        if self._socket is None:
            return
        try:
            data = self._socket.recv(CHUNK)
            now = time.perf_counter()
            if not data:
                self._end("closed by the server")
            elif self._tls is None:
                self._on_data(data, now)
            else:
                self._readable_tls(self._tls, data, now)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(reason(error))
        except Exception as error:
            # The event loop would print it and go on, and the run would not know.
            log.exception("A client failed on what it was sent.")
            self._end(f"{type(error).__name__}: {error}")

    def _readable_tls(self, tls: ssl.SSLObject, data: bytes, now: float) -> None:
        self._incoming.write(data)
        while self._socket is not None:
            try:
                plain = tls.read(CHUNK)
            except ssl.SSLWantReadError:
                self._flush_tls()
                return
            except ssl.SSLZeroReturnError:
                plain = b""
            if not plain:
                self._end("closed by the server")
                return
            self._on_data(plain, now)

    def _end(self, why: str) -> None:
        if self._socket is not None:
            self.close()
            self._on_close(why)

    def close(self) -> None:
        """Close at once; what was not sent is dropped."""
        sock, self._socket = self._socket, None
        if sock is None:
            return
        for watcher in (self._reader, self._writer):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._reader = self._writer = None
        self._unsent.clear()
        if not self._is_waiting:
            sock.close()

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise OSError(errno.ENOTCONN, "not connected")
        return self._socket
