"""The client's side of WebSocket, against the library that the server parses with."""

from __future__ import annotations

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.connection import Connection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Message,
    Ping,
    Request,
    TextMessage,
)

from loadtest.bench.frames import (
    CLOSE,
    PING,
    TEXT,
    FrameError,
    Stream,
    check,
    frame,
    framed,
    handshake,
)


def served(data: bytes) -> list[Event]:
    """What a server sees of a client's frames."""
    server = Connection(ConnectionType.SERVER)
    server.receive_data(data)
    return list(server.events())


def sent(*events: Event) -> bytes:
    """What a server's frames are."""
    server = Connection(ConnectionType.SERVER)
    return b"".join(map(server.send, events))


def test_a_handshake_is_granted() -> None:
    server = WSConnection(ConnectionType.SERVER)
    server.receive_data(handshake(b"/x"))
    (request,) = server.events()
    assert isinstance(request, Request)
    assert request.target == "/x"
    answer = server.send(AcceptConnection(subprotocol=request.subprotocols[0]))
    check(answer.removesuffix(b"\r\n\r\n"))


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nDate: x", "HTTP/1.1 403 Forbidden"),
        (b"HTTP/1.1 101 \r\nUpgrade: websocket", "not to this handshake"),
        (
            b"HTTP/1.1 101 \r\nsec-websocket-accept: AAvDRPu73V6l8ZIppuqS0yC/Cfs=",
            "not to this handshake",
        ),
    ],
)
def test_an_answer_to_something_else_is_a_fault(head: bytes, fault: str) -> None:
    with pytest.raises(FrameError, match=fault):
        check(head)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 125, 126, 65_535, 65_536])
def test_a_frame_arrives(size: int) -> None:
    text = "x" * size
    (seen,) = served(frame(TEXT, text.encode()))
    assert isinstance(seen, TextMessage)
    assert seen.data == text


def test_each_line_is_a_frame_without_its_end() -> None:
    assert [event.data for event in served(framed(b"NICK a\r\nUSER a\r\n"))] == [  # type: ignore[attr-defined]
        "NICK a",
        "USER a",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
def test_frames_come_in_any_pieces(size: int) -> None:
    lines = ["", "x" * 125, "y" * 126, "z" * 600]
    data = sent(*(TextMessage(data=line) for line in lines[:2]))
    data += sent(Ping(payload=b"here?"), *(TextMessage(data=line) for line in lines[2:]))
    stream = Stream()
    found = b"".join(stream.feed(data[at : at + size]) for at in range(0, len(data), size))
    assert found == b"".join(line.encode() + b"\r\n" for line in lines)
    assert stream.pings == [b"here?"]
    assert stream.closed == ""


def test_a_close_says_why() -> None:
    stream = Stream()
    assert stream.feed(sent(CloseConnection(code=1008, reason="no"))) == b""
    assert stream.closed == "1008 no"


@pytest.mark.parametrize(
    "wrong",
    [frame(TEXT, b"x"), b"\x81\x7f" + bytes(8), sent(Message(data="x", message_finished=False))],
    ids=["masked", "longer than any line", "in parts"],
)
def test_what_no_server_sends_is_a_fault(wrong: bytes) -> None:
    with pytest.raises(FrameError):
        Stream().feed(wrong)


def test_what_is_forgotten_is_not_part_of_what_comes_next() -> None:
    stream = Stream()
    assert stream.feed(b"\x81\x05ab") == b""
    stream.forget()
    assert stream.feed(b"\x81\x02hi") == b"hi\r\n"


def test_control_frames_of_a_client_are_what_they_say() -> None:
    ping, close = served(frame(PING, b"1") + frame(CLOSE, b"\x03\xe8"))
    assert ping == Ping(payload=b"1")
    assert isinstance(close, CloseConnection)
    assert close.code == 1000
