"""What a terminal sends when somebody types: bytes to keys.

Pure. Knows UTF-8, the sequences of xterm and its kin (ECMA-48, "CSI"), and bracketed paste; knows
nothing of what the keys do. Any bytes may come, in any pieces: what is not understood is dropped.
"""

from __future__ import annotations

import codecs
import enum
import re

import msgspec

PASTE_LIMIT = 65536
"""Characters of one paste; the rest of it is dropped."""


class Key(enum.Enum):
    """A key that is no character, named after what it does in readline and in editors."""

    ENTER = "enter"
    COMPLETE = "complete"
    BACKSPACE = "backspace"
    DELETE = "delete"
    LEFT = "left"
    RIGHT = "right"
    WORD_LEFT = "word left"
    WORD_RIGHT = "word right"
    HOME = "home"
    END = "end"
    UP = "up"
    DOWN = "down"
    KILL_REST = "kill rest"
    KILL_LINE = "kill line"
    KILL_WORD = "kill word"
    KILL_NEXT_WORD = "kill next word"
    YANK = "yank"
    CLEAR = "clear"
    INTERRUPT = "interrupt"
    END_OF_INPUT = "end of input"
    SUSPEND = "suspend"


class Typed(msgspec.Struct, frozen=True):
    """Characters, typed or pasted. Only a paste can hold newlines, which do not submit."""

    text: str


_CONTROLS = {
    "\x01": Key.HOME,
    "\x02": Key.LEFT,
    "\x03": Key.INTERRUPT,
    "\x04": Key.END_OF_INPUT,
    "\x05": Key.END,
    "\x06": Key.RIGHT,
    "\x08": Key.BACKSPACE,
    "\x09": Key.COMPLETE,
    "\x0a": Key.ENTER,
    "\x0b": Key.KILL_REST,
    "\x0c": Key.CLEAR,
    "\x0d": Key.ENTER,
    "\x0e": Key.DOWN,
    "\x10": Key.UP,
    "\x15": Key.KILL_LINE,
    "\x17": Key.KILL_WORD,
    "\x19": Key.YANK,
    "\x1a": Key.SUSPEND,
    "\x7f": Key.BACKSPACE,
}
_SEQUENCES = {
    "[A": Key.UP,
    "[B": Key.DOWN,
    "[C": Key.RIGHT,
    "[D": Key.LEFT,
    "[H": Key.HOME,
    "[F": Key.END,
    "OA": Key.UP,
    "OB": Key.DOWN,
    "OC": Key.RIGHT,
    "OD": Key.LEFT,
    "OH": Key.HOME,
    "OF": Key.END,
    "[1~": Key.HOME,
    "[3~": Key.DELETE,
    "[4~": Key.END,
    "[7~": Key.HOME,
    "[8~": Key.END,
    "[1;3C": Key.WORD_RIGHT,
    "[1;3D": Key.WORD_LEFT,
    "[1;5C": Key.WORD_RIGHT,
    "[1;5D": Key.WORD_LEFT,
    "b": Key.WORD_LEFT,
    "f": Key.WORD_RIGHT,
    "d": Key.KILL_NEXT_WORD,
    "\x7f": Key.KILL_WORD,
    "\x08": Key.KILL_WORD,
}
_PASTE_BEGINS, _PASTE_ENDS = "[200~", "\x1b[201~"

# After ESC: a control sequence, a single shift with its character, or one character (Alt with it).
_SEQUENCE = re.compile(r"\[[0-?]*[ -/]*[@-~]|O.|[^\[O]", re.S)
_UNFINISHED = re.compile(r"(?:\[[0-?]*[ -/]*|O)?\Z")
_SEQUENCE_LIMIT = 32
_PLAIN = re.compile("[^\x00-\x1f\x7f-\x9f]+")
_UNPASTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class KeyDecoder:
    """Turns the bytes of a terminal into keys and text. Keeps a sequence that has not ended.

    A lone Escape is such a sequence: it has no meaning here, so nothing waits for it to be told
    from the beginning of another.
    """

    __slots__ = ("_decoder", "_pasted", "_pasting", "_pending")

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._pending = ""
        self._pasting = False
        self._pasted = ""

    def feed(self, data: bytes) -> list[Key | Typed]:
        """Take the next bytes; return the keys that they complete."""
        text = self._pending + self._decoder.decode(data)
        self._pending = ""
        keys: list[Key | Typed] = []
        while text:
            if self._pasting:
                text = self._paste(text, keys)
            elif text[0] == "\x1b":
                text = self._escape(text, keys)
            elif run := _PLAIN.match(text):
                keys.append(Typed(run[0]))
                text = text[run.end() :]
            else:
                if text[0] in _CONTROLS:
                    keys.append(_CONTROLS[text[0]])
                text = text[1:]
        return keys

    def _escape(self, text: str, keys: list[Key | Typed]) -> str:
        sequence = _SEQUENCE.match(text, 1)
        if sequence is None:
            if _UNFINISHED.match(text, 1) and len(text) <= _SEQUENCE_LIMIT:
                self._pending = text
                return ""
            return text[2:]
        if sequence[0] == _PASTE_BEGINS:
            self._pasting = True
        elif sequence[0] in _SEQUENCES:
            keys.append(_SEQUENCES[sequence[0]])
        elif sequence[0] == "\x1b":
            # Escape, and then the beginning of something.
            return text[1:]
        return text[sequence.end() :]

    def _paste(self, text: str, keys: list[Key | Typed]) -> str:
        text = self._pasted + text
        end = text.find(_PASTE_ENDS)
        if end < 0:
            # What may be a part of the ending is kept; of an endless paste, nothing more.
            self._pasted = text[:PASTE_LIMIT] + text[max(PASTE_LIMIT, len(text) - 5) :]
            return ""
        self._pasting, self._pasted = False, ""
        pasted = re.sub("\r\n?", "\n", text[: min(end, PASTE_LIMIT)]).replace("\t", " ")
        keys.append(Typed(_UNPASTABLE.sub("", pasted)))
        return text[end + len(_PASTE_ENDS) :]
