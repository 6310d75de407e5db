"""What kind of server this is: the parts of its numeric 005 that a client acts on.

Knows RPL_ISUPPORT (Modern IRC, "RPL_ISUPPORT Parameters") and no connection. What the server does
not say is what servers that say nothing do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def _folding(capitals: str, smalls: str) -> Mapping[int, int]:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return str.maketrans(letters + capitals, letters.lower() + smalls)


_CASEMAPPINGS = {
    "ascii": _folding("", ""),
    "rfc1459": _folding("[]\\~", "{}|^"),
    "rfc1459-strict": _folding("[]\\", "{}|"),
}


HISTORY_PAGE = 100
"""Messages of history that we ask for at a time, where the server gives so many."""


class Support:
    """Names and limits as the server at the other end understands them."""

    __slots__ = (
        "_casemapping",
        "channel_types",
        "history_page",
        "host_length",
        "message_references",
        "prefixes",
        "status_prefixes",
    )

    def __init__(self) -> None:
        self._casemapping: Mapping[int, int] | None = _CASEMAPPINGS["rfc1459"]
        self.channel_types = "#&"
        self.prefixes = "~&@%+"
        """What can stand in front of a nickname in a list of members."""
        self.status_prefixes = ""
        """What can stand in front of a room, to reach only some of its members (STATUSMSG)."""
        self.host_length = 63
        """Bytes of the longest host name that the server shows."""
        self.history_page = HISTORY_PAGE
        """Messages to be asked for at a time (chathistory, "ISUPPORT tokens")."""
        self.message_references = frozenset(("msgid", "timestamp"))
        """What the server finds a message by."""

    def take(self, params: Sequence[str]) -> None:
        """Learn from the parameters of one 005. Tokens that make no sense are passed over."""
        # Our nickname stands in front, and a sentence at the end.
        for token in params[1:-1]:
            name, _, value = token.partition("=")
            if name == "CASEMAPPING":
                # A mapping that is none of the three is one of Unicode's.
                self._casemapping = _CASEMAPPINGS.get(value)
            elif name == "CHANTYPES":
                self.channel_types = value
            elif name == "PREFIX":
                self.prefixes = value.partition(")")[2]
            elif name == "STATUSMSG":
                self.status_prefixes = value
            elif name == "HOSTLEN" and value.isascii() and value.isdigit() and int(value) < 256:
                self.host_length = max(int(value), 63)
            elif name == "CHATHISTORY" and value.isascii() and value.isdigit() and len(value) < 9:
                self.history_page = min(int(value) or HISTORY_PAGE, HISTORY_PAGE)
            elif name == "MSGREFTYPES":
                self.message_references = frozenset(value.split(","))

    def fold(self, name: str) -> str:
        """Return the form in which equal nicknames and equal rooms are equal strings."""
        return name.casefold() if self._casemapping is None else name.translate(self._casemapping)

    def room_of(self, target: str) -> str:
        """Return the room that a message to `target` is said in; empty when it is a person."""
        room = target.lstrip(self.status_prefixes) if self.status_prefixes else target
        return room if room and room[0] in self.channel_types else ""
