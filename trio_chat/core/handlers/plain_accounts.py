"""What people with `nc` do about their accounts: /register, /login, /ns, …

All but what they do before they are in (`FIRST`) is what NickServ does.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TypeAlias

from trio_chat.core import rooms
from trio_chat.core.context import Context
from trio_chat.core.handlers import owning, registration
from trio_chat.core.handlers.plain_commands import needs, row
from trio_chat.core.handlers.problems import Outcome
from trio_chat.core.services import nickserv, table
from trio_chat.core.services.table import NICKSERV, SERVICES, Service
from trio_chat.core.state import User
from trio_chat.wire import plain

NOT_SAID = (
    "That was not said: it looks like a command with a password in it. "
    "Type it with one / and nothing in front."
)


_AGAIN = "Type a nickname, or /login NAME PASSWORD:"


@functools.cache
def _slip() -> re.Pattern[str]:
    """Return what begins like a command with a password in it, but for the one "/": behind
    something that is no letter, or as a message to NickServ."""
    secret = "|".join(one.name for one in NICKSERV.rows.values() if one.secret)
    return re.compile(
        r"(?:[^\w#]+(?:register|login|password)"
        rf"|\W*(?:(?:msg|quote)\s+)?(?:nickserv|ns)\s+(?:{secret}))\s+\S",
        re.IGNORECASE,
    )


def is_slip(text: str) -> bool:
    """Whether what somebody has typed would be said, and was not meant to be: it may have a
    password in it."""
    return (text[:1] != "/" or text[1:2] == "/") and _slip().match(text) is not None


def serve(ctx: Context, user: User, service: Service, text: str) -> None:
    """Say something to a service, exactly as it was typed where it is a password."""
    if not table.is_secret(service, text):
        text = plain.cleaned(text)
    work = table.serve(ctx, user, service, text)
    if work is not None:
        ctx.page(user, work)


# --- Before they are in. `rest` is what they have typed after the command, exactly.


Take: TypeAlias = Callable[[str], None]
"""Gives somebody who comes a nickname."""


def _log_in_first(ctx: Context, user: User, rest: str, take: Take) -> None:
    """Log somebody in, and have them take the nickname of their account."""
    name, _, password = rest.partition(" ")
    if not name or not password:
        ctx.tell(user, "/login NAME PASSWORD: log in to your account")
        return

    def then(outcome: Outcome) -> None:
        if outcome.problem is not None:
            ctx.tell(user, f"{nickserv.refusal(ctx, outcome)} {_AGAIN}")
        else:
            _go_on(ctx, user, take)

    owning.log_in_with_password(ctx, user, name, password, then)


def _go_on(ctx: Context, user: User, take: Take) -> None:
    """Let somebody in who is logged in now, if nothing else is missing."""
    if user.nickname:
        registration.try_to_register(ctx, user)
    elif rooms.is_taken(ctx.state, user.account, user):
        ctx.tell(user, f"You are here as {user.account} already. Type another nickname:")
    else:
        take(user.account)


def _register_first(ctx: Context, user: User, rest: str, take: Take) -> None:
    """Make an account for somebody who has typed a nickname, and does not get in without one."""
    if _can_not(ctx, user):
        return
    if user.nickname:
        _ask_nickserv(ctx, user, "/register", "REGISTER", rest)
    else:
        ctx.tell(user, "Type a nickname first. Then /register PASSWORD makes it yours:")


def _verify_first(ctx: Context, user: User, rest: str, take: Take) -> None:
    """Have an account be that of who has read the code that was mailed."""
    if _can_not(ctx, user):
        return
    words = rest.split()
    if len(words) != 2:
        ctx.tell(user, "/ns VERIFY NAME CODE: say the code that was mailed to you")
        return

    def then(outcome: Outcome) -> None:
        if outcome.problem is not None:
            ctx.tell(user, nickserv.refusal(ctx, outcome))
        else:
            _go_on(ctx, user, take)

    name, code = words
    owning.verify(ctx, user, name, code, then)


def _can_not(ctx: Context, user: User) -> bool:
    """Whether somebody can make no account yet, or never, saying so."""
    policy = ctx.settings.accounts
    if policy is None or policy.registration == "closed":
        ctx.tell(user, f"Registration is closed. {_AGAIN}")
    elif not ctx.settings.accounts_before_connect:
        ctx.tell(user, f"Accounts are made by who is in. {_AGAIN}")
    elif registration.lacks_password(ctx, user):
        if user.nickname:
            # They are asked for the server's password.
            registration.try_to_register(ctx, user)
        else:
            ctx.tell(user, "This server has a password. Type a nickname first, then that:")
    else:
        return False
    return True


FIRST: dict[str, Callable[[Context, User, str, Take], None]] = {
    "/login": _log_in_first,
    "/register": _register_first,
    "/ns verify": _verify_first,
}
"""What people can do about their accounts before they are in, by what is typed for it."""


# --- Once they are in


@row(
    "/register PASSWORD [EMAIL]",
    "make an account of your nickname, so that it is yours",
    exact=True,
)
def _register(ctx: Context, user: User, rest: str) -> None:
    _ask_nickserv(ctx, user, "/register", "REGISTER", rest)


@row("/login [NAME] PASSWORD", "log in to your account, and get its nickname", exact=True)
def _login(ctx: Context, user: User, rest: str) -> None:
    _ask_nickserv(ctx, user, "/login", "IDENTIFY", rest)


@row("/logout", "log out of your account")
def _logout(ctx: Context, user: User, rest: str) -> None:
    _ask_nickserv(ctx, user, "/logout", "LOGOUT", rest)


@row(
    "/password OLD NEW",
    f"give your account another password; one with spaces: {NICKSERV.plain} oldpass OLD, then "
    f"{NICKSERV.plain} newpass NEW",
    exact=True,
)
def _password(ctx: Context, user: User, rest: str) -> None:
    _ask_nickserv(ctx, user, "/password", "PASSWD", rest)


def _ask_nickserv(ctx: Context, user: User, typed: str, name: str, rest: str) -> None:
    """Have NickServ do what somebody wants, by its own command for that."""
    if table.has_too_few_or_many(NICKSERV.rows[name], rest):
        needs(ctx, user, typed)
    else:
        serve(ctx, user, NICKSERV, f"{name} {rest}")


def _add(service: Service) -> None:
    @row(
        f"{service.plain} COMMAND",
        f"tell {service.name} something: {service.plain} help",
        exact=True,
    )
    def _serve(ctx: Context, user: User, rest: str) -> None:
        serve(ctx, user, service, rest)


for _service in SERVICES:
    _add(_service)
