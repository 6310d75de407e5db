"""The table of a connection's life, whole."""

from __future__ import annotations

import pytest

from trio_chat.server.life import TABLE, Event, ImpossibleError, State, after

# Row by row, what every event leads to; a dot is an event that can not happen there.
EVENTS = "ENCRYPT ENCRYPTED KNOWN POLL READ WAIT HOLD RELEASE HANG_UP LEAVE FINISH CLOSE"
EXPECTED = """
SNIFFING  HANDSHAKE .        PAUSED .      .       .      .       .       .       LEFT   ENDING GONE
HANDSHAKE .         SNIFFING .      .      .       .      .       .       .       LEFT   ENDING GONE
PAUSED    .         .        .      POLLED READING PAUSED HELD    PAUSED  HUNG_UP LEFT   ENDING GONE
POLLED    .         .        .      .      READING PAUSED HELD    POLLED  HUNG_UP LEFT   ENDING GONE
READING   .         .        .      .      .       PAUSED HELD    READING HUNG_UP LEFT   ENDING GONE
HELD      .         .        .      .      .       HELD   HELD    PAUSED  HUNG_UP LEFT   ENDING GONE
HUNG_UP   .         .        .      .      .       .      HUNG_UP HUNG_UP .       LEFT   ENDING GONE
LEFT      .         .        .      .      .       .      LEFT    LEFT    .       .      ENDING GONE
ENDING    ENDING    ENDING   ENDING ENDING ENDING  ENDING ENDING  ENDING  ENDING  ENDING ENDING GONE
GONE      .         .        .      .      .       .      GONE    GONE    .       .      GONE   .
"""
ROWS = {State[row[0]]: row[1:] for row in map(str.split, EXPECTED.strip().splitlines())}
PAIRS = [
    (state, Event[event], result)
    for state, results in ROWS.items()
    for event, result in zip(EVENTS.split(), results, strict=True)
]


def test_every_pair_is_looked_at() -> None:
    assert {(state, event) for state, event, _ in PAIRS} == {
        (state, event) for state in State for event in Event
    }


@pytest.mark.parametrize(
    ("state", "event", "result"), PAIRS, ids=lambda one: getattr(one, "name", one)
)
def test_every_pair(state: State, event: Event, result: str) -> None:
    if result == ".":
        with pytest.raises(ImpossibleError, match=f"{event.value} in the state {state.value}"):
            after(state, event)
    else:
        assert after(state, event) is State[result]


def test_every_state_is_reached_and_ends() -> None:
    reached = {State.SNIFFING}
    while more := {new for old in reached for new in TABLE[old].values()} - reached:
        reached |= more
    assert reached == set(State)
    assert all(TABLE[state][Event.CLOSE] is State.GONE for state in State if state.value != "gone")
    assert set(TABLE[State.GONE].values()) == {State.GONE}
