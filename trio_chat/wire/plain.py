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
_SE, _SB, _WILL, _DONT = 240, 250, 251, 254

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
    """Removes telnet negotiation from a stream of bytes. Answers nothing: we want no option.

    Looks at every byte once and keeps none, whatever the peer sends.
    """

    __slots__ = ("_state",)

    def __init__(self) -> None:
        self._state = _Telnet.TEXT

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
                self._state = _Telnet.OPTION
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
