"""What is set in a registered room, as bytes and back."""

from __future__ import annotations

import msgspec
import pytest

from trio_chat.core import lasting, modes, rooms
from trio_chat.core.ids import Position
from trio_chat.core.masks import Rule
from trio_chat.core.registered import RegisteredRoom
from trio_chat.core.state import Channel, ListEntry


def channel() -> Channel:
    found = Channel("#a", now=5.0)
    found.made_at = Position(7, 3)
    found.modes = sum(row.bit for row in modes.CHANNEL_MODES.values())
    found.key, found.limit = "key", 9
    for letter in modes.LISTS:
        mask = f"{letter}*!*@10.0.0.0/8"
        entry = ListEntry(mask=mask, by="al!~al@h", at=6.0, rule=Rule(mask))
        found.lists[letter] = {mask.lower(): entry}
    return found


def test_all_of_it_comes_back() -> None:
    before, other = channel(), Channel("#Other", now=1.0)
    other.permanent = True
    other.registered = RegisteredRoom(name="#Other", founder="al", registered_at=2.0)
    rooms.set_forward(before, other)
    value = lasting.encode(before)
    after = Channel("#a", now=99.0)
    assert lasting.restore(after, lasting.read(value)) > 0
    for name in ("created", "made_at", "modes", "key", "limit", "forwards_to"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.forwards_to == ("#Other", 2.0)
    assert [*after.lists] == [*before.lists]
    found = after.lists["b"]["b*!*@10.0.0.0/8"]
    assert (found.mask, found.by, found.at) == ("b*!*@10.0.0.0/8", "al!~al@h", 6.0)
    assert found.rule.covers("bob!u@10.1.2.3", "", speaking=False)
    # It says the same as long as nothing is set otherwise.
    assert lasting.encode(after) == value


def test_a_forward_to_what_is_not_registered_ends_with_it() -> None:
    before, other = channel(), Channel("#Other", now=1.0)
    other.permanent = True
    rooms.set_forward(before, other)
    assert lasting.read(lasting.encode(before)).forward is None


@pytest.mark.parametrize("value", [b"", b"\xc1", msgspec.msgpack.encode([99])])
def test_what_can_not_be_read(value: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        lasting.read(value)


def test_another_layout_is_said() -> None:
    found = msgspec.structs.replace(lasting.read(lasting.encode(channel())), layout=2)
    with pytest.raises(ValueError, match="this program does not know"):
        lasting.read(msgspec.msgpack.encode(found))
