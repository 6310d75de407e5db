"""Text that has to fit into a number of bytes of UTF-8."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from trio_chat.wire.graphemes import boundary

WIDTH = 78
"""Columns of a line that is read in a terminal: most have two more."""


def cut(text: str, limit: int) -> str:
    """Return the longest beginning of `text` that is at most `limit` bytes of UTF-8.

    What people take for one character is not cut, but where it is the first and does not fit.
    """
    if len(text) * 4 <= limit:
        return text
    if text.isascii():
        return text[:limit]
    data = text.encode()
    if len(data) <= limit:
        return text
    return text[: boundary(text, len(data[:limit].decode(errors="ignore")))]


def split(text: str, limit: int) -> list[str]:
    """Cut `text` into pieces of at most `limit` bytes of UTF-8, between words where that leaves two
    thirds of a piece, and nowhere within what people take for one character.

    No character is lost but the space at which a piece ends, and no piece is empty but the only
    one. `limit` is at least 4, the longest that one character can be.
    """
    if limit < 4:
        raise ValueError(f"a piece of {limit} bytes can not hold every character")
    pieces = []
    while True:
        head = cut(text, limit)
        if len(head) == len(text):
            pieces.append(text)
            return pieces
        space = head.rfind(" ")
        # A piece that would be much shorter is better cut in the middle of a word.
        if text[len(head)] == " ":
            space = len(head)
        if space * 3 >= len(head) * 2 and boundary(text, space + 1) == space + 1:
            pieces.append(text[:space])
            text = text[space + 1 :]
            if not text:
                return pieces
        else:
            pieces.append(head)
            text = text[len(head) :]


def wrapped(text: str, indent: int = 2) -> list[str]:
    """Cut what is to be read in a terminal into lines of it, between words; all but the first are
    so many columns further in."""
    return textwrap.wrap(
        text,
        WIDTH,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def pack(words: Iterable[str], limit: int, separator: str = " ") -> list[str]:
    """Join words, as many to a text as fit into `limit` bytes of UTF-8; none is cut."""
    texts: list[str] = []
    size = 0
    for word in words:
        length = len(word.encode()) + len(separator)
        if texts and size + length <= limit + len(separator):
            texts[-1] += separator + word
            size += length
        else:
            texts.append(word)
            size = length
    return texts
