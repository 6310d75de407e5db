"""What two accounts say to each other (draft/chathistory, draft/read-marker): on all of their
clients, and for an account that is not there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.accounts import authenticate
from tests.conformance.conftest import Connect
from tests.conformance.session import Line, Session, commands, one, only

CAPS = ("batch", "draft/chathistory", "echo-message", "message-tags", "server-time")
MARKER = "draft/read-marker"

pytestmark = [
    pytest.mark.capability("sasl", "draft/account-registration", *CAPS),
    pytest.mark.isupport("CHATHISTORY"),
    # What somebody is called who is one of several clients is no specification's, nor whether
    # something can be said to who is not there.
    pytest.mark.ours,
]

Name = Callable[[str], str]
Client = Callable[..., Session]
Account = Callable[..., str]

_EVER = "timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z"


@pytest.fixture
def client(connect: Connect) -> Client:
    """Become a client of an account: `client(al)`, or under a nickname of its own; it has all of
    `CAPS`, and more that are named."""

    def become(owner: str, nick: str = "", *more: str) -> Session:
        session = connect()
        session.negotiate("sasl", *CAPS, *more)
        assert authenticate(session, owner)[-1].command == "903"
        session.register(nick or owner, capabilities=["sasl"])
        return session

    return become


def _inside(session: Session, request: str) -> list[Line]:
    """Ask, and return what stands in the batch that is the answer."""
    lines = session.ask(f"CHATHISTORY {request}")
    assert only(lines, "FAIL") == []
    begin = next(line for line in lines if line.command == "BATCH")
    reference = begin.params[0][1:]
    return [line for line in lines if line.tags.get("batch") == reference]


def _latest(session: Session, target: str) -> list[tuple[str, str, str]]:
    """Return who said what to whom, of the last that was said with somebody."""
    lines = only(_inside(session, f"LATEST {target} * 50"), "PRIVMSG", "NOTICE")
    return [(line.nick, line.params[0], line.text) for line in lines]


def _targets(session: Session) -> list[str]:
    return [line.params[1] for line in _inside(session, f"TARGETS {_EVER} 50")]


def _say(session: Session, target: str, text: str) -> Line:
    """Say something that nobody has said yet; return its echo."""
    lines = only(session.ask(f"PRIVMSG {target} :{text}"), "PRIVMSG")
    (echo,) = [line for line in lines if line.text == text]
    return echo


def _leave(*sessions: Session) -> None:
    for session in sessions:
        session.send("QUIT")
        session.until_closed()


def test_both_sides(client: Client, account: Account) -> None:
    """draft/chathistory, "LATEST": what both have said, the same for both, with ids and times."""
    al, bo = client(account("al")), client(account("bo"))
    echoes = [_say(al, bo.nick, "one"), _say(bo, al.nick, "two"), _say(al, bo.nick, "three")]
    expected = [(al.nick, bo.nick, "one"), (bo.nick, al.nick, "two"), (al.nick, bo.nick, "three")]
    for session, other in ((al, bo), (bo, al)):
        session.read()
        assert _latest(session, other.nick) == expected
        assert _targets(session) == [other.nick]
        found = _inside(session, f"LATEST {other.nick} * 50")
        for line, echo in zip(found, echoes, strict=True):
            assert (line.tags["msgid"], line.tags["time"]) == (
                *(echo.tags["msgid"], echo.tags["time"]),
            )


@pytest.mark.parametrize("subcommand", ["BEFORE", "AFTER", "AROUND", "BETWEEN"])
def test_the_other_subcommands(client: Client, account: Account, subcommand: str) -> None:
    """draft/chathistory, "Subcommands": a nickname is a target like any other."""
    al, bo = client(account("al")), client(account("bo"))
    ids = [_say(al, bo.nick, text).tags["msgid"] for text in "123"]
    request, expected = {
        "BEFORE": (f"msgid={ids[1]} 10", ["1"]),
        "AFTER": (f"msgid={ids[1]} 10", ["3"]),
        "AROUND": (f"msgid={ids[1]} 3", ["1", "2", "3"]),
        "BETWEEN": (f"msgid={ids[0]} msgid={ids[2]} 10", ["2"]),
    }[subcommand]
    bo.read()
    found = _inside(bo, f"{subcommand} {al.nick} {request}")
    assert [line.text for line in found] == expected


def test_after_both_were_away(client: Client, account: Account) -> None:
    """draft/chathistory: it is the accounts' history, whose clients come and go."""
    al, bo = client(account("al")), client(account("bo"))
    _say(al, bo.nick, "one")
    _leave(al, bo)
    for me, other in ((al.nick, bo.nick), (bo.nick, al.nick)):
        again = client(me)
        assert _targets(again) == [other]
        assert _latest(again, other) == [(al.nick, bo.nick, "one")]


