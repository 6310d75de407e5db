"""Starting with many accounts and registered rooms, beside starting with none.

    python -m loadtest.bench start [options]

Two journals are made, one with everything and one with nothing in it, and the server is started
with each in turn. What is required is about the difference within a round: how much longer it takes
until the server listens, and how much more memory it has then.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from loadtest.bench import stock
from loadtest.bench.commandline import count, exit_code, in_turn, markdown, tell
from loadtest.bench.servers import ROOT, Checkout, ServerUnderTest, ours
from loadtest.bench.summary import median

EMPTY, FULL = "nothing", "all of it"
"""What is kept where a server starts."""
LATER = 2.0
"""Seconds by which it may listen later, with all of it."""
MORE = 50.0
"""Megabytes that it may have more."""
_MB = 1e6


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A server that has just begun to listen."""

    seconds: float
    """Since it was started."""
    cpu: float
    """CPU seconds that it has taken."""
    memory: int
    """Bytes that it has."""

    def __sub__(self, other: Started) -> Started:
        return Started(
            seconds=self.seconds - other.seconds,
            cpu=self.cpu - other.cpu,
            memory=self.memory - other.memory,
        )


def keeping(directory: Path) -> ServerUnderTest:
    """Return this project's server with its journal in a directory."""
    return ours(
        Checkout(name="ours", directory=ROOT, python=sys.executable), sync="full", data=directory
    )


def measure(directory: Path) -> Started:
    """Start a server with the journal in a directory. Raises `ServerError`."""
    began = time.perf_counter()
    with keeping(directory).run() as server:
        seconds = time.perf_counter() - began
        return Started(seconds=seconds, cpu=server.cpu_seconds(), memory=server.rss_bytes())


def differences(found: Mapping[str, Sequence[Started]]) -> list[Started]:
    """Return by how much it is more with everything than with nothing, round by round."""
    pairs = zip(found[FULL], found[EMPTY], strict=True)
    return [full - empty for full, empty in pairs]


def table(found: Mapping[str, Sequence[Started]]) -> str:
    """Write what was measured, as Markdown: medians, and between what the differences were."""
    lines: list[Sequence[str]] = [("kept", "until it listens, s", "CPU, s", "resident, MB")]
    for name in (EMPTY, FULL):
        lines.append((name, *(f"{median(each):.2f}" for each in _columns(found[name]))))
    more = _columns(differences(found))
    between = (f"{median(each):.2f} ({min(each):.2f}–{max(each):.2f})" for each in more)
    return markdown(
        [*lines, ("more", *between), ("at most", f"{LATER:g}", "", f"{MORE:g}")], left=1
    )


def _columns(those: Sequence[Started]) -> tuple[list[float], list[float], list[float]]:
    seconds, cpu = [one.seconds for one in those], [one.cpu for one in those]
    return seconds, cpu, [one.memory / _MB for one in those]


def main(arguments: Sequence[str]) -> int:
    """Measure; return the exit code: 0, 1 if something went wrong or, with `--check`, it takes too
    much, 130 when interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench start",
        description="Start with many accounts and registered rooms, and see what that takes.",
    )
    parser.add_argument(
        "--accounts", type=count, default=100_000, metavar="N", help="default %(default)s"
    )
    parser.add_argument("--rooms", type=count, default=10_000, metavar="N", help="default 10000")
    parser.add_argument("--rounds", type=count, default=5, metavar="N", help="default 5")
    parser.add_argument(
        "--check",
        action="store_true",
        help=f"{LATER:g} s or {MORE:g} MB more than with an empty journal are a failure",
    )
    options = parser.parse_args(arguments)

    def measure_all() -> bool:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            directories = {EMPTY: Path(name, "empty"), FULL: Path(name, "full")}
            for kept, (accounts, rooms) in {
                EMPTY: (0, 0),
                FULL: (options.accounts, options.rooms),
            }.items():
                directories[kept].mkdir()
                size = stock.make(directories[kept], accounts=accounts, rooms=rooms)
                tell(
                    f"start: {accounts:,} accounts, {rooms:,} rooms: {size / _MB:.1f} MB of journal"
                )
            found: dict[str, list[Started]] = {kept: [] for kept in directories}
            for number, kept in in_turn([*directories], options.rounds):
                one = measure(directories[kept])
                found[kept].append(one)
                tell(
                    f"start {number}/{options.rounds} {kept}: {one.seconds:.2f} s, "
                    f"{one.memory / _MB:.1f} MB"
                )
        print(table(found))
        seconds, _, memory = map(median, _columns(differences(found)))
        return (seconds < LATER and memory < MORE) or not options.check

    return exit_code(measure_all)
