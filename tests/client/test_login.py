"""Logging in, sans I/O: what servers may say, and what the client answers."""

from __future__ import annotations

import base64

import pytest

from trio_chat.client import Refused
from trio_chat.client.login import INSECURE, Login
from trio_chat.wire import irc

# The example of RFC 7677, section 3.
NONCE = "rOprNGfwEbeRWgbNEkqO"
FIRST = f"n,,n=user,r={NONCE}"
BOTH = f"{NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
CHALLENGE = f"r={BOTH},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
PROOF = f"c=biws,r={BOTH},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
SERVER = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def said(messages: list[irc.Message]) -> list[str]:
    return [irc.serialize(message).decode().rstrip() for message in messages]


def hear(login: Login, line: str) -> list[str]:
    return said(login.take(irc.parse(line.encode())))


def challenge(login: Login, text: str) -> str:
    """Say something to it as the server does, in Base64; return the answer, decoded."""
    data = base64.b64encode(text.encode()).decode() or "+"
    (answer,) = [line.split()[1] for line in hear(login, f"AUTHENTICATE {data}")]
    return "" if answer == "+" else base64.b64decode(answer).decode()


def scram(password: str = "pencil") -> Login:
    """Return a login by SCRAM that has said its first message."""
    login = Login("user", password, nonce=NONCE)
    assert said(login.begin("PLAIN,SCRAM-SHA-256")) == ["AUTHENTICATE SCRAM-SHA-256"]
    assert challenge(login, "") == FIRST
    return login


def test_scram() -> None:
    login = scram()
    assert challenge(login, CHALLENGE) == PROOF
    assert challenge(login, SERVER) == ""
    assert not login.done
    assert hear(login, ":s 900 * * user :You are now logged in as user") == []
    assert hear(login, ":s 903 * :SASL authentication successful") == []
    assert login.done


def test_each_login_has_a_nonce_of_its_own() -> None:
    firsts = []
    for _ in range(2):
        login = Login("user", "pencil")
        login.begin("SCRAM-SHA-256")
        firsts.append(challenge(login, ""))
    assert firsts[0] != firsts[1]


def test_a_name_with_a_comma() -> None:
    login = Login("a,b=c", "pencil", nonce=NONCE)
    login.begin("SCRAM-SHA-256")
    assert challenge(login, "") == f"n,,n=a=2Cb=3Dc,r={NONCE}"


def test_a_server_that_does_not_know_the_password() -> None:
    login = scram()
    challenge(login, CHALLENGE)
    with pytest.raises(Refused, match="not what it seems"):
        challenge(login, "v=AAAA")


@pytest.mark.parametrize("line", [":s 903 * :Come in", ":s 907 * :You are in"])
def test_a_server_that_proves_nothing(line: str) -> None:
    login = scram()
    challenge(login, CHALLENGE)
    with pytest.raises(Refused, match="not what it seems"):
        hear(login, line)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "r=,s=W22Z,i=4096",
        f"r={NONCE},s=W22Z,i=4096",
        "r=another,s=W22Z,i=4096",
        f"r={BOTH},s=???,i=4096",
        f"r={BOTH},s=W22Z,i=1000",
        f"r={BOTH},s=W22Z,i=1000000000000",
        f"r={BOTH},s=W22Z,i=x",
        f"m=x,r={BOTH},s=W22Z,i=4096",
        f"r={BOTH},s=W22Z",
    ],
)
def test_a_challenge_without_sense(text: str) -> None:
    login = scram()
    with pytest.raises(Refused, match="makes no sense"):
        challenge(login, text)


@pytest.mark.parametrize("data", ["!", "/w=="])
def test_what_is_no_text(data: str) -> None:
    login = scram()
    with pytest.raises(Refused, match="makes no sense"):
        hear(login, f"AUTHENTICATE {data}")


def test_a_challenge_without_end() -> None:
    login = scram()
    line = f"AUTHENTICATE {'A' * 400}"
    for _ in range(10):
        assert hear(login, line) == []
    with pytest.raises(Refused, match="makes no sense"):
        hear(login, line)


