"""Networks and the addresses in them: who is exempt, who is believed, who is banned.

Knows how they are written and what belongs to what; resolves no name. What these functions return
is in its normal form, so that equal networks are equal values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

HOST_LIMIT = 63
"""Characters of the longest host that a user can be shown with."""

_HOST = re.compile(rf"[A-Za-z0-9][A-Za-z0-9.:/_-]{{0,{HOST_LIMIT - 1}}}", re.ASCII)

_MAPPED = 96
"""Bits of the prefix of IPv6 that IPv4 is in, as `::ffff:1.2.3.4` (RFC 4291, section 2.5.5.2)."""
_GROUPS = re.compile(r"((?:[0-9A-Fa-f]{1,4}:){2,7})\*")
"""How people write a network of IPv6 who write `192.0.2.*`."""
_ADDRESS_LIKE = re.compile(
    r"[0-9]*\.[0-9.]*(?:/.*)?"
    r"|[0-9*?]*\.[0-9.*?]*/[0-9].*"
    r"|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:/.*)?"
    r"|[0-9A-Fa-f]*[.:*?][0-9A-Fa-f.:*?]*/[0-9]+"
)
"""What is meant for an address or a network, and for no name."""
_IPV6_LIKE = re.compile(r"[0-9A-Fa-f.*?]*:[0-9A-Fa-f.*?]*:[0-9A-Fa-f.:*?]*")
"""The same of what may have wild cards."""
_IPV6_GROUPS = 8
_GROUP = re.compile(r"0|[1-9A-Fa-f][0-9A-Fa-f]{0,3}")
"""One of these, as it is shown."""
_ZEROS = re.compile(r"(?<![^:])0(?::0)+(?![^:])")
"""Groups of zeros that are not left out as `::`."""

Network = IPv4Network | IPv6Network

NETWORK_FORM = "a network or an address, such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32"


def parse_network(text: str) -> Network:
    """Read a CIDR or a single address, IPv4 as IPv4. Raises `ValueError` for anything else.

    That includes a CIDR with bits set beyond its prefix: it is more likely a slip than meant.
    """
    network = ip_network(text)
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - _MAPPED))
    return network


def network_text(network: Network) -> str:
    """Return what `parse_network` reads as `network`, without the prefix of a single address."""
    whole = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if whole else str(network)


def in_networks(host: str, networks: Iterable[Network]) -> bool:
    """Whether the address `host` belongs to one of `networks`.

    An IPv4 address is the same address when a dual-stack socket reports it as `::ffff:1.2.3.4`.
    What is no address (the peer of a unix socket) belongs to none.
    """
    address = parse_address(host)
    return address is not None and any(address in network for network in networks)


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that this is, IPv4 as IPv4; None: it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_loopback(text: str) -> bool:
    """Whether this is an address of this host's that nobody else reaches; so is that of a Unix
    socket, which is empty."""
    address = parse_address(text)
    return not text or (address is not None and address.is_loopback)


def normal_host(host: str) -> str:
    """Return the host of a mask as `shown_host` writes hosts, where it is an address or a network;
    what is neither stays as it is."""
    text = bare(host)
    groups = _GROUPS.fullmatch(text)
    if groups is not None:
        text = f"{groups[1]}:/{16 * groups[1].count(':')}"
    try:
        shown = network_text(parse_network(text))
    except ValueError:
        return host
    return f"0{shown}" if shown.startswith(":") else shown


def is_slip(host: str) -> bool:
    """Whether the host of a mask, in its normal form, was meant for an address or a network and is
    none: nobody has it."""
    if "%" in host:
        # Nobody is shown with a zone.
        return True
    if ("*" in host or "?" in host) and _IPV6_LIKE.fullmatch(host):
        return not _can_be_shown(host)
    if not _ADDRESS_LIKE.fullmatch(host):
        return False
    try:
        parse_network(host)
    except ValueError:
        return True
    return False


def _can_be_shown(host: str) -> bool:
    """Whether a mask of IPv6 addresses is written as `shown_host` writes them (RFC 5952, section
    4): in any other way it matches nobody. In doubt it is."""
    if host[0] == ":" or "." in host or ":::" in host or host.count("::") > 1:
        return False
    if host.count(":") >= _IPV6_GROUPS:
        return False
    if ":0::" in host or "::0:" in f"{host}:":
        # `::` would be the zeros beside it too.
        return False
    groups = host.removeprefix("0::").split(":")
    literal = [one for one in groups if one and "*" not in one and "?" not in one]
    # Zeros are written out only where `::` is as many, and that is two at least.
    zeros = max((one[0].count("0") for one in _ZEROS.finditer(host)), default=0)
    left_out = max(zeros, 2 if "::" in host else 0)
    return len(literal) + left_out <= _IPV6_GROUPS and all(map(_GROUP.fullmatch, literal))


def bare(text: str) -> str:
    """Return an address, or a network, as people mean it who have sent it: without the brackets
    that keep its colons apart from a port's, and with the colon that `::1` loses where it is a
    parameter."""
    if text[:1] == "[" and text[-1:] == "]":
        return text[1:-1]
    return f":{text}" if text[:1] == ":" and text[1:2] != ":" else text


def is_host(text: str) -> bool:
    """Whether a user can be shown with this host: it stands in `nickname!user@host`."""
    return _HOST.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Whether this is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def normal(text: str) -> str:
    """Return an IP address in its normal form: without a zone, and IPv4 as IPv4.

    What is no IP address (of a Unix socket there is none) stays as it is.
    """
    address = parse_address(text.partition("%")[0])
    return text if address is None else str(address)


def site(address: str, prefix: int = 64) -> str:
    """Return what an address is counted as: IPv6 by its first bits, by default by /64, which is the
    least that one customer gets."""
    address = normal(address)
    if ":" not in address:
        return address
    rest = 128 - prefix
    return str(IPv6Address(int(IPv6Address(address)) >> rest << rest))


def shown_host(address: str) -> str:
    """Return an address as it can stand in a message: no parameter begins with a colon."""
    if not address:
        return "localhost"
    address = normal(address)
    return f"0{address}" if address.startswith(":") else address
