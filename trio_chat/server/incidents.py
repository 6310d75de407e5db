"""What goes wrong: who is refused, who is cut off, and what whoever runs the server has to see to.

Each is counted, and logged with how often it has happened: once a second at most for each beginning
of a reason, for whoever causes it can cause it very often.
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
        self._latest = {CUT_OFF: meters.cut_offs, REFUSED: meters.refusals}
        self._logged: dict[tuple[str, str], float] = {}
        """When each was logged last, on trio's clock."""

    def count(self, event: str, reason: str, **details: object) -> None:
        """Count that somebody was refused, cut off, or wrong about a password.

        `nickname` is no detail for the log: it is for whoever looks at the latest who were cut off.
        """
        nickname = str(details.pop("nickname", ""))
        latest = self._latest.get(event)
        if latest is not None:
            host, kind = str(details.get("host", "")), reasons.kind(event, reason)
            latest.append(Ended(self._now(), host, nickname, kind))
        times = self._tally(event, reasons.beginning(event, reason))
        if times:
            log.info(event, reason=reason, times=times, **details)

    def count_trouble(self, event: str, reason: str, **details: object) -> None:
        """Count what whoever runs the server has to see to, whatever the reason: that may be the
        words of another program."""
        times = self._tally(event, "")
        if times:
            log.error(event, reason=reason, times=times, **details)

    def _tally(self, event: str, beginning: str) -> int:
        """Count; return how often it has happened, or 0 where that was said a moment ago."""
        key = (event, beginning)
        self._meters.happened[key] += 1
        now = trio.current_time()
        if now - self._logged.get(key, -math.inf) < 1:
            return 0
        self._logged[key] = now
        return self._meters.happened[key]
