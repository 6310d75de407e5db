"""`[web]`: where HTTP is answered, and with what."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.files import faults, from_toml, write
from trio_chat.config import Config, ConfigError
from trio_chat.server.web.policy import web_policy


def at(tmp_path: Path, address: str, more: str = "", listen: str = "loopback") -> bool:
    text = f'[[listeners]]\naddress = "{address}"\n{more}\n[web]\nlisten = "{listen}"\n'
    config = from_toml(tmp_path, text)
    return config.has_web(config.listeners[0])


@pytest.mark.parametrize(
    ("address", "there"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("unix:chat.sock", True),
        ("*:1", False),
        ("0.0.0.0:1", False),
        ("192.0.2.1:1", False),
        ("chat.example.org:1", False),
    ],
)
def test_where_http_is_answered(tmp_path: Path, address: str, there: bool) -> None:
    assert at(tmp_path, address) is there
    assert at(tmp_path, address, listen="all")
    assert not at(tmp_path, address, listen="none")
    assert at(tmp_path, address, "web = true", "none")
    assert not at(tmp_path, address, "web = false", "all")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('listen = "some"', 'web.listen is "some"; expected "all" or "loopback" or "none"'),
        ('websocket = ["ws"]', 'web.websocket[0] is "ws"; expected a path, such as "/ws", '),
        ('websocket = ["/a?b"]', 'web.websocket[0] is "/a?b"; expected a path'),
        (
            'origins = ["https://a/b"]',
            'web.origins[0] is "https://a/b"; expected a name or an address',
        ),
        ('origins = ["ftp://a"]', 'web.origins[0] is "ftp://a"; expected a name or an address'),
        ('origins = ["*"]', 'web.origins[0] is "*"; expected a name or an address'),
        ('origins = ["*.example.org"]', 'web.origins[0] is "*.example.org"; expected a name'),
        ("websocket = []", 'web.websocket is empty; expected a path such as "/ws", as the page'),
        ('accent = "red"', 'web.accent is "red"; expected a colour, such as "#2f6f8f"'),
        ('title = "a\\nb"', "expected a text without control characters"),
        ('admin = ["a"]', "web.admin[0] is"),
        ('icon = "none.svg"', "none.svg, which can not be read: No such file or directory"),
        ('icon = "chat.toml"', "which can not be read: its name does not end in .svg or .png"),
        ('icon = "."', "which can not be read: "),
    ],
)
def test_what_is_wrong(tmp_path: Path, line: str, said: str) -> None:
    (fault,) = faults(tmp_path, f"[web]\n{line}\n")
    assert said in fault


def test_an_icon_has_an_end(tmp_path: Path) -> None:
    write(tmp_path, b"x" * 262_145, "big.png")
    (fault,) = faults(tmp_path, '[web]\nicon = "big.png"\n')
    assert fault.endswith("it has 262145 bytes, and at most 262144 are served")


def test_what_is_served(tmp_path: Path) -> None:
    write(tmp_path, b"<svg/>", "icon.svg")
    text = (
        '[server]\nname = "a.example"\nnetwork = "Net"\nlobby = "#a"\n'
        '[gateways]\nhttp = ["10.0.0.0/8"]\n'
        '[web]\ntitle = "Chat"\naccent = "#000000"\nicon = "icon.svg"\norigins = ["b.example"]\n'
        'websocket = ["/", "/irc"]\n'
    )
    config = from_toml(tmp_path, text)
    policy = web_policy(config)
    assert policy.page is not None
    assert (policy.page.title, policy.page.accent, policy.page.websocket) == (
        "Chat",
        "#000000",
        "/irc",
    )
    assert (policy.page.network, policy.page.lobby) == ("Net", "#a")
    assert policy.icon is not None
    assert (policy.icon.body, policy.icon.kind) == (b"<svg/>", "image/svg+xml")
    assert policy.names.may_come_from("http://b.example", "")
    assert policy.names.may_come_from("http://a.example", "")
    assert policy.believed == config.gateways.http
    (tmp_path / "icon.svg").unlink()
    with pytest.raises(ConfigError, match=r"web.icon is .*icon.svg, which can not be read"):
        web_policy(config)


def test_what_is_served_by_default() -> None:
    policy = web_policy(Config())
    assert policy.page is not None
    assert (policy.page.title, policy.page.websocket) == ("trio_chat", "/ws")
    assert policy.icon is None
    assert policy.believed == ()
