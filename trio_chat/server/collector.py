"""The cyclic garbage collector, told when to look, and at what.

Left alone it looks whenever many objects have been made, which is what a tick does, and every few
times at everything that there is: with thousands of clients that takes a third of a second, in
which nobody is served, and it finds nothing. This server breaks the cycles that it makes, so what
is not needed any more goes with the last reference to it. What the collector is still needed for is
what libraries do, and mistakes of ours.

Owns the settings of `gc` while the server runs, and puts them back afterwards. Whoever runs the
server says when it is a good moment: when what a tick has made is gone already. Then the *young*,
which is what was made since the last look, are looked at, and those that stay are frozen: they are
not looked at again. So a look costs what is new, and not what is there.

What is frozen, and becomes garbage in a cycle only later, is left to a full look. It takes what the
collector would take if left alone, so it has to be asked for: by connections that have ended and
are still there, all of which are parted with here. There are none unless something is wrong, so
this is what bounds the memory that a mistake can cost, and what tells of it.

Must not know what a connection is, or a tick.

Invariants: from entering to leaving nothing is looked at but in `look`; a look that is not a full
one looks at no more than `MOST` objects. After leaving nothing is frozen.
"""

from __future__ import annotations

import gc
import time
import weakref
from types import TracebackType
from typing import Self

import structlog

from trio_chat.server.meters import Histogram

log = structlog.get_logger()

WORK = 500
"""Inputs after which it is time for a look: each may replace objects by new ones, and then there
are more young ones, but not more objects."""
GROWTH = 10_000
"""Objects by which there are more than at the last look, after which it is time for the next."""
MOST = 20_000
"""Objects that are looked at at once, at up to 0.4 µs each. When more have been made before a good
moment came, they are frozen as they are: a look would keep everybody waiting."""
REMAINS = 1_000
"""Things that were parted with and are still there, after which a full look is due."""


class Collector:
    """Runs the garbage collector from entering to leaving. A context manager, for one use.

    `remains` is after how many remains a full look is due, and `most` how many young objects are
    looked at at once.
    """

    def __init__(self, *, most: int = MOST, remains: int = REMAINS) -> None:
        self._most = most
        self._limit = self._due = remains
        self._work = 0
        self._remains: weakref.WeakSet[object] = weakref.WeakSet()
        self._was_enabled = False
        self.young = Histogram()
        """How long it took to look at the young, in which nobody was served."""
        self.full = Histogram()
        """The same of full looks."""

    def __enter__(self) -> Self:
        self._was_enabled = gc.isenabled()
        gc.disable()
        # Modules, tables and the configuration, which stay as long as the server does.
        gc.freeze()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()

    @property
    def remains(self) -> int:
        """How many of the things that were parted with are still there."""
        return len(self._remains)

    def part_with(self, thing: object) -> None:
        """Note that nobody should need something any more: anything that can be referred to weakly.

        As soon as too many such things are still there, they are looked for among everything.
        """
        self._remains.add(thing)

    def look(self, work: int) -> None:
        """Look for garbage if it is time to, after so many more inputs. Does not raise."""
        self._work += work
        grown = gc.get_count()[0]
        if self._work < WORK and grown < GROWTH:
            return
        self._work = 0
        began = time.perf_counter()
        # There may be more young ones than that, in place of others that are gone. To count them
        # takes a fifth of the time that to look at them does.
        if grown <= self._most and len(gc.get_objects(generation=0)) <= self._most:
            gc.collect(0)
        gc.freeze()
        self.young.observe(time.perf_counter() - began)
        if len(self._remains) >= self._due:
            self._look_at_everything()

    def _look_at_everything(self) -> None:
        before = len(self._remains)
        began = time.perf_counter()
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        seconds = time.perf_counter() - began
        self.full.observe(seconds)
        log.warning(
            "looked for connections that have ended and are still there",
            before=before,
            after=len(self._remains),
            seconds=round(seconds, 3),
        )
        # Those that are still referred to would not be found by the next look either.
        self._due = max(self._limit, 2 * len(self._remains))
