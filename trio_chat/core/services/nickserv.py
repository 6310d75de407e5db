"""NickServ: accounts, for people whose client knows neither SASL nor REGISTER.

Its table, and what it says; the rows of what people change about their own are in `upkeep.py`. What
it does is done by `handlers/`, as for every way to an account.
"""

from __future__ import annotations

from collections.abc import Callable

from trio_chat.core import modes, names, rooms
from trio_chat.core.accounts import Account, Suspension
from trio_chat.core.context import Context, Replies
from trio_chat.core.handlers import amending, naming, owning, problems, registration
from trio_chat.core.handlers.common import word
from trio_chat.core.handlers.problems import Outcome, Problem, Then
from trio_chat.core.handlers.server import date_and_time
from trio_chat.core.services.table import NICKSERV, how, row, tell
from trio_chat.core.settings import AccountPolicy
from trio_chat.core.state import User
from trio_chat.wire.text import cut

_MAILTO = "mailto:"
"""What an address of mail begins with, so that it is told from a password."""
_SHOWN = 100
"""Bytes of a name that is repeated."""


def say(ctx: Context, user: User, text: str) -> None:
    """Have NickServ say something to a user."""
    tell(ctx, user, NICKSERV, text)


def _called(user: User, name: str) -> str:
    """Return a name that somebody has sent as it is repeated to them."""
    return word(user, name, _SHOWN)


def answer(ctx: Context, user: User, done: str) -> Then:
    """Return what says that something is done, or why it is not."""

    def then(outcome: Outcome) -> None:
        say(ctx, user, done if outcome.problem is None else refusal(ctx, outcome))

    return then


def refusal(ctx: Context, outcome: Outcome) -> str:
    """Return why something was not done, as a sentence."""
    account, problem = outcome.account, outcome.problem
    if problem is Problem.WEAK_PASSWORD:
        least = (ctx.settings.accounts or AccountPolicy()).password_min_length
        return f"A password has at least {least} characters."
    if problem is Problem.SUSPENDED and account is not None and account.suspended is not None:
        reason = account.suspended.reason
        return f"{account.name} is suspended{f' ({reason})' if reason else ''}."
    return f"{outcome.text}."


def _known(ctx: Context, user: User, name: str) -> Account | None:
    """Return the account of this name; or say that there is none."""
    account = ctx.accounts.get(name)
    if account is None:
        say(ctx, user, f"Nobody has registered {_called(user, name)}.")
    return account


def own(ctx: Context, user: User) -> Account | None:
    """Return the account that a user is logged in to; or say that it is gone."""
    return _known(ctx, user, user.account)


# --- Coming and going


@row(
    NICKSERV,
    "REGISTER",
    params=1,
    secret=True,
    exact=0,
    option=_MAILTO,
    new=True,
    usage="REGISTER <password> [<email>]",
    help="make an account of the nickname that you have, so that nobody else can take it",
)
def register(ctx: Context, user: User, words: list[str]) -> None:
    if user.account:
        say(ctx, user, f"You are logged in as {user.account} already: LOGOUT first.")
        return
    *option, password = words
    email = option[0][len(_MAILTO) :] if option else ""
    head, _, last = password.rpartition(" ")
    if head and not option and problems.is_email(last):
        if " " in head:
            # It would be a part of the password.
            usage = how(user, NICKSERV, f"REGISTER {_MAILTO}<email> <password>")
            say(ctx, user, f"Before a password with spaces goes the address of mail: {usage}")
            return
        # As people know it from other servers.
        password, email = head, last

    def then(outcome: Outcome) -> None:
        if outcome.problem is Problem.ACCOUNT_EXISTS:
            say(ctx, user, f"{user.nickname} has been registered already.")
        elif outcome.problem is not None:
            say(ctx, user, refusal(ctx, outcome))
        elif outcome.account is not None and not outcome.account.is_verified:
            say(ctx, user, f"A code was mailed to {outcome.account.email}.")
            usage = how(user, NICKSERV, f"VERIFY {outcome.account.name} <code>")
            say(ctx, user, f"When you have read it: {usage}")
        else:
            say(ctx, user, f"{user.account} is registered, and nobody else can be called that.")
            registration.try_to_register(ctx, user)  # With `nc`: it may be all that was missing.

    owning.create(ctx, user, user.nickname, password, then, email=email)


