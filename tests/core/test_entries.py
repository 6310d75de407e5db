"""The keys of conversations."""

from __future__ import annotations

from trio_chat.core.entries import between, of_channel, parties


def test_a_channel_has_one_key_however_it_is_written() -> None:
    assert of_channel("#Room") == of_channel("#room") == "#room"
    assert parties("#room") == ()


def test_two_have_one_conversation_whoever_begins() -> None:
    assert between("bo", "al") == between("al", "bo")
    assert parties(between("bo", "al")) == ("al", "bo")
    assert between("al", "bo") != between("al", "cy")


def test_somebody_has_one_with_themself() -> None:
    assert parties(between("al", "al")) == ("al",)


def test_no_two_are_taken_for_a_channel() -> None:
    assert between("#a", "b") != of_channel("#a b")
