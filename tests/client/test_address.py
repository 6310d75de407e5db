from __future__ import annotations

import pytest

from trio_chat.client.address import Address, nickname_for, parse_address, room_name


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("host", Address(host="host", port=55555)),
        ("host:1", Address(host="host", port=1)),
        ("192.0.2.1:6667", Address(host="192.0.2.1", port=6667)),
        ("::1", Address(host="::1")),
        ("[::1]", Address(host="::1")),
        ("[::1]:6667", Address(host="::1", port=6667)),
        ("irc://host", Address(host="host", port=6667)),
        ("IRC://host:1/", Address(host="host", port=1)),
        ("irc://host/cats", Address(host="host", port=6667, room="#cats")),
        ("irc://host/#cats", Address(host="host", port=6667, room="#cats")),
        ("irc://host/%23%23cats", Address(host="host", port=6667, room="##cats")),
        ("ircs://[::1]", Address(host="::1", port=6697, tls=True)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address


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
        ("http://host", "begins with irc"),
        ("irc://host:99999", "is no URL"),
        ("irc:///room", "names no host"),
        ("irc://[::1/room", "is no URL"),
    ],
)
def test_no_addresses(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_address(text)


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
