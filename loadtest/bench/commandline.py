"""What command lines that measure have in common: kinds of options, the order of runs, progress.

Owns how rounds alternate: within each, every server has its turn, and the next one begins from the
other end, so that nobody always comes after the same. Progress goes to stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence

from loadtest.bench.figures import Run, Scenario, Settings
from loadtest.bench.servers import ServerUnderTest
from loadtest.bench.summary import Taken

LONGEST = 60.0
"""Seconds of one load: less than a server waits for a PONG, which nobody gives it meanwhile."""
PARTS = ("server", "generator", "others")
"""What took how much of one core, in every run that is a load."""


def count(text: str) -> int:
    """Read an option that is a number of things, at least one."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def positive(text: str) -> float:
    """Read an option that is more than 0."""
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return value


def take(
    scenarios: Sequence[Scenario],
    servers: Mapping[str, ServerUnderTest],
    rounds: int,
    settings: Settings,
) -> Iterator[Taken]:
    """Do all runs: of each scenario, round by round, the servers in turn."""
    for scenario in scenarios:
        # The last one is the one that it is all about.
        names = [*servers][-1:] if scenario.subject_only else [*servers]
        names = [name for name in names if name not in scenario.without]
        for number in range(1, rounds + 1):
            for name in names if number % 2 else reversed(names):
                run = scenario.run(servers[name], settings)
                tell(f"{scenario.name} {number}/{rounds} {name}: {_in_short(scenario, run)}")
                yield Taken(scenario=scenario.name, server=name, round=number, run=run)


def _in_short(scenario: Scenario, run: Run) -> str:
    figures = [
        f"{figure.label} {run.values[figure.key]:.{figure.digits}f}"
        for figure in scenario.figures
        if figure.key in run.values
    ]
    parts = [f"{part} {run.values[part]:.0%}" for part in PARTS if part in run.values]
    faults = [f"FAULT: {fault}" for fault in run.faults]
    return "; ".join([*figures, *parts, *run.remarks, *faults])


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end this block as Ctrl-C does, so that no server is left behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def tell(text: str) -> None:
    """Say something about the progress."""
    print(text, file=sys.stderr, flush=True)
