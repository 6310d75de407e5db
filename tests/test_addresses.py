from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from trio_chat.addresses import (
    TcpAddress,
    UnixAddress,
    in_networks,
    network_text,
    parse_address,
    parse_network,
    parse_path,
)

BASE = Path("/etc/chat")


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        ("127.0.0.1:55555", TcpAddress("127.0.0.1", 55555), None),
        ("0.0.0.0:0", TcpAddress("0.0.0.0", 0), None),
        ("Chat.Example:65535", TcpAddress("chat.example", 65535), "chat.example:65535"),
        ("[::1]:6667", TcpAddress("::1", 6667), None),
        ("[0:0:0:0:0:0:0:1]:6667", TcpAddress("::1", 6667), "[::1]:6667"),
        ("[fe80::1%eth0]:1", TcpAddress("fe80::1%eth0", 1), None),
        ("unix:/run/chat", UnixAddress(Path("/run/chat")), None),
        ("unix:chat.sock", UnixAddress(Path("/etc/chat/chat.sock")), "unix:/etc/chat/chat.sock"),
        ("unix:6667", TcpAddress("unix", 6667), None),
    ],
)
def test_an_address_is_read_and_shown(
    text: str, address: TcpAddress | UnixAddress, shown: str | None
) -> None:
    assert parse_address(text, BASE) == address
    assert str(address) == (shown or text)
    assert parse_address(str(address), BASE) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        ":6667",
        "localhost",
        "localhost:",
        "localhost:irc",
        "localhost:65536",
        "localhost:-1",
        "localhost:+1",
        "localhost:1_0",
        "localhost:٣",
        "localhost:000001",
        "::1:6667",
        "[::1]",
        "[localhost]:6667",
        "[]:6667",
        "::1]:6667",
        "a b:6667",
        "a\x00:6667",
        "http://host:6667",
        "a,b:6667",
        "unix:",
        "unix:\x00",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"port|host|path|[Aa]ddress|At least|octet|permitted"):
        parse_address(text, BASE)


def test_paths_begin_at_the_base_and_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    assert parse_path("motd.txt", BASE) == Path("/etc/chat/motd.txt")
    assert parse_path("/motd.txt", BASE) == Path("/motd.txt")
    assert parse_path("~/motd.txt", BASE) == Path("/home/alice/motd.txt")


@pytest.mark.parametrize("text", ["", "a\x00b", "~nobody-of-that-name/motd.txt"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"path|home"):
        parse_path(text, BASE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.0/8", "127.0.0.0/8"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7/32", "192.0.2.7"),
        ("::1", "::1"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_a_network_is_read_and_shown(text: str, shown: str) -> None:
    network = parse_network(text)
    assert network == ip_network(text)
    assert network_text(network) == shown
    assert parse_network(shown) == network


@pytest.mark.parametrize("text", ["", "10.0.0.1/8", "10.0.0.0/33", "localhost", "10.0.0", "::/129"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"IPv4 or IPv6|host bits"):
        parse_network(text)


@pytest.mark.parametrize(
    ("host", "belongs"),
    [
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("::ffff:127.0.0.1", True),
        ("::1", True),
        ("128.0.0.1", False),
        ("::ffff:128.0.0.1", False),
        ("::2", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_whether_an_address_belongs_to_networks(host: str, belongs: bool) -> None:
    networks = [parse_network("127.0.0.0/8"), parse_network("::1")]
    assert in_networks(host, networks) is belongs
    assert in_networks(host, []) is False
