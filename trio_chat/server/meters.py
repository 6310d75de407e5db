"""What the server counts of itself while it runs, for whoever runs it.

Plain numbers, added to where things happen: to count must cost next to nothing, and what can be
seen by looking (how many are here, how much is queued) is not counted but looked at when somebody
asks (`server/readings.py`). Must not know who asks, nor how it is written for them.

Invariant: what is counted by name has few names, all of our making. No word of a peer's is among
them, so nobody can make the counts grow.
"""

from __future__ import annotations

import collections
from bisect import bisect_left
from itertools import accumulate
from typing import NamedTuple

from trio_chat.server import reasons

BOUNDS = (
    *(0.000_1, 0.000_25, 0.000_5),
    *(0.001, 0.002_5, 0.005),
    *(0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0),
    10.0,
)
"""Seconds: up to where each bucket of a histogram goes, its bound included; the last has none."""
LATEST = 50
"""Cut-offs, and refusals, of which it is remembered whom they befell."""
OPENING = "opening"
KINDS = (OPENING, "plain", "irc", "websocket", "http")
"""What a connection speaks; the first: that is not known yet."""
HISTORY = ("page", "conversations", "marker", "search", "login")
"""What is looked up in the journal: messages; with whom somebody has talked; up to where they have
read; words; what proves who owns an account."""
CUT_OFF, REFUSED = "closed", "refused"
"""As what it is logged that a connection was ended, and that one was not let in."""
WRONG, TURNED_AWAY = "wrong password", "turned away"
"""The same for who has not logged in."""


class Histogram:
    """How long something has taken, how often: in buckets, and in all."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        """How often, by bucket."""
        self.sum = 0.0
        """Seconds in all."""

    def observe(self, seconds: float) -> None:
        """Count that it has taken so long."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    @property
    def count(self) -> int:
        """How often in all."""
        return sum(self.counts)

    def cumulative(self) -> list[int]:
        """Return how often it took no longer than each bound; at the end, how often in all."""
        return list(accumulate(self.counts))


class Ended(NamedTuple):
    """Somebody who was cut off, or not let in."""

    at: float
    """In seconds since the epoch."""
    host: str
    nickname: str
    """Empty: there was none yet."""
    reason: str
    """One of `reasons`: not the words of whoever had it done."""


class Meters:
    """Everything that is counted, from the start on."""

    __slots__ = (
        "commits",
        "cut_offs",
        "deliveries",
        "failed_commits",
        "happened",
        "history",
        "lag",
        "lines",
        "logins",
        "messages",
        "opened",
        "records",
        "refusals",
        "ticks",
        "too_slow",
    )

    def __init__(self) -> None:
        self.lines = 0
        """Lines that were handed to the core."""
        self.messages = 0
        """Messages that people have said: PRIVMSG and NOTICE, each once, whoever sees it."""
        self.deliveries = 0
        """Events that were shown, each counted for everybody who saw it."""
        self.records = 0
        """Records that the journal has stored."""
        self.logins = 0
        """How often somebody has been logged in to an account."""
        self.ticks = Histogram()
        """Deciding and sending, without waiting for the journal."""
        self.commits = Histogram()
        """From a commit's beginning until the hub has heard that it is stored."""
        self.failed_commits = 0
        self.lag = Histogram()
        """How late a task wakes that has nothing to do."""
        self.history = {kind: Histogram() for kind in HISTORY}
        """How long it took to look something up in the journal, by what."""
        self.too_slow = 0
        """How often that was given up because it took too long."""
        self.opened: collections.Counter[tuple[str, bool]] = collections.Counter()
        """Connections of which it became known what they speak: by that, and whether in TLS."""
        self.happened: collections.Counter[tuple[str, str]] = collections.Counter()
        """What was refused or cut off, by what and by how its reason begins (`reasons`); and what
        has failed, for no reason that is counted."""
        self.cut_offs: collections.deque[Ended] = collections.deque(maxlen=LATEST)
        """The latest. Those who are not let in may be many, and must not drive these out."""
        self.refusals: collections.deque[Ended] = collections.deque(maxlen=LATEST)

    def by_reason(self, event: str) -> dict[str, int]:
        """Return how often something has happened for each kind of reason, 0 included."""
        found = dict.fromkeys(reasons.of(event), 0)
        for (what, beginning), times in self.happened.items():
            if what == event:
                found[reasons.kind(event, beginning)] += times
        return found

    def failures(self) -> dict[str, int]:
        """Return how often whoever runs the server had to see to something, by what."""
        return {what: self.happened[what, ""] for what in reasons.TROUBLES}
