"""The terminal: its modes, its bytes, and the one row at the bottom in which somebody types.

Why not a library: prompt_toolkit runs on asyncio alone, and readline blocks the thread while it
waits for a key. urwid has a trio loop, but takes the whole screen, and with it the terminal's own
scroll-back, selection and search, which are what a line-based client is good for. What is left to
do is small: raw mode, one row to redraw (`editor` and `keys` do the thinking), and a handful of
sequences that every terminal since the VT100 knows.

Invariants: the terminal's settings are those from before when `raw` is left, however it is left;
nothing is written to the terminal but by the holder of the screen's lock; the caller makes other
people's text safe (`wire.plain.displayable`) before it comes here.
"""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import trio

from trio_chat.client import descriptors
from trio_chat.client.editor import LineEditor

_READ = 4096
_FALLBACK_COLUMNS = 80
_BRACKETED_PASTE_ON, _BRACKETED_PASTE_OFF = b"\x1b[?2004h", b"\x1b[?2004l"
_BEGIN_OF_ROW = "\r\x1b[K"
_CLEAR_SCREEN = "\x1b[H\x1b[2J"

_IFLAG, _OFLAG, _LFLAG, _CC = 0, 1, 3, 6


class Terminal:
    """A terminal device, given as the descriptors that it is read from and written to."""

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = sink
        self._restored: list[int | list[bytes | int]] = []

    @property
    def columns(self) -> int:
        """How wide the screen is now, at least 2."""
        try:
            columns = os.get_terminal_size(self._sink).columns
        except OSError:
            columns = 0
        # A terminal that does not know its size says 0.
        return max(columns or _FALLBACK_COLUMNS, 2)

    @contextmanager
    def raw(self) -> Iterator[None]:
        """Get each key as it is pressed, unechoed, inside the block."""
        self._restored = termios.tcgetattr(self._source)
        try:
            self.enter_raw()
            yield
        finally:
            self.leave_raw()

    def enter_raw(self) -> None:
        """Set raw mode, again after somebody else has used the terminal."""
        mode = termios.tcgetattr(self._source)
        lflag, iflag = mode[_LFLAG], mode[_IFLAG]
        assert isinstance(lflag, int)
        assert isinstance(iflag, int)
        # Ctrl-C and Ctrl-Z come as keys: so they can not interrupt us in the middle of anything.
        mode[_LFLAG] = lflag & ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        # Nor do Ctrl-S and Ctrl-Q stop the output, and Enter is what it is.
        mode[_IFLAG] = iflag & ~(termios.IXON | termios.ICRNL | termios.INLCR | termios.IGNCR)
        control = mode[_CC]
        assert isinstance(control, list)
        control[termios.VMIN], control[termios.VTIME] = 1, 0
        # TCSADRAIN would wait for a terminal that takes no output.
        termios.tcsetattr(self._source, termios.TCSANOW, mode)
        os.write(self._sink, _BRACKETED_PASTE_ON)

    def leave_raw(self) -> None:
        """Give the terminal back as it was. A terminal that is gone needs nothing."""
        try:
            os.write(self._sink, _BEGIN_OF_ROW.encode() + _BRACKETED_PASTE_OFF)
            termios.tcsetattr(self._source, termios.TCSANOW, self._restored)
        except (OSError, termios.error):
            return

    def suspend(self) -> None:
        """Stop the process as Ctrl-Z does; returns when the shell lets it go on.

        Returns at once where no shell looks after us, as the kernel does not stop us then.
        """
        self.leave_raw()
        # The whole process group, as the terminal itself would do.
        os.kill(0, signal.SIGTSTP)
        self.enter_raw()

    async def read(self) -> bytes:
        """Return the next bytes that were typed; none when the terminal is gone."""
        await trio.lowlevel.wait_readable(self._source)
        try:
            return os.read(self._source, _READ)
        except OSError:
            return b""

    async def write(self, text: str) -> None:
        """Write, in a thread, as a terminal may block: one that is slow, or stopped.

        A cancelled write is left to itself. A terminal that is gone takes everything: `read` tells.
        """
        data = text.encode(errors="replace")
        with suppress(OSError):
            await descriptors.write(self._sink, data)


class Screen:
    """Lines above, growing into the terminal's scroll-back; the line that is being typed below.

    Any task may call its methods: each of them writes one whole piece.
    """

    def __init__(
        self, terminal: Terminal, editor: LineEditor, prompt: Callable[[], str] = str
    ) -> None:
        self._terminal = terminal
        self._editor = editor
        self._prompt = prompt
        self._lock = trio.Lock()

    async def show(self, *lines: str) -> None:
        """Put lines above the one that is being typed, which stays as it is."""
        async with self._lock:
            above = "".join(f"{line}\r\n" for line in lines)
            await self._terminal.write(f"{_BEGIN_OF_ROW}{above}{self._row()}")

    async def refresh(self) -> None:
        """Draw the line that is being typed again: after each key, and when the size changes."""
        await self.show()

    async def clear(self) -> None:
        """Empty the screen, but for the line that is being typed."""
        async with self._lock:
            await self._terminal.write(f"{_CLEAR_SCREEN}{self._row()}")

    def _row(self) -> str:
        row = self._editor.row(self._prompt(), self._terminal.columns)
        # `CSI 0 C` moves by one.
        right = f"\x1b[{row.cursor}C" if row.cursor else ""
        return f"{row.text}\r{right}"
