"""Questions about history: pages of a conversation, and which conversations somebody has.

What is asked for is described by values, and answered from one connection: what is filed, in
blocks, and the log, which is what came last and is small. A page costs what is on it, not what is
in the conversation.

Must not know who may read what: whoever asks has looked.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property

import msgspec

from trio_chat.core import ids, secrets
from trio_chat.core.entries import (
    Change,
    Marked,
    Redacted,
    all_with,
    name_of,
    parties,
    readers,
)
from trio_chat.core.events import Redaction
from trio_chat.core.ids import Position
from trio_chat.core.questions import (
    BESIDE,
    Bound,
    Page,
    Place,
    Shown,
    Target,
    Targets,
    Wanted,
    counted,
    cut,
)
from trio_chat.core.secrets import SECRET, Secret
from trio_chat.journal import blocks, records, ticks
from trio_chat.journal.blocks import AnyLine, Piece, conversation
from trio_chat.journal.errors import DAMAGED
from trio_chat.journal.readers import Deadline
from trio_chat.journal.ticks import Item

TOGETHER = 8
"""Conversations that are read as one because they were had under one name: an account can be
dropped, and be made anew."""


def page(
    connection: sqlite3.Connection, deadline: Deadline, wanted: Wanted, log: Log | None = None
) -> Page:
    """Return a page. It is full wherever there is more: what can not be shown does not count.

    `log` is what is not filed, if it has been read already.
    """
    low, low_time = _above(wanted.after)
    high, high_time = _below(wanted.before)
    parts = _parts(connection, log or Log(connection), wanted)
    if not all(any(part.has(position) for part in parts) for position in wanted.known):
        return Page([], more=False)
    if wanted.latest:
        each = [part.back(low, high, wanted.kinds, deadline) for part in parts]
    else:
        each = [part.on(low, high, wanted.kinds, deadline) for part in parts]
    lines: Iterable[tuple[Position, msgspec.Raw, str]] = each[0]
    if len(each) > 1:
        lines = heapq.merge(*each, key=_position_in, reverse=wanted.latest)
    entries: list[Shown] = []
    more = False
    count = 0
    for position, data, key in lines:
        if count >= wanted.limit or len(entries) >= wanted.limit + BESIDE:
            more = True
            break
        event = records.decode(data, position)
        if low_time < ids.milliseconds(event.time) < high_time:
            entries.append(Shown(position, event, key))
            count += not isinstance(event, Redaction)
    if wanted.latest:
        entries.reverse()
    return Page(entries, more=more)


def around(connection: sqlite3.Connection, deadline: Deadline, wanted: Wanted, at: Bound) -> Page:
    """Return what stands around `at`, which is on the page: half of the limit before it. What one
    side has not, the other has more.

    Of `wanted` the bounds go for the whole page, and `latest` for nothing.
    """
    limit = wanted.limit
    change = msgspec.structs.replace
    log = Log(connection)
    just_before: Bound = at - 1 if isinstance(at, int) else Position(at.number, at.place - 1)
    rest = change(wanted, after=just_before, latest=False)
    after = page(connection, deadline, rest, log)
    count = max(limit // 2, limit - counted(after.entries))
    before = page(connection, deadline, change(wanted, before=at, limit=count, latest=True), log)
    entries = before.entries + after.entries
    shown = cut(entries, limit, latest=False)
    return Page(shown, more=before.more or after.more or len(entries) > len(shown))


def targets(connection: sqlite3.Connection, deadline: Deadline, wanted: Targets) -> list[Target]:
    """Return conversations; the one whose latest message is longest ago first."""
    after, before, limit = wanted.after, wanted.before, wanted.limit
    log = Log(connection)
    low, _ = ids.first_of(after + 1)
    high, _ = ids.first_of(before)
    # Each with the name of who it is with, and what is read together.
    groups = [("", Place(key)) for key in dict.fromkeys(wanted.channels)]
    groups += wanted.talks
    for party in wanted.parties:
        groups += _talks(connection, log, party, low, high)
    found: list[Target] = []
    for name, place in groups:
        deadline.check()
        latest = page(connection, deadline, Wanted(place=place, limit=1), log).entries
        if latest and after < ids.milliseconds(latest[0].event.time) < before:
            found.append(Target(latest[0].conversation, name, latest[0]))
    found.sort(key=lambda target: target.latest.position)
    return found[-limit:] if wanted.latest else found[:limit]


def _talks(
    connection: sqlite3.Connection, log: Log, party: str, low: int, high: int
) -> list[tuple[str, Place]]:
    """Return the conversations of a party whose latest message may be in a step from `low` on and
    before `high`, those under one name together."""
    latest: dict[tuple[str, str], int] = {}
    for key, name, number in connection.execute(
        "SELECT key, name, latest FROM parties JOIN conversations ON id = conversation"
        " WHERE party = ? AND latest >= ?",
        (party, low),
    ):
        # Without a name each is by itself.
        at = (name, "" if name else key)
        latest[at] = max(latest.get(at, 0), number)
    there = {at for at, number in latest.items() if number < high}
    for key in log.keys:
        found = readers(key).get(party)
        if found is not None:
            there.add((found, "" if found else key))
    groups = []
    for name, key in there:
        if name:
            who = "" if name == name_of(party) else name
            groups.append((who, Place(all_with(party, name))))
        else:
            others = [one for one in parties(key) if one != party]
            groups.append((others[0] if others else "", Place(key)))
    return groups


def meant(connection: sqlite3.Connection, key: str, log: Log | None = None) -> list[str]:
    """Return the keys of the conversations that a key stands for (`entries.all_with`): of each name
    the latest few."""
    if key[:1] != "=":
        return [key]
    party, _, name = key[1:].partition(" ")
    rows = connection.execute(
        "SELECT key FROM parties JOIN conversations ON id = conversation"
        " WHERE party = ? AND name = ? ORDER BY conversation DESC LIMIT ?",
        (party, name, TOGETHER),
    )
    found = dict.fromkeys(one for (one,) in rows)
    for one in log.keys if log is not None else ():
        if readers(one).get(party) == name:
            found[one] = None
    return list(found)


def marker(connection: sqlite3.Connection, deadline: Deadline, reader: str, key: str) -> int | None:
    """Return up to when somebody has read a conversation, in milliseconds; None: not said yet."""
    row = connection.execute(
        "SELECT time FROM markers WHERE reader = ? AND conversation = ?", (reader, key)
    ).fetchone()
    times = [] if row is None else [row[0]]
    times += [
        change.time
        for change in Log(connection).changes
        if isinstance(change, Marked) and (change.reader, change.conversation) == (reader, key)
    ]
    return max(times, default=None)


def secret(connection: sqlite3.Connection, account: str) -> Secret | None:
    """Return what proves who owns an account, which is filed as soon as it is stored."""
    row = connection.execute(
        "SELECT value FROM kept WHERE kind = ? AND key = ?", (SECRET, account)
    ).fetchone()
    return secrets.decode(row[0]) if row is not None else None


def _above(bound: Bound) -> tuple[Position, int]:
    """Return what an entry's position and time have to be greater than."""
    if isinstance(bound, int):
        number, _ = ids.first_of(bound + 1)
        return Position(number, -1), bound
    return bound, -1


