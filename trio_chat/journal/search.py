"""Search: messages with certain words, the newest of them.

The index (`indexing.py`) says in which blocks all the words are; here each message of them is
looked at. What a word is has to be the same here as there: letters, digits and marks in a row,
whatever their case and accents, and without formatting codes.

Must not know who may read what: whoever asks says where, and from where on.
"""

from __future__ import annotations

import heapq
import re
import sqlite3
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

import msgspec

from trio_chat.core import ids
from trio_chat.core.entries import Redacted
from trio_chat.core.ids import END, Position
from trio_chat.core.names import fold
from trio_chat.core.questions import MESSAGES, Place, Search, Shown, Unfinished
from trio_chat.journal import blocks, reading, records
from trio_chat.journal.blocks import conversation
from trio_chat.journal.errors import DAMAGED, BadSearchError, JournalError, TooSlowError
from trio_chat.journal.indexing import PLACE, SENDER, is_there, term_of_conversation, term_of_sender
from trio_chat.journal.readers import Deadline
from trio_chat.journal.reading import Log
from trio_chat.wire import irc
from trio_chat.wire.plain import without_formatting

SECONDS = 1.0
"""How long a search takes at most, as whoever asks sees it."""
WORDS = 16
"""Words that a search can have."""
_OVERLAP = 1000
"""Hits without anything new enough after which there is none: blocks come in the order in which
they were filed, and those that were filed together are of the same time."""
_PLACES = 200
"""Conversations that are named to the index; where there are more, the hits are looked through."""

_ACCENTS = frozenset(map(chr, range(0x300, 0x370)))
_PRIVATE = frozenset((PLACE, SENDER))
_QUOTED = re.compile(r'"([^"]*)"?|(\S+)')


def words(text: str) -> list[str]:
    """Return the words of a text, as they stand there."""
    found = []
    start = None
    for place, character in enumerate(text):
        category = unicodedata.category(character)
        inside = category[0] in "LNM" or (category == "Co" and character not in _PRIVATE)
        if inside and start is None:
            start = place
        elif not inside and start is not None:
            found.append(text[start:place])
            start = None
    if start is not None:
        found.append(text[start:])
    return found


def plainly(word: str) -> str:
    """Return the form of a word in which equal words are equal strings: small, without accents."""
    if word.isascii():
        return word.lower()
    return "".join(c for c in unicodedata.normalize("NFD", word.lower()) if c not in _ACCENTS)


def phrases(text: str) -> list[list[str]]:
    """Return what is searched for: words, each by itself or several in a row."""
    found = (words(quoted or word) for quoted, word in _QUOTED.findall(without_formatting(text)))
    return [these for these in found if these]


def search(
    connection: sqlite3.Connection, deadline: Deadline, wanted: Search
) -> list[Shown] | Unfinished:
    """Return the messages, the oldest first. Raises `BadSearchError` for what can not be searched
    for, and `JournalError` where there is no index."""
    asked = phrases(wanted.text)
    wordy = [list(map(plainly, phrase)) for phrase in asked]
    if not wordy and (wanted.text or (not wanted.sender and wanted.places is None)):
        raise BadSearchError("there is nothing to search for")
    if sum(map(len, wordy)) > WORDS:
        raise BadSearchError(f"a search has {WORDS} words at most")
    if not is_there(connection):
        raise JournalError("this Python's SQLite has no full-text search (FTS5)")
    places = _places(connection, wanted)
    if places is not None and not places:
        return []
    # Those that are not filed: they may be in a block still.
    gone = {one.position for one in Log(connection).changes if isinstance(one, Redacted)}
    found = _Newest(wanted.limit)
    block = older = 0
    try:
        for block, key, found_in, last in _hits(connection, asked, wanted, places):
            deadline.check()
            place = None if places is None else places.get(found_in)
            if places is not None and place is None:
                continue
            if found.has_newer_than(last):
                older += 1
                if older >= _OVERLAP:
                    break
                continue
            older = 0
            with suppress(*DAMAGED):
                _look(connection, block, key, place, wordy, wanted, gone, found)
    except (TooSlowError, sqlite3.OperationalError):
        if not deadline.is_over:
            raise
        # What is left to do is little, and bounded.
        connection.set_progress_handler(None, 0)
        return Unfinished(found.behind(_latest_up_to(connection, block)))
    return found.behind(-1)


