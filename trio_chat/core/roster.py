"""Who is in a channel, in lines: what everybody who joins is sent, written once for all of them.

A roster lasts for one step. In it, whoever joins is appended, so that each of many who join at once
is sent exactly who was there then, and nobody writes the whole list again.

Must not know who may see whom: it has whoever is added.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from trio_chat.core import modes
from trio_chat.wire import irc


class Member(Protocol):
    """Whoever is in a channel."""

    nickname: str

    @property
    def prefix(self) -> str:
        """`nickname!user@host`"""


M = TypeVar("M", bound=Member)


class Roster(Generic[M]):
    """The names of a channel's members, each with the symbols of a standing in front.

    `before` is what stands between a client's own nickname and the names; `limit` is the bytes of
    UTF-8 that names can have in a line; `every` is whether all symbols are shown, or the highest
    alone (multi-prefix); `hosts` is whether user names and hosts are (userhost-in-names); `whole`
    is whether everybody who joins is to be in it, or only who has a standing.
    """

    __slots__ = (
        "_before",
        "_counts",
        "_every",
        "_full",
        "_hosts",
        "_last",
        "_limit",
        "_size",
        "members",
        "whole",
    )

    def __init__(
        self, before: str, limit: int, *, every: bool, hosts: bool, whole: bool = True
    ) -> None:
        self.members: list[M] = []
        """Who is in it, in the order of their names."""
        self.whole = whole
        self._before = before
        self._limit = limit
        self._every = every
        self._hosts = hosts
        self._full: list[bytes] = []
        """Lines that have no room for another name."""
        self._counts: list[int] = []
        """How many names each of those has."""
        self._last: list[str] = []
        self._size = 0
        """Bytes of the last line's names, each with a space."""

    def add(self, member: M, standing: int) -> None:
        """Append a member."""
        self.members.append(member)
        name = member.prefix if self._hosts else member.nickname
        if standing:
            name = modes.symbols(standing, every=self._every) + name
        size = _size(name)
        if self._last and self._size + size > self._limit + 1:
            self._full.append(self._line(self._last))
            self._counts.append(len(self._last))
            self._last = []
            self._size = 0
        self._last.append(name)
        self._size += size

    def lines(self) -> list[bytes]:
        """Return the lines that say who is there now, each without its beginning."""
        return [*self._full, self._line(self._last)] if self._last else list(self._full)

    def part(self, names: int, count: int, also: M | None = None) -> tuple[list[bytes], int]:
        """Return the lines behind those that have so many names, `count` at most, and how many
        names they have; none, if no line begins there.

        Behind the last name stands that of `also`, who has no standing and is not in it.
        """
        first = before = 0
        while before < names and first < len(self._full):
            before += self._counts[first]
            first += 1
        if before != names:
            return [], 0
        counts = [*self._counts, len(self._last)] if self._last else self._counts
        lines = self.lines()[first : first + count]
        if also is not None and first + count >= len(counts):
            name = also.prefix if self._hosts else also.nickname
            if self._last and self._size + _size(name) <= self._limit + 1:
                lines[-1] = self._line([*self._last, name])
            else:
                lines.append(self._line([name]))
        return lines, sum(counts[first : first + count])

    def _line(self, names: list[str]) -> bytes:
        return irc.frame(f"{self._before}{' '.join(names)}")


def _size(name: str) -> int:
    """Return the bytes of a name and of the space between it and another."""
    return (len(name) if name.isascii() else len(name.encode())) + 1
