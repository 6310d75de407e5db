"""TLS, with pyOpenSSL in place of the standard library's `ssl`.

A client may show a certificate of its own, signed by whomever: it is an identity, not a chain of
trust. `ssl` can only refuse what it can not verify; pyOpenSSL leaves that to us.

OpenSSL is given the socket itself: encrypting and sending is one call then, which waits for nobody,
and so is receiving and decrypting. It reads one record at a time and nothing beyond it, so that
what is there to be read is in the socket, where a poller sees it.

Must not know what is said inside, or who may connect.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import socket
from pathlib import Path

import trio
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto

from trio_chat.server.transport import RECEIVE_SIZE, SocketTransport, WantsToSendError

_PrivateKey = (
    dsa.DSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | rsa.RSAPrivateKey
)

_CIPHERS = b"@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"
"""For TLS 1.2: with forward secrecy only, as in Python's own default."""
_HUNG_UP = "the peer hung up"
_RETRY = 0.1
"""Seconds after which reading is tried again that has to send something first."""


_MOST_STEPS = 100
"""Steps that one read may take besides what is said: to take new keys (RFC 8446, section 4.6.3) is
three. OpenSSL goes on reading as long as there is nothing else, and everybody waits meanwhile."""
_ACCEPT_STEP = 0x2001
"""What OpenSSL calls a step of the server's (SSL_CB_ACCEPT_LOOP)."""


HANDSHAKE_FAILURE = 40
_DECODE_ERROR = 50
"""What alerts say (RFC 8446, section 6.2)."""


class UnusableError(Exception):
    """A certificate or its key can not be used. The text says why, in OpenSSL's words."""


class HandshakeError(Exception):
    """The peer speaks no TLS, or none that we do. The text says why, in OpenSSL's words."""


class TlsContext:
    """A certificate with its chain and its key, from files in PEM, and what is asked of clients.

    `only` is whether nothing but TLS is spoken with it. Raises `UnusableError`.
    """

    def __init__(self, certificate: Path, key: Path, *, only: bool = False) -> None:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(_CIPHERS)
        # Nothing is resumed: who somebody is has to be shown on every connection. In TLS 1.3
        # OpenSSL sends tickets all the same, with the first data; nobody gets anything for them.
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        # An idle client should cost as little as it can: two buffers of 16 KB are a lot.
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        context.set_verify(SSL.VERIFY_PEER, _any_certificate)
        # No more of the chain that a client shows is looked at than has to be: a long one of big
        # keys would be much work.
        context.set_verify_depth(0)
        context.set_info_callback(_count_steps)
        try:
            # OpenSSL's own words for a file that can not be read say nothing.
            certificate.open("rb").close()
            context.use_certificate_chain_file(certificate)
            # Not by OpenSSL, which would ask for a password on the terminal, and wait.
            context.use_privatekey(_load_key(key))
            context.check_privatekey()
        except OSError as error:
            raise UnusableError(error.strerror or str(error)) from None
        except SSL.Error as error:
            raise UnusableError(_reason(error)) from None
        self._context = context
        self.only = only

    def accept(self, sock: socket.socket) -> TlsTransport:
        """Begin TLS as the server, on a socket from which nothing of it has been read."""
        connection = SSL.Connection(self._context, sock)
        connection.set_accept_state()
        steps = _Steps()
        connection.set_app_data(steps)
        return TlsTransport(sock, connection, steps)


