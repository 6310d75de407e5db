"""Making an account (IRCv3 draft/account-registration)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.accounts import PASSWORD, authenticate
from tests.conformance.conftest import PASS, Connect, Register, Target, close_registration
from tests.conformance.session import Session, commands, one, only

pytestmark = pytest.mark.capability("draft/account-registration")

Name = Callable[[str], str]
Account = Callable[..., str]


def keys(target: Target) -> set[str]:
    return {
        key.partition("=")[0]
        for key in target.capabilities["draft/account-registration"].split(",")
    }


@pytest.mark.ours
def test_the_value(target: Target) -> None:
    """IRCv3 draft/account-registration, "Capability": keys, each once."""
    assert target.capabilities["draft/account-registration"] == "before-connect"


@pytest.mark.parametrize("own", [False, True])
def test_success(register: Register, own: bool) -> None:
    """IRCv3 draft/account-registration, "Responses": SUCCESS; then as if SASL were used."""
    al = register("al")
    al.send(f"REGISTER {al.nick if own else '*'} * :{PASSWORD}")
    lines = al.until("REGISTER", "FAIL")
    lines += al.read()
    assert one(lines, "REGISTER").params[:2] == ["SUCCESS", al.nick]
    assert len(one(lines, "REGISTER").params) == 3
    assert one(lines, "900").params[2] == al.nick
    assert one(al.ask(f"WHOIS {al.nick}"), "330").params[2] == al.nick


def test_the_password_is_that_of_the_account(connect: Connect, account: Account) -> None:
    """IRCv3 draft/account-registration, "Responses": it can be logged in to."""
    al, session = account(), connect()
    session.negotiate("sasl")
    assert authenticate(session, al)[-1].command == "903"


@pytest.mark.parametrize("own", [False, True])
def test_an_account_that_exists(connect: Connect, account: Account, own: bool) -> None:
    """IRCv3 draft/account-registration, "Responses": ACCOUNT_EXISTS, with the account."""
    al, session = account(), connect()
    session.send("CAP LS 302", f"NICK {al}")
    session.send(f"REGISTER {al if own else '*'} * :{PASSWORD}")
    assert session.until("FAIL", "REGISTER")[-1].params[:3] == ["REGISTER", "ACCOUNT_EXISTS", al]


@pytest.mark.ours
def test_a_name_that_is_not_the_nickname(register: Register, name: Name) -> None:
    """IRCv3 draft/account-registration, "Responses": where it must match, it is said."""
    al, other = register("al"), name("other")
    (line,) = al.ask(f"REGISTER {other} * :{PASSWORD}")
    assert line.params[:3] == ["REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", other]


@pytest.mark.parametrize("bad", ["1st", "a*b", "#room"])
def test_a_bad_name(register: Register, bad: str) -> None:
    """IRCv3 draft/account-registration, "Responses": BAD_ACCOUNT_NAME."""
    (line,) = register("al").ask(f"REGISTER {bad} * :{PASSWORD}")
    assert line.params[:3] in (
        ["REGISTER", "BAD_ACCOUNT_NAME", bad],
        ["REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", bad],
    )


def test_the_case_of_a_name(register: Register, account: Account) -> None:
    """Modern IRC, "CASEMAPPING": it is the same account in capitals."""
    al, session = account(), register("x")
    (line,) = session.ask(f"REGISTER {al.upper()} * :{PASSWORD}")
    assert line.params[1] in ("ACCOUNT_EXISTS", "ACCOUNT_NAME_MUST_BE_NICK")


def test_nobody_is_told_of_an_account_before_nick(connect: Connect, account: Account) -> None:
    """IRCv3 draft/account-registration, "Responses": no ACCOUNT_EXISTS before NICK."""
    al, session = account(), connect()
    session.negotiate("draft/account-registration")
    session.send(f"REGISTER {al} * :{PASSWORD}")
    assert session.until("FAIL")[-1].params[:2] in (
        ["REGISTER", "NEED_NICK"],
        ["REGISTER", "COMPLETE_CONNECTION_REQUIRED"],
    )


def test_a_password_of_bytes(register: Register) -> None:
    """IRCv3 draft/account-registration, "Client considerations": what is not UTF-8 may be refused;
    it is not taken for anything else."""
    al = register("al")
    (line,) = al.ask(b"REGISTER * * :pass\xffword-that-is-long")
    assert line.command == "FAIL"
    assert line.params[:2] in (["REGISTER", "UNACCEPTABLE_PASSWORD"], ["REGISTER", "INVALID_UTF8"])
    assert "900" not in commands(al.read())


def test_a_weak_password(register: Register) -> None:
    """IRCv3 draft/account-registration, "Responses": WEAK_PASSWORD; again is allowed."""
    al = register("al")
    (line,) = al.ask("REGISTER * * x")
    assert line.params[:3] == ["REGISTER", "WEAK_PASSWORD", al.nick]
    assert only(al.ask(f"REGISTER * * :{PASSWORD}"), "REGISTER")


def test_an_unacceptable_password(register: Register) -> None:
    """IRCv3 draft/account-registration, "Server considerations": 300 bytes."""
    al = register("al")
    (line,) = al.ask(f"REGISTER * * {'x' * 350}")
    assert line.params[:3] == ["REGISTER", "UNACCEPTABLE_PASSWORD", al.nick]


def test_who_has_logged_in(logged_in: Callable[..., Session]) -> None:
    """IRCv3 draft/account-registration, "Responses": ALREADY_AUTHENTICATED."""
    al = logged_in()
    for line in (f"REGISTER * * :{PASSWORD}", f"VERIFY {al.nick} code"):
        (said,) = only(al.ask(line), "FAIL")
        assert said.params[:3] == [line.partition(" ")[0], "ALREADY_AUTHENTICATED", al.nick]


@pytest.mark.parametrize("line", ["REGISTER", "REGISTER *", "REGISTER * *", "VERIFY", "VERIFY al"])
def test_too_few_parameters(register: Register, line: str) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)"."""
    assert one(register("al").ask(line), "461").params[1] == line.partition(" ")[0]


