"""REGISTER and VERIFY: making an account (IRCv3 draft/account-registration)."""

from __future__ import annotations

from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.handlers import owning, registration
from trio_chat.core.handlers.common import word
from trio_chat.core.handlers.owning import Outcome, Problem
from trio_chat.core.state import User
from trio_chat.wire.irc import Message
from trio_chat.wire.text import cut

_CODES = {
    Problem.NO_ACCOUNTS: "TEMPORARILY_UNAVAILABLE",
    Problem.REGISTRATION_CLOSED: "TEMPORARILY_UNAVAILABLE",
    Problem.TOO_MANY_ATTEMPTS: "TEMPORARILY_UNAVAILABLE",
    Problem.TOO_MANY_ACCOUNTS: "TEMPORARILY_UNAVAILABLE",
    Problem.SUSPENDED: "TEMPORARILY_UNAVAILABLE",
}
"""Codes of the specification for problems that it has no name for."""


@command(
    "REGISTER",
    params=3,
    early=True,
    usage="REGISTER <account>|* <email>|* <password>",
    help="make an account of your nickname",
)
def register(ctx: Context, user: User, message: Message) -> None:
    wanted, email, password = message.params[:3]
    name = user.nickname if wanted == "*" else wanted
    if _is_refused(ctx, user, "REGISTER", name):
        return
    if not user.nickname:
        text = "Say NICK first: that is what your account is called"
        ctx.fail(user, "REGISTER", "NEED_NICK", "*", text=text)
        return

    def then(outcome: Outcome) -> None:
        account = outcome.account
        if outcome.problem is not None or account is None:
            _fail(ctx, user, "REGISTER", name, outcome)
        elif account.is_verified:
            _succeed(ctx, user, "REGISTER", account.name, "Account created")
        else:
            start = ("REGISTER", "VERIFICATION_REQUIRED", account.name)
            text = f"Account created, pending verification: a code was mailed to {account.email}"
            ctx.protocol(user, *start, cut(text, ctx.room(user, *start)))

    owning.create(ctx, user, name, password, then, email="" if email == "*" else email)


@command(
    "VERIFY",
    params=2,
    early=True,
    usage="VERIFY <account> <code>",
    help="say the code that was mailed to you, and have your account",
)
def verify(ctx: Context, user: User, message: Message) -> None:
    name, code = message.params[:2]
    if _is_refused(ctx, user, "VERIFY", name):
        return

    def then(outcome: Outcome) -> None:
        if outcome.problem is not None or outcome.account is None:
            _fail(ctx, user, "VERIFY", name, outcome)
        else:
            _succeed(ctx, user, "VERIFY", outcome.account.name, "Account verified")

    owning.verify(ctx, user, name, code, then)


def _is_refused(ctx: Context, user: User, command: str, name: str) -> bool:
    """Whether somebody can not do that now, saying so."""
    shown = word(user, name)
    if user.registration is not None and not ctx.settings.accounts_before_connect:
        text = "Finish connecting first"
        ctx.fail(user, command, "COMPLETE_CONNECTION_REQUIRED", shown, text=text)
    elif user.account:
        text = f"You are logged in to {user.account} already"
        ctx.fail(user, command, "ALREADY_AUTHENTICATED", shown, text=text)
    else:
        return False
    return True


def _succeed(ctx: Context, user: User, command: str, account: str, text: str) -> None:
    ctx.protocol(user, command, "SUCCESS", account, text)
    # It may have been all that was missing.
    registration.try_to_register(ctx, user)


def _fail(ctx: Context, user: User, command: str, name: str, outcome: Outcome) -> None:
    problem = outcome.problem or Problem.TEMPORARILY_UNAVAILABLE
    shown = word(user, name)
    ctx.fail(user, command, _CODES.get(problem, problem.name), shown, text=outcome.text)
