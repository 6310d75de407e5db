from __future__ import annotations

from pathlib import Path

import pytest

from trio_chat.addresses import TcpAddress
from trio_chat.config.listening import UnixAddress, parse_address, parse_mode, parse_path

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
        ("*:6667", TcpAddress("*", 6667), None),
        (":6667", TcpAddress("*", 6667), "*:6667"),
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
    with pytest.raises(ValueError, match=r"port|host|path|address"):
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


@pytest.mark.parametrize(("text", "mode"), [("660", 0o660), ("0660", 0o660), ("000", 0)])
def test_a_mode_is_octal(text: str, mode: int) -> None:
    assert parse_mode(text) == mode


@pytest.mark.parametrize("text", ["", "66", "0o660", "0680", "4755", "00660", "-660", "660\n"])
def test_what_is_no_mode_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a mode"):
        parse_mode(text)
