"""What goes wrong: who is refused, who is cut off, and what whoever runs the server has to see to.

Each is counted, and logged with how often it has happened: once a second for each kind of reason at
most, for whoever causes it can cause it very often.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import structlog
import trio

from trio_chat.server import reasons
from trio_chat.server.meters import CUT_OFF, REFUSED, Ended, Meters

log = structlog.get_logger()


class Incidents:
    """Counts them in `meters`. `now` returns the time that is shown, in seconds since the epoch."""

    def __init__(self, meters: Meters, now: Callable[[], float]) -> None:
        self._meters = meters
        self._now = now
        self._logged: dict[tuple[str, str], float] = {}
        """When each was logged last, on trio's clock."""

    def count(self, event: str, reason: str, **details: object) -> None:
        """Count that somebody was refused, or was wrong about a password."""
        kind = reasons.kind(event, reason)
        if event == REFUSED:
            host = str(details.get("host", ""))
            self._meters.refusals.append(Ended(self._now(), host, "", kind))
        times = self._tally(event, kind)
        if times:
            log.info(event, reason=reason, times=times, **details)

    def cut_off(self, reason: str, *, host: str, nickname: str) -> None:
        """Count that we have ended somebody's connection; an empty nickname: they had none yet."""
        kind = reasons.kind(CUT_OFF, reason)
        self._meters.cut_offs.append(Ended(self._now(), host, nickname, kind))
        self.count(CUT_OFF, reason, host=host)

    def count_trouble(self, event: str, reason: str, **details: object) -> None:
        """Count what whoever runs the server has to see to."""
        times = self._tally(event, reason)
        if times:
            log.error(event, reason=reason, times=times, **details)

    def _tally(self, event: str, reason: str) -> int:
        """Count; return how often it has happened, or 0 where that was said a moment ago."""
        key = (event, reason)
        self._meters.happened[key] += 1
        now = trio.current_time()
        if now - self._logged.get(key, -math.inf) < 1:
            return 0
        self._logged[key] = now
        return self._meters.happened[key]
