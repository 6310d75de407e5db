"""Bans from the server: KLINE, DLINE, and their end (Modern IRC, "ERR_YOUREBANNEDCREEP (465)")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.conformance.conftest import Connect, Register
from tests.conformance.gateways import through_webirc, version_1
from tests.conformance.session import Line, Session, commands, one, only

pytestmark = pytest.mark.ours

Operator = Callable[..., Session]
Name = Callable[[str], str]


@contextmanager
def kline(op: Session, mask: str, *, duration: str = "", reason: str = "") -> Iterator[list[Line]]:
    """Ban a mask for a while; the answer is given."""
    words = ["KLINE", duration, mask, f":{reason}" if reason else ""]
    try:
        yield op.ask(" ".join(filter(None, words)))
    finally:
        op.ask(f"UNKLINE {mask}")


@contextmanager
def dline(
    op: Session, network: str, *, duration: str = "", reason: str = ""
) -> Iterator[list[Line]]:
    """Ban a network for a while; the answer is given."""
    words = ["DLINE", duration, network, f":{reason}" if reason else ""]
    try:
        yield op.ask(" ".join(filter(None, words)))
    finally:
        op.ask(f"UNDLINE {network}")


def _listed(op: Session, nick: str) -> list[Line]:
    """Return the entries of `STATS k` with this nickname in them."""
    return [line for line in only(op.ask("STATS k"), "216") if nick in line.raw]


def _enter(session: Session, nick: str) -> list[Line]:
    """Register, and return everything up to the end of the connection."""
    session.send(f"NICK {nick}", f"USER {nick} 0 * :x")
    return session.until_closed()


def _refused(lines: list[Line], reason: str) -> None:
    assert "001" not in commands(lines)
    assert lines[-1].command == "ERROR"
    assert reason in lines[-1].text


# --- KLINE


@pytest.mark.parametrize(
    "mask", ["{nick}!*@*", "~{nick}@*", "*{nick}@*", "{nick}!~{nick}@127.0.0.*"]
)
def test_who_matches_is_closed(operator: Operator, register: Register, mask: str) -> None:
    """Modern IRC, "ERROR message": with the reason, at once; the operator is told."""
    op, al = operator("op"), register("al")
    with kline(op, mask.format(nick=al.nick), reason="go away") as lines:
        assert one(lines, "NOTICE").params[0] == op.nick
        _refused(al.until_closed(), "go away")


def test_who_does_not_match_stays(operator: Operator, register: Register) -> None:
    """Modern IRC, "KLINE": it is for those that the mask names."""
    op, al, bo = operator("op"), register("al"), register("bo")
    with kline(op, f"{al.nick}!*@*", reason="go away"):
        al.until_closed()
        assert bo.read() == []


def test_others_see_a_quit(operator: Operator, room: Callable[..., list[Session]]) -> None:
    """Modern IRC, "QUIT message": it says why."""
    op = operator("op")
    al, bo = room("al", "bo")
    with kline(op, f"{al.nick}!*@*", reason="go away"):
        line = one(bo.read(), "QUIT")
        assert line.nick == al.nick
        assert line.text


def test_who_matches_does_not_get_in(operator: Operator, connect: Connect, name: Name) -> None:
    """Modern IRC, "ERR_YOUREBANNEDCREEP (465)": then ERROR, with the reason."""
    op, nick = operator("op"), name("al")
    with kline(op, f"{nick}!*@*", reason="go away"):
        lines = _enter(connect(), nick)
        assert one(lines, "465").params[0] in (nick, "*")
        _refused(lines, "go away")


def test_the_case_of_a_mask(operator: Operator, connect: Connect, name: Name) -> None:
    """Modern IRC, "Casemapping": nicknames are compared without case."""
    op, nick = operator("op"), name("al")
    with kline(op, f"{nick.upper()}!*@*", reason="go away"):
        one(_enter(connect(), nick), "465")


def test_a_reason_is_not_needed(operator: Operator, connect: Connect, name: Name) -> None:
    """Modern IRC, "ERR_YOUREBANNEDCREEP (465)": a ban holds without one."""
    op, nick = operator("op"), name("al")
    with kline(op, f"{nick}!*@*"):
        one(_enter(connect(), nick), "465")


@pytest.mark.parametrize("duration", ["30", "1d12h", "45m", "1w"])
def test_a_duration(operator: Operator, connect: Connect, name: Name, duration: str) -> None:
    """Modern IRC, "ERR_YOUREBANNEDCREEP (465)": a ban for a time holds meanwhile."""
    op, nick = operator("op"), name("al")
    with kline(op, f"{nick}!*@*", duration=duration, reason="go away") as lines:
        one(lines, "NOTICE")
        assert _listed(op, nick)
        _refused(_enter(connect(), nick), "go away")


def test_the_end_of_a_ban(operator: Operator, connect: Connect, name: Name) -> None:
    """Modern IRC, "Connection Setup": who is not banned any more gets in."""
    op, nick = operator("op"), name("al")
    with kline(op, f"{nick}!*@*"):
        pass
    session = connect()
    session.register(nick)
    assert commands(session.welcome)[0] == "001"


def test_unkline_is_confirmed(operator: Operator, name: Name) -> None:
    """Modern IRC, "NOTICE message": the operator is told."""
    op, mask = operator("op"), f"{name('al')}!*@*"
    op.ask(f"KLINE {mask}")
    assert one(op.ask(f"UNKLINE {mask}"), "NOTICE").params[0] == op.nick


def test_unkline_nothing(operator: Operator, name: Name) -> None:
    """Modern IRC, "NOTICE message": and that there was none, without changing another."""
    op, nick = operator("op"), name("al")
    with kline(op, f"{nick}!*@*"):
        assert op.ask(f"UNKLINE {name('bo')}!*@*")
        assert _listed(op, nick)


def test_the_list_of_masks(operator: Operator, name: Name) -> None:
    """Modern IRC, "STATS message": 216 for each, with the reason, then 219."""
    op, nick = operator("op"), name("al")
    with kline(op, f"{nick}!*@*", reason="go away"):
        lines = op.ask("STATS k")
        assert commands(lines) == ["216"] * (len(lines) - 1) + ["219"]
        assert lines[-1].params[:2] == [op.nick, "k"]
        (line,) = _listed(op, nick)
        assert "go away" in line.text
    assert not _listed(op, nick)


def test_an_entry_says_what_is_banned(operator: Operator, name: Name) -> None:
    """Modern IRC, "STATS message": `k` lists user names with their hosts."""
    op, user = operator("op"), name("al")
    with kline(op, f"*{user}@192.0.2.*"):
        (line,) = _listed(op, user)
        assert any("192.0.2.*" in word for word in line.params)


# --- DLINE


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.16/28", "192.0.2.31"),
        ("2001:db8:1::/48", "2001:db8:1::7"),
    ],
)
def test_who_is_there_is_closed(
    operator: Operator, connect: Connect, name: Name, network: str, address: str
) -> None:
    """Modern IRC, "ERROR message": with the reason, at once; the operator is told."""
    op, al = operator("op"), through_webirc(connect, address)
    al.register(name("al"))
    with dline(op, network, reason="not from there") as lines:
        assert one(lines, "NOTICE").params[0] == op.nick
        _refused(al.until_closed(), "not from there")


@pytest.mark.parametrize(
    ("network", "address"), [("192.0.2.7", "192.0.2.8"), ("192.0.2.16/28", "192.0.2.32")]
)
def test_who_is_elsewhere_stays(
    operator: Operator, connect: Connect, name: Name, network: str, address: str
) -> None:
    """Modern IRC, "DLINE": it is for the addresses of the network."""
    op, al = operator("op"), through_webirc(connect, address)
    al.register(name("al"))
    with dline(op, network, reason="not from there"):
        assert al.read() == []


def test_who_comes_by_a_gateway_does_not_get_in(
    operator: Operator, connect: Connect, name: Name
) -> None:
    """IRCv3 webirc, "Use Cases": security tools see the address behind the gateway."""
    op = operator("op")
    with dline(op, "192.0.2.48/28", reason="not from there"):
        _refused(_enter(through_webirc(connect, "192.0.2.50"), name("al")), "not from there")


def test_who_comes_by_a_proxy_does_not_get_in(
    operator: Operator, connect: Connect, name: Name
) -> None:
    """PROXY protocol, 2: what holds for an address holds for that of the header."""
    op = operator("op")
    with dline(op, "192.0.2.48/28", reason="not from there"):
        session = connect()
        session.send_raw(version_1("192.0.2.51"))
        _refused(session.until_closed(), "not from there")


@pytest.mark.parametrize("duration", ["30", "1d12h"])
def test_a_duration_for_a_network(
    operator: Operator, connect: Connect, name: Name, duration: str
) -> None:
    """Modern IRC, "ERR_YOUREBANNEDCREEP (465)": a ban for a time holds meanwhile."""
    op, network = operator("op"), "192.0.2.64/28"
    with dline(op, network, duration=duration, reason="not from there"):
        assert any(network in line.params for line in only(op.ask("STATS d"), "225"))
        _refused(_enter(through_webirc(connect, "192.0.2.65"), name("al")), "not from there")


def test_the_end_of_a_ban_of_a_network(operator: Operator, connect: Connect, name: Name) -> None:
    """Modern IRC, "Connection Setup": who is not banned any more gets in; it is confirmed."""
    op, network = operator("op"), "192.0.2.80/28"
    op.ask(f"DLINE {network}")
    assert one(op.ask(f"UNDLINE {network}"), "NOTICE").params[0] == op.nick
    session = through_webirc(connect, "192.0.2.81")
    session.register(name("al"))
    assert commands(session.welcome)[0] == "001"


def test_the_list_of_networks(operator: Operator) -> None:
    """Modern IRC, "STATS message": 225 for each, with network and reason, then 219."""
    op, network = operator("op"), "192.0.2.96/28"
    with dline(op, network, reason="not from there"):
        lines = op.ask("STATS d")
        assert commands(lines) == ["225"] * (len(lines) - 1) + ["219"]
        assert lines[-1].params[:2] == [op.nick, "d"]
        (line,) = [line for line in lines if network in line.params]
        assert "not from there" in line.text
    assert not [line for line in op.ask("STATS d") if network in line.params]


@pytest.mark.parametrize("network", ["nonsense", "192.0.2.300", "192.0.2.0/33"])
def test_a_network_that_is_none(operator: Operator, network: str) -> None:
    """Modern IRC, "STATS message": what is no network is not banned, and the operator is told."""
    op = operator("op")
    with dline(op, network) as lines:
        assert lines
        assert not [line for line in op.ask("STATS d") if network in line.params]
