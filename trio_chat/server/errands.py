"""What the core asks for and what takes time: each is a task, and comes back as an input.

Owns what is done for a request, and what becomes of it when its user has left: the core waits for
the answer to every one.
"""

from __future__ import annotations

import collections
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Protocol

import structlog
import trio

from trio_chat.core.attempts import named
from trio_chat.core.inputs import Completed, Input, Report
from trio_chat.core.passwords import prepared
from trio_chat.core.questions import (
    Answer,
    Around,
    MarkerOf,
    Question,
    Search,
    SecretOf,
    Targets,
    Wanted,
)
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
    TakeStock,
)
from trio_chat.core.secrets import Mailed, Offer, Secret
from trio_chat.journal import Journal, JournalError, TooSlowError
from trio_chat.journal.readers import AT_ONCE
from trio_chat.server.connection import Connection
from trio_chat.server.mail import Mail, MailError
from trio_chat.server.meters import WRONG, Meters
from trio_chat.server.passwords import PasswordError, Passwords

log = structlog.get_logger()

_NONCE = 24
"""Bytes of a nonce (RFC 5802, section 5.1)."""
_ASKED: Mapping[type, str] = {
    Wanted: "page",
    Around: "page",
    Targets: "conversations",
    MarkerOf: "marker",
    SecretOf: "login",
    Search: "search",
}
"""What is asked of the history, as it is counted."""


class Sender(Protocol):
    """Who sends on errands, and is brought the answers."""

    @property
    def meters(self) -> Meters:
        """Where it is counted how long they take."""

    @property
    def is_unsealed(self) -> bool:
        """Whether history must not be read now (`Core.unsealed`)."""

    def has(self, connection: Connection) -> bool:
        """Whether the core may still send something to somebody."""

    async def put(self, item: Input) -> None:
        """Put an input into the inbox."""

    def put_now(self, item: Input) -> None:
        """Put an input into the inbox, whether or not that has room."""

    def count(self, event: str, reason: str, **details: object) -> None:
        """Count, and log, that something was refused."""

    def count_trouble(self, event: str, reason: str, **details: object) -> None:
        """Do the same with what whoever runs the server has to see to."""


