"""Long answers, and who asks for many: nobody is sent faster than they listen."""

from __future__ import annotations

import pytest

from tests.core.world import SERVER, World, codes
from trio_chat.core import modes
from trio_chat.core.context import BUDGET, PAGE
from trio_chat.core.feed import Block
from trio_chat.core.inputs import Completed
from trio_chat.core.output import Effects


@pytest.fixture
def world() -> World:
    """A world with a lot to list, in which nobody reads by themselves."""
    world = World()
    for number in range(10):
        world.irc(f"op{number}", rooms=",".join(f"#{number}-{i}" for i in range(60)))
    world.irc("al", caps="labeled-response batch")
    world.slow = True
    return world


def all_pages(world: World, lines: list[str]) -> list[list[str]]:
    pages = [lines]
    while world.requests:
        pages.append(world.complete(True).get("al", []))
    return pages


def test_a_long_list_comes_page_by_page_and_whole(world: World) -> None:
    pages = all_pages(world, world.ask("al", "LIST", "PING after"))
    assert [len(page) for page in pages] == [PAGE, PAGE, PAGE, 3]
    lines = [line for page in pages for line in page]
    assert codes(lines) == ["321", *["322"] * 600, "323", "PONG"]
    assert len({line.split()[3] for line in lines if " 322 " in line}) == 600


def test_others_are_served_in_between(world: World) -> None:
    world.ask("al", "LIST")
    assert codes(world.ask("op1", "PRIVMSG al :hello?", "PING x")) == ["PONG"]
    assert world.core.waits(world.ids["al"])
    world.quit("al")
    assert world.complete(True) == {}


def test_a_labelled_list_is_one_batch_over_its_pages(world: World) -> None:
    pages = all_pages(world, world.ask("al", "@label=x LIST", "PING after"))
    lines = [line for page in pages for line in page]
    assert codes(lines) == ["BATCH", "321", *["322"] * 600, "323", "BATCH", "PONG"]
    assert lines[0].startswith("@label=x ")
    reference = lines[0].split("+")[1].split()[0]
    assert all(line.startswith(f"@batch={reference} ") for line in lines[1:-2])
    assert len(pages) > 3


def test_many_questions_are_answered_as_fast_as_the_answers_are_read(world: World) -> None:
    pages = all_pages(world, world.ask("al", *["PING x"] * 1000))
    assert [len(page) for page in pages] == [PAGE] * 5
    assert all(line == f":{SERVER} PONG {SERVER} x" for page in pages for line in page)


def test_who_leaves_between_two_pages_is_not_listed(world: World) -> None:
    for number in range(300):
        world.irc(f"user{number}", rooms="#big")
    first = world.ask("al", "WHO #big")
    assert len(first) == PAGE
    world.quit("user250")
    rest = [line for page in all_pages(world, [])[1:] for line in page]
    assert codes(rest) == [*["352"] * 99, "315"]


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("NAMES " + ",".join(["#1-1"] * 90), 2),
        ("LIST " + ",".join(["#1-1"] * 90), 3),
        ("MODE #1-1 " + "b" * 400, 2),
    ],
)
def test_asking_for_the_same_many_times_is_asking_once(world: World, line: str, count: int) -> None:
    world.ask("op1", "MODE #1-1 +b evil")
    assert len(world.ask("al", line)) == count


def test_names_have_as_much_room_as_the_line_leaves() -> None:
    world = World()
    channel = "#" + "ж" * 63
    everybody = [f"{'x' * 28}{number:03}" for number in range(60)]
    for name in everybody:
        world.irc(name, rooms=channel)
    lines = world.ask(everybody[0], f"NAMES {channel}")
    assert all(len(line.encode()) <= 510 for line in lines)
    found = [name for line in lines[:-1] for name in line.rsplit(":", 1)[1].split()]
    assert [name.lstrip("@") for name in found] == everybody


# --- What is said between two pages


FEW = 4
"""Replies of a page here."""


