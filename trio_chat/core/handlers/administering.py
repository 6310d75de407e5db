"""What whoever runs the server does to accounts, from outside of the chat.

Whoever it concerns is told why. It is answered when it is stored, as whatever users change of
accounts is (`owning.py`).
"""

from __future__ import annotations

from trio_chat.core import accounts
from trio_chat.core.accounts import Account, Suspension
from trio_chat.core.context import Context
from trio_chat.core.deeds import Deed, Drop, SetPassword, Suspend
from trio_chat.core.handlers import amending, owning
from trio_chat.core.handlers.owning import Outcome, Problem
from trio_chat.core.inputs import NOBODY, Administer
from trio_chat.core.output import Administered


def carry_out(ctx: Context, item: Administer) -> None:
    """Do what is asked for, and answer it."""
    deed = item.deed
    account = ctx.accounts.get(deed.account)
    if ctx.settings.accounts is None:
        _answer(ctx, item, Problem.NO_ACCOUNTS.value)
    elif account is None:
        _answer(ctx, item, f"There is no account {deed.account}")
    else:
        _change(ctx, item, deed, account)


def _change(ctx: Context, item: Administer, deed: Deed, account: Account) -> None:
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
