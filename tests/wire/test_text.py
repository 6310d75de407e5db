"""Cutting text to bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.wire.text import cut, split

TEXT = st.text(st.characters(blacklist_categories=["Cs"]))


@given(text=TEXT, limit=st.integers(0, 60))
def test_cut_is_the_longest_whole_beginning(text: str, limit: int) -> None:
    head = cut(text, limit)
    assert text.startswith(head)
    assert len(head.encode()) <= limit
    if head != text:
        assert len(text[: len(head) + 1].encode()) > limit


@given(text=TEXT, limit=st.integers(4, 60))
def test_split_loses_only_the_spaces_where_it_cuts(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(len(piece.encode()) <= limit for piece in pieces)
    rest = text
    for piece in pieces:
        if piece != pieces[0] and not rest.startswith(piece):
            assert rest[0] == " "
            rest = rest[1:]
        assert rest.startswith(piece)
        rest = rest[len(piece) :]
    assert rest == ""


def test_split_prefers_spaces() -> None:
    assert split("one two three", 8) == ["one two", "three"]
    assert split("one two three", 7) == ["one two", "three"]
    assert split("a bcdefghijk", 8) == ["a bcdefg", "hijk"]
    assert split("éééé", 4) == ["éé", "éé"]
    assert split("", 4) == [""]


def test_a_limit_that_can_not_hold_a_character_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        split("x", 3)
