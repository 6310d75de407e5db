"""Wrong passwords are counted, and keep out those who are wrong, and nobody else."""

from __future__ import annotations

import heapq

import pytest

from trio_chat.core import attempts
from trio_chat.core.attempts import DAY, LONGEST, WIDER, Attempts, network, origin

LIMIT = 5


def guess(these: Attempts, address: str, account: str, now: float) -> float:
    """Be wrong once more, if that is allowed; return how long to wait if not."""
    wait = these.wait(address, account, now=now, limit=LIMIT)
    if not wait:
        these.begin(address, account, now=now, limit=LIMIT)
    return wait


def test_so_many_a_minute_from_an_address() -> None:
    these = Attempts()
    waits = [guess(these, "a", f"account{number}", 100.0) for number in range(7)]
    assert waits == [0, 0, 0, 0, 0, pytest.approx(12), pytest.approx(12)]
    assert guess(these, "b", "", 100.0) == 0
    # One in twelve seconds comes back.
    assert guess(these, "a", "", 112.1) == 0
    assert guess(these, "a", "", 112.1) > 0
    assert [guess(these, "a", "", 1000.0) for _ in range(6)][-2:] == [0, pytest.approx(12)]


def test_so_many_a_minute_for_an_account_and_its_owner_is_not_locked_out() -> None:
    these = Attempts()
    for number in range(20):
        assert guess(these, f"host{number}", "al", 0.0) == 0
    # Whoever was wrong about it when it was over waits, where their own address has tries left too.
    assert guess(these, "host3", "al", 1.0) == 0
    assert guess(these, "host19", "al", 1.0) == pytest.approx((20 - 4) * 12 - 1)
    assert guess(these, "host19", "bo", 1.0) == 0
    # Somebody who comes new has a try, and after being right as many as they like.
    for second in range(30):
        assert these.wait("home", "al", now=2.0 + second, limit=LIMIT) == 0
        these.begin("home", "al", now=2.0 + second, limit=LIMIT)
        these.right("home", "al", now=2.0 + second, limit=LIMIT)


def test_an_owner_at_home_mistypes_while_others_guess() -> None:
    these = Attempts()
    these.know("home", "al", now=0.0)
    for number in range(100):
        assert guess(these, f"host{number}", "al", 1.0) == 0
    # What is wrong there counts for itself alone, and so much as anywhere.
    waits = [guess(these, "home", "al", 2.0) for _ in range(LIMIT + 1)]
    assert waits == [0, 0, 0, 0, 0, pytest.approx(12)]
    assert guess(these, "home", "bo", 2.0) == 0
    assert these.wait("home", "al", now=14.1, limit=LIMIT) == 0


def test_an_owner_is_not_kept_out_by_others_at_the_same_address() -> None:
    these = Attempts()
    these.know("home", "al", now=0.0)
    assert [guess(these, "home", "", 1.0) for _ in range(6)] == [0, 0, 0, 0, 0, pytest.approx(12)]
    assert guess(these, "home", "bo", 1.0) > 0
    assert these.wait("home", "al", now=1.0, limit=LIMIT) == 0
    assert not these.is_full("home", "al", now=1.0, limit=LIMIT)
    # Nor by what is known of neither yet.
    for _ in range(LIMIT):
        these.start("home", "bo")
    assert not these.is_full("home", "al", now=1.0, limit=LIMIT)
    # It is for a day.
    assert these.wait("home", "al", now=DAY - 1, limit=LIMIT) == 0
    for _ in range(LIMIT):
        guess(these, "home", "", DAY + 1)
    assert these.wait("home", "al", now=DAY + 1, limit=LIMIT) > 0


