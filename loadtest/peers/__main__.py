"""The comparison's command line: `python -m loadtest.peers [options]`.

Owns the options, what is done about a server that is not installed, the files that are written and
the exit code: 0 when all was measured and nothing lost, 1 when something was lost, a server failed
or, with `--check`, a requirement was missed or could not be judged, 2 for a wrong option, 130 when
interrupted. The table goes to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from loadtest.bench import crowd
from loadtest.bench.commandline import LONGEST, count, positive, take, tell, terminable
from loadtest.bench.figures import Settings
from loadtest.bench.servers import SERVERS, Checkout, ServerUnderTest, ours
from loadtest.bench.summary import Taken
from loadtest.peers import plot, report
from loadtest.peers.scenarios import IDLE, SCENARIOS

QUICK_SCALE = 0.1
"""The part of the thousands of clients that comes with `--quick`."""


def _parser() -> argparse.ArgumentParser:
    """Return the options."""
    default = Settings()
    result = argparse.ArgumentParser(
        prog="python -m loadtest.peers",
        description="Do the same work with this server and with others, and compare what it costs.",
        epilog="Scenarios: "
        + "; ".join(f"{scenario.name}: {scenario.about}" for scenario in SCENARIOS.values())
        + ".",
    )
    result.add_argument(
        *("--only", "-o"), nargs="+", choices=SCENARIOS, metavar="NAME", help="these scenarios"
    )
    result.add_argument(
        "--servers",
        nargs="+",
        choices=SERVERS,
        default=["ours", "inspircd", "ngircd"],
        metavar="NAME",
        help=f"of {', '.join(SERVERS)} (default: %(default)s)",
    )
    result.add_argument(
        "--also",
        action="append",
        default=[],
        type=Checkout.read,
        metavar="NAME=DIR[:PYTHON]",
        help="another checkout of this project as one more server, run by that Python (default: "
        "this one); may be given several times",
    )
    result.add_argument(
        "--journal",
        action="store_const",
        dest="servers",
        const=["ours", "normal", "full", "inspircd", "ngircd"],
        help="this server without a journal, and with either of these (history.sync), beside the "
        "others",
    )
    result.add_argument("--rounds", type=count, metavar="N", help="default 3")
    result.add_argument(
        "--seconds",
        type=positive,
        metavar="S",
        help=f"how long a load lasts (default {default.seconds:g})",
    )
    result.add_argument(
        "--window",
        type=count,
        default=default.window,
        metavar="N",
        help="messages under way per client, when saturated (default %(default)s)",
    )
    result.add_argument(
        "--quick",
        action="store_true",
        help="1 round of 1 s with a tenth of the thousands of clients; nothing is judged",
    )
    result.add_argument(
        "--output",
        type=Path,
        default=Path("peers-report"),
        metavar="DIR",
        help="where peers.md, peers.json and peers.png go (default: %(default)s)",
    )
    result.add_argument("--check", action="store_true", help="missing a requirement is a failure")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.quick and options.check:
        parser.error("--check needs the full sizes, without --quick")
    wanted = {name: SERVERS[name] for name in options.servers}
    wanted |= {checkout.name: ours(checkout) for checkout in options.also}
    if len(wanted) < len(options.servers) + len(options.also):
        parser.error("a server is named twice")
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"can not write to {options.output}: {error.strerror}")
    servers = {name: server for name, server in wanted.items() if server.installed}
    notes = [
        f"{server.title} is not compared: it is not installed (apt install {server.package})."
        for name, server in wanted.items()
        if name not in servers
    ]
    for note in notes:
        tell(note)
    if not servers:
        tell("There is nothing to compare.")
        return 1
    seconds = options.seconds or (1.0 if options.quick else Settings().seconds)
    settings = Settings(
        seconds=min(seconds, LONGEST),
        window=options.window,
        idle_clients=IDLE,
        scale=QUICK_SCALE if options.quick else 1.0,
    )
    rounds = options.rounds or (1 if options.quick else 3)
    scenarios = [SCENARIOS[name] for name in SCENARIOS if name in (options.only or SCENARIOS)]
    crowd.raise_file_limit()
    taken: list[Taken] = []
    interrupted = False
    try:
        with terminable():
            taken.extend(take(scenarios, servers, rounds, settings))
    except KeyboardInterrupt:
        tell("interrupted")
        interrupted = True
    if interrupted and not taken:
        return 130
    result = report.summarize(
        taken,
        titles={name: server.title or name for name, server in servers.items()},
        versions=_versions(servers),
        settings=settings,
        judged=not options.quick,
        notes=notes,
    )
    _write(result, options.output)
    if interrupted:
        return 130
    return 0 if result.complete and (result.passed or not options.check) else 1


def _versions(servers: dict[str, ServerUnderTest]) -> dict[str, str]:
    found = {name: server.told_version() for name, server in servers.items()}
    return {name: version for name, version in found.items() if version}


def _write(result: report.Comparison, directory: Path) -> None:
    """Print the table, and write it, the figures and the picture to files."""
    text = report.markdown(result)
    print(text)
    (directory / "peers.md").write_text(text)
    (directory / "peers.json").write_bytes(report.to_json(result))
    if not plot.available():
        tell("There is no picture: it takes matplotlib (pip install '.[peers]').")
    elif plot.draw(result, directory / "peers.png"):
        tell(f"{directory / 'peers.png'} has the picture.")
    else:
        tell("There is no picture: it takes this server and another one.")


if __name__ == "__main__":
    sys.exit(main())
