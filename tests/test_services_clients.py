"""Accounts through NickServ: irssi without SASL, and somebody with `nc`, on one server.

Each test is a story. No password that was typed may be found in what the server keeps, or logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.real_clients import Irssi, needs
from tests.served import Served, served

pytestmark = pytest.mark.story

PASSWORD, OTHER = "correct-horse-battery", "another-battery-staple"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        yield found
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert kept
    for path in (*kept, tmp_path / "server.log"):
        content = path.read_bytes()
        for password in (PASSWORD, OTHER):
            assert password.encode() not in content, path
    assert "Traceback" not in (tmp_path / "server.log").read_text()


@needs("irssi", "tmux")
def test_a_client_without_sasl(server: Served, tmp_path: Path) -> None:
    with closing(Irssi(tmp_path / "i", server.port, "iris")) as iris:
        iris.until("Welcome to the trio_chat Network", "Mode change [+i]")
        iris.type("/msg NickServ help register")
        iris.until("-NickServ(NickServ@services.irc.test)- REGISTER <password>")
        iris.type(f"/msg NickServ REGISTER mailto:iris@example.org {PASSWORD}")
        iris.until("You are now logged in as iris", "iris is registered, and nobody else")
        iris.type("/whois NickServ")
        iris.until("NickServ [NickServ@services.irc.test]", ": network service")
        iris.type("/join #den")
        iris.until("has joined #den")
        iris.type(f"/msg NickServ PASSWD {PASSWORD} {OTHER}")
        iris.until("iris has another password now.")
        iris.type("/quit")
        iris.until("Disconnecting from server")
        assert iris.complaints() == []

    # The nickname is kept, and nobody else is let in by it.
    visitor = server.connect()
    visitor.until("Type a nickname")
    visitor.send("iris")
    visitor.until("iris belongs to somebody who has registered it.")
    visitor.send("visitor")
    visitor.until("In #lobby")
    visitor.send(f"/login iris {PASSWORD}")
    visitor.until("Account or password is wrong.")

    # She comes back by the name that irssi takes instead, and gets hers from NickServ.
    with closing(Irssi(tmp_path / "again", server.port, "iris")) as iris:
        iris.until("Welcome to the trio_chat Network", "Mode change [+i]")
        iris.type(f"/msg NickServ IDENTIFY iris {OTHER}")
        iris.until("You are now logged in as iris", "You're now known as iris")
        iris.type("/whois iris")
        iris.until("iris [~iris@127.0.0.1]", "account  : iris")
        # With `nc` she is there a second time, by another name.
        phone = server.connect()
        phone.until("Type a nickname")
        phone.send(f"/login iris {OTHER}")
        phone.until("You are here as iris already. Type another nickname:")
        phone.send("iris-phone")
        phone.until("In #lobby")
        phone.send("/ns regain")
        phone.until("You are now known as iris")
        phone.until("You are called iris.")
        iris.until("You're now known as Guest", "Another client of yours has your nickname now")
        iris.type("/msg NickServ GHOST")
        phone.until("Goodbye (GHOST by Guest")
        iris.until("iris is free now.")
        iris.type("/nick iris")
        iris.until("You're now known as iris")
        assert iris.complaints() == []
        refused = "433 iris Nickname belongs to an account: log in to it first"
        assert iris.refusals()[0] == refused


def test_accounts_outlive_the_server(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        person = server.connect()
        person.until("Type a nickname")
        person.send("alice")
        person.until("In #lobby")
        person.send(f"/register {PASSWORD}")
        person.until("alice is registered, and nobody else can be called that.")
        person.send(f"/password {PASSWORD} {OTHER}")
        person.until("alice has another password now.")
    with served(tmp_path) as server:
        person = server.connect()
        person.until("Type a nickname")
        person.send("alice", f"/login alice {PASSWORD}", f"/login alice {OTHER}")
        person.until("If that is you, /login alice PASSWORD")
        person.until("Account or password is wrong.")
        person.until("You are now logged in as alice")
        person.until("Hello alice.")
