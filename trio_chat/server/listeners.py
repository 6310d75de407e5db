"""Listening sockets: TCP over IPv4 and IPv6, and Unix sockets; with TLS or without.

Owns opening and closing them, and the TLS context of each, which a reload of the configuration
replaces. Accepting is plain non-blocking socket calls: a trio object for each connection would cost
more than the connection.
"""

from __future__ import annotations

import errno
import grp
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import structlog
import trio

from trio_chat.config import EVERYWHERE, Listener, TcpAddress, Tls, UnixAddress
from trio_chat.server.errors import StartError
from trio_chat.server.tls import TlsContext, UnusableError

log = structlog.get_logger()

_AT_ONCE = 16
"""Connections that are accepted before anybody else gets a turn."""
_OUT_OF_DESCRIPTORS = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
_NOT_HERE = frozenset((errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL))
"""This system does without IPv4, or without IPv6."""
_FAMILIES = ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"))
_ATTEMPTS = 20
"""How often a port is looked for that is free in both."""
_LAST_GROUP = 2**32 - 2
"""The number after it says "as it is" to the kernel."""
_BREATHER = 0.1
"""Seconds."""
_SEND_BUFFER = 262_144
"""Bytes that the kernel keeps for one peer. Left alone it would keep some megabytes."""
_BACKLOG = 4096
_LONGEST_KEEPALIVE = 32_767
"""Seconds: what the kernel takes at most."""


class Endpoint:
    """One listening socket, and what it was configured as."""

    def __init__(
        self, sock: socket.socket, configured: Listener, context: TlsContext | None
    ) -> None:
        self.socket = sock
        self.configured = configured
        self.context = context
        address = configured.address
        self._file = _identity(address.path) if isinstance(address, UnixAddress) else None
        """Which file the socket has."""

    @property
    def address(self) -> TcpAddress | UnixAddress:
        """Where it really listens."""
        if isinstance(self.configured.address, UnixAddress):
            return self.configured.address
        host, port = self.socket.getsockname()[:2]
        return TcpAddress(host, port)

    def close(self) -> None:
        """Stop listening."""
        trio.lowlevel.notify_closing(self.socket)
        address = self.configured.address
        if isinstance(address, UnixAddress):
            self._remove(address.path)
        self.socket.close()

    def _remove(self, path: Path) -> None:
        """Remove our socket's file, if it is still there: by now another server may have its own in
        that place. As long as the socket is open no other file can have the number of ours."""
        try:
            if self._file is not None and self._file == _identity(path):
                path.unlink()
        except OSError as error:
            log.warning("can not remove a socket", path=str(path), error=error.strerror)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from every other that there is; None: there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def tls_context(tls: Tls) -> TlsContext:
    """Load a certificate and its key. Raises `StartError`."""
    try:
        return TlsContext(tls.certificate, tls.key, only=tls.only)
    except UnusableError as error:
        raise StartError(
            f"can not use the certificate {tls.certificate} with the key {tls.key}: {error}"
        ) from None


async def open_endpoints(listener: Listener) -> list[Endpoint]:
    """Listen as configured: on every address that a host name has, or that there is.

    Raises `StartError`.
    """
    context = tls_context(listener.tls) if listener.tls is not None else None
    address = listener.address
    try:
        if isinstance(address, UnixAddress):
            sockets = [_listen_unix(listener, address.path)]
        elif address.host == EVERYWHERE:
            sockets = _listen_everywhere(address.port)
        else:
            opened = await trio.open_tcp_listeners(
                address.port, host=address.host, backlog=_BACKLOG
            )
            sockets = [socket.socket(fileno=one.socket.detach()) for one in opened]
    except OSError as error:
        raise StartError(f"can not listen on {address}: {_reason(error)}") from None
    except UnicodeError:
        raise StartError(f"can not listen on {address}: that is not a host") from None
    for sock in sockets:
        sock.setblocking(False)
    return [Endpoint(sock, listener, context) for sock in sockets]


