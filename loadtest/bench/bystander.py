"""A bystander: a client in a room of its own that asks all the time whether the server is there.

    python -m loadtest.bench.bystander HOST PORT

It is a process of its own, so that it measures the server's business and not the generator's. It
sends a PING every few milliseconds, whether the last one has been answered or not, and what it
measures is how long each takes to be answered. It obeys its stdin, a word a line: `start` forgets
what was, `stop` waits for what is still to be answered and prints an `Observation` as JSON.

Owns both ends: what runs as that process, and `Bystander`, which is its parent's hold of it.
"""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

import msgspec

from loadtest.bench.crowd import CrowdError
from loadtest.bench.servers import ROOT

PERIOD = 0.015
"""Seconds between two PINGs."""
PATIENCE = 30.0
"""Seconds that a PONG may take until it is never to come."""
JOINED = "joined"
"""What it says when it can be started."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What it has seen, in milliseconds."""

    pings: int
    longest: float
    """What the slowest PING took."""
    median: float
    p99: float
    """What 99 of 100 did not exceed."""
    late: float
    """By how much it was itself late to send one, at most: it had to wait for a processor."""
    failure: str = ""
    """How its connection ended, or that a PONG never came."""


class Bystander:
    """The process, connected and in its room. A context manager: leaving it ends the process."""

    def __init__(self, address: tuple[str, int]) -> None:
        host, port = address
        self._child = subprocess.Popen(
            [sys.executable, "-m", "loadtest.bench.bystander", host, str(port)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # So that Ctrl-C reaches its parent alone, which ends it.
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        try:
            if (line := self._line()) != JOINED:
                raise CrowdError(f"the bystander was not let in: {line}")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def start(self) -> None:
        """Have it forget what it has seen so far."""
        self._tell("start")

    def stop(self) -> Observation:
        """Return what it has seen since `start`. Raises `CrowdError` when it has failed."""
        self._tell("stop")
        line = self._line()
        if not line:
            raise CrowdError("the bystander's process has ended")
        found = msgspec.json.decode(line, type=Observation)
        if found.failure:
            raise CrowdError(f"the bystander: {found.failure}")
        return found

    def _tell(self, word: str) -> None:
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.write(word + "\n")
            self._child.stdin.flush()

    def _line(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline().strip()

    def _end(self) -> None:
        self._child.kill()
        with contextlib.suppress(BrokenPipeError):
            self._child.communicate()


class Watch:
    """The client: sends PINGs on a socket and takes the time of the PONGs."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.rest = b""
        self.sequence = 0
        self.sent: dict[int, float] = {}
        self.first = 0
        """The first PING that counts."""
        self.delays: list[float] = []
        self.late = 0.0
        self.failure = ""
        self.due = time.perf_counter()

    def start(self) -> None:
        """Forget what was; a PING that is under way does not count."""
        self.first = self.sequence + 1
        self.delays.clear()
        self.late = 0.0

    def turn(self, *others: int) -> list[int]:
        """Send what is due, read what comes; return which of the other descriptors is readable."""
        now = time.perf_counter()
        if now >= self.due and not self.failure:
            self.late = max(self.late, now - self.due)
            self._ping(now)
            # One late PING is not followed by a burst of those that were due meanwhile.
            self.due = max(self.due + PERIOD, now)
        left = max(0.0, self.due - time.perf_counter())
        mine = self.sock.fileno()
        ready, _, _ = select.select(others if self.failure else [mine, *others], [], [], left)
        if mine in ready:
            self._read()
        return [one for one in ready if one != mine]

    def observation(self) -> Observation:
        """Wait until all is answered; return what was seen."""
        deadline = time.perf_counter() + PATIENCE
        last = self.sequence
        while any(self.first <= number <= last for number in self.sent) and not self.failure:
            self.turn()
            if time.perf_counter() > deadline:
                self.failure = f"no PONG within {PATIENCE:g} s"
        ordered = sorted(self.delays) or [0.0]
        return Observation(
            pings=len(self.delays),
            longest=ordered[-1] * 1e3,
            median=ordered[len(ordered) // 2] * 1e3,
            p99=ordered[max(0, -(-len(ordered) * 99 // 100) - 1)] * 1e3,
            late=self.late * 1e3,
            failure=self.failure,
        )

    def _ping(self, now: float) -> None:
        self.sequence += 1
        self.sent[self.sequence] = now
        try:
            self.sock.sendall(b"PING :%d\r\n" % self.sequence)
        except OSError as error:
            self.failure = error.strerror or str(error)

    def _read(self) -> None:
        try:
            data = self.sock.recv(65536)
        except OSError as error:
            self.failure = error.strerror or str(error)
            return
        now = time.perf_counter()
        if not data:
            self.failure = "end of stream"
        *lines, self.rest = (self.rest + data).split(b"\n")
        for words in map(bytes.split, lines):
            if b"PONG" in words[:2] and (token := words[-1].lstrip(b":")).isdigit():
                number = int(token)
                delay = now - self.sent.pop(number, now)
                if number >= self.first:
                    self.delays.append(delay)
            elif words[:1] == [b"PING"]:
                self.sock.sendall(b"PONG %s\r\n" % words[-1])


def connect(address: tuple[str, int]) -> socket.socket:
    """Connect, register and join a room. Raises `OSError`."""
    sock = socket.create_connection(address, timeout=PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(b"NICK bystander\r\nUSER bystander 0 * :bystander\r\n")
    seen = b""
    for end, line in ((b" 001 ", b"JOIN #bystander\r\n"), (b" 366 ", b"")):
        while end not in seen:
            data = sock.recv(65536)
            if not data:
                raise ConnectionResetError("the server has hung up")
            seen += data
        sock.sendall(line)
    return sock


def main(host: str, port: str) -> None:
    """Be the process, until stdin ends."""
    try:
        watch = Watch(connect((host, int(port))))
    except OSError as error:
        print(error.strerror or error, flush=True)
        return
    print(JOINED, flush=True)
    # Unbuffered, so that what is readable is all that there is.
    orders = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115
    while True:
        for _ in watch.turn(orders.fileno()):
            word = orders.readline().strip()
            if not word:
                return
            if word == b"start":
                watch.start()
            elif word == b"stop":
                print(msgspec.json.encode(watch.observation()).decode(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
