"""What the core is told: everything that can change its mind comes in as one of these."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from trio_chat.core.deeds import Deed
from trio_chat.core.questions import Answer
from trio_chat.core.secrets import Mailed, Offer
from trio_chat.core.settings import Settings

UserId: TypeAlias = int
"""Opaque: whoever runs the core makes them, and never uses one twice."""
Report: TypeAlias = tuple[str, ...]
"""What the server does now, and has done, in lines."""
NOBODY: UserId = -1
"""In the place of a user where there is none: whoever runs the server has asked."""


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is there, and speaks IRC or plain text."""

    user: UserId
    plain: bool
    host: str
    """The address that others are shown."""
    since: float
    """When the connection was made, on the clock that does not jump: what it has time for counts
    from there."""
    secure: bool = False
    """Whether the connection is encrypted, or never leaves the machine."""
    address: str = ""
    """The peer's IP address; empty where there is none (a Unix socket)."""
    named: bool = False
    """Whether the client asked for the server by name, over TLS (SNI)."""
    certfp: str = ""
    """The SHA-256 fingerprint of the client's TLS certificate in hexadecimal; empty without one."""


class Received(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Lines that a user sent, without their ends, in order."""

    user: UserId
    lines: list[bytes]


class Disconnected(msgspec.Struct, frozen=True, kw_only=True):
    """A user's connection is gone. `reason` is what the others are shown."""

    user: UserId
    reason: str
    orderly: bool = False
    """Whether the peer hung up after what it had to say, which is then still to be said."""


class Completed(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request that the core made."""

    request: int
    result: bool
    detail: str = ""
    """What there is to say about it, in a sentence."""
    answer: Answer | Offer | Mailed | Report = None
    """What was found in the history (see `questions`), or made: a `Secret`, an `Offer`, …"""


class Elapsed(msgspec.Struct, frozen=True, kw_only=True):
    """Time has passed: look after the deadlines."""


class Reconfigured(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration was read again."""

    settings: Settings


class Administer(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever runs the server changes an account. `Administered` with the same id answers it, once
    it is stored."""

    id: int
    deed: Deed


class ShutDown(msgspec.Struct, frozen=True, kw_only=True):
    """The server ends: everybody is to be sent off, for this reason."""

    reason: str


Input: TypeAlias = (
    Connected | Received | Disconnected | Completed | Elapsed | Reconfigured | Administer | ShutDown
)
