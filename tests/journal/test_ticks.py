"""What is written for a step."""

from __future__ import annotations

import msgspec
import pytest

from tests.journal.rig import joined, number_at, said
from trio_chat.core.entries import ELSEWHERE, Change, Entry, Kept, Marked, Moved, Redacted
from trio_chat.core.events import Quit, Source
from trio_chat.core.ids import Position
from trio_chat.core.questions import MESSAGES, OTHERS
from trio_chat.journal import records, ticks
from trio_chat.journal.ticks import CHANGE

NUMBER = number_at(5)


def test_parts_come_back_in_their_order() -> None:
    at = Position(NUMBER, 7)
    changes: list[Change] = [
        Redacted("#a", Position(3, 4)),
        Marked("al", "#a", 12),
        Kept("klines", "x", b"\xff"),
        Kept("klines", "y", None),
        Moved("#a", "#b"),
    ]
    event = said("hi", at)
    tick = ticks.encode(NUMBER, [*changes[:2], Entry(event, ("#a", "#b"), 3), *changes[2:]])
    items = ticks.decode(tick.body)
    item = items.pop(2)
    assert [ticks.change_in(one) for one in items] == changes
    assert {one[0] for one in items} == {CHANGE}
    assert item[:4] == (7, MESSAGES, 3, ("#a", "#b"))
    assert records.decode(item[4], at) == event
    assert (tick.number, tick.entries, tick.is_pressing) == (NUMBER, 2, True)


@pytest.mark.parametrize("change", [Marked("al", "#a", 1), Kept("t", "k", None)])
def test_what_is_not_pressing(change: Change) -> None:
    tick = ticks.encode(NUMBER, [change, said("x", Position(NUMBER, 0))])
    assert not tick.is_pressing


def test_an_event_alone_belongs_to_its_room() -> None:
    at = Position(NUMBER, 0)
    quit = Quit(time=0.0, source=Source(prefix="al"), reason="")
    tick = ticks.encode(NUMBER, [joined(at, channel="#Room"), quit])
    found = [item[:4] for item in ticks.decode(tick.body)]
    # An id of another step, or none, gives no place: then it is where the event stands.
    assert found == [(0, OTHERS, 0, ("#room",)), (1, OTHERS, 0, (ELSEWHERE,))]


def test_nothing() -> None:
    assert ticks.decode(ticks.encode(NUMBER, []).body) == []


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x92\x01\x91\x91\x01", b"\x92\x01\x91\xff"])
def test_what_is_no_tick(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        ticks.decode(body)
