from __future__ import annotations

import pytest

from trio_chat.addresses import TcpAddress, is_port, normal_host, split_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("host", "host", None),
        ("Host:1", "host", 1),
        ("192.0.2.1:65535", "192.0.2.1", 65_535),
        ("[0:0::1]", "::1", None),
        ("[::1]:0", "::1", 0),
        ("*:1", "*", 1),
        (":1", "", 1),
    ],
)
def test_what_is_written_is_taken_apart(text: str, host: str, port: int | None) -> None:
    assert split_address(text) == (host, port)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a host"),
        (":", "not a port"),
        ("host:", "not a port"),
        ("host:65536", "not a port"),
        ("host:0x1", "not a port"),
        ("::1", "not a port"),
        ("::1]:1", "write"),
        ("[::1]1", "write"),
        ("[::1]]:1", "not an IPv6 address"),
        ("[host]:1", "write"),
        ("a/b:1", "not a host"),
        ("a\x00", "not a host"),
        ("foo..bar", "'foo..bar' is not a host: between its dots there is nothing"),
        (".foo:1", "not a host: between"),
        ("..:1", "not a host: between"),
        (f"{'x' * 64}.example:1", "or more than 63 characters"),
        (f"www.{'é' * 60}", "or more than 63 characters"),
    ],
)
def test_what_is_no_address_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        split_address(text)


def test_equal_hosts_are_equal_texts() -> None:
    assert normal_host("FE80::0:1%eth0") == "fe80::1%eth0"
    assert normal_host("Chat.Example") == "chat.example"
    for name in ("chat.example.", f"{'x' * 63}.example", "straße.example", "_a-b.x"):
        assert normal_host(name) == name


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("0", True), ("65535", True), ("65536", False), ("000001", False), ("٣", False), ("", False)],
)
def test_ports(text: str, is_one: bool) -> None:
    assert is_port(text) is is_one


@pytest.mark.parametrize("text", ["host:1", "[::1]:6667"])
def test_an_address_is_shown_as_it_is_written(text: str) -> None:
    host, port = split_address(text)
    assert port is not None
    assert str(TcpAddress(host, port)) == text
