"""Whose metadata is whose: of an account it is stored first, and all its clients have it."""

from __future__ import annotations

import pytest

from tests.core.test_owning import SETTINGS, Owning
from tests.core.world import SERVER, codes, prefix, secret_of
from trio_chat.core import modes, rooms
from trio_chat.core.accounts import METADATA, Account, kept
from trio_chat.core.entries import Kept
from trio_chat.core.handlers import owning
from trio_chat.core.metadata import kept as kept_values
from trio_chat.core.requests import AwaitStored
from trio_chat.core.secrets import SECRET

TWO = "batch draft/metadata-2"


@pytest.fixture
def world() -> Owning:
    """Two clients of the account al, and bo, who sees the second of them."""
    world = Owning(SETTINGS)
    world.irc("al", caps=TWO)
    world.create("al", "al")
    world.irc("also", caps=TWO)
    world.log_in("also", "al")
    world.irc("bo", caps=TWO, rooms="#a")
    world.ask("also", "JOIN #a")
    world.ask("bo", "METADATA * SUB avatar status")
    world.ask("also", "METADATA * SUB avatar")
    return world


def listed(world: Owning, name: str, target: str = "*") -> list[str]:
    lines = world.ask(name, f"METADATA {target} LIST")
    return [line.partition(" 761 ")[2] for line in lines if " 761 " in line]


def stored(world: Owning) -> list[Kept]:
    """Return what is stored of metadata in the step at hand, which is the last."""
    assert world.last is not None
    return [one for one in world.last.records if isinstance(one, Kept) and one.table == METADATA]


def test_all_clients_of_an_account_have_it(world: Owning) -> None:
    found = world.send("al", "METADATA * SET avatar x")
    assert found["al"] == [f":{SERVER} 761 al al avatar * :x"]
    assert found["also"] == [f":{SERVER} METADATA also avatar * :x"]
    assert found["bo"] == [f":{SERVER} METADATA also avatar * :x"]
    assert listed(world, "also") == ["also also avatar * :x"]
    assert listed(world, "bo", "also") == ["bo also avatar * :x"]


def test_it_is_stored_before_anybody_is_told(world: Owning) -> None:
    world.slow = True
    assert world.send("al", "METADATA * SET avatar x") == {}
    (record,) = stored(world)
    assert (record.key, record.value) == ("al", kept_values("al", {"avatar": "x"}).value)
    assert listed(world, "also") == []
    found = world.complete(True)
    assert set(found) == {"al", "also", "bo"}


def test_what_can_not_be_stored_is_not_so(world: Owning) -> None:
    world.full = True
    assert world.send("al", "METADATA * SET avatar x") == {
        "al": [f":{SERVER} FAIL METADATA COULD_NOT_BE_STORED al avatar :Could not be stored"]
    }
    assert listed(world, "also") == []
    world.full = False
    assert codes(world.ask("al", "METADATA * SET avatar x")) == ["761"]


def test_what_is_stored_is_so_even_if_who_set_it_has_left(world: Owning) -> None:
    world.slow = True
    world.send("al", "METADATA * SET avatar x")
    world.quit("al")
    found = world.complete(True)
    assert found["bo"] == [f":{SERVER} METADATA also avatar * :x"]


def test_changes_at_the_same_time_are_made_one_after_another(world: Owning) -> None:
    world.slow = True
    world.send("al", "METADATA * SET avatar x")
    assert world.send("also", "METADATA * SET status y", "PING z") == {}
    found = world.complete(True)
    assert "also" in found
    # The second is on its way now, on top of the first.
    assert [type(one) for one in world.requests] == [AwaitStored]
    found = world.complete(True)
    assert found["also"] == [
        f":{SERVER} 761 also also status * :y",
        f":{SERVER} PONG {SERVER} z",
    ]
    world.slow = False
    assert listed(world, "bo", "also") == ["bo also avatar * :x", "bo also status * :y"]


