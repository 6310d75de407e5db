"""The diagnosis: it names what is wrong, and blames no more than it takes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.diagnosis import Key, Kind, View, diagnose

SAID = {"a": range(3), "b": range(3)}
ORDER = [Key("a", 0), Key("b", 0), Key("a", 1), Key("a", 2), Key("b", 1), Key("b", 2)]
A0, B0, A1, A2, B1, B2 = ORDER


def views(*sequences: list[Key]) -> list[View]:
    return [
        View(member=f"u{number}", is_permanent=True, spans=[list(sequence)])
        for number, sequence in enumerate(sequences)
    ]


def told(said: dict[str, range], seen: list[View]) -> list[tuple[str, str, str]]:
    return [(f.member, f.kind.value, f.what) for f in diagnose("#r", said, seen)]


def test_who_agrees_is_blamed_for_nothing() -> None:
    assert told(SAID, views(ORDER, ORDER, ORDER)) == []


@pytest.mark.parametrize("victim", [0, 1, 2])
@pytest.mark.parametrize(
    ("sequence", "kind"),
    [
        ([A0, B0, A1, A2, B1], Kind.LOST),
        ([B0, A1, A2, B1, B2], Kind.LOST),
        ([A0, B0, A1, A1, A2, B1, B2], Kind.DUPLICATE),
        ([A0, B0, A1, A2, B1, B2, A0], Kind.DUPLICATE),
        ([B0, A0, A1, A2, B1, B2], Kind.REORDERED),
        ([A0, B0, A2, A1, B1, B2], Kind.REORDERED),
        ([B0, A1, A2, B1, B2, A0], Kind.REORDERED),
        ([A0, B0, A1, A2, B1, B2, Key("c", 0)], Kind.UNEXPECTED),
    ],
)
def test_one_wrong_delivery_is_one_fault(victim: int, sequence: list[Key], kind: Kind) -> None:
    sequences = [ORDER, ORDER, ORDER]
    sequences[victim] = sequence
    assert [(m, k) for m, k, _ in told(SAID, views(*sequences))] == [(f"u{victim}", kind.value)]


def test_what_nobody_saw_is_lost_for_each_and_nothing_else() -> None:
    rest = [key for key in ORDER if key != A1]
    assert told(SAID, views(rest, rest)) == [
        (f"u{number}", "lost", "message 1 of a did not arrive") for number in range(2)
    ]


def test_what_was_seen_by_all_before_is_a_duplicate() -> None:
    said = {"a": range(5, 6)}
    faults = told(said, views([Key("a", 5)], [Key("a", 5), Key("a", 2)]))
    assert faults == [("u1", "duplicate", "message 2 of a arrived again")]


def test_a_deaf_sender_need_not_hear_itself() -> None:
    deaf = View(member="a", is_permanent=True, is_deaf=True, spans=[[B0, B1, B2]])
    assert told(SAID, [*views(ORDER, ORDER), deaf]) == []
    deaf.spans[0].append(A0)
    assert [fault[:2] for fault in told(SAID, [*views(ORDER, ORDER), deaf])] == [
        ("a", "unexpected")
    ]


def test_deaf_senders_vote_on_the_order() -> None:
    other = [A0, A1, B0, A2, B1, B2]
    deaf = View(member="c", is_permanent=True, is_deaf=True, spans=[list(ORDER)])
    assert [fault[0] for fault in told(SAID, [*views(other, ORDER), deaf])] == ["u0"]


def test_each_stay_of_a_churner_is_a_part_of_the_whole() -> None:
    churner = View(member="c", is_permanent=False, spans=[[B0, A1], [], [B1, B2]])
    assert told(SAID, [*views(ORDER, ORDER), churner]) == []
    churner.spans[2] = [A2, B2]
    assert told(SAID, [*views(ORDER, ORDER), churner]) == [
        ("c", "lost", "message 1 of b did not arrive")
    ]


def test_strange_things_are_told() -> None:
    seen = views(ORDER, ORDER)
    seen[1].strange.append("'boo' from z, which nobody said")
    assert told(SAID, seen) == [("u1", "unexpected", "'boo' from z, which nobody said")]


@given(st.data())
def test_losses_and_repetitions_are_counted_exactly(data: st.DataObject) -> None:
    dropped = data.draw(st.sets(st.sampled_from(ORDER)))
    doubled = data.draw(st.sets(st.sampled_from(ORDER))) - dropped
    wrong = [key for key in ORDER if key not in dropped for _ in range(1 + (key in doubled))]
    kinds = Counter(kind for _, kind, _ in told(SAID, views(ORDER, wrong, ORDER)))
    expected = {"lost": len(dropped), "duplicate": len(doubled)}
    assert kinds == Counter({kind: count for kind, count in expected.items() if count})


@given(st.permutations(ORDER))
def test_another_order_is_never_passed_over(order: list[Key]) -> None:
    faults = told(SAID, views(ORDER, order, ORDER))
    assert bool(faults) == (order != ORDER)
    assert {fault[:2] for fault in faults} <= {("u1", "reordered")}
