"""Logging in with PASS or /login, and where nobody gets in without an account."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from tests.core.logins import PASSWORD, SETTINGS, Logins, plain
from tests.core.world import SERVER, codes
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


def test_people_with_nc_are_asked_to_log_in(closed: Logins) -> None:
    closed.step(closed.add("cy", plain=True))
    assert closed.ask("cy", "cy") == [f"{REQUIRED}: /login NAME PASSWORD, or /quit:"]
    assert closed.ask("cy", f"/login al {PASSWORD}")[1] == "Hello al. /help shows what you can do."
