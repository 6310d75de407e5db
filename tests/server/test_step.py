"""What goes on while a commit takes long, and what waits for it: nobody's order changes."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
import trio
import trio.testing

from tests.core.world import World
from tests.server.rig import GatedJournal, Peer, Rig, running
from trio_chat.core.entries import Record
from trio_chat.core.inputs import Completed, Received
from trio_chat.journal import Commit, NoJournal
from trio_chat.server import hub
from trio_chat.server.step import MANY, in_turn

ECHO = ("CAP REQ :echo-message", "CAP END")
FAIL = ":irc.test FAIL PRIVMSG COULD_NOT_BE_STORED #lobby :Could not be stored"

pytestmark = pytest.mark.usefixtures("carried")


async def is_silent(peer: Peer, seconds: float = 1.0) -> bool:
    with trio.move_on_after(seconds) as scope:
        await peer.line()
    return scope.cancelled_caught


async def pong(peer: Peer, token: str) -> float:
    """Return in how many seconds a PING is answered."""
    begun = trio.current_time()
    await peer.send(f"PING {token}")
    assert await peer.line() == f":irc.test PONG irc.test {token}"
    return trio.current_time() - begun


def shut(journal: GatedJournal) -> None:
    journal.open = trio.Event()


async def three(rig: Rig) -> tuple[Peer, Peer, Peer]:
    """Return two in the lobby, of whom the first sees what it says, and one in no room."""
    al = await rig.irc("al", *ECHO, "JOIN #lobby")
    bo = await rig.irc("bo", "JOIN #lobby")
    cy = await rig.irc("cy")
    await al.barrier()
    return al, bo, cy


async def test_who_is_not_concerned_goes_on(autojump_clock: trio.abc.Clock) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al, bo, cy = await three(rig)
        shut(journal)
        await al.send("PRIVMSG #lobby :one")
        for number in range(20):
            assert await pong(cy, str(number)) < 0.1
            await trio.sleep(0.1)
        assert await is_silent(al)
        assert await is_silent(bo)
        journal.open.set()
        for peer in (al, bo):
            assert (await peer.line()).endswith("PRIVMSG #lobby :one")
        assert await pong(cy, "x") < 0.1


async def test_what_comes_after_waits_with_it(autojump_clock: trio.abc.Clock) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al, bo, cy = await three(rig)
        shut(journal)
        await al.send("PRIVMSG #lobby :one")
        await trio.sleep(0.1)
        before = journal.commits
        for number in range(5):
            await bo.send(f"PING b{number}")
            await al.send(f"PING a{number}", f"PRIVMSG #lobby :{number}")
            await trio.sleep(0.1)
        assert await pong(cy, "x") < 0.1
        assert journal.commits == before
        journal.open.set()
        assert [line.split(" ")[-1] for line in await al.until(":4")] == (
            [":one", "a0", ":0", "a1", ":1", "a2", ":2", "a3", ":3", "a4", ":4"]
        )
        assert [line.split(" ")[-1] for line in await bo.until(":4")] == (
            [":one", "b0", ":0", "b1", ":1", "b2", ":2", "b3", ":3", "b4", ":4"]
        )
        # All that came meanwhile was stored at once.
        assert journal.commits == before + 1


async def test_in_the_same_step_too(autojump_clock: trio.abc.Clock) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al, bo, cy = await three(rig)
        shut(journal)
        for peer, line in ((al, b"PRIVMSG #lobby :one"), (cy, b"PING x"), (bo, b"PING y")):
            rig.hub.put_now(Received(user=peer.connection.id, lines=[line]))
        with trio.fail_after(0.1):
            assert await cy.line() == ":irc.test PONG irc.test x"
        assert await is_silent(bo)
        journal.open.set()
        assert (await bo.line()).endswith("PRIVMSG #lobby :one")
        assert await bo.line() == ":irc.test PONG irc.test y"


async def test_who_says_something_meanwhile_waits_from_then_on(
    autojump_clock: trio.abc.Clock,
) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al, bo, cy = await three(rig)
        shut(journal)
        await al.send("PRIVMSG #lobby :one")
        assert await pong(cy, "x") < 0.1
        await cy.send("JOIN #other", "PING y")
        assert await is_silent(cy)
        journal.open.set()
        assert (await cy.line()).endswith("JOIN #other")
        assert await cy.barrier()
        assert len(await bo.barrier()) == 1


async def test_a_page_that_waits_is_not_taken_for_one_that_has_been_read(
    autojump_clock: trio.abc.Clock,
) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al, _, cy = await three(rig)
        shut(journal)
        before = len(rig.core.inputs)
        lines = [b"PRIVMSG #lobby :one", *[b"HELP"] * 200]
        rig.hub.put_now(Received(user=al.connection.id, lines=lines))
        assert await pong(cy, "x") < 0.1
        assert await is_silent(al)
        assert not any(isinstance(one, Completed) for one in rig.core.inputs[before:])
        journal.open.set()
        for _ in range(200):
            await al.until(" 706 ")


async def test_what_fails_is_told_in_its_place(autojump_clock: trio.abc.Clock) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al, bo, cy = await three(rig)
        shut(journal)
        journal.full = True
        await al.send("PING 1", "PRIVMSG #lobby :lost", "PING 2")
        await trio.sleep(0.1)
        await al.send("PRIVMSG #lobby :lost, too", "PING 3")
        await bo.send("PING b")
        assert await pong(cy, "x") < 0.1
        journal.open.set()
        assert [await al.line() for _ in range(5)] == [
            ":irc.test PONG irc.test 1",
            FAIL,
            ":irc.test PONG irc.test 2",
            FAIL,
            ":irc.test PONG irc.test 3",
        ]
        assert await bo.line() == ":irc.test PONG irc.test b"
        journal.full = False
        await al.send("PRIVMSG #lobby :kept")
        assert (await bo.line()).endswith("PRIVMSG #lobby :kept")
        assert (await al.line()).endswith("PRIVMSG #lobby :kept")


async def test_who_leaves_is_shown_what_came_before(autojump_clock: trio.abc.Clock) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al, bo, cy = await three(rig)
        shut(journal)
        await al.send("PRIVMSG #lobby :one")
        await trio.sleep(0.1)
        await bo.send("QUIT :bye")
        await cy.send("QUIT")
        # Whoever has to wait for nothing is gone at once, but those who are told wait.
        assert await is_silent(bo)
        journal.open.set()
        assert [line.split(" ", 1)[1] for line in await bo.rest()] == [
            "PRIVMSG #lobby :one",
            ":Closing link (Quit: bye)",
        ]
        assert (await cy.rest())[-1].startswith("ERROR")
        assert [line.split(" ", 1)[1] for line in await al.barrier()] == [
            "PRIVMSG #lobby :one",
            "QUIT :Quit: bye",
        ]
        await rig.alone(1)


async def test_the_end_comes_behind_it(autojump_clock: trio.abc.Clock) -> None:
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al, bo, cy = await three(rig)
        new = await rig.connect()
        shut(journal)
        await al.send("PRIVMSG #lobby :one")
        await trio.sleep(0.1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rig.hub.shut_down, "Server shutting down")
            assert await cy.rest() == ["ERROR :Closing link (Server shutting down)"]
            assert await is_silent(bo)
            journal.open.set()
            assert len(await bo.rest()) == 2
            assert len(await al.rest()) == 2
            assert (await new.rest())[-1:] == ["Goodbye (Server shutting down)"]
        assert rig.hub.open == 0


async def test_not_everything_can_wait(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "HELD", 20)
    journal = GatedJournal()
    async with running(journal=journal) as rig:
        al, bo, cy = await three(rig)
        shut(journal)
        for number in range(30):
            await al.send(f"PRIVMSG #lobby :{number}")
            await trio.sleep(0.1)
        # By now whoever is not concerned waits as well, and nothing is lost.
        await cy.send("PING x")
        assert await is_silent(cy)
        journal.open.set()
        assert await cy.line() == ":irc.test PONG irc.test x"
        assert [line.split(":")[2] for line in await bo.until(":29")] == [
            str(number) for number in range(30)
        ]


class Unsteady(NoJournal):
    """Stores nothing, in a time that nobody can foresee."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def begin(self, steps: Sequence[tuple[int, Sequence[Record]]]) -> Commit:
        return _Sleep(trio.current_time() + self._chance.choice([0, 0, 0.005, 0.1, 0.5, 2]))


