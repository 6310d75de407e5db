"""Addresses as an administrator writes them: where to listen.

Owns their syntax and nothing else: no name is resolved and no socket is opened here. What these
functions return is in its normal form, so that equal addresses are equal values.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from pathlib import Path

import msgspec

ADDRESS_FORM = "host:port, [v6]:port or unix:/path, with a port from 0 to 65535"


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


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535
