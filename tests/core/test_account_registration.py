"""REGISTER and VERIFY (IRCv3 draft/account-registration)."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.logins import PASSWORD, SETTINGS, Logins, plain
from tests.core.world import CODE, SERVER, codes
from trio_chat.core.accounts import VERIFY_WITHIN, Suspension, digest
from trio_chat.core.inputs import Elapsed
from trio_chat.core.secrets import Mailed
from trio_chat.core.settings import AccountPolicy, Settings

COMMAND = ("sendmail", "-i")
MAILING = Settings(name=SERVER, accounts=AccountPolicy(require_email=True, mail_command=COMMAND))


@pytest.fixture
def world() -> Logins:
    world = Logins(SETTINGS)
    world.irc("al")
    return world


@pytest.mark.parametrize("name", ["*", "al", "AL"])
def test_an_account(world: Logins, name: str) -> None:
    shown = "al" if name == "*" else name
    assert world.ask("al", f"REGISTER {name} * :{PASSWORD}", "PING 1") == [
        f":{SERVER} 900 al al!~al@10.0.0.1 {shown} :You are now logged in as {shown}",
        ":al!~al@10.0.0.1 MODE al +r",
        f":{SERVER} REGISTER SUCCESS {shown} :Account created",
        f":{SERVER} PONG {SERVER} 1",
    ]
    assert world.who("al") == shown


def test_under_a_label(world: Logins) -> None:
    world.ask("al", "CAP REQ :labeled-response batch")
    lines = world.ask("al", f"@label=x REGISTER * * :{PASSWORD}")
    assert codes(lines) == ["BATCH", "900", "MODE", "REGISTER", "BATCH"]
    assert lines[0].startswith("@label=x ")


@pytest.mark.parametrize(
    ("line", "code", "shown"),
    [
        ("REGISTER * * short", "WEAK_PASSWORD", "al"),
        (f"REGISTER * * {'x' * 301}", "UNACCEPTABLE_PASSWORD", "al"),
        ("REGISTER * * :with\u200ba space", "UNACCEPTABLE_PASSWORD", "al"),
        (f"REGISTER bo * :{PASSWORD}", "ACCOUNT_NAME_MUST_BE_NICK", "bo"),
        (f"REGISTER 1st * :{PASSWORD}", "BAD_ACCOUNT_NAME", "1st"),
        (f"REGISTER * nonsense :{PASSWORD}", "INVALID_EMAIL", "al"),
        (f"REGISTER * -oQ@example.org :{PASSWORD}", "UNACCEPTABLE_EMAIL", "al"),
        (f"REGISTER * a,b@example.org :{PASSWORD}", "UNACCEPTABLE_EMAIL", "al"),
    ],
)
def test_what_is_refused(world: Logins, line: str, code: str, shown: str) -> None:
    (said,) = world.ask("al", line)
    assert said.startswith(f":{SERVER} FAIL REGISTER {code} {shown} :")
    assert len(world.core.context.accounts) == 0


def test_a_name_that_somebody_has(world: Logins) -> None:
    world.account("bo")
    world.step(world.add("cy"))
    world.ask("cy", "NICK bo")
    assert world.ask("cy", f"REGISTER * * :{PASSWORD}") == [
        f":{SERVER} FAIL REGISTER ACCOUNT_EXISTS bo :Account already exists"
    ]


def test_who_has_an_account_makes_no_other(world: Logins) -> None:
    world.ask("al", f"REGISTER * * :{PASSWORD}")
    (said,) = world.ask("al", f"REGISTER * * :{PASSWORD}")
    assert said.startswith(f":{SERVER} FAIL REGISTER ALREADY_AUTHENTICATED al :")
    (said,) = world.ask("al", "VERIFY al code")
    assert said.startswith(f":{SERVER} FAIL VERIFY ALREADY_AUTHENTICATED al :")


@pytest.mark.parametrize("lines", [["REGISTER"], ["REGISTER *", "REGISTER * *"], ["VERIFY al"]])
def test_too_few_parameters(world: Logins, lines: list[str]) -> None:
    assert set(codes(world.ask("al", *lines))) == {"461"}


def test_what_can_not_be_stored(world: Logins) -> None:
    world.full = True
    (said,) = world.ask("al", f"REGISTER * * :{PASSWORD}")
    assert said.startswith(f":{SERVER} FAIL REGISTER TEMPORARILY_UNAVAILABLE al :")
    assert world.who("al") == ""
    world.full = False
    assert codes(world.ask("al", f"REGISTER * * :{PASSWORD}")) == ["900", "MODE", "REGISTER"]


# --- While connecting


def test_before_connecting(world: Logins) -> None:
    world.step(world.add("bo"))
    offered = " ".join(world.ask("bo", "CAP LS 302"))
    assert "draft/account-registration=before-connect " in offered
    assert world.ask("bo", f"REGISTER * * :{PASSWORD}") == [
        f":{SERVER} FAIL REGISTER NEED_NICK * :Say NICK first: that is what your account is called"
    ]
    lines = world.ask("bo", "NICK bo", f"REGISTER * * :{PASSWORD}", "USER bo 0 * :Bo", "CAP END")
    assert codes(lines)[:3] == ["900", "REGISTER", "001"]
    assert world.who("bo") == "bo"


def test_not_before_connecting() -> None:
    world = Logins(Settings(name=SERVER, accounts=AccountPolicy(before_connect=False)))
    world.step(world.add("bo"))
    (offered,) = [
        word
        for word in " ".join(world.ask("bo", "CAP LS 302")).split()
        if word.lstrip(":").startswith("draft/account-registration")
    ]
    assert "before-connect" not in offered
    (said,) = world.ask("bo", f"REGISTER bo * :{PASSWORD}")
    assert said == (
        f":{SERVER} FAIL REGISTER COMPLETE_CONNECTION_REQUIRED bo :Finish connecting first"
    )
    (said,) = world.ask("bo", "VERIFY bo code")
    assert said.startswith(f":{SERVER} FAIL VERIFY COMPLETE_CONNECTION_REQUIRED bo :")


LOCKED = msgspec.structs.replace(SETTINGS, password="$hash")
FIRST = "COMPLETE_CONNECTION_REQUIRED bo :Say the server's password first (PASS)"


def test_before_connecting_where_the_server_has_a_password() -> None:
    world = Logins(LOCKED)
    world.step(world.add("bo"))
    assert "registration=before-connect " in " ".join(world.ask("bo", "CAP LS 302"))
    lines = world.ask("bo", f"REGISTER bo * :{PASSWORD}", "NICK bo", "VERIFY bo code")
    assert lines == [f":{SERVER} FAIL {name} {FIRST}" for name in ("REGISTER", "VERIFY")]
    assert world.requests == []
    assert world.ask("bo", "PASS right", f"REGISTER * * :{PASSWORD}", "PING 1") == []
    assert codes(world.complete(True)["bo"]) == ["900", "REGISTER", "PONG"]
    # It is said once.
    assert codes(world.ask("bo", "USER bo 0 * :x", "CAP END"))[0] == "001"
    assert world.passwords == []
    assert world.who("bo") == "bo"


def test_a_wrong_password_of_the_servers_makes_no_account() -> None:
    world = Logins(LOCKED)
    world.step(world.add("bo"))
    world.ask("bo", "CAP LS 302", "NICK bo")
    for _ in range(2):
        assert world.ask("bo", "PASS wrong", f"REGISTER * * :{PASSWORD}") == []
        assert world.complete(False)["bo"] == [
            f":{SERVER} 464 bo :Password incorrect",
            f":{SERVER} FAIL REGISTER {FIRST}",
        ]
        # What was wrong is not tried again.
        assert world.ask("bo", f"REGISTER * * :{PASSWORD}") == [f":{SERVER} FAIL REGISTER {FIRST}"]
    world.ask("bo", "PASS wrong", f"REGISTER * * :{PASSWORD}")
    assert codes(world.complete(False)["bo"]) == ["464", "ERROR"]
    assert len(world.core.context.accounts) == 0


@pytest.mark.parametrize(
    "settings",
    [Settings(name=SERVER, accounts=AccountPolicy(registration="closed")), Settings(name=SERVER)],
)
def test_where_nobody_makes_accounts(settings: Settings) -> None:
    world = Logins(settings)
    world.irc("al")
    assert "registration" not in world.ask("al", "CAP LS 302")[-1]
    (said,) = world.ask("al", f"REGISTER * * :{PASSWORD}")
    assert said.startswith(f":{SERVER} FAIL REGISTER TEMPORARILY_UNAVAILABLE al :")


def test_so_many_from_one_address_in_a_day() -> None:
    world = Logins(Settings(name=SERVER, accounts=AccountPolicy(per_address=2)))
    for name in ("al", "bo", "cy"):
        world.connect(name)
        world.ask(name, f"NICK {name}")
    # What comes to nothing is not counted.
    assert "WEAK_PASSWORD" in world.ask("al", "REGISTER * * short")[0]
    world.full = True
    assert "TEMPORARILY_UNAVAILABLE" in world.ask("al", f"REGISTER * * :{PASSWORD}")[0]
    world.full = False
    for name in ("al", "bo"):
        assert codes(world.ask(name, f"REGISTER * * :{PASSWORD}")) == ["900", "REGISTER"]
    assert world.ask("cy", f"REGISTER * * :{PASSWORD}") == [
        f":{SERVER} FAIL REGISTER TEMPORARILY_UNAVAILABLE cy "
        ":Too many accounts from your address; try again in 12 hours"
    ]
    world.connect("di", host="10.0.0.2")
    assert codes(world.ask("di", "NICK di", f"REGISTER * * :{PASSWORD}")) == ["900", "REGISTER"]


# --- With a code that is mailed


@pytest.fixture
def mailing() -> Logins:
    world = Logins(MAILING)
    world.irc("al")
    return world


def test_a_code_is_mailed_and_said(mailing: Logins) -> None:
    assert "draft/account-registration=before-connect,email-required" in " ".join(
        mailing.ask("al", "CAP LS 302")
    )
    assert mailing.ask("al", f"REGISTER * al@example.org :{PASSWORD}") == [
        f":{SERVER} REGISTER VERIFICATION_REQUIRED al "
        ":Account created, pending verification: a code was mailed to al@example.org"
    ]
    (mail,) = mailing.mails
    assert (mail.command, mail.account, mail.address) == (COMMAND, "al", "al@example.org")
    assert mailing.who("al") == ""
    account = mailing.core.context.accounts.get("al")
    assert account is not None
    assert (account.email, account.code) == ("al@example.org", digest(CODE))
    assert codes(mailing.ask("al", f"VERIFY al {CODE}")) == ["900", "MODE", "VERIFY"]
    assert mailing.who("al") == "al"
    mailing.send("al", "QUIT")
    mailing.connect("home")
    assert codes(mailing.ask("home", "AUTHENTICATE PLAIN", plain("al")))[1:] == ["900", "903"]


def test_nobody_logs_in_before_that(mailing: Logins) -> None:
    mailing.ask("al", f"REGISTER * al@example.org :{PASSWORD}")
    mailing.connect("home")
    assert mailing.ask("home", "AUTHENTICATE PLAIN", plain("al"))[1:] == [
        f":{SERVER} 904 * :SASL authentication failed: Account is not verified yet"
    ]


def test_the_code_while_connecting(mailing: Logins) -> None:
    mailing.connect("home")
    lines = mailing.ask(
        "home", "NICK home", f"REGISTER * a@example.org :{PASSWORD}", f"VERIFY home {CODE}"
    )
    assert codes(lines) == ["REGISTER", "900", "VERIFY"]
    assert codes(mailing.ask("home", "USER home 0 * :x", "CAP END"))[0] == "001"


@pytest.mark.parametrize("line", ["VERIFY al wrong", "VERIFY al ", f"VERIFY nobody {CODE}"])
def test_another_code(mailing: Logins, line: str) -> None:
    mailing.ask("al", f"REGISTER * al@example.org :{PASSWORD}")
    (said,) = mailing.ask("al", f"{line} :" if line.endswith(" ") else line)
    assert " FAIL VERIFY INVALID_CODE " in said


def test_codes_are_guessed_a_few_times_a_minute(mailing: Logins) -> None:
    mailing.ask("al", f"REGISTER * al@example.org :{PASSWORD}")
    said = mailing.ask("al", *["VERIFY al wrong"] * 5, f"VERIFY al {CODE}")
    assert [line.split(" ")[3] for line in said[:5]] == ["INVALID_CODE"] * 5
    assert said[5] == (
        f":{SERVER} FAIL VERIFY TEMPORARILY_UNAVAILABLE al "
        ":Too many attempts; try again in 12 seconds"
    )
    mailing.now += 12.1
    assert codes(mailing.ask("al", f"VERIFY al {CODE}")) == ["900", "MODE", "VERIFY"]


def test_the_name_is_held_for_a_day_and_no_longer(mailing: Logins) -> None:
    mailing.ask("al", f"REGISTER * al@example.org :{PASSWORD}")
    mailing.irc("bo")
    mailing.ask("al", "NICK elsewhere")
    assert codes(mailing.ask("bo", "NICK al")) == ["433"]
    due = mailing.core.next_deadline
    assert due is not None
    assert due <= mailing.now + VERIFY_WITHIN
    mailing.now += VERIFY_WITHIN - 1
    mailing.step(Elapsed())
    assert mailing.core.context.accounts.get("al") is not None
    mailing.now += 1
    mailing.step(Elapsed())
    assert mailing.core.context.accounts.get("al") is None
    assert mailing.secrets == {}
    mailing.irc("cy")
    assert codes(mailing.ask("cy", f"VERIFY al {CODE}", "NICK al")) == ["FAIL", "NICK"]


@pytest.mark.parametrize("email", ["*", "nonsense", f"{'x' * 250}@example.org"])
def test_an_address_that_nothing_can_be_mailed_to(mailing: Logins, email: str) -> None:
    (said,) = mailing.ask("al", f"REGISTER * {email} :{PASSWORD}")
    assert said.startswith(f":{SERVER} FAIL REGISTER INVALID_EMAIL al :")
    assert mailing.mails == []


@pytest.mark.parametrize(
    ("outcome", "code"), [(None, "TEMPORARILY_UNAVAILABLE"), (Mailed(""), "INVALID_EMAIL")]
)
def test_nothing_stays_of_what_could_not_be_mailed(
    mailing: Logins, outcome: Mailed | None, code: str
) -> None:
    mailing.mailing = outcome
    (said,) = mailing.ask("al", f"REGISTER * al@example.org :{PASSWORD}")
    assert said.startswith(f":{SERVER} FAIL REGISTER {code} al :")
    assert len(mailing.core.context.accounts) == len(mailing.secrets) == 0
    mailing.mailing = Mailed(CODE)
    assert codes(mailing.ask("al", f"REGISTER * al@example.org :{PASSWORD}")) == ["REGISTER"]


def test_who_is_suspended_meanwhile_is_not_let_in(mailing: Logins) -> None:
    mailing.ask("al", f"REGISTER * al@example.org :{PASSWORD}")
    account = mailing.core.context.accounts.get("al")
    assert account is not None
    suspended = msgspec.structs.replace(account, suspended=Suspension("root", "spam", 1.0))
    mailing.core.context.accounts.put(suspended)
    (said,) = mailing.ask("al", f"VERIFY al {CODE}")
    assert said == f":{SERVER} FAIL VERIFY TEMPORARILY_UNAVAILABLE al :Account is suspended"


def test_the_longest_address_fits_into_the_answer() -> None:
    limits = msgspec.structs.replace(MAILING.limits, nickname=64)
    world = Logins(msgspec.structs.replace(MAILING, name="s" * 63, limits=limits))
    world.irc("é" * 64)
    email = f"{'x' * 64}@{'y' * 189}"
    (said,) = world.ask("é" * 64, f"REGISTER * {email} :{PASSWORD}")
    assert "VERIFICATION_REQUIRED" in said
