"""Whether the server is ready: it can store what people say, and is not shutting down.

What the last commit has come to says so, as long as that is not long ago. Where nobody has said
anything the journal is asked, by writing something that changes nothing: a server to which nobody
is sent because its disk was full would not find out otherwise that it no longer is.
"""

from __future__ import annotations

import structlog
import trio

from trio_chat.journal import Journal, JournalError
from trio_chat.server.hub import Hub

log = structlog.get_logger()

LASTS = 10.0
"""Seconds for which a write that has succeeded says that the next one will."""
FAILED = 1.0
"""Seconds for which one that has failed says that the next one will."""
PATIENCE = 2.0
"""Seconds that a write may take, before who asks is told that the journal does not answer."""


class Readiness:
    """Whether a server with this hub and journal is ready."""

    def __init__(self, hub: Hub, journal: Journal, nursery: trio.Nursery) -> None:
        self._hub = hub
        self._journal = journal
        self._nursery = nursery
        self._checked: tuple[float, str] | None = None
        """When it was last asked, on trio's clock, and what was wrong."""
        self._checking: trio.Event | None = None
        """What ends when that is answered which is asked now, if something is."""

    async def why_not(self) -> str:
        """Return why the server is not ready, in a sentence without a stop; empty: it is."""
        await trio.lowlevel.checkpoint()
        if self._hub.is_ending:
            return "The server is shutting down"
        now = trio.current_time()
        storing = self._hub.storing
        if storing is not None:
            return self._unanswered(now - storing) if now - storing > PATIENCE else ""
        known = max(filter(None, (self._hub.stored, self._checked)), default=None)
        if known is not None and now - known[0] < (FAILED if known[1] else LASTS):
            return known[1]
        if self._checking is None:
            self._checking = trio.Event()
            self._nursery.start_soon(self._check, self._checking, name="readiness")
        with trio.move_on_after(PATIENCE):
            await self._checking.wait()
            return self._checked[1] if self._checked is not None else ""
        return self._unanswered(PATIENCE)

    async def _check(self, done: trio.Event) -> None:
        """Ask the journal; however long it takes, it is asked once."""
        fault = ""
        try:
            await self._journal.check()
        except JournalError as error:
            fault = str(error)
        except Exception:
            # Ours, and no reason for the server to end.
            log.exception("the journal could not be asked")
            fault = "Internal error"
        self._checked = (trio.current_time(), fault)
        self._checking = None
        done.set()

    def _unanswered(self, seconds: float) -> str:
        return f"The journal has not answered for {seconds:.0f} seconds"
