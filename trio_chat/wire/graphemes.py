"""Where a text can be cut: between what people take for characters (UAX 29, section 3).

The rules that keep apart what is written every day: marks, emoji with their modifiers and joiners,
flags, Hangul syllables, conjuncts of Indic scripts. Prepended signs (GB9b) are left out.
"""

from __future__ import annotations

import unicodedata

_LONGEST = 32
"""Code points of the longest cluster that is kept whole: a mark may be on top of 30 others (UAX 15,
"Stream-Safe Text Format"), and who piles up more wants no character."""

_JOINER = "\u200d"
_MARKS = frozenset(("Mn", "Mc", "Me"))
_ALSO_EXTEND = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")
"""What goes on with the character before it, though it is no mark."""
_LINKERS = frozenset(
    "\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d\u1039\u17d2\u1a60\u1b44\u1bab\ua9c0\uaaf6"
    "\U00010a3f\U00011133\U000113d0\U0001193e\U00011a47\U00011a99\U00011f42"
)
"""Viramas that make one conjunct of two consonants (Indic_Conjunct_Break=Linker)."""


def boundary(text: str, index: int) -> int:
    """Return the last place up to `index` at which `text` can be cut, or `index` itself where the
    text begins with one cluster, or a cluster is longer than any that is kept whole."""
    for place in range(index, max(0, index - _LONGEST), -1):
        if place >= len(text) or not joined(text, place):
            return place
    return index


def goes_on(cluster: str, character: str) -> bool:
    """Whether a cluster goes on with this character; one is not made longer than is kept whole."""
    return len(cluster) < _LONGEST and joined(cluster + character, len(cluster))


def joined(text: str, place: int) -> bool:
    """Whether the characters on both sides of a place within the text belong together."""
    before, after = text[place - 1], text[place]
    if before.isascii() and after.isascii():
        return False
    if unicodedata.category(before) in ("Cc", "Zl", "Zp"):
        return False
    if _extends(after):
        return True
    if _is_regional(before) and _is_regional(after):
        return _regionals_before(text, place) % 2 == 1
    if before == _JOINER and _is_pictograph(after):
        return _is_pictograph(_base(text, place - 1))
    if _links(text, place):
        return True
    return _hangul(after) in _HANGUL_GOES_ON.get(_hangul(before), ())


def _extends(character: str) -> bool:
    """GB9, GB9a: marks, joiners, the colours of skins, the letters in the flags of regions."""
    return (
        unicodedata.category(character) in _MARKS
        or character in _ALSO_EXTEND
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _regionals_before(text: str, place: int) -> int:
    """GB12, GB13: two of them are one flag, counted from the first."""
    start = place
    while start > 0 and _is_regional(text[start - 1]):
        start -= 1
    return place - start


def _is_pictograph(character: str) -> bool:
    """GB11: Extended_Pictographic, as good as; what is not assigned yet will be one."""
    if "\U0001f000" <= character <= "\U0001faff" or "\U0001fc00" <= character <= "\U0001fffd":
        return not _is_regional(character) and not _extends(character)
    return character in "\u203c\u2049\u3030\u303d" or (
        character < "\u3300" and unicodedata.category(character) in ("So", "Sm")
    )


def _base(text: str, place: int) -> str:
    """Return the character that everything before a place goes on with."""
    first = max(0, place - _LONGEST)
    while place > first + 1 and _extends(text[place - 1]):
        place -= 1
    return text[place - 1]


def _links(text: str, place: int) -> bool:
    """GB9c: a consonant behind a consonant and a virama, whatever marks and joiners there are."""
    if unicodedata.category(text[place]) != "Lo":
        return False
    linked = False
    for index in range(place - 1, max(-1, place - 1 - _LONGEST), -1):
        character = text[index]
        if character in _LINKERS:
            linked = True
        elif not _extends(character) or unicodedata.category(character) == "Mc":
            return linked and unicodedata.category(character) == "Lo"
    return False


def _hangul(character: str) -> str:
    """Return which part of a syllable a letter is: `L`, `V`, `T`, `LV`, `LVT`; empty: none."""
    if "\uac00" <= character <= "\ud7a3":
        return "LVT" if (ord(character) - 0xAC00) % 28 else "LV"
    for part, ranges in _JAMO.items():
        if any(first <= character <= last for first, last in ranges):
            return part
    return ""


_JAMO = {
    "L": (("\u1100", "\u115f"), ("\ua960", "\ua97c")),
    "V": (("\u1160", "\u11a7"), ("\ud7b0", "\ud7c6")),
    "T": (("\u11a8", "\u11ff"), ("\ud7cb", "\ud7fb")),
}
_HANGUL_GOES_ON = {
    "L": ("L", "V", "LV", "LVT"),
    "V": ("V", "T"),
    "LV": ("V", "T"),
    "T": ("T",),
    "LVT": ("T",),
}
"""GB6, GB7, GB8."""
