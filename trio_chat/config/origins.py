"""Origins of pages, as an administrator and a browser write them (RFC 6454, section 6.2)."""

from __future__ import annotations

import re
from typing import NamedTuple

from trio_chat.core.networks import parse_address

ORIGIN_FORM = (
    'a name or an address, with or without "https://" or "http://" in front and a port behind, '
    'such as "https://chat.example.org"'
)
_ORIGIN = re.compile(
    r"(?:(?P<scheme>https?)://)?"
    r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^\s/:?#@*\[\]\\]+))"
    r"(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE,
)
_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """A scheme, a host in small letters, and a port; empty and None: any."""

    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port in (None, _PORTS.get(self.scheme)) else f":{self.port}"
        return (f"{self.scheme}://" if self.scheme else "") + host + port

    def covers(self, other: Origin) -> bool:
        """Whether another, that says all there is to say, is one of those that are meant here."""
        return (
            self.host == other.host
            and self.scheme in ("", other.scheme)
            and self.port in (None, other.port)
        )


def parse_origin(text: str) -> Origin:
    """Read an origin, or a name, with a port or without. Raises `ValueError`."""
    found = _ORIGIN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no origin")
    host = (found["v6"] or found["name"]).lower().rstrip(".")
    address = parse_address(host)
    if address is None and (found["v6"] is not None or not host):
        raise ValueError(f"{text!r} is no origin")
    if address is None and not host.isascii():
        # As a browser writes it. What can not be written so is a ValueError too.
        host = host.encode("idna").decode("ascii")
    scheme = (found["scheme"] or "").lower()
    port = int(found["port"]) if found["port"] else _PORTS.get(scheme)
    return Origin(scheme, str(address) if address is not None else host, port)
