"""A server in a process of its own, and clients for it: for tests of the whole program."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SERVE = [sys.executable, "-m", "trio_chat", "serve", "--name", "irc.test"]


class Served:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self.log = log
        self.clients: list[Client] = []
        assert process.stdout is not None
        self.banner = [process.stdout.readline().rstrip("\n") for _ in range(5)]
        found = re.search(r"Listening on 127\.0\.0\.1:(\d+)$", self.banner[0])
        assert found is not None, self.banner[0] + log.read_text()
        self.port = int(found[1])

    def connect(self) -> Client:
        client = Client(socket.create_connection(("127.0.0.1", self.port), timeout=10))
        self.clients.append(client)
        return client

    def irc(self, name: str) -> Client:
        client = self.connect()
        client.send(f"NICK {name}", f"USER {name} 0 * :x", "JOIN #lobby")
        client.until(" 366 ")
        return client


class Client:
    """A blocking socket that reads lines."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._file = sock.makefile("r", encoding="utf-8", errors="replace", newline="\n")

    def send(self, *lines: str) -> None:
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def until(self, what: str) -> str:
        while line := self._file.readline():
            if what in line:
                return line.rstrip("\r\n")
        raise AssertionError(f"the server hung up before {what!r}")

    def close(self) -> None:
        self._file.close()
        self.sock.close()


@contextmanager
def served(
    tmp_path: Path,
    *options: str,
    listen: bool = True,
    limit: int = 0,
    descriptors: Sequence[int] = (),
    **environment: str,
) -> Iterator[Served]:
    """Run a server; it may have `limit` files open, if that is not 0, and has `descriptors` as this
    process does."""
    before = ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh"] if limit else []
    log = tmp_path / "server.log"
    # What it keeps is nobody else's, and goes with the test.
    environment = {"TRIO_CHAT_SERVER_DATA": str(tmp_path / "data")} | environment
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*before, *SERVE, *(("--listen", "127.0.0.1:0") if listen else ()), *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            pass_fds=descriptors,
            env=os.environ | environment,
        ) as process,
    ):
        try:
            server = Served(process, log)
            yield server
            for client in server.clients:
                client.close()
        finally:
            # In order, so that what it has measured of itself is written.
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
