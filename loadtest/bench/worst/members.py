"""Rows about rooms with many members. What is imported of the server is imported in functions."""

from __future__ import annotations

from typing import Any

from loadtest.bench.worst.rows import CROWD, GENEROUS, NOTIFIED, ROOMS, Case, case, nothing, row
from loadtest.bench.worst.world import World

# --- Many members

_BIG = f"{CROWD:,} members"
EVERYWHERE = f"{ROOMS} rooms of {CROWD:,}"


def big(*, caps: str = "", own_caps: str = "", inside: bool = True, rooms: int = 1) -> World:
    """Return a world with rooms that everybody is in, and al, who may be too, as their operator."""
    from trio_chat.core import modes
    from trio_chat.core.rooms import enter

    world = World()
    crowd = world.crowd(CROWD, caps=caps)
    al = world.user("al", caps=own_caps)
    for channel in world.rooms(rooms, crowd):
        if inside:
            enter(al, channel, modes.OP)
    return world


NAMED = ",".join(f"#{number:x}" for number in range(ROOMS))


def _in_all(world: World) -> None:
    from trio_chat.core import modes
    from trio_chat.core.rooms import enter

    al = world.core.state.users[world.ids["al"]]
    for number in range(ROOMS):
        channel = world.core.state.channels[f"#{number:x}"]
        if al not in channel.members:
            enter(al, channel, modes.OP)


@row("RENAME", f"{_BIG} without the capability")
def _() -> Case:
    return case(big(), "al", "RENAME #0 #new", ("al", "RENAME #new #0"))


@row("RENAME to members with other names of everybody", f"{_BIG}, userhost-in-names")
def _() -> Case:
    world = big(caps="userhost-in-names multi-prefix")
    return case(world, "al", "RENAME #0 #new", ("al", "RENAME #new #0"))


@row(f"JOIN of {ROOMS} rooms", EVERYWHERE)
def _() -> Case:
    return case(big(inside=False, rooms=ROOMS), "al", f"JOIN {NAMED}", ("al", "JOIN 0"))


@row(f"JOIN of {ROOMS} rooms, away", f"{EVERYWHERE}, away-notify")
def _() -> Case:
    world = big(caps="away-notify", inside=False, rooms=ROOMS)
    world.send("al", "AWAY :x")
    return case(world, "al", f"JOIN {NAMED}", ("al", "JOIN 0"))


@row(f"JOIN of {ROOMS} rooms, labelled", f"{EVERYWHERE}, userhost-in-names")
def _() -> Case:
    caps = "userhost-in-names labeled-response batch"
    world = big(inside=False, rooms=ROOMS, own_caps=caps)
    return (
        world,
        lambda: [world.received("al", f"@label=x JOIN {NAMED}")],
        lambda: world.send("al", "JOIN 0"),
    )


@row(f"JOIN of {ROOMS} rooms that hide who speaks", f"{EVERYWHERE}, +u")
def _() -> Case:
    world = big(inside=False, rooms=ROOMS)
    for number in range(ROOMS):
        world.send("u0", f"MODE #{number:x} +u")
    return case(world, "al", f"JOIN {NAMED}", ("al", "JOIN 0"))


@row("JOIN 0", EVERYWHERE)
def _() -> Case:
    world = big(rooms=ROOMS)
    return world, lambda: [world.received("al", "JOIN 0")], lambda: _in_all(world)


@row(f"PART of {ROOMS} rooms", EVERYWHERE)
def _() -> Case:
    world = big(rooms=ROOMS)
    return world, lambda: [world.received("al", f"PART {NAMED}")], lambda: _in_all(world)


def _leave(world: World, orderly: bool) -> Case:
    from trio_chat.core.inputs import Disconnected

    def inputs() -> list[Any]:
        if orderly:
            return [world.received("al", "QUIT :bye")]
        return [Disconnected(user=world.ids["al"], reason="gone")]

    def back() -> None:
        world.user("al")
        _in_all(world)

    return world, inputs, back


@row("QUIT", EVERYWHERE)
def _() -> Case:
    return _leave(big(rooms=ROOMS), True)


@row("hanging up", EVERYWHERE)
def _() -> Case:
    return _leave(big(rooms=ROOMS), False)


@row("NICK", EVERYWHERE)
def _() -> Case:
    return case(big(rooms=ROOMS), "al", "NICK other", ("al", "NICK al"))


