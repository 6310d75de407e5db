"""Logging in with a TLS certificate: SASL EXTERNAL (RFC 4422, appendix A; IRCv3 sasl-3.1, 3.2).

How an account comes by a certificate is no specification's; here, by NickServ.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.accounts import authenticate, pieces
from tests.conformance.certificates import trusting, with_certificate
from tests.conformance.conftest import Connect, Target
from tests.conformance.session import Line, Session, commands, one, only

pytestmark = [pytest.mark.ours, pytest.mark.capability("sasl", "draft/account-registration")]

Account = Callable[..., str]
Open = Callable[..., Session]
Owned = tuple[str, ssl.SSLContext]

END = ("902", "903", "904", "905", "906", "907")


@pytest.fixture
def secure(target: Target, sessions: list[Session]) -> Open:
    """Connect over TLS: `secure()`, or with a certificate."""

    def open_one(context: ssl.SSLContext | None = None) -> Session:
        session = target.open(tls=context or trusting())
        sessions.append(session)
        return session

    return open_one


@pytest.fixture
def owned(account: Account, secure: Open, tmp_path: Path) -> Owned:
    """An account, and a certificate that is its owner's, who has added it, connected with it."""
    al = account()
    context, fingerprint = with_certificate(tmp_path)
    session = secure(context)
    session.negotiate("sasl")
    authenticate(session, al)
    session.register(al, capabilities=["sasl"])
    session.send(f"NS CERT ADD {fingerprint}")
    assert fingerprint in session.until("NOTICE")[-1].text
    session.send("QUIT")
    session.until_closed()
    return al, context


def external(session: Session, authorization: str = "") -> list[Line]:
    """Log in with the certificate of the connection; return everything up to the end of it."""
    session.send("AUTHENTICATE EXTERNAL")
    lines = session.until("AUTHENTICATE", *END)
    if lines[-1].command != "AUTHENTICATE":
        return lines
    assert lines[-1].params == ["+"]
    session.send(*pieces(authorization))
    return session.until(*END)


def mechanisms(session: Session, version: str) -> str:
    """Return the value of sasl in CAP LS; empty: it has none."""
    session.send(f"CAP LS {version}")
    words = [word for line in only(session.read(), "CAP") for word in line.text.split()]
    (value,) = [word.partition("=")[2] for word in words if word.partition("=")[0] == "sasl"]
    return value


# --- What is advertised


def test_it_is_offered_over_tls(secure: Open, tmp_path: Path) -> None:
    """IRCv3 sasl-3.2, "Mechanism list in CAP LS": with a certificate, and to who may have one."""
    assert "EXTERNAL" in mechanisms(secure(with_certificate(tmp_path)[0]), "302").split(",")
    assert "EXTERNAL" in mechanisms(secure(), "302").split(",")


def test_it_is_not_listed_for_a_client_of_3_1(secure: Open) -> None:
    """IRCv3 capability negotiation, "CAP LS Version": values are for 302."""
    assert mechanisms(secure(), "") == ""


# --- Logging in


@pytest.mark.parametrize("change", [None, str, str.upper])
@pytest.mark.parametrize("version", ["", "302"])
def test_logging_in(
    owned: Owned, secure: Open, change: Callable[[str], str] | None, version: str
) -> None:
    """RFC 4422, appendix A: with no authorization identity, or the account's; 3.1 and 3.2."""
    al, context = owned
    session = secure(context)
    session.send(f"CAP LS {version}", "CAP REQ :sasl")
    session.read()
    lines = external(session, change(al) if change is not None else "")
    assert commands(lines) == ["900", "903"]
    assert one(lines, "900").params[2] == al
    session.send(f"NICK {al}", f"USER {al} 0 * :x", "CAP END")
    session.until("376", "422")
    assert one(session.ask(f"WHOIS {al}"), "330").params[2] == al


def test_after_registration(owned: Owned, secure: Open, name: Callable[[str], str]) -> None:
    """IRCv3 sasl-3.2, "SASL Reauthentication": at any time."""
    al, context = owned
    session = secure(context)
    session.register(name("x"), capabilities=["sasl"])
    assert commands(external(session))[-1] == "903"
    assert one(session.ask(f"WHOIS {al}"), "330").params[2] == al


# --- Refusals


def test_somebody_elses_name(owned: Owned, secure: Open, account: Account) -> None:
    """RFC 4422, appendix A: who may not act as that is refused; 904, and no 900."""
    session = secure(owned[1])
    session.negotiate("sasl")
    assert commands(external(session, account("bo"))) == ["904"]
    # A new attempt is as good as the first.
    assert commands(external(session)) == ["900", "903"]


@pytest.mark.parametrize("authorization", [b"\xff", "nobody", "\0"])
def test_what_is_no_name(owned: Owned, secure: Open, authorization: str | bytes) -> None:
    """RFC 4422, appendix A.1: an authorization identity is text, and is the account's."""
    session = secure(owned[1])
    session.negotiate("sasl")
    session.send("AUTHENTICATE EXTERNAL", *pieces(authorization))
    assert session.until(*END)[-1].command == "904"


def test_a_certificate_that_nobody_has(secure: Open, tmp_path: Path, account: Account) -> None:
    """IRCv3 sasl-3.1, "Numerics": 904, whatever account it is said to be."""
    session = secure(with_certificate(tmp_path)[0])
    session.negotiate("sasl")
    al = account()
    for authorization in ("", al):
        assert commands(external(session, authorization)) == ["904"]


def test_without_a_certificate(secure: Open, account: Account) -> None:
    """IRCv3 sasl-3.1, "Numerics": 904; another mechanism may follow."""
    session = secure()
    session.negotiate("sasl")
    al = account()
    assert external(session, al)[-1].command == "904"
    assert authenticate(session, al)[-1].command == "903"


def test_without_tls(connect: Connect, owned: Owned) -> None:
    """IRCv3 sasl-3.1, "Numerics": 908 with those that there are, and 904."""
    session = connect()
    session.negotiate("sasl")
    lines = external(session, owned[0])
    assert commands(lines) == ["908", "904"]
    assert "EXTERNAL" not in one(lines, "908").params[1].split(",")


def test_a_certificate_that_was_taken_away(owned: Owned, secure: Open) -> None:
    """IRCv3 sasl-3.1, "Numerics": 904, once it is the account's no longer."""
    al, context = owned
    session = secure(context)
    session.negotiate("sasl")
    external(session)
    session.register(al, capabilities=["sasl"])
    session.send("NS CERT DEL")
    session.until("NOTICE")
    assert commands(external(session)) == ["904"]


def test_a_suspended_account(owned: Owned, secure: Open, operator: Callable[..., Session]) -> None:
    """IRCv3 sasl-3.1, "Numerics": 902 for what is administratively made unavailable."""
    al, context = owned
    op = operator()
    op.send(f"NS SUSPEND {al} for a test")
    op.until("NOTICE")
    session = secure(context)
    session.negotiate("sasl")
    assert commands(external(session)) == ["902"]


def test_an_abort(owned: Owned, secure: Open) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": `*`, and 906; a new attempt works."""
    session = secure(owned[1])
    session.negotiate("sasl")
    session.send("AUTHENTICATE EXTERNAL", "AUTHENTICATE *")
    assert session.until(*END)[-1].command == "906"
    assert external(session)[-1].command == "903"
