"""Passwords are in no log, however much that says, in nothing that is kept, and in no answer."""

from __future__ import annotations

import base64
from pathlib import Path

import argon2
import pytest

from tests.served import Client, Served, served

SECRET = "correct-horse-{}-battery"
CONFIG = """
[server]
password = "{password}"

[[operators]]
name = "root"
password = "{password}"

[gateways]
webirc = [{{ host = ["127.0.0.0/8"], password = "{password}" }}]

[accounts]
attempts = 1000
"""


def hashed(password: str) -> str:
    return argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


class Talk:
    """One client, whose every answer is kept."""

    def __init__(self, server: Served, heard: list[str]) -> None:
        self._client: Client = server.connect()
        self._heard = heard

    def say(self, what: str, *lines: str) -> None:
        """Send lines, and read up to an answer."""
        self._client.send(*lines)
        self._heard += self._client.lines_until(what)


@pytest.mark.parametrize("right", [True, False])
def test_nobody_is_shown_a_password(tmp_path: Path, right: bool) -> None:
    number = iter(range(100))
    used: list[str] = []

    def secret() -> str:
        used.append(SECRET.format(next(number)) if not right else SECRET.format("x"))
        return used[-1]

    heard: list[str] = []
    config = tmp_path / "chat.toml"
    config.write_text(CONFIG.format(password=hashed(SECRET.format("x"))))
    options = ("--config", str(config), "--log-level", "debug")
    with served(tmp_path, *options) as server:
        inside = Talk(server, heard)
        the_right_one = SECRET.format("x")
        inside.say(" 422 ", f"PASS {the_right_one}", "NICK al", "USER al 0 * :x")
        inside.say("REGISTER", f"REGISTER * * {the_right_one}")
        inside.say(" 381 " if right else " 464 ", f"OPER root {secret()}")
        inside.say(" CAP ", "CAP REQ sasl")
        response = base64.b64encode(f"\0al\0{secret()}".encode()).decode()
        used.append(response)
        inside.say(" 90", "AUTHENTICATE PLAIN", f"AUTHENTICATE {response}")
        inside.say("FAIL", f"REGISTER al * {secret()}")
        # Mistyped in every way that is answered.
        inside.say(" 421 ", f"REGISTRE * * {secret()}")
        inside.say(" 461 ", "REGISTER *")
        inside.say(" 904 ", f"AUTHENTICATE {secret()}")
        outside = Talk(server, heard)
        said = " 001 " if right else " 464 "
        outside.say(said, "NICK bo", "USER bo 0 * :x", f"PASS {secret()}")
        gateway = Talk(server, heard)
        line = f"WEBIRC {secret()} gateway 192.0.2.7 192.0.2.7"
        gateway.say("CAP" if right else "ERROR", line, "CAP LS")
        person = Talk(server, heard)
        person.say("password. Type it", "cy")
        person.say("lobby" if right else "not the password", secret())
        another = Talk(server, heard)
        another.say("already" if right else "is wrong", f"/login al {secret()}")
        log = server.log
    text = log.read_text()
    assert "connected" in text
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir() if path.is_file())
    assert b"argon2id" in kept
    for password in used:
        assert password not in text
        assert password.encode() not in kept
        assert not any(password in line for line in heard), password
