"""Rows about registered rooms, and ChanServ."""

from __future__ import annotations

from typing import Any

from loadtest.bench.worst.rows import CROWD, MASKS, Case, case, row
from loadtest.bench.worst.world import World

_EMPTY = 60
"""Rooms that nobody is in, as many as a line names."""
_KEPT = 10_000


def _world(*, kept: int = 0) -> World:
    """A world with accounts; al is logged in, and the founder of one of the rooms that are kept."""
    from trio_chat.core import modes, rooms
    from trio_chat.core.registered import RegisteredRoom
    from trio_chat.core.settings import AccountPolicy

    world = World(accounts=AccountPolicy())
    rooms.set_account(world.core.state, world.user("al"), "al")
    for number in range(kept):
        access = {f"somebody{other}": modes.OP for other in range(number, number + 10)}
        founder = f"somebody{number}" if number else "al"
        world.core.context.registered.put(
            RegisteredRoom(name=f"#{number:x}", founder=founder, registered_at=0.0, access=access)
        )
    return world


@row(f"JOIN of {_EMPTY} empty rooms that refuse", f"registered, {MASKS} masks each")
def _() -> Case:
    from trio_chat.core import masks
    from trio_chat.core.state import ListEntry

    world = _world(kept=_EMPTY)
    context = world.core.context
    long = [f"?{n}*{'a?' * 35}*!*@*" for n in range(MASKS - 1)]
    for number in range(_EMPTY):
        channel = context.channel(f"#{number:x}")
        channel.lists["b"] = {
            mask: ListEntry(mask=mask, by="op", at=0.0, rule=masks.Rule(mask))
            for mask in (*long, "*!*@10.*")
        }
        context.keeping.settings(channel)
        del world.core.state.channels[channel.name]
    world.step()
    bo = world.user("bo")
    assert bo.nickname == "bo"
    names = ",".join(f"#{number:x}" for number in range(_EMPTY))
    return case(world, "bo", f"JOIN {names}")


@row("MODE that sets a mask", f"a registered room with {MASKS - 1} masks")
def _() -> Case:
    world = _world(kept=1)
    world.send("al", "JOIN #0")
    world.lists(world_channels(world), "al", [f"{n}{'x' * 60}!*@*" for n in range(MASKS - 1)], "b")
    return case(world, "al", "MODE #0 +b last!*@*", ("al", "MODE #0 -b last!*@*"))


def world_channels(world: World) -> list[Any]:
    """Return the registered room that there is."""
    return [world.core.state.channels["#0"]]


for _name, _line in (
    ("CS LIST", "CS LIST"),
    ("CS INFO", "CS INFO #0"),
    ("CS AMODE", "CS AMODE #0"),
):

    @row(_name, f"{_KEPT:,} registered rooms")
    def _(line: str = _line) -> Case:
        return case(_world(kept=_KEPT), "al", line)


@row("CS CLEAR USERS", f"a registered room of {CROWD:,}")
def _() -> Case:
    from trio_chat.core import rooms

    world = _world(kept=1)
    world.send("al", "JOIN #0")
    (channel,) = world_channels(world)
    crowd = world.crowd(CROWD)

    def enter() -> None:
        for user in crowd:
            rooms.enter(user, channel, 0)

    enter()
    found = case(world, "al", "CS CLEAR #0 USERS")
    return found[0], found[1], enter
