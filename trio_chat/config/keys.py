"""The keys: what can be set, and what it is when nobody sets it.

Owns the keys with their types, defaults and units (`Limits`, `Operator` and `Gateway` are the
core's), and what of them the core is told. Must not know how they are written in a file.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from trio_chat.addresses import TcpAddress
from trio_chat.config.conversion import ConfigError, kinds_of
from trio_chat.config.files import read_motd, unreadable
from trio_chat.config.listening import Address, FileMode
from trio_chat.config.origins import Origin
from trio_chat.core.networks import Network, is_loopback, parse_network
from trio_chat.core.settings import AccountPolicy, Gateway, Limits, Operator, Settings
from trio_chat.core.settings import Sts as StsPolicy

# Every number has two ends: beyond them it is a slip, or does what nobody can want.
Clients = Annotated[int, Meta(ge=1, le=10_000_000)]
ClientsOrAll = Annotated[int, Meta(ge=0, le=10_000_000)]
"""0: as many as can be."""
Seconds = Annotated[float, Meta(ge=0.1, le=86_400)]
Patience = Annotated[float, Meta(ge=1, le=86_400)]
"""Seconds that a peer is given, who has to hear of it and answer."""
ServerName = Annotated[
    str,
    Meta(
        # A source is told from a nickname by these characters, and a message by its first colon.
        pattern=r"^[^\s:!@\x00-\x1f\x7f-\x9f][^\s!@\x00-\x1f\x7f-\x9f]*\Z",
        max_length=63,
        description="a name of at most 63 characters without spaces, '!' and '@' "
        "that does not begin with ':'",
    ),
]
NetworkName = Annotated[
    str,
    Meta(
        # It is the value of an ISUPPORT token.
        pattern=r"^[^\s\x00-\x1f\x7f-\x9f]+\Z",
        max_length=63,
        description="a name of at most 63 characters without spaces",
    ),
]

GroupName = Annotated[
    str,
    Meta(
        pattern=r"^[^\s:\x00-\x1f\x7f-\x9f]+\Z",
        description="the name or the number of a group, as a text",
    ),
]
Description = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z",
        description="a text without control characters",
    ),
]
AdminText = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f-\x9f]+\Z",
        description="a text, not empty, without control characters",
    ),
]

WebPath = Annotated[
    str,
    Meta(
        pattern=r"^/[A-Za-z0-9._~/-]*\Z",
        max_length=200,
        description='a path, such as "/ws", without a query',
    ),
]
Colour = Annotated[
    str,
    Meta(pattern=r"^#[0-9a-fA-F]{6}\Z", description='a colour, such as "#2f6f8f"'),
]

_LOOPBACK = (parse_network("127.0.0.0/8"), parse_network("::1"))


def host_name() -> str:
    """Return this host's name, or `localhost` where it can not be a server's name."""
    name = socket.gethostname()
    try:
        return msgspec.convert(name, ServerName)
    except msgspec.ValidationError:
        return "localhost"


def data_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the user's programs keep their data (XDG Base Directory Specification).

    Raises `RuntimeError` where the user has no home.
    """
    base = Path(environ.get("XDG_DATA_HOME", ""))
    if not base.is_absolute():
        base = Path(environ.get("HOME") or Path.home()) / ".local" / "share"
    return base / "trio-chat"


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """`[server]`"""

    name: ServerName = field(default_factory=host_name)
    network: NetworkName = "trio_chat"
    description: Description = ""
    """What this server is; empty: the network's name."""
    data: Path | None = field(default_factory=data_directory)
    """None: nothing is kept on disk."""
    password: str = ""
    """The hash of the password asked of every client; empty: none is."""
    motd: Path | None = None
    admin: tuple[AdminText, ...] = ()
    """Where it is, who runs it, and how to reach them."""
    lobby: str = "#lobby"
    prompt_delay: Annotated[float, Meta(ge=0, le=60)] = 0.3
    """Seconds that a silent client is given before it is asked for a nickname."""


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a certificate with its chain, and of its key: PEM."""

    certificate: Path
    key: Path
    only: bool = False
    """Nothing else is spoken on that port."""


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """One of the `[[listeners]]`"""

    address: Address
    tls: Tls | None = None
    mode: FileMode | None = None
    """Of a socket in the file system; by default what the process's umask leaves."""
    group: GroupName | None = None
    """Of a socket in the file system: its name or its number."""
    web: bool | None = None
    """Whether HTTP is answered there; None: as `[web]` says."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """`[history]`"""

    enabled: bool = True
    sync: Literal["full", "normal", "off"] = "full"
    retention_days: Annotated[int, Meta(ge=0, le=36_500)] = 90
    """Days; 0: for ever."""
    max_per_channel: Annotated[int, Meta(ge=1, le=100_000_000)] = 100_000
    page: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    """Messages that one query can ask for."""
    on_join: Annotated[int, Meta(ge=0, le=1000)] = 20
    """Messages that somebody who does not ask for them is shown on joining."""
    redact_within: Annotated[float, Meta(ge=0, le=3_153_600_000)] = 3600.0
    """Seconds in which people can take back what they have said; 0: they can not."""


class Flood(msgspec.Struct, frozen=True, kw_only=True):
    """`[flood]`"""

    burst: Annotated[int, Meta(ge=1, le=1_000_000)] = 10
    """Lines that may come at once."""
    rate: Annotated[float, Meta(ge=0.01, le=1_000_000)] = 4.0
    """Lines a second after that."""
    exempt: tuple[Network, ...] = _LOOPBACK


class Connections(msgspec.Struct, frozen=True, kw_only=True):
    """`[connections]`"""

    total: ClientsOrAll = 0
    """0: as many as there are file descriptors for."""
    per_address: Clients = 64
    new_per_minute: Clients = 64
    """From one address."""
    exempt: tuple[Network, ...] = _LOOPBACK
    """Where `per_address` and `new_per_minute` do not count."""
    registration_timeout: Patience = 60.0
    registration_lines: Annotated[int, Meta(ge=8, le=1_000_000)] = 1024
    ping_after: Patience = 90.0
    """Seconds of silence."""
    ping_timeout: Patience = 150.0
    """Seconds of silence: always more than `ping_after`."""
    handshake_timeout: Seconds = 10.0
    drain_timeout: Seconds = 5.0
    """Seconds that a closing connection, or the shutdown, has for sending what is queued."""


class Gateways(msgspec.Struct, frozen=True, kw_only=True):
    """`[gateways]`"""

    webirc: tuple[Gateway, ...] = ()
    """Who is believed when it says with WEBIRC, and a password, whom it speaks for."""
    proxy: tuple[Network, ...] = ()
    """Who is believed when it begins with a PROXY header."""
    http: tuple[Network, ...] = ()
    """Who is believed when it says in a request for whom it asks (Forwarded, X-Forwarded-For)."""


class Web(msgspec.Struct, frozen=True, kw_only=True):
    """`[web]`"""

    listen: Literal["loopback", "all", "none"] = "loopback"
    """At which listeners HTTP is answered."""
    page: bool = True
    websocket: tuple[WebPath, ...] = ("/", "/ws")
    """The paths of it; none: there is no WebSocket."""
    metrics: bool = True
    """Whether there is `/metrics`, with `/healthz` and `/readyz`."""
    dashboard: bool = True
    admin: tuple[Network, ...] = _LOOPBACK
    """Who is shown these two."""
    origins: tuple[Origin, ...] = ()
    """Whose pages may connect, besides those of loopback, of the listeners' addresses and of the
    server's name."""
    title: Description = ""
    """Of the page; empty: the network's name."""
    accent: Colour = "#2f6f8f"
    icon: Path | None = None
    """An SVG or PNG."""


