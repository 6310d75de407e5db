"""Masks such as `*!*@10.0.?.*`, and whom they match.

Matching never goes back over a `*`, so no mask makes it take long.
"""

from __future__ import annotations

import functools
import re

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
    return _compiled(mask).fullmatch(fold(name)) is not None


@functools.lru_cache(maxsize=4096)
def _compiled(mask: str) -> re.Pattern[str]:
    """Translate a mask. What stands between two `*` is taken where it is first found, for good
    (an atomic group): looking further on could never find more."""
    first, *others = (
        "".join("." if c == "?" else re.escape(c) for c in part)
        for part in fold(mask[:LIMIT]).split("*")
    )
    if not others:
        return re.compile(first, re.DOTALL)
    *middle, last = others
    found = "".join(f"(?>.*?{part})" for part in middle if part)
    return re.compile(f"{first}{found}.*{last}", re.DOTALL)
