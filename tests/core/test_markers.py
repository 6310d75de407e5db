"""MARKREAD: markers that only go on, of a session and of an account."""

from __future__ import annotations

import pytest

from tests.core.remembering import Remembering
from tests.core.world import SERVER, START, codes
from trio_chat.core.handlers.markers import MARKERS
from trio_chat.core.settings import Settings

CAPS = "draft/read-marker batch"
T1, T2, T3 = (f"timestamp=2023-11-14T22:00:0{second}.123Z" for second in (1, 2, 3))


@pytest.fixture
def world() -> Remembering:
    world = Remembering()
    world.irc("al", caps=CAPS, rooms="#a")
    return world


def marker(target: str, time: str) -> str:
    return f":{SERVER} MARKREAD {target} {time}"


def test_it_only_goes_on(world: Remembering) -> None:
    assert world.ask("al", "MARKREAD #a") == [marker("#a", "*")]
    assert world.ask("al", f"MARKREAD #a {T2}") == [marker("#a", T2)]
    assert world.ask("al", f"MARKREAD #a {T1}", f"MARKREAD #a {T2}") == [marker("#a", T2)] * 2
    assert world.ask("al", f"MARKREAD #a {T3}", "MARKREAD #a") == [marker("#a", T3)] * 2


def test_of_people(world: Remembering) -> None:
    assert world.ask("al", f"MARKREAD Bo {T1}", "MARKREAD bo", "MARKREAD cy") == [
        marker("Bo", T1),
        marker("bo", T1),
        marker("cy", "*"),
    ]


def test_nobody_has_read_what_is_to_come(world: Remembering) -> None:
    now = "timestamp=2023-11-14T22:13:20.000Z"
    assert world.ask("al", "MARKREAD #a timestamp=2999-01-01T00:00:00.000Z") == [marker("#a", now)]
    world.now = START + 1.5
    later = "timestamp=2023-11-14T22:13:21.500Z"
    assert world.ask("al", f"MARKREAD #a {later}") == [marker("#a", later)]


def test_it_comes_before_the_end_of_the_names(world: Remembering) -> None:
    assert codes(world.ask("al", "JOIN #b,#c")) == ["JOIN", "MARKREAD", "353", "366"] * 2
    world.send("al", f"MARKREAD #b {T1}", "PART #b")
    found = world.ask("al", "JOIN #B")
    assert codes(found) == ["JOIN", "MARKREAD", "353", "366"]
    assert found[1] == marker("#B", T1)
    world.send("al", "CAP REQ no-implicit-names", "TOPIC #b :x")
    assert codes(world.ask("al", "PART #b", "JOIN #b", "JOIN #d")) == [
        "PART",
        "JOIN",
        "332",
        "333",
        "MARKREAD",
        "JOIN",
        "MARKREAD",
    ]


def test_only_with_the_capability(world: Remembering) -> None:
    found = world.irc("bo", rooms="#a")
    assert "MARKREAD" not in codes(found)
    assert codes(world.ask("bo", "MARKREAD #a", "MARKREAD")) == ["421", "421"]
    away = Remembering(Settings(name=SERVER))
    assert "NAK" in away.irc("al", caps="draft/read-marker")[0]


@pytest.mark.parametrize(
    "line",
    [
        "#a *",
        "#a 2023-11-14T22:00:01.123Z",
        "#a timestamp=",
        "#a timestamp=yesterday",
        "#a timestamp=2023-13-14T22:00:01.123Z",
        "#a msgid=x",
        "#a ::",
    ],
)
def test_what_is_no_time(world: Remembering, line: str) -> None:
    (found,) = world.ask("al", f"MARKREAD {line}")
    shown = line.replace("::", "*")
    assert found == f":{SERVER} FAIL MARKREAD INVALID_PARAMS {shown} :Invalid parameters"
    assert world.ask("al", "MARKREAD #a") == [marker("#a", "*")]


@pytest.mark.parametrize("target", ["#a,#b", "1x", "a!b@c", "#" + "x" * 100, "&a", "$x"])
def test_what_is_no_target(world: Remembering, target: str) -> None:
    (found,) = world.ask("al", f"MARKREAD {target} {T1}")
    assert found == f":{SERVER} FAIL MARKREAD INVALID_PARAMS {target} :Invalid parameters"


@pytest.mark.parametrize("line", ["MARKREAD", "MARKREAD :"])
def test_nothing_is_named(world: Remembering, line: str) -> None:
    text = "FAIL MARKREAD NEED_MORE_PARAMS :Missing parameters"
    assert world.ask("al", line) == [f":{SERVER} {text}"]


def test_so_many_are_remembered(world: Remembering) -> None:
    for count in range(MARKERS):
        world.send("al", f"MARKREAD x{count} {T1}")
    world.send("al", f"MARKREAD x0 {T2}", f"MARKREAD #a {T1}")
    assert world.ask("al", "MARKREAD x0", "MARKREAD x1", "MARKREAD x2") == [
        marker("x0", T2),
        marker("x1", "*"),
        marker("x2", T1),
    ]


def test_of_a_session_nothing_is_stored(world: Remembering) -> None:
    world.send("al", f"MARKREAD #a {T1}")
    assert world.file.one("SELECT count(*) FROM markers") == 0
    world.quit("al")
    world.irc("bo", rooms="#a")
    world.ids["al"] = 0
    assert marker("#a", "*") in world.irc("al2", caps=CAPS, rooms="#a")


def test_nobody_else_is_told(world: Remembering) -> None:
    world.irc("bo", caps=CAPS, rooms="#a")
    assert world.send("al", f"MARKREAD #a {T1}").keys() == {"al"}
    world.identify("acc", "al")
    assert world.send("al", f"MARKREAD #a {T2}").keys() == {"al"}


