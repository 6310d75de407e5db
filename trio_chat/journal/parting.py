"""Taking the end of a conversation out of it: what was said in private, where the rest was not.

It gets a conversation of its own, under a key that nobody can ask for. What it costs goes by how
much that is, not by how much stays.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress

from trio_chat.core.ids import LARGEST, Position
from trio_chat.core.questions import MESSAGES
from trio_chat.journal import blocks
from trio_chat.journal.blocks import Line
from trio_chat.journal.errors import DAMAGED
from trio_chat.journal.indexing import Index


def is_whole(connection: sqlite3.Connection, found: int, since: Position) -> bool:
    """Whether all of a conversation is behind a position, as far as its steps say."""
    return not connection.execute(
        "SELECT 1 FROM blocks WHERE conversation = ? AND first <= ? LIMIT 1", (found, since.number)
    ).fetchone()


def part(
    connection: sqlite3.Connection, index: Index | None, found: int, other: int, since: Position
) -> None:
    """Move what stands behind a position in the conversation `found` to `other`, which is empty."""
    messages = 0
    for block in list(blocks.on_from(connection, found, since.number)):
        try:
            lines = blocks.decode(block.body)
        except DAMAGED:
            # Nobody is shown what is in there.
            continue
        gone = [line for line in lines if (line.number, line.place) > since]
        if not gone:
            continue
        left = lines[: -len(gone)]
        messages += sum(line.kind == MESSAGES for line in gone)
        if index is not None:
            index.remove(block.id, found, lines)
        if left:
            blocks.rewrite(connection, block.id, left)
            blocks.insert_lines(connection, other, gone)
        else:
            connection.execute("UPDATE blocks SET conversation = ? WHERE id = ?", (other, block.id))
        if index is not None:
            index.add(block.id, found if left else other, left or lines)
    for one, change in ((found, -messages), (other, messages)):
        connection.execute(
            "UPDATE conversations SET latest = ?, messages = messages + ? WHERE id = ?",
            (latest_of(connection, one), change, one),
        )


def latest_of(connection: sqlite3.Connection, found: int) -> int:
    """Return the number of the last message of a conversation that everybody in it may read; 0 if
    there is none."""
    for block in blocks.back_from(connection, found, LARGEST, MESSAGES):
        with suppress(*DAMAGED):
            number = latest_in(blocks.decode(block.body))
            if number:
                return number
    return 0


def latest_in(lines: Sequence[Line | blocks.AnyLine]) -> int:
    """Return the same of these lines."""
    for number, _, kind, standing, _ in reversed(lines):
        if kind == MESSAGES and not standing:
            return number
    return 0
