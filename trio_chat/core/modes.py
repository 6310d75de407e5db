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
    set: str = ""
    """What somebody does who sets it, in words: `{0}` is the channel, `{1}` the parameter."""
    unset: str = ""


class Prefix(msgspec.Struct, frozen=True, kw_only=True):
    """A standing that a member can have. `needs` is the standing that gives and takes it."""

    letter: str
    symbol: str
    bit: int
    needs: int
    help: str
    given: str
    """What somebody does who gives it, in words: `{0}` is the member."""
    taken: str


class UserMode(msgspec.Struct, frozen=True, kw_only=True):
    """One user mode."""

    letter: str
    bit: int
    settable: bool = True
    """Whether users can give it to themselves."""
    removable: bool = True
    """Whether they can lay it down."""
    help: str


VOICE, HALFOP, OP, ADMIN, OWNER = 1, 2, 4, 8, 16

PREFIXES = (
    Prefix(
        letter="q",
        symbol="~",
        bit=OWNER,
        needs=OWNER,
        help="owner",
        given="made {0} an owner",
        taken="made {0} no owner any more",
    ),
    Prefix(
        letter="a",
        symbol="&",
        bit=ADMIN,
        needs=OWNER,
        help="protected operator",
        given="made {0} a protected operator",
        taken="made {0} no protected operator any more",
    ),
    Prefix(
        letter="o",
        symbol="@",
        bit=OP,
        needs=OP,
        help="operator",
        given="made {0} an operator",
        taken="made {0} no operator any more",
    ),
    Prefix(
        letter="h",
        symbol="%",
        bit=HALFOP,
        needs=OP,
        help="half-operator",
        given="made {0} a half-operator",
        taken="made {0} no half-operator any more",
    ),
    Prefix(
        letter="v",
        symbol="+",
        bit=VOICE,
        needs=HALFOP,
        help="voice",
        given="gave {0} a voice",
        taken="took {0}'s voice",
    ),
)
"""The highest first, as PREFIX in 005 wants it."""
SYMBOLS = "".join(prefix.symbol for prefix in PREFIXES)
PREFIX_OF_LETTER = {prefix.letter: prefix for prefix in PREFIXES}

(
    INVITE_ONLY,
    MODERATED,
    NO_EXTERNAL,
    SECRET,
    TOPIC_LOCK,
    KEYED,
    LIMITED,
    NO_CTCP,
    ACCOUNTS_SPEAK,
    ACCOUNTS_JOIN,
    AUDITORIUM,
    FORWARDED,
) = (1 << shift for shift in range(12))

PRIVATE = INVITE_ONLY | KEYED | SECRET | ACCOUNTS_JOIN
"""What is said in a channel that has one of these is nobody's who comes when all have left."""
SPEECH = MODERATED | NO_CTCP | ACCOUNTS_SPEAK
"""What may keep a member from speaking."""
NEW_CHANNEL = NO_EXTERNAL | TOPIC_LOCK
"""The modes of a channel that somebody has just made."""
LOBBY = NO_EXTERNAL
"""Nobody is operator in the lobby, so everybody may set its topic."""