class _Newest:
    """The newest messages that have been found, so many at most."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # A heap, with the oldest in front.
        self._positions: list[Position] = []
        self._found: dict[Position, Shown] = {}

    def has_newer_than(self, number: int, place: int = 1 << 62) -> bool:
        """Whether all that there is room for is newer than what stands there."""
        positions = self._positions
        return len(positions) >= self._limit and (number, place) < positions[0]

    def add(self, shown: Shown) -> None:
        """Add one, in the place of the oldest, if there is no room."""
        self._found[shown.position] = shown
        heapq.heappush(self._positions, shown.position)
        if len(self._positions) > self._limit:
            del self._found[heapq.heappop(self._positions)]

    def behind(self, number: int) -> list[Shown]:
        """Return those behind this step, the oldest first."""
        return [self._found[at] for at in sorted(self._found) if at.number > number]


def _look(
    connection: sqlite3.Connection,
    block: int,
    key: str,
    place: list[Place] | None,
    wordy: Sequence[list[str]],
    wanted: Search,
    gone: Collection[Position],
    found: _Newest,
) -> None:
    """Look at each message of a block. Raises what reading what is damaged raises."""
    sender = fold(wanted.sender)
    (body,) = connection.execute("SELECT body FROM blocks WHERE id = ?", (block,)).fetchone()
    for number, place_in, kind, standing, data in reversed(blocks.decode_plainly(body)):
        position = Position(number, place_in)
        if found.has_newer_than(*position):
            break
        if kind == MESSAGES and _may(position, standing, place) and position not in gone:
            shown = _shown(position, data, key, wordy, sender, wanted)
            if shown is not None:
                found.add(shown)


def _latest_up_to(connection: sqlite3.Connection, block: int) -> int:
    """Return the last step that is in this block, or in any that was filed before."""
    latest = connection.execute(
        "SELECT max(last) FROM (SELECT last FROM blocks WHERE id <= ? ORDER BY id DESC LIMIT ?)",
        (block, _OVERLAP),
    ).fetchone()[0]
    return ids.LARGEST if latest is None else int(latest)


def _places(connection: sqlite3.Connection, wanted: Search) -> dict[int, list[Place]] | None:
    """Return where to look, by the ids of the conversations, and what may be read there, if it is
    in one of these; None: everywhere."""
    if wanted.places is None:
        return None
    places: dict[int, list[Place]] = {}
    for place in wanted.places:
        for part in (place, *place.also):
            for key in reading.meant(connection, part.conversation):
                found = conversation(connection, key)
                if found is not None:
                    places.setdefault(found, []).append(part)
    for party in wanted.parties:
        rows = connection.execute(
            "SELECT id, key FROM parties JOIN conversations ON id = conversation WHERE party = ?",
            (party,),
        )
        for one, key in rows:
            places.setdefault(one, [Place(key)])
    return places


def _hits(
    connection: sqlite3.Connection,
    asked: Sequence[Sequence[str]],
    wanted: Search,
    places: dict[int, list[Place]] | None,
) -> Iterator[tuple[int, str, int, int]]:
    """Iterate over blocks that may have such messages: id, key and id of the conversation, and the
    number of the last step."""
    terms = [f'"{word}"' for phrase in asked for word in phrase]
    if wanted.sender:
        terms.append(f'"{term_of_sender(wanted.sender)}"')
    if places is not None and len(places) <= _PLACES:
        where = " OR ".join(f'"{term_of_conversation(found)}"' for found in places)
        terms.append(f"({where})")
    low = 0 if wanted.after is None else ids.first_of(wanted.after).number
    high = END.number if wanted.before is None else ids.first_of(wanted.before).number
    # Where nothing says what to look for, whatever was said last is found.
    hits = "words JOIN blocks ON blocks.id = words.rowid" if terms else "blocks"
    matching = "words MATCH ? AND" if terms else ""
    yield from connection.execute(
        f"SELECT blocks.id, key, conversation, last FROM {hits}"
        " JOIN conversations ON conversations.id = conversation"
        f" WHERE {matching} last >= ? AND first <= ?"
        f" ORDER BY {'words.rowid' if terms else 'blocks.id'} DESC",
        (*([" AND ".join(terms)] if terms else []), low, high),
    )


def _may(position: Position, standing: int, places: list[Place] | None) -> bool:
    return places is None or any(place.shows(position, standing) for place in places)


def _shown(
    position: Position,
    data: msgspec.Raw,
    key: str,
    wordy: Sequence[list[str]],
    sender: str,
    wanted: Search,
) -> Shown | None:
    prefix, text = records.said(data)
    if sender and fold(irc.nickname_of(prefix)) != sender:
        return None
    text = without_formatting(text)
    if text.isascii():
        # Most have not all of them, and that is seen sooner.
        small = text.lower()
        if not all(word in small for phrase in wordy for word in phrase):
            return None
    if wordy and not _has(list(map(plainly, words(text))), wordy):
        return None
    event = records.decode(data, position)
    time = ids.milliseconds(event.time)
    if wanted.after is not None and time <= wanted.after:
        return None
    if wanted.before is not None and time >= wanted.before:
        return None
    return Shown(position, event, key)


def _has(text: list[str], wordy: Sequence[list[str]]) -> bool:
    there = set(text)
    for phrase in wordy:
        if not there.issuperset(phrase):
            return False
        if len(phrase) > 1 and not any(
            text[start : start + len(phrase)] == phrase for start in range(len(text))
        ):
            return False
    return True
