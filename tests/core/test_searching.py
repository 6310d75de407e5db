"""SEARCH and /search: what is found, by whom, and how it is said."""

from __future__ import annotations

import pytest

from tests.core.remembering import Remembering
from tests.core.world import SERVER, START, codes
from trio_chat.core.inputs import Completed
from trio_chat.core.questions import Shown, Unfinished
from trio_chat.core.settings import Settings

CAPS = "soju.im/search batch message-tags server-time draft/multiline"
FAIL = f":{SERVER} FAIL SEARCH"


@pytest.fixture
def world() -> Remembering:
    world = Remembering()
    world.irc("al", caps=CAPS, rooms="#a")
    world.irc("bo", caps=CAPS, rooms="#a,#b")
    return world


def found(lines: list[str], batch: str = "soju.im/search") -> list[str]:
    """Return the texts that are in the one batch that the lines are."""
    begin, *middle, end = lines
    reference = begin.rpartition(" BATCH +")[2].removesuffix(f" {batch}")
    assert begin.endswith(f":{SERVER} BATCH +{reference} {batch}"), begin
    assert end.endswith(f":{SERVER} BATCH -{reference}"), end
    assert all(f"batch={reference}" in line.partition(" ")[0] for line in middle)
    return [line.rpartition(" :")[2] for line in middle]


def search(world: Remembering, name: str, attributes: str) -> list[str]:
    return found(world.ask(name, f"SEARCH {attributes}"))


def test_what_was_said_where_one_is(world: Remembering) -> None:
    world.send("bo", "PRIVMSG #a :needle 1", "PRIVMSG #b :needle 2", "NOTICE #a :Needle 3")
    world.send("bo", "PRIVMSG #a :hay", "PRIVMSG al :needle 4", "PRIVMSG bo :needle 5")
    world.send("al", "PRIVMSG bo :needle 6", "PRIVMSG al :needle 7")
    assert search(world, "al", "text=needle") == [
        f"Needle {n}".replace("N", "nN"[n == 3]) for n in (1, 3, 4, 6, 7)
    ]
    assert search(world, "bo", "text=needle") == [
        "needle 1",
        "needle 2",
        "Needle 3",
        "needle 4",
        "needle 5",
        "needle 6",
    ]


def test_as_it_was(world: Remembering) -> None:
    world.send("al", "CAP REQ echo-message")
    (said,) = world.ask("al", "@+reply=x PRIVMSG #a :needle")
    world.now += 100
    _, line, _ = world.ask("al", "SEARCH text=needle")
    tags, _, rest = line.partition(" ")
    ours, _, was = said.partition(" ")
    assert rest == was
    assert {*tags[1:].split(";")} > {*ours[1:].split(";")}
    assert "+reply=x" in tags


def test_of_an_account_and_of_who_has_none(world: Remembering) -> None:
    world.send("al", "PRIVMSG bo :needle 1")
    world.identify("Bo", "bo")
    world.send("al", "PRIVMSG bo :needle 2", "NICK alice", "PRIVMSG bo :needle 3")
    world.irc("phone", caps=CAPS)
    world.identify("Bo", "phone")
    world.irc("thief", caps=CAPS)
    world.send("thief", "NICK al")
    assert search(world, "bo", "text=needle") == ["needle 1", "needle 2", "needle 3"]
    assert search(world, "al", "text=needle") == ["needle 1", "needle 2", "needle 3"]
    assert search(world, "al", "text=needle;in=bo") == ["needle 1", "needle 2", "needle 3"]
    assert search(world, "phone", "text=needle") == ["needle 2", "needle 3"]
    assert search(world, "phone", "text=needle;in=al") == ["needle 2"]
    assert search(world, "thief", "text=needle") == []
    assert search(world, "thief", "text=needle;in=bo") == []