def test_several_clients(client: Client, account: Account, name: Name) -> None:
    """draft/chathistory: on all clients of an account, whatever nicknames they have."""
    al, bo = client(account("al")), client(account("bo"))
    second = client(al.nick, name("al2"))
    sent, got = _say(al, bo.nick, "one"), _say(bo, al.nick, "two")
    # Each is shown what the others have said and been sent, once; under its own name the former.
    assert [(line.nick, line.text) for line in only(second.read(), "PRIVMSG")] == [
        (second.nick, "one"),
        (bo.nick, "two"),
    ]
    third = _say(second, bo.nick, "three")
    assert [(line.nick, line.text) for line in only(al.read(), "PRIVMSG")] == [
        (bo.nick, "two"),
        (al.nick, "three"),
    ]
    bo.read()
    ids = [line.tags["msgid"] for line in (sent, got, third)]
    for session, other in ((al, bo.nick), (second, bo.nick), (bo, al.nick), (bo, second.nick)):
        lines = _inside(session, f"LATEST {other} * 50")
        assert [line.tags["msgid"] for line in lines] == ids
    assert _targets(second) == [bo.nick]
    assert _targets(bo) == [al.nick]


def test_a_client_that_comes_later(client: Client, account: Account, name: Name) -> None:
    """draft/chathistory: what was said on another client before."""
    al, bo = client(account("al")), client(account("bo"))
    _say(bo, al.nick, "one")
    second = client(al.nick, name("al2"))
    assert _targets(second) == [bo.nick]
    assert _latest(second, bo.nick) == [(bo.nick, al.nick, "one")]


def test_an_account_that_is_not_there(client: Client, account: Account) -> None:
    """draft/chathistory, "TARGETS", "LATEST": it finds what came when it is back; who has said it
    is told (301)."""
    owner, bo = account("al"), client(account("bo"))
    said = bo.ask(f"PRIVMSG {owner} :later")
    assert one(said, "PRIVMSG").text == "later"
    assert one(said, "301").params[1] == owner
    assert _latest(bo, owner) == [(bo.nick, owner, "later")]
    _leave(bo)
    al = client(owner)
    assert only(al.welcome, "PRIVMSG") == []
    assert _targets(al) == [bo.nick]
    assert _latest(al, bo.nick) == [(bo.nick, owner, "later")]
    assert _latest(al, bo.nick.upper()) == [(bo.nick, owner, "later")]


def test_nobody_without_an_account_is_written_to_later(client: Client, account: Account) -> None:
    """Modern IRC, "ERR_NOSUCHNICK (401)": who is not there, and has none."""
    bo = client(account("bo"))
    assert one(bo.ask("PRIVMSG nobody :later"), "401").params[1] == "nobody"
    assert _targets(bo) == []


def test_when_something_was_said_last(client: Client, account: Account) -> None:
    """draft/chathistory, "TARGETS": between two times, by the time of the latest, oldest first."""
    al, bo, cy = (client(account(nick)) for nick in ("al", "bo", "cy"))
    _say(bo, al.nick, "one")
    last = _say(cy, al.nick, "two").tags["time"]
    while bo.ask("LUSERS")[-1].tags["time"] == last:
        pass
    _say(bo, al.nick, "three")
    al.read()
    assert _targets(al) == [cy.nick, bo.nick]
    until = f"timestamp=2020-01-01T00:00:00.000Z timestamp={last}"
    assert _inside(al, f"TARGETS {until} 50") == []
    since = f"timestamp={last} timestamp=2100-01-01T00:00:00.000Z"
    assert [line.params[1] for line in _inside(al, f"TARGETS {since} 50")] == [bo.nick]


def test_nobody_else_reads_it(client: Client, account: Account) -> None:
    """draft/chathistory, "Security Considerations": for those two between whom it was said."""
    al, bo, cy = (client(account(nick)) for nick in ("al", "bo", "cy"))
    _say(al, bo.nick, "one")
    assert _targets(cy) == []
    for target in (al.nick, bo.nick):
        assert only(cy.ask(f"CHATHISTORY LATEST {target} * 50"), "PRIVMSG") == []


