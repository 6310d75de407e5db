"""NickServ: accounts, for people whose client knows neither SASL nor REGISTER."""

from __future__ import annotations

from trio_chat.core.context import Context
from trio_chat.core.handlers import owning
from trio_chat.core.handlers.owning import Outcome
from trio_chat.core.services.table import NICKSERV, row, tell
from trio_chat.core.state import User


@row(
    NICKSERV,
    "LOGOUT",
    account=True,
    most=0,
    usage="LOGOUT",
    help="log out of your account; its nickname stays behind",
)
def logout(ctx: Context, user: User, words: list[str]) -> None:
    owning.log_out(ctx, user)
    _say(ctx, user, "You are logged out.")


@row(
    NICKSERV,
    "REGISTER",
    params=1,
    most=2,
    secret=True,
    usage="REGISTER <password> [<email>]",
    help="make an account of the nickname that you have, so that nobody else can take it",
)
def register(ctx: Context, user: User, words: list[str]) -> None:
    password, *rest = words
    email = rest[0] if rest else ""
    name = user.nickname

    def then(outcome: Outcome) -> None:
        if outcome.problem is None:
            _say(ctx, user, f"{name} is registered now, and nobody else can be called that.")
        else:
            _say(ctx, user, f"{outcome.text}.")

    owning.create(ctx, user, name, password, then, email=email)


def _say(ctx: Context, user: User, text: str) -> None:
    tell(ctx, user, NICKSERV, text)
