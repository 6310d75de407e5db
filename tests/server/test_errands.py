"""What the core asks for: how much of it is under way at once."""

from __future__ import annotations

import trio
import trio.testing

from tests.server.rig import running
from trio_chat.core.inputs import Completed, Input
from trio_chat.core.output import LookUp
from trio_chat.core.questions import Answer, Page, Place, Question, Wanted
from trio_chat.journal import NoJournal
from trio_chat.journal.readers import AT_ONCE
from trio_chat.server.connection import Connection
from trio_chat.server.errands import Errands


class Slow(NoJournal):
    """A journal that answers a question for each time that it is let."""

    def __init__(self) -> None:
        self.let = trio.Semaphore(0)
        self.asked = 0

    async def answer(self, question: Question) -> Answer:
        self.asked += 1
        await self.let.acquire()
        return Page([], more=False)


class Asker:
    """Who sends on errands: notes which come back."""

    is_unsealed = False

    def __init__(self) -> None:
        self.answered: list[int] = []

    def has(self, connection: Connection) -> bool:
        return True

    async def put(self, item: Input) -> None:
        await trio.lowlevel.checkpoint()
        self.put_now(item)

    def put_now(self, item: Input) -> None:
        assert isinstance(item, Completed)
        assert item.result
        self.answered.append(item.request)

    def count(self, event: str, reason: str, **details: object) -> None:
        raise AssertionError(reason)

    count_trouble = count


async def _nothing() -> str:
    await trio.lowlevel.checkpoint()
    return ""


async def test_however_many_ask_few_tasks_look(autojump_clock: trio.abc.Clock) -> None:
    """Everybody who joins asks; a task for each would be most of what they cost in memory."""
    journal, asker = Slow(), Asker()
    async with running() as rig, trio.open_nursery() as nursery:
        al = await rig.irc("al")
        errands = Errands(asker, journal, nursery, _nothing, lambda _: None)
        # Again when all have been answered: then nobody is left who would look.
        for times in range(2):
            for id in range(100):
                question = Wanted(place=Place("#a"), limit=1)
                request = LookUp(id=id, user=al.connection.id, question=question)
                errands.send(request, al.connection)
            await trio.testing.wait_all_tasks_blocked()
            assert len(nursery.child_tasks) == AT_ONCE
            assert journal.asked == 100 * times + AT_ONCE
            for _ in range(100):
                journal.let.release()
                await trio.testing.wait_all_tasks_blocked()
            assert not nursery.child_tasks
            assert asker.answered == list(range(100))
            asker.answered.clear()
