"""What came of what was asked about accounts, and why it can not be done, for every way to them.

Must not change anything.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from trio_chat.core import names, passwords
from trio_chat.core.accounts import Account, Accounts
from trio_chat.core.context import Context
from trio_chat.core.services import table
from trio_chat.core.settings import AccountPolicy
from trio_chat.core.state import User

_EMAIL_LIMIT = 254
"""Bytes of the longest address of mail (RFC 5321, section 4.5.3.1.3)."""
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f-\x9f]+@[^\s@\x00-\x1f\x7f-\x9f]+")
_NOT_FOR_US = re.compile(r"-|.*[<>()\[\],;:\\\"]")
"""What a program would take for an option, or a message for several addresses."""


class Problem(enum.Enum):
    """Why something was not done: as codes of standard-replies (draft/account-registration)."""

    ACCOUNT_EXISTS = "Account already exists"
    BAD_ACCOUNT_NAME = "Account name can not be a nickname"
    ACCOUNT_NAME_MUST_BE_NICK = "Your account name must be your nickname"
    WEAK_PASSWORD = "Password is too short"
    UNACCEPTABLE_PASSWORD = "Password is too long, or has a forbidden character"
    INVALID_EMAIL = "Nothing can be mailed to that address"
    UNACCEPTABLE_EMAIL = "That address can not be used here"
    INVALID_CODE = "Code is wrong, or was for a day only"
    NO_ACCOUNTS = "This server keeps no accounts"
    REGISTRATION_CLOSED = "Registration is closed"
    TEMPORARILY_UNAVAILABLE = "Could not be stored; try again later"
    NOT_CHECKED = "Could not be checked; try again later"
    WRONG = "Account or password is wrong"
    SUSPENDED = "Account is suspended"
    UNVERIFIED = "Account is not verified yet"
    TOO_MANY_ATTEMPTS = "Too many attempts"
    CERTIFICATE_IN_USE = "Certificate is another account's"
    TOO_MANY_ACCOUNTS = "Too many accounts from your address"


class Outcome(msgspec.Struct, frozen=True):
    """What came of it. Without a problem it is done, and stored; but who has made an account that
    is not verified has to do that yet (`verify`)."""

    problem: Problem | None = None
    wait: int = 0
    """In how many seconds it may be tried again."""
    account: Account | None = None

    @property
    def text(self) -> str:
        """A sentence without a stop, for who has asked."""
        if self.problem is None:
            return ""
        after = f"; try again in {_span(self.wait)}" if self.wait else ""
        return self.problem.value + after


def _span(seconds: int) -> str:
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{math.ceil(seconds / size)} {unit}"
    return f"{seconds} seconds"


Then: TypeAlias = Callable[[Outcome], None]
"""What is done with an outcome: it says what there is to say."""


def password_problem(policy: AccountPolicy, password: str) -> Problem | None:
    """Return why something can not be a password."""
    if len(password.encode()) > passwords.LIMIT:
        return Problem.UNACCEPTABLE_PASSWORD
    if len(password) < policy.password_min_length:
        return Problem.WEAK_PASSWORD
    return Problem.UNACCEPTABLE_PASSWORD if passwords.prepared(password) is None else None


def is_email(text: str) -> bool:
    """Whether something looks like an address of mail."""
    return _EMAIL.fullmatch(text) is not None


def email_problem(policy: AccountPolicy, email: str) -> Problem | None:
    """Return why something can not be the address of mail of an account; empty: there is none."""
    if not email and not policy.require_email:
        return None
    if len(email.encode()) > _EMAIL_LIMIT or _EMAIL.fullmatch(email) is None:
        return Problem.INVALID_EMAIL
    return Problem.UNACCEPTABLE_EMAIL if _NOT_FOR_US.match(email) else None


def new_name_problem(there: Accounts, name: str, limit: int) -> Problem | None:
    """Return why no account of this name can be made, whoever it is for; `limit` is that of
    nicknames, in characters."""
    nickname = names.nickname(name, limit)
    if nickname is None or table.is_reserved(nickname):
        return Problem.BAD_ACCOUNT_NAME
    if there.owner(nickname) is not None or there.is_coming(nickname):
        return Problem.ACCOUNT_EXISTS
    return None


def name_problem(ctx: Context, user: User, name: str) -> Problem | None:
    """Return why a user can not make an account of this name: it has to be their nickname."""
    limit = ctx.settings.limits.nickname
    problem = new_name_problem(ctx.accounts, name, limit)
    if problem is None and names.key(name) != names.fold(user.nickname):
        return Problem.ACCOUNT_NAME_MUST_BE_NICK
    return problem
