"""The registered rooms: whose they are, and who is what in them by their account.

A registered room is there whether or not somebody is in it: nobody is its operator by being the
first, and what was said there is nobody else's when all have left. What is set in it while it is
there (modes, lists, topic) is kept beside this (`keeping.py`).

A registration is changed in two steps, as an account is (`accounts.py`): the new value goes into
the records of a step, and comes into force when that has been stored.

Must not know commands, nor how anything is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import msgspec

from trio_chat.core import layouts, modes, names
from trio_chat.core.accounts import Suspension
from trio_chat.core.entries import Kept

ROOM = "room"
"""The table that they are kept in, by folded name."""
LAYOUT = 1
"""How a value is laid out: the first of its values."""
_LOOK = 2
"""To look for an account in a room costs so many bits less than one."""
_HEIRS = 5
"""So many accounts are asked whether they can have a room: each costs a look at all rooms."""
OFFERED = 86_400.0
"""Seconds for which an offer stands."""


class RegisteredRoom(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """A room's registration. Accounts stand in it by their keys (`Account.key`)."""

    layout: int = LAYOUT
    name: str
    founder: str
    registered_at: float
    """Seconds since the epoch."""
    description: str = ""
    """What it is for, as it was kept once: it is metadata now (`metadata.DESCRIPTION`), and taken
    over into that at the start."""
    access: dict[str, int] = {}
    """What accounts are in it, besides the founder: bits of `modes.PREFIXES`, in the order in which
    they were put there."""
    successor: str = ""
    """Who has the room when the founder's account is dropped; empty: nobody is named."""
    suspended: Suspension | None = None
    """Why nobody can enter it."""

    @property
    def key(self) -> str:
        """What it is found by."""
        return names.fold(self.name)

    def standing_of(self, account: str) -> int:
        """Return what somebody is there who is logged in to an account, or to none: bits of
        `modes.PREFIXES`."""
        if not account:
            return 0
        key = names.fold(account)
        return modes.OWNER if key == self.founder else self.access.get(key, 0)

    def is_founder(self, account: str) -> bool:
        """Whether it is somebody's who is logged in to an account, or to none."""
        return bool(account) and names.fold(account) == self.founder

    def with_access(self, account: str, standing: int) -> RegisteredRoom:
        """Return it with another standing for an account (its key); 0: none."""
        access = {**self.access, account: standing}
        if not standing:
            del access[account]
        return msgspec.structs.replace(self, access=access)

    def founded_by(self, account: str) -> RegisteredRoom:
        """Return it as that of another founder."""
        successor = "" if self.successor == account else self.successor
        found = msgspec.structs.replace(self, founder=account, successor=successor)
        return found.with_access(account, 0)

    def without(
        self, account: str, can_have: Callable[[str], bool] = lambda _: True
    ) -> RegisteredRoom | None:
        """Return what becomes of it when an account is dropped; None: it is dropped, too.

        A founder's goes to the successor, or to whoever has the highest access: of operators and
        above, the one who has had it for the longest time. Of these, it is the first who
        `can_have` another room, as far as some are asked.
        """
        if account != self.founder:
            successor = "" if self.successor == account else self.successor
            found = msgspec.structs.replace(self, successor=successor)
            return found.with_access(account, 0)
        operators = [one for one, standing in self.access.items() if standing >= modes.OP]
        operators.sort(key=lambda one: modes.rank(self.access[one]), reverse=True)
        heirs = [self.successor, *operators] if self.successor else operators
        heir = next(filter(can_have, heirs[:_HEIRS]), "")
        return self.founded_by(heir) if heir else None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """That an account may have a room. It ends with its time, and when one of them changes hands,
    and is not kept: after a restart it has to be made again."""

    founder: str
    registered_at: float
    """Which room of that name it is."""
    party: str
    """Whose it may be (`Account.party`)."""
    until: float
    """On the clock that does not jump."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(RegisteredRoom).decode


class RegisteredRooms:
    """All of them, as bytes. Starts with what was kept, by key.

    One that can not be read is named in `unreadable`, and nobody has any rights in it.
    """

    def __init__(self, kept: Mapping[str, bytes]) -> None:
        self.unreadable: list[str] = []
        self.described: list[RegisteredRoom] = []
        """Those of which it is still kept here what they are for."""
        self._values = dict(kept)
        self._changing: set[str] = set()
        """Those of which a change is on its way to the journal."""
        self.naming: Counter[str] = Counter()
        """By account (its key): how many changes are on their way that name it."""
        self.coming: Counter[str] = Counter()
        """The same of those that make it the founder."""
        self.offers: dict[str, Offer] = {}
        """Rooms that are offered to somebody, by key."""
        for key, value in self._values.items():
            try:
                room = _read(value)
            except (msgspec.DecodeError, ValueError) as error:
                self.unreadable.append(f"{ROOM} {key}: {error}")
            else:
                if room.description:
                    self.described.append(room)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[RegisteredRoom]:
        return map(self._room, self._values)

    def __contains__(self, name: str) -> bool:
        return names.fold(name) in self._values

    def get(self, name: str) -> RegisteredRoom | None:
        """Return the registered room of this name, however that is written."""
        key = names.fold(name)
        return self._room(key) if key in self._values else None

    def of(self, account: str) -> list[RegisteredRoom]:
        """Return the rooms in which an account (its key) is the founder, the successor, or has
        access.

        All are looked through as they are, which costs `looking`: who is in which would take more
        memory than the rooms do.
        """
        wanted = msgspec.msgpack.encode(account)
        found = [key for key, value in self._values.items() if wanted in value]
        rooms = map(self._room, found)
        return [one for one in rooms if account in (one.founder, one.successor, *one.access)]

    @property
    def looking(self) -> int:
        """What it costs to look through all of them (`Output.cost`)."""
        return len(self._values) >> _LOOK

    def founded(self, account: str) -> int:
        """Return of how many an account (its key) is the founder, or about to be."""
        found = sum(room.founder == account for room in self.of(account))
        return found + self.coming[account]

    def outlives(self, name: str) -> bool:
        """Whether a room of this name is there when all have left it: it is registered, or is
        about to be."""
        key = names.fold(name)
        return key in self._values or key in self._changing

    def is_changing(self, name: str) -> bool:
        """Whether a change of the room of this name is on its way to the journal: another one would
        not know what it changes."""
        return names.fold(name) in self._changing

    def begin(self, name: str) -> None:
        """Note that such a change begins."""
        self._changing.add(names.fold(name))

    def end(self, name: str) -> None:
        """Note that it has ended, stored or not."""
        self._changing.discard(names.fold(name))

    def put(self, room: RegisteredRoom) -> None:
        """Have a room be registered as this says."""
        self._values[room.key] = _encode(room)

    def drop(self, name: str) -> None:
        """Have no room of this name be registered."""
        self._values.pop(names.fold(name), None)

    def _room(self, key: str) -> RegisteredRoom:
        try:
            return _read(self._values[key])
        except (msgspec.DecodeError, ValueError):
            return RegisteredRoom(name=key, founder="", registered_at=0.0)


def kept(room: RegisteredRoom) -> Kept:
    """Return what is stored of a registration."""
    return Kept(ROOM, room.key, _encode(room))


def gone(room: RegisteredRoom) -> Kept:
    """Return what is stored of one that is dropped."""
    return Kept(ROOM, room.key, None)


def _read(value: bytes) -> RegisteredRoom:
    room = _decode(value)
    layouts.check(room.layout, LAYOUT)
    return room