def test_who_takes_the_nickname_later(
    client: Client, connect: Connect, account: Account, name: Name
) -> None:
    """draft/chathistory, "Security Considerations": who registers a nickname finds nothing of who
    had it before; the account keeps its side."""
    al, nick = client(account("al")), name("guest")
    guest = connect()
    guest.register(nick, capabilities=CAPS)
    _say(guest, al.nick, "one")
    assert _latest(guest, al.nick) == [(nick, al.nick, "one")]
    _leave(guest)
    # Whoever comes now under that nickname, and makes an account of it.
    second = connect()
    second.register(nick, capabilities=(*CAPS, "draft/account-registration"))
    assert only(second.ask(f"CHATHISTORY LATEST {al.nick} * 50"), "PRIVMSG") == []
    second.send("REGISTER * * :correct horse battery")
    second.until("REGISTER")
    assert _targets(second) == []
    assert only(second.ask(f"CHATHISTORY LATEST {al.nick} * 50"), "PRIVMSG") == []
    al.read()
    assert _latest(al, nick) == [(nick, al.nick, "one")]


# --- Read markers


@pytest.mark.capability(MARKER)
def test_a_marker_on_all_clients(client: Client, account: Account, name: Name) -> None:
    """IRCv3 read-marker, "Command flows": to all the clients of the user, and to nobody else."""
    al, bo = client(account("al"), "", MARKER), client(account("bo"), "", MARKER)
    second, old = client(al.nick, name("al2"), MARKER), client(al.nick, name("al3"))
    stamp = f"timestamp={_say(bo, al.nick, 'one').tags['time']}"
    for session in (al, second, old):
        session.read()
    assert one(al.ask(f"MARKREAD {bo.nick} {stamp}"), "MARKREAD").params == [bo.nick, stamp]
    assert one(second.read(), "MARKREAD").params == [bo.nick, stamp]
    # Without the capability there is no such command.
    assert old.read() == []
    assert bo.read() == []
    assert one(second.ask(f"MARKREAD {bo.nick}"), "MARKREAD").params == [bo.nick, stamp]
    assert one(bo.ask(f"MARKREAD {al.nick}"), "MARKREAD").params == [al.nick, "*"]


@pytest.mark.capability(MARKER)
def test_a_marker_that_is_older(client: Client, account: Account, name: Name) -> None:
    """IRCv3 read-marker, "Read timestamp notes": it only increases, whichever client sets it; no
    other one is told of what has not changed."""
    al, bo = client(account("al"), "", MARKER), client(account("bo"))
    second = client(al.nick, name("al2"), MARKER)
    older, newer = (f"timestamp=2024-01-04T14:33:2{number}.123Z" for number in (1, 2))
    al.ask(f"MARKREAD {bo.nick} {newer}")
    second.read()
    assert one(second.ask(f"MARKREAD {bo.nick} {older}"), "MARKREAD").params == [bo.nick, newer]
    assert al.read() == []


@pytest.mark.capability(MARKER)
def test_a_marker_stays(client: Client, account: Account, channel: str) -> None:
    """IRCv3 read-marker, "Description": of the user, whose clients come and go; rooms' are told on
    joining."""
    al, bo = client(account("al"), "", MARKER), account("bo")
    stamp = "timestamp=2024-01-04T14:33:21.123Z"
    al.ask(f"JOIN {channel}", f"MARKREAD {channel} {stamp}", f"MARKREAD {bo} {stamp}")
    _leave(al)
    again = client(al.nick, "", MARKER)
    lines = again.ask(f"JOIN {channel}")
    assert one(lines, "MARKREAD").params == [channel, stamp]
    assert commands(only(lines, "JOIN", "MARKREAD", "366")) == ["JOIN", "MARKREAD", "366"]
    assert one(again.ask(f"MARKREAD {bo}"), "MARKREAD").params == [bo, stamp]


@pytest.mark.capability(MARKER)
def test_a_marker_of_a_room_on_all_clients(
    client: Client, account: Account, name: Name, channel: str
) -> None:
    """IRCv3 read-marker, "Command flows": whether the other client is in the room or not."""
    al = client(account("al"), "", MARKER)
    second = client(al.nick, name("al2"), MARKER)
    al.ask(f"JOIN {channel}")
    stamp = "timestamp=2024-01-04T14:33:21.123Z"
    al.ask(f"MARKREAD {channel} {stamp}")
    assert one(second.read(), "MARKREAD").params == [channel, stamp]
