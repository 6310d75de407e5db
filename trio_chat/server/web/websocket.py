"""IRC over WebSocket (RFC 6455; IRCv3 websocket): each frame is a line.

What comes in is taken apart by wsproto, but for the ordinary: a whole message in one frame, which
is nearly all that there is, and costs a tenth here. What goes out is put into frames here: they are
neither masked nor compressed, and so they are the same bytes for everybody who sees the same lines.
Must not know sockets, or what a line means.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus

from wsproto.frame_protocol import (
    CloseReason,
    Frame,
    FrameDecoder,
    MessageDecoder,
    Opcode,
    ParseFailed,
)
from wsproto.utilities import generate_accept_token

from trio_chat.server.outbox import Outbox
from trio_chat.server.web.messages import Headers
from trio_chat.wire import irc
from trio_chat.wire.lines import LineBuffer
from trio_chat.wire.text import cut

AT_ONCE = 16
"""Frames that are taken apart before anybody else gets a turn: a read may bring thousands."""
_KEY = 16
"""Bytes of what a client makes up for its handshake."""
_PARTS = 16
"""Parts of one message that are for nothing: each further one counts as a line."""
_SHORT, _LONG = 125, 65_535
"""Bytes of the longest payload whose length is in the second byte, and in the two after that."""
_TEXT, _BINARY, _MASKED = 0x81, 0x82, 0x80
_CODES = frozenset((*range(1000, 1004), *range(1007, 1015)))
"""What a Close can say, but for what is nobody's to define (RFC 6455, section 7.4, and IANA)."""
_SHARED = 16
"""Contents of which the frames are kept at hand, for the next who is sent the same."""


class BadHandshakeError(Exception):
    """An opening handshake that is none, or not to be granted. The text says why."""

    def __init__(self, reason: str, status: HTTPStatus, *headers: tuple[str, str]) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers


@lru_cache(maxsize=_SHARED)
def frames(data: bytes, opcode: Opcode) -> bytes:
    """Return lines, each with its CR LF, as frames without (IRCv3 websocket)."""
    pieces = []
    for line in data.split(b"\r\n")[:-1]:
        pieces.append(_head(opcode, len(line)))
        pieces.append(line)
    return b"".join(pieces)


@lru_cache(maxsize=2048)
def _head(opcode: Opcode, length: int) -> bytes:
    """Return what is in front of a payload (RFC 6455, section 5.2)."""
    first = 0x80 | opcode
    if length <= _SHORT:
        return bytes((first, length))
    if length <= _LONG:
        return bytes((first, _SHORT + 1)) + length.to_bytes(2, "big")
    return bytes((first, _SHORT + 2)) + length.to_bytes(8, "big")


def _frame(opcode: Opcode, payload: bytes) -> bytes:
    return _head(opcode, len(payload)) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """Return the frame after which nothing more is sent (RFC 6455, section 5.5.1)."""
    return _frame(Opcode.CLOSE, code.to_bytes(2, "big") + cut(reason, _SHORT - 2).encode())


