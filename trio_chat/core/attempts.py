"""Wrong passwords, counted: so many in a minute from one address and for one account, and no more.

Whoever is over it is not checked at all, and told when to come back. The owner of an account is not
locked out by others: what is counted for an account keeps out only those who have been wrong
about it already, so that an address that comes new, or has been right before, has its try.

In IPv6 many addresses may be one customer's: a /64 at least, and up to a /48, in which there are
65,536 of those. So a /64 counts as an address, and what comes from a /48 is counted once more: it
has `WIDER` times as much in all, and as much as one address for each account. An address that has
been right about the account is not kept out by what others in its /48 do.

A hundred at once are counted like a hundred one after another: as many are under way as could be
wrong, and the others wait until it is known of those (`is_full`). So a hundred who are right get in
at once, also from one address, and of a hundred who are wrong no more are checked than one by one.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from trio_chat.core.networks import site

MINUTE, DAY = 60.0, 86_400.0
KNOWN = 10_000
"""Addresses, and accounts, that are remembered: the latest."""


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


class Attempts:
    """Counts for everybody, over `span` seconds. Times are on the clock that does not jump."""

    def __init__(self, span: float = MINUTE) -> None:
        self._span = span
        self._spent: dict[str, tuple[float, float]] = {}
        """How many attempts count, and since when they have been fading; the latest last."""
        self._wrong: dict[tuple[str, str], float] = {}
        """When somebody was last wrong about an account from an address."""
        self._right: dict[tuple[str, str], float] = {}
        """When somebody was last right about an account from an address."""
        self._under_way: Counter[str] = Counter()
        """Attempts of which it is not known yet, by what they will count for."""

    def wait(self, address: str, account: str, *, now: float, limit: int) -> float:
        """Return in how many seconds somebody may try again; 0: now.

        `address` is what `origin` returns, `account` a key, empty where it is about none; `limit`
        is how many may be wrong in the span.
        """
        buckets = self._keeping_out(address, account, now, limit)
        last = self._wrong.get((address, account), -self._span)
        if account and now - last < self._span:
            buckets[account] = limit
        return max(self._excess(key, now, most) for key, most in buckets.items())

    def is_full(self, address: str, account: str, *, now: float, limit: int) -> bool:
        """Whether there would be too many if all were wrong that are under way from an address and
        its network: then it has to be known of one of them first."""
        return any(
            self._left(key, now, most) + self._under_way[key] > most - 1
            for key, most in self._keeping_out(address, account, now, limit).items()
        )

    def start(self, address: str, account: str) -> None:
        """Note that an attempt is under way, of which it is not known yet."""
        self._under_way.update(_buckets(address, account, 1).keys())

    def finish(self, address: str, account: str) -> int:
        """Note that it is known; return how many are under way from its network still."""
        for key in _buckets(address, account, 1):
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]
        return self._under_way[f"@{network(address)}"]

    def begin(self, address: str, account: str, *, now: float, limit: int) -> None:
        """Count an attempt, as wrong until it turns out to be right."""
        for key, most in _buckets(address, account, limit).items():
            self._spend(key, 1, now, most)
        if account:
            _note(self._wrong, (address, account), now)

    def right(self, address: str, account: str, *, now: float, limit: int) -> None:
        """Note that an attempt was right: it does not count."""
        self.take_back(address, account, now=now, limit=limit)
        if account:
            _note(self._right, (address, account), now)

    def take_back(self, address: str, account: str, *, now: float, limit: int) -> None:
        """Take back what was counted for an attempt that was not wrong."""
        for key, most in _buckets(address, account, limit).items():
            self._spend(key, -1, now, most)
        self._wrong.pop((address, account), None)

    def _keeping_out(self, address: str, account: str, now: float, limit: int) -> dict[str, int]:
        """Return what keeps somebody out who has not been wrong about an account yet."""
        found = _buckets(address, account, limit)
        if now - self._right.get((address, account), -DAY) < DAY:
            return {f"@{address}": limit}
        found.pop(account, None)
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


def _buckets(address: str, account: str, limit: int) -> dict[str, int]:
    """Return what an attempt counts for, each with how many of it may be wrong."""
    found = {f"@{address}": limit}
    whole = network(address)
    if whole != address:
        found[f"@{whole}"] = WIDER * limit
        if account:
            found[f"{account}@{whole}"] = limit
    if account:
        found[account] = limit
    return found


def _note(times: dict[tuple[str, str], float], key: tuple[str, str], now: float) -> None:
    times.pop(key, None)
    times[key] = now
    if len(times) > KNOWN:
        del times[next(iter(times))]
