"""The bench's command line: `python -m loadtest.bench [options]`.

Owns the options and the exit code: 0 when all was measured and nothing lost, 1 when something was
lost, a server failed or, with `--check`, a requirement was missed, 2 for a wrong option, 130 when
interrupted. The table goes to stdout, progress to stderr. With the name of another bench (`OTHERS`)
before its options it is that one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from loadtest.bench import core, crowd, guessing, history, hostile, report, start, websocket
from loadtest.bench.commandline import LONGEST, count, exit_code, positive, take
from loadtest.bench.figures import Settings
from loadtest.bench.scenarios import IDLE_ROOM, SCENARIOS
from loadtest.bench.servers import SERVERS
from loadtest.bench.worst import command as worst

OTHERS: Mapping[str, tuple[Callable[[Sequence[str]], int], str]] = {
    "core": (core.main, "the state machine alone, without a server"),
    "guessing": (guessing.main, "a crowd that says wrong passwords"),
    "history": (history.main, "a crowd that pages through history"),
    "hostile": (hostile.main, "openings that are wrong, endless or slow"),
    "start": (start.main, "what starting with many accounts and rooms takes"),
    "websocket": (websocket.main, "what it costs that clients come by WebSocket"),
    "worst": (worst.main, "the dearest lines"),
}
"""Benches of their own: by name, the command line and what it measures."""


def _parser() -> argparse.ArgumentParser:
    """Return the options."""
    default = Settings()
    result = argparse.ArgumentParser(
        prog="python -m loadtest.bench",
        description="Measure what a message costs a server, beside a plain asyncio server.",
        epilog="Scenarios: "
        + "; ".join(f"{scenario.name}: {scenario.about}" for scenario in SCENARIOS.values())
        + ". Others, each with options of its own: "
        + "; ".join(f"`{name}`: {about}" for name, (_, about) in OTHERS.items())
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
    result.add_argument(
        "--journal",
        action="store_const",
        dest="servers",
        const=["ours", "normal", "full"],
        help="what the journal costs: without one, and with either of these (history.sync)",
    )
    result.add_argument("--rounds", type=count, metavar="N", help="default 3")
    result.add_argument(
        "--seconds", type=positive, metavar="S", help=f"default {default.seconds:g}"
    )
    result.add_argument(
        "--window",
        type=count,
        default=default.window,
        metavar="N",
        help="messages under way per client, when saturated (default %(default)s); times a room's "
        "size they must fit its members' send queues",
    )
    result.add_argument(
        "--rate",
        type=positive,
        default=default.rate,
        metavar="N",
        help="messages per second in all, when paced (default %(default)g)",
    )
    result.add_argument(
        "--idle-clients", type=count, metavar="N", help=f"default {default.idle_clients}"
    )
    result.add_argument("--quick", action="store_true", help="1 round, 2 s, 1000 idle clients")
    result.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    result.add_argument("--check", action="store_true", help="missing a requirement is a failure")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; return the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given and given[0] in OTHERS:
        return OTHERS[given[0]][0](given[1:])
    options = _parser().parse_args(given)
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
    servers = {name: SERVERS[name] for name in options.servers}

    def measure_all() -> bool:
        taken = list(take(scenarios, servers, rounds, settings))
        result = report.summarize(taken, options.servers, settings)
        print(report.table(result))
        if options.json:
            options.json.write_bytes(report.to_json(result))
        return result.complete and (result.passed or not options.check)

    return exit_code(measure_all)


if __name__ == "__main__":
    sys.exit(main())
