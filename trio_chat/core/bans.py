"""Bans from the whole server: by mask (K-lines) and by network (D-lines), with an end or without.

A ban whose time is over is one that is not there; it goes when somebody looks. They outlive a
restart (`keeping.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

import msgspec

from trio_chat.core.masks import Rule
from trio_chat.core.names import fold
from trio_chat.core.networks import Network, network_text, parse_address

_UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:[0-9]{1,9}[ywdhms])+", re.ASCII)
_LONGEST = 100 * _UNITS["y"]


class Ban(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the server does not let in, until when on the clock that does not jump; None: for good.

    `at` is when it was put in force, in seconds since the epoch."""

    target: str
    """A mask, `nickname!user@host`, or a network."""
    rule: Rule | None = None
    """The target, made ready, if it is a mask."""
    network: Network | None = None
    reason: str
    by: str
    at: float
    until: float | None = None

    def lasts(self, monotonic: float) -> bool:
        """Whether it is in force."""
        return self.until is None or monotonic < self.until

    def is_on(self, prefixes: Collection[str]) -> bool:
        """Whether a ban by mask is on one of somebody's folded `nickname!user@host`."""
        rule = self.rule
        return rule is not None and any(rule.covers(one, "", speaking=False) for one in prefixes)


class Bans:
    """The bans of a server. `on_end` is called with each whose time is over."""

    __slots__ = ("_by_prefix", "masks", "networks", "on_end")

    def __init__(self) -> None:
        self.masks: dict[str, Ban] = {}
        """By folded mask."""
        self.networks: dict[str, Ban] = {}
        """By the network as it is written."""
        self._by_prefix: dict[tuple[int, int], dict[int, Ban]] = {}
        """The same by the version of IP and the bits that an address does not have to have, then by
        those that it has: somebody is looked up once for each length."""
        self.on_end: Callable[[Ban], None] = lambda _: None

    def add(self, ban: Ban) -> None:
        """Put a ban in force, in place of one on the same target."""
        network = ban.network
        if network is None:
            self.masks[fold(ban.target)] = ban
            return
        self.networks[network_text(network)] = ban
        shift = network.max_prefixlen - network.prefixlen
        ours = self._by_prefix.setdefault((network.version, shift), {})
        ours[int(network.network_address) >> shift] = ban

    def lift(self, kind: dict[str, Ban], key: str) -> Ban | None:
        """Take a ban out of force; return it, or None if there is none."""
        ban = kind.pop(key, None)
        if ban is not None and ban.network is not None:
            network = ban.network
            shift = network.max_prefixlen - network.prefixlen
            ours = self._by_prefix[network.version, shift]
            del ours[int(network.network_address) >> shift]
            if not ours:
                del self._by_prefix[network.version, shift]
        return ban

    def on_address(self, address: str, monotonic: float) -> Ban | None:
        """Return the ban on an IP address; the empty address has none."""
        found = parse_address(address) if self.networks else None
        if found is None:
            return None
        bits = int(found)
        for (version, shift), ours in self._by_prefix.items():
            ban = ours.get(bits >> shift) if version == found.version else None
            if ban is not None and ban.lasts(monotonic):
                return ban
        return None

    def refusal(self, address: str, monotonic: float) -> str:
        """Return why nobody is let in from an IP address; empty: they are."""
        ban = self.on_address(address, monotonic)
        return f"You are banned ({ban.reason})" if ban else ""

    def on_mask(self, prefixes: Collection[str], monotonic: float) -> Ban | None:
        """Return the ban on one of somebody's `nickname!user@host`."""
        if not self.masks:
            return None
        self._forget_old(self.masks, monotonic)
        folded = [fold(prefix) for prefix in prefixes]
        return next((ban for ban in self.masks.values() if ban.is_on(folded)), None)

    def current(self, kind: dict[str, Ban], monotonic: float) -> list[Ban]:
        """Return the bans of one kind that are in force."""
        self._forget_old(kind, monotonic)
        return list(kind.values())

    def _forget_old(self, bans: dict[str, Ban], monotonic: float) -> None:
        for key in [key for key, ban in bans.items() if not ban.lasts(monotonic)]:
            ban = self.lift(bans, key)
            if ban is not None:
                self.on_end(ban)


def parse_duration(text: str) -> float | None:
    """Read `1d12h`, `90m`, `30` (minutes): return seconds. None for what is no duration."""
    if text.isascii() and text.isdecimal():
        text += "m"
    if not _DURATION.fullmatch(text):
        return None
    seconds = sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9]+)([a-z])", text))
    return float(min(seconds, _LONGEST)) if seconds else None
