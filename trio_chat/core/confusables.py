"""Which letters are of one script, and which look alike (UTS 39, Unicode Security Mechanisms).

The tables are Unicode's own (Scripts.txt, confusables.txt), as the package confusable-homoglyphs
brings them. They are read when a name first needs them, and as data: the package's own code knows
no skeletons, and keeps everything it has read, together with an HTTP client, for ever.
"""

from __future__ import annotations

import bisect
import functools
import pkgutil
import re
import unicodedata

import msgspec

# UTS 39, section 5.1: the writing systems in which more than one script is used.
_AUGMENTED = {
    "HAN": frozenset({"HAN", "JAPANESE", "KOREAN", "HAN WITH BOPOMOFO"}),
    "HIRAGANA": frozenset({"HIRAGANA", "JAPANESE"}),
    "KATAKANA": frozenset({"KATAKANA", "JAPANESE"}),
    "HANGUL": frozenset({"HANGUL", "KOREAN"}),
    "BOPOMOFO": frozenset({"BOPOMOFO", "HAN WITH BOPOMOFO"}),
}
_WITH_ANY = frozenset({"COMMON", "INHERITED"})

# The table has prototypes for two ASCII characters of nicknames too (it says that m is like rn).
# Here those are themselves, and what is like them is like them.
_ASCII = {"rn": "m", "'": "`"}

# The table has the small palochka look like an i, but it is a bar, as the capital one is.
_PALOCHKA = {"\u04c0": "l", "\u04cf": "l"}

# How often a look-alike's look-alike is looked up.
_STEPS = 4

# A dot above adds nothing to a letter that has one.
_SECOND_DOT = re.compile("(?<=[ij])\u0307+")


class _Scripts(msgspec.Struct):
    """`categories.json`: ranges are first, last, index of the script, index of the category."""

    iso_15924_aliases: list[str]
    code_points_ranges: list[tuple[int, int, int, int]]


class _Like(msgspec.Struct, gc=False):
    """`confusables.json` has, for each string, those that it is like; their names are left."""

    c: str


def are_one_script(text: str) -> bool:
    """Whether some writing system has all of these characters (UTS 39, section 5.1).

    Common and Inherited characters are in all of them, as the Script property says it: which
    scripts exactly a mark goes with (Script_Extensions) is not looked at.
    """
    left: frozenset[str] | None = None
    for script in {_script(character) for character in text} - _WITH_ANY:
        systems = _AUGMENTED.get(script, frozenset({script}))
        left = systems if left is None else left & systems
    return left is None or bool(left)


def skeleton(text: str) -> str:
    """Return the form in which texts that look alike are equal (UTS 39, section 4), in lower case.

    ASCII characters are only like themselves. Looks and case cannot both be kept: the Greek capital
    Ν looks like N, and its small letter like v. So a text that looks like ASCII from end to end
    (accents aside) is what it looks like. In any other, capitals and small letters are the same,
    and are like whatever one of them is like.
    """
    text = unicodedata.normalize("NFKD", text)
    looks = [_look(character) for character in text]
    if all(map(_is_plain, looks)):
        return _settled("".join(looks))
    text = _settled(text)
    for _ in range(_STEPS):
        before, text = text, _settled("".join(_caseless().get(c, c) for c in text))
        if text == before:
            break
    return text


def _settled(looks: str) -> str:
    return _SECOND_DOT.sub("", unicodedata.normalize("NFKD", looks.casefold()))


def _is_plain(look: str) -> bool:
    """Whether this is ASCII, or a mark that goes on it."""
    return look.isascii() or (len(look) == 1 and unicodedata.category(look)[0] == "M")


def _look(character: str) -> str:
    """Return what one character looks like."""
    look = _prototypes().get(character, character)
    # The table writes an l for a capital I as well: the small letter tells which of them it is.
    if look == "l" and (small := character.lower()) != character:
        return _prototypes().get(small, look)
    return look


def _script(character: str) -> str:
    """Return the Script property of one character."""
    starts, ends, scripts = _ranges()
    point = ord(character)
    at = bisect.bisect(starts, point) - 1
    return scripts[at] if point <= ends[at] else "UNKNOWN"


@functools.cache
def _ranges() -> tuple[list[int], list[int], list[str]]:
    data = msgspec.json.decode(_read("categories.json"), type=_Scripts)
    starts: list[int] = []
    ends: list[int] = []
    scripts: list[str] = []
    for first, last, index, _ in data.code_points_ranges:
        script = data.iso_15924_aliases[index]
        if ends and ends[-1] + 1 == first and scripts[-1] == script:
            ends[-1] = last
        else:
            starts.append(first)
            ends.append(last)
            scripts.append(script)
    return starts, ends, scripts


@functools.cache
def _prototypes() -> dict[str, str]:
    """Return what each letter, mark and digit that is like another one is replaced by.

    The file has each pair in both directions. What has many partners is their prototype, and what
    has one is not; of two that have none but each other, the first one is taken. U+200E stands
    around a character that is written from right to left, as it does in Unicode's file.
    """
    data = msgspec.json.decode(_read("confusables.json"), type=dict[str, list[_Like]])
    found = {}
    for source, partners in data.items():
        target = partners[0].c
        character, prototype = (s.strip("\u200e") for s in (source, target))
        if len(partners) > 1 or len(character) > 1 or character.isascii():
            continue
        if len(data[target]) == 1 and len(prototype) == 1 and character < prototype:
            continue
        if unicodedata.category(character)[0] not in "LMN":
            continue
        prototype = unicodedata.normalize("NFKD", _ASCII.get(prototype, prototype))
        if prototype != character == unicodedata.normalize("NFKD", character):
            found[character] = prototype
    return {c: "".join(found.get(p, p) for p in prototype) for c, prototype in found.items()} | (
        _PALOCHKA
    )


@functools.cache
def _caseless() -> dict[str, str]:
    """Return what each character, case folded, is replaced by where case counts for nothing.

    Letters are alike when they look so in either case, and when they are both like a third one; but
    never so far that two ASCII characters would be alike. First come, first served: a letter and
    its capital, then what looks like ASCII, small letters before capitals.
    """
    table = _prototypes()
    parents: dict[str, str] = {}

    def root(character: str) -> str:
        while character in parents:
            character = parents[character]
        return character

    def join(one: str, other: str) -> None:
        first, second = sorted((root(one), root(other)))
        if first != second and not second.isascii():
            parents[second] = first

    def rank(item: tuple[str, str]) -> tuple[bool, bool, bool]:
        character, look = item
        return not look.isascii(), not look[0].isascii(), character.casefold() != character

    letters = [(c, _look(c).casefold()) for c in table if unicodedata.category(c)[0] != "M"]
    letters.sort(key=rank)
    for character, _ in letters:
        if len(folded := character.casefold()) == 1:
            join(character, folded)
    for character, look in letters:
        if len(look) == 1:
            join(character, look)
    sequences: dict[str, str] = {}
    for character, look in letters:
        if len(look) > 1 and not (last := root(character)).isascii():
            sequences.setdefault(last, look)
    marks = {c: look for c, look in table.items() if unicodedata.category(c)[0] == "M"}
    return marks | {c: sequences.get(last := root(c), last) for c in parents} | sequences


def _read(name: str) -> bytes:
    data = pkgutil.get_data("confusable_homoglyphs", name)
    assert data is not None  # that is for loaders that cannot read
    return data
