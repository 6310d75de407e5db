"""Rows of Locust's table, filled from histograms.

Owns how what the swarm counts becomes Locust's statistics. `events.request.fire` is for failures
only: it costs twenty times what a bin does. Rows that describe the generator, or the same delivery
a second time, stay out of Locust's total.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from locust import stats
from locust.env import Environment

from loadtest.diagnosis import Fault, Kind
from loadtest.histogram import Histogram

SHOWN_FAULTS = 20
"""How many faults of a kind get a line of their own in Locust's error report."""


class Row(NamedTuple):
    """Type and name in Locust's table."""

    kind: str
    name: str
    in_total: bool = True


CONNECT = Row("TCP", "connect")
HANDSHAKE = Row("TLS", "handshake")
REGISTER = Row("IRC", "register")
JOIN = Row("IRC", "join")
SAY = Row("IRC", "say")
DELIVER = Row("IRC", "deliver")
LAST = Row("IRC", "deliver (last receiver)", in_total=False)
PING = Row("IRC", "ping")
CONNECTION = Row("IRC", "connection")
LAG = Row("GEN", "lag", in_total=False)
LATENESS = Row("GEN", "lateness", in_total=False)


class Table:
    """Locust's table for one run, and the sums over the run that it is too coarse for."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._sums: dict[Row, Histogram] = {}

    def merge(self, row: Row, histogram: Histogram) -> None:
        """Add what was counted since the last time, and empty the histogram."""
        taken = histogram.take()
        bins = list(taken.bins())
        if not bins:
            return
        self.sum_of(row).merge(taken)
        numbers = self._environment.stats
        entry = stats.StatsEntry(numbers, row.name, row.kind)
        count = sum(each for _, each in bins)
        now = time.time()
        entry.num_requests = count
        entry.num_reqs_per_sec[int(now)] = count
        entry.last_request_timestamp = now
        entry.total_response_time = round(sum(middle * each for middle, each in bins))
        entry.min_response_time = int(bins[0][0])
        entry.max_response_time = round(bins[-1][0])
        for middle, each in bins:
            entry.response_times[_bucket(middle)] += each
        numbers.entries[row.name, row.kind].extend(entry)
        if row.in_total:
            numbers.total.extend(entry)

    def sum_of(self, row: Row) -> Histogram:
        """Return all that was merged into a row."""
        return self._sums.setdefault(row, Histogram())

    def fail(self, row: Row, text: str) -> None:
        """Count one failure."""
        fire: Callable[..., None] = self._environment.events.request.fire
        fire(
            request_type=row.kind,
            name=row.name,
            response_time=None,
            response_length=0,
            exception=text,
            context={},
        )

    def check(self, deliveries: int, faults: Sequence[Fault]) -> None:
        """Fill the CHECK rows: what was checked are deliveries, faults are failures."""
        numbers = self._environment.stats
        for kind in Kind:
            row = Row("CHECK", kind.value)
            found = [fault for fault in faults if fault.kind is kind]
            if found or kind is not Kind.UNEXPECTED:
                entry = numbers.entries[row.name, row.kind]
                entry.num_requests += deliveries
                entry.num_none_requests += deliveries
            for fault in found[:SHOWN_FAULTS]:
                self.fail(row, str(fault))
            for _ in found[SHOWN_FAULTS:]:
                self.fail(row, f"{kind.value}: more of them")


def _bucket(milliseconds: float) -> int:
    """Round as Locust does, which keeps its dictionaries small: two digits, or whole ones."""
    if milliseconds < 100:
        return round(milliseconds)
    return int(round(milliseconds, 1 - math.floor(math.log10(milliseconds))))
