"""Logging in with SASL (IRCv3 sasl-3.1, sasl-3.2)."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from tests.conformance.accounts import PASSWORD, Scram, authenticate, encoded, pieces, plain
from tests.conformance.conftest import Connect, Register, Target
from tests.conformance.session import Session, commands, one, only

pytestmark = pytest.mark.capability("sasl", "draft/account-registration")

Name = Callable[[str], str]
Account = Callable[..., str]
Room = Callable[..., list[Session]]

END = ("902", "903", "904", "905", "906", "907")


@pytest.fixture
def client(connect: Connect) -> Session:
    """A client with the capability, that has not said NICK."""
    session = connect()
    session.negotiate("sasl")
    return session


def begin(client: Session, mechanism: str = "PLAIN") -> None:
    client.send(f"AUTHENTICATE {mechanism}")
    assert client.until("AUTHENTICATE", *END)[-1].params == ["+"]


# --- sasl-3.2: what is advertised


def test_the_mechanisms(target: Target) -> None:
    """IRCv3 sasl-3.2, "Mechanism list in CAP LS": separated by commas."""
    assert {"PLAIN", "SCRAM-SHA-256"} <= set(target.capabilities["sasl"].split(","))


@pytest.mark.ours
def test_external_is_for_tls(target: Target) -> None:
    """IRCv3 sasl-3.2, "Mechanism list": what can not be used is not in it."""
    assert "EXTERNAL" not in target.capabilities["sasl"].split(",")


def test_the_capability_without_values(connect: Connect) -> None:
    """IRCv3 capability negotiation, "CAP LS Version": values are for 302; one line without it."""
    session = connect()
    session.send("CAP LS")
    (line,) = only(session.read(), "CAP")
    assert "sasl" in line.text.split()


@pytest.mark.ours
def test_where_there_are_no_accounts(without_accounts: Target, sessions: list[Session]) -> None:
    """IRCv3 sasl-3.2, "Advertisement of sasl": not advertised when unavailable, and not granted."""
    session = without_accounts.open()
    sessions.append(session)
    session.send("CAP LS 302", "CAP REQ :sasl", "AUTHENTICATE PLAIN", "PING x")
    lines = session.until("PONG")
    *listed, refused = only(lines, "CAP")
    words = [word.partition("=")[0] for line in listed for word in line.text.split()]
    assert "batch" in words
    assert not {"sasl", "draft/account-registration"} & set(words)
    assert refused.params[1:] == ["NAK", "sasl"]
    assert not only(lines, "AUTHENTICATE")


# --- PLAIN


def test_before_nick(client: Session, account: Account) -> None:
    """IRCv3 sasl-3.1, "Numerics": 900 and 903; `*` for who has no nickname."""
    al = account()
    lines = authenticate(client, al)
    assert one(lines, "900").params[0] == "*"
    assert one(lines, "900").params[2] == al
    assert one(lines, "903").params[0] == "*"


def test_with_a_nickname(client: Session, account: Account, name: Name) -> None:
    """IRCv3 sasl-3.1, "Numerics": 900 has `nick!ident@host`, and the account."""
    al, nick = account(), name("x")
    client.send(f"NICK {nick}", "USER me 0 * :x")
    lines = authenticate(client, al)
    said = one(lines, "900")
    assert said.params[0] == nick
    assert said.params[1].startswith(f"{nick}!")
    assert "@" in said.params[1]
    assert said.params[2] == al
    assert one(lines, "903")


def test_registration_goes_on(client: Session, account: Account) -> None:
    """IRCv3 sasl-3.1, "Example protocol exchange": CAP END, then 001."""
    al = account()
    authenticate(client, al)
    client.send(f"NICK {al}", f"USER {al} 0 * :x", "CAP END")
    assert one(client.until("376", "422"), "001").params[0] == al


@pytest.mark.parametrize("mechanism", ["plain", "Plain"])
def test_the_case_of_a_mechanism(client: Session, account: Account, mechanism: str) -> None:
    """IRCv3 sasl-3.1 says nothing about it; clients write it in any case."""
    al = account()
    begin(client, mechanism)
    client.send(*plain(al))
    assert client.until(*END)[-1].command == "903"


def test_a_wrong_password(client: Session, account: Account) -> None:
    """IRCv3 sasl-3.1, "Numerics": 904, and no 900."""
    lines = authenticate(client, account(), "wrong")
    assert lines[-1].command == "904"
    assert not only(lines, "900")


def test_nobodys_account(client: Session, name: Name) -> None:
    """IRCv3 sasl-3.1, "Numerics": 904 for invalid credentials."""
    assert authenticate(client, name("nobody"))[-1].command == "904"


def test_again_after_904(client: Session, account: Account) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": the client may retry."""
    al = account()
    assert authenticate(client, al, "wrong")[-1].command == "904"
    assert authenticate(client, al)[-1].command == "903"


