"""CPU time and memory of a process and its descendants, as Linux has them in /proc.

Owns the parsing of /proc; knows no server. A process that has gone raises `ProcessLookupError`; a
descendant that goes while it is looked at counts for nothing (its parent has its CPU time by then).

/proc counts CPU time in ticks, of 10 ms mostly. A process that lives has a clock beside that which
counts nanoseconds: what one round of a storm or some seconds of little work cost is not many ticks.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


class Stat(msgspec.Struct, frozen=True, kw_only=True):
    """What the bench wants of /proc/PID/stat (proc_pid_stat(5))."""

    parent: int
    own: float
    """CPU seconds of all its threads."""
    waited: float
    """CPU seconds of the children that it has waited for."""

    @property
    def seconds(self) -> float:
        """CPU time of all its threads, and of the children that it has waited for."""
        return self.own + self.waited


def parse_stat(text: str) -> Stat:
    """Read the line of /proc/PID/stat. The name in it may hold spaces and parentheses."""
    fields = text.rpartition(")")[2].split()
    # The third field, the state, is fields[0] here: utime, stime, cutime, cstime are 14 to 17.
    utime, stime, cutime, cstime = map(int, fields[11:15])
    return Stat(
        parent=int(fields[1]), own=(utime + stime) / TICKS, waited=(cutime + cstime) / TICKS
    )


def clock_seconds(pid: int) -> float | None:
    """Return the CPU time of a process and its threads by its own clock; None if it has none."""
    # clock_getcpuclockid(3) makes the clock's number like this; Python has it for threads only.
    with contextlib.suppress(OSError):
        return time.clock_gettime((~pid << 3) | 2)
    return None


def parse_rss(text: str, *, peak: bool = False) -> int:
    """Return the resident bytes that /proc/PID/status tells (proc_pid_status(5)): what they are, or
    the most that they have been."""
    wanted = "VmHWM" if peak else "VmRSS"
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == wanted:
            return int(value.split()[0]) * 1024
    # A process that has ended and not been waited for has no memory, and no such line.
    return 0


def family(pid: int, proc: Path = PROC) -> dict[int, Stat]:
    """Return a process and its descendants. Raises `ProcessLookupError` if it is not there."""
    stats = dict(_stats(proc))
    if pid not in stats:
        raise ProcessLookupError(f"no process {pid}")
    children: dict[int, list[int]] = {}
    for child, stat in stats.items():
        children.setdefault(stat.parent, []).append(child)
    members = [pid]
    for member in members:
        members.extend(children.get(member, ()))
    return {member: stats[member] for member in members}


def cpu_seconds(pid: int, proc: Path = PROC) -> float:
    """Return the CPU time of a process, its threads and its descendants, in seconds."""
    total = 0.0
    for member, stat in family(pid, proc).items():
        own = clock_seconds(member) if proc is PROC else None
        total += stat.waited + (stat.own if own is None else own)
    return total


def busy_seconds(proc: Path = PROC) -> float:
    """Return the CPU time of everything on this machine, in seconds, without that of interrupts."""
    _, user, nice, system, *_ = (proc / "stat").read_text().partition("\n")[0].split()
    return (int(user) + int(nice) + int(system)) / TICKS


def rss_bytes(pid: int, proc: Path = PROC, *, peak: bool = False) -> int:
    """Return the resident memory of a process and its descendants, in bytes; or the most that each
    has had since it was started."""
    total = 0
    for member in family(pid, proc):
        try:
            total += parse_rss((proc / str(member) / "status").read_text(), peak=peak)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def descriptors(pid: int, proc: Path = PROC) -> int:
    """Return how many descriptors a process has open. Raises `ProcessLookupError`."""
    try:
        return len(os.listdir(proc / str(pid) / "fd"))
    except FileNotFoundError:
        raise ProcessLookupError(f"no process {pid}") from None


def _stats(proc: Path) -> Iterator[tuple[int, Stat]]:
    for entry in os.listdir(proc):
        if entry.isdecimal():
            try:
                yield int(entry), parse_stat((proc / entry / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue
