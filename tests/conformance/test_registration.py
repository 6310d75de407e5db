"""How a connection becomes a user, and what it is told then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]

_MOTD = ("375", "422")


def _welcome(session: Session) -> list[str]:
    return commands(session.until("376", "422"))


@pytest.mark.parametrize("first", ["NICK", "USER"])
def test_nick_and_user_in_either_order(connect: Connect, name: Names, first: str) -> None:
    """Modern IRC, "Connection Registration": NICK and USER end it, whichever comes last."""
    session, nick = connect(), name("al")
    lines = [f"NICK {nick}", "USER al 0 * :Al"]
    session.send(*(lines if first == "NICK" else lines[::-1]))
    assert session.until("001")[-1].params[0] == nick


def test_a_password_that_nobody_asked_for(connect: Connect, name: Names) -> None:
    """Modern IRC, "PASS message": it may come before NICK and USER, several times."""
    session, nick = connect(), name("al")
    session.send("PASS one", "PASS two", f"NICK {nick}", "USER al 0 * :Al")
    found = session.until("001", "464")
    assert found[-1].command == "001"


def test_the_numerics_of_a_welcome(register: Register) -> None:
    """Modern IRC, "Connection Registration": 001 to 005 come first, and in this order."""
    numerics = [line.command for line in register("al").welcome if line.command.isdigit()]
    assert numerics[:5] == ["001", "002", "003", "004", "005"]


def test_every_numeric_of_a_welcome_names_its_client(register: Register) -> None:
    """Modern IRC, "Numeric Replies": a source, and the target as the first parameter."""
    user = register("al")
    for line in user.welcome:
        if line.command.isdigit():
            assert line.source, line
            assert line.params[0] == user.nick, line


def test_rpl_myinfo(register: Register) -> None:
    """Modern IRC, "RPL_MYINFO (004)": the server's name, a version, and two lists of modes."""
    reply = one(register("al").welcome, "004")
    assert reply.params[1] == reply.source
    assert len(reply.params) >= 5
    assert "i" in reply.params[3]
    assert "n" in reply.params[4]


def test_isupport_tokens(register: Register) -> None:
    """Modern IRC, "RPL_ISUPPORT (005)": 1 to 13 tokens a line, in upper case, none twice."""
    for line in only(register("al").welcome, "005"):
        tokens = [word.partition("=")[0] for word in line.params[1:-1]]
        assert 1 <= len(tokens) <= 13, line
        assert [token.upper() for token in tokens] == tokens
        assert len(set(tokens)) == len(tokens)


def test_isupport_lines_stay_together(register: Register) -> None:
    """Modern IRC, "Feature Advertisement": the lines of 005 are adjacent."""
    found = commands(register("al").welcome)
    first = found.index("005")
    assert "".join(found[first : first + found.count("005")]) == "005" * found.count("005")


def test_lusers_come_with_the_welcome(register: Register) -> None:
    """Modern IRC, "Connection Registration": LUSERS after 005, and before the MOTD."""
    found = commands(register("al").welcome)
    motd = next(found.index(numeric) for numeric in _MOTD if numeric in found)
    assert found.index("005") < found.index("251") < found.index("255") < motd


def test_the_motd_comes_with_the_welcome(register: Register) -> None:
    """Modern IRC, "MOTD message": 375, 372 and 376, or 422 alone."""
    found = [c for c in commands(register("al").welcome) if c in ("375", "372", "376", "422")]
    if "422" in found:
        assert found == ["422"]
    else:
        assert found == ["375", *["372"] * (len(found) - 2), "376"]
        assert len(found) > 2


@pytest.mark.ours
def test_the_lines_of_the_motd(register: Register) -> None:
    """Modern IRC, "RPL_MOTD (372)": a line of the file each."""
    lines = only(register("al").welcome, "372")
    assert [line.text.removeprefix("- ") for line in lines] == ["Be excellent", "to each other"]


def test_what_others_see_of_a_new_user(register: Register, connect: Connect, name: Names) -> None:
    """Modern IRC, "USER message": the real name is the last parameter, spaces and all."""
    session, nick = connect(), name("al")
    session.send(f"NICK {nick}", "USER allen 0 * :Al of the Hill ")
    _welcome(session)
    reply = one(register("bo").ask(f"WHOIS {nick}"), "311")
    assert reply.params[2].lstrip("~") == "allen"
    assert reply.text.rstrip() == "Al of the Hill"


@pytest.mark.ours
def test_a_user_name_that_nobody_vouches_for(register: Register) -> None:
    """Modern IRC, "USER message": a tilde in front of a name that the client has set."""
    user = register("al")
    assert one(user.ask(f"WHOIS {user.nick}"), "311").params[2].startswith("~")


@pytest.mark.isupport("USERLEN")
def test_a_long_user_name(connect: Connect, name: Names, target: Target) -> None:
    """Modern IRC, "USER message": cut to USERLEN, without a word."""
    limit, given = int(target.isupport["USERLEN"]), "abcdefghijklmnopqrstuvwxyz" * 2
    session, nick = connect(), name("al")
    session.send(f"NICK {nick}", f"USER {given} 0 * :Al")
    assert "461" not in _welcome(session)
    user = one(session.ask(f"WHOIS {nick}"), "311").params[2].removeprefix("~")
    assert len(user) <= limit
    assert given.startswith(user)


