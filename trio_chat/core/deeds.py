"""What whoever runs the server does to an account from outside of the chat, without being a user.

Pure values, which are also what is sent to a server that runs (`server/control.py`): as objects of
JSON that say in `do` what is to be done. No password is in them, only what is made of one.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from trio_chat.core.secrets import Secret

TEXT = "a text of at most 200 characters, without control characters"
Text = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z", max_length=200, description=TEXT)]


class _OfAccount(msgspec.Struct, frozen=True, kw_only=True, tag_field="do"):
    account: Text
    """Its name, however that is written."""


class Add(_OfAccount, frozen=True, kw_only=True, tag="add"):
    """Make an account, which nobody has to verify."""

    secret: Secret
    email: str = ""
    """Where its owner gets mail; empty: that is not known."""


class SetPassword(_OfAccount, frozen=True, kw_only=True, tag="passwd"):
    """Have another password prove whose an account is."""

    secret: Secret


class Suspend(_OfAccount, frozen=True, kw_only=True, tag="suspend"):
    """Let nobody log in to an account, and log out who is."""

    by: Text
    """Who does that, as others are shown it."""
    reason: Text = ""


class Unsuspend(_OfAccount, frozen=True, kw_only=True, tag="unsuspend"):
    """Let its owner log in again."""


class Drop(_OfAccount, frozen=True, kw_only=True, tag="drop"):
    """Do away with an account, and log out who is logged in to it."""


Deed: TypeAlias = Add | SetPassword | Suspend | Unsuspend | Drop
