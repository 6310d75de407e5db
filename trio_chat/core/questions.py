"""What is asked of the history, and what is answered: values, for the core and the journal.

The core asks with a request (`output.LookUp`), and has looked who may read what before it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from trio_chat.core.events import Event, Redaction
from trio_chat.core.ids import END, START, Position
from trio_chat.core.secrets import Secret

MESSAGES = 1
"""What people have said, to a room or to each other: PRIVMSG and NOTICE."""
TAGS = 2
"""TAGMSG: what programs say."""
OTHERS = 4
"""Who came and went, and the like (draft/event-playback)."""
EVERYTHING = MESSAGES | TAGS | OTHERS
REDACTIONS = 8
"""That something was taken back: for those who have draft/message-redaction, and only they."""
BESIDE = 100
"""By how much a page can be longer than its limit, since redactions do not count."""

EVERYBODYS = (1 << 30) - 1
"""A standing to which everything is shown: who asks looks themself at what may be known."""

Bound: TypeAlias = Position | int
"""Where a page ends: a position, or a time in milliseconds since the epoch."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where somebody may read: a conversation, and what of it they may."""

    conversation: str
    """Its key (`core/entries.py`)."""
    after: Position = START
    before: Position = END
    """Both excluded."""
    standing: int = 0
    """Theirs: what takes a higher one is not there."""
    standing_since: Position = START
    """What is before that, and takes any standing, is not there: theirs is of later."""
    also: tuple[Place, ...] = ()
    """What is read together with it, as if it were one conversation."""

    def shows(self, position: Position, standing: int) -> bool:
        """Whether they may read what takes this standing there."""
        if not self.after < position < self.before:
            return False
        return not standing or (standing <= self.standing and position >= self.standing_since)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a conversation: what stands between two bounds, and is neither of them."""

    place: Place
    after: Bound = START
    before: Bound = END
    limit: int
    """Redactions do not count (`cut`)."""
    latest: bool = True
    """Whether the limit is counted from the end back, or from the beginning on."""
    kinds: int = MESSAGES
    """`MESSAGES`, `TAGS`, `OTHERS`: what the reader can be shown."""
    known: tuple[Position, ...] = ()
    """Positions that have to be those of something in the conversation, redacted or not: where one
    is not, the page is empty."""


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what stands around something, which is on it: half of the limit before it.

    Of `wanted` the bounds go for the whole page, and `latest` for nothing.
    """

    wanted: Wanted
    at: Bound


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """Conversations whose latest message is between two times, in milliseconds and excluded."""

    channels: tuple[str, ...]
    """Keys of channels."""
    parties: tuple[str, ...] = ()
    """Whose conversations with somebody are meant too."""
    talks: tuple[tuple[str, Place], ...] = ()
    """Others, each with the name of who it is with."""
    after: int
    before: int
    limit: int
    latest: bool = False
    """Whether the limit is counted from the end back."""


class MarkerOf(msgspec.Struct, frozen=True, kw_only=True):
    """Up to when somebody has read a conversation (draft/read-marker)."""

    reader: str
    conversation: str


class Shown(msgspec.Struct, frozen=True, gc=False):
    """Something of a page."""

    position: Position
    event: Event
    conversation: str


def counted(found: Iterable[Shown]) -> int:
    """Return how much of this counts towards a limit (draft/message-redaction, "Chat history")."""
    return sum(not isinstance(one.event, Redaction) for one in found)


def cut(found: list[Shown], limit: int, *, latest: bool) -> list[Shown]:
    """Return as much of the end, or of the beginning, as a page of this limit has: redactions do
    not count, but it has an end where there are very many of them (`BESIDE`)."""
    taken = count = 0
    for one in reversed(found) if latest else found:
        if count >= limit or taken >= limit + BESIDE:
            break
        taken += 1
        count += not isinstance(one.event, Redaction)
    return found[len(found) - taken :] if latest else found[:taken]


class Page(msgspec.Struct, frozen=True):
    """What was found, in the order in which it happened."""

    entries: list[Shown]
    more: bool
    """Whether there was more than the limit, on the side where it was not counted from."""


class Target(msgspec.Struct, frozen=True):
    """A conversation with the latest message that everybody in it may read."""

    conversation: str
    with_: str
    """Of two who write to each other, the name of the other one, or the party, where that is a
    connection; empty for a channel, and of somebody with themself."""
    latest: Shown


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for. What is empty, or None, asks for nothing; where only places are given, all
    that was said there is found."""

    text: str = ""
    """Words that a message has all of; `"in quotes"` they stand one behind the other."""
    places: tuple[Place, ...] | None
    """None: everywhere."""
    parties: tuple[str, ...] = ()
    """Whose conversations with somebody are looked through besides the places, from end to end."""
    sender: str = ""
    """A nickname."""
    after: int | None = None
    before: int | None = None
    """Times in milliseconds since the epoch, both excluded."""
    limit: int = 100
    """The newest ones are found, so many at most."""


class SecretOf(msgspec.Struct, frozen=True):
    """What proves who owns an account."""

    account: str
    """Its name, folded."""


class Refusal(msgspec.Struct, frozen=True):
    """Why that can not be searched for: a sentence without a stop."""

    reason: str


class Unfinished(msgspec.Struct, frozen=True):
    """What a search has found until its time was over."""

    found: list[Shown]
    """The newest ones, the oldest first: what is missing is older than these."""
    begun: bool = True
    """Whether there was any time, or others searched all the while."""


Question: TypeAlias = Wanted | Around | Targets | MarkerOf | Search | SecretOf
"""A page, what is around something, the conversations of somebody, a marker, words, a secret."""
Answer: TypeAlias = Page | list[Target] | list[Shown] | Unfinished | Refusal | Secret | int | None
"""A `Page` to the first two; `list[Target]`; milliseconds, or None where nothing is marked;
`list[Shown]`, the oldest first, an `Unfinished`, or a `Refusal`; a `Secret`, or None where there is
none."""
