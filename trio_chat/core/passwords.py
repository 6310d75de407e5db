"""Passwords as they are compared: the same text, however somebody's keyboard has written it.

Every password of an account goes through here, when a `Secret` is made of it and when it is
checked. Must not know what is made of it.
"""

from __future__ import annotations

import stringprep
import unicodedata

import precis_i18n

LIMIT = 300
"""Bytes of the longest password: it fits into a line, and into two of AUTHENTICATE."""

_PROFILE = precis_i18n.get_profile("OpaqueString")
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


def prepared(password: str) -> str | None:
    """Return a password as PRECIS has it (OpaqueString; RFC 8265, section 4); None: it can not be
    one, for it is empty or has characters in it that nobody can be sure to type."""
    if password.isascii():
        return password if password and password.isprintable() else None
    try:
        return str(_PROFILE.enforce(password))
    except UnicodeEncodeError:
        return None


def for_scram(password: str) -> str:
    """Return a password as clients take it for SCRAM: by SASLprep (RFC 4013).

    One that SASLprep can not have (it knows the characters of Unicode 3.2) is taken as it is, by
    clients as here.
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
