"""Whom people read nothing of.

An ignore is given by nickname and meant for somebody: it goes with whoever has the nickname to
whatever they are called next, and not to whoever takes that. While nobody of that nickname is here
it waits for one, as for a user who comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from trio_chat.core.names import key


class Named(Protocol):
    """Somebody who has a nickname."""

    @property
    def nickname(self) -> str:
        """What they are called now."""


Person = TypeVar("Person", bound=Named)


class _Ignore(Generic[Person]):
    """One entry of a list: the nickname as it was written, and who is meant, if they are here."""

    __slots__ = ("nickname", "reader", "whom")

    def __init__(self, reader: Person, nickname: str, whom: Person | None) -> None:
        self.reader = reader
        self.nickname = nickname
        self.whom = whom

    @property
    def called(self) -> str:
        return self.nickname if self.whom is None else self.whom.nickname


class Ignores(Generic[Person]):
    """The lists of all who have one."""

    __slots__ = ("_lists", "_of", "_waiting")

    def __init__(self) -> None:
        self._lists: dict[Person, dict[_Ignore[Person], None]] = {}
        """By who reads."""
        self._of: dict[Person, dict[_Ignore[Person], None]] = {}
        """By who is meant."""
        self._waiting: dict[str, dict[_Ignore[Person], None]] = {}
        """By folded nickname: those that are meant for nobody who is here."""

    def __bool__(self) -> bool:
        return bool(self._lists)

    def listed(self, reader: Person) -> list[str]:
        """Return whom somebody ignores, by what they are called now."""
        return [entry.called for entry in self._lists.get(reader, ())]

    def keys(self, reader: Person) -> set[str]:
        """Return whom somebody ignores, as nicknames are compared (`names.key`)."""
        return set(map(key, self.listed(reader)))

    def readers(self, whom: Person) -> Iterable[Person]:
        """Return who ignores somebody."""
        return [entry.reader for entry in self._of.get(whom, ())]

    def has(self, reader: Person, whom: Person) -> bool:
        """Whether one ignores the other."""
        return any(entry.reader is reader for entry in self._of.get(whom, ()))

    def add(self, reader: Person, nickname: str, whom: Person | None) -> None:
        """Have somebody ignore whoever has this nickname, or will have it if nobody does."""
        self._file(_Ignore(reader, nickname, whom))

    def remove(self, reader: Person, nickname: str) -> bool:
        """Have somebody ignore no longer whoever is called that, or was when they were put on the
        list; whether they did."""
        wanted = key(nickname)
        listed = self._lists.get(reader, ())
        found = [entry for entry in listed if key(entry.called) == wanted] or [
            entry for entry in listed if key(entry.nickname) == wanted
        ]
        for entry in found:
            self._drop(entry)
        return bool(found)

    def come(self, whom: Person) -> None:
        """Note that somebody has taken a nickname: what waits for it is meant for them, but for
        what they have on their own list. Nobody ignores themselves."""
        for entry in list(self._waiting.get(key(whom.nickname), ())):
            self._drop(entry)
            if entry.reader is not whom:
                entry.whom = whom
                self._file(entry)

    def go(self, person: Person) -> None:
        """Forget somebody: their list, and that they are meant. Their nickname is waited for."""
        for entry in list(self._lists.get(person, ())):
            self._drop(entry)
        for entry in list(self._of.get(person, ())):
            self._drop(entry)
            entry.whom = None
            self._file(entry)

    def _file(self, entry: _Ignore[Person]) -> None:
        """Put an entry where it belongs, if there is none that says the same."""
        if entry.whom is not None:
            others = self._of.get(entry.whom, {})
        else:
            others = self._waiting.get(key(entry.nickname), {})
        if any(other.reader is entry.reader for other in others):
            return
        self._lists.setdefault(entry.reader, {})[entry] = None
        if entry.whom is not None:
            self._of.setdefault(entry.whom, {})[entry] = None
        else:
            self._waiting.setdefault(key(entry.nickname), {})[entry] = None

    def _drop(self, entry: _Ignore[Person]) -> None:
        _take(self._lists, entry.reader, entry)
        if entry.whom is not None:
            _take(self._of, entry.whom, entry)
        else:
            _take(self._waiting, key(entry.nickname), entry)


_Key = TypeVar("_Key")


def _take(
    filed: dict[_Key, dict[_Ignore[Person], None]], place: _Key, entry: _Ignore[Person]
) -> None:
    """Take an entry out of where it is filed, and the place with the last one."""
    del filed[place][entry]
    if not filed[place]:
        del filed[place]
