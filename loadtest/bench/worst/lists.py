"""Rows about masks, searches, many names and bans."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from loadtest.bench.worst.members import EVERYWHERE, NAMED, big
from loadtest.bench.worst.rows import CROWD, LINE, MASKS, ROOMS, Case, case, filled, nothing, row
from loadtest.bench.worst.world import World, groups

# --- Masks

_MASKED = 60
_SLOW = [f"*{'a?' * 35}*{'?' * number}*!*@*a" for number in range(MASKS)]
"""Masks that take long to compare with a long name of that letter."""


def _masked(*, letter: str = "b", fits: bool, rooms: int = _MASKED) -> World:
    world = World()
    op = world.user("op")
    world.user("a" * 32)
    world.ids["al"] = world.ids["a" * 32]
    masks = _SLOW[1:]
    channels = world.rooms(rooms, [op])
    # The same masks everywhere would be less to remember.
    for number, channel in enumerate(channels):
        last = "*!*@10.*" if fits else _SLOW[0]
        here = [*(f"?{'?' * (number % 9)}{mask}" for mask in masks), last]
        world.lists([channel], "op", here, letter)
    return world


_SIXTY = ",".join(f"#{number:x}" for number in range(_MASKED))
_FULL = f"{MASKS} masks each"


@row(f"JOIN of {_MASKED} rooms that refuse", _FULL)
def _() -> Case:
    return case(_masked(fits=True), "al", f"JOIN {_SIXTY}")


@row(f"JOIN of {_MASKED} rooms that let in", _FULL)
def _() -> Case:
    return case(_masked(fits=False), "al", f"JOIN {_SIXTY}", ("al", "JOIN 0"))


@row(f"JOIN of {ROOMS} rooms with exceptions", _FULL)
def _() -> Case:
    world = _masked(fits=False, rooms=ROOMS)
    for number in range(ROOMS):
        world.send("op", f"MODE #{number:x} -b {_SLOW[0]}", f"MODE #{number:x} +b *!*@*")
    return case(world, "al", f"JOIN {NAMED}", ("al", "JOIN 0"))


@row("NOTICE to 4 rooms from outside", _FULL)
def _() -> Case:
    world = _masked(fits=False)
    for number in range(4):
        world.send("op", f"MODE #{number:x} -n")
    return case(world, "al", "NOTICE #0,#1,#2,#3 :x")


@row("MODE with as many masks as fit", "an empty list")
def _() -> Case:
    world = World()
    world.rooms(1, [world.user("al")])
    masks = [f"{number:x}" for number in range(MASKS)]
    line = f"MODE #0 +{'b' * MASKS} {' '.join(masks)}"[:LINE].rpartition(" ")[0]
    return case(world, "al", line, ("al", line.replace("+", "-")))


@row("MODE b", _FULL)
def _() -> Case:
    return case(_masked(fits=False, rooms=1), "op", "MODE #0 beI")


# --- Many rooms, many users


def _many_rooms() -> World:
    world = World()
    for number in range(20):
        world.user(f"u{number}")
        names = [f"#{number:x}x{room:x}" for room in range(ROOMS)]
        for few in groups(names, 50):
            world.send(f"u{number}", f"JOIN {','.join(few)}")
        for name in names:
            world.send(f"u{number}", f"TOPIC {name} :{'t' * 390}")
    world.user("al")
    return world


for _name, _line in (
    ("LIST", "LIST"),
    ("LIST with 120 masks", filled("LIST ", (f"{n:x}*" for n in range(120)))),
    ("LIST with 120 masks that are not", filled("LIST ", (f"!{n:x}?" for n in range(120)))),
    ("LIST with 160 times >0", filled("LIST ", iter([">0"] * 160))),
    ("LIST with 120 times T>0", filled("LIST ", iter(["T<9"] * 160))),
    ("LIST with a long mask", "LIST *" + "?*" * 240),
):

    @row(_name, "2,000 rooms")
    def _(line: str = _line) -> Case:
        return case(_many_rooms(), "al", line)


def _many_users(*, modes: str = "", rooms: int = 0) -> World:
    from trio_chat.core.rooms import enter

    world = World()
    crowd = world.crowd(CROWD)
    for user in crowd:
        user.realname = "a" * 150
        if modes:
            world.send(user.nickname, f"MODE {user.nickname} {modes}")
    channels = world.rooms(rooms, [world.user("op")])
    for channel in channels:
        for user in crowd:
            enter(user, channel, 0)
    world.user("al")
    return world


for _name, _line in (
    ("WHO", "WHO *"),
    ("WHO with 120 ?", f"WHO {'?' * 120}"),
    ("WHO with a star and 120 ?", f"WHO *{'?' * 150}b"),
    ("WHO with a mask that is slow", f"WHO *{'a' * 75}?b*"),
    ("WHO with many stars", "WHO *" + "?a*" * 80 + "b"),
    ("WHO zzz*", "WHO zzz*"),
):

    @row(_name, f"{CROWD:,} users")
    def _(line: str = _line) -> Case:
        return case(_many_users(), "al", line)


@row("WHO of the invisible", f"{ROOMS} rooms of {CROWD:,}, +i")
def _() -> Case:
    return case(_many_users(modes="+i", rooms=ROOMS), "al", "WHO u*")


@row("WHO of everybody, by an operator", f"{ROOMS} rooms of {CROWD:,}, +i", ordinary=False)
def _() -> Case:
    from trio_chat.core import modes
    from trio_chat.core.rooms import set_user_modes

    world = _many_users(modes="+i", rooms=ROOMS)
    al = world.core.state.users[world.ids["al"]]
    set_user_modes(world.core.state, al, al.modes | modes.OPERATOR)
    return case(world, "al", "WHO *")


@row("WHOWAS", "1,000 that are the same")
def _() -> Case:
    world = World()
    world.user("al")
    for _ in range(500):
        world.send("al", "NICK other", "NICK al")
    return case(world, "al", "WHOWAS other")


# --- Names

_FOREIGN = [chr(0x430 + n % 32) + chr(0x430 + n // 32) for n in range(100)]


def _names(start: int = 0) -> Iterator[str]:
    """Yield short names that are not ASCII, from the one of a number on."""
    for number in itertools.count(start):
        yield chr(0x430 + number % 32) + chr(0x430 + number // 32)


for _name, _start, _joint, _undo in (
    ("MONITOR + with as many as fit", "MONITOR + ", ",", "MONITOR C"),
    ("MONITOR - with as many as fit", "MONITOR - ", ",", "MONITOR C"),
    ("ISON with as many as fit", "ISON ", " ", "PING x"),
    ("PRIVMSG to as many as fit", "PRIVMSG ", ",", "PING x"),
    ("JOIN of names that are none", "JOIN ", ",", "PING x"),
    ("PART of names that are none", "PART ", ",", "PING x"),
    ("WHOIS of as many as fit", "WHOIS ", ",", "PING x"),
    ("NAMES of as many as fit", "NAMES ", ",", "PING x"),
    ("KICK of as many as fit", "KICK #0 ", ",", "PING x"),
    ("CAP REQ of what there is not", "CAP REQ :", " ", "PING x"),
):

    @row(_name, "names in Cyrillic")
    def _(start: str = _start, joint: str = _joint, undo: str = _undo) -> Case:
        world = World()
        world.rooms(1, [world.user("al")])
        numbers = itertools.count(step=200)

        def inputs() -> list[Any]:
            # Others each time: what a name is, is remembered.
            line = filled(start, _names(next(numbers)), joint)
            return [world.received("al", f"{line[:-4]} :x" if "PRIVMSG" in line else line)]

        return world, inputs, lambda: world.send("al", undo)


@row("MONITOR S", "100 watched in Cyrillic")
def _() -> Case:
    world = World()
    world.user("al")
    world.send("al", filled("MONITOR + ", _names()), "MONITOR + " + ",".join(_FOREIGN[:50]))
    return case(world, "al", "MONITOR S")


for _line in ("HELP", "HELP JOIN", "LUSERS", "MOTD", "VERSION", "ISUPPORT", "CAP LS 302", "TIME"):

    @row(_line, f"{CROWD:,} users")
    def _(line: str = _line) -> Case:
        return case(_many_users(), "al", line)


# --- Bans of the server


def _banned(*, masks: int = 0, networks: int = 0) -> World:
    from trio_chat.core import modes
    from trio_chat.core.rooms import set_user_modes

    world = World()
    op = world.user("op", address="172.16.0.1")
    set_user_modes(world.core.state, op, op.modes | modes.OPERATOR)
    for number in range(networks):
        world.send("op", f"DLINE 192.{number >> 8}.{number & 255}.0/24 x")
    for number in range(masks):
        world.send("op", f"KLINE *{'a?' * 10}*{number:03}!*@*a x")
    return world


@row("accept", "1,000 D-lines")
def _() -> Case:
    world = _banned(networks=1000)

    class Door(World):
        def __init__(self) -> None:
            super().__init__()
            self.core = world.core

        def steps(self, inputs: Sequence[Any]) -> Iterator[Any]:
            assert world.core.refusal("10.0.0.1", world.now) == ""
            yield world.core.context.output.take()

    return Door(), list, nothing


@row("registration", "1,000 D-lines, 1,000 K-lines")
def _() -> Case:
    from trio_chat.core.inputs import Connected, Disconnected

    world = _banned(networks=1000, masks=1000)
    number = 100_000

    def inputs() -> list[Any]:
        nonlocal number
        number += 1
        world.ids["al"] = number
        name = "a" * 32
        return [
            Connected(
                user=number, plain=False, host="10.0.0.1", address="10.0.0.1", since=world.now
            ),
            world.received("al", f"NICK {name}", f"USER {name} 0 * :{name}"),
        ]

    def back() -> None:
        assert world.core.state.users[number].registered
        world.step(Disconnected(user=number, reason="gone"))

    return world, inputs, back


# --- What only operators can do


def _operator(world: World) -> World:
    from trio_chat.core import modes
    from trio_chat.core.rooms import set_user_modes

    al = world.core.state.users[world.ids["al"]]
    set_user_modes(world.core.state, al, al.modes | modes.OPERATOR)
    return world


@row("KLINE that nobody fits", f"{CROWD:,} users", ordinary=False)
def _() -> Case:
    world = _operator(big())
    return case(world, "al", "KLINE zz!*@* x", ("al", "UNKLINE zz!*@*"))


@row("DLINE that nobody fits", f"{CROWD:,} users", ordinary=False)
def _() -> Case:
    world = _operator(big())
    return case(world, "al", "DLINE 192.0.2.7 x", ("al", "UNDLINE 192.0.2.7"))


@row("CHGHOST", EVERYWHERE, ordinary=False)
def _() -> Case:
    world = _operator(big(rooms=ROOMS))
    return case(world, "al", "CHGHOST al some.host", ("al", "CHGHOST al other.host"))


@row(f"SAJOIN of {ROOMS} rooms", EVERYWHERE, ordinary=False)
def _() -> Case:
    world = _operator(big(rooms=ROOMS, inside=False))
    return case(world, "al", f"SAJOIN {NAMED}", ("al", "JOIN 0"))


@row("WALLOPS", f"{CROWD:,} users", ordinary=False)
def _() -> Case:
    return case(_operator(big()), "al", "WALLOPS :x")


@row("STATS k", "1,000 K-lines", ordinary=False)
def _() -> Case:
    return case(_banned(masks=1000), "op", "STATS k")
