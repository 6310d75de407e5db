"""ChanServ, as clients know it: what is the same with any services there are.

No specification says what services answer; these are the ways to them, and what follows for a room
in messages that are specified. Skipped where nobody is called ChanServ.
"""

from __future__ import annotations

import pytest

from tests.conformance.channels import Names
from tests.conformance.conftest import Register, Target
from tests.conformance.session import Line, Session, commands, one, only

PASSWORD = "correct-horse-battery"


@pytest.fixture(autouse=True)
def there(register: Register, target: Target) -> None:
    """Skip where there is no ChanServ; our own server always has one."""
    found = one(register("look").ask("ISON ChanServ"), "303").text.split()
    if not found and not target.ours:
        pytest.skip("there is no ChanServ")
    assert found == ["ChanServ"]


def tell(session: Session, service: str, text: str) -> list[Line]:
    """Say something to a service, and return all that comes until it has answered."""
    session.send(f"PRIVMSG {service} :{text}")
    found: list[Line] = []
    while not any(line.nick.lower() == service.lower() for line in only(found, "NOTICE")):
        found += session.until("NOTICE")
    return found + session.read()


def with_account(register: Register, name: str) -> Session:
    """Return somebody who has registered their nickname."""
    session = register(name)
    assert "900" in commands(tell(session, "NickServ", f"REGISTER {PASSWORD}"))
    return session


@pytest.fixture
def founder(register: Register, channel: str) -> Session:
    """Somebody who has registered the channel."""
    session = with_account(register, "own")
    session.ask(f"JOIN {channel}")
    tell(session, "ChanServ", f"REGISTER {channel}")
    return session


def standing(session: Session, channel: str) -> str:
    """Return the prefix that somebody has in a channel, as NAMES shows it to them."""
    named = one(session.ask(f"NAMES {channel}"), "353").text.split()
    (own,) = [name for name in named if name.lstrip("~&@%+") == session.nick]
    return own.removesuffix(session.nick)


def test_it_answers_with_notices(register: Register) -> None:
    """Modern IRC, "NOTICE message": what answers by itself does so with NOTICE."""
    lines = tell(register("al"), "ChanServ", "HELP")
    assert only(lines, "NOTICE")
    assert only(lines, "PRIVMSG") == []


@pytest.mark.parametrize("line", ["CHANSERV HELP", "CS HELP", "PRIVMSG chanserv :help"])
def test_ways_to_it(register: Register, line: str) -> None:
    """All of them are known to clients."""
    session = register("al")
    session.send(line)
    assert one(session.until("NOTICE"), "NOTICE").nick.lower() == "chanserv"
    session.read()


def test_nobody_is_an_operator_by_being_the_first(
    founder: Session, register: Register, channel: str
) -> None:
    """A registered channel is its founder's, whoever is there first."""
    founder.ask(f"PART {channel}")
    bo = register("bo")
    assert "JOIN" in commands(bo.ask(f"JOIN {channel}"))
    assert standing(bo, channel) == ""
    founder.ask(f"JOIN {channel}")
    assert standing(founder, channel) != ""


def test_what_is_set_is_there_when_all_have_left(founder: Session, channel: str) -> None:
    """Topic and bans are as they were."""
    founder.ask(f"TOPIC {channel} :kept", f"MODE {channel} +b nobody!*@*", f"PART {channel}")
    assert one(founder.ask(f"JOIN {channel}"), "332").text == "kept"
    assert one(founder.ask(f"MODE {channel} b"), "367").params[2] == "nobody!*@*"


def test_only_an_operator_registers_one(register: Register, channel: str) -> None:
    """What is refused changes nothing: whoever makes it anew is its operator."""
    al = register("al")
    al.ask(f"JOIN {channel}")
    bo = with_account(register, "bo")
    bo.ask(f"JOIN {channel}")
    tell(bo, "ChanServ", f"REGISTER {channel}")
    bo.ask(f"PART {channel}")
    al.ask(f"PART {channel}")
    bo.ask(f"JOIN {channel}")
    assert standing(bo, channel) == "@"


def test_nobody_takes_its_name(
    founder: Session, register: Register, channel: str, name: Names
) -> None:
    """IRCv3 channel-rename, "CHANNEL_NAME_IN_USE", where the server knows that."""
    founder.ask(f"PART {channel}")
    bo = register("bo")
    other = name("#other")
    bo.ask(f"JOIN {other}")
    assert "RENAME" not in commands(bo.ask(f"RENAME {other} {channel}"))
    assert standing(bo, other) == "@"
