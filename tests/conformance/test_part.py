"""Leaving channels."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Names, Room, entries, from_, members
from tests.conformance.conftest import Register
from tests.conformance.session import commands, one, only


def test_everybody_in_it_is_told(room: Room, channel: str) -> None:
    """Modern IRC, "PART message": a PART to who leaves, and to who stays."""
    al, bo = room("al", "bo")
    own, seen = one(bo.ask(f"PART {channel}"), "PART"), one(al.read(), "PART")
    assert (own.nick, own.params[0]) == (bo.nick, channel)
    assert seen.source == own.source
    assert seen.params[0] == channel


@pytest.mark.parametrize("reason", ["bye", "so long, and thanks", ":)"])
def test_a_reason(room: Room, channel: str, reason: str) -> None:
    """Modern IRC, "PART message": the reason is passed on."""
    al, bo = room("al", "bo")
    bo.ask(f"PART {channel} :{reason}")
    part = one(al.read(), "PART")
    assert part.params[0] == channel
    assert reason in part.text


def test_several_channels(register: Register, name: Names) -> None:
    """Modern IRC, "PART message": one message for each channel, the reason on all of them."""
    al, bo, channels = register("al"), register("bo"), [name("#a"), name("#b")]
    for user in (al, bo):
        user.ask(f"JOIN {','.join(channels)}")
    al.read()
    bo.ask(f"PART {','.join(channels)} :off")
    parts = only(al.read(), "PART")
    assert [line.params[0] for line in parts] == channels
    assert all("off" in line.text for line in parts)


def test_who_left_is_no_member(room: Room, channel: str) -> None:
    """Modern IRC, "PART message": it removes the client from the channel."""
    al, bo = room("al", "bo")
    bo.ask(f"PART {channel}")
    assert members(al, channel) == {f"@{al.nick}"}
    al.ask(f"PRIVMSG {channel} :alone")
    assert not only(bo.read(), "PRIVMSG")


def test_an_operator_who_comes_back_is_none(room: Room, channel: str) -> None:
    """Modern IRC, "Channel Membership Prefixes": they are of a member, and go with them."""
    al, bo = room("al", "bo")
    al.ask(f"PART {channel}")
    assert set(entries(al.ask(f"JOIN {channel}"))) == {al.nick, bo.nick}


def test_the_name_in_other_letters(room: Room, channel: str) -> None:
    """Modern IRC, "Casemapping": the channel can be named in any case."""
    al, bo = room("al", "bo")
    bo.ask(f"PART {channel.upper()}")
    assert one(al.read(), "PART").nick == bo.nick


def test_no_such_channel(register: Register, channel: str) -> None:
    """Modern IRC, "ERR_NOSUCHCHANNEL (403)": PART of a channel that there is not."""
    al = register("al")
    assert one(al.ask(f"PART {channel}"), "403").params[:2] == [al.nick, channel]


def test_not_a_member(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "ERR_NOTONCHANNEL (442)": PART of a channel one is not in."""
    (al,) = room("al")
    bo = register("bo")
    assert one(bo.ask(f"PART {channel}"), "442").params[:2] == [bo.nick, channel]
    assert not only(al.read(), "PART")


def test_an_error_does_not_stop_the_others(
    register: Register, room: Room, channel: str, name: Names
) -> None:
    """Modern IRC, "PART message": a channel that cannot be left is ignored."""
    _, bo = room("al", "bo")
    other, missing = name("#a"), name("#b")
    register("cy").ask(f"JOIN {other}")
    found = bo.ask(f"PART {missing},{other},{channel}")
    assert one(found, "403").params[1] == missing
    assert one(found, "442").params[1] == other
    assert one(found, "PART").params[0] == channel


def test_no_parameter(register: Register) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": PART needs a channel."""
    al = register("al")
    assert one(al.ask("PART"), "461").params[:2] == [al.nick, "PART"]


def test_a_quit_is_told_once(register: Register, name: Names) -> None:
    """Modern IRC, "JOIN message": members see a QUIT, one however many channels they share."""
    al, bo, channels = register("al"), register("bo"), [name("#a"), name("#b")]
    for user in (al, bo):
        user.ask(f"JOIN {','.join(channels)}")
    bo.send("QUIT :gone")
    bo.until_closed()
    found = al.read()
    assert len(from_(found, bo.nick, "QUIT")) == 1
    assert "PART" not in commands(found)
    assert members(al, channels[0]) == {f"@{al.nick}"}
