"""The capabilities that clients can negotiate, as a table (IRCv3 capability-negotiation).

A user's capabilities are one integer. The bits that change how an event is written are at the same
time that user's encoding, so that users with equal bits are sent equal bytes.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec

from trio_chat.core.settings import METADATA_KEY_LIMIT, Settings
from trio_chat.wire import sasl


class Link(enum.Enum):
    """How somebody is connected, as far as it decides what they are offered."""

    PLAIN = enum.auto()
    SECURE = enum.auto()
    NAMED = enum.auto()
    """Encrypted, and the client asked for this server by name."""


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the name that is negotiated, its bit, and what it is good for."""

    name: str
    bit: int
    """0 for what is only advertised, and can not be asked for."""
    value: Callable[[Settings, Link], str | None] = lambda _settings, _link: ""
    """The value in CAP LS 302, for who is connected like that; None: not offered."""
    help: str


def _multiline(settings: Settings, link: Link) -> str:
    limits = settings.limits
    return f"max-bytes={limits.multiline_bytes},max-lines={limits.multiline_lines}"


def _metadata(settings: Settings, link: Link) -> str:
    limits = settings.limits
    return (
        f"before-connect,max-subs={limits.metadata_subs},max-keys={limits.metadata_keys},"
        f"max-value-bytes={settings.metadata_value_limit}"
    )


def _metadata_3(settings: Settings, link: Link) -> str:
    return f"{_metadata(settings, link)},max-key-bytes={METADATA_KEY_LIMIT}"


def _sts(settings: Settings, link: Link) -> str | None:
    sts = settings.sts
    if sts is None:
        return None
    if link is Link.PLAIN:
        return f"port={sts.port}"
    if link is Link.SECURE:
        # What no name was asked for can not be remembered for a name (sts, "SNI").
        return None
    return f"duration={sts.duration}" + (",preload" if sts.preload else "")


def mechanisms(settings: Settings, link: Link) -> tuple[str, ...]:
    """Return the SASL mechanisms that a connection is offered; none where there are no accounts."""
    if settings.accounts is None:
        return ()
    # A client's certificate comes with TLS.
    external = () if link is Link.PLAIN else (sasl.EXTERNAL,)
    return (*external, sasl.SCRAM, sasl.PLAIN)


def _sasl(settings: Settings, link: Link) -> str | None:
    return ",".join(mechanisms(settings, link)) or None


def _account_registration(settings: Settings, link: Link) -> str | None:
    policy = settings.accounts
    if policy is None or policy.registration == "closed":
        return None
    keys = {
        "before-connect": settings.accounts_before_connect,
        "email-required": policy.require_email,
    }
    return ",".join(key for key, there in keys.items() if there)


def _with_history(settings: Settings, link: Link) -> str | None:
    return "" if settings.history else None


SERVER_TIME = 1 << 0
MESSAGE_TAGS = 1 << 1
EXTENDED_JOIN = 1 << 2
ECHO_MESSAGE = 1 << 3
MULTI_PREFIX = 1 << 4
USERHOST_IN_NAMES = 1 << 5
AWAY_NOTIFY = 1 << 6
CAP_NOTIFY = 1 << 7
BATCH = 1 << 8
LABELED_RESPONSE = 1 << 9
ACCOUNT_NOTIFY = 1 << 10
ACCOUNT_TAG = 1 << 11
CHGHOST = 1 << 12
EXTENDED_MONITOR = 1 << 13
INVITE_NOTIFY = 1 << 14
NO_IMPLICIT_NAMES = 1 << 15
SASL = 1 << 16
SETNAME = 1 << 17
STANDARD_REPLIES = 1 << 18
ACCOUNT_REGISTRATION = 1 << 19
CHANNEL_RENAME = 1 << 20
CHATHISTORY = 1 << 21
EVENT_PLAYBACK = 1 << 22
EXTENDED_ISUPPORT = 1 << 23
MESSAGE_REDACTION = 1 << 24
MULTILINE = 1 << 25
PRE_AWAY = 1 << 26
READ_MARKER = 1 << 27
SEARCH = 1 << 29
VERSION_302 = 1 << 28
"""No capability: the client has said that it knows this version, which is not taken back."""
# 30 and 31 are encodings of their own (`encoding.py`).
METADATA_2 = 1 << 32
METADATA_3 = 1 << 33
METADATA = METADATA_2 | METADATA_3

TOLD = ACCOUNT_NOTIFY | AWAY_NOTIFY | CHGHOST | INVITE_NOTIFY | SETNAME
"""Those of who wants to hear of something that members do: of such members, channels keep count."""

ENCODING = SERVER_TIME | MESSAGE_TAGS | EXTENDED_JOIN | ACCOUNT_TAG | MULTILINE
"""The capabilities that change how an event is written."""

