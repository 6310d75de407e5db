"""Names: what a nickname or a channel may be called, and when two of them are the same.

CASEMAPPING is `ascii` (Modern IRC, "CASEMAPPING Parameter"): A to Z are a to z, and nothing else is
anything else.
"""

from __future__ import annotations

import unicodedata

import precis_i18n

_FOLD = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}
_NICKNAME_PUNCTUATION = frozenset("[]{}\\|^_-`")
_PROFILE = precis_i18n.get_profile("UsernameCasePreserved")

CHANNEL_TYPES = "#"


def fold(name: str) -> str:
    """Return the form of a nickname or channel in which equal names are equal strings."""
    return name.lower() if name.isascii() else name.translate(_FOLD)


def nickname(wanted: str, limit: int) -> str | None:
    """Return the nickname in its normal form, or None when nobody can be called that.

    Letters and digits of any script, as PRECIS (RFC 8265, section 3) normalises them, and the
    punctuation that Modern IRC asks for; it starts with neither a digit nor `-`. `limit` is in
    characters; a nickname also takes at most 2 bytes for each of them.
    """
    name = wanted
    if not wanted.isascii():
        try:
            name = _PROFILE.enforce(wanted)
        except UnicodeEncodeError:
            return None
    if not name or len(name) > limit or len(name.encode()) > 2 * limit:
        return None
    if name[0] == "-" or name[0].isdigit():
        return None
    for character in name:
        if (
            character not in _NICKNAME_PUNCTUATION
            and unicodedata.category(character)[0] not in "LNM"
        ):
            return None
    return name


def is_channel_name(name: str, limit: int) -> bool:
    """Whether a channel can have this name (Modern IRC, "Channels"). `limit` is in characters."""
    return (
        2 <= len(name) <= limit
        and len(name.encode()) <= 2 * limit
        and name[0] in CHANNEL_TYPES
        and name.isprintable()
        and not any(character in " ,:" for character in name)
    )


def username(wanted: str, limit: int) -> str:
    """Make a user name fit to stand in `nickname!user@host`; `~` says that nobody checked it."""
    name = "".join(c for c in wanted if c.isprintable() and c not in " !@:").lstrip("~")
    return f"~{name or 'user'}"[:limit]
