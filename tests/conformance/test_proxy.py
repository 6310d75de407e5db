"""Users behind a proxy (the PROXY protocol, versions 1 and 2)."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Target
from tests.conformance.gateways import (
    SIGNATURE,
    host_of,
    through_webirc,
    version_1,
    version_2,
)
from tests.conformance.session import TIMEOUT, Session, commands, one

pytestmark = pytest.mark.ours

Name = Callable[[str], str]
ADDRESS = "192.0.2.44"


def _behind(connect: Connect, header: bytes) -> Session:
    session = connect()
    session.send_raw(header)
    return session


@pytest.mark.parametrize(
    ("header", "address"),
    [
        pytest.param(version_1(ADDRESS), ADDRESS, id="v1 IPv4"),
        pytest.param(version_1("2001:db8::7"), "2001:db8::7", id="v1 IPv6"),
        pytest.param(version_2(ADDRESS), ADDRESS, id="v2 IPv4"),
        pytest.param(version_2("2001:db8::7"), "2001:db8::7", id="v2 IPv6"),
        pytest.param(version_2(ADDRESS, more=b"\x04\x00\x02no"), ADDRESS, id="v2 with a TLV"),
    ],
)
def test_the_address(connect: Connect, name: Name, header: bytes, address: str) -> None:
    """PROXY protocol, 2.1, 2.2: the user is shown with the address of the header."""
    user = _behind(connect, header)
    user.register(name("al"))
    assert ipaddress.ip_address(host_of(user)) == ipaddress.ip_address(address)


def test_userhost_shows_the_address(connect: Connect, name: Name) -> None:
    """PROXY protocol, 2.1; Modern IRC, "RPL_USERHOST (302)"."""
    user = _behind(connect, version_1(ADDRESS))
    user.register(name("al"))
    assert one(user.ask(f"USERHOST {user.nick}"), "302").text.strip().endswith(f"@{ADDRESS}")


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"PROXY UNKNOWN\r\n", id="v1"),
        pytest.param(b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", id="v1 with addresses"),
        pytest.param(version_2(), id="v2"),
        pytest.param(version_2(command=0), id="v2 LOCAL"),
        pytest.param(version_2(ADDRESS, command=0), id="v2 LOCAL with addresses"),
    ],
)
def test_an_address_that_is_not_known(
    connect: Connect, name: Name, register: Callable[..., Session], header: bytes
) -> None:
    """PROXY protocol, 2.1 "UNKNOWN", 2.2 "LOCAL": the address of the connection is used."""
    user = _behind(connect, header)
    user.register(name("al"))
    assert host_of(user) == host_of(register("bo"))


@pytest.mark.parametrize("header", [version_1(ADDRESS), version_2(ADDRESS)], ids=["v1", "v2"])
def test_commands_behind_the_header(connect: Connect, name: Name, header: bytes) -> None:
    """PROXY protocol, 2: what follows the header in the same packet is the client's."""
    user = connect()
    user.nick = name("al")
    user.send_raw(header + f"NICK {user.nick}\r\nUSER al 0 * :Al\r\n".encode())
    user.until("376", "422")
    assert host_of(user) == ADDRESS


@pytest.mark.parametrize("header", [version_1(ADDRESS), version_2(ADDRESS)], ids=["v1", "v2"])
def test_a_header_in_pieces(connect: Connect, name: Name, header: bytes) -> None:
    """PROXY protocol, 2: it is a stream, a header may come in parts."""
    user = connect()
    for position in range(len(header)):
        user.send_raw(header[position : position + 1])
    user.register(name("al"))
    assert host_of(user) == ADDRESS


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"PROXY TCP4 nonsense 192.0.2.1 40001 6667\r\n", id="v1 bad address"),
        pytest.param(b"PROXY TCP4 192.0.2.44 192.0.2.1 40001\r\n", id="v1 a port is missing"),
        pytest.param(b"PROXY TCP4 192.0.2.44 192.0.2.1 99999 6667\r\n", id="v1 bad port"),
        pytest.param(b"PROXY TCP6 192.0.2.44 192.0.2.1 40001 6667\r\n", id="v1 other family"),
        pytest.param(b"PROXY TCP4 " + b"1" * 200 + b"\r\n", id="v1 too long"),
        pytest.param(SIGNATURE + b"\x31\x11\0\x0c" + bytes(12), id="v2 other version"),
        pytest.param(SIGNATURE + b"\x21\x11\0\x04" + bytes(4), id="v2 too short"),
        pytest.param(SIGNATURE + b"\x2f\x11\0\x0c" + bytes(12), id="v2 other command"),
    ],
)
def test_a_header_that_is_none(connect: Connect, header: bytes) -> None:
    """PROXY protocol, 2: the connection is closed, nothing behind it is read."""
    session = connect()
    session.send_raw(header + b"NICK early\r\nUSER early 0 * :x\r\n")
    assert "001" not in commands(session.until_closed())


def test_a_header_comes_first(
    connect: Connect, name: Name, register: Callable[..., Session]
) -> None:
    """PROXY protocol, 2: behind something else it is no header."""
    user = connect()
    nick = name("al")
    user.send_raw(f"NICK {nick}\r\n".encode() + version_1(ADDRESS))
    user.register(nick)
    assert host_of(user) == host_of(register("bo"))


def test_a_second_header(connect: Connect, name: Name) -> None:
    """PROXY protocol, 2: there is one; a second one is refused, or an unknown command."""
    user = _behind(connect, version_1(ADDRESS) + version_1("192.0.2.45"))
    user.nick = name("al")
    user.send(f"NICK {user.nick}", "USER al 0 * :Al")
    if user.until("376", "422", "ERROR")[-1].command != "ERROR":
        assert host_of(user) == ADDRESS


def test_a_gateway_behind_a_proxy(connect: Connect) -> None:
    """IRCv3 webirc, "Security Considerations": the address of the header is not a gateway's."""

    def behind() -> Session:
        return _behind(connect, version_1(ADDRESS))

    session = through_webirc(behind, "198.51.100.3")
    assert commands(session.until_closed())[-1] == "ERROR"


def test_in_front_of_tls(target: Target, name: Name, sessions: list[Session]) -> None:
    """PROXY protocol, 2: the header comes before the handshake."""
    sock = socket.create_connection((target.host, target.tls_port), timeout=TIMEOUT)
    sock.sendall(version_1(ADDRESS))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    user = Session(context.wrap_socket(sock))
    sessions.append(user)
    user.register(name("al"))
    assert host_of(user) == ADDRESS
