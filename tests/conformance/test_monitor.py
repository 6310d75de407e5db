"""MONITOR: the list of nicknames, and who is told when they come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.session import Line, Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]

pytestmark = pytest.mark.isupport("MONITOR")


def nicks(lines: Iterable[Line], numeric: str) -> list[str]:
    """Return the nicknames in all lines with this numeric, sorted, without masks."""
    targets = [word for line in only(lines, numeric) for word in line.text.split(",")]
    return sorted(target.partition("!")[0] for target in targets)


def leave(session: Session) -> None:
    """Quit, and wait until the server has noticed."""
    session.send("QUIT")
    session.until_closed()


@pytest.fixture
def limit(target: Target) -> int:
    """How many nicknames a list holds."""
    value = target.isupport["MONITOR"]
    if not value:
        pytest.skip("the server has no limit")
    return int(value)


# --- The list


def test_somebody_who_is_there(register: Register) -> None:
    """IRCv3 monitor, "MONITOR +": 730 for who is online."""
    al, bo = register("al"), register("bo")
    lines = al.ask(f"MONITOR + {bo.nick}")
    assert commands(lines) == ["730"]
    assert lines[0].params[0] in (al.nick, "*")
    assert nicks(lines, "730") == [bo.nick]


def test_somebody_who_is_not_there(register: Register, name: Names) -> None:
    """IRCv3 monitor, "MONITOR +": 731 for who is offline, without a mask."""
    al, nick = register("al"), name("nobody")
    lines = al.ask(f"MONITOR + {nick}")
    assert commands(lines) == ["731"]
    assert lines[0].params[0] in (al.nick, "*")
    assert lines[0].text == nick


def test_the_mask_of_who_is_there(register: Register) -> None:
    """IRCv3 monitor, "RPL_MONONLINE (730)": when there is a mask, it is that of the user."""
    al, bo = register("al"), register("bo")
    bo.ask(f"PRIVMSG {al.nick} :hello")
    source = one(al.read(), "PRIVMSG").source
    assert one(al.ask(f"MONITOR + {bo.nick}"), "730").text in (bo.nick, source)


def test_several_at_once(register: Register, name: Names) -> None:
    """IRCv3 monitor, "MONITOR +": targets with commas between, of both kinds."""
    al, bo, cy = register("al"), register("bo"), register("cy")
    absent = [name("no"), name("no")]
    lines = al.ask(f"MONITOR + {bo.nick},{absent[0]},{cy.nick},{absent[1]}")
    assert set(commands(lines)) == {"730", "731"}
    assert nicks(lines, "730") == sorted([bo.nick, cy.nick])
    assert nicks(lines, "731") == sorted(absent)


def test_myself(register: Register) -> None:
    """IRCv3 monitor, "MONITOR +": any valid nickname can be a target."""
    al = register("al")
    assert nicks(al.ask(f"MONITOR + {al.nick}"), "730") == [al.nick]


def test_the_list(register: Register, name: Names) -> None:
    """IRCv3 monitor, "MONITOR L": 732 with all targets, terminated with 733."""
    al, targets = register("al"), [name("m") for _ in range(3)]
    al.ask(f"MONITOR + {targets[0]},{targets[1]}", f"MONITOR + {targets[2]}")
    lines = al.ask("MONITOR L")
    assert set(commands(lines)) == {"732", "733"}
    assert commands(lines).count("733") == 1
    assert lines[-1].command == "733"
    assert lines[-1].params[0] == al.nick
    assert nicks(lines, "732") == sorted(targets)


def test_an_empty_list(register: Register) -> None:
    """IRCv3 monitor, "MONITOR L": terminated with 733, whatever is in it."""
    assert nicks(lines := register("al").ask("MONITOR L"), "732") in ([], [""])
    assert lines[-1].command == "733"


def test_a_list_is_its_owners(register: Register, name: Names) -> None:
    """IRCv3 monitor, "MONITOR L": the list of the client who asks."""
    al, bo = register("al"), register("bo")
    al.ask(f"MONITOR + {name('m')}")
    assert nicks(bo.ask("MONITOR L"), "732") in ([], [""])


def test_a_target_is_in_the_list_once(register: Register, name: Names) -> None:
    """IRCv3 monitor, "MONITOR +": targets already in the list are not added again."""
    al, nick = register("al"), name("m")
    al.ask(f"MONITOR + {nick}", f"MONITOR + {nick},{nick}")
    assert nicks(al.ask("MONITOR L"), "732") == [nick]


def test_a_target_in_another_case(register: Register, name: Names) -> None:
    """IRCv3 monitor, "MONITOR +": the same nickname in another case is the same target."""
    al, nick = register("al"), name("m")
    al.ask(f"MONITOR + {nick}", f"MONITOR + {nick.upper()}")
    assert len(nicks(al.ask("MONITOR L"), "732")) == 1


def test_taking_one_away(register: Register, name: Names) -> None:
    """IRCv3 monitor, "MONITOR -": removed from the list, without output."""
    al, targets = register("al"), [name("m") for _ in range(3)]
    al.ask(f"MONITOR + {','.join(targets)}")
    assert al.ask(f"MONITOR - {targets[0]},{targets[2]}") == []
    assert nicks(al.ask("MONITOR L"), "732") == [targets[1]]


def test_taking_one_away_in_another_case(register: Register, name: Names) -> None:
    """IRCv3 monitor, "MONITOR -": nicknames are the same whatever their case."""
    al, nick = register("al"), name("m")
    al.ask(f"MONITOR + {nick}")
    assert al.ask(f"MONITOR - {nick.upper()}") == []
    assert nicks(al.ask("MONITOR L"), "732") in ([], [""])


def test_taking_away_what_is_not_there(register: Register, name: Names) -> None:
    """IRCv3 monitor, "MONITOR -": no output, whatever the list had."""
    assert register("al").ask(f"MONITOR - {name('m')}") == []


def test_clearing(register: Register, name: Names) -> None:
    """IRCv3 monitor, "MONITOR C": the list is empty, and there is no output."""
    al = register("al")
    al.ask(f"MONITOR + {name('m')},{name('m')}")
    assert al.ask("MONITOR C") == []
    assert nicks(al.ask("MONITOR L"), "732") in ([], [""])


def test_the_state_of_all(register: Register, name: Names) -> None:
    """IRCv3 monitor, "MONITOR S": 730 and 731 for the targets in the list."""
    al, bo, cy, absent = register("al"), register("bo"), register("cy"), name("no")
    al.ask(f"MONITOR + {bo.nick},{cy.nick},{absent}")
    leave(cy)
    al.read()
    lines = al.ask("MONITOR S")
    assert set(commands(lines)) == {"730", "731"}
    assert nicks(lines, "730") == [bo.nick]
    assert nicks(lines, "731") == sorted([absent, cy.nick])


def test_the_state_of_nobody(register: Register) -> None:
    """IRCv3 monitor, "MONITOR S": for each target in the list; here is none."""
    lines = register("al").ask("MONITOR S")
    assert nicks(lines, "730") + nicks(lines, "731") == []


@pytest.mark.ours
@pytest.mark.parametrize("mask", ["*!*@*", "#channel", "not*valid"])
def test_what_is_no_nickname(register: Register, name: Names, mask: str) -> None:
    """IRCv3 monitor, "MONITOR Command": a target is a valid nickname; what is not is skipped."""
    al, nick = register("al"), name("m")
    assert nicks(al.ask(f"MONITOR + {mask},{nick}"), "731") == [nick]
    assert nicks(al.ask("MONITOR L"), "732") == [nick]


# --- The limit


def test_the_list_is_full(register: Register, name: Names, limit: int) -> None:
    """IRCv3 monitor, "ERR_MONLISTFULL (734)": the limit and what can not be added."""
    al, targets = register("al"), [name("m") for _ in range(limit)]
    for target in targets:
        assert "734" not in commands(al.ask(f"MONITOR + {target}"))
    more = name("m")
    reply = one(al.ask(f"MONITOR + {more}"), "734")
    assert len(reply.params) == 4
    assert reply.params[:3] == [al.nick, str(limit), more]
    assert nicks(al.ask("MONITOR L"), "732") == sorted(targets)


@pytest.mark.ours
def test_more_than_the_list_holds(register: Register, name: Names, limit: int) -> None:
    """IRCv3 monitor, "ERR_MONLISTFULL (734)": all of those that can not be added, as sent."""
    al, targets = register("al"), [name("Mo") for _ in range(limit + 2)]
    lines = al.ask(f"MONITOR + {','.join(targets)}")
    assert one(lines, "734").params[:3] == [al.nick, str(limit), ",".join(targets[limit:])]
    assert nicks(lines, "731") == sorted(targets[:limit])
    assert nicks(al.ask("MONITOR L"), "732") == sorted(targets[:limit])


def test_room_again(register: Register, name: Names, limit: int) -> None:
    """IRCv3 monitor, "ERR_MONLISTFULL (734)": the limit is one on what is in the list."""
    al, targets, more = register("al"), [name("m") for _ in range(limit)], name("m")
    for target in targets:
        al.ask(f"MONITOR + {target}")
    al.ask(f"MONITOR - {targets[0]}")
    assert commands(al.ask(f"MONITOR + {more}")) == ["731"]


@pytest.mark.ours
def test_what_is_in_a_full_list_already(register: Register, name: Names, limit: int) -> None:
    """IRCv3 monitor, "MONITOR +": what is in the list needs no room."""
    al, targets = register("al"), [name("m") for _ in range(limit)]
    for target in targets:
        al.ask(f"MONITOR + {target}")
    assert "734" not in commands(al.ask(f"MONITOR + {targets[0]}"))


# --- Coming and going


def test_coming(register: Register, connect: Connect, name: Names) -> None:
    """IRCv3 monitor, "RPL_MONONLINE (730)": a target has just become online."""
    al, nick = register("al"), name("m")
    al.ask(f"MONITOR + {nick}")
    connect().register(nick)
    lines = al.read()
    assert commands(lines) == ["730"]
    assert nicks(lines, "730") == [nick]


def test_going(register: Register) -> None:
    """IRCv3 monitor, "RPL_MONOFFLINE (731)": a target has just left."""
    al, bo = register("al"), register("bo")
    al.ask(f"MONITOR + {bo.nick}")
    leave(bo)
    lines = al.read()
    assert commands(lines) == ["731"]
    assert lines[0].text == bo.nick


def test_not_before_registration(register: Register, connect: Connect, name: Names) -> None:
    """IRCv3 monitor, "RPL_MONONLINE (730)": a client who has not registered is not online."""
    al, bo, nick = register("al"), connect(), name("m")
    bo.send(f"NICK {nick}", "CAP LS")
    bo.until("CAP")
    assert nicks(al.ask(f"MONITOR + {nick}"), "731") == [nick]


def test_a_change_of_nickname(register: Register, name: Names) -> None:
    """IRCv3 monitor, "Numeric replies": the old one is offline, and the new one online."""
    al, bo, new = register("al"), register("bo"), name("new")
    al.ask(f"MONITOR + {bo.nick},{new}")
    bo.ask(f"NICK {new}")
    lines = al.read()
    assert nicks(lines, "731") == [bo.nick]
    assert nicks(lines, "730") == [new]


def test_a_change_from_what_nobody_monitors(register: Register, name: Names) -> None:
    """IRCv3 monitor, "RPL_MONONLINE (730)": only the target is named."""
    al, bo, new = register("al"), register("bo"), name("new")
    al.ask(f"MONITOR + {new}")
    bo.ask(f"NICK {new}")
    lines = al.read()
    assert commands(lines) == ["730"]
    assert nicks(lines, "730") == [new]


def test_a_change_to_what_nobody_monitors(register: Register, name: Names) -> None:
    """IRCv3 monitor, "Introduction": nobody can follow a user from nickname to nickname."""
    al, bo, new = register("al"), register("bo"), name("new")
    al.ask(f"MONITOR + {bo.nick}")
    bo.ask(f"NICK {new}")
    lines = al.read()
    assert commands(lines) == ["731"]
    assert new not in lines[0].raw


@pytest.mark.ours
def test_a_change_of_case(register: Register) -> None:
    """IRCv3 monitor, "Numeric replies": the same nickname has neither come nor gone."""
    al, bo = register("al"), register("bo")
    al.ask(f"MONITOR + {bo.nick}")
    bo.ask(f"NICK {bo.nick.upper()}")
    assert al.read() == []


def test_coming_in_another_case(register: Register, connect: Connect, name: Names) -> None:
    """IRCv3 monitor, "MONITOR +": a target is a nickname in whatever case."""
    al, nick = register("al"), name("m")
    al.ask(f"MONITOR + {nick.upper()}")
    connect().register(nick)
    assert [found.lower() for found in nicks(al.read(), "730")] == [nick]


def test_everybody_who_monitors_is_told(register: Register) -> None:
    """IRCv3 monitor, "Introduction": a notification goes to every client with the target."""
    al, bo, cy = register("al"), register("bo"), register("cy")
    for watcher in (al, bo):
        watcher.ask(f"MONITOR + {cy.nick}")
    leave(cy)
    assert nicks(al.read(), "731") == nicks(bo.read(), "731") == [cy.nick]


def test_the_target_is_not_told(register: Register) -> None:
    """IRCv3 monitor, "MONITOR +": the answers are for who monitors."""
    al, bo = register("al"), register("bo")
    al.ask(f"MONITOR + {bo.nick}")
    assert bo.read() == []


@pytest.mark.parametrize("command", ["MONITOR - {}", "MONITOR C"])
def test_no_longer_told(register: Register, command: str) -> None:
    """IRCv3 monitor, "MONITOR -", "MONITOR C": no notifications once it is off the list."""
    al, bo = register("al"), register("bo")
    al.ask(f"MONITOR + {bo.nick}", command.format(bo.nick))
    leave(bo)
    assert al.read() == []


def test_it_outlives_the_target(register: Register, connect: Connect) -> None:
    """IRCv3 monitor, "Numeric replies": a target that has gone is still in the list."""
    al, bo = register("al"), register("bo")
    al.ask(f"MONITOR + {bo.nick}")
    leave(bo)
    al.read()
    connect().register(bo.nick)
    assert nicks(al.read(), "730") == [bo.nick]


def test_sharing_a_channel_as_well(room: Room) -> None:
    """IRCv3 monitor, "RPL_MONOFFLINE (731)": told besides the QUIT that members see."""
    al, bo = room("al", "bo")
    al.ask(f"MONITOR + {bo.nick}")
    leave(bo)
    lines = al.read()
    assert sorted(commands(lines)) == ["731", "QUIT"]
