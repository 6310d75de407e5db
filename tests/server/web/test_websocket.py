"""RFC 6455 and IRCv3 websocket: frames to lines, and lines to frames."""

from __future__ import annotations

from http import HTTPStatus

import hypothesis.strategies as st
import pytest
from hypothesis import given
from wsproto.frame_protocol import Opcode

from tests.server.web.frames import Reader, close, frame
from trio_chat.server.web.websocket import (
    AT_ONCE,
    BadHandshakeError,
    BinaryOutbox,
    TextOutbox,
    WebSocketLines,
    accept,
    close_frame,
    frames,
)
from trio_chat.wire import irc

SAID = st.characters(codec="utf-8", exclude_characters="\r\n")

# --- What comes in


def test_a_message_is_a_line() -> None:
    lines = WebSocketLines()
    assert lines.cut(frame("NICK al") + frame(b"USER al 0 * :Al", 2)) == [
        b"NICK al",
        b"USER al 0 * :Al",
    ]
    assert not lines.over
    assert not lines.behind


@given(
    st.lists(st.text(SAID, min_size=1)),
    st.data(),
)
def test_bytes_may_come_in_any_pieces(said: list[str], data: st.DataObject) -> None:
    stream = b"".join(frame(text) for text in said)
    lines = WebSocketLines()
    found: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += lines.cut(stream[:size])
        while lines.behind:
            found += lines.cut(b"")
        stream = stream[size:]
    assert [line for line in found if line] == [text.encode() for text in said]


@given(
    st.lists(
        st.tuples(
            st.text(SAID, min_size=1) | st.sampled_from(["x" * 125, "x" * 126, "x" * 600]),
            st.sampled_from(["text", "binary", "parts", "after a ping"]),
        ),
        max_size=20,
    ),
    st.integers(1, 2000),
)
def test_what_is_ordinary_and_what_is_not_may_take_turns(
    said: list[tuple[str, str]], size: int
) -> None:
    stream = b"".join(
        {
            "text": frame(text),
            "binary": frame(text, 2),
            "parts": frame(text[:1], final=False) + frame(text[1:], 0),
            "after a ping": frame("x", 9) + frame(text),
        }[how]
        for text, how in said
    )
    lines = WebSocketLines()
    found: list[bytes] = []
    for start in range(0, len(stream), size):
        found += lines.cut(stream[start : start + size])
        while lines.behind:
            found += lines.cut(b"")
    assert [line for line in found if line] == [text.encode() for text, _ in said]
    assert lines.replies() == b"\x8a\x01x" * sum(how == "after a ping" for _, how in said)


def test_fragments_are_one_line_whatever_comes_in_between() -> None:
    lines = WebSocketLines()
    pieces = frame("PRIVMSG ", final=False) + frame("1", 9) + frame("#a ", 0, final=False)
    assert lines.cut(pieces) == [b""]
    assert lines.replies() == b"\x8a\x011"
    assert lines.replies() == b""
    assert lines.cut(frame(":hi", 0)) == [b"PRIVMSG #a :hi"]


@pytest.mark.parametrize("said", ["PING 1\r\n", "PING 1\n", "PING 1\r\n\r\n"])
def test_a_line_end_is_no_line_of_its_own(said: str) -> None:
    assert WebSocketLines().cut(frame(said)) == [b"PING 1"]


@pytest.mark.parametrize(
    "nothing",
    [frame(""), frame("\r\n"), frame("x", 9), frame("x", 10), frame(b"", 2)],
    ids=["empty", "line end", "ping", "pong", "binary"],
)
def test_what_says_nothing_counts_as_a_line(nothing: bytes) -> None:
    assert WebSocketLines().cut(nothing * 3) == [b""] * 3


def test_parts_without_end_count_as_lines() -> None:
    lines = WebSocketLines()
    found = lines.cut(frame("a", final=False) + frame("", 0, final=False) * 63)
    while lines.behind:
        found += lines.cut(b"")
    # The first 16 are for nothing.
    assert found == [b""] * 48


def test_a_read_is_taken_apart_a_bit_at_a_time() -> None:
    lines = WebSocketLines()
    found = lines.cut(frame("x") * (2 * AT_ONCE + 3))
    sizes = [len(found)]
    while lines.behind:
        sizes.append(len(lines.cut(b"")))
    assert sizes == [AT_ONCE, AT_ONCE, 3]


def test_a_line_that_is_too_long_is_one_as_everywhere() -> None:
    """It is cut to a byte more than there can be, by which the next stage knows it."""
    lines = WebSocketLines()
    found = lines.cut(frame("x" * 1_000_000))
    assert [len(line) for line in found] == [irc.INPUT_LIMIT + 1]
    assert lines.cut(frame("PING 1")) == [b"PING 1"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame("x", masked=False), 1002),
        (frame("x", 3), 1002),
        (frame("x", 11), 1002),
        (bytes((0xC1,)) + frame("x")[1:], 1002),
        (frame("x", 0), 1002),
        (frame("x", final=False) + frame("y"), 1002),
        (frame("x", 9, final=False), 1002),
        (frame("x" * 126, 9), 1002),
        (b"\x81\xfe\x00\x01" + bytes(5), 1002),
        (b"\x81\xff" + b"\xff" * 8 + bytes(5), 1002),
        (frame(b"\xff"), 1007),
        (frame(b"\xc3", final=False) + frame(b"", 0), 1007),
        (frame(b"x", 8), 1002),
        (close(999), 1002),
        (close(1005), 1002),
        (close(1006), 1002),
        (close(2000), 1002),
        (close(5000), 1002),
        (close(1000, b"\xff"), 1007),
    ],
)
def test_what_is_not_websocket_ends_it_with_the_code(data: bytes, code: int) -> None:
    lines = WebSocketLines()
    stream = frame("PING 1") + data + frame("PING 2")
    found = lines.cut(stream)
    assert [line for line in found if line] == [b"PING 1"]
    assert lines.over
    bit_by_bit = WebSocketLines()
    again = [line for byte in stream for line in bit_by_bit.cut(bytes((byte,))) if line]
    assert (again, bit_by_bit.fault) == ([b"PING 1"], lines.fault)
    assert lines.fault
    assert Reader().feed(lines.replies()) == [("close", code)]
    assert lines.cut(frame("PING 3")) == []


