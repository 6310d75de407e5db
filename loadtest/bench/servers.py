"""The servers under test: how each is started, found, watched and stopped.

Owns the table `SERVERS` and the life of a server's process. Knows nothing of what is done to it. A
server is started for one run, in a directory of its own that goes with it, and killed at the end
whatever happens: nothing that it would still have to say is of interest.

A server's settings are a template of loadtest/peers/, and with TLS another one behind it: `$port`,
`$tls_port`, `$directory`, `$certificate` and `$key` are filled in.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import msgspec

from loadtest.bench import certificate, process
from loadtest.bench.crowd import AT_ONCE

ROOT = Path(__file__).parents[2]
"""Where the packages are, so that what is measured is what stands beside this file."""
SETTINGS = ROOT / "loadtest" / "peers"
"""Where the templates of the servers' settings are."""
SYSTEM_PROGRAMS = "/usr/sbin:/sbin:/usr/local/sbin"
"""Where servers are, which is not on everybody's path."""
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
    title: str = ""
    """Its name as its authors write it, if that is another."""
    at_once: int = AT_ONCE
    """Clients that may be connecting to it at one time, when they come without hurry."""
    backlog: int = 1000
    """Clients that may be connecting to it at one time, when it is about how fast they can."""
    template: str = ""
    """The file of `SETTINGS` that becomes the file of that name in its directory."""
    version: Sequence[str] = ()
    """What to run to be told its version, in the first line."""
    package: str = ""
    """The package of Debian that has it, if it is not part of this project."""
    checkout: Path = ROOT
    """Where it is run, and for Python the first place where it looks for modules."""
    by_websocket: bool = False
    """Its clients come by WebSocket."""

    @property
    def installed(self) -> bool:
        """Whether its program is there."""
        return not self.package or find_program(self.version[0]) is not None

    def told_version(self) -> str:
        """Return what it says of its version, and of which commit it is; "" if it says nothing."""
        lines = _output(self.version, self.checkout).splitlines()
        if not lines or self.package:
            return lines[0] if lines else ""
        commit = _output(["git", "describe", "--always", "--dirty"], self.checkout).strip()
        return f"{lines[0]} ({commit})" if commit else lines[0]

    @contextlib.contextmanager
    def run(self, *, tls: bool = False) -> Iterator[RunningServer]:
        """Start the server; kill it on the way out. Raises `ServerError`."""
        with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
            directory = Path(name)
            # Some read their files as somebody else.
            directory.chmod(0o755)
            ports = (0, 0) if self.announces else (free_port(), free_port())
            if self.template:
                self._configure(directory, ports, tls=tls)
            elif tls:
                raise ServerError(f"{self.name} takes no TLS")
            child = None
            try:
                with _uninterrupted():
                    child = self._start(directory, ports[0])
                yield RunningServer(self, child, directory, ports)
            finally:
                if child is not None:
                    with _uninterrupted():
                        _kill(child)

    def _configure(self, directory: Path, ports: tuple[int, int], *, tls: bool) -> None:
        """Write its settings, with a certificate if it is to take TLS."""
        values = {"port": ports[0], "tls_port": ports[1], "directory": directory}
        template = SETTINGS / self.template
        text = template.read_text()
        if tls:
            values |= {"certificate": directory / "cert.pem", "key": directory / "key.pem"}
            certificate.write(directory / "cert.pem", directory / "key.pem")
            text += template.with_stem(f"{template.stem}-tls").read_text()
        (directory / self.template).write_text(string.Template(text).substitute(values))

    def _start(self, directory: Path, port: int) -> subprocess.Popen[bytes]:
        with (directory / "stdout").open("wb") as out, (directory / "stderr").open("wb") as err:
            try:
                return subprocess.Popen(
                    self.command(directory, port),
                    cwd=self.checkout,
                    env={**os.environ, "PYTHONPATH": str(self.checkout)},
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
        self,
        kind: ServerUnderTest,
        child: subprocess.Popen[bytes],
        directory: Path,
        ports: tuple[int, int],
    ) -> None:
        self.name = kind.name
        self.by_websocket = kind.by_websocket
        self.at_once = kind.at_once
        self.backlog = kind.backlog
        self._child = child
        self._directory = directory
        self.address = self._announced() if kind.announces else self._answering(ports[0])
        self.tls_address = self.address if kind.announces else ("127.0.0.1", ports[1])
        """Where it takes TLS, if it was started with that."""

    def cpu_seconds(self) -> float:
        """Return its CPU time, with that of its threads and children. Raises `ServerError`."""
        with self._alive():
            return process.cpu_seconds(self._child.pid)

    def rss_bytes(self) -> int:
        """Return its resident memory, with that of its children. Raises `ServerError`."""
        with self._alive():
            return process.rss_bytes(self._child.pid)

    def peak_bytes(self) -> int:
        """Return the most resident memory that it has had so far. Raises `ServerError`."""
        with self._alive():
            return process.rss_bytes(self._child.pid, peak=True)

    def descriptors(self) -> int:
        """Return how many files and sockets it has open. Raises `ServerError`."""
        with self._alive():
            return process.descriptors(self._child.pid)

    def output(self) -> str:
        """Return all that it wrote to stdout and stderr."""
        texts = [
            (self._directory / file).read_text(errors="replace") for file in ("stdout", "stderr")
        ]
        return "\n".join(texts)

    def said(self) -> str:
        """Return the end of that."""
        return self.output().strip()[-REPORTED:]

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


