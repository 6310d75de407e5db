"""The log: structlog to a stream, as text for people or as JSON for machines, one event a line.

Owns how an event is written. What a peer sent can stand in any value: so a line never has a
character in it that a terminal or a reader of lines would take for anything but text. A stream that
can not be written to (full, closed) costs the lines, never the server.
"""

from __future__ import annotations

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
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: _Lines(stream),
        # A logger that is made while a module is imported follows a later `configure`.
        cache_logger_on_first_use=False,
    )


class _Lines:
    """Writes each message as a line of the stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def debug(self, message: str) -> None:
        try:
            self._stream.write(message + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            # ValueError: the stream is closed. There is nowhere left to say so.
            pass

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