def test_who_waits_is_told_for_how_long_and_others_make_it_no_longer() -> None:
    these = Attempts()
    for number in range(10):
        guess(these, f"host{number}", "al", 0.0)
    told = guess(these, "host9", "al", 0.0)
    assert told == pytest.approx((10 - 4) * 12)
    for number in range(10, 1000):
        guess(these, f"host{number}", "al", 1.0)
    assert these.wait("host9", "al", now=told - 1, limit=LIMIT) == pytest.approx(1)
    assert guess(these, "host9", "al", told) == 0
    assert guess(these, "host999", "al", 1.0) == LONGEST
    assert guess(these, "host999", "al", 1.0 + LONGEST) == 0


@pytest.mark.parametrize(("addresses", "most"), [(10, 315), (50, 360), (1000, 7000)])
def test_what_many_addresses_have_of_an_account_in_an_hour(addresses: int, most: int) -> None:
    """Each has its first, and then they have what one has, or one in `LONGEST` each."""
    these = Attempts()
    turns = [(0.0, number) for number in range(addresses)]
    guesses = 0
    while turns[0][0] < 3600:
        now, number = heapq.heappop(turns)
        wait = guess(these, f"host{number}", "al", now)
        guesses += not wait
        # A little later, since a sum of fractions may be less than it is.
        heapq.heappush(turns, (now + wait + 0.001, number))
    assert 300 < guesses <= most


def test_of_those_at_once_from_one_address_no_more_are_under_way_than_one_by_one() -> None:
    these = Attempts()
    for number in range(20):
        guess(these, f"host{number}", "al", 0.0)
    assert not these.is_full("new", "al", now=0.0, limit=LIMIT)
    these.start("new", "al")
    assert these.is_full("new", "al", now=0.0, limit=LIMIT)
    assert not these.is_full("new", "bo", now=0.0, limit=LIMIT)
    assert not these.is_full("other", "al", now=0.0, limit=LIMIT)
    assert these.finish("new", "al") == 0
    assert not these.is_full("new", "al", now=0.0, limit=LIMIT)


def test_what_is_right_does_not_count() -> None:
    these = Attempts()
    for _ in range(LIMIT):
        these.begin("a", "al", now=0.0, limit=LIMIT)
    assert these.wait("a", "bo", now=0.0, limit=LIMIT) > 0
    for _ in range(LIMIT):
        these.right("a", "al", now=0.0, limit=LIMIT)
    assert these.wait("a", "al", now=0.0, limit=LIMIT) == 0


def test_no_more_are_under_way_than_could_be_wrong() -> None:
    these = Attempts()
    guess(these, "a", "", 0.0)
    for _ in range(LIMIT - 1):
        assert not these.is_full("a", "", now=0.0, limit=LIMIT)
        these.start("a", "")
    assert these.is_full("a", "", now=0.0, limit=LIMIT)
    # They are waited for; nobody is sent away yet.
    assert these.wait("a", "", now=0.0, limit=LIMIT) == 0
    assert not these.is_full("b", "", now=0.0, limit=LIMIT)
    assert [these.finish("a", "") for _ in range(LIMIT - 1)] == [3, 2, 1, 0]
    assert not these.is_full("a", "", now=0.0, limit=LIMIT)


def in_48(number: int, *, other: int = 0) -> str:
    """Return one of the 65,536 /64 of a /48."""
    return origin(f"2001:db8:{other:x}:{number:x}::1")


def test_whoever_has_a_48_has_no_more_guesses_at_an_account_than_one_address() -> None:
    these = Attempts()
    waits = [guess(these, in_48(number), "al", 0.0) for number in range(1000)]
    assert waits[:LIMIT] == [0] * LIMIT
    assert all(wait > 0 for wait in waits[LIMIT:])
    # Nobody else is kept out, whoever they are.
    assert guess(these, in_48(1, other=1), "al", 0.0) == 0
    assert guess(these, "192.0.2.7", "al", 0.0) == 0
    # One in twelve seconds comes back.
    assert guess(these, in_48(2000), "al", 12.1) == 0
    assert guess(these, in_48(2001), "al", 12.1) > 0


