"""The life of a connection: its states, what can happen to it, and what it is then.

Owns one table, and nothing that acts: whoever has a connection acts on the state that it is in. An
event that is not in a state's row can not happen in that state; if it does, it is our own mistake.

Invariant: from every state a way leads to GONE, and none leads out of it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class State(enum.Enum):
    """Where a connection is. Each says who reads from it."""

    SNIFFING = "sniffing"
    """Which protocol it speaks is not known yet; its task reads."""
    HANDSHAKE = "handshake"
    """TLS is being agreed on; OpenSSL reads, for its task."""
    PAUSED = "paused"
    """Lines wait for flood control or for room in the inbox; nobody reads."""
    POLLED = "polled"
    """It has nothing to wait for but its peer; the poller reads."""
    READING = "reading"
    """The same, where there is nothing to poll; its task reads."""
    HELD = "held"
    """What was read last has to be answered first; nobody reads."""
    HUNG_UP = "hung up"
    """The peer says nothing more, and what it has said is still being delivered."""
    LEFT = "left"
    """The hub is told that it is over, and has not let go of it yet; nobody reads."""
    ENDING = "ending"
    """The peer is sent the rest, and given time to hang up; what it still says is dropped."""
    GONE = "gone"
    """It is closed."""


class Event(enum.Enum):
    """What can happen to a connection."""

    ENCRYPT = "encrypt"
    """It begins with TLS."""
    ENCRYPTED = "encrypted"
    """The handshake is done: what it speaks is told again, inside."""
    KNOWN = "known"
    """It is known what it speaks, and the core is told."""
    POLL = "poll"
    """Nothing waits any more, and the poller takes it."""
    READ = "read"
    """Nothing waits any more, and its task reads."""
    WAIT = "wait"
    """Lines have come that may have to wait."""
    HOLD = "hold"
    """The hub wants it to be silent, until there is an answer."""
    RELEASE = "release"
    """There is the answer."""
    HANG_UP = "hang up"
    """The peer has said that nothing more comes."""
    LEAVE = "leave"
    """It is over: everything is delivered, or it has failed, or was refused."""
    FINISH = "finish"
    """The hub lets go of it."""
    CLOSE = "close"
    """Its descriptor is closed."""


class ImpossibleError(Exception):
    """Something has happened to a connection that can not happen to it: a mistake of ours."""


_FOR_THE_HUB = (Event.HOLD, Event.RELEASE, Event.FINISH)
_UNTIL_THE_END = {Event.FINISH: State.ENDING, Event.CLOSE: State.GONE}
_UNDER_WAY = {Event.LEAVE: State.LEFT, **_UNTIL_THE_END}
_KNOWN = {Event.HOLD: State.HELD, Event.HANG_UP: State.HUNG_UP, **_UNDER_WAY}

TABLE: Mapping[State, Mapping[Event, State]] = MappingProxyType(
    {
        State.SNIFFING: {Event.ENCRYPT: State.HANDSHAKE, Event.KNOWN: State.PAUSED, **_UNDER_WAY},
        State.HANDSHAKE: {Event.ENCRYPTED: State.SNIFFING, **_UNDER_WAY},
        State.PAUSED: {
            Event.POLL: State.POLLED,
            Event.READ: State.READING,
            # The answer to what was read before; or to what was asked of it meanwhile, if its task
            # has not noticed.
            Event.RELEASE: State.PAUSED,
            Event.WAIT: State.PAUSED,
            **_KNOWN,
        },
        State.POLLED: {
            Event.WAIT: State.PAUSED,
            # The poller can not go on by itself: TLS wants to send before it reads.
            Event.READ: State.READING,
            Event.RELEASE: State.POLLED,
            **_KNOWN,
        },
        State.READING: {Event.WAIT: State.PAUSED, Event.RELEASE: State.READING, **_KNOWN},
        State.HELD: {Event.RELEASE: State.PAUSED, Event.WAIT: State.HELD, **_KNOWN},
        # What is asked of the hub while the rest is delivered does not keep the rest back: the core
        # keeps it until it has the answer.
        State.HUNG_UP: {
            Event.HOLD: State.HUNG_UP,
            Event.RELEASE: State.HUNG_UP,
            **_UNDER_WAY,
        },
        State.LEFT: {Event.HOLD: State.LEFT, Event.RELEASE: State.LEFT, **_UNTIL_THE_END},
        # The hub may let go at any time: whatever the connection was about does not matter then.
        State.ENDING: {
            **dict.fromkeys(Event, State.ENDING),
            Event.CLOSE: State.GONE,
        },
        State.GONE: dict.fromkeys(_FOR_THE_HUB, State.GONE),
    }
)


def after(state: State, event: Event) -> State:
    """Return the state that an event leads to. Raises `ImpossibleError`."""
    try:
        return TABLE[state][event]
    except KeyError:
        raise ImpossibleError(f"{event.value} in the state {state.value}") from None
