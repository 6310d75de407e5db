"""A terminal for the tests: a real pty, and as much of a VT100 as shows what a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
import tty
from collections.abc import Callable

import trio

from trio_chat.client.editor import width

_TOKEN = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])|[\r\n]|[^\x1b\r\n]", re.S)


class Emulator:
    """The person's side of a pty. `inside` is the descriptor for the program."""

    def __init__(self, columns: int = 40) -> None:
        self.outside, self.inside = pty.openpty()
        self.resize(columns)
        self.lines = [""]
        self.column = 0
        self.modes: set[str] = set()
        self._pending = b""

    def resize(self, columns: int) -> None:
        self.columns = columns
        fcntl.ioctl(self.inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def close(self) -> None:
        os.close(self.outside)
        if self.inside >= 0:
            os.close(self.inside)

    def settings(self) -> list[int | list[bytes | int]]:
        """The modes of the terminal, to be compared."""
        return termios.tcgetattr(self.outside)

    def change(self, settings: list[int | list[bytes | int]]) -> None:
        """Set the modes, as a shell does for itself."""
        termios.tcsetattr(self.outside, termios.TCSANOW, settings)

    def is_raw(self) -> bool:
        lflag = termios.tcgetattr(self.outside)[tty.LFLAG]
        assert isinstance(lflag, int)
        return not lflag & termios.ICANON

    def type(self, text: str) -> None:
        os.write(self.outside, text.encode())

    @property
    def bottom(self) -> str:
        """The row that the cursor is in, with `|` where the cursor is."""
        row = self.lines[-1].ljust(self.column)
        return f"{row[: self.column]}|{row[self.column :]}"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Take output until it has come to this."""
        with trio.fail_after(60):
            while not condition():
                await trio.lowlevel.wait_readable(self.outside)
                self.feed(os.read(self.outside, 4096))

    async def until_bottom(self, row: str) -> None:
        await self.until(lambda: self.bottom == row)

    async def until_line(self, text: str) -> None:
        """Wait for a line above the bottom that has the text in it."""
        await self.until(lambda: any(text in line for line in self.lines[:-1]))

    def feed(self, data: bytes) -> None:
        data = self._pending + data
        # A character or a sequence that is not whole yet waits.
        whole = len(data)
        escape = data.rfind(b"\x1b")
        if escape >= 0 and not re.match(rb"\x1b\[\??[0-9;]*[A-Za-z]", data[escape:]):
            whole = escape
        text = data[:whole].decode(errors="ignore")
        while text.encode() != data[:whole]:
            whole -= 1
        self._pending = data[whole:]
        for token in _TOKEN.finditer(text):
            self._obey(token[0], token[1] or "", token[2] or "")

    def _obey(self, token: str, parameter: str, command: str) -> None:
        if token == "\r":
            self.column = 0
        elif token == "\n":
            self.lines.append("")
        elif command == "K":
            self.lines[-1] = self.lines[-1][: self.column]
        elif command == "C":
            self.column += int(parameter or 1)
        elif command == "H":
            self.column = 0
        elif command == "J":
            self.lines = [""]
        elif command in ("h", "l"):
            (self.modes.add if command == "h" else self.modes.discard)(parameter)
        else:
            assert not command, f"unknown: {token!r}"
            if width(self.lines[-1]) >= self.columns and self.column >= len(self.lines[-1]):
                self.lines.append("")
                self.column = 0
            row = self.lines[-1].ljust(self.column)
            self.lines[-1] = row[: self.column] + token + row[self.column + 1 :]
            self.column += 1
