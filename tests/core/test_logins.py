"""AUTHENTICATE (IRCv3 sasl-3.1, sasl-3.2)."""

from __future__ import annotations

import base64

import msgspec
import pytest

from tests.core.logins import FINGERPRINT, SETTINGS, Logins, encoded, plain
from tests.core.world import SERVER, codes
from trio_chat.core.accounts import Suspension
from trio_chat.core.inputs import Reconfigured
from trio_chat.core.settings import AccountPolicy, Settings

FAILED = f":{SERVER} 904 * :SASL authentication failed"


@pytest.fixture
def world() -> Logins:
    """The account `al` is there, and a client that is connecting, `cy`."""
    world = Logins(SETTINGS)
    world.account("al")
    world.connect("cy")
    return world


def test_plain_before_nick(world: Logins) -> None:
    assert world.ask("cy", "AUTHENTICATE plain") == [f":{SERVER} AUTHENTICATE +"]
    assert world.ask("cy", plain("al")) == [
        f":{SERVER} 900 * * al :You are now logged in as al",
        f":{SERVER} 903 * :SASL authentication successful",
    ]
    lines = world.ask("cy", "NICK al", "USER al 0 * :Al", "CAP END")
    assert codes(lines)[0] == "001"
    assert world.who("cy") == "al"


def test_logins_are_counted(world: Logins) -> None:
    before = world.logins
    world.ask("cy", "AUTHENTICATE PLAIN", plain("al", "wrong"))
    assert world.logins == before
    world.ask("cy", "AUTHENTICATE PLAIN", plain("al"))
    assert world.logins == before + 1
    # Again, to the same.
    world.ask("cy", "AUTHENTICATE PLAIN", plain("al"))
    assert world.logins == before + 2


def test_what_the_numerics_are_sent_to(world: Logins) -> None:
    lines = world.ask("cy", "NICK cy", "AUTHENTICATE PLAIN", plain("al"))
    # Who logs in has the nickname of the account.
    assert lines[1:] == [
        f":{SERVER} 900 cy cy!*@10.0.0.1 al :You are now logged in as al",
        f":{SERVER} 903 al :SASL authentication successful",
    ]


def test_answers_come_before_that_to_the_next_line(world: Logins) -> None:
    lines = world.ask("cy", "AUTHENTICATE PLAIN", plain("al", "wrong"), "PING 1")
    assert codes(lines) == ["AUTHENTICATE", "904", "PONG"]


@pytest.mark.parametrize("authorization", ["al", "AL"])
def test_an_authorization_identity_that_is_the_account(world: Logins, authorization: str) -> None:
    world.ask("cy", "AUTHENTICATE PLAIN")
    assert codes(world.ask("cy", plain("al", authorization=authorization))) == ["900", "903"]


def test_nobody_is_logged_in_as_somebody_else(world: Logins) -> None:
    world.account("bo")
    world.ask("cy", "AUTHENTICATE PLAIN")
    assert world.ask("cy", plain("al", authorization="bo")) == [
        f"{FAILED}: nobody can be logged in as somebody else"
    ]
    assert world.who("cy") == ""


@pytest.mark.parametrize(
    "response", [plain("al", "wrong"), plain("nobody"), plain("al", "x" * 400)]
)
def test_a_new_attempt_after_904_works(world: Logins, response: str) -> None:
    world.ask("cy", "AUTHENTICATE PLAIN")
    chunks = [response[13:][n : n + 400] for n in range(0, len(response), 400)]
    lines = world.ask("cy", *(f"AUTHENTICATE {chunk}" for chunk in chunks if chunk))
    assert lines == [FAILED]
    assert codes(world.ask("cy", "AUTHENTICATE PLAIN", plain("al")))[1:] == ["900", "903"]


@pytest.mark.parametrize(
    "response", ["AUTHENTICATE +", "AUTHENTICATE !", f"AUTHENTICATE {encoded('al')}"]
)
def test_what_is_no_response(world: Logins, response: str) -> None:
    world.ask("cy", "AUTHENTICATE PLAIN")
    assert codes(world.ask("cy", response)) == ["904"]
    assert codes(world.ask("cy", "AUTHENTICATE PLAIN")) == ["AUTHENTICATE"]


