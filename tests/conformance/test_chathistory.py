"""What was said before: draft/chathistory, draft/event-playback."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register, Target
from tests.conformance.session import Line, Session, commands, one, only

Names = Callable[[str], str]
Room = Callable[..., list[Session]]

CAPS = ("batch", "draft/chathistory", "echo-message", "message-tags", "server-time")

pytestmark = [pytest.mark.capability(*CAPS), pytest.mark.isupport("CHATHISTORY")]

_EVER = "timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z"


def _page(session: Session, request: str) -> list[Line]:
    """Ask, and return what stands in the batch that is the answer, its begin and end included."""
    lines = session.ask(f"CHATHISTORY {request}")
    begin = next(place for place, line in enumerate(lines) if line.command == "BATCH")
    reference = lines[begin].params[0]
    assert reference[0] == "+"
    end = next(
        place for place, line in enumerate(lines) if line.params[:1] == [f"-{reference[1:]}"]
    )
    return lines[begin : end + 1]


def _texts(lines: list[Line]) -> list[str]:
    return [line.text for line in only(lines, "PRIVMSG", "NOTICE")]


def _say(session: Session, target: str, *texts: str) -> list[Line]:
    """Say these, one after another; return the echo of each."""
    return [one(session.ask(f"PRIVMSG {target} :{text}"), "PRIVMSG") for text in texts]


def _reference(line: Line, by: str) -> str:
    return f"{by}={line.tags['msgid' if by == 'msgid' else 'time']}"


@pytest.fixture
def said(room: Room, channel: str) -> tuple[Session, list[Line]]:
    """Somebody in a channel in which they have said five things, each in a millisecond of its own;
    and their echoes."""
    al = room("al", capabilities=CAPS)[0]
    found: list[Line] = []
    for text in "12345":
        found += _say(al, channel, text)
        # In the same millisecond it would be the same reference.
        while al.ask("LUSERS")[-1].tags["time"] == found[-1].tags["time"]:
            pass
    return al, found


def test_isupport(target: Target) -> None:
    """draft/chathistory, "ISUPPORT tokens": the largest page, and the types of references."""
    assert re.fullmatch(r"\d+", target.isupport["CHATHISTORY"])
    types = target.isupport.get("MSGREFTYPES", "timestamp,msgid").split(",")
    assert set(types) <= {"timestamp", "msgid"}


def test_latest(said: tuple[Session, list[Line]], channel: str) -> None:
    """draft/chathistory, "LATEST": the most recent, in a batch that names the target."""
    al, echoes = said
    begin, *lines, end = _page(al, f"LATEST {channel} * 3")
    assert begin.params[1:] == ["chathistory", channel]
    assert end.command == "BATCH"
    assert _texts(lines) == ["3", "4", "5"]
    assert {line.tags["batch"] for line in lines} == {begin.params[0][1:]}
    for line, echo in zip(lines, echoes[2:], strict=True):
        assert (line.source, line.tags["time"], line.tags["msgid"]) == (
            *(echo.source, echo.tags["time"], echo.tags["msgid"]),
        )


@pytest.mark.parametrize("by", ["msgid", "timestamp"])
def test_subcommands(said: tuple[Session, list[Line]], channel: str, by: str) -> None:
    """draft/chathistory, "Subcommands": the references are not part of the page."""
    al, echoes = said
    second, fourth = _reference(echoes[1], by), _reference(echoes[3], by)
    assert _texts(_page(al, f"LATEST {channel} {second} 50")) == ["3", "4", "5"]
    assert _texts(_page(al, f"BEFORE {channel} {fourth} 2")) == ["2", "3"]
    assert _texts(_page(al, f"AFTER {channel} {second} 2")) == ["3", "4"]
    assert _texts(_page(al, f"BETWEEN {channel} {second} {fourth} 50")) == ["3"]
    assert _texts(_page(al, f"BETWEEN {channel} {fourth} {second} 50")) == ["3"]
    around = _texts(_page(al, f"AROUND {channel} {second} 3"))
    assert "2" in around
    assert len(around) <= 3


def test_between_counts_from_the_first(said: tuple[Session, list[Line]], channel: str) -> None:
    """draft/chathistory, "BETWEEN": this may be forwards or backwards in time."""
    al, echoes = said
    first, last = _reference(echoes[0], "msgid"), _reference(echoes[4], "msgid")
    assert _texts(_page(al, f"BETWEEN {channel} {first} {last} 2")) == ["2", "3"]
    assert _texts(_page(al, f"BETWEEN {channel} {last} {first} 2")) == ["3", "4"]


def test_nothing_is_an_empty_batch(said: tuple[Session, list[Line]], channel: str) -> None:
    """draft/chathistory, "CHATHISTORY Command": so that the client does not wait."""
    al, echoes = said
    assert commands(_page(al, f"AFTER {channel} {_reference(echoes[4], 'msgid')} 5")) == [
        *("BATCH", "BATCH")
    ]
    assert commands(_page(al, f"BEFORE {channel} msgid=nothing 5")) == ["BATCH", "BATCH"]


def test_what_comes_before_the_next_answer(said: tuple[Session, list[Line]], channel: str) -> None:
    """draft/chathistory: answers come in the order of the questions."""
    al, _ = said
    lines = al.ask(f"CHATHISTORY LATEST {channel} * 1", "PING between", f"NAMES {channel}")
    assert commands(lines) == ["BATCH", "PRIVMSG", "BATCH", "PONG", "353", "366"]


def test_only_messages_without_event_playback(room: Room, channel: str) -> None:
    """draft/chathistory: nothing other than PRIVMSG and NOTICE."""
    al, bo = room("al", "bo", capabilities=CAPS)
    bo.ask(f"TOPIC {channel} :x", f"MODE {channel} +v {bo.nick}", f"@+x=y TAGMSG {channel}")
    al.ask(f"TOPIC {channel} :news", f"NOTICE {channel} :hello")
    bo.ask(f"PART {channel}")
    assert commands(_page(al, f"LATEST {channel} * 50")) == ["BATCH", "NOTICE", "BATCH"]


@pytest.mark.capability("draft/event-playback")
def test_event_playback(room: Room, channel: str) -> None:
    """draft/chathistory, "draft/event-playback": what else has happened, as it was."""
    al, bo = room("al", "bo", capabilities=(*CAPS, "draft/event-playback"))
    al.ask(f"TOPIC {channel} :news", f"MODE {channel} +v {bo.nick}", f"@+x=y TAGMSG {channel}")
    bo.ask(f"NICK {bo.nick}x", f"PART {channel} :bye")
    found = _page(al, f"LATEST {channel} * 6")[1:-1]
    assert commands(found) == ["JOIN", "TOPIC", "MODE", "TAGMSG", "NICK", "PART"]
    assert all("msgid" in line.tags and "time" in line.tags for line in found)
    assert found[3].tags["+x"] == "y"


def test_client_tags(room: Room, channel: str) -> None:
    """draft/chathistory, "Returned message notes": a reply stays one."""
    al = room("al", capabilities=CAPS)[0]
    al.ask(f"@+draft/reply=abc;+x=a\\sb PRIVMSG {channel} :yes")
    line = one(_page(al, f"LATEST {channel} * 1"), "PRIVMSG")
    assert (line.tags["+draft/reply"], line.tags["+x"]) == ("abc", "a b")


@pytest.mark.capability("draft/multiline")
def test_multiline(room: Room, channel: str) -> None:
    """draft/multiline: a message of several lines is one, in a batch of its own."""
    al = room("al", capabilities=(*CAPS, "draft/multiline"))[0]
    al.ask(
        f"BATCH +1 draft/multiline {channel}",
        f"@batch=1 PRIVMSG {channel} :one",
        f"@batch=1 PRIVMSG {channel} :two",
        "BATCH -1",
    )
    begin, inner, *lines, _end_of_inner, _end = _page(al, f"LATEST {channel} * 1")
    assert inner.tags["batch"] == begin.params[0][1:]
    assert inner.params[1:] == ["draft/multiline", channel]
    assert "msgid" in inner.tags
    assert _texts(lines) == ["one", "two"]


def test_direct_messages(register: Register) -> None:
    """draft/chathistory: both directions, and nobody else's."""
    al, bo, eve = register("al", *CAPS), register("bo", *CAPS), register("eve", *CAPS)
    _say(al, bo.nick, "one")
    bo.read()
    _say(bo, al.nick, "two")
    assert _texts(_page(al, f"LATEST {bo.nick} * 50")) == ["one", "two"]
    assert _texts(_page(bo, f"LATEST {al.nick} * 50")) == ["one", "two"]
    assert _texts(_page(eve, f"LATEST {al.nick} * 50")) == []


