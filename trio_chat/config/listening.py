"""Where to listen, as an administrator writes it; and paths.

Stands on `addresses`, and owns what only a server has: sockets in the file system, and paths that
begin at a directory.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NewType

import msgspec

from trio_chat.addresses import TcpAddress, is_port, split_address

ADDRESS_FORM = (
    "host:port, [v6]:port, *:port for every address, or unix:/path, with a port from 0 to 65535"
)
EVERYWHERE = "*"
"""The host that is every address, IPv4 and IPv6."""
FileMode = NewType("FileMode", int)
"""Permissions, as the system takes them."""
MODE_FORM = 'the permissions of a file in octal, such as "0660"'
_MODE = re.compile("0?[0-7]{3}")


class UnixAddress(msgspec.Struct, frozen=True, tag="unix"):
    """A socket in the file system."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


Address = TcpAddress | UnixAddress


def parse_address(text: str, base: Path) -> Address:
    """Read `host:port`, `[v6]:port`, `:port` or `unix:/path`; a relative path begins at `base`.

    Without a host it is `EVERYWHERE`, which can be written, too. Port 0 is any free one. Raises
    `ValueError` for anything else.
    """
    scheme, colon, rest = text.partition(":")
    if scheme == "unix" and colon and not is_port(rest):
        return UnixAddress(parse_path(rest, base))
    host, port = split_address(text)
    if port is None:
        raise ValueError(f"{text!r} has no port")
    return TcpAddress(host or EVERYWHERE, port)


def parse_mode(text: str) -> FileMode:
    """Read permissions as `chmod` takes them in octal: `660` or `0660`. Raises `ValueError`."""
    if not _MODE.fullmatch(text):
        raise ValueError(f"{text!r} is not a mode")
    return FileMode(int(text, 8))


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