def test_whoever_has_a_48_has_some_more_guesses_at_many_accounts() -> None:
    these = Attempts()
    waits = [guess(these, in_48(number), f"a{number}", 0.0) for number in range(1000)]
    assert waits.count(0) == WIDER * LIMIT
    assert guess(these, in_48(0, other=1), "a1", 0.0) == 0
    assert [guess(these, in_48(number), "", 0.0) > 0 for number in range(5)] == [True] * 5


def test_an_owner_in_a_48_is_not_kept_out_by_others_there() -> None:
    these = Attempts()
    home = in_48(7)
    these.begin(home, "al", now=0.0, limit=LIMIT)
    these.right(home, "al", now=0.0, limit=LIMIT)
    for number in range(100, 1000):
        guess(these, in_48(number), "al", 1.0)
        guess(these, in_48(number), f"a{number}", 1.0)
    assert these.wait(home, "al", now=1.0, limit=LIMIT) == 0
    assert not these.is_full(home, "al", now=1.0, limit=LIMIT)
    # Of another account nothing is known from there.
    assert these.wait(home, "a1", now=1.0, limit=LIMIT) > 0
    # Who is wrong too often waits, whoever they are.
    waits = [guess(these, home, "al", 1.0) for _ in range(LIMIT + 1)]
    assert waits == [0, 0, 0, 0, 0, pytest.approx(12)]
    assert these.wait(home, "al", now=DAY + 1, limit=LIMIT) == 0


def test_what_was_not_found_out_proves_nothing() -> None:
    these = Attempts()
    for _ in range(LIMIT + 1):
        these.begin(in_48(7), "al", now=0.0, limit=LIMIT)
        these.take_back(in_48(7), "al", now=0.0, limit=LIMIT)
    for number in range(100, 200):
        guess(these, in_48(number), "al", 0.0)
    assert these.wait(in_48(7), "al", now=0.0, limit=LIMIT) > 0


def test_no_more_are_under_way_in_a_48_than_could_be_wrong() -> None:
    these = Attempts()
    for number in range(LIMIT):
        assert not these.is_full(in_48(number), "al", now=0.0, limit=LIMIT)
        these.start(in_48(number), "al")
    assert these.is_full(in_48(99), "al", now=0.0, limit=LIMIT)
    assert not these.is_full(in_48(99), "bo", now=0.0, limit=LIMIT)
    assert [these.finish(in_48(number), "al") for number in range(LIMIT)] == [4, 3, 2, 1, 0]
    assert not these.is_full(in_48(99), "al", now=0.0, limit=LIMIT)
    for number in range(WIDER * LIMIT):
        assert not these.is_full(in_48(number), f"a{number}", now=0.0, limit=LIMIT)
        these.start(in_48(number), f"a{number}")
    assert these.is_full(in_48(99), "bo", now=0.0, limit=LIMIT)
    assert not these.is_full(in_48(99, other=1), "bo", now=0.0, limit=LIMIT)


def test_over_a_day() -> None:
    these = Attempts(DAY)
    assert [guess(these, "a", "", 0.0) for _ in range(6)] == [0, 0, 0, 0, 0, pytest.approx(DAY / 5)]


def test_it_remembers_no_more_than_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "KNOWN", 10)
    these = Attempts()
    for number in range(100):
        these.right(f"home{number}", f"account{number}", now=0.0, limit=LIMIT)
        guess(these, f"host{number}", f"account{number}", 0.0)
    assert len(these._spent) == 10
    assert len(these._wrong) == 10
    assert len(these._right) == 10


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
    ],
)
def test_what_an_address_is_counted_as(address: str, counted: str) -> None:
    assert origin(address) == counted


@pytest.mark.parametrize(
    ("counted", "whole"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::/64", "2001:db8:1::/48"),
    ],
)
def test_whose_network_it_may_be(counted: str, whole: str) -> None:
    assert network(counted) == whole