class Errands:
    """Carries out requests. `on_reload` reads the configuration again, and returns what is wrong
    with it; `on_administered` takes answers to whoever runs the server; `report` returns what the
    server does."""

    def __init__(
        self,
        sender: Sender,
        journal: Journal,
        nursery: trio.Nursery,
        on_reload: Callable[[], Awaitable[str]],
        on_administered: Callable[[Administered], None],
        report: Callable[[], Report],
    ) -> None:
        self._sender = sender
        self._journal = journal
        self._nursery = nursery
        self._on_reload = on_reload
        self._on_administered = on_administered
        self._report = report
        self._passwords = Passwords()
        self._mail = Mail()
        self._questions: collections.deque[LookUp] = collections.deque()
        """Those whose turn has not come."""
        self._meters = sender.meters
        self._asking = 0
        """How many tasks take them from there. Whoever joins asks, so thousands can at once: a task
        for each would be most of what they cost in memory."""

    @property
    def waiting(self) -> int:
        """Questions to the history whose turn has not come."""
        return len(self._questions)

    def send(self, request: Request, connection: Connection | None) -> None:
        """Begin one, for somebody with this connection; None: they have left."""
        start = self._nursery.start_soon
        if isinstance(request, AwaitStored):
            # What is released has been stored, or has been said not to be.
            self._sender.put_now(Completed(request=request.id, result=request.stored))
        elif isinstance(request, Administered):
            self._on_administered(request)
        elif connection is None:
            # The core waits for the answer before it lets a user go.
            self._sender.put_now(Completed(request=request.id, result=False))
        elif isinstance(request, LookUp):
            self._questions.append(request)
            if self._asking < AT_ONCE:
                self._asking += 1
                start(self._look_up_all)
        else:
            start(self._carry_out, request, partial(self._do, request, connection))

    async def _do(self, request: Request, connection: Connection) -> Completed:
        if isinstance(request, CheckPassword):
            return await self._check(request, connection)
        if isinstance(request, AwaitSent):
            return await self._await_sent(request, connection)
        if isinstance(request, HashPassword):
            return await self._hash(request, connection)
        if isinstance(request, CheckLogin):
            return await self._check_login(request, connection)
        if isinstance(request, BeginScram):
            return await self._begin_scram(request)
        if isinstance(request, SendMail):
            return await self._send_mail(request)
        if isinstance(request, TakeStock):
            return await self._take_stock(request)
        assert isinstance(request, Reload)
        return await self._reload(request)

    async def _carry_out(
        self, request: Request, errand: Callable[[], Awaitable[Completed]]
    ) -> None:
        """Do something, and bring the answer. What goes wrong costs whoever has asked for it that
        answer, and nobody else anything."""
        try:
            done = await errand()
        except (JournalError, MailError, PasswordError) as error:
            # A question that takes too long is that of whoever asks it.
            if not (isinstance(error, TooSlowError) and isinstance(request, LookUp)):
                self._sender.count_trouble(_trouble(error), str(error))
            done = Completed(request=request.id, result=False, detail=str(error))
        except Exception:
            # Ours, or what is in the file.
            what = type(request).__name__
            log.exception("a request could not be carried out", what=what, user=request.user)
            done = Completed(request=request.id, result=False, detail="Internal error")
        await self._sender.put(done)

    async def _check(self, request: CheckPassword, connection: Connection) -> Completed:
        result = await self._passwords.check(
            request.hash, request.password, wanted=lambda: self._sender.has(connection)
        )
        return self._checked(request, result, connection)

    async def _hash(self, request: HashPassword, connection: Connection) -> Completed:
        secret = await self._passwords.make(
            request.password, wanted=lambda: self._sender.has(connection)
        )
        return Completed(request=request.id, result=secret is not None, answer=secret)

    async def _check_login(self, request: CheckLogin, connection: Connection) -> Completed:
        secret = await self._secret_of(request.account)
        result = secret is not None and await self._passwords.check(
            secret.hash,
            prepared(request.password) or request.password,
            wanted=lambda: self._sender.has(connection),
        )
        return self._checked(request, result, connection)

    def _checked(
        self, request: CheckPassword | CheckLogin, result: bool | None, connection: Connection
    ) -> Completed:
        if result is False:
            about = request.account if isinstance(request, CheckLogin) else request.about
            details = {"host": connection.host, **named(about)}
            self._sender.count(WRONG, "Wrong password", **details)
        return Completed(request=request.id, result=bool(result))

    async def _begin_scram(self, request: BeginScram) -> Completed:
        offer = Offer(await self._secret_of(request.account), secrets.token_urlsafe(_NONCE))
        return Completed(request=request.id, result=True, answer=offer)

    async def _send_mail(self, request: SendMail) -> Completed:
        code = await self._mail.send_code(
            request.command, account=request.account, address=request.address
        )
        return Completed(request=request.id, result=bool(code), answer=Mailed(code))

    async def _secret_of(self, account: str) -> Secret | None:
        """Return what proves who owns an account."""
        found = await self._ask(SecretOf(account))
        assert found is None or isinstance(found, Secret)
        return found

    async def _await_sent(self, request: AwaitSent, connection: Connection) -> Completed:
        await connection.outbox.wait_emptied()
        return Completed(request=request.id, result=True)

    async def _look_up_all(self) -> None:
        while self._questions:
            request = self._questions.popleft()
            await self._carry_out(request, partial(self._look_up, request))
        self._asking -= 1

    async def _look_up(self, request: LookUp) -> Completed:
        if self._sender.is_unsealed:
            raise JournalError("the journal could not be written")
        answer = await self._ask(request.question)
        return Completed(request=request.id, result=True, answer=answer)

    async def _ask(self, question: Question) -> Answer:
        """Ask the journal, and count how long that took."""
        began = time.perf_counter()
        try:
            return await self._journal.answer(question)
        except TooSlowError:
            self._meters.too_slow += 1
            raise
        finally:
            self._meters.history[_ASKED[type(question)]].observe(time.perf_counter() - began)

    async def _take_stock(self, request: TakeStock) -> Completed:
        await trio.lowlevel.checkpoint()
        return Completed(request=request.id, result=True, answer=self._report())

    async def _reload(self, request: Reload) -> Completed:
        fault = await self._on_reload()
        return Completed(request=request.id, result=not fault, detail=fault)


def _trouble(error: JournalError | MailError | PasswordError) -> str:
    if isinstance(error, MailError):
        return "could not send mail"
    if isinstance(error, PasswordError):
        return "could not check a password"
    return "could not read the journal"
