"""What the core asks for and what takes time: each is a task, and comes back as an input.

Owns what is done for a request, and what becomes of it when its user has left: the core waits for
the answer to every one.
"""

from __future__ import annotations

import collections
import secrets
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
import trio

from trio_chat.core.inputs import Completed, Input
from trio_chat.core.output import (
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
from trio_chat.core.passwords import prepared
from trio_chat.core.questions import SecretOf
from trio_chat.core.secrets import Mailed, Offer, Secret
from trio_chat.journal import Journal, JournalError, TooSlowError
from trio_chat.journal.readers import AT_ONCE
from trio_chat.server.connection import Connection
from trio_chat.server.mail import Mail, MailError
from trio_chat.server.passwords import Passwords

log = structlog.get_logger()

_NONCE = 24
"""Bytes of a nonce (RFC 5802, section 5.1)."""


class Sender(Protocol):
    """Who sends on errands, and is brought the answers."""

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
    with it; `on_administered` takes answers to whoever runs the server."""

    def __init__(
        self,
        sender: Sender,
        journal: Journal,
        nursery: trio.Nursery,
        on_reload: Callable[[], Awaitable[str]],
        on_administered: Callable[[Administered], None],
    ) -> None:
        self._sender = sender
        self._journal = journal
        self._nursery = nursery
        self._on_reload = on_reload
        self._on_administered = on_administered
        self._passwords = Passwords()
        self._mail = Mail()
        self._questions: collections.deque[LookUp] = collections.deque()
        """Those whose turn has not come."""
        self._asking = 0
        """How many tasks take them from there. Whoever joins asks, so thousands can at once: a task
        for each would be most of what they cost in memory."""

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
        elif isinstance(request, CheckPassword):
            start(self._check, request, connection)
        elif isinstance(request, AwaitSent):
            start(self._await_sent, request, connection)
        elif isinstance(request, LookUp):
            self._questions.append(request)
            if self._asking < AT_ONCE:
                self._asking += 1
                start(self._look_up_all)
        elif isinstance(request, HashPassword):
            start(self._hash, request, connection)
        elif isinstance(request, CheckLogin):
            start(self._check_login, request, connection)
        elif isinstance(request, BeginScram):
            start(self._begin_scram, request)
        elif isinstance(request, SendMail):
            start(self._send_mail, request)
        else:
            start(self._reload, request)

    async def _check(self, request: CheckPassword, connection: Connection) -> None:
        result = await self._passwords.check(
            request.hash, request.password, wanted=lambda: self._sender.has(connection)
        )
        if result is False:
            self._sender.count("wrong password", "Wrong password", host=connection.host)
        await self._sender.put(Completed(request=request.id, result=bool(result)))

    async def _hash(self, request: HashPassword, connection: Connection) -> None:
        secret = await self._passwords.make(
            request.password, wanted=lambda: self._sender.has(connection)
        )
        await self._sender.put(
            Completed(request=request.id, result=secret is not None, answer=secret)
        )

    async def _check_login(self, request: CheckLogin, connection: Connection) -> None:
        try:
            secret = await self._secret_of(request)
        except JournalError:
            return
        result = secret is not None and await self._passwords.check(
            secret.hash,
            prepared(request.password) or request.password,
            wanted=lambda: self._sender.has(connection),
        )
        if result is False:
            self._sender.count("wrong password", "Wrong password", host=connection.host)
        await self._sender.put(Completed(request=request.id, result=bool(result)))

    async def _begin_scram(self, request: BeginScram) -> None:
        try:
            secret = await self._secret_of(request)
        except JournalError:
            return
        offer = Offer(secret, secrets.token_urlsafe(_NONCE))
        await self._sender.put(Completed(request=request.id, result=True, answer=offer))

    async def _send_mail(self, request: SendMail) -> None:
        try:
            code = await self._mail.send_code(
                request.command, account=request.account, address=request.address
            )
        except MailError as error:
            self._sender.count_trouble("could not send mail", str(error))
            await self._sender.put(Completed(request=request.id, result=False, detail=str(error)))
            return
        await self._sender.put(
            Completed(request=request.id, result=bool(code), answer=Mailed(code))
        )

    async def _secret_of(self, request: CheckLogin | BeginScram) -> Secret | None:
        """Return what proves who owns an account. Where it can not be read the request is answered
        with that, and `JournalError` raised."""
        try:
            found = await self._journal.answer(SecretOf(request.account))
        except JournalError as error:
            self._sender.count_trouble("could not read the journal", str(error))
            await self._sender.put(Completed(request=request.id, result=False, detail=str(error)))
            raise
        assert found is None or isinstance(found, Secret)
        return found

    async def _await_sent(self, request: AwaitSent, connection: Connection) -> None:
        await connection.outbox.wait_emptied()
        await self._sender.put(Completed(request=request.id, result=True))

    async def _look_up_all(self) -> None:
        while self._questions:
            await self._look_up(self._questions.popleft())
        self._asking -= 1

    async def _look_up(self, request: LookUp) -> None:
        try:
            if self._sender.is_unsealed:
                raise JournalError("the journal could not be written")
            answer = await self._journal.answer(request.question)
        except JournalError as error:
            if not isinstance(error, TooSlowError):
                self._sender.count_trouble("could not read the journal", str(error))
            done = Completed(request=request.id, result=False, detail=str(error))
        except Exception:
            # Ours, or what is in the file: it costs whoever has asked the answer.
            log.exception("a question could not be answered", user=request.user)
            done = Completed(request=request.id, result=False, detail="Internal error")
        else:
            done = Completed(request=request.id, result=True, answer=answer)
        await self._sender.put(done)

    async def _reload(self, request: Reload) -> None:
        fault = await self._on_reload()
        await self._sender.put(Completed(request=request.id, result=not fault, detail=fault))
