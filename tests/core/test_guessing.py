"""Passwords can not be guessed, whatever they are for and however they are said."""

from __future__ import annotations

from ipaddress import ip_network

import msgspec
import pytest

from tests.core.logins import PASSWORD, SETTINGS, Logins, encoded, plain
from tests.core.world import SERVER, codes
from trio_chat.core import attempts
from trio_chat.core.attempts import Rejected
from trio_chat.core.inputs import Completed
from trio_chat.core.requests import CheckLogin
from trio_chat.core.settings import AccountPolicy, Gateway, Operator

HASH = "$argon2id$x"
LATER = "Too many attempts; try again in 12 seconds"


def world_with(**changes: object) -> Logins:
    return Logins(msgspec.structs.replace(SETTINGS, **changes))


def test_oper() -> None:
    world = world_with(operators=(Operator(name="root", password=HASH),))
    for number in range(3):
        world.irc(f"u{number}")
    for number in range(5):
        world.ask(f"u{number % 3}", "OPER root wrong")
        assert codes(world.complete(False)[f"u{number % 3}"])[0] == "464"
    assert world.ask("u2", "OPER root right") == [f":{SERVER} 464 u2 :{LATER}"]
    assert world.passwords == []
    # Whoever is nobody is guessed at no more often.
    assert world.ask("u2", "OPER nobody x") == [f":{SERVER} 464 u2 :{LATER}"]
    world.now += 12.1
    world.ask("u2", "OPER root right")
    assert codes(world.complete(True)["u2"]) == ["381", "MODE"]


def test_the_servers_password() -> None:
    world = world_with(password=HASH)
    for number in range(6):
        world.step(world.add(f"u{number}"))
        world.ask(f"u{number}", f"NICK u{number}", "USER u 0 * :x")
    for number in range(5):
        world.ask(f"u{number}", "PASS wrong")
        assert codes(world.complete(False)[f"u{number}"]) == ["464"]
    assert world.ask("u5", "PASS right") == [f":{SERVER} 464 u5 :{LATER}"]
    world.now += 12.1
    world.ask("u5", "PASS right")
    assert codes(world.complete(True)["u5"])[0] == "001"


def test_the_servers_password_with_nc() -> None:
    world = world_with(password=HASH)
    for number in range(6):
        world.step(world.add(f"u{number}", plain=True))
        world.ask(f"u{number}", f"u{number}")
    for number in range(5):
        world.ask(f"u{number}", "wrong")
        world.complete(False)
    assert world.ask("u5", "right") == [f"{LATER}."]


def test_a_gateways_password() -> None:
    gateway = Gateway(host=(ip_network("10.0.0.0/8"),), password=HASH)
    world = world_with(gateways=(gateway,))
    line = "WEBIRC {} gateway 192.0.2.7 192.0.2.7"
    for number in range(5):
        world.connect_bare(f"u{number}")
        world.ask(f"u{number}", line.format("wrong"))
        world.complete(False)
    world.connect_bare("late")
    assert world.ask("late", line.format("right")) == [f"ERROR :Closing link ({LATER})"]


@pytest.mark.parametrize("way", ["AUTHENTICATE", "PASS", "/login"])
def test_an_accounts_password(way: str) -> None:
    world = Logins(SETTINGS)
    world.account("al")

    def attempt(name: str, password: str) -> list[str]:
        if way == "/login":
            world.step(world.add(name, plain=True))
            return world.ask(name, f"/login al {password}")
        world.connect(name)
        if way == "PASS":
            return world.ask(name, f"PASS :al:{password}")
        return world.ask(name, "AUTHENTICATE PLAIN", plain("al", password))[1:]

    for number in range(5):
        assert "Too many" not in attempt(f"u{number}", "wrong")[0]
    (said,) = attempt("late", PASSWORD)
    assert LATER in said


def test_a_hundred_at_once_are_checked_like_one_after_another() -> None:
    world = Logins(SETTINGS)
    world.account("al")
    world.slow = True
    names = [f"u{number}" for number in range(100)]
    for name in names:
        world.connect(name)
        world.ask(name, "AUTHENTICATE PLAIN", plain("al", "wrong"))
    assert len([item for item in world.requests if isinstance(item, CheckLogin)]) == 5
    said: dict[str, list[str]] = {}
    while world.requests:
        done = [Completed(request=item.id, result=False) for item in world.requests]
        world.requests.clear()
        for name, lines in world.step(*done).items():
            said.setdefault(name, []).extend(lines)
    assert sorted(said) == sorted(names)
    assert [codes(lines) for lines in said.values()] == [["904"]] * 100
    assert sum(LATER in lines[0] for lines in said.values()) == 95


