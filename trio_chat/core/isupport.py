"""The tokens of RPL_ISUPPORT, from the tables and the limits (Modern IRC, "RPL_ISUPPORT")."""

from __future__ import annotations

from trio_chat.core import masks, modes, msgrefs, networks
from trio_chat.core.names import CHANNEL_TYPES
from trio_chat.core.settings import Settings
from trio_chat.wire.text import pack

TOKENS_PER_LINE = 13
"""A line has at most 15 parameters, nickname and text included (Modern IRC, 005)."""

MODES = 20
"""Changes with a parameter that clients put into one MODE: without a number some send one at a
time. Of changes of members' standings no more are made; of others, such as masks, all that fit."""


def tokens(settings: Settings) -> list[str]:
    """Return every token that this server advertises, in alphabetical order."""
    limits = settings.limits
    letters = "".join(prefix.letter for prefix in modes.PREFIXES)
    symbols = "".join(prefix.symbol for prefix in modes.PREFIXES)
    chanmodes = ",".join(modes.letters_of_kind(kind) for kind in modes.Kind)
    lists = modes.LISTS
    network = settings.network.replace(" ", "\\x20")
    history = (
        f"CHATHISTORY={settings.history_page}",
        f"MSGREFTYPES={','.join(msgrefs.TYPES)}",
    )
    required = ("draft/ACCOUNTREQUIRED",)
    accounts = settings.accounts
    return sorted(
        (
            *(required if accounts is not None and accounts.required else ()),
            *(history if settings.history else ()),
            "ACCOUNTEXTBAN=a",
            f"AWAYLEN={limits.away}",
            f"BOT={modes.USER_MODES['B'].letter}",
            "CASEMAPPING=ascii",
            f"CHANLIMIT={CHANNEL_TYPES}:{limits.channels_per_user}",
            f"CHANMODES={chanmodes}",
            f"CHANNELLEN={limits.channel}",
            f"CHANTYPES={CHANNEL_TYPES}",
            "ELIST=CMNTU",
            "EXCEPTS=e",
            f"EXTBAN={masks.EXTENDED},{masks.EXTENDED_TYPES}",
            f"HOSTLEN={networks.HOST_LIMIT}",
            "INVEX=I",
            f"KICKLEN={limits.kick}",
            f"MAXLIST={lists}:{limits.list_entries}",
            f"MODES={MODES}",
            f"MONITOR={limits.monitor}",
            f"NAMELEN={settings.realname_limit}",
            f"NETWORK={network}",
            f"NICKLEN={limits.nickname}",
            f"PREFIX=({letters}){symbols}",
            "SAFELIST",
            f"STATUSMSG={symbols}",
            f"TARGMAX=JOIN:,KICK:{limits.targets},LIST:{limits.targets},"
            f"NAMES:{limits.targets},NOTICE:{limits.targets},"
            f"PART:,PRIVMSG:{limits.targets},TAGMSG:{limits.targets},WHOIS:1",
            f"TOPICLEN={limits.topic}",
            f"USERLEN={limits.username}",
            "UTF8ONLY",
            "WHOX",
        )
    )


def lines(tokens: list[str], room: int) -> list[tuple[str, ...]]:
    """Return tokens, as many to a line as there can be and as fit into `room` bytes."""
    found: list[tuple[str, ...]] = []
    for text in pack(tokens, room):
        words = text.split(" ")
        for start in range(0, len(words), TOKENS_PER_LINE):
            found.append(tuple(words[start : start + TOKENS_PER_LINE]))
    return found


def changes(before: Settings, after: Settings) -> list[str]:
    """Return the tokens that are new or have another value; `-NAME` for those that are gone."""
    old, new = tokens(before), tokens(after)
    names = {token.partition("=")[0] for token in new}
    gone = {token.partition("=")[0] for token in old} - names
    return [token for token in new if token not in old] + [f"-{name}" for name in sorted(gone)]
