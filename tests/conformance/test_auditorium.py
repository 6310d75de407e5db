"""Auditoriums (+u): ordinary members do not see each other; those with a prefix, all do."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Names, Operator, Room, changes, from_, members
from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

pytestmark = pytest.mark.ours


@pytest.fixture
def hall(room: Room, channel: str) -> list[Session]:
    """An operator and two ordinary members in an auditorium."""
    al = room("al")[0]
    assert changes(al.ask(f"MODE {channel} +u")) == ["+u"]
    found = [al, *room("bo", "cy")]
    for session in found:
        session.read()
    return found


def _in_who(session: Session, channel: str) -> set[str]:
    return {line.params[5] for line in only(session.ask(f"WHO {channel}"), "352")}


# --- Lists


def test_names_for_an_ordinary_member(hall: list[Session], channel: str) -> None:
    """Modern IRC, "RPL_NAMREPLY (353)": those with a prefix, and themselves."""
    al, bo, _ = hall
    assert members(bo, channel) == {f"@{al.nick}", bo.nick}


@pytest.mark.parametrize("rank", ["o", "h"])
def test_names_for_a_moderator(hall: list[Session], channel: str, rank: str) -> None:
    """Modern IRC, "RPL_NAMREPLY (353)": everybody."""
    al, bo, cy = hall
    al.ask(f"MODE {channel} +{rank} {bo.nick}")
    mark = "@" if rank == "o" else "%"
    assert members(bo, channel) == {f"@{al.nick}", f"{mark}{bo.nick}", cy.nick}


def test_names_on_join(hall: list[Session], register: Register, channel: str) -> None:
    """Modern IRC, "JOIN message": the names include who has just joined, and no other."""
    al = hall[0]
    di = register("di")
    found = one(di.ask(f"JOIN {channel}"), "353")
    assert set(found.text.split()) == {f"@{al.nick}", di.nick}


def test_names_from_outside(hall: list[Session], register: Register, channel: str) -> None:
    """Modern IRC, "RPL_NAMREPLY (353)": an outsider sees no more than a member does."""
    _, bo, cy = hall
    assert not members(register("di"), channel) & {bo.nick, cy.nick}


def test_who_for_an_ordinary_member(hall: list[Session], channel: str) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": those with a prefix, and themselves."""
    al, bo, cy = hall
    found = _in_who(bo, channel)
    assert al.nick in found
    assert cy.nick not in found


def test_who_for_an_operator(hall: list[Session], channel: str) -> None:
    """Modern IRC, "RPL_WHOREPLY (352)": everybody."""
    assert _in_who(hall[0], channel) == {session.nick for session in hall}


def test_a_voiced_member_is_seen(hall: list[Session], channel: str) -> None:
    """Modern IRC, "Voice Prefix": a prefix is enough to be seen by all."""
    al, bo, cy = hall
    al.ask(f"MODE {channel} +v {cy.nick}")
    assert members(bo, channel) == {f"@{al.nick}", bo.nick, f"+{cy.nick}"}
    assert cy.nick in _in_who(bo, channel)


def test_a_voiced_member_sees_no_more(hall: list[Session], channel: str) -> None:
    """Modern IRC, "Voice Prefix": to see everybody takes a half operator."""
    al, bo, cy = hall
    al.ask(f"MODE {channel} +v {cy.nick}")
    assert members(cy, channel) == {f"@{al.nick}", f"+{cy.nick}"}
    assert bo.nick not in _in_who(cy, channel)


def test_without_the_mode(hall: list[Session], channel: str) -> None:
    """Modern IRC, "RPL_NAMREPLY (353)": after -u everybody sees everybody."""
    al, bo, cy = hall
    al.ask(f"MODE {channel} -u")
    assert members(bo, channel) == {f"@{al.nick}", bo.nick, cy.nick}
    assert _in_who(bo, channel) == {session.nick for session in hall}


def test_the_count_is_of_everybody(hall: list[Session], channel: str) -> None:
    """Modern IRC, "RPL_LIST (322)": the number of clients joined."""
    assert one(hall[1].ask(f"LIST {channel}"), "322").params[2] == "3"


# --- What happens


def test_a_join(hall: list[Session], register: Register, channel: str) -> None:
    """Modern IRC, "JOIN message": for the operator only."""
    al, bo, _ = hall
    di = register("di")
    assert one(di.ask(f"JOIN {channel}"), "JOIN").nick == di.nick
    assert one(al.read(), "JOIN").nick == di.nick
    assert bo.read() == []


