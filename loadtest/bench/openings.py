"""Hostile openings of connections: what is sent, by when it has to be over, and what is answered.

Owns the table `OPENINGS`. Knows no socket. Everything is HTTP/1.1 (RFC 9112) or WebSocket (RFC
6455) that is wrong, endless, slow, or more than anybody needs. The deadlines are those that a
server has with the settings in loadtest/peers/hostile.toml.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from loadtest.bench.frames import CLOSE, PING, TEXT, frame, framed, handshake

HEAD = 10.0
"""Seconds that a request has to be whole."""
IDLE = 15.0
"""Seconds that another one is waited for."""
REGISTRATION = 10.0
"""Seconds that a client has to say who it is: `connections.registration_timeout`."""
WRITING = 10.0
"""Seconds that nothing may be taken of what is sent: `connections.ping_timeout`."""
REQUESTS = 30.0
"""Seconds that 400 requests take: 100 may come at once, and ten a second after that."""
DRAINING = 5.0
"""Seconds in which the rest of what is sent has to be taken."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table."""

    name: str
    data: bytes
    """What is sent at once."""
    registers: bool = False
    """After that it says who it is, each under a nickname of its own."""
    then: bytes = b""
    """What is sent next."""
    drip: Sequence[bytes] = ()
    """What is sent after that, one piece a second."""
    pour: bytes = b""
    """What is sent again and again after that."""
    reads: bool = True
    hangs_up: bool = False
    """It says that nothing more comes, and goes on listening."""
    within: float = 0.0
    """Seconds after which the server has to have ended it; 0: at once."""
    answer: bytes = b""
    """What has to be found in what it answers, as a regular expression."""
    responses: int | None = None
    """How many requests it answers."""


_LINE = b"GET / HTTP/1.1\r\n"
_GET = _LINE + b"Host: 127.0.0.1\r\n"
_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_SHAKEN = rb"(?s)\AHTTP/1\.1 101 .*"
_TOO_LONG = rb"(?s)\AHTTP/1\.1 101 .*ERROR :Closing link .*Not registered.*\x88.\x03"
_MEGABYTE = 1 << 20


def _refused(name: str, data: bytes, status: int, *, pour: bytes = b"") -> Opening:
    """A request that is refused at once."""
    answer = rb"\AHTTP/1\.1 %d " % status
    return Opening(name=name, data=data, pour=pour, answer=answer, responses=1)


def _late(name: str, data: bytes, *drip: bytes) -> Opening:
    """A request that is never whole."""
    answer = rb"\AHTTP/1\.1 408 "
    return Opening(name=name, data=data, drip=drip, within=HEAD, answer=answer, responses=1)


def _upgrade(name: str, old: bytes, new: bytes, status: int) -> Opening:
    """A handshake in which something is something else."""
    return _refused(name, handshake().replace(old, new), status)


def _failed(name: str, data: bytes, code: int = 1002) -> Opening:
    """A WebSocket that is closed at once, with this code."""
    answer = _SHAKEN + rb"\x88." + code.to_bytes(2, "big")
    return Opening(name=name, data=handshake() + data, answer=answer)


def _tolerated(name: str, data: bytes = b"", *drip: bytes, pour: bytes = b"") -> Opening:
    """A WebSocket that is borne until its time is over."""
    return Opening(
        name=name,
        data=handshake() + data,
        drip=drip,
        pour=pour,
        within=REGISTRATION,
        answer=_TOO_LONG,
    )


def _bytes(data: bytes) -> list[bytes]:
    return [bytes((one,)) for one in data]