def test_a_challenge_in_pieces() -> None:
    login = scram()
    text = f"{CHALLENGE},x={'x' * 400}"
    data = base64.b64encode(text.encode()).decode()
    assert hear(login, f"AUTHENTICATE {data[:400]}") == []
    (answer,) = hear(login, f"AUTHENTICATE {data[400:]}")
    assert base64.b64decode(answer.split()[1]).startswith(b"c=biws,r=")


def test_nothing_is_said_after_the_proof() -> None:
    login = scram()
    challenge(login, CHALLENGE)
    challenge(login, SERVER)
    with pytest.raises(Refused, match="makes no sense"):
        challenge(login, SERVER)


@pytest.mark.parametrize("code", ["902", "904", "905", "906"])
def test_a_login_that_fails(code: str) -> None:
    login = scram()
    challenge(login, CHALLENGE)
    with pytest.raises(Refused, match=r"^Account or password is wrong$") as caught:
        hear(login, f":s {code} * :Account or password is wrong")
    assert caught.value.code == code


def test_an_error_of_the_mechanism() -> None:
    login = scram()
    challenge(login, CHALLENGE)
    with pytest.raises(Refused, match="invalid-proof"):
        challenge(login, "e=invalid-proof")


# --- PLAIN


def plain(password: str = "secret") -> Login:
    login = Login("Al", password, plain=True)
    assert said(login.begin("EXTERNAL,plain")) == ["AUTHENTICATE PLAIN"]
    return login


def test_plain() -> None:
    login = plain()
    assert challenge(login, "") == "\0Al\0secret"
    hear(login, ":s 903 me :SASL authentication successful")
    assert login.done
    assert hear(login, "AUTHENTICATE +") == []


def test_a_long_password_comes_in_chunks() -> None:
    found = [len(line.split()[1]) for line in hear(plain("x" * 300), "AUTHENTICATE +")]
    assert found == [400, 8]


def test_a_password_that_may_not_be_sent() -> None:
    login = Login("al", "secret")
    with pytest.raises(Refused, match="not encrypted") as caught:
        login.begin("PLAIN")
    assert caught.value.code == INSECURE


# --- Which one


@pytest.mark.parametrize("offered", ["EXTERNAL", "SCRAM-SHA-1", "GS2"])
def test_no_mechanism_of_ours(offered: str) -> None:
    with pytest.raises(Refused, match="does not let us log in"):
        Login("al", "secret", plain=True).begin(offered)


def test_a_server_that_names_none() -> None:
    """IRCv3 sasl-3.1: a mechanism that there is not is answered with 904; the next one is tried."""
    login = Login("al", "secret", plain=True)
    assert said(login.begin("")) == ["AUTHENTICATE SCRAM-SHA-256"]
    assert hear(login, ":s 904 * :SASL authentication failed") == ["AUTHENTICATE PLAIN"]
    assert challenge(login, "") == "\0al\0secret"
    with pytest.raises(Refused, match="authentication failed"):
        hear(login, ":s 904 * :SASL authentication failed")


def test_a_server_that_names_others_then() -> None:
    """IRCv3 sasl-3.1, "Numerics": 908 lists the mechanisms that there are."""
    login = Login("al", "secret", plain=True)
    login.begin("")
    assert hear(login, ":s 908 * EXTERNAL,PLAIN :are available") == []
    assert hear(login, ":s 904 * :No") == ["AUTHENTICATE PLAIN"]
    login = Login("al", "secret", plain=True)
    login.begin("")
    hear(login, ":s 908 * EXTERNAL :are available")
    with pytest.raises(Refused, match="does not let us log in"):
        hear(login, ":s 904 * :No")


def test_a_failure_of_scram_is_not_tried_again_with_less() -> None:
    login = Login("user", "pencil", plain=True, nonce=NONCE)
    login.begin("PLAIN,SCRAM-SHA-256")
    challenge(login, "")
    with pytest.raises(Refused, match=r"^No$"):
        hear(login, ":s 904 * :No")