CAPABILITIES = {
    row.name: row
    for row in (
        Capability(
            name="account-notify",
            bit=ACCOUNT_NOTIFY,
            help="be told when members of your channels log in and out",
        ),
        Capability(
            name="account-tag", bit=ACCOUNT_TAG, help="see the account of whoever does something"
        ),
        Capability(
            name="away-notify",
            bit=AWAY_NOTIFY,
            help="be told when members of your channels go away and come back",
        ),
        Capability(name="batch", bit=BATCH, help="get related lines as a batch"),
        Capability(
            name="cap-notify", bit=CAP_NOTIFY, help="be told when capabilities come, go or change"
        ),
        Capability(
            name="chghost",
            bit=CHGHOST,
            help="be told when members of your channels are shown another user name or host",
        ),
        Capability(
            name="echo-message", bit=ECHO_MESSAGE, help="get your own messages back, once stored"
        ),
        Capability(
            name="extended-join", bit=EXTENDED_JOIN, help="see account and real name in JOIN"
        ),
        Capability(
            name="extended-monitor",
            bit=EXTENDED_MONITOR,
            help="be told all that notify capabilities tell, of those whom you MONITOR too",
        ),
        Capability(
            name="invite-notify",
            bit=INVITE_NOTIFY,
            help="be told when somebody is invited to your channels",
        ),
        Capability(
            name="labeled-response", bit=LABELED_RESPONSE, help="find the answer to each command"
        ),
        Capability(name="message-tags", bit=MESSAGE_TAGS, help="get message ids and client tags"),
        Capability(
            name="multi-prefix", bit=MULTI_PREFIX, help="see all prefixes of a member in lists"
        ),
        Capability(name="no-implicit-names", bit=NO_IMPLICIT_NAMES, help="get no NAMES on joining"),
        Capability(
            name="sasl", bit=SASL, value=_sasl, help="log in to an account while connecting"
        ),
        Capability(name="server-time", bit=SERVER_TIME, help="get the time of each event"),
        Capability(
            name="setname",
            bit=SETNAME,
            help="be told when members of your channels change their real name",
        ),
        Capability(
            name="standard-replies", bit=STANDARD_REPLIES, help="understand FAIL, WARN and NOTE"
        ),
        Capability(name="sts", bit=0, value=_sts, help="learn where TLS is spoken, and use it"),
        Capability(
            name="userhost-in-names", bit=USERHOST_IN_NAMES, help="see user and host in NAMES"
        ),
        Capability(
            name="draft/account-registration",
            bit=ACCOUNT_REGISTRATION,
            value=_account_registration,
            help="make an account",
        ),
        Capability(
            name="draft/channel-rename", bit=CHANNEL_RENAME, help="see a channel's name change"
        ),
        Capability(
            name="draft/chathistory",
            bit=CHATHISTORY,
            value=_with_history,
            help="ask for what was said before",
        ),
        Capability(
            name="draft/event-playback",
            bit=EVENT_PLAYBACK,
            value=_with_history,
            help="get more than messages from history",
        ),
        Capability(
            name="draft/extended-isupport",
            bit=EXTENDED_ISUPPORT,
            help="ask for ISUPPORT before registration, and get it as a batch",
        ),
        Capability(
            name="draft/message-redaction",
            bit=MESSAGE_REDACTION,
            value=_with_history,
            help="take messages back, and see them taken back",
        ),
        Capability(
            name="draft/multiline",
            bit=MULTILINE,
            value=_multiline,
            help="send and get messages of several lines",
        ),
        Capability(
            name="draft/pre-away", bit=PRE_AWAY, help="say that you are away while connecting"
        ),
        Capability(
            name="draft/read-marker",
            bit=READ_MARKER,
            value=_with_history,
            help="remember how far you have read, for all your clients",
        ),
        Capability(
            name="soju.im/search",
            bit=SEARCH,
            value=_with_history,
            help="search what was said",
        ),
        # These come last: they are what is left out where one line can not hold everything, and who
        # uses them knows version 302, which has several.
        Capability(
            name="draft/metadata-2",
            bit=METADATA_2,
            value=_metadata,
            help="say things of yourself and your channels by key, and be told what others say",
        ),
        Capability(
            name="draft/metadata-3",
            bit=METADATA_3,
            value=_metadata_3,
            help="the same, as it is written since: told in numerics; with both, this counts",
        ),
    )
}


def offered(settings: Settings, link: Link) -> dict[str, str]:
    """Return the capabilities that a connection is offered, with their values (CAP LS 302)."""
    values = ((row.name, row.value(settings, link)) for row in CAPABILITIES.values())
    return {name: value for name, value in values if value is not None}