class _Sleep:
    def __init__(self, until: float) -> None:
        self._until = until

    async def wait(self) -> None:
        await trio.sleep_until(self._until)


async def talk(journal: NoJournal, seed: int) -> list[list[str]]:
    """Return what each of some is shown of a talk that is the same for the same seed."""
    chance = random.Random(seed)
    names = ["al", "bo", "cy", "di", "ed"]
    async with running(journal=journal) as rig:
        peers = []
        for name in names:
            peers.append(await rig.irc(name, *(ECHO if chance.random() < 0.5 else ())))
        for number in range(150):
            line = chance.choice(
                [
                    f"PRIVMSG #a :{number}",
                    f"PRIVMSG #b :{number}",
                    f"PRIVMSG {chance.choice(names)} :{number}",
                    f"PING {number}",
                    f"PING {number}",
                    "JOIN #a",
                    "JOIN #b",
                    "PART #a",
                    "NAMES #b",
                    f"TOPIC #b :{number}",
                    f"AWAY :{number}",
                    "WHOIS bo",
                ]
            )
            await chance.choice(peers).send(line)
            # Until it has arrived, which may take as long as a commit is waited for by everybody:
            # everything is decided in the same order.
            await trio.testing.wait_all_tasks_blocked()
            await trio.sleep(1.1 * hub.SOON + chance.choice([0, 0.001, 0.03]))
        # But for what has a time in it.
        return [
            [line for line in await peer.barrier() if line.split(" ")[1] not in ("317", "333")]
            for peer in peers
        ]


@pytest.mark.parametrize("seed", range(12))
async def test_how_long_it_takes_changes_nobodys_order(
    seed: int, autojump_clock: trio.abc.Clock
) -> None:
    steady = await talk(NoJournal(), seed)
    assert sum(map(len, steady)) > 150
    assert await talk(Unsteady(random.Random(seed)), seed) == steady


def test_who_is_only_answered_does_not_wait_for_who_is_shown_what_many_are() -> None:
    world = World()
    for number in range(MANY):
        world.irc(f"u{number}", rooms="#big")
    world.irc("al")
    effects = world.turn([world.lines("u5", "PRIVMSG #big :hello"), world.lines("al", "PING x")])
    users = [user for user, _ in effects.outputs]
    assert len(users) == MANY + 1
    assert users[-1] == world.ids["al"]
    turns = [user for user, _ in in_turn(effects.outputs)]
    assert turns == [users[-1], *users[:-1]]
    few = effects.outputs[1:]
    assert in_turn(few) == few
