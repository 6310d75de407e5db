"""What accounts and rooms have to be like: what was changed with success, and what may have been.

Pure. A change that was answered with success is there from then on. One that was asked for and not
answered is there as a whole or not at all, and not without those that were asked for before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

EXAMPLES = 5
"""How many faults are told one by one."""


KINDS = ("account", "room", "access", "topic", "ban")
"""Of things: what others are about comes first."""


class Thing(NamedTuple):
    """Something about an account or a room that can be one way or another."""

    kind: str
    """`account`, whose password it is; `room`, whose founder it is; and what is set there."""
    name: str
    """The account's, or the room's."""
    detail: str = ""
    """Whose access, or the mask of the ban."""


class Change(NamedTuple):
    """A change that is made as a whole."""

    kind: str
    """What it does, in a word or two."""
    line: str
    """What asks for it."""
    success: tuple[str, ...]
    """What says that it is made, and nothing else does."""
    values: Mapping[Thing, str]
    """What is so after it; empty: it is not there any more."""


class Changes(msgspec.Struct, kw_only=True):
    """What has come of all changes."""

    acknowledged: int = 0
    """Changes that were answered with success."""
    kinds: dict[str, int] = msgspec.field(default_factory=dict)
    """How many of which kind they were."""
    undecided: int = 0
    """Changes that the server was killed before it answered."""
    missing: int = 0
    """What was acknowledged, and is not so."""
    altered: int = 0
    """What nobody has asked for; or changes not answered that are there in part, or without those
    before them."""
    examples: list[str] = msgspec.field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.missing or self.altered)

    def tell(self, what: str) -> None:
        """Note an example of a fault."""
        if len(self.examples) < EXAMPLES:
            self.examples.append(what)


class Book:
    """What one client believes of the accounts and rooms that are its own, and nobody else's."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.state: dict[Thing, str] = {}
        """What is so; of what has been there once and is not any more: empty."""
        self.under_way: list[Change] = []
        """What was asked for, in order, and not answered."""
        self.touched: set[Thing] = set()
        """What was to be changed since it was looked at last."""

    def ask(self, change: Change) -> None:
        """Note that a change is asked for."""
        self.under_way.append(change)
        self.touched.update(change.values)

    def succeed(self) -> None:
        """Note that the first of what is under way was answered with success."""
        change = self.under_way.pop(0)
        self.state |= change.values
        changes = self.changes
        changes.acknowledged += 1
        changes.kinds[change.kind] = changes.kinds.get(change.kind, 0) + 1

    def planned(self) -> dict[Thing, str]:
        """Return what is so when everything has been done that is under way."""
        return self._after(self.under_way)

    def possible(self, thing: Thing) -> list[str]:
        """Return what something may be, the latest first."""
        values = [self.state.get(thing, "")]
        values += [change.values[thing] for change in self.under_way if thing in change.values]
        return list(dict.fromkeys(reversed(values)))

    def names(self, kind: str) -> list[str]:
        """Return the accounts or rooms that have ever been asked for."""
        things = [*self.state, *(thing for change in self.under_way for thing in change.values)]
        return list(dict.fromkeys(thing.name for thing in things if thing.kind == kind))

    def compare(self, found: Mapping[Thing, str]) -> None:
        """Count what is wrong with what was found, which is all there is; it is taken as it is."""
        changes = self.changes
        changes.undecided += len(self.under_way)
        there = _there(found)
        if all(_there(self._after(self.under_way[:n])) != there for n in self._counts()):
            faults = 0
            for thing in sorted({*self.planned(), *there}, key=_order):
                value = there.get(thing, "")
                possible = self.possible(thing)
                if value in possible:
                    continue
                faults += 1
                asked = thing in self.state
                changes.missing += asked
                changes.altered += not asked
                what = "missing" if asked else "altered"
                changes.tell(f"{what}: {_name(thing)} is {value!r}, not {' or '.join(possible)!r}")
            if not faults:
                changes.altered += 1
                lines = "; ".join(change.line for change in self.under_way)
                changes.tell(f"altered: there in part, or not in order: {lines}")
        self.state = dict.fromkeys(self.planned(), "") | there
        self.under_way.clear()
        self.touched.clear()

    def _counts(self) -> range:
        return range(len(self.under_way) + 1)

    def _after(self, changes: Iterable[Change]) -> dict[Thing, str]:
        state = dict(self.state)
        for change in changes:
            state |= change.values
        return state


def _there(values: Mapping[Thing, str]) -> dict[Thing, str]:
    return {thing: value for thing, value in values.items() if value}


def _order(thing: Thing) -> tuple[int, Thing]:
    return KINDS.index(thing.kind), thing


def _name(thing: Thing) -> str:
    return " ".join(part for part in thing if part)
