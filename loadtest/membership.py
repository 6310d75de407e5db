"""The nouns of the verifier: a room's members, what they say, and the lines of its log.

Records only: `loadtest.verifier` owns what happens to them, and is the only one to change them.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass, field

from loadtest.diagnosis import View
from loadtest.histogram import Histogram

Event = tuple[str, str, str]
"""A room's event: command, nickname of its cause, text."""


def words(event: Event) -> str:
    command, nickname, text = event
    if command != "PRIVMSG":
        return f"the {command} of {nickname}"
    return f"{text[:60]!r} from {nickname}"


@dataclass(slots=True, eq=False)
class Said:
    """A message that a member is about to send. Without `intended` it is not timed."""

    sender: Member
    number: int
    text: str
    intended: float
    sent: float


@dataclass(slots=True, eq=False)
class Entry:
    """A line of a room's log. `end` is where it ends, in bytes since the room's beginning."""

    event: Event
    end: int
    about: Member | None
    said: Said | None
    intended: float
    last_seen: float = 0.0


class Samples:
    """Where the verifier counts times: all rooms of a run may share one."""

    def __init__(self) -> None:
        self.deliver = Histogram()
        """Intended send time to each receiver."""
        self.last = Histogram()
        """Intended send time to the last receiver."""
        self.echo = Histogram()
        """Sent to seen by its sender."""


class Stay(enum.Enum):
    """Whether a member is in its room, as it knows itself."""

    OUT = enum.auto()
    JOINING = enum.auto()
    IN = enum.auto()


@dataclass(slots=True, eq=False, kw_only=True)
class Member:
    """One client of a room, and where it stands. Made by `Room.add`."""

    nickname: str
    sends: bool
    is_founder: bool
    is_deaf: bool
    """It does not hear itself, and speaks."""
    is_permanent: bool
    """It does not leave before the end."""
    is_gone: bool = False
    stay: Stay = Stay.OUT
    index: int | None = None
    """The log's entry that it is to see next; None while it has no place in the log."""
    offset: int = 0
    """Where that entry begins, in bytes since the room's beginning."""
    joined_at: int = 0
    """The log's entry of its latest JOIN."""
    tail: bytes = b""
    """A line that has not ended."""
    backlog: deque[tuple[Event, bytes, float]] = field(default_factory=deque)
    """What it was sent that only others can place in the log: event, line, time."""
    pending: deque[Said] = field(default_factory=deque)
    """What it has said that is not in the log."""
    said_count: int = 0
    settled: int = 0
    """How many of its messages every member has seen."""
    has_ended: bool = False
    view: View | None = None
    """What it has seen, once its room has diverged."""
