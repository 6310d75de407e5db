"""What is answered with success is there after `kill -9` at that moment: accounts and rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.served import Client, Served, served

pytestmark = pytest.mark.drill

PASSWORDS = ("correct-horse", "battery-staple")
KILLS = 8
"""Rounds, in each of which all kinds of changes are made, and a kill follows each."""


class Story:
    """Changes of an account and a room, each of which is followed by a kill."""

    def __init__(self, path: Path, number: int) -> None:
        self._path = path
        self._name = f"al{number}"
        self._room = f"#room{number}"
        self._password = ""
        self._topics = 0
        self._bans: list[str] = []

    def change(self, *lines: str, success: str) -> None:
        """Log in, make a change, and kill the server as soon as that is said to be done."""
        with served(self._path) as server:
            client = self._come(server)
            client.send(*lines)
            client.until(success)
            server.process.kill()

    def _come(self, server: Served) -> Client:
        client = server.connect()
        if self._password:
            client.send(f"PASS {self._name}:{self._password}")
        client.send(f"NICK {self._name}", f"USER {self._name} 0 * :x")
        client.until(" 422 ")
        if self._topics or self._bans:
            client.send(f"JOIN {self._room}")
            client.until(" 366 ")
        return client

    def play(self) -> None:
        room = self._room
        first, second = PASSWORDS
        self.change(f"NS REGISTER {first}", success="registered")
        self._password = first
        self.change(f"NS PASSWD {first} {second}", success="another password now")
        self._password = second
        self.change(f"JOIN {room}", f"CS REGISTER {room} a room", success="registered")
        self.change(f"CS AMODE {room} keeper +o", success="NOTICE")
        self._topics = 1
        self.change(f"TOPIC {room} :it stays", success=f" TOPIC {room} ")
        self._bans.append("*!*@192.0.2.7")
        self.change(f"MODE {room} +b {self._bans[0]}", success=f" MODE {room} +b")

    def look(self, server: Served) -> list[str]:
        """Return what is there of all that, as whoever owns it is told."""
        client = self._come(server)
        client.send("PING x")
        found = client.lines_until("PONG")
        client.send(f"TOPIC {self._room}", f"MODE {self._room} b", f"CS ACCESS {self._room} LIST")
        client.send("WHOIS " + self._name, "PING y")
        return found + client.lines_until("PONG irc.test y")


def test_what_was_answered_with_success_is_there_after_a_kill(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        keeper = server.irc("keeper")
        keeper.send("NS REGISTER keeper-of-rooms")
        keeper.until("registered")
        server.process.kill()
    stories = [Story(tmp_path, number) for number in range(KILLS)]
    for story in stories:
        story.play()
    with served(tmp_path) as server:
        for story in stories:
            told = "\n".join(story.look(server))
            assert "is logged in as" in told
            assert ":it stays" in told
            assert "*!*@192.0.2.7" in told
            assert "keeper" in told
