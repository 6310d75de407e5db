"""Registrations of rooms: found by name and by account, and read as they were kept."""

from __future__ import annotations

import msgspec
import pytest

from trio_chat.core import modes
from trio_chat.core.entries import Kept
from trio_chat.core.registered import ROOM, RegisteredRoom, RegisteredRooms, gone, kept

ONE = RegisteredRoom(
    name="#A",
    founder="al",
    registered_at=1.0,
    description="of a",
    access={"bo": modes.VOICE, "cy": modes.OP},
    successor="di",
)


def test_it_is_as_it_was_kept() -> None:
    record = kept(ONE)
    assert (record.table, record.key) == (ROOM, "#a")
    assert record.value is not None
    there = RegisteredRooms({"#a": record.value})
    assert [*there] == [there.get("#a")] == [there.get("#A")] == [ONE]
    assert "#A" in there
    assert len(there) == 1
    for account in ("al", "bo", "cy", "di"):
        assert there.of(account) == [ONE]
    assert (there.founded("al"), there.founded("bo"), there.founded("x")) == (1, 0, 0)
    there.drop("#A")
    assert there.get("#a") is None
    assert there.of("bo") == []
    assert gone(ONE) == Kept(ROOM, "#a", None)


def test_another_registration_takes_the_place_of_one() -> None:
    there = RegisteredRooms({})
    there.put(ONE)
    there.put(ONE.with_access("bo", 0).with_access("ed", modes.ADMIN))
    assert there.of("bo") == []
    assert len(there.of("ed")) == len(there.of("al")) == 1


@pytest.mark.parametrize("value", [b"\xc1", msgspec.msgpack.encode([2, "#a", "al", 1.0]), b""])
def test_one_that_can_not_be_read_is_nobodys(value: bytes) -> None:
    there = RegisteredRooms({"#a": value})
    assert len(there.unreadable) == 1
    found = there.get("#a")
    assert found is not None
    assert [found.standing_of(account) for account in ("", "al", "#a")] == [0, 0, 0]
    there.drop("#a")
    assert there.get("#a") is None


def test_what_accounts_are() -> None:
    assert ONE.standing_of("AL") == modes.OWNER
    assert ONE.standing_of("Cy") == modes.OP
    assert ONE.standing_of("di") == ONE.standing_of("") == 0
    other = ONE.founded_by("bo")
    assert (other.founder, other.access) == ("bo", {"cy": modes.OP})
    assert ONE.founded_by("di").successor == ""


def test_what_becomes_of_it_when_an_account_is_dropped() -> None:
    assert ONE.without("bo") == ONE.with_access("bo", 0)
    assert ONE.without("al") == ONE.founded_by("di")
    unnamed = ONE.without("di")
    assert unnamed is not None
    assert unnamed.successor == ""
    heir = unnamed.without("al")
    assert heir is not None
    assert (heir.founder, heir.access) == ("cy", {"bo": modes.VOICE})
    # Nobody but operators and above.
    assert unnamed.with_access("cy", modes.HALFOP).without("al") is None
    # The highest, and of those the first.
    two = unnamed.with_access("ed", modes.ADMIN).with_access("fi", modes.ADMIN | modes.OP)
    heir = two.without("al")
    assert heir is not None
    assert heir.founder == "ed"


def test_one_that_changes_outlives_its_members() -> None:
    there = RegisteredRooms({})
    there.begin("#A")
    assert there.is_changing("#a")
    assert there.outlives("#a")
    assert "#a" not in there
    there.end("#a")
    assert not there.outlives("#A")