def test_selectors(world: Remembering) -> None:
    for count in range(6):
        world.now = START + count
        world.send("al" if count % 2 else "bo", f"PRIVMSG #a :x {count}")
    world.send("bo", "PRIVMSG #b :x b", "PRIVMSG al :x to\\al;", "NICK bob")
    base = "2023-11-14T22:13:2"
    assert search(world, "bo", "in=#A;text=x;from=AL") == ["x 1", "x 3", "x 5"]
    assert search(world, "bo", f"in=#a;after={base}1.000Z;before={base}4.000Z") == ["x 2", "x 3"]
    assert search(world, "bo", "in=#b") == ["x b"]
    assert search(world, "bo", "text=x;limit=2") == ["x b", "x to\\al;"]
    assert search(world, "al", "in=bob") == ["x to\\al;"]
    assert search(world, "bo", "in=AL;text=x") == ["x to\\al;"]
    assert search(world, "bo", "in=bob") == []
    assert search(world, "bo", 'text="x\\sb"') == ["x b"]
    assert search(world, "al", ":text=to\\\\al\\:") == ["x to\\al;"]
    assert search(world, "al", "from=nobody") == []
    assert search(world, "al", "limit=3;") == ["x 4", "x 5", "x to\\al;"]


def test_as_many_as_a_page_has() -> None:
    world = Remembering(Settings(name=SERVER, history=True, history_page=3))
    world.irc("al", caps=CAPS, rooms="#a")
    for count in range(5):
        world.send("al", f"PRIVMSG #a :x {count}")
    for limit in ("", ";limit=3", ";limit=1000", f";limit=1{'0' * 30}"):
        assert search(world, "al", f"text=x{limit}") == ["x 2", "x 3", "x 4"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("", " :Invalid parameters"),
        (" :", " :Invalid parameters"),
        (" text=a b", " :Invalid parameters"),
        (" ;;", " :Invalid parameters"),
        (" texts=a", " texts :Unknown attribute"),
        (" in=#none;text=a", " in :There is nothing that you can search"),
        (" in=#b;text=a", " in :There is nothing that you can search"),
        (" in=;text=a", " in :There is nothing that you can search"),
        (" in=nobody", " in :There is nothing that you can search"),
        (" text=a;from=", " from :Invalid nickname"),
        (" text=a;limit=0", " limit :Invalid limit"),
        (" text=a;limit=-1", " limit :Invalid limit"),
        (" text=a;limit=x", " limit :Invalid limit"),
        (" text=a;limit=²", " limit :Invalid limit"),
        (" after=0;text=a", " after :Invalid timestamp"),
        (" before=;text=a", " before :Invalid timestamp"),
        (" text=--", " text :There is nothing to search for"),
        (f" text={'a' + chr(92) + 's'}" + "a\\s" * 16, " text :A search has 16 words at most"),
    ],
)
def test_what_can_not_be_searched_for(world: Remembering, line: str, shown: str) -> None:
    (refusal,) = world.ask("al", f"SEARCH{line}")
    assert refusal.partition(" ")[2] == f"{FAIL} INVALID_PARAMS{shown}"


def test_what_can_not_be_read(world: Remembering) -> None:
    world.readable = False
    text = "The search could not be done"
    (line,) = world.ask("al", "SEARCH text=a")
    assert line.partition(" ")[2] == f"{FAIL} INTERNAL_ERROR :{text}"


def unfinished(world: Remembering, name: str, line: str, *, begun: bool = True) -> list[str]:
    """Return what a search is answered whose time is over when it has found what there is."""
    world.waiting = True
    world.send(name, line)
    (request,) = world.requests
    world.requests = []
    world.waiting = False
    answer = world.done(request).answer
    assert isinstance(answer, list)
    some = [one for one in answer if isinstance(one, Shown)]
    done = Completed(request=request.id, result=True, answer=Unfinished(some, begun))
    return world.step(done)[name]


def test_there_is_no_time_to_look_through_everything(world: Remembering) -> None:
    world.send("al", "CAP REQ labeled-response")
    how = "say in which channel (in), by whom (from) or since when (after)"
    (line,) = unfinished(world, "al", "SEARCH text=x")
    text = f"To look for that takes too long: {how}"
    assert line.partition(" ")[2] == f"{FAIL} INTERNAL_ERROR :{text}"
    (line,) = unfinished(world, "al", "SEARCH text=x", begun=False)
    text = "Others are searching: try again in a moment"
    assert line.partition(" ")[2] == f"{FAIL} INTERNAL_ERROR :{text}"
    world.send("bo", "PRIVMSG #a :x 1", "PRIVMSG #a :x 2")
    notice, *lines = unfinished(world, "al", "SEARCH text=x")
    text = f"There was no time to look through what is older: {how}"
    assert notice.partition(" ")[2] == f":{SERVER} NOTICE al :SEARCH: {text}"
    assert found(lines) == ["x 1", "x 2"]
    world.send("al", "CAP REQ standard-replies")
    begin, warning, *lines, end = unfinished(world, "al", "@label=l SEARCH text=x")
    assert "label=l" in begin.partition(" ")[0]
    assert begin.endswith(" labeled-response")
    assert warning.partition(" ")[2] == f":{SERVER} WARN SEARCH INCOMPLETE :{text}"
    assert found(lines) == ["x 1", "x 2"]
    assert codes([end]) == ["BATCH"]


