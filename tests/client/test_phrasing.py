from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_chat.client.phrasing import check_name, one_line, phrase
from trio_chat.wire import irc


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_piece_is_a_line_that_fits(text: str) -> None:
    head = ":me!~me@ PRIVMSG #lobby :"
    pieces = phrase(text, head, reserve=63)
    for piece in pieces:
        assert piece
        assert len(irc.frame(head + piece)) + 63 <= irc.LINE_LIMIT
    said = "".join(pieces).replace(" ", "")
    assert said == text.translate({ord(c): None for c in "\r\n\0 "})


def test_lines_are_pieces() -> None:
    assert phrase("one\r\ntwo\rthree\n\nfour", "") == ["one", "two", "three", "four"]


def test_a_head_that_leaves_no_room() -> None:
    assert phrase("abcdef", "x" * 600) == ["abcd", "ef"]


def test_an_emoji_is_in_one_piece_and_words_are_whole() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    head = "x" * (510 - 40)
    assert phrase(family * 5, head) == [family * 2, family * 2, family]
    assert phrase(f"{'a' * 20} {family}{family}", head) == ["a" * 20, family * 2]
    assert phrase("word " * 9, head) == [("word " * 8).rstrip(), "word "]


def test_one_line() -> None:
    assert one_line("a\r\nb\nc\0") == "a b c"


@pytest.mark.parametrize("name", ["", ":a", "a b", "a,b", "a\n", "\x7f"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ValueError, match="neither a nickname nor a room"):
        check_name(name)
