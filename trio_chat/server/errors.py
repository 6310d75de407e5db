"""Why a server could not start."""

from __future__ import annotations


class StartError(Exception):
    """The server can not start. The text is one sentence for whoever started it."""