def test_a_part(hall: list[Session], channel: str) -> None:
    """Modern IRC, "PART message": for who leaves, and for the operator."""
    al, bo, cy = hall
    assert one(cy.ask(f"PART {channel} :bye"), "PART").nick == cy.nick
    assert one(al.read(), "PART").nick == cy.nick
    assert bo.read() == []


def test_a_quit(hall: list[Session]) -> None:
    """Modern IRC, "QUIT message": for the operator only."""
    al, bo, cy = hall
    cy.send("QUIT :bye")
    cy.until_closed()
    assert one(al.read(), "QUIT").nick == cy.nick
    assert bo.read() == []


def test_a_nickname(hall: list[Session], name: Names) -> None:
    """Modern IRC, "NICK message": for who changes it, and for the operator."""
    al, bo, cy = hall
    nick = name("new")
    assert one(cy.ask(f"NICK {nick}"), "NICK").text == nick
    assert one(al.read(), "NICK").text == nick
    assert bo.read() == []


def test_a_kick(hall: list[Session], channel: str) -> None:
    """Modern IRC, "KICK message": for who kicks, and who is kicked."""
    al, bo, cy = hall
    assert one(al.ask(f"KICK {channel} {cy.nick} :out"), "KICK").params[1] == cy.nick
    assert one(cy.read(), "KICK").params[1] == cy.nick
    assert bo.read() == []


@pytest.mark.parametrize("line", ["PART {channel}", "NICK {nick}"])
def test_a_half_operator_sees_it(hall: list[Session], channel: str, name: Names, line: str) -> None:
    """Modern IRC, "Halfop Prefix": members with it see everybody."""
    al, bo, cy = hall
    al.ask(f"MODE {channel} +h {bo.nick}")
    bo.read()
    cy.ask(line.format(channel=channel, nick=name("new")))
    assert from_(bo.read(), cy.nick, line.partition(" ")[0])


@pytest.mark.parametrize("line", ["PART {channel}", "NICK {nick}"])
def test_a_voiced_member_is_seen_doing_it(
    hall: list[Session], channel: str, name: Names, line: str
) -> None:
    """Modern IRC, "Voice Prefix": everybody sees members with a prefix."""
    al, bo, cy = hall
    al.ask(f"MODE {channel} +v {cy.nick}")
    bo.read()
    cy.ask(line.format(channel=channel, nick=name("new")))
    assert from_(bo.read(), cy.nick, line.partition(" ")[0])


def test_a_voiced_member_is_seen_quitting(hall: list[Session], channel: str) -> None:
    """Modern IRC, "QUIT message": everybody sees that of a member with a prefix."""
    al, bo, cy = hall
    al.ask(f"MODE {channel} +v {cy.nick}")
    bo.read()
    cy.send("QUIT :bye")
    cy.until_closed()
    assert one(bo.read(), "QUIT").nick == cy.nick


def test_an_operator_is_seen_leaving(hall: list[Session], channel: str) -> None:
    """Modern IRC, "PART message": everybody sees that of a member with a prefix."""
    al, bo, _ = hall
    al.ask(f"PART {channel}")
    assert one(bo.read(), "PART").nick == al.nick


def test_another_channel_that_they_share(hall: list[Session], name: Names, channel: str) -> None:
    """Modern IRC, "NICK message": who shares another channel sees it there."""
    _, bo, cy = hall
    shared, nick = name("#shared"), name("new")
    for session in (bo, cy):
        session.ask(f"JOIN {shared}")
    bo.read()
    cy.ask(f"NICK {nick}")
    assert one(bo.read(), "NICK").text == nick
    cy.send("QUIT :bye")
    cy.until_closed()
    assert one(bo.read(), "QUIT").nick == nick


def test_what_is_said_is_heard(hall: list[Session], channel: str) -> None:
    """Modern IRC, "PRIVMSG message": messages reach everybody as ever."""
    al, bo, cy = hall
    assert cy.ask(f"PRIVMSG {channel} :hello") == []
    for session in (al, bo):
        assert one(session.read(), "PRIVMSG").nick == cy.nick


def test_a_server_operator_is_a_member_like_others(
    hall: list[Session], operator: Operator, channel: str
) -> None:
    """Modern IRC, "RPL_NAMREPLY (353)": an IRC operator has no privileges in the channel."""
    op = operator()
    assert "JOIN" in commands(op.ask(f"JOIN {channel}"))
    assert members(op, channel) == {f"@{hall[0].nick}", op.nick}
