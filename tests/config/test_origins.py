"""Origins as they are written."""

from __future__ import annotations

import pytest

from trio_chat.config.origins import Origin, parse_origin


@pytest.mark.parametrize(
    ("text", "origin", "shown"),
    [
        ("chat.example.org", Origin("", "chat.example.org", None), "chat.example.org"),
        ("Chat.Example.org.", Origin("", "chat.example.org", None), "chat.example.org"),
        ("chat.example.org:8443", Origin("", "chat.example.org", 8443), "chat.example.org:8443"),
        ("https://a.example", Origin("https", "a.example", 443), "https://a.example"),
        ("HTTPS://a.example:443/", Origin("https", "a.example", 443), "https://a.example"),
        ("http://a.example:443", Origin("http", "a.example", 443), "http://a.example:443"),
        ("192.0.2.1:80", Origin("", "192.0.2.1", 80), "192.0.2.1:80"),
        ("http://[2001:DB8:0::1]:1", Origin("http", "2001:db8::1", 1), "http://[2001:db8::1]:1"),
        ("http://[::ffff:192.0.2.1]", Origin("http", "192.0.2.1", 80), "http://192.0.2.1"),
        ("https://m\u00fcller.de", Origin("https", "xn--mller-kva.de", 443), None),
    ],
)
def test_what_is_meant(text: str, origin: Origin, shown: str | None) -> None:
    assert parse_origin(text) == origin
    assert shown in (None, str(origin))
    assert parse_origin(str(origin)) == origin


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "*.example.org", "ftp://a", "https://", "https://a/b", "a b", "a?b", "u@a"),
        *("[::1", "[fe80::1%eth0]", "[a]", "::1", "a:b", "a:123456", ".", "http://a..b\u00e9"),
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_origin(text)


@pytest.mark.parametrize(
    ("meant", "other", "covered"),
    [
        ("a.example", "http://a.example:1234", True),
        ("a.example:1234", "http://a.example:1234", True),
        ("a.example:1234", "http://a.example", False),
        ("https://a.example", "https://a.example:443", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example:444", False),
        ("a.example", "http://b.example", False),
    ],
)
def test_which_are_meant(meant: str, other: str, covered: bool) -> None:
    assert parse_origin(meant).covers(parse_origin(other)) is covered