class Sts(msgspec.Struct, frozen=True, kw_only=True):
    """`[sts]`"""

    enabled: bool = False
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """0: the port of the first listener with TLS."""
    duration: Annotated[int, Meta(ge=0, le=315_360_000)] = 2_592_000
    """Seconds; 0 takes the policy back."""
    preload: bool = False


def tls_port(listeners: Sequence[Listener]) -> int | None:
    """Return the port of the first listener with TLS that has one of its own."""
    for listener in listeners:
        address = listener.address
        if listener.tls is not None and isinstance(address, TcpAddress) and address.port:
            return address.port
    return None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set."""

    server: Server = field(default_factory=Server)
    listeners: tuple[Listener, ...] = (Listener(address=TcpAddress("127.0.0.1", 55555)),)
    operators: tuple[Operator, ...] = ()
    accounts: AccountPolicy = AccountPolicy()
    history: History = History()
    limits: Limits = Limits()
    flood: Flood = Flood()
    connections: Connections = Connections()
    gateways: Gateways = Gateways()
    web: Web = Web()
    sts: Sts = Sts()

    def settings(self) -> Settings:
        """Return what the core is told. Raises `ConfigError` when the motd can not be read."""
        try:
            motd = read_motd(self.server.motd) if self.server.motd else ()
        except (OSError, ValueError) as error:
            raise ConfigError([unreadable("server.motd", self.server.motd, error)]) from None
        return Settings(
            name=self.server.name,
            network=self.server.network,
            description=self.server.description or self.server.network,
            lobby=self.server.lobby,
            password=self.server.password,
            motd=motd,
            admin=self.server.admin,
            operators=self.operators,
            gateways=self.gateways.webirc,
            sts=self._sts(),
            durable=self.server.data is not None,
            history=self.history.enabled and self.server.data is not None,
            history_page=self.history.page,
            history_on_join=self.history.on_join,
            redact_within=self.history.redact_within,
            retention_days=self.history.retention_days,
            accounts=self.accounts if self.server.data is not None else None,
            limits=self.limits,
            registration_timeout=self.connections.registration_timeout,
            registration_lines=self.connections.registration_lines,
            ping_after=self.connections.ping_after,
            ping_timeout=self.connections.ping_timeout,
        )

    def has_web(self, listener: Listener) -> bool:
        """Whether HTTP is answered at a listener."""
        if listener.web is not None:
            return listener.web
        if self.web.listen != "loopback":
            return self.web.listen == "all"
        address = listener.address
        return not isinstance(address, TcpAddress) or (
            address.host == "localhost" or is_loopback(address.host)
        )

    def _sts(self) -> StsPolicy | None:
        port = self.sts.port or tls_port(self.listeners)
        if not self.sts.enabled or port is None:
            return None
        return StsPolicy(port=port, duration=self.sts.duration, preload=self.sts.preload)

    def certificates(self) -> list[Path]:
        """Name the files of certificates, each once."""
        found = [one.tls.certificate for one in self.listeners if one.tls is not None]
        return list(dict.fromkeys(found))


SECTIONS: Mapping[str, Any] = {
    section.name: section.type for section in msgspec.structs.fields(Config)
}
KINDS = kinds_of(SECTIONS)
"""The annotation of every key."""