def test_a_response_in_pieces(world: Logins) -> None:
    password = "x" * 292
    world.account("bo", password)
    whole = encoded(f"\0bo\0{password}")
    assert len(whole) == 396
    for authorization, sizes in (("", [396]), ("bo", [400, 0])):
        whole = encoded(f"{authorization}\0bo\0{password}")
        pieces = [whole[:400], *([whole[400:]] if len(whole) >= 400 else [])]
        assert [len(piece) for piece in pieces] == sizes
        world.ask("cy", "AUTHENTICATE PLAIN")
        for piece in pieces[:-1]:
            assert world.ask("cy", f"AUTHENTICATE {piece}") == []
        assert codes(world.ask("cy", f"AUTHENTICATE {pieces[-1] or '+'}")) == ["900", "903"]


def test_the_longest_names_and_password_fit(world: Logins) -> None:
    world = Logins(
        msgspec.structs.replace(
            SETTINGS, limits=msgspec.structs.replace(SETTINGS.limits, nickname=64)
        )
    )
    name, password = "é" * 64, "x" * 300
    world.account(name, password)
    world.connect("cy")
    whole = encoded(f"{name}\0{name}\0{password}")
    world.ask("cy", "AUTHENTICATE PLAIN")
    pieces = [whole[n : n + 400] for n in range(0, len(whole), 400)]
    assert codes(world.ask("cy", *(f"AUTHENTICATE {piece}" for piece in pieces))) == ["900", "903"]


def test_a_piece_that_is_too_long(world: Logins) -> None:
    world.ask("cy", "AUTHENTICATE PLAIN")
    assert world.ask("cy", f"AUTHENTICATE {'A' * 401}") == [
        f":{SERVER} 905 * :SASL message too long"
    ]
    assert codes(world.ask("cy", "AUTHENTICATE PLAIN", plain("al")))[1:] == ["900", "903"]


def test_a_flood_of_pieces_ends_at_the_first_that_is_too_much(world: Logins) -> None:
    world.ask("cy", "AUTHENTICATE PLAIN")
    piece = f"AUTHENTICATE {'A' * 400}"
    assert world.ask("cy", *[piece] * 3) == []
    assert world.ask("cy", piece) == [f"{FAILED}: the response is too long"]
    # From here on they are mechanisms that nobody knows.
    assert set(codes(world.ask("cy", *[piece] * 50))) == {"908", "904"}


@pytest.mark.parametrize(
    "before", [[], ["AUTHENTICATE PLAIN"], ["AUTHENTICATE PLAIN", "AUTHENTICATE " + "A" * 400]]
)
def test_an_abort(world: Logins, before: list[str]) -> None:
    world.ask("cy", *before)
    assert world.ask("cy", "AUTHENTICATE *") == [f":{SERVER} 906 * :SASL authentication aborted"]
    assert codes(world.ask("cy", "AUTHENTICATE PLAIN", plain("al")))[1:] == ["900", "903"]


@pytest.mark.parametrize("name", ["NONSENSE", "EXTERNAL", "SCRAM-SHA-1", "+"])
def test_a_mechanism_that_is_not_offered(world: Logins, name: str) -> None:
    assert world.ask("cy", f"AUTHENTICATE {name}") == [
        f":{SERVER} 908 * SCRAM-SHA-256,PLAIN :are available SASL mechanisms",
        FAILED,
    ]


def test_the_capability_has_to_be_asked_for(world: Logins) -> None:
    world.step(world.add("di"))
    assert world.ask("di", "AUTHENTICATE PLAIN") == [
        f"{FAILED}: the capability sasl has to be asked for first"
    ]


def test_nothing_of_it_where_there_are_no_accounts() -> None:
    world = Logins()
    world.step(world.add("cy"))
    assert codes(world.ask("cy", "CAP REQ sasl")) == ["CAP"]
    assert codes(world.ask("cy", "AUTHENTICATE PLAIN")) == ["908", "904"]


