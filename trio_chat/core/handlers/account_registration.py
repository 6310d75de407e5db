"""REGISTER and VERIFY: making an account (IRCv3 draft/account-registration)."""

from __future__ import annotations

from collections.abc import Callable

from trio_chat.core.commands import command
from trio_chat.core.context import Context
from trio_chat.core.handlers import owning, registration
from trio_chat.core.handlers.common import word
from trio_chat.core.handlers.problems import Outcome, Problem
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

    def go_on() -> None:
        if user.nickname:
            owning.create(ctx, user, name, password, then, email="" if email == "*" else email)
            return
        text = "Say NICK first: that is what your account is called"
        ctx.fail(user, "REGISTER", "NEED_NICK", "*", text=text)

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

    _if_allowed(ctx, user, "REGISTER", name, go_on)


@command(
    "VERIFY",
    params=2,
    early=True,
    usage="VERIFY <account> <code>",
    help="say the code that was mailed to you, and have your account",
)
def verify(ctx: Context, user: User, message: Message) -> None:
    name, code = message.params[:2]

    def then(outcome: Outcome) -> None:
        if outcome.problem is not None or outcome.account is None:
            _fail(ctx, user, "VERIFY", name, outcome)
        else:
            _succeed(ctx, user, "VERIFY", outcome.account.name, "Account verified")

    _if_allowed(ctx, user, "VERIFY", name, lambda: owning.verify(ctx, user, name, code, then))


def _if_allowed(
    ctx: Context, user: User, command: str, name: str, go_on: Callable[[], None]
) -> None:
    """Go on, or say why somebody can not do that now: while connecting, nobody can who does not
    know the server's password."""
    shown = word(user, name)

    def proved(right: bool) -> None:
        if right:
            go_on()
        elif ctx.is_here(user):
            text = "Say the server's password first (PASS)"
            ctx.fail(user, command, "COMPLETE_CONNECTION_REQUIRED", shown, text=text)

    if user.registration is not None and not ctx.settings.accounts_before_connect:
        text = "Finish connecting first"
        ctx.fail(user, command, "COMPLETE_CONNECTION_REQUIRED", shown, text=text)
    elif user.account:
        text = f"You are logged in to {user.account} already"
        ctx.fail(user, command, "ALREADY_AUTHENTICATED", shown, text=text)
    elif registration.lacks_password(ctx, user):
        registration.prove_password(ctx, user, proved)
    else:
        go_on()


def _succeed(ctx: Context, user: User, command: str, account: str, text: str) -> None:
    ctx.protocol(user, command, "SUCCESS", account, text)
    # It may have been all that was missing.
    registration.try_to_register(ctx, user)


def _fail(ctx: Context, user: User, command: str, name: str, outcome: Outcome) -> None:
    problem = outcome.problem or Problem.TEMPORARILY_UNAVAILABLE
    shown = word(user, name)
    ctx.fail(user, command, _CODES.get(problem, problem.name), shown, text=outcome.text)
