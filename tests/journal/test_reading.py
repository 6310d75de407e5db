"""Pages of history."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.journal.rig import MS, File, joined, memory, number_at, said, texts
from trio_chat.core import ids
from trio_chat.core.entries import Entry, Marked, Moved, Redacted, between
from trio_chat.core.ids import END, START, Position
from trio_chat.core.questions import EVERYTHING, MESSAGES, OTHERS, TAGS, Bound, Page, Wanted
from trio_chat.journal import readers, reading
from trio_chat.journal.blocks import BLOCK
from trio_chat.journal.errors import JournalError, TooSlowError
from trio_chat.journal.readers import Deadline

FILED = [pytest.param(File.file, id="filed"), pytest.param(lambda _: None, id="log")]
EITHER = pytest.mark.parametrize("where", FILED)
"""It does not show whether something has been filed."""

Where = Callable[[File], None]


@EITHER
def test_the_latest(file: File, where: Where) -> None:
    file.say("1", "2", "3")
    where(file)
    assert texts(file.page(limit=2)) == ["2", "3"]
    assert file.page(limit=2).more
    assert texts(file.page(limit=3)) == ["1", "2", "3"]
    assert not file.page(limit=3).more


def test_what_is_filed_and_what_is_not_are_one(file: File) -> None:
    file.say("1", "2")
    file.file()
    file.say("3", "4")
    assert texts(file.page()) == ["1", "2", "3", "4"]
    assert texts(file.page(limit=3)) == ["2", "3", "4"]
    assert texts(file.page(limit=3, latest=False)) == ["1", "2", "3"]


@EITHER
def test_before_and_after_a_position_are_without_it(file: File, where: Where) -> None:
    at = file.say("1", "2", "3", "4", "5")
    where(file)
    assert texts(file.page(before=at[2])) == ["1", "2"]
    assert texts(file.page(after=at[2])) == ["4", "5"]
    assert texts(file.page(after=at[0], before=at[4])) == ["2", "3", "4"]
    assert texts(file.page(after=at[0], before=at[4], limit=1)) == ["4"]
    assert texts(file.page(after=at[0], before=at[4], limit=1, latest=False)) == ["2"]
    assert texts(file.page(after=at[4])) == texts(file.page(before=at[0])) == []


@EITHER
def test_before_and_after_a_time_are_without_it(file: File, where: Where) -> None:
    file.say("1", "2", "3")
    # A second step in the millisecond of "2", and one whose clock shows parts of it.
    number = number_at(2) + 1
    file.store(said("2b", Position(number, 0), time=(MS + 2.9) / 1000), number=number)
    where(file)
    assert texts(file.page(before=MS + 2)) == ["1"]
    assert texts(file.page(after=MS + 2)) == ["3"]
    assert texts(file.page(after=MS + 1, before=MS + 3)) == ["2", "2b"]
    assert texts(file.page(after=-5, before=1 << 62)) == ["1", "2", "2b", "3"]


@EITHER
def test_around(file: File, where: Where) -> None:
    at = file.say("1", "2", "3", "4", "5")
    where(file)

    def around(limit: int, where: Bound) -> list[str]:
        wanted = Wanted(conversation="#a", limit=limit)
        return texts(reading.around(file.connection, Deadline(60), wanted, where))

    assert around(3, at[2]) == ["2", "3", "4"]
    assert around(4, at[2]) == ["1", "2", "3", "4"]
    assert around(1, at[2]) == ["3"]
    # What one side has not, the other has more.
    assert around(4, at[0]) == ["1", "2", "3", "4"]
    assert around(4, at[4]) == ["2", "3", "4", "5"]
    assert around(4, at[3]) == ["2", "3", "4", "5"]
    assert around(3, MS + 3) == ["2", "3", "4"]
    assert around(10, at[0]) == ["1", "2", "3", "4", "5"]


@EITHER
def test_what_is_not_asked_for_does_not_count(file: File, where: Where) -> None:
    positions = [Position(number_at(1), place) for place in range(300)]
    file.store(said("first", positions[0]), *map(joined, positions[1:]), number=number_at(1))
    number = number_at(2)
    tag = said("", Position(number, 0), kind="TAGMSG")
    file.store(tag, said("last", Position(number, 1)), number=number)
    where(file)
    assert texts(file.page(limit=2)) == ["first", "last"]
    assert not file.page(limit=2).more
    assert file.page(limit=1).more
    assert len(file.page(limit=500, kinds=EVERYTHING).entries) == 302
    assert len(file.page(limit=500, kinds=MESSAGES | TAGS).entries) == 3
    assert len(file.page(limit=500, kinds=OTHERS).entries) == 299
    only = file.page(limit=5, kinds=OTHERS, after=positions[297])
    assert [shown.position for shown in only.entries] == positions[298:]


@EITHER
def test_who_may_not_see_something_is_not_told_of_it(file: File, where: Where) -> None:
    number = number_at(1)
    file.store(
        said("all", Position(number, 0)),
        Entry(said("some", Position(number, 1)), ("#a",), 4),
        number=number,
    )
    where(file)
    assert texts(file.page(standing=4)) == ["all", "some"]
    assert texts(file.page(limit=1, standing=3)) == ["all"]
    assert texts(file.page()) == ["all"]


@EITHER
def test_what_is_redacted_is_not_there(file: File, where: Where) -> None:
    at = file.say("1", "secret", "3")
    where(file)
    file.change(Redacted("#a", at[1]))
    where(file)
    assert texts(file.page()) == ["1", "3"]
    assert texts(file.page(limit=2)) == ["1", "3"]
    # Whoever had it as the last goes on from there.
    assert texts(file.page(after=at[1], known=(at[1],))) == ["3"]


@EITHER
def test_a_page_is_empty_where_something_is_not_known(file: File, where: Where) -> None:
    at = file.say("1", "2")
    file.say("there", channel="#b")
    where(file)
    assert texts(file.page(after=at[0], known=(at[0],))) == ["2"]
    for unknown in (Position(at[0].number, 1), Position(at[0].number + 1, 0), END, START):
        assert file.page(before=unknown, known=(unknown,)).entries == []
    # It is of another conversation.
    assert file.page("#b", before=at[0], known=(at[0],)).entries == []
    assert file.page("#b", before=at[0]).entries == []


@EITHER
def test_a_room_that_nobody_was_in(file: File, where: Where) -> None:
    file.say("1")
    where(file)
    assert file.page("#nowhere").entries == []
    assert file.page("#nowhere", known=(START,)).entries == []


@EITHER
def test_what_belongs_to_several_is_in_each(file: File, where: Where) -> None:
    number = number_at(1)
    event = said("bye", Position(number, 0))
    file.store(Entry(event, ("#a", "#b")), number=number)
    where(file)
    assert texts(file.page("#a")) == texts(file.page("#b")) == ["bye"]


def test_a_step_of_more_than_a_block(file: File) -> None:
    number = number_at(2)
    positions = [Position(number, place) for place in range(3 * BLOCK)]
    file.say("before")
    file.store(*(said(str(at.place), at) for at in positions), number=number)
    file._last = 2
    file.say("after")
    file.file()
    for at in (positions[0], positions[BLOCK], positions[2 * BLOCK - 1], positions[-1]):
        after = [str(place) for place in range(at.place + 1, 3 * BLOCK)]
        before = [str(place) for place in range(at.place)]
        assert texts(file.page(after=at, limit=500, latest=False)) == [*after, "after"]
        assert texts(file.page(before=at, limit=500)) == ["before", *before]
        assert texts(file.page(after=at, limit=1, latest=False, known=(at,))) == [
            *after[:1],
            *["after"][len(after) :],
        ]


def test_a_clock_that_was_set_back(file: File) -> None:
    """The order is the log's, and nothing is shown outside of the times that are asked for."""
    file.say("1", "2")
    number = number_at(2) + 1
    file.store(said("back", Position(number, 0), time=(MS - 5000) / 1000), number=number)
    for _ in range(2):
        assert texts(file.page()) == ["1", "2", "back"]
        assert texts(file.page(after=MS)) == ["1", "2"]
        file.file()


