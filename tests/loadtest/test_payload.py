"""What messages say: written and read back, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.payload import Payload, end_text, message_text, read_text

WORDS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789"), min_size=1, max_size=9)
NUMBERS = st.integers(0, 10**9)


@given(WORDS, WORDS, NUMBERS, NUMBERS, st.integers(0, 350))
def test_a_message_is_read_back(
    run: str, sender: str, sequence: int, micros: int, size: int
) -> None:
    text = message_text(run, sender, sequence, micros / 1e6, size)
    payload = read_text(text)
    assert payload is not None
    assert payload[:3] == (run, sender, sequence)
    assert payload.intended == pytest.approx(micros / 1e6, abs=1e-6)
    assert not payload.is_end


def test_an_end_is_read_back() -> None:
    assert read_text(end_text("run", "u1", 7)) == Payload("run", "u1", 7, 0.0, True)


@pytest.mark.parametrize("size", [40, 41, 77, 350])
def test_a_message_has_the_size_asked_for(size: int) -> None:
    assert len(message_text("run", "u1", 12, 3.5, size).encode()) == size


def test_a_head_is_never_cut() -> None:
    text = message_text("run", "u1", 12, 3.5, 1)
    assert text == "run u1 12 3500000"
    assert message_text("run", "u1", 12, 3.5, len(text) + 1) == text


def test_no_two_messages_have_the_same_text() -> None:
    texts = [
        text
        for sender in ("u1", "u11")
        for number in range(12)
        for text in (message_text("run", sender, number, 1.0, 60), end_text("run", sender, number))
    ]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "run u1 x 12",
        "run u1 1 x",
        "run u1 -1 12",
        "run u1 END x",
        "run u1 ¹ 1",
        "a b 1",
    ],
)
def test_other_texts_are_not_taken_for_messages(text: str) -> None:
    assert read_text(text) is None
