"""Cutting text to bytes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.wire.text import WIDTH, cut, split, wrapped

TEXT = st.text(st.characters(blacklist_categories=["Cs"]))


CLUSTERS = (
    "a",
    " ",
    "é",
    "ж",
    "漢",
    "\U0001f600",
    "e\u0301",
    "a\u0308\u0323",
    "\u2764\ufe0f",
    "\U0001f44d\U0001f3fd",
    "\U0001f1e9\U0001f1ea",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\U0001f9d1\U0001f3fb\u200d\u2764\ufe0f\u200d\U0001f9d1\U0001f3ff",
    "\u0915\u094d\u0937\u093f",
    "\u1100\u1161\u11a8",
)
"""None of them goes on with another."""


@given(text=TEXT, limit=st.integers(0, 60))
def test_cut_is_a_beginning_that_fits(text: str, limit: int) -> None:
    head = cut(text, limit)
    assert text.startswith(head)
    assert len(head.encode()) <= limit
    if head != text:
        assert len(head.encode()) > limit - 4 * 32


@given(clusters=st.lists(st.sampled_from(CLUSTERS), max_size=12), limit=st.integers(0, 120))
def test_cut_is_the_longest_beginning_of_whole_characters(clusters: list[str], limit: int) -> None:
    beginnings = ["".join(clusters[:count]) for count in range(len(clusters) + 1)]
    longest = [head for head in beginnings if len(head.encode()) <= limit][-1]
    head = cut("".join(clusters), limit)
    if longest or not clusters:
        assert head == longest
    else:
        # The first of them does not fit, and is cut between code points.
        assert head == clusters[0].encode()[:limit].decode(errors="ignore")


def test_what_is_piled_up_without_end_is_cut() -> None:
    piled = "a" + "\u0301" * 200
    assert cut(piled, 101) == piled[:51]
    assert split(piled, 101)[0] == piled[:51]


@given(clusters=st.lists(st.sampled_from(CLUSTERS), max_size=12), limit=st.integers(32, 60))
def test_split_leaves_characters_whole(clusters: list[str], limit: int) -> None:
    text = "".join(clusters)
    ends = {len("".join(clusters[:count])) for count in range(len(clusters) + 1)}
    place = 0
    for piece in split(text, limit):
        if not text.startswith(piece, place):
            assert text[place] == " "
            place += 1
        place += len(piece)
        assert place in ends
    assert place == len(text) or text[place:] == " "


@given(text=TEXT, limit=st.integers(4, 60))
def test_split_loses_only_the_spaces_where_it_cuts(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(len(piece.encode()) <= limit for piece in pieces)
    assert all(pieces) or pieces == [text] == [""]
    # What may be between two pieces, and behind the last one.
    assert re.fullmatch(" ?".join(map(re.escape, pieces)) + " ?", text)


def test_a_space_at_the_end_makes_no_piece_of_its_own() -> None:
    assert split("one two ", 7) == ["one two"]
    assert split("0000 0000", 4) == ["0000", "0000"]


def test_split_prefers_spaces() -> None:
    assert split("one two three", 8) == ["one two", "three"]
    assert split("one two three", 7) == ["one two", "three"]
    assert split("a bcdefghijk", 8) == ["a bcdefg", "hijk"]
    assert split("abcdef ghi jkl", 9) == ["abcdef", "ghi jkl"]
    assert split("abcde fghi jkl", 9) == ["abcde fgh", "i jkl"]
    assert split("éééé", 4) == ["éé", "éé"]
    assert split("", 4) == [""]


def test_a_limit_that_can_not_hold_a_character_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        split("x", 3)


def test_lines_of_a_terminal() -> None:
    text = "NAME  " + " ".join(["what-it-is for"] * 12)
    lines = wrapped(text, 6)
    assert len(lines) == 3
    assert max(map(len, lines)) <= WIDTH
    assert [line[:6] for line in lines] == ["NAME  ", " " * 6, " " * 6]
    assert " ".join([lines[0], *(line[6:] for line in lines[1:])]) == text
    # No word is cut.
    assert wrapped(f"{'x' * 100} y") == ["x" * 100, "  y"]
