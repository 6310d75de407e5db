"""Clients that come over TLS: a crowd of them, and handshakes for their own sake.

Owns what differs from plain sockets. Nobody verifies anything: it is the server's work that is
measured, and its certificate was made a moment ago.
"""

from __future__ import annotations

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
    open_ones: dict[int, ssl.SSLSocket] = {}
    greeted: set[int] = set()
    failures: dict[str, None] = {}
    started = done = failed = 0
    last_sign = time.monotonic()
    with select.epoll() as epoll:
        while done + failed < count:
            while started < count and len(open_ones) < at_once:
                started += 1
                sock = _wrapped(_CONTEXT)
                sock.setblocking(False)
                code = sock.connect_ex(address)
                if code not in (0, errno.EINPROGRESS):
                    failures[errno.errorcode[code]] = None
                    failed += 1
                    sock.close()
                    continue
                open_ones[sock.fileno()] = sock
                epoll.register(sock, select.EPOLLIN | select.EPOLLOUT)
            for fd, _event in epoll.poll(0.1):
                sock = open_ones[fd]
                try:
                    if fd not in greeted:
                        # OpenSSL would call this an end of file.
                        if code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                            raise OSError(code, os.strerror(code))
                        # From here on it is the server's turn.
                        epoll.modify(fd, select.EPOLLIN)
                        sock.send(HELLO)
                        greeted.add(fd)
                    if sock.recv(4096):
                        done += 1
                    else:
                        raise ConnectionResetError("end of stream")
                except (ssl.SSLWantReadError, BlockingIOError):
                    continue
                except OSError as error:
                    failures[error.strerror or str(error)] = None
                    failed += 1
                last_sign = time.monotonic()
                greeted.discard(fd)
                epoll.unregister(fd)
                open_ones.pop(fd).close()
            if time.monotonic() - last_sign > patience:
                failures[f"no answer within {patience:g} s"] = None
                break
        for sock in open_ones.values():
            sock.close()
    return Handshakes(
        wanted=count,
        done=done,
        seconds=time.perf_counter() - began,
        own_cpu=time.process_time() - cpu,
        failures=list(failures),
    )
