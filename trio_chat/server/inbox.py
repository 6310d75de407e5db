"""The hub's inbox: what has come in and waits for the next tick.

Owns the inputs in the order in which they came, and who waits for some, or for room. Must not know
what they mean, who brings them, or what is done with them.

Invariants: nothing is dropped, and nothing overtakes anything; `put` keeps the bound, the poller
looks at it before each read, and what else comes through `put_now` comes once for each connection,
request or deadline.
"""

from __future__ import annotations

import trio

from trio_chat.core.inputs import Input, Received

INPUTS = 2048
"""Inputs that wait, at most. Each is at most what one read brings."""
LINES = 16_384
"""Lines that wait, at most, in all inputs: a read may bring thousands."""


class Inbox:
    """Inputs on their way to the hub: many put, one takes."""

    __slots__ = ("_enough", "_inputs", "_lines", "_room", "_taker")

    def __init__(self) -> None:
        self._inputs: list[Input] = []
        self._lines = 0
        self._enough = 0
        """With how many inputs the hub is woken."""
        self._taker: trio.lowlevel.Task | None = None
        """The hub's task, while it sleeps until there are so many."""
        self._room: trio.Event | None = None

    @property
    def inputs(self) -> int:
        """How many inputs wait."""
        return len(self._inputs)

    @property
    def lines(self) -> int:
        """How many lines wait, an input without any counting as one."""
        return self._lines

    @property
    def full(self) -> bool:
        """Whether what may wait should."""
        return len(self._inputs) >= INPUTS or self._lines >= LINES

    # --- For those who put

    def put_now(self, item: Input) -> None:
        """Put an input, whether or not there is room."""
        self._inputs.append(item)
        self._lines += _size(item)
        if self._taker is not None and len(self._inputs) >= self._enough:
            trio.lowlevel.reschedule(self._taker)
            self._taker = None

    async def put(self, item: Input) -> None:
        """Put an input: at once where there is room, else as soon as there is."""
        if self.full:
            await self.wait_room()
        self.put_now(item)

    async def wait_room(self) -> None:
        """Wait until there is room."""
        await trio.lowlevel.checkpoint()
        while self.full:
            if self._room is None:
                self._room = trio.Event()
            await self._room.wait()

    # --- For the hub

    async def wait_filled(self, enough: int = 1) -> None:
        """Wait until at least so many inputs wait. For one task at a time."""
        if len(self._inputs) >= enough:
            await trio.lowlevel.checkpoint()
            return
        # An event for each tick would cost more than some ticks do.
        self._taker, self._enough = trio.lowlevel.current_task(), enough
        await trio.lowlevel.wait_task_rescheduled(self._no_more)

    def _no_more(self, _: object) -> trio.lowlevel.Abort:
        self._taker = None
        return trio.lowlevel.Abort.SUCCEEDED

    def take(self, lines: int) -> list[Input]:
        """Return what waits, in order: all of it, or up to the input that reaches so many lines."""
        taken = self._inputs
        if self._lines <= lines:
            self._inputs, self._lines = [], 0
        else:
            count = size = 0
            while size < lines:
                size += _size(taken[count])
                count += 1
            self._inputs = taken[count:]
            self._lines -= size
            taken = taken[:count]
        if self._room is not None and not self.full:
            self._room.set()
            self._room = None
        return taken


def _size(item: Input) -> int:
    return len(item.lines) if type(item) is Received else 1
