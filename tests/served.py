"""A server in a process of its own, and clients for it: for tests of the whole program."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

SERVE = [sys.executable, "-m", "trio_chat", "serve", "--name", "irc.test"]
PATIENCE = 60.0
"""Seconds after which something will not come any more, however busy the machine is."""


class Served:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self.log = log
        self.clients: list[Client] = []
        assert process.stdout is not None
        self.banner = [process.stdout.readline().rstrip("\n") for _ in range(6)]
        found = re.search(r"Listening on 127\.0\.0\.1:(\d+)$", self.banner[0])
        assert found is not None, self.banner[0] + log.read_text()
        self.port = int(found[1])

    def connect(self) -> Client:
        client = Client(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE))
        self.clients.append(client)
        return client

    def irc(self, name: str) -> Client:
        client = self.connect()
        # What others have said before is none of a test's business.
        client.send(f"NICK {name}", f"USER {name} 0 * :x", "HISTORY OFF", "JOIN #lobby")
        client.until(" 366 ")
        return client

    def clear(self) -> None:
        """Hang up for every client, and wait until the server has noticed."""
        for client in self.clients:
            client.close()
        with closing(self.irc("last")) as last:
            told = [""]
            while " 255 last :I have 1 clients " not in told[-1] or any(" 253 " in s for s in told):
                last.send("LUSERS")
                told = last.lines_until(" 255 ")
            last.send("QUIT")
            last.until("ERROR")
        self.clients.clear()


class Client:
    """A blocking socket that reads lines."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._file = sock.makefile("r", encoding="utf-8", errors="replace", newline="\n")

    def send(self, *lines: str) -> None:
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def until(self, what: str) -> str:
        return self.lines_until(what)[-1]

    def lines_until(self, what: str) -> list[str]:
        lines = []
        while line := self._file.readline():
            lines.append(line.rstrip("\r\n"))
            if what in line:
                return lines
        raise AssertionError(f"the server hung up before {what!r}")

    def close(self) -> None:
        self._file.close()
        self.sock.close()


def free_port() -> int:
    """Return the port of something that can not be told to take any."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


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
                process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
