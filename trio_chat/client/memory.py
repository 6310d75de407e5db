"""What a client has seen of each conversation, so that it can go on there on another connection.

Pure. A conversation is a room, or what is said between us and one person; its key is the folded
name of either. Bounded: of the persons, those whom we have heard of last.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict, deque

import msgspec

from trio_chat.client.events import Message, Notice
from trio_chat.client.support import Support
from trio_chat.wire import irc
from trio_chat.wire.plain import displayable

Said = Message | Notice

_RECENT = 100
"""Messages of a conversation that are known again."""
_CONVERSATIONS = 1000
"""Conversations that are remembered."""
_CONFIRMED = 1000
_DIRECT = 5000
"""Messages between us and whomever that are known again."""

_Identity = str | tuple[dt.datetime, str, str]


def conversation_of(event: Said, support: Support) -> str:
    """Return the key of the conversation that a message is part of."""
    return support.fold(event.room or (event.target if event.own else event.nick))


def _identity(event: Said) -> _Identity:
    return event.id or (event.time, event.nick, event.text)


class Mark(msgspec.Struct):
    """How far we have seen a conversation."""

    id: str
    """Of the last message; empty when there was none, or it had no id."""
    time: dt.datetime
    """Of the last message, or when we came."""
    recent: deque[_Identity] = msgspec.field(default_factory=lambda: deque(maxlen=_RECENT))


class Memory:
    """The marks of all conversations."""

    def __init__(self) -> None:
        self.latest: dt.datetime | None = None
        """The time of the last thing that happened, whatever it was."""
        self.confirmed: deque[str] = deque(maxlen=_CONFIRMED)
        """Ids of own messages that history has confirmed."""
        self._marks: OrderedDict[str, Mark] = OrderedDict()
        # Somebody can be called by several names, of which history has another one than what came
        # live: the nickname of a client, or the name of its account.
        self._direct: OrderedDict[str, None] = OrderedDict()

    def mark(self, key: str) -> Mark | None:
        """Return how far we have seen a conversation; None: nothing of it."""
        return self._marks.get(key)

    def entered(self, key: str, time: dt.datetime) -> None:
        """We are in a room. Where we have been before we go on from there."""
        if key not in self._marks:
            self._add(key, Mark("", time))

    def left(self, key: str) -> None:
        """What is said in this room from now on is not for us."""
        self._marks.pop(key, None)

    def seen(self, key: str, event: Said) -> bool:
        """Whether a message is one that we have seen before."""
        if not event.room and event.id in self._direct:
            return True
        mark = self._marks.get(key)
        return mark is not None and _identity(event) in mark.recent

    def note(self, key: str, event: Said, *, moves: bool = True) -> None:
        """A message is seen, and with `moves` so is everything before it.

        Where messages have ids, those of ours that do not come back to us do not count.
        """
        mark = self._marks.get(key)
        if mark is None:
            mark = Mark("", event.time)
            self._add(key, mark)
        mark.recent.append(_identity(event))
        if event.id and not event.room:
            self._direct[event.id] = None
            if len(self._direct) > _DIRECT:
                self._direct.popitem(last=False)
        if moves and (event.id or not mark.id):
            mark.id, mark.time = event.id, event.time
        self._marks.move_to_end(key)

    def _add(self, key: str, mark: Mark) -> None:
        self._marks[key] = mark
        if len(self._marks) > _CONVERSATIONS:
            self._marks.popitem(last=False)


def is_same(said: irc.Message, found: irc.Message, support: Support) -> bool:
    """Whether what history has is what we said. A server may take formatting out of it."""
    if found.command != said.command or len(found.params) < 2:
        return False
    nicks = irc.nickname_of(found.source), irc.nickname_of(said.source)
    return support.fold(nicks[0]) == support.fold(nicks[1]) and displayable(
        found.params[1]
    ) == displayable(said.params[1])
