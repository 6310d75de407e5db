"""Accounts as every way to them has them: made, logged in to, changed and dropped.

REGISTER, SASL, NickServ and people's commands all come here, and say in their own words what came
of it: an outcome, which is a value. Owns what is checked first, and that nobody is told that
something is done before it is stored.
"""

from __future__ import annotations

import hmac
import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from trio_chat.core import accounts, attempts, names, networks, passwords
from trio_chat.core.accounts import Account
from trio_chat.core.attempts import Rejected
from trio_chat.core.context import Context
from trio_chat.core.entries import Change
from trio_chat.core.handlers import founding, naming, presence, standings
from trio_chat.core.handlers.problems import (
    Outcome,
    Problem,
    Then,
    email_problem,
    name_problem,
    password_problem,
)
from trio_chat.core.inputs import Completed
from trio_chat.core.secrets import Mailed, Secret
from trio_chat.core.settings import AccountPolicy
from trio_chat.core.state import User
from trio_chat.wire.text import cut


def create(
    ctx: Context, user: User, name: str, password: str, then: Then, *, email: str = ""
) -> None:
    """Make an account for a user, and log them in to it; where it takes an address of mail, have a
    code mailed there instead, with which they can do so (`verify`)."""
    policy = ctx.settings.accounts
    if policy is None or policy.registration == "closed":
        then(Outcome(Problem.NO_ACCOUNTS if policy is None else Problem.REGISTRATION_CLOSED))
        return
    problem = (
        name_problem(ctx, user, name)
        or password_problem(policy, password)
        or email_problem(policy, email)
    )
    if problem is not None:
        then(Outcome(problem))
        return
    address, limit = attempts.origin(user.address), policy.per_address
    wait = ctx.registrations.wait(address, "", now=ctx.monotonic, limit=limit)
    if wait > 0:
        then(Outcome(Problem.TOO_MANY_ACCOUNTS, wait=math.ceil(wait)))
        return
    ctx.registrations.begin(address, "", now=ctx.monotonic, limit=limit)

    def created(outcome: Outcome) -> None:
        if outcome.problem is not None:
            # There is none.
            ctx.registrations.right(address, "", now=ctx.monotonic, limit=limit)
        then(outcome)

    name = names.nickname(name, ctx.settings.limits.nickname) or name
    account = Account(name=name, registered_at=ctx.now, email=email)
    _create(ctx, user, account, password, policy.mail_command, created)


def _create(
    ctx: Context,
    user: User,
    account: Account,
    password: str,
    mail_command: tuple[str, ...],
    then: Then,
) -> None:
    policy = ctx.settings.accounts

    def hashed(done: Completed) -> None:
        secret = done.answer
        if not isinstance(secret, Secret):
            then(Outcome(Problem.TEMPORARILY_UNAVAILABLE))
        elif policy is None or not policy.require_email:
            keep(account, secret)
        elif (problem := name_problem(ctx, user, account.name)) is not None:
            then(Outcome(problem))
        else:
            ctx.mail(user, mail_command, account, lambda done: mailed(done, secret))

    def mailed(done: Completed, secret: Secret) -> None:
        if not isinstance(done.answer, Mailed):
            then(Outcome(Problem.TEMPORARILY_UNAVAILABLE))
        elif not done.answer.code:
            then(Outcome(Problem.INVALID_EMAIL))
        else:
            code = accounts.digest(done.answer.code)
            keep(msgspec.structs.replace(account, code=code), secret)

    def keep(account: Account, secret: Secret) -> None:
        # Somebody else may have been faster.
        problem = name_problem(ctx, user, account.name)
        if problem is not None:
            then(Outcome(problem))
            return
        store(ctx, user, account, accounts.kept(account, secret), stored)

    def stored(outcome: Outcome) -> None:
        if outcome.problem is None and outcome.account is not None and outcome.account.is_verified:
            log_in(ctx, user, outcome.account)
        then(outcome)

    ctx.hash_password(user, password, hashed)


def verify(ctx: Context, user: User, name: str, code: str, then: Then) -> None:
    """Have an account be that of who says the code that was mailed to its owner, and log them in
    to it."""
    account = ctx.accounts.get(name)
    about = account.key if account is not None else ""
    away = turned_away(ctx, user, about)
    if away is not None:
        then(away)
        return
    right = account is not None and hmac.compare_digest(account.code, accounts.digest(code))
    if account is None or account.is_verified or not right:
        then(wrong(ctx, user, about, Problem.INVALID_CODE, counted=True))
        return
    was_right(ctx, user, about)
    if account.suspended is not None:
        then(Outcome(Problem.SUSPENDED))
        return
    verified = msgspec.structs.replace(account, code="")

    def stored(outcome: Outcome) -> None:
        if outcome.problem is None:
            log_in(ctx, user, verified)
        then(outcome)

    store(ctx, user, verified, accounts.kept(verified), stored)


