"""What proves that somebody is the owner of an account: made of a password, which is not kept.

Made and compared by whoever runs the core, since that takes time (`server/passwords.py`); kept in
the journal, and never in memory longer than a check takes.
"""

from __future__ import annotations

import msgspec

from trio_chat.core import layouts

SECRET = "secret"
"""The table that they are kept in, by folded name of the account. It is not read at the start."""
LAYOUT = 1


class Secret(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """A password, in the two forms in which it can be checked."""

    layout: int = LAYOUT
    hash: str
    """For those who send the password: argon2id, as its own text says it."""
    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes
    """For those who only prove that they know it: SCRAM-SHA-256 (RFC 5802, section 3)."""

    def encoded(self) -> bytes:
        """Return its bytes, as they are kept."""
        return _encode(self)


class Offer(msgspec.Struct, frozen=True, gc=False):
    """What SCRAM needs to begin: an account's secret, if it has one, and a nonce."""

    secret: Secret | None
    nonce: str


class Mailed(msgspec.Struct, frozen=True, gc=False):
    """The code that the owner of an account has been mailed; empty: nothing can be mailed to that
    address."""

    code: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Secret).decode


def decode(value: bytes) -> Secret:
    """Return what these bytes say. Raises `msgspec.DecodeError` or `ValueError`."""
    secret = _decode(value)
    layouts.check(secret.layout, LAYOUT)
    return secret
