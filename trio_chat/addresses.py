"""Addresses as an administrator writes them: where to listen, and which networks are meant.

Owns their syntax and nothing else: no name is resolved and no socket is opened here. What these
functions return is in its normal form, so that equal addresses are equal values.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path

import msgspec

Network = IPv4Network | IPv6Network

ADDRESS_FORM = "host:port, [v6]:port or unix:/path, with a port from 0 to 65535"
NETWORK_FORM = "a network or an address, such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32"


class TcpAddress(msgspec.Struct, frozen=True, tag="tcp"):
    """A host (a name, or an address without brackets) and a port; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class UnixAddress(msgspec.Struct, frozen=True, tag="unix"):
    """A socket in the file system."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


Address = TcpAddress | UnixAddress


def parse_address(text: str, base: Path) -> Address:
    """Read `host:port`, `[v6]:port` or `unix:/path`; a relative path begins at `base`.

    Raises `ValueError` for anything else.
    """
    scheme, colon, rest = text.partition(":")
    if scheme == "unix" and colon and not _is_port(rest):
        return UnixAddress(parse_path(rest, base))
    host, _, port = text.rpartition(":")
    if not _is_port(port):
        raise ValueError(f"{port!r} is not a port")
    if host.startswith("[") and host.endswith("]"):
        host = str(IPv6Address(host[1:-1]))
    elif not host or not host.isprintable() or any(character in " :/[]," for character in host):
        raise ValueError(f"{host!r} is not a host")
    return TcpAddress(host.lower(), int(port))


def parse_path(text: str, base: Path) -> Path:
    """Return the path that `text` names; a relative one begins at `base`, `~` is a home directory.

    Raises `ValueError` for text that can not be a path.
    """
    if not text or "\0" in text:
        raise ValueError(f"{text!r} is not a path")
    try:
        return base / Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError(str(error)) from None


def parse_network(text: str) -> Network:
    """Read a CIDR or a single address. Raises `ValueError` for anything else.

    That includes a CIDR with bits set beyond its prefix: it is more likely a slip than meant.
    """
    return ip_network(text)


def network_text(network: Network) -> str:
    """Return what `parse_network` reads as `network`, without the prefix of a single address."""
    whole = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if whole else str(network)


def in_networks(host: str, networks: Iterable[Network]) -> bool:
    """Whether the address `host` belongs to one of `networks`.

    An IPv4 address is the same address when a dual-stack socket reports it as `::ffff:1.2.3.4`.
    What is no address (the peer of a unix socket) belongs to none.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535