def big(size: int, *, caps: str = "", rooms: str = "#big") -> World:
    """A world with so many in a room, whose names are long; and one more, who reads slowly."""
    world = World(page=FEW)
    for number in range(size):
        world.irc(f"{'x' * 28}{number:04}", rooms=rooms)
    world.irc("al", caps=caps)
    world.slow = True
    return world


def member(number: int) -> str:
    return f"{'x' * 28}{number:04}"


def named(lines: list[str]) -> list[str]:
    return [name for line in lines if " 353 " in line for name in line.rsplit(":", 1)[1].split()]


@pytest.mark.parametrize("ask", ["JOIN #big", "NAMES #big"])
@pytest.mark.parametrize("caps", ["", "labeled-response batch"])
def test_names_are_those_of_who_is_there_when_they_are_said(ask: str, caps: str) -> None:
    world = big(120, caps=caps)
    first = world.ask("al", f"@label=x {ask}" if caps else ask)
    assert 2 * FEW > len(first) >= FEW
    assert len(named(first)) < 90
    first += world.send(member(100), "PART #big").get("al", [])
    first += world.send(member(101), "NICK new").get("al", [])
    first += world.send(member(0), f"MODE #big +v {member(102)}").get("al", [])
    first += world.quit(member(103)).get("al", [])
    inside = ask.startswith("JOIN")
    assert (codes(first)[-4:] == ["PART", "NICK", "MODE", "QUIT"]) == inside
    second = [line for page in all_pages(world, []) for line in page]
    expected = [member(number) for number in range(120)]
    expected[101], expected[102] = "new", f"+{member(102)}"
    del expected[103], expected[100]
    found = [name.lstrip("@") for name in named(first + second)]
    assert found == expected + ["al"] * inside
    assert codes(second)[-2 if caps else -1] == "366"


@pytest.mark.parametrize("caps", ["", "labeled-response batch"])
def test_no_names_come_after_being_kicked(caps: str) -> None:
    world = big(120, caps=caps)
    joined = world.ask("al", "@label=x JOIN #big" if caps else "JOIN #big")
    assert codes(joined)[: 2 if caps else 1] == (["BATCH", "JOIN"] if caps else ["JOIN"])
    kicked = world.send(member(0), "PRIVMSG #big :one", "KICK #big al", "PRIVMSG #big :two")["al"]
    assert codes(kicked) == ["PRIVMSG", "KICK"]
    assert codes(world.complete(True)["al"]) == (["366", "BATCH"] if caps else ["366"])


@pytest.mark.parametrize("ask", ["NAMES #big", "WHO #big"])
def test_no_more_is_said_of_a_room_that_has_become_secret(ask: str) -> None:
    world = big(120)
    world.ask("al", ask)
    world.send(member(0), "MODE #big +s")
    assert codes(world.complete(True)["al"]) == ["366" if ask[0] == "N" else "315"]


def test_one_page_is_for_all_that_a_command_says() -> None:
    rooms = [f"#{number}" for number in range(46)]
    world = World(page=FEW)
    world.irc("op", rooms=",".join(rooms))
    for number in range(20):
        world.irc(member(number), rooms=",".join(rooms))
    world.irc("al")
    world.slow = True
    pages = all_pages(world, world.ask("al", f"JOIN {','.join(rooms)}", "PING x"))
    assert max(map(len, pages)) < 2 * FEW
    lines = [line for page in pages for line in page]
    assert codes(lines)[-1] == "PONG"
    joined = [line.split()[2] for line in lines if codes([line]) == ["JOIN"]]
    assert joined == [line.split()[3] for line in lines if codes([line]) == ["366"]] == rooms
    assert len(named(lines)) == 46 * 22


def test_one_who_is_made_to_join_reads_in_pages_too() -> None:
    world = big(120)
    world.core.state.users[world.ids[member(0)]].modes |= modes.OPERATOR
    found = world.send(member(0), "SAJOIN al #big")
    assert FEW <= len(found["al"]) < 2 * FEW
    assert codes(found[member(0)]) == ["JOIN", "NOTICE"]
    assert codes(all_pages(world, [])[-1])[-1] == "366"