@pytest.mark.ours
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_an_account_that_is_suspended(
    client: Session, account: Account, operator: Callable[..., Session], mechanism: str
) -> None:
    """IRCv3 sasl-3.1, "Numerics": 902, for what is administratively made unavailable."""
    al, op = account(), operator()
    op.send(f"NS SUSPEND {al} for a test")
    op.until("NOTICE")
    if mechanism == "PLAIN":
        lines = authenticate(client, al)
    else:
        scram = Scram(al)
        client.send(*scram.proof(scram.begin(client)))
        lines = client.until("AUTHENTICATE", *END)
    assert lines[-1].command == "902"
    assert not only(lines, "900")


def test_no_empty_account(client: Session) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": `+` is an empty response."""
    begin(client)
    client.send("AUTHENTICATE +")
    assert client.until(*END)[-1].command == "904"


@pytest.mark.parametrize("change", [str, str.upper])
def test_an_authorization_identity(
    client: Session, account: Account, change: Callable[[str], str]
) -> None:
    """RFC 4616, section 2: it may be given, and be the same."""
    al = account()
    begin(client)
    client.send(*plain(al, authorization=change(al)))
    assert client.until(*END)[-1].command == "903"


def test_an_authorization_identity_that_is_somebody_else(client: Session, account: Account) -> None:
    """RFC 4616, section 2: who may not act as that is refused."""
    al, bo = account("al"), account("bo")
    begin(client)
    client.send(*plain(al, authorization=bo))
    assert client.until(*END)[-1].command == "904"


@pytest.mark.parametrize(
    "response",
    ["", "al", "\0al", "\0al\0", f"\0\0{PASSWORD}", "\0al\0a\0b", b"\0al\0\xff"],
)
def test_what_is_no_message_of_plain(client: Session, response: str | bytes) -> None:
    """RFC 4616, section 2: three parts, of which the last two are not empty; UTF-8."""
    begin(client)
    client.send(*pieces(response))
    assert client.until(*END)[-1].command == "904"


@pytest.mark.parametrize("text", ["A", "!!!!", "AGFs AGFs"])
def test_what_is_no_base64(client: Session, text: str) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": a response is Base64."""
    begin(client)
    client.send(f"AUTHENTICATE {text.split()[0]}")
    assert client.until(*END)[-1].command == "904"


# --- Pieces


def test_a_long_response(client: Session, account: Account) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": pieces of 400, then one that is shorter."""
    password = "x" * 300
    al = account("al", password)
    lines = plain(al, password, al)
    assert len(lines) == 2
    begin(client)
    client.send(*lines)
    assert client.until(*END)[-1].command == "903"


def test_a_response_that_ends_with_a_piece(client: Session, account: Account) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": `+` after a last piece of 400."""
    al = account()
    al = account("al", "x" * (298 - len(al)))
    lines = plain(al, "x" * (298 - len(al)))
    assert [len(line) for line in lines] == [413, 14]
    begin(client)
    client.send(lines[0])
    assert client.read() == []
    client.send(lines[1])
    assert client.until(*END)[-1].command == "903"


