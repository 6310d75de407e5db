"""What the state holds on to: what is there, and nothing that is gone."""

from __future__ import annotations

import gc

import pytest

from tests.core.world import SERVER, World, codes
from trio_chat.core.settings import Limits, Settings
from trio_chat.core.state import Channel, User

CHANNELS = 300


def alive(kind: type[object]) -> int:
    """Return how many of these there are, whoever holds on to them."""
    return sum(type(one) is kind for one in gc.get_objects())


@pytest.fixture(autouse=True)
def none_before() -> None:
    gc.collect()


def test_a_chain_of_channels_that_forward_keeps_none_that_is_gone() -> None:
    before = alive(Channel)
    world = World()
    world.irc("al", rooms="#0")
    for number in range(1, CHANNELS):
        world.ask(
            "al",
            f"JOIN #{number}",
            f"MODE #{number} +fb #{number - 1} *{number}",
            f"PART #{number - 1}",
        )
    # The lobby, and the last.
    assert alive(Channel) - before == 2
    modes = world.ask("al", f"MODE #{CHANNELS - 1}")[0]
    assert modes == f":{SERVER} 324 al #{CHANNELS - 1} +nt"


def test_channels_that_forward_to_each_other_keep_neither() -> None:
    before = alive(Channel)
    world = World()
    world.irc("al", rooms="#a,#b,#c")
    world.ask("al", "MODE #a +f #b", "MODE #b +f #a", "MODE #c +f #a", "PART #a,#b")
    assert alive(Channel) - before == 2


def test_invitations_keep_no_channel_that_is_gone() -> None:
    before = alive(Channel)
    world = World(Settings(name=SERVER, limits=Limits(channels_per_user=10)))
    world.irc("al")
    world.irc("bo")
    for number in range(CHANNELS):
        world.ask("al", f"JOIN #{number}", f"INVITE bo #{number}", f"PART #{number}")
    assert alive(Channel) - before == 1
    assert codes(world.ask("bo", "INVITE")) == ["337"]
    world.ask("al", "JOIN #1", "INVITE bo #1")
    bo = world.core.state.users[world.ids["bo"]]
    assert bo.invited is not None
    assert len(bo.invited) == 1
    world.ask("bo", "JOIN #1")
    assert bo.invited is None


def test_a_channel_that_is_made_anew_inherits_neither_forwards_nor_invitations() -> None:
    world = World()
    world.irc("al", rooms="#a,#b")
    world.irc("bo")
    world.irc("ca")
    world.ask("al", "MODE #a +if #b", "INVITE bo #b", "PART #b")
    world.ask("ca", "JOIN #b", "MODE #b +i")
    assert codes(world.ask("bo", "JOIN #a", "JOIN #b", "INVITE")) == ["473", "473", "337"]
    assert world.ask("al", "MODE #a")[0] == f":{SERVER} 324 al #a +int"
    assert codes(world.ask("al", "MODE #a -f", "MODE #a -f")) == ["MODE"]


def test_a_channel_that_is_gone_is_no_forward_whoever_still_looks_at_it() -> None:
    world = World()
    world.irc("al", rooms="#a,#b")
    world.irc("bo")
    # As a long answer about it does.
    held = world.core.state.channel_named("#b")
    world.ask("al", "MODE #a +if #b", "PART #b")
    assert held is not None
    assert codes(world.ask("bo", "JOIN #a")) == ["473"]
    assert world.ask("al", "MODE #a")[0] == f":{SERVER} 324 al #a +int"


def test_a_channel_that_gets_another_name_keeps_both() -> None:
    world = World()
    world.irc("al", rooms="#a,#b")
    world.irc("bo")
    world.ask("al", "MODE #a +if #b", "MODE #b +i", "INVITE bo #b", "RENAME #b #c")
    assert world.ask("al", "MODE #a")[0] == f":{SERVER} 324 al #a +fint #c"
    assert codes(world.ask("bo", "INVITE", "JOIN #a"))[:4] == ["336", "337", "470", "JOIN"]


def test_everybody_goes_and_nothing_is_left() -> None:
    before = alive(Channel), alive(User)
    world = World()
    for number in range(5):
        world.irc(f"u{number}", caps="away-notify", rooms="#a,#b,#c")
    world.ask("u0", "MODE #a +f #b", "MODE #b +fo #c u1", "INVITE u9 #a", "MONITOR + u1,u2")
    world.ask("u1", "RENAME #b #d")
    for number in range(5):
        world.quit(f"u{number}")
    state, context = world.core.state, world.core.context
    assert [channel.name for channel in state.channels.values()] == ["#lobby"]
    assert not state.users
    assert not state.nicknames
    assert not state.monitors.lists
    assert not context.pending
    assert not context.searches
    assert not context.chores
    world.step()
    world.last = None
    assert (alive(Channel) - before[0], alive(User) - before[1]) == (1, 0)