@pytest.mark.parametrize("who", ["al", "op"])
def test_a_page_is_of_all_rooms_that_one_is_made_to_join(who: str) -> None:
    listed = [f"#{number}" for number in range(30)]
    world = big(30, rooms=",".join(listed))
    world.slow = False
    world.irc("op", caps="labeled-response batch")
    world.slow = True
    world.core.state.users[world.ids["op"]].modes |= modes.OPERATOR
    found = world.send("op", f"@label=x SAJOIN {who} nonsense,{','.join(listed)}", "PING x")
    assert len(world.requests) == 1
    pages, told = [found[who]], [*found["op"]]
    while world.requests:
        found = world.complete(True)
        pages.append(found.get(who, []))
        told += found.get("op", [])
    assert max(map(len, pages)) < 2 * FEW
    lines = [line for page in pages for line in page]
    assert len(named(lines)) == 30 * 31
    ended = [line.partition(" 366 ")[2].split()[1] for line in lines if " 366 " in line]
    assert ended == listed
    if who == "al":
        # What the operator asks next does not wait for others to read.
        assert codes(told)[:4] == ["BATCH", "403", "NOTICE", "BATCH"]
        assert [line.split()[-2] for line in told if "NOTICE" in line] == listed
    else:
        assert codes(told)[-2:] == ["BATCH", "PONG"]


def test_one_who_is_made_to_join_goes_on_when_the_operator_has_gone() -> None:
    world = big(30, rooms="#0,#1,#2")
    world.core.state.users[world.ids[member(0)]].modes |= modes.OPERATOR
    lines = world.send(member(0), "SAJOIN al #0,#1,#2")["al"]
    assert world.core.waits(world.ids["al"])
    lines += world.send(member(0), "QUIT")["al"]
    assert world.closed == {member(0)}
    lines += [line for page in all_pages(world, []) for line in page]
    assert [line.split()[3] for line in lines if " 366 " in line] == ["#0", "#1", "#2"]


def test_earlier_answers_are_no_reason_to_cut_an_answer() -> None:
    world = big(10, caps="labeled-response batch")
    lines = world.ask("al", *["PING x"] * (FEW - 1), "@label=x JOIN #big", "PING after")
    assert codes(lines)[FEW - 1 :] == ["BATCH", "JOIN", "353", "366", "BATCH"]
    assert codes(world.complete(True)["al"]) == ["PONG"]


def test_pages_that_many_have_taken_at_once_are_followed_in_several_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.slow = True
    named = [f"user-with-a-long-name-{number:04}" for number in range(300)]
    for name in named:
        world.irc(name, rooms="#a")
    # Others than the members are each told as they may see it.
    many = [f"o{number}" for number in range(300)]
    for name in many:
        world.irc(name)
    world.core.context.page_size = 8
    world.requests.clear()
    asked = [world.lines(name, "NAMES #a", "PING after") for name in many]
    found: dict[str, list[str]] = {}
    effects = world.core.step(asked, world.now)
    output, dearest = world.core.context.output, 0
    take = output.take

    def noted() -> Effects:
        nonlocal dearest
        dearest = max(dearest, output.cost)
        return take()

    monkeypatch.setattr(output, "take", noted)
    while effects.requests or world.core.busy:
        for name, lines in world.read(effects).items():
            found.setdefault(name, []).extend(lines)
        done = [Completed(request=one.id, result=True) for one in effects.requests]
        effects = world.core.step(done, world.now)
        assert effects.failures == []
    for name, lines in world.read(effects).items():
        found.setdefault(name, []).extend(lines)
    # All of them together would be much more.
    assert BUDGET // 2 < dearest < 1.2 * BUDGET
    assert len(found) == len(many)
    for lines in found.values():
        told = [one for line in lines if " 353 " in line for one in line.partition(" :")[2].split()]
        assert sorted(name.lstrip("@") for name in told) == named
        assert codes(lines)[-2:] == ["366", "PONG"]