def test_only_with_the_capability_and_with_history(world: Remembering) -> None:
    world.irc("old")
    assert codes(world.ask("old", "SEARCH text=a")) == ["421"]
    without = Remembering(Settings(name=SERVER))
    assert "NAK" in without.irc("al", caps="soju.im/search")[0]
    assert without.core.settings.history is False


def test_who_has_left_or_was_removed_finds_nothing_there(world: Remembering) -> None:
    world.send("bo", "PRIVMSG #a :needle")
    world.send("bo", "PART #a")
    assert search(world, "bo", "text=needle") == []
    world.send("bo", "JOIN #a")
    assert search(world, "bo", "text=needle") == ["needle"]
    world.waiting = True
    world.send("bo", "SEARCH text=needle")
    world.send("al", "KICK #a bo")
    lines = world.answer()["bo"]
    assert found(lines) == []


def test_nobody_finds_what_was_for_operators_only(world: Remembering) -> None:
    world.send("bo", "PRIVMSG @#a :needle")
    assert search(world, "bo", "text=needle") == []
    assert search(world, "al", "text=needle") == ["needle"]
    world.waiting = True
    world.send("al", "SEARCH text=needle")
    world.step(world.lines("bo", "PART #a"), world.lines("al", "MODE #a -q+o al al"))
    assert found(world.answer()["al"][-3:]) == ["needle"]


def test_nobody_finds_what_others_wrote_to_each_other(world: Remembering) -> None:
    world.irc("cy", caps=CAPS, rooms="#a")
    world.send("al", "PRIVMSG bo :needle")
    assert search(world, "cy", "text=needle") == []
    assert search(world, "cy", "in=al;text=needle") == []
    world.quit("bo")
    world.send("cy", "NICK bo")
    assert search(world, "cy", "text=needle") == []
    assert search(world, "cy", "in=al") == []
    assert search(world, "al", "text=needle") == ["needle"]


def test_what_is_taken_back_is_not_found(world: Remembering) -> None:
    world.send("al", "CAP REQ :draft/message-redaction echo-message")
    (said,) = world.ask("al", "PRIVMSG #a :needle")
    id = said.partition("msgid=")[2].partition(" ")[0]
    world.send("al", f"REDACT #a {id}")
    assert search(world, "al", "text=needle") == []


def test_a_message_of_several_lines(world: Remembering) -> None:
    world.irc("old", caps="soju.im/search batch message-tags", rooms="#a")
    world.send(
        "al",
        "BATCH +1 draft/multiline #a",
        "@batch=1 PRIVMSG #a :needle",
        "@batch=1 PRIVMSG #a :and hay",
        "BATCH -1",
    )
    assert search(world, "old", "text=hay") == ["needle", "and hay"]
    begin, first, *lines, last, _ = world.ask("bo", "SEARCH text=hay")
    outer = begin.rpartition("+")[2].partition(" ")[0]
    assert f"batch={outer}" in first
    assert " BATCH +" in first
    assert f"batch={outer}" in last
    assert " BATCH -" in last
    assert [line.rpartition(" :")[2] for line in lines] == ["needle", "and hay"]


def test_as_fast_as_it_is_taken() -> None:
    world = Remembering(page=10)
    world.irc("al", caps=CAPS, rooms="#a")
    for count in range(25):
        world.send("al", f"PRIVMSG #a :x {count}")
    world.slow = True
    lines = world.ask("al", "SEARCH text=x")
    assert 10 <= len(lines) < 15
    world.irc("bo", rooms="#a")
    world.slow = False
    world.waiting = False
    more = world.complete(True)["al"]
    assert found(lines + [line for line in more if "JOIN" not in line]) == [
        f"x {count}" for count in range(25)
    ]


