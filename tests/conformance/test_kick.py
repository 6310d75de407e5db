"""Throwing somebody out of a channel."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Names, Operator, Room, entries, members, need_prefix
from tests.conformance.conftest import Register, Target
from tests.conformance.session import commands, one, only


def test_everybody_is_told(room: Room, channel: str) -> None:
    """Modern IRC, "KICK message": who kicks, who is kicked, and the others."""
    al, bo, cy = room("al", "bo", "cy")
    own = one(al.ask(f"KICK {channel} {bo.nick} :enough"), "KICK")
    assert own.params == [channel, bo.nick, "enough"]
    assert own.nick == al.nick
    for user in (bo, cy):
        kick = one(user.read(), "KICK")
        assert (kick.source, kick.params) == (own.source, own.params)


def test_who_was_kicked_is_out(room: Room, channel: str) -> None:
    """Modern IRC, "KICK message": the user is removed from the channel."""
    al, bo = room("al", "bo")
    al.ask(f"KICK {channel} {bo.nick}", f"PRIVMSG {channel} :alone")
    assert not only(bo.read(), "PRIVMSG", "PART")
    assert members(al, channel) == {f"@{al.nick}"}


def test_who_was_kicked_may_come_back(room: Room, channel: str) -> None:
    """Modern IRC, "KICK message": it is no ban, and an operator comes back as a member."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +o {bo.nick}", f"KICK {channel} {bo.nick}")
    assert set(entries(bo.ask(f"JOIN {channel}"))) == {f"@{al.nick}", bo.nick}


def test_no_comment(room: Room, channel: str) -> None:
    """Modern IRC, "KICK message": a default one takes its place."""
    al, bo = room("al", "bo")
    al.ask(f"KICK {channel} {bo.nick}")
    kick = one(bo.read(), "KICK")
    assert kick.params[:2] == [channel, bo.nick]
    assert len(kick.params) == 3


def test_several_users(room: Room, channel: str, target: Target) -> None:
    """Modern IRC, "KICK message": a message for each user, the comment on all of them."""
    if "KICK:1" in target.isupport.get("TARGMAX", "").upper().split(","):
        pytest.skip("the server takes one user at a time")
    al, bo, cy, di = room("al", "bo", "cy", "di")
    al.ask(f"KICK {channel} {bo.nick},{cy.nick} :enough")
    kicks = only(di.read(), "KICK")
    assert [line.params for line in kicks] == [
        [channel, bo.nick, "enough"],
        [channel, cy.nick, "enough"],
    ]
    assert members(di, channel) == {f"@{al.nick}", di.nick}


def test_one_of_several_is_not_there(
    register: Register, room: Room, channel: str, target: Target
) -> None:
    """Modern IRC, "KICK message": who can be kicked is, and the other is an error."""
    if "KICK:1" in target.isupport.get("TARGMAX", "").upper().split(","):
        pytest.skip("the server takes one user at a time")
    al, bo = room("al", "bo")
    cy = register("cy")
    found = al.ask(f"KICK {channel} {cy.nick},{bo.nick}")
    assert one(found, "441").params[:3] == [al.nick, cy.nick, channel]
    assert one(found, "KICK").params[1] == bo.nick


def test_several_channels_and_as_many_users(room: Room, channel: str, target: Target) -> None:
    """RFC 2812, section 3.2.8: as many channels as users are pairs."""
    if "KICK:1" in target.isupport.get("TARGMAX", "").upper().split(","):
        pytest.skip("the server takes one user at a time")
    al, bo, cy = room("al", "bo", "cy")
    other = f"{channel}-2"
    for user in (al, bo, cy):
        user.ask(f"JOIN {other}")
    found = al.ask(f"KICK {channel},{other} {bo.nick},{cy.nick} :enough")
    if "KICK" not in commands(found) and not target.ours:
        pytest.skip("the server takes one channel at a time, as Modern IRC has it")
    assert [line.params for line in only(found, "KICK")] == [
        [channel, bo.nick, "enough"],
        [other, cy.nick, "enough"],
    ]
    assert members(al, channel) == {f"@{al.nick}", cy.nick}
    assert members(al, other) == {f"@{al.nick}", bo.nick}


@pytest.mark.ours
def test_channels_that_are_not_as_many_as_the_users(room: Room, channel: str) -> None:
    """RFC 2812, section 3.2.8: that is no correct KICK; 461 here, and nobody is removed."""
    al, bo = room("al", "bo")
    found = al.ask(f"KICK {channel},{channel}-2 {bo.nick}")
    assert one(found, "461").params[:2] == [al.nick, "KICK"]
    assert not only(bo.read(), "KICK")


def test_names_in_other_letters(room: Room, channel: str) -> None:
    """Modern IRC, "Casemapping": the channel and the user can be named in any case."""
    al, bo = room("al", "bo")
    al.ask(f"KICK {channel.upper()} {bo.nick.upper()}")
    assert one(bo.read(), "KICK").params[1].lower() == bo.nick


