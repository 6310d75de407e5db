"""Logging in with PASS or /login, and where nobody gets in without an account."""

from __future__ import annotations

from ipaddress import ip_network

import msgspec
import pytest

from tests.core.logins import PASSWORD, SETTINGS, Logins, plain
from tests.core.world import CODE, SERVER, codes
from trio_chat.core.settings import AccountPolicy, Settings

CLOSED = Settings(name=SERVER, accounts=AccountPolicy(required=True))
REQUIRED = "This server is for people with an account, who log in to it first"


@pytest.fixture
def world() -> Logins:
    world = Logins(SETTINGS)
    world.account("al")
    return world


@pytest.fixture
def closed() -> Logins:
    """A server for people with an account, such as al."""
    world = Logins(CLOSED)
    world.step(world.add("al"))
    world.ask("al", "NICK al", f"REGISTER * * :{PASSWORD}", "QUIT")
    return world


def test_nobody_stays_who_logs_out(closed: Logins) -> None:
    closed.connect("cy")
    closed.ask("cy", "NICK cy", "USER cy 0 * :x", "AUTHENTICATE PLAIN", plain("al"), "CAP END")
    lines = closed.ask("cy", "NS LOGOUT")
    assert lines[-1].startswith("ERROR :")
    assert "for accounts only" in lines[-1]
    assert "cy" in closed.closed


# --- PASS


def test_pass_with_an_account(world: Logins) -> None:
    world.connect_bare("cy")
    lines = world.ask("cy", f"PASS :al:{PASSWORD}", "NICK al", "USER al 0 * :x")
    assert codes(lines)[:2] == ["900", "001"]


def test_pass_with_a_wrong_password_of_an_account(world: Logins) -> None:
    world.connect_bare("cy")
    lines = world.ask("cy", "PASS al:wrong", "NICK cy", "USER cy 0 * :x")
    assert lines[0] == f":{SERVER} 464 * :Password incorrect"
    assert codes(lines)[1] == "001"
    assert world.who("cy") == ""


@pytest.mark.parametrize("password", ["secret", "al/freenode:secret", ":secret"])
def test_pass_that_is_for_somebody_else(world: Logins, password: str) -> None:
    world.connect_bare("cy")
    lines = world.ask("cy", f"PASS :{password}", "NICK cy", "USER cy 0 * :x")
    assert codes(lines)[0] == "001"


def test_pass_where_the_server_has_a_password() -> None:
    world = Logins(Settings(name=SERVER, password="$argon2id$x", accounts=AccountPolicy()))
    world.connect_bare("cy")
    world.ask("cy", "NICK cy", "USER cy 0 * :x", "PASS al:secret")
    assert [request.password for request in world.passwords] == ["al:secret"]


# --- /login


def test_login_with_nc(world: Logins) -> None:
    world.step(world.add("cy", plain=True))
    lines = world.ask("cy", f"/login al {PASSWORD}")
    assert lines[:2] == ["You are now logged in as al", "Hello al. /help shows what you can do."]


def test_login_with_nc_and_a_wrong_password(world: Logins) -> None:
    world.step(world.add("cy", plain=True))
    again = "Type a nickname, or /login NAME PASSWORD:"
    assert world.ask("cy", "/login al wrong") == [f"Account or password is wrong. {again}"]
    assert world.ask("cy", "/login al") == ["/login NAME PASSWORD: log in to your account"]
    assert world.ask("cy", "cy")[0] == "Hello cy. /help shows what you can do."


def test_a_second_client_of_an_account_with_nc(world: Logins) -> None:
    world.step(world.add("cy", plain=True), world.add("di", plain=True))
    world.ask("cy", f"/login al {PASSWORD}")
    assert world.ask("di", f"/login al {PASSWORD}") == [
        "You are now logged in as al",
        "You are here as al already. Type another nickname:",
    ]
    assert world.ask("di", "di")[0] == "Hello di. /help shows what you can do."
    assert world.who("di") == "al"


def test_somebody_with_nc_is_told_whose_a_nickname_is(world: Logins) -> None:
    world.step(world.add("cy", plain=True))
    assert world.ask("cy", "al") == [
        "al belongs to somebody who has registered it. If that is you, /login al PASSWORD. "
        "Otherwise type another nickname:"
    ]


def test_login_where_there_are_no_accounts() -> None:
    world = Logins()
    world.step(world.add("cy", plain=True))
    (said,) = world.ask("cy", "/login al secret")
    assert said.endswith("Type a nickname to join #lobby:")


def test_login_and_the_servers_password() -> None:
    world = Logins(Settings(name=SERVER, accounts=AccountPolicy()))
    world.account("al")
    settings = Settings(name=SERVER, password="$argon2id$x", accounts=AccountPolicy())
    world.core.context.settings = settings
    world.step(world.add("cy", plain=True))
    assert world.ask("cy", f"/login al {PASSWORD}")[1:] == [
        "This server has a password. Type it, or /quit:"
    ]


# --- accounts.required


def test_who_has_not_logged_in_is_sent_off(closed: Logins) -> None:
    closed.connect_bare("cy")
    assert closed.ask("cy", "NICK cy", "USER cy 0 * :x") == [
        f":{SERVER} FAIL * ACCOUNT_REQUIRED :{REQUIRED}",
        f"ERROR :Closing link ({REQUIRED})",
    ]
    assert "cy" in closed.closed


def test_who_has_logged_in_gets_in(closed: Logins) -> None:
    closed.connect("cy")
    closed.ask("cy", "AUTHENTICATE PLAIN", plain("al"))
    assert codes(closed.ask("cy", "NICK al", "USER al 0 * :x", "CAP END"))[0] == "001"
    closed.connect_bare("di")
    lines = closed.ask("di", f"PASS :al:{PASSWORD}", "NICK di", "USER al 0 * :x")
    assert codes(lines)[:2] == ["900", "001"]
    assert any("draft/ACCOUNTREQUIRED" in line.split() for line in lines)


