"""Coming back: what happens on another connection before everything is as it was.

In this order: *rejoin* the rooms; *settle* what was said and not answered, by what the server's
history has of it; then, room by room and person by person, *catch up* with what was said meanwhile
(draft/chathistory). What comes live in a conversation that is not caught up with is held until
it is, so that its messages come once each and in order.

The point from which everything comes live is found without trust in clocks: a page that is empty,
or that has the first message that is held. Held is a bounded number; what comes beyond it is
dropped and read from the history instead. So a program that reads its events slowly makes us read
the history slowly, and loses nothing.

Everything here ends with the connection that it is about; the next one goes on from the `Memory`.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import msgspec

from trio_chat.client.errors import ChatError, ConnectionLost, NoAnswer, NotSaid, Refused
from trio_chat.client.events import CaughtUp, Event, Gap, Message, Notice, RejoinFailed
from trio_chat.client.interpretation import event_of
from trio_chat.client.link import Link
from trio_chat.client.memory import Mark, Memory, Said, is_same
from trio_chat.client.requests import Receipt
from trio_chat.wire import irc

_NEEDED = frozenset(("batch", "draft/chathistory", "message-tags"))
_HELD = 500
"""Live messages that are held, of all conversations."""
_SKEW = dt.timedelta(seconds=10)
"""What clocks may differ by (chathistory, "Client pseudocode": FUZZ_INTERVAL)."""
_AHEAD = dt.timedelta(days=1)
"""How far behind the server's our own clock may be."""
_MILLISECOND = dt.timedelta(milliseconds=1)
_AROUND = 5
_PATIENCE = 3
"""Times that we ask to be let into a room, where there is no answer."""
NO_HISTORY = "the server keeps no history that we can ask for"
FORGOTTEN = "the server has forgotten where we were"


def has_history(link: Link) -> bool:
    """Whether we can ask for what was said, and tell the messages apart."""
    return link.capabilities >= _NEEDED


async def latest(link: Link, target: str, count: int) -> list[Said]:
    """Return the last messages of a conversation, `count` at most, oldest first.

    Raises `Refused`, `NoAnswer` or `ConnectionLost`.
    """
    if not has_history(link):
        raise Refused(NO_HISTORY, "CHATHISTORY")
    found: list[Said] = []
    command, reference = "LATEST", "*"
    while len(found) < count:
        limit = min(count - len(found), link.support.history_page)
        page = await link.history(command, target, reference, str(limit))
        events = [event_of(message, link.context(history=True)) for message in page]
        found[:0] = [event for event in events if isinstance(event, Message | Notice)]
        first = page[0].tags.get("msgid", "") if page else ""
        command, before = "BEFORE", f"msgid={first}"
        if not first or before == reference:
            break
        reference = before
    return found


class _Held:
    """The live messages of a conversation that is not caught up with, from the first one on."""

    __slots__ = ("events", "first", "overflowed")

    def __init__(self) -> None:
        self.events: deque[Said] = deque()
        self.first = ""
        """The id of the first live message, though it may have been taken out since."""
        self.overflowed = False
        """Whether some that came after the last of `events` were dropped."""


class Room(msgspec.Struct):
    """A room to come back to."""

    name: str
    key: str


