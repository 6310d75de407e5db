"""Clients that come over TLS: a crowd of them, and handshakes for their own sake.

Owns what differs from plain sockets. Nobody verifies anything: it is the server's work that is
measured, and its certificate was made a moment ago.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import ssl
import time

import msgspec

from loadtest.bench.crowd import Client, Crowd, need_files

HELLO = b"CAP LS 302\r\n"
"""What every server answers at once, to a client that it does not know yet."""


def context() -> ssl.SSLContext:
    """Return the settings of a client that takes any certificate."""
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    result.check_hostname = False
    result.verify_mode = ssl.CERT_NONE
    return result


class TLSCrowd(Crowd):
    """A crowd over TLS. A handshake is made by the first `send`, and goes on with what comes."""

    def _socket(self) -> socket.socket:
        return _wrapped(_CONTEXT)

    def _read(self, client: Client) -> int:
        found = super()._read(client)
        if client.outbox and not client.ended:
            # After the read, which may be what has ended the handshake: nothing else would tell.
            self._flush(client)
        return found


_CONTEXT = context()


def _wrapped(settings: ssl.SSLContext) -> ssl.SSLSocket:
    return settings.wrap_socket(socket.socket(), do_handshake_on_connect=False)


class Handshakes(msgspec.Struct, frozen=True, kw_only=True):
    """What became of them."""

    wanted: int
    done: int
    """Those that the server has answered to, over TLS."""
    seconds: float
    """Until the last was."""
    own_cpu: float
    """CPU seconds that this side took for it."""
    failures: list[str]
    """What happened to others, in words, each once."""


def handshakes(
    address: tuple[str, int], *, count: int, at_once: int, patience: float
) -> Handshakes:
    """Connect `count` times, `at_once` at a time, and hang up when the server has answered.

    It has then finished its part of the handshake, which a client alone can not tell. Who is not
    answered for `patience` seconds in which nobody is has failed.
    """
    need_files(at_once)
    began, cpu = time.perf_counter(), time.process_time()
    shaking: dict[int, _Shaking] = {}
    failures: dict[str, None] = {}
    started = done = failed = 0
    last_sign = time.monotonic()
    with select.epoll() as epoll:
        while done + failed < count:
            ready = []
            while started < count and len(shaking) < at_once:
                started += 1
                one = _Shaking(address, epoll)
                shaking[one.sock.fileno()] = one
                # As real clients do, and not when all others have connected too.
                if one.connected() and one.go_on():
                    ready.append(one.sock.fileno())
            ready += [fd for fd, _ in epoll.poll(0.1) if shaking[fd].go_on()]
            for fd in dict.fromkeys(ready):
                one = shaking.pop(fd)
                epoll.unregister(fd)
                one.sock.close()
                if one.failure:
                    failures[one.failure] = None
                    failed += 1
                else:
                    done += 1
                last_sign = time.monotonic()
            if time.monotonic() - last_sign > patience:
                failures[f"no answer within {patience:g} s"] = None
                break
        for one in shaking.values():
            one.sock.close()
    return Handshakes(
        wanted=count,
        done=done,
        seconds=time.perf_counter() - began,
        own_cpu=time.process_time() - cpu,
        failures=list(failures),
    )


class _Shaking:
    """One handshake: connected, greeted, answered."""

    def __init__(self, address: tuple[str, int], epoll: select.epoll) -> None:
        self.sock = _wrapped(_CONTEXT)
        self.failure = ""
        self._epoll = epoll
        self._greeted = False
        self._over = False
        self.sock.setblocking(False)
        code = self.sock.connect_ex(address)
        epoll.register(self.sock, select.EPOLLIN | select.EPOLLOUT)
        if code not in (0, errno.EINPROGRESS):
            self._fail(OSError(code, os.strerror(code)))

    def connected(self) -> bool:
        """Return whether there is a connection already, or will be none."""
        with contextlib.suppress(OSError):
            self.sock.getpeername()
            return True
        return self._over

    def go_on(self) -> bool:
        """Do what can be done; return whether it is over, well or with a `failure`."""
        if self._over:
            return True
        try:
            if not self._greeted:
                # OpenSSL would call this an end of file.
                if code := self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    raise OSError(code, os.strerror(code))
                # From here on it is the server's turn.
                self._epoll.modify(self.sock, select.EPOLLIN)
                self.sock.send(HELLO)
                self._greeted = True
            if not self.sock.recv(4096):
                raise ConnectionResetError("end of stream")
            self._over = True
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        except OSError as error:
            self._fail(error)
        return self._over

    def _fail(self, error: OSError) -> None:
        self._over = True
        self.failure = error.strerror or str(error)
