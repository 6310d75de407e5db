"""How much is kept."""

from __future__ import annotations

import msgspec


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept: `days` of it (0: for ever), and so many messages of each conversation (0: all
    of them)."""

    days: int = 0
    messages: int = 0
