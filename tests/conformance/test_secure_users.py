"""Users who came over TLS: what is shown of it, of their certificates, and to whom."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.certificates import write_self_signed
from tests.conformance.conftest import Register, Target
from tests.conformance.session import Session, commands, one, only

Names = Callable[[str], str]
Secure = Callable[..., Session]

pytestmark = pytest.mark.ours


@pytest.fixture
def secure(target: Target, sessions: list[Session], name: Names) -> Secure:
    """Become a user over TLS, with the certificate in this file when there is one."""

    def become(nick: str, certificate: Path | None = None) -> Session:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            context.load_cert_chain(certificate)
        session = target.open(tls=context)
        sessions.append(session)
        session.register(name(nick))
        return session

    return become


def test_whois(secure: Secure, register: Register) -> None:
    """Modern IRC, "RPL_WHOISSECURE (671)": for a user who is connected over TLS."""
    al, bo = register("al"), secure("bo")
    assert one(al.ask(f"WHOIS {bo.nick}"), "671").params[:2] == [al.nick, bo.nick]


def test_whois_of_a_plain_connection(register: Register) -> None:
    """Modern IRC, "RPL_WHOISSECURE (671)": not for others."""
    al, bo = register("al"), register("bo")
    assert not {"671", "276"} & set(commands(al.ask(f"WHOIS {bo.nick}")))


def test_the_mode(secure: Secure) -> None:
    """Modern IRC, "RPL_UMODEIS (221)": Z among the modes."""
    al = secure("al")
    assert "Z" in one(al.ask(f"MODE {al.nick}"), "221").params[1]


def test_the_mode_can_not_be_dropped(secure: Secure) -> None:
    """Modern IRC, "User mode": Z is what the connection is, so it stays."""
    al = secure("al")
    assert only(al.ask(f"MODE {al.nick} -Z"), "MODE") == []
    assert "Z" in one(al.ask(f"MODE {al.nick}"), "221").params[1]


def test_no_certificate(secure: Secure) -> None:
    """Modern IRC, "RPL_WHOISCERTFP (276)": not when there was no certificate."""
    al = secure("al")
    assert "276" not in commands(al.ask(f"WHOIS {al.nick}"))


def test_ones_own_certificate(secure: Secure, tmp_path: Path) -> None:
    """Modern IRC, "RPL_WHOISCERTFP (276)": shown to who asks about themselves."""
    fingerprint = write_self_signed(tmp_path / "al.pem")
    al = secure("al", tmp_path / "al.pem")
    reply = one(al.ask(f"WHOIS {al.nick}"), "276")
    assert reply.params[:2] == [al.nick, al.nick]
    assert reply.text.split()[-1] == fingerprint


def test_the_certificate_and_an_operator(
    secure: Secure, operator: Register, tmp_path: Path
) -> None:
    """Modern IRC, "RPL_WHOISCERTFP (276)": shown to operators."""
    fingerprint = write_self_signed(tmp_path / "al.pem")
    al, op = secure("al", tmp_path / "al.pem"), operator()
    reply = one(op.ask(f"WHOIS {al.nick}"), "276")
    assert reply.params[:2] == [op.nick, al.nick]
    assert reply.text.split()[-1] == fingerprint


def test_the_certificate_and_others(secure: Secure, register: Register, tmp_path: Path) -> None:
    """Modern IRC, "RPL_WHOISCERTFP (276)": shown to nobody else."""
    fingerprint = write_self_signed(tmp_path / "al.pem")
    al, bo = secure("al", tmp_path / "al.pem"), register("bo")
    lines = bo.ask(f"WHOIS {al.nick}")
    assert "276" not in commands(lines)
    assert not any(fingerprint in line.raw for line in lines)
