"""What the core asks of whoever can wait: passwords, the journal, mail. An input is the answer.

Must not know who does it, or what is done with the answer (`requesting.py`).
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from trio_chat.core.inputs import UserId
from trio_chat.core.questions import Question


class CheckPassword(msgspec.Struct, frozen=True, kw_only=True):
    """Whether `password` fits `hash`. The answer comes back as `Completed` with the same id."""

    id: int
    user: UserId
    about: str
    """What it is for, as it is counted (`attempts.py`)."""
    hash: str
    password: str


class AwaitSent(msgspec.Struct, frozen=True, kw_only=True):
    """When the user has taken what was sent so far. Comes back as `Completed`."""

    id: int
    user: UserId


class Reload(msgspec.Struct, frozen=True, kw_only=True):
    """Read the configuration again. Comes back as `Completed`, after the `Reconfigured`."""

    id: int
    user: UserId


class TakeStock(msgspec.Struct, frozen=True, kw_only=True):
    """Look at what the server does now, and has done. Comes back as `Completed`, with lines that
    say it."""

    id: int
    user: UserId


class LookUp(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the history. Comes back as `Completed`, with the answer or with why there is none."""

    id: int
    user: UserId
    question: Question


class HashPassword(msgspec.Struct, frozen=True, kw_only=True):
    """Make a `Secret` of a password. Comes back as `Completed` with that."""

    id: int
    user: UserId
    password: str


class CheckLogin(msgspec.Struct, frozen=True, kw_only=True):
    """Whether `password` is that of an account (its name, folded). Comes back as `Completed`."""

    id: int
    user: UserId
    account: str
    password: str


class BeginScram(msgspec.Struct, frozen=True, kw_only=True):
    """Find what SCRAM needs to begin. Comes back as `Completed` with an `Offer`."""

    id: int
    user: UserId
    account: str
    """Its name, folded."""


class SendMail(msgspec.Struct, frozen=True, kw_only=True):
    """Make up a code, and mail it to the owner of an account. Comes back as `Completed` with
    `Mailed`; without one, or with an empty one, it could not be sent."""

    id: int
    user: UserId
    command: tuple[str, ...]
    """What sends a message: it is given that on its standard input, and the address at the end."""
    account: str
    address: str


class AwaitStored(msgspec.Struct, frozen=True, kw_only=True):
    """When what this step has to be stored is. Comes back as `Completed`."""

    id: int
    user: UserId
    stored: bool = True
    """False: it could not be."""


class Administered(msgspec.Struct, frozen=True, kw_only=True):
    """What came of what whoever runs the server has asked for (`inputs.Administer`). Nothing comes
    back."""

    id: int
    user: UserId
    """Nobody."""
    problem: str = ""
    """Why it is not done, as a sentence without a stop; empty: it is."""


Request: TypeAlias = (
    CheckPassword
    | AwaitSent
    | Reload
    | TakeStock
    | LookUp
    | HashPassword
    | CheckLogin
    | BeginScram
    | SendMail
    | AwaitStored
    | Administered
)
