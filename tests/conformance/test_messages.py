"""PRIVMSG and NOTICE (Modern IRC, "Sending Messages")."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register, Target
from tests.conformance.session import Session, commands, one, only

Room = Callable[..., list[Session]]
Name = Callable[[str], str]

both = pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])


@both
def test_to_a_user(register: Register, command: str) -> None:
    """Modern IRC, "PRIVMSG message", "NOTICE message": it says who, to whom, and what."""
    al, bo = register("al"), register("bo")
    assert al.ask(f"{command} {bo.nick} :good morning") == []
    line = one(bo.read(), command)
    assert line.params == [bo.nick, "good morning"]
    assert line.source.startswith(f"{al.nick}!")
    assert "@" in line.source


@both
def test_to_a_channel(room: Room, channel: str, command: str) -> None:
    """Modern IRC, "PRIVMSG message": all members but the sender get it, with the channel."""
    al, bo, cy = room("al", "bo", "cy")
    assert al.ask(f"{command} {channel} :good morning") == []
    for member in (bo, cy):
        line = one(member.read(), command)
        assert line.nick == al.nick
        assert line.params == [channel, "good morning"]


def test_nobody_else_gets_it(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "PRIVMSG message": it is for its target alone."""
    al, bo, cy = room("al", "bo", "cy")
    outsider = register("di")
    al.ask(f"PRIVMSG {bo.nick} :psst", f"PRIVMSG {channel} :hi")
    assert [line.text for line in only(cy.read(), "PRIVMSG")] == ["hi"]
    assert "PRIVMSG" not in commands(outsider.read())


@both
def test_to_oneself(register: Register, command: str) -> None:
    """Modern IRC, "PRIVMSG message": one's own nickname is a target like others."""
    al = register("al")
    line = one(al.ask(f"{command} {al.nick} :note"), command)
    assert (line.nick, line.params) == (al.nick, [al.nick, "note"])


def test_to_a_nickname_in_the_other_case(register: Register) -> None:
    """Modern IRC, "Casemapping": names of clients are compared without case."""
    al, bo = register("al"), register("bo")
    assert al.ask(f"PRIVMSG {bo.nick.upper()} :hi") == []
    assert one(bo.read(), "PRIVMSG").text == "hi"


def test_to_a_channel_in_the_other_case(room: Room, channel: str) -> None:
    """Modern IRC, "Casemapping": names of channels are compared without case."""
    al, bo = room("al", "bo")
    assert al.ask(f"PRIVMSG {channel.upper()} :hi") == []
    assert one(bo.read(), "PRIVMSG").text == "hi"


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("word", "word"),
        (":two words", "two words"),
        (":  spaces  ", "  spaces  "),
        ("::)", ":)"),
        (":a : b", "a : b"),
        (": ", " "),
        (":tab\there", "tab\there"),
        (":\x02bold\x0f \x0304red", "\x02bold\x0f \x0304red"),
        (":\x01ACTION waves\x01", "\x01ACTION waves\x01"),
        (":\N{GREEK SMALL LETTER ALPHA}\N{GRINNING FACE}", "\u03b1\U0001f600"),
        (":e\u0301 is two characters", "e\u0301 is two characters"),
    ],
)
def test_the_text_stays_as_it_is(register: Register, sent: str, text: str) -> None:
    """Modern IRC, "Parameters": the last one is anything, and is passed on unchanged."""
    al, bo = register("al"), register("bo")
    assert al.ask(f"PRIVMSG {bo.nick} {sent}") == []
    assert one(bo.read(), "PRIVMSG").text == text


def test_messages_keep_their_order(register: Register) -> None:
    """Modern IRC, "Message Format": what one client sends arrives in that order."""
    al, bo = register("al"), register("bo")
    al.ask(*(f"PRIVMSG {bo.nick} :{number}" for number in range(20)))
    assert [line.text for line in bo.read()] == [str(number) for number in range(20)]


# --- Errors


def test_to_nobody_who_exists(register: Register, name: Name) -> None:
    """Modern IRC, "ERR_NOSUCHNICK (401)": with the nickname."""
    al = register("al")
    missing = name("nobody")
    assert one(al.ask(f"PRIVMSG {missing} :hi"), "401").params[:2] == [al.nick, missing]