@pytest.mark.parametrize(
    "before", [["AUTHENTICATE PLAIN"], ["AUTHENTICATE PLAIN", "AUTHENTICATE " + "A" * 400]]
)
def test_registration_ends_an_exchange(world: Logins, before: list[str]) -> None:
    world.ask("cy", *before)
    lines = world.ask("cy", "NICK cy", "USER cy 0 * :Cy", "CAP END")
    assert codes(lines)[:2] == ["906", "001"]
    # Also where it is NICK that was missing, and not the end of the negotiation.
    world.connect("di")
    world.ask("di", "USER di 0 * :Di", "CAP END", *before)
    assert codes(world.ask("di", "NICK di"))[:2] == ["906", "001"]


def test_registration_waits_for_a_password_that_is_being_checked(world: Logins) -> None:
    world.slow = True
    world.ask("cy", "AUTHENTICATE PLAIN")
    assert world.ask("cy", plain("al"), "NICK al", "USER al 0 * :Al", "CAP END") == []
    world.slow = False
    assert codes(world.step()["cy"])[:3] == ["900", "903", "001"]


def test_after_registration(world: Logins) -> None:
    world.irc("bo", caps="sasl account-notify")
    assert codes(world.ask("bo", "AUTHENTICATE PLAIN", plain("al"))) == [
        "AUTHENTICATE",
        "900",
        "ACCOUNT",
        "MODE",
        "NICK",
        "903",
    ]


def test_who_is_logged_in_can_log_in_again_and_elsewhere(world: Logins) -> None:
    world.account("bo")
    world.irc("di", caps="sasl")
    world.ask("di", "AUTHENTICATE PLAIN", plain("al"))
    assert codes(world.ask("di", "AUTHENTICATE PLAIN", plain("al"))) == [
        "AUTHENTICATE",
        "900",
        "903",
    ]
    assert codes(world.ask("di", "AUTHENTICATE PLAIN", plain("bo", "wrong"))) == [
        "AUTHENTICATE",
        "904",
    ]
    assert world.who("di") == "al"
    lines = world.ask("di", "AUTHENTICATE PLAIN", plain("bo"))
    assert codes(lines) == ["AUTHENTICATE", "900", "NICK", "903"]
    assert lines[-1] == f":{SERVER} 903 bo :SASL authentication successful"
    assert world.who("di") == "bo"


def test_who_changes_accounts_has_the_first_ones_nickname_no_more(world: Logins) -> None:
    world.account("bo")
    world.irc("one", caps="sasl")
    world.ask("one", "AUTHENTICATE PLAIN", plain("bo"))
    world.irc("two", caps="sasl")
    world.ask("two", "AUTHENTICATE PLAIN", plain("al"))
    world.ask("two", "AUTHENTICATE PLAIN", plain("bo"))
    two = world.core.state.users[world.ids["two"]]
    assert (two.account, two.nickname) == ("bo", f"Guest{two.id}")


# --- EXTERNAL


def test_external(world: Logins) -> None:
    world.certify("al")
    world.connect("di", secure=True, certfp=FINGERPRINT)
    world.ask("di", "AUTHENTICATE EXTERNAL")
    assert codes(world.ask("di", "AUTHENTICATE +")) == ["900", "903"]
    assert world.who("di") == "al"
    for name, code in (("AL", "903"), ("bo", "904")):
        world.ask("di", "AUTHENTICATE EXTERNAL")
        assert codes(world.ask("di", f"AUTHENTICATE {encoded(name)}"))[-1] == code
    lines = world.ask("di", "NICK al", "USER al 0 * :Al", "CAP END")
    assert lines[-1] == ":al!~al@10.0.0.1 MODE al +Zr"


@pytest.mark.parametrize("certfp", ["", "cd" * 32])
def test_external_with_another_certificate_or_none(world: Logins, certfp: str) -> None:
    world.certify("al")
    world.connect("di", secure=True, certfp=certfp)
    world.ask("di", "AUTHENTICATE EXTERNAL")
    assert world.ask("di", "AUTHENTICATE +") == [f"{FAILED}: no account has your certificate"]


