"""The server that is killed: its process, and what it says of its journal afterwards."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""Where the packages are, so that what is killed is what stands beside this file."""
STOP_SECONDS = 30.0
REPORTED = 2000
"""Characters of what a failed server has said that are worth showing."""

_LISTENS = re.compile(rb"127\.0\.0\.1:([0-9]+)\n")
_SETTINGS = """\
[server]
name = "drill.example"
data = "{data}"

[[listeners]]
address = "127.0.0.1:0"

[accounts]
# Everybody comes from one address, and makes many of both; a password that was on its way when
# the server was killed may be wrong.
per_address = 10_000
rooms_per_account = 10_000
attempts = 10_000

[history]
sync = "{sync}"
# All of it is looked at in the end.
retention_days = 0
max_per_channel = 100_000_000
"""


class ServerError(Exception):
    """The server has ended by itself, or its journal can not be read. A sentence, and its log."""


class Server:
    """A server that is started again and again on the same data, in a directory of its own."""

    def __init__(self, directory: Path, *, sync: str, python: str = sys.executable) -> None:
        self.directory = directory
        self._python = python
        self._output = directory / "stdout"
        self._log = directory / "log"
        self._config = directory / "drill.toml"
        self._config.write_text(_SETTINGS.format(data=directory / "data", sync=sync))
        self._process: subprocess.Popen[bytes] | None = None
        self._address: tuple[str, int] | None = None
        self._killed = threading.Event()

    def start(self) -> None:
        """Start it, and do not wait until it listens."""
        self._address = None
        self._killed.clear()
        with self._output.open("wb") as out, self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command("serve"),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
            )

    def address(self) -> tuple[str, int] | None:
        """Return where it listens; None: it does not. Raises `ServerError` when it has ended
        without having been killed."""
        process = self._process
        if process is None or self._killed.is_set():
            return None
        if process.poll() is not None and not self._killed.is_set():
            said = self._log.read_text(errors="replace")[-REPORTED:]
            raise ServerError(f"the server ended with {process.returncode}:\n{said}")
        if self._address is None:
            found = _LISTENS.search(self._output.read_bytes())
            if found is not None:
                self._address = ("127.0.0.1", int(found[1]))
        return self._address

    @property
    def is_killed(self) -> bool:
        """Whether it was killed since it was started."""
        return self._killed.is_set()

    def kill(self) -> None:
        """Kill it (SIGKILL) in the middle of whatever it does. From any thread."""
        # In this order: an end that was not meant must be told from this one.
        self._killed.set()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Ask it to end (SIGTERM), and wait. Raises `ServerError` when it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ServerError(f"the server did not stop within {STOP_SECONDS:g} s") from None
        if code != 0:
            raise ServerError(f"the server ended with {code}")

    # --- Its journal

    def check(self) -> str:
        """Return what is wrong with the journal: nothing, if it is as it should be."""
        done = subprocess.run(
            self._command("journal", "check"),
            capture_output=True,
            text=True,
            env=self._environment(),
        )
        return "" if done.returncode == 0 else (done.stderr or done.stdout).strip()

    def export(self) -> Iterator[bytes]:
        """Yield the lines of the export. Raises `ServerError`."""
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                self._command("journal", "export"),
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment(),
            )
            assert process.stdout is not None
            with process.stdout as lines:
                yield from lines
            if process.wait() != 0:
                said = self._log.read_text(errors="replace")[-REPORTED:]
                raise ServerError(f"the journal can not be exported:\n{said}")

    def _command(self, command: str, *more: str) -> Sequence[str]:
        config = ("--config", str(self._config))
        return [self._python, "-m", "trio_chat", command, *config, *more]

    @staticmethod
    def _environment() -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(ROOT)}
