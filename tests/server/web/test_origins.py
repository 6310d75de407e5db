"""Which pages may connect, and whom a proxy speaks for."""

from __future__ import annotations

import pytest

from trio_chat.config.origins import parse_origin
from trio_chat.core.networks import parse_network
from trio_chat.server.web.messages import Request
from trio_chat.server.web.origins import Client, ForwardedError, Names, client, is_forwarded

CONFIGURED = (
    *("https://web.example.org", "other.example.org", "http://10.0.0.9:8080"),
    *("203.0.113.5", "ported.example.org:8443", "https://[2001:db8::5]", "https://müller.example"),
)
NAMES = Names(server="Chat.Example.org", origins=tuple(map(parse_origin, CONFIGURED)))
LOCAL = "192.0.2.1"


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost:55555",
        "http://chat.localhost:8080",
        "http://127.0.0.1:55555",
        "http://127.9.9.9",
        "https://[::1]:55555",
        "http://192.0.2.1:55555",
        "http://[::ffff:192.0.2.1]:55555",
        "https://chat.example.org",
        "http://CHAT.example.org:1234",
        "http://chat.example.org.",
        "https://web.example.org",
        "https://other.example.org:99",
        "http://10.0.0.9:8080",
        "https://web.example.org:443",
        "http://203.0.113.5:55555",
        "http://ported.example.org:8443",
        "https://[2001:db8:0::5]",
        "https://xn--mller-kva.example",
    ],
)
def test_ours(origin: str) -> None:
    assert NAMES.may_come_from(origin, LOCAL)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://evil.example:55555",
        "http://localhost.evil.example",
        "http://notlocalhost",
        "http://127.0.0.1.evil.example",
        "http://chat.example.org.evil.example",
        "http://192.0.2.2:55555",
        "http://web.example.org",
        "https://web.example.org:444",
        "http://10.0.0.9",
        "chrome-extension://abcdef",
        "file://localhost",
        "http://",
        "",
        "localhost",
        "http://ported.example.org",
        "http://[2001:db8::5]",
        "http://[2001:db8::6",
        "http://user@localhost",
        "http://localhost/path",
    ],
)
def test_somebody_elses(origin: str) -> None:
    """Whoever owns a name may point it at 127.0.0.1, and then Host says the same."""
    assert not NAMES.may_come_from(origin, LOCAL)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost:55555", True),
        ("127.0.0.1", True),
        ("[::1]:55555", True),
        ("192.0.2.1:55555", True),
        ("chat.example.org", True),
        ("web.example.org", True),
        ("other.example.org:1", True),
        ("evil.example:55555", False),
        ("192.0.2.9", False),
        ("203.0.113.5", True),
        ("ported.example.org:8443", True),
        ("[2001:db8::5]:55555", True),
        ("", False),
    ],
)
def test_the_name_under_which_one_asks(host: str, ours: bool) -> None:
    assert NAMES.is_ours(host, LOCAL) is ours


def test_without_an_address_of_ones_own() -> None:
    assert not NAMES.is_ours("192.0.2.1", "")
    assert NAMES.is_ours("localhost", "")


BELIEVED = (parse_network("10.0.0.0/8"),)


def asked(headers: dict[str, str], peer: str = "10.0.0.1") -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method="GET", path="/", headers=named, peer=peer, local=LOCAL)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, Client("10.0.0.1", None)),
        ({"x_forwarded_for": "192.0.2.7"}, Client("192.0.2.7", None)),
        ({"x_forwarded_for": "1.1.1.1, 192.0.2.7"}, Client("192.0.2.7", None)),
        ({"x_forwarded_for": "192.0.2.7, 10.0.0.5"}, Client("192.0.2.7", None)),
        ({"x_forwarded_for": "10.0.0.6, 10.0.0.5"}, Client("10.0.0.6", None)),
        ({"x_forwarded_for": "2001:db8::7"}, Client("2001:db8::7", None)),
        ({"x_forwarded_for": "[2001:db8::7]:1234"}, Client("2001:db8::7", None)),
        ({"x_forwarded_for": "192.0.2.7:1234"}, Client("192.0.2.7", None)),
        (
            {"x_forwarded_for": "192.0.2.7", "x_forwarded_proto": "https"},
            Client("192.0.2.7", True),
        ),
        (
            {"x_forwarded_for": "192.0.2.7", "x_forwarded_proto": "https, http"},
            Client("192.0.2.7", False),
        ),
        ({"forwarded": "for=192.0.2.7;proto=https;by=10.0.0.1"}, Client("192.0.2.7", True)),
        ({"forwarded": 'For="[2001:db8::7]:4711"'}, Client("2001:db8::7", None)),
        ({"forwarded": "for=1.1.1.1, for=192.0.2.7;proto=wss"}, Client("192.0.2.7", True)),
        # What stands in quotes may be whatever a client has said.
        (
            {"forwarded": 'for=192.0.2.7;host="x;for=127.0.0.1, for=127.0.0.2\\""'},
            Client("192.0.2.7", None),
        ),
        (
            {"forwarded": "for=192.0.2.7", "x_forwarded_for": "9.9.9.9, 192.0.2.7"},
            Client("192.0.2.7", None),
        ),
        # They have to agree on what is better to have.
        (
            {"forwarded": "for=192.0.2.7;proto=https", "x_forwarded_for": "192.0.2.7"},
            Client("192.0.2.7", False),
        ),
    ],
)
def test_for_whom_a_proxy_speaks(headers: dict[str, str], found: Client) -> None:
    assert client(asked(headers), BELIEVED) == found


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        # A proxy may write one of the two, and hand on the other as it came from a client.
        ({"forwarded": "for=127.0.0.1", "x_forwarded_for": "192.0.2.7"}, "different clients"),
        ({"forwarded": "for=_hidden", "x_forwarded_for": "192.0.2.7"}, "different clients"),
        ({"x_forwarded_for": "unknown"}, "does not say for whom"),
        ({"x_forwarded_for": "192.0.2.7, nonsense"}, "does not say for whom"),
        ({"forwarded": "for=_hidden"}, "does not say for whom"),
        ({"forwarded": "proto=https"}, "does not say for whom"),
        ({"forwarded": "for 192.0.2.7"}, "not as RFC 7239 has it"),
        ({"forwarded": 'for="192.0.2.7'}, "not as RFC 7239 has it"),
        ({"forwarded": "," * 20_000}, "more than 1024 characters"),
        ({"x_forwarded_for": "," * 20_000}, "more than 1024 characters"),
    ],
)
def test_for_whom_a_proxy_speaks_is_not_to_be_told(headers: dict[str, str], said: str) -> None:
    with pytest.raises(ForwardedError, match=said):
        client(asked(headers), BELIEVED)


def test_nobody_else_is_believed() -> None:
    headers = {"x_forwarded_for": "127.0.0.1," * 5000, "forwarded": "nonsense"}
    request = asked(headers, peer="192.0.2.1")
    assert client(request, BELIEVED) == Client("192.0.2.1", None)
    assert is_forwarded(request)
    assert not is_forwarded(asked({}))


def test_a_unix_socket_is_on_this_host() -> None:
    request = asked({"x_forwarded_for": "192.0.2.7"}, peer="")
    assert client(request, BELIEVED) == Client("", None)
    assert client(request, (parse_network("127.0.0.0/8"),)) == Client("192.0.2.7", None)
