"""Channels that send elsewhere whom they do not let in: `+f #other`, and 470."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Names, Room, changes, entries, members, modes
from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

pytestmark = pytest.mark.ours


@pytest.fixture
def other(name: Names) -> str:
    """The channel to send them to."""
    return name("#other")


@pytest.fixture
def al(room: Room, channel: str, other: str) -> Session:
    """The operator of both channels, the first of which sends to the second."""
    (found,) = room("al")
    assert changes(found.ask(f"JOIN {other}", f"MODE {channel} +f {other}")) == [f"+f {other}"]
    return found


@pytest.mark.parametrize("door", ["+i", "+l 1", "+b *!*@*", "+R"])
def test_who_is_refused_is_sent_on(
    al: Session, register: Register, channel: str, other: str, door: str
) -> None:
    """`470` with the old channel and the new one, then what a JOIN of the new one is answered."""
    al.ask(f"MODE {channel} {door}")
    bo = register("bo")
    found = bo.ask(f"JOIN {channel}")
    assert found[0].command == "470"
    assert found[0].params[:3] == [bo.nick, channel, other]
    assert one(found, "JOIN").params[0] == other
    assert set(entries(found)) == {f"@{al.nick}", bo.nick}
    assert [line.params[0] for line in only(al.read(), "JOIN")] == [other]
    assert bo.nick not in members(al, channel)


@pytest.mark.parametrize("key", ["", " wrong"])
def test_a_wrong_key_is_not(
    al: Session, register: Register, channel: str, other: str, key: str
) -> None:
    """Modern IRC, "Key Channel Mode": 475, and nothing else happens."""
    al.ask(f"MODE {channel} +k sesame")
    assert commands(register("bo").ask(f"JOIN {channel}{key}")) == ["475"]
    assert not only(al.read(), "JOIN")


def test_who_may_join_does(al: Session, register: Register, channel: str) -> None:
    """Modern IRC, "JOIN message": with nothing to keep them out they join what they named."""
    found = register("bo").ask(f"JOIN {channel}")
    assert "470" not in commands(found)
    assert one(found, "JOIN").params == [channel]


def test_who_was_invited_joins(al: Session, register: Register, channel: str) -> None:
    """Modern IRC, "Invite-Only Channel Mode": an invitation comes before a forward."""
    bo = register("bo")
    al.ask(f"MODE {channel} +i", f"INVITE {bo.nick} {channel}")
    assert one(bo.ask(f"JOIN {channel}"), "JOIN").params == [channel]


def test_nobody_goes_round_in_circles(
    al: Session, register: Register, channel: str, other: str
) -> None:
    """Two channels that send to each other, both of them shut: an error, and an end."""
    al.ask(f"MODE {other} +f {channel}", f"MODE {channel} +i", f"MODE {other} +i")
    found = register("bo").ask(f"JOIN {channel}")
    assert "473" in commands(found)
    assert "JOIN" not in commands(found)


def test_who_is_there_already(al: Session, register: Register, channel: str, other: str) -> None:
    """Modern IRC, "JOIN message": nobody enters a channel twice."""
    bo = register("bo")
    bo.ask(f"JOIN {other}")
    al.ask(f"MODE {channel} +i")
    al.read()
    assert "JOIN" not in commands(bo.ask(f"JOIN {channel}"))
    assert not only(al.read(), "JOIN")


# --- Setting it


def test_it_is_a_mode(al: Session, channel: str, other: str) -> None:
    """Modern IRC, "RPL_CHANNELMODEIS (324)": with its parameter."""
    reply = one(al.ask(f"MODE {channel}"), "324")
    assert "f" in reply.params[2]
    assert other in reply.params[3:]


def test_it_is_unset(al: Session, register: Register, channel: str) -> None:
    """Modern IRC, "MODE message", type C: no parameter; and then nobody is sent on."""
    assert one(al.ask(f"MODE {channel} -f"), "MODE").params == [channel, "-f"]
    assert "f" not in modes(al, channel)
    al.ask(f"MODE {channel} +i")
    assert commands(register("bo").ask(f"JOIN {channel}")) == ["473"]


def test_no_parameter(room: Room, channel: str) -> None:
    """Modern IRC, "MODE message", type C: without its parameter it is ignored."""
    (al,) = room("al")
    assert not only(al.ask(f"MODE {channel} +f"), "MODE")
    assert "f" not in modes(al, channel)


def test_a_channel_that_there_is_not(room: Room, channel: str, other: str) -> None:
    """Modern IRC, "ERR_NOSUCHCHANNEL (403)": the other channel has to exist."""
    (al,) = room("al")
    found = al.ask(f"MODE {channel} +f {other}")
    assert one(found, "403").params[:2] == [al.nick, other]
    assert "f" not in modes(al, channel)


@pytest.mark.parametrize("rank", ["", "v", "outside"])
def test_a_channel_of_others(
    register: Register, room: Room, channel: str, other: str, rank: str
) -> None:
    """Modern IRC, "ERR_CHANOPRIVSNEEDED (482)": it takes an operator of the other as well."""
    (al,) = room("al")
    bo = register("bo")
    bo.ask(f"JOIN {other}")
    if rank != "outside":
        al.ask(f"JOIN {other}")
    if rank == "v":
        bo.ask(f"MODE {other} +v {al.nick}")
    al.read()
    found = al.ask(f"MODE {channel} +f {other}")
    assert one(found, "482").params[:2] == [al.nick, other]
    assert not only(found, "MODE")


@pytest.mark.parametrize("rank", ["h", "o"])
def test_a_moderator_of_the_other(
    register: Register, room: Room, channel: str, other: str, rank: str
) -> None:
    """Modern IRC, "Halfop Prefix": a half operator of the other channel may send people there."""
    (al,) = room("al")
    bo = register("bo")
    bo.ask(f"JOIN {other}")
    al.ask(f"JOIN {other}")
    bo.ask(f"MODE {other} +{rank} {al.nick}")
    al.read()
    assert changes(al.ask(f"MODE {channel} +f {other}")) == [f"+f {other}"]


def test_without_privileges(register: Register, room: Room, channel: str, other: str) -> None:
    """Modern IRC, "ERR_CHANOPRIVSNEEDED (482)": nor is it for an ordinary member of the first."""
    _, bo = room("al", "bo")
    bo.ask(f"JOIN {other}")
    assert one(bo.ask(f"MODE {channel} +f {other}"), "482").params[:2] == [bo.nick, channel]
