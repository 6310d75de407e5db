"""What is stored of a step."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journal.rig import joined, number_at, said
from trio_chat.core.entries import ELSEWHERE, Change, Entry, Kept, Marked, Moved, Record, Redacted
from trio_chat.core.events import Event, Quit, Source
from trio_chat.core.ids import Position
from trio_chat.core.questions import MESSAGES, OTHERS, TAGS
from trio_chat.journal import blocks, records, ticks
from trio_chat.journal.blocks import PIECE, Piece

NUMBER = number_at(5)


def items(*these: Record) -> list[ticks.Item]:
    """Return what is read of a step that has stored these."""
    return ticks.decode(ticks.encode(NUMBER, these).row[1])


def lines(key: str, found: list[ticks.Item]) -> list[tuple[int, int, int]]:
    """Return of each line of a conversation its place, its kind, and who may see it."""
    pieces = [one for one in found if isinstance(one, Piece) and one.key == key]
    return [line[1:4] for piece in pieces for line in blocks.lines_of(piece)]


def test_parts_come_back_in_their_order() -> None:
    at = Position(NUMBER, 7)
    before: list[Change] = [Redacted("#a", Position(3, 4)), Marked("al", "#a", 12)]
    after: list[Change] = [Kept("k", "x", b"\xff"), Kept("k", "y", None), Moved("#a", "#b")]
    event = said("hi", at)
    tick = ticks.encode(NUMBER, [*before, Entry(event, ("#a", "#b"), 3), *after])
    found = ticks.decode(tick.row[1])
    assert [one for one in found if not isinstance(one, Piece)] == [*before, *after]
    # What happened is there before what is moved, and once for each conversation.
    assert [type(one) for one in found[-3:]] == [Piece, Piece, Moved]
    for piece in found[-3:-1]:
        assert isinstance(piece, Piece)
        [(number, place, kind, standing, data)] = blocks.lines_of(piece)
        assert (number, place, kind, standing) == (NUMBER, 7, MESSAGES, 3)
        assert records.decode(data, at) == event
    assert tick.row[0] == tick.number == NUMBER
    assert (tick.entries, tick.conversations, tick.is_pressing) == (2, 2, True)


@pytest.mark.parametrize("change", [Marked("al", "#a", 1), Kept("t", "k", None)])
def test_what_is_not_pressing(change: Change) -> None:
    tick = ticks.encode(NUMBER, [change, said("x", Position(NUMBER, 0))])
    assert not tick.is_pressing


def test_an_event_alone_belongs_to_its_room() -> None:
    at = Position(NUMBER, 0)
    quit = Quit(time=0.0, source=Source(prefix="al"), reason="")
    found = items(joined(at, channel="#Room"), quit)
    # An id of another step, or none, gives no place: then it is where the event stands.
    assert lines("#room", found) == [(0, OTHERS, 0)]
    assert lines(ELSEWHERE, found) == [(1, OTHERS, 0)]


def test_a_room_is_one_however_it_is_written() -> None:
    these = [
        said(str(place), Position(NUMBER, place), channel=name)
        for place, name in enumerate(["#Room", "#other", "#ROOM", "#room", "#Room"])
    ]
    tick = ticks.encode(NUMBER, [*these, joined(Position(NUMBER, 5), channel="#rooM")])
    found = ticks.decode(tick.row[1])
    assert [line[0] for line in lines("#room", found)] == [0, 2, 3, 4, 5]
    assert [line[0] for line in lines("#other", found)] == [1]
    assert (tick.entries, tick.conversations) == (6, 2)


def test_what_is_known_of_a_piece() -> None:
    at = [Position(NUMBER, place) for place in range(8)]

    def piece(*these: Record) -> tuple[int, int, int, int]:
        [found] = items(*these)
        assert isinstance(found, Piece)
        return found.count, found.kinds, found.messages, found.latest

    assert piece(said("x", at[0]), joined(at[1])) == (2, MESSAGES | OTHERS, 1, NUMBER)
    # Nobody may read the one, and the other says nothing.
    to_some = Entry(said("x", at[0], channel="@#a"), ("#a",), 4)
    assert piece(to_some, said("", at[1], kind="TAGMSG")) == (2, MESSAGES | TAGS, 1, 0)
    assert piece(joined(at[0])) == (1, OTHERS, 0, 0)


@given(st.permutations(range(150)), st.integers(1, 150))
def test_much_comes_in_several_pieces(places: list[int], count: int) -> None:
    """In the order of the places, whatever that of the records is."""
    these: list[Event] = [said(str(place), Position(NUMBER, place)) for place in places[:count]]
    tick = ticks.encode(NUMBER, these)
    found = ticks.decode(tick.row[1])
    assert [line[0] for line in lines("#a", found)] == sorted(places[:count])
    counts = [piece.count for piece in found if isinstance(piece, Piece)]
    assert len(counts) == -(-count // PIECE)
    assert max(counts) <= PIECE
    assert (sum(counts), tick.entries, tick.conversations) == (count, count, 1)


def test_nothing() -> None:
    assert items() == []


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x92\x02\x91\x91\x05", b"\x92\x02\x91\xff"])
def test_what_is_no_tick(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        ticks.decode(body)
    with pytest.raises(msgspec.DecodeError):
        ticks.brought_up(NUMBER, body)
