"""Who lost, doubled or reordered what, in a room whose members did not all see the same.

Pure and slow: it runs once, after the run, over what each member has seen since the last moment
at which all agreed. It decides nothing about whether a run is proven (the verifier does that while
it runs), only how the difference is to be told: so it must name something, and blame no more
deliveries than it takes to explain what was seen.
"""

from __future__ import annotations

import enum
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Key(NamedTuple):
    """A message of a room: the `number`-th of its sender, from 0."""

    sender: str
    number: int

    def __str__(self) -> str:
        return f"message {self.number} of {self.sender}"


class Kind(enum.Enum):
    """What can be wrong with a delivery."""

    LOST = "lost"
    DUPLICATE = "duplicate"
    REORDERED = "reordered"
    UNEXPECTED = "unexpected"
    """A text that nobody sent, or a delivery to who is not a member."""


class Fault(NamedTuple):
    """One wrong delivery: to whom, and what of."""

    kind: Kind
    room: str
    member: str
    what: str

    def __str__(self) -> str:
        return f"{self.room}: {self.member}: {self.what}"


@dataclass(kw_only=True)
class View:
    """What a member saw, in its order.

    `spans` has a list for each stay in the room; `is_permanent` means that it was there all the
    time, and so has one. `is_deaf`: it does not hear itself. `strange` is what it saw that is
    no message of ours.
    """

    member: str
    is_permanent: bool
    is_deaf: bool = False
    spans: list[list[Key]] = field(default_factory=lambda: [[]])
    strange: list[str] = field(default_factory=list)


def diagnose(room: str, said: Mapping[str, range], views: Sequence[View]) -> list[Fault]:
    """Compare what was said with what was seen; return one fault for each wrong delivery.

    `said` has the numbers of the messages of each sender that are in question; lower ones are
    known to have reached everyone already. An empty list means that the views agree.
    """
    reference = _reference(said, views)
    place = {key: number for number, key in enumerate(reference)}
    faults: list[Fault] = []
    for view in views:
        for text in view.strange:
            faults.append(Fault(Kind.UNEXPECTED, room, view.member, text))
        for span in view.spans:
            expected = set(reference)
            if not view.is_permanent:
                # Where a stay begins and ends is known only by what was seen in it.
                places = [place[key] for key in span if key in place]
                expected = set(reference[min(places) : max(places) + 1]) if places else set()
            if view.is_deaf:
                expected = {key for key in expected if key.sender != view.member}
            faults += _compare(room, view.member, span, expected, place, said)
    return faults


def _compare(
    room: str,
    member: str,
    span: Iterable[Key],
    expected: set[Key],
    place: Mapping[Key, int],
    said: Mapping[str, range],
) -> list[Fault]:
    faults = []
    seen: set[Key] = set()
    order: list[Key] = []
    for key in span:
        earlier = key.sender in said and key.number < said[key.sender].start
        if key in seen or earlier:
            faults.append(Fault(Kind.DUPLICATE, room, member, f"{key} arrived again"))
        elif key not in expected:
            faults.append(Fault(Kind.UNEXPECTED, room, member, f"{key} should not arrive"))
        else:
            seen.add(key)
            order.append(key)
    for key in sorted(expected - seen, key=place.__getitem__):
        faults.append(Fault(Kind.LOST, room, member, f"{key} did not arrive"))
    for number in _misplaced([place[key] for key in order]):
        faults.append(Fault(Kind.REORDERED, room, member, f"{order[number]} arrived out of order"))
    return faults


def _reference(said: Mapping[str, range], views: Sequence[View]) -> list[Key]:
    """Make up the order to hold the views against: everything said, each sender's in order."""
    stayed = [view for view in views if view.is_permanent]
    whole = [view for view in stayed if not view.is_deaf] or stayed or list(views)
    sequences = [_known(view.spans[0], said) for view in whole]

    def badness(sequence: Sequence[Key]) -> tuple[int, int]:
        return _own_faults(sequence, said), -_votes(sequence, stayed, said)

    best: tuple[Key, ...] = min(sequences, key=badness) if sequences else ()
    reference = list(best)
    for view in views:
        for span in view.spans:
            _merge(reference, _known(span, said))
    for sender, numbers in said.items():
        _fill(reference, sender, numbers)
    return _sort_each_sender(reference)


def _known(span: Iterable[Key], said: Mapping[str, range]) -> tuple[Key, ...]:
    """Keep the messages in question, each once."""
    return tuple(dict.fromkeys(k for k in span if k.sender in said and k.number in said[k.sender]))


def _own_faults(sequence: Sequence[Key], said: Mapping[str, range]) -> int:
    """Count what is wrong with a sequence without looking at another: gaps, and disorder."""
    faults = sum(map(len, said.values())) - len(sequence)
    numbers: dict[str, list[int]] = {}
    for key in sequence:
        numbers.setdefault(key.sender, []).append(key.number)
    return faults + sum(len(_misplaced(each)) for each in numbers.values())


def _votes(sequence: Sequence[Key], views: Iterable[View], said: Mapping[str, range]) -> int:
    """Count the members that saw this very sequence, but for what a deaf one said itself."""
    votes = 0
    for view in views:
        own = view.member if view.is_deaf else None
        votes += _known(view.spans[0], said) == tuple(key for key in sequence if key.sender != own)
    return votes


def _merge(reference: list[Key], sequence: Sequence[Key]) -> None:
    """Put what only `sequence` has where it stands there: after what it has before."""
    present = set(reference)
    if present.issuperset(sequence):
        return
    at = 0
    for key in sequence:
        if key in present:
            at = reference.index(key) + 1
        else:
            reference.insert(at, key)
            present.add(key)
            at += 1


def _fill(reference: list[Key], sender: str, numbers: range) -> None:
    """Put in what nobody has seen: before the next that this sender said."""
    have = {key.number for key in reference if key.sender == sender}
    for number in reversed(numbers):
        if number not in have:
            later = (i for i, key in enumerate(reference) if key[0] == sender and key[1] > number)
            reference.insert(next(later, len(reference)), Key(sender, number))


def _sort_each_sender(reference: Sequence[Key]) -> list[Key]:
    """Put each sender's messages in order, at the places that this sender's have."""
    rest: dict[str, list[int]] = {}
    for key in reference:
        rest.setdefault(key.sender, []).append(key.number)
    for numbers in rest.values():
        numbers.sort(reverse=True)
    return [Key(key.sender, rest[key.sender].pop()) for key in reference]


def _misplaced(places: Sequence[int]) -> list[int]:
    """Return the fewest indexes that have to go for the rest to ascend (places differ)."""
    tails: list[int] = []
    tail_indexes: list[int] = []
    before: list[int] = []
    for index, value in enumerate(places):
        length = bisect_left(tails, value)
        before.append(tail_indexes[length - 1] if length else -1)
        if length == len(tails):
            tails.append(value)
            tail_indexes.append(index)
        else:
            tails[length] = value
            tail_indexes[length] = index
    kept = set()
    index = tail_indexes[-1] if tail_indexes else -1
    while index >= 0:
        kept.add(index)
        index = before[index]
    return [index for index in range(len(places)) if index not in kept]