_ALL = (
    # Requests within requests.
    _refused(
        "two Content-Lengths",
        _GET + b"Content-Length: 0\r\nContent-Length: 45\r\n\r\n" + _SMUGGLED,
        400,
    ),
    _refused(
        "Content-Length and chunks",
        _GET + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + _SMUGGLED,
        400,
    ),
    _refused(
        "chunks by another name",
        _GET + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + _SMUGGLED,
        501,
    ),
    _refused(
        "a space before the colon",
        _GET + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + _SMUGGLED,
        400,
    ),
    _refused("a request in a content", _GET + b"Content-Length: 45\r\n\r\n" + _SMUGGLED, 413),
    Opening(
        name="bare line feeds",
        data=_GET.replace(b"\r", b"") + b"\n",
        within=IDLE,
        answer=rb"\AHTTP/1\.1 200 ",
        responses=1,
    ),
    # More than is taken.
    _refused("a header of 1 MB", _GET + b"Cookie: " + b"x" * _MEGABYTE + b"\r\n\r\n", 431),
    _refused("10,000 headers", _GET + b"Cookie: x\r\n" * 10_000 + b"\r\n", 431),
    _refused("a head without end", _GET, 431, pour=b"Cookie: x\r\n" * 1000),
    _refused("a target of 1 MB", b"GET /" + b"x" * _MEGABYTE + b" HTTP/1.1\r\n\r\n", 431),
    _refused(
        "a content without end",
        _GET.replace(b"GET", b"POST") + b"Content-Length: %d\r\n\r\n" % (1 << 62),
        405,
        pour=bytes(16_384),
    ),
    _refused(
        "chunks without end",
        _GET + b"Transfer-Encoding: chunked\r\n\r\n",
        413,
        pour=b"1\r\nx\r\n" * 1000,
    ),
    Opening(
        name="400 requests in a packet",
        data=(_GET.replace(b"/", b"/page.json", 1) + b"\r\n") * 400,
        within=REQUESTS + IDLE,
        answer=rb"\AHTTP/1\.1 200 ",
        responses=400,
    ),
    Opening(
        name="400 requests, no answer read",
        data=(_GET + b"\r\n") * 400,
        reads=False,
        within=WRITING + DRAINING,
    ),
    # What is no request.
    _refused("zeros in a header", _GET + b"X: " + bytes(100) + b"\r\n\r\n", 400),
    _refused("zeros after the method", b"GET " + bytes(5000) + b"\r\n\r\n", 400),
    _refused("no Host", _LINE + b"\r\n", 400),
    _refused("CONNECT", b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", 405),
    _refused("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 505),
    # Slow.
    _late("a byte a second", _LINE, *_bytes(b"Host: 127.0.0.1\r\n" * 4)),
    _late("a header a second", _GET, *[b"X: y\r\n"] * 60),
    _late("silence after the first line", _LINE),
    _late("a handshake by half", handshake()[:-2]),
    Opening(
        name="a byte a second from the first",
        data=b"",
        drip=_bytes(_GET * 2),
        within=4 + HEAD,
        answer=rb"HTTP/1\.1 408 ",
        responses=1,
    ),
    Opening(name="silence", data=b"", within=REGISTRATION, responses=0),
    Opening(
        name="half a head and a hang-up",
        data=_GET,
        hangs_up=True,
        answer=rb"\AHTTP/1\.1 400 ",
        responses=1,
    ),
    # Handshakes.
    _upgrade("a key of 15 bytes", b"Zg==", b"", 400),
    _upgrade("WebSocket version 8", b"Version: 13", b"Version: 8", 426),
    _upgrade("a page from elsewhere", b"\r\n\r\n", b"\r\nOrigin: http://evil.example\r\n\r\n", 403),
    _upgrade("WebSocket at no address of it", b"/ws", b"/xy", 404),
    _upgrade("a POST to be a WebSocket", b"GET", b"POST", 405),
    _tolerated("a WebSocket that says nothing"),
    # Frames.
    _failed("a frame without a mask", b"\x81\x01x"),
    _failed("a reserved bit", b"\xc1" + frame(TEXT, b"x")[1:]),
    _failed("a reserved opcode", frame(0x83, b"x")),
    _failed("a ping of 126 bytes", frame(PING, bytes(126))),
    _failed("a ping in parts", frame(PING & 0x7F, b"x")),
    _failed("a continuation of nothing", frame(0x80, b"x")),
    _failed("a length in too many bytes", b"\x81\xfe\x00\x01" + bytes(5)),
    _failed("2^63 bytes", b"\x81\xff" + b"\x80" + bytes(20)),
    _failed("no UTF-8", frame(TEXT, b"NICK \xff"), 1007),
    _failed("half a letter", frame(TEXT & 0x7F, b"\xc3") + frame(0x80, b""), 1007),
    _failed("a Close of one byte", frame(CLOSE, b"x")),
    _failed("a Close with the code 999", frame(CLOSE, (999).to_bytes(2, "big"))),
    _failed("a Close with the code 1005", frame(CLOSE, (1005).to_bytes(2, "big"))),
    Opening(
        name="a Close and then more",
        data=handshake() + frame(CLOSE, (1000).to_bytes(2, "big")),
        pour=frame(TEXT, b"NICK x") * 1000,
        answer=_SHAKEN + rb"\x88\x02\x03\xe8\Z",
    ),
    _tolerated("a frame of 2^62 bytes", b"\x81\xff\x40" + bytes(11), pour=b"x" * 16_384),
    _tolerated("a frame of 1 MB", frame(TEXT, b"x" * _MEGABYTE)),
    _tolerated("fragments without end", frame(1, b"x"), pour=frame(0, b"x") * 1000),
    _tolerated("5,000 empty frames in a packet", frame(TEXT, b"") * 5000),
    _tolerated("5,000 pings in a packet", frame(PING, b"x" * 125) * 5000),
    _tolerated("a frame a byte a second", b"", *_bytes(frame(TEXT, b"x" * 60))),
    Opening(
        name="asks for HELP and never reads",
        data=handshake(),
        registers=True,
        then=framed(b"HELP\r\n" * 1000),
        reads=False,
        within=WRITING + DRAINING,
    ),
)

OPENINGS: Mapping[str, Opening] = {one.name: one for one in _ALL}
