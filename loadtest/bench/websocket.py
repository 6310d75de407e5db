"""What it costs that clients come by WebSocket, beside those that speak plain IRC.

    python -m loadtest.bench websocket [options]

The server is the same, and so are the rooms and what is said in them; each kind of client has it in
turn. What is required is about a large room, where most of what a server does is sending.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from loadtest.bench import report
from loadtest.bench.commandline import LONGEST, count, exit_code, positive, take
from loadtest.bench.crowd import raise_file_limit
from loadtest.bench.figures import Figure, Of, Requirement, Scenario, Settings
from loadtest.bench.scenarios import idle, paced, saturated
from loadtest.bench.servers import ROOT, Checkout, ServerUnderTest, ours

IRC, WEBSOCKET = "irc", "websocket"
_DEARER = 1.2
"""By how much a delivery may cost more, in a large room."""
_MEMORY = 10.0
"""Kilobytes that a client may take."""
_MEMBERS = 2000
_RATE = 50.0
"""Messages a second in such a room, where they are paced."""
_AHEAD = 2000
"""Messages that are under way in it, when it is saturated: they have to fit a send queue."""


def _kind(name: str, *, by_websocket: bool) -> ServerUnderTest:
    kind = ours(Checkout(name=name, directory=ROOT, python=sys.executable))
    return msgspec.structs.replace(kind, by_websocket=by_websocket)


KINDS: Mapping[str, ServerUnderTest] = {
    IRC: _kind(IRC, by_websocket=False),
    WEBSOCKET: _kind(WEBSOCKET, by_websocket=True),
}
"""The server, by the kind of its clients."""


def _cost(*requirements: Requirement) -> Figure:
    return Figure(key="cpu", label="server CPU µs / delivery", requirements=requirements)


_DELAYS = (Figure(key="p50", label="delay p50, ms"), Figure(key="p99", label="delay p99, ms"))
_PER_SECOND = Figure(key="per_second", label="M deliveries / s", digits=3)


def scenarios(members: int) -> dict[str, Scenario]:
    """Return what is measured, with a large room of so many."""
    little_dearer = Requirement(of=Of.RATIO, at_most=_DEARER, against=IRC, subject=WEBSOCKET)
    those = (
        Scenario(
            name="paced",
            about=f"{members} in one room, at a given rate",
            figures=(_cost(little_dearer), *_DELAYS),
            measure=paced(members),
        ),
        Scenario(
            name="one-room",
            about=f"{members} in one room, saturated",
            figures=(_cost(little_dearer), _PER_SECOND),
            measure=saturated(1, members, window=_AHEAD),
        ),
        Scenario(
            name="idle",
            about=f"{members} in one room, silent",
            figures=(
                Figure(
                    key="rss",
                    label="RSS KB / client",
                    requirements=[Requirement(of=Of.VALUE, at_most=_MEMORY, subject=WEBSOCKET)],
                ),
            ),
            measure=idle(members, room=members),
        ),
        Scenario(
            name="many-rooms",
            about="50 rooms of 20, saturated",
            figures=(_cost(), _PER_SECOND),
            measure=saturated(50, 20),
        ),
        Scenario(
            name="pairs",
            about="500 rooms of 2, saturated",
            figures=(_cost(), _PER_SECOND),
            measure=saturated(500, 2),
        ),
    )
    return {one.name: one for one in those}


def main(arguments: Sequence[str]) -> int:
    """Measure; return the exit code: 0, 1 if something went wrong or, with `--check`, a requirement
    was missed, 130 when interrupted."""
    default = Settings(rate=_RATE)
    names = [*scenarios(_MEMBERS)]
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench websocket",
        description="Measure what it costs that clients come by WebSocket.",
    )
    parser.add_argument(
        *("--only", "-o"), nargs="+", choices=names, default=names, metavar="NAME", help="of these"
    )
    parser.add_argument(
        "--members", type=count, default=_MEMBERS, metavar="N", help="default %(default)s"
    )
    parser.add_argument("--rounds", type=count, default=3, metavar="N", help="default %(default)s")
    parser.add_argument(
        "--seconds", type=positive, default=default.seconds, metavar="S", help="default %(default)g"
    )
    parser.add_argument(
        "--rate",
        type=positive,
        default=default.rate,
        metavar="N",
        help="messages per second, when paced (default %(default)g)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument("--check", action="store_true", help="missing a requirement is a failure")
    options = parser.parse_args(arguments)
    settings = Settings(
        seconds=min(options.seconds, LONGEST),
        rate=options.rate,
        idle_clients=options.members,
    )
    table = scenarios(options.members)
    chosen = [table[name] for name in names if name in options.only]
    raise_file_limit()

    def measure_all() -> bool:
        taken = list(take(chosen, KINDS, options.rounds, settings))
        result = report.summarize(taken, [*KINDS], settings, table)
        print(report.table(result))
        if options.json:
            options.json.write_bytes(report.to_json(result))
        return result.complete and (result.passed or not options.check)

    return exit_code(measure_all)
