"""The line that somebody is typing: text, cursor, history, and how much of it fits on the screen.

Pure: keys go in, and what is to be shown comes out; no terminal here. The line takes one row of the
screen however long it is, and scrolls sideways in it: so a redraw never has to know how a terminal
wraps lines. A pasted text may have several lines: their ends are shown as `↵` and stay in the text.
"""

from __future__ import annotations

import enum
import unicodedata
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from trio_chat.client.keys import Key, Typed

HISTORY = 500
"""Lines that can be had back."""
TEXT_LIMIT = 65536
"""Characters of the line; there is no room for more."""


class Signal(enum.Enum):
    """What a key asks of the program rather than of the line."""

    INTERRUPT = "interrupt"
    END_OF_INPUT = "end of input"
    SUSPEND = "suspend"
    CLEAR = "clear"


class Submitted(msgspec.Struct, frozen=True):
    """The line is finished: Enter was pressed."""

    line: str


class Row(msgspec.Struct, frozen=True):
    """One row of the screen: its text, and the column of the cursor, counted from 0."""

    text: str
    cursor: int


_SIGNALS = {
    Key.INTERRUPT: Signal.INTERRUPT,
    Key.SUSPEND: Signal.SUSPEND,
    Key.CLEAR: Signal.CLEAR,
}


def width(text: str) -> int:
    """Return the columns that a text takes: 2 for wide characters, 0 for combining ones."""
    if text.isascii():
        return len(text)
    return sum(_width_of(character) for character in text)


def _width_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _is_joined(text: str, index: int) -> bool:
    """Whether the character at `index` belongs to the one in front of it."""
    return _width_of(text[index]) == 0 or text[index - 1] == "\N{ZERO WIDTH JOINER}"


class LineEditor:
    """One line, edited as readline does. `completions` are the words that Tab may finish.

    The cursor stands in front of `text[cursor]`, never between a character and its accents.
    """

    def __init__(self, completions: Callable[[], Sequence[str]] = tuple) -> None:
        self.text = ""
        self.cursor = 0
        self._completions = completions
        self._killed = ""
        self._history: deque[str] = deque(maxlen=HISTORY)
        # Where we are in the history, counted from its end; 0 is the line that is being typed.
        self._back = 0
        self._draft = ""

    def press(self, key: Key | Typed) -> Submitted | Signal | None:
        """Take one key. Returns what it asks for, where it is not the line's own business."""
        if isinstance(key, Typed):
            self._insert(key.text)
            return None
        if key is Key.ENTER:
            return self._submit()
        if key is Key.END_OF_INPUT:
            if not self.text:
                return Signal.END_OF_INPUT
            key = Key.DELETE
        if key in _SIGNALS:
            return _SIGNALS[key]
        _EDITS[key](self)
        return None

    def row(self, prompt: str, columns: int) -> Row:
        """Say what the row shows where the screen is `columns` wide, at least 2.

        The last column stays empty, as terminals disagree on where the cursor is behind it. A
        prompt that would take more than half of the row is left out.
        """
        if width(prompt) * 2 > columns:
            prompt = ""
        room = columns - 1 - width(prompt)
        shown = self.text.replace("\n", "↵")
        # Some of what follows the cursor shall be seen as well.
        behind = min(width(shown[self.cursor :]), room // 3)
        start = 0
        before = width(shown[: self.cursor])
        while before > room - behind:
            before -= _width_of(shown[start])
            start += 1
        end = start
        taken = 0
        while end < len(shown) and taken + _width_of(shown[end]) <= room:
            taken += _width_of(shown[end])
            end += 1
        return Row(text=prompt + shown[start:end], cursor=width(prompt) + before)

    def _insert(self, text: str) -> None:
        text = text[: TEXT_LIMIT - len(self.text)]
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def _submit(self) -> Submitted:
        line = self.text
        if line.strip() and (not self._history or self._history[-1] != line):
            self._history.append(line)
        self._replace("")
        self._back = 0
        self._draft = ""
        return Submitted(line)

    def _replace(self, text: str) -> None:
        self.text = text
        self.cursor = len(text)

    # Where a key leads.

    def _previous(self) -> int:
        index = max(self.cursor - 1, 0)
        while index > 0 and _is_joined(self.text, index):
            index -= 1
        return index

    def _next(self) -> int:
        index = min(self.cursor + 1, len(self.text))
        while index < len(self.text) and _is_joined(self.text, index):
            index += 1
        return index

    def _word_start(self) -> int:
        index = self.cursor
        while index > 0 and self.text[index - 1].isspace():
            index -= 1
        while index > 0 and not self.text[index - 1].isspace():
            index -= 1
        return index

    def _word_end(self) -> int:
        index = self.cursor
        while index < len(self.text) and self.text[index].isspace():
            index += 1
        while index < len(self.text) and not self.text[index].isspace():
            index += 1
        return index

    # What a key does.

    def _move(self, index: int) -> None:
        self.cursor = index

    def _remove(self, start: int, end: int) -> None:
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _kill(self, start: int, end: int) -> None:
        if start < end:
            self._killed = self.text[start:end]
            self._remove(start, end)

    def _recall(self, step: int) -> None:
        back = self._back + step
        if not 0 <= back <= len(self._history):
            return
        if self._back == 0:
            self._draft = self.text
        self._back = back
        self._replace(self._history[-back] if back else self._draft)

    def _complete(self) -> None:
        start = self._word_start()
        stem = self.text[start : self.cursor]
        if not stem or stem[-1].isspace():
            return
        found = [
            word for word in self._completions() if word.casefold().startswith(stem.casefold())
        ]
        if not found:
            return
        common = found[0]
        for word in found[1:]:
            while not word.casefold().startswith(common.casefold()):
                common = common[:-1]
        if len(found) == 1:
            # At the beginning of a line somebody is addressed.
            common += " " if start or common[0] == "/" else ": "
        self._remove(start, self.cursor)
        self._insert(common)


_EDITS: dict[Key, Callable[[LineEditor], None]] = {
    Key.BACKSPACE: lambda line: line._remove(line._previous(), line.cursor),
    Key.DELETE: lambda line: line._remove(line.cursor, line._next()),
    Key.LEFT: lambda line: line._move(line._previous()),
    Key.RIGHT: lambda line: line._move(line._next()),
    Key.WORD_LEFT: lambda line: line._move(line._word_start()),
    Key.WORD_RIGHT: lambda line: line._move(line._word_end()),
    Key.HOME: lambda line: line._move(0),
    Key.END: lambda line: line._move(len(line.text)),
    Key.UP: lambda line: line._recall(+1),
    Key.DOWN: lambda line: line._recall(-1),
    Key.KILL_REST: lambda line: line._kill(line.cursor, len(line.text)),
    Key.KILL_LINE: lambda line: line._kill(0, line.cursor),
    Key.KILL_WORD: lambda line: line._kill(line._word_start(), line.cursor),
    Key.KILL_NEXT_WORD: lambda line: line._kill(line.cursor, line._word_end()),
    Key.YANK: lambda line: line._insert(line._killed),
    Key.COMPLETE: LineEditor._complete,
}
