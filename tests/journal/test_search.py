"""Full-text search, and the index that it goes by."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal.rig import MS, File, memory, number_at, said
from trio_chat.core.entries import Entry, Moved, Redacted, all_with, between
from trio_chat.core.events import Said
from trio_chat.core.ids import END, START, Position
from trio_chat.core.questions import Place, Search, Unfinished
from trio_chat.journal import indexing, search
from trio_chat.journal.blocks import BLOCK
from trio_chat.journal.errors import JournalError
from trio_chat.journal.indexing import Index
from trio_chat.journal.readers import Deadline, ask


def look(file: File, text: str = "", *places: Place, **wanted: object) -> list[str]:
    """Return the texts of what is found; everywhere, if no places are given."""
    described = Search(text=text, places=places or None, **wanted)  # type: ignore[arg-type]
    found = search.search(file.connection, Deadline(60), described)
    assert isinstance(found, list)
    return [shown.event.text for shown in found if isinstance(shown.event, Said)]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Hello, World!", "hello"),
        ("Hello, World!", "WORLD hello"),
        ("Grüße aus Köln", "grusse koln".replace("ss", "ß")),
        ("Grüße aus Köln", "KÖLN"),
        ("cafe\u0301 au lait", "café"),
        ("हिन्दी में", "हिन्दी"),
        ("日本語 です", "日本語"),
        ("한국어 있음", "한국어"),
        ("see foo-bar.py:12", "foo-bar.py"),
        ("see foo-bar.py:12", '"foo bar" 12'),
        ("\x01ACTION waves\x01", "waves"),
        ("it's", "it's"),
        ("a AND b", "and"),
        ('say "please"', '"say please"'),
        ("x" * 2000, "x" * 2000),
        ("\x0304needle\x03", "needle"),
        ("\x0304,12needle", "needle"),
        ("\x034,12" + "5 needles", "5 needles"),
        ("\x04ff0000,00FF00needle", "needle"),
        ("\x02\x1d\x1f\x1e\x11\x16need\x0fle", "needle"),
        ("\x0304rote Nadel für \x02Köln", '"nadel fur koln"'),
        ("needle", "\x0304needle"),
    ],
)
def test_words(file: File, text: str, asked: str) -> None:
    file.say("something else", text, "still another")
    file.settle()
    assert look(file, asked) == [text]


@pytest.mark.parametrize(
    "asked",
    ["hell", "hello there", '"world hello"', "NOT hello", "hello OR x", "hel*", "text:hello"],
)
def test_what_is_not_there(file: File, asked: str) -> None:
    file.say("hello world")
    file.settle()
    assert look(file, asked) == []


def test_the_words_have_to_be_of_one_message(file: File) -> None:
    file.say("one", "two", "two one")
    file.settle()
    assert look(file, "one two") == ["two one"]


@pytest.mark.parametrize("asked", ["", " ", '""', "-- !", "\x00"])
def test_nothing_to_search_for(file: File, asked: str) -> None:
    with pytest.raises(JournalError, match="there is nothing to search for"):
        look(file, asked)


def test_a_search_has_so_many_words(file: File) -> None:
    file.say("a " * 30)
    file.settle()
    assert len(look(file, "a " * search.WORDS)) == 1
    with pytest.raises(JournalError, match="a search has 16 words at most"):
        look(file, "a " * (search.WORDS + 1))


def test_where_from_whom_and_when(file: File) -> None:
    file.say("x1", "x2 y", who="Al")
    file.say("x3 y", who="bo")
    file.say("x4 y", channel="#b", who="al")
    file.settle()
    assert look(file, "y") == ["x2 y", "x3 y", "x4 y"]
    assert look(file, "y", sender="AL") == ["x2 y", "x4 y"]
    assert look(file, "", sender="bo") == ["x3 y"]
    assert look(file, "y", sender="nobody") == []
    assert look(file, "y", Place("#b")) == ["x4 y"]
    assert look(file, "y", Place("#a"), Place("#b"), Place("#c")) == ["x2 y", "x3 y", "x4 y"]
    assert look(file, "y", Place("#c")) == []
    assert look(file, "y", after=MS + 2) == ["x3 y", "x4 y"]
    assert look(file, "y", before=MS + 3) == ["x2 y"]
    assert look(file, "y", after=MS + 2, before=MS + 4) == ["x3 y"]
    assert look(file, "y", limit=2) == ["x3 y", "x4 y"]


def test_nobody_finds_what_they_may_not_read(file: File) -> None:
    at = file.say("secret 1", "secret 2", "secret 3")
    number = number_at(4)
    file.store(Entry(said("secret ops", Position(number, 0)), ("#a",), 4), number=number)
    file.settle()
    assert look(file, "secret", Place("#a", after=at[0])) == ["secret 2", "secret 3"]
    assert look(file, "secret", Place("#a", before=at[2])) == ["secret 1", "secret 2"]
    assert look(file, "secret", Place("#a", START, END, 4))[-1] == "secret ops"
    assert "secret ops" not in look(file, "secret", Place("#a", START, END, 3))
    # The terms by which the index knows rooms and people are nobody's words.
    with pytest.raises(JournalError, match="there is nothing"):
        look(file, indexing.PLACE)
    assert look(file, indexing.term_of_sender("al")) == []


def test_in_very_many_places(file: File) -> None:
    file.say("needle", channel="#r400")
    for count in range(300):
        file.say("hay", channel=f"#r{count}")
    file.say("needle", channel="#elsewhere")
    file.settle()
    places = [Place(f"#r{count}") for count in range(401)]
    assert look(file, "needle", *places) == ["needle"]


def test_what_was_said_last_is_found_without_words(file: File) -> None:
    for count in range(3):
        file.say(f"a{count}")
        file.say(f"b{count}", channel="#b")
    file.settle()
    assert look(file, "", Place("#a")) == ["a0", "a1", "a2"]
    assert look(file, "", Place("#a"), Place("#b"), limit=3) == ["b1", "a2", "b2"]
    assert look(file, "", Place("#a"), after=MS + 1, before=MS + 5) == ["a1"]
    many = [Place(f"#r{count}") for count in range(300)]
    for place in many:
        file.say("hay", channel=place.conversation)
    file.settle()
    assert look(file, "", *many, Place("#a"), limit=302) == ["a1", "a2", *["hay"] * 300]


def test_the_newest_are_found_whatever_the_rooms(file: File) -> None:
    """However they were filed: a room of which little is heard has the newest, too."""
    file.say("x first", channel="#quiet")
    for count in range(3 * BLOCK):
        file.say(f"x {count}", channel=f"#r{count % 3}")
    file.say("x last", channel="#quiet")
    file.settle()
    newest = [f"x {count}" for count in range(3 * BLOCK)][-9:]
    assert look(file, "x", limit=10) == [*newest, "x last"]
    assert look(file, "x", limit=1) == ["x last"]


def talk(file: File, one: str, other: str, text: str) -> Position:
    """Store what one writes to another."""
    (at,) = file.say("-")
    at = Position(at.number, 1)
    file.connection.execute("DELETE FROM log WHERE number = ?", (at.number,))
    message = said(text, at, channel=other, who=one)
    file.store(Entry(message, (between(one, other),)), number=at.number)
    return at


def test_what_somebody_wrote_to_whomever_and_was_written(file: File) -> None:
    talk(file, "al", "bo", "needle to bo")
    talk(file, "bo", "al", "needle to al")
    talk(file, "cy", "bo", "needle of others")
    talk(file, "al", "al", "needle to oneself")
    file.say("needle in a room")
    file.settle()

    def mine(party: str, *places: Place, text: str = "needle") -> list[str]:
        wanted = Search(text=text, places=places, parties=(party,))
        found = search.search(file.connection, Deadline(60), wanted)
        assert isinstance(found, list)
        return [shown.event.text for shown in found if isinstance(shown.event, Said)]

    assert mine("al") == ["needle to bo", "needle to al", "needle to oneself"]
    assert mine("cy", Place("#a")) == ["needle of others", "needle in a room"]
    assert mine("cy", text="") == ["needle of others"]
    assert mine("dee") == mine("") == mine("al bo") == []
    # What a place says of a conversation goes for it.
    assert mine("al", Place(between("al", "bo"), after=END)) == ["needle to oneself"]


def test_under_one_name_and_within_bounds(file: File) -> None:
    at = [talk(file, "al/1", other, f"needle {other}") for other in ("bo/1", "~bo", "bo/2", "cy/1")]
    at += [talk(file, "al/1", "~bo", f"needle {number}") for number in range(3)]
    file.settle()

    def found(place: Place) -> list[str]:
        return look(file, "needle", place)

    everything = ["needle bo/1", "needle ~bo", "needle bo/2", "needle 0", "needle 1", "needle 2"]
    assert found(Place(all_with("al/1", "bo"))) == everything
    assert found(Place(all_with("al/2", "bo"))) == []
    key = between("al/1", "~bo")
    place = Place(key, before=at[4], also=(Place(key, after=at[5]), Place("#nowhere")))
    assert found(place) == ["needle ~bo", "needle 2"]


def test_only_messages_are_searched(file: File) -> None:
    number = number_at(1)
    file.store(said("word", Position(number, 0), kind="TAGMSG"), number=number)
    file.settle()
    assert look(file, "word") == []


def test_what_is_taken_back_is_in_no_index(file: File) -> None:
    at = file.say("red secret", "red fish", "blue secret")
    file.settle()
    file.change(Redacted("#a", at[0]))
    file.file()
    assert look(file, "red") == ["red fish"]
    assert look(file, "secret") == ["blue secret"]
    file.change(Redacted("#a", at[2]))
    file.file()
    terms = "SELECT count(*) FROM words WHERE words MATCH ?"
    assert file.one(terms, '"secret"') == 0
    assert file.one(terms, '"fish"') == 1
    # And not again when it is done twice, or before its turn in the index has come.
    at = file.say("green secret")
    file.file()
    file.change(Redacted("#a", at[0]), Redacted("#a", at[0]))
    file.settle()
    assert file.one(terms, '"green"') == 0
    file.connection.execute("INSERT INTO words(words) VALUES ('integrity-check')")


def test_what_is_taken_back_is_not_found_before_it_is_filed(file: File) -> None:
    at = file.say("red", "red")
    file.settle()
    file.change(Redacted("#a", at[0]))
    assert len(look(file, "red")) == 1
    assert len(look(file, "", Place("#a"))) == 1


def test_a_room_is_found_under_its_new_name(file: File) -> None:
    file.say("needle")
    file.settle()
    file.change(Moved("#a", "#b"))
    file.settle()
    assert look(file, "needle", Place("#a")) == []
    assert look(file, "needle", Place("#b")) == ["needle"]


def test_an_index_is_filled_in_steps(file: File) -> None:
    for count in range(3):
        for room in range(200):
            file.say(f"word{count}", channel=f"#r{room}")
        file.file()
    assert file.index is not None
    steps = []
    while done := file.index.step():
        steps.append(done)
    assert steps == [256, 256, 88]
    assert len(look(file, "word2", limit=1000)) == 200


def test_what_has_formatting_codes_is_taken_out_whole(file: File) -> None:
    at = file.say("\x0304secret", "\x0304fish")
    file.settle()
    file.change(Redacted("#a", at[0]))
    file.settle()
    terms = "SELECT count(*) FROM words WHERE words MATCH ?"
    assert [file.one(terms, word) for word in ("secret", "04secret", "fish")] == [0, 0, 1]


def test_an_index_of_the_version_before_is_made_anew(file: File) -> None:
    """There the codes were not left out."""
    at = file.say("\x0304secret", "\x0304fish")
    file.file()
    execute = file.connection.execute
    execute("INSERT INTO words (rowid, text) VALUES (1, '\x0304secret\n\x0304fish')")
    execute("UPDATE meta SET value = 1 WHERE name = 'searched'")
    execute("PRAGMA user_version = 3")
    file.close()
    again = File(file.path)
    file.connection = again.connection
    terms = "SELECT count(*) FROM words WHERE words MATCH ?"
    assert again.one(terms, '"04secret"') == 0
    again.settle()
    assert look(again, "secret") == ["\x0304secret"]
    again.change(Redacted("#a", at[0]))
    again.settle()
    assert [again.one(terms, word) for word in ("secret", "fish")] == [0, 1]


def test_where_it_was_is_known_after_a_restart(file: File) -> None:
    file.say("first")
    file.settle()
    file.say("second")
    file.close()
    again = File(file.path)
    again.settle()
    assert look(again, "first") == ["first"]
    assert look(again, "second") == ["second"]
    assert again.one("SELECT count(*) FROM words WHERE words MATCH 'first'") == 1
    file.connection = again.connection


def test_without_fts5(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thing that is changed here is what SQLite says of itself."""
    at = file.say("needle", "hay")
    file.settle()
    with monkeypatch.context() as patched:
        for module in (indexing, search):
            patched.setattr(module, "is_there", lambda _: False)
        with pytest.raises(JournalError, match=r"has no full-text search \(FTS5\)"):
            look(file, "needle")
        assert Index.opened(file.connection) is None
        file.filing = type(file.filing)(file.connection, None)
        file.change(Redacted("#a", at[0]))
        file.file()
    # What is redacted meanwhile can not be taken out: it is made anew.
    file.index = Index.opened(file.connection)
    file.settle()
    assert look(file, "needle") == []
    assert look(file, "hay") == ["hay"]
    assert file.one("SELECT count(*) FROM words WHERE words MATCH 'needle'") == 0


