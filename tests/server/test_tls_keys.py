"""A client that takes new keys over and over (RFC 8446, section 4.6.3): nobody waits for it."""

from __future__ import annotations

import hashlib
import hmac
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from OpenSSL import SSL

from tests.certificates import write_certificate
from trio_chat.server.tls import TlsContext, TlsTransport

KEY_UPDATE = bytes((24, 0, 0, 1, 0))
"""The message: "update_not_requested"."""
HANDSHAKE, APPLICATION = 22, 23


class Keys:
    """The client's keys after the handshake, and each set that follows from the last."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.hash = {32: "sha256", 48: "sha384"}[len(secret)]

    def record(self, text: bytes, kind: int) -> bytes:
        """Return the first record under these keys."""
        key = self._expand(b"key", 32 if len(self.secret) == 48 else 16)
        inner = text + bytes((kind,))
        head = bytes((23, 3, 3)) + (len(inner) + 16).to_bytes(2, "big")
        return head + AESGCM(key).encrypt(self._expand(b"iv", 12), inner, head)

    def advance(self) -> None:
        self.secret = self._expand(b"traffic upd", hashlib.new(self.hash).digest_size)

    def _expand(self, label: bytes, size: int) -> bytes:
        """HKDF-Expand-Label (RFC 8446, section 7.1), for what fits into one block."""
        label = b"tls13 " + label
        info = size.to_bytes(2, "big") + bytes((len(label),)) + label + b"\0"
        return hmac.new(self.secret, info + b"\1", self.hash).digest()[:size]


@pytest.fixture
def connected(tmp_path: Path) -> Iterator[tuple[socket.socket, TlsTransport, Keys]]:
    write_certificate(tmp_path)
    context = TlsContext(tmp_path / "cert.pem", tmp_path / "key.pem")
    secrets: list[bytes] = []
    settings = SSL.Context(SSL.TLS_CLIENT_METHOD)

    def note(_: SSL.Connection, line: bytes) -> None:
        name, _random, secret = line.split()
        if name == b"CLIENT_TRAFFIC_SECRET_0":
            secrets.append(bytes.fromhex(secret.decode()))

    settings.set_keylog_callback(note)
    settings.set_tls13_ciphersuites(b"TLS_AES_256_GCM_SHA384")
    theirs, ours = socket.socketpair()
    with theirs, ours:
        for one in (theirs, ours):
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_000_000)
        server = context.accept(ours)
        client = SSL.Connection(settings, theirs)
        client.set_connect_state()
        steps = [client.do_handshake, server.handshake_now]
        while steps:
            for step in list(steps):
                try:
                    step()
                except (SSL.WantReadError, trio.WouldBlock):
                    continue
                steps.remove(step)
        yield theirs, server, Keys(secrets[0])


def updates(keys: Keys, count: int) -> bytes:
    records = []
    for _ in range(count):
        records.append(keys.record(KEY_UPDATE, HANDSHAKE))
        keys.advance()
    return b"".join(records)


def test_new_keys_are_taken(connected: tuple[socket.socket, TlsTransport, Keys]) -> None:
    client, server, keys = connected
    client.sendall(updates(keys, 5) + keys.record(b"hello", APPLICATION))
    assert server.read_now() == b"hello"
    with pytest.raises(trio.WouldBlock):
        server.read_now()


def test_too_many_new_keys_end_the_connection_and_not_our_patience(
    connected: tuple[socket.socket, TlsTransport, Keys],
) -> None:
    client, server, keys = connected
    client.sendall(updates(keys, 500) + keys.record(b"never read", APPLICATION))
    with pytest.raises(trio.BrokenResourceError, match="Too many new keys"):
        server.read_now()
    # OpenSSL has not gone through all of them: the most of it is still there.
    assert len(server.socket.recv(1_000_000)) > 400 * 27
