"""The configuration: what can be set, what it is when nobody sets it, and how it is loaded.

Owns the keys with their types, defaults and units (`Limits` and `Operator` are the core's), and the
checks that concern several keys or the files they name. A `Config` that `load` returns has passed
them all. It is never changed: a reload makes another. This module must not know what the server
does with any of it.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import argon2
import msgspec
from argon2.exceptions import InvalidHashError
from msgspec import Meta, field

from trio_chat.addresses import (
    ADDRESS_FORM,
    Address,
    TcpAddress,
    UnixAddress,
    parse_address,
    parse_path,
)
from trio_chat.config_values import (
    ConfigError,
    Form,
    Forms,
    Override,
    convert,
    from_environment,
    from_overrides,
    from_tables,
    key_of,
    kinds_of,
    read_toml,
    reason,
)
from trio_chat.core.names import is_channel_name
from trio_chat.core.networks import NETWORK_FORM, Network, parse_network
from trio_chat.core.settings import Limits, Operator, Settings
from trio_chat.wire.text import split

__all__ = ["Config", "ConfigError", "Override", "load"]

Count = Annotated[int, Meta(ge=1)]
CountOrNone = Annotated[int, Meta(ge=0)]
"""0 is a value of its own: no limit, for ever, nothing."""
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
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

_LOOPBACK = (parse_network("127.0.0.0/8"), parse_network("::1"))
_MOTD_LINE = 390
"""Bytes: a longer line does not fit into a reply for every nickname."""
_LONGEST_SOCKET_PATH = 107
"""Bytes: `sun_path` of Linux, without the NUL at its end."""
_FORMS: Forms = {
    Path: Form(expected="a path", parse=parse_path),
    Address: Form(expected=ADDRESS_FORM, parse=parse_address),
    Network: Form(expected=NETWORK_FORM, parse=lambda text, _: parse_network(text)),
}


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
    data: Path = field(default_factory=data_directory)
    password: str = ""
    """The hash of the password asked of every client; empty: none is."""
    motd: Path | None = None
    lobby: str = "#lobby"
    prompt_delay: Annotated[float, Meta(ge=0, le=60)] = 0.3
    """Seconds that a silent client is given before it is asked for a nickname."""


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a certificate with its chain, and of its key: PEM."""

    certificate: Path
    key: Path


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """One of the `[[listeners]]`"""

    address: Address
    tls: Tls | None = None


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """`[accounts]`"""

    registration: Literal["open", "closed"] = "open"
    before_connect: bool = True
    require_email: bool = False
    password_min_length: Count = 8
    """Characters."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """`[history]`"""

    enabled: bool = True
    sync: Literal["full", "normal", "off"] = "full"
    retention_days: CountOrNone = 90
    """Days; 0: for ever."""
    max_per_channel: Count = 100_000
    page: Count = 1000
    """Messages that one query can ask for."""
    on_join: CountOrNone = 20
    """Messages that somebody on the plain side is shown on joining."""


class Flood(msgspec.Struct, frozen=True, kw_only=True):
    """`[flood]`"""

    burst: Count = 10
    """Lines that may come at once."""
    rate: Annotated[float, Meta(gt=0, le=1_000_000)] = 4.0
    """Lines a second after that."""
    exempt: tuple[Network, ...] = _LOOPBACK


class Connections(msgspec.Struct, frozen=True, kw_only=True):
    """`[connections]`"""

    total: CountOrNone = 0
    """0: as many as there are file descriptors for."""
    per_address: Count = 64
    new_per_minute: Count = 64
    """From one address."""
    exempt: tuple[Network, ...] = _LOOPBACK
    """Where `per_address` and `new_per_minute` do not count."""
    registration_timeout: Seconds = 60.0
    registration_lines: Count = 1024
    ping_after: Seconds = 90.0
    """Seconds of silence."""
    ping_timeout: Seconds = 150.0
    """Seconds of silence: always more than `ping_after`."""
    handshake_timeout: Seconds = 10.0
    drain_timeout: Seconds = 5.0
    """Seconds that a closing connection, or the shutdown, has for sending what is queued."""


class Webirc(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway that may say with WEBIRC whom it speaks for."""

    host: tuple[Network, ...]
    password: str
    """A hash."""


