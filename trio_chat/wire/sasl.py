"""What both sides of a login have in common: the lines that it takes (IRCv3 sasl-3.1), and the
mathematics of SCRAM-SHA-256 (RFC 5802, section 3; RFC 7677).

Knows neither side's messages nor accounts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import stringprep
import unicodedata

import msgspec

PLAIN, SCRAM, EXTERNAL = "PLAIN", "SCRAM-SHA-256", "EXTERNAL"

CHUNK = 400
"""Characters of the longest AUTHENTICATE; a shorter one is the last."""

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)


def chunks(data: bytes) -> list[str]:
    """Return what the AUTHENTICATEs say that a message takes."""
    text = base64.b64encode(data).decode()
    found = [text[start : start + CHUNK] for start in range(0, len(text), CHUNK)]
    if len(text) % CHUNK == 0:
        # Nothing, or nothing more.
        found.append("+")
    return found


class Keys(msgspec.Struct, frozen=True):
    """What SCRAM makes of a password. Whoever has the client key can log in."""

    client: bytes
    stored: bytes
    """What the server checks the client's proof by."""
    server: bytes


def keys(password: str, salt: bytes, iterations: int) -> Keys:
    """Make the keys of a password. Takes as long as there are iterations: some 0.4 µs each."""
    salted = hashlib.pbkdf2_hmac("sha256", prepared(password).encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    return Keys(client, stored, hmac.digest(salted, b"Server Key", "sha256"))


def signature(key: bytes, message: str) -> bytes:
    """Sign what both sides have said."""
    return hmac.digest(key, message.encode(), "sha256")


def masked(key: bytes, by: bytes) -> bytes:
    """Return the client's proof for its key and a signature, or the key for the proof."""
    return bytes(one ^ other for one, other in zip(key, by, strict=True))


def prepared(password: str) -> str:
    """Return a password as it is taken for SCRAM: by SASLprep (RFC 4013).

    One that SASLprep can not have (it knows the characters of Unicode 3.2) is taken as it is, by
    both sides.
    """
    if password.isascii():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in password
        if not stringprep.in_table_b1(character)
    )
    found = unicodedata.normalize("NFKC", mapped)
    if not found or any(test(character) for character in found for test in _PROHIBITED):
        return password
    right_to_left = [stringprep.in_table_d1(character) for character in found]
    if any(right_to_left):
        mixed = any(stringprep.in_table_d2(character) for character in found)
        if mixed or not (right_to_left[0] and right_to_left[-1]):
            return password
    return found