class Resumption:
    """The return on one connection. `rooms` are those we were in, by their folded names."""

    def __init__(
        self,
        link: Link,
        *,
        memory: Memory,
        rooms: dict[str, Room],
        unconfirmed: list[Receipt],
        deliver: Callable[[str, Said], Awaitable[None]],
        tell: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._link = link
        self._fold = link.support.fold
        self._memory = memory
        self._rooms = rooms
        self._missing = dict(rooms)
        self._unconfirmed = unconfirmed
        self._deliver = deliver
        self._tell = tell
        self._since = memory.latest or dt.datetime.now(dt.UTC)
        self._held: dict[str, _Held] = {}
        self._holding = 0
        self._done: set[str] = set()
        self.over = False
        """Whether everything comes live again."""
        # Conversation → its name, where the server has told that there was something.
        self._names: dict[str, str] = {}

    def holds(self, key: str, event: Said) -> bool:
        """Take a live message of a conversation that is not caught up with; else return False."""
        if self.over or not event.id or event.history or not self._can_ask:
            return False
        if key in self._done or (event.room and key not in self._missing):
            return False
        held = self._held.setdefault(key, _Held())
        if held.overflowed or self._holding >= _HELD:
            held.overflowed = True
            return True
        held.first = held.first or event.id
        held.events.append(event)
        self._holding += 1
        return True

    async def run(self, settled: Callable[[], None]) -> None:
        """Do all of it; call `settled` when we are in the rooms and new things can be said.

        Raises nothing but what a connection that ends meanwhile makes of it: `ConnectionLost`.
        """
        with suppress(ConnectionLost):
            await self._rejoin()
            reason = await self._find_conversations() if self._can_ask else NO_HISTORY
            await self._settle()
            settled()
            if not self._can_ask:
                await self._tell_gaps(reason)
            else:
                await self._catch_up_with_all(reason)
            self.over = True
            await self._tell(CaughtUp(time=dt.datetime.now(dt.UTC)))

    @property
    def _can_ask(self) -> bool:
        return has_history(self._link)

    # The rooms.

    async def _rejoin(self) -> None:
        for folded, room in list(self._rooms.items()):
            try:
                await self._enter(room)
            except ConnectionLost:
                raise
            except ChatError as error:
                self._missing.pop(folded, None)
                if isinstance(error, Refused):
                    self._rooms.pop(folded, None)
                    self._memory.left(folded)
                now = dt.datetime.now(dt.UTC)
                await self._tell(RejoinFailed(time=now, room=room.name, reason=str(error)))

    async def _enter(self, room: Room) -> None:
        """Enter a room. A server that has many coming back may be slow."""
        for _ in range(_PATIENCE):
            with suppress(NoAnswer):
                await self._link.join(room.name, room.key)
            if self._link.is_in(room.name):
                return
        raise NoAnswer(f"{room.name}: the server does not answer")

    async def _tell_gaps(self, reason: str) -> None:
        for room in [*self._missing.values(), Room("", "")]:
            await self._tell_gap(room.name, reason)

    async def _tell_gap(self, target: str, reason: str) -> None:
        mark = self._memory.mark(self._fold(target))
        await self._tell(Gap(time=mark.time if mark else self._since, target=target, reason=reason))

    # Asking.

    async def _find_conversations(self) -> str:
        """Ask with whom there was something; return why that can not be known, if it can not."""
        now = dt.datetime.now(dt.UTC)
        after, limit = self._since - _SKEW, self._link.support.history_page
        before = max(now, self._since) + _AHEAD
        try:
            while True:
                page = await self._link.history(
                    "TARGETS", _timestamp(after), _timestamp(before), str(limit)
                )
                news = self._take_targets(page)
                if news is None or len(page) < limit:
                    return ""
                # Several can have the same time.
                after = max(news - _MILLISECOND, after)
        except ConnectionLost:
            raise
        except ChatError as error:
            return str(error)

    def _take_targets(self, page: Iterable[irc.Message]) -> dt.datetime | None:
        """Note the conversations; return the latest time of those that are new, None for none."""
        news: dt.datetime | None = None
        for message in page:
            if message.command != "CHATHISTORY" or message.params[:1] != ("TARGETS",):
                continue
            try:
                name, stamp = message.params[1:3]
                time = dt.datetime.fromisoformat(stamp)
            except ValueError:
                continue
            key = self._fold(name)
            if time.tzinfo is not None and key not in self._names:
                self._names[key] = name
                news = max(news, time) if news is not None else time
        return news

    async def _page(self, command: str, target: str, reference: str) -> list[irc.Message]:
        """Ask for history; return what is in it, oldest first."""
        limit = str(self._link.support.history_page)
        return await self._link.history(command, target, reference, limit)

    def _reference(self, mark: Mark | None, *, by_time: bool = False) -> str:
        """Name the point after which we have not seen a conversation."""
        if mark is None:
            return _timestamp(self._since - _SKEW)
        if mark.id and not by_time and self._by_id:
            return f"msgid={mark.id}"
        # A page begins behind the millisecond that is asked for, and others may have said
        # something in the same one.
        return _timestamp(mark.time - _MILLISECOND)

    def _behind(self, page: list[irc.Message]) -> str:
        """Name the point behind a page; empty for an empty one."""
        if self._by_id:
            # The lines of one message have one id, which is the first one's (draft/multiline).
            last = next((id for id in reversed(_ids(page)) if id), "")
            return f"msgid={last}" if last else ""
        times = [event.time for event in map(self._any_event, page) if event is not None]
        return _timestamp(times[-1] - _MILLISECOND) if times else ""

    @property
    def _by_id(self) -> bool:
        return "msgid" in self._link.support.message_references

    # What we said.

    async def _settle(self) -> None:
        conversations: dict[str, list[Receipt]] = {}
        for receipt in self._unconfirmed:
            assert receipt.said is not None
            conversations.setdefault(receipt.said.params[0], []).append(receipt)
        for target, receipts in conversations.items():
            sure = False
            if self._can_ask:
                try:
                    sure = await self._find(target, receipts)
                except ConnectionLost:
                    raise
                except ChatError:
                    sure = False
            for receipt in receipts:
                if not receipt.answered:
                    receipt.finish(_not_found(receipt, sure=sure))
        self._unconfirmed.clear()

    async def _find(self, target: str, receipts: list[Receipt]) -> bool:
        """Confirm those messages that history has. Return whether the others are not in it.

        That can be said only of a history that has what we have seen last, and that is bound to no
        connection: of a room, or what our account has said with somebody.
        """
        support = self._link.support
        room = support.room_of(target)
        key = self._fold(room or target)
        mark = self._memory.mark(key)
        lasts = key in self._missing if room else bool(self._link.account)
        sure = bool(lasts and mark is not None and mark.id)
        if sure and mark is not None:
            sure = await self._knows(room or target, key, f"msgid={mark.id}")
        waiting = deque(receipts)
        reference = self._reference(mark, by_time=not sure)
        while waiting:
            page = await self._page("AFTER", room or target, reference)
            ids = _ids(page)
            for message, id in zip(page, ids, strict=True):
                event = self._event(message)
                known_already = event is None or self._memory.seen(key, event)
                if not known_already and id not in self._memory.confirmed:
                    self._confirm(message, id, waiting)
            held = self._held.get(key)
            following = self._behind(page)
            if following in ("", reference) or (held and held.first and held.first in ids):
                break
            reference = following
        return sure

    def _confirm(self, found: irc.Message, id: str, waiting: deque[Receipt]) -> None:
        """See whether a message is one of those that we wait for, which were said in this order."""
        for skipped, receipt in enumerate(waiting):
            if receipt.said is not None and is_same(receipt.said, found, self._link.support):
                # Those before it were refused, or went with the connection.
                for _ in range(skipped + 1):
                    waiting.popleft()
                if id:
                    self._memory.confirmed.append(id)
                receipt.answer(found, last=True)
                return

    # What was said meanwhile.

    async def _catch_up_with_all(self, reason: str) -> None:
        for room in list(self._missing.values()):
            if self._link.is_in(room.name):
                await self._catch_up(room.name)
        for key, name in list(self._names.items()):
            if not self._link.support.room_of(name) and key not in self._done:
                await self._catch_up(name)
        if reason:
            await self._tell_gap("", reason)
        # Who has written to us since we are back, and not before.
        while waiting := [key for key in self._held if key not in self._done]:
            for key in waiting:
                await self._release(key)
                if self._held[key].overflowed:
                    await self._catch_up(key)
                else:
                    self._done.add(key)

    async def _catch_up(self, target: str) -> None:
        key = self._fold(target)
        held = self._held.setdefault(key, _Held())
        try:
            await self._read(target, key, held)
        except ConnectionLost:
            raise
        except ChatError as error:
            await self._tell_gap(target, str(error))
            await self._release(key)
        self._done.add(key)

    async def _read(self, target: str, key: str, held: _Held) -> None:
        reference = self._reference(self._memory.mark(key))
        forgotten = False
        while True:
            if held.overflowed:
                # What is asked for now has the held ones too, and those that were dropped.
                self._drop(held)
            page = await self._page("AFTER", target, reference)
            if not page and not forgotten and not await self._knows(target, key, reference):
                forgotten = True
                await self._tell_gap(target, FORGOTTEN)
                mark = self._memory.mark(key)
                page = await self._page("AFTER", target, self._reference(mark, by_time=True))
            for message in page:
                event = self._event(message)
                if event is not None and not self._memory.seen(key, event):
                    await self._deliver(key, self._taken_out(held, event))
            following = self._behind(page)
            # A page may have nothing on it that is told, and there may still be more.
            if following in ("", reference) or (held.first and held.first in _ids(page)):
                await self._release(key)
                if not held.overflowed:
                    return
                following = self._reference(self._memory.mark(key))
            reference = following

    def _any_event(self, message: irc.Message) -> Event | None:
        return event_of(message, self._link.context(history=True))

    async def _knows(self, target: str, key: str, reference: str) -> bool:
        """Whether the server's history has what we have seen of a conversation, up to a point.

        Nothing is behind a message that it has forgotten. One that was taken back is not shown,
        but what we have seen before it is.
        """
        id = reference.removeprefix("msgid=")
        if id == reference:
            return True
        mark = self._memory.mark(key)
        known = {id, *(mark.recent if mark is not None else ())}
        limit = str(min(_AROUND, self._link.support.history_page))
        try:
            around = await self._link.history("AROUND", target, reference, limit)
        except Refused:
            return False
        return not known.isdisjoint(_ids(around))

    def _event(self, message: irc.Message) -> Said | None:
        event = self._any_event(message)
        if not isinstance(event, Message | Notice):
            # A question of one program to another, which nobody waits for any more.
            return None
        if event.id in self._memory.confirmed and not event.own:
            # Said by us, under the nickname that we had then.
            event = msgspec.structs.replace(event, own=True)
        return event

    def _drop(self, held: _Held) -> None:
        self._holding -= len(held.events)
        held.events.clear()
        held.first, held.overflowed = "", False

    def _taken_out(self, held: _Held, event: Said) -> Said:
        """Hold a message no longer that history has too; return the live one of the two."""
        if held.events and held.events[0].id == event.id:
            self._holding -= 1
            return held.events.popleft()
        return event

    async def _release(self, key: str) -> None:
        held = self._held[key]
        while held.events:
            event = held.events.popleft()
            self._holding -= 1
            if not self._memory.seen(key, event):
                await self._deliver(key, event)


def _not_found(receipt: Receipt, *, sure: bool) -> ConnectionLost:
    text = receipt.said.params[1] if receipt.said is not None else ""
    if sure:
        return NotSaid(text)
    return ConnectionLost(
        f"the connection was lost, and it can not be known whether this was said: {text}"
    )


def _ids(page: Iterable[irc.Message]) -> list[str]:
    return [message.tags.get("msgid", "") for message in page]


def _timestamp(time: dt.datetime) -> str:
    utc = time.astimezone(dt.UTC).replace(tzinfo=None)
    return f"timestamp={utc.isoformat(timespec='milliseconds')}Z"
