"""Long answers, and who asks for many: nobody is sent faster than they listen."""

from __future__ import annotations

import pytest

from tests.core.world import SERVER, World, codes
from trio_chat.core.context import PAGE


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