@row(
    NICKSERV,
    "VERIFY",
    params=2,
    most=2,
    secret=True,
    usage="VERIFY <account> <code>",
    help="say the code that was mailed to you, and have your account",
)
def verify(ctx: Context, user: User, words: list[str]) -> None:
    if user.account:
        say(ctx, user, f"You are logged in as {user.account} already: LOGOUT first.")
        return
    name, code = words
    done = f"{name} is registered, and nobody else can be called that."
    owning.verify(ctx, user, name, code, answer(ctx, user, done))


@row(
    NICKSERV,
    "IDENTIFY",
    params=1,
    secret=True,
    exact=1,
    usage="IDENTIFY [<account>] <password>",
    help="log in to an account, or to that of your nickname, and get its nickname",
)
@row(
    NICKSERV,
    "LOGIN",
    params=1,
    secret=True,
    exact=1,
    usage="LOGIN [<account>] <password>",
    help="do the same as with IDENTIFY",
)
def identify(ctx: Context, user: User, words: list[str]) -> None:
    name, password = words if words[1:] else (user.nickname, words[0])

    def then(outcome: Outcome) -> None:
        if outcome.problem is not None:
            say(ctx, user, refusal(ctx, outcome))
        elif not user.plain:
            # People have been told by 900, whose sentence is the same.
            say(ctx, user, f"You are logged in as {user.account}.")

    owning.log_in_with_password(ctx, user, name, password, then)


@row(
    NICKSERV,
    "LOGOUT",
    account=True,
    most=0,
    usage="LOGOUT",
    help="log out of your account; you can not keep its nickname then",
)
def logout(ctx: Context, user: User, words: list[str]) -> None:
    owning.log_out(ctx, user)
    if ctx.is_here(user) and not user.plain:
        say(ctx, user, "You are logged out.")


# --- The nickname


def _for_owner(
    ctx: Context, user: User, words: list[str], command: str, act: Callable[[Account], None]
) -> None:
    """Have something done about a nickname, if it is that of the user's account, or of one whose
    password they say."""
    nickname = words[0] if words else user.account
    if not nickname:
        say(ctx, user, f"It is {how(user, NICKSERV, NICKSERV.rows[command].usage)}")
        return
    account = ctx.accounts.owner(nickname)
    if account is None:
        say(ctx, user, f"Nobody has registered {_called(user, nickname)}.")
    elif words[1:]:

        def checked(outcome: Outcome) -> None:
            if outcome.problem is None and outcome.account is not None:
                act(outcome.account)
            else:
                say(ctx, user, refusal(ctx, outcome))

        owning.check(ctx, user, account.name, words[1], checked)
    elif names.fold(user.account) == account.key:
        act(account)
    else:
        # Not the account's name, which theirs may only look like.
        usage = how(user, NICKSERV, f"{command} {_called(user, nickname)} <password>")
        say(ctx, user, f"You are not logged in as {_called(user, nickname)}. It is {usage}")


@row(
    NICKSERV,
    "GHOST",
    secret=True,
    exact=1,
    usage="GHOST [<nickname> [<password>]]",
    help="end the connection of whoever has your nickname: another client of yours, say, that has "
    "lost its network",
)
def ghost(ctx: Context, user: User, words: list[str]) -> None:
    def act(account: Account) -> None:
        holders = [one for one in rooms.holders(ctx.state, account.name) if one is not user]
        for holder in holders:
            if holder.registration is None:
                ctx.close(holder, f"GHOST by {user.nickname}")
            else:
                naming.take_away(ctx, holder)
        text = f"{account.name} is free now." if holders else f"{account.name} is nobody else's."
        say(ctx, user, text)

    _for_owner(ctx, user, words, "GHOST", act)


@row(
    NICKSERV,
    "REGAIN",
    secret=True,
    exact=1,
    usage="REGAIN [<nickname> [<password>]]",
    help="take your nickname back from whoever has it, who is given another, and log in",
)
def regain(ctx: Context, user: User, words: list[str]) -> None:
    def act(account: Account) -> None:
        if names.fold(user.account) != account.key:
            owning.log_in(ctx, user, account)
        naming.claim(ctx, user, firmly=True)
        say(ctx, user, f"You are called {user.nickname}.")

    _for_owner(ctx, user, words, "REGAIN", act)


