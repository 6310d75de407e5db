"""What the server says of itself to whoever started it: where it listens, and how to connect."""

from __future__ import annotations

import itertools
import socket

from trio_chat.config import EVERYWHERE, Config, TcpAddress, UnixAddress
from trio_chat.server.listeners import Endpoint

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""What stands for every address, and where this host itself is reached then."""
_FAMILY_NAMES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}


def banner(endpoints: list[Endpoint], config: Config) -> str:
    """Return where the server listens, and ways to connect."""
    lines = [
        f"Listening on {_where(list(group))}"
        for _, group in itertools.groupby(endpoints, key=_listener_of)
    ]
    lines.append("Connect with any of these:")
    address, context = endpoints[0].address, endpoints[0].context
    tls_only = context is not None and context.only
    if isinstance(address, UnixAddress):
        program = "openssl s_client -quiet -unix" if tls_only else "nc -U"
        lines.append(f"  {program} {address.path}")
        return "\n".join(lines)
    shown = _reached(address)
    host = shown.host
    page = _page(endpoints, config)
    if page:
        lines.append(f"  a browser: {page}")
    lines += [
        f"  openssl s_client -quiet -connect {shown}"
        if tls_only
        else f"  nc {host} {address.port}",
        f"  trio-chat client {shown}{' --tls' if context is not None else ''}",
        f"  an IRC client, such as: irssi, and there /connect -tls {host} {address.port}"
        if tls_only
        else f"  an IRC client, such as: irssi -c {host} -p {address.port}",
    ]
    if host != address.host:
        lines.append(f"From elsewhere, with this host's name or address in place of {host}.")
    return "\n".join(lines)


def _page(endpoints: list[Endpoint], config: Config) -> str:
    """Return where the page is; nothing where there is none that a browser comes to."""
    for endpoint in endpoints if config.web.page else ():
        address = endpoint.address
        if isinstance(address, TcpAddress) and config.has_web(endpoint.configured):
            scheme = "http" if endpoint.context is None else "https"
            return f"{scheme}://{_reached(address)}/"
    return ""


def _reached(address: TcpAddress) -> TcpAddress:
    """Return where this host itself reaches an address on which it listens."""
    return TcpAddress(_WILDCARDS.get(address.host, address.host), address.port)


def _listener_of(endpoint: Endpoint) -> int:
    """Return what endpoints have in common that were configured as one, on every address."""
    configured = endpoint.configured.address
    everywhere = isinstance(configured, TcpAddress) and configured.host == EVERYWHERE
    return id(endpoint.configured if everywhere else endpoint)


def _where(endpoints: list[Endpoint]) -> str:
    """Say where endpoints listen that were configured as one, and what they take."""
    first = endpoints[0]
    text = str(first.address)
    configured = first.configured.address
    if isinstance(configured, TcpAddress) and configured.host == EVERYWHERE:
        port = text.rpartition(":")[2]
        families = " and ".join(_FAMILY_NAMES[endpoint.socket.family] for endpoint in endpoints)
        text = f"{EVERYWHERE}:{port}, every address of {families}"
    if first.context is None:
        return text
    return text + (", TLS only" if first.context.only else ", with TLS for those who begin with it")
