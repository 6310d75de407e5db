"""Pieces and blocks: lines as bytes, and what is put together of them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journal.rig import File, joined, number_at, said
from trio_chat.core.events import Event, SaidInLines, Source
from trio_chat.core.ids import Position
from trio_chat.core.questions import MESSAGES, OTHERS
from trio_chat.journal import blocks, ticks
from trio_chat.journal.blocks import BLOCK, PIECE, Piece, Talk

COUNTS = st.lists(st.integers(1, PIECE), min_size=1, max_size=6)


def piece(number: int, count: int) -> Piece:
    these = [said(str(place), Position(number, place)) for place in range(count)]
    [found] = ticks.encode(number, these).items
    assert isinstance(found, Piece)
    return found


@given(COUNTS)
def test_a_block_has_the_lines_of_its_pieces(counts: list[int]) -> None:
    numbers = [number_at(at) for at in range(len(counts))]
    pieces = [piece(number, count) for number, count in zip(numbers, counts, strict=True)]
    body = blocks.join(pieces)
    lines = [line for one in pieces for line in blocks.lines_of(one)]
    assert [line[:2] for line in lines] == [
        (number, place)
        for number, count in zip(numbers, counts, strict=True)
        for place in range(count)
    ]
    assert blocks.decode_plainly(body) == lines
    # It is laid out as one that is written anew.
    assert blocks.encode(lines) == body


def talk(at: int) -> Talk:
    return Talk("al!u@h", str(at), 1)


def test_blocks_are_filled_with_whole_pieces(file: File) -> None:
    these = []
    for at, count in enumerate([PIECE, PIECE, PIECE // 2, PIECE, 1, 1]):
        number = number_at(at)
        events: list[Event] = [said("x", Position(number, place)) for place in range(count - 1)]
        # What nobody says counts as a line, and not as a message.
        events.append(joined(Position(number, count - 1)))
        [found] = ticks.encode(number, events).items
        assert isinstance(found, Piece)
        these.append((number, found, talk(at)))
    made = blocks.insert(file.connection, {7: these, 8: these[:1]})
    assert made == [
        (1, 7, [talk(0), talk(1)]),
        (2, 7, [talk(2), talk(3), talk(4), talk(5)]),
        (3, 8, [talk(0)]),
    ]
    rows = file.connection.execute(
        "SELECT conversation, first, last, kinds, messages, body FROM blocks ORDER BY id"
    ).fetchall()
    kinds = MESSAGES | OTHERS
    assert [row[:5] for row in rows] == [
        (7, number_at(0), number_at(1), kinds, BLOCK - 2),
        (7, number_at(2), number_at(5), kinds, PIECE // 2 - 1 + PIECE - 1),
        (8, number_at(0), number_at(0), kinds, PIECE - 1),
    ]
    assert [len(blocks.decode(row[5])) for row in rows] == [BLOCK, PIECE // 2 + PIECE + 2, PIECE]


def test_what_is_said_in_a_block() -> None:
    number = number_at(1)
    at = [Position(number, place) for place in range(4)]
    lines = SaidInLines(
        time=0.0,
        source=Source(prefix="bo!u@h"),
        id="",
        kind="NOTICE",
        target="#a",
        text="one\ntwo",
        lines=(("one", False), ("two", False)),
    )
    [found] = ticks.encode(number, [said("x", at[0]), joined(at[1]), lines]).items
    assert isinstance(found, Piece)
    body = blocks.join([found])
    assert blocks.messages_in(body) == [("al!u@h", "x"), ("bo!u@h", "one\ntwo")]
    first, *rest = blocks.decode(body)
    assert blocks.messages_in(blocks.encode([first.blanked(), *rest])) == [("bo!u@h", "one\ntwo")]


@pytest.mark.parametrize("body", [b"", b"\x92\x01\x91\x01", b"\x92\x01\x91\x95\1\1\1\1\xc0"])
def test_what_has_no_messages(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        blocks.messages_in(body)
