"""Bans from the whole server: by mask (K-lines) and by network (D-lines), with an end or without.

A ban whose time is over is one that is not there; it goes when somebody looks. They last as long as
the server runs.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

from trio_chat.core import masks
from trio_chat.core.names import fold
from trio_chat.core.networks import Network, in_networks, network_text

_UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:[0-9]{1,9}[ywdhms])+", re.ASCII)
_LONGEST = 100 * _UNITS["y"]


class Ban(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the server does not let in, until when on the clock that does not jump; None: for good.

    `at` is when it was put in force, in seconds since the epoch."""

    target: str
    """A mask, `nickname!user@host`, or a network."""
    network: Network | None = None
    reason: str
    by: str
    at: float
    until: float | None = None

    def lasts(self, monotonic: float) -> bool:
        """Whether it is in force."""
        return self.until is None or monotonic < self.until

    def is_on(self, prefixes: Collection[str]) -> bool:
        """Whether a ban by mask is on one of somebody's `nickname!user@host`."""
        return any(masks.fits(self.target, prefix) for prefix in prefixes)


class Bans:
    """The bans of a server."""

    __slots__ = ("masks", "networks")

    def __init__(self) -> None:
        self.masks: dict[str, Ban] = {}
        """By folded mask."""
        self.networks: dict[str, Ban] = {}
        """By the network as it is written."""

    def add(self, ban: Ban) -> None:
        """Put a ban in force, in place of one on the same target."""
        if ban.network is None:
            self.masks[fold(ban.target)] = ban
        else:
            self.networks[network_text(ban.network)] = ban

    def on_address(self, address: str, monotonic: float) -> Ban | None:
        """Return the ban on an IP address; the empty address has none."""
        if not self.networks or not address:
            return None
        self._forget_old(self.networks, monotonic)
        return next(
            (
                ban
                for ban in self.networks.values()
                if ban.network is not None and in_networks(address, (ban.network,))
            ),
            None,
        )

    def refusal(self, address: str, monotonic: float) -> str:
        """Return why nobody is let in from an IP address; empty: they are."""
        ban = self.on_address(address, monotonic)
        return f"You are banned ({ban.reason})" if ban else ""

    def on_mask(self, prefixes: Collection[str], monotonic: float) -> Ban | None:
        """Return the ban on one of somebody's `nickname!user@host`."""
        if not self.masks:
            return None
        self._forget_old(self.masks, monotonic)
        return next((ban for ban in self.masks.values() if ban.is_on(prefixes)), None)

    def current(self, kind: dict[str, Ban], monotonic: float) -> list[Ban]:
        """Return the bans of one kind that are in force."""
        self._forget_old(kind, monotonic)
        return list(kind.values())

    def _forget_old(self, bans: dict[str, Ban], monotonic: float) -> None:
        for key in [key for key, ban in bans.items() if not ban.lasts(monotonic)]:
            del bans[key]


def parse_duration(text: str) -> float | None:
    """Read `1d12h`, `90m`, `30` (minutes): return seconds. None for what is no duration."""
    if text.isascii() and text.isdecimal():
        text += "m"
    if not _DURATION.fullmatch(text):
        return None
    seconds = sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9]+)([a-z])", text))
    return float(min(seconds, _LONGEST)) if seconds else None
