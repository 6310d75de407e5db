"""Times in bins, cheap enough for every delivery.

Owns the counting of durations and their percentiles; knows nothing of Locust, which only gets
the bins. A bin is 0.1 ms wide below 100 ms and 1 ms wide above. Not for use by two threads.
"""

from __future__ import annotations

from collections.abc import Iterator

_FINE = 10_000
"""Fine bins in a second."""
_COARSE = 1_000
"""Coarse bins in a second, and how many fine ones there are."""


class Histogram:
    """Counts durations. Those below zero count as zero."""

    __slots__ = ("_coarse", "_fine")

    def __init__(self) -> None:
        self._fine = [0] * _COARSE
        self._coarse: dict[int, int] = {}

    def add(self, seconds: float) -> None:
        """Count one duration."""
        number = int(seconds * _FINE)
        if number < _COARSE:
            self._fine[number if number > 0 else 0] += 1
        else:
            self._slow(seconds)

    def _slow(self, seconds: float) -> None:
        number = int(seconds * _COARSE)
        self._coarse[number] = self._coarse.get(number, 0) + 1

    def bins(self) -> Iterator[tuple[float, int]]:
        """Yield each bin that is not empty: its middle in milliseconds, and its count."""
        if any(self._fine):
            for number, count in enumerate(self._fine):
                if count:
                    yield (number + 0.5) * 1e3 / _FINE, count
        for number in sorted(self._coarse):
            yield (number + 0.5) * 1e3 / _COARSE, self._coarse[number]

    @property
    def count(self) -> int:
        """How many durations were counted."""
        return sum(self._fine) + sum(self._coarse.values())

    def percentile(self, share: float) -> float:
        """Return the duration in milliseconds that `share` (0 to 1) of all do not exceed.

        Good to half a bin; 0 when nothing was counted.
        """
        wanted = share * self.count
        passed = 0
        highest = 0.0
        for middle, count in self.bins():
            passed += count
            highest = middle
            if passed >= wanted:
                break
        return highest

    def merge(self, other: Histogram) -> None:
        """Add everything that another one has counted."""
        if any(other._fine):
            self._fine = [a + b for a, b in zip(self._fine, other._fine, strict=True)]
        for number, count in other._coarse.items():
            self._coarse[number] = self._coarse.get(number, 0) + count

    def take(self) -> Histogram:
        """Return what was counted so far, and begin anew."""
        taken = Histogram()
        taken._fine, self._fine = self._fine, taken._fine
        taken._coarse, self._coarse = self._coarse, taken._coarse
        return taken