def find_program(name: str) -> str | None:
    """Return the path of a program, of the system's too; None if it is not installed."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PROGRAMS}")


def _output(command: Sequence[str], directory: Path) -> str:
    """Return what a command prints; "" if it can not."""
    program = find_program(command[0]) if command else None
    if program is None:
        return ""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            [program, *command[1:]],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(directory)},
            capture_output=True,
            text=True,
            timeout=START_DEADLINE,
        )
        return done.stdout if done.returncode == 0 else ""
    return ""


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """A directory with this project's source, and the Python that has what it needs."""

    name: str
    directory: Path
    python: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `NAME=DIR[:PYTHON]`. Raises `argparse.ArgumentTypeError` if it is no checkout."""
        name, _, rest = text.partition("=")
        directory, _, python = rest.partition(":")
        if not re.fullmatch(r"[\w.-]+", name) or name in SERVERS:
            raise argparse.ArgumentTypeError(f"{name!r} is no name for a checkout, or is taken")
        path = Path(directory).resolve()
        if not directory or not (path / "trio_chat" / "__main__.py").is_file():
            raise argparse.ArgumentTypeError(
                f"{directory or 'nothing'} is no checkout of trio_chat"
            )
        # Not resolved: what a virtual environment's link points to does not know of it.
        program = shutil.which(python) if python else sys.executable
        if program is None:
            raise argparse.ArgumentTypeError(f"there is no Python {python}")
        return cls(name=name, directory=path, python=os.path.abspath(program))


def ours(
    checkout: Checkout,
    *,
    sync: str = "",
    data: Path | None = None,
    template: str = "ours.toml",
) -> ServerUnderTest:
    """Return this project's server as it is in a checkout, run by its Python.

    `sync` is how sure its journal is (`history.sync`); without it nothing is kept on disk. With
    `data` the journal is in that directory, and stays there.
    """
    python = checkout.python
    journal = [f"TRIO_CHAT_HISTORY_{key}" for key in (f"SYNC={sync}", "MAX_PER_CHANNEL=100000000")]
    if data is not None:
        journal.append(f"TRIO_CHAT_SERVER_DATA={data}")

    def command(directory: Path, port: int) -> list[str]:
        config = str(directory / template)
        serve = [python, "-m", "trio_chat", "serve", "--config", config]
        return ["env", *journal, *serve] if sync else [*serve, _without_data(checkout)]

    return ServerUnderTest(
        name=checkout.name,
        title="trio_chat" if checkout.name == "ours" else checkout.name,
        command=command,
        template=template,
        version=[python, "-m", "trio_chat", "--version"],
        checkout=checkout.directory,
    )


def _without_data(checkout: Checkout) -> str:
    """Return the flag with which a checkout's server keeps nothing on disk: in earlier ones that
    was the same as to keep no history."""
    path = checkout.directory / "trio_chat" / "cli.py"
    flags = path.read_text() if path.exists() else ""
    return "--no-history" if "--no-history" in flags and "--no-data" not in flags else "--no-data"


def _yardstick(directory: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "loadtest.bench.yardstick"]


def _ngircd(directory: Path, port: int) -> list[str]:
    program = find_program("ngircd") or "ngircd"
    return [program, "--nodaemon", "--config", str(directory / "ngircd.conf")]


def _inspircd(directory: Path, port: int) -> list[str]:
    program = find_program("inspircd") or "inspircd"
    return [program, "--nofork", "--runasroot", "--config", str(directory / "inspircd.conf")]


SERVERS: Mapping[str, ServerUnderTest] = {
    server.name: server
    for server in (
        ServerUnderTest(name="yardstick", title="plain asyncio", command=_yardstick),
        ours(Checkout(name="ours", directory=ROOT, python=sys.executable)),
        *(
            ours(Checkout(name=sync, directory=ROOT, python=sys.executable), sync=sync)
            for sync in ("normal", "full")
        ),
        ServerUnderTest(
            name="inspircd",
            title="InspIRCd",
            command=_inspircd,
            announces=False,
            template="inspircd.conf",
            version=["inspircd", "--version"],
            package="inspircd",
        ),
        ServerUnderTest(
            name="ngircd",
            title="ngIRCd",
            command=_ngircd,
            announces=False,
            # It listens with a backlog of 10.
            at_once=8,
            backlog=8,
            template="ngircd.conf",
            version=["ngircd", "--version"],
            package="ngircd",
        ),
    )
}
