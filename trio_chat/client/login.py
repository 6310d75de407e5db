"""Logging in to an account while connecting: SCRAM-SHA-256 (RFC 5802, RFC 7677) where the server
has it, else PLAIN (RFC 4616), over IRCv3 sasl-3.1 and sasl-3.2.

Sans I/O, as `registration` is. With SCRAM the server is not told the password, and has to prove
that it knew it: whoever else listens, or sits between, learns nothing that logs them in.
"""

from __future__ import annotations

import base64
import binascii
import secrets

from trio_chat.client.errors import Refused
from trio_chat.wire.irc import Message
from trio_chat.wire.sasl import CHUNK, PLAIN, SCRAM, chunks, keys, masked, signature

NO_LOGIN = "the server does not let us log in with a password (SASL)"
NOT_PRIVATE = (
    "the server wants the password itself, and the connection is not encrypted: use TLS, or allow "
    "it (insecure_login)"
)
INSECURE = "INSECURE"
"""The code of that refusal."""
NOT_ITSELF = (
    "the server does not know the password of the account, so it is not what it seems to be"
)
NOT_DONE = "the server says what makes no sense while we log in"

_FEWEST, _MOST = 4096, 1_000_000
"""Iterations of PBKDF2: what the specification asks for, and what takes half a second."""
_MECHANISMS = "908"
_SUCCESS = frozenset(("903", "907"))
_FAILURE = frozenset(("902", "904", "905", "906"))
LOGIN = _SUCCESS | _FAILURE | {_MECHANISMS, "AUTHENTICATE"}
"""What a login is answered with."""
_CHALLENGE_LIMIT = 4096
"""Characters of the longest message of a server's."""


class Login:
    """One login. `plain` says whether the password itself may be sent."""

    __slots__ = (
        "_account",
        "_bare",
        "_begun",
        "_expected",
        "_incoming",
        "_left",
        "_nonce",
        "_password",
        "_plain",
        "_proved",
        "done",
        "mechanism",
    )

    def __init__(
        self, account: str, password: str, *, plain: bool = False, nonce: str = ""
    ) -> None:
        self._account = account
        self._password = password
        self._plain = plain
        self._nonce = nonce or secrets.token_urlsafe(18)
        # "=2C" is a comma, "=3D" is "=" (RFC 5802, section 5.1).
        name = account.replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={name},r={self._nonce}"
        self._incoming = ""
        self._left = [SCRAM, PLAIN]
        self._expected: bytes | None = None
        self._begun = False
        self._proved = False
        self.mechanism = ""
        """The one that is under way; empty while there is none."""
        self.done = False

    def begin(self, offered: str) -> list[Message]:
        """Ask for the best mechanism of those that the server names, which may be none (sasl-3.1
        does not list them): then one is tried after the other. Raises `Refused`."""
        if offered:
            names = offered.upper().split(",")
            self._left = [one for one in self._left if one in names]
        return self._next()

    def take(self, message: Message) -> list[Message]:
        """Take a message from the server; return what to answer. Raises `Refused`."""
        command, params = message.command, message.params
        if self.done or not self.mechanism:
            return []
        if command == "AUTHENTICATE" and params:
            return self._hear(params[0])
        if command in _SUCCESS:
            if self.mechanism == SCRAM and not self._proved:
                raise Refused(NOT_ITSELF, "sasl")
            self.done = True
        elif command in _FAILURE:
            if command == "904" and not self._begun:
                # There is no such mechanism.
                return self._next()
            raise Refused(params[-1] if params else NO_LOGIN, command)
        elif command == _MECHANISMS and len(params) > 2:
            names = params[1].upper().split(",")
            self._left = [one for one in self._left if one in names]
        return []

    def _next(self) -> list[Message]:
        if not self._left:
            raise Refused(NO_LOGIN, "sasl")
        self.mechanism = self._left.pop(0)
        if self.mechanism == PLAIN and not self._plain:
            raise Refused(NOT_PRIVATE, INSECURE)
        return [Message(command="AUTHENTICATE", params=(self.mechanism,))]

    def _hear(self, chunk: str) -> list[Message]:
        if chunk != "+":
            self._incoming += chunk
        if len(self._incoming) > _CHALLENGE_LIMIT:
            raise Refused(NOT_DONE, "sasl")
        if len(chunk) == CHUNK:
            return []
        whole, self._incoming = self._incoming, ""
        # From here on a failure is one, and no other mechanism is tried.
        first, self._begun = not self._begun, True
        try:
            said = base64.b64decode(whole, validate=True).decode()
            answer = self._first() if first else self._answer(said)
        except (binascii.Error, UnicodeDecodeError):
            raise Refused(NOT_DONE, "sasl") from None
        return [Message(command="AUTHENTICATE", params=(text,)) for text in chunks(answer)]

    def _first(self) -> bytes:
        if self.mechanism == PLAIN:
            return f"\0{self._account}\0{self._password}".encode()
        return f"n,,{self._bare}".encode()

    def _answer(self, said: str) -> bytes:
        if self.mechanism == PLAIN or self._proved:
            raise Refused(NOT_DONE, "sasl")
        if self._expected is None:
            return self._prove(said)
        if said.startswith("e="):
            raise Refused(f"the server refuses the login ({said[2:]})", "904")
        if base64.b64decode(said.removeprefix("v=").encode()) != self._expected:
            raise Refused(NOT_ITSELF, "sasl")
        self._proved = True
        return b""

    def _prove(self, first: str) -> bytes:
        """Answer the server's first message (RFC 5802, section 5)."""
        attributes = dict(part.partition("=")[::2] for part in first.split(","))
        nonce, count = attributes.get("r", ""), attributes.get("i", "")
        salt = base64.b64decode(attributes.get("s", ""), validate=True)
        if "m" in attributes or not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise Refused(NOT_DONE, "sasl")
        if not (count.isascii() and count.isdigit() and _FEWEST <= int(count[:9]) <= _MOST):
            raise Refused(f"{NOT_DONE} ({count[:9]} iterations)", "sasl")
        found = keys(self._password, salt, int(count))
        without = f"c=biws,r={nonce}"
        message = f"{self._bare},{first},{without}"
        self._expected = signature(found.server, message)
        proof = masked(found.client, signature(found.stored, message))
        return f"{without},p={base64.b64encode(proof).decode()}".encode()
