"""What SASL mechanisms say and prove, as the server has it: PLAIN (RFC 4616), and SCRAM-SHA-256
(RFC 5802, RFC 7677).

Texts in, texts out: a nonce comes from whoever runs the core. Must not know users, accounts, nor
how the texts are carried (`handlers/logins.py`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from trio_chat.core.secrets import Offer, Secret
from trio_chat.wire.sasl import masked, signature

_KEY = 32
"""Bytes of SHA-256."""
_NONCE_LIMIT = 256
"""Characters of the longest nonce that a client can have."""


class SaslError(Exception):
    """What a client has sent is not what the mechanism says."""


class Credentials(msgspec.Struct, frozen=True):
    """Who somebody says that they are, and want to be taken for (empty: the same)."""

    authorization: str
    name: str
    password: str


def plain(response: bytes) -> Credentials:
    """Read the message of PLAIN (RFC 4616, section 2). Raises `SaslError`."""
    parts = _text(response).split("\0")
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise SaslError("PLAIN is: authorization identity, NUL, name, NUL, password")
    return Credentials(*parts)


class Scram:
    """One exchange of SCRAM-SHA-256 as the server has it, begun with the client's first message.

    Raises `SaslError`.
    """

    def __init__(self, response: bytes) -> None:
        first = _text(response)
        binding, comma, rest = first.partition(",")
        authorization, other, bare = rest.partition(",")
        if binding not in ("n", "y") or not comma or not other:
            # With "p" it would be bound to the channel, which is another mechanism (-PLUS).
            raise SaslError("no channel binding is offered")
        if authorization and not authorization.startswith("a="):
            raise SaslError("there is something before the name")
        attributes = bare.split(",")
        if len(attributes) < 2 or attributes[0][:2] != "n=" or attributes[1][:2] != "r=":
            # With "m=" in front it asks for an extension that nobody has.
            raise SaslError("the first message is a name and a nonce")
        self._header = first[: len(first) - len(bare)]
        self._bare = bare
        self._client_nonce = attributes[1][2:]
        if not 1 <= len(self._client_nonce) <= _NONCE_LIMIT or not _is_printable(bare):
            raise SaslError("that is no nonce")
        self.authorization = _name(authorization[2:])
        self.name = _name(attributes[0][2:])
        if not self.name:
            raise SaslError("there is no name")
        self._secret: Secret | None = None
        self._nonce = ""
        self._first = ""

    def challenge(self, offer: Offer) -> bytes:
        """Return the server's first message."""
        secret = offer.secret
        if secret is None:
            raise SaslError("there is no such account")
        self._secret = secret
        self._nonce = self._client_nonce + offer.nonce
        salt = base64.b64encode(secret.salt).decode()
        self._first = f"r={self._nonce},s={salt},i={secret.iterations}"
        return self._first.encode()

    def verify(self, response: bytes) -> bytes | None:
        """Check the client's final message; return the server's, which proves that it knows the
        account too. None: the password was another."""
        final = _text(response)
        without, comma, proof = final.rpartition(",p=")
        attributes = without.split(",")
        header = base64.b64encode(self._header.encode()).decode()
        if not comma or self._secret is None or attributes[0] != f"c={header}":
            raise SaslError("the final message does not go with the first")
        if attributes[1:2] != [f"r={self._nonce}"]:
            raise SaslError("that is another nonce")
        said = decode(proof.encode())
        message = f"{self._bare},{self._first},{without}"
        if len(said) != _KEY:
            raise SaslError("that is no proof")
        client_key = masked(said, signature(self._secret.stored_key, message))
        stored = hashlib.sha256(client_key).digest()
        if not hmac.compare_digest(stored, self._secret.stored_key):
            return None
        return b"v=" + base64.b64encode(signature(self._secret.server_key, message))


def decode(text: bytes) -> bytes:
    """Read Base64 (RFC 4648), as strict as that is. Raises `SaslError`."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise SaslError("that is not Base64") from None


def _text(response: bytes) -> str:
    try:
        return response.decode()
    except UnicodeDecodeError:
        raise SaslError("that is not UTF-8") from None


def _is_printable(text: str) -> bool:
    return not any(character < " " or character == "\x7f" for character in text)


def _name(text: str) -> str:
    """Read a name, in which "=2C" is a comma and "=3D" is "=" (RFC 5802, section 5.1)."""
    if "=" in text.replace("=2C", "").replace("=3D", ""):
        raise SaslError("that is no name")
    return text.replace("=2C", ",").replace("=3D", "=")
