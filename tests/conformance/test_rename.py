"""Channels under a new name (IRCv3 channel-rename)."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Names, Operator, Room, entries, members, modes, own_mask
from tests.conformance.conftest import Register, Target
from tests.conformance.session import Line, commands, one, only

pytestmark = pytest.mark.capability("draft/channel-rename")

RENAME = "draft/channel-rename"


@pytest.fixture
def new(name: Names) -> str:
    """The new name."""
    return name("#new")


# --- What the members are told


def test_members_with_the_capability(room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Messages": RENAME, from who did it, with the reason."""
    al, bo = room("al", "bo", capabilities=[RENAME])
    own = one(al.ask(f"RENAME {channel} {new} :a typo"), "RENAME")
    seen = bo.read()
    assert commands(seen) == ["RENAME"]
    assert own.params == seen[0].params == [channel, new, "a typo"]
    assert own.nick == seen[0].nick == al.nick


def test_no_reason(room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Messages": the third parameter is always there."""
    al, bo = room("al", "bo", capabilities=[RENAME])
    al.ask(f"RENAME {channel} {new}")
    assert one(bo.read(), "RENAME").params == [channel, new, ""]


def test_members_without_it(register: Register, room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Fallback": PART with the reason, then JOIN as usual."""
    (al,) = room("al", capabilities=[RENAME])
    bo = register("bo")
    bo.ask(f"JOIN {channel}")
    al.ask(f"TOPIC {channel} :words")
    bo.read()
    al.ask(f"RENAME {channel} {new} :a typo")
    found = bo.read()
    assert commands(found) == ["PART", "JOIN", "332", "333", "353", "366"]
    assert (found[0].nick, found[0].params) == (bo.nick, [channel, "a typo"])
    assert (found[1].nick, found[1].params[0]) == (bo.nick, new)
    assert found[2].params[1:] == [new, "words"]
    assert set(entries(found)) == {f"@{al.nick}", bo.nick}


def test_the_author_without_it(room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Fallback": who renames it without the capability has it as well."""
    (al,) = room("al")
    found = al.ask(f"RENAME {channel} {new} :a typo")
    assert commands(only(found, "PART", "JOIN", "RENAME")) == ["PART", "JOIN"]
    assert entries(found) == [f"@{al.nick}"]


def test_members_without_it_see_no_others(
    register: Register, room: Room, channel: str, new: str
) -> None:
    """IRCv3 channel-rename, "Fallback": the PART and the JOIN are one's own."""
    (al,) = room("al")
    bo, cy = register("bo"), register("cy", RENAME)
    for session in (bo, cy):
        session.ask(f"JOIN {channel}")
        al.read()
    bo.read()
    al.ask(f"RENAME {channel} {new}")
    assert {line.nick for line in only(bo.read(), "PART", "JOIN")} == {bo.nick}
    assert commands(cy.read()) == ["RENAME"]


@pytest.mark.capability("extended-join")
def test_an_extended_join(register: Register, room: Room, channel: str, new: str) -> None:
    """IRCv3 extended-join: the JOIN of the fallback is extended too."""
    (al,) = room("al", capabilities=[RENAME])
    bo = register("bo", "extended-join")
    bo.ask(f"JOIN {channel}")
    al.ask(f"RENAME {channel} {new}")
    assert one(bo.read(), "JOIN").params == [new, "*", f"Real {bo.nick}"]


@pytest.mark.capability("no-implicit-names")
def test_no_implicit_names(register: Register, room: Room, channel: str, new: str) -> None:
    """IRCv3 no-implicit-names: nor are there names behind the JOIN of the fallback."""
    (al,) = room("al", capabilities=[RENAME])
    bo = register("bo", "no-implicit-names")
    bo.ask(f"JOIN {channel}")
    al.ask(f"RENAME {channel} {new}")
    found = bo.read()
    assert one(found, "JOIN").params == [new]
    assert not only(found, "353", "366")


def test_outsiders_are_told_nothing(register: Register, room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Messages": it is for those in the channel."""
    (al,) = room("al", capabilities=[RENAME])
    bo = register("bo", RENAME)
    al.ask(f"RENAME {channel} {new}")
    assert bo.read() == []


# --- What it keeps


def test_members_and_ranks_stay(room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Messages": membership is preserved."""
    al, bo, cy = room("al", "bo", "cy", capabilities=[RENAME])
    al.ask(f"MODE {channel} +v {bo.nick}", f"RENAME {channel} {new}")
    assert members(al, new) == {f"@{al.nick}", f"+{bo.nick}", cy.nick}


def test_modes_and_topic_stay(room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Messages": modes and the topic are preserved."""
    (al,) = room("al", capabilities=[RENAME])
    al.ask(f"MODE {channel} +ml 7", f"TOPIC {channel} :words")
    before = al.ask(f"MODE {channel}", f"TOPIC {channel}")
    al.ask(f"RENAME {channel} {new}")
    after = al.ask(f"MODE {new}", f"TOPIC {new}")
    assert [line.params[2:] for line in before] == [line.params[2:] for line in after]
    assert {"m", "l"} <= modes(al, new)


def test_bans_stay(register: Register, room: Room, channel: str, new: str, name: Names) -> None:
    """IRCv3 channel-rename, "Introduction": so are the lists."""
    (al,) = room("al", capabilities=[RENAME])
    bo = register("bo")
    mask = own_mask(bo, name("#elsewhere"))
    al.ask(f"MODE {channel} +b {mask}", f"RENAME {channel} {new}")
    assert one(al.ask(f"MODE {new} +b"), "367").params[1:3] == [new, mask]
    assert "474" in commands(bo.ask(f"JOIN {new}"))


def test_an_invitation_stays(register: Register, room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Messages": all of the channel's state."""
    (al,) = room("al", capabilities=[RENAME])
    bo = register("bo")
    al.ask(f"MODE {channel} +i", f"INVITE {bo.nick} {channel}", f"RENAME {channel} {new}")
    assert "JOIN" in commands(bo.ask(f"JOIN {new}"))


def test_messages_go_to_the_new_name(room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Messages": the new name is the channel's."""
    al, bo = room("al", "bo", capabilities=[RENAME])
    al.ask(f"RENAME {channel} {new}")
    bo.ask(f"PRIVMSG {new} :hello")
    assert one(al.read(), "PRIVMSG").params == [new, "hello"]


def test_the_old_name_is_gone(room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Messages": there is no channel under the old name."""
    (al,) = room("al", capabilities=[RENAME])
    al.ask(f"RENAME {channel} {new}")
    assert "403" in commands(al.ask(f"MODE {channel}"))
    assert commands(al.ask(f"NAMES {channel}")) == ["366"]


def test_back_again_at_once(room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Errors": one of CANNOT_RENAME may be that it was renamed recently."""
    al, bo = room("al", "bo", capabilities=[RENAME])
    al.ask(f"RENAME {channel} {new}")
    bo.read()
    refusals = only(al.ask(f"RENAME {new} {channel}"), "FAIL")
    if refusals:
        assert refusals[0].params[:4] == ["RENAME", "CANNOT_RENAME", new, channel]
        assert members(bo, new) == {f"@{al.nick}", bo.nick}
    else:
        assert one(bo.read(), "RENAME").params[:2] == [new, channel]
        assert members(bo, channel) == {f"@{al.nick}", bo.nick}


# --- Other letters


def test_another_case(room: Room, channel: str) -> None:
    """IRCv3 channel-rename, "Messages": a change of the case alone is allowed."""
    al, bo = room("al", "bo", capabilities=[RENAME])
    upper = channel.upper()
    al.ask(f"RENAME {channel} {upper}")
    assert one(bo.read(), "RENAME").params[:2] == [channel, upper]
    assert one(al.ask(f"LIST {upper}"), "322").params[1] == upper


def test_another_case_without_the_capability(room: Room, channel: str) -> None:
    """IRCv3 channel-rename, "Fallback": not for a change of the case alone."""
    al, bo = room("al", "bo")
    al.ask(f"RENAME {channel} {channel.upper()}")
    assert not only(bo.read(), "PART", "JOIN")
    assert members(bo, channel) == {f"@{al.nick}", bo.nick}
    assert one(bo.ask(f"LIST {channel}"), "322").params[1] == channel.upper()


# --- Errors


@pytest.mark.parametrize("rank", ["", "v", pytest.param("h", marks=pytest.mark.ours)])
def test_without_privileges(room: Room, channel: str, new: str, rank: str) -> None:
    """IRCv3 channel-rename, "Errors": ERR_CHANOPRIVSNEEDED."""
    al, bo = room("al", "bo", capabilities=[RENAME])
    if rank:
        al.ask(f"MODE {channel} +{rank} {bo.nick}")
        bo.read()
    found = bo.ask(f"RENAME {channel} {new}")
    assert one(found, "482").params[:2] == [bo.nick, channel]
    assert not only(al.read(), "RENAME")


def test_from_outside(register: Register, room: Room, channel: str, new: str) -> None:
    """IRCv3 channel-rename, "Errors": ERR_NOTONCHANNEL."""
    (al,) = room("al", capabilities=[RENAME])
    bo = register("bo", RENAME)
    assert one(bo.ask(f"RENAME {channel} {new}"), "442").params[:2] == [bo.nick, channel]
    assert not only(al.read(), "RENAME")


def test_no_such_channel(register: Register, channel: str, new: str) -> None:
    """Modern IRC, "ERR_NOSUCHCHANNEL (403)": the channel has to exist."""
    al = register("al", RENAME)
    assert one(al.ask(f"RENAME {channel} {new}"), "403").params[:2] == [al.nick, channel]


@pytest.mark.parametrize("parameters", ["", " {}"])
def test_too_few_parameters(room: Room, channel: str, parameters: str) -> None:
    """IRCv3 channel-rename, "Errors": ERR_NEEDMOREPARAMS."""
    (al,) = room("al", capabilities=[RENAME])
    found = al.ask(f"RENAME{parameters.format(channel)}")
    assert one(found, "461").params[:2] == [al.nick, "RENAME"]


def _fails(found: list[Line], code: str, old: str, new: str) -> None:
    assert one(found, "FAIL").params[:4] == ["RENAME", code, old, new]
    assert not only(found, "RENAME")


def test_a_name_that_is_taken(room: Room, channel: str, new: str, register: Register) -> None:
    """IRCv3 channel-rename, "Errors": CHANNEL_NAME_IN_USE."""
    (al,) = room("al", capabilities=[RENAME, "standard-replies"])
    register("bo").ask(f"JOIN {new}")
    _fails(al.ask(f"RENAME {channel} {new}"), "CHANNEL_NAME_IN_USE", channel, new)
    assert members(al, channel) == {f"@{al.nick}"}


@pytest.mark.parametrize("bad", ["nothing", "&other", "#a\x07b", "#a,b"])
def test_a_name_that_is_none(room: Room, channel: str, bad: str) -> None:
    """IRCv3 channel-rename, "Errors": CANNOT_RENAME."""
    (al,) = room("al", capabilities=[RENAME, "standard-replies"])
    _fails(al.ask(f"RENAME {channel} {bad}"), "CANNOT_RENAME", channel, bad)
    assert members(al, channel) == {f"@{al.nick}"}


@pytest.mark.isupport("CHANNELLEN")
def test_a_name_that_is_too_long(room: Room, channel: str, target: Target) -> None:
    """IRCv3 channel-rename, "Errors": CANNOT_RENAME; nobody could join it."""
    (al,) = room("al", capabilities=[RENAME, "standard-replies"])
    bad = "#".ljust(int(target.isupport["CHANNELLEN"]) + 1, "x")
    found = al.ask(f"RENAME {channel} {bad}")
    assert one(found, "FAIL").params[:3] == ["RENAME", "CANNOT_RENAME", channel]
    assert members(al, channel) == {f"@{al.nick}"}


@pytest.mark.ours
def test_the_lobby(operator: Operator, new: str) -> None:
    """IRCv3 channel-rename, "Errors": CANNOT_RENAME for the channel that everybody starts in."""
    op = operator("op", RENAME, "standard-replies")
    op.ask("JOIN #lobby", f"SAMODE #lobby +o {op.nick}")
    _fails(op.ask(f"RENAME #lobby {new}"), "CANNOT_RENAME", "#lobby", new)
