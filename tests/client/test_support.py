from __future__ import annotations

import pytest

from trio_chat.client.support import Support


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
