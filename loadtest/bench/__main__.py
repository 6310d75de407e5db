"""The bench's command line: `python -m loadtest.bench [options]`.

Owns the options, the order of the runs and the exit code: 0 when all was measured and nothing lost,
1 when something was lost, a server failed or, with `--check`, a requirement was missed, 2 for a
wrong option, 130 when interrupted. The table goes to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from loadtest.bench import crowd, report
from loadtest.bench.figures import Run, Scenario, Settings
from loadtest.bench.scenarios import IDLE_ROOM, SCENARIOS
from loadtest.bench.servers import SERVERS
from loadtest.bench.summary import Taken

LONGEST = 60.0
"""Seconds of one load: less than a server waits for a PONG, which nobody gives it meanwhile."""
PARTS = ("server", "generator")
"""What took how much of one core, in every run that is a load."""


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return value


def _parser() -> argparse.ArgumentParser:
    """Return the options."""
    default = Settings()
    result = argparse.ArgumentParser(
        prog="python -m loadtest.bench",
        description="Measure what a message costs a server, beside a plain asyncio server.",
        epilog="Scenarios: "
        + "; ".join(f"{scenario.name}: {scenario.about}" for scenario in SCENARIOS.values())
        + ".",
    )
    result.add_argument(
        *("--only", "-o"), nargs="+", choices=SCENARIOS, metavar="NAME", help="these scenarios"
    )
    result.add_argument("--stalled", action="store_true", help="the scenario `stalled` as well")
    result.add_argument(
        "--servers",
        nargs="+",
        choices=SERVERS,
        default=["yardstick", "ours"],
        metavar="NAME",
        help=f"of {', '.join(SERVERS)}; ratios are the last one's to the first one's",
    )
    result.add_argument("--rounds", type=_count, metavar="N", help="default 3")
    result.add_argument(
        "--seconds", type=_positive, metavar="S", help=f"default {default.seconds:g}"
    )
    result.add_argument(
        "--window",
        type=_count,
        default=default.window,
        metavar="N",
        help="messages under way per client, when saturated (default %(default)s); times a room's "
        "size they must fit its members' send queues",
    )
    result.add_argument(
        "--rate",
        type=_positive,
        default=default.rate,
        metavar="N",
        help="messages per second in all, when paced (default %(default)g)",
    )
    result.add_argument(
        "--idle-clients", type=_count, metavar="N", help=f"default {default.idle_clients}"
    )
    result.add_argument("--quick", action="store_true", help="1 round, 2 s, 1000 idle clients")
    result.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    result.add_argument("--check", action="store_true", help="missing a requirement is a failure")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; return the exit code."""
    options = _parser().parse_args(arguments)
    seconds = options.seconds or (2.0 if options.quick else Settings().seconds)
    idle_clients = options.idle_clients or (1000 if options.quick else Settings().idle_clients)
    settings = Settings(
        seconds=min(seconds, LONGEST),
        window=options.window,
        rate=options.rate,
        idle_clients=max(idle_clients, IDLE_ROOM),
    )
    rounds = options.rounds or (1 if options.quick else 3)
    scenarios = [
        scenario
        for scenario in SCENARIOS.values()
        if (scenario.name in options.only if options.only else scenario.by_default)
        or (options.stalled and scenario.name == "stalled")
    ]
    crowd.raise_file_limit()
    # A terminated bench must not leave its server behind either.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        taken = list(_take(scenarios, options.servers, rounds, settings))
    except KeyboardInterrupt:
        _tell("interrupted")
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    result = report.summarize(taken, options.servers, settings)
    print(report.table(result))
    if options.json:
        options.json.write_bytes(report.to_json(result))
    return 0 if result.complete and (result.passed or not options.check) else 1


def _take(
    scenarios: Sequence[Scenario], servers: Sequence[str], rounds: int, settings: Settings
) -> Iterator[Taken]:
    """Do all runs: of each scenario, round by round, the servers in turn."""
    for scenario in scenarios:
        for number in range(1, rounds + 1):
            for name in servers[-1:] if scenario.subject_only else servers:
                run = scenario.run(SERVERS[name], settings)
                _tell(f"{scenario.name} {number}/{rounds} {name}: {_in_short(scenario, run)}")
                yield Taken(scenario=scenario.name, server=name, round=number, run=run)


def _in_short(scenario: Scenario, run: Run) -> str:
    figures = [
        f"{figure.label} {run.values[figure.key]:.{figure.digits}f}"
        for figure in scenario.figures
        if figure.key in run.values
    ]
    parts = [f"{part} {run.values[part]:.0%}" for part in PARTS if part in run.values]
    faults = [f"FAULT: {fault}" for fault in run.faults]
    return "; ".join([*figures, *parts, *faults])


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
