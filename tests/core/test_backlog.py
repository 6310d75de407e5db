"""Lines that are left for later steps, under budgets that nearly every step exceeds.

Whatever happens meanwhile — requests that take their time, connections that end, clients that go on
sending — each line is carried out once, each user's in order, and nothing and nobody is left over.
"""

from __future__ import annotations

import random

import pytest

from tests.core.world import World, codes
from trio_chat.core import core as machine
from trio_chat.core.feed import write
from trio_chat.core.inputs import Completed, Disconnected, Input
from trio_chat.core.output import Effects

ROOMS = ("#a", "#b")
DEEDS = (
    "JOIN #a,#b",
    "PART #a",
    "NICK {name}x",
    "NICK {name}",
    "MODE #a +v {name}",
    "TOPIC #b :{name}",
    "HELP",
    "WHO #a",
    "@label=l NAMES #b",
    "CAP REQ :server-time",
    "CAP REQ :-server-time",
    "PING x",
)


class Storm:
    """Users who say numbers in two rooms, whatever else they do."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.world = World()
        self.names = [f"user{number}" for number in range(6)]
        self.reading: dict[int, bool] = {}
        self.requests: list[int] = []
        self.said = 0
        self.seen: dict[str, list[int]] = {name: [] for name in self.names}
        """What each has heard of themselves, by their echo."""
        self.sent: dict[str, list[int]] = {name: [] for name in self.names}
        self.gone: set[str] = set()
        for name in self.names:
            caps = self.random.sample(["batch", "labeled-response", "server-time"], 2)
            self.world.irc(name, caps=" ".join(["echo-message", *caps]), rooms="#a,#b,#c")

    def step(self, *inputs: Input) -> None:
        self.take(self.world.core.step(inputs, self.world.now))

    def take(self, effects: Effects) -> None:
        assert effects.failures == []
        names = {id: name for name, id in self.world.ids.items()}
        for id, chunks in effects.outputs:
            for line in write(chunks, id).decode().splitlines():
                head, _, text = line.rpartition(" #c :")
                if head.endswith("PRIVMSG") and f"!~{names[id]}@" in head:
                    self.seen[names[id]].append(int(text))
        for id, on in effects.reading:
            assert self.reading.get(id, True) != on
            self.reading[id] = on
        self.requests += [request.id for request in effects.requests]

    def somebody(self) -> Input:
        name = self.random.choice(self.names)
        if name in self.gone or self.random.random() < 0.02:
            self.gone.add(name)
            orderly = self.random.random() < 0.5
            return Disconnected(user=self.world.ids[name], reason="gone", orderly=orderly)
        lines = []
        for _ in range(self.random.choice((1, 2, 9))):
            if self.random.random() < 0.5:
                self.said += 1
                self.sent[name].append(self.said)
                lines.append(f"PRIVMSG #c :{self.said}")
            else:
                lines.append(self.random.choice(DEEDS).format(name=name))
        return self.world.lines(name, *lines)

    def answer(self) -> Input:
        return Completed(request=self.requests.pop(0), result=self.random.random() < 0.5)


@pytest.mark.parametrize("seed", range(60))
def test_nothing_and_nobody_is_left_over(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "BUDGET", 40)
    monkeypatch.setattr(machine, "FEW", 2)
    monkeypatch.setattr(machine, "TURN", 3)
    storm = Storm(seed)
    waited = False
    for _ in range(25):
        inputs = [storm.somebody() for _ in range(storm.random.randint(0, 12))]
        while storm.requests and storm.random.random() < 0.4:
            inputs.insert(storm.random.randint(0, len(inputs)), storm.answer())
        storm.step(*inputs)
        waited = waited or storm.world.core.busy
    assert waited
    turns = 0
    while storm.world.core.busy or storm.requests:
        storm.step(*[storm.answer()] if storm.requests else [])
        turns += 1
        assert turns < 10_000
    for name in storm.names:
        heard, sent = storm.seen[name], storm.sent[name]
        # Whose connection has broken may not have been told the last of it.
        assert heard == (sent[: len(heard)] if name in storm.gone else sent)
    state = storm.world.core.state
    for user in state.users.values():
        assert (user.deferred, user.held, user.requests, user.leaving) == (None, False, 0, None)
    assert {id for name, id in storm.world.ids.items() if name not in storm.gone} == set(
        state.users
    )
    assert not storm.world.core.context.pending


def test_a_small_deed_is_not_behind_a_storm_although_the_step_was_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "BUDGET", 100)
    monkeypatch.setattr(machine, "FEW", 2)
    world = World()
    crowd = [f"u{number}" for number in range(60)]
    for name in (*crowd, "by", "talker"):
        world.irc(name)
    world.core.step([world.lines(name, "JOIN #big") for name in crowd], world.now)
    assert sum(world.core.waits(world.ids[name]) for name in crowd) > 30
    full = world.lines("talker", *["PONG x"] * 60)
    effects = world.core.step([full, world.lines("by", "PING x")], world.now)
    assert _lines(effects, world, "by") == []
    effects = world.core.step([], world.now)
    effects = world.core.step([], world.now) if not _lines(effects, world, "by") else effects
    assert codes(_lines(effects, world, "by")) == ["PONG"]
    assert sum(world.core.waits(world.ids[name]) for name in crowd) > 20


def _lines(effects: Effects, world: World, name: str) -> list[str]:
    id = world.ids[name]
    return write(dict(effects.outputs).get(id, []), id).decode().splitlines()
