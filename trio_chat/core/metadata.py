"""Metadata: what people say of themselves, and operators of their channels, by key
(draft/metadata-2, draft/metadata-3).

That of an account is kept, and all clients that are logged in to it have it; so is that of a
registered room. Whatever else has any has it as long as it is there. What is kept is held as bytes,
and read when somebody wants to see it. It is changed in two steps, as accounts are:
`handlers/holding.py` has it stored first.

Must not know commands, nor who is told of what.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import msgspec

from trio_chat.core import layouts, registered
from trio_chat.core.accounts import METADATA
from trio_chat.core.entries import Kept, of_channel
from trio_chat.core.keeping import Keeping
from trio_chat.core.names import fold
from trio_chat.core.registered import RegisteredRooms
from trio_chat.core.settings import METADATA_KEY_LIMIT
from trio_chat.core.state import Channel, User
from trio_chat.wire.text import cut

LAYOUT = 1
"""How a value is laid out: the first of its values."""

DESCRIPTION = "description"
"""The key of what a room is for."""

_KEY = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_./-")
_BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the text around it, and so the names of others beside it."""


class _Values(msgspec.Struct, frozen=True, array_like=True):
    layout: int
    values: dict[str, str]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Values).decode


class Metadata:
    """All that is kept, by holder (`holder`). Starts with what was `kept`.

    What can not be read has no effect, and is named in `unreadable`.
    """

    def __init__(self, kept: Mapping[str, bytes]) -> None:
        self.unreadable: list[str] = []
        self._kept = dict(kept)
        self.changing: dict[str, list[int]] = {}
        """Holders of whose metadata a change is on its way to the journal, each with the requests
        that wait for what becomes of it: another change would not know what it changes."""
        bad: list[str] = []
        for key, value in self._kept.items():
            try:
                _read(value)
            except (msgspec.DecodeError, ValueError) as error:
                self.unreadable.append(f"{METADATA} {key}: {error}")
                bad.append(key)
        for key in bad:
            del self._kept[key]

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, holder: str) -> dict[str, str]:
        """Return what is kept for a holder, by key."""
        value = self._kept.get(holder)
        return _read(value) if value is not None else {}

    def put(self, holder: str, values: Mapping[str, str]) -> None:
        """Have a holder have these: they have been stored."""
        if values:
            self._kept[holder] = _encode(_Values(LAYOUT, dict(values)))
        else:
            self._kept.pop(holder, None)

    def of(self, target: User | Channel) -> Mapping[str, str]:
        """Return what is so of somebody, or of a channel, by key; not to be changed."""
        own = target.metadata
        kept = self._kept.get(holder(target)) if self._kept else None
        if kept is None:
            return own or _NOTHING
        return {**_read(kept), **own} if own else _read(kept)


_NOTHING: Mapping[str, str] = {}


def holder(target: User | Channel) -> str:
    """Return under what the metadata of a target is kept; empty: it lasts as long as the target."""
    if isinstance(target, User):
        return fold(target.account)
    return of_channel(target.name) if target.registered is not None else ""


def kept(holder: str, values: Mapping[str, str]) -> Kept:
    """Return what is stored so that a holder has these."""
    return Kept(METADATA, holder, _encode(_Values(LAYOUT, dict(values))) if values else None)


def take_over_descriptions(
    store: Metadata, rooms: RegisteredRooms, keeping: Keeping, limit: int
) -> None:
    """Have what rooms are for be metadata, where it was kept with their registration."""
    for room in rooms.described:
        values = store.get(room.key)
        if DESCRIPTION not in values:
            before = kept(room.key, values).value
            values[DESCRIPTION] = fitting(room.description, limit)
            store.put(room.key, values)
            keeping.laid_out_anew(METADATA, room.key, before, kept(room.key, values).value)
        changed = msgspec.structs.replace(room, description="")
        rooms.put(changed)
        before, after = registered.kept(room).value, registered.kept(changed).value
        keeping.laid_out_anew(registered.ROOM, room.key, before, after)
    rooms.described.clear()


def is_key(text: str) -> bool:
    """Whether something can be a key (draft/metadata-2, "Keys and Values")."""
    return 0 < len(text) <= METADATA_KEY_LIMIT and _KEY.issuperset(text)


def is_value(text: str, limit: int) -> bool:
    """Whether something can be a value: so many bytes of what can be shown beside other text."""
    if len(text) * 4 > limit and len(text.encode()) > limit:
        return False
    if text.isascii() and text.isprintable():
        return True
    return not any(
        character in _BIDIRECTIONAL or unicodedata.category(character) in ("Cc", "Zl", "Zp")
        for character in text
    )


def fitting(text: str, limit: int) -> str:
    """Return what can be a value of a text, with spaces for what can not be in one."""
    return cut("".join(one if is_value(one, limit) else " " for one in text), limit)


def _read(value: bytes) -> dict[str, str]:
    found = _decode(value)
    layouts.check(found.layout, LAYOUT)
    return found.values
