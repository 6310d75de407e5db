"""Two sessions of one account that change the same thing at once: each line has one answer, what is
answered with success is so after `kill -9`, and nothing of it is in the log."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from tests.served import Client, Served, served

OLD, NEW = "correct-horse-old", "battery-staple-new"
ROUNDS = 5
ROOM_CHANGES = (
    "CS AMODE {room} keeper +o",
    "CS SET {room} DESCRIPTION what for",
    "CS TRANSFER {room} keeper",
    "CS AMODE {room} keeper -o+v",
)


def answers(client: Client, *lines: str) -> list[str]:
    """Say something to services; return what they say to it."""
    client.send(*lines, "PING all")
    return [
        line.partition(" :")[2]
        for line in client.lines_until(" PONG irc.test all")
        if "@services.irc.test NOTICE " in line
    ]


def at_once(one: Client, first: list[str], two: Client, second: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[], []]

    def say(place: int, client: Client, lines: list[str]) -> None:
        found[place] = answers(client, *lines)

    threads = [Thread(target=say, args=(0, one, first)), Thread(target=say, args=(1, two, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def known(server: Served, names: list[str], rooms: list[str]) -> list[list[str]]:
    """Return what everybody can know of accounts and rooms, and which passwords are right."""
    looker = server.irc("looker")
    found = [answers(looker, f"NS INFO {name}")[:1] for name in names]
    found += [answers(looker, f"CS INFO {room}") for room in rooms]
    for name in names:
        for password in (OLD, NEW):
            found.append(answers(looker, f"NS GHOST {name} {password}"))
    looker.close()
    server.clients.remove(looker)
    return found


@pytest.mark.drill
def test_two_sessions_of_one_account(tmp_path: Path) -> None:
    config = tmp_path / "chat.toml"
    config.write_text("[accounts]\nattempts = 1000\n")
    options = ("--config", str(config), "--log-level", "debug")
    names = [f"twin{number}" for number in range(ROUNDS)]
    rooms = [f"#twin{number}" for number in range(ROUNDS)]
    with served(tmp_path, *options) as server:
        answers(server.irc("keeper"), f"NS REGISTER {OLD}")
        for number, (name, room) in enumerate(zip(names, rooms, strict=True)):
            one, two = server.irc(name), server.irc(f"also{number}")
            answers(one, f"NS REGISTER {OLD}")
            answers(two, f"NS IDENTIFY {name} {OLD}")
            answers(one, f"JOIN {room}", f"CS REGISTER {room}")
            changes = [line.format(room=room) for line in ROOM_CHANGES]
            first, second = at_once(one, changes, two, [f"CS DROP {room} {room}"] * 4)
            assert (len(first), len(second)) == (4, 4), (first, second)
            change, gone = [f"NS PASSWD {OLD} {NEW}"], [f"NS DROP {OLD}"]
            if number % 2:
                # Whoever is first is not always the same.
                change, gone = gone, change
            first, second = at_once(one, change, two, gone)
            assert (len(first), len(second)) == (1, 1), (first, second)
        before = known(server, names, rooms)
        server.process.kill()
    log = server.log.read_text()
    with served(tmp_path, *options) as server:
        assert known(server, names, rooms) == before
    log += server.log.read_text()
    assert "Traceback" not in log
    assert OLD not in log
    assert NEW not in log
