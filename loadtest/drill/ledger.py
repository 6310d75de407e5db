"""What clients were shown: every message with its id, and for each client the order.

Pure. Owns nothing but what it is told; says nothing about what should have been shown.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple


class Message(NamedTuple):
    """A message as somebody was shown it, or as it was kept."""

    id: str
    sender: str
    """A nickname."""
    text: str


class Sequence(NamedTuple):
    """What one client was shown of one conversation."""

    client: str
    place: str
    """The room, or the other's nickname."""


class Ledger:
    """Everything that anybody was shown.

    The same message is shown to many: it is kept once, and by its number after that.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.sequences: dict[Sequence, array[int]] = {}
        """The numbers of messages, in the order in which they were shown."""
        self.acknowledged = 0
        """Lines whose sender was shown them."""
        self.shown = 0
        """Messages, each counted for everybody who was shown it."""
        self.contradictions = 0
        """Messages that two were shown with one id, and were not the same."""
        self._numbers: dict[str, int] = {}

    def show(self, client: str, place: str, message: Message) -> None:
        """Note that a client has been shown a message."""
        number = self.meet(message)
        at = Sequence(client, place)
        sequence = self.sequences.get(at)
        if sequence is None:
            sequence = self.sequences[at] = array("l")
        sequence.append(number)
        self.shown += 1
        if message.sender == client:
            self.acknowledged += 1

    def meet(self, message: Message) -> int:
        """Note a message that somebody was shown, whoever and whenever; return its number."""
        number = self._numbers.get(message.id)
        if number is None:
            number = self._numbers[message.id] = len(self.messages)
            self.messages.append(message)
        elif self.messages[number] != message:
            self.contradictions += 1
        return number

    def last(self, client: str, place: str) -> str:
        """Return the id of what a client was shown last of a conversation; "": nothing."""
        sequence = self.sequences.get(Sequence(client, place))
        return self.messages[sequence[-1]].id if sequence else ""
