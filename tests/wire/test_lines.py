"""Cutting bytes into lines, whatever pieces they come in."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from trio_chat.wire.lines import LineBuffer


def test_pieces_and_ends() -> None:
    buffer = LineBuffer(100)
    assert buffer.feed(b"one\ntw") == [b"one"]
    assert buffer.feed(b"o\r") == []
    assert buffer.feed(b"\nthree\r\n\r\n") == [b"two", b"three", b""]
    assert buffer.take_rest() == b""
    buffer.feed(b"rest")
    assert buffer.take_rest() == b"rest"
    assert buffer.take_rest() == b""


def test_a_line_of_the_limit_is_whole_and_a_longer_one_is_cut_at_once() -> None:
    buffer = LineBuffer(5)
    assert buffer.feed(b"12345\r\n") == [b"12345"]
    assert buffer.feed(b"12345\r") == []
    assert buffer.feed(b"\n") == [b"12345"]
    # It comes out as soon as it is too long, so that the peer can be told ...
    assert buffer.feed(b"123456") == [b"123456"]
    # ... and what is left of it is nobody's line.
    assert buffer.feed(b"789") == []
    assert buffer.feed(b"0\nnext\n") == [b"next"]
    assert buffer.feed(b"1234567890\nnext\n") == [b"123456", b"next"]


def test_a_million_bytes_without_a_newline_are_not_kept() -> None:
    buffer = LineBuffer(512)
    lines = [line for _ in range(1000) for line in buffer.feed(b"x" * 1000)]
    assert lines == [b"x" * 513]
    assert len(buffer.take_rest()) <= 513


@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300)), limit=st.integers(1, 40))
def test_pieces_make_no_difference(data: bytes, cuts: list[int], limit: int) -> None:
    whole = LineBuffer(limit)
    expected = whole.feed(data)
    pieces = LineBuffer(limit)
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    found = []
    for start, end in itertools.pairwise(places):
        found += pieces.feed(data[start:end])
    assert found == expected
    assert all(len(line) <= limit + 1 for line in found)
