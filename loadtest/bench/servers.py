"""The servers under test: how each is started, found, watched and stopped.

Owns the table `SERVERS` and the life of a server's process. Knows nothing of what is done to it. A
server is started for one run, in a directory of its own that goes with it, and killed at the end
whatever happens: nothing that it would still have to say is of interest.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from loadtest.bench import process
from loadtest.bench.crowd import AT_ONCE

ROOT = Path(__file__).parents[2]
"""Where the packages are, so that what is measured is what stands beside this file."""
START_DEADLINE = 30.0
"""Seconds that a server may take to listen."""
REPORTED = 2000
"""Characters of what a failed server has said that are worth showing."""

_ADDRESS = re.compile(r"(127\.0\.0\.1):(\d+)")


class ServerError(Exception):
    """A server did not start, or did not stay."""


class ServerUnderTest(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table: a kind of server."""

    name: str
    command: Callable[[Path, int], list[str]]
    """From its directory and a port (0 if it announces its own), what to run."""
    announces: bool = True
    """It prints `127.0.0.1:PORT` to stdout when it listens. If not: tried until it answers."""
    at_once: int = AT_ONCE
    """Clients that may be connecting to it at one time."""
    files: Mapping[str, str] = {}
    """Files to put into its directory; `{port}` and `{directory}` are filled in."""

    @contextlib.contextmanager
    def run(self) -> Iterator[RunningServer]:
        """Start the server; kill it on the way out. Raises `ServerError`."""
        with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
            directory = Path(name)
            port = 0 if self.announces else free_port()
            for file, text in self.files.items():
                (directory / file).write_text(text.format(port=port, directory=directory))
            child = None
            try:
                with _uninterrupted():
                    child = self._start(directory, port)
                yield RunningServer(self, child, directory, port)
            finally:
                if child is not None:
                    with _uninterrupted():
                        _kill(child)

    def _start(self, directory: Path, port: int) -> subprocess.Popen[bytes]:
        with (directory / "stdout").open("wb") as out, (directory / "stderr").open("wb") as err:
            try:
                return subprocess.Popen(
                    self.command(directory, port),
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    # So that Ctrl-C reaches the bench alone, and the whole family can be killed.
                    start_new_session=True,
                )
            except OSError as error:
                raise ServerError(f"{self.name} can not be started: {error}") from error


class RunningServer:
    """A server that listens at `address`."""

    def __init__(
        self, kind: ServerUnderTest, child: subprocess.Popen[bytes], directory: Path, port: int
    ) -> None:
        self.name = kind.name
        self.at_once = kind.at_once
        self._child = child
        self._directory = directory
        self.address = self._announced() if kind.announces else self._answering(port)

    def cpu_seconds(self) -> float:
        """Return its CPU time, with that of its threads and children. Raises `ServerError`."""
        with self._alive():
            return process.cpu_seconds(self._child.pid)

    def rss_bytes(self) -> int:
        """Return its resident memory, with that of its children. Raises `ServerError`."""
        with self._alive():
            return process.rss_bytes(self._child.pid)

    def said(self) -> str:
        """Return the end of what it wrote to stdout and stderr."""
        texts = [
            (self._directory / file).read_text(errors="replace") for file in ("stdout", "stderr")
        ]
        return "\n".join(texts).strip()[-REPORTED:]

    @contextlib.contextmanager
    def _alive(self) -> Iterator[None]:
        self._check()
        try:
            yield
        except ProcessLookupError:
            self._check()
            raise

    def _check(self) -> None:
        code = self._child.poll()
        if code is not None:
            raise ServerError(f"{self.name} ended with {code}:\n{self.said()}")

    def _announced(self) -> tuple[str, int]:
        output = self._directory / "stdout"
        for _ in self._attempts():
            # Up to the last line's end: a port could be there by half.
            lines, _, _ = output.read_text(errors="replace").rpartition("\n")
            if found := _ADDRESS.search(lines):
                return found[1], int(found[2])
        raise ServerError(f"{self.name} did not say where it listens:\n{self.said()}")

    def _answering(self, port: int) -> tuple[str, int]:
        address = ("127.0.0.1", port)
        for _ in self._attempts():
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(address, START_DEADLINE).close()
                return address
        raise ServerError(f"{self.name} does not listen at {address}:\n{self.said()}")

    def _attempts(self) -> Iterator[None]:
        deadline = time.monotonic() + START_DEADLINE
        while time.monotonic() < deadline:
            self._check()
            yield
            time.sleep(0.02)


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put off SIGINT and SIGTERM until the end of this block, which must be short.

    An interrupt in the middle of starting a process leaves one that nobody knows and nobody kills.
    Only for the main thread, the only one that is interrupted.
    """
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for caught in came[:1]:
            signal.raise_signal(caught)


def _ours(directory: Path, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "trio_chat", "serve", "--listen", "127.0.0.1:0", "--no-history"),
        *("--data", str(directory)),
    ]


def _yardstick(directory: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "loadtest.bench.yardstick"]


def _ngircd(directory: Path, port: int) -> list[str]:
    return ["ngircd", "--nodaemon", "--config", str(directory / "ngircd.conf")]


_NGIRCD_CONF = """\
[Global]
Name = bench.example
Info = bench
Listen = 127.0.0.1
Ports = {port}
PidFile = {directory}/ngircd.pid
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
"""

SERVERS: Mapping[str, ServerUnderTest] = {
    server.name: server
    for server in (
        ServerUnderTest(name="yardstick", command=_yardstick),
        ServerUnderTest(name="ours", command=_ours),
        ServerUnderTest(
            name="ngircd",
            command=_ngircd,
            announces=False,
            # It listens with a backlog of 10.
            at_once=8,
            files={"ngircd.conf": _NGIRCD_CONF},
        ),
    )
}
