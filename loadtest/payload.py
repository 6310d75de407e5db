"""What the swarm's messages say.

Owns the text of a message: `RUN SENDER SEQUENCE MICROSECONDS` and padding, or `RUN SENDER END
SEQUENCE` for a sender's last one. Knows nothing of IRC. Invariant: no two messages of a run have
the same text, so that equal texts mean the same message.
"""

from __future__ import annotations

from typing import NamedTuple

_PADDING = "abcdefghijklmnopqrstuvwxyz0123456789"


class Payload(NamedTuple):
    """A message's text, read. `intended` is in seconds since the run's start."""

    run: str
    sender: str
    sequence: int
    intended: float
    is_end: bool


def message_text(run: str, sender: str, sequence: int, intended: float, size: int) -> str:
    """Write a message; padded to `size` bytes, or longer where its head alone is longer."""
    head = f"{run} {sender} {sequence} {round(intended * 1e6)}"
    missing = size - len(head) - 1
    if missing <= 0:
        return head
    return f"{head} {(_PADDING * (missing // len(_PADDING) + 1))[:missing]}"


def end_text(run: str, sender: str, sequence: int) -> str:
    """Write a sender's last message: `sequence` is how many it has sent before."""
    return f"{run} {sender} END {sequence}"


def read_text(text: str) -> Payload | None:
    """Read a text, or return None when the swarm can not have written it."""
    words = text.split(" ")
    if len(words) < 4:
        return None
    run, sender, third, fourth = words[:4]
    is_end = third == "END"
    number = fourth if is_end else third
    if not (_is_number(number) and _is_number(fourth)):
        return None
    return Payload(run, sender, int(number), 0.0 if is_end else int(fourth) / 1e6, is_end)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit()