def test_who_makes_an_account_gets_in(closed: Logins) -> None:
    closed.connect_bare("cy")
    lines = closed.ask("cy", "NICK cy", f"REGISTER * * :{PASSWORD}", "USER cy 0 * :x")
    assert codes(lines)[:3] == ["900", "REGISTER", "001"]


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_who_is_exempt_gets_in(address: str) -> None:
    networks = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))
    accounts = AccountPolicy(required=True, exempt=networks)
    world = Logins(Settings(name=SERVER, accounts=accounts))
    for name, host in (("al", address), ("bo", "198.51.100.1"), ("cy", "")):
        world.connect_bare(name, host=host)
        lines = world.ask(name, f"NICK {name}", f"USER {name} 0 * :x")
        assert codes(lines)[0] == ("001" if name == "al" else "FAIL")


WAYS = f"{REQUIRED}: /login NAME PASSWORD, /register PASSWORD to make an account cy, or /quit:"


def test_people_with_nc_are_asked_to_log_in(closed: Logins) -> None:
    closed.step(closed.add("cy", plain=True))
    for typed in ("cy", "", "/help", "/nick cy"):
        assert closed.ask("cy", typed) == [WAYS]
    assert closed.ask("cy", "di") == [WAYS.replace("account cy", "account di")]
    assert closed.ask("cy", f"/login al {PASSWORD}")[1] == "Hello al. /help shows what you can do."
    assert closed.who("cy") == "al"


def test_people_with_nc_make_an_account(closed: Logins) -> None:
    closed.step(closed.add("cy", plain=True))
    assert closed.ask("cy", "/register longenough") == [
        "Type a nickname first. Then /register PASSWORD makes it yours:"
    ]
    assert closed.ask("cy", "al")[0].startswith("al belongs to somebody who has registered it.")
    assert closed.ask("cy", "cy", "/register short", "/REGISTER") == [
        WAYS,
        "A password has at least 8 characters.",
        "/register PASSWORD [EMAIL]: make an account of your nickname, so that it is",
        "  yours",
    ]
    assert closed.ask("cy", "/register longenough")[:3] == [
        "You are now logged in as cy",
        "cy is registered, and nobody else can be called that.",
        "Hello cy. /help shows what you can do.",
    ]
    assert closed.who("cy") == "cy"


def test_people_with_nc_verify_an_account() -> None:
    policy = AccountPolicy(required=True, require_email=True, mail_command=("sendmail",))
    world = Logins(Settings(name=SERVER, accounts=policy))
    world.step(world.add("cy", plain=True), world.add("di", plain=True))
    assert world.ask("cy", "cy", "/register longenough cy@x.org") == [
        WAYS.replace("PASSWORD to", "PASSWORD EMAIL to"),
        "A code was mailed to cy@x.org.",
        "When you have read it: /ns VERIFY cy <code>",
    ]
    assert world.ask("cy", "/ns VERIFY cy", "/ns verify cy wrong") == [
        "/ns VERIFY NAME CODE: say the code that was mailed to you",
        "Code is wrong, or was for a day only.",
    ]
    # From another window, without a nickname.
    assert world.ask("di", f"/ns VERIFY cy {CODE}")[:2] == [
        "You are now logged in as cy",
        "Hello cy. /help shows what you can do.",
    ]


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (AccountPolicy(required=True, registration="closed"), "Registration is closed."),
        (AccountPolicy(required=True, before_connect=False), "Accounts are made by who is in."),
    ],
)
def test_people_with_nc_who_can_make_no_account(policy: AccountPolicy, why: str) -> None:
    world = Logins(Settings(name=SERVER, accounts=policy))
    world.step(world.add("cy", plain=True))
    assert world.ask("cy", "cy") == [f"{REQUIRED}: /login NAME PASSWORD, or /quit:"]
    for typed in ("/register longenough", f"/ns verify cy {CODE}"):
        assert world.ask("cy", typed) == [f"{why} Type a nickname, or /login NAME PASSWORD:"]
    assert len(world.core.context.accounts) == 0


def test_people_with_nc_say_the_servers_password_before_they_make_an_account() -> None:
    world = Logins(msgspec.structs.replace(CLOSED, password="$argon2id$x"))
    world.step(world.add("cy", plain=True))
    register, prompt = "/register longenough", "This server has a password. Type it, or /quit:"
    assert world.ask("cy", register, f"/ns verify cy {CODE}", "cy", register) == [
        *["This server has a password. Type a nickname first, then that:"] * 2,
        *[prompt] * 2,
    ]
    assert world.requests == []
    assert world.ask("cy", "wrong") == []
    assert world.complete(False)["cy"] == ["That is not the password. Type it again, or /quit:"]
    assert world.ask("cy", register) == [prompt]
    assert world.ask("cy", "right") == []
    assert world.complete(True)["cy"] == [WAYS]
    # It is said once.
    assert "Hello cy. /help shows what you can do." in world.ask("cy", register)
    assert world.who("cy") == "cy"


def test_who_does_not_know_the_servers_password_is_not_told_more() -> None:
    world = Logins(msgspec.structs.replace(CLOSED, password="$argon2id$x"))
    world.connect_bare("cy")
    assert codes(world.ask("cy", "NICK cy", "USER cy 0 * :x")) == ["464"]
    assert world.ask("cy", "PASS right") == []
    assert codes(world.complete(True)["cy"]) == ["FAIL", "ERROR"]
