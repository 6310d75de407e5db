"""What there is to be seen of a running server at one moment, for whoever runs it.

Owns what has to be looked for: who is here by what they speak, what waits for whom, which rooms are
busy. What is counted is with the meters. Says nothing of what people write.
"""

from __future__ import annotations

import collections
import heapq
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import trio

from trio_chat.core.state import Channel
from trio_chat.server.collector import Collector
from trio_chat.server.connection import Connection
from trio_chat.server.hub import Hub
from trio_chat.server.meters import BOUNDS, CUT_OFF, REFUSED, TURNED_AWAY, WRONG, Ended, Histogram

TOP = 10
"""Of the slowest readers, and of the busiest rooms, so many are shown."""


class Clients(NamedTuple):
    """All connections that have not ended."""

    kinds: dict[tuple[str, bool], int]
    """How many, by what they speak, and whether in TLS."""
    queued: int
    """Bytes that wait for them."""
    largest: int
    """Bytes that wait for the one for whom most do."""
    behind: int
    """For how many something waits."""


class Readings:
    """Looks at a server. `limit` returns how many connections there can be."""

    def __init__(self, hub: Hub, collector: Collector, *, limit: Callable[[], int]) -> None:
        self.hub = hub
        self.meters = hub.meters
        self.collector = collector
        self._limit = limit

    @property
    def limit(self) -> int:
        """How many connections there can be."""
        return self._limit()

    @property
    def users(self) -> int:
        """Those who have a nickname and are in."""
        return self.hub.core.state.registered

    @property
    def operators(self) -> int:
        return self.hub.core.state.operators

    @property
    def rooms(self) -> int:
        return len(self.hub.core.state.channels)

    @property
    def started(self) -> float:
        """In seconds since the epoch."""
        return self.hub.core.context.started

    def clients(self) -> Clients:
        """Look at every connection, once."""
        kinds: collections.Counter[tuple[str, bool]] = collections.Counter()
        queued = largest = behind = 0
        for connection in self.hub.all:
            kinds[connection.kind.value, connection.encrypted] += 1
            size = connection.outbox.queued
            if size:
                queued += size
                behind += 1
                largest = max(largest, size)
        return Clients(kinds, queued, largest, behind)

    def logins(self) -> dict[str, int]:
        """Return how often somebody has logged in, or tried to, by what came of it."""
        happened = self.meters.happened
        return {
            "succeeded": self.meters.logins,
            "wrong": happened[WRONG, ""],
            "turned away": happened[TURNED_AWAY, ""],
        }

    def slowest(self) -> list[dict[str, Any]]:
        """Return for whom most waits, and since when something does, in seconds since the epoch."""
        behind = (one for one in self.hub.all if one.outbox.queued)
        users = self.hub.core.state.users
        wall = self.hub.now - trio.current_time()
        found = []
        for one in heapq.nlargest(TOP, behind, key=_queued):
            user = users.get(one.id)
            since = one.outbox.behind_since
            found.append(
                {
                    "nickname": user.nickname if user is not None else "",
                    "host": one.host,
                    "kind": one.kind.value,
                    "tls": one.encrypted,
                    "bytes": one.outbox.queued,
                    "since": None if since is None else wall + since,
                }
            )
        return found

    def busiest(self) -> list[dict[str, Any]]:
        """Return in which rooms most was shown within about a minute, each event counted for
        everybody who saw it."""
        now = trio.current_time()
        # Who is read out has to be looked at now, and later their count would be of another minute.
        rooms: Iterable[tuple[int, Channel]] = (
            (shown, channel)
            for channel in self.hub.core.state.channels.values()
            if (shown := channel.shown_lately(now))
        )
        return [
            {"room": channel.name, "members": len(channel.members), "deliveries": shown}
            for shown, channel in heapq.nlargest(TOP, rooms, key=_first)
        ]

    def snapshot(self) -> dict[str, Any]:
        """Return all of it, as JSON can have it. Times are in seconds, moments in seconds since the
        epoch; what is counted is counted since the start."""
        meters, hub, collector = self.meters, self.hub, self.collector
        clients = self.clients()
        kinds: dict[str, dict[str, int]] = {}
        for (kind, encrypted), count in clients.kinds.items():
            kinds.setdefault(kind, {"plain": 0, "tls": 0})["tls" if encrypted else "plain"] = count
        return {
            "time": hub.now,
            "started": self.started,
            "version": hub.core.context.version,
            "connections": {"now": hub.open, "limit": self.limit, "kinds": kinds},
            "users": self.users,
            "operators": self.operators,
            "rooms": self.rooms,
            "lines": meters.lines,
            "messages": meters.messages,
            "deliveries": meters.deliveries,
            "logins": self.logins(),
            "bounds": BOUNDS,
            "ticks": _plain(meters.ticks),
            "commits": _plain(meters.commits),
            "failed_commits": meters.failed_commits,
            "lag": _plain(meters.lag),
            "history": {kind: _plain(one) for kind, one in meters.history.items()},
            "collector": {"young": _plain(collector.young), "full": _plain(collector.full)},
            "inbox": hub.inbox.lines,
            "queued": {
                "bytes": clients.queued,
                "largest": clients.largest,
                "behind": clients.behind,
            },
            "memory": resident(),
            "cpu": time.process_time(),
            "slowest": self.slowest(),
            "busiest": self.busiest(),
            "cut_offs": {
                "reasons": meters.by_reason(CUT_OFF),
                "latest": [_ended(one) for one in reversed(meters.cut_offs)],
            },
            "refusals": {
                "reasons": meters.by_reason(REFUSED),
                "latest": [_ended(one) for one in reversed(meters.refusals)],
            },
            "failures": meters.failures(),
        }


def resident() -> int | None:
    """Return how many bytes of memory this process has; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _plain(histogram: Histogram) -> dict[str, Any]:
    return {"counts": list(histogram.counts), "sum": histogram.sum}


def _ended(one: Ended) -> dict[str, Any]:
    return {"time": one.at, "host": one.host, "nickname": one.nickname, "reason": one.reason}


def _queued(connection: Connection) -> int:
    return connection.outbox.queued


def _first(pair: tuple[int, Channel]) -> int:
    return pair[0]