@pytest.mark.parametrize("rank", ["", "v"])
def test_without_privileges(room: Room, channel: str, rank: str) -> None:
    """Modern IRC, "ERR_CHANOPRIVSNEEDED (482)": KICK is for moderators."""
    al, bo, cy = room("al", "bo", "cy")
    if rank:
        al.ask(f"MODE {channel} +{rank} {bo.nick}")
        bo.read()
    assert one(bo.ask(f"KICK {channel} {cy.nick}"), "482").params[:2] == [bo.nick, channel]
    assert not only(cy.read(), "KICK")


def test_an_operator_kicks_another(room: Room, channel: str) -> None:
    """Modern IRC, "Operator Prefix": they may kick users, operators among them."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +o {bo.nick}")
    bo.ask(f"KICK {channel} {al.nick}")
    assert one(al.until("KICK"), "KICK").params[1] == al.nick


def test_a_half_operator_kicks_a_member(room: Room, channel: str, target: Target) -> None:
    """Modern IRC, "Halfop Prefix": they may moderate."""
    need_prefix(target, "h")
    al, bo, cy = room("al", "bo", "cy")
    al.ask(f"MODE {channel} +h {bo.nick}")
    bo.ask(f"KICK {channel} {cy.nick}")
    assert one(cy.read(), "KICK").nick == bo.nick


def test_a_half_operator_kicks_no_operator(room: Room, channel: str, target: Target) -> None:
    """Modern IRC, "Halfop Prefix": a lower level than operators."""
    need_prefix(target, "h")
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +h {bo.nick}")
    bo.read()
    assert "482" in commands(bo.ask(f"KICK {channel} {al.nick}"))
    assert not only(al.read(), "KICK")


@pytest.mark.ours
@pytest.mark.parametrize("rank", ["q", "a"])
def test_an_operator_kicks_nobody_above(
    operator: Operator, room: Room, channel: str, rank: str
) -> None:
    """Modern IRC, "Protected Prefix": they cannot be kicked; nor can an owner, above them."""
    al, bo = room("al", "bo")
    operator().ask(f"SAMODE {channel} +{rank} {bo.nick}")
    assert f"{'~' if rank == 'q' else '&'}{bo.nick}" in members(al, channel)
    assert "482" in commands(al.ask(f"KICK {channel} {bo.nick}"))
    assert not only(bo.read(), "KICK")


@pytest.mark.ours
def test_an_owner_kicks_an_operator(operator: Operator, room: Room, channel: str) -> None:
    """Modern IRC, "Founder Prefix": full moderation control."""
    al, bo = room("al", "bo")
    operator().ask(f"SAMODE {channel} +q {bo.nick}")
    bo.ask(f"KICK {channel} {al.nick}")
    assert one(only(al.read(), "KICK"), "KICK").nick == bo.nick


def test_somebody_who_is_not_there(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "ERR_USERNOTINCHANNEL (441)": the user is not in the channel."""
    (al,) = room("al")
    bo = register("bo")
    found = al.ask(f"KICK {channel} {bo.nick}")
    assert one(found, "441").params[:3] == [al.nick, bo.nick, channel]


def test_somebody_who_does_not_exist(room: Room, channel: str, name: Names) -> None:
    """Modern IRC, "KICK message": no such user, or not one of this channel."""
    (al,) = room("al")
    found = al.ask(f"KICK {channel} {name('nobody')}")
    assert len(only(found, "401", "441")) == 1
    assert "KICK" not in commands(found)


def test_from_outside(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "ERR_NOTONCHANNEL (442)": KICK in a channel one is not in."""
    (al,) = room("al")
    bo = register("bo")
    found = bo.ask(f"KICK {channel} {al.nick}")
    assert one(found, "442").params[:2] == [bo.nick, channel]
    assert not only(al.read(), "KICK")


def test_no_such_channel(register: Register, channel: str) -> None:
    """Modern IRC, "ERR_NOSUCHCHANNEL (403)": KICK in a channel that there is not."""
    al = register("al")
    found = al.ask(f"KICK {channel} {al.nick}")
    assert one(found, "403").params[:2] == [al.nick, channel]


@pytest.mark.parametrize("parameters", ["", " {}"])
def test_too_few_parameters(room: Room, channel: str, parameters: str) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": KICK needs a channel and a user."""
    (al,) = room("al")
    found = al.ask(f"KICK{parameters.format(channel)}")
    assert one(found, "461").params[:2] == [al.nick, "KICK"]


@pytest.mark.ours
def test_a_comment_that_is_too_long(room: Room, channel: str, target: Target) -> None:
    """Modern IRC, "KICKLEN Parameter": a longer reason is cut."""
    al, bo = room("al", "bo")
    limit = int(target.isupport["KICKLEN"])
    al.ask(f"KICK {channel} {bo.nick} :{'x' * (limit + 10)}")
    assert one(bo.read(), "KICK").text == "x" * limit