def test_to_somebody_who_has_left(register: Register) -> None:
    """Modern IRC, "ERR_NOSUCHNICK (401)": there is no such client any more."""
    al, bo = register("al"), register("bo")
    bo.send("QUIT")
    bo.until_closed()
    assert one(al.ask(f"PRIVMSG {bo.nick} :hi"), "401").params[1] == bo.nick


def test_to_a_channel_that_does_not_exist(register: Register, channel: str) -> None:
    """Modern IRC, "ERR_NOSUCHCHANNEL (403)", "ERR_NOSUCHNICK (401)": one of them, with the name."""
    al = register("al")
    (line,) = al.ask(f"PRIVMSG {channel} :hi")
    assert line.command in ("401", "403", "404")
    assert line.params[:2] == [al.nick, channel]


@pytest.mark.ours
def test_we_say_that_there_is_no_such_channel(register: Register, channel: str) -> None:
    """Modern IRC, "ERR_NOSUCHCHANNEL (403)": no channel can be found with the name."""
    assert one(register("al").ask(f"PRIVMSG {channel} :hi"), "403").params[1] == channel


def test_from_outside_a_closed_channel(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "ERR_CANNOTSENDTOCHAN (404)": not a member, and the channel is +n."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +n")
    outsider = register("di")
    assert one(outsider.ask(f"PRIVMSG {channel} :hi"), "404").params[:2] == [outsider.nick, channel]
    assert "PRIVMSG" not in commands(al.read())


def test_from_outside_an_open_channel(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "No External Messages Mode": without it anybody can send."""
    (al,) = room("al")
    al.ask(f"MODE {channel} -n")
    assert register("di").ask(f"PRIVMSG {channel} :hi") == []
    assert one(al.read(), "PRIVMSG").text == "hi"


def test_without_parameters(register: Register) -> None:
    """Modern IRC, "ERR_NORECIPIENT (411)": no recipient given."""
    al = register("al")
    assert one(al.ask("PRIVMSG"), "411").params[0] == al.nick


@pytest.mark.parametrize("end", ["", " :"])
def test_without_a_text(register: Register, end: str) -> None:
    """Modern IRC, "ERR_NOTEXTTOSEND (412)": no text, or an empty one."""
    al, bo = register("al"), register("bo")
    assert one(al.ask(f"PRIVMSG {bo.nick}{end}"), "412").params[0] == al.nick
    assert bo.read() == []


@pytest.mark.parametrize(
    "line", ["NOTICE", "NOTICE {bo}", "NOTICE {bo} :", "NOTICE {nick} :hi", "NOTICE {channel} :hi"]
)
def test_a_notice_gets_no_error(register: Register, name: Name, channel: str, line: str) -> None:
    """Modern IRC, "NOTICE message": the server must not send any error back."""
    al, bo = register("al"), register("bo")
    assert al.ask(line.format(bo=bo.nick, nick=name("nobody"), channel=channel)) == []
    assert bo.read() == []


def test_a_notice_from_outside_gets_no_error(room: Room, register: Register, channel: str) -> None:
    """Modern IRC, "NOTICE message": nor when the channel does not let it in."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +n")
    assert register("di").ask(f"NOTICE {channel} :hi") == []
    assert al.read() == []


# --- Several targets


@both
def test_to_several(
    target: Target, room: Room, register: Register, channel: str, command: str
) -> None:
    """Modern IRC, "PRIVMSG message": each target gets it, with itself as the target."""
    if not target.ours and f"{command}:1" in target.isupport.get("TARGMAX", ""):
        pytest.skip("the server takes one target")
    al, bo = room("al", "bo")
    cy = register("cy")
    assert al.ask(f"{command} {channel},{cy.nick},{bo.nick} :hi") == []
    assert [line.params for line in only(bo.read(), command)] == [[channel, "hi"], [bo.nick, "hi"]]
    assert one(cy.read(), command).params == [cy.nick, "hi"]


