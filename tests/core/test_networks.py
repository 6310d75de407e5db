from __future__ import annotations

from ipaddress import ip_network

import pytest

from trio_chat.core.networks import in_networks, network_text, parse_network, shown_host


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


@pytest.mark.parametrize(
    ("address", "shown"),
    [("", "localhost"), ("::1", "0::1"), ("::ffff:1.2.3.4", "1.2.3.4"), ("1.2.3.4", "1.2.3.4")],
)
def test_shown_host(address: str, shown: str) -> None:
    assert shown_host(address) == shown
