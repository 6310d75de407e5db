"""What a line takes, row by row, in a process of its own.

    python -m loadtest.bench.worst.measure [NAME ...]

Prints a line of JSON for each row as soon as it is known. There is no trio in this process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import msgspec

from loadtest.bench.worst import lists, members, metadata, registered
from loadtest.bench.worst.rows import ROWS
from loadtest.bench.worst.world import Cost

TABLES = members, lists, metadata, registered
"""Where the rows are."""


def main(names: Sequence[str]) -> None:
    """Measure these rows, or all."""
    for name in names or ROWS:
        print(json.dumps([name, msgspec.to_builtins(ROWS[name].cost())]), flush=True)
    assert "trio" not in sys.modules


def read(line: str) -> tuple[str, Cost]:
    """Read a line that `main` has printed."""
    name, cost = json.loads(line)
    return name, msgspec.convert(cost, Cost)


if __name__ == "__main__":
    main(sys.argv[1:])
