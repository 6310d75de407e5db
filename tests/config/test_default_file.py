from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.certificates import write_certificate
from tests.config.files import HASH, HOME, from_toml
from trio_chat.config import ConfigError, load
from trio_chat.config.default_file import EXAMPLES, NOTES, default_toml
from trio_chat.config.keys import KINDS, SECTIONS
from trio_chat.core.settings import Operator


def test_the_default_file_loads_to_the_defaults(tmp_path: Path) -> None:
    config = from_toml(tmp_path, default_toml())
    assert config == load(None, HOME)


def test_the_default_file_has_every_key_and_says_something_about_each_section() -> None:
    lines = default_toml().splitlines()
    for key in KINDS:
        name = key.rpartition(".")[2]
        assert any(
            line.removeprefix("# ").startswith((f"{name} = ", f"[[{name}]]")) for line in lines
        )
    assert all(len(line) <= 100 for line in lines)
    assert default_toml().isascii()
    written = {key for key in NOTES if "." in key}
    inner = {
        "listeners.address",
        "listeners.tls",
        "listeners.mode",
        "listeners.group",
        "listeners.web",
        "operators.name",
        "operators.password",
    }
    assert written == ({key for key in KINDS if "." in key} | inner)
    assert written >= set(EXAMPLES)
    assert all(NOTES[section] for section in SECTIONS)


def test_the_examples_are_fine_once_they_name_a_real_hash(tmp_path: Path) -> None:
    write_certificate(tmp_path, "fullchain.pem", "privkey.pem")
    for name in ("motd.txt", "icon.svg"):
        (tmp_path / name).touch()
    text = default_toml().replace("$argon2id$...", HASH)
    # Some are of sockets in the file system only.
    text = text.replace('address = "127.0.0.1:55555"', 'address = "unix:chat.sock"')
    for empty in ("webirc = []\n", "admin = []\n", "mail_command = []\n", 'description = ""\n'):
        text = text.replace(empty, "")
    lines = text.splitlines()
    heads = {f"# {key.rpartition('.')[2]} = " for key in EXAMPLES} | {"# [[operators]]"}
    used = [line.removeprefix("# ") if line.startswith(tuple(heads)) else line for line in lines]
    config = from_toml(tmp_path, "\n".join(used))
    assert config.server.name == "chat.example.org"
    assert config.server.description == "The chat of the Example Society"
    assert config.server.data == Path("/var/lib/trio-chat")
    assert config.server.motd == tmp_path / "motd.txt"
    assert config.server.admin == ("Lyon, France", "The Example Society", "admin@chat.example.org")
    assert config.listeners[0].tls is not None
    assert (config.listeners[0].mode, config.listeners[0].group) == (0o660, "www-data")
    assert config.accounts.mail_command == ("sendmail", "-i")
    assert config.operators == (Operator(name="root", password=HASH),)
    assert config.gateways.webirc[0].host == (ip_network("192.0.2.7"),)


def test_the_example_of_a_hash_is_nobody_s_password(tmp_path: Path) -> None:
    text = default_toml().replace("# [[operators]]", "[[operators]]")
    text = text.replace('# name = "root"', 'name = "root"')
    text = text.replace('# password = "$', 'password = "$')
    with pytest.raises(ConfigError, match=r"operators\[0\]\.password is not an argon2 hash"):
        from_toml(tmp_path, text)
