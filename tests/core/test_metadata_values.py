"""Metadata as it is held: what can be a key and a value, and what is kept of an account."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.world import SERVER, World
from trio_chat.core.accounts import METADATA
from trio_chat.core.inputs import Connected
from trio_chat.core.metadata import Metadata, is_key, is_value, kept
from trio_chat.core.settings import METADATA_KEY_LIMIT, Limits, Settings
from trio_chat.core.state import Channel, User


def somebody(account: str = "") -> User:
    user = User(Connected(user=1, plain=False, host="h", since=0.0), since=0.0, monotonic=0.0)
    user.account = account
    return user


@pytest.mark.parametrize("key", ["a", "display-name", "im.xmpp", "soju.im/muted", "_9", "k" * 64])
def test_keys(key: str) -> None:
    assert is_key(key)


@pytest.mark.parametrize("key", ["", "Avatar", "a b", "a:b", "$x", "é", "k" * 65, "a\n"])
def test_no_keys(key: str) -> None:
    assert not is_key(key)


@pytest.mark.parametrize(
    "value", ["", "Al the Great", "->💜<-", "👨‍👩‍👧", "نص", "x" * 20, "é" * 10, "\u00a0"]
)
def test_values(value: str) -> None:
    assert is_value(value, 20)


@pytest.mark.parametrize(
    "value",
    ["x" * 21, "é" * 11, "a\tb", "\x02bold", "\x7f", "\x9b", "a\u2028b", "\u202egnp.exe", "\u2066"],
)
def test_no_values(value: str) -> None:
    assert not is_value(value, 20)


def test_what_is_kept_of_an_account_is_so_of_whoever_is_logged_in_to_it() -> None:
    metadata = Metadata({})
    metadata.put("al", {"avatar": "x"})
    assert metadata.of(somebody("Al")) == {"avatar": "x"}
    assert metadata.of(somebody()) == {}
    assert len(metadata) == 1
    metadata.put("al", {})
    assert len(metadata) == 0


def test_what_somebody_says_who_is_not_logged_in_is_theirs() -> None:
    metadata = Metadata({})
    user = somebody()
    user.metadata = {"avatar": "y"}
    assert metadata.of(user) == {"avatar": "y"}
    user.account = "al"
    metadata.put("al", {"avatar": "x", "color": "red"})
    # It is on its way into the account.
    assert metadata.of(user) == {"avatar": "y", "color": "red"}


def test_a_channels_is_the_channels() -> None:
    metadata = Metadata({})
    channel = Channel("#a", now=0.0)
    assert metadata.of(channel) == {}
    channel.metadata = {"description": "d"}
    assert metadata.of(channel) == {"description": "d"}


def test_what_was_kept_is_read() -> None:
    record = kept("al", {"avatar": "x", "status": ""})
    assert (record.table, record.key) == (METADATA, "al")
    assert record.value is not None
    assert Metadata({"al": record.value}).get("al") == {"avatar": "x", "status": ""}
    assert kept("al", {}).value is None


def test_what_can_not_be_read_has_no_effect_and_is_named() -> None:
    later = msgspec.msgpack.encode([9, {"a": "b"}])
    world = World(kept={METADATA: {"al": b"\xc1", "bo": later}})
    assert [text.partition(":")[0] for text in world.core.unreadable] == [
        "metadata al",
        "metadata bo",
    ]
    assert len(world.core.context.metadata) == 0


@pytest.mark.parametrize("server", ["irc.test", "s" * 63])
@pytest.mark.parametrize("nickname", [1, 32, 64])
@pytest.mark.parametrize("channel", [2, 64, 100])
def test_a_value_fits_beside_the_longest_names(server: str, nickname: int, channel: int) -> None:
    limits = Limits(nickname=nickname, channel=channel, metadata_value=390)
    limit = Settings(name=server, limits=limits).metadata_value_limit
    name = "n" * 2 * max(nickname, channel)
    line = f":{server} 761 {'n' * 2 * nickname} {name} {'k' * METADATA_KEY_LIMIT} * :{'v' * limit}"
    assert len(line) <= 510 or limit == 32
    assert limit == 390 or limit == 32 or len(line) == 510


def test_values_are_no_longer_than_is_configured() -> None:
    assert Settings(name=SERVER, limits=Limits(metadata_value=50)).metadata_value_limit == 50
