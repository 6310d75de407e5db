"""Masks such as `*!*@10.0.?.*`, and whom they match.

Matching never goes back over a `*`, so its time is bounded by the product of the two lengths,
whatever the mask.
"""

from __future__ import annotations

from trio_chat.core.names import fold

LIMIT = 256
"""Characters of the longest mask that is taken."""


def normalise(mask: str) -> str:
    """Complete what was typed to `nickname!user@host`, and collapse runs of `*`.

    Modern IRC, "Ban channel mode": a bare nickname is `nickname!*@*`, a bare `user@host` is
    `*!user@host`.
    """
    nickname, user, host = "*", "*", "*"
    if "!" in mask:
        nickname, _, rest = mask.partition("!")
        user, _, host = rest.partition("@")
    elif "@" in mask:
        user, _, host = mask.partition("@")
    else:
        nickname = mask
    whole = f"{nickname or '*'}!{user or '*'}@{host or '*'}"
    while "**" in whole:
        whole = whole.replace("**", "*")
    return whole


def matches(mask: str, name: str) -> bool:
    """Whether the glob `mask` matches all of `name`, case folded: `*` is any run, `?` any one."""
    first, *others = fold(mask[:LIMIT]).split("*")
    name = fold(name)
    if not others:
        return len(first) == len(name) and _same(first, name)
    *middle, last = others
    if len(first) + len(last) > len(name):
        return False
    end = len(name) - len(last)
    if not _same(first, name[: len(first)]) or not _same(last, name[end:]):
        return False
    position = len(first)
    for part in middle:
        found = _find(part, name, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def _same(part: str, text: str) -> bool:
    if "?" not in part:
        return part == text
    return all(a in ("?", b) for a, b in zip(part, text, strict=True))


def _find(part: str, text: str, start: int, end: int) -> int:
    """Return the first place between `start` and `end` where `part` stands in `text`, or -1."""
    if "?" not in part:
        return text.find(part, start, end)
    for place in range(start, end - len(part) + 1):
        if _same(part, text[place : place + len(part)]):
            return place
    return -1