def test_a_question_has_a_time_limit(file: File) -> None:
    file.say("1")
    with pytest.raises(TooSlowError, match="it took too long"):
        reading.page(file.connection, Deadline(-1), Wanted(conversation="#a", limit=1))


# --- Conversations


def test_the_limit_of_targets_is_counted_from_either_end(file: File) -> None:
    for channel in ("#a", "#b", "#c"):
        file.say("hey", channel=channel)
    for latest, names in ((False, ["#a", "#b"]), (True, ["#b", "#c"])):
        found = file.targets("#c", "#b", "#a", limit=2, latest=latest)
        assert [one.conversation for one in found] == names


def test_targets_are_those_whose_latest_message_is_between(file: File) -> None:
    for place, key in enumerate([between("al", "bo"), between("al", "al"), between("bo", "cy")]):
        number = number_at(10 * place + 1)
        event = said(f"in {key}", Position(number, 0), channel="x")
        file.store(Entry(event, (key,)), number=number)
    file._last = 30
    file.say("hey", channel="#a")
    for _ in range(2):
        found = file.targets("#a", "#nowhere", party="al")
        assert [(one.conversation, one.with_) for one in found] == [
            ("@al bo", "bo"),
            ("@al al", ""),
            ("#a", ""),
        ]
        assert [one.latest.event.time for one in found] == [
            (MS + 1) / 1000,
            (MS + 11) / 1000,
            (MS + 31) / 1000,
        ]
        found = file.targets("#a", party="al", after=MS + 1, before=MS + 31)
        assert [one.conversation for one in found] == ["@al al"]
        assert [one.conversation for one in file.targets("#a", party="al", limit=1)] == ["@al bo"]
        assert [one.conversation for one in file.targets("#a")] == ["#a"]
        file.file()
    file.say("later", channel="#a")
    assert file.targets("#a", before=MS + 32) == []
    assert [one.latest.position for one in file.targets("#a")] == [Position(number_at(32), 0)]


