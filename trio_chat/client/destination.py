"""Where a server is and what to be called there, as people write it on a command line. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import msgspec

from trio_chat.addresses import LAST_PORT, TcpAddress, normal_host, split_address

DEFAULT_PORT = 55555
_IRC_PORT, _IRCS_PORT = 6667, 6697
_NICKNAME_LIMIT = 16
_NOT_IN_A_NICKNAME = re.compile(r"[^A-Za-z0-9_\-\[\]\\^{}|`]")


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """A server, and what a URL can say besides."""

    address: TcpAddress
    tls: bool = False
    room: str = ""


def parse_destination(text: str) -> Destination:
    """Read `host`, `host:port`, `[v6]`, `[v6]:port`, or a URL: `irc://host:port/room`, `ircs://…`.

    Raises `ValueError` with a sentence that says what is wrong.
    """
    if "://" in text:
        return _parse_url(text)
    if text.count(":") > 1 and text[0] != "[":
        # An IPv6 address without brackets can have no port.
        return Destination(address=TcpAddress(normal_host(text), DEFAULT_PORT))
    host, port = split_address(text) if text else ("", None)
    if not host:
        raise ValueError(f"{text!r} names no host")
    if port == 0:
        raise ValueError(f"'0' is not a port to connect to: those are from 1 to {LAST_PORT}")
    return Destination(address=TcpAddress(host, DEFAULT_PORT if port is None else port))


def _parse_url(text: str) -> Destination:
    scheme = text.partition("://")[0].lower()
    if scheme not in ("irc", "ircs"):
        raise ValueError(f"{text!r} is not an address: a URL begins with irc:// or ircs://")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ValueError(f"{text!r} is no URL with a host and a port") from None
    if not url.hostname:
        raise ValueError(f"{text!r} names no host")
    tls = scheme == "ircs"
    # Both are in use: irc://host/room and irc://host/#room.
    room = unquote(url.path.lstrip("/")) or url.fragment
    return Destination(
        address=TcpAddress(normal_host(url.hostname), port or (_IRCS_PORT if tls else _IRC_PORT)),
        tls=tls,
        room=room_name(room) if room else "",
    )


def room_name(text: str) -> str:
    """Return the name of a room as servers know it: `lobby` is `#lobby`."""
    return text if text[:1] in ("#", "&", "+", "!") else f"#{text}"


def nickname_for(login: str) -> str:
    """Make a nickname that any server takes (Modern IRC, "Clients") from a login name."""
    name = _NOT_IN_A_NICKNAME.sub("", login).lstrip("0123456789-")
    return name[:_NICKNAME_LIMIT] or "guest"
