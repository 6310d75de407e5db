"""How many one may begin to write to who are not here."""

from __future__ import annotations

from trio_chat.core import letters
from trio_chat.core.letters import AT_MOST, HOUR, Letters


def test_so_many_in_an_hour() -> None:
    kept = Letters()
    for number in range(AT_MOST):
        assert kept.wait("al", f"n{number}", float(number)) == 0
        assert kept.begin("al", f"n{number}", float(number))
    assert kept.wait("al", "more", 100.0) == HOUR - 100
    assert kept.wait("al", "n3", 100.0) == 0, "begun already"
    assert not kept.begin("al", "n3", 100.0)
    assert kept.wait("bo", "more", 100.0) == 0
    assert kept.wait("al", "more", HOUR) == 0
    assert kept.begin("al", "n0", HOUR), "an hour later it is a beginning again"
    assert kept.wait("al", "more", HOUR) == 1


def test_it_is_bounded() -> None:
    kept = Letters()
    for number in range(letters.SENDERS + 1):
        kept.begin(f"s{number}", "al", 0.0)
    assert len(kept._begun) == letters.SENDERS
    assert kept.begin("s0", "al", 1.0), "who came first is forgotten"
    assert not kept.begin(f"s{letters.SENDERS}", "al", 1.0)
