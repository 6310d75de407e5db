"""What is done to accounts while no server runs: as a server would do it, without listening.

A core is started on the journal, does that one thing, and what follows from it is stored: so it is
decided in one place, whether somebody can connect or not.
"""

from __future__ import annotations

import time
from pathlib import Path

from trio_chat.config import Config
from trio_chat.core.deeds import Deed
from trio_chat.core.inputs import Administer, Completed, Input
from trio_chat.core.requests import Administered, AwaitStored
from trio_chat.journal.errors import UnusableError
from trio_chat.journal.lock import JOURNAL
from trio_chat.server.storing import make_core, open_file


async def carry_out(config: Config, directory: Path, deed: Deed) -> str:
    """Do something in the directory of a server that does not run; return why it is not done, as a
    sentence without a stop; empty: it is, and stored.

    Raises `InUseError` where a server runs, and `JournalError` when it can not be read or written.
    """
    if not (directory / JOURNAL).exists():
        # Nobody is to find a new one where they have mistyped the name.
        raise UnusableError(f"there is no journal in {directory}")
    journal = open_file(config, directory)
    try:
        core = make_core(config, journal, monotonic=time.monotonic())
        inputs: list[Input] = [Administer(id=1, deed=deed)]
        answer: Administered | None = None
        while inputs or core.busy:
            effects = core.step(inputs, time.time(), monotonic=time.monotonic())
            if effects.failures:
                raise effects.failures[0]
            if effects.records:
                await journal.begin([(effects.number, effects.records)]).wait()
                core.stored(effects)
            inputs = []
            for request in effects.requests:
                if isinstance(request, AwaitStored):
                    inputs.append(Completed(request=request.id, result=True))
                elif isinstance(request, Administered):
                    answer = request
        # Every deed is answered, and what is not may not pass for done.
        assert answer is not None
        return answer.problem
    finally:
        await journal.aclose()