def test_a_hundred_at_once_from_as_many_sites_of_one_network() -> None:
    world = Logins(SETTINGS)
    world.account("al")
    world.slow = True
    names = [f"u{number}" for number in range(100)]
    for number, name in enumerate(names):
        world.connect(name, host=f"2001:db8:0:{number:x}::1")
        world.ask(name, "AUTHENTICATE PLAIN", plain("al", "wrong"))
    said: dict[str, list[str]] = {}
    checked = 0
    while world.requests:
        checked += len(world.requests)
        done = [Completed(request=item.id, result=False) for item in world.requests]
        world.requests.clear()
        for name, lines in world.step(*done).items():
            said.setdefault(name, []).extend(lines)
    assert checked == 5
    assert [codes(said[name]) for name in names] == [["904"]] * 100
    # The owner comes from elsewhere.
    world.slow = False
    world.connect("home", host="2001:db8:1::1")
    assert codes(world.ask("home", "AUTHENTICATE PLAIN", plain("al"))) == [
        "AUTHENTICATE",
        "900",
        "903",
    ]


def test_accounts_are_not_made_from_every_site_of_a_network() -> None:
    policy = AccountPolicy(per_address=1)
    world = Logins(msgspec.structs.replace(SETTINGS, accounts=policy))
    answers = []
    for number in range(20):
        world.connect(f"u{number}", host=f"2001:db8:0:{number:x}::1")
        world.send(f"u{number}", f"NICK u{number}", "USER u 0 * :x", "CAP END")
        answers.append(world.ask(f"u{number}", f"REGISTER * * :{PASSWORD}")[-1])
    assert sum("REGISTER SUCCESS" in answer for answer in answers) == attempts.WIDER
    assert "Too many accounts from your address" in answers[-1]


def test_a_hundred_who_are_right_get_in_at_once_from_one_address() -> None:
    world = Logins(SETTINGS)
    world.account("al")
    world.slow = True
    names = [f"u{number}" for number in range(100)]
    for name in names:
        world.connect(name)
        world.ask(name, "AUTHENTICATE PLAIN", plain("al"))
    # Some do not wait for it: nobody else waits for them then.
    for name in names[::3]:
        world.quit(name)
    said: dict[str, list[str]] = {}
    most = 0
    while world.requests:
        most = max(most, len(world.requests))
        done = [world.done(item) for item in world.requests]
        world.requests.clear()
        for name, lines in world.step(*done).items():
            said.setdefault(name, []).extend(lines)
    assert most == 5
    gone = set(names[::3])
    assert {name: codes(lines) for name, lines in said.items()} == {
        name: ["900", "903"] for name in names if name not in gone
    }


def test_what_could_not_be_found_out_is_no_wrong_password() -> None:
    world = Logins(SETTINGS)
    world.account("al")
    world.connect("cy")
    world.slow = True
    for _ in range(7):
        world.ask("cy", "AUTHENTICATE PLAIN", plain("al"))
        (check,) = world.requests
        world.requests.clear()
        (said,) = world.step(Completed(request=check.id, result=False, detail="locked"))["cy"]
        assert said.endswith("SASL authentication failed: Could not be checked; try again later")


WELCOME = ["AUTHENTICATE", "900", "903"]


@pytest.mark.parametrize("way", ["made", "password", "certificate"])
def test_an_owner_at_home_is_not_locked_out_after_mistyping(way: str) -> None:
    world = Logins(SETTINGS)
    world.account("al")
    # Accounts are made from a Unix socket here.
    home = "" if way == "made" else "192.0.2.1"
    if way == "password":
        world.connect("first", host=home)
        world.ask("first", "AUTHENTICATE PLAIN", plain("al"))
    elif way == "certificate":
        world.certify("al")
        world.connect("first", secure=True, certfp="ab" * 32, host=home)
        assert codes(world.ask("first", "AUTHENTICATE EXTERNAL", "AUTHENTICATE +")) == WELCOME
    for number in range(58):
        world.connect(f"u{number}", host=f"10.0.1.{number}")
        world.ask(f"u{number}", "AUTHENTICATE PLAIN", plain("al", "wrong"))
    # Somebody else at home is wrong as often as they can.
    world.connect_bare("other", host=home)
    world.ask("other", "CAP REQ sasl")
    for _ in range(6):
        world.ask("other", "AUTHENTICATE PLAIN", plain("nosuch", "wrong"))
    world.connect_bare("mine", host=home)
    world.ask("mine", "CAP REQ sasl")
    assert codes(world.ask("mine", "AUTHENTICATE PLAIN", plain("al", "typo")))[1:] == ["904"]
    assert codes(world.ask("mine", "AUTHENTICATE PLAIN", plain("al"))) == WELCOME