def test_under_a_new_name(world: Remembering) -> None:
    world.irc("bo", caps=f"{CAPS} draft/channel-rename", rooms="#a")
    world.irc("cy", caps=CAPS)
    world.send("al", f"MARKREAD #a {T1}")
    world.send("bo", f"MARKREAD #a {T2}", f"MARKREAD #b {T3}")
    world.identify("acc", "cy")
    world.send("cy", "JOIN #a", f"MARKREAD #a {T2}", f"MARKREAD #b {T3}")
    found = world.send("al", "RENAME #a #b")
    assert codes(found["al"]) == ["PART", "JOIN", "MARKREAD", "353", "366"]
    assert found["al"][2] == marker("#b", T1)
    assert found["cy"][2] == marker("#b", T2)
    assert world.ask("bo", "MARKREAD #b", "MARKREAD #a") == [marker("#b", T2), marker("#a", "*")]
    assert world.ask("cy", "MARKREAD #b", "MARKREAD #a") == [marker("#b", T2), marker("#a", "*")]


def test_a_label_has_one_answer(world: Remembering) -> None:
    world.send("al", "CAP REQ labeled-response")
    line = f"@label=l {marker('#a', T1)}"
    assert world.ask("al", f"@label=l MARKREAD #a {T1}") == [line]
    world.identify("acc", "al")
    assert world.ask("al", "@label=l MARKREAD #a") == [line]


# --- With an account


@pytest.fixture
def two(world: Remembering) -> Remembering:
    """Two clients of one account, and one that does not know markers."""
    world.irc("bo", caps=CAPS)
    world.irc("old")
    world.identify("Acc", "al")
    world.identify("aCC", "bo", "old")
    return world


def test_all_clients_are_told(two: Remembering) -> None:
    assert two.send("al", f"MARKREAD #a {T2}") == {
        "al": [marker("#a", T2)],
        "bo": [marker("#a", T2)],
    }
    # What changes nothing only the one is answered.
    assert two.send("bo", f"MARKREAD #a {T1}") == {"bo": [marker("#a", T2)]}
    assert two.ask("bo", "MARKREAD #a") == [marker("#a", T2)]


def test_it_is_kept(two: Remembering) -> None:
    two.send("al", f"MARKREAD #a {T2}", f"MARKREAD ed {T1}")
    for name in ("al", "bo", "old"):
        two.quit(name)
    assert two.core.state.accounts == {}
    two.core.state.marked.clear()
    two.irc("dee", caps=CAPS)
    two.identify("acc", "dee")
    found = two.ask("dee", "JOIN #a,#b", "MARKREAD ed")
    assert codes(found) == ["JOIN", "MARKREAD", "353", "366"] * 2 + ["MARKREAD"]
    assert (found[1], found[5], found[8]) == (
        marker("#a", T2),
        marker("#b", "*"),
        marker("ed", T1),
    )


def test_of_an_account_whatever_it_is_called(two: Remembering) -> None:
    two.irc("cy", caps=CAPS)
    two.identify("Carol", "cy")
    two.send("al", f"MARKREAD cy {T2}")
    assert two.ask("bo", "MARKREAD carol") == [marker("carol", T2)]
    two.quit("cy")
    assert two.ask("bo", "MARKREAD CAROL") == [marker("CAROL", T2)]


def test_what_the_session_knew_goes_on(world: Remembering) -> None:
    world.send("al", f"MARKREAD #a {T2}")
    world.identify("acc", "al")
    assert world.ask("al", f"MARKREAD #a {T1}") == [marker("#a", T2)]


def test_two_at_once_do_not_go_back(two: Remembering) -> None:
    two.waiting = True
    two.step(two.lines("al", f"MARKREAD #a {T3}"), two.lines("bo", f"MARKREAD #a {T2}"))
    found = two.answer()
    assert found == {"al": [marker("#a", T3)], "bo": [marker("#a", T3)] * 2}


def test_the_answer_comes_before_what_was_sent_next(two: Remembering) -> None:
    two.waiting = True
    assert two.ask("al", "MARKREAD #a", "PING 1", "JOIN #b", "PING 2") == []
    two.irc("fay", rooms="#b")
    assert codes(two.answer()["al"]) == [
        "MARKREAD",
        "PONG",
        "JOIN",
        "MARKREAD",
        "353",
        "366",
        "PONG",
    ]


def test_what_happens_while_it_is_looked_up(two: Remembering) -> None:
    two.waiting = True
    assert codes(two.ask("al", "JOIN #b")) == ["JOIN"]
    assert codes(two.send("bo", "JOIN #b")["al"]) == ["JOIN"]
    found = two.answer()["al"]
    assert codes(found) == ["MARKREAD", "353", "366"]
    assert found[1].endswith(" :@al bo")


def test_what_can_not_be_read(two: Remembering) -> None:
    two.readable = False
    text = "FAIL MARKREAD INTERNAL_ERROR #a :The read timestamp could not be read"
    assert two.ask("al", "MARKREAD #a") == [f":{SERVER} {text}"]
    found = two.ask("al", "JOIN #b")
    assert codes(found) == ["JOIN", "FAIL", "353", "366"]


def test_what_could_not_be_stored_is_not_known_either(two: Remembering) -> None:
    two.send("al", f"MARKREAD #a {T1}")
    two.waiting = True
    two.send("al", f"MARKREAD #a {T3}")
    two.answer(stored=False)
    assert two.ask("bo", "MARKREAD #a") == [marker("#a", T1)]
