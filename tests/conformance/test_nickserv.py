"""NickServ, as clients without SASL know it: what is the same with any services there are.

No specification says what services answer; these are the ways to them, and what follows from a
login in numerics and messages that are specified. Skipped where nobody is called NickServ.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register, Target
from tests.conformance.session import Line, Session, commands, one, only

Room = Callable[..., list[Session]]
PASSWORD = "correct-horse-battery"


@pytest.fixture(autouse=True)
def there(register: Register, target: Target) -> None:
    """Skip where there is no NickServ; our own server always has one."""
    found = one(register("look").ask("ISON NickServ"), "303").text.split()
    if not found and not target.ours:
        pytest.skip("there is no NickServ")
    assert found == ["NickServ"]


def said(lines: list[Line]) -> list[Line]:
    """Return the notices of NickServ."""
    return [line for line in only(lines, "NOTICE") if line.nick.lower() == "nickserv"]


def tell(session: Session, text: str) -> list[Line]:
    """Say something to NickServ, and return all that comes until it has answered."""
    session.send(f"PRIVMSG NickServ :{text}")
    found: list[Line] = []
    while not said(found):
        found += session.until("NOTICE")
    return found + session.read()


@pytest.fixture
def owner(register: Register) -> Session:
    """Somebody who has registered their nickname."""
    session = register("own")
    assert "900" in commands(tell(session, f"REGISTER {PASSWORD}"))
    return session


def test_it_answers_with_notices(register: Register) -> None:
    """Modern IRC, "NOTICE message": what answers by itself does so with NOTICE."""
    al = register("al")
    lines = tell(al, "HELP")
    assert said(lines)
    assert only(lines, "PRIVMSG") == []
    assert {line.params[0] for line in said(lines)} == {al.nick}


@pytest.mark.parametrize("line", ["NICKSERV HELP", "NS HELP", "PRIVMSG nickserv :help"])
def test_ways_to_it(register: Register, line: str) -> None:
    """By its name in any case, and by commands that clients have aliases for."""
    al = register("al")
    al.send(line)
    assert al.until("NOTICE")[-1].nick == "NickServ"


def test_whois(register: Register) -> None:
    """Modern IRC, "WHOIS message": it can be looked up, and is told from a user."""
    lines = register("al").ask("WHOIS NickServ")
    assert one(lines, "311").params[1] == "NickServ"
    assert one(lines, "313").params[1] == "NickServ"
    assert lines[-1].command == "318"


@pytest.mark.parametrize("nick", ["NickServ", "nickserv", "ChanServ"])
def test_nobody_else_is_called_that(register: Register, nick: str) -> None:
    """Modern IRC, "NICK message": the nickname is refused."""
    assert commands(register("al").ask(f"NICK {nick}"))[0] in ("432", "433")


def test_registering(register: Register) -> None:
    """IRCv3 sasl-3.1, "Numerics": 900 with the mask and the account."""
    al = register("al")
    found = one(tell(al, f"REGISTER {PASSWORD}"), "900")
    assert found.params[0] == al.nick
    assert found.params[1].startswith(f"{al.nick}!")
    assert found.params[2] == al.nick


def test_the_nickname_is_its_owners(owner: Session, register: Register) -> None:
    """Modern IRC, "ERR_NICKNAMEINUSE (433)": with a reason."""
    name = owner.nick
    owner.send("QUIT")
    owner.until_closed()
    refused = register("bo").ask(f"NICK {name}")[0]
    assert refused.command == "433"
    assert refused.params[1] == name
    assert refused.text


def test_logging_in(owner: Session, register: Register) -> None:
    """IRCv3 sasl-3.1, "Numerics": 900; and who logs in gets the nickname."""
    name = owner.nick
    owner.send("QUIT")
    owner.until_closed()
    bo = register("bo")
    lines = tell(bo, f"IDENTIFY {name} {PASSWORD}")
    assert one(lines, "900").params[2] == name
    assert one(lines, "NICK").params == [name]
    assert one(bo.ask(f"WHOIS {name}"), "330").params[1:3] == [name, name]


def test_a_wrong_password(owner: Session, register: Register) -> None:
    """Nobody is logged in, and no numeric says so."""
    lines = tell(register("bo"), f"IDENTIFY {owner.nick} nonsense-nonsense")
    assert commands(lines) == ["NOTICE"]


@pytest.mark.capability("account-notify", "extended-join", "account-tag")
def test_what_others_see(room: Room, owner: Session, register: Register, channel: str) -> None:
    """IRCv3 account-notify, account-tag, extended-join: by whatever way somebody has logged in."""
    (al,) = room("al", capabilities=["account-notify", "extended-join", "account-tag"])
    bo = register("bo")
    bo.ask(f"JOIN {channel}")
    al.read()
    tell(bo, f"IDENTIFY {owner.nick} {PASSWORD}")
    assert one(al.read(), "ACCOUNT").params == [owner.nick]
    bo.ask(f"PRIVMSG {channel} :hi", f"PART {channel}", f"JOIN {channel}")
    lines = al.read()
    assert one(lines, "PRIVMSG").tags["account"] == owner.nick
    assert one(lines, "JOIN").params[1] == owner.nick


@pytest.mark.capability("account-notify")
def test_logging_out(room: Room, owner: Session, channel: str) -> None:
    """IRCv3 account-notify: `*` for who is logged out; sasl-3.1: 901."""
    (al,) = room("al", capabilities=["account-notify"])
    owner.ask(f"JOIN {channel}")
    assert "901" in commands(tell(owner, "LOGOUT"))
    assert one(al.read(), "ACCOUNT").params == ["*"]


def test_a_ghost_is_ended(owner: Session, register: Register) -> None:
    """Modern IRC, "ERROR message": the connection is closed with a reason."""
    tell(register("bo"), f"GHOST {owner.nick} {PASSWORD}")
    assert owner.until_closed()[-1].command == "ERROR"


@pytest.mark.capability("echo-message")
def test_no_password_comes_back(register: Register) -> None:
    """IRCv3 echo-message: a modified message comes back as it was modified."""
    al = register("al", "echo-message")
    lines = tell(al, f"REGISTER {PASSWORD}")
    assert one(lines, "PRIVMSG").params[0].lower() == "nickserv"
    assert PASSWORD not in "\n".join(map(str, lines))


@pytest.mark.capability("labeled-response", "batch")
def test_an_answer_has_the_label(register: Register) -> None:
    """IRCv3 labeled-response: all that a command is answered."""
    al = register("al", "labeled-response", "batch")
    al.send(f"@label=abc PRIVMSG NickServ :IDENTIFY {al.nick} nonsense-nonsense")
    lines = al.until("NOTICE")
    assert lines[0].tags["label"] == "abc"


@pytest.mark.ours
def test_an_operator_suspends_an_account(
    owner: Session, register: Register, operator: Callable[..., Session]
) -> None:
    """Whoever is logged in is not any more, and nobody can log in."""
    name = owner.nick
    tell(operator("op"), f"SUSPEND {name} for a test")
    assert "901" in commands(owner.read())
    lines = tell(register("bo"), f"IDENTIFY {name} {PASSWORD}")
    assert commands(lines) == ["NOTICE"]
    assert "for a test" in lines[0].text
