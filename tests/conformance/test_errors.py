"""Commands that can not be carried out at all (Modern IRC, "Numerics": 421, 461, 451)."""

from __future__ import annotations

from tests.conformance.conftest import Connect, Register
from tests.conformance.session import one


def test_an_unknown_command(register: Register) -> None:
    """Modern IRC, "ERR_UNKNOWNCOMMAND (421)": the command is the parameter before the text."""
    user = register("al")
    reply = one(user.ask("NONSENSE with parameters"), "421")
    assert reply.params[:2] == [user.nick, "NONSENSE"]


def test_a_command_before_registration(connect: Connect) -> None:
    """Modern IRC, "ERR_NOTREGISTERED (451)": the client is `*` while it has no nickname."""
    session = connect()
    session.send("PING first", "JOIN #a")
    assert session.until("451")[-1].params[0] == "*"
