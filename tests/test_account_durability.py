"""What is answered with success is there after `kill -9` at that moment: accounts and rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.served import Client, Served, served

pytestmark = pytest.mark.drill

PASSWORDS = ("correct-horse", "battery-staple")
CLEARED = ("*!*@192.0.2.1", "*!*@192.0.2.2")
"""Bans that there were before all of them were lifted."""
BANS = ("*!*@192.0.2.7", "*!*@192.0.2.8", "*!*@192.0.2.9")
"""One that stays, one that is lifted, and one that stays that ChanServ has set."""
KILLS = 3
"""Rounds, in each of which all kinds of changes are made, and a kill follows each."""
CAPS = "draft/chathistory draft/event-playback batch"
"""With which who was given which mode is seen later, too."""


class Story:
    """Changes of an account and a room, each of which is followed by a kill."""

    def __init__(self, path: Path, number: int) -> None:
        self._path = path
        self._name = f"al{number}"
        self._room = f"#room{number}"
        self._password = ""
        self._has_room = False

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
        client.send(f"CAP REQ :{CAPS}", f"NICK {self._name}", f"USER {self._name} 0 * :x")
        client.send("CAP END")
        client.until(" 422 ")
        if self._has_room:
            client.send(f"JOIN {self._room}")
            client.until(" 366 ")
        return client

    def play(self) -> None:
        name, room = self._name, self._room
        first, second = PASSWORDS
        self.change(f"NS REGISTER {first}", success=f" :{name} is registered, and nobody else")
        self._password = first
        self.change(f"NS PASSWD {first} {second}", success=f" :{name} has another password now.")
        self._password = second
        self.change(f"JOIN {room}", f"CS REGISTER {room} a room", success=f" :{room} is registered")
        self._has_room = True
        self.change(f"CS AMODE {room} keeper +o", success=f" :keeper has +o in {room} now.")
        self.change(f"TOPIC {room} :it stays", success=f" TOPIC {room} :it stays")
        self.change(
            f"MODE {room} +bb {' '.join(CLEARED)}", success=f" MODE {room} +bb {CLEARED[0]}"
        )
        self.change(f"CS CLEAR {room} BANS", success=f" :{room} is cleared of bans.")
        stays, lifted, set_by_service = BANS
        self.change(f"MODE {room} +b {stays}", success=f" MODE {room} +b {stays}")
        self.change(f"MODE {room} +b {lifted}", success=f" MODE {room} +b {lifted}")
        self.change(f"CS UNBAN {room} {lifted}", success=f" :Bans lifted: {lifted}")
        ban = f"{set_by_service} is banned from {room} now."
        self.change(f"CS BAN {room} {set_by_service}", success=f" :{ban}")
        self.change(f"CS OP {room}", success=f" :{name} has +o in {room} now.")

    def look(self, server: Served) -> None:
        """Ask for all that, as whoever owns it."""
        name, room = self._name, self._room
        client = self._come(server)

        def ask(line: str) -> list[str]:
            client.send(line, "PING z")
            return client.lines_until("PONG irc.test z")[:-1]

        assert f" 330 {name} {name} {name} :is logged in as" in "\n".join(ask(f"WHOIS {name}"))
        [topic, _] = ask(f"TOPIC {room}")
        assert topic.endswith(f" 332 {name} {room} :it stays")
        *bans, end = ask(f"MODE {room} b")
        assert [line.split(" ")[4] for line in bans] == [BANS[0], BANS[2]]
        assert " 368 " in end
        access = [line.partition(f" NOTICE {name} :")[2] for line in ask(f"CS AMODE {room}")]
        assert access == [f"+q {name} (founder)", "+o keeper", f"Those have access to {room}."]
        # What one is in a room lasts as long as one is there. That it was given is kept.
        history = "\n".join(ask(f"CHATHISTORY LATEST {room} * 100"))
        assert f" MODE {room} +o {name}" in history


def test_what_was_answered_with_success_is_there_after_a_kill(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        keeper = server.irc("keeper")
        keeper.send("NS REGISTER keeper-of-rooms")
        keeper.until(" :keeper is registered, and nobody else")
        server.process.kill()
    stories = [Story(tmp_path, number) for number in range(KILLS)]
    for story in stories:
        story.play()
    with served(tmp_path) as server:
        for story in stories:
            story.look(server)
