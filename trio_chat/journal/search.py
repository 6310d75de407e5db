"""Search: messages with certain words, newest blocks first.

The index (`indexing.py`) says in which blocks all the words are; here each message of them is
looked at. What a word is has to be the same here as there: letters, digits and marks in a row,
whatever their case and accents.

Must not know who may read what: whoever asks says where, and from where on.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence

from trio_chat.core import ids
from trio_chat.core.ids import END, Position
from trio_chat.core.names import fold
from trio_chat.core.questions import MESSAGES, Place, Search, Shown
from trio_chat.journal import blocks, records
from trio_chat.journal.blocks import Line, conversation
from trio_chat.journal.errors import JournalError
from trio_chat.journal.indexing import PLACE, SENDER, is_there, term_of_conversation, term_of_sender
from trio_chat.journal.readers import Deadline
from trio_chat.wire import irc

SECONDS = 1.0
"""How long a search takes at most."""
WORDS = 16
"""Words that a search can have."""
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
    found = (words(quoted or word) for quoted, word in _QUOTED.findall(text))
    return [these for these in found if these]


def search(connection: sqlite3.Connection, deadline: Deadline, wanted: Search) -> list[Shown]:
    """Return the messages, the oldest first. Raises `JournalError` for what can not be searched
    for, `TooSlowError`, and where there is no index."""
    asked = phrases(wanted.text)
    wordy = [list(map(plainly, phrase)) for phrase in asked]
    if not wordy and not wanted.sender:
        raise JournalError("there is nothing to search for")
    if sum(map(len, wordy)) > WORDS:
        raise JournalError(f"a search has {WORDS} words at most")
    if not is_there(connection):
        raise JournalError("this Python's SQLite has no full-text search (FTS5)")
    places = _places(connection, wanted.places)
    if places is not None and not places:
        return []
    sender = fold(wanted.sender)
    found: list[Shown] = []
    for key, found_in, body in _hits(connection, asked, wanted, places):
        deadline.check()
        place = None if places is None else places.get(found_in)
        if places is not None and place is None:
            continue
        for line in reversed(blocks.decode(body)):
            if line.kind == MESSAGES and _may(line, place):
                shown = _shown(line, key, wordy, sender, wanted)
                if shown is not None:
                    found.append(shown)
        if len(found) >= wanted.limit:
            break
    found.sort(key=lambda shown: shown.position)
    return found[-wanted.limit :]


def _places(
    connection: sqlite3.Connection, places: Sequence[Place] | None
) -> dict[int, Place] | None:
    if places is None:
        return None
    found = ((conversation(connection, place.conversation), place) for place in places)
    return {one: place for one, place in found if one is not None}


def _hits(
    connection: sqlite3.Connection,
    asked: Sequence[Sequence[str]],
    wanted: Search,
    places: dict[int, Place] | None,
) -> Iterator[tuple[str, int, bytes]]:
    """Iterate over blocks that may have such messages: key and id of the conversation, and body."""
    terms = [f'"{word}"' for phrase in asked for word in phrase]
    if wanted.sender:
        terms.append(f'"{term_of_sender(wanted.sender)}"')
    if places is not None and len(places) <= _PLACES:
        where = " OR ".join(f'"{term_of_conversation(found)}"' for found in places)
        terms.append(f"({where})")
    low = 0 if wanted.after is None else ids.first_of(wanted.after).number
    high = END.number if wanted.before is None else ids.first_of(wanted.before).number
    yield from connection.execute(
        "SELECT key, conversation, body FROM words"
        " JOIN blocks ON blocks.id = words.rowid"
        " JOIN conversations ON conversations.id = conversation"
        " WHERE words MATCH ? AND last >= ? AND first <= ? ORDER BY words.rowid DESC",
        (" AND ".join(terms), low, high),
    )


def _may(line: Line, place: Place | None) -> bool:
    if place is None:
        return True
    return line.standing <= place.standing and place.after < line[:2] < place.before


def _shown(
    line: Line, key: str, wordy: Sequence[list[str]], sender: str, wanted: Search
) -> Shown | None:
    prefix, text = records.said(line.data)
    if sender and fold(irc.nickname_of(prefix)) != sender:
        return None
    if wordy and not _has(list(map(plainly, words(text))), wordy):
        return None
    position = Position(line.number, line.place)
    event = records.decode(line.data, position)
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
