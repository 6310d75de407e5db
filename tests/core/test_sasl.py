"""What the mechanisms say: PLAIN (RFC 4616), SCRAM-SHA-256 (RFC 5802, RFC 7677)."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from trio_chat.core import sasl
from trio_chat.core.sasl import Credentials, SaslError, Scram
from trio_chat.core.secrets import Offer, Secret

# The example of RFC 7677, section 3.
FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SERVER_FIRST = (
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
)
WITHOUT_PROOF = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
PROOF = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def offer(password: str = "pencil") -> Offer:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 4096)
    secret = Secret(
        hash="",
        salt=salt,
        iterations=4096,
        stored_key=hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest(),
        server_key=hmac.digest(salted, b"Server Key", "sha256"),
    )
    return Offer(secret, NONCE)


def begun(first: bytes = FIRST, password: str = "pencil") -> Scram:
    scram = Scram(first)
    scram.challenge(offer(password))
    return scram


def test_the_example() -> None:
    scram = Scram(FIRST)
    assert (scram.name, scram.authorization) == ("user", "")
    assert scram.challenge(offer()) == SERVER_FIRST
    assert scram.verify(f"{WITHOUT_PROOF},p={PROOF}".encode()) == SERVER_FINAL


def test_another_password() -> None:
    scram = begun(password="pencils")
    assert scram.verify(f"{WITHOUT_PROOF},p={PROOF}".encode()) is None


@pytest.mark.parametrize(
    ("first", "authorization", "name"),
    [
        (b"n,a=admin,n=al,r=x", "admin", "al"),
        (b"y,,n=a=2Cb=3Dc,r=x", "", "a,b=c"),
        (b"n,,n==3D2C,r=x,ext=1", "", "=2C"),
        ("n,a=ü,n=é,r=x".encode(), "ü", "é"),
    ],
)
def test_who_it_is(first: bytes, authorization: str, name: str) -> None:
    scram = Scram(first)
    assert (scram.authorization, scram.name) == (authorization, name)


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"n",
        b"n,",
        b"n,,",
        b"n,,n=al",
        b"n,,n=,r=x",
        b"n,,n=al,r=",
        b"n,,r=x,n=al",
        b"n,,m=ext,n=al,r=x",
        b"n,,n=a=b,r=x",
        b"n,al,n=al,r=x",
        b"p=tls-unique,,n=al,r=x",
        b"z,,n=al,r=x",
        b"n,,n=al,r=" + b"x" * 257,
        b"n,,n=al,r=\x01",
        b"n,,n=\xff,r=x",
    ],
)
def test_what_is_no_beginning(first: bytes) -> None:
    with pytest.raises(SaslError):
        Scram(first)


@pytest.mark.parametrize(
    "final",
    [
        "",
        WITHOUT_PROOF,
        f"{WITHOUT_PROOF},p=",
        f"{WITHOUT_PROOF},p=x",
        f"{WITHOUT_PROOF},p=AAAA",
        f"c=eSws,{WITHOUT_PROOF.partition(',')[2]},p={PROOF}",
        f"c=biws,r=rOprNGfwEbeRWgbNEkqO,p={PROOF}",
        f"c=biws,p={PROOF}",
    ],
)
def test_what_is_no_end(final: str) -> None:
    with pytest.raises(SaslError):
        begun().verify(final.encode())


def test_who_has_no_secret_is_asked_for_none() -> None:
    with pytest.raises(SaslError):
        Scram(FIRST).challenge(Offer(None, NONCE))


def test_what_is_signed_is_all_that_was_said() -> None:
    # The same proof after another first message is another one.
    scram = begun(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO,ext=1")
    assert scram.verify(f"{WITHOUT_PROOF},p={PROOF}".encode()) is None


def test_plain() -> None:
    assert sasl.plain(b"\0al\0secret") == Credentials("", "al", "secret")
    assert sasl.plain("é\0al\0sécret".encode()) == Credentials("é", "al", "sécret")


@pytest.mark.parametrize(
    "response", [b"", b"al\0secret", b"\0al\0", b"\0\0secret", b"\0al\0sec\0ret", b"\0al\0\xff"]
)
def test_what_is_not_plain(response: bytes) -> None:
    with pytest.raises(SaslError):
        sasl.plain(response)


@pytest.mark.parametrize("text", [b"A", b"AAA", b"AA=A", b"AAAA====A", b"!AAA", b"AA AA="])
def test_what_is_not_base64(text: bytes) -> None:
    with pytest.raises(SaslError):
        sasl.decode(text)