def _below(bound: Bound) -> tuple[Position, int]:
    """Return what an entry's position and time have to be less than."""
    if isinstance(bound, int):
        return ids.first_of(bound), bound
    return bound, 1 << 62


# --- The log, and the blocks before it


class _Tail:
    """What of a conversation is not filed."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self.gone: set[tuple[int, int]] = set()
        """Positions of what has been redacted, and may be filed."""

    @cached_property
    def lines(self) -> list[AnyLine]:
        """What stands there, in order."""
        return [line for piece in self._pieces for line in blocks.lines_of(piece)]


class Log:
    """What is not filed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._pieces: defaultdict[str, list[Piece]] = defaultdict(list)
        self._tails: dict[str, _Tail] = {}
        self.changes: list[Change] = []
        for _, body in connection.execute("SELECT number, body FROM log ORDER BY number"):
            # What is damaged is set aside when its turn comes to be filed.
            with suppress(*DAMAGED):
                self._take(ticks.decode(body))
        for change in self.changes:
            if isinstance(change, Redacted):
                self.of(change.conversation).gone.add(change.position)

    def _take(self, items: Iterable[Item]) -> None:
        for item in items:
            if isinstance(item, Piece):
                self._pieces[item.key].append(item)
            else:
                self.changes.append(item)

    @property
    def keys(self) -> Collection[str]:
        """The conversations of which something is here."""
        return self._pieces.keys()

    def of(self, key: str) -> _Tail:
        """Return what is here of a conversation."""
        found = self._tails.get(key)
        if found is None:
            found = self._tails[key] = _Tail(self._pieces.get(key, ()))
        return found