class Gateways(msgspec.Struct, frozen=True, kw_only=True):
    """`[gateways]`"""

    webirc: tuple[Webirc, ...] = ()
    proxy: tuple[Network, ...] = ()
    """Who is believed when it begins with a PROXY header."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set."""

    server: Server = field(default_factory=Server)
    listeners: tuple[Listener, ...] = (Listener(address=TcpAddress("127.0.0.1", 55555)),)
    operators: tuple[Operator, ...] = ()
    accounts: Accounts = Accounts()
    history: History = History()
    limits: Limits = Limits()
    flood: Flood = Flood()
    connections: Connections = Connections()
    gateways: Gateways = Gateways()
    sections_set: frozenset[str] = frozenset()
    """The sections in which the user set something: not a key itself."""

    def settings(self) -> Settings:
        """Return what the core is told. Raises `ConfigError` when the motd can not be read."""
        try:
            motd = read_motd(self.server.motd) if self.server.motd else ()
        except (OSError, ValueError) as error:
            raise ConfigError([_unreadable("server.motd", self.server.motd, error)]) from None
        return Settings(
            name=self.server.name,
            network=self.server.network,
            lobby=self.server.lobby,
            password=self.server.password,
            motd=motd,
            operators=self.operators,
            limits=self.limits,
            registration_timeout=self.connections.registration_timeout,
            registration_lines=self.connections.registration_lines,
            ping_after=self.connections.ping_after,
            ping_timeout=self.connections.ping_timeout,
        )

    def not_there_yet(self) -> list[str]:
        """Name the sections that the user set something in to no effect.

        A section that asks for nothing (history that is switched off) is not missed.
        """
        return [
            section
            for section, asks in NOT_THERE_YET.items()
            if section in self.sections_set and asks(self)
        ]


NOT_THERE_YET: Mapping[str, Callable[[Config], bool]] = {
    "accounts": lambda config: config.accounts != Accounts(),
    "history": lambda config: config.history.enabled and config.history != History(),
    "gateways": lambda config: config.gateways != Gateways(),
}
"""Sections that have no effect yet, and whether a configuration asks for one."""

SECTIONS: Mapping[str, Any] = {
    section.name: section.type
    for section in msgspec.structs.fields(Config)
    if section.name != "sections_set"
}
KINDS = kinds_of(SECTIONS)
"""The annotation of every key."""


def load(
    path: Path | None, environ: Mapping[str, str], overrides: Sequence[Override] = ()
) -> Config:
    """Read the file, if there is one, the environment and the flags; check all of it.

    Raises `ConfigError` with every fault found.
    """
    here = Path.cwd()
    tables = read_toml(path) if path else {}
    base = path.absolute().parent if path else here
    from_file, faults = from_tables(tables, KINDS, source=str(path), base=base)
    from_variables, more = from_environment(environ, KINDS, base=here)
    faults += more
    given = from_file | from_variables | from_overrides(overrides, base=here)
    values, more = convert(given, KINDS, _FORMS)
    faults += more
    if "server.data" not in given:
        try:
            values["server.data"] = data_directory(environ)
        except RuntimeError:
            faults.append("server.data is not set; expected a directory, as the user has no home")
    if faults:
        raise ConfigError(faults)

    config = _assemble(values, {key.partition(".")[0] for key in given})
    for where, text in [*check(config), *check_files(config)]:
        source = given.get(key_of(where))
        faults.append(f"{source.source}: {text}" if source else text)
    if faults:
        raise ConfigError(faults)
    return config