# --- What is known


@row(
    NICKSERV,
    "INFO",
    most=1,
    usage="INFO [<account>]",
    help="see when an account was registered, and what else you may know of it",
)
def info(ctx: Context, user: User, words: list[str]) -> Replies:
    account = _known(ctx, user, words[0] if words else user.account or user.nickname)
    if account is None:
        return
    clients = ctx.state.accounts.get(account.key, [])
    say(ctx, user, f"{account.name}: registered {date_and_time(account.registered_at)}.")
    if account.suspended is not None:
        say(ctx, user, _suspension(user, account.suspended))
    yield None
    if names.fold(user.account) != account.key and not user.modes & modes.OPERATOR:
        say(ctx, user, "Somebody is logged in." if clients else "Nobody is logged in.")
        return
    here = ", ".join(one.nickname or "somebody who connects" for one in clients) or "nobody"
    say(ctx, user, f"Logged in: {here}.")
    say(ctx, user, f"Address of mail: {account.email or 'none'}.")
    say(ctx, user, f"Certificates: {len(account.certificates)}.")
    if not account.is_verified:
        say(ctx, user, "It is not verified yet.")


def _suspension(user: User, suspended: Suspension) -> str:
    if not user.modes & modes.OPERATOR:
        return "It is suspended."
    reason = f": {suspended.reason}" if suspended.reason else ""
    return f"It was suspended by {suspended.by}, {date_and_time(suspended.at)}{reason}"


@row(
    NICKSERV,
    "ACC",
    most=1,
    usage="ACC [<nickname>]",
    help="see as a number whether somebody is logged in to the account of their nickname: 3, they "
    "are; 1, not; 0, there is nobody, or no account",
)
def acc(ctx: Context, user: User, words: list[str]) -> None:
    nickname = words[0] if words else user.nickname
    say(ctx, user, f"{_called(user, nickname)} ACC {_standing(ctx, nickname)}")


@row(
    NICKSERV,
    "STATUS",
    most=1,
    usage="STATUS [<nickname>]",
    help="see the same as with ACC, in other words",
)
def status(ctx: Context, user: User, words: list[str]) -> None:
    name = words[0] if words else user.nickname
    say(ctx, user, f"STATUS {_called(user, name)} {_standing(ctx, name)}")


def _standing(ctx: Context, nickname: str) -> int:
    account, holder = ctx.accounts.owner(nickname), ctx.state.user_named(nickname)
    if account is None or holder is None:
        return 0
    return 3 if names.fold(holder.account) == account.key else 1


# --- For operators


@row(
    NICKSERV,
    "SUSPEND",
    operator=True,
    params=1,
    usage="SUSPEND <account> [<reason>]",
    help="log everybody out of an account, and let nobody log in to it",
)
def suspend(ctx: Context, user: User, words: list[str]) -> None:
    account = _known(ctx, user, words[0])
    if account is None:
        return
    reason = cut(" ".join(words[1:]), ctx.settings.limits.kick)
    suspension = Suspension(by=user.account or user.nickname, reason=reason, at=ctx.now)
    done = answer(ctx, user, f"{account.name} is suspended.")
    amending.suspend(ctx, user, account, suspension, done)


@row(
    NICKSERV,
    "UNSUSPEND",
    operator=True,
    params=1,
    most=1,
    usage="UNSUSPEND <account>",
    help="let the owner of an account log in to it again",
)
def unsuspend(ctx: Context, user: User, words: list[str]) -> None:
    account = _known(ctx, user, words[0])
    if account is None:
        return
    if account.suspended is None:
        say(ctx, user, f"{account.name} is not suspended.")
        return
    done = answer(ctx, user, f"{account.name} is not suspended any more.")
    amending.suspend(ctx, user, account, None, done)


@row(
    NICKSERV,
    "RESETPASS",
    operator=True,
    params=2,
    secret=True,
    exact=1,
    usage="RESETPASS <account> <password>",
    help="give an account another password, and log everybody out of it",
)
def resetpass(ctx: Context, user: User, words: list[str]) -> None:
    account = _known(ctx, user, words[0])
    if account is not None:
        done = answer(ctx, user, f"{account.name} has another password now.")
        amending.set_password(ctx, user, account, words[1], done, ending=True)
