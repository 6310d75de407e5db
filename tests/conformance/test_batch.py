"""Batches of either side (IRCv3 batch, client-batch)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.conformance.conftest import Register
from tests.conformance.session import Line, Session, commands, one, only

MULTILINE = ("batch", "draft/multiline")

Room = Callable[..., list[Session]]
multiline = pytest.mark.capability(*MULTILINE)


def _labeled(register: Register) -> tuple[Session, list[Line]]:
    """Return a user, and an answer of several lines that a batch was asked for."""
    user = register("al", "batch", "labeled-response")
    return user, user.ask(f"@label=one WHOIS {user.nick}")


@pytest.mark.capability("batch", "labeled-response")
def test_a_batch_starts_and_ends(register: Register) -> None:
    """IRCv3 batch, "BATCH verb": `+tag type`, then `-tag` with the same tag."""
    _, lines = _labeled(register)
    start, end = only(lines, "BATCH")
    assert start.params[0][0] == "+"
    assert len(start.params) >= 2
    assert end.params == ["-" + start.params[0][1:]]


@pytest.mark.capability("batch", "labeled-response")
def test_a_reference_tag(register: Register) -> None:
    """IRCv3 batch, "BATCH verb": letters, digits and hyphens only."""
    _, lines = _labeled(register)
    assert re.fullmatch(r"\+[A-Za-z0-9-]+", only(lines, "BATCH")[0].params[0])


@pytest.mark.capability("batch", "labeled-response")
def test_what_is_in_a_batch(register: Register) -> None:
    """IRCv3 batch, "BATCH verb": its lines refer to it, its start and end do not."""
    _, (start, *inside, end) = _labeled(register)
    assert (start.command, end.command) == ("BATCH", "BATCH")
    assert {line.tags.get("batch") for line in inside} == {start.params[0][1:]}
    assert "batch" not in start.tags
    assert "batch" not in end.tags


@pytest.mark.capability("batch", "labeled-response")
def test_batches_at_the_same_time_have_different_tags(register: Register) -> None:
    """IRCv3 batch, "BATCH verb": the tag identifies the batch."""
    user = register("al", "batch", "labeled-response")
    lines = user.ask(f"@label=one WHOIS {user.nick}", f"@label=two WHOIS {user.nick}")
    starts = [line for line in only(lines, "BATCH") if line.params[0].startswith("+")]
    assert [line.tags["label"] for line in starts] == ["one", "two"]
    for start in starts:
        inside = [line for line in lines if line.tags.get("batch") == start.params[0][1:]]
        assert commands(inside).count("318") == 1


@pytest.mark.capability("batch")
def test_none_without_the_capability(register: Register) -> None:
    """IRCv3 batch: the capability is what makes a server send batches."""
    user = register("al")
    lines = user.ask(f"@label=one WHOIS {user.nick}", "ISUPPORT", "HELP")
    assert "BATCH" not in commands(lines)
    assert not any("batch" in line.tags for line in lines)


# --- Batches of a client


@multiline
@pytest.mark.parametrize("reference", ["a_b", "a.b", "a=b", "a*", "\N{GREEK SMALL LETTER ALPHA}"])
def test_a_reference_tag_that_is_none(room: Room, channel: str, reference: str) -> None:
    """IRCv3 client-batch, "Errors": INVALID_REFTAG, with the tag."""
    (al,) = room("al", capabilities=MULTILINE)
    lines = al.ask(f"BATCH +{reference} draft/multiline {channel}")
    assert one(lines, "FAIL").params[:3] == ["BATCH", "INVALID_REFTAG", reference]


@multiline
def test_an_empty_reference_tag(room: Room, channel: str) -> None:
    """IRCv3 client-batch, "Errors": nothing at all is no tag either."""
    (al,) = room("al", capabilities=MULTILINE)
    lines = al.ask(f"BATCH + draft/multiline {channel}")
    assert one(lines, "FAIL").params[:2] == ["BATCH", "INVALID_REFTAG"]


@multiline
def test_a_batch_with_an_invalid_tag_is_ignored(room: Room, channel: str) -> None:
    """IRCv3 client-batch, "INVALID_REFTAG": all past and future messages in it."""
    al, bo = room("al", "bo", capabilities=MULTILINE)
    al.ask(
        f"BATCH +a_b draft/multiline {channel}",
        f"@batch=a_b PRIVMSG {channel} :hi",
        "BATCH -a_b",
    )
    assert bo.read() == []


@multiline
def test_a_type_that_does_not_exist(room: Room, channel: str) -> None:
    """IRCv3 client-batch, "Errors": UNKNOWN_TYPE, with the tag and the type."""
    (al,) = room("al", capabilities=MULTILINE)
    lines = al.ask(f"BATCH +1 example.com/parcel {channel}")
    expected = ["BATCH", "UNKNOWN_TYPE", "1", "example.com/parcel"]
    assert one(lines, "FAIL").params[:4] == expected


@multiline
def test_a_batch_of_an_unknown_type_is_ignored(room: Room, channel: str) -> None:
    """IRCv3 client-batch, "UNKNOWN_TYPE": all past and future messages in it."""
    al, bo = room("al", "bo", capabilities=MULTILINE)
    al.ask(
        f"BATCH +1 example.com/parcel {channel}",
        f"@batch=1 PRIVMSG {channel} :hi",
        "BATCH -1",
    )
    assert bo.read() == []


@multiline
def test_a_batch_without_parameters(register: Register) -> None:
    """Modern IRC, "ERR_NEEDMOREPARAMS (461)": the tag is needed."""
    al = register("al", *MULTILINE)
    assert one(al.ask("BATCH"), "461").params[:2] == [al.nick, "BATCH"]


@multiline
@pytest.mark.parametrize("line", ["BATCH -unknown", "BATCH 1 draft/multiline {channel}"])
def test_neither_a_start_nor_an_end(room: Room, channel: str, line: str) -> None:
    """IRCv3 client-batch, "Errors": FAIL is what notifies of an error."""
    al, bo = room("al", "bo", capabilities=MULTILINE)
    lines = al.ask(line.format(channel=channel))
    assert all((line.command, line.params[0]) == ("FAIL", "BATCH") for line in lines)
    al.ask(f"PRIVMSG {channel} :hi")
    assert one(bo.read(), "PRIVMSG").text == "hi"


@multiline
def test_a_batch_in_a_batch(room: Room, channel: str) -> None:
    """IRCv3 client-batch, "client-to-server BATCH verb": they are not nested."""
    al, bo = room("al", "bo", capabilities=MULTILINE)
    lines = al.ask(
        f"BATCH +1 draft/multiline {channel}",
        f"@batch=1 BATCH +2 draft/multiline {channel}",
    )
    assert one(lines, "FAIL").params[0] == "BATCH"
    assert bo.read() == []


@multiline
def test_a_reference_tag_serves_again(room: Room, channel: str) -> None:
    """IRCv3 client-batch: a tag is free when its batch is closed."""
    al, bo = room("al", "bo", capabilities=MULTILINE)
    for text in ("one", "two"):
        al.ask(
            f"BATCH +1 draft/multiline {channel}",
            f"@batch=1 PRIVMSG {channel} :{text}",
            "BATCH -1",
        )
        assert one(bo.read(), "PRIVMSG").text == text


@multiline
def test_two_clients_use_the_same_tag(room: Room, channel: str) -> None:
    """IRCv3 client-batch: a tag is the client's own."""
    al, bo, cy = room("al", "bo", "cy", capabilities=MULTILINE)
    for member in (al, bo):
        member.ask(f"BATCH +1 draft/multiline {channel}")
    for member in (al, bo):
        member.ask(f"@batch=1 PRIVMSG {channel} :from {member.nick}", "BATCH -1")
    texts = [line.text for line in only(cy.read(), "PRIVMSG")]
    assert texts == [f"from {al.nick}", f"from {bo.nick}"]


@multiline
def test_a_batch_that_is_never_closed(room: Room, channel: str) -> None:
    """IRCv3 multiline, "Batch types": the whole batch has to be there before it is processed."""
    al, bo = room("al", "bo", capabilities=MULTILINE)
    al.send(f"BATCH +1 draft/multiline {channel}", f"@batch=1 PRIVMSG {channel} :hi", "QUIT")
    al.until_closed()
    assert commands(bo.read()) == ["QUIT"]
