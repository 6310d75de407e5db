from __future__ import annotations

from typing import Any

import pytest

from trio_chat.addresses import TcpAddress
from trio_chat.client.destination import Destination, nickname_for, parse_destination, room_name


@pytest.mark.parametrize(
    ("text", "address", "more"),
    [
        ("host", TcpAddress("host", 55555), {}),
        ("host:1", TcpAddress("host", 1), {}),
        ("192.0.2.1:6667", TcpAddress("192.0.2.1", 6667), {}),
        ("::1", TcpAddress("::1", 55555), {}),
        ("[::1]", TcpAddress("::1", 55555), {}),
        ("[::1]:6667", TcpAddress("::1", 6667), {}),
        ("Host.Example", TcpAddress("host.example", 55555), {}),
        ("0:0:0:0:0:0:0:1", TcpAddress("::1", 55555), {}),
        ("irc://host", TcpAddress("host", 6667), {}),
        ("IRC://host:1/", TcpAddress("host", 1), {}),
        ("irc://host/cats", TcpAddress("host", 6667), {"room": "#cats"}),
        ("irc://host/#cats", TcpAddress("host", 6667), {"room": "#cats"}),
        ("irc://host/%23%23cats", TcpAddress("host", 6667), {"room": "##cats"}),
        ("ircs://[::1]", TcpAddress("::1", 6697), {"tls": True}),
    ],
)
def test_destinations(text: str, address: TcpAddress, more: dict[str, Any]) -> None:
    assert parse_destination(text) == Destination(address=address, **more)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names no host"),
        (":1", "names no host"),
        ("host:", "not a port"),
        ("host:x", "not a port"),
        ("host:0", "not a port"),
        ("host:65536", "not a port"),
        ("[::1]x", "write"),
        ("[host]:1", "write"),
        ("a b", "not a host"),
        ("foo..bar", "not a host"),
        (f"irc://{'x' * 64}/room", "not a host"),
        ("1:2:3", "not an IPv6 address"),
        ("http://host", "begins with irc"),
        ("irc://host:99999", "is no URL"),
        ("irc:///room", "names no host"),
        ("irc://[::1/room", "is no URL"),
    ],
)
def test_no_destinations(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_destination(text)


def test_room_names() -> None:
    assert room_name("cats") == "#cats"
    assert room_name("#cats") == "#cats"
    assert room_name("&cats") == "&cats"


@pytest.mark.parametrize(
    ("login", "nick"),
    [
        ("alice", "alice"),
        ("Alice B.", "AliceB"),
        ("007-bond", "bond"),
        ("żółw", "w"),
        ("42", "guest"),
        ("", "guest"),
        ("a" * 40, "a" * 16),
    ],
)
def test_nicknames(login: str, nick: str) -> None:
    assert nickname_for(login) == nick
