"""Storms: all of a crowd do the same thing at the same moment.

Owns two of them, joining one room and hanging up, and the proof that everybody has then seen what
they were owed. A storm ends with that: what the meter (a server's CPU time) has counted until then
is what it cost.

What is read is only counted, by `Tally`: n members who join are told of n² / 2 joins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from loadtest.bench import process
from loadtest.bench.crowd import Client, Crowd, CrowdError
from loadtest.bench.messages import Tally

JOIN = b" JOIN "
QUIT = b" QUIT "
END_OF_NAMES = b" 366 "
OVER = b"storm-is-over"
"""What a PING asks for: it comes back in the PONG, and is in no other line."""
LOOK = 0.02
"""Seconds between two looks whether it is over: that much later it is seen at most."""


class Storm(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one."""

    seconds: float
    own_cpu: float
    """CPU seconds that the crowd itself took for it."""
    metered: float
    """By how much the meter went up meanwhile."""
    busy: float
    """CPU seconds that everything on this machine took meanwhile."""
    faults: list[str]


def join(crowd: Crowd, meter: Callable[[], float]) -> Storm:
    """Let all clients of a crowd that is registered only join their room, the only one, at once.

    It is over when each has the end of the names and has then been answered a PING: whatever they
    are told of others stands before that. Raises `CrowdError`.
    """
    tally = Tally((JOIN, END_OF_NAMES, OVER), len(crowd.clients))
    began = _Beginning(meter)
    crowd.tally = tally
    for client in crowd.clients:
        crowd.send(client, b"JOIN %s\r\n" % client.room.name)
    _until_each(crowd, tally, END_OF_NAMES, 1, crowd.clients)
    _ask(crowd, tally, crowd.clients)
    crowd.tally = None
    seen = sorted(tally.counts[JOIN])
    # The first sees all, and whoever comes after them one less: themselves and those behind them.
    faults = []
    if seen != list(range(1, len(crowd.clients) + 1)):
        count, owed = sum(seen), len(seen) * (len(seen) + 1) // 2
        faults.append(f"the members of the room saw {count} joins and not {owed}, each their own")
    return began.end(faults)


def hang_up(crowd: Crowd, leaving: Sequence[Client], meter: Callable[[], float]) -> Storm:
    """Let some of a crowd in one room hang up at once, without a word.

    It is over when those who stay have seen each of them quit. Raises `CrowdError`.
    """
    gone = {client.index for client in leaving}
    staying = [client for client in crowd.clients if client.index not in gone]
    tally = Tally((QUIT, OVER), len(crowd.clients))
    began = _Beginning(meter)
    crowd.tally = tally
    crowd.hang_up(leaving)
    _until_each(crowd, tally, QUIT, len(leaving), staying)
    storm = began.end([])
    # What a server says twice has come by then.
    _ask(crowd, tally, staying)
    crowd.tally = None
    wrong = sum(tally.counts[QUIT][client.index] != len(leaving) for client in staying)
    if wrong:
        storm.faults.append(f"{wrong} of those who stayed saw more than {len(leaving)} quit")
    return storm


class _Beginning:
    """The counters when a storm begins."""

    def __init__(self, meter: Callable[[], float]) -> None:
        self._meter = meter
        self._metered = meter()
        self._wall = time.perf_counter()
        self._cpu = time.process_time()
        self._busy = process.busy_seconds()

    def end(self, faults: list[str]) -> Storm:
        return Storm(
            metered=self._meter() - self._metered,
            seconds=time.perf_counter() - self._wall,
            own_cpu=time.process_time() - self._cpu,
            busy=process.busy_seconds() - self._busy,
            faults=faults,
        )


def _ask(crowd: Crowd, tally: Tally, clients: Sequence[Client]) -> None:
    """Wait until each of these clients is answered a PING."""
    for client in clients:
        crowd.send(client, b"PING :%s\r\n" % OVER)
    _until_each(crowd, tally, OVER, 1, clients)


def _until_each(
    crowd: Crowd, tally: Tally, mark: bytes, count: int, clients: Sequence[Client]
) -> None:
    """Read until each of these clients has been sent the mark that often."""
    counts = tally.counts[mark]
    indices = [client.index for client in clients]
    last_sign = time.monotonic()
    before = tally.bytes
    look = 0.0
    while True:
        crowd.poll(LOOK)
        now = time.monotonic()
        if now < look:
            continue
        look = now + LOOK
        crowd.raise_ended()
        if all(counts[index] >= count for index in indices):
            return
        if tally.bytes > before:
            before, last_sign = tally.bytes, now
        elif now - last_sign > crowd.patience:
            missing = sum(counts[index] < count for index in indices)
            name = mark.decode().strip()
            raise CrowdError(f"{missing} clients waited in vain for {count} × {name}")
