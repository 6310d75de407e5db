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

from trio_chat.config.origins import Origin, parse_origin
from trio_chat.core.networks import Network, in_networks, normal, parse_address
from trio_chat.server.web.messages import Request

_PAIR = re.compile(
    r"""[ \t]*(?P<name>[\w!#$%&'*+.^`|~-]+)="""
    r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^\s;,"]*))"""
    r"""[ \t]*(?P<end>[;,]|\Z)"""
)
"""One pair of a `Forwarded`, and what follows it (RFC 7239, section 4)."""
_LONGEST = 1024
"""Characters of a header that says whom a proxy speaks for."""
_SECURE = {"https": True, "wss": True, "http": False, "ws": False}
_OF_PROXIES = ("forwarded", "via", "x-real-ip", "cf-connecting-ip", "true-client-ip")
_OF_PROXIES_BEGIN = "x-forwarded-"
"""Headers that only proxies have a use for."""


class ForwardedError(Exception):
    """It can not be told for whom a proxy speaks. The text says why."""


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What this server is called: its name, and what else stands in `[web] origins`."""

    server: str
    origins: tuple[Origin, ...] = ()

    def is_ours(self, host: str, local: str) -> bool:
        """Whether a name, as `Host` has it, can only be this server's: loopback, the address at
        which the client is connected, or a name of the configuration."""
        asked = _parsed(host)
        if asked is None:
            return False
        return self._is_own(asked, local) or any(asked.host == one.host for one in self.origins)

    def may_come_from(self, origin: str, local: str) -> bool:
        """Whether a page of this origin may connect. Where a scheme or a port is configured, no
        other is meant."""
        asked = _parsed(origin)
        if asked is None or not asked.scheme:
            return False
        return self._is_own(asked, local) or any(one.covers(asked) for one in self.origins)

    def _is_own(self, asked: Origin, local: str) -> bool:
        address = parse_address(asked.host)
        if address is not None and (address.is_loopback or str(address) == normal(local)):
            return True
        return asked.host in ("localhost", self.server.lower()) or asked.host.endswith(".localhost")


def _parsed(origin: str) -> Origin | None:
    try:
        return parse_origin(origin)
    except ValueError:
        return None


class Client(msgspec.Struct, frozen=True):
    """Who asks, behind all proxies that are believed."""

    address: str
    """Empty for whoever is connected to a Unix socket."""
    secure: bool | None
    """Whether the outermost of these proxies was spoken to with TLS; None: it does not say."""


def is_believed(peer: str, believed: Iterable[Network]) -> bool:
    """Whether a peer is a proxy of the configuration's; one at a Unix socket is on this host."""
    return in_networks(peer or "127.0.0.1", believed)


def client(request: Request, believed: Iterable[Network]) -> Client:
    """Return for whom a proxy speaks: the last of those it names who is no proxy itself (RFC 7239,
    and X-Forwarded-For and X-Forwarded-Proto).

    What somebody else says is not looked at. Raises `ForwardedError` where it names nobody, or
    names two: it may hand on what a client has made up, in the header that it does not write
    itself.
    """
    networks = tuple(believed)
    if not is_believed(request.peer, networks):
        return Client(request.peer, None)
    found = [
        next((hop for hop in reversed(hops) if not in_networks(hop.address, networks)), hops[0])
        for hops in (_hops_by_standard(request), _hops_by_habit(request))
        if hops
    ]
    if not found:
        return Client(request.peer, None)
    if len({hop.address for hop in found}) > 1:
        raise ForwardedError("Forwarded and X-Forwarded-For name different clients")
    if not found[0].address:
        raise ForwardedError("the proxy does not say for whom it asks")
    said = {hop.secure for hop in found}
    return Client(found[0].address, said.pop() if len(said) == 1 else False)


def is_forwarded(request: Request) -> bool:
    """Whether the request says that it comes for somebody else."""
    return any(
        name in _OF_PROXIES or name.startswith(_OF_PROXIES_BEGIN) for name in request.headers
    )


def _hops_by_standard(request: Request) -> list[Client]:
    """Return whom `Forwarded` names, from the client to the last proxy but one, each with the
    scheme that was spoken there; the address is empty where it names none."""
    text = _limited(request, "forwarded")
    hops: list[Client] = []
    pairs: dict[str, str] = {}
    place = 0
    while place < len(text):
        pair = _PAIR.match(text, place)
        if pair is None:
            raise ForwardedError("Forwarded is not as RFC 7239 has it")
        pairs[pair["name"].lower()] = pair["quoted"] or pair["token"] or ""
        place = pair.end()
        if pair["end"] != ";":
            scheme = pairs.get("proto", "").lower()
            hops.append(Client(_node(pairs.get("for", "")), _SECURE.get(scheme)))
            pairs = {}
    return hops


def _hops_by_habit(request: Request) -> list[Client]:
    """Return the same of `X-Forwarded-For`, with what `X-Forwarded-Proto` says last."""
    named = _limited(request, "x-forwarded-for")
    scheme = _limited(request, "x-forwarded-proto").rpartition(",")[2].strip().lower()
    secure = _SECURE.get(scheme)
    return [Client(_node(one), secure) for one in named.split(",")] if named else []


def _limited(request: Request, name: str) -> str:
    value = request.header(name)
    if len(value) > _LONGEST:
        raise ForwardedError(f"{name} has more than {_LONGEST} characters")
    return value


def _node(text: str) -> str:
    """Return the IP address of a node, with or without a port; nothing where it has none."""
    name = text.strip()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    address = parse_address(name)
    return str(address) if address is not None else ""
