from __future__ import annotations

import pytest

from trio_chat.client.support import HISTORY_PAGE, Support


@pytest.mark.parametrize(
    ("token", "folded"),
    [
        ("CASEMAPPING=ascii", "ab[]\\~Ä"),
        ("CASEMAPPING=rfc1459", "ab{}|^Ä"),
        ("CASEMAPPING=rfc1459-strict", "ab{}|~Ä"),
        ("CASEMAPPING=rfc8265", "ab[]\\~ä"),
        ("OTHER", "ab{}|^Ä"),
    ],
)
def test_casemapping(token: str, folded: str) -> None:
    support = Support()
    support.take(("me", token, "are supported"))
    assert support.fold("AB[]\\~Ä") == folded


def test_rooms() -> None:
    support = Support()
    assert support.room_of("#a") == "#a"
    assert support.room_of("@#a") == ""
    support.take(("me", "CHANTYPES=!", "STATUSMSG=@+", "PREFIX=(ov)@+", "are supported"))
    assert support.room_of("@!a") == "!a"
    assert support.room_of("#a") == ""
    assert support.room_of("") == ""
    assert support.prefixes == "@+"


def test_the_longest_host() -> None:
    support = Support()
    support.take(("me", "HOSTLEN=200", "are supported"))
    assert support.host_length == 200
    support.take(("me", "HOSTLEN=x", "HOSTLEN=99999", "are supported"))
    assert support.host_length == 200
    support.take(())


@pytest.mark.parametrize(
    ("token", "page"),
    [
        ("CHATHISTORY=20", 20),
        ("CHATHISTORY=0", HISTORY_PAGE),
        ("CHATHISTORY=100000", HISTORY_PAGE),
        ("CHATHISTORY=x", HISTORY_PAGE),
        ("CHATHISTORY", HISTORY_PAGE),
        ("OTHER", HISTORY_PAGE),
    ],
)
def test_pages_of_history(token: str, page: int) -> None:
    support = Support()
    support.take(("me", token, "are supported"))
    assert support.history_page == page


def test_what_messages_are_found_by() -> None:
    support = Support()
    assert support.message_references == {"msgid", "timestamp"}
    support.take(("me", "MSGREFTYPES=timestamp", "are supported"))
    assert support.message_references == {"timestamp"}
