"""The tokens of RPL_ISUPPORT, from the tables and the limits (Modern IRC, "RPL_ISUPPORT")."""

from __future__ import annotations

from trio_chat.core import modes
from trio_chat.core.names import CHANNEL_TYPES
from trio_chat.core.settings import Settings

TOKENS_PER_LINE = 13
"""A line has at most 15 parameters, nickname and text included (Modern IRC, 005)."""


def tokens(settings: Settings) -> list[str]:
    """Return every token that this server advertises, in alphabetical order."""
    limits = settings.limits
    letters = "".join(prefix.letter for prefix in modes.PREFIXES)
    symbols = "".join(prefix.symbol for prefix in modes.PREFIXES)
    chanmodes = ",".join(modes.letters_of_kind(kind) for kind in modes.Kind)
    network = settings.network.replace(" ", "\\x20")
    return sorted(
        (
            f"AWAYLEN={limits.away}",
            "CASEMAPPING=ascii",
            f"CHANLIMIT={CHANNEL_TYPES}:{limits.channels_per_user}",
            f"CHANMODES={chanmodes}",
            f"CHANNELLEN={limits.channel}",
            f"CHANTYPES={CHANNEL_TYPES}",
            "EXCEPTS=e",
            "INVEX=I",
            f"KICKLEN={limits.kick}",
            f"MAXLIST={modes.LISTS}:{limits.list_entries}",
            "MODES",
            f"NETWORK={network}",
            f"NICKLEN={limits.nickname}",
            f"PREFIX=({letters}){symbols}",
            f"TARGMAX=JOIN:,KICK:{limits.targets},LIST:{limits.targets},"
            f"NAMES:{limits.targets},NOTICE:{limits.targets},"
            f"PART:,PRIVMSG:{limits.targets},WHOIS:1",
            f"TOPICLEN={limits.topic}",
            f"USERLEN={limits.username}",
            "UTF8ONLY",
        )
    )


def lines(settings: Settings) -> list[tuple[str, ...]]:
    """Return the tokens, as many to a line as fit."""
    every = tokens(settings)
    return [
        tuple(every[start : start + TOKENS_PER_LINE])
        for start in range(0, len(every), TOKENS_PER_LINE)
    ]
