"""What the tests of channels share: who is in one, which modes it has, what a MODE changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.conformance.conftest import Target
from tests.conformance.session import Line, Session, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]
Operator = Callable[..., Session]

PREFIXES = {"q": "~", "a": "&", "o": "@", "h": "%", "v": "+", "": ""}
"""The modes of a member, from the highest to none, and the prefix of each."""

_ALWAYS = "beIkqaohv"
_WHEN_SET = "lf"


def need(condition: bool, what: str) -> None:
    """Skip the test on a server that lacks this."""
    if not condition:
        pytest.skip(f"the server does not advertise {what}")


def need_prefix(target: Target, letters: str) -> None:
    """Skip the test on a server that does not know these modes of a member."""
    prefix = target.isupport.get("PREFIX", "")
    need(all(letter in prefix for letter in letters), f"the prefix of +{letters}")


def need_elist(target: Target, letter: str) -> None:
    """Skip the test on a server that does not list by this condition."""
    need(letter in target.isupport.get("ELIST", "").upper(), f"ELIST={letter}")


def entries(lines: Iterable[Line]) -> list[str]:
    """Return what the RPL_NAMREPLY among these lines list."""
    return [word for line in only(lines, "353") for word in line.params[3].split()]


def members(session: Session, channel: str) -> set[str]:
    """Return whom NAMES lists, with their prefixes."""
    return set(entries(session.ask(f"NAMES {channel}")))


def modes(session: Session, channel: str) -> set[str]:
    """Return the letters of the modes that a channel has."""
    return set(one(session.ask(f"MODE {channel}"), "324").params[2].lstrip("+"))


def changes(lines: Iterable[Line]) -> list[str]:
    """Return the single changes of the MODE messages among these: `+m`, `+o nick`, `-k key`."""
    found = []
    for line in only(lines, "MODE"):
        letters, *arguments = line.params[1:]
        sign = "+"
        for letter in letters:
            if letter in "+-":
                sign = letter
            elif letter in _ALWAYS or (letter in _WHEN_SET and sign == "+"):
                found.append(f"{sign}{letter} {arguments.pop(0)}")
            else:
                found.append(f"{sign}{letter}")
        assert not arguments, f"parameters that no mode takes: {line}"
    return found


def own_mask(session: Session, channel: str) -> str:
    """Join a channel, and return the `nick!user@host` that the server shows for the user."""
    return one(session.ask(f"JOIN {channel}"), "JOIN").source


def from_(lines: Iterable[Line], nick: str, command: str) -> list[Line]:
    """Return the messages with this command of which this user is the source."""
    return [line for line in only(lines, command) if line.nick == nick]
