"""What a step has brought about, on its way to those whom it concerns.

While what it has to be stored is being stored, whoever is shown none of that can have their part at
once: `split`. Owns which parts of the effects are whose. Must not know connections.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from trio_chat.core.core import Core
from trio_chat.core.feed import Chunk, View
from trio_chat.core.feed import Part as Slice
from trio_chat.core.inputs import Disconnected, Input, Received, ShutDown, UserId
from trio_chat.core.output import Close, Effects
from trio_chat.core.requests import Request

MANY = 64
"""Users who are sent something: from so many on it matters who is first."""


def in_turn(outputs: list[tuple[UserId, list[Chunk]]]) -> list[tuple[UserId, list[Chunk]]]:
    """Return what users are sent in the order in which to do it.

    Who has but been answered is not to wait until two thousand have been shown what was said in
    their room.
    """
    return sorted(outputs, key=_is_shared) if len(outputs) > MANY else outputs


def _is_shared(output: tuple[UserId, list[Chunk]]) -> bool:
    """Whether what somebody is sent begins with what others are shown as well."""
    return isinstance(output[1][0], View | Slice)


class Part:
    """What is to be done for some users, in this order."""

    __slots__ = ("closes", "finished", "moves", "outputs", "requests")

    def __init__(
        self,
        outputs: list[tuple[UserId, list[Chunk]]],
        requests: list[Request],
        closes: list[Close],
        moves: list[tuple[UserId, str]],
        finished: list[UserId],
    ) -> None:
        self.outputs = outputs
        self.requests = requests
        self.closes = closes
        self.moves = moves
        self.finished = finished
        """Whose connections have ended, and who have nothing more to do."""


class Step:
    """A step that was decided: its effects, of which what has been done is taken out."""

    __slots__ = ("effects", "farewell", "finished", "lines", "readers")

    def __init__(self, core: Core, inputs: Sequence[Input], effects: Effects) -> None:
        self.effects = effects
        self.readers = len(effects.outputs)
        """How many users are shown something."""
        self.farewell: str | None = None
        """Why all go who are still there, if they do."""
        self.finished: list[UserId] = []
        self.lines = 0
        """How many lines have come in."""
        for item in inputs:
            if type(item) is Received:
                self.lines += len(item.lines)
            elif type(item) is ShutDown:
                self.farewell = item.reason
            elif type(item) is Disconnected and not core.waits(item.user):
                # Who waits is let go by the core, once what they have waited for is there.
                self.finished.append(item.user)

    @property
    def has_records(self) -> bool:
        """Whether it has something to be stored, or had."""
        return bool(self.effects.records)

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left."""
        effects = self.effects
        return not (
            effects.records
            or effects.outputs
            or effects.requests
            or effects.closes
            or effects.moves
            or self.finished
            or self.farewell is not None
        )

    @property
    def weight(self) -> int:
        """How much there is of it, in units of some hundred bytes: what it shows to whom, and what
        it has to be stored."""
        return 1 + len(self.effects.outputs) + 4 * len(self.effects.records)

    def rest(self) -> Part:
        """Take out all that is left."""
        effects = self.effects
        part = Part(effects.outputs, effects.requests, effects.closes, effects.moves, self.finished)
        effects.outputs, effects.requests, effects.closes, effects.moves = [], [], [], []
        self.finished = []
        return part

    def split(self, blocked: Container[UserId]) -> Part:
        """Take out what is for others than these users."""
        whole = self.rest()
        effects = self.effects
        free = Part(
            [one for one in whole.outputs if one[0] not in blocked],
            [one for one in whole.requests if one.user not in blocked],
            [one for one in whole.closes if one[0] not in blocked],
            [one for one in whole.moves if one[0] not in blocked],
            [one for one in whole.finished if one not in blocked],
        )
        effects.outputs = [one for one in whole.outputs if one[0] in blocked]
        effects.requests = [one for one in whole.requests if one.user in blocked]
        effects.closes = [one for one in whole.closes if one[0] in blocked]
        effects.moves = [one for one in whole.moves if one[0] in blocked]
        self.finished = [one for one in whole.finished if one in blocked]
        return free
