"""Metadata of registered rooms: stored before it is so, and kept as the room is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.registering import Registering
from tests.core.test_keeping import CAPS
from tests.core.world import SERVER, codes
from tests.journal.rig import File
from trio_chat.core import modes
from trio_chat.core.handlers import owning

METADATA = f"{CAPS} batch draft/metadata-2"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Registering]:
    """A room of al's, of which something is said already."""
    file = File(tmp_path / "journal.db")
    world = Registering(file)
    world.come("al", "#a", caps=METADATA)
    world.ask("al", "METADATA #a SET url before")
    world.register("al")
    yield world
    file.close()


def listed(world: Registering, name: str, room: str = "#a") -> dict[str, str]:
    found = {}
    for line in world.ask(name, f"METADATA {room} LIST"):
        if " 761 " in line:
            words = line.partition(f" 761 {name} {room} ")[2].split(" ")
            found[words[0]] = words[2].removeprefix(":")
    return found


def test_it_outlives_a_restart_and_an_empty_room(world: Registering) -> None:
    world.ask("al", "METADATA #a SET description after")
    assert listed(world, "al") == {"url": "before", "description": "after"}
    world.ask("al", "PART #a", "JOIN #a")
    assert listed(world, "al") == {"url": "before", "description": "after"}
    world = world.restarted()
    world.come("bo", "#a", caps=METADATA)
    assert listed(world, "bo") == {"url": "before", "description": "after"}


def test_it_is_stored_before_anybody_is_told(world: Registering) -> None:
    world.come("bo", "#a", caps=METADATA)
    world.ask("bo", "METADATA * SUB url")
    world.slow = True
    assert world.send("al", "METADATA #a SET url new") == {}
    assert listed(world, "bo") == {"url": "before"}
    found = world.complete(True)
    assert codes(found["al"]) == ["761"]
    assert codes(found["bo"]) == ["METADATA"]


def test_what_can_not_be_stored_is_not_so(world: Registering) -> None:
    world.slow = True
    world.send("al", "METADATA #a SET url new")
    assert world.complete(False)["al"] == [
        f":{SERVER} FAIL METADATA COULD_NOT_BE_STORED #a url :Could not be stored"
    ]
    assert listed(world, "al") == {"url": "before"}


def test_while_the_registration_changes_it_does_not(world: Registering) -> None:
    world.core.context.registered.begin("#a")
    (line,) = world.ask("al", "METADATA #a SET url new")
    assert " FAIL METADATA RATE_LIMITED #a url 1 :" in line
    world.core.context.registered.end("#a")
    assert codes(world.ask("al", "METADATA #a SET url new")) == ["761"]


def test_a_room_that_is_dropped_has_it_as_long_as_it_is_there(world: Registering) -> None:
    assert world.drop("al") is None
    assert listed(world, "al") == {"url": "before"}
    assert len(world.core.context.metadata) == 0
    world.ask("al", "METADATA #a SET url new")
    world.ask("al", "PART #a", "JOIN #a")
    assert listed(world, "al") == {}
    world = world.restarted()
    world.come("al", "#a", caps=METADATA)
    assert listed(world, "al") == {}


def test_an_account_that_is_dropped_takes_along_what_is_said_of_its_rooms(
    world: Registering,
) -> None:
    account = world.core.context.accounts.get("al")
    assert account is not None
    owning.drop(world.core.context, world.user("al"), account, lambda _: None)
    world.step()
    assert len(world.core.context.metadata) == 0
    world = world.restarted()
    assert len(world.core.context.metadata) == 0


def test_it_goes_on_under_a_new_name(world: Registering) -> None:
    world.ask("al", "RENAME #a #b")
    assert listed(world, "al", "#b") == {"url": "before"}
    world.ask("al", "METADATA #b SET description after")
    world = world.restarted()
    world.come("bo", "#b,#a", caps=METADATA)
    assert listed(world, "bo", "#b") == {"url": "before", "description": "after"}
    assert listed(world, "bo", "#a") == {}


def test_a_new_name_that_can_not_be_stored_is_stored_later(world: Registering) -> None:
    world.full = True
    world.ask("al", "RENAME #a #b")
    (line,) = world.ask("al", "METADATA #b SET url new")
    assert " FAIL METADATA RATE_LIMITED #b url 1 :" in line
    world.full = False
    world.now += 2.0
    world.step()
    world.send("al", "PRIVMSG #b :x")
    assert codes(world.ask("al", "METADATA #b SET url new")) == ["761"]
    world = world.restarted()
    world.come("bo", "#b", caps=METADATA)
    assert listed(world, "bo", "#b") == {"url": "new"}


def test_a_room_is_not_renamed_while_it_changes(world: Registering) -> None:
    world.come("bo", "#a", caps=METADATA)
    world.give("bo", modes.OP)
    world.slow = True
    world.send("bo", "METADATA #a SET url new")
    (line,) = world.ask("al", "RENAME #a #b")
    assert " FAIL RENAME CANNOT_RENAME #a #b " in line
