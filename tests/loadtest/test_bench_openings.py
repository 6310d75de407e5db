"""The table of hostile openings says what the server and its settings are."""

from __future__ import annotations

import re
import tomllib

import pytest

from loadtest.bench import openings
from loadtest.bench.openings import OPENINGS, Opening
from loadtest.bench.servers import SETTINGS
from trio_chat.server.web import exchange

WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
SHAKEN = b"HTTP/1.1 101 \r\nUpgrade: websocket\r\n\r\n"


def test_names_are_different() -> None:
    assert len(OPENINGS) == len(openings._ALL)


def test_deadlines_are_those_of_the_server() -> None:
    settings = tomllib.loads((SETTINGS / "hostile.toml").read_text())["connections"]
    assert settings["registration_timeout"] == openings.REGISTRATION
    assert settings["ping_timeout"] == openings.WRITING
    assert (exchange.HEAD, exchange.IDLE) == (openings.HEAD, openings.IDLE)


def test_nobody_who_attacks_is_exempt() -> None:
    settings = tomllib.loads((SETTINGS / "hostile.toml").read_text())
    assert settings["flood"] == {"exempt": ["127.0.0.1"]}
    assert settings["connections"]["exempt"] == ["127.0.0.1"]


@pytest.mark.parametrize("kind", [one for one in OPENINGS.values() if one.answer])
def test_what_is_wrong_is_not_to_be_answered_as_if_it_were_right(kind: Opening) -> None:
    if kind.within == 0:
        assert not re.search(kind.answer, WELL)
        assert not re.search(kind.answer, SHAKEN + b"\x81\x01x")
    assert not re.search(kind.answer, b"")