@EITHER
def test_what_not_everybody_reads_is_nobody_s_latest(file: File, where: Where) -> None:
    at = file.say("1", "2", "3")
    number = number_at(4)
    hidden = Entry(said("ops", Position(number, 0)), ("#a",), 4)
    file.store(hidden, joined(Position(number, 1)), number=number)
    file._last = 4
    where(file)
    assert [one.latest.position for one in file.targets("#a")] == [at[2]]
    file.change(Redacted("#a", at[2]))
    where(file)
    assert [one.latest.position for one in file.targets("#a")] == [at[1]]
    assert file.targets("#a", after=MS + 2) == []


@EITHER
def test_markers(file: File, where: Where) -> None:
    file.change(Marked("al", "#a", 20), Marked("al", "#b", 50), Marked("bo", "#a", 70))
    where(file)
    # It never goes back.
    file.change(Marked("al", "#a", 10), Marked("bo", "#a", 71))
    where(file)

    def marker(reader: str, key: str) -> int | None:
        return reading.marker(file.connection, Deadline(60), reader, key)

    assert [marker("al", "#a"), marker("al", "#b"), marker("bo", "#a")] == [20, 50, 71]
    assert marker("bo", "#b") is None
    # What is marked in a channel is under its new name, and of no other that was called so.
    file.change(Moved("#a", "#b"))
    file.file()
    assert [marker("al", "#b"), marker("bo", "#b"), marker("al", "#a")] == [20, 71, None]


# --- What it costs


def test_a_page_is_found_by_indexes_only(file: File) -> None:
    file.say(*map(str, range(300)))
    file.file()
    statements: list[str] = []
    file.connection.set_trace_callback(statements.append)
    file.page(limit=1)
    file.page(limit=1, before=MS + 100)
    file.page(limit=1, after=Position(number_at(50), 0), latest=False)
    file.page(limit=1, known=(Position(number_at(50), 0),))
    file.targets("#a", party="al")
    file.connection.set_trace_callback(None)
    assert len({one.partition("WHERE")[0] for one in statements}) == 4
    for statement in statements:
        for *_, step in file.connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall():
            # The log is read whole: it is what the last seconds have brought.
            assert step.startswith(("SEARCH", "SCALAR", "SCAN log")), (step, statement)


def test_a_page_of_a_great_room_costs_what_one_of_a_small_one_does(file: File) -> None:
    """Counted in steps of SQLite's machine: the ratio of times is in docs/journal.md."""

    def cost(after: Bound, before: Bound, latest: bool) -> int:
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        file.connection.set_progress_handler(count, 1)
        page = file.page(limit=50, after=after, before=before, latest=latest)
        file.connection.set_progress_handler(None, 0)
        assert len(page.entries) == 50
        return steps

    pages: list[tuple[Bound, Bound, bool]] = [
        (START, END, True),
        (MS + 5, END, False),
        (START, MS + 900, True),
    ]
    file.say(*map(str, range(1000)))
    file.file()
    small = [cost(*wanted) for wanted in pages]
    for number in range(number_at(2000), number_at(2000) + 300):
        file.store(*(said("x", Position(number, place)) for place in range(100)), number=number)
    file.file()
    assert file.one("SELECT messages FROM conversations") == 31_000
    assert [cost(*wanted) <= 1.2 * steps for wanted, steps in zip(pages, small, strict=True)] == [
        True,
        True,
        True,
    ]


# --- Against a model

CHANNELS = ("#a", "#b")
STEPS = st.lists(
    st.one_of(
        st.lists(
            st.tuples(
                st.sampled_from(["PRIVMSG", "NOTICE", "TAGMSG", "JOIN"]),
                st.sampled_from([("#a",), ("#b",), ("#a", "#b")]),
                st.sampled_from([0, 0, 4]),
            ),
            min_size=1,
            max_size=100,
        ),
        st.sampled_from(["file", "redact", "move"]),
    ),
    max_size=12,
)