@pytest.mark.ours
@pytest.mark.parametrize("modes", ["", "+s", "+i"])
def test_who_is_not_in_the_channel(
    said: tuple[Session, list[Line]],
    register: Register,
    operator: Callable[..., Session],
    channel: str,
    modes: str,
) -> None:
    """draft/chathistory, "Security Considerations": members read it, and not even operators do."""
    al, _ = said
    if modes:
        al.ask(f"MODE {channel} {modes}")
    for session in (register("bo", *CAPS), operator("op", *CAPS)):
        fail = one(session.ask(f"CHATHISTORY LATEST {channel} * 5"), "FAIL")
        assert fail.params[:4] == ["CHATHISTORY", "INVALID_TARGET", "LATEST", channel]


def test_targets(room: Room, register: Register, channel: str) -> None:
    """draft/chathistory, "TARGETS": by the latest message of each, the oldest first."""
    al = room("al", capabilities=CAPS)[0]
    bo = register("bo", *CAPS)
    _say(al, bo.nick, "one")
    _say(al, channel, "two")
    begin, *lines, _end = _page(al, f"TARGETS {_EVER} 50")
    assert begin.params[1:] == ["draft/chathistory-targets"]
    assert [line.params[:2] for line in lines] == [["TARGETS", bo.nick], ["TARGETS", channel]]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", x.params[2]) for x in lines)
    bo.read()
    _say(bo, al.nick, "three")
    al.read()
    assert [line.params[1] for line in _page(al, f"TARGETS {_EVER} 50")[1:-1]] == [
        *(channel, bo.nick)
    ]