@row("NICK, in auditoriums", f"{EVERYWHERE}, +u, who know each other")
def _() -> Case:
    world = big(rooms=ROOMS)
    for number in range(ROOMS):
        world.send("u0", f"MODE #{number:x} +u")
    return case(world, "u1", "NICK other", ("u1", "NICK u1"))


def hall() -> World:
    """Return a world with an auditorium to which all but its operators have come later."""
    world = big()
    world.send("al", "MODE #0 +u")
    world.core.state.channels["#0"].known.clear()
    return world


_HALL = f"{_BIG}, +u"
_SOME = 20


def _standings(letters: str) -> str:
    return f"{letters} {' '.join(f'u{number}' for number in range(1, _SOME + 1))}"


@row("MODE -u", f"{_HALL}, who do not know each other")
def _() -> Case:
    world = hall()

    def back() -> None:
        world.send("al", "MODE #0 +u")
        world.core.state.channels["#0"].known.clear()

    return world, lambda: [world.received("al", "MODE #0 -u")], back


@row("MODE -u, some are strangers", f"{_HALL}, who know each other, but for 600")
def _() -> Case:
    world = hall()
    channel = world.core.state.channels["#0"]
    world.send("al", "MODE #0 -u")

    def back() -> None:
        world.send("al", "MODE #0 +u")
        for number in range(600):
            del channel.known[world.core.state.users[world.ids[f"u{number}"]]]

    back()
    return world, lambda: [world.received("al", "MODE #0 -u")], back


for _does, _undoes in (("+v", "-v"), ("-v", "+v"), ("+o", "-o"), ("-o", "+o")):

    @row(f"MODE {_does} of {_SOME}", _HALL)
    def _(does: str = _does, undoes: str = _undoes) -> Case:
        world = hall()
        line, undo = (f"MODE #0 {_standings(one[0] + one[1] * _SOME)}" for one in (does, undoes))
        if does[0] == "-":
            world.send("al", undo)
        return case(world, "al", line, ("al", undo))


