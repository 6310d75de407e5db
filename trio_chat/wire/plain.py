"""Plain text lines, for people with `nc` and `telnet`: making bytes safe to read and to show.

Knows terminals and telnet, and nothing of chat.
"""

from __future__ import annotations

import enum
import re

from trio_chat.wire.errors import Problem, ProtocolError
from trio_chat.wire.graphemes import goes_on

LINE_LIMIT = 4096
"""Bytes of the longest line that a person can type. It may become several messages."""

# Telnet (RFC 854): IAC, then a command; WILL, WONT, DO and DONT take one byte more; SB takes all up
# to IAC SE.
_IAC, _SE, _AYT, _EC, _EL = 255, 240, 246, 247, 248
_SB, _WILL, _WONT, _DO, _DONT = 250, 251, 252, 253, 254
_BINARY, _TIMING_MARK = 0, 6
_HERE = b"[Yes]\r\n"
"""What "Are You There" is answered: something to be seen (RFC 854)."""
_KILL = "\x15"
"""Ctrl-U: what a terminal sends to take back the line."""
_TYPED = {_EC: b"\b", _EL: _KILL.encode(), _IAC: b"\xff"}
"""Commands that stand for what a person types. 0xFF is in no UTF-8: who means it is told so."""
_LINE_ENDS = b"\r\n"

# Formatting codes (Modern IRC, "Formatting"): colours with their numbers, then the others.
_CODES = "\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f"
_FORMATTING = re.compile(
    "\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    f"|[{_CODES}]"
)
_TAKES_BACK = re.compile("[\b\x15\x17\x7f]")
# C0 and C1 controls, DEL, what separates lines, and every Bidi_Control (UAX 9, section 2), for they
# turn the direction of the text around.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


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
    """Takes a telnet connection apart: returns what was typed, with each line's end as LF, and says
    what is to be answered. For a connection without telnet only the lines' ends are to be done.

    Agrees to the option BINARY, without which a telnet client may send only ASCII (RFC 856), and
    refuses every other. What is in force already is not answered, so no two sides can go on for
    ever (RFC 1143). Looks at every byte once and keeps none, whatever the peer sends.

    What ends a line does so wherever it stands: after an IAC of which the rest is missing (the
    urgent byte of a Synch, say), and in a subnegotiation, which nobody begins whom we have refused.
    """

    __slots__ = ("_binary", "_replies", "_returned", "_state", "_verb")

    def __init__(self) -> None:
        self._state = _Telnet.TEXT
        self._verb = 0
        self._binary = {_DO: False, _WILL: False}
        """Whether we send, and take, more than ASCII."""
        self._returned = False
        """Whether the last byte was CR: LF or NUL then belongs to it (RFC 854, "CR")."""
        self._replies = bytearray()

    def take_replies(self) -> bytes:
        """Return what the peer has to be answered, and forget it."""
        if not self._replies:
            return b""
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

    def feed(self, data: bytes) -> bytes:
        """Return what of `data` was typed."""
        if self._state is not _Telnet.TEXT or b"\xff" in data:
            data = self._without_commands(data)
        return self._with_line_ends(data)

    def _with_line_ends(self, data: bytes) -> bytes:
        """CR LF is a line's end, and so are CR NUL and either of them alone."""
        if self._returned and data:
            self._returned = False
            data = data[1:] if data[0] in b"\n\0" else data
        if b"\r" in data:
            self._returned = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r\0", b"\n").replace(b"\r", b"\n")
        return data

    def _without_commands(self, data: bytes) -> bytes:
        kept = bytearray()
        place = 0
        while place < len(data):
            if self._state is _Telnet.TEXT or self._state is _Telnet.SUBNEGOTIATION:
                found = _ENDS[self._state].search(data, place)
                end = found.start() if found else len(data)
                if self._state is _Telnet.TEXT:
                    kept += data[place:end]
                place = end
            if place < len(data):
                kept += self._take(data[place])
                place += 1
        return bytes(kept)

    def _take(self, byte: int) -> bytes:
        """Take a byte that ends a run of text, or is none; return what it stands for."""
        state, self._state = self._state, _Telnet.TEXT
        if state is _Telnet.TEXT:
            self._state = _Telnet.COMMAND
            return b""
        if state is _Telnet.COMMAND:
            if byte == _SB:
                self._state = _Telnet.SUBNEGOTIATION
            elif _WILL <= byte <= _DONT:
                self._verb = byte
                self._state = _Telnet.OPTION
            elif byte == _AYT:
                self._replies += _HERE
            # What is no command was none to begin with.
            return _TYPED.get(byte, b"") if byte >= _SE else bytes((byte,))
        if state is _Telnet.OPTION:
            self._answer(self._verb, byte)
        elif state is _Telnet.SUBNEGOTIATION_COMMAND and byte != _SE:
            self._state = _Telnet.SUBNEGOTIATION
        elif state is _Telnet.SUBNEGOTIATION:
            self._state = _Telnet.SUBNEGOTIATION_COMMAND if byte == _IAC else state
        if byte not in _LINE_ENDS:
            return b""
        self._state = _Telnet.TEXT
        return bytes((byte,))

    def _answer(self, verb: int, option: int) -> None:
        """Answer what the peer offers or asks for (WILL, DO), or takes back (WONT, DONT)."""
        offers = verb in (_WILL, _WONT)
        wanted = verb in (_WILL, _DO)
        agreed = wanted and option == _BINARY
        if verb == _DO and option == _TIMING_MARK:
            # It is no state: each asks how far we have come (RFC 860).
            agreed = True
        else:
            side = _WILL if offers else _DO
            if wanted == (option == _BINARY and self._binary[side]):
                return
            if option == _BINARY:
                self._binary[side] = wanted
        yes, no = (_DO, _DONT) if offers else (_WILL, _WONT)
        self._replies += bytes((_IAC, yes if agreed else no, option))