def test_external_takes_tls(world: Logins) -> None:
    """A gateway may know a certificate, where the way from there is not encrypted."""
    world.certify("al")
    world.connect("di", certfp=FINGERPRINT)
    assert codes(world.ask("di", "AUTHENTICATE EXTERNAL")) == ["908", "904"]


@pytest.mark.parametrize(
    ("secure", "value"), [(False, "SCRAM-SHA-256,PLAIN"), (True, "EXTERNAL,SCRAM-SHA-256,PLAIN")]
)
def test_the_capability_names_the_mechanisms(world: Logins, secure: bool, value: str) -> None:
    world.connect("di", secure=secure)
    words = " ".join(world.ask("di", "CAP LS 302")).split()
    assert f"sasl={value}" in words


# --- SCRAM-SHA-256


def test_scram(world: Logins) -> None:
    proof = world.scram("cy", "AL")
    (line,) = world.ask("cy", proof)
    assert base64.b64decode(line.rpartition(" ")[2]).startswith(b"v=")
    # Only now is it over.
    assert world.who("cy") == ""
    assert codes(world.ask("cy", "AUTHENTICATE +")) == ["900", "903"]
    assert world.who("cy") == "al"


def test_scram_with_another_password(world: Logins) -> None:
    proof = world.scram("cy", "al", "wrong")
    assert world.ask("cy", proof) == [FAILED]
    assert codes(world.ask("cy", "AUTHENTICATE PLAIN")) == ["AUTHENTICATE"]


def test_scram_without_an_account(world: Logins) -> None:
    world.ask("cy", "AUTHENTICATE SCRAM-SHA-256")
    assert world.ask("cy", f"AUTHENTICATE {encoded('n,,n=nobody,r=x')}") == [FAILED]


def test_scram_as_somebody_else(world: Logins) -> None:
    world.ask("cy", "AUTHENTICATE SCRAM-SHA-256")
    lines = world.ask("cy", f"AUTHENTICATE {encoded('n,a=bo,n=al,r=x')}")
    assert lines == [f"{FAILED}: nobody can be logged in as somebody else"]


@pytest.mark.parametrize("last", [encoded("more"), "!"])
def test_scram_ends_with_nothing(world: Logins, last: str) -> None:
    world.ask("cy", world.scram("cy", "al"))
    assert codes(world.ask("cy", f"AUTHENTICATE {last}")) == ["904"]
    assert world.who("cy") == ""


def test_scram_does_not_go_by_an_old_secret(world: Logins) -> None:
    proof = world.scram("cy", "al")
    world.now += 61
    assert world.ask("cy", proof) == [f"{FAILED}: it took too long"]


@pytest.mark.parametrize("proved", [False, True])
@pytest.mark.parametrize("made_anew", [False, True])
def test_an_exchange_ends_with_what_it_was_about(
    world: Logins, proved: bool, made_anew: bool
) -> None:
    """Another password, or another owner: what was said before is no proof any more."""
    proof = world.scram("cy", "al")
    if proved:
        assert codes(world.ask("cy", proof)) == ["AUTHENTICATE"]
    found = world.core.context.accounts.get("al")
    assert found is not None
    if made_anew:
        world.core.context.accounts.drop("al")
        found = msgspec.structs.replace(found, registered_at=world.now)
    world.core.context.accounts.put(found)
    assert codes(world.ask("cy", "AUTHENTICATE +" if proved else proof)) == ["904"]
    assert world.who("cy") == ""


def test_a_password_that_is_checked_while_the_account_changes(world: Logins) -> None:
    world.slow = True
    world.ask("cy", "AUTHENTICATE PLAIN", plain("al"))
    (request,) = world.requests
    world.requests.clear()
    found = world.core.context.accounts.get("al")
    assert found is not None
    world.core.context.accounts.drop("al")
    world.core.context.accounts.put(msgspec.structs.replace(found, registered_at=world.now))
    assert codes(world.step(world.done(request))["cy"]) == ["904"]
    assert world.who("cy") == ""


