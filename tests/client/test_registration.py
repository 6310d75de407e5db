"""The registration, sans I/O: what a server may say, and what the client answers."""

from __future__ import annotations

import base64

import pytest

from trio_chat.client import ConnectionLost, Refused
from trio_chat.client.login import Login
from trio_chat.client.registration import Capabilities, Registration, refusal_of
from trio_chat.wire import irc


def registration(
    *,
    alternatives: bool = False,
    password: str = "",
    account: str = "",
    account_password: str = "",
) -> Registration:
    return Registration(
        nick="me",
        username="user",
        realname="Real Name",
        password=password,
        alternatives=alternatives,
        login=Login(account, account_password, plain=True) if account else None,
    )


def written(messages: list[irc.Message]) -> list[bytes]:
    return [irc.serialize(message).removesuffix(b"\r\n") for message in messages]


def take(capabilities: Capabilities, line: bytes) -> list[bytes]:
    return written(capabilities.take(irc.parse(line).params))


def test_opening() -> None:
    opening = registration(password="secret word").open()
    assert written(opening) == [
        b"CAP LS 302",
        b"PASS :secret word",
        b"NICK me",
        b"USER user 0 * :Real Name",
    ]


def logging_in(password: str = "secret") -> Registration:
    """Return one that has been asked for who it is."""
    machine = registration(account="Al", account_password=password)
    take(machine.capabilities, b":s CAP * LS :batch sasl=PLAIN,EXTERNAL")
    assert take(machine.capabilities, b":s CAP * ACK :batch sasl") == [b"AUTHENTICATE PLAIN"]
    return machine


def test_login() -> None:
    machine = registration(account="Al", account_password="secret")
    assert take(machine.capabilities, b":s CAP * LS :batch sasl=PLAIN") == [b"CAP REQ :batch sasl"]
    machine = logging_in()
    answer = written(machine.take(irc.parse(b"AUTHENTICATE +")))
    assert answer == [b"AUTHENTICATE AEFsAHNlY3JldA=="]
    assert base64.b64decode(answer[0].split()[1]) == b"\0Al\0secret"
    assert machine.take(irc.parse(b":s 900 me me!u@h Al :You are now logged in as Al")) == []
    assert written(machine.take(irc.parse(b":s 903 me :SASL authentication successful"))) == [
        b"CAP END"
    ]
    machine.take(irc.parse(b":s 001 Al :Welcome"))
    assert (machine.registered, machine.nick) == (True, "Al")


def test_a_server_that_lets_nobody_log_in() -> None:
    for line in (b":s CAP * LS :", b":s CAP * NAK :sasl"):
        machine = registration(account="Al", account_password="secret")
        with pytest.raises(Refused, match="does not let us log in"):
            machine.capabilities.take(irc.parse(line).params)
    machine = registration(account="Al", account_password="secret")
    with pytest.raises(Refused, match="does not let us log in"):
        machine.take(irc.parse(b":s 001 me :Welcome"))


def test_without_an_account_nobody_is_asked_to_log_in() -> None:
    machine = registration()
    assert take(machine.capabilities, b":s CAP * LS :batch sasl=PLAIN") == [b"CAP REQ batch"]
    assert machine.take(irc.parse(b"AUTHENTICATE +")) == []


def test_welcome_gives_the_nickname() -> None:
    machine = registration()
    assert machine.take(irc.parse(b":s 001 m :Welcome")) == []
    assert machine.registered
    assert machine.nick == "m"


def test_alternatives() -> None:
    machine = registration(alternatives=True)
    taken = irc.parse(b":s 433 * me :Nickname is already in use")
    for nick in (b"me_", b"me__", b"me___"):
        assert written(machine.take(taken)) == [b"NICK " + nick]
    with pytest.raises(Refused, match="me: Nickname is already in use"):
        machine.take(taken)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b":s 432 * me :Erroneous nickname", "me: Erroneous nickname"),
        (b":s 464 * :Password incorrect", "Password incorrect"),
        (b":s 465 * :You are banned", "You are banned"),
        (b":s FAIL * ACCOUNT_REQUIRED :Log in first", "Log in first"),
        (b":s FAIL", "refused"),
        (b":s 433", "error 433"),
    ],
)
def test_refusals(line: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=f"^{reason}$"):
        registration().take(irc.parse(line))


@pytest.mark.parametrize(("line", "reason"), [(b"ERROR :Go", "Go"), (b"ERROR", "hung up")])
def test_error(line: bytes, reason: str) -> None:
    with pytest.raises(ConnectionLost, match=reason):
        registration().take(irc.parse(line))


def test_other_lines_are_passed_over() -> None:
    assert registration().take(irc.parse(b":s NOTICE * :looking up your host")) == []


def test_capabilities_in_several_lines() -> None:
    capabilities = Capabilities()
    assert take(capabilities, b":s CAP * LS * :server-time sasl=PLAIN") == []
    assert take(capabilities, b":s CAP * LS :batch echo-message") == [
        b"CAP REQ :batch echo-message server-time"
    ]
    assert take(capabilities, b":s CAP * ACK :batch echo-message server-time") == [b"CAP END"]
    assert capabilities.enabled == {"batch", "echo-message", "server-time"}
    assert take(capabilities, b":s CAP me ACK :-batch") == []
    assert capabilities.enabled == {"echo-message", "server-time"}


def test_labels_need_batches() -> None:
    capabilities = Capabilities()
    assert take(capabilities, b":s CAP * LS :labeled-response") == [b"CAP END"]
    assert take(capabilities, b":s CAP * NEW :batch labeled-response") == [
        b"CAP REQ :batch labeled-response"
    ]


def test_a_request_that_is_denied() -> None:
    capabilities = Capabilities()
    take(capabilities, b":s CAP * LS :batch")
    assert take(capabilities, b":s CAP * NAK :batch") == [b"CAP END"]
    assert capabilities.enabled == set()


@pytest.mark.parametrize("line", [b":s CAP", b":s CAP * LS", b":s CAP * LIST :batch"])
def test_capability_lines_without_sense(line: bytes) -> None:
    assert take(Capabilities(), line) == []


@pytest.mark.parametrize("line", [b":s 422 me :No MOTD", b":s 001 me :Hi", b"PRIVMSG a :b"])
def test_no_refusals(line: bytes) -> None:
    assert refusal_of(irc.parse(line)) is None


def test_who_logs_in_wants_to_know_whose_messages_are_theirs() -> None:
    machine = registration(account="Al", account_password="secret")
    assert take(machine.capabilities, b":s CAP * LS :account-tag sasl") == [
        b"CAP REQ :account-tag sasl"
    ]
    assert take(registration().capabilities, b":s CAP * LS :account-tag sasl") == [b"CAP END"]
