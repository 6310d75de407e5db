"""What the server has kept: the lines that `trio-chat journal export` prints.

Pure. A message belongs to one conversation, and stands there once, in its order.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from loadtest.drill.ledger import Message


class _Line(msgspec.Struct, frozen=True):
    """What a line of the export has that the drill wants."""

    conversation: str
    id: str
    source: str
    event: str
    text: str = ""


_decode = msgspec.json.Decoder(_Line).decode


class History:
    """The messages of each conversation, in the order in which they are kept."""

    def __init__(self) -> None:
        self.conversations: dict[str, list[Message]] = {}

    @classmethod
    def read(cls, lines: Iterable[bytes]) -> History:
        """Read an export. Raises `msgspec.DecodeError` for what is none."""
        history = cls()
        for line in lines:
            found = _decode(line)
            if found.event in ("Said", "SaidInLines"):
                message = Message(found.id, found.source.partition("!")[0], found.text)
                history.conversations.setdefault(found.conversation, []).append(message)
        return history

    @property
    def messages(self) -> int:
        """How many there are."""
        return sum(map(len, self.conversations.values()))
