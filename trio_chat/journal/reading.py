"""Questions about history: pages of a conversation, and which conversations somebody has.

What is asked for is described by values, and answered from one connection: what is filed, in
blocks, and the log, which is what came last and is small. A page costs what is on it, not what is
in the conversation.

Must not know who may read what: whoever asks has looked.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property

import msgspec

from trio_chat.core import ids, secrets
from trio_chat.core.entries import Change, Marked, Redacted, parties
from trio_chat.core.ids import Position
from trio_chat.core.questions import Bound, Page, Shown, Target, Targets, Wanted
from trio_chat.core.secrets import SECRET, Secret
from trio_chat.journal import blocks, records, ticks
from trio_chat.journal.blocks import AnyLine, Piece, conversation
from trio_chat.journal.readers import Deadline


def page(
    connection: sqlite3.Connection, deadline: Deadline, wanted: Wanted, log: Log | None = None
) -> Page:
    """Return a page. It is full wherever there is more: what can not be shown does not count.

    `log` is what is not filed, if it has been read already.
    """
    tail = (log or Log(connection)).of(wanted.conversation)
    found = conversation(connection, wanted.conversation)
    if not all(_is_there(connection, found, tail, position) for position in wanted.known):
        return Page([], more=False)
    low, low_time = _above(wanted.after)
    high, high_time = _below(wanted.before)
    lines: Iterable[AnyLine]
    if wanted.latest:
        lines = _back(connection, found, tail, high, wanted.kinds)
    else:
        lines = _on(connection, found, tail, low, wanted.kinds)
    entries: list[Shown] = []
    more = False
    for count, (number, place, kind, standing, data) in enumerate(lines):
        position = Position(number, place)
        if position <= low if wanted.latest else position >= high:
            break
        if not count & 63:
            deadline.check()
        if not low < position < high or not kind & wanted.kinds:
            continue
        if standing and (standing > wanted.standing or position < wanted.standing_since):
            continue
        if len(entries) >= wanted.limit:
            more = True
            break
        event = records.decode(data, position)
        if low_time < ids.milliseconds(event.time) < high_time:
            entries.append(Shown(position, event, wanted.conversation))
    if wanted.latest:
        entries.reverse()
    return Page(entries, more=more)


def around(connection: sqlite3.Connection, deadline: Deadline, wanted: Wanted, at: Bound) -> Page:
    """Return what stands around `at`, which is on the page: half of the limit before it.

    Of `wanted` the bounds go for the whole page, and `latest` for nothing.
    """
    half = wanted.limit // 2
    change = msgspec.structs.replace
    before = page(connection, deadline, change(wanted, before=at, limit=half, latest=True))
    just_before: Bound = at - 1 if isinstance(at, int) else Position(at.number, at.place - 1)
    rest = change(wanted, after=just_before, limit=wanted.limit - half, latest=False)
    after = page(connection, deadline, rest)
    return Page(before.entries + after.entries, more=before.more or after.more)


def targets(connection: sqlite3.Connection, deadline: Deadline, wanted: Targets) -> list[Target]:
    """Return conversations; the one whose latest message is longest ago first."""
    after, before, party, limit = wanted.after, wanted.before, wanted.party, wanted.limit
    log = Log(connection)
    low, _ = ids.first_of(after + 1)
    high, _ = ids.first_of(before)
    keys = dict.fromkeys(wanted.channels)
    rows = connection.execute(
        "SELECT key FROM parties JOIN conversations ON id = conversation"
        " WHERE party = ? AND latest >= ? AND latest < ?",
        (party, low, high),
    )
    keys.update((key, None) for (key,) in rows)
    keys.update((key, None) for key in log.keys if party in parties(key))
    found: list[Target] = []
    for key in keys:
        deadline.check()
        latest = page(connection, deadline, Wanted(conversation=key, limit=1), log).entries
        if latest and after < ids.milliseconds(latest[0].event.time) < before:
            others = [one for one in parties(key) if one != party]
            found.append(Target(key, others[0] if others else "", latest[0]))
    found.sort(key=lambda target: target.latest.position)
    return found[-limit:] if wanted.latest else found[:limit]


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
            for item in ticks.decode(body):
                if isinstance(item, Piece):
                    self._pieces[item.key].append(item)
                else:
                    self.changes.append(item)
        for change in self.changes:
            if isinstance(change, Redacted):
                self.of(change.conversation).gone.add(change.position)

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
