"""What outlives a restart: bans of the server, topics, which channels are private, and what is set
in registered rooms.

The journal keeps these as bytes, by table and key (`entries.Kept`); here they are made, and read at
the start. What has changed goes out with the records of a step. What could not be stored is tried
again with later steps, before anything that happens in these, until it is.

A channel's history goes on under its name when all have left and somebody makes it anew. That of a
channel that was private then is *sealed*: it gets a key that nobody can ask for. So that this is
done even if the server does not live to see it, the journal knows which channels are private.
A registered room (`registered.py`) is there when all have left: its history stays where it is, and
so does its topic.

Must not know how anything is stored, nor who may do what.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping

import msgspec

from trio_chat.core import lasting, modes, registered, values
from trio_chat.core.bans import Ban, Bans
from trio_chat.core.entries import Change, Kept, Moved, Record, of_channel
from trio_chat.core.ids import END, START, Position
from trio_chat.core.inputs import UserId
from trio_chat.core.lasting import SETTINGS
from trio_chat.core.names import fold
from trio_chat.core.registered import ROOM, RegisteredRoom, RegisteredRooms
from trio_chat.core.state import Channel

KLINE, DLINE, TOPIC, PRIVATE = "kline", "dline", "topic", "private"
TABLES = (KLINE, DLINE, TOPIC, PRIVATE, SETTINGS)

TOPICS = 10_000
"""Topics that are kept of channels that nobody is in."""
TRY_AGAIN_AFTER = 1.0
"""Seconds after a step whose changes could not be stored."""
_DAY = 86_400.0
_SECRET = next(row.letter for row in modes.CHANNEL_MODES.values() if row.bit == modes.SECRET)


class Keeping:
    """Keeps things for a server that starts with what was `kept`, by table and key, and with these
    registered rooms."""

    def __init__(
        self, kept: Mapping[str, Mapping[str, bytes]], registered: RegisteredRooms
    ) -> None:
        self._registered = registered
        self.unreadable: list[str] = []
        """What was kept and can not be read: it is left where it is, and has no effect."""
        self.unsaid: list[tuple[UserId, str]] = []
        """Whose bans, put in force or lifted by which command, could not be stored: they are to be
        told so."""
        self._stored = {
            (table, key): value for table in TABLES for key, value in kept.get(table, {}).items()
        }
        self._wanted: dict[tuple[str, str], bytes | None] = {}
        """What is to be otherwise than it is, or will be when all is stored that is handed out."""
        self._moving = False
        """Whether something moves in this step."""
        self._moved: list[Moved] = []
        """What could not be stored."""
        self._flights: dict[int, _Flight] = {}
        """What has been handed out and may be stored or not, by the number of its step."""
        self._resting: dict[str, float] = {}
        """Topics of channels that nobody is in, by key of the channel, the one that has been left
        for the longest first: since when."""
        self._sealing: dict[str, Position] = {}
        """Channels that were private when the server ended, and since where in the log."""
        self._asked: list[tuple[UserId, str]] = []
        """Whose bans, or whose changes of a registered room, are to be stored."""
        self._changed: dict[Channel, None] = {}
        """Registered rooms in which something has been set in this step."""
        self._again = -math.inf
        """When to try again, on the clock that does not jump."""

    def start(self, bans: Bans, *, now: float, monotonic: float) -> None:
        """Put in force what was kept, and note what has come to an end meanwhile."""
        resting: list[tuple[float, str]] = []
        for (table, key), value in self._stored.items():
            try:
                if table in (KLINE, DLINE):
                    ban = values.read_ban(
                        value, is_mask=table == KLINE, now=now, monotonic=monotonic
                    )
                    if ban.lasts(monotonic):
                        bans.add(ban)
                    else:
                        self._keep(table, key, None)
                elif table == SETTINGS:
                    lasting.read(value)
                    if not self._registered.outlives(key):
                        self._keep(table, key, None)
                elif self._registered.outlives(key):
                    if table == TOPIC:
                        values.read_topic(value)
                elif table == PRIVATE:
                    self._sealing[key] = values.read_position(value)
                    self._keep(PRIVATE, key, None)
                elif table == TOPIC:
                    left = values.read_topic(value).left
                    resting.append((now if left is None else left, key))
            except (msgspec.DecodeError, ValueError) as error:
                self.unreadable.append(f"{table} {key}: {error}")
        for left, key in sorted(resting):
            self._rest(key, left)
        for key in self._sealing:
            self._drop_topic(key)

    # --- Bans

    def ban(self, ban: Ban, until: float | None) -> None:
        """Keep a ban; `until` is in seconds since the epoch."""
        value = values.encode(
            values.KeptBan(values.LAYOUT, ban.target, ban.reason, ban.by, ban.at, until)
        )
        self._keep(*_key(ban), value)

    def unban(self, ban: Ban) -> None:
        """Keep a ban no longer."""
        self._keep(*_key(ban), None)

    def asked(self, user: UserId, command: str) -> None:
        """Note who is to be told if what a command has changed can not be stored."""
        self._asked.append((user, command))

    # --- Channels

    def topic(self, channel: Channel) -> None:
        """Keep the topic that a channel has now."""
        self._keep_topic(of_channel(channel.name), channel, None)

    def made_at(self, name: str) -> Position:
        """Return where in the log a registered room was made, though nobody be in it now."""
        value = self._value(SETTINGS, of_channel(name))
        try:
            return lasting.read(value).made_at if value is not None else END
        except ValueError:
            return END

    def is_secret(self, name: str) -> bool:
        """Whether a registered room is secret; nobody need be in it. If that is not known any more,
        it is when it was private."""
        key = of_channel(name)
        value = self._value(SETTINGS, key)
        try:
            if value is not None:
                return _SECRET in lasting.read(value).modes
        except ValueError:
            pass
        return self._value(PRIVATE, key) is not None

    def privacy(self, channel: Channel) -> None:
        """Keep whether a channel is private."""
        since = values.encode(channel.private_since) if channel.modes & modes.PRIVATE else None
        self._keep(PRIVATE, of_channel(channel.name), since)

    def settings(self, channel: Channel) -> None:
        """Keep what is set in a channel now, where it is a registered room."""
        if self._registered.outlives(channel.name):
            self._changed[channel] = None

    def made(self, channel: Channel, *, now: float, days: int) -> int:
        """Give a channel that is made anew the topic that it had, if it is kept for `days` (0: for
        ever) and was not private; and a registered room all that it had. Return what that costs
        (`Output.cost`)."""
        self._forget_old(now, days)
        key = of_channel(channel.name)
        channel.registered = self._registered.get(key)
        if channel.registered is not None:
            return self._restore(key, channel, channel.registered)
        if self._resting.pop(key, None) is not None:
            self._set_topic(key, channel)
            self._keep_topic(key, channel, None)
        return 0

    def _restore(self, key: str, channel: Channel, room: RegisteredRoom) -> int:
        channel.name, channel.created = room.name, room.registered_at
        cost = 0
        value = self._value(SETTINGS, key)
        try:
            if value is not None:
                cost = lasting.restore(channel, lasting.read(value))
        except ValueError:
            value = None
        since = self._private_since(key)
        channel.private_since = since if since is not None else START
        if value is None and since is not None:
            # Nobody gets into what was private because it is not known any more how it was.
            channel.modes |= modes.INVITE_ONLY
        with contextlib.suppress(ValueError):
            self._set_topic(key, channel)
        return cost

    def _set_topic(self, key: str, channel: Channel) -> None:
        value = self._value(TOPIC, key)
        if value is not None:
            topic = values.read_topic(value)
            channel.topic, channel.topic_by, channel.topic_at = topic.text, topic.by, topic.at

    def renamed(self, channel: Channel, before: str) -> list[Change]:
        """Take along what is kept of a channel that has had another name; return what moves."""
        old, new = of_channel(before), of_channel(channel.name)
        if channel.registered is not None:
            self._rename_room(channel, channel.registered, old, new)
        if old == new:
            return []
        for table in (TOPIC, PRIVATE, SETTINGS):
            self._keep(table, old, None)
        self._drop_topic(new)
        self.topic(channel)
        self.privacy(channel)
        self.settings(channel)
        self._moving = True
        return [Moved(old, new)]

    def _rename_room(self, channel: Channel, room: RegisteredRoom, old: str, new: str) -> None:
        """Have a registered room have its channel's name. It is stored with what moves its history,
        however often that has to be tried."""
        channel.registered = msgspec.structs.replace(room, name=channel.name)
        self._registered.drop(old)
        self._registered.put(channel.registered)
        # What there is of rooms is stored as it is decided (`Context.commit`).
        self._set_stored((ROOM, new), None)
        self._set_stored((ROOM, old), registered.kept(room).value)
        if old != new:
            self._keep(ROOM, old, None)
        self._keep(ROOM, new, registered.kept(channel.registered).value)

    def moved(self, table: str, before: str, after: str, value: bytes) -> None:
        """Have something be kept under another key that is stored as it is decided
        (`Context.commit`): with what moves a room, however often that has to be tried."""
        self._set_stored((table, after), None)
        self._set_stored((table, before), value)
        self._keep(table, before, None)
        self._keep(table, after, value)

    def laid_out_anew(
        self, table: str, key: str, before: bytes | None, after: bytes | None
    ) -> None:
        """Have something be kept otherwise than an earlier version has kept it, which is stored as
        it is decided (`Context.commit`)."""
        self._set_stored((table, key), before)
        self._keep(table, key, after)

    def is_settled(self, name: str) -> bool:
        """Whether it is stored what a registered room is called: until then nothing else can be
        changed about it."""
        at = (ROOM, of_channel(name))
        return at not in self._wanted and not any(
            at in one.before for one in self._flights.values()
        )

    def released(
        self, name: str, *, empty: bool, now: float, new_id: Callable[[], str]
    ) -> list[Change]:
        """Note that a room of this name is not registered any more, or has not become so; return
        what seals its history, if nobody is in it and it was private."""
        key = of_channel(name)
        for channel in list(self._changed):
            if of_channel(channel.name) == key:
                del self._changed[channel]
        self._keep(SETTINGS, key, None)
        if not empty:
            return []
        since = self._private_since(key)
        if since is not None:
            return self._seal(key, since, new_id)
        # If it can not be read, that was said at the start.
        with contextlib.suppress(ValueError):
            if self._value(TOPIC, key) is not None:
                self._rest(key, now)
        return []

    def left(
        self, channel: Channel, *, now: float, days: int, new_id: Callable[[], str]
    ) -> list[Change]:
        """Note that nobody is in a channel any more; return what seals its history, if it was
        private. `new_id` makes something that nothing else has."""
        key = of_channel(channel.name)
        if self._registered.outlives(key):
            self._keep_changed(channel)
            return []
        if channel.modes & modes.PRIVATE:
            return self._seal(key, channel.private_since, new_id)
        if channel.topic:
            self._keep_topic(key, channel, now)
            self._rest(key, now)
            self._forget_old(now, days)
        return []

    def _private_since(self, key: str) -> Position | None:
        """Return since where in the log a channel is private; None: it is not."""
        value = self._value(PRIVATE, key)
        try:
            return values.read_position(value) if value is not None else None
        except ValueError:
            return START

    def _seal(self, key: str, since: Position, new_id: Callable[[], str]) -> list[Change]:
        self._drop_topic(key)
        self._keep(PRIVATE, key, None)
        self._moving = True
        return [_sealed(key, new_id(), since)]

    def _keep_changed(self, channel: Channel) -> None:
        if channel in self._changed:
            del self._changed[channel]
            self._keep(SETTINGS, of_channel(channel.name), lasting.encode(channel))

    def _drop_topic(self, key: str) -> None:
        self._resting.pop(key, None)
        self._keep(TOPIC, key, None)

    def _keep_topic(self, key: str, channel: Channel, left: float | None) -> None:
        topic = values.Topic(values.LAYOUT, channel.topic, channel.topic_by, channel.topic_at, left)
        self._keep(TOPIC, key, values.encode(topic) if channel.topic else None)

    def _rest(self, key: str, left: float) -> None:
        topic = values.read_topic(self._value(TOPIC, key) or b"")
        if topic.left is None:
            self._keep(TOPIC, key, values.encode(msgspec.structs.replace(topic, left=left)))
        self._resting[key] = left
        if len(self._resting) > TOPICS:
            self._drop_topic(next(iter(self._resting)))

    def _forget_old(self, now: float, days: int) -> None:
        while self._resting and days:
            key, left = next(iter(self._resting.items()))
            if now - left < days * _DAY:
                return
            self._drop_topic(key)

    # --- Storing

    def _value(self, table: str, key: str) -> bytes | None:
        at = (table, key)
        return self._wanted[at] if at in self._wanted else self._stored.get(at)

    def _keep(self, table: str, key: str, value: bytes | None) -> None:
        if self._stored.get((table, key)) == value:
            self._wanted.pop((table, key), None)
        else:
            self._wanted[table, key] = value

    @property
    def unsealed(self) -> bool:
        """Whether something is still where it can be asked for that belongs elsewhere: it could not
        be stored, or has not been since the server was started."""
        late = any(flight.late for flight in self._flights.values())
        return bool(late or self._moved or self._sealing)

    @property
    def due(self) -> float | None:
        """When to try to store something again, on the clock that does not jump; None: there is
        nothing."""
        return self._again if self._moved or self._wanted else None

    def collect(
        self,
        records: list[Record],
        *,
        number: int,
        monotonic: float,
        new_id: Callable[[], str],
    ) -> None:
        """Put into the records of step `number` what has to be stored with it."""
        for channel in list(self._changed):
            self._keep_changed(channel)
        changes = bool(self._wanted or self._moved or self._sealing or self._moving)
        self._moving = False
        if not changes:
            self._asked.clear()
        if not records and (not changes or monotonic < self._again):
            return
        if not (changes or self._flights):
            return
        flight = self._flights[number] = _Flight(records)
        flight.late = bool(self._moved or self._sealing)
        self._moved += [_sealed(key, new_id(), since) for key, since in self._sealing.items()]
        self._sealing.clear()
        # What happens in this step happens where these have made room for it.
        records[:0] = self._moved
        records += [Kept(table, key, value) for (table, key), value in self._wanted.items()]
        self._moved = []
        flight.before = {at: self._stored.get(at) for at in self._wanted}
        for at, value in self._wanted.items():
            self._set_stored(at, value)
        self._wanted = {}
        flight.asked, self._asked = self._asked, []

    def askers(self, number: int) -> set[UserId]:
        """Return who has asked for something that is stored with a step."""
        flight = self._flights.get(number)
        return {user for user, _ in flight.asked} if flight is not None else set()

    def stored(self, number: int) -> None:
        """Note that a step has been stored."""
        self._flights.pop(number, None)

    def failed(self, number: int, monotonic: float) -> None:
        """Take back what was in the records of a step: they have not been stored, and neither has
        anything that was handed out later. What of that may still be goes first there."""
        flight = self._flights.pop(number, None)
        if flight is None:
            return
        later = list(self._flights.values())
        for record in flight.records:
            if isinstance(record, Kept) and (record.table, record.key) in flight.before:
                self._take_back(record, flight, later)
        moved: list[Moved] = []
        full: dict[str, bool] = {}
        for record in flight.records:
            if isinstance(record, Moved):
                # What was said in private is stored with the mark that it is, or after it: where
                # there is none, nothing has to be taken away.
                private = (PRIVATE, record.before) in self._stored
                sealing = record.after[:1] == _SEALED
                if full.get(record.before, private or not sealing):
                    moved.append(record)
                    full |= {record.after: True, record.before: False}
        if moved and later:
            later[0].records[:0] = moved
            later[0].late = True
        else:
            self._moved += moved
        self.unsaid += flight.asked
        self._again = monotonic + TRY_AGAIN_AFTER

    def _take_back(self, record: Kept, flight: _Flight, later: list[_Flight]) -> None:
        at = (record.table, record.key)
        before = flight.before.get(at)
        for other in later:
            if at in other.before:
                # It is made otherwise there.
                other.before[at] = before
                return
        self._set_stored(at, before)
        # Something may have come to its end since.
        self._keep(*at, self._wanted.get(at, record.value))

    def _set_stored(self, at: tuple[str, str], value: bytes | None) -> None:
        if value is None:
            self._stored.pop(at, None)
        else:
            self._stored[at] = value


def _key(ban: Ban) -> tuple[str, str]:
    return (KLINE, fold(ban.target)) if ban.network is None else (DLINE, ban.target)


class _Flight:
    """What a step has to be stored, until it is known whether it is."""

    __slots__ = ("asked", "before", "late", "records")

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        """The step's own: what is put there goes with it."""
        self.before: dict[tuple[str, str], bytes | None] = {}
        """What the values in it replace."""
        self.asked: list[tuple[UserId, str]] = []
        """Whose bans are in it."""
        self.late = False
        """Whether something in it could not be stored before."""


_SEALED = "!"


def _sealed(key: str, id: str, since: Position) -> Moved:
    """Return what gives what was said since then a key that is no channel's, and not anybody
    else's."""
    return Moved(key, f"{_SEALED}{key} {id}", since)