class TlsTransport(SocketTransport):
    """A socket inside TLS, which this owns from now on.

    First `handshake_now` until it is done, and only then anything else.
    """

    __slots__ = ("_steps", "_tls")

    def __init__(self, sock: socket.socket, connection: SSL.Connection, steps: _Steps) -> None:
        super().__init__(sock)
        self._tls = connection
        self._steps = steps

    # --- The handshake

    def handshake_now(self) -> None:
        """Take a step: milliseconds of work, if it is there to be done.

        Raises `trio.WouldBlock` when the peer has to send something before the next one,
        `WantsToSendError` when it has to read something, and `HandshakeError`: the peer has been
        told then.
        """
        self._check_open()
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            raise trio.WouldBlock from None
        except SSL.WantWriteError:
            raise WantsToSendError from None
        except SSL.Error as error:
            if not self._steps.alerted and not isinstance(error, SSL.SysCallError):
                # In what is not even a record OpenSSL sees no TLS, and says nothing. Whoever sent
                # it waits for TLS all the same. Nothing is encrypted yet.
                self._steps.alerted = True
                with contextlib.suppress(OSError):
                    self.socket.send(fatal_alert(_DECODE_ERROR))
            raise HandshakeError(_reason(error)) from None

    def give_up(self) -> None:
        """Tell the peer, where it can be told, that a handshake is not waited for any longer.

        OpenSSL has no call for that, and it alone knows how an alert is written at each step: so it
        is shown the end of what the peer says, which it answers with one.
        """
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RD)
        with contextlib.suppress(
            HandshakeError, WantsToSendError, trio.WouldBlock, trio.ClosedResourceError
        ):
            self.handshake_now()

    @property
    def version(self) -> str:
        """Which version of TLS it is."""
        return self._tls.get_protocol_version_name()

    @property
    def server_hostname(self) -> str:
        """The name that the client asked for (RFC 6066, section 3); empty without one."""
        return (self._tls.get_servername() or b"").decode(errors="replace")

    @property
    def certificate(self) -> bytes | None:
        """The client's certificate as DER, or None."""
        certificate = self._tls.get_peer_certificate()
        if certificate is None:
            return None
        return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)

    # --- Bytes

    def send_now(self, data: bytes | memoryview) -> int:
        self._check_open()
        sent = 0
        try:
            # A record at a time. What OpenSSL could send only some of, it wants to be given again:
            # so it is what has to be sent next.
            sent = self._tls.send(data)
            while sent < len(data):
                sent += self._tls.send(memoryview(data)[sent:])
        except SSL.WantWriteError:
            pass
        except SSL.Error as error:
            # To send, nothing has to be read: there is no renegotiation.
            raise _broken(error) from None
        return sent

    def read_now(self) -> bytes:
        self._check_open()
        steps = self._steps
        steps.left = _MOST_STEPS
        try:
            data = self._tls.recv(RECEIVE_SIZE)
            if steps.left < 0:
                raise trio.BrokenResourceError("Too many new keys")
            return data
        except SSL.WantReadError:
            raise trio.WouldBlock from None
        except SSL.WantWriteError:
            raise WantsToSendError from None
        except SSL.ZeroReturnError:
            if steps.left < 0:
                raise trio.BrokenResourceError("Too many new keys") from None
            return b""
        except SSL.Error as error:
            raise _broken(error) from None

    async def receive(self) -> bytes:
        while True:
            try:
                return await super().receive()
            except WantsToSendError:
                # Who else sends may be waiting for the socket, and one task can.
                await trio.sleep(_RETRY)

    async def peek(self) -> bytes:
        # Nobody but us reads what is inside: it need not stay anywhere.
        with contextlib.suppress(trio.WouldBlock, WantsToSendError):
            return self.read_now()
        return await self.receive()

    def skip(self, count: int) -> None:
        pass

    def has_unread(self) -> bool:
        return False

    # `swallow` is the socket's: whoever has said the end can not read inside TLS any more, and what
    # there is does not matter.

    async def send_eof(self) -> None:
        """Say so in both ways that there are, the peer's direction staying open."""
        while self.socket.fileno() >= 0:
            try:
                self._tls.shutdown()
                break
            except SSL.WantWriteError:
                await self._wait(trio.lowlevel.wait_writable)
            except SSL.Error as error:
                _reason(error)
                break
        await super().send_eof()

    def _check_open(self) -> None:
        """Make sure that OpenSSL's descriptor is still ours, and not somebody else's by now."""
        if self.socket.fileno() < 0:
            raise trio.ClosedResourceError


class _Steps:
    """How many steps a read may still take, and whether an alert has been sent."""

    __slots__ = ("alerted", "left")

    def __init__(self) -> None:
        # Nobody is limited in a handshake, whose steps are few.
        self.left: float = math.inf
        self.alerted = False


def _count_steps(connection: SSL.Connection, where: int, _: int) -> None:
    """Have a read end, as if the peer had said the end, that would go on for too long; note
    alerts."""
    if where == SSL.SSL_CB_WRITE_ALERT:
        connection.get_app_data().alerted = True
    elif where == _ACCEPT_STEP:
        steps = connection.get_app_data()
        if steps is not None:
            steps.left -= 1
            if steps.left < 0:
                connection.set_shutdown(SSL.RECEIVED_SHUTDOWN)


def fatal_alert(description: int) -> bytes:
    """Return the record of an alert that is not encrypted (RFC 8446, section 6)."""
    return bytes((0x15, 0x03, 0x01, 0x00, 0x02, 0x02, description))


def fingerprint(certificate: bytes | None) -> str:
    """Return the SHA-256 of a certificate as DER, in hexadecimal; empty when there is none."""
    return hashlib.sha256(certificate).hexdigest() if certificate else ""


def _load_key(path: Path) -> _PrivateKey:
    """Read a private key in PEM, without a password. Raises `OSError` and `UnusableError`."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except TypeError:
        raise UnusableError("the key is encrypted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableError("there is no key in PEM that can be used") from None
    if not isinstance(key, _PrivateKey):
        raise UnusableError("the key is of a kind that TLS does not use")
    return key


def _any_certificate(*_: object) -> bool:
    return True


def _broken(error: SSL.Error) -> trio.BrokenResourceError:
    reason = _reason(error)
    # That somebody is gone without a word is nothing that the others need OpenSSL's words for.
    return trio.BrokenResourceError() if reason == _HUNG_UP else trio.BrokenResourceError(reason)


def _reason(error: SSL.Error) -> str:
    """Return what went wrong, in OpenSSL's words or the system's."""
    if isinstance(error, SSL.SysCallError):
        _forget_errors()
        number = error.args[0]
        return os.strerror(number) if number > 0 else _HUNG_UP
    errors = error.args[0] if error.args else ()
    # The first is the cause.
    return next((str(reason) for *_, reason in errors if reason), "unknown error")


def _forget_errors() -> None:
    """Empty OpenSSL's list of errors, from which the next connection might take one for its own.

    A call that fails takes all that is in it; after a failed system call pyOpenSSL leaves it.
    """
    with contextlib.suppress(SSL.Error):
        _SCRAP.set_cipher_list(b"none of that name")


_SCRAP = SSL.Context(SSL.TLS_METHOD)
