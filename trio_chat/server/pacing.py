"""Whether it pays to let input gather between two ticks.

A send costs a client's share of a tick, however much is in it. So after a costly tick the hub waits
a little, and the next one says more with each send: where many talk to the same people, half of the
cost goes. Where they do not, as in many rooms in which little is said, a pause gathers nothing but
delay. Which it is shows after a pause: in how much each reader was shown at once.

Must not know clocks or tasks: it is told what a tick has cost, and says how long to wait.
"""

from __future__ import annotations

COSTLY = 0.000_4
"""Seconds. Shorter ticks are followed by no pause: there is little to be saved."""
FACTOR = 2.0
"""A pause lasts as long as the tick before it times this."""
LONGEST = 0.020
"""Seconds."""
ENOUGH = 64
"""Inputs that end a pause, at the least."""
GAIN = 1.25
"""What is shown to each reader at once, on the average, if a pause was worth it."""
DOUBTS = 6
"""After so many pauses in a row that were for nothing, one costly tick in two to the power of it is
still followed by one: things may have changed."""


class Pacing:
    """Decides on the pause after each tick."""

    def __init__(self) -> None:
        self._paused = False
        self._in_vain = 0
        """Pauses in a row that have gathered nothing."""
        self._ticks = 0

    def pause(self, cost: float, *, shown: int, readers: int, waited: float = 0.0) -> float:
        """Return how long to wait for input after a tick, in seconds.

        `cost` is how many seconds the tick took, `shown` how many events it has shown, each counted
        for everybody who saw it, `readers` how many that were. For `waited` seconds it has waited
        for the journal besides, in which input has gathered as well.
        """
        if self._paused:
            self._in_vain = 0 if shown > GAIN * readers else min(self._in_vain + 1, DOUBTS)
        self._paused = False
        if cost <= COSTLY or not readers:
            return 0.0
        self._ticks += 1
        if self._ticks & ((1 << self._in_vain) - 1):
            return 0.0
        self._paused = True
        return max(0.0, min(cost * FACTOR, LONGEST) - waited)

    @staticmethod
    def enough(readers: int) -> int:
        """Return how many inputs end a pause early, after a tick with so many readers.

        By then the next send to each has something new in it, and deciding costs more than sending.
        """
        return max(ENOUGH, readers)
