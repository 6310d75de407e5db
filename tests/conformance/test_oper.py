"""IRC operators and what they can do (Modern IRC, "Operator Messages", "OPER message")."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import OPER, Register
from tests.conformance.session import Session, commands, one, only

Operator = Callable[..., Session]
Room = Callable[..., list[Session]]
Name = Callable[[str], str]


# --- OPER


@pytest.mark.ours
def test_becoming_an_operator(register: Register) -> None:
    """Modern IRC, "OPER message", "RPL_YOUREOPER (381)": and a MODE that tells of it."""
    al = register("al")
    al.send(f"OPER {OPER[0]} {OPER[1]}")
    lines = al.until("381") + al.read()
    assert one(lines, "381").params[0] == al.nick
    line = one(lines, "MODE")
    assert line.params[0] == al.nick
    assert "o" in line.params[1].partition("-")[0]
    assert "o" in one(al.ask(f"MODE {al.nick}"), "221").params[1]


@pytest.mark.ours
@pytest.mark.parametrize(
    ("user", "password"), [(OPER[0], "wrong"), ("nobody", OPER[1]), ("nobody", "wrong")]
)
def test_a_wrong_password(register: Register, user: str, password: str) -> None:
    """Modern IRC, "ERR_PASSWDMISMATCH (464)": nothing tells a wrong name from a wrong password."""
    al = register("al")
    al.send(f"OPER {user} {password}")
    line = al.until("464")[-1]
    assert line.params[0] == al.nick
    assert "o" not in one(al.ask(f"MODE {al.nick}"), "221").params[1]


@pytest.mark.parametrize("line", ["OPER", "OPER somebody"])
def test_too_few_parameters(register: Register, line: str) -> None:
    """Modern IRC, "OPER message", "ERR_NEEDMOREPARAMS (461)": both are required."""
    al = register("al")
    assert one(al.ask(line), "461").params[:2] == [al.nick, "OPER"]


@pytest.mark.ours
def test_others_see_it(operator: Operator, register: Register) -> None:
    """Modern IRC, "RPL_USERHOST (302)", "RPL_WHOISOPERATOR (313)": who is an operator."""
    op, al = operator("op"), register("al")
    assert one(al.ask(f"USERHOST {op.nick}"), "302").text.startswith(f"{op.nick}*=")
    assert one(al.ask(f"WHOIS {op.nick}"), "313").params[1] == op.nick


@pytest.mark.ours
def test_no_longer_an_operator(operator: Operator) -> None:
    """Modern IRC, "Oper User Mode": without the mode there are no privileges."""
    op = operator("op")
    assert one(op.ask(f"MODE {op.nick} -o"), "MODE").params == [op.nick, "-o"]
    one(op.ask("REHASH"), "481")


@pytest.mark.parametrize("line", ["KILL {nick} :out", "REHASH", "WALLOPS :hello"])
def test_not_an_operator(register: Register, line: str) -> None:
    """Modern IRC, "ERR_NOPRIVILEGES (481)": the commands of operators are theirs alone."""
    al, bo = register("al"), register("bo")
    assert one(al.ask(line.format(nick=bo.nick)), "481").params[0] == al.nick
    assert bo.read() == []


@pytest.mark.ours
@pytest.mark.parametrize(
    "line",
    [
        "SAJOIN {channel}",
        "SAMODE {channel} +m",
        "KLINE nobody!*@192.0.2.200",
        "DLINE 192.0.2.200",
        "UNKLINE nobody!*@192.0.2.200",
        "UNDLINE 192.0.2.200",
        "CHGHOST {nick} new.example",
    ],
)
def test_not_one_of_our_operators(register: Register, channel: str, line: str) -> None:
    """Modern IRC, "ERR_NOPRIVILEGES (481)": those that no text names as well."""
    al = register("al")
    assert one(al.ask(line.format(channel=channel, nick=al.nick)), "481").params[0] == al.nick


@pytest.mark.ours
@pytest.mark.parametrize(
    "command",
    ["KILL", "WALLOPS", "SAJOIN", "SAMODE", "KLINE", "DLINE", "UNKLINE", "UNDLINE", "CHGHOST"],
)
def test_an_operator_forgets_the_parameters(operator: Operator, command: str) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": with the command."""
    op = operator("op")
    assert one(op.ask(command), "461").params[:2] == [op.nick, command]


