"""The table of lines that are dear in a state which the default limits allow; how a row is added.

A row is measured several times, and what it has changed is undone in between. Its figures are the
smallest of those: another process can only make a line take longer.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from loadtest.bench.worst.world import Cost, World

CROWD = 5_000
"""Users of the server; members of a big room."""
ROOMS = 100
"""Rooms that somebody can be in."""
MASKS = 100
"""Masks that a room can have."""
LINE = 510
"""Bytes of a line without its end."""
REPEATS = 5
GENEROUS = (
    "echo-message server-time message-tags account-tag batch draft/multiline labeled-response"
)
NOTIFIED = "away-notify setname account-notify chghost extended-monitor invite-notify"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line in a state."""

    name: str
    state: str
    ordinary: bool
    """Whether anybody can send it; the others are for operators of the server."""
    cost: Callable[[], Cost]


ROWS: dict[str, Row] = {}


Case = tuple[World, Callable[[], Sequence[Any]], Callable[[], None]]
"""Where it is; what makes the inputs to be measured; and what puts back how it was before."""


def row(
    name: str, state: str, *, ordinary: bool = True
) -> Callable[[Callable[[], Case]], Callable[[], Case]]:
    """Add a row for the function below, which builds the case."""

    def add(build: Callable[[], Case]) -> Callable[[], Case]:
        def cost() -> Cost:
            world, inputs, undo = build()
            gc.collect()
            gc.disable()
            found = []
            for _ in range(REPEATS):
                found.append(world.measure(inputs()))
                # As long as a channel has to keep its name.
                world.now += 61.0
                undo()
                world.now += 61.0
                gc.collect()
            gc.enable()
            sizes = [one.size for one in found]
            assert min(sizes) * 1.1 >= max(sizes), f"{name}: something else each time: {sizes}"
            return Cost(
                longest=min(one.longest for one in found),
                total=min(one.total for one in found),
                steps=min(one.steps for one in found),
                writing=min(one.writing for one in found),
                size=min(one.size for one in found),
            )

        assert name not in ROWS, name
        ROWS[name] = Row(name=name, state=state, ordinary=ordinary, cost=cost)
        return build

    return add


def nothing() -> None:
    """There is nothing to undo."""


def filled(start: str, words: Iterator[str], joint: str = ",") -> str:
    """Return a line with as many words as it can have."""
    line = start + next(words)
    for word in words:
        if len((line + joint + word).encode()) > LINE:
            break
        line += joint + word
    return line


def case(world: World, user: str, line: str, *undo: tuple[str, str]) -> Case:
    def back() -> None:
        for name, text in undo:
            world.send(name, text)

    assert len(line.encode()) <= LINE, line
    return world, lambda: [world.received(user, line)], back
