"""Hostile openings of HTTP and WebSocket, thousands of them, while a bystander looks on.

    python -m loadtest.bench hostile [options]

Each is a row of `openings`. They come from many addresses of 127.0.0.0/8, some hundred at a time,
for none of whom the server makes an exception. What is wrong is refused, with the answer that it
has to get; what is slow or endless is over when its time is; and of all that nothing is left: no
connection, hardly any memory, no traceback in the log. What a bystander waits for its PONG is what
it costs everybody else.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import errno
import heapq
import itertools
import math
import os
import re
import select
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

import msgspec

from loadtest.bench.bystander import Bystander, Observation
from loadtest.bench.commandline import count, exit_code, markdown, tell
from loadtest.bench.crowd import CrowdError, need_files, raise_file_limit
from loadtest.bench.frames import framed
from loadtest.bench.openings import OPENINGS, Opening
from loadtest.bench.servers import ROOT, Checkout, RunningServer, ServerUnderTest, ours
from loadtest.bench.summary import median
from loadtest.bench.webcrowd import WebSocketCrowd

_P99 = 100.0
"""Milliseconds that 99 of 100 of the bystander's PINGs may take."""
_LEFT = 16.0
"""Megabytes that the server may have more when all is over."""
_SLACK = 5.0
"""Seconds by which a connection may be over later than its deadline: where hundreds are served, and
others are busy, each of them is late."""
_KEPT = 8.0
"""Seconds that every other one keeps its side open when the server has ended it: longer than a
server may wait for that."""
_ADDRESSES = 1000
_POURING = 0.02
"""Seconds between two pieces of what has no end."""
_DRIPPING = 1.0
"""Seconds between two pieces of what is slow."""
_READ_SIZE = 65_536
_SEEN = 1 << 20
"""Bytes that are kept of an answer."""
_SMALL = 4096
"""Bytes that the kernel is to keep for who does not read."""
_REPORTED = 5.0
"""Seconds between two reports of how far it has got."""
_LOOK = 0.1
"""Seconds between two looks."""
_SETTLING = 1.0
"""Seconds without a change until there is none."""
_CLOSING = 10.0
"""Seconds that a server has for closing the last: it reads what they have still sent."""
_SHOWN = 200
"""Bytes of a wrong answer that are told."""
_MB = 1e6
_RESPONSE = re.compile(rb"HTTP/1\.1 \d\d\d ")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    lasted: dict[str, list[float]]
    """By opening, how many seconds each was open; those that never ended are not in it."""
    late: dict[str, int]
    """By opening, how many were open for too long."""
    wrong: dict[str, list[str]]
    """By opening, what was answered that should not have been."""
    seconds: float
    cpu: float
    """CPU seconds of the server."""
    before: int
    most: int
    after: int
    """Bytes of memory that the server had: before, at most, and when all was over."""
    left: int
    """Descriptors that it had more when all was over."""
    tracebacks: int
    """In its log."""
    seen: Observation

    @property
    def faults(self) -> list[str]:
        """What went wrong, in words."""
        found = [f"{name}: {number} were not ended in time" for name, number in self.late.items()]
        for name, answers in self.wrong.items():
            found.append(f"{name}: {len(answers)} had another answer, such as {answers[0]}")
        if self.left > 0:
            found.append(f"{self.left} descriptors are left open")
        if self.tracebacks:
            found.append(f"{self.tracebacks} tracebacks are in the server's log")
        return found

    @property
    def is_fine(self) -> bool:
        """Whether the bystander was served, and memory given back."""
        return self.seen.p99 <= _P99 and self.after - self.before <= _LEFT * _MB


def attacked() -> ServerUnderTest:
    """Return this project's server as it is attacked."""
    checkout = Checkout(name="ours", directory=ROOT, python=sys.executable)
    return ours(checkout, sync="full", template="hostile.toml")