def test_a_piece_that_is_too_long(client: Session) -> None:
    """IRCv3 sasl-3.1, "Numerics": 905 for a parameter longer than 400 bytes."""
    begin(client)
    client.send(f"AUTHENTICATE {'A' * 401}")
    assert client.until(*END)[-1].command == "905"


def test_pieces_without_end(client: Session) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": the server may limit a response."""
    begin(client)
    client.send(*[f"AUTHENTICATE {'A' * 400}"] * 50)
    assert client.until(*END)[-1].command in ("904", "905")


# --- Aborting


@pytest.mark.parametrize("before", [[], ["AUTHENTICATE " + "A" * 400]])
def test_an_abort(client: Session, account: Account, before: list[str]) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": `*`, and 906; a new attempt works."""
    begin(client)
    client.send(*before, "AUTHENTICATE *")
    assert client.until(*END)[-1].command == "906"
    assert authenticate(client, account())[-1].command == "903"


def test_an_abort_of_nothing(client: Session) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": `*` never succeeds."""
    client.send("AUTHENTICATE *")
    assert client.until(*END)[-1].command in ("904", "906")


def test_registration_aborts(client: Session, name: Name) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": 906, then registered without."""
    nick = name("al")
    begin(client)
    client.send(f"NICK {nick}", "USER me 0 * :x", "CAP END")
    lines = client.until("376", "422")
    assert commands(lines).index("906") < commands(lines).index("001")
    assert not only(lines, "900")


# --- Mechanisms


@pytest.mark.parametrize("mechanism", ["NONSENSE", "SCRAM-SHA-1", "EXTERNAL"])
def test_a_mechanism_that_there_is_not(client: Session, mechanism: str) -> None:
    """IRCv3 sasl-3.1, "Numerics": 904; 908 may be before it, with those that there are."""
    client.send(f"AUTHENTICATE {mechanism}")
    lines = client.until(*END)
    assert lines[-1].command == "904"
    for line in only(lines, "908"):
        assert "PLAIN" in line.params[1].split(",")


def test_another_mechanism_after_one_that_there_is_not(client: Session, account: Account) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": the client may try another."""
    client.send("AUTHENTICATE NONSENSE")
    client.until(*END)
    assert authenticate(client, account())[-1].command == "903"


def test_without_the_capability(connect: Connect) -> None:
    """IRCv3 sasl-3.1, "Introduction": it must be enabled first."""
    session = connect()
    session.send("CAP LS 302", "AUTHENTICATE PLAIN", "PING x")
    lines = session.until("PONG")
    assert not only(lines, "AUTHENTICATE")


def test_no_mechanism(client: Session) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)"."""
    client.send("AUTHENTICATE")
    assert client.until("461", *END)[-1].command in ("461", "904")


# --- SCRAM-SHA-256


def test_scram(client: Session, account: Account) -> None:
    """RFC 5802, section 3: both sides prove that they know it; sasl-3.1: an empty end."""
    al = account()
    scram = Scram(al)
    attributes = scram.begin(client)
    assert attributes["r"].startswith(scram.nonce)
    assert len(attributes["r"]) > len(scram.nonce)
    assert int(attributes["i"]) >= 4096
    client.send(*scram.proof(attributes))
    last = client.until("AUTHENTICATE", *END)[-1]
    assert last.command == "AUTHENTICATE"
    assert base64.b64decode(last.text) == f"v={encoded(scram.signature)}".encode()
    client.send("AUTHENTICATE +")
    assert commands(client.until(*END))[-2:] == ["900", "903"]


def test_scram_is_not_over_before_its_end(client: Session, account: Account) -> None:
    """IRCv3 sasl-3.1, "The AUTHENTICATE command": an empty response is still to be sent; what is
    none is refused."""
    scram = Scram(account())
    client.send(*scram.proof(scram.begin(client)))
    assert commands(client.until("AUTHENTICATE", *END)) == ["AUTHENTICATE"]
    assert client.read() == []
    client.send(*pieces("more"))
    assert commands(client.until(*END)) == ["904"]


