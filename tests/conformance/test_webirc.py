"""Users behind a gateway (IRCv3 webirc)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import pytest

from tests.conformance.conftest import WEBIRC, Connect, Register
from tests.conformance.gateways import host_of, through_webirc
from tests.conformance.session import Session, commands, one, only

pytestmark = pytest.mark.ours

Name = Callable[[str], str]
ADDRESS = "198.51.100.3"


def test_whois_shows_the_address(connect: Connect, name: Name) -> None:
    """IRCv3 webirc, "Introduction": as if the user was connecting directly."""
    user = through_webirc(connect, ADDRESS)
    user.register(name("al"))
    assert host_of(user) == ADDRESS


def test_userhost_shows_the_address(connect: Connect, name: Name) -> None:
    """IRCv3 webirc, "Introduction"; Modern IRC, "RPL_USERHOST (302)"."""
    user = through_webirc(connect, ADDRESS)
    user.register(name("al"))
    assert one(user.ask(f"USERHOST {user.nick}"), "302").text.strip().endswith(f"@{ADDRESS}")


def test_others_see_the_address(
    connect: Connect, name: Name, room: Callable[..., list[Session]], channel: str
) -> None:
    """IRCv3 webirc, "Introduction": the source of what the user does has it."""
    (bo,) = room("bo")
    user = through_webirc(connect, ADDRESS)
    user.register(name("al"))
    user.ask(f"JOIN {channel}")
    assert one(bo.read(), "JOIN").source.endswith(f"@{ADDRESS}")


def test_a_channel_ban_on_the_address(
    connect: Connect, name: Name, room: Callable[..., list[Session]], channel: str
) -> None:
    """IRCv3 webirc, "Use Cases": channel operators can ban it."""
    (bo,) = room("bo")
    bo.ask(f"MODE {channel} +b *!*@{ADDRESS}")
    user = through_webirc(connect, ADDRESS)
    user.register(name("al"))
    assert one(user.ask(f"JOIN {channel}"), "474").params[1] == channel


def test_a_hostname(connect: Connect, name: Name) -> None:
    """IRCv3 webirc, "Format": the hostname is the user's, unless the server knows better."""
    user = through_webirc(connect, ADDRESS, host="isp.example")
    user.register(name("al"))
    assert host_of(user) in ("isp.example", ADDRESS)


@pytest.mark.parametrize("address", ["2001:db8::3", "0::5"])
def test_an_address_of_ipv6(connect: Connect, name: Name, address: str) -> None:
    """IRCv3 webirc, "Format": in front of a colon stands a zero."""
    user = through_webirc(connect, address)
    user.register(name("al"))
    shown = host_of(user)
    assert not shown.startswith(":")
    assert ipaddress.ip_address(shown) == ipaddress.ip_address(address)


@pytest.mark.parametrize("address", ["2001:db8::5", "::6", "198.51.100.7"])
def test_an_address_in_brackets(connect: Connect, name: Name, address: str) -> None:
    """Gateways that write hosts and ports write `[2001:db8::5]`, for want of a host name too."""
    user = through_webirc(connect, f"[{address}]", host=f"[{address}]")
    user.register(name("al"))
    assert ipaddress.ip_address(host_of(user)) == ipaddress.ip_address(address)


def test_before_the_negotiation(connect: Connect, name: Name) -> None:
    """IRCv3 webirc, "Format": capability negotiation comes after it."""
    user = through_webirc(connect, ADDRESS)
    user.register(name("al"), capabilities=["setname"])
    assert host_of(user) == ADDRESS


@pytest.mark.parametrize(
    "options",
    [
        "local-port=6697 remote-port=21726",
        "unknown another=value",
        r"local-port=66\s97 unknown=\:\\",
        "certfp-sha-256=22e88c7d6da9b73fbb515ed6a8f6d133c680527a799e3069ca7ce346d90649b2",
    ],
)
def test_options(connect: Connect, name: Name, options: str) -> None:
    """IRCv3 webirc, "Options": those that are not known are no error."""
    user = through_webirc(connect, ADDRESS, options=options)
    user.register(name("al"))
    assert host_of(user) == ADDRESS


@pytest.mark.parametrize("option", ["secure", "secure=examplevalue"])
def test_secure_over_a_connection_that_is_not(
    connect: Connect, name: Name, register: Register, option: str
) -> None:
    """IRCv3 webirc, "Options": the connection from the gateway has to be secure as well."""
    user = through_webirc(connect, ADDRESS, options=option)
    user.register(name("al"))
    assert "Z" not in one(user.ask(f"MODE {user.nick}"), "221").params[1]
    assert "671" not in commands(register("bo").ask(f"WHOIS {user.nick}"))


def test_a_wrong_password(connect: Connect) -> None:
    """IRCv3 webirc, "Security Considerations": ERROR, and the connection is closed."""
    session = through_webirc(connect, ADDRESS, password="wrong")
    assert commands(session.until_closed())[-1] == "ERROR"


@pytest.mark.parametrize("first", ["NICK early", "USER early 0 * :x", "CAP LS 302"])
def test_it_is_the_first_command(connect: Connect, first: str) -> None:
    """IRCv3 webirc, "Format": nothing comes before it."""
    session = connect()
    session.send(first, f"WEBIRC {WEBIRC} gateway {ADDRESS} {ADDRESS}")
    assert commands(session.until_closed())[-1] == "ERROR"


def test_it_comes_once(connect: Connect) -> None:
    """IRCv3 webirc, "Format": a second one is not the first command."""
    session = through_webirc(connect, ADDRESS)
    session.send(f"WEBIRC {WEBIRC} gateway 198.51.100.4 198.51.100.4")
    assert commands(session.until_closed())[-1] == "ERROR"


@pytest.mark.parametrize("address", ["nonsense", "198.51.100", "198.51.100.0/24"])
def test_an_address_that_is_none(connect: Connect, address: str) -> None:
    """IRCv3 webirc, "Format": the address is one of IPv4 or IPv6."""
    session = through_webirc(connect, address, host="isp.example")
    session.send("NICK early", "USER early 0 * :x")
    lines = session.until_closed()
    assert not only(lines, "001")
    assert commands(lines)[-1] == "ERROR"


@pytest.mark.parametrize("host", ["a!b@c", "*", "a@b", "x" * 200])
def test_a_hostname_that_is_none(connect: Connect, name: Name, host: str) -> None:
    """IRCv3 webirc, "Security Considerations": it does not get into the source of messages."""
    session = through_webirc(connect, ADDRESS, host=host)
    session.send("CAP LS 302")
    if session.until("CAP", "ERROR")[-1].command == "CAP":
        session.register(name("al"), capabilities=["setname"])
        assert host_of(session) == ADDRESS
