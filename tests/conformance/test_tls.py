"""Users of TLS, and their certificates (Modern IRC, "RPL_WHOISSECURE (671)"; IRCv3 sts)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.certificates import trusting, with_certificate
from tests.conformance.conftest import WEBIRC, Connect, Register, Target
from tests.conformance.session import TIMEOUT, Session, commands, one

pytestmark = pytest.mark.ours

Secure = Callable[..., Session]
Name = Callable[[str], str]


@pytest.fixture
def secure(target: Target, sessions: list[Session], name: Name) -> Secure:
    """Become a user over TLS."""

    def become(nick: str = "al", context: ssl.SSLContext | None = None) -> Session:
        session = target.open(tls=context or trusting())
        sessions.append(session)
        session.register(name(nick))
        return session

    return become


def _sts(session: Session) -> dict[str, str]:
    """Return the keys of the policy."""
    session.send("CAP LS 302")
    words = [word for line in session.until("CAP") for word in line.text.split()]
    (value,) = [word.partition("=")[2] for word in words if word.partition("=")[0] == "sts"]
    return dict(item.partition("=")[::2] for item in value.split(","))


def test_whois_says_so(secure: Secure, register: Register) -> None:
    """Modern IRC, "RPL_WHOISSECURE (671)": anybody is told of a secure connection."""
    al, bo = secure("al"), register("bo")
    assert one(bo.ask(f"WHOIS {al.nick}"), "671").params[:2] == [bo.nick, al.nick]


def test_whois_does_not_say_so_of_others(register: Register, secure: Secure) -> None:
    """Modern IRC, "RPL_WHOISSECURE (671)": and not of one that is none."""
    al, bo = secure("al"), register("bo")
    assert "671" not in commands(al.ask(f"WHOIS {bo.nick}"))


def test_the_user_mode(secure: Secure, register: Register) -> None:
    """Modern IRC, "RPL_UMODEIS (221)": Z is for TLS."""
    al, bo = secure("al"), register("bo")
    assert "Z" in one(al.ask(f"MODE {al.nick}"), "221").params[1]
    assert "Z" not in one(bo.ask(f"MODE {bo.nick}"), "221").params[1]


def test_the_user_mode_stays(secure: Secure) -> None:
    """Modern IRC, "MODE message": Z is the server's to set."""
    al = secure("al")
    assert "MODE" not in commands(al.ask(f"MODE {al.nick} -Z"))
    assert "Z" in one(al.ask(f"MODE {al.nick}"), "221").params[1]


def test_messages_between_the_two(secure: Secure, register: Register, channel: str) -> None:
    """Modern IRC, "Connection Setup": how somebody is connected makes no other difference."""
    al, bo = secure("al"), register("bo")
    for user in (al, bo):
        user.ask(f"JOIN {channel}")
    al.read()
    al.ask(f"PRIVMSG {channel} :from al")
    assert one(bo.read(), "PRIVMSG").text == "from al"
    bo.ask(f"PRIVMSG {channel} :from bo")
    assert one(al.read(), "PRIVMSG").text == "from bo"


def test_plain_text_on_the_same_port(
    target: Target, sessions: list[Session], name: Name, register: Register
) -> None:
    """Modern IRC, "RPL_WHOISSECURE (671)": it is the connection that counts, not the port."""
    al = Target(target.host, target.tls_port, process=target.process).open()
    sessions.append(al)
    al.register(name("al"))
    assert "Z" not in one(al.ask(f"MODE {al.nick}"), "221").params[1]
    assert "671" not in commands(register("bo").ask(f"WHOIS {al.nick}"))


# --- Certificates


def test_ones_own_certificate(secure: Secure, tmp_path: Path) -> None:
    """Modern IRC, "RPL_WHOISCERTFP (276)": the fingerprint, for its owner."""
    context, fingerprint = with_certificate(tmp_path)
    al = secure("al", context)
    line = one(al.ask(f"WHOIS {al.nick}"), "276")
    assert line.params[:2] == [al.nick, al.nick]
    assert fingerprint in line.text.lower()