class WebSocketLines:
    """What a client sends, as lines: each message is one.

    Also what is nothing to say, a ping or an empty message, is a line, an empty one, so that flood
    control counts it.
    """

    # Not wsproto's `Connection`: each of those is a cycle, which only the collector would free.
    __slots__ = (
        "_ahead",
        "_answers",
        "_frames",
        "_lines",
        "_messages",
        "_parts",
        "behind",
        "fault",
        "over",
    )

    def __init__(self) -> None:
        self._frames = FrameDecoder(client=False)
        self._messages = MessageDecoder()
        self._lines = LineBuffer(irc.INPUT_LIMIT)
        self._ahead = b""
        """What wsproto has not been given: it may be ordinary."""
        self._answers = b""
        self._parts = 0
        """Of the message that has not ended."""
        self.behind = False
        """Whether there may be more lines in what was taken already."""
        self.over = False
        """Whether nothing more comes: the peer has said so, or is not to be understood."""
        self.fault = ""
        """What it has done wrong."""

    def cut(self, data: bytes) -> list[bytes]:
        """Take the next bytes, if any; return the lines that they complete, or some of them."""
        lines: list[bytes] = []
        if self.over:
            return lines
        data = self._ahead + data if self._ahead else data
        self._ahead = b""
        count = 0
        if self._is_between():
            count, data = self._take_ordinary(data, lines)
        if data:
            self._frames.receive_bytes(data)
        try:
            while count < AT_ONCE and not self.over and (frame := self._frames.process_buffer()):
                count += 1
                lines += self._take(frame)
        except ParseFailed as error:
            self._fail(error.code, str(error))
        self.behind = count == AT_ONCE and not self.over
        return lines

    def _is_between(self) -> bool:
        """Whether wsproto has nothing of a message."""
        frames = self._frames
        return not frames.buffer and frames.header is None and self._messages.opcode is None

    def _take_ordinary(self, data: bytes, lines: list[bytes]) -> tuple[int, bytes]:
        """Take messages that are one frame each, as long as there are no others: so many. Return
        what comes then, for wsproto, if that is not to be kept until there is more of it."""
        count = at = 0
        end = len(data)
        while count < AT_ONCE and at + 2 <= end:
            first, size, start = data[at], data[at + 1] - _MASKED, at + 6
            if size == _SHORT + 1 and at + 4 <= end:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 8
                if not _SHORT < size <= irc.INPUT_LIMIT:
                    return count, data[at:]
            elif not 0 <= size <= _SHORT + 1:
                return count, data[at:]
            if first != _TEXT and first != _BINARY:
                return count, data[at:]
            stop = start + size
            if stop > end:
                break
            payload = _unmasked(data[start:stop], data[start - 4 : start])
            if first == _TEXT and not _is_utf8(payload):
                return count, data[at:]
            lines += self._read(payload, ends=True)
            at = stop
            count += 1
        self._ahead = data[at:]
        return count, b""

    def _take(self, frame: Frame) -> list[bytes]:
        """Take a frame, or as much of one as there is; return the lines that it completes."""
        payload = frame.payload
        if frame.opcode is Opcode.PING:
            assert isinstance(payload, bytes)
            self._answers += _frame(Opcode.PONG, payload)
        elif frame.opcode is Opcode.CLOSE:
            assert isinstance(payload, bytes)
            self._close(payload)
        elif frame.opcode is not Opcode.PONG:
            message = self._messages.process_frame(frame)
            text = message.payload
            assert isinstance(text, str | bytes)
            data = text.encode() if isinstance(text, str) else text
            return self._read(data, ends=message.message_finished)
        return [b""]

    def _close(self, payload: bytes) -> None:
        """Answer a Close with its own code (RFC 6455, sections 5.5.1 and 7.4)."""
        code = int.from_bytes(payload[:2], "big")
        if not payload or (len(payload) >= 2 and (code in _CODES or 3000 <= code <= 4999)):
            try:
                payload[2:].decode()
            except UnicodeDecodeError:
                self._fail(CloseReason.INVALID_FRAME_PAYLOAD_DATA, "a reason that is not UTF-8")
                return
            self._answers += _frame(Opcode.CLOSE, payload[:2])
            self.over = True
        else:
            self._fail(CloseReason.PROTOCOL_ERROR, "a Close with no code that there is")

    def _fail(self, code: int, fault: str) -> None:
        self.fault, self.over = fault, True
        self._answers += close_frame(code, fault)

    def _read(self, data: bytes, *, ends: bool) -> list[bytes]:
        if not ends:
            self._parts += 1
            lines = self._lines.feed(data)
            return [*lines, b""] if self._parts > _PARTS else lines
        self._parts = 0
        lines = self._lines.feed(data + b"\n")
        # Whoever ends it with CR LF all the same has said one line, and an empty one.
        return [line for line in lines if line] or [b""]

    def rest(self) -> list[bytes]:
        """Return what there is to say at the end of the stream: half a message is none."""
        return []

    def replies(self) -> bytes:
        """Return what the peer has to be answered at once: frames."""
        answers, self._answers = self._answers, b""
        return answers


def _unmasked(payload: bytes, key: bytes) -> bytes:
    """Return what a client has masked (RFC 6455, section 5.3)."""
    size = len(payload)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class TextOutbox(Outbox):
    """An outbox from which lines go in frames of text."""

    __slots__ = ()

    opcode = Opcode.TEXT

    def push(self, data: bytes) -> None:
        self.push_raw(frames(data, self.opcode))

    def wrap(self, data: bytes) -> bytes:
        return frames(data, self.opcode) + close_frame(CloseReason.POLICY_VIOLATION)

    def close(self, *, going_away: bool) -> None:
        code = CloseReason.GOING_AWAY if going_away else CloseReason.NORMAL_CLOSURE
        self.push_raw(close_frame(code))
        self.seal()


class BinaryOutbox(TextOutbox):
    """The same in binary frames."""

    __slots__ = ()

    opcode = Opcode.BINARY


SUBPROTOCOLS = {"text.ircv3.net": TextOutbox, "binary.ircv3.net": BinaryOutbox}
"""What a client is sent lines from, by what it asks for."""


def accept(headers: Mapping[str, str]) -> tuple[Headers, type[TextOutbox]]:
    """Return the headers that answer an opening handshake (RFC 6455, section 4.2), and what the
    client is sent lines from. Raises `BadHandshakeError`.

    `headers` are the request's, by name in small letters. The first of its subprotocols that we
    know is taken; who names none gets text.
    """
    options = [one.strip().lower() for one in headers.get("connection", "").split(",")]
    if "upgrade" not in options:
        raise BadHandshakeError("Connection does not say Upgrade", HTTPStatus.BAD_REQUEST)
    if headers.get("sec-websocket-version") != "13":
        wanted = [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
        raise BadHandshakeError("the version is not 13", HTTPStatus.UPGRADE_REQUIRED, *wanted)
    key = headers.get("sec-websocket-key", "")
    try:
        if len(base64.b64decode(key, validate=True)) != _KEY:
            raise ValueError
    except ValueError:
        reason = "Sec-WebSocket-Key is not 16 bytes in base64"
        raise BadHandshakeError(reason, HTTPStatus.BAD_REQUEST) from None
    asked = [one.strip() for one in headers.get("sec-websocket-protocol", "").split(",")]
    chosen = next((one for one in asked if one in SUBPROTOCOLS), None)
    answer = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", generate_accept_token(key.encode("ascii")).decode("ascii")),
    ]
    if chosen is not None:
        answer.append(("Sec-WebSocket-Protocol", chosen))
    return answer, SUBPROTOCOLS.get(chosen or "", TextOutbox)