def test_a_code_that_nobody_was_sent(register: Register, name: Name) -> None:
    """IRCv3 draft/account-registration, "Responses": INVALID_CODE."""
    nobody = name("nobody")
    (line,) = register("al").ask(f"VERIFY {nobody} 12345")
    assert line.params[:3] == ["VERIFY", "INVALID_CODE", nobody]


def test_before_connecting(target: Target, connect: Connect, name: Name) -> None:
    """IRCv3 draft/account-registration, "Capability": before-connect."""
    session, nick = connect(), name("al")
    session.negotiate("draft/account-registration")
    session.send(f"NICK {nick}", f"REGISTER * * :{PASSWORD}")
    lines = session.until("REGISTER", "FAIL")
    if "before-connect" not in keys(target):
        assert lines[-1].params[:2] == ["REGISTER", "COMPLETE_CONNECTION_REQUIRED"]
        return
    assert lines[-1].params[:2] == ["SUCCESS", nick]
    session.send("USER me 0 * :x", "CAP END")
    session.nick = nick
    session.until("376", "422")
    assert one(session.ask(f"WHOIS {nick}"), "330").params[2] == nick


def test_before_nick(target: Target, connect: Connect) -> None:
    """IRCv3 draft/account-registration, "Responses": NEED_NICK, with `*`."""
    session = connect()
    session.negotiate("draft/account-registration")
    session.send(f"REGISTER * * :{PASSWORD}")
    said = session.until("FAIL")[-1]
    expected = (
        ["REGISTER", "NEED_NICK", "*"]
        if "before-connect" in keys(target)
        else ["REGISTER", "COMPLETE_CONNECTION_REQUIRED", "*"]
    )
    assert said.params[:3] == expected


def test_answers_in_order(register: Register) -> None:
    """Modern IRC: what is asked later is answered later, however long it takes."""
    al = register("al")
    lines = al.ask(f"REGISTER * * :{PASSWORD}", "TIME")
    assert commands(lines).index("REGISTER") < commands(lines).index("391")


# --- Before connecting, and not


@pytest.mark.ours
@pytest.mark.parametrize("line", [f"REGISTER * * :{PASSWORD}", "VERIFY al 12345"])
def test_who_has_to_connect_first(late: Target, sessions: list[Session], line: str) -> None:
    """IRCv3 draft/account-registration, "Responses": COMPLETE_CONNECTION_REQUIRED, for both."""
    late.look()
    assert "before-connect" not in keys(late)
    session = late.open()
    sessions.append(session)
    session.negotiate("draft/account-registration")
    session.send("NICK al", line)
    said = session.until("FAIL", "REGISTER", "VERIFY")[-1]
    assert said.params[:2] == [line.partition(" ")[0], "COMPLETE_CONNECTION_REQUIRED"]


