"""What a step has to be stored: what happened and where it belongs, and what else has to last.

These are what `Effects.records` is made of, in the order in which they came about; the journal
stores those of a step whole or not at all. Pure records; must not know how they are stored.

A *conversation* is what history is read by: a channel, or two who write to each other. It has a
key, which is a string: see `of_channel` and `between`.

A *party* is one of two who write to each other, by what makes them the same person to whom their
messages are shown again: an account (`Account.party`); one connection, of somebody who has none
(`of_connection`); or whoever has none and has a nickname (`of_nickname`), to an account that
they write with: so it finds them again under that.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from trio_chat.core.events import Event
from trio_chat.core.ids import START, Position
from trio_chat.core.names import fold

ELSEWHERE = "*"
"""The key of what belongs to no conversation: it is exported, and read by nobody else."""


def of_channel(name: str) -> str:
    """Return the key of a channel's conversation."""
    return fold(name)


def of_connection(run: str, user: int) -> str:
    """Return the party that a connection is, of a run of the server that `run` stands for."""
    return f"+{run}{user}"


def of_nickname(nickname: str) -> str:
    """Return the party that whoever has no account is by a nickname."""
    return f"~{fold(nickname)}"


def is_account(party: str) -> bool:
    """Whether a party is an account."""
    return party[:1] not in ("+", "~")


def name_of(party: str) -> str:
    """Return the name that a party is found by, folded; empty for a connection."""
    return "" if party[:1] == "+" else party.lstrip("~").partition("/")[0]


def between(one: str, other: str) -> str:
    """Return the key of what two parties write to each other, or one to themself.

    Neither has a space in it.
    """
    return f"@{min(one, other)} {max(one, other)}"


def all_with(party: str, name: str) -> str:
    """Return what stands for all conversations of a party with whoever has a name (`name_of`):
    whose nickname that was, and the accounts that were called so.

    It is read like a conversation, and nothing belongs to it.
    """
    return f"={party} {name}"


def parties(key: str) -> tuple[str, ...]:
    """Return who a conversation is between; nobody where it is a channel's."""
    return tuple(dict.fromkeys(key[1:].split(" "))) if key[:1] == "@" else ()


def readers(key: str) -> dict[str, str]:
    """Return the parties who find a conversation among theirs, each with the name that the other
    one has there (`name_of`)."""
    both = parties(key)
    pairs = zip(both, reversed(both), strict=True)
    return {one: name_of(other) for one, other in pairs if one[0] != "~"}


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Something that happened, to be shown again.

    Its place in the log is the one in its event's id.
    """

    event: Event
    conversations: tuple[str, ...]
    """The keys of those that it belongs to: each channel of somebody who has quit."""
    standing: int = 0
    """Only who has this standing in the channel, or a higher one, is shown it again."""


class Redacted(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """A message is taken back: its text is gone from history, search and exports.

    It keeps its position, so that paging from there goes on.
    """

    conversation: str
    position: Position


ABSENCE = "*"
"""What no conversation is called: its marker says when the last client of an account left."""


class Marked(msgspec.Struct, frozen=True, array_like=True, tag=2, gc=False):
    """Somebody has read up to a time, in milliseconds (draft/read-marker).

    An earlier one than before changes nothing.
    """

    reader: str
    """The party that is an account."""
    conversation: str
    time: int


class Forgotten(msgspec.Struct, frozen=True, array_like=True, tag=5, gc=False):
    """How far somebody has read is not kept any longer: their account is gone."""

    reader: str


class Kept(msgspec.Struct, frozen=True, array_like=True, tag=3, gc=False):
    """A value that outlives a restart: a ban of the server, a channel's topic.

    `table` is what kind of thing it is, and `key` which of them; None: it is gone.
    """

    table: str
    key: str
    value: bytes | None


class Moved(msgspec.Struct, frozen=True, array_like=True, tag=4, gc=False):
    """A conversation has another key from here on (draft/channel-rename), with all that is in it,
    or with what is behind a position.

    What was under the new key already is of another channel, and not to be read under it any more.
    """

    before: str
    after: str
    since: Position = START


def event_of(record: Record) -> Event | None:
    """Return the event of a record; None: it is a change."""
    if isinstance(record, Entry):
        return record.event
    return record if isinstance(record, Event) else None


Change: TypeAlias = Redacted | Marked | Kept | Moved | Forgotten
Record: TypeAlias = Event | Entry | Change
"""An event alone is an entry in the conversation of its channel, if it has one."""