class _Attack:
    """One connection."""

    __slots__ = ("began", "keeps", "kind", "pieces", "reads", "seen", "sock", "unsent")

    def __init__(self, kind: Opening, number: int, sock: socket.socket, *, keeps: bool) -> None:
        self.kind = kind
        self.sock = sock
        self.keeps = keeps
        """It does not hang up when the server has."""
        self.began = time.monotonic()
        self.reads = kind.reads
        self.unsent = kind.data
        if kind.registers:
            name = b"h%d" % number
            self.unsent += framed(b"NICK %s\r\nUSER %s 0 * :x\r\n" % (name, name))
        self.unsent += kind.then
        self.pieces = _pieces(kind)
        self.seen = bytearray()

    def fault(self) -> str:
        """Return what is wrong with the answer; nothing if that is as it should be."""
        kind, seen = self.kind, bytes(self.seen)
        found = len(_RESPONSE.findall(seen))
        if kind.responses is not None and found != kind.responses:
            return f"{found} responses: {_shown(seen)}"
        if kind.answer and not re.search(kind.answer, seen):
            return _shown(seen)
        return ""


def _pieces(kind: Opening) -> Iterator[tuple[float, bytes]]:
    """Yield what is sent after what is sent at once: after how many seconds each, and what."""
    yield from ((_DRIPPING, piece) for piece in kind.drip)
    while kind.pour:
        yield _POURING, kind.pour


