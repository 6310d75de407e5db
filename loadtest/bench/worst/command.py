"""The command line: `python -m loadtest.bench worst [options]`, and the tables that it prints.

Owns what is required: that no line of an ordinary user has a step of more than 20 ms, and that
nobody waits for more than 100 ms for a PONG. The tables go to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence

from loadtest.bench.commandline import count, exit_code, markdown, positive, tell
from loadtest.bench.crowd import raise_file_limit
from loadtest.bench.servers import ROOT, SERVERS
from loadtest.bench.worst import floods, measure
from loadtest.bench.worst.floods import Flooded
from loadtest.bench.worst.rows import ROWS
from loadtest.bench.worst.world import Cost

LONGEST_STEP = 20.0
"""Milliseconds of CPU."""
LONGEST_PING = 100.0
"""Milliseconds."""


def measured(names: Sequence[str]) -> Iterator[tuple[str, Cost]]:
    """Yield rows as they are measured. Raises `ChildProcessError` with what went wrong."""
    with subprocess.Popen(
        [sys.executable, "-m", measure.__name__, *names],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            for line in child.stdout:
                yield measure.read(line)
            said = child.stderr.read().strip()
        finally:
            child.kill()
    if said:
        raise ChildProcessError(said)


def table(costs: Sequence[tuple[str, Cost]]) -> str:
    """Write what lines take as Markdown, those of operators last."""
    lines = [
        ["line", "state", "longest step, ms", "all, ms", "steps", "writing, ms", "KB sent", ""],
    ]
    ordered = sorted(costs, key=lambda found: not ROWS[found[0]].ordinary)
    for name, cost in ordered:
        row = ROWS[name]
        lines.append(
            [
                name if row.ordinary else f"{name} (operators)",
                row.state,
                f"{cost.longest:.1f}",
                f"{cost.total:.1f}",
                str(cost.steps),
                f"{cost.writing:.1f}",
                f"{cost.size / 1000:,.0f}",
                _mark(row.ordinary, cost.longest <= LONGEST_STEP),
            ]
        )
    return markdown(lines, left=2)


def flood_table(found: Sequence[Flooded]) -> str:
    """Write what a bystander waited as Markdown."""
    lines = [
        ["repeated", "state", "longest PING, ms", "median, ms", "answered", "others' CPU", ""],
    ]
    for one in found:
        seen = one.seen
        late = f" (of which up to {seen.late:.0f} its own)" if seen.late > 5 else ""
        lines.append(
            [
                one.name,
                one.state,
                f"{seen.longest:.0f}{late}",
                f"{seen.median:.1f}",
                str(one.answered),
                f"{one.others:.0%}",
                _mark(True, seen.longest <= LONGEST_PING),
            ]
        )
    return markdown(lines, left=2)


def _mark(required: bool, met: bool) -> str:
    return "" if not required else "✔" if met else "**✘**"


def main(arguments: Sequence[str]) -> int:
    """Measure; return the exit code: 0, 1 if it failed or, with --check, took too long, 130."""
    flood_of = {flood.name: flood for flood in floods.floods()}
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench worst",
        description="Measure the dearest lines in the states that the default limits allow.",
    )
    parser.add_argument("--core", action="store_true", help="the core alone, without sockets")
    parser.add_argument("--sockets", action="store_true", help="over sockets only")
    parser.add_argument(
        "--only", nargs="+", choices=[*ROWS, *flood_of], metavar="ROW", help="these rows"
    )
    parser.add_argument(
        "--users", type=count, default=2000, metavar="N", help="over sockets; default %(default)s"
    )
    parser.add_argument(
        "--seconds", type=positive, default=4.0, metavar="S", help="a flood; default %(default)g"
    )
    parser.add_argument("--check", action="store_true", help="what takes too long is a failure")
    options = parser.parse_args(arguments)
    wanted = options.only or [*ROWS, *flood_of]

    def measure_all() -> bool:
        good = True
        names = [name for name in ROWS if name in wanted and not options.sockets]
        costs = []
        for name, cost in measured(names) if names else ():
            tell(f"{name}: {cost.longest:.1f} ms, {cost.total:.1f} in {cost.steps} steps")
            costs.append((name, cost))
            good &= cost.longest <= LONGEST_STEP or not ROWS[name].ordinary
        if costs:
            print(table(costs))
        raise_file_limit()
        seen = []
        for name in [one for one in flood_of if one in wanted and not options.core]:
            seen.append(
                floods.run(
                    SERVERS["ours"], flood_of[name], users=options.users, seconds=options.seconds
                )
            )
            tell(f"{name}: {seen[-1].seen.longest:.0f} ms")
            good &= seen[-1].seen.longest <= LONGEST_PING
        if seen:
            print(f"\n{flood_table(seen)}" if costs else flood_table(seen))
        return good or not options.check

    return exit_code(measure_all)
