"""A keeper of the drill with the core of the server, whose records go into a file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.drill import plans
from loadtest.drill.changes import Changes
from loadtest.drill.keeper import Keeper
from loadtest.drill.session import UnexpectedError
from tests.core.registering import Registering
from tests.core.world import SERVER
from tests.journal.rig import File
from trio_chat.core import secrets
from trio_chat.core.secrets import SECRET
from trio_chat.core.settings import AccountPolicy, Settings

SETTINGS = Settings(
    name=SERVER,
    durable=True,
    history=True,
    accounts=AccountPolicy(per_address=10_000, rooms_per_account=10_000, attempts=10_000),
)
ALL_KINDS = {
    "access",
    "account",
    "account dropped",
    "ban",
    "ban lifted",
    "bans cleared",
    "password",
    "room",
    "room dropped",
    "topic",
}


class Rig:
    """A keeper, and a core that is killed and started again on the same file."""

    def __init__(self, file: File, seed: int) -> None:
        self.chance = random.Random(seed)
        self.changes = Changes()
        self.keeper = Keeper("k0", self.changes, self.chance)
        self.file = file
        self.sent: list[str] = []
        self._begin(Registering(file, settings=SETTINGS))

    def _begin(self, world: Registering) -> None:
        self.world = world
        rows = self.file.connection.execute("SELECT key, value FROM kept WHERE kind = ?", (SECRET,))
        world.secrets = {key: secrets.decode(value) for key, value in rows}
        world.step(world.add("k0"))

    def run(self) -> None:
        """Pass on what both say, to the end."""
        while self.pass_on():
            pass

    def pass_on(self, *, kill: bool = False) -> bool:
        """Pass on what the keeper says, and what it is answered; return whether there was
        anything. `kill`: some of it only, from some moment on."""
        data, self.keeper.outbox = self.keeper.outbox, b""
        lines = data.decode().splitlines()
        if kill:
            lines = lines[: self.chance.randint(0, len(lines))]
        self.sent += lines
        answer = self.world.ask("k0", *lines) if lines else []
        text = "".join(f"{line}\r\n" for line in answer).encode()
        if kill:
            text = text[: self.chance.randint(0, len(text))]
        self.keeper.feed(text)
        return bool(lines)

    def is_ready(self) -> bool:
        return self.keeper.is_ready

    def kill(self) -> None:
        self._begin(self.world.restarted(settings=SETTINGS))
        self.keeper.begin()

    def turns(self, number: int) -> None:
        for _ in range(number):
            self.keeper.act()
            self.run()
            assert not self.keeper.under_way

    def spoil(self, statement: str, *values: object) -> None:
        assert self.file.connection.execute(statement, values).rowcount > 0


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    file = File(tmp_path / "journal.db")
    yield file
    file.close()


# With these every kind of change comes about: accounts are dropped rarely.
@pytest.mark.parametrize("seed", [0, 2, 3])
def test_a_server_that_keeps_everything_is_found_so(file: File, seed: int) -> None:
    rig = Rig(file, seed)
    rig.run()
    for _ in range(30):
        assert rig.is_ready()
        rig.turns(rig.chance.randint(0, 20))
        rig.keeper.act()
        for _ in range(rig.chance.randint(0, 2)):
            rig.pass_on()
        rig.pass_on(kill=True)
        rig.kill()
        assert not rig.is_ready()
        # It may be killed again before everything has been looked at.
        if rig.chance.random() < 0.2:
            rig.pass_on()
            rig.pass_on(kill=True)
            rig.kill()
        rig.run()
    rig.keeper.thorough = True
    rig.kill()
    rig.run()
    assert rig.is_ready()
    changes = rig.changes
    assert (changes.missing, changes.altered, changes.examples) == (0, 0, [])
    assert changes.acknowledged > 200
    assert changes.undecided >= 10
    assert {*changes.kinds} == ALL_KINDS
    assert sum(changes.kinds.values()) == changes.acknowledged


@pytest.mark.parametrize(
    ("kind", "example"),
    [
        # Whoever founded it comes back, and is told that there is no such account.
        ("account", "missing: account k0a"),
        ("room", "missing: room #k0r"),
        ("topic", "missing: topic #k0r"),
        # What is set in a room.
        ("channel", "missing: ban #k0r"),
        # What proves whose an account is.
        (SECRET, "missing: account k0a"),
    ],
)
def test_what_a_server_has_lost_is_found(file: File, kind: str, example: str) -> None:
    rig = Rig(file, 1)
    rig.run()
    rig.turns(80)
    rig.spoil("DELETE FROM kept WHERE kind = ?", kind)
    rig.keeper.thorough = True
    rig.kill()
    rig.run()
    changes = rig.changes
    assert rig.is_ready()
    assert changes.missing > 0
    assert any(one.startswith(example) for one in changes.examples)
    # It goes on with what there is.
    missing = changes.missing
    rig.turns(10)
    rig.kill()
    rig.run()
    assert changes.missing == missing


def test_an_access_that_has_come_back_is_found(file: File) -> None:
    rig = Rig(file, 2)
    rig.run()
    for _ in range(300):
        rooms = "SELECT key, value FROM kept WHERE kind = 'room'"
        before = dict(file.connection.execute(rooms))
        was = dict(rig.keeper.book.state)
        rig.turns(1)
        state = rig.keeper.book.state
        changed = [one for one in state if one.kind == "access" and state[one] != was.get(one)]
        if len(changed) == 1 and state[changed[0]] and was.get(changed[0]):
            break
    [access] = changed
    room = access.name
    rig.spoil("UPDATE kept SET value = ? WHERE kind = 'room' AND key = ?", before[room], room)
    rig.kill()
    rig.run()
    assert rig.changes.missing == 1
    [example] = rig.changes.examples
    assert example.startswith(f"missing: access {room} {access.detail} is {was[access]!r}")


def test_it_says_what_it_believes_in(file: File) -> None:
    rig = Rig(file, 3)
    rig.run()
    rig.turns(30)
    accounts = plans.accounts(rig.keeper.book.state)
    own = [room for account in accounts for room in plans.rooms(rig.keeper.book.state, account)]
    rig.keeper.thorough = True
    rig.kill()
    rig.sent.clear()
    rig.run()
    asked = {line.partition(" ")[2] for line in rig.sent}
    assert sum(line.startswith("AUTHENTICATE PLAIN") for line in asked) == 1
    assert {f"NS INFO {account}" for account in accounts} <= asked
    for room in own:
        assert {f"CS INFO {room}", f"CS AMODE {room}", f"TOPIC {room}", f"MODE {room} b"} <= asked


def test_a_change_that_can_not_be_stored_ends_the_drill(file: File) -> None:
    rig = Rig(file, 4)
    rig.run()
    rig.world.full = True
    rig.keeper.act()
    with pytest.raises(UnexpectedError, match=r"k0 (asked for|was told: .*FAIL)"):
        rig.run()
    assert rig.changes.acknowledged == 0


@pytest.mark.parametrize("seed", range(4))
def test_success_counts_as_soon_as_it_is_said(file: File, seed: int) -> None:
    rig = Rig(file, seed)
    rig.run()
    rig.keeper.act()
    [change] = rig.keeper.book.under_way
    lines, rig.keeper.outbox = rig.keeper.outbox.decode().splitlines(), b""
    answer = rig.world.ask("k0", *lines)
    index = next(n for n, line in enumerate(answer) if line.endswith(change.success[-1]))
    # What it is in has its end behind it.
    assert "BATCH -" in answer[index + 1]
    rig.keeper.feed("".join(f"{line}\r\n" for line in answer[:index]).encode())
    # The line has to be there as a whole.
    rig.keeper.feed(answer[index].encode())
    assert rig.changes.acknowledged == 0
    rig.keeper.feed(b"\r\n")
    assert rig.changes.acknowledged == 1
    assert rig.keeper.under_way == 1
