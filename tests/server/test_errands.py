"""What the core asks for: how much of it is under way at once, and what comes of it."""

from __future__ import annotations

import contextlib
import re
import resource
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from tests.server.rig import running
from trio_chat.core.inputs import NOBODY, Completed, Input
from trio_chat.core.questions import Answer, Page, Place, Question, Wanted
from trio_chat.core.requests import (
    Administered,
    AwaitSent,
    AwaitStored,
    BeginScram,
    CheckLogin,
    CheckPassword,
    HashPassword,
    LookUp,
    Reload,
    Request,
    SendMail,
)
from trio_chat.core.secrets import Mailed, Offer
from trio_chat.journal import Journal, JournalError, NoJournal, TooSlowError
from trio_chat.journal.readers import AT_ONCE
from trio_chat.server.connection import Connection
from trio_chat.server.errands import Errands
from trio_chat.server.meters import Meters
from trio_chat.server.passwords import make


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
        self.meters = Meters()
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
        errands = Errands(asker, journal, nursery, _nothing, lambda _: None, tuple)
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


# --- What goes wrong


class Odd(NoJournal):
    """A journal that answers every question with this, or raises it."""

    def __init__(self, found: Answer | Exception) -> None:
        self.found = found

    async def answer(self, question: Question) -> Answer:
        await trio.lowlevel.checkpoint()
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Counter:
    """Who sends on errands: notes what comes back, and what is counted."""

    is_unsealed = False

    def __init__(self, *, gone: bool = False) -> None:
        self.gone = gone
        self.meters = Meters()
        self.answered: list[Completed] = []
        self.counted: list[tuple[object, ...]] = []
        self.came = trio.Event()

    def has(self, connection: Connection) -> bool:
        return not self.gone

    async def put(self, item: Input) -> None:
        await trio.lowlevel.checkpoint()
        self.put_now(item)

    def put_now(self, item: Input) -> None:
        assert isinstance(item, Completed)
        self.answered.append(item)
        self.came.set()

    def count(self, event: str, reason: str, **details: object) -> None:
        self.counted.append((event, str(details.pop("host", reason)), *details.items()))

    def count_trouble(self, event: str, reason: str, **details: object) -> None:
        self.counted.append((event, reason))


async def sent(
    request: Request, sender: Counter, journal: Journal | None = None, *, left: bool = False
) -> Completed:
    """Send on an errand; return what comes back, once all its tasks have ended."""
    sender.came = trio.Event()
    async with running() as rig:
        al = await rig.irc("al")
        async with trio.open_nursery() as nursery:
            errands = Errands(
                sender, journal or NoJournal(), nursery, _nothing, lambda _: None, tuple
            )
            errands.send(request, None if left else al.connection)
            await sender.came.wait()
    return sender.answered[-1]


QUESTION = LookUp(id=1, user=1001, question=Wanted(place=Place("#a"), limit=1))
LOGIN = CheckLogin(id=1, user=1001, account="al", password="correct horse")
SCRAM = BeginScram(id=1, user=1001, account="al")
HASH = HashPassword(id=1, user=1001, password="correct horse")


@pytest.mark.parametrize("request_", [QUESTION, LOGIN, SCRAM, HASH])
async def test_whoever_has_left_is_answered_at_once(request_: Request) -> None:
    sender = Counter()
    assert await sent(request_, sender, left=True) == Completed(request=1, result=False)
    assert sender.counted == []


@pytest.mark.parametrize("request_", [QUESTION, LOGIN, SCRAM])
async def test_a_journal_that_can_not_be_read(request_: Request) -> None:
    sender = Counter()
    done = await sent(request_, sender, Odd(JournalError("disk I/O error")))
    assert done == Completed(request=1, result=False, detail="disk I/O error")
    assert sender.counted == [("could not read the journal", "disk I/O error")]


async def test_a_question_that_takes_too_long_is_no_trouble_and_a_secret_that_does_is() -> None:
    slow = Odd(TooSlowError("it takes too long"))
    sender = Counter()
    assert (await sent(QUESTION, sender, slow)).detail == "it takes too long"
    assert sender.counted == []
    assert (await sent(LOGIN, sender, slow)).detail == "it takes too long"
    assert sender.counted == [("could not read the journal", "it takes too long")]


@pytest.mark.parametrize("request_", [QUESTION, LOGIN, SCRAM])
async def test_what_is_in_the_file_and_can_not_be_understood_costs_one_answer(
    request_: Request,
) -> None:
    """Also of a secret: a later version may have written it."""
    sender = Counter()
    with capture_logs() as logs:
        done = await sent(request_, sender, Odd(ValueError("it has layout 2")))
    assert done == Completed(request=1, result=False, detail="Internal error")
    assert [entry["event"] for entry in logs] == ["a request could not be carried out"]
    assert logs[0]["what"] == type(request_).__name__
    assert sender.counted == []


async def test_history_is_not_read_while_something_is_where_it_must_not_be() -> None:
    sender = Counter()
    sender.is_unsealed = True
    done = await sent(QUESTION, sender, Odd(Page([], more=False)))
    assert done.detail == "the journal could not be written"


