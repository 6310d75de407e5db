from __future__ import annotations

import pytest

from trio_chat.client.answers import ROOMS_SHOWN, person_in, rooms_in
from trio_chat.client.support import Support
from trio_chat.wire import irc


def replies(*lines: str) -> list[irc.Message]:
    return [irc.parse(f":s {line}".encode()) for line in lines]


def test_rooms_fullest_first() -> None:
    found = replies(
        "321 me Channel :Users  Name",
        "322 me #b 3 :",
        "322 me #a 3",
        "322 me #lobby 12 :Tea at four",
        "322 me #odd many :x",
        "322 me",
        "323 me :End of LIST",
    )
    assert rooms_in(found) == [
        "#lobby  12  Tea at four",
        "#a       3",
        "#b       3",
        "#odd     0  x",
    ]


def test_no_rooms() -> None:
    assert rooms_in(replies("323 me :End of LIST")) == ["there are no rooms"]


def test_more_rooms_than_anybody_reads() -> None:
    shown = rooms_in(replies(*(f"322 me #r{number} 1 :" for number in range(ROOMS_SHOWN + 7))))
    assert len(shown) == ROOMS_SHOWN + 1
    assert shown[-1] == "and 7 more"


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        ("311 me Alice al host * :Alice A.", "Alice is al@host (Alice A.)"),
        ("312 me Alice irc.test :A server", "Alice is on the server irc.test (A server)"),
        ("313 me Alice :is an operator", "Alice is an operator"),
        ("671 me Alice :is using TLS", "Alice is using TLS"),
        ("301 me Alice :lunch", "Alice is away: lunch"),
        ("317 me Alice 45 1700000000 :idle", "Alice has been quiet for 45 seconds"),
        ("317 me Alice 0 :idle", "Alice has been quiet for 0 seconds"),
        ("317 me Alice 61 1 :idle", "Alice has been quiet for 1 minute"),
        ("317 me Alice 7300 1 :idle", "Alice has been quiet for 2 hours"),
        ("319 me Alice :@#lobby #cats ", "Alice is in @#lobby #cats"),
        ("330 me Alice al :is logged in as", "Alice is logged in as al"),
        ("338 me Alice 1.2.3.4 :actually using host", "Alice actually using host 1.2.3.4"),
        # Others that came just then, and what makes no sense.
        ("318 me Alice :End of WHOIS list", "nothing is known of alice"),
        ("311 me Bob bob host * :Bob", "nothing is known of alice"),
        ("311 me Alice :al", "nothing is known of alice"),
        ("301 me", "nothing is known of alice"),
    ],
)
def test_who_somebody_is(reply: str, line: str) -> None:
    assert person_in(replies(reply), "alice", Support()) == [line]
