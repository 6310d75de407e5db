"""What a person can do about a refusal, where the server's words alone do not say it. Pure.

Only for programs with a person in front: `Refused` itself has the server's words.
"""

from __future__ import annotations

from trio_chat.client.errors import ChatError, Refused
from trio_chat.client.login import INSECURE

NICKNAME_RULE = "letters, digits and -_[]{}\\|^`, not beginning with a digit or -"
"""What any server takes as a nickname (Modern IRC, "Clients"); some take more."""

_ERRONEOUS_NICKNAME, _WRONG_PASSWORD = "432", "464"
_ACCOUNT_REQUIRED = "ACCOUNT_REQUIRED"
_LOGIN = frozenset(("902", "904", "905", "906", "sasl"))
_NICKNAME_TAKEN = frozenset(("433", "436", "437"))


def at_the_start(error: ChatError, *, password_given: bool, account: str = "") -> str:
    """Return the sentence for what kept us from getting into a server."""
    code = error.code if isinstance(error, Refused) else ""
    if account and code == INSECURE:
        return (
            "The server wants your password unencrypted: use --tls, or --insecure-login if nobody "
            "listens."
        )
    if account and code in _LOGIN:
        return f"You can not be logged in to {account}: {error}"
    if code == _ACCOUNT_REQUIRED:
        return f"{error}: --account NAME"
    if code == _WRONG_PASSWORD and password_given:
        return "That is not the server's password."
    if code == _WRONG_PASSWORD:
        return "This server asks for a password: --ask-password or --password-file"
    if code in _NICKNAME_TAKEN:
        return f"{error}: ask for another with --nick NAME"
    return inside(error)


def inside(error: Exception) -> str:
    """Return the sentence for what went wrong with something that was typed."""
    if isinstance(error, Refused) and error.code == _ERRONEOUS_NICKNAME:
        return f"{error}: a nickname has {NICKNAME_RULE}"
    return str(error)