def test_a_search_ends_in_time(file: File) -> None:
    """However it is made: here every word is in every message, and no message has the phrase."""
    file.say(*(f"{' '.join('abcdefgh')} {count}" for count in range(20 * BLOCK)))
    file.settle()
    wanted = Search(text='a b c d e f g h "h a"', places=None)

    def question(connection: sqlite3.Connection, deadline: Deadline) -> object:
        return search.search(connection, deadline, wanted)

    assert ask(file.connection, question, 0.0) == Unfinished([])
    assert look(file, 'a b c d e f g h "h a"') == []


class Few(Deadline):
    """A time that is over when it has been looked at so many times."""

    def __init__(self, looks: int) -> None:
        super().__init__(60)
        self.left = looks

    @property
    def is_over(self) -> bool:
        return self.left < 0

    def check(self) -> None:
        self.left -= 1
        super().check()


def test_what_was_found_in_time_is_the_newest(file: File) -> None:
    """Of what was filed together the newest may not have been looked at, and nothing is told."""
    for batch in range(4):
        for count in range(BLOCK):
            file.say(f"x {batch} {count}", channel="#a")
            file.say(f"x {batch} {count}", channel="#b")
        file.file()
    file.settle()
    wanted = Search(text="x", places=None, limit=1000)
    newest = [f"x 3 {count}" for count in range(BLOCK) for _ in "ab"]
    for looks in range(8):
        found = search.search(file.connection, Few(looks), wanted)
        assert isinstance(found, Unfinished)
        told = [shown.event.text for shown in found.found if isinstance(shown.event, Said)]
        everything = look(file, "x", limit=1000)
        assert told == everything[len(everything) - len(told) :]
        # Blocks come in pairs, one of each room, which are of the same time.
        assert len(told) // (2 * BLOCK) == looks // 2
        assert looks < 2 or told[-2 * BLOCK :] == newest
    assert isinstance(search.search(file.connection, Few(8), wanted), list)


WORDS = st.text(st.sampled_from("aAäÄ\u0308éßｱ1²ﬁ한न्-' \ue000\U0001f600"), max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=5))
def test_every_word_of_a_message_finds_it(texts: list[str]) -> None:
    """What a word is is the same to FTS5 and to us."""
    with tempfile.TemporaryDirectory() as directory:
        file = File(Path(directory) / "journal.db", connect=memory)
        file.say(*(text or "-" for text in texts))
        file.settle()
        for text in texts:
            words = search.words(text)
            for word in words:
                assert text in look(file, word)
            assert not words or text in look(file, f'"{" ".join(words)}"')
        file.close()
