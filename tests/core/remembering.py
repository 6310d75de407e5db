"""A world with a journal behind it: in SQLite, in memory, without its threads."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path

from tests.core.world import RECORDING, World
from tests.journal.rig import File, memory
from trio_chat.core.context import PAGE
from trio_chat.core.inputs import Completed, Input
from trio_chat.core.output import Effects
from trio_chat.core.requests import LookUp, Request
from trio_chat.core.settings import Settings
from trio_chat.journal.errors import JournalError
from trio_chat.journal.readers import Deadline
from trio_chat.journal.store import look_up


class Remembering(World):
    """What happens is stored before it is shown, and what is asked of it is answered."""

    def __init__(self, settings: Settings | None = None, *, page: int = PAGE) -> None:
        with tempfile.TemporaryDirectory() as directory:
            self.file = File(Path(directory) / "journal.db", connect=memory)
        weakref.finalize(self, self.file.close)
        self.readable = self.writable = True
        self.waiting = False
        """Whether questions wait until `answer` is called."""
        super().__init__(settings or RECORDING, page=page)

    def turn(self, inputs: Iterable[Input]) -> Effects:
        effects = super().turn(inputs)
        if effects.records and not self.writable:
            self.core.withhold(effects)
        elif effects.records:
            self.file.store(*effects.records, number=effects.number)
            self.file.settle()
        return effects

    def step(self, *inputs: Input) -> dict[str, list[str]]:
        found = super().step(*inputs)
        while not self.waiting and any(isinstance(one, LookUp) for one in self.requests):
            self._add(found, self._answer())
        return found

    def answer(self, *, stored: bool = True) -> dict[str, list[str]]:
        """Answer the questions that wait, and what they lead to; `stored`: whether that can be
        stored which follows from it."""
        self.waiting = False
        self.writable = stored
        found = self._answer()
        self._add(found, self.step())
        self.writable = True
        return found

    def _answer(self) -> dict[str, list[str]]:
        asked = [one for one in self.requests if isinstance(one, LookUp)]
        self.requests = [one for one in self.requests if not isinstance(one, LookUp)]
        return super().step(*map(self.done, asked))

    def done(self, request: Request) -> Completed:
        """Have a question answered."""
        assert isinstance(request, LookUp)
        try:
            if not self.readable:
                raise JournalError("it can not be read")
            answer = look_up(self.file.connection, Deadline(60), request.question)
        except JournalError as error:
            return Completed(request=request.id, result=False, detail=str(error))
        return Completed(request=request.id, result=True, answer=answer)

    @staticmethod
    def _add(found: dict[str, list[str]], more: dict[str, list[str]]) -> None:
        for name, lines in more.items():
            found.setdefault(name, []).extend(lines)