@pytest.mark.isupport("NAMELEN")
def test_a_long_real_name(connect: Connect, name: Names, target: Target) -> None:
    """IRCv3 setname, "Capabilities": a real name is no longer than NAMELEN."""
    limit, given = int(target.isupport["NAMELEN"]), "x" * 400
    session, nick = connect(), name("al")
    session.send(f"NICK {nick}", f"USER al 0 * :{given}")
    _welcome(session)
    assert one(session.ask(f"WHOIS {nick}"), "311").text == given[:limit]


@pytest.mark.parametrize("line", ["USER", "USER al", "USER al 0", "USER al 0 *"])
def test_user_with_too_few_parameters(connect: Connect, name: Names, line: str) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": USER needs four; a whole one registers after it."""
    session, nick = connect(), name("al")
    session.send(f"NICK {nick}", line)
    assert session.until("461", "001")[-1].params[1] == "USER"
    session.send("USER al 0 * :Al")
    assert session.until("001")[-1].params[0] == nick


@pytest.mark.ours
def test_user_with_an_empty_real_name(connect: Connect, name: Names) -> None:
    """Modern IRC, "USER message": 461 for what is empty; a whole one registers after it."""
    session, nick = connect(), name("al")
    session.send(f"NICK {nick}", "USER al 0 * :")
    assert session.until("461", "001")[-1].params[1] == "USER"
    session.send("USER al 0 * :Al")
    assert session.until("001")[-1].params[0] == nick


def test_pass_without_a_password(connect: Connect, name: Names) -> None:
    """Modern IRC, "PASS message": 461."""
    session = connect()
    session.send("PASS", f"NICK {name('al')}")
    assert session.until("461")[-1].params[1] == "PASS"


def test_nick_without_a_nickname(connect: Connect, name: Names) -> None:
    """Modern IRC, "ERR_NONICKNAMEGIVEN (431)": and a nickname registers after it."""
    session, nick = connect(), name("al")
    session.send("USER al 0 * :Al", "NICK")
    refused = session.until("431", "461")[-1]
    assert (refused.command, refused.params[0]) == ("431", "*")
    session.send(f"NICK {nick}")
    assert session.until("001")[-1].params[0] == nick


def test_a_bad_nickname(connect: Connect, name: Names) -> None:
    """Modern IRC, "ERR_ERRONEUSNICKNAME (432)": and a good one registers after it."""
    session, nick = connect(), name("al")
    session.send("USER al 0 * :Al", "NICK #al")
    assert session.until("432")[-1].params[:2] == ["*", "#al"]
    session.send(f"NICK {nick}")
    assert session.until("001")[-1].params[0] == nick


@pytest.mark.parametrize("change", [str, str.upper])
def test_a_nickname_in_use(
    register: Register, connect: Connect, name: Names, change: Callable[[str], str]
) -> None:
    """Modern IRC, "ERR_NICKNAMEINUSE (433)": in any case; and another registers after it."""
    taken, session, nick = change(register("al").nick), connect(), name("bo")
    session.send("USER bo 0 * :Bo", f"NICK {taken}")
    assert session.until("433", "001")[-1].params[:2] == ["*", taken]
    session.send(f"NICK {nick}")
    assert session.until("001")[-1].params[0] == nick


def test_another_nickname_before_registration_ends(connect: Connect, name: Names) -> None:
    """Modern IRC, "NICK message": the last one before USER counts."""
    session, first, second = connect(), name("al"), name("bo")
    session.send(f"NICK {first}", f"NICK {second}", "USER al 0 * :Al")
    assert session.until("001")[-1].params[0] == second


def test_a_nickname_is_free_when_its_user_has_gone(register: Register, connect: Connect) -> None:
    """Modern IRC, "NICK message": in use means in use now."""
    gone = register("al")
    gone.send("QUIT")
    gone.until_closed()
    session = connect()
    session.send(f"NICK {gone.nick}", "USER al 0 * :Al")
    assert session.until("001", "433")[-1].command == "001"


@pytest.mark.parametrize(
    "line",
    ["JOIN #a", "PRIVMSG #a :hello", "WHO #a", "LIST", "MODE #a", "TOPIC #a", "OPER al secret"],
)
def test_commands_for_users_only(connect: Connect, name: Names, line: str) -> None:
    """Modern IRC, "ERR_NOTREGISTERED (451)": before registration has ended."""
    session, nick = connect(), name("al")
    session.send(f"NICK {nick}", line)
    assert session.until("451")[-1].params[0] in ("*", nick)


@pytest.mark.capability("cap-notify")
def test_nobody_is_there_before_registration_ends(
    register: Register, connect: Connect, name: Names
) -> None:
    """Modern IRC, "Connection Registration": a nickname alone is not yet a user."""
    session, nick = connect(), name("al")
    session.send("CAP LS 302", f"NICK {nick}", "USER al 0 * :Al", "CAP LIST")
    while session.until("CAP")[-1].params[1] != "LIST":
        pass
    assert one(register("bo").ask(f"PRIVMSG {nick} :hello"), "401").params[1] == nick


@pytest.mark.parametrize("line", ["USER other 0 * :Other", "PASS secret"])
def test_registering_twice(register: Register, line: str) -> None:
    """Modern IRC, "ERR_ALREADYREGISTERED (462)": and nothing changes."""
    user = register("al")
    assert one(user.ask(line), "462").params[0] == user.nick
    assert one(user.ask(f"WHOIS {user.nick}"), "311").text == f"Real {user.nick}"