@pytest.mark.ours
def test_a_second_attempt(late: Target, sessions: list[Session]) -> None:
    """IRCv3 draft/account-registration, "Commands": after the welcome it can be had."""
    session = late.open()
    sessions.append(session)
    session.negotiate("draft/account-registration")
    register = f"REGISTER * * :{PASSWORD}"
    session.send("NICK al", "USER al 0 * :x", register, "CAP END")
    session.until("376", "422")
    session.send(register)
    assert session.until("REGISTER", "FAIL")[-1].params[:2] == ["SUCCESS", "al"]


@pytest.mark.ours
def test_it_is_no_way_around_a_password(locked: Target, sessions: list[Session]) -> None:
    """IRCv3 draft/account-registration, "Server considerations": PASS is still required, and comes
    first."""
    session = locked.open()
    sessions.append(session)
    session.negotiate("draft/account-registration")
    register = f"REGISTER * * :{PASSWORD}"
    required = ["REGISTER", "COMPLETE_CONNECTION_REQUIRED", "al"]
    session.send("NICK al", register)
    assert session.until("REGISTER", "FAIL")[-1].params[:3] == required
    session.send("PASS wrong", register)
    lines = session.until("REGISTER", "FAIL")
    assert "464" in commands(lines)
    assert lines[-1].params[:3] == required
    lines = session.ask("USER al 0 * :x", "CAP END")
    assert "464" in commands(lines)
    assert "001" not in commands(lines)
    session.send(f"PASS {PASS}", "USER al 0 * :x")
    assert session.until("376", "422")[0].command == "001"
    other = locked.open()
    sessions.append(other)
    other.negotiate("draft/account-registration")
    other.send(f"PASS {PASS}", "NICK bo", register)
    assert other.until("REGISTER", "FAIL")[-1].params[:2] == ["SUCCESS", "bo"]
    other.send("USER bo 0 * :x", "CAP END")
    assert other.until("376", "422")[0].command == "001"


@pytest.mark.ours
def test_where_nobody_can_register(late: Target, sessions: list[Session], tmp_path: Path) -> None:
    """IRCv3 capability negotiation, "CAP DEL": it is not advertised any more; REGISTER is refused
    with TEMPORARILY_UNAVAILABLE."""
    session = late.open()
    sessions.append(session)
    session.register("al", capabilities=["cap-notify", "draft/account-registration", "sasl"])
    close_registration(tmp_path, late)
    (said,) = session.until("CAP")
    assert said.params[1:] == ["DEL", "draft/account-registration"]
    assert one(session.ask(f"REGISTER * * :{PASSWORD}"), "FAIL").params[:3] == [
        *("REGISTER", "TEMPORARILY_UNAVAILABLE", "al")
    ]


# --- With a code by mail


@pytest.mark.ours
def test_verification(mailing: Target, sessions: list[Session], tmp_path: Path) -> None:
    """IRCv3 draft/account-registration, "Examples": REGISTER, a code by mail, VERIFY."""
    mailing.look()
    assert keys(mailing) == {"before-connect", "email-required"}
    al = mailing.open()
    sessions.append(al)
    al.register("al")
    al.send(f"REGISTER * al@example.org :{PASSWORD}")
    said = al.until("REGISTER", "FAIL")[-1]
    assert said.params[:2] == ["VERIFICATION_REQUIRED", "al"]
    mail = (tmp_path / "al").read_text()
    found = re.search(r"VERIFY al (\S+)", mail)
    assert found is not None
    assert "To: al@example.org" in mail.splitlines()
    for _ in range(2):
        assert one(al.ask("VERIFY al 12345"), "FAIL").params[:3] == ["VERIFY", "INVALID_CODE", "al"]
    lines = al.ask(f"VERIFY al {found[1]}")
    assert one(lines, "VERIFY").params[:2] == ["SUCCESS", "al"]
    assert one(lines, "900").params[2] == "al"


