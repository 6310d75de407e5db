"""What a drill finds: every loss, double and swap that is put into a history that was fine."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import msgspec
import pytest

from loadtest.drill.history import History
from loadtest.drill.ledger import Ledger, Message
from loadtest.drill.verdict import EXAMPLES, Verdict, judge

ROOMS = {"#a": ("al", "bo"), "#b": ("bo", "cy")}


def message(number: int) -> Message:
    return Message(f"id{number:04}", ("al", "bo", "cy")[number % 3], f"text {number}")


def line(key: str, shown: Message, event: str = "Said") -> bytes:
    return json.dumps(
        {
            "conversation": key,
            "time": "2026-01-01T00:00:00.000Z",
            "id": shown.id,
            "source": f"{shown.sender}!u@h",
            "account": None,
            "event": event,
            "text": shown.text,
        }
    ).encode()


def fine() -> tuple[Ledger, dict[str, list[Message]]]:
    """Return a talk in two rooms, and its history."""
    ledger = Ledger()
    kept: dict[str, list[Message]] = {room: [] for room in ROOMS}
    for number in range(100):
        room = "#a" if number % 2 else "#b"
        kept[room].append(message(number))
        for client in ROOMS[room]:
            ledger.show(client, room, message(number))
    return ledger, kept


def judged(ledger: Ledger, kept: dict[str, list[Message]], *, complete: bool = False) -> Verdict:
    lines = [line(key, one) for key, messages in kept.items() for one in messages]
    return judge(ledger, History.read(lines), complete=complete)


def counts(verdict: Verdict) -> tuple[int, int, int, int, int]:
    return (
        verdict.lost,
        verdict.altered,
        verdict.duplicated,
        verdict.reordered,
        verdict.missed,
    )


def test_nothing_is_wrong_with_what_is_fine() -> None:
    verdict = judged(*fine(), complete=True)
    assert counts(verdict) == (0, 0, 0, 0, 0)
    assert verdict.is_clean
    assert verdict.examples == []


def test_more_may_be_kept_than_was_shown() -> None:
    ledger, kept = fine()
    kept["#a"] += [message(1000), message(1001)]
    assert judged(ledger, kept, complete=True).is_clean


def _lose(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    del kept["#a"][7]
    del kept["#b"][-1]


def _lose_a_room(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    del kept["#a"]


def _keep_twice(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    kept["#a"].insert(9, kept["#a"][3])


def _keep_twice_elsewhere(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    kept["#b"].append(kept["#a"][3])


def _keep_twice_with_two_ids(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    kept["#a"].append(kept["#a"][3]._replace(id="other"))


def _swap(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    there = kept["#a"]
    there[4], there[5] = there[5], there[4]


def _alter(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    kept["#a"][4] = kept["#a"][4]._replace(text="other")
    kept["#b"][4] = kept["#b"][4]._replace(sender="other")


def _show_twice(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    ledger.show("al", "#a", kept["#a"][-1])


def _show_others(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    kept["#a"].append(message(200))
    ledger.show("al", "#a", message(200))
    ledger.show("bo", "#a", message(200)._replace(text="other"))


def _show_to_one_behind_the_next(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    kept["#a"] += [message(200), message(201)]
    for number in (201, 200):
        ledger.show("al", "#a", message(number))


def _show_to_nobody_but_others(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    kept["#a"] += [message(200), message(201)]
    for number in (200, 201):
        ledger.show("bo", "#a", message(number))
    ledger.show("al", "#a", message(201))


def _see_one_that_was_never_put_in_order(ledger: Ledger, kept: dict[str, list[Message]]) -> None:
    ledger.meet(message(300))


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_lose, (2, 0, 0, 0, 0)),
        (_lose_a_room, (50, 0, 0, 0, 0)),
        (_keep_twice, (0, 0, 1, 0, 0)),
        (_keep_twice_elsewhere, (0, 0, 1, 0, 0)),
        (_keep_twice_with_two_ids, (0, 0, 1, 0, 0)),
        # To both of those who are there.
        (_swap, (0, 0, 0, 2, 0)),
        (_alter, (0, 2, 0, 0, 0)),
        (_show_twice, (0, 0, 1, 0, 0)),
        (_show_others, (0, 1, 0, 0, 0)),
        (_show_to_one_behind_the_next, (0, 0, 0, 1, 0)),
        (_show_to_nobody_but_others, (0, 0, 0, 0, 1)),
        (_see_one_that_was_never_put_in_order, (1, 0, 0, 0, 0)),
    ],
)
def test_what_is_spoilt_is_found(
    spoil: Callable[[Ledger, dict[str, list[Message]]], None],
    expected: tuple[int, int, int, int, int],
) -> None:
    ledger, kept = fine()
    spoil(ledger, kept)
    verdict = judged(ledger, kept, complete=spoil is _show_to_nobody_but_others)
    assert counts(verdict) == expected
    assert not verdict.is_clean
    assert verdict.examples or ledger.contradictions
    assert len(verdict.examples) <= EXAMPLES


def test_many_faults_at_random_are_all_counted() -> None:
    chance = random.Random(3)
    for _ in range(200):
        ledger, kept = fine()
        there = kept["#a"]
        gone = chance.sample(there, chance.randint(0, 5))
        kept["#a"] = there = [one for one in there if one not in gone]
        twice = chance.sample(there, chance.randint(0, 5))
        there += twice
        assert counts(judged(ledger, kept)) == (len(gone), 0, len(twice), 0, 0)


def test_an_export_has_more_than_messages() -> None:
    history = History.read([line("#a", message(1), "Joined"), line("#a", message(2))])
    assert history.conversations == {"#a": [message(2)]}
    assert history.messages == 1
    with pytest.raises(msgspec.DecodeError):
        History.read([b'{"conversation": "#a"'])


def test_what_is_acknowledged_was_shown_to_its_sender() -> None:
    ledger = Ledger()
    ledger.show("bo", "#a", message(0))
    assert (ledger.acknowledged, ledger.shown) == (0, 1)
    ledger.show("al", "#a", message(0))
    assert (ledger.acknowledged, ledger.shown) == (1, 2)
    assert ledger.last("al", "#a") == "id0000"
    assert ledger.last("al", "#b") == ""
