"""What a change of modes is in words, for people who read no letters.

The words of each mode stand in its row (`core/modes.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from trio_chat.core import modes
from trio_chat.core.modes import Kind


def of_modes(channel: str, changes: tuple[str, ...], viewer: str) -> str:
    """Say what a MODE line did: `made bob an operator, banned eve from #room`.

    `changes` are the letters, then their parameters; `viewer` reads `you` for their own nickname.
    """
    return ", ".join(_phrases(channel, changes, viewer))


def _phrases(channel: str, changes: tuple[str, ...], viewer: str) -> Iterator[str]:
    letters, *rest = changes
    parameters = iter(rest)
    adding = True
    for letter in letters:
        if letter in "+-":
            adding = letter == "+"
            continue
        prefix = modes.PREFIX_OF_LETTER.get(letter)
        if prefix is not None:
            nickname = next(parameters, "")
            whom = "you" if nickname == viewer else nickname
            yield (prefix.given if adding else prefix.taken).format(whom)
            continue
        row = modes.CHANNEL_MODES[letter]
        has_one = row.kind in (Kind.LIST, Kind.KEY) or (row.kind is Kind.PARAMETER and adding)
        parameter = next(parameters, "") if has_one else ""
        yield (row.set if adding else row.unset).format(channel, _shown(parameter))


def _shown(mask: str) -> str:
    """Return a mask as people write it: `bob!*@*` is everybody called bob."""
    return mask.removesuffix("!*@*")
