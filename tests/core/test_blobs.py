"""Whatever anybody sends is no mistake of ours, and what the others see is always whole lines."""

from __future__ import annotations

import random

import pytest

from tests.blobs import blob
from tests.core.world import SERVER, World
from trio_chat.core.capabilities import CAPABILITIES, Link, offered
from trio_chat.core.inputs import Elapsed
from trio_chat.core.settings import Operator, Settings
from trio_chat.server.reading import IrcLines, PlainLines
from trio_chat.wire import irc
from trio_chat.wire.errors import ProtocolError

BLOBS = 1000
SETTINGS = Settings(name=SERVER, operators=(Operator(name="root", password="hash"),))
ALL = " ".join(name for name in offered(SETTINGS, Link.PLAIN) if name in CAPABILITIES)


class Crowd:
    """A world with somebody of every kind in it; who has to go is followed by another."""

    def __init__(self) -> None:
        self.world = World(SETTINGS)
        self._names: dict[str, str] = {}
        self.lines: dict[str, IrcLines | PlainLines] = {}
        for kind in ("new", "person", "bare", "full", "operator"):
            self._replace(kind)

    def name(self, kind: str) -> str:
        if self._names[kind] in self.world.closed:
            self._replace(kind)
        return self._names[kind]

    def _replace(self, kind: str) -> None:
        world = self.world
        self._names[kind] = name = f"{kind[:2]}{len(world.ids)}"
        self.lines[name] = PlainLines() if kind == "person" else IrcLines()
        if kind == "new":
            world.step(world.add(name), world.lines(name, f"CAP REQ :{ALL}"))
        elif kind == "person":
            world.person(name)
        else:
            world.irc(name, caps=ALL if kind != "bare" else "", rooms="#a,#b")
        if kind == "operator":
            world.ask(name, "OPER root secret")


@pytest.mark.parametrize("seed", range(4))
def test_no_blob_is_a_mistake_of_ours(seed: int) -> None:
    chance = random.Random(seed)
    crowd = Crowd()
    world = crowd.world
    for _ in range(BLOBS):
        name = crowd.name(chance.choice(["new", "person", "bare", "full", "operator"]))
        said = blob(chance)
        world.now += chance.choice([0.0, 0.0, 1.0, 40.0])
        # `step` makes sure that there is no failure, and that what is sent are whole lines.
        received = world.lines(name, *crowd.lines[name].cut(said))
        shown = [world.step(received, Elapsed())]
        while world.requests:
            shown.append(world.complete(chance.random() < 0.9))
        for lines in shown:
            for user, sent in lines.items():
                if isinstance(crowd.lines[user], IrcLines):
                    for line in sent:
                        assert _is_whole(line), (said, user, line)


def _is_whole(line: str) -> bool:
    """Whether a client can read a line."""
    try:
        irc.parse((line.partition(" ")[2] if line[:1] == "@" else line).encode())
    except ProtocolError:
        return False
    return not any(character in line for character in "\0\r\n")