class _Part:
    """A conversation, and what of it is on a page."""

    def __init__(self, connection: sqlite3.Connection, log: Log, key: str, place: Place) -> None:
        self._connection = connection
        self._tail = log.of(key)
        self._found = conversation(connection, key)
        self._key = key
        self._place = place

    def has(self, position: Position) -> bool:
        """Whether there is something of this position, redacted or not, that may be read."""
        place = self._place
        return place.after < position < place.before and _is_there(
            self._connection, self._found, self._tail, position
        )

    def back(
        self, low: Position, high: Position, kinds: int, deadline: Deadline
    ) -> Iterator[tuple[Position, msgspec.Raw, str]]:
        """Iterate over what stands between two positions, from the last one back."""
        low, high = max(low, self._place.after), min(high, self._place.before)
        lines = _back(self._connection, self._found, self._tail, high, kinds)
        for count, (number, place, kind, standing, data) in enumerate(lines):
            position = Position(number, place)
            if position <= low:
                return
            if not count & 63:
                deadline.check()
            if position < high and kind & kinds and self._place.shows(position, standing):
                yield position, data, self._key

    def on(
        self, low: Position, high: Position, kinds: int, deadline: Deadline
    ) -> Iterator[tuple[Position, msgspec.Raw, str]]:
        """Iterate over what stands between two positions, from the first one on."""
        low, high = max(low, self._place.after), min(high, self._place.before)
        lines = _on(self._connection, self._found, self._tail, low, kinds)
        for count, (number, place, kind, standing, data) in enumerate(lines):
            position = Position(number, place)
            if position >= high:
                return
            if not count & 63:
                deadline.check()
            if low < position and kind & kinds and self._place.shows(position, standing):
                yield position, data, self._key


def _parts(connection: sqlite3.Connection, log: Log, wanted: Wanted) -> list[_Part]:
    """Return the conversations that are read together; where there is none, one that is empty."""
    first = wanted.place
    found = [
        _Part(connection, log, key, place)
        for place in (first, *first.also)
        for key in meant(connection, place.conversation, log)
    ]
    return found or [_Part(connection, log, first.conversation, first)]


def _position_in(line: tuple[Position, msgspec.Raw, str]) -> Position:
    return line[0]


def _is_there(
    connection: sqlite3.Connection, found: int | None, tail: _Tail, position: Position
) -> bool:
    if any(line[:2] == position for line in tail.lines):
        return True
    return found is not None and any(
        line[:2] == position
        for block in blocks.holding(connection, found, position.number)
        for line in blocks.decode_plainly(block.body)
    )


def _back(
    connection: sqlite3.Connection, found: int | None, tail: _Tail, high: Position, kinds: int
) -> Iterator[AnyLine]:
    gone = tail.gone
    for line in reversed(tail.lines):
        if line[:2] not in gone:
            yield line
    if found is not None:
        for block in blocks.back_from(connection, found, high.number, kinds):
            for line in reversed(blocks.decode_plainly(block.body)):
                if line[:2] not in gone:
                    yield line


def _on(
    connection: sqlite3.Connection, found: int | None, tail: _Tail, low: Position, kinds: int
) -> Iterator[AnyLine]:
    gone = tail.gone
    if found is not None:
        for block in blocks.on_from(connection, found, max(low.number, 0), kinds):
            for line in blocks.decode_plainly(block.body):
                if line[:2] not in gone:
                    yield line
    for line in tail.lines:
        if line[:2] not in gone:
            yield line
