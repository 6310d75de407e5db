"""Over sockets: how long a bystander's PING takes while others repeat a line that is dear.

Owns how a state is built by lines alone, and who repeats what. Loopback is exempt from flood
control, so they do it as fast as they are answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from loadtest.bench import process
from loadtest.bench.bystander import Bystander, Observation
from loadtest.bench.crowd import Client, Crowd
from loadtest.bench.messages import Tally
from loadtest.bench.servers import RunningServer, ServerUnderTest

ATTACKERS = 20
ANSWERED = b"all-answered"
"""What a PING asks for behind the lines: it comes back in the PONG, and is in no other line."""
LOOK = 0.02
"""Seconds between two looks whether somebody has been answered."""
PATIENCE = 60.0
"""Seconds that a crowd may wait for an answer while it is flooded."""

Lines = Callable[[int, int], Sequence[str]]
"""By an attacker's number and how often that has been answered, what is sent next."""


class Flood(msgspec.Struct, frozen=True, kw_only=True):
    """What attackers repeat, and the state in which they do."""

    name: str
    state: str
    lines: Lines
    before: Lines = lambda attacker, _: ()
    """What each of them sends once, before anybody is watched."""
    rooms: int = 100
    """Rooms that the crowd is in, each client in one: `#bench0` and so on."""
    attackers: int = ATTACKERS


class Flooded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    name: str
    state: str
    seen: Observation
    answered: int
    """How often somebody was answered all that they had sent at once."""
    others: float
    """What part of one core everything else on this machine took meanwhile."""


def _masked(attacker: int, _: int) -> list[str]:
    """Build a few of sixty rooms with a hundred masks each."""
    lines = []
    for room in range(attacker, 60, ATTACKERS):
        lines.append(f"JOIN #{room:x}")
        for first in range(0, 100, 4):
            masks = [f"*{'a?' * 35}*{'?' * (first + n)}*!*@*{room}" for n in range(4)]
            # All in one line would be too long.
            lines += [f"MODE #{room:x} +bb {' '.join(masks[n : n + 2])}" for n in (0, 2)]
    return [*lines, "JOIN 0"]


_SIXTY = ",".join(f"#{room:x}" for room in range(60))


def _hundred(attacker: int, _: int) -> list[str]:
    names = [f"#{attacker:x}-{room:x}" for room in range(98)]
    return [f"JOIN {','.join(names[first : first + 49])}" for first in (0, 49)]


def floods() -> list[Flood]:
    """Return all of them."""
    letters = "абвгдежзиклмнопрстуфхцчшщыэюя"
    names = [one + other for one in letters for other in letters][:100]
    return [
        Flood(name="PING", state="to compare with", lines=lambda *_: ["PING x"]),
        Flood(name="30 × WHO zzz*", state="", lines=lambda *_: ["WHO zzz*"] * 30),
        Flood(name="WHO with 120 ?", state="", lines=lambda *_: [f"WHO *{'?' * 120}b"]),
        Flood(
            name="500 × WHO zzz*, one client",
            state="",
            lines=lambda *_: ["WHO zzz*"] * 500,
            attackers=1,
        ),
        Flood(
            name="LIST with 100 masks",
            state="2,000 rooms more",
            before=_hundred,
            lines=lambda *_: [f"LIST {','.join(f'!{n:x}?' for n in range(100))}"],
        ),
        Flood(
            name="JOIN of 60 rooms, JOIN 0",
            state="100 masks each",
            before=_masked,
            lines=lambda *_: [f"JOIN {_SIXTY}", "JOIN 0"],
        ),
        Flood(
            name="MONITOR + - with as many as fit",
            state="names in Cyrillic",
            lines=lambda *_: [f"MONITOR + {','.join(names)}", "MONITOR C"],
        ),
        Flood(
            name="PART and JOIN of one room",
            state="all are in it",
            rooms=1,
            lines=lambda *_: ["PART #bench0", "JOIN #bench0"],
        ),
        Flood(
            name="NICK",
            state="all are in one room",
            rooms=1,
            lines=lambda attacker, turn: [f"NICK n{attacker}-{turn}"],
        ),
        Flood(
            name="PRIVMSG",
            state="all are in one room",
            rooms=1,
            lines=lambda *_: [f"PRIVMSG #bench0 :{'x' * 60}"],
        ),
        Flood(
            name="NAMES, 4 times",
            state="all are in one room",
            rooms=1,
            lines=lambda *_: ["NAMES #bench0"] * 4,
        ),
        Flood(
            name="RENAME, once",
            state="all are in one room, and do not know it",
            rooms=1,
            attackers=1,
            lines=lambda _, turn: [f"RENAME #bench0 #other{turn}"] if not turn else ["PING x"],
        ),
    ]


def run(kind: ServerUnderTest, flood: Flood, *, users: int, seconds: float) -> Flooded:
    """Start a server, build the state, and repeat the lines. Raises `CrowdError`, `ServerError`."""
    with (
        kind.run() as server,
        Crowd(server.address, at_once=server.at_once, patience=PATIENCE) as crowd,
    ):
        crowd.gather(rooms=flood.rooms, size=users // flood.rooms)
        attackers = crowd.clients[: flood.attackers]
        tally = crowd.tally = Tally((ANSWERED,), len(crowd.clients))
        done = tally.counts[ANSWERED]
        for number, client in enumerate(attackers):
            _send(crowd, client, flood.before(number, 0))
        end = time.monotonic() + PATIENCE
        while any(not done[client.index] for client in attackers):
            crowd.poll(LOOK)
            crowd.raise_ended()
            if time.monotonic() > end:
                break
        crowd.barrier()
        with Bystander(server.address) as bystander:
            bystander.start()
            sent = {client.index: done[client.index] for client in attackers}
            first = sum(sent.values())
            cpu, busy = _cpu(server), process.busy_seconds()
            began = time.monotonic()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                for number, client in enumerate(attackers):
                    if done[client.index] >= sent[client.index]:
                        turn = done[client.index] - 1
                        sent[client.index] = done[client.index] + 1
                        _send(crowd, client, flood.lines(number, turn))
                crowd.poll(LOOK)
                crowd.raise_ended()
            seen = bystander.stop()
            passed = time.monotonic() - began
            others = process.busy_seconds() - busy - (_cpu(server) - cpu)
        answered = sum(done[client.index] for client in attackers) - first
        crowd.tally = None
        return Flooded(
            name=flood.name,
            state=flood.state,
            seen=seen,
            answered=answered,
            others=max(0.0, others / passed),
        )


def _cpu(server: RunningServer) -> float:
    """Return the CPU seconds of a server and of this process."""
    return server.cpu_seconds() + time.process_time()


def _send(crowd: Crowd, client: Client, lines: Sequence[str]) -> None:
    text = "".join(f"{line}\r\n" for line in lines)
    crowd.send(client, text.encode() + b"PING :%s\r\n" % ANSWERED)