@pytest.mark.parametrize(
    ("asked", "code"), [(1000, 1000), (1001, 1001), (3000, 3000), (4999, 4999), (None, 1005)]
)
def test_a_close_is_answered_with_its_code(asked: int | None, code: int) -> None:
    lines = WebSocketLines()
    data = close(asked, b"bye" if asked else b"")
    assert lines.cut(frame("QUIT") + data + frame("PING")) == [b"QUIT", b""]
    assert lines.over
    assert lines.fault == ""
    assert Reader().feed(lines.replies()) == [("close", code)]


def test_half_a_message_is_nothing() -> None:
    lines = WebSocketLines()
    lines.cut(frame("PRIVMSG #a :ha", final=False))
    assert lines.rest() == []


@given(st.binary(max_size=300), st.lists(st.sampled_from([frame("a"), frame("", 9), close()])))
def test_anything_at_all(data: bytes, sensible: list[bytes]) -> None:
    lines = WebSocketLines()
    found = lines.cut(b"".join(sensible) + data)
    while lines.behind:
        found += lines.cut(b"")
    assert len(found) <= len(sensible) + len(data)
    seen = Reader().feed(lines.replies())
    # What is over has been told so, once and last.
    closes = [isinstance(one, tuple) and one[0] == "close" for one in seen]
    assert any(closes) is lines.over
    assert not any(closes[:-1])


# --- What goes out


@given(st.lists(st.text(SAID, max_size=600)))
def test_each_line_is_a_frame(said: list[str]) -> None:
    data = "".join(f"{line}\r\n" for line in said).encode()
    assert Reader().feed(frames(data, Opcode.TEXT)) == said
    assert Reader().feed(frames(data, Opcode.BINARY)) == [line.encode() for line in said]


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_every_length(length: int) -> None:
    assert Reader().feed(frames(b"x" * length + b"\r\n", Opcode.TEXT)) == ["x" * length]


def test_frames_are_written_once() -> None:
    data = b":al PRIVMSG #a :hi\r\n"
    assert frames(data, Opcode.TEXT) is frames(data, Opcode.TEXT)
    assert frames(data, Opcode.TEXT) != frames(data, Opcode.BINARY)


def test_a_reason_is_cut_to_what_a_control_frame_takes() -> None:
    data = close_frame(1008, "é" * 100)
    assert data[:4] == b"\x88\x7c\x03\xf0"
    assert data[4:].decode() == "é" * 61


# --- The handshake

HEADERS = {
    "connection": "keep-alive, Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    # RFC 6455, section 1.3.
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_a_handshake() -> None:
    assert accept(HEADERS) == (
        [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ],
        TextOutbox,
    )


@pytest.mark.parametrize(
    ("asked", "chosen", "outbox"),
    [
        ("text.ircv3.net", "text.ircv3.net", TextOutbox),
        ("binary.ircv3.net, text.ircv3.net", "binary.ircv3.net", BinaryOutbox),
        ("text.ircv3.net, binary.ircv3.net", "text.ircv3.net", TextOutbox),
        ("irc, binary.ircv3.net", "binary.ircv3.net", BinaryOutbox),
        ("irc", None, TextOutbox),
        ("TEXT.ircv3.net", None, TextOutbox),
    ],
)
def test_the_first_subprotocol_that_is_known(
    asked: str, chosen: str | None, outbox: type[TextOutbox]
) -> None:
    headers, found = accept(HEADERS | {"sec-websocket-protocol": asked})
    assert dict(headers).get("Sec-WebSocket-Protocol") == chosen
    assert found is outbox


@pytest.mark.parametrize(
    ("name", "value", "status", "said"),
    [
        ("connection", "close", HTTPStatus.BAD_REQUEST, "Connection does not say Upgrade"),
        ("sec-websocket-version", "8", HTTPStatus.UPGRADE_REQUIRED, "the version is not 13"),
        ("sec-websocket-version", "", HTTPStatus.UPGRADE_REQUIRED, "the version is not 13"),
        ("sec-websocket-key", "", HTTPStatus.BAD_REQUEST, "is not 16 bytes in base64"),
        ("sec-websocket-key", "short", HTTPStatus.BAD_REQUEST, "is not 16 bytes in base64"),
        ("sec-websocket-key", "é" * 24, HTTPStatus.BAD_REQUEST, "is not 16 bytes in base64"),
        ("sec-websocket-key", "A" * 32, HTTPStatus.BAD_REQUEST, "is not 16 bytes in base64"),
    ],
)
def test_what_is_no_handshake(name: str, value: str, status: HTTPStatus, said: str) -> None:
    with pytest.raises(BadHandshakeError, match=said) as caught:
        accept(HEADERS | {name: value})
    assert caught.value.status is status
    versions = [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")] if status == 426 else []
    assert list(caught.value.headers) == versions
