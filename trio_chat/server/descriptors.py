"""How many files this process may have open, and how many of them can be connections."""

from __future__ import annotations

import resource
import sys

from trio_chat.server.errors import StartError

PLENTY = 1000
"""Connections: where fewer are possible, whoever starts the server hears of it."""
HOW_TO_RAISE = "ulimit -n, or LimitNOFILE= in a unit of systemd"
_LEAST, _MOST = 32, 256
"""What connections leave free, at least and at most, so that files can always be opened. An idle
server has a dozen open, and its journal another dozen."""
_PART = 8
"""Of how many one is left free, between those two."""


def raise_limit() -> int:
    """Allow this process as many open files as it may have; return how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft not in (hard, resource.RLIM_INFINITY):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):
            # Not every system can do what it says.
            pass
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def for_connections(limit: int, listening: int) -> int:
    """Return how many connections there can be at once, beside so many listening sockets.

    Raises `StartError` when it is none.
    """
    left = limit - listening - min(max(_LEAST, limit // _PART), _MOST)
    if left < 1:
        raise StartError(
            f"only {limit} files may be open at once, which leaves none for connections; "
            f"raise that limit ({HOW_TO_RAISE})"
        )
    return left