def test_members_are_sent_lines_that_are_written_once_on_every_page() -> None:
    world = World()
    world.slow = True
    names = [f"user-with-a-long-name-{number:04}" for number in range(120)]
    for name in names:
        world.irc(name, rooms="#a")
    world.core.context.page_size = 3
    world.requests.clear()
    asking = names[:40]
    effects = world.core.step([world.lines(name, "NAMES #a") for name in asking], world.now)
    found: dict[str, list[str]] = {}
    pages = 0
    while True:
        blocks = [
            chunk for _, chunks in effects.outputs for chunk in chunks if isinstance(chunk, Block)
        ]
        # The same objects for everybody, but for the last, which may get another name.
        tails = {id(tail) for block in blocks for tail in block.tails[:-1]}
        assert len(blocks) in (len(asking), 0)
        assert len(tails) == len(blocks[0].tails) - 1 if blocks else pages > 2
        for name, lines in world.read(effects).items():
            found.setdefault(name, []).extend(lines)
        pages += 1
        if not effects.requests:
            break
        done = [Completed(request=one.id, result=True) for one in effects.requests]
        effects = world.core.step(done, world.now)
    assert pages > 2
    for lines in found.values():
        told = [one for line in lines if " 353 " in line for one in line.partition(" :")[2].split()]
        assert [name.lstrip("@") for name in told] == names
        assert codes(lines)[-1] == "366"


@pytest.mark.parametrize("line", ["PART #a", "NICK other", "JOIN #a", "MODE #a +v {}"])
def test_what_changes_between_two_pages_is_seen_in_the_next(line: str) -> None:
    world = World()
    world.slow = True
    world.irc("late")
    names = [f"user-with-a-long-name-{number:04}" for number in range(60)]
    for name in names:
        world.irc(name, rooms="#a")
    world.core.context.page_size = 3
    world.requests.clear()
    lines = world.ask(names[5], "NAMES #a")
    who = {"JOIN #a": "late", "MODE #a +v {}": names[0]}.get(line, names[1])
    world.send(who, line.format(names[-1]))
    while world.requests:
        lines += world.complete(True).get(names[5], [])
    told = [one for text in lines if " 353 " in text for one in text.partition(" :")[2].split()]
    # It is about somebody who was on the first page, or who comes behind all, or who is the last.
    voiced = "+" if "MODE" in line else ""
    assert told == [f"@{names[0]}", *names[1:-1], voiced + names[-1]]
    assert codes(lines)[-1] == "366"


@pytest.mark.parametrize("comers", [(0, 59), (0, 5), (59, 0), (30, 59), (59,)])
def test_who_stays_is_named_whoever_comes_back_between_two_pages(comers: tuple[int, ...]) -> None:
    world = big(60)
    reader = member(20)
    # The next page is for as many as were left, and its last member is the same.
    lines = world.ask(reader, "NAMES #big")
    assert world.core.waits(world.ids[reader])
    for number in comers:
        lines += world.send(member(number), "PART #big", "JOIN #big").get(reader, [])
    while world.core.waits(world.ids[reader]):
        lines += world.complete(True).get(reader, [])
    assert codes(lines)[-1] == "366"
    assert {name.lstrip("@") for name in named(lines)} == set(map(member, range(60)))


@pytest.mark.parametrize("caps", ["", "draft/channel-rename"])
def test_names_of_a_room_that_is_renamed_in_between(caps: str) -> None:
    """To who does not know RENAME it is another room now, and that one is named whole."""
    world = big(120, caps=f"{caps} no-implicit-names")
    world.slow = False
    world.ask("al", "JOIN #big")
    world.slow = True
    assert len(named(world.ask("al", "NAMES #big"))) < 90
    found = world.send(member(0), "RENAME #big #new")["al"]
    assert codes(found) == (["RENAME"] if caps else ["PART", "JOIN"])
    lines = [line for page in all_pages(world, []) for line in page]
    if caps:
        assert lines[-1].split()[3] == "#new"
        assert len(named(lines)) > 30
    else:
        assert [(*codes([line]), line.split()[3]) for line in lines] == [("366", "#big")]
