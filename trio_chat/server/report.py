"""What the server does, for whoever watches it: as one document, and in lines.

The document is what the dashboard is drawn from (`/dashboard.json`), the lines what `STATS t`
answers to an operator; both say the same. A line is a name, a colon and a value in JSON; of what is
a table each row is a line, with its columns as `name=value`:

    connections.kinds.irc.tls: 12
    slowest: nickname="al" host="192.0.2.7" kind="irc" tls=true bytes=4096 since=1764324000.5
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from trio_chat.server.readings import Readings

LATEST = 20
"""Of the latest cut-offs and refusals, so many are said."""


def document(readings: Readings) -> dict[str, Any]:
    """Return all of it, as JSON can have it: see `Readings.snapshot`."""
    found = readings.snapshot()
    for name in ("cut_offs", "refusals"):
        found[name]["latest"] = found[name]["latest"][:LATEST]
    return found


def lines(document: dict[str, Any]) -> tuple[str, ...]:
    """Return the same in lines."""
    return tuple(_lines("", document))


def _lines(name: str, value: object) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _lines(f"{name}.{key}" if name else key, inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for row in value:
            columns = " ".join(f"{key}={_json(one)}" for key, one in row.items())
            yield f"{name}: {columns}"
    else:
        yield f"{name}: {_json(value)}"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