def store(
    ctx: Context,
    user: User | None,
    account: Account,
    changes: Sequence[Change],
    then: Then,
    *,
    also: Callable[[], None] = lambda: None,
) -> None:
    """Have an account be as this says, once `changes` are stored; `also` is what follows from that,
    even if the user has left. Without a user it is whoever runs the server who has asked for it."""

    def apply() -> None:
        ctx.accounts.put(account)
        also()

    _commit(ctx, user, account.name, changes, apply, then, certificates=account.certificates)


def drop(ctx: Context, user: User | None, account: Account, then: Then, *, why: str = "") -> None:
    """Do away with an account; whoever is logged in to it is not any more, and is told `why`, if
    anything. What it is in registered rooms goes with it. Without a user it is whoever runs the
    server who has asked for it."""
    busy = ctx.accounts.is_changing(account.name)
    rooms = founding.parting(ctx, account.key) if not busy else None
    if rooms is None:
        then(Outcome(Problem.TEMPORARILY_UNAVAILABLE))
        return

    def gone() -> None:
        ctx.accounts.drop(account.name)
        log_all_out(ctx, account, why)
        ctx.metadata.put(account.key, {})

    changes = [*accounts.gone(account), *rooms.changes]
    _commit(ctx, user, account.name, changes, gone, then, settle_more=rooms.settle)


def _commit(
    ctx: Context,
    user: User | None,
    name: str,
    changes: Sequence[Change],
    apply: Callable[[], None],
    then: Then,
    *,
    certificates: tuple[str, ...] = (),
    settle_more: Callable[[bool], None] = lambda _: None,
) -> None:
    if ctx.accounts.is_changing(name):
        then(Outcome(Problem.TEMPORARILY_UNAVAILABLE))
        return
    ctx.accounts.begin(name, certificates)

    def settle(stored: bool) -> None:
        ctx.accounts.end(name)
        settle_more(stored)
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


def kept_out(ctx: Context, user: User, account: str) -> Outcome | None:
    """Return that there were too many attempts to prove something about an account (its key;
    empty: about none), if so."""
    address = attempts.origin(user.address)
    wait = ctx.attempts.wait(address, account, now=ctx.monotonic, limit=_limit(ctx))
    if wait <= 0:
        return None
    ctx.output.rejected.append(Rejected(user.address, account, is_wrong=False))
    return Outcome(Problem.TOO_MANY_ATTEMPTS, wait=math.ceil(wait))


def turned_away(ctx: Context, user: User, account: str) -> Outcome | None:
    """Count an attempt, unless there were too many: then return that."""
    found = kept_out(ctx, user, account)
    if found is None:
        address = attempts.origin(user.address)
        ctx.attempts.begin(address, account, now=ctx.monotonic, limit=_limit(ctx))
    return found


def wrong(
    ctx: Context,
    user: User,
    account: str,
    problem: Problem = Problem.WRONG,
    *,
    counted: bool = False,
) -> Outcome:
    """Return that an attempt was wrong, and have that in the log; unless there were too many before
    it. `counted`: it is already (`turned_away`)."""
    away = None if counted else turned_away(ctx, user, account)
    if away is not None:
        return away
    ctx.output.rejected.append(Rejected(user.address, account, is_wrong=True))
    return Outcome(problem)


def was_right(ctx: Context, user: User, account: str) -> None:
    """Note that what was proved was right, so that it does not count."""
    address = attempts.origin(user.address)
    ctx.attempts.right(address, account, now=ctx.monotonic, limit=_limit(ctx))


def _limit(ctx: Context) -> int:
    return (ctx.settings.accounts or AccountPolicy()).attempts


Resume: TypeAlias = Callable[[Completed], None]