_ENDS = {
    _Telnet.TEXT: re.compile(rb"\xff"),
    _Telnet.SUBNEGOTIATION: re.compile(rb"[\xff\r\n]"),
}
"""Up to where all bytes mean the same."""


def decode(line: bytes) -> str:
    """Read a line that somebody typed, without its end, as it can be shown (`cleaned`). Raises
    `ProtocolError`."""
    return cleaned(typed(line))


def typed(line: bytes) -> str:
    """Read a line that somebody typed, without its end, exactly. Raises `ProtocolError`.

    What was taken back goes: Backspace and DEL take a character, as people see it, Ctrl-W a word,
    and Ctrl-U all.
    """
    if len(line) > LINE_LIMIT:
        raise ProtocolError(Problem.TOO_LONG)
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise ProtocolError(Problem.NOT_UTF8) from None
    if not text.isprintable() and _TAKES_BACK.search(text):
        text = _without_what_was_taken_back(text)
    return text


def cleaned(text: str) -> str:
    """Return a typed line without the spaces around it, and without the control characters of what
    else a terminal sends (escape sequences); tabs become spaces."""
    return strip_controls(text.replace("\t", " ")).strip()


def _without_what_was_taken_back(text: str) -> str:
    kept: list[str] = []
    for character in text:
        if character in "\b\x7f":
            del kept[-1:]
        elif character == _KILL:
            kept.clear()
        elif character == "\x17":
            while kept and kept[-1].isspace():
                kept.pop()
            while kept and not kept[-1].isspace():
                kept.pop()
        elif kept and goes_on(kept[-1], character):
            kept[-1] += character
        else:
            kept.append(character)
    return "".join(kept)


def strip_controls(text: str) -> str:
    """Remove what a terminal would obey instead of showing it."""
    return text if text.isprintable() else _CONTROLS.sub("", text)


def without_formatting(text: str) -> str:
    """Return a text without the codes for bold, colours and the like, as people read it."""
    # Hardly any text has one, and a long one is looked through a hundred times as fast like this.
    if not any(code in text for code in _CODES):
        return text
    return _FORMATTING.sub("", text)


def displayable(text: str) -> str:
    """Make other people's text safe for a terminal: no formatting codes, no control characters."""
    if text.isprintable():
        return text
    return _CONTROLS.sub("�", without_formatting(text).replace("\t", " "))


def encode(text: str) -> bytes:
    """Turn one line of text into bytes for a terminal, CR LF added (RFC 854, "Printer")."""
    return f"{displayable(text)}\r\n".encode()
