"""Topics: who sees them, and who may set them."""

from __future__ import annotations

import time

import pytest

from tests.conformance.channels import Room, need_prefix
from tests.conformance.conftest import Register, Target
from tests.conformance.session import commands, one, only


def test_none(room: Room, channel: str) -> None:
    """Modern IRC, "RPL_NOTOPIC (331)": a channel without a topic."""
    (al,) = room("al")
    assert one(al.ask(f"TOPIC {channel}"), "331").params[:2] == [al.nick, channel]


def test_a_change_is_told_to_everybody(room: Room, channel: str) -> None:
    """Modern IRC, "TOPIC message": every client in the channel, the author too."""
    al, bo = room("al", "bo")
    own, seen = one(al.ask(f"TOPIC {channel} :new words"), "TOPIC"), one(bo.read(), "TOPIC")
    assert own.params == seen.params == [channel, "new words"]
    assert own.source == seen.source
    assert own.nick == al.nick


def test_a_query(room: Room, channel: str) -> None:
    """Modern IRC, "TOPIC message": RPL_TOPIC, and RPL_TOPICWHOTIME behind it."""
    al, bo = room("al", "bo")
    before = int(time.time())
    al.ask(f"TOPIC {channel} :some words")
    bo.read()
    found = bo.ask(f"TOPIC {channel}")
    assert commands(found) == ["332", "333"]
    assert found[0].params == [bo.nick, channel, "some words"]
    assert found[1].params[:2] == [bo.nick, channel]
    assert found[1].params[2].partition("!")[0] == al.nick
    assert before - 2 <= int(found[1].params[3]) <= time.time() + 2


def test_a_query_changes_nothing(room: Room, channel: str) -> None:
    """Modern IRC, "TOPIC message": without the parameter it is a question."""
    al, bo = room("al", "bo")
    al.ask(f"TOPIC {channel} :words", f"TOPIC {channel}")
    assert commands(bo.read()) == ["TOPIC"]


def test_clearing(room: Room, channel: str) -> None:
    """Modern IRC, "TOPIC message": an empty topic clears it, and all see an empty one."""
    al, bo = room("al", "bo")
    al.ask(f"TOPIC {channel} :words")
    bo.read()
    al.ask(f"TOPIC {channel} :")
    assert one(bo.read(), "TOPIC").params == [channel, ""]
    assert commands(bo.ask(f"TOPIC {channel}")) == ["331"]


def test_who_joins_a_cleared_one(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "TOPIC message": who joins later gets the topic, or the lack of it."""
    (al,) = room("al")
    al.ask(f"TOPIC {channel} :words", f"TOPIC {channel} :")
    assert not only(register("bo").ask(f"JOIN {channel}"), "331", "332", "333")


def test_the_last_one_counts(register: Register, room: Room, channel: str) -> None:
    """Modern IRC, "RPL_TOPIC (332)": the current topic."""
    (al,) = room("al")
    al.ask(f"TOPIC {channel} :first", f"TOPIC {channel} :second")
    assert one(register("bo").ask(f"JOIN {channel}"), "332").text == "second"


@pytest.mark.parametrize("topic", [":smile", "two  spaces", "ünïcödé ☃", "word"])
def test_any_text(room: Room, channel: str, topic: str) -> None:
    """Modern IRC, "Trailing": the topic is passed on as it is."""
    al, bo = room("al", "bo")
    al.ask(f"TOPIC {channel} :{topic}")
    assert one(bo.read(), "TOPIC").text == topic


@pytest.mark.parametrize("rank", ["", "v"])
def test_a_protected_topic(room: Room, channel: str, rank: str) -> None:
    """Modern IRC, "Protected Topic Mode": without privileges nobody changes it."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +t")
    if rank:
        al.ask(f"MODE {channel} +{rank} {bo.nick}")
    bo.read()
    assert one(bo.ask(f"TOPIC {channel} :mine"), "482").params[:2] == [bo.nick, channel]
    assert not only(al.read(), "TOPIC")
    assert commands(al.ask(f"TOPIC {channel}")) == ["331"]


def test_a_protected_topic_can_be_read(room: Room, channel: str) -> None:
    """Modern IRC, "Protected Topic Mode": it is about changes only."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +t", f"TOPIC {channel} :words")
    bo.read()
    assert one(bo.ask(f"TOPIC {channel}"), "332").text == "words"


@pytest.mark.parametrize("rank", ["h", "o"])
def test_a_protected_topic_and_a_moderator(
    room: Room, channel: str, target: Target, rank: str
) -> None:
    """Modern IRC, "Protected Topic Mode": a half operator or an operator may."""
    need_prefix(target, rank)
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} +t", f"MODE {channel} +{rank} {bo.nick}")
    bo.read()
    assert one(bo.ask(f"TOPIC {channel} :mine"), "TOPIC").text == "mine"


def test_an_open_topic(room: Room, channel: str) -> None:
    """Modern IRC, "Protected Topic Mode": without it anyone in the channel may."""
    al, bo = room("al", "bo")
    al.ask(f"MODE {channel} -t")
    bo.ask(f"TOPIC {channel} :mine")
    assert one(al.read(), "TOPIC").nick == bo.nick


@pytest.mark.parametrize("mode", ["+t", "-t"])
def test_from_outside(register: Register, room: Room, channel: str, mode: str) -> None:
    """Modern IRC, "ERR_NOTONCHANNEL (442)": only members change it."""
    (al,) = room("al")
    al.ask(f"MODE {channel} {mode}")
    bo = register("bo")
    found = bo.ask(f"TOPIC {channel} :mine")
    assert only(found, "442", "482")[0].params[:2] == [bo.nick, channel]
    assert not only(al.read(), "TOPIC")


def test_no_such_channel(register: Register, channel: str) -> None:
    """Modern IRC, "ERR_NOSUCHCHANNEL (403)": TOPIC of a channel that there is not."""
    al = register("al")
    assert one(al.ask(f"TOPIC {channel} :x"), "403").params[:2] == [al.nick, channel]


def test_no_parameter(register: Register) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": TOPIC needs a channel."""
    al = register("al")
    assert one(al.ask("TOPIC"), "461").params[:2] == [al.nick, "TOPIC"]


@pytest.mark.isupport("TOPICLEN")
def test_the_longest_topic(room: Room, channel: str, target: Target) -> None:
    """Modern IRC, "TOPICLEN Parameter": a topic of this length may be set."""
    al, bo = room("al", "bo")
    topic = "x" * min(int(target.isupport["TOPICLEN"]), 400)
    al.ask(f"TOPIC {channel} :{topic}")
    assert one(bo.read(), "TOPIC").text == topic


@pytest.mark.ours
def test_a_topic_that_is_too_long(room: Room, channel: str, target: Target) -> None:
    """Modern IRC, "TOPICLEN Parameter": no longer one is set; it is cut."""
    al, bo = room("al", "bo")
    limit = int(target.isupport["TOPICLEN"])
    al.ask(f"TOPIC {channel} :{'x' * (limit + 10)}")
    assert one(bo.read(), "TOPIC").text == "x" * limit
