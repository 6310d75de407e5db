"""Passwords as they are compared: the same text, however somebody's keyboard has written it.

Every password of an account goes through here, when a `Secret` is made of it and when it is
checked; how SCRAM takes it is `wire.sasl`'s. Must not know what is made of it.
"""

from __future__ import annotations

import precis_i18n

LIMIT = 300
"""Bytes of the longest password: it fits into a line, and into two of AUTHENTICATE."""

_PROFILE = precis_i18n.get_profile("OpaqueString")


def prepared(password: str) -> str | None:
    """Return a password as PRECIS has it (OpaqueString; RFC 8265, section 4); None: it can not be
    one, for it is empty or has characters in it that nobody can be sure to type."""
    if password.isascii():
        return password if password and password.isprintable() else None
    try:
        return str(_PROFILE.enforce(password))
    except UnicodeEncodeError:
        return None
