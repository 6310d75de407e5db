"""Stored before it is shown, seen from outside: in the order of the server's system calls."""

from __future__ import annotations

import re
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.served import PATIENCE, Served, served

pytestmark = pytest.mark.drill

MESSAGES = 1000
_WRITES = "pwrite64,write,fdatasync,fsync,sendto,sendmsg"
_CALL = re.compile(r"^\d+ +(?P<call>\w+)\((?P<file>\d+)(?P<path><[^>]*>)?(?P<rest>.*)$")
_MARK = re.compile(r"message-(\d+)-")


class Trace:
    """What is to be seen in a trace: for each message when it was written, synced and sent."""

    def __init__(self) -> None:
        self.written: set[int] = set()
        """Those that are in the log, and not synced yet."""
        self.synced: set[int] = set()
        self.sent: dict[int, bool] = {}
        """Whether it was synced when it was sent first."""
        self.syncs = 0
        self._under_way: dict[str, set[int]] = {}

    def take(self, line: str) -> None:
        """Take a line of strace's."""
        thread = line.split(" ", 1)[0]
        if "<... fdatasync resumed>" in line:
            self._sync(thread, line)
            return
        found = _CALL.match(line)
        if found is None:
            return
        call, path, rest = found["call"], found["path"] or "", found["rest"]
        marks = {int(mark) for mark in _MARK.findall(rest)}
        if path.endswith("journal.db-wal>"):
            if call in ("write", "pwrite64"):
                self.written |= marks
            elif call in ("fdatasync", "fsync"):
                # What is written while it is under way is not in it.
                self._under_way[thread] = set(self.written)
                if not rest.endswith("<unfinished ...>"):
                    self._sync(thread, line)
        elif call in ("sendto", "sendmsg", "write"):
            for mark in marks:
                self.sent.setdefault(mark, mark in self.synced)

    def _sync(self, thread: str, line: str) -> None:
        these = self._under_way.pop(thread, set())
        if line.endswith("= 0"):
            self.synced |= these
            self.written -= these
            self.syncs += 1


def test_a_trace_is_read_as_it_is_meant() -> None:
    trace = Trace()
    wal, socket = "8</d/journal.db-wal>", "9<socket:[1]>"
    for line in (
        # A small number of a process is filled up with blanks.
        f'7     pwrite64({wal}, "..message-1-", 20, 0) = 20',
        f"7 fdatasync({wal} <unfinished ...>",
        f'7 pwrite64({wal}, "..message-2-", 20, 0) = 20',
        f'6 sendto({socket}, "message-3-", 11, 0, NULL, 0) = 11',
        "7 <... fdatasync resumed>) = 0",
        f'6     sendto({socket}, "message-1-message-2-", 22, 0, NULL, 0) = 22',
        f"7 fdatasync({wal}) = -1 EIO (Input/output error)",
        f'6 sendto({socket}, "message-2-", 11, 0, NULL, 0) = 11',
        f"7 fdatasync({wal}) = 0",
        f'6 sendto({socket}, "message-3-", 11, 0, NULL, 0) = 11',
    ):
        trace.take(line)
    assert trace.sent == {1: True, 2: False, 3: False}
    assert trace.syncs == 2


@contextmanager
def tracing(tmp_path: Path, server: Served, *options: str) -> Iterator[Path]:
    """Trace a server's system calls into a file, from the first line that is in it."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    traced = tmp_path / "trace"
    with subprocess.Popen(
        [strace, "-f", "-y", "-q", *options, "-o", traced, "-p", str(server.process.pid)],
        stderr=subprocess.PIPE,
        text=True,
    ) as tracer:
        first = server.irc("first")
        while tracer.poll() is None and not (traced.exists() and traced.stat().st_size):
            first.send("PRIVMSG #lobby :begun", "PING :begun")
            first.until("PONG")
        if tracer.poll() is not None:
            assert tracer.stderr is not None
            pytest.skip(f"strace can not attach here: {tracer.stderr.read().strip()}")
        yield traced
        tracer.send_signal(signal.SIGINT)
        tracer.wait(PATIENCE)


def test_the_first_send_comes_after_the_sync(tmp_path: Path) -> None:
    with (
        served(tmp_path) as server,
        tracing(tmp_path, server, "-s", "65536", "-e", f"trace={_WRITES}") as traced,
    ):
        al, bo = server.irc("al"), server.irc("bo")
        # Threads are attached to one after another: until the one that sends is.
        while "PONG" not in traced.read_text(errors="replace"):
            al.send("PING attached")
            al.until("PONG")
        number = 0
        while number < MESSAGES:
            # One alone, and some in a packet.
            count = 1 + number % 7
            al.send(*(f"PRIVMSG #lobby :message-{number + n}-" for n in range(count)))
            number += count
            bo.until(f"message-{number - 1}-")
    trace = Trace()
    for line in traced.read_text(errors="replace").splitlines():
        trace.take(line)
    assert sorted(trace.sent) == list(range(number))
    assert [mark for mark, synced in trace.sent.items() if not synced] == []
    # One for each of the packets, at least.
    assert trace.syncs >= MESSAGES / 8


def test_a_disk_that_takes_two_seconds_keeps_no_bystander(tmp_path: Path) -> None:
    slow = ("-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=2000000")
    with served(tmp_path) as server:
        al, bo = server.irc("al"), server.irc("bo")
        bystander = server.connect()
        bystander.send("NICK cy", "USER cy 0 * :x")
        bystander.until(" 422 ")
        with tracing(tmp_path, server, *slow):
            bo.send("PING :clear")
            bo.lines_until("PONG")
            begun = time.monotonic()
            al.send("PRIVMSG #lobby :slow")
            waits = []
            while (sent := time.monotonic()) - begun < 1.8:
                bystander.send("PING :x")
                bystander.until("PONG")
                waits.append(time.monotonic() - sent)
            bo.until(":slow")
            assert time.monotonic() - begun >= 1.9
    # Others have this machine, too: it is about a part of a commit, not about the whole of it.
    assert statistics.median(waits) < 0.1
    assert max(waits) < 1


@pytest.mark.parametrize("fault", ["fdatasync:error=EIO", "pwrite64:error=ENOSPC"])
def test_a_disk_that_fails(tmp_path: Path, fault: str) -> None:
    call = fault.partition(":")[0]
    with served(tmp_path) as server:
        al, bo = server.irc("al"), server.irc("bo")
        al.send("PRIVMSG #lobby :before")
        bo.until(":before")
        with tracing(tmp_path, server, "-e", f"trace={call}", "-e", f"inject={fault}"):
            al.send("PING :clear")
            al.until("PONG")
            for number in range(5):
                al.send(f"PRIVMSG #lobby :lost {number}", "PING :told")
                told = al.lines_until("PONG")
                assert " FAIL PRIVMSG COULD_NOT_BE_STORED #lobby " in told[-2]
        al.send("PRIVMSG #lobby :after")
        shown = [line.rpartition(":")[2] for line in bo.lines_until(":after") if "lost" in line]
        assert shown == []
