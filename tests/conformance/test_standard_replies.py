"""The replies that name what went wrong in a word: FAIL, WARN and NOTE."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.session import Line, commands, one, only

Names = Callable[[str], str]

_UTF8 = "INVALID_UTF8"


def _well_formed(reply: Line) -> bool:
    """Return whether it has a command, a code and a description."""
    return (
        len(reply.params) >= 3
        and " " not in "".join(reply.params[:-1])
        and bool(reply.text)
        and bool(reply.source)
    )


@pytest.mark.ours
@pytest.mark.parametrize(
    "line", ["PRIVMSG {} :", "NOTICE {} :", "TOPIC {} :", "PART {} :", "AWAY :", "NONSENSE :"]
)
def test_a_line_that_is_not_utf8(register: Register, channel: str, line: str) -> None:
    """IRCv3 UTF8ONLY, "INVALID_UTF8": FAIL with the command of the line."""
    user = register("al")
    user.ask(f"JOIN {channel}")
    replies = user.ask(line.format(channel).encode() + b"caf\xe9")
    assert commands(replies) == ["FAIL"]
    assert replies[0].params[:2] == [line.split()[0], _UTF8]
    assert _well_formed(replies[0])


@pytest.mark.ours
def test_a_command_that_is_not_utf8(register: Register) -> None:
    """IRCv3 standard-replies, "Message Format": `*` when the command can not be relayed."""
    replies = register("al").ask(b"CAF\xc9 a :b")
    assert commands(replies) == ["FAIL"]
    assert replies[0].params[:2] == ["*", _UTF8]


@pytest.mark.ours
def test_a_real_name_that_is_not_utf8(connect: Connect, name: Names) -> None:
    """IRCv3 UTF8ONLY, "Examples": before registration as well, which goes on with a good one."""
    session, nick = connect(), name("al")
    session.send(f"NICK {nick}", b"USER al 0 * :caf\xe9")
    assert session.until("FAIL")[-1].params[:2] == ["USER", _UTF8]
    session.send("USER al 0 * :Al")
    assert session.until("001")[-1].params[0] == nick


@pytest.mark.ours
@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE", "TOPIC"])
def test_nothing_of_such_a_line_is_carried_out(
    register: Register, channel: str, command: str
) -> None:
    """IRCv3 UTF8ONLY, "INVALID_UTF8": with FAIL, the message was rejected."""
    al, bo = register("al"), register("bo")
    al.ask(f"JOIN {channel}")
    bo.ask(f"JOIN {channel}")
    al.ask(f"{command} {channel} :".encode() + b"caf\xe9")
    assert bo.read() == []


@pytest.mark.ours
def test_a_label(register: Register) -> None:
    """IRCv3 standard-replies, "Message Format": the label of the command, if it had one."""
    user = register("al", "labeled-response", "batch")
    replies = user.ask(b"@label=a1 PRIVMSG nobody :caf\xe9")
    assert one(replies, "FAIL").tags["label"] == "a1"
    assert len(replies) == 1


@pytest.mark.capability("setname")
@pytest.mark.isupport("NAMELEN")
def test_a_real_name_that_is_too_long(register: Register, target: Target) -> None:
    """IRCv3 setname, "Errors": FAIL SETNAME INVALID_REALNAME, or it is cut."""
    user = register("al", "setname")
    limit = int(target.isupport["NAMELEN"])
    reply = only(user.ask(f"SETNAME :{'x' * (limit + 1)}"), "FAIL", "SETNAME")[0]
    if reply.command == "FAIL":
        assert reply.params[:2] == ["SETNAME", "INVALID_REALNAME"]
        assert _well_formed(reply)
    else:
        assert reply.params == ["x" * limit]


@pytest.mark.capability("standard-replies")
def test_the_capability(register: Register) -> None:
    """IRCv3 standard-replies, "Capabilities": it can be had."""
    user = register("al", "standard-replies")
    assert "standard-replies" in one(user.ask("CAP LIST"), "CAP").text.split()


@pytest.mark.capability("standard-replies")
@pytest.mark.parametrize(
    ("line", "numeric"),
    [
        ("NONSENSE", "421"),
        ("JOIN", "461"),
        ("PRIVMSG nobody-is-this :hello", "401"),
        ("PART #nobody-is-here", "403"),
        ("NICK #a", "432"),
        ("PRIVMSG", "411"),
    ],
)
def test_numerics_stay(register: Register, line: str, numeric: str) -> None:
    """IRCv3 standard-replies, "Capabilities": they do not replace what has a numeric."""
    replies = register("al", "standard-replies").ask(line)
    assert commands(replies) == [numeric]


@pytest.mark.capability("standard-replies")
def test_a_welcome_without_complaints(register: Register) -> None:
    """IRCv3 standard-replies, "Message Format": FAIL says that something could not be done."""
    assert not only(register("al", "standard-replies").welcome, "FAIL")