CHANNEL_MODES = {
    row.letter: row
    for row in (
        ChannelMode(
            letter="I",
            kind=Kind.LIST,
            bit=0,
            help="masks that need no invitation",
            set="let {1} into {0} without an invitation",
            unset="no longer lets {1} into {0} without an invitation",
        ),
        ChannelMode(
            letter="b",
            kind=Kind.LIST,
            bit=0,
            help="masks that can not join or speak",
            set="banned {1} from {0}",
            unset="lifted the ban on {1} from {0}",
        ),
        ChannelMode(
            letter="e",
            kind=Kind.LIST,
            bit=0,
            help="masks that no ban applies to",
            set="exempted {1} from the bans of {0}",
            unset="no longer exempts {1} from the bans of {0}",
        ),
        ChannelMode(
            letter="k",
            kind=Kind.KEY,
            bit=KEYED,
            help="joining needs this key",
            set="set the key of {0}",
            unset="removed the key of {0}",
        ),
        ChannelMode(
            letter="f",
            kind=Kind.PARAMETER,
            bit=FORWARDED,
            help="who can not join (+i, +l, +b, +R) is taken to this channel",
            set="forwards who can not join {0} to {1}",
            unset="forwards nobody from {0} any more",
        ),
        ChannelMode(
            letter="l",
            kind=Kind.PARAMETER,
            bit=LIMITED,
            help="so many members at most",
            set="limited {0} to {1} members",
            unset="removed the limit of {0}",
        ),
        ChannelMode(
            letter="C",
            kind=Kind.FLAG,
            bit=NO_CTCP,
            help="no CTCP but actions",
            set="switched CTCP off in {0}",
            unset="switched CTCP on in {0}",
        ),
        ChannelMode(
            letter="M",
            kind=Kind.FLAG,
            bit=ACCOUNTS_SPEAK,
            help="speaking needs an account, or voice",
            set="lets only accounts speak in {0}",
            unset="lets everybody speak in {0}",
        ),
        ChannelMode(
            letter="R",
            kind=Kind.FLAG,
            bit=ACCOUNTS_JOIN,
            help="joining needs an account",
            set="lets only accounts into {0}",
            unset="lets everybody into {0}",
        ),
        ChannelMode(
            letter="i",
            kind=Kind.FLAG,
            bit=INVITE_ONLY,
            help="joining needs an invitation",
            set="made {0} invitation only",
            unset="opened {0} to everybody",
        ),
        ChannelMode(
            letter="m",
            kind=Kind.FLAG,
            bit=MODERATED,
            help="speaking needs voice",
            set="made {0} moderated",
            unset="made {0} unmoderated",
        ),
        ChannelMode(
            letter="n",
            kind=Kind.FLAG,
            bit=NO_EXTERNAL,
            help="only members can speak",
            set="closed {0} to messages from outside",
            unset="opened {0} to messages from outside",
        ),
        ChannelMode(
            letter="s",
            kind=Kind.FLAG,
            bit=SECRET,
            help="shown to members only",
            set="made {0} secret",
            unset="made {0} public",
        ),
        ChannelMode(
            letter="t",
            kind=Kind.FLAG,
            bit=TOPIC_LOCK,
            help="operators set the topic",
            set="lets only operators set the topic of {0}",
            unset="lets everybody set the topic of {0}",
        ),
        ChannelMode(
            letter="u",
            kind=Kind.FLAG,
            bit=AUDITORIUM,
            help="members without a prefix are shown to operators only; those who are there when "
            "it begins go on seeing each other",
            set="shows the members of {0} to operators only",
            unset="shows the members of {0} to everybody",
        ),
    )
}
LISTS = "".join(row.letter for row in CHANNEL_MODES.values() if row.kind is Kind.LIST)

INVISIBLE, OPERATOR, WALLOPS, BOT, ACCOUNTS_ONLY, SECURE, LOGGED_IN = (
    1 << shift for shift in range(7)
)

USER_MODES = {
    row.letter: row
    for row in (
        UserMode(letter="B", bit=BOT, help="a bot, and marked as one"),
        UserMode(letter="R", bit=ACCOUNTS_ONLY, help="no private messages but from accounts"),
        UserMode(
            letter="Z", bit=SECURE, settable=False, removable=False, help="connected with TLS"
        ),
        UserMode(letter="i", bit=INVISIBLE, help="hidden from who shares no channel"),
        UserMode(letter="o", bit=OPERATOR, settable=False, help="server operator"),
        UserMode(
            letter="r",
            bit=LOGGED_IN,
            settable=False,
            removable=False,
            help="logged in to an account",
        ),
        UserMode(letter="w", bit=WALLOPS, help="gets what operators write to all"),
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


def lowest(target: str) -> Prefix:
    """Return the lowest standing of those to whom a target such as `@%#room` is (STATUSMSG).

    Raises `ValueError` for one that is to everybody.
    """
    before = target.partition("#")[0]
    return min((row for row in PREFIXES if row.symbol in before), key=lambda row: row.bit)


def rank(standing: int) -> int:
    """Return the highest of a member's standings, to compare members by."""
    return 1 << standing.bit_length() >> 1


def user_mode_letters(modes: int) -> str:
    """Return a user's modes as `+io` shows them."""
    return "+" + "".join(row.letter for row in USER_MODES.values() if row.bit & modes)
