"""Which protocol the first bytes are: whole, byte by byte, and with a tail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.wire.proxy import V2_SIGNATURE
from trio_chat.wire.sniff import FIRST_LINE_LIMIT, Protocol, may_be_proxy, sniff, sniff_tls

VECTORS = [
    (b"NICK al\r\n", Protocol.IRC),
    (b"nick al\n", Protocol.IRC),
    (b"CAP LS 302\r\n", Protocol.IRC),
    (b"USER a 0 * :b\r\n", Protocol.IRC),
    (b"PASS x\r\n", Protocol.IRC),
    (b"AUTHENTICATE PLAIN\r\n", Protocol.IRC),
    (b"WEBIRC a b c d\r\n", Protocol.IRC),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", Protocol.PROXY),
    (V2_SIGNATURE + b"\x20\x00\x00\x00", Protocol.PROXY),
    (b"PROXY\r\n", Protocol.PLAIN),
    (b"proxy x\r\n", Protocol.PLAIN),
    (b"\r\n\r\nalice\r\n", Protocol.PLAIN),
    (b"PING x\r\n", Protocol.IRC),
    (b"QUIT\r\n", Protocol.IRC),
    (b"Quit\n", Protocol.IRC),
    (b"@label=1 CAP LS\r\n", Protocol.IRC),
    (b"@a=b   nick x\r\n", Protocol.IRC),
    (b"GET / HTTP/1.1\r\n", Protocol.HTTP),
    (b"POST /x HTTP/1.0\r\n", Protocol.HTTP),
    (b"CONNECT x:443 HTTP/1.1\r\n", Protocol.HTTP),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Protocol.HTTP),
    (b"PRI\r\n", Protocol.PLAIN),
    (b"\x16\x03\x01\x02\x00\x01", Protocol.TLS),
    (b"alice\n", Protocol.PLAIN),
    (b"nickname\r\n", Protocol.PLAIN),
    (b"Nicky\r\n", Protocol.PLAIN),
    (b"JOIN #a\r\n", Protocol.PLAIN),
    (b"GETTY\n", Protocol.PLAIN),
    (b"\n", Protocol.PLAIN),
    (b"\r\nNICK al\r\n", Protocol.PLAIN),
    (b"@alice\n", Protocol.PLAIN),
    (b"@a alice\n", Protocol.PLAIN),
    (b"\xff\xfd\x01alice\n", Protocol.PLAIN),
    # The rest of what a telnet client says may wait for an answer to it.
    (b"\xff\xfb\x00", Protocol.PLAIN),
    (b"\xff\xfd\x06", Protocol.PLAIN),
    (b"al\xff\xf4", Protocol.PLAIN),
    (b"bea\r\0hi\r\0", Protocol.PLAIN),
    (b"\r\0", Protocol.PLAIN),
    (b"NICK al\r", Protocol.IRC),
    (b"QUIT\r", Protocol.IRC),
    (b"SSH-2.0-OpenSSH_9.2\r\n", Protocol.PLAIN),
    (b"x" * (FIRST_LINE_LIMIT + 1), Protocol.UNKNOWN),
    (b"@" + b"x" * 5000, Protocol.IRC),
]


@pytest.mark.parametrize(("data", "protocol"), VECTORS)
def test_vector_whole_byte_by_byte_and_with_a_tail(data: bytes, protocol: Protocol) -> None:
    assert sniff(data) is protocol
    assert sniff(data + b"USER a 0 * :b\r\nGET /\r\n") is protocol
    for end in range(len(data)):
        found = sniff(data[:end])
        # Too little may leave it open; it never says something else.
        assert found in (None, protocol)


def test_nothing_and_half_a_word_say_nothing() -> None:
    for data in (b"", b"N", b"NICK", b"ali", b"GET", b"@tag", b"x" * FIRST_LINE_LIMIT):
        assert sniff(data) is None


def test_an_empty_line_is_told_from_a_header_by_what_comes_next() -> None:
    for end in range(1, len(V2_SIGNATURE)):
        assert may_be_proxy(V2_SIGNATURE[:end])
        assert sniff(V2_SIGNATURE[:end]) is None
        assert sniff(V2_SIGNATURE[:end] + b"x\n") is Protocol.PLAIN
    for data in (b"", b"\n", b"\r\n\n", V2_SIGNATURE, V2_SIGNATURE + b"x"):
        assert not may_be_proxy(data)


@given(st.binary(max_size=6000))
def test_any_bytes_are_told_apart(data: bytes) -> None:
    found = sniff(data)
    if may_be_proxy(data):
        assert found is None
    elif b"\n" in data or len(data) > 5000:
        assert found is not None
    # Once it is decided, more bytes do not change it.
    if found is not None:
        assert sniff(data + b"x\n") is found


@pytest.mark.parametrize(
    ("data", "protocol"),
    [
        (b"\x16\x03\x01", Protocol.TLS),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", Protocol.PROXY),
        (V2_SIGNATURE + b"\x20\x00\x00\x00", Protocol.PROXY),
        (b"PROXIES", Protocol.UNKNOWN),
        (b"PROXY\r\n", Protocol.UNKNOWN),
        (b"PASS x\r\n", Protocol.UNKNOWN),
        (b"\r\nx", Protocol.UNKNOWN),
        (b"alice\n", Protocol.UNKNOWN),
        (b"GET / HTTP/1.1\r\n", Protocol.UNKNOWN),
        (b"\x15\x03\x01", Protocol.UNKNOWN),
        (b"\x00", Protocol.UNKNOWN),
    ],
)
def test_tls_where_there_is_nothing_else(data: bytes, protocol: Protocol) -> None:
    assert sniff_tls(data) is protocol
    assert sniff_tls(data + b"NICK al\r\n") is protocol
    for end in range(len(data)):
        assert sniff_tls(data[:end]) in (None, protocol)
    assert sniff_tls(b"") is None


def test_whoever_is_no_gateway_is_told_from_tls_by_one_byte() -> None:
    told = {byte for byte in range(256) if sniff_tls(bytes([byte])) is not None}
    assert told == set(range(256)) - set(b"P\r")
