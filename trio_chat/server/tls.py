"""TLS for trio, with pyOpenSSL in place of the standard library's `ssl`.

A client may show a certificate of its own, signed by whomever: it is an identity, not a chain of
trust. `ssl` can only refuse what it can not verify; pyOpenSSL leaves that to us. `TlsContext` and
`TlsObject` stand in for `ssl.SSLContext` and `ssl.SSLObject`, as far as `trio.SSLStream` uses them.

Must not know sockets or tasks: bytes come and go through the two `ssl.MemoryBIO` of the stream.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto

T = TypeVar("T")

_PrivateKey = (
    dsa.DSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | rsa.RSAPrivateKey
)

_CIPHERS = b"@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"
"""For TLS 1.2: with forward secrecy only, as in Python's own default."""
_PIECE = 32_768
"""Bytes that are taken from OpenSSL at once."""


class UnusableError(Exception):
    """A certificate or its key can not be used. The text says why, in OpenSSL's words."""


class HandshakeError(ssl.SSLError):
    """The peer speaks no TLS, or none that we do. `alert` is what tells it so; it may be empty."""

    alert = b""


class TlsContext:
    """A certificate with its chain and its key, from files in PEM, and what is asked of clients.

    Raises `UnusableError`.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
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

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = True,
        server_hostname: str | bytes | None = None,
    ) -> TlsObject:
        """Begin a connection as its server: what `trio.SSLStream` calls."""
        return TlsObject(SSL.Connection(self._context, None), incoming, outgoing)


class TlsObject:
    """One connection. Every method takes what has come in, and leaves what is to be sent.

    Raises what `ssl.SSLObject` raises: `ssl.SSLWantReadError` when more has to come in first, any
    other `ssl.SSLError` when the connection is broken.
    """

    server_side = True

    def __init__(
        self, connection: SSL.Connection, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
    ) -> None:
        connection.set_accept_state()
        self._connection = connection
        self._incoming = incoming
        self._outgoing = outgoing

    def do_handshake(self) -> None:
        try:
            self._call(self._connection.do_handshake)
        except ssl.SSLWantReadError:
            raise
        except ssl.SSLError as error:
            failure = HandshakeError(*error.args)
            # `trio.SSLStream` sends nothing any more once it has failed.
            failure.alert = self._outgoing.read()
            try:
                raise failure from None
            finally:
                # It refers to this frame, and would be kept by it.
                del failure

    def read(self, size: int) -> bytes:
        """Return at most so many bytes; nothing once the peer has said that no more will come."""
        try:
            return self._call(self._connection.recv, size)
        except ssl.SSLZeroReturnError:
            return b""

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Take all of `data`; return how many bytes that is."""
        return self._call(self._connection.sendall, data)

    def unwrap(self) -> None:
        """Say that no more will come; raise `ssl.SSLWantReadError` until the peer has, too."""
        if not self._call(self._connection.shutdown):
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "The peer has not closed")

    def version(self) -> str:
        return self._connection.get_protocol_version_name()

    @property
    def server_hostname(self) -> str:
        """The name that the client asked for (RFC 6066, section 3); empty without one."""
        return (self._connection.get_servername() or b"").decode(errors="replace")

    def getpeercert(self, binary_form: bool = True) -> bytes | None:
        """Return the client's certificate as DER, which is the one form there is; or None."""
        certificate = self._connection.get_peer_certificate()
        if certificate is None:
            return None
        return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)

    def _call(self, operation: Callable[..., T], *args: object) -> T:
        data = self._incoming.read()
        if data:
            self._connection.bio_write(data)
        if self._incoming.eof:
            self._connection.bio_shutdown()
        try:
            return operation(*args)
        except SSL.WantReadError:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "More has to come in") from None
        except SSL.ZeroReturnError:
            raise ssl.SSLZeroReturnError(ssl.SSL_ERROR_ZERO_RETURN, "The peer closed") from None
        except SSL.SysCallError:
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the peer hung up") from None
        except SSL.Error as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, _reason(error)) from None
        finally:
            self._take_out()

    def _take_out(self) -> None:
        """Move what OpenSSL wants sent to where the stream looks for it."""
        try:
            while True:
                piece = self._connection.bio_read(_PIECE)
                self._outgoing.write(piece)
                if len(piece) < _PIECE:
                    return
        except SSL.WantReadError:
            # There is nothing (more).
            return


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


def _reason(error: SSL.Error) -> str:
    """Return OpenSSL's words for what went wrong: those of the first error, which is the cause."""
    errors = error.args[0] if error.args else ()
    return next((str(reason) for *_, reason in errors if reason), "unknown error")
