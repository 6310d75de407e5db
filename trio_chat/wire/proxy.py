"""The PROXY protocol: for whom a proxy or load balancer opens a connection.

Knows both forms of the header that stands in front of everything else on a connection, by the
specification of HAProxy (proxy-protocol.txt, versions 1 and 2): a line of text, and a binary one.
Must not know who may send one. `parse` only looks: what follows the header is not its business.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import msgspec

V1_OPENING = b"PROXY "
V2_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1_LIMIT = 107
"""Bytes of the longest line, with its CRLF (section 2.1)."""

_V2_HEAD = 16
"""Bytes of the signature, the version with the command, the family with the transport, and the
length of the rest (section 2.2)."""
_LOCAL, _PROXY = 0, 1
_UNSPECIFIED, _INET, _INET6, _UNIX = 0, 1, 2, 3
_STREAM = 1
_ADDRESSES = {_INET: 12, _INET6: 36, _UNIX: 216}
"""Bytes that the addresses and ports of a family take."""


class ProxyError(ValueError):
    """A header is none. The text is a sentence about what is wrong with it."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a header says, and how many bytes it is long.

    `address` is the IP address of whom the proxy speaks for; empty when it speaks for itself, or
    can not tell: then the connection is from where it is from.
    """

    address: str
    size: int


def parse(data: bytes) -> Header | None:
    """Read the header that `data` begins with; None while more of it has to come.

    Raises `ProxyError`.
    """
    if data.startswith(V2_SIGNATURE):
        return _parse_binary(data)
    if data.startswith(V1_OPENING):
        return _parse_line(data)
    if V2_SIGNATURE.startswith(data) or V1_OPENING.startswith(data):
        return None
    raise ProxyError("It is no PROXY header")


def _parse_line(data: bytes) -> Header | None:
    end = data.find(b"\n", 0, V1_LIMIT)
    if end < 0:
        if len(data) >= V1_LIMIT:
            raise ProxyError(f"The line is longer than {V1_LIMIT} bytes")
        return None
    if data[end - 1 : end] != b"\r" or not data[:end].isascii():
        raise ProxyError("The line is not ASCII that ends with CRLF")
    match data[: end - 1].decode().split(" "):
        case ["PROXY", "UNKNOWN", *_]:
            return Header(address="", size=end + 1)
        case ["PROXY", "TCP4" | "TCP6" as family, source, destination, *ports]:
            kind = IPv4Address if family == "TCP4" else IPv6Address
            try:
                addresses = [kind(text) for text in (source, destination)]
            except ValueError:
                raise ProxyError(f"An address is none of {family}") from None
            if any(getattr(address, "scope_id", None) is not None for address in addresses):
                raise ProxyError("An address has a zone")
            if len(ports) != 2 or not all(map(_is_port, ports)):
                raise ProxyError("There are not two ports")
            return Header(address=str(addresses[0]), size=end + 1)
        case _:
            raise ProxyError("It has neither UNKNOWN nor a family with two addresses and ports")


def _is_port(text: str) -> bool:
    # Without leading zeros, which somebody might take for octal numbers.
    return text.isdecimal() and len(text) <= 5 and int(text) <= 65_535 and str(int(text)) == text


def _parse_binary(data: bytes) -> Header | None:
    if len(data) < _V2_HEAD:
        return None
    version, command = data[12] >> 4, data[12] & 15
    family, transport = data[13] >> 4, data[13] & 15
    length = int.from_bytes(data[14:16], "big")
    if version != 2:
        raise ProxyError(f"Its version is {version}")
    if command not in (_LOCAL, _PROXY):
        raise ProxyError(f"Its command is {command}")
    local = command == _LOCAL
    if not local:
        if family > _UNIX or transport > 2:
            raise ProxyError(f"Its family and transport are {data[13]:#04x}")
        local = _UNSPECIFIED in (family, transport)
    if not local:
        if transport != _STREAM:
            raise ProxyError("It is about datagrams")
        if length < _ADDRESSES[family]:
            raise ProxyError(f"Its addresses take {length} bytes")
    size = _V2_HEAD + length
    if len(data) < size:
        return None
    # What follows the addresses (TLVs) tells nothing that is needed here.
    address = ""
    if not local and family == _INET:
        address = str(IPv4Address(data[_V2_HEAD : _V2_HEAD + 4]))
    elif not local and family == _INET6:
        address = str(IPv6Address(data[_V2_HEAD : _V2_HEAD + 16]))
    return Header(address=address, size=size)
