"""A core that is filled and measured: what a line takes, step by step, in CPU time.

Owns how a state is built faster than a line for each, and what counts as a step. The core stands
alone: no server, no socket, no trio. What is imported of it is imported in functions.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

NOW = 1_700_000_000.0


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a line takes: milliseconds of CPU, and bytes that are sent for it."""

    longest: float
    """The longest step until it has been carried out."""
    total: float
    """All of those steps."""
    steps: int
    writing: float
    """To encode what all of them show."""
    size: int


class World:
    """A core, and ways to fill it that are faster than a line for each."""

    def __init__(self, **settings: Any) -> None:
        from trio_chat.core.core import Core
        from trio_chat.core.settings import Settings

        # It records what happens, and asks nobody for more of it on joining.
        recording = {"history": True, "history_on_join": 0}
        self.settings = Settings(name="bench.example", **(recording | settings))
        self.core = Core(self.settings, version="0", started=NOW)
        self.now = NOW
        self.ids: dict[str, int] = {}
        self._numbers = itertools.count(1)

    # --- The state

    def user(self, name: str, *, caps: str = "", address: str = "") -> Any:
        """Connect and register somebody; return the user."""
        from trio_chat.core.inputs import Connected, Received

        number = next(self._numbers)
        self.ids[name] = number
        address = address or f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        lines = [f"CAP REQ :{caps}"] if caps else []
        lines += [f"NICK {name}", f"USER {name} 0 * :Somebody called {name}", "CAP END"]
        self.step(
            Connected(user=number, plain=False, host=address, address=address, since=self.now),
            Received(user=number, lines=[line.encode() for line in lines]),
        )
        return self.core.state.users[number]

    def crowd(self, count: int, *, caps: str = "") -> list[Any]:
        """Connect and register so many: u0, u1 and so on."""
        return [self.user(f"u{number}", caps=caps) for number in range(count)]

    def rooms(self, count: int, members: Sequence[Any], *, op: Any = None) -> list[Any]:
        """Make rooms that all of these are in; the first, or `op`, is an operator there."""
        from trio_chat.core import modes, rooms

        found = []
        for number in range(count):
            channel = rooms.find_or_create(self.core.state, f"#{number:x}", now=self.now)
            for member in members:
                rooms.enter(member, channel, 0)
            if members or op:
                first = op or members[0]
                if first not in channel.members:
                    rooms.enter(first, channel, 0)
                rooms.set_standing(channel, first, modes.OP)
            found.append(channel)
        return found

    def lists(self, channels: Sequence[Any], op: str, masks: Sequence[str], letter: str) -> None:
        """Set masks in rooms, as their operator does."""
        for channel in channels:
            for few in groups(masks, 2):
                words = " ".join(few)
                self.send(op, f"MODE {channel.name} +{letter * len(few)} {words}")

    # --- Steps

    def step(self, *inputs: Any) -> None:
        """Take inputs, and go on until all that follows is done."""
        for _ in self.steps(inputs):
            pass

    def steps(self, inputs: Sequence[Any]) -> Iterator[Any]:
        """Yield the effects of each step, until nothing is left to do.

        What is sent is taken at once, and every password is right.
        """
        from trio_chat.core.inputs import Completed

        while inputs or self.core.busy:
            effects = self.core.step(inputs, self.now)
            assert not effects.failures, effects.failures
            inputs = [Completed(request=one.id, result=True) for one in effects.requests]
            yield effects

    def received(self, name: str, *lines: str) -> Any:
        from trio_chat.core.inputs import Received

        return Received(user=self.ids[name], lines=[line.encode() for line in lines])

    def send(self, name: str, *lines: str) -> None:
        """Have a user send lines."""
        self.step(self.received(name, *lines))

    def measure(self, inputs: Sequence[Any]) -> Cost:
        """Take inputs; return what it took."""
        from trio_chat.core.feed import write

        times: list[int] = []
        writing = size = 0
        found = self.steps(inputs)
        while True:
            began = time.process_time_ns()
            effects = next(found, None)
            times.append(time.process_time_ns() - began)
            if effects is None:
                break
            began = time.process_time_ns()
            merged: dict[Any, bytes] = {}
            for user, chunks in effects.outputs:
                one = chunks[0].data(user) if len(chunks) == 1 else write(chunks, user, merged)
                size += len(one)
            writing += time.process_time_ns() - began
        # Nothing is done after the last one but to see that it was the last.
        times.pop()
        return Cost(
            longest=max(times, default=0) / 1e6,
            total=sum(times) / 1e6,
            steps=len(times),
            writing=writing / 1e6,
            size=size,
        )


def groups(items: Sequence[str], count: int) -> Iterator[Sequence[str]]:
    """Yield them by so many."""
    for start in range(0, len(items), count):
        yield items[start : start + count]
