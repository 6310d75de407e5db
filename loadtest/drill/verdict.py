"""What is wrong with a history, beside what clients were shown.

Pure. Counts messages, and tells a few of each kind by their ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from loadtest.drill.history import History
from loadtest.drill.ledger import Ledger, Message, Sequence

EXAMPLES = 5
"""How many of a kind are told one by one."""

_Position = tuple[str, int]
"""A conversation's key, and where in it."""


class Verdict(msgspec.Struct, kw_only=True):
    """How many messages there are of each kind of fault."""

    lost: int = 0
    """Shown, and not kept."""
    altered: int = 0
    """Kept with other words, or as somebody else's, or shown so to one of two."""
    duplicated: int = 0
    """Kept twice, or shown twice to one client."""
    reordered: int = 0
    """Shown behind one that is kept behind it."""
    missed: int = 0
    """Kept, and not shown to a client that has been shown one before it and one behind it; counted
    where clients fetch what they have missed."""
    examples: list[str] = msgspec.field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.altered or self.duplicated or self.reordered or self.missed)


def judge(ledger: Ledger, history: History, *, complete: bool = False) -> Verdict:
    """Compare what was shown with what is kept. `complete`: clients were to be shown all of it."""
    verdict = Verdict(altered=ledger.contradictions)
    kept: dict[str, _Position] = {}
    texts: Counter[tuple[str, str]] = Counter()
    for key, messages in history.conversations.items():
        for index, message in enumerate(messages):
            texts[message.sender, message.text] += 1
            if message.id in kept:
                verdict.duplicated += 1
                _tell(verdict, "kept twice", message)
            else:
                kept[message.id] = (key, index)
                if texts[message.sender, message.text] > 1:
                    # No two lines of a drill are the same.
                    verdict.duplicated += 1
                    _tell(verdict, "kept with two ids", message)
    for message in ledger.messages:
        position = kept.get(message.id)
        if position is None:
            verdict.lost += 1
            _tell(verdict, "lost", message)
        elif history.conversations[position[0]][position[1]] != message:
            verdict.altered += 1
            _tell(verdict, "altered", message)
    for at, numbers in ledger.sequences.items():
        shown = [ledger.messages[number] for number in numbers]
        _judge_sequence(verdict, at, shown, kept, history, complete=complete)
    return verdict


def _judge_sequence(
    verdict: Verdict,
    at: Sequence,
    shown: list[Message],
    kept: dict[str, _Position],
    history: History,
    *,
    complete: bool,
) -> None:
    seen: set[str] = set()
    highest: dict[str, int] = {}
    lowest: dict[str, int] = {}
    found: Counter[str] = Counter()
    for message in shown:
        if message.id in seen:
            verdict.duplicated += 1
            _tell(verdict, f"shown twice to {at.client}", message)
            continue
        seen.add(message.id)
        position = kept.get(message.id)
        if position is None:
            continue
        key, index = position
        if index < highest.get(key, -1):
            verdict.reordered += 1
            _tell(verdict, f"shown out of order to {at.client}", message)
        highest[key] = max(index, highest.get(key, -1))
        lowest[key] = min(index, lowest.get(key, index))
        found[key] += 1
    if complete and at.place.startswith("#"):
        for key, count in found.items():
            if count == highest[key] + 1 - lowest[key]:
                continue
            for message in _between(history, key, lowest[key], highest[key]):
                if message.id not in seen:
                    verdict.missed += 1
                    _tell(verdict, f"missed by {at.client}", message)


def _between(history: History, key: str, first: int, last: int) -> Iterator[Message]:
    yield from history.conversations[key][first : last + 1]


def _tell(verdict: Verdict, what: str, message: Message) -> None:
    kind = what.split(" ")[0]
    if sum(example.startswith(kind) for example in verdict.examples) < EXAMPLES:
        verdict.examples.append(f"{what}: {message.id} <{message.sender}> {message.text:.40}")
