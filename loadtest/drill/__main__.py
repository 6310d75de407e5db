"""The drill from its command line: `python -m loadtest.drill [options]`.

Owns the course of a drill, the options and the exit code: 0 when everything that was shown is kept
and every account and room is as it was said to be, 1 when something is not, when the server ended
by itself, or when there were fewer kills, lines or changes than were wanted; 2 for a wrong option,
130 when interrupted. What it has found goes to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from loadtest.bench.commandline import count, positive, tell, terminable
from loadtest.drill.changes import Changes
from loadtest.drill.history import History
from loadtest.drill.ledger import Ledger
from loadtest.drill.party import Party, Scale
from loadtest.drill.server import Server, ServerError
from loadtest.drill.session import UnexpectedError
from loadtest.drill.verdict import Verdict, judge

LINES = 1000
"""Lines for each kill that a drill has to have acknowledged, if nothing else is said."""
CHANGES = 2
"""Changes of accounts and rooms for each kill that have to be acknowledged likewise."""
RESERVE = 0.1
"""Share of the time that is kept for the end: the check, the export, the comparison."""
RESERVE_AT_LEAST = 8.0
"""Seconds; or half of the time, where there is little."""
PATIENCE = 60.0
"""Seconds in which everybody has to be back in the end, and to have been shown what they said."""


class Result(msgspec.Struct, kw_only=True):
    """What a drill has found."""

    kills: int
    while_starting: int
    """Of these: before it listened."""
    seconds: float
    sync: str
    acknowledged: int
    """Lines whose sender was shown them."""
    shown: int
    """Counted for everybody who was shown them."""
    kept: int
    resumed: bool
    """Whether clients fetched what they had missed."""
    verdict: Verdict
    changes: Changes
    """Of accounts and rooms."""
    integrity: str
    """What is wrong with the file; empty: nothing."""
    shortcomings: list[str]
    """What makes it no proof, whatever was found."""

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, and enough was tried."""
        clean = self.verdict.is_clean and self.changes.is_clean
        return clean and not self.integrity and not self.shortcomings


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done."""

    kills: int = 100
    seconds: float = 600.0
    """In which all of it is to be over."""
    lines: int = 0
    """Lines that have to be acknowledged."""
    changes: int = 0
    """Changes of accounts and rooms that have to be."""
    sync: str = "full"
    scale: Scale = Scale()


def drill(
    course: Course,
    server: Server,
    chance: random.Random,
    *,
    export: Callable[[Server], History] = lambda server: History.read(server.export()),
) -> Result:
    """Do it. Raises `ServerError` or `UnexpectedError` when it can not go on."""
    begun = time.monotonic()
    ledger = Ledger()
    changes = Changes()
    party = Party(course.scale, ledger, changes, server.address, chance)
    kills = starting = 0
    reserve = max(course.seconds * RESERVE, min(RESERVE_AT_LEAST, course.seconds / 2))
    end = begun + course.seconds - reserve
    shortcomings: list[str] = []
    try:
        while kills < course.kills and (left := end - time.monotonic()) > 0:
            mean = left / (course.kills - kills)
            server.start()
            timer = threading.Timer(chance.uniform(0, 2 * mean), server.kill)
            timer.daemon = True
            timer.start()
            heard = False

            def is_over() -> bool:
                nonlocal heard
                heard = heard or server.address() is not None
                return server.is_killed

            try:
                party.run(course.seconds, until=is_over)
            finally:
                timer.cancel()
                server.kill()
            party.hang_up()
            kills += 1
            starting += not heard
            tell(
                f"kill {kills}/{course.kills}{'' if heard else ' while starting'}: "
                f"{ledger.acknowledged:,} lines acknowledged, {ledger.shown:,} shown, "
                f"{changes.acknowledged:,} changes acknowledged"
            )
        for keeper in party.keepers:
            keeper.thorough = True
        server.start()
        everybody = party.members
        if not party.run(PATIENCE, silent=True, until=lambda: party.ready == everybody):
            shortcomings.append(f"only {party.ready} of {everybody} clients came back in the end")
        # Whatever has changed accounts and rooms has been looked at by now.
        party.run(1.0, keeping=False, until=lambda: False)
        if not party.run(PATIENCE, silent=True, until=lambda: party.under_way == 0):
            shortcomings.append(f"{party.under_way} lines were never shown to whoever said them")
    finally:
        party.close()
    server.stop()
    tell("checking the journal")
    integrity = server.check()
    tell("comparing")
    history = export(server)
    resumed = any(client.caught_up for client in party.clients)
    verdict = judge(ledger, history, complete=resumed)
    if kills < course.kills:
        shortcomings.append(f"only {kills} of {course.kills} kills in {course.seconds:g} s")
    for what, done, wanted in (
        ("lines", ledger.acknowledged, course.lines),
        ("changes", changes.acknowledged, course.changes),
    ):
        if done < wanted:
            shortcomings.append(f"only {done} of {wanted} {what} acknowledged")
    return Result(
        kills=kills,
        while_starting=starting,
        seconds=round(time.monotonic() - begun, 1),
        sync=course.sync,
        acknowledged=ledger.acknowledged,
        shown=ledger.shown,
        kept=history.messages,
        resumed=resumed,
        verdict=verdict,
        changes=changes,
        integrity=integrity,
        shortcomings=shortcomings,
    )


def report(result: Result) -> str:
    """Return what is printed."""
    verdict, changes = result.verdict, result.changes
    kinds = ", ".join(f"{kind} {number:,}" for kind, number in sorted(changes.kinds.items()))
    rows: list[tuple[str, str]] = [
        ("kills", f"{result.kills} ({result.while_starting} while starting)"),
        ("seconds", f"{result.seconds:g}"),
        ("lines acknowledged", f"{result.acknowledged:,}"),
        ("lines shown", f"{result.shown:,}"),
        ("lines kept", f"{result.kept:,}"),
        ("lost", f"{verdict.lost}"),
        ("altered", f"{verdict.altered}"),
        ("duplicated", f"{verdict.duplicated}"),
        ("reordered", f"{verdict.reordered}"),
        (
            "missed by clients",
            f"{verdict.missed}" if result.resumed else "not looked at: no history to fetch",
        ),
        ("changes acknowledged", f"{changes.acknowledged:,}"),
        ("of these", kinds or "none"),
        ("changes undecided", f"{changes.undecided:,}"),
        ("changes missing", f"{changes.missing}"),
        ("changes altered", f"{changes.altered}"),
        ("integrity", result.integrity or "ok"),
    ]
    lines = [f"{name:<20} {value}" for name, value in rows]
    lines += verdict.examples + changes.examples
    lines += [f"No proof: {text}" for text in result.shortcomings]
    lines.append("PASSED" if result.passed else "FAILED")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    default, scale = Course(), Scale()
    result = argparse.ArgumentParser(
        prog="python -m loadtest.drill",
        description="Kill a server in the middle of talk, again and again, and prove that nothing "
        "that anybody was shown is lost, and no change of an account or a room.",
    )
    result.add_argument(
        "--kills", type=count, default=default.kills, metavar="N", help="default %(default)s"
    )
    result.add_argument(
        "--seconds",
        type=positive,
        default=default.seconds,
        metavar="S",
        help="for all of it (default %(default)g)",
    )
    result.add_argument(
        "--lines",
        type=count,
        metavar="N",
        help=f"that have to be acknowledged (default {LINES} for each kill)",
    )
    result.add_argument(
        "--changes",
        type=count,
        metavar="N",
        help=f"of accounts and rooms that have to be (default {CHANGES} for each kill)",
    )
    result.add_argument(
        "--rate",
        type=positive,
        default=scale.rate,
        metavar="N",
        help="lines a second (default %(default)g)",
    )
    result.add_argument(
        "--clients", type=count, default=scale.clients, metavar="N", help="default %(default)s"
    )
    result.add_argument(
        "--keepers",
        type=count,
        default=scale.keepers,
        metavar="N",
        help="clients that change accounts and rooms (default %(default)s)",
    )
    result.add_argument("--sync", choices=("full", "normal", "off"), default=default.sync)
    result.add_argument("--seed", type=int, help="of what is left to chance")
    result.add_argument("--json", type=Path, metavar="FILE", help="write what was found there too")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill; return the exit code."""
    options = _parser().parse_args(arguments)
    course = Course(
        kills=options.kills,
        seconds=options.seconds,
        lines=options.lines or LINES * options.kills,
        changes=options.changes or CHANGES * options.kills,
        sync=options.sync,
        scale=Scale(clients=options.clients, rate=options.rate, keepers=options.keepers),
    )
    try:
        with tempfile.TemporaryDirectory(prefix="drill-") as name, terminable():
            server = Server(Path(name), sync=course.sync)
            try:
                result = drill(course, server, random.Random(options.seed))
            finally:
                server.kill()
    except (ServerError, UnexpectedError) as error:
        tell(f"FAILED: {error}")
        return 1
    except KeyboardInterrupt:
        tell("interrupted")
        return 130
    print(report(result))
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    return 0 if result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
