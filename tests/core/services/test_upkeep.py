"""NickServ: what people change about their account, and how they do away with it."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.services.test_nickserv import (
    FINGERPRINT,
    OTHER,
    RIGHT,
    SETTINGS,
    SPACE,
    Registered,
    kept,
)
from tests.core.world import codes, secret_of
from trio_chat.core.inputs import Completed
from trio_chat.core.settings import AccountPolicy


@pytest.fixture
def world() -> Registered:
    return Registered()


@pytest.mark.parametrize("command", ["PASSWD", "SET PASSWORD"])
def test_another_password(world: Registered, command: str) -> None:
    assert world.told("al", f"{command} {OTHER} {OTHER}") == ["Account or password is wrong."]
    assert world.told("al", f"{command} {RIGHT} short") == ["A password has at least 8 characters."]
    assert world.has(RIGHT)
    assert world.told("al", f"{command} {RIGHT} {OTHER}") == ["al has another password now."]
    assert world.has(OTHER)
    assert kept(world).registered_at == world.now
    assert world.told("bo", f"IDENTIFY al {OTHER}") == ["You are logged in as al."]


@pytest.mark.parametrize(
    "said",
    [
        f"PASSWD {RIGHT}  {OTHER}",
        f"PASSWD  {RIGHT} {OTHER}",
        f"PASSWD {RIGHT} {OTHER} ",
        f"SET PASSWORD {RIGHT}  {OTHER}",
    ],
)
def test_a_space_too_many_is_in_no_new_password(world: Registered, said: str) -> None:
    assert world.told("al", said) == [SPACE]
    assert world.has(RIGHT)


PASSWD = (
    "It is PASSWD <old password> <new password>, or OLDPASS <old password> and then NEWPASS "
    "<new password>"
)


@pytest.mark.parametrize("command", ["PASSWD", "SET PASSWORD"])
def test_how_a_password_with_spaces_is_changed_is_said(world: Registered, command: str) -> None:
    for words in (RIGHT, f"{RIGHT} my pass phrase"):
        assert world.told("al", f"{command} {words}") == [PASSWD]
    assert world.has(RIGHT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("my pass phrase", "another  pass phrase"),
        (" in front, behind ", "in the middle"),
        # Two do not fit into a line.
        ("x" * 300, "y" * 300),
    ],
)
def test_a_password_is_changed_exactly(world: Registered, old: str, new: str) -> None:
    world.secrets["al"] = secret_of(old)
    assert world.told("al", f"OLDPASS {old}") == [
        "That is right. Within 5 minutes, say the new one: NEWPASS <password>"
    ]
    assert world.told("al", f"NEWPASS {new}") == ["al has another password now."]
    assert world.has(new)
    # It was for once.
    assert world.told("al", f"NEWPASS {RIGHT}") == [FIRST]
    assert world.has(new)
    assert world.told("bo", f"IDENTIFY al {new}") == ["You are logged in as al."]


FIRST = "First say the password that you have: OLDPASS <password>"


def test_whoever_has_not_said_the_old_password_gives_no_new_one(world: Registered) -> None:
    assert world.told("al", f"NEWPASS {OTHER}") == [FIRST]
    assert world.told("al", f"OLDPASS {OTHER}") == ["Account or password is wrong."]
    assert world.told("al", f"NEWPASS {OTHER}") == [FIRST]
    world.told("al", f"OLDPASS {RIGHT}")
    assert world.told("al", "NEWPASS short") == ["A password has at least 8 characters."]
    assert world.told("al", f"NEWPASS {OTHER} ") == [SPACE]
    world.now += 300
    assert world.told("al", f"NEWPASS {OTHER}") == [FIRST]
    # Who sits there next, and another client of the account, have said nothing.
    world.told("al", f"OLDPASS {RIGHT}")
    world.told("al", "LOGOUT")
    for name in ("al", "bo"):
        world.told(name, f"IDENTIFY al {RIGHT}")
        assert world.told(name, f"NEWPASS {OTHER}") == [FIRST]
    assert world.has(RIGHT)


def test_settings(world: Registered) -> None:
    assert world.told("al", "SET email al@example.org") == [
        "Your address of mail is al@example.org."
    ]
    assert world.told("al", "SET EMAIL nonsense") == ["Nothing can be mailed to that address."]
    assert kept(world).email == "al@example.org"
    assert world.told("al", "SET EMAIL NONE") == ["You have no address of mail now."]
    assert kept(world).email == ""
    usage = "It is SET EMAIL <address>|NONE or SET PASSWORD <old> <new>"
    for said in ("SET", "SET NONSENSE on", "SET EMAIL a@b c@d"):
        assert world.told("al", said) == [usage]


def test_an_address_that_was_proved_stays() -> None:
    world = Registered()
    policy = AccountPolicy(require_email=True)
    world.core.context.settings = msgspec.structs.replace(SETTINGS, accounts=policy)
    assert world.told("al", "SET EMAIL x@example.org") == [
        "Your address of mail was proved when you registered: only operators change it."
    ]
    assert kept(world).email == ""


def test_certificates(world: Registered) -> None:
    shown = ":".join(["AB"] * 32)
    assert world.told("al", "CERT LIST") == ["No certificate logs in to your account."]
    for said in ("CERT ADD", "CERT DEL"):
        assert world.told("al", said) == ["You are connected without a certificate."]
    world.connected_with(FINGERPRINT, "al")
    assert world.told("al", "CERT ADD abcd") == [
        "A fingerprint (SHA-256) has 64 hexadecimal digits."
    ]
    assert world.told("al", f"CERT ADD {shown}") == [
        f"The certificate {FINGERPRINT} logs in to your account now."
    ]
    found = world.core.context.accounts.by_certificate(FINGERPRINT)
    assert found is not None
    assert found.name == "al"
    assert world.told("al", f"CERT ADD {FINGERPRINT}") == [
        "That certificate logs in to your account already."
    ]
    assert world.told("al", "CERT LIST") == [f"{FINGERPRINT} (you are connected with it)"]
    world.told("bo", f"REGISTER {RIGHT}")
    world.connected_with(FINGERPRINT, "bo")
    assert world.told("bo", f"CERT ADD {FINGERPRINT}") == ["Certificate is another account's."]
    assert world.told("bo", f"CERT DEL {FINGERPRINT}") == [
        "That certificate does not log in to your account."
    ]
    assert world.told("al", f"CERT DEL {FINGERPRINT}") == [
        f"The certificate {FINGERPRINT} does not log in any more."
    ]
    assert world.core.context.accounts.by_certificate(FINGERPRINT) is None
    for said in ("CERT NONSENSE", f"CERT LIST {FINGERPRINT}"):
        assert world.told("al", said) == ["It is CERT ADD|DEL|LIST [<fingerprint>]"]


def test_only_the_owner_of_a_certificate_adds_it(world: Registered) -> None:
    """Otherwise it could be held against its owner, or its owner be logged in as somebody else."""
    refused = ["You are not connected with that certificate: connect with it, then add it."]
    assert world.told("al", f"CERT ADD {FINGERPRINT}") == refused
    world.connected_with("cd" * 32, "al")
    assert world.told("al", f"CERT ADD {FINGERPRINT}") == refused
    assert kept(world).certificates == ()
    world.told("bo", f"REGISTER {RIGHT}")
    world.connected_with(FINGERPRINT, "bo")
    world.told("bo", "CERT ADD")
    assert kept(world, "bo").certificates == (FINGERPRINT,)


@pytest.mark.parametrize("stored", [True, False])
def test_a_certificate_is_of_one_account_also_where_two_add_it_at_once(
    world: Registered, stored: bool
) -> None:
    world.told("bo", f"REGISTER {RIGHT}")
    world.connected_with(FINGERPRINT, "al", "bo")
    world.slow = True
    assert world.told("al", "CERT ADD") == []
    assert world.told("bo", "CERT ADD") == ["Certificate is another account's."]
    (waiting,) = world.requests
    world.requests.clear()
    world.step(Completed(request=waiting.id, result=stored))
    world.slow = False
    held = (FINGERPRINT,) if stored else ()
    assert (kept(world).certificates, kept(world, "bo").certificates) == (held, ())
    assert world.told("bo", "CERT ADD") == [
        "Certificate is another account's."
        if stored
        else f"The certificate {FINGERPRINT} logs in to your account now."
    ]


def test_the_certificate_that_one_is_connected_with(world: Registered) -> None:
    world.connected_with(FINGERPRINT, "al")
    world.told("al", "CERT ADD")
    assert kept(world).certificates == (FINGERPRINT,)
    world.told("al", "CERT DEL")
    assert kept(world).certificates == ()


def test_there_are_so_many_certificates(world: Registered) -> None:
    for place in range(10):
        world.connected_with(f"{place:064x}", "al")
        assert world.told("al", "CERT ADD")[0].endswith("now.")
    world.connected_with(FINGERPRINT, "al")
    assert world.told("al", "CERT ADD") == [
        "Your account has 10 certificates; that is as many as there can be."
    ]
    assert len(world.told("al", "CERT LIST")) == 10


def test_an_account_is_dropped(world: Registered) -> None:
    assert world.told("al", f"DROP {OTHER}") == ["Account or password is wrong."]
    assert world.told("al", "DROP") == ["It is DROP <password>"]
    lines = world.ask("al", f"NS DROP {RIGHT}")
    assert codes(lines) == ["901", "MODE", "NOTICE"]
    assert lines[2].endswith(":al is nobody's any more.")
    assert world.core.context.accounts.get("al") is None
    assert "al" not in world.secrets
    assert world.last is not None
    world.ask("al", "NICK elsewhere")
    assert codes(world.ask("bo", "NICK al")) == ["NICK"]
