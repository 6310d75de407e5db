"""What whoever runs the server does to accounts, from outside of the chat.

Whoever it concerns is told why. It is answered when it is stored, as whatever users change of
accounts is (`owning.py`).
"""

from __future__ import annotations

from trio_chat.core import accounts, names
from trio_chat.core.accounts import Account, Accounts, Suspension
from trio_chat.core.context import Context
from trio_chat.core.deeds import Add, Drop, SetPassword, Suspend, Unsuspend
from trio_chat.core.handlers import amending, owning, problems
from trio_chat.core.handlers.problems import Outcome, Problem
from trio_chat.core.inputs import NOBODY, Administer
from trio_chat.core.requests import Administered
from trio_chat.core.settings import AccountPolicy


def carry_out(ctx: Context, item: Administer) -> None:
    """Do what is asked for, and answer it."""
    deed = item.deed
    account = ctx.accounts.get(deed.account)
    policy = ctx.settings.accounts
    if policy is None:
        _answer(ctx, item, Problem.NO_ACCOUNTS.value)
    elif isinstance(deed, Add):
        _add(ctx, item, deed, policy)
    elif account is None:
        _answer(ctx, item, f"There is no account {deed.account}")
    else:
        _change(ctx, item, deed, account)


def objection(there: Accounts, name: str, limit: int) -> str:
    """Return why no account of this name can be made, as a sentence without a stop; empty: one can.
    `limit` is that of nicknames, in characters."""
    problem = problems.new_name_problem(there, name, limit)
    if problem is None:
        return ""
    if problem is Problem.BAD_ACCOUNT_NAME:
        return f"An account is called as its owner is, and nobody can be called {name}"
    owner = there.owner(name)
    if owner is None:
        return Outcome(problem).text
    if owner.key == names.key(name):
        return f"There is an account {owner.name} already"
    return f"The name {name} looks like that of the account {owner.name}"


def _add(ctx: Context, item: Administer, deed: Add, policy: AccountPolicy) -> None:
    limit = ctx.settings.limits.nickname
    problem = objection(ctx.accounts, deed.account, limit)
    if problem:
        _answer(ctx, item, problem)
        return
    if deed.email and (fault := problems.email_problem(policy, deed.email)) is not None:
        _answer(ctx, item, fault.value)
        return
    name = names.nickname(deed.account, limit) or deed.account
    account = Account(name=name, registered_at=ctx.now, email=deed.email)
    changes = accounts.kept(account, deed.secret)
    owning.store(ctx, None, account, changes, lambda outcome: _answer(ctx, item, outcome.text))


def _change(
    ctx: Context, item: Administer, deed: Drop | SetPassword | Suspend | Unsuspend, account: Account
) -> None:
    def then(outcome: Outcome) -> None:
        _answer(ctx, item, outcome.text)

    if isinstance(deed, Drop):
        owning.drop(ctx, None, account, then, why=f"Your account {account.name} has been dropped")
    elif isinstance(deed, SetPassword):
        owning.store(ctx, None, account, accounts.kept(account, deed.secret), then)
    else:
        suspended = None
        if isinstance(deed, Suspend):
            suspended = Suspension(by=deed.by, reason=deed.reason, at=ctx.now)
        elif account.suspended is None:
            _answer(ctx, item, f"The account {account.name} is not suspended")
            return
        amending.suspend(ctx, None, account, suspended, then)


def _answer(ctx: Context, item: Administer, problem: str) -> None:
    ctx.output.request(Administered(id=item.id, user=NOBODY, problem=problem))
