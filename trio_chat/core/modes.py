"""Channel and user modes, as tables (Modern IRC, "Channel Modes", "User Modes").

What 004 and 005 say, which letters MODE takes and which errors it gives all follow from these rows.
"""

from __future__ import annotations

import enum

import msgspec


class Kind(enum.Enum):
    """When a channel mode has a parameter: the types of CHANMODES (Modern IRC, 005)."""

    LIST = "A"
    KEY = "B"
    PARAMETER = "C"
    FLAG = "D"


class ChannelMode(msgspec.Struct, frozen=True, kw_only=True):
    """One channel mode. `bit` is its place in `Channel.modes`; lists are kept by letter."""

    letter: str
    kind: Kind
    bit: int
    help: str


class Prefix(msgspec.Struct, frozen=True, kw_only=True):
    """A standing that a member can have. `needs` is the standing that gives and takes it."""

    letter: str
    symbol: str
    bit: int
    needs: int
    help: str


class UserMode(msgspec.Struct, frozen=True, kw_only=True):
    """One user mode. `settable`: whether users can give it to themselves."""

    letter: str
    bit: int
    settable: bool
    help: str


VOICE, HALFOP, OP, ADMIN, OWNER = 1, 2, 4, 8, 16

PREFIXES = (
    Prefix(letter="q", symbol="~", bit=OWNER, needs=OWNER, help="owner"),
    Prefix(letter="a", symbol="&", bit=ADMIN, needs=OWNER, help="protected operator"),
    Prefix(letter="o", symbol="@", bit=OP, needs=OP, help="operator"),
    Prefix(letter="h", symbol="%", bit=HALFOP, needs=OP, help="half-operator"),
    Prefix(letter="v", symbol="+", bit=VOICE, needs=HALFOP, help="voice"),
)
"""The highest first, as PREFIX in 005 wants it."""
PREFIX_OF_LETTER = {prefix.letter: prefix for prefix in PREFIXES}

INVITE_ONLY, MODERATED, NO_EXTERNAL, SECRET, TOPIC_LOCK, KEYED, LIMITED = (
    1 << shift for shift in range(7)
)

NEW_CHANNEL = NO_EXTERNAL | TOPIC_LOCK
"""The modes of a channel that somebody has just made."""
LOBBY = NO_EXTERNAL
"""Nobody is operator in the lobby, so everybody may set its topic."""

CHANNEL_MODES = {
    row.letter: row
    for row in (
        ChannelMode(letter="I", kind=Kind.LIST, bit=0, help="masks that need no invitation"),
        ChannelMode(letter="b", kind=Kind.LIST, bit=0, help="masks that can not join or speak"),
        ChannelMode(letter="e", kind=Kind.LIST, bit=0, help="masks that no ban applies to"),
        ChannelMode(letter="k", kind=Kind.KEY, bit=KEYED, help="joining needs this key"),
        ChannelMode(letter="l", kind=Kind.PARAMETER, bit=LIMITED, help="so many members at most"),
        ChannelMode(
            letter="i", kind=Kind.FLAG, bit=INVITE_ONLY, help="joining needs an invitation"
        ),
        ChannelMode(letter="m", kind=Kind.FLAG, bit=MODERATED, help="speaking needs voice"),
        ChannelMode(letter="n", kind=Kind.FLAG, bit=NO_EXTERNAL, help="only members can speak"),
        ChannelMode(letter="s", kind=Kind.FLAG, bit=SECRET, help="shown to members only"),
        ChannelMode(letter="t", kind=Kind.FLAG, bit=TOPIC_LOCK, help="operators set the topic"),
    )
}
LISTS = "".join(row.letter for row in CHANNEL_MODES.values() if row.kind is Kind.LIST)

INVISIBLE, OPERATOR = 1, 2

USER_MODES = {
    row.letter: row
    for row in (
        UserMode(
            letter="i", bit=INVISIBLE, settable=True, help="hidden from who shares no channel"
        ),
        UserMode(letter="o", bit=OPERATOR, settable=False, help="server operator"),
    )
}


def letters_of_kind(kind: Kind) -> str:
    """Return the letters of one type, as they stand in CHANMODES."""
    return "".join(row.letter for row in CHANNEL_MODES.values() if row.kind is kind)


def symbols(standing: int, *, every: bool) -> str:
    """Return the prefixes of a member: the highest, or every one (IRCv3 multi-prefix)."""
    if not standing:
        return ""
    found = [prefix.symbol for prefix in PREFIXES if prefix.bit & standing]
    return "".join(found if every else found[:1])


def rank(standing: int) -> int:
    """Return the highest of a member's standings, to compare members by."""
    return 1 << standing.bit_length() >> 1


def user_mode_letters(modes: int) -> str:
    """Return a user's modes as `+io` shows them."""
    return "+" + "".join(row.letter for row in USER_MODES.values() if row.bit & modes)
