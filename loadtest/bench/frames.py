"""The client's side of WebSocket (RFC 6455): the opening handshake, frames out and frames in.

Knows no socket. What goes out is masked with one key, for there is nobody to hide it from; what
comes in has to be as `specs` have it (IRCv3 websocket): a line a frame, neither masked nor in
parts.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
"""First bytes of frames that are whole messages."""
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = base64.b64encode(b"0123456789abcdef")
_ACCEPT = base64.b64encode(hashlib.sha1(_KEY + _GUID).digest())
_HANDSHAKE = (
    b"GET %s HTTP/1.1\r\n"
    b"Host: 127.0.0.1\r\n"
    b"Connection: Upgrade\r\n"
    b"Upgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: %s\r\n"
    b"Sec-WebSocket-Protocol: text.ircv3.net\r\n"
    b"\r\n"
)
_SHORT = 125
"""Bytes of the longest payload whose length is in the second byte."""
_MASKED = 0x80
_MASK = bytes((0x37, 0xFA, 0x21, 0x3D))


class FrameError(Exception):
    """What came is not what a server sends."""


def handshake(path: bytes = b"/ws") -> bytes:
    """Return an opening handshake (section 4.1)."""
    return _HANDSHAKE % (path, _KEY)


def check(head: bytes) -> None:
    """Look at what a server has answered to the handshake. Raises `FrameError`."""
    status, *headers = head.split(b"\r\n")
    if not status.startswith(b"HTTP/1.1 101"):
        raise FrameError(status.decode(errors="replace"))
    found = {}
    for header in headers:
        name, _, value = header.partition(b":")
        found[name.lower()] = value.strip()
    if found.get(b"sec-websocket-accept") != _ACCEPT:
        raise FrameError("the answer is not to this handshake")
    if found.get(b"sec-websocket-protocol") != b"text.ircv3.net":
        raise FrameError("it is another subprotocol than was asked for")


def frame(first: int, payload: bytes) -> bytes:
    """Return a client's frame (section 5.2)."""
    size = len(payload)
    if size <= _SHORT:
        head = bytes((first, _MASKED | size))
    elif size < 1 << 16:
        head = bytes((first, _MASKED | _SHORT + 1)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, _MASKED | _SHORT + 2)) + size.to_bytes(8, "big")
    key = int.from_bytes((_MASK * (size // 4 + 1))[:size], "big")
    return head + _MASK + (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")


def framed(lines: bytes) -> bytes:
    """Return lines, each with its CR LF, as frames without."""
    return b"".join(frame(TEXT, line) for line in lines.split(b"\r\n")[:-1])


class Stream:
    """What a server sends after the handshake, in any pieces."""

    __slots__ = ("_rest", "closed", "pings")

    def __init__(self) -> None:
        self._rest = b""
        self.pings: list[bytes] = []
        """What is to be said in a PONG."""
        self.closed = ""
        """The code and the reason of a Close, once it has come."""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return the lines that they complete, each with CR LF. Raises
        `FrameError`."""
        data = self._rest + data
        lines = [*self._lines(data), b""]
        return b"\r\n".join(lines)

    def forget(self) -> None:
        """Drop what has come of a frame that is not whole."""
        self._rest = b""

    def _lines(self, data: bytes) -> Iterable[bytes]:
        at, end = 0, len(data)
        while end - at >= 2:
            first, size, start = data[at], data[at + 1], at + 2
            if size > _SHORT:
                if size != _SHORT + 1:
                    raise FrameError("a frame that is masked, or longer than any line")
                start += 2
                size = int.from_bytes(data[at + 2 : start], "big")
            # A length that has come by half puts the start behind the end, too.
            if end < start + size:
                break
            at = start + size
            if first == TEXT:
                yield data[start:at]
            else:
                self._control(first, data[start:at])
        self._rest = data[at:]

    def _control(self, first: int, payload: bytes) -> None:
        if first == PING:
            self.pings.append(payload)
        elif first == CLOSE:
            code, reason = int.from_bytes(payload[:2], "big"), payload[2:].decode()
            self.closed = f"{code} {reason}".strip()
        elif first != PONG:
            raise FrameError(f"a frame that begins with {first:#04x}")
