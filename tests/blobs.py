"""Blobs: bytes that somebody who means harm, or whose program is broken, could send."""

from __future__ import annotations

import random

from trio_chat.core.capabilities import CAPABILITIES
from trio_chat.core.commands import TABLE

_WORDS = [
    *[name.encode() for name in TABLE],
    *[name.encode() for name in CAPABILITIES],
    *b"#a #b #a,#b al bo 0 * :x :a\0b +o -o +b +beI +ntimk-l *!*@* LS REQ END 1h ~a:x"
    b" %tcuihsnfdlaor draft/multiline +1 -1 irc.test 10.0.0.0/24".split(b" "),
    "grüße".encode(),
    "🙂".encode(),
    b"\xff\xfe",
    b"\x01ACTION x\x01",
]
_TAGS = [b"label=", b"batch=1", b"+x=y", b"+draft/reply=", b"draft/multiline-concat", b"=", b"a"]
_ODD = [b"\0", b"\r", b"\t", b" ", b"\\", b";", b"\x80", b"\xff", b":", b"@", b"x" * 70, b"\x1b[2J"]
_ENDS = [b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""]


def blob(chance: random.Random) -> bytes:
    """Return some lines, or nearly, as whoever knows the protocol would break them."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(1, 300)) + b"\n"
    return b"".join(_line(chance) for _ in range(chance.randrange(1, 4)))


def _line(chance: random.Random) -> bytes:
    line = b""
    if chance.random() < 0.5:
        tags = [chance.choice(_TAGS) + _odd(chance) for _ in range(chance.randrange(1, 4))]
        line = b"@" + b";".join(tags) + b" "
    if chance.random() < 0.1:
        line += b":" + _odd(chance) + b" "
    line += b" ".join(chance.choice(_WORDS) for _ in range(chance.randrange(1, 6)))
    if chance.random() < 0.4:
        place = chance.randrange(len(line) + 1)
        line = line[:place] + _odd(chance) + line[place:]
    if chance.random() < 0.02:
        line += b" " + b"x" * chance.choice([400, 505, 600, 5000])
    return line + chance.choice(_ENDS)


def _odd(chance: random.Random) -> bytes:
    """Return a value, mostly short, which is often one that can not be."""
    pieces = [chance.choice([*_ODD, b"a", b"b"]) for _ in range(chance.randrange(3))]
    return b"".join(pieces)