def test_what_could_not_be_stored_is_in_nothing_that_follows(world: Owning) -> None:
    world.slow = True
    world.send("al", "METADATA * SET avatar x")
    world.send("also", "METADATA * SET status y")
    world.complete(False)
    world.complete(True)
    world.slow = False
    assert listed(world, "bo", "also") == ["bo also status * :y"]


def test_while_the_account_changes_it_does_not(world: Owning) -> None:
    world.core.context.accounts.begin("al")
    text = "The account is being changed: try again"
    assert world.ask("al", "METADATA * SET avatar x") == [
        f":{SERVER} FAIL METADATA RATE_LIMITED al avatar 1 :{text}"
    ]
    world.core.context.accounts.end("al")
    assert codes(world.ask("al", "METADATA * SET avatar x")) == ["761"]


def test_what_is_as_it_was_is_not_stored(world: Owning) -> None:
    world.ask("al", "METADATA * SET avatar x")
    assert codes(world.ask("al", "METADATA * SET avatar x")) == ["761"]
    assert stored(world) == []


def test_clear(world: Owning) -> None:
    world.ask("al", "METADATA * SET avatar x", "METADATA * SET status y")
    found = world.send("al", "METADATA * CLEAR")
    assert codes(found["al"]) == ["BATCH", "761", "761", "BATCH"]
    assert [line.partition(" METADATA ")[2] for line in found["bo"]] == [
        "also avatar *",
        "also status *",
    ]
    assert listed(world, "also") == []
    assert len(world.core.context.metadata) == 0


def test_a_change_counts_as_another_line(world: Owning) -> None:
    assert world.turn([world.lines("al", "METADATA * SET avatar x")]).charges == [world.ids["al"]]


def test_it_outlives_a_restart(world: Owning) -> None:
    world.slow = True
    world.send("al", "METADATA * SET avatar x")
    (record,) = stored(world)
    assert record.value is not None
    account = Account(name="al", registered_at=0.0)
    values = {one.table: {one.key: one.value} for one in kept(account) if one.value is not None}
    world = Owning(SETTINGS, kept={**values, METADATA: {"al": record.value}})
    world.keep_secret(Kept(SECRET, "al", secret_of("correct horse").encoded()))
    world.irc("cy", caps=TWO)
    world.log_in("cy", "al")
    assert listed(world, "cy") == ["al al avatar * :x"]


# --- Logging in and out


def test_what_is_said_before_logging_in_goes_into_the_account(world: Owning) -> None:
    world.ask("al", "METADATA * SET avatar x", "METADATA * SET color red")
    world.irc("cy", caps=TWO)
    world.ask("cy", "METADATA * SET avatar new", "METADATA * SET status here")
    world.log_in("cy", "al")
    assert listed(world, "al") == [
        "al al avatar * :new",
        "al al color * :red",
        "al al status * :here",
    ]
    # Those who see the others are told so.
    assert sorted(line.partition(" METADATA ")[2] for line in world.said["bo"]) == [
        "also avatar * :new",
        "also status * :here",
    ]
    user = world.core.state.users[world.ids["cy"]]
    assert user.metadata is None


def test_as_far_as_there_is_room(world: Owning) -> None:
    for number in range(19):
        world.ask("al", f"METADATA * SET a{number} x")
    world.irc("cy", caps=TWO)
    world.ask("cy", "METADATA * SET a0 new", "METADATA * SET b y", "METADATA * SET c z")
    world.log_in("cy", "al")
    values = world.core.context.metadata.get("al")
    assert len(values) == 20
    assert (values["a0"], values["b"]) == ("new", "y")
    assert listed(world, "cy") == listed_as(values, "cy")


def listed_as(values: dict[str, str], name: str) -> list[str]:
    return [f"{name} {name} {key} * :{value}" for key, value in sorted(values.items())]


