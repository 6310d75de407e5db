"""Work that takes time: requests that go out, and what is done with what comes back.

Until a request is answered its user's further lines wait, so that answers come in order. Owns the
requests that are under way; what they are is said in `output.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from trio_chat.core import names
from trio_chat.core.accounts import Account
from trio_chat.core.answers import Answer, Answers
from trio_chat.core.entries import Change
from trio_chat.core.inputs import NOBODY, Completed
from trio_chat.core.output import Output
from trio_chat.core.questions import Question
from trio_chat.core.requests import (
    AwaitSent,
    AwaitStored,
    BeginScram,
    CheckLogin,
    CheckPassword,
    HashPassword,
    LookUp,
    Reload,
    SendMail,
    TakeStock,
)
from trio_chat.core.state import User


class Pending:
    """A request under way: what to do with its result, and whose answer that belongs to."""

    __slots__ = ("answer", "is_page", "resume", "user")

    def __init__(
        self, user: User, resume: Callable[[Completed], None], answer: Answer | None
    ) -> None:
        self.user = user
        self.resume = resume
        self.answer = answer
        self.is_page = False
        """Whether what follows is a page, which has to wait where a step has no time for it."""


class Requesting:
    """Sends requests, with the output of the step, and notes whose answers they belong to."""

    def __init__(self, output: Output, answers: Answers) -> None:
        self.output = output
        self.answers = answers
        self.pending: dict[int, Pending] = {}
        """Requests under way."""
        self.storing: dict[int, Callable[[bool], None]] = {}
        """What to do, by request, once it is known whether something has been stored, or proved."""
        self.replies = 0
        """What the user at hand has been sent since the last look at `page_size`."""
        self._requests = 0

    def check_password(
        self,
        user: User,
        hash: str,
        password: str,
        resume: Callable[[Completed], None],
        *,
        about: str = "",
    ) -> int:
        """Have a password checked; `resume` is called with the result. `about` is what it is for,
        as it is counted. Return the request."""
        id = self.begin_request(user, resume)
        self.output.request(
            CheckPassword(id=id, user=user.id, about=about, hash=hash, password=password)
        )
        return id

    def hash_password(self, user: User, password: str, resume: Callable[[Completed], None]) -> None:
        """Have a `Secret` made of a password; `resume` is called with it."""
        id = self.begin_request(user, resume)
        self.output.request(HashPassword(id=id, user=user.id, password=password))

    def check_login(
        self, user: User, account: Account, password: str, resume: Callable[[Completed], None]
    ) -> int:
        """Have it found out whether a password is that of an account. Return the request."""
        id = self.begin_request(user, resume)
        self.output.request(CheckLogin(id=id, user=user.id, account=account.key, password=password))
        return id

    def begin_scram(self, user: User, account: str, resume: Callable[[Completed], None]) -> None:
        """Have it found what SCRAM needs to begin; `resume` is called with an `Offer`."""
        id = self.begin_request(user, resume)
        self.output.request(BeginScram(id=id, user=user.id, account=names.fold(account)))

    def mail(
        self,
        user: User,
        command: tuple[str, ...],
        account: Account,
        resume: Callable[[Completed], None],
    ) -> None:
        """Have a code mailed to the owner of an account; `resume` is called with `Mailed`."""
        id = self.begin_request(user, resume)
        self.output.request(
            SendMail(
                id=id, user=user.id, command=command, account=account.name, address=account.email
            )
        )

    def commit(
        self,
        user: User | None,
        changes: Iterable[Change],
        settle: Callable[[bool], None],
        resume: Callable[[Completed], None],
        *,
        apart: bool = False,
    ) -> None:
        """Have changes stored for which a user has asked, or else whoever runs the server, and that
        are in force from then on.

        `settle` is called with whether they are stored, whoever is still there, and makes it so;
        then `resume`, if the user is: for the answer. `apart`: that is no part of the answer to the
        command at hand.
        """
        self.output.records += changes
        if user is None:
            self._requests = id = self._requests + 1

            def settle_and_resume(stored: bool) -> None:
                settle(stored)
                resume(Completed(request=id, result=stored))

            self.storing[id] = settle_and_resume
            self.output.request(AwaitStored(id=id, user=NOBODY))
            return
        id = self.begin_request(user, resume, apart=apart)
        self.storing[id] = settle
        self.output.request(AwaitStored(id=id, user=user.id))

    def look_up(
        self,
        user: User,
        question: Question,
        resume: Callable[[Completed], None],
        *,
        apart: bool = False,
    ) -> None:
        """Ask the history; `resume` is called with the answer, or with why there is none.

        `apart`: what follows from that is no part of the answer to the command at hand.
        """
        id = self.begin_request(user, resume, apart=apart)
        self.output.request(LookUp(id=id, user=user.id, question=question))

    def reload(self, user: User, resume: Callable[[Completed], None]) -> None:
        """Have the configuration read again; `resume` is called when that is done."""
        id = self.begin_request(user, resume)
        self.output.request(Reload(id=id, user=user.id))

    def take_stock(self, user: User, resume: Callable[[Completed], None]) -> None:
        """Have looked at what the server does; `resume` is called with lines that say it."""
        id = self.begin_request(user, resume)
        self.output.request(TakeStock(id=id, user=user.id))

    def await_sent(self, user: User, resume: Callable[[Completed], None]) -> None:
        """Call `resume` when the user has taken what was sent so far."""
        self.replies = 0
        id = self.begin_request(user, resume)
        self.pending[id].is_page = True
        self.output.request(AwaitSent(id=id, user=user.id))

    def begin_request(
        self, user: User, resume: Callable[[Completed], None], *, apart: bool = False
    ) -> int:
        """Note a request. Until it is answered the user's lines wait: answers come in order."""
        self._requests += 1
        user.requests += 1
        if user.deferred is None:
            user.deferred = []
        if not user.held:
            self.output.read(user, on=False)
        answer = self.answers.current if self.answers.labelled(user) and not apart else None
        if answer is not None:
            answer.requests += 1
        self.pending[self._requests] = Pending(user, resume, answer)
        return self._requests