def prove(ctx: Context, user: User, about: str, ask: Callable[[Resume], int], then: Then) -> None:
    """Have a password checked, if not too many have been wrong; say whether it is right.

    `about` is the key of the account that it is for, or what else it is for alone; empty: nobody
    is kept out but by the address. `ask` has it checked, and returns the request. As many of one
    origin, or network, are checked at once as could be wrong; others wait for those.
    """
    away = kept_out(ctx, user, about)
    if away is not None:
        then(away)
        return
    address, limit = attempts.origin(user.address), _limit(ctx)
    if ctx.attempts.is_full(address, about, now=ctx.monotonic, limit=limit):
        id = ctx.begin_request(user, lambda _: prove(ctx, user, about, ask, then))
        ctx.waiting.setdefault(attempts.network(address), deque()).append(id)
        return

    def settle(right: bool) -> None:
        # Also of somebody who is gone.
        left = ctx.attempts.finish(address, about)
        ctx.attempts.begin(address, about, now=ctx.monotonic, limit=limit)
        if right:
            ctx.attempts.right(address, about, now=ctx.monotonic, limit=limit)
        _wake(ctx, attempts.network(address), everybody=not left)

    def resume(done: Completed) -> None:
        if done.result:
            then(Outcome())
        elif done.detail:
            # It was not found out.
            ctx.attempts.take_back(address, about, now=ctx.monotonic, limit=limit)
            then(Outcome(Problem.NOT_CHECKED))
        else:
            then(Outcome(Problem.WRONG))

    ctx.attempts.start(address, about)
    ctx.storing[ask(resume)] = settle


def _wake(ctx: Context, network: str, *, everybody: bool) -> None:
    """Have who waits for others of the same network try again."""
    waiting = ctx.waiting.get(network)
    while waiting:
        ctx.searches.append(waiting.popleft())
        if not everybody:
            break
    if not waiting:
        ctx.waiting.pop(network, None)


def check(ctx: Context, user: User, name: str, password: str, then: Then) -> None:
    """Find out whether a password is that of an account that can be logged in to: if so, the
    outcome has that account."""
    account = ctx.accounts.get(name)
    if account is None or len(password.encode()) > passwords.LIMIT:
        then(wrong(ctx, user, account.key if account else ""))
        return

    stamp = ctx.accounts.stamp(name)

    def proved(outcome: Outcome) -> None:
        if outcome.problem is not None:
            then(outcome)
            return
        if ctx.accounts.stamp(name) is not stamp:
            # It has been changed meanwhile, or is somebody else's.
            then(Outcome(Problem.NOT_CHECKED))
            return
        then(Outcome(obstacle(ctx, account), account=account))

    prove(
        ctx,
        user,
        account.key,
        lambda resume: ctx.check_login(user, account, password, resume),
        proved,
    )


def log_in_with_password(ctx: Context, user: User, name: str, password: str, then: Then) -> None:
    """Log a user in to an account, if the password is right."""

    def checked(outcome: Outcome) -> None:
        if outcome.problem is None and outcome.account is not None:
            log_in(ctx, user, outcome.account)
        then(outcome)

    check(ctx, user, name, password, checked)


def log_in(ctx: Context, user: User, account: Account) -> None:
    """Have a user be logged in to an account, with its nickname. Who is already is told so."""
    ctx.attempts.know(attempts.origin(user.address), account.key, now=ctx.monotonic)
    ctx.output.logins += 1
    if user.account == account.name:
        presence.say_logged_in(ctx, user)
    presence.change_account(ctx, user, account.name)
    naming.claim(ctx, user)
    if user.registration is None and naming.is_reserved(ctx, user, user.nickname):
        # It was that of the account that they had before.
        naming.evict(ctx, user)


def log_out(ctx: Context, user: User, why: str = "") -> None:
    """Have a user be logged in to no account, and without the nickname of that. Nobody stays who
    would not get in without one; `why` is what they are told then."""
    presence.change_account(ctx, user, "")
    if user.registration is None and naming.is_reserved(ctx, user, user.nickname):
        naming.evict(ctx, user, "Your nickname belongs to the account that you are logged out of")
    if user.registration is None and needs_account(ctx, user):
        ctx.close(user, why or "You are logged out, and this server is for accounts only")


def needs_account(ctx: Context, user: User) -> bool:
    """Whether somebody has to log in before they get in."""
    policy = ctx.settings.accounts
    if policy is None or not policy.required or user.account:
        return False
    return not (user.address and networks.in_networks(user.address, policy.exempt))


def log_all_out(ctx: Context, account: Account, why: str) -> None:
    """Have nobody be logged in to an account any more, nor be what they were in rooms by that, and
    tell who was `why`, if anything."""
    for client in list(ctx.state.accounts.get(account.key, ())):
        if why and client.plain:
            ctx.tell(client, f"{why}.")
        elif why:
            ctx.notice(client, cut(why, ctx.room(client, "NOTICE")))
        standings.taken(ctx, client)
        log_out(ctx, client, why)
