"""What the core is told of the configuration.

The core reads no file: whoever runs it hands it these, and hands it new ones when they change.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trio_chat.core.networks import HOST_LIMIT, Network
from trio_chat.wire.irc import LINE_LIMIT

Count = Annotated[int, Meta(ge=1, le=10_000)]
Text = Annotated[int, Meta(ge=4, le=390)]
"""Bytes: one character can have four; more do not fit into a line with the longest names."""

_FEWEST = 32
"""Bytes that a real name, or a value of metadata, can have, whatever else is in the line."""
_WHO_REPLY = len(":  352      H*~&@%+B :0 \r\n") + HOST_LIMIT
"""Bytes of WHO's reply, the longest line that shows a real name, without what is configured."""


METADATA_KEY_LIMIT = 64
"""Bytes of the longest key of metadata."""
_KEY_VALUE = len(": 761    * :\r\n") + METADATA_KEY_LIMIT
"""Bytes of the longest line that shows a value of metadata, without what is configured."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[limits]` of the configuration: names are in characters, texts in bytes.

    A nickname or a channel takes at most 2 bytes for each character.
    """

    nickname: Annotated[int, Meta(ge=1, le=64)] = 32
    channel: Annotated[int, Meta(ge=2, le=100)] = 64
    topic: Text = 390
    kick: Text = 390
    away: Text = 390
    username: Annotated[int, Meta(ge=2, le=32)] = 20
    """With the `~` in front."""
    realname: Annotated[int, Meta(ge=1, le=200)] = 150
    channels_per_user: Count = 100
    targets: Annotated[int, Meta(ge=1, le=100)] = 4
    list_entries: Count = 100
    monitor: Count = 100
    whowas: Annotated[int, Meta(ge=0, le=100_000)] = 1000
    sendq: Annotated[int, Meta(ge=16_384, le=1_073_741_824)] = 1_048_576
    """Bytes that may wait for one peer."""
    client_tags: Annotated[int, Meta(ge=0, le=4094)] = 4094
    """Bytes of client-only tags."""
    multiline_bytes: Annotated[int, Meta(ge=64, le=262_144)] = 4096
    multiline_lines: Annotated[int, Meta(ge=1, le=1000)] = 100
    metadata_keys: Annotated[int, Meta(ge=1, le=100)] = 20
    """Of one user or channel."""
    metadata_value: Text = 300
    metadata_subs: Annotated[int, Meta(ge=1, le=200)] = 50
    """Keys of which one client is told."""


class AccountPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[accounts]` of the configuration: who may have an account or a room, and how."""

    registration: Literal["open", "closed"] = "open"
    """Whether people make accounts for themselves."""
    before_connect: bool = True
    """Whether they can do so while connecting."""
    require_email: bool = False
    """Whether nobody has one before they have said what was mailed to them."""
    mail_command: tuple[str, ...] = ()
    """What sends a mail: a program and its arguments; it is given the address as the last one."""
    password_min_length: Annotated[int, Meta(ge=1, le=128)] = 8
    """Characters."""
    per_address: Annotated[int, Meta(ge=1, le=10_000)] = 10
    """Accounts that can be made from one address in a day."""
    required: bool = False
    """Whether nobody gets in without one."""
    exempt: tuple[Network, ...] = ()
    """From where people get in without one all the same."""
    rooms: Literal["everybody", "operators"] = "everybody"
    """Who can register a room: everybody with an account, or operators of the server alone."""
    rooms_per_account: Annotated[int, Meta(ge=0, le=10_000)] = 20
    attempts: Annotated[int, Meta(ge=1, le=10_000)] = 5
    """Wrong passwords from one address, and for one account: so many at once, and in a minute from
    then on."""


class Operator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may become an operator with OPER. `password` is a hash (argon2)."""

    name: Annotated[
        str,
        Meta(
            pattern=r"\A[^\s:]\S*\Z",
            description="a name without spaces that does not begin with ':'",
        ),
    ]
    password: str


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may say with WEBIRC whom it speaks for. `password` is a hash (argon2)."""

    host: tuple[Network, ...]
    password: str


class Sts(msgspec.Struct, frozen=True, kw_only=True):
    """The policy that clients should use TLS (IRCv3 sts)."""

    port: int
    """Where TLS is spoken."""
    duration: int
    """Seconds for which clients remember it."""
    preload: bool = False


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in the configuration that decides what the core does."""

    name: str = "localhost"
    """The server's name: the source of its replies."""
    network: str = "trio_chat"
    description: str = "trio_chat"
    """What this server is."""
    lobby: str = "#lobby"
    """The room that people on the plain side begin in. It is always there."""
    password: str = ""
    """The hash of the password asked of every client; empty: none is."""
    motd: tuple[str, ...] = ()
    admin: tuple[str, ...] = ()
    """What ADMIN says: where the server is, who runs it, and how they are reached."""
    operators: tuple[Operator, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    sts: Sts | None = None
    durable: bool = False
    """Whether what has to last (`keeping.py`) can be kept: not where nothing is kept on disk."""
    history: bool = False
    """Whether what is said is kept, and can be read later."""
    history_page: int = 1000
    """Messages that one question can ask for."""
    history_on_join: int = 20
    """Messages that who does not ask for them is shown on joining."""
    redact_within: float = 3600.0
    """Seconds in which people can take back what they have said; 0: they can not."""
    retention_days: int = 0
    """Days for which it is kept what happened in a channel, and its topic; 0: for ever."""
    accounts: AccountPolicy | None = None
    """None: there are no accounts, for nothing is kept."""
    limits: Limits = Limits()
    registration_timeout: float = 60.0
    """Seconds."""
    registration_lines: int = 1024
    """Lines that a peer may send before it is registered."""
    ping_after: float = 90.0
    """Seconds of silence after which an IRC client is sent a PING."""
    ping_timeout: float = 150.0
    """Seconds of silence after which it is gone."""

    @property
    def accounts_before_connect(self) -> bool:
        """Whether accounts can be made while connecting; by whom has said the server's password, if
        there is one."""
        return self.accounts is not None and self.accounts.before_connect

    @property
    def realname_limit(self) -> int:
        """Bytes of a real name: as many as are configured, and as there is room for in every line
        that shows one, beside names that are as long as they can be."""
        limits = self.limits
        names = 2 * 2 * limits.nickname + 2 * limits.channel + limits.username
        room = LINE_LIMIT - _WHO_REPLY - names - 2 * len(self.name.encode())
        return min(limits.realname, max(_FEWEST, room))

    @property
    def metadata_value_limit(self) -> int:
        """Bytes of a value of metadata: as many as are configured, and as there is room for in
        every line that shows one, beside names that are as long as they can be."""
        limits = self.limits
        names = 2 * limits.nickname + 2 * max(limits.nickname, limits.channel)
        room = LINE_LIMIT - _KEY_VALUE - names - len(self.name.encode())
        return min(limits.metadata_value, max(_FEWEST, room))
