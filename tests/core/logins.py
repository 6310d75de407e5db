"""Users with accounts, and how they log in."""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec

from tests.core.world import ITERATIONS, NONCE, SERVER, World
from trio_chat.core.settings import AccountPolicy, Settings

SETTINGS = Settings(name=SERVER, accounts=AccountPolicy())
PASSWORD = "correct horse"
FINGERPRINT = "ab" * 32


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def plain(name: str, password: str = PASSWORD, authorization: str = "") -> str:
    response = f"{authorization}\0{name}\0{password}"
    return f"AUTHENTICATE {encoded(response)}"


class Logins(World):
    """Accounts are made by REGISTER, and `connect` begins a negotiation."""

    def account(self, name: str, password: str = PASSWORD) -> None:
        """Have an account, whose owner has left."""
        self.irc(name)
        assert "REGISTER SUCCESS" in self.ask(name, f"REGISTER * * :{password}")[2]
        self.send(name, "QUIT")

    def connect(self, name: str, *, secure: bool = False, certfp: str = "", host: str = "") -> None:
        """Connect a client with the capability sasl, that has not said who it is."""
        self.connect_bare(name, secure=secure, certfp=certfp, host=host or "10.0.0.1")
        self.ask(name, "CAP REQ sasl")

    def connect_bare(
        self, name: str, *, secure: bool = False, certfp: str = "", host: str = "10.0.0.1"
    ) -> None:
        """Connect a client that has said nothing yet."""
        connected = msgspec.structs.replace(
            self.add(name), secure=secure, certfp=certfp, address=host
        )
        self.step(connected)

    def certify(self, account: str, fingerprint: str = FINGERPRINT) -> None:
        """Have the owner of a certificate be that of an account."""
        found = self.core.context.accounts.get(account)
        assert found is not None
        changed = msgspec.structs.replace(found, certificates=(fingerprint,))
        self.core.context.accounts.put(changed)

    def nickname(self, name: str) -> str:
        """Return what somebody is called now."""
        return self.core.state.users[self.ids[name]].nickname

    def who(self, name: str) -> str:
        """Return the account that a client is logged in to."""
        return self.core.state.users[self.ids[name]].account

    def scram(self, name: str, account: str, password: str = PASSWORD, *, first: str = "") -> str:
        """Begin SCRAM; return the line with the proof."""
        bare = f"n={account},r=mine"
        self.ask(name, "AUTHENTICATE SCRAM-SHA-256")
        (line,) = self.ask(name, f"AUTHENTICATE {encoded(first or f'n,,{bare}')}")
        challenge = base64.b64decode(line.rpartition(" ")[2]).decode()
        nonce, salt, iterations = (part[2:] for part in challenge.split(","))
        assert (nonce, int(iterations)) == (f"mine{NONCE}", ITERATIONS)
        salted = hashlib.pbkdf2_hmac(
            "sha256", password.encode(), base64.b64decode(salt), ITERATIONS
        )
        key = hmac.digest(salted, b"Client Key", "sha256")
        without = f"c=biws,r={nonce}"
        signed = f"{bare},{challenge},{without}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
        return f"AUTHENTICATE {encoded(f'{without},p={encoded(proof)}')}"