def test_a_certificate_for_an_operator(
    secure: Secure, operator: Callable[..., Session], tmp_path: Path
) -> None:
    """Modern IRC, "RPL_WHOISCERTFP (276)": and for operators."""
    context, fingerprint = with_certificate(tmp_path)
    al, op = secure("al", context), operator("op")
    line = one(op.ask(f"WHOIS {al.nick}"), "276")
    assert line.params[:2] == [op.nick, al.nick]
    assert fingerprint in line.text.lower()


def test_a_certificate_for_others(secure: Secure, register: Register, tmp_path: Path) -> None:
    """Modern IRC, "RPL_WHOISCERTFP (276)": for nobody else."""
    context, fingerprint = with_certificate(tmp_path)
    al, bo = secure("al", context), register("bo")
    lines = bo.ask(f"WHOIS {al.nick}")
    assert "276" not in commands(lines)
    assert fingerprint not in str([line.raw.lower() for line in lines])


def test_no_certificate(secure: Secure) -> None:
    """Modern IRC, "RPL_WHOISCERTFP (276)": there is none to tell of."""
    al = secure("al")
    assert "276" not in commands(al.ask(f"WHOIS {al.nick}"))


# --- Strict transport security


def test_the_port_over_an_insecure_connection(connect: Connect) -> None:
    """IRCv3 sts, "The port key": where to connect securely."""
    assert _sts(connect())["port"] == "6697"


def test_the_duration_over_a_secure_connection(target: Target, sessions: list[Session]) -> None:
    """IRCv3 sts, "The duration key": how long to do so, in seconds."""
    session = target.open(tls=trusting())
    sessions.append(session)
    assert _sts(session)["duration"] == "86400"


def test_no_duration_without_a_hostname(target: Target, sessions: list[Session]) -> None:
    """IRCv3 sts, "Server Name Indication": no policy for a name that nobody has asked for."""
    sock = socket.create_connection((target.host, target.tls_port), timeout=TIMEOUT)
    session = Session(trusting().wrap_socket(sock))
    sessions.append(session)
    session.send("CAP LS 302")
    words = [word for line in session.until("CAP") for word in line.text.split()]
    assert not [word for word in words if word.startswith("sts=") and "duration" in word]


def test_the_policy_is_not_requested(target: Target, sessions: list[Session]) -> None:
    """IRCv3 sts, "Mechanism": clients must not, so it is not granted."""
    session = target.open(tls=trusting())
    sessions.append(session)
    session.send("CAP LS 302", "CAP REQ :sts")
    while (line := session.until("CAP")[-1]).params[1] == "LS":
        pass
    assert line.params[1] == "NAK"


# --- Gateways


@pytest.mark.parametrize(
    ("options", "known"),
    [("secure", True), ("secure=examplevalue local-port=6697", True), ("local-port=6697", False)],
)
def test_a_gateway_over_tls(
    target: Target,
    sessions: list[Session],
    register: Register,
    name: Name,
    options: str,
    known: bool,
) -> None:
    """IRCv3 webirc, "Options": secure when the gateway says so, and is itself."""
    al = target.open(tls=trusting())
    sessions.append(al)
    al.send(f"WEBIRC {WEBIRC} gateway 198.51.100.3 198.51.100.3 :{options}")
    al.register(name("al"))
    assert ("Z" in one(al.ask(f"MODE {al.nick}"), "221").params[1]) is known
    assert ("671" in commands(register("bo").ask(f"WHOIS {al.nick}"))) is known


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_of_tls(secure: Secure, version: ssl.TLSVersion) -> None:
    """RFC 9325, 3.1.1: 1.2 and 1.3 are spoken."""
    context = trusting()
    context.minimum_version = context.maximum_version = version
    assert commands(secure("al", context).welcome)[0] == "001"
