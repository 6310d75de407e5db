"""extended-monitor: what else is told about a nickname in the list of MONITOR."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]

pytestmark = [pytest.mark.isupport("MONITOR"), pytest.mark.capability("extended-monitor")]


@pytest.fixture
def watched(register: Register) -> Callable[..., tuple[Session, Session]]:
    """A watcher with these capabilities, and the user it monitors, who shares no channel."""

    def make(*capabilities: str) -> tuple[Session, Session]:
        al, bo = register("al", *capabilities), register("bo")
        al.ask(f"MONITOR + {bo.nick}")
        return al, bo

    return make


Watched = Callable[..., tuple[Session, Session]]


@pytest.mark.capability("away-notify")
def test_away_and_back(watched: Watched) -> None:
    """IRCv3 extended-monitor, "Description": AWAY for who has away-notify."""
    al, bo = watched("extended-monitor", "away-notify")
    bo.ask("AWAY :out")
    seen = one(al.read(), "AWAY")
    assert (seen.nick, seen.params) == (bo.nick, ["out"])
    bo.ask("AWAY")
    seen = one(al.read(), "AWAY")
    assert (seen.nick, seen.params) == (bo.nick, [])


@pytest.mark.capability("setname")
def test_a_realname(watched: Watched) -> None:
    """IRCv3 extended-monitor, "Description": SETNAME for who has setname."""
    al, bo = watched("extended-monitor", "setname")
    bo.ask("SETNAME :Somebody else")
    seen = one(al.read(), "SETNAME")
    assert (seen.nick, seen.params) == (bo.nick, ["Somebody else"])


@pytest.mark.ours
def test_a_host(watched: Watched, operator: Register) -> None:
    """IRCv3 extended-monitor, "Description": CHGHOST for who has chghost."""
    al, bo = watched("extended-monitor", "chghost")
    operator().ask(f"CHGHOST {bo.nick} new.host")
    seen = one(al.read(), "CHGHOST")
    assert (seen.nick, seen.params[1]) == (bo.nick, "new.host")


@pytest.mark.parametrize(
    "capability",
    [
        pytest.param(cap, marks=pytest.mark.capability(cap))
        for cap in ("away-notify", "setname", "chghost")
    ],
)
def test_not_without_it(watched: Watched, capability: str) -> None:
    """IRCv3 extended-monitor, "Description": strangers are told only when they enabled it."""
    al, bo = watched(capability)
    bo.ask("AWAY :out", "SETNAME :Somebody else")
    assert al.read() == []


def test_not_without_the_other(watched: Watched) -> None:
    """IRCv3 extended-monitor, "Description": each needs its own capability as well."""
    al, bo = watched("extended-monitor")
    bo.ask("AWAY :out", "SETNAME :Somebody else")
    assert al.read() == []


@pytest.mark.ours
def test_no_fallback_for_a_host(watched: Watched, operator: Register) -> None:
    """IRCv3 extended-monitor, "Description": without chghost nothing, not even a QUIT."""
    al, bo = watched("extended-monitor")
    operator().ask(f"CHGHOST {bo.nick} new.host")
    assert al.read() == []


@pytest.mark.capability("away-notify", "setname")
def test_no_longer(watched: Watched) -> None:
    """IRCv3 monitor, "MONITOR -": it ends with the monitoring."""
    al, bo = watched("extended-monitor", "away-notify", "setname")
    al.ask(f"MONITOR - {bo.nick}")
    bo.ask("AWAY :out", "SETNAME :Somebody else")
    assert al.read() == []


@pytest.mark.capability("away-notify", "setname")
def test_not_after_a_change_of_nickname(watched: Watched, name: Names) -> None:
    """IRCv3 extended-monitor, "Privacy considerations": it is about nicknames, not users."""
    al, bo = watched("extended-monitor", "away-notify", "setname")
    bo.ask(f"NICK {name('new')}")
    al.read()
    bo.ask("AWAY :out", "SETNAME :Somebody else")
    assert al.read() == []


@pytest.mark.capability("away-notify", "setname")
def test_once_for_who_shares_a_channel(room: Room) -> None:
    """IRCv3 extended-monitor, "Description": one notification, for two reasons."""
    al, bo = room("al", "bo", capabilities=["extended-monitor", "away-notify", "setname"])
    al.ask(f"MONITOR + {bo.nick}")
    bo.ask("AWAY :out", "SETNAME :Somebody else")
    assert commands(only(al.read(), "AWAY", "SETNAME")) == ["AWAY", "SETNAME"]


@pytest.mark.capability("away-notify")
def test_the_target_is_not_told(watched: Watched) -> None:
    """IRCv3 extended-monitor, "Description": notifications are for who monitors."""
    _, bo = watched("extended-monitor", "away-notify")
    assert commands(bo.ask("AWAY :out")) == ["306"]
