"""PROXY headers: whole, byte by byte, with a tail, and malformed in every way."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.wire.proxy import V2_SIGNATURE, Header, ProxyError, parse

FOUR = bytes((192, 0, 2, 7, 10, 0, 0, 1)) + b"\xdc\x04\x1a\x0b"
SIX = ip_address("2001:db8::7").packed + ip_address("::1").packed + b"\xdc\x04\x1a\x0b"


def binary(command: int, family: int, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return V2_SIGNATURE + bytes((command, family)) + size.to_bytes(2, "big") + body


LONGEST = f"PROXY UNKNOWN {'f' * (107 - 16)}\r\n".encode()
TLVS = b"\x20\x00\x05\x01\x00\x00\x00\x00" + b"\x04\x00\x03abc"

VECTORS = [
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 56324 6667\r\n", "192.0.2.7"),
    (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"),
    (b"PROXY TCP4 1.2.3.4 5.6.7.8 0 0\r\n", "1.2.3.4"),
    (b"PROXY TCP6 2001:db8::7 ::1 56324 6667\r\n", "2001:db8::7"),
    (b"PROXY TCP6 2001:DB8:0:0:0:0:0:7 ::1 1 2\r\n", "2001:db8::7"),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", str(ip_address("::ffff:192.0.2.7"))),
    (b"PROXY UNKNOWN\r\n", ""),
    (b"PROXY UNKNOWN ffff:f:f ffff:: 65535 65535\r\n", ""),
    (LONGEST, ""),
    (binary(0x21, 0x11, FOUR), "192.0.2.7"),
    (binary(0x21, 0x11, FOUR + TLVS), "192.0.2.7"),
    (binary(0x21, 0x11, FOUR + bytes(65_535 - len(FOUR))), "192.0.2.7"),
    (binary(0x21, 0x21, SIX), "2001:db8::7"),
    (binary(0x21, 0x21, SIX + TLVS), "2001:db8::7"),
    # A health check of the proxy itself; whatever its family is.
    (binary(0x20, 0x00, b""), ""),
    (binary(0x20, 0x11, FOUR), ""),
    (binary(0x20, 0xFF, b"whatever"), ""),
    # What can not be told.
    (binary(0x21, 0x00, b""), ""),
    (binary(0x21, 0x00, TLVS), ""),
    (binary(0x21, 0x01, b""), ""),
    (binary(0x21, 0x10, FOUR), ""),
    (binary(0x21, 0x31, bytes(216)), ""),
]


@pytest.mark.parametrize(("data", "address"), VECTORS)
def test_vector_whole_byte_by_byte_and_with_a_tail(data: bytes, address: str) -> None:
    expected = Header(address=address, size=len(data))
    assert parse(data) == expected
    assert parse(data + b"NICK al\r\n") == expected
    assert parse(data + data) == expected
    for end in range(min(len(data), 300)):
        assert parse(data[:end]) is None
    assert parse(data[:-1]) is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"NICK al\r\n", "no PROXY header"),
        (b"proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "no PROXY header"),
        (b"PROXY\r\n", "no PROXY header"),
        (b"\r\n\r\n\0\r\nQUIT\r\n", "no PROXY header"),
        (b"PROXY \r\n", "neither UNKNOWN nor"),
        (b"PROXY  UNKNOWN\r\n", "neither UNKNOWN nor"),
        (b"PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", "neither UNKNOWN nor"),
        (b"PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n", "neither UNKNOWN nor"),
        (b"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", "neither UNKNOWN nor"),
        (b"PROXY UNKNOWNS\r\n", "neither UNKNOWN nor"),
        (b"PROXY TCP4\r\n", "neither UNKNOWN nor"),
        (b"PROXY TCP4 1.2.3.4\r\n", "neither UNKNOWN nor"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8\r\n", "two ports"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "two ports"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", "two ports"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", "two ports"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", "two ports"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", "two ports"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", "two ports"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n", "two ports"),
        (b"PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n", "none of TCP4"),
        (b"PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n", "none of TCP4"),
        (b"PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n", "none of TCP4"),
        (b"PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", "none of TCP4"),
        (b"PROXY TCP4 ::1 ::2 1 2\r\n", "none of TCP4"),
        (b"PROXY TCP4 1.2.3.4 ::2 1 2\r\n", "none of TCP4"),
        (b"PROXY TCP4 example.org 5.6.7.8 1 2\r\n", "none of TCP4"),
        (b"PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", "none of TCP6"),
        (b"PROXY TCP6 :::1 ::2 1 2\r\n", "none of TCP6"),
        (b"PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n", "zone"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", "ends with CRLF"),
        (b"PROXY UNKNOWN\n", "ends with CRLF"),
        (b"PROXY UNKNOWN \xc3\xa9\r\n", "not ASCII"),
        (b"PROXY UNKNOWN " + b"x" * 93, "longer than 107 bytes"),
        (b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n", "longer than 107 bytes"),
        (binary(0x11, 0x11, FOUR), "version is 1"),
        (binary(0x31, 0x11, FOUR), "version is 3"),
        (binary(0x01, 0x11, FOUR), "version is 0"),
        (binary(0x22, 0x11, FOUR), "command is 2"),
        (binary(0x2F, 0x11, FOUR), "command is 15"),
        (binary(0x21, 0x41, FOUR), "family and transport are 0x41"),
        (binary(0x21, 0x13, FOUR), "family and transport are 0x13"),
        (binary(0x21, 0xF0, FOUR), "family and transport are 0xf0"),
        (binary(0x21, 0x12, FOUR), "datagrams"),
        (binary(0x21, 0x32, bytes(216)), "datagrams"),
        (binary(0x21, 0x11, b""), "take 0 bytes"),
        (binary(0x21, 0x11, FOUR[:-1]), "take 11 bytes"),
        (binary(0x21, 0x21, FOUR), "take 12 bytes"),
        (binary(0x21, 0x31, bytes(215)), "take 215 bytes"),
    ],
)
def test_what_is_malformed_is_said(data: bytes, said: str) -> None:
    with pytest.raises(ProxyError, match=said):
        parse(data)
    with pytest.raises(ProxyError, match=said):
        parse(data + b"NICK al\r\n")


def outcome(data: bytes) -> object:
    try:
        return parse(data)
    except ProxyError as error:
        return str(error)


@given(
    st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", b"PROXY TCP6 ::1 ", V2_SIGNATURE]),
    st.binary(max_size=300),
)
def test_garbage_raises_the_one_error_and_more_bytes_change_nothing(
    opening: bytes, rest: bytes
) -> None:
    data = opening + rest
    decided: object = None
    for end in range(len(data) + 1):
        found = outcome(data[:end])
        if decided is not None:
            assert found == decided
        decided = found
    if isinstance(decided, Header):
        assert len(opening) < decided.size <= len(data)


@given(st.ip_addresses(), st.ip_addresses(), st.integers(0, 65_535), st.binary(max_size=50))
def test_both_forms_say_the_same(source: object, other: object, port: int, tail: bytes) -> None:
    one, two = ip_address(str(source)), ip_address(str(other))
    if one.version != two.version:
        two = one
    line = f"PROXY TCP{one.version} {one} {two} {port} 1\r\n".encode()
    body = one.packed + two.packed + port.to_bytes(2, "big") + b"\0\1"
    packed = binary(0x21, 0x11 if one.version == 4 else 0x21, body)
    for data in (line, packed):
        assert parse(data + tail) == Header(address=str(one), size=len(data))
