"""What was said before, for those who do not ask with CHATHISTORY."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.history import CAPS, keeping, said, tag, texts
from tests.core.world import SERVER, World, codes, prefix
from tests.journal.rig import File
from trio_chat.core.inputs import Completed
from trio_chat.core.requests import LookUp


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    made = File(tmp_path / "journal.db")
    yield made
    made.close()


@pytest.fixture
def world(file: File) -> World:
    """A server that shows three messages on joining, and somebody who has said five."""
    world = keeping(file, on_join=3)
    world.irc("al", caps=f"{CAPS} echo-message draft/multiline", rooms="#a")
    for text in "12345":
        said(world, "al", text)
    return world


def marked(lines: list[str]) -> list[str]:
    return [line.removeprefix("· ") for line in lines if line.startswith("· ")]


# --- People


def test_people_are_shown_the_last_lines(world: World) -> None:
    world.now += 60
    world.person("bo")
    assert world.ask("bo", "/join #a") == [
        "22:14 You are in #a",
        "In #a: @al bo",
        "· 22:13 <al> 3",
        "· 22:13 <al> 4",
        "· 22:13 <al> 5",
    ]


def test_and_when_they_connect(world: World) -> None:
    world.send("al", "JOIN #lobby", "PRIVMSG #lobby :welcome")
    assert world.person("bo")[-1] == "· 22:13 <al> welcome"


def test_an_empty_room_says_nothing_of_it(world: World) -> None:
    world.person("bo")
    assert world.ask("bo", "/join #new") == ["22:13 You are in #new", "In #new: @bo"]


def test_other_days(world: World) -> None:
    world.now += 86_400
    said(world, "al", "yesterday")
    world.now += 86_400
    said(world, "al", "today")
    world.person("bo")
    assert marked(world.ask("bo", "/join #a")) == [
        "Tuesday, 14 November 2023",
        "22:13 <al> 5",
        "Wednesday, 15 November 2023",
        "22:13 <al> yesterday",
        "Thursday, 16 November 2023",
        "22:13 <al> today",
    ]


def test_the_day_is_the_servers_own(world: World) -> None:
    core = world.core
    world.now += 3 * 3600
    world.person("bo")
    world.step()
    core.step([], world.now, 2 * 3600)
    effects = core.step([world.lines("bo", "/history #a")], world.now, 2 * 3600)
    assert world.read(effects) == {"bo": ["You can read what was said where you are, and to you."]}
    effects = core.step([world.lines("bo", "/join #a")], world.now, 2 * 3600)
    world.read(effects)
    (request,) = world.requests
    assert isinstance(request, LookUp)
    world.requests.clear()
    effects = core.step([world.looked_up(request)], world.now, 2 * 3600)
    # It is 03:13 there: all was said after midnight.
    assert world.read(effects)["bo"] == ["· 00:13 <al> 3", "· 00:13 <al> 4", "· 00:13 <al> 5"]


def test_several_lines_are_several(world: World) -> None:
    world.send(
        "al",
        "BATCH +1 draft/multiline #a",
        "@batch=1 PRIVMSG #a :one",
        "@batch=1 PRIVMSG #a :",
        "@batch=1 PRIVMSG #a :two",
        "BATCH -1",
        "PRIVMSG #a :\x01ACTION waves\x01",
    )
    world.person("bo")
    assert marked(world.ask("bo", "/join #a")) == [
        *("22:13 <al> 5", "22:13 <al> one", "22:13 <al> two", "22:13 * al waves")
    ]


def test_what_they_do_not_read_takes_no_place(world: World) -> None:
    world.irc("evil", rooms="#a")
    world.send("evil", *("PRIVMSG #a :x", "PRIVMSG #a :\x01VERSION\x01") * 60)
    world.person("bo")
    world.send("bo", "/ignore EVIL")
    assert marked(world.ask("bo", "/join #a")) == ["22:13 <al> 3", "22:13 <al> 4", "22:13 <al> 5"]


def test_they_are_told_that_there_is_what_they_do_not_read(world: World) -> None:
    world.irc("evil", rooms="#b")
    world.person("bo")
    world.send("bo", "/join #b", "/ignore evil")
    world.send("evil", "PRIVMSG #b :\x01VERSION\x01")
    assert world.ask("bo", "/history #b") == ["Nothing was said in #b."]
    # More than is looked through.
    world.send("evil", *["PRIVMSG #b :x"] * 1000)
    assert world.ask("bo", "/history #b") == ["Nothing was said but by whom you ignore in #b."]


def test_who_comes_back_is_shown_what_they_have_missed(world: World) -> None:
    world.person("bo")
    world.send("bo", "/join #a")
    said(world, "al", "seen")
    world.send("bo", "/part")
    assert marked(world.ask("bo", "/join #a")) == []
    world.send("bo", "/part")
    said(world, "al", "missed")
    assert marked(world.ask("bo", "/join #a")) == ["22:13 <al> missed"]
    for text in "6789":
        said(world, "al", text)
    world.send("al", "KICK #a bo")
    for text in "abcd":
        said(world, "al", text)
    assert [line[-1] for line in marked(world.ask("bo", "/join #a"))] == ["b", "c", "d"]


def test_what_is_said_in_the_same_step_is_shown_once(world: World) -> None:
    world.person("bo")
    found = world.step(
        world.lines("al", "PRIVMSG #a :before"),
        world.lines("bo", "/join #a"),
        world.lines("al", "PRIVMSG #a :after"),
    )["bo"]
    assert [line for line in found if "before" in line] == ["· 22:13 <al> before"]
    assert [line for line in found if "after" in line] == ["22:13 <al> after"]


def test_they_can_ask(world: World) -> None:
    world.person("bo")
    world.send("bo", "/join #a")
    assert len(marked(world.ask("bo", "/history"))) == 3
    assert marked(world.ask("bo", "/history 2")) == ["22:13 <al> 4", "22:13 <al> 5"]
    assert len(marked(world.ask("bo", "/history #A 99"))) == 5
    assert len(marked(world.ask("bo", "/history 0"))) == 1
    assert world.ask("bo", "/history #lobby") == ["Nothing was said in #lobby."]
    assert world.ask("bo", "/history #x") == [
        "You can read what was said where you are, and to you."
    ]
    world.send("bo", "/msg al hi")
    world.send("al", "PRIVMSG bo :hello")
    assert marked(world.ask("bo", "/history al")) == [
        "22:13 [bo → al] hi",
        "22:13 [al → you] hello",
    ]
    world.send("bo", "/part #a", "/part #lobby")
    assert world.ask("bo", "/history") == [
        "You are in no room. /join #room takes you to one, /rooms shows them."
    ]


def test_they_can_do_without(world: World) -> None:
    world.person("bo")
    (said_,) = world.ask("bo", "/history off")
    assert said_ == "You are no longer shown what was said before when you join a channel."
    assert marked(world.ask("bo", "/join #a")) == []
    world.send("bo", "/part")
    said(world, "al", "6")
    world.send("bo", "/history ON")
    assert marked(world.ask("bo", "/join #a")) == ["22:13 <al> 6"]


# --- IRC clients


def test_clients_that_do_not_know_chathistory(world: World) -> None:
    lines = world.irc("bo", rooms="#a")
    end = codes(lines).index("366")
    assert lines[end + 1 :] == [
        f":{SERVER} NOTICE #a :Said before, from 2023-11-14 22:13 UTC on. HISTORY OFF: not to be "
        "shown that.",
        *(f"{prefix('al')} PRIVMSG #a :{text}" for text in "345"),
    ]


def test_with_their_times_and_in_a_batch(world: World) -> None:
    lines = world.irc("bo", caps="server-time batch", rooms="#a")
    begin, *found, end = lines[codes(lines).index("366") + 1 :]
    assert begin.endswith(" chathistory #a")
    assert " BATCH -" in end
    assert texts(found) == ["3", "4", "5"]
    assert [tag(line, "time")[17:19] for line in found] == ["23", "24", "25"]


def test_the_answer_to_join_is_complete_without(world: World) -> None:
    world.irc("bo", caps="batch labeled-response")
    lines = world.ask("bo", "@label=x JOIN #a", "PING 1")
    (end,) = [place for place, line in enumerate(lines) if " BATCH -" in line][:1]
    assert codes(lines[: end + 1])[0::end] == ["BATCH", "BATCH"]
    assert "PRIVMSG" not in codes(lines[: end + 1])
    assert texts(lines[end + 1 :]) == ["3", "4", "5"]
    assert codes(lines)[-1] == "PONG"


def test_who_asks_is_not_told_unasked(world: World) -> None:
    assert codes(world.irc("bo", caps="draft/chathistory", rooms="#a"))[-1] == "366"


def test_bots_are_shown_nothing(world: World) -> None:
    world.irc("bo")
    world.send("bo", "MODE bo +B")
    assert codes(world.ask("bo", "JOIN #a"))[-1] == "366"


def test_clients_can_do_without(world: World) -> None:
    world.irc("bo")
    (line,) = world.ask("bo", "HISTORY off")
    assert line.endswith(
        " NOTICE bo :You are no longer shown what was said before when you join a channel"
    )
    assert codes(world.ask("bo", "JOIN #a"))[-1] == "366"


def test_what_is_for_programs_is_not_sent_to_them_again(world: World) -> None:
    world.send("al", "PRIVMSG #a :\x01VERSION\x01", "@+x=y TAGMSG #a")
    assert texts(world.irc("bo", rooms="#a")) == ["3", "4", "5"]


def test_clients_can_ask(world: World) -> None:
    world.irc("bo", caps="standard-replies server-time", rooms="#a")
    assert texts(world.ask("bo", "HISTORY #a 2")) == ["4", "5"]
    (line,) = world.ask("bo", "HISTORY #x")
    assert " FAIL HISTORY INVALID_TARGET #x :" in line
    assert codes(world.ask("bo", "HISTORY")) == ["461"]
    assert world.ask("bo", "HISTORY bo") == []


def test_what_can_not_be_read_keeps_nobody_out(world: World) -> None:
    world.person("bo")
    world.slow = True
    world.ask("bo", "/join #a", "/who")
    (request,) = world.requests
    world.requests.clear()
    found = world.step(Completed(request=request.id, result=False, detail="an error"))
    assert found["bo"] == ["In #a: @al bo"]
    world.ask("bo", "/history")
    (request,) = world.requests
    found = world.step(Completed(request=request.id, result=False, detail="an error"))
    assert found["bo"] == ["That can not be read now."]


def test_a_server_that_keeps_nothing() -> None:
    world = World()
    world.person("bo")
    assert world.ask("bo", "/history") == ["This server keeps no history."]
