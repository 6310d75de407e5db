"""Wrong passwords, counted: so many in a minute from one address and for one account, and no more.

Each count is a bucket: as many as in a minute can be wrong at once, and then one after another, as
they fade. Whoever is over it is not checked at all, and told when to come back: when they would be
let in.

The owner of an account is not locked out by others. An address that was right about it within a day
has a count of its own for it, and for nothing else: neither what others there are wrong about, nor
who else is wrong about the account, keeps it out. Any other address has its first try whatever has
been counted for the account. How far that was over then is how long the address waits after being
wrong, `LONGEST` at most, and what others do later makes it no longer. So of many addresses that
guess at one account, each waits until their number fits the limit, or `LONGEST`.

In IPv6 many addresses may be one customer's: a /64 at least, and up to a /48, in which there are
65,536 of those. So a /64 counts as an address, and what comes from a /48 is counted once more: it
has `WIDER` times as much in all, and as much as one address for each account.

A hundred at once are counted like a hundred one after another: as many are under way as could be
wrong, and the others wait until it is known of those (`is_full`). So a hundred who are right get in
at once, also from one address, and of a hundred who are wrong no more are checked than one by one.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import NamedTuple, TypeVar

from trio_chat.core.networks import site

MINUTE, DAY = 60.0, 86_400.0
KNOWN = 10_000
"""Addresses, and accounts, that are remembered: the latest."""
LONGEST = 600.0
"""Seconds that an address waits at most for what others have been wrong about."""


def origin(address: str) -> str:
    """Return what an address is counted as: IPv6 by /64. An empty one (a Unix socket) is itself."""
    found = site(address)
    return f"{found}/64" if ":" in found else found


WIDER = 8
"""How many times as many may be wrong in a network as from one origin in it."""


@lru_cache(maxsize=1024)
def network(origin: str) -> str:
    """Return the network of one customer that an origin may be in: IPv6 by /48. IPv4 is itself."""
    address, slash, _ = origin.partition("/")
    return f"{site(address, 48)}/48" if slash else origin


OPER = "OPER "
"""What an attempt to become an operator is about begins with: no account has such a name."""


class Rejected(NamedTuple):
    """An attempt that was wrong, or that was not looked at: for the log."""

    address: str
    about: str
    """What it was about, if there is such a thing: whoever gets it wrong may type a password."""
    is_wrong: bool


def named(about: str) -> dict[str, str]:
    """Return what an attempt was about, as the log has it."""
    if not about:
        return {}
    name = about.removeprefix(OPER)
    return {"account" if name == about else "operator": name}


class Attempts:
    """Counts for everybody, over `span` seconds. Times are on the clock that does not jump."""

    def __init__(self, span: float = MINUTE) -> None:
        self._span = span
        self._spent: dict[str, tuple[float, float]] = {}
        """How many attempts count, and since when they have been fading; the latest last."""
        self._wrong: dict[tuple[str, str], tuple[float, float]] = {}
        """When an address was last wrong about an account, and for how long that keeps it out."""
        self._right: dict[tuple[str, str], float] = {}
        """When an address was last right about an account."""
        self._under_way: Counter[str] = Counter()
        """Attempts of which it is not known yet, by what they will count for."""

    def wait(self, address: str, account: str, *, now: float, limit: int) -> float:
        """Return in how many seconds somebody may try again; 0: now.

        `address` is what `origin` returns, `account` a key, empty where it is about none; `limit`
        is how many may be wrong in the span.
        """
        buckets = self._buckets(address, account, now, limit)
        if account in buckets:
            del buckets[account]
            at, seconds = self._wrong.get((address, account), (now, 0.0))
            left = max(0.0, seconds - (now - at))
        else:
            left = 0.0
        return max(left, *(self._excess(key, now, most) for key, most in buckets.items()))

    def is_full(self, address: str, account: str, *, now: float, limit: int) -> bool:
        """Whether there would be too many if all were wrong that are under way from an address and
        its network: then it has to be known of one of them first."""
        buckets = self._buckets(address, account, now, limit)
        if not self._under_way[_pair(address, account)]:
            # The first is not kept out by those of others.
            buckets.pop(account, None)
        return any(
            self._left(key, now, most) + self._under_way[key] > most - 1
            for key, most in buckets.items()
        )

    def start(self, address: str, account: str) -> None:
        """Note that an attempt is under way, of which it is not known yet."""
        self._under_way.update(_concerned(address, account))

    def finish(self, address: str, account: str) -> int:
        """Note that it is known; return how many are under way from its network still."""
        for key in _concerned(address, account):
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]
        return self._under_way[f"@{network(address)}"]

    def begin(self, address: str, account: str, *, now: float, limit: int) -> None:
        """Count an attempt, as wrong until it turns out to be right."""
        buckets = self._buckets(address, account, now, limit)
        for key, most in buckets.items():
            self._spend(key, 1, now, most)
        if account in buckets:
            seconds = min(self._excess(account, now, limit), LONGEST)
            _note(self._wrong, (address, account), (now, seconds))

    def right(self, address: str, account: str, *, now: float, limit: int) -> None:
        """Note that an attempt was right: it does not count."""
        self.take_back(address, account, now=now, limit=limit)
        if account:
            self.know(address, account, now=now)

    def know(self, address: str, account: str, *, now: float) -> None:
        """Note that the owner of an account is at an address, however that was proved."""
        _note(self._right, (address, account), now)

    def take_back(self, address: str, account: str, *, now: float, limit: int) -> None:
        """Take back what was counted for an attempt that was not wrong."""
        for key, most in self._buckets(address, account, now, limit).items():
            self._spend(key, -1, now, most)
        self._wrong.pop((address, account), None)

    def _buckets(self, address: str, account: str, now: float, limit: int) -> dict[str, int]:
        """Return what an attempt counts for, each with how many of it may be wrong."""
        if account and now - self._right.get((address, account), -DAY) < DAY:
            return {_pair(address, account): limit}
        found = {f"@{address}": limit}
        whole = network(address)
        if whole != address:
            found[f"@{whole}"] = WIDER * limit
            if account:
                found[_pair(whole, account)] = limit
        if account:
            found[account] = limit
        return found

    def _left(self, key: str, now: float, limit: int) -> float:
        """Return how many attempts count now."""
        spent, at = self._spent.get(key, (0.0, now))
        return max(0.0, spent - (now - at) * limit / self._span)

    def _excess(self, key: str, now: float, limit: int) -> float:
        over = self._left(key, now, limit) - (limit - 1)
        return max(0.0, over * self._span / limit)

    def _spend(self, key: str, count: int, now: float, limit: int) -> None:
        left = self._left(key, now, limit) + count
        self._spent.pop(key, None)
        if left > 0:
            self._spent[key] = (left, now)
        if len(self._spent) > KNOWN:
            del self._spent[next(iter(self._spent))]


def _pair(address: str, account: str) -> str:
    return f"{account}@{address}"


def _concerned(address: str, account: str) -> set[str]:
    """Return all that an attempt can count for."""
    whole = network(address)
    found = {f"@{address}", f"@{whole}", _pair(address, account), _pair(whole, account)}
    return found | {account} if account else found


Value = TypeVar("Value")


def _note(of: dict[tuple[str, str], Value], key: tuple[str, str], value: Value) -> None:
    of.pop(key, None)
    of[key] = value
    if len(of) > KNOWN:
        del of[next(iter(of))]
