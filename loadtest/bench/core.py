"""The state machine alone: what one PRIVMSG costs `Core.step`, and what its encoding costs.

    python -m loadtest.bench core [options]

No server, no socket, no trio: a process of its own for each checkout that is compared imports the
core and the codec from there, and takes the CPU time of both parts separately. Checkouts take turns
within a round.

Owns that process and the command line that starts it. The process runs this file as a script, so
that nothing but `trio_chat` is found where it looks: what this module needs of its neighbours, and
of the core, is imported where it is needed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SHAPES: Mapping[str, tuple[int, int]] = {
    "pairs": (100, 2),
    "rooms of 20": (10, 20),
    "room of 200": (1, 200),
}
"""By name, how many rooms of how many members."""
TOGETHER = (1, 100)
"""Messages in one step: a server at rest has one, a busy one many."""
NOW = 1_700_000_000.0
TEXT = b"PRIVMSG %s :" + b"x" * 56
CHUNK = 500
"""Messages whose steps are measured together, and then whose encoding is: a clock has its price."""
Costs = dict[str, tuple[float, float]]
"""By row, µs per message for the step and for the encoding."""


# What runs against one checkout


def encoder(outputs: Sequence[tuple[int, Any]]) -> Callable[[Sequence[tuple[int, Any]]], int]:
    """Return what a hub does to have the bytes for everybody, as the outputs' form wants it.

    The form is a list of chunks for each user, or one object that has the user's bytes.
    """

    def chunks(outputs: Sequence[tuple[int, Any]]) -> int:
        size = 0
        for user, found in outputs:
            if len(found) == 1:
                size += len(found[0].data(user))
            else:
                size += len(b"".join([chunk.data(user) for chunk in found]))
        return size

    def whole(outputs: Sequence[tuple[int, Any]]) -> int:
        size = 0
        for _user, output in outputs:
            size += len(output.data())
        return size

    return chunks if isinstance(outputs[0][1], list) else whole


def populated(rooms: int, size: int) -> tuple[Any, list[Any]]:
    """Return a core with users in rooms, and for each user, room by room, a message to say."""
    from trio_chat.core.core import Core
    from trio_chat.core.inputs import Connected, Received
    from trio_chat.core.settings import Settings

    # It records what happens, and asks nobody for more of it on joining.
    settings = Settings(name="bench.example", history=True, history_on_join=0)
    core = Core(settings, version="0", started=NOW)
    said = []
    for user in range(1, rooms * size + 1):
        room = b"#bench%d" % ((user - 1) // size)
        lines = [b"CAP REQ :echo-message", b"NICK b%d" % user, b"USER b%d 0 * :bench" % user]
        lines += [b"CAP END", b"JOIN " + room]
        core.step([Connected(user=user, plain=False, host="127.0.0.1", since=NOW)], NOW)
        core.step([Received(user=user, lines=lines)], NOW)
        said.append(Received(user=user, lines=[TEXT % room]))
    # Members of different rooms take turns, as they do when rooms are independent.
    return core, [said[room * size + place] for place in range(size) for room in range(rooms)]


def measure(
    rooms: int, size: int, together: int, seconds: float, chunk: int = CHUNK
) -> tuple[float, float]:
    """Return µs of CPU time per message, for the step and for the encoding: medians.

    Raises `AssertionError` when not everybody would be sent everything.
    """
    core, said = populated(rooms, size)
    steps = [
        [said[(first + offset) % len(said)] for offset in range(together)]
        for first in range(0, chunk, together)
    ]
    now = NOW
    stepping: list[int] = []
    encoding: list[int] = []
    encode: Callable[[Sequence[tuple[int, Any]]], int] | None = None
    end = time.monotonic() + seconds
    gc.collect()
    gc.disable()
    while not stepping or time.monotonic() < end:
        now += 1.0
        began = time.process_time_ns()
        done = [core.step(inputs, now) for inputs in steps]
        middle = time.process_time_ns()
        if encode is None:
            # The first time is for warming up, and for a look whether it is what it should be.
            encode = encoder(done[0].outputs)
            lines = sum(encode(effects.outputs) for effects in done)
            assert lines > chunk * size * len(TEXT), "some were not sent what they were owed"
            continue
        for effects in done:
            encode(effects.outputs)
        stepping.append(middle - began)
        encoding.append(time.process_time_ns() - middle)
    gc.enable()
    middle_one = len(stepping) // 2
    return sorted(stepping)[middle_one] / chunk / 1e3, sorted(encoding)[middle_one] / chunk / 1e3


def rows() -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Yield a row's name; and its rooms, their size, and the messages in a step."""
    for name, (rooms, size) in SHAPES.items():
        for together in TOGETHER:
            yield f"{name}, {together} a step", (rooms, size, together)


