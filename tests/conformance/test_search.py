"""Finding what was said (soju.im/search)."""

from __future__ import annotations

import time

import pytest

from tests.conformance.channels import Names, Room
from tests.conformance.conftest import Register
from tests.conformance.session import Line, Session, commands, one

pytestmark = pytest.mark.capability("soju.im/search", "batch")

SEARCH = "soju.im/search"
CAPS = [SEARCH, "batch", "message-tags", "server-time", "echo-message"]


def search(session: Session, attributes: str) -> list[Line]:
    """Return what is in the batch that a search is answered with."""
    begin, *found, end = session.ask(f"SEARCH {attributes}")
    assert begin.params[1:] == [SEARCH]
    reference = begin.params[0].removeprefix("+")
    assert (end.command, end.params) == ("BATCH", [f"-{reference}"])
    assert {line.tags.get("batch") for line in found} <= {reference}
    return found


def texts(session: Session, attributes: str, *expected: str) -> None:
    """Have a search find just this, within some seconds: the index may be behind."""
    patience = time.monotonic() + 20
    while True:
        found = [line.text for line in search(session, attributes)]
        if found == list(expected) or time.monotonic() > patience:
            assert found == list(expected)
            return
        time.sleep(0.05)


@pytest.fixture
def needle(name: Names) -> str:
    """A word that nobody else has said."""
    return name("needle").replace("-", "x")


def test_messages_as_they_were(room: Room, channel: str, needle: str) -> None:
    """soju.im/search: a batch with the messages, oldest first, msgid and time as they were."""
    al, bo = room("al", "bo", capabilities=CAPS)
    said = [
        one(al.ask(f"PRIVMSG {channel} :first {needle}"), "PRIVMSG"),
        one(al.ask(f"PRIVMSG {channel} :hay"), "PRIVMSG"),
        one(bo.ask(f"NOTICE {channel} :{needle.upper()}, second"), "NOTICE"),
    ]
    texts(bo, f"text={needle}", f"first {needle}", f"{needle.upper()}, second")
    for line, was in zip(search(bo, f"text={needle}"), (said[0], said[2]), strict=True):
        assert (line.command, line.source, line.params) == (was.command, was.source, was.params)
        assert (line.tags["msgid"], line.tags["time"]) == (was.tags["msgid"], was.tags["time"])


def test_selectors(room: Room, channel: str, needle: str, name: Names) -> None:
    """soju.im/search: in, from, after, before, text and limit, and all of them together."""
    al, bo = room("al", "bo", capabilities=CAPS)
    other = name("#other")
    al.ask(f"JOIN {other}")
    one(al.ask(f"PRIVMSG {channel} :{needle} 1"), "PRIVMSG")
    second = one(al.ask(f"PRIVMSG {other} :{needle} 2"), "PRIVMSG")
    bo.read()
    one(bo.ask(f"PRIVMSG {channel} :{needle} 3"), "PRIVMSG")
    al.read()
    texts(al, f"text={needle}", f"{needle} 1", f"{needle} 2", f"{needle} 3")
    texts(al, f"in={channel};text={needle}", f"{needle} 1", f"{needle} 3")
    texts(al, f"from={bo.nick};text={needle}", f"{needle} 3")
    texts(al, f"text={needle};limit=1", f"{needle} 3")
    texts(al, f"in={channel};from={al.nick};text={needle};limit=5", f"{needle} 1")
    texts(al, f"text={needle}\\s2", f"{needle} 2")
    stamp = second.tags["time"]
    assert f"{needle} 2" not in [one.text for one in search(al, f"text={needle};after={stamp}")]
    assert f"{needle} 3" not in [one.text for one in search(al, f"text={needle};before={stamp}")]


def test_between_two(register: Register, needle: str) -> None:
    """soju.im/search: in can be a nickname."""
    al, bo, cy = (register(nick, *CAPS) for nick in ("al", "bo", "cy"))
    al.ask(f"PRIVMSG {bo.nick} :{needle}")
    bo.read()
    texts(al, f"in={bo.nick};text={needle}", needle)
    texts(bo, f"text={needle}", needle)
    assert search(cy, f"text={needle}") == []


@pytest.mark.ours
def test_only_where_one_is(room: Room, register: Register, channel: str, needle: str) -> None:
    """soju.im/search: what history shows, and nothing else."""
    (al,) = room("al", capabilities=CAPS)
    bo = register("bo", *CAPS)
    al.ask(f"PRIVMSG {channel} :{needle}")
    texts(al, f"text={needle}", needle)
    assert search(bo, f"text={needle}") == []
    found = one(bo.ask(f"SEARCH in={channel};text={needle}"), "FAIL")
    assert found.params[:3] == ["SEARCH", "INVALID_PARAMS", "in"]
    bo.ask(f"JOIN {channel}")
    texts(bo, f"text={needle}", needle)


def test_nothing(register: Register, needle: str) -> None:
    """soju.im/search: nothing found is an empty batch."""
    al = register("al", *CAPS)
    assert commands(al.ask(f"SEARCH text={needle}")) == ["BATCH", "BATCH"]


@pytest.mark.parametrize(
    ("attributes", "wrong"),
    [
        ("text=a;limit=0", "limit"),
        ("text=a;limit=many", "limit"),
        ("text=a;after=yesterday", "after"),
        ("text=a;before=2024", "before"),
    ],
)
def test_wrong_attributes(room: Room, channel: str, attributes: str, wrong: str) -> None:
    """soju.im/search: FAIL SEARCH INVALID_PARAMS, with what is wrong."""
    (al,) = room("al", capabilities=CAPS)
    found = one(al.ask(f"SEARCH in={channel};{attributes}"), "FAIL")
    assert found.params[:3] == ["SEARCH", "INVALID_PARAMS", wrong]


@pytest.mark.capability("labeled-response")
def test_a_label(room: Room, channel: str, needle: str) -> None:
    """IRCv3 labeled-response: the batch has the label, whatever is in it."""
    (al,) = room("al", capabilities=[*CAPS, "labeled-response"])
    for count in range(3):
        texts(al, f"text={needle}", *[needle] * count)
        found = al.ask(f"@label=1 SEARCH in={channel};text={needle}")
        assert commands(found) == ["BATCH", *["PRIVMSG"] * count, "BATCH"]
        assert found[0].tags["label"] == "1"
        assert not any("label" in line.tags for line in found[1:])
        al.ask(f"PRIVMSG {channel} :{needle}")


@pytest.mark.capability("draft/message-redaction")
def test_what_is_taken_back(room: Room, channel: str, needle: str) -> None:
    """IRCv3 message-redaction, "Chat history": it is found no more."""
    (al,) = room("al", capabilities=[*CAPS, "draft/message-redaction"])
    id = one(al.ask(f"PRIVMSG {channel} :{needle}"), "PRIVMSG").tags["msgid"]
    texts(al, f"text={needle}", needle)
    assert one(al.ask(f"REDACT {channel} {id}"), "REDACT").params == [channel, id]
    assert search(al, f"text={needle}") == []
