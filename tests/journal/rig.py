"""A journal's file without its threads, and events to put into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from trio_chat.core import ids
from trio_chat.core.entries import Entry, Record, of_channel
from trio_chat.core.events import Event, Joined, Said, Source
from trio_chat.core.ids import Position
from trio_chat.core.questions import Page, Place, Target, Targets, Wanted
from trio_chat.journal import reading, schema, ticks
from trio_chat.journal.filing import Filing
from trio_chat.journal.indexing import Index
from trio_chat.journal.readers import Deadline
from trio_chat.journal.schema import Connect

START = 1_700_000_000.0
"""When everything begins, in seconds since the epoch."""
MS = 1_700_000_000_000
"""The same in milliseconds."""


def said(
    text: str,
    at: Position,
    *,
    channel: str = "#a",
    kind: str = "PRIVMSG",
    who: str = "al",
    time: float | None = None,
) -> Said:
    """Return a message in a channel."""
    return Said(
        time=ids.time_of(at.number) / 1000 if time is None else time,
        source=Source(prefix=f"{who}!u@h"),
        id=ids.encode(*at),
        kind=kind,
        target=channel,
        text=text,
    )


def joined(at: Position, *, channel: str = "#a", who: str = "al") -> Joined:
    """Return a JOIN."""
    return Joined(
        time=ids.time_of(at.number) / 1000,
        source=Source(prefix=f"{who}!u@h"),
        id=ids.encode(*at),
        channel=channel,
    )


def number_at(milliseconds: int) -> int:
    """Return the number of the first step so long after the start."""
    return ids.first_of(MS + milliseconds).number


class File:
    """A journal that is written and read by one connection; step n is n milliseconds after START,
    if nothing else is said."""

    def __init__(self, path: Path, *, connect: Connect = schema.connect) -> None:
        self.path = path
        self.connection = schema.open_journal(path, sync="off", connect=connect)
        self.index = Index.opened(self.connection)
        self.filing = Filing(self.connection, self.index)
        self._last = 0

    def store(self, *records: Record, number: int) -> None:
        tick = ticks.encode(number, records)
        self.connection.execute("INSERT INTO log VALUES (?, ?)", tick.row)
        self.filing.stored(tick)

    def say(self, *texts: str, channel: str = "#a", who: str = "al") -> list[Position]:
        """Store messages, each in a step of its own a millisecond after the last."""
        positions = []
        for text in texts:
            self._last += 1
            at = Position(number_at(self._last), 0)
            self.store(said(text, at, channel=channel, who=who), number=at.number)
            positions.append(at)
        return positions

    def change(self, *records: Record) -> None:
        """Store changes in a step of their own."""
        self._last += 1
        self.store(*records, number=number_at(self._last))

    def file(self) -> None:
        while self.filing.step():
            pass

    def settle(self) -> None:
        self.file()
        while self.index is not None and self.index.step():
            pass

    def page(self, channel: str = "#a", **wanted: object) -> Page:
        return self.read(of_channel(channel), **wanted)

    def read(self, key: str, **wanted: object) -> Page:
        standing = wanted.pop("standing", 0)
        assert isinstance(standing, int)
        return self.read_place(Place(key, standing=standing), **wanted)

    def read_place(self, place: Place, **wanted: object) -> Page:
        described = Wanted(place=place, **{"limit": 100, **wanted})  # type: ignore[arg-type]
        return reading.page(self.connection, Deadline(60), described)

    def targets(
        self,
        *channels: str,
        party: str = "",
        talks: tuple[tuple[str, Place], ...] = (),
        after: int = 0,
        before: int = 1 << 50,
        limit: int = 50,
        latest: bool = False,
    ) -> list[Target]:
        return reading.targets(
            self.connection,
            Deadline(60),
            Targets(
                channels=channels,
                parties=(party,) if party else (),
                talks=talks,
                after=after,
                before=before,
                limit=limit,
                latest=latest,
            ),
        )

    def one(self, statement: str, *values: object) -> object:
        """Return the first value that a statement finds."""
        found: tuple[object, ...] = self.connection.execute(statement, values).fetchone()
        return found[0]

    def close(self) -> None:
        self.connection.close()


def memory(_: Path) -> sqlite3.Connection:
    """Connect to a database in memory, whatever the path: for tests of very many."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def texts(page: Page) -> list[str]:
    """Return what has been said on a page."""
    return [shown.event.text for shown in page.entries if isinstance(shown.event, Said)]


def entries(events: Iterable[Event], *keys: str) -> list[Entry]:
    return [Entry(event, keys) for event in events]


def integrity(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        found: str = connection.execute("PRAGMA integrity_check").fetchone()[0]
        return found
    finally:
        connection.close()
