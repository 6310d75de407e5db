"""What people want to say, as what fits into lines of IRC. Pure."""

from __future__ import annotations

import re

from trio_chat.wire import irc
from trio_chat.wire.text import split

_LINE_ENDS = re.compile("\r\n|\r|\n")


def phrase(text: str, head: str, *, reserve: int = 0) -> list[str]:
    """Cut a text into pieces that each fit behind `head` into a line of 512 bytes, CR LF counted.

    Each line of the text begins a new piece; empty lines go, as IRC has no empty message
    (ERR_NOTEXTTOSEND). `reserve` are bytes that the line has besides.
    """
    taken = len(head.encode()) + len("\r\n") + reserve
    # A head that leaves no room is the server's to refuse; 4 bytes hold any character.
    limit = max(irc.LINE_LIMIT - taken, 4)
    return [
        piece
        for line in _LINE_ENDS.split(text.replace("\0", ""))
        if line
        for piece in split(line, limit)
    ]


def one_line(text: str) -> str:
    """Return the text with spaces where its lines end."""
    return _LINE_ENDS.sub(" ", text.replace("\0", ""))


def check_name(name: str) -> None:
    """Raise `ValueError` for a name that would be read as something else in a line."""
    if not name or name[0] == ":" or not name.isprintable() or any(c in name for c in " ,"):
        raise ValueError(f"{name!r} is neither a nickname nor a room")