def test_the_answer_comes_before_what_was_sent_next(world: Remembering) -> None:
    world.waiting = True
    assert world.ask("al", "SEARCH text=x", "PING 1") == []
    assert codes(world.answer()["al"]) == ["BATCH", "BATCH", "PONG"]


@pytest.mark.parametrize("said", [[], ["x"], ["x", "x y"]])
def test_a_label_has_one_answer(world: Remembering, said: list[str]) -> None:
    world.send("al", "CAP REQ labeled-response")
    world.send("bo", *(f"PRIVMSG #a :{text}" for text in said))
    lines = world.ask("al", "@label=l SEARCH text=x")
    assert "label=l" in lines[0].partition(" ")[0]
    assert not any("label=" in line for line in lines[1:])
    assert found(lines) == said
    (line,) = world.ask("al", "@label=l SEARCH limit=x")
    assert "label=l" in line.partition(" ")[0]
    assert "INVALID_PARAMS" in line


def test_it_counts_as_several_lines(world: Remembering) -> None:
    effects = world.turn([world.lines("al", "SEARCH text=x", "SEARCH limit=x")])
    assert effects.charges == [world.ids["al"]] * 4


# --- /search


def test_people_search_in_words(world: Remembering) -> None:
    world.person("pat")
    world.send("pat", "/join #a", "hello needle; \\o/", "/msg bo a needle for you")
    world.send("bo", "PRIVMSG #b :needle", "PRIVMSG pat :\x01ACTION hides a needle\x01")
    world.send("bo", "PRIVMSG pat :\x01VERSION needle\x01")
    world.now += 86_400
    assert world.ask("pat", "/search needle") == [
        "2023-11-14 22:13 #a <pat> hello needle; \\o/",
        "2023-11-14 22:13 [pat → bo] a needle for you",
        "2023-11-14 22:13 [* bo → you] hides a needle",
    ]
    assert world.ask("pat", '/search "for you"') == ["2023-11-14 22:13 [pat → bo] a needle for you"]
    assert world.ask("pat", "/search nothing") == ["Nothing was found."]
    assert world.ask("pat", "/search ---") == ["There is nothing to search for."]
    (usage,) = world.ask("pat", "/search")
    assert usage.startswith("/search WORDS: ")


def test_the_day_is_that_of_the_server(world: Remembering) -> None:
    world.person("pat")
    world.send("pat", "/join #a", "needle")
    effects = world.core.step([], world.now, 3 * 3600)
    assert effects.outputs == []
    world.core.context.output.utc_offset = 3 * 3600
    world.waiting = True
    world.send("pat", "/search needle")
    (request,) = world.requests
    world.requests = []
    done = world.done(request)
    effects = world.core.step([done], world.now, 3 * 3600)
    assert world.read(effects)["pat"] == ["2023-11-15 01:13 #a <pat> needle"]


def test_people_find_nothing_of_whom_they_ignore(world: Remembering) -> None:
    world.person("pat")
    world.send("pat", "/join #a")
    world.send("bo", "PRIVMSG #a :needle")
    world.send("al", "PRIVMSG #a :needle")
    world.send("pat", "/ignore bo")
    assert world.ask("pat", "/search needle") == ["2023-11-14 22:13 #a <al> needle"]
    world.send("pat", "/ignore al")
    assert world.ask("pat", "/search needle") == [
        "Nothing was found but what people say whom you ignore."
    ]
    assert world.ask("pat", "/search nothing") == ["Nothing was found."]


def test_people_are_told_that_there_was_no_time(world: Remembering) -> None:
    world.person("pat")
    world.send("pat", "/join #a")
    text = "To look for that takes too long: use rarer words."
    assert unfinished(world, "pat", "/search needle") == [text]
    text = "Others are searching: try again in a moment."
    assert unfinished(world, "pat", "/search needle", begun=False) == [text]
    world.send("bo", "PRIVMSG #a :needle")
    assert unfinished(world, "pat", "/search needle") == [
        "2023-11-14 22:13 #a <bo> needle",
        "There was no time to look through what is older.",
    ]


def test_people_are_told_what_is_wrong(world: Remembering) -> None:
    world.person("pat")
    world.readable = False
    text = "The search could not be done."
    assert world.ask("pat", "/search needle") == [text]
    without = Remembering(Settings(name=SERVER))
    without.person("pat")
    assert without.ask("pat", "/search needle") == ["This server keeps no history."]
