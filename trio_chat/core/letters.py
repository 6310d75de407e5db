"""Messages to accounts nobody of whom is here: how many somebody may begin to write to, and what
they have been told of it.

Counted for the account that writes, or for the address of who has none: so nobody fills the history
of very many people with what these never asked for.

Must not know commands, nor where messages are kept.
"""

from __future__ import annotations

HOUR = 3600.0
AT_MOST = 20
"""Accounts that somebody can begin to write to in an hour, while nobody of these is here."""
SENDERS = 10_000
"""Those of whom it is remembered: the latest."""


class Letters:
    """Counts for everybody. Times are in seconds, on the clock that does not jump."""

    def __init__(self) -> None:
        self._begun: dict[str, dict[str, float]] = {}
        """When each began to write to an account, the earliest first; who did last, last."""

    def wait(self, sender: str, account: str, now: float) -> float:
        """Return in how many seconds somebody can begin to write to an account; 0: now, or they
        have already."""
        begun = self._recent(sender, now)
        if account in begun or len(begun) < AT_MOST:
            return 0.0
        return next(iter(begun.values())) + HOUR - now

    def begin(self, sender: str, account: str, now: float) -> bool:
        """Note that somebody writes to an account; return whether they begin to now, and have not
        in the last hour."""
        begun = self._recent(sender, now)
        if account in begun:
            return False
        begun[account] = now
        self._begun.pop(sender, None)
        self._begun[sender] = begun
        if len(self._begun) > SENDERS:
            del self._begun[next(iter(self._begun))]
        return True

    def _recent(self, sender: str, now: float) -> dict[str, float]:
        begun = self._begun.get(sender, {})
        while begun:
            account, since = next(iter(begun.items()))
            if now - since < HOUR:
                break
            del begun[account]
        return begun
