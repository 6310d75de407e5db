"""Names: what a nickname or a channel may be called, and when two of them are the same.

CASEMAPPING is `ascii` (Modern IRC, "CASEMAPPING Parameter"): A to Z are a to z, and nothing else is
anything else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import precis_i18n

from trio_chat.core import confusables
from trio_chat.wire.text import cut

_FOLD = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}
_NICKNAME_PUNCTUATION = frozenset("[]{}\\|^_-`")
_PROFILE = precis_i18n.get_profile("UsernameCasePreserved")

# Letters and marks that show nothing, and so would make two names look the same.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)

CHANNEL_TYPES = "#"


def fold(name: str) -> str:
    """Return the form of a nickname or channel in which equal names are equal strings."""
    return name.lower() if name.isascii() else name.translate(_FOLD)


def key(name: str) -> str:
    """Return what somebody is looked up by who is called `name`, however that is written."""
    if name.isascii():
        return name.lower()
    return fold(_enforced(name) or name)


@lru_cache(maxsize=1024)
def _enforced(name: str) -> str:
    """Return a nickname as PRECIS normalises it; empty when nobody can be called that.

    A line can name a hundred, each of which is looked for in several places.
    """
    try:
        return str(_PROFILE.enforce(name))
    except UnicodeEncodeError:
        return ""


def cost(names: Iterable[str]) -> int:
    """Return what it costs to look up these names, in rough microseconds: PRECIS takes its time."""
    return sum(12 * len(name) for name in names if not name.isascii())


def nickname(wanted: str, limit: int) -> str | None:
    """Return the nickname in its normal form, or None when nobody can be called that.

    Letters and digits of any one script (UTS 39, section 5.1), as PRECIS (RFC 8265, section 3)
    normalises them, ASCII digits, and the punctuation that Modern IRC asks for; it starts with
    neither a digit nor `-`. `limit` is in characters; a nickname also takes at most 2 bytes for
    each of them.
    """
    name = wanted if wanted.isascii() else _enforced(wanted)
    if not name or len(name) > limit or len(name.encode()) > 2 * limit:
        return None
    if name[0] == "-" or name[0].isdigit() or unicodedata.category(name[0])[0] == "M":
        return None
    marks = 0
    for character in name:
        category = unicodedata.category(character)[0]
        marks = marks + 1 if category == "M" else 0
        # A mark belongs to a letter before it; a heap of them belongs to nobody's name.
        if marks > 2 or character in _INVISIBLE:
            return None
        if category not in "LNM" and character not in _NICKNAME_PUNCTUATION:
            return None
    return name if name.isascii() or confusables.are_one_script(name) else None


def skeleton(name: str) -> str:
    """Return the form of a nickname in which look-alikes are equal strings (UTS 39, section 4).

    ASCII characters are only like themselves, so no two ASCII names that differ are alike, but
    where somebody owns one (`likeness`). Case counts for nothing, in any script: who is `Ärger` is
    not to be taken for `ärger`. Never shown.
    """
    return fold(name) if name.isascii() else confusables.skeleton(name)


_ALIKE = str.maketrans({"i": "l", "1": "l", "|": "l", "0": "o"})
"""What looks like another ASCII character (UTS 39, confusables.txt). An i is a bar as a capital,
and whoever has a nickname can write it in capitals."""


def likeness(name: str) -> str:
    """Return the form of a nickname in which look-alikes of a registered one are equal strings.

    Here ASCII characters too are like others: `aIice` and `a1ice` look like `alice`, and who owns
    that is not to be mistaken. Never shown.
    """
    return skeleton(name).translate(_ALIKE).replace("rn", "m")


def is_channel_name(name: str, limit: int) -> bool:
    """Whether a channel can have this name (Modern IRC, "Channels"). `limit` is in characters."""
    return (
        2 <= len(name) <= limit
        and len(name.encode()) <= 2 * limit
        and name[0] in CHANNEL_TYPES
        and name.isprintable()
        and unicodedata.is_normalized("NFC", name)
        and not any(character in " ,:" or character in _INVISIBLE for character in name)
    )


def username(wanted: str, limit: int) -> str:
    """Make a user name fit to stand in `nickname!user@host`; `~` says that nobody checked it.

    It has nothing in it that a mask would take for a wild card. `limit` is in bytes.
    """
    name = "".join(c for c in wanted if c.isprintable() and c not in " !@:*?").lstrip("~")
    return cut(f"~{name or 'user'}", limit)
