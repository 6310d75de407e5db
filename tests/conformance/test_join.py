"""Entering channels: what a JOIN is answered, and what keeps somebody out."""

from __future__ import annotations

import pytest

from tests.conformance.channels import Names, Room, entries, from_, members
from tests.conformance.conftest import Register, Target
from tests.conformance.session import commands, one, only


def test_the_answers_come_in_order(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "JOIN message": the JOIN, then the topic, then the names."""
    (al,) = room("al")
    al.ask(f"TOPIC {channel} :what we talk about")
    found = only(register("bo").ask(f"JOIN {channel}"), "JOIN", "332", "353", "366")
    assert commands(found) == ["JOIN", "332", "353", "366"]
    assert found[1].params[1:] == [channel, "what we talk about"]


def test_who_set_the_topic_comes_behind_it(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "RPL_TOPICWHOTIME (333)": it follows RPL_TOPIC."""
    (al,) = room("al")
    al.ask(f"TOPIC {channel} :words")
    found = only(register("bo").ask(f"JOIN {channel}"), "332", "333")
    assert commands(found) == ["332", "333"]
    assert found[1].params[1] == channel
    assert found[1].params[2].partition("!")[0] == al.nick
    assert found[1].params[3].isdigit()


def test_no_topic_is_not_mentioned(register: Register, channel: str) -> None:
    """Modern IRC, "JOIN message": no message about a topic that there is not."""
    found = register("al").ask(f"JOIN {channel}")
    assert not only(found, "331", "332", "333")


def test_the_names_have_who_joined(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "JOIN message": the names include the client that has just joined."""
    room("al")
    bo = register("bo")
    assert bo.nick in entries(bo.ask(f"JOIN {channel}"))


def test_the_join_has_its_source_and_channel(register: Register, channel: str) -> None:
    """Modern IRC, "JOIN message": the user is the source, the channel the first parameter."""
    al = register("al")
    join = one(al.ask(f"JOIN {channel}"), "JOIN")
    assert join.params == [channel]
    assert join.nick == al.nick
    assert "!" in join.source
    assert "@" in join.source


def test_members_are_told(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "JOIN message": members receive the JOIN of others."""
    (al,) = room("al")
    bo = register("bo")
    own = one(bo.ask(f"JOIN {channel}"), "JOIN")
    join = one(al.read(), "JOIN")
    assert join.params == [channel]
    assert join.source == own.source


def test_who_creates_a_channel_is_its_operator(register: Register, channel: str) -> None:
    """Modern IRC, "Channels": the creating user becomes a channel operator."""
    al = register("al")
    assert entries(al.ask(f"JOIN {channel}")) == [f"@{al.nick}"]


def test_who_comes_later_is_not(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Channels": only the creating user becomes a channel operator."""
    (al,) = room("al")
    bo = register("bo")
    assert set(entries(bo.ask(f"JOIN {channel}"))) == {f"@{al.nick}", bo.nick}


def test_several_channels(register: Register, name: Names) -> None:
    """Modern IRC, "JOIN message": a list of channels, and a message for each of them."""
    al, wanted = register("al"), [name("#a"), name("#b"), name("#c")]
    found = al.ask(f"JOIN {','.join(wanted)}")
    assert [line.params[0] for line in only(found, "JOIN")] == wanted
    assert [line.params[1] for line in only(found, "366")] == wanted


def test_a_refused_channel_does_not_stop_the_others(register: Register, name: Names) -> None:
    """Modern IRC, "JOIN message": every channel of the list is joined, or not, by itself."""
    al, bo = register("al"), register("bo")
    shut, free = name("#a"), name("#b")
    al.ask(f"JOIN {shut}", f"MODE {shut} +i")
    found = bo.ask(f"JOIN {shut},{free}")
    assert one(found, "473").params[1] == shut
    assert one(found, "JOIN").params[0] == free


def test_the_name_in_other_letters(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Casemapping": `#ABC` and `#abc` are one channel."""
    (al,) = room("al")
    bo = register("bo")
    bo.ask(f"JOIN {channel.upper()}")
    assert one(al.read(), "JOIN").nick == bo.nick
    assert members(bo, channel) == {f"@{al.nick}", bo.nick}


def test_joining_twice(room: Room, channel: str) -> None:
    """Modern IRC, "JOIN message": who is in a channel already does not enter it again."""
    al, bo = room("al", "bo")
    assert not only(bo.ask(f"JOIN {channel}"), "JOIN")
    assert not only(al.read(), "JOIN")


def test_a_channel_ends_with_its_last_member(register: Register, channel: str) -> None:
    """Modern IRC, "Channels": it ceases to exist, and who comes next creates another.

    A server may keep its topic, as it keeps what was said, unless strangers were kept out.
    """
    al, bo = register("al"), register("bo")
    al.ask(f"JOIN {channel}", f"MODE {channel} +ms", f"TOPIC {channel} :old", f"PART {channel}")
    found = bo.ask(f"JOIN {channel}")
    assert not only(found, "332")
    assert entries(found) == [f"@{bo.nick}"]
    assert "m" not in one(bo.ask(f"MODE {channel}"), "324").params[2]


# --- JOIN 0


def test_join_0_leaves_everything(register: Register, name: Names) -> None:
    """Modern IRC, "JOIN message": `JOIN 0` is a PART for each channel."""
    al, wanted = register("al"), {name("#a"), name("#b")}
    al.ask(f"JOIN {','.join(wanted)}")
    parts = only(al.ask("JOIN 0"), "PART")
    assert len(parts) == 2
    assert {line.params[0] for line in parts} == wanted
    assert {line.nick for line in parts} == {al.nick}


def test_join_0_is_seen_as_a_part(room: Room, channel: str) -> None:
    """Modern IRC, "JOIN message": others see a PART."""
    al, bo = room("al", "bo")
    bo.ask("JOIN 0")
    part = one(al.read(), "PART")
    assert (part.nick, part.params[0]) == (bo.nick, channel)
    assert members(al, channel) == {f"@{al.nick}"}


def test_join_0_in_no_channel(register: Register) -> None:
    """Modern IRC, "JOIN message": with no channel to leave, `JOIN 0` is no error."""
    assert register("al").ask("JOIN 0", "JOIN 0") == []


# --- What keeps somebody out


def test_no_parameter(register: Register) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": JOIN needs a channel."""
    al = register("al")
    assert one(al.ask("JOIN"), "461").params[:2] == [al.nick, "JOIN"]


@pytest.mark.parametrize("bad", ["nothing", "!a", "#a\x07b"])
def test_a_name_that_is_none(register: Register, bad: str) -> None:
    """Modern IRC, "Channels": the first character is a channel type, and BELL is not allowed."""
    al = register("al")
    found = al.ask(f"JOIN {bad}")
    assert not only(found, "JOIN")
    assert only(found, "403", "476", "479")[0].params[0] == al.nick


@pytest.mark.isupport("CHANNELLEN")
def test_the_longest_name(register: Register, name: Names, target: Target) -> None:
    """Modern IRC, "CHANNELLEN Parameter": a name of this length can be joined."""
    wanted = name("#a").ljust(int(target.isupport["CHANNELLEN"]), "x")
    assert one(register("al").ask(f"JOIN {wanted}"), "JOIN").params == [wanted]


@pytest.mark.isupport("CHANNELLEN")
def test_a_name_that_is_too_long(register: Register, name: Names, target: Target) -> None:
    """Modern IRC, "CHANNELLEN Parameter": no longer name is joined."""
    length = int(target.isupport["CHANNELLEN"])
    found = register("al").ask(f"JOIN {name('#a').ljust(length + 1, 'x')}")
    assert all(len(line.params[0]) <= length for line in only(found, "JOIN"))


@pytest.mark.ours
def test_too_many_channels(register: Register, name: Names, target: Target) -> None:
    """Modern IRC, "ERR_TOOMANYCHANNELS (405)": no more than CHANLIMIT says."""
    al = register("al")
    limit = int(target.isupport["CHANLIMIT"].partition(":")[2])
    wanted = [name("#a") for _ in range(limit + 1)]
    found = al.ask(*(f"JOIN {channel}" for channel in wanted))
    assert [line.params[0] for line in only(found, "JOIN")] == wanted[:-1]
    assert one(found, "405").params[:2] == [al.nick, wanted[-1]]


@pytest.mark.ours
def test_leaving_makes_room(register: Register, name: Names, target: Target) -> None:
    """Modern IRC, "CHANLIMIT Parameter": it counts the channels that somebody is in."""
    al = register("al")
    limit = int(target.isupport["CHANLIMIT"].partition(":")[2])
    wanted = [name("#a") for _ in range(limit + 1)]
    al.ask(*(f"JOIN {channel}" for channel in wanted[:-1]))
    found = al.ask(f"PART {wanted[0]}", f"JOIN {wanted[-1]}")
    assert one(found, "JOIN").params == [wanted[-1]]


@pytest.mark.parametrize(
    ("change", "numeric"),
    [
        pytest.param("+i", "473", id="invite only"),
        pytest.param("+l 1", "471", id="full"),
        pytest.param("+k sesame", "475", id="key"),
        pytest.param("+b *!*@*", "474", id="ban"),
        pytest.param("+R", "477", id="accounts only", marks=pytest.mark.ours),
    ],
)
def test_a_mode_keeps_somebody_out(
    register: Register, room: Room, channel: str, change: str, numeric: str
) -> None:
    """Modern IRC, "JOIN message": a numeric with the channel, and nobody sees anything."""
    (al,) = room("al")
    al.ask(f"MODE {channel} {change}")
    bo = register("bo")
    found = bo.ask(f"JOIN {channel}")
    assert one(found, numeric).params[:2] == [bo.nick, channel]
    assert not only(found, "JOIN", "353")
    assert not only(al.read(), "JOIN")
    assert members(al, channel) == {f"@{al.nick}"}


@pytest.mark.parametrize(("limit", "fits"), [("2", True), ("1", False)])
def test_a_limit_counts_the_members(
    register: Register, room: Room, channel: str, limit: str, fits: bool
) -> None:
    """Modern IRC, "Client Limit Channel Mode": full when the members match the value."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +l {limit}")
    assert bool(only(register("bo").ask(f"JOIN {channel}"), "JOIN")) == fits


@pytest.mark.parametrize("key", ["wrong", "sesam", "sesame2"])
def test_the_wrong_key(register: Register, room: Room, channel: str, key: str) -> None:
    """Modern IRC, "Key Channel Mode": a key that does not match."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +k sesame")
    found = register("bo").ask(f"JOIN {channel} {key}")
    assert "475" in commands(found)
    assert "JOIN" not in commands(found)


def test_the_key(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Key Channel Mode": with the key they are in."""
    (al,) = room("al")
    al.ask(f"MODE {channel} +k sesame")
    bo = register("bo")
    assert one(bo.ask(f"JOIN {channel} sesame"), "JOIN").params == [channel]
    assert one(al.read(), "JOIN").nick == bo.nick


def test_a_key_that_nobody_asked_for(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "Key Channel Mode": without the mode no key is needed, and none wrong."""
    room("al")
    assert "JOIN" in commands(register("bo").ask(f"JOIN {channel} sesame"))


@pytest.mark.parametrize(
    ("keys", "inside"),
    [("one,two", (True, True)), ("one", (True, False)), ("two,one", (False, False))],
)
def test_keys_are_for_channels_in_order(
    register: Register, name: Names, keys: str, inside: tuple[bool, bool]
) -> None:
    """Modern IRC, "JOIN message": the first key is for the first channel, and so on."""
    al, bo, channels = register("al"), register("bo"), [name("#a"), name("#b")]
    al.ask(f"JOIN {','.join(channels)}")
    al.ask(f"MODE {channels[0]} +k one", f"MODE {channels[1]} +k two")
    found = bo.ask(f"JOIN {','.join(channels)} {keys}")
    joined = [line.params[0] for line in only(found, "JOIN")]
    refused = [line.params[1] for line in only(found, "475")]
    assert tuple(channel in joined for channel in channels) == inside
    assert tuple(channel not in refused for channel in channels) == inside


# --- extended-join


@pytest.mark.capability("extended-join")
def test_an_extended_join(register: Register, room: Room, channel: str) -> None:
    """IRCv3 extended-join: the account, `*` for none, and the real name."""
    (al,) = room("al", capabilities=["extended-join"])
    bo = register("bo")
    bo.ask(f"JOIN {channel}")
    assert one(al.read(), "JOIN").params == [channel, "*", f"Real {bo.nick}"]


@pytest.mark.capability("extended-join")
def test_an_extended_join_of_ones_own(register: Register, channel: str) -> None:
    """IRCv3 extended-join: who joins sees it so as well."""
    al = register("al", "extended-join")
    join = one(al.ask(f"JOIN {channel}"), "JOIN")
    assert join.params == [channel, "*", f"Real {al.nick}"]


@pytest.mark.capability("extended-join")
def test_a_plain_join_for_those_without(register: Register, room: Room, channel: str) -> None:
    """IRCv3 extended-join: who did not ask for it gets the plain message."""
    (al,) = room("al")
    bo = register("bo", "extended-join")
    bo.ask(f"JOIN {channel}")
    (join,) = from_(al.read(), bo.nick, "JOIN")
    assert join.params == [channel]