def test_an_owner_elsewhere_waits_no_longer_than_they_were_told() -> None:
    world = Logins(SETTINGS)
    world.account("al")
    for number in range(10):
        world.connect(f"u{number}", host=f"10.0.1.{number}")
        world.ask(f"u{number}", "AUTHENTICATE PLAIN", plain("al", "wrong"))
    world.connect("mine", host="192.0.2.1")
    assert codes(world.ask("mine", "AUTHENTICATE PLAIN", plain("al", "typo")))[1:] == ["904"]
    said = world.ask("mine", "AUTHENTICATE PLAIN", plain("al"))[-1]
    assert said.endswith("Too many attempts; try again in 84 seconds")
    for number in range(10, 50):
        world.connect(f"u{number}", host=f"10.0.1.{number}")
        world.ask(f"u{number}", "AUTHENTICATE PLAIN", plain("al", "wrong"))
    world.now += 84
    assert codes(world.ask("mine", "AUTHENTICATE PLAIN", plain("al"))) == WELCOME


# --- What is in the log


def refused(world: Logins, name: str, *lines: str) -> list[Rejected]:
    world.rejected.clear()
    world.ask(name, *lines)
    return world.rejected


def test_guesses_that_are_not_checked_elsewhere_are_for_the_log() -> None:
    world = world_with(operators=(Operator(name="root", password=HASH),))
    world.account("al")
    world.connect("cy", host="192.0.2.1")
    wrong = Rejected("192.0.2.1", "al", is_wrong=True)
    # What is not the name of anything may be a password.
    nameless = Rejected("192.0.2.1", "", is_wrong=True)
    assert refused(world, "cy", world.scram("cy", "al", "wrong")) == [wrong]
    assert refused(world, "cy", f"PASS :al:{'x' * 400}") == [wrong]
    first = f"AUTHENTICATE {encoded('n,,n=secret,r=x')}"
    assert refused(world, "cy", "AUTHENTICATE SCRAM-SHA-256", first) == [nameless]
    assert refused(world, "cy", "AUTHENTICATE PLAIN", plain("secret", "x")) == [nameless]
    assert refused(world, "cy", "VERIFY al x") == [wrong]
    away = Rejected("192.0.2.1", "al", is_wrong=False)
    assert refused(world, "cy", "AUTHENTICATE PLAIN", plain("al")) == [away]
    first = f"AUTHENTICATE {encoded('n,,n=al,r=x')}"
    assert refused(world, "cy", "AUTHENTICATE SCRAM-SHA-256", first) == [away]
    nowhere = Rejected("192.0.2.1", "", is_wrong=False)
    assert refused(world, "cy", "AUTHENTICATE PLAIN", plain("secret")) == [nowhere]
    # Who is right is not in it.
    world.connect("al2")
    proof = world.scram("al2", "al")
    assert refused(world, "al2", proof, "AUTHENTICATE +") == []
    assert world.who("al2") == "al"


def test_guesses_at_operators_are_for_the_log() -> None:
    world = world_with(operators=(Operator(name="root", password=HASH),))
    world.irc("cy")
    assert refused(world, "cy", "OPER secret x") == [Rejected("", "", is_wrong=True)]
    world.ask("cy", "OPER root x")
    (check,) = world.passwords
    assert check.about == "OPER root"
    world.complete(True)
    world.irc("di")
    for number in range(5):
        world.irc(f"u{number}")
        world.ask(f"u{number}", "OPER secret x")
    # From here they are known to be root; nobody else is.
    assert refused(world, "di", "OPER root x") == []
    world.complete(False)
    away = Rejected("", "", is_wrong=False)
    assert refused(world, "di", "OPER secret x") == [away]
