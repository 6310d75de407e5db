"""Which names are ours, and whom a proxy speaks for.

A page that a browser has from elsewhere can have it connect here, with the rights of whoever sits
in front of it. What tells such a page from ours is the name under which it was loaded (`Origin`,
RFC 6454), and only a name that nobody else can have says anything: whoever owns a name may point it
at 127.0.0.1 (DNS rebinding), and then `Origin` and `Host` agree. Must not know connections.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from trio_chat.core.networks import Network, in_networks, normal, parse_address
from trio_chat.server.web.messages import Request

_FORWARDED = re.compile(
    r"""(?:^|;)\s*(?P<name>for|proto)\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<token>[^\s;",]*))""",
    re.IGNORECASE,
)
"""One pair of a `Forwarded` (RFC 7239, section 4)."""


_SECURE = {"https": True, "wss": True, "http": False, "ws": False}


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What this server is called: its name, and what else stands in `[web] origins`: names, or
    whole origins (`https://chat.example.org`)."""

    server: str
    origins: tuple[str, ...] = ()

    def is_ours(self, host: str, local: str) -> bool:
        """Whether a name, as `Host` has it, can only be this server's: loopback, the address at
        which the client is connected, or a name of the configuration."""
        return _is_ours(
            _without_port(host), local, {self.server.lower(), *map(_name, self.origins)}
        )

    def may_come_from(self, origin: str, local: str) -> bool:
        """Whether a page of this origin may connect. Of a whole origin that is configured, no other
        scheme or port is meant."""
        if origin.lower() in (one.lower().rstrip("/") for one in self.origins):
            return True
        scheme, _, host = origin.partition("://")
        if scheme.lower() not in ("http", "https"):
            return False
        names = {one.lower() for one in self.origins if "://" not in one}
        return _is_ours(_without_port(host), local, {self.server.lower(), *names})


def _is_ours(name: str, local: str, names: set[str]) -> bool:
    if not name:
        return False
    address = parse_address(name)
    if address is not None:
        return address.is_loopback or str(address) == normal(local)
    return name == "localhost" or name.endswith(".localhost") or name in names


def _name(origin: str) -> str:
    """Return the name in an origin, or the name that it is."""
    return _without_port(origin.rpartition("://")[2])


def _without_port(host: str) -> str:
    """Return the name, or the address without brackets, in small letters."""
    host = host.strip().rstrip("/").lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


class Client(msgspec.Struct, frozen=True):
    """Who asks, behind all proxies that are believed."""

    address: str
    """Empty where that is not to be known."""
    secure: bool | None
    """Whether the outermost of these proxies was spoken to with TLS; None: it does not say."""


def client(request: Request, believed: Iterable[Network]) -> Client:
    """Return for whom a proxy speaks: the last of those it names who is no proxy itself (RFC 7239,
    and X-Forwarded-For and X-Forwarded-Proto). What somebody else says is not looked at."""
    networks = tuple(believed)
    hops = _hops(request)
    if not request.believed or not hops:
        return Client(request.peer, None)
    others = (hop for hop in reversed(hops) if not in_networks(hop[0], networks))
    address, proto = next(others, hops[0])
    return Client(address, _SECURE.get(proto))


def is_forwarded(request: Request) -> bool:
    """Whether the request says that it comes for somebody else."""
    return any(name in request.headers for name in ("forwarded", "x-forwarded-for", "via"))


def _hops(request: Request) -> list[tuple[str, str]]:
    """Return the addresses that a proxy names, from the client to the last proxy but one, each with
    the scheme that was spoken there; empty: what is no address."""
    if "forwarded" in request.headers:
        found = []
        for element in request.header("forwarded").split(","):
            pairs = {
                one["name"].lower(): one["quoted"] or one["token"] or ""
                for one in _FORWARDED.finditer(element)
            }
            found.append((_node(pairs.get("for", "")), pairs.get("proto", "").lower()))
        return found
    named = request.header("x-forwarded-for")
    proto = request.header("x-forwarded-proto").rpartition(",")[2].strip().lower()
    return [(_node(one), proto) for one in named.split(",")] if named else []


def _node(text: str) -> str:
    """Return the IP address of a node, with or without a port; nothing where it has none."""
    name = text.strip()
    address = parse_address(name) or parse_address(_without_port(name))
    return str(address) if address is not None else ""
