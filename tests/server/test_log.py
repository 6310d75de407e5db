from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import re
from collections.abc import Iterator

import pytest
import structlog

from trio_chat.cli import LOG_FORMATS, LOG_LEVELS
from trio_chat.server import log

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Full(io.StringIO):
    def write(self, text: str, /) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(autouse=True)
def _reset() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def logged(stream: io.StringIO) -> str:
    """What was logged, without the time, which stands in front of each event."""
    text = stream.getvalue()
    assert re.match(TIME, text)
    return re.sub(rf"^{TIME} ", "", text, flags=re.MULTILINE)


def test_text_is_time_level_event_and_values() -> None:
    stream = io.StringIO()
    log.configure("info", "text", stream)
    logger = structlog.get_logger()
    logger.info("client connected", peer="192.0.2.7", count=3)
    logger.warning("odd", text="a b", empty="", quote='"', equals="a=b", none=None, back="\\")
    assert logged(stream) == (
        "info     client connected peer=192.0.2.7 count=3\n"
        "warning  odd text='a b' empty='' quote='\"' equals='a=b' none=None back='\\\\'\n"
    )


def test_nothing_that_a_peer_sent_is_more_than_text() -> None:
    stream = io.StringIO()
    log.configure("info", "text", stream)
    evil = "\x1b[2J\r\n\x9b31m\u202e"
    logger = structlog.get_logger()
    logger.info(f"said {evil}", text=evil)
    try:
        raise ValueError(evil)
    except ValueError:
        logger.exception("failed")
    said, *traceback = logged(stream).splitlines()
    assert said == (r"info     said \x1b[2J\r\n\x9b31m\u202e text='\x1b[2J\r\n\x9b31m\u202e'")
    assert "".join(traceback).isprintable()
    assert traceback[0] == "error    failed"
    assert traceback[1] == "  Traceback (most recent call last):"
    assert all(line.startswith("  ") for line in traceback[1:])
    assert r"ValueError: \x1b[2J" in traceback[-3] + traceback[-2] + traceback[-1]


def test_a_terminal_has_colours() -> None:
    stream = Terminal()
    log.configure("info", "text", stream)
    structlog.get_logger().error("failed", peer="a")
    assert logged(stream) == "\x1b[31merror   \x1b[0m \x1b[1mfailed\x1b[0m peer=a\n"


def test_json_is_an_object_a_line() -> None:
    stream = io.StringIO()
    log.configure("debug", "json", stream)
    logger = structlog.get_logger()
    logger.debug("a", text="\x1b\n\u202e", value=OSError("odd"))
    logger.bind(peer="b").error("c")
    assert stream.getvalue().isascii()
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert re.fullmatch(TIME, first.pop("time"))
    assert first == {"level": "debug", "event": "a", "text": "\x1b\n\u202e", "value": "odd"}
    del second["time"]
    assert second == {"level": "error", "event": "c", "peer": "b"}


@pytest.mark.parametrize("level", LOG_LEVELS)
@pytest.mark.parametrize("format", LOG_FORMATS)
def test_a_level_is_itself_and_worse(level: str, format: str) -> None:
    stream = io.StringIO()
    log.configure(level, format, stream)
    logger = structlog.get_logger()
    for name in LOG_LEVELS:
        getattr(logger, name)(f"event-{name}")
    seen = re.findall(r"event-(\w+)", stream.getvalue())
    assert seen == list(LOG_LEVELS[LOG_LEVELS.index(level) :])


def test_a_logger_follows_a_later_configuration() -> None:
    logger = structlog.get_logger()
    first, second = io.StringIO(), io.StringIO()
    log.configure("info", "text", first)
    logger.info("one")
    log.configure("error", "text", second)
    logger.info("two")
    logger.error("three")
    assert logged(first) == "info     one\n"
    assert logged(second) == "error    three\n"


def test_context_belongs_to_every_event() -> None:
    stream = io.StringIO()
    log.configure("info", "text", stream)
    with structlog.contextvars.bound_contextvars(client=7):
        structlog.get_logger().info("one")
    assert logged(stream) == "info     one client=7\n"


def test_a_stream_that_fails_costs_only_the_lines() -> None:
    for stream in (Full(), io.StringIO()):
        log.configure("info", "text", stream)
        stream.close()
        structlog.get_logger().info("lost")


@pytest.mark.parametrize(("level", "format"), [("loud", "text"), ("info", "xml")])
def test_a_level_or_format_that_is_none(level: str, format: str) -> None:
    with pytest.raises(ValueError, match="there is no level"):
        log.configure(level, format, io.StringIO())


def test_a_pipe_that_nobody_reads_costs_lines_and_no_time() -> None:
    reader, writer = os.pipe()
    with open(writer, "w") as stream:
        log.configure("info", "text", stream)
        logger = structlog.get_logger()
        # Many times what a pipe holds: had anything waited, this would never end.
        for number in range(3000):
            logger.info("line", number=number, padding="x" * 100)
        os.set_blocking(reader, False)
        text = b""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(reader, 65_536):
                text += data
        logger.info("after")
        after = os.read(reader, 65_536).decode()
    os.close(reader)
    lines = text.decode().splitlines()
    lost = 3000 - len([line for line in lines if line.endswith("x" * 100)])
    assert lost > 0
    assert after.startswith(f"({lost} lines before this one could not be written)\n")
    assert after.endswith(" after\n")
