"""Rows about metadata. What is imported of the server is imported in functions."""

from __future__ import annotations

from typing import Any

from loadtest.bench.worst.members import EVERYWHERE, NAMED, big
from loadtest.bench.worst.rows import CROWD, ROOMS, Case, case, row
from loadtest.bench.worst.world import World

KEYS = [f"key{number:02}" for number in range(20)]
"""As many as somebody can have."""
_VALUE = "v" * 200
_FULL = "everybody has 20 keys"
TWO, THREE = "batch draft/metadata-2", "batch draft/metadata-3"


def _say(user: Any) -> None:
    user.metadata = dict.fromkeys(KEYS, _VALUE)


def _subscribe(world: World, user: Any) -> None:
    for key in KEYS:
        world.core.state.subscriptions.add(user, key)


def _talkative(*, rooms: int = 1, inside: bool = True, own_caps: str = TWO) -> World:
    """Return a world in which everybody has as much as they can, and al wants to know all of it."""
    world = big(own_caps=own_caps, rooms=rooms, inside=inside)
    for user in world.core.state.users.values():
        _say(user)
    _subscribe(world, world.core.state.users[world.ids["al"]])
    return world


def _curious(caps: str, *, rooms: int = 1, inside: bool = True) -> World:
    """Return a world in which everybody wants to know all that al has: as much as there can be."""
    world = big(caps=caps, own_caps=caps, rooms=rooms, inside=inside)
    for user in world.core.state.users.values():
        _subscribe(world, user)
    _say(world.core.state.users[world.ids["al"]])
    return world


for _caps in (TWO, THREE):
    _version = _caps[-1]

    @row(f"METADATA SYNC, version {_version}", f"{CROWD:,} members, {_FULL}")
    def _(caps: str = _caps) -> Case:
        world = _talkative(own_caps=caps)
        return case(world, "al", "METADATA #0 SYNC")

    @row(f"METADATA SET, version {_version}", f"{CROWD:,} members, all are subscribed")
    def _(caps: str = _caps) -> Case:
        world = _curious(caps)
        return case(
            world,
            "al",
            f"METADATA * SET key00 {_VALUE[:-1]}w",
            ("al", f"METADATA * SET key00 {_VALUE}"),
        )

    @row(f"JOIN by who has 20 keys, version {_version}", f"{CROWD:,} members, all are subscribed")
    def _(caps: str = _caps) -> Case:
        world = _curious(caps, inside=False)
        return case(world, "al", "JOIN #0", ("al", "PART #0"))


@row("METADATA SET of who is in many rooms", f"{EVERYWHERE}, all are subscribed")
def _() -> Case:
    return case(
        _curious(TWO, rooms=ROOMS), "al", "METADATA * SET key00 x", ("al", "METADATA * SET key00 y")
    )


@row("METADATA *ALL SYNC", EVERYWHERE)
def _() -> Case:
    # All are looked at in each of the rooms, and told of once.
    world = big(own_caps=THREE, rooms=ROOMS)
    _subscribe(world, world.core.state.users[world.ids["al"]])
    return case(world, "al", "METADATA *ALL SYNC")


@row("METADATA SUB of 20 keys", f"{ROOMS} rooms of 200, {_FULL}")
def _() -> Case:
    from trio_chat.core.rooms import enter

    world = World()
    al = world.user("al", caps=TWO)
    crowd = world.crowd(CROWD)
    for user in crowd:
        _say(user)
    some = [crowd[start : start + 199] for start in range(0, CROWD, 199)]
    for number, channel in enumerate(world.rooms(ROOMS, [])):
        enter(al, channel, 0)
        for user in some[number % len(some)]:
            enter(user, channel, 0)
    words = " ".join(KEYS)
    return case(world, "al", f"METADATA * SUB {words}", ("al", f"METADATA * UNSUB {words}"))


@row(f"JOIN of {ROOMS} rooms with metadata", f"{EVERYWHERE}, {_FULL}")
def _() -> Case:
    world = _talkative(rooms=ROOMS, inside=False)
    return case(world, "al", f"JOIN {NAMED}", ("al", "JOIN 0"))


@row("JOIN with metadata of 200", f"200 members, {_FULL}")
def _() -> Case:
    world = World()
    crowd = world.crowd(199)
    al = world.user("al", caps=TWO)
    for user in crowd:
        _say(user)
    _subscribe(world, al)
    world.rooms(1, crowd)
    return case(world, "al", "JOIN #0", ("al", "PART #0"))


@row("MONITOR of 100", _FULL)
def _() -> Case:
    world = World()
    for user in world.crowd(100):
        _say(user)
    al = world.user("al", caps=THREE)
    _subscribe(world, al)
    names = ",".join(f"u{number}" for number in range(100))
    return case(world, "al", f"MONITOR + {names}", ("al", "MONITOR C"))


@row("NICK to what everybody waits for", f"{CROWD:,} have it on their list, and 20 subscriptions")
def _() -> Case:
    world = World()
    al = world.user("al")
    _say(al)
    for user in world.crowd(CROWD, caps=THREE):
        world.core.state.monitors.add(user, "wanted")
        _subscribe(world, user)
    return case(world, "al", "NICK wanted", ("al", "NICK al"))


@row("METADATA SET that nobody sees who is subscribed", f"{EVERYWHERE}, as many others subscribed")
def _() -> Case:
    world = big(own_caps=TWO, rooms=ROOMS)
    for number in range(CROWD):
        _subscribe(world, world.user(f"other{number}", caps=TWO))
    return case(world, "al", "METADATA * SET key00 x", ("al", "METADATA * SET key00 y"))
