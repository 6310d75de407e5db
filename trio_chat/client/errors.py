"""What can go wrong between a client and its server, as sentences that a person can read.

All of them are `ChatError`: who does not care which it was catches that one. A caller's own
mistake, such as a nickname with a space in it, is a `ValueError` instead. The names say what has
happened, as those of trio do (`Cancelled`, `WouldBlock`).
"""

from __future__ import annotations


class ChatError(Exception):
    """Something did not work out. `str(error)` is one sentence without a full stop."""


class Refused(ChatError):  # noqa: N818
    """The server said no.

    `code` is the numeric (`"404"`) or the code of a FAIL (`"ACCOUNT_REQUIRED"`), for programs.
    """

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


class NoAnswer(ChatError):  # noqa: N818
    """The server said nothing within the time that the caller gave it."""


class ConnectionLost(ChatError):  # noqa: N818
    """The connection could not be made, or ended without our having asked for it."""


class NotSaid(ConnectionLost):
    """The connection was lost before the server had this message, and nobody has been shown it.

    Read in the server's history, so that it can be said again without being said twice. `text` is
    what it was.
    """

    def __init__(self, text: str) -> None:
        super().__init__(f"the connection was lost before this was said: {text}")
        self.text = text
