"""IRC over WebSocket (RFC 6455; IRCv3 websocket): each frame is a line.

What comes in is taken apart by wsproto. What goes out is put into frames here: they are neither
masked nor compressed, and so they are the same bytes for everybody who sees the same lines. Must
not know sockets, or what a line means.
"""

from __future__ import annotations

import itertools
from functools import cache, lru_cache
from http import HTTPStatus

import h11
from wsproto import ConnectionType, WSConnection
from wsproto.connection import Connection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason, Opcode
from wsproto.utilities import RemoteProtocolError

from trio_chat.server.outbox import Outbox
from trio_chat.wire import irc
from trio_chat.wire.lines import LineBuffer

AT_ONCE = 64
"""Frames that are taken apart before anybody else gets a turn: a read may bring thousands."""
_PARTS = 16
"""Parts of one message that are for nothing: each further one counts as a line."""
_SHORT = 125
"""Bytes of the longest payload whose length is in the second byte."""
_SHARED = 16
"""Contents of which the frames are kept at hand, for the next who is sent the same."""


class BadHandshakeError(Exception):
    """An opening handshake that is none. The text says why."""

    def __init__(self, reason: str, status: HTTPStatus) -> None:
        super().__init__(reason)
        self.status = status


@lru_cache(maxsize=_SHARED)
def frames(data: bytes, opcode: Opcode) -> bytes:
    """Return lines, each with its CR LF, as frames without (IRCv3 websocket)."""
    pieces = []
    for line in data.split(b"\r\n")[:-1]:
        pieces.append(_head(opcode, len(line)))
        pieces.append(line)
    return b"".join(pieces)


@cache
def _head(opcode: Opcode, length: int) -> bytes:
    """Return what is in front of a payload (RFC 6455, section 5.2). There is no line so long as to
    need eight bytes for its length."""
    first = 0x80 | opcode
    if length <= _SHORT:
        return bytes((first, length))
    return bytes((first, _SHORT + 1)) + length.to_bytes(2, "big")


def close_frame(code: int, reason: str = "") -> bytes:
    """Return the frame after which nothing more is sent (RFC 6455, section 5.5.1)."""
    return Connection(ConnectionType.SERVER).send(CloseConnection(code=code, reason=reason))


class WebSocketLines:
    """What a client sends, as lines: each message is one.

    Also what is nothing to say, a ping or an empty message, is a line, an empty one, so that flood
    control counts it.
    """

    __slots__ = ("_answers", "_frames", "_lines", "_parts", "behind", "fault", "over")

    def __init__(self) -> None:
        self._frames = Connection(ConnectionType.SERVER)
        self._lines = LineBuffer(irc.INPUT_LIMIT)
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
        if data:
            self._frames.receive_data(data)
        count = 0
        try:
            for event in itertools.islice(self._frames.events(), AT_ONCE):
                count += 1
                lines += self._take(event)
        except RemoteProtocolError as error:
            self.fault = str(error)
            self.over = True
            code = getattr(error.event_hint, "code", CloseReason.PROTOCOL_ERROR)
            self._answers += close_frame(code, self.fault)
        self.behind = count == AT_ONCE and not self.over
        return lines

    def _take(self, event: object) -> list[bytes]:
        """Take what has come; return the lines that it completes."""
        match event:
            case TextMessage(data=text):
                return self._cut(text.encode(), ends=event.message_finished)
            case BytesMessage(data=data):
                return self._cut(bytes(data), ends=event.message_finished)
            case Ping():
                self._answers += self._frames.send(event.response())
            case CloseConnection():
                self._answers += self._frames.send(event.response())
                self.over = True
        return [b""]

    def _cut(self, data: bytes, *, ends: bool) -> list[bytes]:
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


def accept(request: h11.Request) -> tuple[bytes, type[TextOutbox]]:
    """Return the answer to an opening handshake (RFC 6455, section 4.2), and what the client is
    sent lines from. Raises `BadHandshakeError`.

    The first of its subprotocols that we know is taken. Who names none gets text.
    """
    handshake = WSConnection(ConnectionType.SERVER)
    try:
        handshake.initiate_upgrade_connection(request.headers.raw_items(), request.target.decode())
        asked = next(one for one in handshake.events() if isinstance(one, Request))
    except RemoteProtocolError as error:
        status = getattr(error.event_hint, "status_code", HTTPStatus.BAD_REQUEST)
        raise BadHandshakeError(str(error), HTTPStatus(status)) from None
    except (StopIteration, ValueError) as error:
        raise BadHandshakeError(str(error) or "no handshake", HTTPStatus.BAD_REQUEST) from None
    chosen = next((one for one in asked.subprotocols if one in SUBPROTOCOLS), None)
    answer = handshake.send(AcceptConnection(subprotocol=chosen))
    return answer, SUBPROTOCOLS[chosen] if chosen is not None else TextOutbox