@pytest.mark.ours
def test_no_rights_in_channels(operator: Operator, room: Room, channel: str) -> None:
    """Modern IRC, "ERR_CHANOPRIVSNEEDED (482)": a server's operator is not a channel's."""
    room("al")
    op = operator("op")
    op.ask(f"JOIN {channel}")
    one(op.ask(f"MODE {channel} +m"), "482")
    one(op.ask(f"TOPIC {channel} :mine"), "482")


# --- KILL


@pytest.mark.ours
def test_kill(operator: Operator, register: Register) -> None:
    """Modern IRC, "KILL message": ERROR with the comment, and the connection is closed."""
    op, al = operator("op"), register("al")
    op.ask(f"KILL {al.nick} :enough of it")
    lines = al.until_closed()
    assert lines[-1].command == "ERROR"
    assert "enough of it" in lines[-1].text


@pytest.mark.ours
def test_the_victim_is_told(operator: Operator, register: Register) -> None:
    """Modern IRC, "KILL message": the client being killed receives KILL, from the operator."""
    op, al = operator("op"), register("al")
    op.ask(f"KILL {al.nick} :enough of it")
    line = one(al.until_closed(), "KILL")
    assert (line.nick, line.params[0]) == (op.nick, al.nick)


@pytest.mark.ours
def test_others_see_a_quit(operator: Operator, room: Room, register: Register) -> None:
    """Modern IRC, "KILL message": who shares a channel sees QUIT, with operator and comment."""
    op, outsider = operator("op"), register("di")
    al, bo = room("al", "bo")
    op.ask(f"KILL {al.nick} :enough of it")
    line = one(bo.read(), "QUIT")
    assert line.nick == al.nick
    assert op.nick in line.text
    assert "enough of it" in line.text
    assert outsider.read() == []


@pytest.mark.ours
def test_the_nickname_is_free_again(operator: Operator, register: Register) -> None:
    """Modern IRC, "KILL message": clients can come back at once."""
    op, al, bo = operator("op"), register("al"), register("bo")
    op.ask(f"KILL {al.nick.upper()} :enough of it")
    al.until_closed()
    assert one(bo.ask(f"NICK {al.nick}"), "NICK").text == al.nick


@pytest.mark.ours
def test_kill_nobody(operator: Operator, name: Name) -> None:
    """Modern IRC, "ERR_NOSUCHNICK (401)": there is no such client."""
    op, missing = operator("op"), name("nobody")
    assert one(op.ask(f"KILL {missing} :out"), "401").params[:2] == [op.nick, missing]


@pytest.mark.ours
def test_kill_a_server(operator: Operator) -> None:
    """Modern IRC, "ERR_CANTKILLSERVER (483)": a server is no client."""
    assert commands(operator("op").ask("KILL irc.test :out")) in (["483"], ["401"])


# --- WALLOPS, REHASH


@pytest.mark.ours
def test_wallops(operator: Operator, register: Register) -> None:
    """Modern IRC, "WALLOPS message": to those with the mode +w, and to no other."""
    op, al, bo = operator("op"), register("al"), register("bo")
    al.ask(f"MODE {al.nick} +w")
    bo.ask(f"MODE {bo.nick} -w")
    op.ask("WALLOPS :the server restarts soon")
    line = one(al.read(), "WALLOPS")
    assert line.params == ["the server restarts soon"]
    assert line.nick in (op.nick, "irc.test")
    assert bo.read() == []


@pytest.mark.ours
def test_wallops_is_not_for_everybody_by_default(operator: Operator, register: Register) -> None:
    """Modern IRC, "WALLOPS message": users set the mode for themselves."""
    op, al = operator("op"), register("al")
    op.ask("WALLOPS :the server restarts soon")
    assert al.read() == []


@pytest.mark.ours
def test_rehash(operator: Operator) -> None:
    """Modern IRC, "RPL_REHASHING (382)": with what is read again; the outcome is told."""
    op = operator("op")
    op.send("REHASH")
    line = op.until("382")[-1]
    assert line.params[0] == op.nick
    assert len(line.params) == 3
    assert op.until("NOTICE")[-1].params[0] == op.nick