@row("MODE that changes one member over and over", _HALL)
def _() -> Case:
    letters = "+o-o" * (_SOME // 2)
    return case(hall(), "al", f"MODE #0 {letters} {' '.join(['u1'] * _SOME)}")


@row("MODE -u+u over and over", _HALL)
def _() -> Case:
    return case(hall(), "al", f"MODE #0 {'-u+u' * 125}")


@row("RENAME of an auditorium", f"{_HALL}, without the capability")
def _() -> Case:
    return case(hall(), "al", "RENAME #0 #new", ("al", "RENAME #new #0"))


@row("RENAME of an auditorium in which half may speak", f"{_HALL}, without the capability")
def _() -> Case:
    from trio_chat.core import modes
    from trio_chat.core.rooms import set_standing

    world = hall()
    channel = world.core.state.channels["#0"]
    for member in list(channel.members)[::2]:
        if not channel.members[member]:
            set_standing(channel, member, modes.VOICE)
    return case(world, "al", "RENAME #0 #new", ("al", "RENAME #new #0"))


for _line, _undo in (("AWAY :x", "AWAY"), ("SETNAME :x", "SETNAME :y")):
    for _asked in (False, True):

        @row(f"{_line.split()[0]}, {'everybody' if _asked else 'nobody'} asks", EVERYWHERE)
        def _(line: str = _line, undo: str = _undo, asked: bool = _asked) -> Case:
            world = big(rooms=ROOMS, caps=NOTIFIED if asked else "")
            return case(world, "al", line, ("al", undo))


@row("AWAY, one of a thousand asks", EVERYWHERE)
def _() -> Case:
    world = big(rooms=ROOMS)
    for number in range(0, CROWD, 1000):
        world.send(f"u{number}", "CAP REQ away-notify")
    return case(world, "al", "AWAY :x", ("al", "AWAY"))


@row("PRIVMSG to 4 rooms", f"4 rooms of {CROWD:,}")
def _() -> Case:
    return case(big(rooms=4), "al", f"PRIVMSG #0,#1,#2,#3 :{'x' * 400}")


@row("PRIVMSG to who may speak in 4 rooms", f"4 rooms of {CROWD:,}, each ignores somebody")
def _() -> Case:
    from trio_chat.core import modes

    world = big(rooms=4, own_caps="message-tags")
    for number in range(CROWD):
        user = world.core.state.users[world.ids[f"u{number}"]]
        world.core.state.ignores.add(user, "somebody", None)
    world.send("al", "NICK йцукен")
    for channel in world.core.state.channels.values():
        for user in channel.members:
            channel.members[user] = modes.VOICE
    return case(world, "al", "PRIVMSG +#0,+#1,+#2,+#3 :x")


@row("PRIVMSG, everybody ignores who says it", f"4 rooms of {CROWD:,}")
def _() -> Case:
    world = big(rooms=4)
    al = world.core.state.users[world.ids["al"]]
    for number in range(CROWD):
        user = world.core.state.users[world.ids[f"u{number}"]]
        world.core.state.ignores.add(user, "al", al)
    return case(world, "al", "PRIVMSG #0,#1,#2,#3 :x")


@row("NICK, everybody ignores and watches", f"{CROWD:,} users")
def _() -> Case:
    world = World()
    for user in world.crowd(CROWD):
        world.core.state.ignores.add(user, "al", None)
        world.core.state.monitors.add(user, "al")
        world.core.state.monitors.add(user, "other")
    world.user("al")
    return case(world, "al", "NICK other", ("al", "NICK al"))


@row("the end of a message of 100 lines", f"{_BIG} of all kinds")
def _() -> Case:
    world = World()
    al = world.user("al", caps=GENEROUS)
    kinds = ("server-time", "message-tags", "account-tag", "batch draft/multiline")
    crowd = []
    for number in range(CROWD):
        caps = " ".join(kind for bit, kind in enumerate(kinds) if number >> bit & 1)
        crowd.append(world.user(f"u{number}", caps=caps))
    world.rooms(1, [al, *crowd])
    tags = "+a=" + "x" * 500
    begin = [f"@{tags} BATCH +1 draft/multiline #0", *["@batch=1 PRIVMSG #0 :" + "x" * 39] * 100]

    def inputs() -> list[Any]:
        world.send("al", *begin)
        return [world.received("al", "BATCH -1")]

    return world, inputs, nothing


@row("TAGMSG with 4,094 bytes of tags", f"4 rooms of {CROWD:,}")
def _() -> Case:
    world = big(rooms=4, caps="message-tags", own_caps="message-tags")
    tags = ";".join(f"+{number:x}" for number in range(700))
    line = f"@{tags} TAGMSG #0,#1,#2,#3"
    return world, lambda: [world.received("al", line)], nothing


for _name, _line in (
    ("NAMES of 4 rooms", "NAMES #0,#1,#2,#3"),
    ("WHO of a room", "WHO #0"),
    ("WHOX of a room", "WHO #0 %tcuihsnfdlaor,7"),
    ("TOPIC", f"TOPIC #0 :{'x' * 390}"),
    ("INVITE", "INVITE guest #0"),
    ("MODE with 12 members", f"MODE #0 +{'v' * 12} {' '.join(f'u{n}' for n in range(12))}"),
    ("MODE of letters that are none", f"MODE #0 {''.join(map(chr, range(0x410, 0x4F0)))}"),
):

    @row(f"{_name}, inside", f"4 rooms of {CROWD:,}")
    def _(line: str = _line) -> Case:
        world = big(rooms=4)
        world.user("guest")
        undo = f"MODE #0 -{'v' * 12} {' '.join(f'u{n}' for n in range(12))}"
        return case(world, "al", line, ("al", undo if "+v" in line else "PING x"))


for _name, _line in (("NAMES of 4 rooms", "NAMES #0,#1,#2,#3"), ("WHO of a room", "WHO #0")):

    @row(f"{_name}, outside", f"4 rooms of {CROWD:,}")
    def _(line: str = _line) -> Case:
        return case(big(rooms=4, inside=False), "al", line)


@row("KICK of 4", f"4 rooms of {CROWD:,}")
def _() -> Case:
    from trio_chat.core.rooms import enter

    world = big(rooms=4)

    def back() -> None:
        for number in range(1, 5):
            user = world.core.state.users[world.ids[f"u{number}"]]
            enter(user, world.core.state.channels["#0"], 0)

    return world, lambda: [world.received("al", "KICK #0 u1,u2,u3,u4")], back


@row("CAP REQ of everything", EVERYWHERE)
def _() -> Case:
    line = f"CAP REQ :{GENEROUS} {NOTIFIED}"
    undo = "CAP REQ :" + " ".join(f"-{word}" for word in f"{GENEROUS} {NOTIFIED}".split())
    return case(big(rooms=ROOMS), "al", line, ("al", undo))


@row("WHOIS of somebody", f"both are in {ROOMS} rooms")
def _() -> Case:
    return case(big(rooms=ROOMS), "al", "WHOIS u1")