class Model:
    """Conversations as lists, next to the file that is compared with them."""

    def __init__(self, path: Path) -> None:
        self.file = File(path, connect=memory)
        self.rooms: dict[str, list[tuple[Position, int, int]]] = {key: [] for key in CHANNELS}
        self.gone: set[tuple[str, Position]] = set()
        self.number = number_at(0)

    def tick(self, made: list[tuple[str, tuple[str, ...], int]], gap: int) -> None:
        self.number += gap
        stored = []
        for place, (kind, keys, standing) in enumerate(made):
            # Some places are of what is not stored.
            at = Position(self.number, 2 * place)
            event = joined(at) if kind == "JOIN" else said(str(place), at, kind=kind)
            stored.append(Entry(event, keys, standing))
            bits = {"JOIN": OTHERS, "TAGMSG": TAGS}.get(kind, MESSAGES)
            for key in keys:
                self.rooms[key].append((at, bits, standing))
        self.file.store(*stored, number=self.number)

    def redact(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(CHANNELS))
        if self.rooms[key]:
            at = data.draw(st.sampled_from(self.rooms[key]))[0]
            self.gone.add((key, at))
            self.number += 1
            self.file.store(Redacted(key, at), number=self.number)

    def move(self) -> None:
        """What is in #a goes to #b, which is replaced. The writer files such a step at once."""
        self.number += 1
        self.file.store(Moved("#a", "#b"), number=self.number)
        self.file.file()
        self.gone = {("#b", at) for key, at in self.gone if key == "#a"}
        self.rooms = {"#a": [], "#b": self.rooms["#a"]}

    def expected(self, wanted: Wanted) -> tuple[list[Position], bool]:
        key = wanted.conversation
        there = {at for at, _, _ in self.rooms[key]}
        if not there.issuperset(wanted.known):
            return [], False
        found = [
            at
            for at, kind, standing in self.rooms[key]
            if above(at, wanted.after)
            and below(at, wanted.before)
            and kind & wanted.kinds
            and standing <= wanted.standing
            and (key, at) not in self.gone
        ]
        more = len(found) > wanted.limit
        return (found[-wanted.limit :] if wanted.latest else found[: wanted.limit]), more


def above(at: Position, bound: Bound) -> bool:
    return ids.time_of(at.number) > bound if isinstance(bound, int) else at > bound


def below(at: Position, bound: Bound) -> bool:
    return ids.time_of(at.number) < bound if isinstance(bound, int) else at < bound


@hypothesis.settings(max_examples=100, deadline=None)
@hypothesis.given(STEPS, st.data())
def test_pages_are_those_of_a_model(
    steps: list[str | list[tuple[str, tuple[str, ...], int]]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        model = Model(Path(directory) / "journal.db")
        try:
            for step in steps:
                if step == "file":
                    model.file.file()
                elif step == "redact":
                    model.redact(data)
                elif step == "move":
                    model.move()
                elif not isinstance(step, str):
                    model.tick(step, data.draw(st.sampled_from([1, 500, 3000])))
            for _ in range(6):
                wanted = data.draw(any_page(model))
                page = reading.page(model.file.connection, Deadline(60), wanted)
                found = [shown.position for shown in page.entries], page.more
                assert found == model.expected(wanted)
        finally:
            model.file.close()


@st.composite
def any_page(draw: st.DrawFn, model: Model) -> Wanted:
    key = draw(st.sampled_from(CHANNELS))
    positions = [at for at, _, _ in model.rooms[key]] or [START]
    bounds = st.one_of(
        st.sampled_from(positions),
        st.sampled_from(positions).map(lambda at: Position(at.number, at.place + 1)),
        st.sampled_from(positions).map(lambda at: ids.time_of(at.number)),
    )
    return Wanted(
        conversation=key,
        after=draw(st.just(START) | bounds),
        before=draw(st.just(END) | bounds),
        limit=draw(st.integers(1, 30)),
        latest=draw(st.booleans()),
        kinds=draw(st.sampled_from([MESSAGES, MESSAGES | TAGS, EVERYTHING])),
        standing=draw(st.sampled_from([0, 4])),
        known=draw(st.lists(st.sampled_from(positions), max_size=1).map(tuple)),
    )


def test_what_is_no_block_is_said(file: File) -> None:
    file.say("1")
    file.file()
    file.connection.execute("UPDATE blocks SET body = x'ff'")

    def question(connection: sqlite3.Connection, deadline: Deadline) -> Page:
        return reading.page(connection, deadline, Wanted(conversation="#a", limit=1))

    with pytest.raises(JournalError, match="the journal can not be read: "):
        readers.ask(file.connection, question, 60)
    assert not file.connection.in_transaction