def _shown(data: bytes) -> str:
    return repr(
        data if len(data) <= _SHOWN else data[: _SHOWN // 2] + b"..." + data[-_SHOWN // 2 :]
    )


class Onslaught:
    """Makes connections, some at a time, and sees each to its end. A context manager: leaving it
    closes them all."""

    def __init__(self, address: tuple[str, int], *, addresses: int, at_once: int) -> None:
        self.lasted: dict[str, list[float]] = collections.defaultdict(list)
        """By opening, how many seconds each was open."""
        self.late: collections.Counter[str] = collections.Counter()
        """By opening, how many were open for too long."""
        self.wrong: dict[str, list[str]] = collections.defaultdict(list)
        """By opening, what was answered that should not have been."""
        self._address = address
        self._addresses = addresses
        self._at_once = at_once
        self._epoll = select.epoll()
        self._open: dict[int, _Attack] = {}
        self._kept: set[socket.socket] = set()
        """Those that the server has ended, and we have not."""
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._epoll.close()
        for attack in self._open.values():
            attack.sock.close()
        for sock in self._kept:
            sock.close()

    def run(self, kinds: Sequence[Opening], total: int) -> None:
        """Make `total` connections, the kinds in turn, and wait until all are over. Raises
        `CrowdError`."""
        begun, told = 0, time.monotonic()
        while begun < total or self._open or self._kept:
            while begun < total and len(self._open) < self._at_once:
                turn, place = divmod(begun, len(kinds))
                self._begin(begun, kinds[place], keeps=turn % 2 == 1)
                begun += 1
            self._turn()
            if time.monotonic() - told > _REPORTED:
                told = time.monotonic()
                tell(f"hostile: {begun} of {total} have come, {len(self._open)} are there")

    # --- Time

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), what))

    def _turn(self) -> None:
        """Do what can be done, and what is due; wait for some of it."""
        wait = self._timers[0][0] - time.monotonic() if self._timers else _LOOK
        for descriptor, event in self._epoll.poll(max(0.0, min(wait, _LOOK))):
            attack = self._open[descriptor]
            if event & select.EPOLLOUT:
                self._send(attack)
            if event & ~select.EPOLLOUT:
                self._read(attack)
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2]()

    # --- One of them

    def _begin(self, number: int, kind: Opening, *, keeps: bool) -> None:
        place = number % self._addresses
        sock = socket.socket()
        sock.setblocking(False)
        if not kind.reads:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        sock.bind((f"127.1.{place // 250}.{place % 250 + 1}", 0))
        code = sock.connect_ex(self._address)
        if code not in (0, errno.EINPROGRESS):
            sock.close()
            raise CrowdError(f"could not connect: {os.strerror(code)}")
        attack = _Attack(kind, number, sock, keeps=keeps)
        self._open[sock.fileno()] = attack
        # The first is that it is connected.
        self._epoll.register(sock, _wanted(attack) | select.EPOLLOUT)
        self._later(kind.within + _SLACK, lambda: self._is_late(attack))
        if not kind.reads:
            self._later(kind.within, lambda: self._look(attack))

    def _send(self, attack: _Attack) -> None:
        """Send what is to be sent; then wait for when there is more of that."""
        try:
            sent = attack.sock.send(attack.unsent)
        except BlockingIOError:
            return
        except OSError:
            # It is over, as reading will tell.
            attack.unsent, attack.pieces = b"", iter(())
        else:
            attack.unsent = attack.unsent[sent:]
        if not attack.unsent:
            if attack.kind.hangs_up:
                with contextlib.suppress(OSError):
                    attack.sock.shutdown(socket.SHUT_WR)
            elif following := next(attack.pieces, None):
                seconds, piece = following
                self._later(seconds, lambda: self._add(attack, piece))
        self._epoll.modify(attack.sock, _wanted(attack))

    def _add(self, attack: _Attack, piece: bytes) -> None:
        if self._is_open(attack):
            attack.unsent = piece
            self._epoll.modify(attack.sock, _wanted(attack))

    def _look(self, attack: _Attack) -> None:
        """Its time is over: read, as there is no other way to see that."""
        if self._is_open(attack):
            attack.reads = True
            self._epoll.modify(attack.sock, _wanted(attack))

    def _read(self, attack: _Attack) -> None:
        try:
            data = attack.sock.recv(_READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            # The server has closed it without having read everything.
            data = b""
        if not data:
            self._over(attack)
        elif len(attack.seen) < _SEEN:
            attack.seen += data

    def _over(self, attack: _Attack) -> None:
        kind = attack.kind
        self.lasted[kind.name].append(time.monotonic() - attack.began)
        if fault := attack.fault():
            self.wrong[kind.name].append(fault)
        self._let_go(attack)
        if attack.keeps:
            self._kept.add(attack.sock)
            self._later(_KEPT, lambda: self._close(attack.sock))
        else:
            attack.sock.close()

    def _is_late(self, attack: _Attack) -> None:
        if self._is_open(attack):
            self.late[attack.kind.name] += 1
            self._let_go(attack)
            attack.sock.close()

    def _let_go(self, attack: _Attack) -> None:
        del self._open[attack.sock.fileno()]
        self._epoll.unregister(attack.sock)

    def _close(self, sock: socket.socket) -> None:
        self._kept.discard(sock)
        sock.close()

    def _is_open(self, attack: _Attack) -> bool:
        return self._open.get(attack.sock.fileno()) is attack


def _wanted(attack: _Attack) -> int:
    reading = select.EPOLLIN if attack.reads else 0
    return reading | (select.EPOLLOUT if attack.unsent else 0)


def measure(
    server: RunningServer, kinds: Sequence[Opening], *, total: int, addresses: int, at_once: int
) -> Outcome:
    """Open `total` connections. Raises `CrowdError` where the bystander, or somebody else who means
    no harm, is not served."""
    need_files(2 * at_once)
    with (
        Bystander(server.address) as bystander,
        Onslaught(server.address, addresses=addresses, at_once=at_once) as onslaught,
    ):
        _meet(server)
        held, before = _settled(server), server.rss_bytes()
        bystander.start()
        cpu, began = server.cpu_seconds(), time.perf_counter()
        onslaught.run(kinds, total)
        seconds, cpu = time.perf_counter() - began, server.cpu_seconds() - cpu
        seen = bystander.stop()
        left = _left(server, held)
        after, most = server.rss_bytes(), server.peak_bytes()
        _meet(server)
    return Outcome(
        lasted=onslaught.lasted,
        late=onslaught.late,
        wrong=onslaught.wrong,
        seconds=seconds,
        cpu=cpu,
        before=before,
        most=most,
        after=after,
        left=left,
        tracebacks=server.output().count("Traceback"),
        seen=seen,
    )


def _meet(server: RunningServer) -> None:
    """Have two come who mean no harm."""
    with WebSocketCrowd(server.address) as crowd:
        crowd.gather(rooms=1, size=2)


def _settled(server: RunningServer) -> int:
    """Return how many descriptors a server has open, when that does not change any more."""
    found, since = server.descriptors(), time.monotonic()
    while time.monotonic() - since < _SETTLING:
        time.sleep(_LOOK)
        if (now := server.descriptors()) != found:
            found, since = now, time.monotonic()
    return found


def _left(server: RunningServer, held: int) -> int:
    """Return how many descriptors a server has open besides those that it held before, when it has
    had time to close them."""
    until = time.monotonic() + _CLOSING
    while (left := server.descriptors() - held) > 0 and time.monotonic() < until:
        time.sleep(_LOOK)
    return left


def table(one: Outcome, kinds: Sequence[Opening]) -> str:
    """Write what was measured, as Markdown: by opening, and in all."""
    rows = [("opening", "ended", "in time", "by, s", "median, s", "longest, s", "right answer")]
    for kind in kinds:
        lasted = one.lasted.get(kind.name, [])
        late, wrong = one.late.get(kind.name, 0), len(one.wrong.get(kind.name, ()))
        rows.append(
            (
                kind.name,
                f"{len(lasted) + late:,}",
                f"{len(lasted):,}",
                f"{kind.within:g}",
                f"{median(lasted):.2f}",
                f"{max(lasted, default=math.nan):.2f}",
                f"{len(lasted) - wrong:,}",
            )
        )
    head: tuple[str, ...] = ("openings", "ended in time", "s", "server CPU s")
    head += ("MB before", "at most", "after")
    head += ("PINGs", "p50, ms", "p99, ms", "longest, ms", "late, ms")
    ended = sum(map(len, one.lasted.values()))
    figures = (
        f"{ended + sum(one.late.values()):,}",
        f"{ended:,}",
        f"{one.seconds:.0f}",
        f"{one.cpu:.1f}",
        f"{one.before / _MB:.0f}",
        f"{one.most / _MB:.0f}",
        f"{one.after / _MB:.0f}",
        f"{one.seen.pings:,}",
        f"{one.seen.median:.1f}",
        f"{one.seen.p99:.0f}",
        f"{one.seen.longest:.0f}",
        f"{one.seen.late:.0f}",
    )
    return f"{markdown(rows, left=1)}\n\n{markdown([head, figures])}"


def main(arguments: Sequence[str]) -> int:
    """Measure; return the exit code: 0, 1 if something went wrong or, with `--check`, a bound was
    missed, 130 when interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench hostile",
        description="Open connections that are wrong, endless or slow, and see what it costs.",
        epilog=f"Openings: {', '.join(OPENINGS)}.",
    )
    parser.add_argument(
        "--openings", type=count, default=10_000, metavar="N", help="default %(default)s"
    )
    parser.add_argument(
        "--at-once", type=count, default=500, metavar="N", help="default %(default)s"
    )
    parser.add_argument(
        "--addresses",
        type=count,
        default=_ADDRESSES,
        metavar="N",
        help="that they come from; default %(default)s",
    )
    parser.add_argument(
        "--only", nargs="+", choices=OPENINGS, default=[*OPENINGS], metavar="NAME", help="of these"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help=f"a p99 of the PINGs over {_P99:g} ms is a failure, and so are over {_LEFT:g} MB more "
        "afterwards",
    )
    options = parser.parse_args(arguments)
    kinds = [OPENINGS[name] for name in OPENINGS if name in options.only]
    raise_file_limit()

    def measure_it() -> bool:
        with attacked().run() as server:
            outcome = measure(
                server,
                kinds,
                total=options.openings,
                addresses=options.addresses,
                at_once=options.at_once,
            )
        print(table(outcome, kinds))
        for fault in outcome.faults:
            tell(f"FAULT: {fault}")
        return not outcome.faults and (outcome.is_fine or not options.check)

    return exit_code(measure_it)