def child(seconds: float) -> None:
    """Measure all rows; print where the core is from, and the costs, as JSON."""
    import trio_chat

    costs = {name: measure(*shape, seconds) for name, shape in rows()}
    assert "trio" not in sys.modules
    print(json.dumps({"checkout": str(Path(trio_chat.__file__).parents[1]), "costs": costs}))


# The command line


def run(checkout: Path, python: str, seconds: float) -> Costs:
    """Measure a checkout. Raises `ChildProcessError` with what went wrong."""
    done = subprocess.run(
        [python, "-P", __file__, "--seconds-each", str(seconds)],
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ChildProcessError(f"{checkout}: {done.stderr.strip() or done.returncode}")
    answer = json.loads(done.stdout)
    if Path(answer["checkout"]).resolve() != checkout.resolve():
        raise ChildProcessError(f"{checkout}: its Python has {answer['checkout']} instead")
    return {name: (step, encoding) for name, (step, encoding) in answer["costs"].items()}


def main(arguments: Sequence[str]) -> int:
    """Compare checkouts; return the exit code: 0, 1 if one could not be measured, 130."""
    from loadtest.bench.commandline import count, exit_code, in_turn, positive, tell
    from loadtest.bench.servers import ROOT, Checkout

    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench core",
        description="Measure what a PRIVMSG costs the state machine and the encoding, in µs.",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        type=Checkout.read,
        metavar="NAME=DIR[:PYTHON]",
        help="another checkout of this project, to be compared; may be given several times",
    )
    parser.add_argument("--rounds", type=count, default=3, metavar="N", help="default 3")
    parser.add_argument(
        *("--seconds", "-s"), type=positive, default=0.5, metavar="S", help="a row; default 0.5"
    )
    options = parser.parse_args(arguments)
    checkouts = [Checkout(name="ours", directory=ROOT, python=sys.executable), *options.also]
    if len({one.name for one in checkouts}) < len(checkouts):
        parser.error("the same name stands for two checkouts")

    def measure_all() -> bool:
        found: dict[str, list[Costs]] = {one.name: [] for one in checkouts}
        for number, one in in_turn(checkouts, options.rounds):
            found[one.name].append(run(one.directory, one.python, options.seconds))
            tell(f"core {number}/{options.rounds} {one.name}")
        print(table(found))
        return True

    return exit_code(measure_all)


def table(found: Mapping[str, Sequence[Costs]]) -> str:
    """Write medians, and the ratio of the first checkout to each other one, as Markdown.

    A ratio is that of step and encoding together, the median of those within a round.
    """
    from loadtest.bench.commandline import markdown
    from loadtest.bench.summary import median

    first, *others = found
    head = ["µs per message"]
    head += [f"{name}: {part}" for name in found for part in ("step", "encoding")]
    head += [f"{first} / {name}" for name in others]
    lines = [head]
    for row, _ in rows():
        cells = [
            f"{median([costs[row][part] for costs in rounds]):.2f}"
            for rounds in found.values()
            for part in (0, 1)
        ]
        for name in others:
            pairs = zip(found[first], found[name], strict=True)
            ratio = median([sum(mine[row]) / sum(theirs[row]) for mine, theirs in pairs])
            cells.append(f"{ratio:.2f}×")
        lines.append([row, *cells])
    return markdown(lines, left=1)


if __name__ == "__main__":
    child(float(sys.argv[sys.argv.index("--seconds-each") + 1]))
