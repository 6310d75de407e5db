"""Logging in, as a client does: SASL PLAIN (RFC 4616) and SCRAM-SHA-256 (RFC 5802, RFC 7677)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from tests.conformance.session import Line, Session

PASSWORD = "correct horse battery"
CHUNK = 400


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def pieces(response: str | bytes) -> list[str]:
    """Return a response as the lines that it takes (sasl-3.1)."""
    text = encoded(response)
    found = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    if len(text) % CHUNK == 0:
        found.append("+")
    return [f"AUTHENTICATE {piece}" for piece in found]


def plain(name: str, password: str = PASSWORD, authorization: str = "") -> list[str]:
    """Return the lines of a response in PLAIN."""
    return pieces(f"{authorization}\0{name}\0{password}")


def authenticate(session: Session, name: str, password: str = PASSWORD) -> list[Line]:
    """Log in with PLAIN; return everything up to the end of it."""
    session.send("AUTHENTICATE PLAIN")
    session.until("AUTHENTICATE")
    session.send(*plain(name, password))
    return session.until("902", "903", "904", "905", "906", "907")


class Scram:
    """A client's half of SCRAM-SHA-256."""

    def __init__(self, name: str, password: str = PASSWORD, header: str = "n,,") -> None:
        self.password = password
        self.header = header
        self.nonce = "of-the-client"
        self.bare = f"n={name},r={self.nonce}"
        self.signature = b""
        """What the server has to prove in the end."""

    def begin(self, session: Session) -> dict[str, str]:
        """Ask for a challenge; return its attributes."""
        session.send("AUTHENTICATE SCRAM-SHA-256")
        session.until("AUTHENTICATE")
        session.send(*pieces(self.header + self.bare))
        last = session.until("AUTHENTICATE", "904")[-1]
        assert last.command == "AUTHENTICATE", last
        self.challenge = base64.b64decode(last.text).decode()
        return dict(part.split("=", 1) for part in self.challenge.split(","))

    def proof(self, attributes: dict[str, str]) -> list[str]:
        """Return the lines of the final message."""
        salt, iterations = base64.b64decode(attributes["s"]), int(attributes["i"])
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), salt, iterations)
        key = hmac.digest(salted, b"Client Key", "sha256")
        without = f"c={encoded(self.header)},r={attributes['r']}"
        message = f"{self.bare},{self.challenge},{without}".encode()
        signed = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
        proof = bytes(one ^ other for one, other in zip(key, signed, strict=True))
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        self.signature = hmac.digest(server_key, message, "sha256")
        return pieces(f"{without},p={encoded(proof)}")
