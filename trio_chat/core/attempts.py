"""Wrong passwords, counted: so many in a minute from one address and for one account, and no more.

Whoever is over it is not checked at all, and told when to come back. The owner of an account is not
locked out by others: what is counted for an account keeps out only those who have been wrong
about it already, so that an address that comes new, or has been right before, has its try.

A hundred at once are counted like a hundred one after another: as many are under way as could be
wrong, and the others wait until it is known of those (`is_full`). So a hundred who are right get in
at once, also from one address, and of a hundred who are wrong no more are checked than one by one.
"""

from __future__ import annotations

from trio_chat.core.networks import site

MINUTE, DAY = 60.0, 86_400.0
KNOWN = 10_000
"""Addresses, and accounts, that are remembered: the latest."""


def origin(address: str) -> str:
    """Return what an address is counted as: IPv6 by /64. An empty one (a Unix socket) is itself."""
    found = site(address)
    return f"{found}/64" if ":" in found else found


class Attempts:
    """Counts for everybody, over `span` seconds. Times are on the clock that does not jump."""

    def __init__(self, span: float = MINUTE) -> None:
        self._span = span
        self._spent: dict[str, tuple[float, float]] = {}
        """How many attempts count, and since when they have been fading; the latest last."""
        self._wrong: dict[tuple[str, str], float] = {}
        """When somebody was last wrong about an account from an address."""
        self._under_way: dict[str, int] = {}
        """Attempts from an address of which it is not known yet."""

    def wait(self, address: str, account: str, *, now: float, limit: int) -> float:
        """Return in how many seconds somebody may try again; 0: now.

        `address` is what `origin` returns, `account` a key, empty where it is about none; `limit`
        is how many may be wrong in the span.
        """
        found = self._excess(f"@{address}", now, limit)
        last = self._wrong.get((address, account), -self._span)
        if account and now - last < self._span:
            found = max(found, self._excess(account, now, limit))
        return found

    def is_full(self, address: str, *, now: float, limit: int) -> bool:
        """Whether there would be too many if all were wrong that are under way from an address:
        then it has to be known of one of them first."""
        left = self._left(f"@{address}", now, limit)
        return left + self._under_way.get(address, 0) > limit - 1

    def start(self, address: str) -> None:
        """Note that an attempt is under way, of which it is not known yet."""
        self._under_way[address] = self._under_way.get(address, 0) + 1

    def finish(self, address: str) -> int:
        """Note that it is known; return how many are under way from there still."""
        left = self._under_way.pop(address) - 1
        if left:
            self._under_way[address] = left
        return left

    def begin(self, address: str, account: str, *, now: float, limit: int) -> None:
        """Count an attempt, as wrong until it turns out to be right."""
        for key in (f"@{address}", account):
            if key:
                self._spend(key, 1, now, limit)
        if account:
            self._wrong.pop((address, account), None)
            self._wrong[address, account] = now
            if len(self._wrong) > KNOWN:
                del self._wrong[next(iter(self._wrong))]

    def right(self, address: str, account: str, *, now: float, limit: int) -> None:
        """Take back what was counted for an attempt that was right."""
        for key in (f"@{address}", account):
            if key:
                self._spend(key, -1, now, limit)
        self._wrong.pop((address, account), None)

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
