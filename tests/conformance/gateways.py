"""Connections that somebody else passes on: WEBIRC, and the headers of the PROXY protocol."""

from __future__ import annotations

import ipaddress
import struct

from tests.conformance.conftest import WEBIRC, Connect
from tests.conformance.session import Session, one

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def through_webirc(
    connect: Connect, address: str, *, host: str = "", password: str = WEBIRC, options: str = ""
) -> Session:
    """Open a connection that a gateway says is from this address."""
    session = connect()
    end = f" :{options}" if options else ""
    session.send(f"WEBIRC {password} gateway {host or address} {address}{end}")
    return session


def version_1(address: str) -> bytes:
    """Return the header in text."""
    source = ipaddress.ip_address(address)
    own = "192.0.2.1" if source.version == 4 else "2001:db8::1"
    return f"PROXY TCP{source.version} {address} {own} 40001 6667\r\n".encode()


def version_2(address: str = "", *, command: int = 1, more: bytes = b"") -> bytes:
    """Return the binary header; without an address the family is left open."""
    family, data = 0x00, b""
    if address:
        source = ipaddress.ip_address(address)
        own = ipaddress.ip_address("192.0.2.1" if source.version == 4 else "2001:db8::1")
        family = 0x11 if source.version == 4 else 0x21
        data = source.packed + own.packed + struct.pack("!HH", 40_001, 6667)
    data += more
    return SIGNATURE + struct.pack("!BBH", 0x20 | command, family, len(data)) + data


def host_of(session: Session) -> str:
    """Return the host that the user is shown with."""
    return one(session.ask(f"WHOIS {session.nick}"), "311").params[3]