def test_a_nonce_that_takes_two_lines(world: Logins) -> None:
    nonce = "x" * 256
    world.ask("cy", "AUTHENTICATE SCRAM-SHA-256")
    lines = world.ask("cy", f"AUTHENTICATE {encoded(f'n,,n=al,r={nonce}')}")
    assert [len(line.rpartition(" ")[2]) for line in lines] == [400, 12]


# --- Who does not get in


def test_an_account_that_is_suspended(world: Logins) -> None:
    account = world.core.context.accounts.get("al")
    assert account is not None
    suspended = msgspec.structs.replace(account, suspended=Suspension("root", "spam", 1.0))
    world.core.context.accounts.put(suspended)
    world.ask("cy", "AUTHENTICATE PLAIN")
    assert world.ask("cy", plain("al")) == [f":{SERVER} 902 * :Account is suspended"]
    assert codes(world.ask("cy", world.scram("cy", "al"))) == ["902"]
    world.certify("al")
    world.connect("di", secure=True, certfp=FINGERPRINT)
    world.ask("di", "AUTHENTICATE EXTERNAL")
    assert codes(world.ask("di", "AUTHENTICATE +")) == ["902"]


def test_guesses_are_limited_whatever_the_mechanism(world: Logins) -> None:
    for _ in range(3):
        world.ask("cy", "AUTHENTICATE PLAIN")
        assert world.ask("cy", plain("al", "wrong")) == [FAILED]
    for _ in range(2):
        assert world.ask("cy", world.scram("cy", "al", "wrong")) == [FAILED]
    away = f"{FAILED}: Too many attempts; try again in 12 seconds"
    world.ask("cy", "AUTHENTICATE PLAIN")
    assert world.ask("cy", plain("al")) == [away]
    world.ask("cy", "AUTHENTICATE SCRAM-SHA-256")
    assert world.ask("cy", f"AUTHENTICATE {encoded('n,,n=al,r=x')}") == [away]
    # From elsewhere the owner gets in.
    world.connect("home", host="10.0.0.2")
    assert codes(world.ask("home", "AUTHENTICATE PLAIN", plain("al")))[1:] == ["900", "903"]
    world.now += 12.1
    assert codes(world.ask("cy", "AUTHENTICATE PLAIN", plain("al")))[1:] == ["900", "903"]


def test_a_proof_that_waits_does_not_get_around_the_limit(world: Logins) -> None:
    proofs = {}
    for number in range(7):
        world.connect(f"c{number}")
        proofs[f"c{number}"] = world.scram(f"c{number}", "al", "wrong")
    said = [world.ask(name, proof)[0] for name, proof in proofs.items()]
    assert said[:5] == [FAILED] * 5
    assert all("Too many attempts" in line for line in said[5:])


# --- A new configuration


def test_a_reload_that_brings_accounts_and_takes_them(world: Logins) -> None:
    world.irc("bo")
    world.ask("bo", "CAP LS 302")
    gone = world.step(Reconfigured(settings=Settings(name=SERVER)))["bo"]
    assert gone == [f":{SERVER} CAP bo DEL :sasl draft/account-registration"]
    assert codes(world.ask("cy", "AUTHENTICATE PLAIN")) == ["908", "904"]
    there = world.step(Reconfigured(settings=SETTINGS))["bo"]
    assert there == [
        f":{SERVER} CAP bo NEW :sasl=SCRAM-SHA-256,PLAIN draft/account-registration=before-connect"
    ]
    closed = AccountPolicy(registration="closed")
    changed = world.step(Reconfigured(settings=Settings(name=SERVER, accounts=closed)))["bo"]
    assert changed == [f":{SERVER} CAP bo DEL draft/account-registration"]


def test_passwords_are_the_same_however_they_are_written(world: Logins) -> None:
    world.account("bo", "Zëbra\u00a0crossing")
    world.ask("cy", "AUTHENTICATE PLAIN")
    assert codes(world.ask("cy", plain("bo", "Ze\u0308bra crossing"))) == ["900", "903"]
    world.connect("di")
    assert codes(world.ask("di", world.scram("di", "bo", "Zëbra crossing"))) == ["AUTHENTICATE"]
