"""What the server counts, as Prometheus reads it.

Names are by Prometheus' conventions: base units, `_total` for what only grows, `process_…` for what
every client library calls so. Each is explained in docs/metrics.md.

To import this costs 20 ms and 2 MB, for the library: whoever wants no metrics does not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from trio_chat.server.meters import BOUNDS, CUT_OFF, KINDS, OPENING, REFUSED, Histogram
from trio_chat.server.readings import Clients, Readings, resident

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of the text format: all of our names fit it, and everything that reads metrics reads it."""
_UP_TO = (*(f"{bound:g}" for bound in BOUNDS), "+Inf")
_KIND = ("kind", "tls")


def render(readings: Readings) -> tuple[str, bytes]:
    """Return the media type and the text of what the server is like now."""
    return CONTENT_TYPE, generate_latest(_Collector(readings))


class _Collector(Collector):
    """Collects everything, when it is asked to."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        readings = self._readings
        clients = readings.clients()
        yield from _who(readings, clients)
        yield from _what(readings)
        yield from _times(readings)
        yield from _queues(readings, clients)
        yield from _wrong(readings)
        yield from _process(readings)


def _who(readings: Readings, clients: Clients) -> Iterator[Metric]:
    """Yield who is here."""
    info = GaugeMetricFamily(
        "trio_chat_build_info", "Always 1; which version runs.", labels=["version"]
    )
    info.add_metric([readings.hub.core.context.version], 1)
    yield info
    here = GaugeMetricFamily(
        "trio_chat_connections", "Open connections, by what they speak.", labels=_KIND
    )
    opened = CounterMetricFamily(
        "trio_chat_connections_opened",
        "Connections that have said what they speak.",
        labels=_KIND,
    )
    for kind in KINDS:
        for encrypted in (False, True):
            labels = [kind, "yes" if encrypted else "no"]
            here.add_metric(labels, clients.kinds.get((kind, encrypted), 0))
            if kind != OPENING:
                opened.add_metric(labels, readings.meters.opened[kind, encrypted])
    yield from (here, opened)
    yield _gauge("connections_limit", "How many connections there can be.", readings.limit)
    yield _gauge("users", "Users who have a nickname and are in.", readings.users)
    yield _gauge("operators", "Users who are operators.", readings.operators)
    yield _gauge("rooms", "Rooms that are there.", readings.rooms)


def _what(readings: Readings) -> Iterator[Metric]:
    """Yield what is said, and done."""
    meters = readings.meters
    yield _counter("lines_received", "Lines that clients have sent.", meters.lines)
    yield _counter("messages", "Messages that were said, each counted once.", meters.messages)
    yield _counter(
        "deliveries",
        "Events that were shown, each counted for everybody who saw it.",
        meters.deliveries,
    )
    yield _counter("records_stored", "Records that the journal has stored.", meters.records)
    yield _counters(
        "logins", "Attempts to log in, by what came of them.", "result", readings.logins()
    )


def _times(readings: Readings) -> Iterator[Metric]:
    """Yield how long things take."""
    meters, collector = readings.meters, readings.collector
    yield _histogram("tick_seconds", "Deciding and sending, without the journal.", meters.ticks)
    yield _histogram("commit_seconds", "Storing in the journal, until it is known.", meters.commits)
    yield _histogram("loop_lag_seconds", "How late a task wakes that is ready.", meters.lag)
    yield _histograms(
        "history_seconds", "Looking up in the journal, by what.", "kind", meters.history
    )
    yield _histograms(
        "collector_pause_seconds",
        "Looking for garbage, among what is new or at everything.",
        "look",
        {"young": collector.young, "full": collector.full},
    )


def _queues(readings: Readings, clients: Clients) -> Iterator[Metric]:
    """Yield what waits."""
    yield _gauge("outbox_bytes", "Bytes that wait for clients to take them.", clients.queued)
    yield _gauge("outbox_largest_bytes", "The same for the slowest of them.", clients.largest)
    yield _gauge("outbox_clients", "Clients for whom something waits.", clients.behind)
    yield _gauge("inbox_lines", "Lines that wait for the next tick.", readings.hub.inbox.lines)
    yield _gauge("history_waiting", "Questions to the history that wait.", readings.hub.waiting)
    yield _gauge(
        "collector_remains",
        "Connections that have ended and are still in memory.",
        readings.collector.remains,
    )


def _wrong(readings: Readings) -> Iterator[Metric]:
    """Yield what goes wrong."""
    meters = readings.meters
    yield _counters(
        "cut_offs",
        "Connections that the server has ended, by why.",
        "reason",
        meters.by_reason(CUT_OFF),
    )
    yield _counters(
        "refusals",
        "Connections that were not let in, by why.",
        "reason",
        meters.by_reason(REFUSED),
    )
    yield _counter(
        "unread_endings",
        "Connections that ended before the client had read to the end.",
        readings.hub.cut_off,
    )
    yield _counter("commit_failures", "Commits that were not stored.", meters.failed_commits)
    yield _counter("history_too_slow", "Questions that were given up.", meters.too_slow)
    yield _counters(
        "failures", "What whoever runs the server has to see to.", "what", meters.failures()
    )


def _process(readings: Readings) -> Iterator[Metric]:
    """Yield what the system knows of the process, by the names that are common."""
    memory = resident()
    if memory is not None:
        yield GaugeMetricFamily(
            "process_resident_memory_bytes", "Resident memory size in bytes.", memory
        )
    yield CounterMetricFamily(
        "process_cpu_seconds",
        "Total user and system CPU time spent in seconds.",
        time.process_time(),
    )
    yield GaugeMetricFamily(
        "process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.",
        readings.started,
    )


# --- One metric


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(f"trio_chat_{name}", help, value)


def _counter(name: str, help: str, value: float) -> Metric:
    return CounterMetricFamily(f"trio_chat_{name}", help, value)


def _counters(name: str, help: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(f"trio_chat_{name}", help, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def _histogram(name: str, help: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(f"trio_chat_{name}", help, _buckets(histogram), histogram.sum)


def _histograms(name: str, help: str, label: str, values: Mapping[str, Histogram]) -> Metric:
    family = HistogramMetricFamily(f"trio_chat_{name}", help, labels=[label])
    for value, histogram in values.items():
        family.add_metric([value], _buckets(histogram), histogram.sum)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    return list(zip(_UP_TO, histogram.cumulative(), strict=True))