def _listen_everywhere(port: int) -> list[socket.socket]:
    """Listen on every address of IPv4 and IPv6, on one port, also where that is any free one."""
    left = 1 if port else _ATTEMPTS
    while True:
        left -= 1
        try:
            return _listen_on_both(port)
        except OSError as error:
            # The port that is free in one may be somebody's in the other.
            if not left or error.errno != errno.EADDRINUSE:
                raise


def _listen_on_both(port: int) -> list[socket.socket]:
    """Listen with IPv4 and IPv6, or with the one that there is; the first chooses a free port."""
    sockets: list[socket.socket] = []
    missing: list[OSError] = []
    try:
        for family, host in _FAMILIES:
            chosen = sockets[0].getsockname()[1] if sockets else port
            try:
                sockets.append(_listen_tcp(family, host, chosen))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                missing.append(error)
        if not sockets:
            raise missing[0]
    except OSError:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _listen_tcp(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    sock = socket.socket(family)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # IPv4 has a socket of its own, whatever this system's habit is.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _listen_unix(listener: Listener, path: Path) -> socket.socket:
    """Listen on a path, in place of a socket there that nobody listens on any more."""
    group = None if listener.group is None else _group_number(listener, listener.group)
    sock = socket.socket(socket.AF_UNIX)
    try:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode) and not _answers(path):
            path.unlink()
        sock.bind(os.fspath(path))
        try:
            _hand_over(listener, path, group)
            # Before this nobody can connect, whatever the file allows.
            sock.listen(_BACKLOG)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    except BaseException:
        sock.close()
        raise
    return sock


def _hand_over(listener: Listener, path: Path, group: int | None) -> None:
    """Give a socket's file the group and the permissions that it is to have."""
    if group is not None:
        try:
            os.chown(path, -1, group, follow_symlinks=False)
        except OSError as error:
            raise StartError(
                f'can not give {listener.address} to the group "{listener.group}": {_reason(error)}'
            ) from None
    if listener.mode is not None:
        path.chmod(listener.mode)


def _group_number(listener: Listener, group: str) -> int:
    """Return the number of a group by its name, or by its number."""
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        if group.isascii() and group.isdigit() and len(group) <= 10 and int(group) <= _LAST_GROUP:
            return int(group)
    raise StartError(f'can not listen on {listener.address}: there is no group "{group}"')


def _reason(error: OSError) -> str:
    """Say what is wrong, in the middle of a sentence."""
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            return False
        except BlockingIOError:
            # Somebody listens, and has not come to accept those before us.
            return True
        return True


async def accept(
    endpoint: Endpoint,
    admit: Callable[[socket.socket, str, Endpoint], None],
    failed: Callable[[str], None],
) -> None:
    """Accept connections until cancelled, handing each to `admit` with the peer's address.

    The address is empty for a Unix socket. `admit` owns the socket, and must not raise. `failed` is
    told why none can be accepted for the moment, as often as that is tried.
    """
    listening = endpoint.socket
    while True:
        await trio.lowlevel.wait_readable(listening)
        for _ in range(_AT_ONCE):
            try:
                sock, peer = listening.accept()
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno in _OUT_OF_DESCRIPTORS:
                    failed(error.strerror or str(error))
                    await trio.sleep(_BREATHER)
                # Anything else befell the one connection that was to be accepted.
                break
            admit(sock, peer[0] if isinstance(peer, tuple) else "", endpoint)


def tune(sock: socket.socket, *, idle: float, timeout: float) -> None:
    """Set what every accepted socket needs.

    `idle` and `timeout` are in seconds: people with `nc` can not answer a PING, so the kernel asks
    their side after `idle`, and gives up when nothing has been heard for `timeout`.
    """
    sock.setblocking(False)
    if sock.family == socket.AF_UNIX:
        return
    # Coalescing is done before the socket; Nagle's algorithm would only add a delay.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Telnet sends half of a Synch as urgent data (RFC 854), which else would be missing.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    seconds = min(max(1, int(idle)), _LONGEST_KEEPALIVE)
    every = min(max(1, int(timeout - idle) // 3), _LONGEST_KEEPALIVE)
    for option, value in (
        ("TCP_KEEPIDLE", seconds),
        ("TCP_KEEPINTVL", every),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", int(timeout * 1000)),
    ):
        # Not every system has all of them.
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
