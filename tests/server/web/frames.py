"""Frames of a client, and the server's taken apart by somebody else's client."""

from __future__ import annotations

from collections.abc import Iterator

from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Event, Pong, TextMessage

KEY = bytes((0x11, 0x22, 0x33, 0x44))


def frame(
    payload: bytes | str, opcode: int = 1, *, final: bool = True, masked: bool = True
) -> bytes:
    """A frame as RFC 6455, section 5.2, has it."""
    data = payload.encode() if isinstance(payload, str) else payload
    head = bytes(((0x80 if final else 0) | opcode,))
    mask = 0x80 if masked else 0
    if len(data) <= 125:
        head += bytes((mask | len(data),))
    elif len(data) < 65_536:
        head += bytes((mask | 126,)) + len(data).to_bytes(2, "big")
    else:
        head += bytes((mask | 127,)) + len(data).to_bytes(8, "big")
    if not masked:
        return head + data
    return head + KEY + bytes(byte ^ KEY[place & 3] for place, byte in enumerate(data))


def close(code: int | None = 1000, reason: bytes = b"") -> bytes:
    return frame(b"" if code is None else code.to_bytes(2, "big") + reason, 8)


class Reader:
    """What a client sees of the frames that it is sent: lines (text or bytes), `pong`, `close`."""

    def __init__(self) -> None:
        self._client = Connection(ConnectionType.CLIENT)

    def feed(self, data: bytes) -> list[object]:
        self._client.receive_data(data)
        return [seen for event in self._client.events() for seen in _seen(event)]


def _seen(event: Event) -> Iterator[object]:
    match event:
        case TextMessage() | BytesMessage():
            assert event.message_finished
            yield event.data if isinstance(event, TextMessage) else bytes(event.data)
        case Pong():
            yield ("pong", bytes(event.payload))
        case CloseConnection():
            yield ("close", int(event.code))
