"""Inviting somebody to a channel, and what the invitation opens."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Names, Room, need_prefix, own_mask
from tests.conformance.conftest import Register, Target
from tests.conformance.session import commands, one, only


def test_both_are_told(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "INVITE message": RPL_INVITING for the one, INVITE for the other."""
    (al,) = room("al")
    bo = register("bo")
    reply = one(al.ask(f"INVITE {bo.nick} {channel}"), "341")
    assert reply.params[:3] == [al.nick, bo.nick, channel]
    invite = one(bo.read(), "INVITE")
    assert invite.nick == al.nick
    assert invite.params[:2] == [bo.nick, channel]


def test_other_members_are_not_told(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "INVITE message": other members are not notified."""
    al, bo = room("al", "bo")
    al.ask(f"INVITE {register('cy').nick} {channel}")
    assert not only(bo.read(), "INVITE", "341")


def test_names_in_other_letters(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Casemapping": the user and the channel can be named in any case."""
    (al,) = room("al")
    bo = register("bo")
    al.ask(f"MODE {channel} +i", f"INVITE {bo.nick.upper()} {channel.upper()}")
    assert "INVITE" in commands(bo.read())
    assert "JOIN" in commands(bo.ask(f"JOIN {channel}"))


# --- Errors


def test_no_such_channel(register: Register, channel: str) -> None:
    """Modern IRC, "INVITE message": the channel should exist."""
    al, bo = register("al"), register("bo")
    found = al.ask(f"INVITE {bo.nick} {channel}")
    assert one(found, "403").params[:2] == [al.nick, channel]
    assert not bo.read()


def test_not_a_member(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "ERR_NOTONCHANNEL (442)": only members invite."""
    room("al")
    bo, cy = register("bo"), register("cy")
    found = bo.ask(f"INVITE {cy.nick} {channel}")
    assert one(found, "442").params[:2] == [bo.nick, channel]
    assert not only(cy.read(), "INVITE")


def test_already_a_member(room: Room, channel: str) -> None:
    """Modern IRC, "ERR_USERONCHANNEL (443)": the user is in the channel."""
    al, bo = room("al", "bo")
    found = al.ask(f"INVITE {bo.nick} {channel}")
    assert one(found, "443").params[:3] == [al.nick, bo.nick, channel]
    assert not only(bo.read(), "INVITE")


@pytest.mark.parametrize("rank", ["", "v"])
def test_an_invite_only_channel(register: Register, room: Room, channel: str, rank: str) -> None:
    """Modern IRC, "INVITE message": with +i only a moderator invites."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +i")
    if rank:
        al.ask(f"MODE {channel} +{rank} {bo.nick}")
    bo.read()
    cy = register("cy")
    found = bo.ask(f"INVITE {cy.nick} {channel}")
    assert one(found, "482").params[:2] == [bo.nick, channel]
    assert not only(cy.read(), "INVITE")
    assert "473" in commands(cy.ask(f"JOIN {channel}"))


@pytest.mark.ours
def test_a_half_operator(register: Register, room: Room, channel: str, target: Target) -> None:
    """Modern IRC, "Halfop Prefix": a half operator invites to an invite-only channel."""
    need_prefix(target, "h")
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +ih {bo.nick}")
    cy = register("cy")
    bo.ask(f"INVITE {cy.nick} {channel}")
    assert "JOIN" in commands(cy.ask(f"JOIN {channel}"))


def test_no_such_user(room: Room, channel: str, name: Names) -> None:
    """Modern IRC, "ERR_NOSUCHNICK (401)": nobody has that nickname."""
    (al,) = room("al")
    nobody = name("nobody")
    found = al.ask(f"INVITE {nobody} {channel}")
    assert one(found, "401").params[:2] == [al.nick, nobody]
    assert "341" not in commands(found)


def test_too_few_parameters(register: Register) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": a user without a channel."""
    al = register("al")
    assert one(al.ask(f"INVITE {al.nick}"), "461").params[:2] == [al.nick, "INVITE"]


@pytest.mark.ours
def test_a_user_who_is_away(register: Register, room: Room, channel: str) -> None:
    """RFC 2812, 3.2.7: who invites is told that the other is away."""
    (al,) = room("al")
    bo = register("bo")
    bo.ask("AWAY :gone")
    assert commands(al.ask(f"INVITE {bo.nick} {channel}")) == ["341", "301"]


# --- What an invitation opens


def test_it_opens_an_invite_only_channel(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Invite-Only Channel Mode": who was invited may join."""
    (al,) = room("al")
    bo = register("bo")
    al.ask(f"MODE {channel} +i", f"INVITE {bo.nick} {channel}")
    assert one(bo.ask(f"JOIN {channel}"), "JOIN").params == [channel]


def test_it_is_for_one_user(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Invite-Only Channel Mode": who was not invited may not."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +i", f"INVITE {register('bo').nick} {channel}")
    assert "473" in commands(register("cy").ask(f"JOIN {channel}"))


def test_it_is_for_one_channel(register: Register, room: Room, channel: str, name: Names) -> None:
    """Modern IRC, "Invite-Only Channel Mode": an invitation to another channel is none."""
    (al,) = room("al")
    bo, other = register("bo"), name("#other")
    al.ask(f"JOIN {other}", f"MODE {other} +i", f"INVITE {bo.nick} {channel}")
    assert "473" in commands(bo.ask(f"JOIN {other}"))


def test_it_is_used_up(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Invite-Only Channel Mode": it lets them in, once."""
    (al,) = room("al")
    bo = register("bo")
    al.ask(f"MODE {channel} +i", f"INVITE {bo.nick} {channel}")
    bo.ask(f"JOIN {channel}", f"PART {channel}")
    assert "473" in commands(bo.ask(f"JOIN {channel}"))


@pytest.mark.ours
@pytest.mark.parametrize("change", ["+k sesame", "+l 1", "+b *!*@*", "+R", "+ikl sesame 1"])
def test_it_opens_every_door(register: Register, room: Room, channel: str, change: str) -> None:
    """Modern IRC, "INVITE message": an operator's invitation overrides what keeps others out."""
    (al,) = room("al")
    bo, cy = register("bo"), register("cy")
    al.ask(f"MODE {channel} {change}", f"INVITE {bo.nick} {channel}")
    assert "JOIN" in commands(bo.ask(f"JOIN {channel}"))
    assert "JOIN" not in commands(cy.ask(f"JOIN {channel}"))


@pytest.mark.ours
@pytest.mark.parametrize(("change", "numeric"), [("+i", "473"), ("+b *!*@*", "474")])
def test_an_ordinary_members_opens_none(
    register: Register, room: Room, channel: str, change: str, numeric: str
) -> None:
    """Modern IRC, "INVITE message": it is the moderators who say who may come in."""
    al, bo = room("al", "bo")
    cy = register("cy")
    bo.ask(f"INVITE {cy.nick} {channel}")
    assert "INVITE" in commands(cy.read())
    al.ask(f"MODE {channel} {change}")
    assert numeric in commands(cy.ask(f"JOIN {channel}"))


@pytest.mark.isupport("INVEX")
def test_an_invite_exception(register: Register, room: Room, channel: str, name: Names) -> None:
    """Modern IRC, "Invite-Exception Channel Mode": who matches needs no invitation."""
    (al,) = room("al")
    bo, cy = register("bo"), register("cy")
    mask = own_mask(bo, name("#other"))
    al.ask(f"MODE {channel} +i", f"MODE {channel} +I {mask}")
    assert "JOIN" in commands(bo.ask(f"JOIN {channel}"))
    assert "473" in commands(cy.ask(f"JOIN {channel}"))


# --- The list of invitations


@pytest.mark.ours
def test_no_invitations(register: Register) -> None:
    """Modern IRC, "Invite list": INVITE without a parameter, and an end."""
    al = register("al")
    found = al.ask("INVITE")
    assert commands(found) == ["337"]
    assert found[0].params[0] == al.nick


@pytest.mark.ours
def test_the_invitations(register: Register, name: Names) -> None:
    """Modern IRC, "RPL_INVITELIST (336)": a line for each channel, and an end."""
    al, bo, channels = register("al"), register("bo"), [name("#a"), name("#b")]
    for channel in channels:
        al.ask(f"JOIN {channel}", f"INVITE {bo.nick} {channel}")
    bo.read()
    found = bo.ask("INVITE")
    assert commands(found) == ["336", "336", "337"]
    assert {line.params[1] for line in found[:2]} == set(channels)
    assert commands(al.ask("INVITE")) == ["337"]


@pytest.mark.ours
def test_an_invitation_that_was_followed(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Invite list": the channels that somebody is invited to, not is in."""
    (al,) = room("al")
    bo = register("bo")
    al.ask(f"INVITE {bo.nick} {channel}")
    bo.ask(f"JOIN {channel}")
    assert commands(bo.ask("INVITE")) == ["337"]


# --- invite-notify


@pytest.mark.capability("invite-notify")
def test_an_operator_is_notified(register: Register, room: Room, channel: str) -> None:
    """IRCv3 invite-notify: a member sees who invites whom, and where."""
    al, bo = room("al", "bo", capabilities=["invite-notify"])
    al.ask(f"MODE {channel} +o {bo.nick}")
    cy = register("cy")
    al.ask(f"INVITE {cy.nick} {channel}")
    invite = one(bo.read(), "INVITE")
    assert invite.nick == al.nick
    assert invite.params[:2] == [cy.nick, channel]


@pytest.mark.ours
def test_a_member_is_notified(register: Register, room: Room, channel: str) -> None:
    """IRCv3 invite-notify: ordinary members with the capability as well."""
    al, bo = room("al", "bo", capabilities=["invite-notify"])
    cy = register("cy")
    al.ask(f"INVITE {cy.nick} {channel}")
    assert one(bo.read(), "INVITE").params[:2] == [cy.nick, channel]


@pytest.mark.ours
def test_the_inviter_is_not_notified(register: Register, room: Room, channel: str) -> None:
    """IRCv3 invite-notify: who invites has RPL_INVITING."""
    (al,) = room("al", capabilities=["invite-notify"])
    assert commands(al.ask(f"INVITE {register('bo').nick} {channel}")) == ["341"]


@pytest.mark.capability("invite-notify")
def test_the_invited_is_told_once(register: Register, room: Room, channel: str) -> None:
    """IRCv3 invite-notify: the capability adds nothing for who is invited."""
    (al,) = room("al")
    bo = register("bo", "invite-notify")
    al.ask(f"INVITE {bo.nick} {channel}")
    assert commands(bo.read()) == ["INVITE"]


@pytest.mark.capability("invite-notify")
def test_outsiders_are_not_notified(register: Register, room: Room, channel: str) -> None:
    """IRCv3 invite-notify: it is for clients on the channel."""
    (al,) = room("al")
    outsider = register("di", "invite-notify")
    al.ask(f"INVITE {register('bo').nick} {channel}")
    assert not only(outsider.read(), "INVITE")
