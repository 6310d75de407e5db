"""Where a line ends, what its parts are, and how long it may be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.session import Line, Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]


def _size(line: Line) -> int:
    """Return how many bytes a line without tags had, with its CR LF."""
    assert not line.tags
    return len(line.raw.encode()) + 2


# --- Lines and packets


def test_many_lines_in_one_packet(register: Register) -> None:
    """Modern IRC, "Message Format": a stream of messages, answered in order."""
    user = register("al")
    user.send_raw(b"".join(b"PING t%d\r\n" % i for i in range(50)))
    assert [line.text for line in only(user.read(), "PONG")] == [f"t{i}" for i in range(50)]


def test_one_line_in_many_packets(register: Register) -> None:
    """Modern IRC, "Message Format": processed when its end has come, and not before."""
    al, bo = register("al"), register("bo")
    line = f"PRIVMSG {bo.nick} :in pieces\r\n".encode()
    for i in range(len(line) - 1):
        al.send_raw(line[i : i + 1])
        assert bo.read() == []
    al.send_raw(line[-1:])
    al.read()
    assert one(bo.read(), "PRIVMSG").text == "in pieces"


def test_a_character_in_two_packets(register: Register) -> None:
    """Modern IRC, "Message Format": bytes are decoded when the line is whole."""
    al, bo = register("al"), register("bo")
    line = f"PRIVMSG {bo.nick} :1 €\r\n".encode()
    al.send_raw(line[:-4])
    bo.read()
    al.send_raw(line[-4:])
    al.read()
    assert one(bo.read(), "PRIVMSG").text == "1 €"


def test_the_end_of_a_line_in_two_packets(register: Register) -> None:
    """Modern IRC, "Message Format": CR and LF are one end."""
    al, bo = register("al"), register("bo")
    al.send_raw(f"PRIVMSG {bo.nick} :one\r".encode())
    found = bo.read()
    al.send_raw(f"\nPRIVMSG {bo.nick} :two\r\n".encode())
    al.read()
    assert [line.text for line in only(found + bo.read(), "PRIVMSG")] == ["one", "two"]


def test_a_line_that_never_ends(room: Room, channel: str) -> None:
    """Modern IRC, "Message Format": what has no end is no message."""
    al, bo = room("al", "bo")
    al.send_raw(f"PRIVMSG {channel} :half".encode())
    al.close()
    assert "PRIVMSG" not in commands(bo.until("QUIT"))


def test_lf_alone(register: Register) -> None:
    """Modern IRC, "Compatibility with incorrect software": LF as if it were CR LF."""
    user = register("al")
    user.send_raw(b"PING one\nPING two\r\nPING three\n")
    assert [line.text for line in only(user.read(), "PONG")] == ["one", "two", "three"]


def test_registration_with_lf_alone(connect: Connect, name: Names) -> None:
    """Modern IRC, "Compatibility with incorrect software": from the first line on."""
    session, nick = connect(), name("al")
    session.send_raw(f"NICK {nick}\nUSER al 0 * :Al\n".encode())
    assert session.until("001")[-1].params[0] == nick


@pytest.mark.parametrize("empty", [b"\r\n", b"\r\n\r\n\r\n", b"\n", b"\n\r\n\n"])
def test_empty_lines(register: Register, empty: bytes) -> None:
    """Modern IRC, "Message Format": ignored silently."""
    user = register("al")
    user.send_raw(empty)
    assert user.read() == []


# --- The parts of a line


@pytest.mark.ours
def test_spaces_in_front(register: Register) -> None:
    """Modern IRC, "Message Format": not in the grammar; ours makes nothing of them."""
    al, bo = register("al"), register("bo")
    al.ask(f"  PRIVMSG {bo.nick} :hello")
    assert one(bo.read(), "PRIVMSG").params == [bo.nick, "hello"]


def test_several_spaces(register: Register) -> None:
    """Modern IRC, "Message Format": one or more between the parts."""
    al, bo = register("al"), register("bo")
    al.ask(f"PRIVMSG   {bo.nick}    :hello")
    assert one(bo.read(), "PRIVMSG").params == [bo.nick, "hello"]


def test_spaces_at_the_end(register: Register) -> None:
    """Modern IRC, "Parameters": an empty parameter needs a colon."""
    al, bo = register("al"), register("bo")
    assert only(al.ask(f"PRIVMSG {bo.nick}   "), "412", "461")
    al.ask(f"PRIVMSG {bo.nick} hello  ")
    assert one(bo.read(), "PRIVMSG").text == "hello"


@pytest.mark.parametrize("command", ["privmsg", "PrivMsg", "PRIVMSG"])
def test_commands_in_any_case(register: Register, command: str) -> None:
    """Modern IRC, "Command": the letters of a command, as RFC 1459 has it, in either case."""
    al, bo = register("al"), register("bo")
    al.ask(f"{command} {bo.nick} :hello")
    assert one(bo.read(), "PRIVMSG").text == "hello"


@pytest.mark.parametrize("source", ["{bo}", "{bo}!b@host", "irc.example.org"])
def test_a_false_source(room: Room, channel: str, source: str) -> None:
    """Modern IRC, "Source": the true origin of a message, whatever the client says."""
    al, bo, cy = room("al", "bo", "cy")
    al.send(f":{source.format(bo=bo.nick)} PRIVMSG {channel} :hello", "QUIT")
    al.close()
    assert {line.nick for line in only(cy.until("QUIT"), "PRIVMSG")} <= {al.nick}


@pytest.mark.ours
@pytest.mark.parametrize("source", ["{al}", "nobody", "nobody!x@y", "irc.example.org"])
def test_a_source_is_ignored(register: Register, source: str) -> None:
    """Modern IRC, "Source": clients must not send one; ours carries the command out."""
    al, bo = register("al"), register("bo")
    al.ask(f":{source.format(al=al.nick)} PRIVMSG {bo.nick} :hello")
    seen = one(bo.read(), "PRIVMSG")
    assert (seen.nick, seen.params) == (al.nick, [bo.nick, "hello"])


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("hello", "hello"),
        (":hello", "hello"),
        ("::-)", ":-)"),
        (": two  spaces ", " two  spaces "),
        (":a :b", "a :b"),
        ("a:b", "a:b"),
        (": ", " "),
        (":#a b", "#a b"),
    ],
)
def test_the_last_parameter(register: Register, sent: str, text: str) -> None:
    """Modern IRC, "Parameters": a colon in front is the only difference."""
    al, bo = register("al"), register("bo")
    al.ask(f"PRIVMSG {bo.nick} {sent}")
    assert one(bo.read(), "PRIVMSG").params == [bo.nick, text]


def test_a_colon_that_every_parameter_may_have(register: Register, name: Names) -> None:
    """Modern IRC, "Parameters": the only parameter is the last one."""
    user, channel = register("al"), name("#c")
    assert one(user.ask(f"JOIN :{channel}"), "JOIN").params == [channel]


@pytest.mark.isupport("MODES")
def test_fifteen_parameters(room: Room, channel: str, target: Target) -> None:
    """Modern IRC, "Parameters": every one of them is read."""
    if int(target.isupport["MODES"] or 13) < 13:
        pytest.skip("the server takes fewer modes at once")
    masks = [f"m{i}!*@*" for i in range(13)]
    al = room("al")[0]
    al.ask(f"MODE {channel} +{'b' * 13} {' '.join(masks)}")
    replies = only(al.ask(f"MODE {channel} b"), "367")
    assert {reply.params[2] for reply in replies} == set(masks)


# --- The length of a line


def test_the_longest_line(register: Register) -> None:
    """Modern IRC, "Message Format": 512 bytes with CR LF are one message."""
    al, bo = register("al"), register("bo")
    start = f"PRIVMSG {bo.nick} :"
    assert al.ask(start + "x" * (510 - len(start))) == []
    assert one(bo.read(), "PRIVMSG").text.startswith("x" * 300)


def test_what_is_relayed_is_no_longer_either(register: Register) -> None:
    """Modern IRC, "Message Format": the source counts; what does not fit is cut."""
    al, bo = register("al"), register("bo")
    start = f"PRIVMSG {bo.nick} :"
    al.ask(start + "x" * (510 - len(start)))
    assert _size(one(bo.read(), "PRIVMSG")) <= 512


@pytest.mark.isupport("UTF8ONLY")
@pytest.mark.parametrize("before", range(4))
def test_a_cut_between_two_characters(register: Register, before: int) -> None:
    """IRCv3 UTF8ONLY, "Implementation considerations": never in the middle of one."""
    al, bo = register("al"), register("bo")
    text = "x" * before + "😀" * 120
    al.ask(f"PRIVMSG {bo.nick} :{text}")
    seen = one(bo.read(), "PRIVMSG")
    assert _size(seen) <= 512
    assert text.startswith(seen.text)
    assert len(seen.text) > 80


@pytest.mark.parametrize("length", [510, 512, 1_022, 1_024])
def test_the_rest_of_a_line_that_is_too_long(room: Room, channel: str, length: int) -> None:
    """Modern IRC, "Compatibility with incorrect software": no part of it is another message."""
    al, bo = room("al", "bo")
    start = f"PRIVMSG {channel} :"
    al.send(start + "x" * (length - len(start)) + f"PRIVMSG {channel} :smuggled", "QUIT")
    al.close()
    assert "smuggled" not in [line.text for line in bo.until("QUIT")]


@pytest.mark.ours
@pytest.mark.parametrize("length", [511, 600, 20_000])
def test_a_line_that_is_too_long_is_dropped(register: Register, length: int) -> None:
    """Modern IRC, "ERR_INPUTTOOLONG (417)": once, and nothing of the line is carried out."""
    al, bo = register("al"), register("bo")
    start = f"PRIVMSG {bo.nick} :"
    assert one(al.ask(start + "x" * (length - len(start))), "417").params[0] == al.nick
    assert bo.read() == []


@pytest.mark.ours
def test_a_line_that_is_too_long_counts_bytes(register: Register) -> None:
    """Modern IRC, "Message Format": bytes, not characters."""
    al, bo = register("al"), register("bo")
    one(al.ask(f"PRIVMSG {bo.nick} :{'é' * 250}"), "417")
    assert bo.read() == []


# --- Characters


def test_any_text_arrives_as_it_was_sent(register: Register) -> None:
    """Modern IRC, "Client-to-Server Protocol Structure": UTF-8, and formatting characters."""
    al, bo = register("al"), register("bo")
    text = "\x02b\x02 \x1di\x1f\x16\x11\x1e \x0304,02c\x0f ž 日本 😀 e\u0301 \u200d\ufe0f\t\x7f"
    al.ask(f"PRIVMSG {bo.nick} :{text}")
    assert one(bo.read(), "PRIVMSG").text == text


@pytest.mark.isupport("UTF8ONLY")
@pytest.mark.parametrize("bad", [b"caf\xe9", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xe2\x82"])
def test_only_utf8_is_relayed(register: Register, bad: bytes) -> None:
    """IRCv3 UTF8ONLY: nothing else is; the connection goes on."""
    al, bo = register("al"), register("bo")
    al.ask(f"PRIVMSG {bo.nick} :".encode() + bad)
    bo.read()  # it decodes every line
    al.ask(f"PRIVMSG {bo.nick} :next")
    assert one(bo.read(), "PRIVMSG").text == "next"


@pytest.mark.parametrize("line", [b"a\0b", b"\0", b"end\0"])
def test_nul_is_never_relayed(room: Room, channel: str, line: bytes) -> None:
    """Modern IRC, "Parameters": the one character beside CR and LF that none can have."""
    al, bo = room("al", "bo")
    al.send(f"PRIVMSG {channel} :".encode() + line, "QUIT")
    al.close()
    assert not [seen for seen in bo.until("QUIT") if "\0" in seen.raw]
