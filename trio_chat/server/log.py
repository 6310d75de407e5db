"""The log: structlog to a stream, as text for people or as JSON for machines, one event a line.

Owns how an event is written. What a peer sent can stand in any value: so a line never has a
character in it that a terminal or a reader of lines would take for anything but text. A stream that
can not be written to (full, closed) costs the lines, never the server.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import TextIO

import click
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
FORMATS = ("text", "json")

_COLOURS = {"debug": "cyan", "info": "green", "warning": "yellow"}
_LEVEL_WIDTH = max(map(len, LEVELS))


def configure(level: str, format: str, stream: TextIO) -> None:
    """Send everything that is logged from now on, at `level` and above, to `stream`.

    `level` is one of `LEVELS`, `format` one of `FORMATS`; anything else raises `ValueError`.
    """
    if level not in LEVELS or format not in FORMATS:
        raise ValueError(f"there is no level {level!r} or no format {format!r}")
    render: Processor = (
        structlog.processors.JSONRenderer(default=str)
        if format == "json"
        else _text_renderer(click.style if stream.isatty() else _plain)
    )
    lines = _Lines(stream)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: lines,
        # A logger that is made while a module is imported follows a later `configure`.
        cache_logger_on_first_use=False,
    )


class _Lines:
    """Writes each message as a line of the stream, if the stream takes it at once.

    A pipe that nobody reads, or a terminal that is held, would else stop the whole server. Lines
    that could not be written are counted, and the next one that can be says so.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0
        try:
            self._descriptor: int | None = stream.fileno()
        except (OSError, ValueError):
            # Not a file of the system's: it can not make anybody wait.
            self._descriptor = None

    def debug(self, message: str) -> None:
        if self._lost:
            message = f"({self._lost} lines before this one could not be written)\n{message}"
        try:
            if self._descriptor is None:
                self._stream.write(message + "\n")
                self._stream.flush()
            else:
                self._write(self._descriptor, (message + "\n").encode(errors="replace"))
            self._lost = 0
        except (OSError, ValueError):
            # ValueError: the stream is closed.
            self._lost += 1

    def _write(self, descriptor: int, data: bytes) -> None:
        """Write all of it, or as much as can be written without waiting, by whole pieces."""
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        for start in range(0, len(data), select.PIPE_BUF):
            # What is ready takes so much at once; more could make us wait (POSIX, write).
            if not poll.poll(0):
                raise BlockingIOError
            os.write(descriptor, data[start : start + select.PIPE_BUF])

    info = warning = error = critical = debug


def _text_renderer(style: Callable[..., str]) -> Processor:
    def render(_: WrappedLogger, method: str, event: EventDict) -> str:
        time, level, name = (event.pop(key, "") for key in ("time", "level", "event"))
        exception = event.pop("exception", None)
        words = [
            str(time),
            style(f"{level:{_LEVEL_WIDTH}}", fg=_COLOURS.get(level, "red")),
            style(_escape(str(name)), bold=True),
            *(f"{key}={_quote(value)}" for key, value in event.items()),
        ]
        lines = [" ".join(words)]
        if exception is not None:
            lines += [f"  {_escape(line)}" for line in str(exception).splitlines()]
        return "\n".join(lines)

    return render


def _plain(text: str, **_: object) -> str:
    return text


def _quote(value: object) -> str:
    """Write a value so that one sees where it ends."""
    text = str(value)
    if text and text.isprintable() and not any(character in " =\"'\\" for character in text):
        return text
    return repr(text)


def _escape(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
