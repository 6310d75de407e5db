"""The keys of conversations."""

from __future__ import annotations

from trio_chat.core.entries import (
    all_with,
    between,
    is_account,
    name_of,
    of_channel,
    of_connection,
    of_nickname,
    parties,
    readers,
)


def test_a_channel_has_one_key_however_it_is_written() -> None:
    assert of_channel("#Room") == of_channel("#room") == "#room"
    assert parties("#room") == ()
    assert readers("#room") == {}


def test_two_have_one_conversation_whoever_begins() -> None:
    assert between("bo", "al") == between("al", "bo")
    assert parties(between("bo", "al")) == ("al", "bo")
    assert between("al", "bo") != between("al", "cy")


def test_somebody_has_one_with_themself() -> None:
    assert parties(between("al/1", "al/1")) == ("al/1",)
    assert readers(between("al/1", "al/1")) == {"al/1": "al"}


def test_no_two_are_taken_for_a_channel() -> None:
    assert between("#a", "b") != of_channel("#a b")


def test_parties_have_names_but_for_connections() -> None:
    connection = of_connection("8QBPcBFL6", 7)
    assert connection == "+8QBPcBFL67"
    three = ("al/17", of_nickname("Al"), connection)
    assert [name_of(party) for party in three] == ["al", "al", ""]
    assert [is_account(party) for party in three] == [True, False, False]


def test_who_finds_a_conversation_among_theirs_and_by_what_name() -> None:
    assert readers(between("al/1", "bo/2")) == {"al/1": "bo", "bo/2": "al"}
    assert readers(between("+x1", "+x2")) == {"+x1": "", "+x2": ""}
    # Whoever has a nickname later does not find what was said under it.
    assert readers(between("al/1", of_nickname("guest"))) == {"al/1": "guest"}


def test_all_that_is_meant_by_a_name_is_no_conversation() -> None:
    assert readers(all_with("al/1", "bo")) == {}
    assert all_with("al/1", "bo") != between("al/1", "bo")
