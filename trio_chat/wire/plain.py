"""Plain text lines, for people with `nc` and `telnet`: making bytes safe to read and to show.

Knows terminals and telnet, and nothing of chat.
"""

from __future__ import annotations

import enum
import re

from trio_chat.wire.errors import Problem, ProtocolError

LINE_LIMIT = 4096
"""Bytes of the longest line that a person can type. It may become several messages."""

# Telnet (RFC 854): IAC, then a command; WILL, WONT, DO and DONT take one byte more; SB takes all up
# to IAC SE.
_IAC, _SE, _SB, _WILL, _WONT, _DO, _DONT = 255, 240, 250, 251, 252, 253, 254
_BINARY = 0
_ANSWERS = {_WILL: (_DO, _DONT), _DO: (_WILL, _WONT)}
"""To what the peer offers or asks: how to agree, how to refuse."""

# mIRC formatting: colours with their numbers, then the other codes.
_FORMATTING = re.compile(
    "\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    "|[\x02\x0f\x11\x16\x1d\x1e\x1f]"
)
# C0 and C1 controls, DEL, and the characters that turn the direction of the text around.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class _Telnet(enum.Enum):
    """What a byte means to a telnet connection, by what came before it."""

    TEXT = enum.auto()
    COMMAND = enum.auto()
    """After IAC."""
    OPTION = enum.auto()
    """After IAC WILL, WONT, DO or DONT."""
    SUBNEGOTIATION = enum.auto()
    """After IAC SB."""
    SUBNEGOTIATION_COMMAND = enum.auto()
    """After IAC within that."""


class TelnetFilter:
    """Removes telnet negotiation from a stream of bytes, and says what to answer.

    Agrees to the option BINARY, without which a telnet client may send only ASCII (RFC 856), and
    refuses every other. Answers each option once: so no two sides can go on for ever. Looks at
    every byte once and keeps none, whatever the peer sends.
    """

    __slots__ = ("_answered", "_state", "_verb", "replies")

    def __init__(self) -> None:
        self._state = _Telnet.TEXT
        self._verb = 0
        self._answered: set[tuple[int, int]] | None = None
        self.replies = b""
        """What the peer has to be answered."""

    def take_replies(self) -> bytes:
        """Return what the peer has to be answered, and forget it."""
        replies, self.replies = self.replies, b""
        return replies

    def _answer(self, verb: int, option: int) -> None:
        if self._answered is None:
            self._answered = set()
        if verb not in _ANSWERS or (verb, option) in self._answered:
            return
        self._answered.add((verb, option))
        agree, refuse = _ANSWERS[verb]
        self.replies += bytes((_IAC, agree if option == _BINARY else refuse, option))

    def feed(self, data: bytes) -> bytes:
        """Return `data` without negotiation. `0xFF` is in no UTF-8, so nothing else is lost."""
        if self._state is _Telnet.TEXT and b"\xff" not in data:
            return data
        kept = bytearray()
        place = 0
        while place < len(data):
            if self._state in (_Telnet.TEXT, _Telnet.SUBNEGOTIATION):
                end = data.find(b"\xff", place)
                end = len(data) if end < 0 else end
                if self._state is _Telnet.TEXT:
                    kept += data[place:end]
                if end < len(data):
                    self._state = _AFTER_IAC[self._state]
                place = end + 1
                continue
            byte = data[place]
            place += 1
            if self._state is _Telnet.COMMAND and byte == _SB:
                self._state = _Telnet.SUBNEGOTIATION
            elif self._state is _Telnet.COMMAND and _WILL <= byte <= _DONT:
                self._verb = byte
                self._state = _Telnet.OPTION
            elif self._state is _Telnet.OPTION:
                self._answer(self._verb, byte)
                self._state = _Telnet.TEXT
            elif self._state is _Telnet.SUBNEGOTIATION_COMMAND and byte != _SE:
                self._state = _Telnet.SUBNEGOTIATION
            else:
                self._state = _Telnet.TEXT
        return bytes(kept)


_AFTER_IAC = {
    _Telnet.TEXT: _Telnet.COMMAND,
    _Telnet.SUBNEGOTIATION: _Telnet.SUBNEGOTIATION_COMMAND,
}


def decode(line: bytes) -> str:
    """Read a line that somebody typed, without its end. Raises `ProtocolError`.

    What a terminal sends besides text (NUL after CR, escape sequences' control characters) goes;
    tabs become spaces.
    """
    if len(line) > LINE_LIMIT:
        raise ProtocolError(Problem.TOO_LONG)
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise ProtocolError(Problem.NOT_UTF8) from None
    return strip_controls(text.replace("\t", " ")).strip()


def strip_controls(text: str) -> str:
    """Remove what a terminal would obey instead of showing it."""
    return text if text.isprintable() else _CONTROLS.sub("", text)


def displayable(text: str) -> str:
    """Make other people's text safe for a terminal: no formatting codes, no control characters."""
    if text.isprintable():
        return text
    return _CONTROLS.sub("�", _FORMATTING.sub("", text).replace("\t", " "))


def encode(text: str) -> bytes:
    """Turn one line of text into bytes for a terminal, CR LF added (RFC 854, "Printer")."""
    return f"{displayable(text)}\r\n".encode()