@pytest.mark.parametrize(
    ("request_", "params"),
    [
        ("NONSENSE {} * 5", ["INVALID_PARAMS", "NONSENSE"]),
        ("LATEST {} *", ["INVALID_PARAMS", "LATEST"]),
        ("LATEST {} * 5 5", ["INVALID_PARAMS", "LATEST"]),
        ("BEFORE {} timestamp=yesterday 5", ["INVALID_PARAMS", "BEFORE", "timestamp=yesterday"]),
        ("BEFORE {} seq=4 5", ["INVALID_MSGREFTYPE", "BEFORE", "{}"]),
    ],
)
@pytest.mark.ours
def test_errors(room: Room, channel: str, request_: str, params: list[str]) -> None:
    """draft/chathistory, "Errors and Warnings": FAIL, with the command as it was given."""
    al = room("al", capabilities=CAPS)[0]
    fail = one(al.ask(f"CHATHISTORY {request_.format(channel)}"), "FAIL")
    wanted = ["CHATHISTORY", *(param.format(channel) for param in params)]
    assert fail.params[: len(wanted)] == wanted


def test_nothing_is_sent_unasked(
    said: tuple[Session, list[Line]], register: Register, channel: str
) -> None:
    """draft/chathistory: to a client with the capability no history is played back by itself."""
    bo = register("bo", *CAPS)
    assert commands(bo.ask(f"JOIN {channel}"))[-1] == "366"


@pytest.mark.ours
def test_who_does_not_ask_is_shown_the_last(
    said: tuple[Session, list[Line]], register: Register, channel: str
) -> None:
    """The last messages come behind the names, with their times where the client knows those."""
    _, echoes = said
    bo = register("bo", "server-time")
    lines = bo.ask(f"JOIN {channel}")
    behind = lines[commands(lines).index("366") + 1 :]
    assert [line.tags["time"] for line in behind] == [line.tags["time"] for line in echoes]
    assert _texts(register("cy").ask(f"JOIN {channel}"))[1:] == ["1", "2", "3", "4", "5"]
    assert _texts(register("dy").ask("HISTORY OFF", f"JOIN {channel}"))[1:] == []
    bot = register("bot")
    assert _texts(bot.ask(f"MODE {bot.nick} +B", f"JOIN {channel}")) == []
