"""A client of the drill, against lines that a server could send."""

from __future__ import annotations

import pytest

from loadtest.drill.client import Client
from loadtest.drill.ledger import Ledger, Sequence
from loadtest.drill.session import UnexpectedError

NEEDED = "echo-message message-tags server-time batch"


class Rig:
    """A client with the other side of its connection."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.client = Client("al", ["#a"], self.ledger)

    def is_ready(self) -> bool:
        return self.client.is_ready

    def sent(self) -> list[str]:
        data, self.client.outbox = self.client.outbox, b""
        return data.decode().splitlines()

    def tell(self, *lines: str) -> None:
        self.client.feed("".join(f"{line}\r\n" for line in lines).encode())

    def register(self, more: str = "") -> None:
        self.sent()
        self.tell(f":s CAP * LS :{NEEDED}{more}", f":s CAP al ACK :{NEEDED}{more}")
        self.tell(":s 001 al :Welcome", ":s 005 al CHATHISTORY=2 :are supported by this server")

    def join(self, more: str = "") -> None:
        self.register(more)
        self.tell(":al!u@h JOIN #a", ":s 366 al #a :End of NAMES list")

    def say(self, number: int, *, sender: str = "bo", target: str = "#a", tags: str = "") -> None:
        self.tell(f"@msgid=m{number}{tags} :{sender}!u@h PRIVMSG {target} :{number}")

    def shown(self, place: str = "#a") -> list[str]:
        numbers = self.ledger.sequences.get(Sequence("al", place), ())
        return [self.ledger.messages[number].text for number in numbers]


def test_it_comes_and_speaks() -> None:
    rig = Rig()
    assert rig.sent() == ["CAP LS 302", "NICK al", "USER al 0 * :drill"]
    rig.tell(":s CAP * LS * :echo-message batch")
    assert rig.sent() == []
    rig.tell(":s CAP * LS :message-tags server-time sasl=PLAIN")
    assert rig.sent() == [f"CAP REQ :{NEEDED}"]
    rig.tell(f":s CAP al ACK :{NEEDED}", "PING :x")
    assert rig.sent() == ["CAP END", "PONG :x"]
    rig.tell(":s 001 al :Welcome")
    assert rig.sent() == ["JOIN #a"]
    assert not rig.is_ready()
    rig.tell(":s 366 al #a :End of NAMES list")
    assert rig.is_ready()
    rig.client.say("#a", 2)
    assert rig.sent() == ["PRIVMSG #a :al.1 t", "PRIVMSG #a :al.2 th"]
    assert rig.client.under_way == 2
    rig.tell("@msgid=1 :al!u@h PRIVMSG #a :al.1 t")
    assert (rig.client.under_way, rig.ledger.acknowledged) == (1, 1)


def test_a_line_that_did_not_come_whole_was_not_shown() -> None:
    rig = Rig()
    rig.join()
    rig.client.feed(b"@msgid=1 :bo!u@h PRIVMSG #a :one\r\n@msgid=2 :bo!u@h PRIVMSG #a :tw")
    rig.client.begin()
    rig.join()
    rig.say(3)
    assert rig.shown() == ["one", "3"]


def test_what_was_missed_is_fetched_before_what_comes() -> None:
    rig = Rig()
    more = " draft/chathistory"
    rig.join(more)
    assert rig.is_ready()
    rig.say(1)
    rig.client.begin()
    rig.join(more)
    assert "CHATHISTORY AFTER #a msgid=m1 2" in rig.sent()
    assert not rig.is_ready()
    # Said meanwhile; one of them is in the history, too.
    rig.say(4)
    rig.say(5)
    rig.tell(":s BATCH +x chathistory #a")
    rig.say(2, tags=";batch=x")
    rig.say(3, tags=";batch=x")
    rig.tell(":s BATCH -x")
    assert rig.sent() == ["CHATHISTORY AFTER #a msgid=m3 2"]
    rig.tell(":s BATCH +y chathistory #a")
    rig.say(4, tags=";batch=y")
    rig.tell(":s BATCH -y")
    assert rig.is_ready()
    assert rig.client.caught_up
    assert rig.shown() == ["1", "2", "3", "4", "5"]


def test_what_was_shown_before_it_caught_up_was_shown() -> None:
    rig = Rig()
    more = " draft/chathistory"
    rig.join(more)
    rig.say(1)
    rig.client.begin()
    rig.join(more)
    rig.say(3)
    rig.client.begin()
    assert rig.shown() == ["1"]
    assert [message.text for message in rig.ledger.messages] == ["1", "3"]
    # It asks from where it was without a gap.
    rig.join(more)
    assert "CHATHISTORY AFTER #a msgid=m1 2" in rig.sent()


def test_a_direct_message_is_the_others() -> None:
    rig = Rig()
    rig.join()
    rig.say(1, sender="al", target="bo")
    rig.say(2, sender="bo", target="al")
    assert rig.shown("bo") == ["1", "2"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (":s FAIL PRIVMSG COULD_NOT_BE_STORED #a :Could not be stored", "COULD_NOT_BE_STORED"),
        ("ERROR :Closing link", "ERROR"),
        (":s 404 al #a :Cannot send to channel", "404"),
        (":bo!u@h PRIVMSG #a :hi", "without an id"),
        (":s CAP * LS :batch", "does not offer echo-message message-tags server-time"),
        (":s CAP al NAK :batch", "does not let batch be had"),
    ],
)
def test_what_must_not_be_said_ends_the_drill(line: str, said: str) -> None:
    rig = Rig()
    with pytest.raises(UnexpectedError, match=said):
        rig.tell(line)


def test_that_there_is_no_greeting_is_nothing_special() -> None:
    rig = Rig()
    rig.tell(":s 422 al :MOTD File is missing")
