"""Accounts as their owners, and operators, change them: password, address of mail, certificates,
suspension.

What `owning.py` is for making an account and logging in to it: every way to such a change comes
here, and says in its own words what came of it.
"""

from __future__ import annotations

import re

import msgspec

from trio_chat.core import accounts
from trio_chat.core.accounts import Account, Suspension
from trio_chat.core.context import Context
from trio_chat.core.handlers import owning, problems
from trio_chat.core.handlers.problems import Outcome, Problem, Then
from trio_chat.core.inputs import Completed
from trio_chat.core.secrets import Secret
from trio_chat.core.settings import AccountPolicy
from trio_chat.core.state import User

CERTIFICATES = 10
"""Certificates that one account can have."""
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def set_password(
    ctx: Context, user: User, account: Account, password: str, then: Then, *, ending: bool = False
) -> None:
    """Give an account another password; `ending`: whoever is logged in to it is not any more."""
    problem = problems.password_problem(ctx.settings.accounts or AccountPolicy(), password)
    if problem is not None:
        then(Outcome(problem))
        return

    def hashed(done: Completed) -> None:
        # It may have been changed, or dropped, meanwhile.
        found = ctx.accounts.get(account.name)
        is_same = found is not None and found.party == account.party
        if found is None or not is_same or not isinstance(done.answer, Secret):
            then(Outcome(Problem.TEMPORARILY_UNAVAILABLE))
            return

        def also() -> None:
            if ending:
                why = f"The password of your account {found.name} has been reset"
                owning.log_all_out(ctx, found, why)

        owning.store(ctx, user, found, accounts.kept(found, done.answer), then, also=also)

    ctx.hash_password(user, password, hashed)


def set_email(ctx: Context, user: User, account: Account, email: str, then: Then) -> None:
    """Give an account another address of mail, or none, if that is empty."""
    problem = problems.email_problem(ctx.settings.accounts or AccountPolicy(), email)
    if problem is not None:
        then(Outcome(problem))
        return
    _store(ctx, user, msgspec.structs.replace(account, email=email), then)


def fingerprint(text: str) -> str | None:
    """Return a fingerprint (SHA-256) as it is kept, however it is written; None: it is none."""
    plain = text.replace(":", "").lower()
    return plain if _FINGERPRINT.fullmatch(plain) else None


def set_certificates(
    ctx: Context, user: User, account: Account, certificates: tuple[str, ...], then: Then
) -> None:
    """Let the owners of these TLS certificates (fingerprints) log in to an account, and no other's.
    A certificate is of one account, also where two want it at once. Who asks has seen to it that
    the user is its owner."""
    if any(ctx.accounts.has_other(one, account.name) for one in certificates):
        then(Outcome(Problem.CERTIFICATE_IN_USE))
        return
    _store(ctx, user, msgspec.structs.replace(account, certificates=certificates), then)


def suspend(
    ctx: Context, user: User | None, account: Account, suspension: Suspension | None, then: Then
) -> None:
    """Have nobody log in to an account, and whoever is logged in not be any more; without a
    suspension: let them log in again."""
    changed = msgspec.structs.replace(account, suspended=suspension)

    def also() -> None:
        if suspension is not None:
            reason = f": {suspension.reason}" if suspension.reason else ""
            why = f"Your account {changed.name} is suspended{reason}"
            owning.log_all_out(ctx, changed, why)

    owning.store(ctx, user, changed, accounts.kept(changed), then, also=also)


def drop_expired(ctx: Context) -> None:
    """Do away with the accounts that nobody has verified in time.

    If that can not be stored they come back with the next start of the server, and go again.
    """
    for account in ctx.accounts.expired(ctx.now):
        ctx.output.records += accounts.gone(account)
        ctx.accounts.drop(account.name)


def _store(ctx: Context, user: User, account: Account, then: Then) -> None:
    owning.store(ctx, user, account, accounts.kept(account), then)
