"""Events to bytes and back."""

from __future__ import annotations

import typing

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_chat.core import events, ids
from trio_chat.core.events import Event, Said, SaidInLines, Source
from trio_chat.core.ids import Position
from trio_chat.core.questions import MESSAGES, OTHERS, REDACTIONS, TAGS
from trio_chat.journal import records

TEXT = st.text(max_size=40)
NAMES = st.text(st.sampled_from("abé#!@ "), min_size=1, max_size=12)
POSITIONS = st.builds(Position, st.integers(0, ids.LARGEST), st.integers(0, 9999))
SOURCES = st.builds(Source, prefix=NAMES, account=TEXT, bot=st.booleans(), user=st.just(0))
LINES = st.lists(st.tuples(TEXT, st.booleans()), min_size=1).map(tuple)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "kind": st.sampled_from(["PRIVMSG", "NOTICE", "TAGMSG"]),
    "lines": LINES,
    "changes": st.lists(NAMES).map(tuple),
    "text": TEXT,
}


def an_event(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Return any event of a kind, at any time, whose id is put right afterwards."""
    fields = {
        field.name: VALUES.get(field.name, NAMES)
        for field in msgspec.structs.fields(kind)
        if field.name not in ("time", "source", "id")
    }
    if kind is events.AwayChanged:
        fields["text"] = st.none() | TEXT
    # Until the year 2106: a double has no milliseconds to spare much later.
    times = st.integers(0, 1000 << 32).map(lambda time: time / 1000)
    return st.builds(kind, time=times, source=SOURCES, id=st.just(""), **fields)


@pytest.mark.parametrize("kind", sorted(records.STORED, key=str))
@settings(max_examples=30)
@given(data=st.data(), position=POSITIONS)
def test_an_event_comes_back_as_it_was(
    kind: type[Event], data: st.DataObject, position: Position
) -> None:
    event = data.draw(an_event(kind))
    there = msgspec.structs.replace(event, id=ids.encode(*position))
    assert records.decode(records.encode(there, position.number), position) == there


def test_everything_that_happens_can_be_stored() -> None:
    """What a server answers, or shows to one user only, is not what happened."""

    def below(kind: type[Event]) -> set[type[Event]]:
        return {kind}.union(*(below(one) for one in kind.__subclasses__()))

    passing = below(events.Answer) | {
        events.Event,
        events.RoomEvent,
        events.Killed,
        events.Wallops,
        events.Invited,
        events.MetadataChanged,
        events.Moved,
    }
    assert below(events.Event) - passing == records.STORED


def test_a_time_is_cut_to_the_milliseconds_that_are_shown() -> None:
    at = Position(ids.following(0, 1_700_000_000.0), 0)
    event = Said(
        time=1_700_000_001.23456, source=Source(prefix="a"), kind="NOTICE", target="#a", text="x"
    )
    assert records.decode(records.encode(event, at.number), at).time == 1_700_000_001.234


def test_who_it_was_counts_for_this_process_only() -> None:
    at = Position(7, 0)
    event = Said(
        time=0.0, source=Source(prefix="a!b@c", user=5), kind="NOTICE", target="#a", text="x"
    )
    assert records.decode(records.encode(event, 7), at).source == Source(prefix="a!b@c")


@given(LINES)
def test_lines_are_not_stored_twice(lines: tuple[tuple[str, bool], ...]) -> None:
    together = "".join(
        text if concat or not place else f"\n{text}" for place, (text, concat) in enumerate(lines)
    )

    def stored(text: str) -> bytes:
        source = Source(prefix="a")
        event = SaidInLines(
            time=0.0, source=source, kind="PRIVMSG", target="#a", text=text, lines=lines
        )
        return records.encode(event, 0)

    assert records.said(stored(together)) == ("a", together)
    assert records.said(stored(f"{together}!")) == ("a", f"{together}!")
    # A byte says that the text is what the lines are.
    assert len(stored(f"{together}!")) - len(stored(together)) >= len(together.encode()) + 1


def test_bytes_are_read_for_good() -> None:
    """What has been stored stays readable: these are bytes of the first version."""
    at = Position(ids.following(0, 1_700_000_000.0), 2)
    data = bytes.fromhex("9900a6616c21754068a2616cc30501a2236aa26869a62b783d313b79")
    assert records.decode(data, at) == Said(
        time=1_700_000_000.005,
        source=Source(prefix="al!u@h", account="al", bot=True),
        id=ids.encode(*at),
        kind="NOTICE",
        target="#j",
        text="hi",
        client_tags="+x=1;y",
    )


@pytest.mark.parametrize("data", [b"", records.GONE, b"\x91\x7f", b"\xff"])
def test_what_is_no_event(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        records.decode(data, Position(0, 0))


@pytest.mark.parametrize(
    ("kind", "expected"), [("PRIVMSG", MESSAGES), ("NOTICE", MESSAGES), ("TAGMSG", TAGS)]
)
def test_kinds_of_messages(kind: str, expected: int) -> None:
    event = Said(time=0.0, source=Source(prefix="a"), kind=kind, target="#a", text="x")
    assert records.described(event, 0)[0] == expected


def test_the_kind_of_the_others() -> None:
    source = Source(prefix="a")
    assert records.described(events.Quit(time=0.0, source=source, reason=""), 0)[0] == OTHERS
    redaction = events.Redaction(time=0.0, source=source, target="#a", msgid="x", reason="")
    assert records.described(redaction, 0)[0] == REDACTIONS


def test_each_kind_has_a_number_of_its_own() -> None:
    numbers = [tag for tag, _ in records._FIELDS.values()]
    tags = [one.__struct_config__.tag for one in typing.get_args(records._Any)]
    assert sorted(numbers) == sorted(tags) == list(range(len(numbers)))