def check(config: Config) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every fault that one value alone does not show."""
    yield from _check_listeners(config.listeners)
    for where, password in _passwords(config):
        if not _is_hash(password):
            yield (
                where,
                f"{where} is not an argon2 hash; make one with `trio-chat hash-password`",
            )
    names: dict[str, int] = {}
    for index, operator in enumerate(config.operators):
        first = names.setdefault(operator.name, index)
        if first != index:
            where = f"operators[{index}].name"
            yield (
                where,
                f'{where} is "{operator.name}", as is operators[{first}].name; '
                "expected a name of its own",
            )
    lobby, limit = config.server.lobby, config.limits.channel
    if not is_channel_name(lobby, limit):
        yield (
            "server.lobby",
            f'server.lobby is "{lobby}"; expected the name of a channel: "#", then at most '
            f"{limit - 1} characters (limits.channel is {limit}) without spaces, ',' and ':'",
        )
    after, timeout = config.connections.ping_after, config.connections.ping_timeout
    if timeout <= after:
        yield (
            "connections.ping_timeout",
            f"connections.ping_timeout is {timeout}; "
            f"expected more than connections.ping_after, which is {after}",
        )


def check_files(config: Config) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of a fault for every file that is named and can not be read."""
    for index, listener in enumerate(config.listeners):
        if listener.tls is None:
            continue
        where = f"listeners[{index}].tls"
        readable = True
        for name, path in [
            ("certificate", listener.tls.certificate),
            ("key", listener.tls.key),
        ]:
            try:
                with path.open("rb") as file:
                    file.read(1)
            except OSError as error:
                readable = False
                yield f"{where}.{name}", _unreadable(f"{where}.{name}", path, error)
        if readable:
            yield from _check_pair(where, listener.tls)
    if config.server.motd is not None:
        try:
            read_motd(config.server.motd)
        except (OSError, ValueError) as error:
            yield "server.motd", _unreadable("server.motd", config.server.motd, error)


def _check_pair(where: str, tls: Tls) -> Iterator[tuple[str, str]]:
    try:
        # Without a password of ours OpenSSL would ask for one on the terminal.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        # OpenSSL's own words for it follow a bracket with codes.
        found = str(error.strerror or error).partition("] ")[2] or str(error)
        yield (
            where,
            f"{where} is {tls.certificate} with {tls.key}, which can not be used ({found}); "
            "expected a certificate and the key that belongs to it, not encrypted, in PEM",
        )


def read_motd(path: Path) -> tuple[str, ...]:
    """Return the lines of a message of the day, the long ones cut into several.

    Raises `OSError`, or `ValueError` when it is not text in UTF-8.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if "\0" in text:
        raise ValueError("it has a NUL in it")
    return tuple(piece for line in text.splitlines() for piece in split(line.rstrip(), _MOTD_LINE))


def _assemble(values: Mapping[str, object], sections_set: set[str]) -> Config:
    sections: dict[str, Any] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        if name:
            sections.setdefault(section, {})[name] = value
        else:
            sections[section] = value
    for section, value in sections.items():
        if isinstance(value, dict):
            sections[section] = SECTIONS[section](**value)
    return Config(**sections, sections_set=frozenset(sections_set))


def _check_listeners(listeners: Sequence[Listener]) -> Iterator[tuple[str, str]]:
    if not listeners:
        yield "listeners", "listeners is empty; expected one address at least"
    seen: dict[Address, int] = {}
    for index, listener in enumerate(listeners):
        where, address = f"listeners[{index}].address", listener.address
        if (
            isinstance(address, UnixAddress)
            and len(os.fsencode(address.path)) > _LONGEST_SOCKET_PATH
        ):
            yield (
                where,
                f'{where} is "{address}"; expected a path of at most {_LONGEST_SOCKET_PATH} bytes',
            )
        if isinstance(address, TcpAddress) and address.port == 0:
            continue
        first = seen.setdefault(address, index)
        if first != index:
            yield (
                where,
                f'{where} is "{address}", as is listeners[{first}].address; '
                "expected an address of its own",
            )


def _passwords(config: Config) -> Iterator[tuple[str, str]]:
    if config.server.password:
        yield "server.password", config.server.password
    for index, operator in enumerate(config.operators):
        yield f"operators[{index}].password", operator.password
    for index, gateway in enumerate(config.gateways.webirc):
        yield f"gateways.webirc[{index}].password", gateway.password


def _is_hash(text: str) -> bool:
    try:
        parameters = argon2.extract_parameters(text)
    except InvalidHashError:
        return False
    # RFC 9106, section 3.1: what is shorter was cut off on its way here.
    return parameters.salt_len >= 8 and parameters.hash_len >= 4


def _unreadable(where: str, path: Path | None, error: Exception) -> str:
    return f"{where} is {path}, which can not be read: {reason(error)}"