@pytest.mark.parametrize(("password", "right"), [("correct horse", True), ("wrong horse", False)])
async def test_a_login_is_right_or_counted(password: str, right: bool) -> None:
    sender = Counter()
    journal = Odd(make("correct horse"))
    request = msgspec.structs.replace(LOGIN, password=password)
    assert await sent(request, sender, journal) == Completed(request=1, result=right)
    assert sender.counted == (
        [] if right else [("wrong password", "10.0.0.1", ("account", LOGIN.account))]
    )


@pytest.mark.parametrize(
    ("about", "named"),
    [("OPER root", [("operator", "root")]), ("", [])],
    ids=["operator", "server"],
)
@pytest.mark.parametrize(("password", "right"), [("correct horse", True), ("wrong horse", False)])
async def test_a_password_of_the_configuration_is_right_or_counted(
    password: str, right: bool, about: str, named: list[tuple[str, str]]
) -> None:
    sender = Counter()
    hash = make("correct horse").hash
    request = CheckPassword(id=1, user=1001, about=about, hash=hash, password=password)
    assert await sent(request, sender) == Completed(request=1, result=right)
    assert sender.counted == ([] if right else [("wrong password", "10.0.0.1", *named)])


async def test_nothing_is_checked_for_nobody() -> None:
    sender = Counter(gone=True)
    journal = Odd(make("correct horse"))
    assert await sent(LOGIN, sender, journal) == Completed(request=1, result=False)
    assert (await sent(HASH, sender)).answer is None
    assert sender.counted == []


async def test_an_account_without_a_secret_is_nobodys() -> None:
    sender = Counter()
    assert await sent(LOGIN, sender, Odd(None)) == Completed(request=1, result=False)
    assert sender.counted == [("wrong password", "10.0.0.1", ("account", LOGIN.account))]
    offer = (await sent(SCRAM, sender, Odd(None))).answer
    assert isinstance(offer, Offer)
    assert offer.secret is None
    # RFC 5802, section 5.1: what may be in a nonce.
    assert re.fullmatch(r"[\x21-\x2b\x2d-\x7e]{32}", offer.nonce)
    again = (await sent(SCRAM, sender, Odd(None))).answer
    assert isinstance(again, Offer)
    assert again.nonce != offer.nonce


@contextlib.contextmanager
def little_memory() -> Iterator[None]:
    """Leave this process less memory than a check takes."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + (32 << 20), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("request_", [LOGIN, HASH])
async def test_where_there_is_no_memory_for_it_a_password_is_not_wrong(request_: Request) -> None:
    sender = Counter()
    journal = Odd(make("correct horse"))
    # The threads that it takes are there then.
    assert (await sent(request_, sender, journal)).result
    with little_memory():
        done = await sent(request_, sender, journal)
    assert done == Completed(request=1, result=False, detail="Memory allocation error")
    assert sender.counted == [("could not check a password", "Memory allocation error")]


async def test_a_mail_that_can_not_be_sent() -> None:
    request = SendMail(id=1, user=1001, command=("/nowhere/x",), account="al", address="al@x.org")
    sender = Counter()
    done = await sent(request, sender)
    said = "/nowhere/x can not be run: No such file or directory"
    assert done == Completed(request=1, result=False, detail=said)
    assert sender.counted == [("could not send mail", said)]


async def test_a_mail_that_is_sent_and_one_that_is_refused() -> None:
    sender = Counter()
    for command, is_sent in ((("true",), True), (("sh", "-c", "exit 67", "sh"), False)):
        request = SendMail(id=1, user=1001, command=command, account="al", address="al@x.org")
        done = await sent(request, sender)
        assert isinstance(done.answer, Mailed)
        assert (done.result, bool(done.answer.code)) == (is_sent, is_sent)
    assert sender.counted == []


async def test_what_is_released_and_what_is_administered_takes_no_task() -> None:
    sender = Counter()
    administered: list[Administered] = []
    async with trio.open_nursery() as nursery:
        errands = Errands(sender, NoJournal(), nursery, _nothing, administered.append, tuple)
        errands.send(AwaitStored(id=3, user=NOBODY, stored=False), None)
        errands.send(Administered(id=4, user=NOBODY, problem="No"), None)
        assert not nursery.child_tasks
    assert sender.answered == [Completed(request=3, result=False)]
    assert [(done.id, done.problem) for done in administered] == [(4, "No")]


async def test_a_reload_says_what_is_wrong() -> None:
    async def wrong() -> str:
        await trio.lowlevel.checkpoint()
        return "line 3: what is that?"

    sender = Counter()
    async with running() as rig, trio.open_nursery() as nursery:
        al = await rig.irc("al")
        for reload, problem in ((wrong, "line 3: what is that?"), (_nothing, "")):
            errands = Errands(sender, NoJournal(), nursery, reload, lambda _: None, tuple)
            sender.came = trio.Event()
            errands.send(Reload(id=1, user=al.connection.id), al.connection)
            await sender.came.wait()
            done = sender.answered[-1]
            assert done == Completed(request=1, result=not problem, detail=problem)


async def test_what_is_sent_is_waited_for() -> None:
    assert await sent(AwaitSent(id=1, user=1001), Counter()) == Completed(request=1, result=True)
