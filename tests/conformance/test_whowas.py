"""WHOWAS: nicknames that are gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.conftest import Connect, Register
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]


@pytest.fixture
def gone(connect: Connect, name: Names) -> Callable[..., str]:
    """Have users come and go with one nickname, each with a realname; return the nickname."""

    def come_and_go(*realnames: str) -> str:
        nick = name("gone")
        for realname in realnames:
            session: Session = connect()
            session.send(f"NICK {nick}", f"USER me 0 * :{realname}")
            session.until("376", "422")
            session.send("QUIT")
            session.until_closed()
        return nick

    return come_and_go


def test_the_fields(register: Register, connect: Connect, name: Names) -> None:
    """Modern IRC, "RPL_WHOWASUSER (314)": the parameters are those of RPL_WHOISUSER."""
    al, nick, bo = register("al"), name("gone"), connect()
    bo.register(nick)
    whois = one(al.ask(f"WHOIS {nick}"), "311")
    bo.send("QUIT")
    bo.until_closed()
    assert one(al.ask(f"WHOWAS {nick}"), "314").params == whois.params


def test_the_end(register: Register, gone: Callable[..., str]) -> None:
    """Modern IRC, "WHOWAS message": the entries begin with 314, and 369 is the last line."""
    al, nick = register("al"), gone("one")
    lines = al.ask(f"WHOWAS {nick}")
    assert lines[0].command == "314"
    assert commands(lines).count("369") == 1
    assert lines[-1].command == "369"
    assert lines[-1].params[:2] == [al.nick, nick]


def test_the_newest_first(register: Register, gone: Callable[..., str]) -> None:
    """Modern IRC, "WHOWAS message": all entries, searched backward."""
    al, nick = register("al"), gone("one", "two", "three")
    replies = only(al.ask(f"WHOWAS {nick}"), "314")
    assert [line.text for line in replies] == ["three", "two", "one"]


@pytest.mark.parametrize(
    ("count", "texts"), [(1, ["three"]), (2, ["three", "two"]), (9, ["three", "two", "one"])]
)
def test_a_count(
    register: Register, gone: Callable[..., str], count: int, texts: list[str]
) -> None:
    """Modern IRC, "WHOWAS message": up to so many of them."""
    al, nick = register("al"), gone("one", "two", "three")
    lines = al.ask(f"WHOWAS {nick} {count}")
    assert [line.text for line in only(lines, "314")] == texts
    assert one(lines, "369").params[1] == nick


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_that_is_not_positive(
    register: Register, gone: Callable[..., str], count: int
) -> None:
    """Modern IRC, "WHOWAS message": otherwise a full search is done."""
    al, nick = register("al"), gone("one", "two")
    replies = only(al.ask(f"WHOWAS {nick} {count}"), "314")
    assert [line.text for line in replies] == ["two", "one"]


def test_nobody(register: Register, name: Names) -> None:
    """Modern IRC, "WHOWAS message": 406, followed by 369."""
    al, nick = register("al"), name("never")
    lines = al.ask(f"WHOWAS {nick}")
    assert commands(lines) == ["406", "369"]
    assert [line.params[:2] for line in lines] == [[al.nick, nick]] * 2


def test_no_nickname(register: Register) -> None:
    """Modern IRC, "WHOWAS message": a single reply, 431 or 461."""
    assert commands(register("al").ask("WHOWAS")) in (["431"], ["461"])


def test_a_change_of_nickname(register: Register, name: Names) -> None:
    """Modern IRC, "WHOWAS message": a nickname may be gone because it was changed."""
    al, bo = register("al"), register("bo")
    bo.ask(f"NICK {name('new')}")
    reply = one(al.ask(f"WHOWAS {bo.nick}"), "314")
    assert (reply.params[1], reply.text) == (bo.nick, f"Real {bo.nick}")


def test_the_case_of_the_nickname(register: Register, gone: Callable[..., str]) -> None:
    """Modern IRC, "WHOWAS message": nicknames are the same whatever their case."""
    al, nick = register("al"), gone("one")
    assert one(al.ask(f"WHOWAS {nick.upper()}"), "314").params[1].lower() == nick


def test_no_wild_cards(register: Register, gone: Callable[..., str]) -> None:
    """Modern IRC, "WHOWAS message": no wild card matching."""
    al, nick = register("al"), gone("one")
    assert commands(al.ask(f"WHOWAS {nick[:-1]}*")) == ["406", "369"]


def test_somebody_who_is_there(register: Register) -> None:
    """Modern IRC, "WHOWAS message": it is about nicknames which no longer exist."""
    al, bo = register("al"), register("bo")
    assert commands(al.ask(f"WHOWAS {bo.nick}")) == ["406", "369"]