def test_what_can_not_be_stored_lasts_as_long_as_the_connection(world: Owning) -> None:
    world.irc("cy", caps=TWO)
    world.ask("cy", "METADATA * SET status here")
    world.slow = True
    user = world.core.state.users[world.ids["cy"]]
    account = world.core.context.accounts.get("al")
    assert account is not None
    world.full = True
    owning.log_in(world.core.context, user, account)
    world.slow = False
    world.step()
    world.full = False
    assert listed(world, "cy") == ["cy cy status * :here"]
    assert listed(world, "al") == []
    # What the account says later counts.
    world.ask("al", "METADATA * SET status there")
    assert listed(world, "cy") == ["cy cy status * :there"]


def test_those_who_see_somebody_are_told_what_they_have_when_they_log_in(world: Owning) -> None:
    world.ask("al", "METADATA * SET avatar x")
    world.irc("cy", caps=TWO, rooms="#a")
    world.ask("cy", "METADATA * SUB avatar")
    world.log_in("cy", "al")
    assert f":{SERVER} METADATA cy avatar * :x" in world.said["bo"]
    assert f":{SERVER} METADATA cy avatar * :x" in world.said["cy"]


def test_who_logs_out_keeps_nothing(world: Owning) -> None:
    world.ask("al", "METADATA * SET avatar x")
    owning.log_out(world.core.context, world.core.state.users[world.ids["also"]])
    found = world.step()
    assert f":{SERVER} METADATA also avatar *" in found["bo"]
    assert listed(world, "also") == []
    assert listed(world, "al") == ["al al avatar * :x"]


def test_who_logs_in_while_connecting_is_welcomed_with_it(world: Owning) -> None:
    world.ask("al", "METADATA * SET avatar x")
    world.step(world.add("cy"))
    world.send("cy", f"CAP REQ :{TWO}", "METADATA * SET status here", "NICK cy", "USER cy 0 * :x")
    world.log_in("cy", "al")
    lines = world.ask("cy", "CAP END")
    assert [line.partition(" METADATA ")[2] for line in lines if " METADATA " in line] == [
        "cy avatar * :x",
        "cy status * :here",
    ]


def test_an_account_that_is_dropped_takes_it_along(world: Owning) -> None:
    world.ask("al", "METADATA * SET avatar x")
    account = world.core.context.accounts.get("al")
    user = world.core.state.users[world.ids["al"]]
    assert account is not None
    owning.drop(world.core.context, user, account, lambda _: None)
    world.slow = True
    world.step()
    (record,) = stored(world)
    assert (record.key, record.value) == ("al", None)
    world.slow = False
    found = world.complete(True)
    assert f":{SERVER} METADATA also avatar *" in found["bo"]
    assert listed(world, "also") == []
    world.irc("new", caps=TWO)
    world.ask("al", "QUIT")
    world.ask("new", "NICK al")
    assert world.create("new", "al").problem is None
    assert listed(world, "new") == []


# --- Without an account


def test_what_somebody_says_who_has_no_account_goes_with_them(world: Owning) -> None:
    world.ask("bo", "METADATA * SET avatar x")
    assert stored(world) == []
    assert listed(world, "al", "bo") == ["al bo avatar * :x"]
    world.quit("bo")
    world.irc("bo", caps=TWO)
    assert listed(world, "bo") == []


def test_what_is_said_of_a_channel_goes_with_it(world: Owning) -> None:
    world.ask("bo", "METADATA #a SET description d")
    assert listed(world, "also", "#a") == ["also #a description * :d"]
    world.send("bo", "RENAME #a #b")
    assert listed(world, "also", "#b") == ["also #b description * :d"]
    world.send("bo", "PART #b")
    world.send("also", "PART #b", "JOIN #b")
    assert listed(world, "also", "#b") == []


def test_an_operator_of_the_server_sets_what_others_have(world: Owning) -> None:
    user = world.core.state.users[world.ids["bo"]]
    rooms.set_user_modes(world.core.state, user, modes.OPERATOR)
    found = world.send("bo", "METADATA also SET avatar x")
    assert found["bo"] == [f":{SERVER} 761 bo also avatar * :x"]
    assert found["also"] == [f":{SERVER} METADATA also avatar * :x"]
    assert listed(world, "al") == ["al al avatar * :x"]
    assert prefix("bo") not in "".join(found["also"])