@pytest.mark.ours
def test_before_verification(mailing: Target, sessions: list[Session], tmp_path: Path) -> None:
    """IRCv3 draft/account-registration, "Responses": further action is required; nobody is logged
    in, nor can be. Then VERIFY, from another connection, before connecting."""
    al, session = mailing.open(), mailing.open()
    sessions += [al, session]
    al.register("al")
    al.send(f"REGISTER * al@example.org :{PASSWORD}")
    assert "900" not in commands(al.until("REGISTER"))
    al.send("QUIT")
    al.until_closed()
    found = re.search(r"VERIFY al (\S+)", (tmp_path / "al").read_text())
    assert found is not None
    session.negotiate("sasl")
    assert commands(authenticate(session, "al")) == ["904"]
    session.send("NICK al", f"VERIFY al {found[1]}")
    lines = session.until("VERIFY", "FAIL")
    assert lines[-1].params[:2] == ["SUCCESS", "al"]
    session.send("USER al 0 * :x", "CAP END")
    session.until("376", "422")
    session.nick = "al"
    assert one(session.ask("WHOIS al"), "330").params[2] == "al"
    # A code is for once.
    (said,) = only(session.ask(f"VERIFY al {found[1]}"), "FAIL")
    assert said.params[:3] == ["VERIFY", "ALREADY_AUTHENTICATED", "al"]


@pytest.mark.ours
@pytest.mark.parametrize("address", ["nobody", "-a@example.org", "a@b@c", "a@example.org,b@c.de"])
def test_a_bad_address(mailing: Target, sessions: list[Session], address: str) -> None:
    """IRCv3 draft/account-registration, "Responses": INVALID_EMAIL, or UNACCEPTABLE_EMAIL."""
    al = mailing.open()
    sessions.append(al)
    al.register("al")
    (line,) = al.ask(f"REGISTER * {address} :{PASSWORD}")
    assert line.params[1] in ("INVALID_EMAIL", "UNACCEPTABLE_EMAIL")
    assert line.params[2] == "al"


@pytest.mark.ours
def test_no_address(mailing: Target, sessions: list[Session]) -> None:
    """IRCv3 draft/account-registration, "Responses": INVALID_EMAIL."""
    al = mailing.open()
    sessions.append(al)
    al.register("al")
    (line,) = al.ask(f"REGISTER * * :{PASSWORD}")
    assert line.params[:3] == ["REGISTER", "INVALID_EMAIL", "al"]


@pytest.mark.ours
def test_attempts_are_limited(mailing: Target, sessions: list[Session]) -> None:
    """IRCv3 draft/account-registration, "Responses": TEMPORARILY_UNAVAILABLE; sasl-3.1: 904."""
    al = mailing.open()
    sessions.append(al)
    al.register("al", capabilities=["sasl"])
    lines = al.ask(*["VERIFY al 12345"] * 4)
    assert [line.params[1] for line in only(lines, "FAIL")] == [
        *["INVALID_CODE"] * 3,
        "TEMPORARILY_UNAVAILABLE",
    ]
    said = authenticate(al, "al")[-1]
    assert said.command == "904"
    assert re.search(r"try again in \d+ seconds$", said.text)


# --- Where an account is required


@pytest.mark.ours
def test_an_account_is_required(closed: Target, sessions: list[Session]) -> None:
    """IRCv3 draft/account-registration, "Responses": FAIL * ACCOUNT_REQUIRED."""
    session = closed.open()
    sessions.append(session)
    session.send("CAP LS 302", "NICK al", "USER al 0 * :x", "CAP END")
    lines = session.until_closed()
    assert one(lines, "FAIL").params[:2] == ["*", "ACCOUNT_REQUIRED"]
    assert lines[-1].command == "ERROR"
    assert not only(lines, "001")


@pytest.mark.ours
def test_where_one_is_required_it_can_be_made(
    closed: Target, sessions: list[Session], tmp_path: Path
) -> None:
    """IRCv3 draft/account-registration, "ISUPPORT token": draft/ACCOUNTREQUIRED."""
    session = closed.open()
    sessions.append(session)
    session.send("CAP LS 302", "NICK al", f"REGISTER * al@example.org :{PASSWORD}")
    session.until("REGISTER")
    found = re.search(r"VERIFY al (\S+)", (tmp_path / "al").read_text())
    assert found is not None
    session.send(f"VERIFY al {found[1]}", "USER al 0 * :x", "CAP END")
    lines = session.until("376", "422")
    assert one(lines, "001").params[0] == "al"
    assert any("draft/ACCOUNTREQUIRED" in line.params for line in only(lines, "005"))
