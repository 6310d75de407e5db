"""What one value of the configuration alone does not show: several keys, and the files they name.

Owns these checks, and reads the files for them. A fault is the place of the value that it is about,
and a sentence that names it, what is there, and what was expected.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Sequence

import argon2
from argon2.exceptions import InvalidHashError

from trio_chat.addresses import TcpAddress
from trio_chat.config.conversion import check_regular
from trio_chat.config.files import TEXT_LIMIT, read_icon, read_motd, unreadable
from trio_chat.config.keys import Config, Listener, Tls, tls_port
from trio_chat.config.listening import Address, UnixAddress
from trio_chat.core.names import is_channel_name
from trio_chat.core.settings import Limits
from trio_chat.wire.irc import LINE_LIMIT

_ADMIN_TEXTS = 3
"""Replies that ADMIN has for them (RFC 2812, section 3.4.9)."""
_DESCRIPTION_LIMIT = 200
"""Bytes: a longer one does not fit into a reply with two nicknames and the server's name twice."""
_MOST_PASSES, _MOST_MEMORY, _MOST_LANES = 100, 1_048_576, 64
"""Of a hash: passes over so many KiB, in so many lanes. Every attempt takes that of this host."""
_LONGEST_SOCKET_PATH = 107
"""Bytes: `sun_path` of Linux, without the NUL at its end."""


def check(config: Config) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every fault that one value alone does not show."""
    yield from _check_listeners(config.listeners)
    yield from _check_sts(config)
    yield from _check_admin(config.server.admin)
    yield from _check_sendq(config.limits)
    yield from _check_accounts(config)
    if config.web.page and not config.web.websocket and config.web.listen != "none":
        yield (
            "web.websocket",
            'web.websocket is empty; expected a path such as "/ws", as the page (web.page) does '
            "not work without",
        )
    size = len(config.server.description.encode())
    if size > _DESCRIPTION_LIMIT:
        yield (
            "server.description",
            f"server.description is {size} bytes long; expected at most {_DESCRIPTION_LIMIT}",
        )
    for where, password in _passwords(config):
        parameters = _parameters(password)
        if parameters is None:
            yield (
                where,
                f"{where} is not an argon2 hash; make one with `trio-chat hash-password`",
            )
        elif (
            parameters.time_cost > _MOST_PASSES
            or parameters.memory_cost > _MOST_MEMORY
            or parameters.parallelism > _MOST_LANES
        ):
            yield (
                where,
                f"{where} takes too much work: t={parameters.time_cost}, "
                f"m={parameters.memory_cost}, p={parameters.parallelism}; expected at most "
                f"{_MOST_PASSES}, {_MOST_MEMORY} (1 GiB) and {_MOST_LANES}; make one with "
                "`trio-chat hash-password`",
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


def _check_sendq(limits: Limits) -> Iterator[tuple[str, str]]:
    """To be sent one message must not be too much for anybody."""
    least = limits.multiline_bytes + limits.multiline_lines * LINE_LIMIT
    if limits.sendq < least:
        yield (
            "limits.sendq",
            f"limits.sendq is {limits.sendq}; expected at least {least}, which is what one message "
            f"can take (limits.multiline_bytes is {limits.multiline_bytes}, "
            f"limits.multiline_lines {limits.multiline_lines})",
        )


def _check_accounts(config: Config) -> Iterator[tuple[str, str]]:
    accounts = config.accounts
    if accounts.require_email and not accounts.mail_command:
        yield (
            "accounts.require_email",
            "accounts.require_email is true; expected accounts.mail_command, as a code has to be "
            "mailed",
        )
    if accounts.required and config.server.data is None:
        yield (
            "accounts.required",
            "accounts.required is true; expected false, as nothing is kept on disk (server.data is "
            "empty), and so there are no accounts",
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
                check_regular(path)
                with path.open("rb") as file:
                    file.read(1)
            except (OSError, ValueError) as error:
                readable = False
                yield f"{where}.{name}", unreadable(f"{where}.{name}", path, error)
        if readable:
            yield from _check_pair(where, listener.tls)
    if config.server.motd is not None:
        try:
            read_motd(config.server.motd)
        except (OSError, ValueError) as error:
            yield "server.motd", unreadable("server.motd", config.server.motd, error)

    if config.web.icon is not None:
        try:
            read_icon(config.web.icon)
        except (OSError, ValueError) as error:
            yield "web.icon", unreadable("web.icon", config.web.icon, error)


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
        if isinstance(address, TcpAddress):
            yield from _check_no_file(index, listener)
            if address.port == 0:
                continue
        first = seen.setdefault(address, index)
        if first != index:
            yield (
                where,
                f'{where} is "{address}", as is listeners[{first}].address; '
                "expected an address of its own",
            )


def _check_no_file(index: int, listener: Listener) -> Iterator[tuple[str, str]]:
    mode = None if listener.mode is None else f"{listener.mode:04o}"
    for name, value in [("mode", mode), ("group", listener.group)]:
        if value is not None:
            where = f"listeners[{index}].{name}"
            yield (
                where,
                f'{where} is "{value}"; expected none, as {listener.address} has no file: '
                "only an address with unix: has",
            )


def _check_sts(config: Config) -> Iterator[tuple[str, str]]:
    if not config.sts.enabled:
        return
    if not any(
        listener.tls is not None and isinstance(listener.address, TcpAddress)
        for listener in config.listeners
    ):
        yield (
            "sts.enabled",
            "sts.enabled is true; expected a listener with TLS on a TCP port, "
            "as clients will come with nothing else",
        )
    elif not config.sts.port and tls_port(config.listeners) is None:
        yield (
            "sts.port",
            "sts.port is 0; expected a port, as every listener with TLS has any free one",
        )


def _check_admin(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    if len(texts) > _ADMIN_TEXTS:
        yield (
            "server.admin",
            f"server.admin is a list of {len(texts)}; expected at most {_ADMIN_TEXTS} texts",
        )
    for index, text in enumerate(texts):
        size = len(text.encode())
        if size > TEXT_LIMIT:
            where = f"server.admin[{index}]"
            yield where, f"{where} is {size} bytes long; expected at most {TEXT_LIMIT}"


def _passwords(config: Config) -> Iterator[tuple[str, str]]:
    if config.server.password:
        yield "server.password", config.server.password
    for index, operator in enumerate(config.operators):
        yield f"operators[{index}].password", operator.password
    for index, gateway in enumerate(config.gateways.webirc):
        yield f"gateways.webirc[{index}].password", gateway.password


def _parameters(text: str) -> argon2.Parameters | None:
    """Return how a hash was made; None: it is none."""
    try:
        parameters = argon2.extract_parameters(text)
    except InvalidHashError:
        return None
    # RFC 9106, section 3.1: what is shorter was cut off on its way here.
    return parameters if parameters.salt_len >= 8 and parameters.hash_len >= 4 else None