# --- SAJOIN, SAMODE


@pytest.mark.ours
@pytest.mark.parametrize("mode", ["+i", "+k secret", "+l 1", "+b *!*@*", "+R"])
def test_sajoin(operator: Operator, room: Room, channel: str, mode: str) -> None:
    """Modern IRC, "JOIN message": an operator gets in where nobody does."""
    (al,) = room("al")
    al.ask(f"MODE {channel} {mode}")
    op = operator("op")
    lines = op.ask(f"SAJOIN {channel}")
    assert one(lines, "JOIN").params[0] == channel
    assert "366" in commands(lines)
    assert one(al.read(), "JOIN").nick == op.nick


@pytest.mark.ours
def test_sajoin_somebody_else(
    operator: Operator, register: Register, room: Room, channel: str
) -> None:
    """Modern IRC, "JOIN message": the other user is joined, and told what a member is told."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +i")
    op, bo = operator("op"), register("bo")
    op.ask(f"SAJOIN {bo.nick} {channel}")
    lines = bo.read()
    assert one(lines, "JOIN").params[0] == channel
    assert {"353", "366"} <= set(commands(lines))
    assert one(al.read(), "JOIN").nick == bo.nick


@pytest.mark.ours
def test_sajoin_several(operator: Operator, name: Name) -> None:
    """Modern IRC, "JOIN message": a list of channels."""
    first, second = name("#c"), name("#c")
    lines = operator("op").ask(f"SAJOIN {first},{second}")
    assert [line.params[0] for line in only(lines, "JOIN")] == [first, second]


@pytest.mark.ours
def test_sajoin_nobody(operator: Operator, name: Name, channel: str) -> None:
    """Modern IRC, "ERR_NOSUCHNICK (401)": there is no such client."""
    missing = name("nobody")
    assert one(operator("op").ask(f"SAJOIN {missing} {channel}"), "401").params[1] == missing


@pytest.mark.ours
def test_samode(operator: Operator, room: Room, channel: str) -> None:
    """Modern IRC, "MODE message": without being a member, and all members see it."""
    al, bo = room("al", "bo")
    operator("op").ask(f"SAMODE {channel} +m-o+v {al.nick} {bo.nick}")
    line = one(bo.read(), "MODE")
    assert line.params == [channel, "+m-o+v", al.nick, bo.nick]
    assert one(al.read(), "MODE").params == line.params
    one(al.ask(f"MODE {channel} -m"), "482")


@pytest.mark.ours
def test_samode_in_no_channel(operator: Operator, channel: str) -> None:
    """Modern IRC, "ERR_NOSUCHCHANNEL (403)": there is no such channel."""
    assert one(operator("op").ask(f"SAMODE {channel} +m"), "403").params[1] == channel


# --- Messages to everybody


@pytest.mark.ours
@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_to_everybody(operator: Operator, register: Register, command: str) -> None:
    """Modern IRC, "PRIVMSG message": a target with a dollar is a server, with all its clients."""
    op, al, bo = operator("op"), register("al"), register("bo")
    assert op.ask(f"{command} $* :the server restarts soon") == []
    for user in (al, bo):
        line = one(user.read(), command)
        assert line.nick == op.nick
        assert line.params[0].startswith("$")
        assert line.text == "the server restarts soon"


@pytest.mark.ours
def test_only_operators_write_to_everybody(register: Register) -> None:
    """Modern IRC, "ERR_NOPRIVILEGES (481)"; and a NOTICE is never answered."""
    al, bo = register("al"), register("bo")
    assert commands(al.ask("PRIVMSG $* :spam", "NOTICE $* :spam")) == ["481"]
    assert bo.read() == []


@pytest.mark.ours
def test_another_server(operator: Operator, register: Register) -> None:
    """Modern IRC, "ERR_NOSUCHSERVER (402)": no server is called so."""
    op, al = operator("op"), register("al")
    one(op.ask("PRIVMSG $elsewhere.example :hello"), "402")
    assert al.read() == []
