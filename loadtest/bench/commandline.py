"""What command lines that measure have in common: kinds of options, the order of runs, progress,
exit codes, tables.

Owns how rounds alternate: within each, every server has its turn, and the next one begins from the
other end, so that nobody always comes after the same. Progress goes to stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from loadtest.bench.crowd import CrowdError
from loadtest.bench.figures import Run, Scenario, Settings
from loadtest.bench.servers import ServerError, ServerUnderTest
from loadtest.bench.summary import Taken

LONGEST = 60.0
"""Seconds of one load: less than a server waits for a PONG, which nobody gives it meanwhile."""
T = TypeVar("T")
PARTS = ("server", "generator", "others")
"""What took how much of one core, in every run that is a load."""

_asked_to_end = threading.Event()


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
        for number, name in in_turn(names, rounds):
            run = scenario.run(servers[name], settings)
            tell(f"{scenario.name} {number}/{rounds} {name}: {_in_short(scenario, run)}")
            yield Taken(scenario=scenario.name, server=name, round=number, run=run)


def in_turn(names: Sequence[T], rounds: int) -> Iterator[tuple[int, T]]:
    """Yield whose turn it is, with the number of the round, from 1."""
    for number in range(1, rounds + 1):
        for name in names if number % 2 else reversed(names):
            if _asked_to_end.is_set():
                raise KeyboardInterrupt
            yield number, name


def _in_short(scenario: Scenario, run: Run) -> str:
    figures = [
        f"{figure.label} {run.values[figure.key]:.{figure.digits}f}"
        for figure in scenario.figures
        if figure.key in run.values
    ]
    parts = [f"{part} {run.values[part]:.0%}" for part in PARTS if part in run.values]
    faults = [f"FAULT: {fault}" for fault in run.faults]
    return "; ".join([*figures, *parts, *run.remarks, *faults])


def exit_code(measure: Callable[[], bool]) -> int:
    """Measure; return the exit code: 0 if `measure` returns that it is well, 1 if it does not or
    something goes wrong, which is told, and 130 when interrupted."""
    try:
        with terminable():
            return 0 if measure() else 1
    except (CrowdError, ServerError, OSError) as error:
        tell(str(error))
        return 1
    except KeyboardInterrupt:
        tell("interrupted")
        return 130


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end this block as Ctrl-C does, so that no server is left behind."""
    _asked_to_end.clear()
    before = {number: signal.signal(number, _end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: object) -> None:
    """Interrupt what is being done; or, where nobody hears of that, what would be done next: Python
    swallows what is raised while something is being destroyed."""
    _asked_to_end.set()
    raise KeyboardInterrupt


def tell(text: str) -> None:
    """Say something about the progress."""
    print(text, file=sys.stderr, flush=True)


def markdown(lines: Sequence[Sequence[str]], left: int = 0) -> str:
    """Write a table: a line of titles, and the others. The first `left` columns are text, and the
    others numbers, but those without a title, which are marks."""
    titles, *others = lines
    rule = ["---" if index < left or not title else "---:" for index, title in enumerate(titles)]
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in (titles, rule, *others)]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)