def test_one_of_several_does_not_exist(register: Register, name: Name) -> None:
    """Modern IRC, "PRIVMSG message": the error is for its target, the others get the message."""
    al, bo = register("al"), register("bo")
    missing = name("nobody")
    assert one(al.ask(f"PRIVMSG {missing},{bo.nick} :hi"), "401").params[1] == missing
    assert one(bo.read(), "PRIVMSG").text == "hi"


@pytest.mark.ours
def test_to_too_many(target: Target, register: Register) -> None:
    """Modern IRC, "ERR_TOOMANYTARGETS (407)", "TARGMAX": not to more than it says."""
    al, *others = [register("u") for _ in range(6)]
    lines = al.ask(f"PRIVMSG {','.join(user.nick for user in others)} :hi")
    assert one(lines, "407").params[0] == al.nick
    assert others[-1].read() == []


@pytest.mark.ours
def test_a_notice_to_too_many(register: Register) -> None:
    """Modern IRC, "NOTICE message": no error for that either."""
    al, *others = [register("u") for _ in range(6)]
    assert al.ask(f"NOTICE {','.join(user.nick for user in others)} :hi") == []
    assert others[-1].read() == []


# --- Away


def test_to_somebody_who_is_away(register: Register) -> None:
    """Modern IRC, "AWAY message", "RPL_AWAY (301)": told, and the message is delivered."""
    al, bo = register("al"), register("bo")
    bo.ask("AWAY :at lunch")
    assert one(al.ask(f"PRIVMSG {bo.nick} :hi"), "301").params == [al.nick, bo.nick, "at lunch"]
    assert one(bo.read(), "PRIVMSG").text == "hi"


def test_to_somebody_who_is_back(register: Register) -> None:
    """Modern IRC, "AWAY message": nothing is told of who is back."""
    al, bo = register("al"), register("bo")
    bo.ask("AWAY :at lunch", "AWAY")
    assert al.ask(f"PRIVMSG {bo.nick} :hi") == []


def test_a_notice_to_somebody_who_is_away(register: Register) -> None:
    """Modern IRC, "NOTICE message": no automatic reply, not even that."""
    al, bo = register("al"), register("bo")
    bo.ask("AWAY :at lunch")
    assert al.ask(f"NOTICE {bo.nick} :hi") == []


def test_to_a_channel_with_somebody_who_is_away(room: Room, channel: str) -> None:
    """Modern IRC, "AWAY message": it is told for the user as a target, not for the channel."""
    al, bo = room("al", "bo")
    bo.ask("AWAY :at lunch")
    assert "301" not in commands(al.ask(f"PRIVMSG {channel} :hi"))


# --- Long lines


def test_a_long_text_fits_when_it_is_passed_on(register: Register) -> None:
    """Modern IRC, "Message Format": no line has more than 512 bytes, CR LF with it."""
    al, bo = register("al"), register("bo")
    head = f"PRIVMSG {bo.nick} :"
    sent = "x" * (510 - len(head))
    al.ask(head + sent)
    line = one(bo.read(), "PRIVMSG")
    assert len(line.raw) <= 510
    assert line.text.startswith(sent[:400])


@pytest.mark.isupport("UTF8ONLY")
@pytest.mark.parametrize("shift", range(4))
def test_a_long_text_is_cut_at_a_character(register: Register, shift: int) -> None:
    """IRCv3 utf8-only, "Implementation considerations": not in the middle of one."""
    al, bo = register("al"), register("bo")
    head = f"PRIVMSG {bo.nick} :"
    sent = "x" * shift + "\N{GRINNING FACE}" * ((510 - len(head) - shift) // 4)
    al.ask(head + sent)
    line = one(bo.read(), "PRIVMSG")
    assert 500 < len(line.raw.encode()) <= 510
    assert sent.startswith(line.text)


@both
def test_a_channel_twice_in_a_list_of_targets(
    room: Room, channel: str, target: Target, command: str
) -> None:
    """Modern IRC, "Casemapping": in other letters it is the same channel, and gets it once."""
    limits = target.isupport.get("TARGMAX", "").upper().split(",")
    if any(f"{command}:{number}" in limits for number in ("0", "1")):
        pytest.skip("the server takes one target at a time")
    al, bo = room("al", "bo")
    al.ask(f"{command} {channel},{channel.upper()} :once")
    assert [line.text for line in only(bo.read(), command)] == ["once"]