@pytest.mark.parametrize("own", [False, True])
def test_scram_with_an_authorization_identity(client: Session, account: Account, own: bool) -> None:
    """RFC 5802, section 5.1: who may not act as that is refused."""
    al, bo = account("al"), account("bo")
    scram = Scram(al, header=f"n,a={al if own else bo},")
    if not own:
        begin(client, "SCRAM-SHA-256")
        client.send(*pieces(scram.header + scram.bare))
        assert client.until("AUTHENTICATE", *END)[-1].command == "904"
        return
    client.send(*scram.proof(scram.begin(client)), "AUTHENTICATE +")
    assert client.until(*END)[-1].command == "903"


def test_scram_for_nobodys_account(client: Session, name: Name) -> None:
    """IRCv3 sasl-3.1, "Numerics": 904 for invalid credentials."""
    begin(client, "SCRAM-SHA-256")
    client.send(*pieces(f"n,,n={name('nobody')},r=nonce"))
    lines = client.until("904")
    assert not only(lines, "900")


def test_scram_has_another_nonce_each_time(client: Session, account: Account) -> None:
    """RFC 5802, section 5.1: the server's part of the nonce is new."""
    al = account()
    first = Scram(al).begin(client)["r"]
    client.send("AUTHENTICATE *")
    client.until("906")
    assert Scram(al).begin(client)["r"] != first


def test_scram_with_a_wrong_password(client: Session, account: Account) -> None:
    """RFC 5802, section 7: a proof that is wrong; sasl-3.1: 904."""
    scram = Scram(account(), "wrong")
    client.send(*scram.proof(scram.begin(client)))
    assert client.until("AUTHENTICATE", *END)[-1].command == "904"


@pytest.mark.parametrize(
    "first",
    ["", "n,,", "n,,n=,r=x", "n,,n={al}", "p=tls-unique,,n={al},r=x", "n,,m=x,n={al},r=x"],
)
def test_scram_that_does_not_begin(client: Session, account: Account, first: str) -> None:
    """RFC 5802, section 7: what is no first message."""
    begin(client, "SCRAM-SHA-256")
    client.send(*pieces(first.format(al=account())))
    assert client.until("AUTHENTICATE", *END)[-1].command == "904"


def test_scram_with_another_nonce(client: Session, account: Account) -> None:
    """RFC 5802, section 5.1: the server must check that the nonce is the same."""
    scram = Scram(account())
    attributes = scram.begin(client)
    client.send(*scram.proof(attributes | {"r": attributes["r"] + "x"}))
    assert client.until("AUTHENTICATE", *END)[-1].command == "904"


# --- After registration


def test_after_registration(register: Register, account: Account) -> None:
    """IRCv3 sasl-3.2, "SASL Reauthentication": at any time."""
    al, user = account(), register("x", "sasl")
    assert commands(authenticate(user, al))[-1] == "903"
    assert one(user.ask(f"WHOIS {al}"), "330").params[2] == al


def test_again(logged_in: Callable[..., Session], account: Account) -> None:
    """IRCv3 sasl-3.2, "SASL Reauthentication": authenticated or otherwise."""
    al, bo = logged_in(), account("bo")
    assert authenticate(al, al.nick)[-1].command == "903"
    assert authenticate(al, bo, "wrong")[-1].command == "904"
    assert one(al.ask(f"WHOIS {al.nick}"), "330").params[2] == al.nick
    lines = authenticate(al, bo)
    assert lines[-1].command == "903"
    assert one(lines, "900").params[2] == bo


def test_answers_in_order(register: Register, account: Account) -> None:
    """Modern IRC: what is asked later is answered later, however long a password takes."""
    al, user = account(), register("x", "sasl")
    begin(user)
    lines = user.ask(*plain(al, "wrong"), "TIME")
    assert commands(lines) == ["904", "391"]


# --- Whom a nickname belongs to


def test_a_registered_nickname(register: Register, account: Account) -> None:
    """Modern IRC, "ERR_NICKNAMEINUSE (433)": it can not be had."""
    al, user = account(), register("x")
    assert one(user.ask(f"NICK {al}"), "433").params[1] == al
