"""Accounts as every way to them has them: made, logged in to, changed and dropped.

REGISTER, SASL, NickServ and people's commands all come here, and say in their own words what came
of it: an outcome, which is a value. Owns what is checked first, and that nobody is told that
something is done before it is stored.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from trio_chat.core import accounts, attempts, names
from trio_chat.core.accounts import Account
from trio_chat.core.context import Context
from trio_chat.core.entries import Change
from trio_chat.core.handlers import naming, presence
from trio_chat.core.inputs import Completed
from trio_chat.core.secrets import Secret
from trio_chat.core.settings import AccountPolicy
from trio_chat.core.state import User
from trio_chat.wire.text import cut

PASSWORD_LIMIT = 300
"""Bytes of the longest password: it fits into a line, and into two of AUTHENTICATE."""


class Problem(enum.Enum):
    """Why something was not done: as codes of standard-replies (draft/account-registration)."""

    ACCOUNT_EXISTS = "Account already exists"
    BAD_ACCOUNT_NAME = "Account name can not be a nickname"
    ACCOUNT_NAME_MUST_BE_NICK = "Your account name must be your nickname"
    WEAK_PASSWORD = "Password is too short"
    UNACCEPTABLE_PASSWORD = "Password is too long, or has a forbidden character"
    NO_ACCOUNTS = "This server keeps no accounts"
    REGISTRATION_CLOSED = "Registration is closed"
    TEMPORARILY_UNAVAILABLE = "Could not be stored; try again later"
    WRONG = "Account or password is wrong"
    SUSPENDED = "Account is suspended"
    UNVERIFIED = "Account is not verified yet"
    TOO_MANY_ATTEMPTS = "Too many attempts"


class Outcome(msgspec.Struct, frozen=True):
    """What came of it. Without a problem it is done, and stored."""

    problem: Problem | None = None
    wait: int = 0
    """In how many seconds it may be tried again."""
    account: Account | None = None

    @property
    def text(self) -> str:
        """A sentence without a stop, for who has asked."""
        if self.problem is None:
            return ""
        after = f"; try again in {self.wait} seconds" if self.wait else ""
        return self.problem.value + after


Then: TypeAlias = Callable[[Outcome], None]
"""What is done with an outcome: it says what there is to say."""


def password_problem(policy: AccountPolicy, password: str) -> Problem | None:
    """Return why something can not be a password."""
    if len(password) < policy.password_min_length:
        return Problem.WEAK_PASSWORD
    if len(password.encode()) > PASSWORD_LIMIT or any(c in password for c in "\0\r\n"):
        return Problem.UNACCEPTABLE_PASSWORD
    return None


def name_problem(ctx: Context, user: User, name: str) -> Problem | None:
    """Return why a user can not make an account of this name: it has to be their nickname."""
    nickname = names.nickname(name, ctx.settings.limits.nickname)
    if nickname is None:
        return Problem.BAD_ACCOUNT_NAME
    if ctx.accounts.owner(nickname) is not None or ctx.accounts.is_changing(nickname):
        return Problem.ACCOUNT_EXISTS
    if names.fold(nickname) != names.fold(user.nickname):
        return Problem.ACCOUNT_NAME_MUST_BE_NICK
    return None


def create(
    ctx: Context, user: User, name: str, password: str, then: Then, *, email: str = ""
) -> None:
    """Make an account for a user, and log them in to it."""
    policy = ctx.settings.accounts
    problem = Problem.NO_ACCOUNTS
    if policy is not None:
        found = name_problem(ctx, user, name) or password_problem(policy, password)
        if policy.registration == "closed":
            found = Problem.REGISTRATION_CLOSED
        if found is None:
            name = names.nickname(name, ctx.settings.limits.nickname) or name
            account = Account(name=name, registered_at=ctx.now, email=email)
            _create(ctx, user, account, password, then)
            return
        problem = found
    then(Outcome(problem))


def _create(ctx: Context, user: User, account: Account, password: str, then: Then) -> None:
    def hashed(done: Completed) -> None:
        # Somebody else may have been faster.
        problem = name_problem(ctx, user, account.name)
        if problem is not None or not isinstance(done.answer, Secret):
            then(Outcome(problem or Problem.TEMPORARILY_UNAVAILABLE))
            return
        store(ctx, user, account, accounts.kept(account, done.answer), stored)

    def stored(outcome: Outcome) -> None:
        if outcome.problem is None:
            log_in(ctx, user, account)
        then(outcome)

    ctx.hash_password(user, password, hashed)


def store(
    ctx: Context, user: User | None, account: Account, changes: Sequence[Change], then: Then
) -> None:
    """Have an account be as this says, once `changes` are stored. Without a user it is whoever runs
    the server who has asked for it."""
    _commit(ctx, user, account.name, changes, lambda: ctx.accounts.put(account), then)


def drop(ctx: Context, user: User | None, account: Account, then: Then, *, why: str = "") -> None:
    """Do away with an account; whoever is logged in to it is not any more, and is told `why`, if
    anything. Without a user it is whoever runs the server who has asked for it."""

    def gone() -> None:
        ctx.accounts.drop(account.name)
        log_all_out(ctx, account, why)

    _commit(ctx, user, account.name, accounts.gone(account), gone, then)


def _commit(
    ctx: Context,
    user: User | None,
    name: str,
    changes: Sequence[Change],
    apply: Callable[[], None],
    then: Then,
) -> None:
    if ctx.accounts.is_changing(name):
        then(Outcome(Problem.TEMPORARILY_UNAVAILABLE))
        return
    ctx.accounts.begin(name)

    def settle(stored: bool) -> None:
        ctx.accounts.end(name)
        if stored:
            apply()

    def resume(done: Completed) -> None:
        if done.result:
            then(Outcome(account=ctx.accounts.get(name)))
        else:
            then(Outcome(Problem.TEMPORARILY_UNAVAILABLE))

    ctx.commit(user, changes, settle, resume)


# --- Logging in


def obstacle(ctx: Context, account: Account | None) -> Problem | None:
    """Return what keeps the owner of an account from logging in."""
    if account is None:
        return Problem.WRONG
    if account.suspended is not None:
        return Problem.SUSPENDED
    return None if account.is_verified else Problem.UNVERIFIED


def turned_away(ctx: Context, user: User, account: str) -> Outcome | None:
    """Count an attempt to prove something about an account (its key; empty: about none); return
    that there were too many of them, if so."""
    limit = _limit(ctx)
    address = attempts.origin(user.address)
    wait = ctx.attempts.wait(address, account, now=ctx.monotonic, limit=limit)
    if wait > 0:
        return Outcome(Problem.TOO_MANY_ATTEMPTS, wait=math.ceil(wait))
    ctx.attempts.begin(address, account, now=ctx.monotonic, limit=limit)
    return None


def was_right(ctx: Context, user: User, account: str) -> None:
    """Note that what was proved was right, so that it does not count."""
    address = attempts.origin(user.address)
    ctx.attempts.right(address, account, now=ctx.monotonic, limit=_limit(ctx))


def _limit(ctx: Context) -> int:
    return (ctx.settings.accounts or AccountPolicy()).attempts


def log_in_with_password(ctx: Context, user: User, name: str, password: str, then: Then) -> None:
    """Log a user in to an account, if the password is right."""
    account = ctx.accounts.get(name)
    away = turned_away(ctx, user, names.key(name))
    if away is not None:
        then(away)
        return
    if account is None or len(password.encode()) > PASSWORD_LIMIT:
        then(Outcome(Problem.WRONG))
        return

    def checked(done: Completed) -> None:
        # It may have been changed meanwhile.
        found = ctx.accounts.get(name)
        if not done.result:
            then(Outcome(Problem.TEMPORARILY_UNAVAILABLE if done.detail else Problem.WRONG))
            return
        was_right(ctx, user, names.key(name))
        problem = obstacle(ctx, found)
        if problem is None and found is not None:
            log_in(ctx, user, found)
        then(Outcome(problem, account=found))

    ctx.check_login(user, account, password, checked)


def log_in(ctx: Context, user: User, account: Account) -> None:
    """Have a user be logged in to an account, with its nickname."""
    presence.change_account(ctx, user, account.name)
    naming.claim(ctx, user)


def log_out(ctx: Context, user: User) -> None:
    """Have a user be logged in to no account, and without the nickname of that."""
    presence.change_account(ctx, user, "")
    if user.registration is None and naming.is_reserved(ctx, user, user.nickname):
        naming.evict(ctx, user)


def log_all_out(ctx: Context, account: Account, why: str) -> None:
    """Have nobody be logged in to an account any more, and tell who was `why`, if anything."""
    for client in list(ctx.state.accounts.get(account.key, ())):
        if why and client.plain:
            ctx.tell(client, f"{why}.")
        elif why:
            ctx.notice(client, cut(why, ctx.room(client, "NOTICE")))
        log_out(ctx, client)
