"""From bytes to lines, and how many lines a client may say.

Owns the line that has not ended, telnet's negotiation, and flood control's memory. Must not know
who reads the bytes, or what a line means.
"""

from __future__ import annotations

import enum

import trio

from trio_chat.wire import irc, plain
from trio_chat.wire.lines import LineBuffer


class Kind(enum.Enum):
    """What a connection is; the value is what it is called in numbers (`meters.KINDS`)."""

    OPENING = "opening"
    """That is not known yet."""
    PLAIN = "plain"
    """Somebody with `nc` or telnet."""
    IRC = "irc"
    HTTP = "http"
    WEBSOCKET = "websocket"


class IrcLines(LineBuffer):
    """Lines of an IRC client."""

    __slots__ = ()

    over = behind = False
    """What is never the case here: see `web.websocket.WebSocketLines`."""
    fault = ""

    def __init__(self) -> None:
        super().__init__(irc.INPUT_LIMIT)

    def cut(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the lines that they complete."""
        # Empty lines mean nothing, and are not worth a token of flood control.
        lines = self.feed(data)
        return [line for line in lines if line] if b"" in lines else lines

    def rest(self) -> list[bytes]:
        """Return what there is to say at the end of the stream: half a message is none."""
        return []

    def replies(self) -> bytes:
        """Return what the peer has to be answered at once."""
        return b""


class PlainLines(LineBuffer):
    """Lines of a person, who may use telnet."""

    __slots__ = ("_telnet",)

    over = behind = False
    fault = ""

    def __init__(self) -> None:
        super().__init__(plain.LINE_LIMIT)
        self._telnet = plain.TelnetFilter()

    def cut(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the lines that they complete."""
        return self.feed(self._telnet.feed(data))

    def rest(self) -> list[bytes]:
        """Return what there is to say at the end of the stream.

        `printf 'hello' | nc` ends a line by hanging up.
        """
        rest = self.take_rest()
        return [rest] if rest else []

    def replies(self) -> bytes:
        """Return what the peer has to be answered at once."""
        return self._telnet.take_replies()


DEBT = 30.0
"""Seconds that somebody waits at most for what their lines have cost: a client has to be able to
answer a PING in time."""


class Bucket:
    """Flood control's memory: a token for each line, `rate` of them a second, `burst` at most.

    A line that has taken long costs more, once that is known: then there are less than none.
    """

    __slots__ = ("_stamp", "_tokens", "burst", "rate")

    def __init__(self, *, burst: int, rate: float) -> None:
        self.burst = burst
        self.rate = rate
        self._tokens = float(burst)
        self._stamp = trio.current_time()

    def take(self, wanted: int) -> int:
        """Return for how many of so many lines there are tokens now, and take those."""
        now = trio.current_time()
        self._tokens = min(self.burst, self._tokens + (now - self._stamp) * self.rate)
        self._stamp = now
        # What a clock has added in small steps may lack the last bit of a whole token.
        taken = min(wanted, max(0, int(self._tokens + 1e-6)))
        self._tokens -= taken
        return taken

    def charge(self, tokens: int) -> None:
        """Take tokens for what was let through already."""
        self._tokens = max(self._tokens - tokens, -DEBT * self.rate)

    def delay(self) -> float:
        """Return the seconds until there is a token."""
        return max(0.0, (1.0 - self._tokens) / self.rate)
