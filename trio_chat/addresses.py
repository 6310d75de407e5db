"""Hosts and ports as people write them, to listen there or to connect.

Owns their syntax and nothing else: no name is resolved and no socket is opened here. What these
functions return is in its normal form, so that equal addresses are equal values; what they raise
says in a sentence what is wrong.
"""

from __future__ import annotations

from ipaddress import IPv6Address

import msgspec

LAST_PORT = 65_535


class TcpAddress(msgspec.Struct, frozen=True, tag="tcp"):
    """A host (a name, or an address without brackets) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def split_address(text: str) -> tuple[str, int | None]:
    """Read `host`, `host:port`, `[v6]` or `[v6]:port`: the host, and the port where one is named.

    Raises `ValueError` for anything else; an empty host is let pass where a port follows.
    """
    inner, bracket, rest = text.rpartition("]")
    if bracket:
        if inner[:1] != "[" or ":" not in inner or rest[:1] not in ("", ":"):
            raise ValueError(f"{text!r} is not an address: write [v6]:port")
        return normal_host(inner[1:]), _port(rest[1:]) if rest else None
    host, colon, port = text.partition(":")
    if not colon:
        return normal_host(host), None
    return normal_host(host) if host else "", _port(port)


def normal_host(text: str) -> str:
    """Return a name or an address (IPv6 without brackets) as it is compared with others.

    Raises `ValueError` for what can be neither.
    """
    if ":" in text:
        try:
            return str(IPv6Address(text))
        except ValueError:
            raise ValueError(f"{text!r} is not an IPv6 address") from None
    if not text or not text.isprintable() or any(character in " /[]," for character in text):
        raise ValueError(f"{text!r} is not a host")
    try:
        # As every name is encoded before it is looked up (RFC 3490).
        text.encode("idna")
    except UnicodeError:
        raise ValueError(
            f"{text!r} is not a host: between its dots there is nothing, or more than 63 characters"
        ) from None
    return text.lower()


def is_port(text: str) -> bool:
    """Whether this is the number of a port; 0, which can not be connected to, is one."""
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= LAST_PORT


def _port(text: str) -> int:
    if not is_port(text):
        raise ValueError(f"{text!r} is not a port: those are up to {LAST_PORT}")
    return int(text)
