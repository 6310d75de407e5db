"""Who may connect: how many in all, how many from one address, how many a minute.

Counts; opens and closes nothing.
"""

from __future__ import annotations

import collections
from collections.abc import Callable

import msgspec

from trio_chat.core.networks import Network, in_networks, site

_MINUTE = 60.0


class AdmissionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The limits: see `[connections]` of the configuration. `total` is never 0 here.

    Nobody in `exempt` counts. Those in `gateways` connect for others: their own connections do not
    count, those that they say are somebody else's do.
    """

    total: int
    per_address: int
    new_per_minute: int
    exempt: tuple[Network, ...]
    gateways: tuple[Network, ...] = ()


class Admission:
    """Counts connections by address. `clock` returns seconds, from any beginning."""

    def __init__(self, policy: AdmissionPolicy, clock: Callable[[], float]) -> None:
        self.policy = policy
        self._clock = clock
        self.total = 0
        """Connections that have been admitted and not released."""
        self._open: collections.Counter[str] = collections.Counter()
        self._recent: collections.deque[tuple[float, str]] = collections.deque()
        self._new: collections.Counter[str] = collections.Counter()

    def admit(self, address: str) -> str:
        """Count a connection in; return why it can not be let in, empty when it is."""
        if self.total >= self.policy.total:
            return "Too many connections"
        reason = self._count(address, self.policy.exempt + self.policy.gateways)
        if not reason:
            self.total += 1
        return reason

    def move(self, old: str, new: str) -> str:
        """Count a connection that was let in under another address than before.

        Return why that can not be, empty when it is done: it is counted as before then.
        """
        self._discount(old)
        reason = self._count(new, self.policy.exempt)
        if reason:
            self._open[site(old)] += 1
        return reason

    def release(self, address: str) -> None:
        """Count a connection out."""
        self.total -= 1
        self._discount(address)

    def _count(self, address: str, exempt: tuple[Network, ...]) -> str:
        whose = site(address)
        self._forget_old()
        if address and not in_networks(address, exempt):
            if self._open.get(whose, 0) >= self.policy.per_address:
                return "Too many connections from your address"
            if self._new.get(whose, 0) >= self.policy.new_per_minute:
                return "Too many new connections from your address; try again in a minute"
            self._new[whose] += 1
            self._recent.append((self._clock(), whose))
        self._open[whose] += 1
        return ""

    def _discount(self, address: str) -> None:
        whose = site(address)
        self._open[whose] -= 1
        if not self._open[whose]:
            del self._open[whose]

    def _forget_old(self) -> None:
        before = self._clock() - _MINUTE
        while self._recent and self._recent[0][0] <= before:
            _, address = self._recent.popleft()
            self._new[address] -= 1
            if not self._new[address]:
                del self._new[address]
