"""What is kept, and what is not any more."""

from __future__ import annotations

from tests.journal.rig import MS, File, number_at, said, texts
from trio_chat.core.entries import Entry, Marked, Redacted, between
from trio_chat.core.events import Said
from trio_chat.core.ids import Position
from trio_chat.core.questions import Search
from trio_chat.journal import search
from trio_chat.journal.blocks import BLOCK
from trio_chat.journal.pruning import Pruning
from trio_chat.journal.readers import Deadline
from trio_chat.journal.retention import Retention

DAY = 86_400_000


def prune(file: File, now: int = MS, **kept: int) -> int:
    """Prune all; return in how many steps."""
    pruning = Pruning(file.connection, Retention(**kept), file.index)
    steps = 1
    while pruning.step(now):
        steps += 1
    return steps


def store_at(file: File, milliseconds: int, text: str, key: str = "#a") -> None:
    at = Position(number_at(milliseconds), 0)
    file.store(Entry(said(text, at), (key,)), number=at.number)
    file.file()


def test_what_is_older_than_it_may_be_goes(file: File) -> None:
    store_at(file, 0, "first")
    store_at(file, 1000, "second", "#b")
    store_at(file, DAY, "third")
    prune(file, MS + 2 * DAY, days=0)
    assert texts(file.page()) == ["first", "third"]
    prune(file, MS + DAY + 1, days=1)
    assert texts(file.page()) == ["third"]
    assert texts(file.page("#b")) == ["second"]
    prune(file, MS + DAY + 1001, days=1)
    assert texts(file.page("#b")) == []
    prune(file, MS + 3 * DAY, days=1)
    assert file.one("SELECT count(*) FROM blocks") == 0
    assert file.one("SELECT count(*) FROM conversations") == 0


def test_so_does_what_was_set_aside_as_damaged(file: File) -> None:
    for day in range(3):
        number = number_at(day * DAY)
        file.connection.execute("INSERT INTO log VALUES (?, ?)", (number, b"nonsense"))
    file.file()
    prune(file, MS + 2 * DAY, days=1)
    kept = file.connection.execute("SELECT key FROM kept WHERE kind = 'damaged'").fetchall()
    assert sorted(kept) == [(str(number_at(day * DAY)),) for day in (1, 2)]


def test_a_conversation_keeps_its_newest_messages(file: File) -> None:
    said_here = [str(count) for count in range(10 * BLOCK)]
    file.say(*said_here)
    file.say("other", channel="#b")
    file.file()
    prune(file, messages=3 * BLOCK - 1)
    kept = texts(file.page(limit=5000))
    assert kept == said_here[-len(kept) :]
    # To a block, no less than what may be kept.
    assert 3 * BLOCK - 1 <= len(kept) < 4 * BLOCK
    assert file.one("SELECT messages FROM conversations WHERE key = '#a'") == len(kept)
    assert texts(file.page("#b")) == ["other"]


def test_it_goes_on_in_steps(file: File) -> None:
    file.say(*map(str, range(100 * BLOCK)))
    file.say("x", channel="#b")
    file.file()
    blocks = file.one("SELECT count(*) FROM blocks WHERE conversation = 1")
    assert isinstance(blocks, int)
    assert prune(file, messages=1) > blocks // 16
    assert file.one("SELECT count(*) FROM blocks WHERE conversation = 1") == 1


def test_so_it_does_with_age(file: File) -> None:
    for count in range(100):
        store_at(file, count, str(count))
    assert prune(file, MS + 2 * DAY, days=1) > 100 // 16
    assert file.page().entries == []


def test_in_very_many_conversations(file: File) -> None:
    for count in range(600):
        file.say(*("x" for _ in range(2 if count < 599 else 3 * BLOCK)), channel=f"#r{count}")
    file.file()
    prune(file, messages=100)
    assert len(file.page("#r599", limit=500).entries) == BLOCK
    assert len(file.page("#r0").entries) == 2


def test_what_is_gone_is_in_no_index_and_not_in_the_file(file: File) -> None:
    store_at(file, 0, "verysecretword")
    file.settle()
    store_at(file, 2 * DAY, "hay")
    file.settle()
    assert file.one("SELECT count(*) FROM words WHERE words MATCH 'verysecretword'") == 1
    prune(file, MS + 2 * DAY, days=1)
    assert file.one("SELECT count(*) FROM words WHERE words MATCH 'verysecretword'") == 0
    file.connection.execute("INSERT INTO words(words) VALUES ('integrity-check')")
    file.connection.execute("INSERT INTO words(words) VALUES ('optimize')")
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert b"verysecretword" not in file.path.read_bytes()
    assert b"hay" in file.path.read_bytes()


def test_a_conversation_of_which_nothing_is_left_is_made_anew(file: File) -> None:
    key = between("al", "bo")
    store_at(file, 0, "old", key)
    prune(file, MS + 2 * DAY, days=1)
    assert file.one("SELECT count(*) FROM parties") == 0
    file.filing.forget()
    store_at(file, 2 * DAY, "new", key)
    assert texts(file.read(key)) == ["new"]
    assert [one.conversation for one in file.targets(party="bo")] == [key]


def test_free_pages_are_given_back_a_few_at_a_time(file: File) -> None:
    file.say(*("x" * 400 for _ in range(12_000)))
    file.file()
    before = file.one("PRAGMA page_count")
    prune(file, messages=1)
    free, after = file.one("PRAGMA freelist_count"), file.one("PRAGMA page_count")
    assert isinstance(before, int)
    assert isinstance(free, int)
    assert isinstance(after, int)
    # Some stay, for what comes next.
    assert 1024 - 64 <= free <= 1024
    assert after < before - 64


def test_the_words_of_what_was_redacted_go_from_the_file(file: File) -> None:
    for count in range(40):
        file.say(f"w{count} {'hay ' * 20}", channel=f"#r{count % 7}")
        file.settle()
    (at,) = file.say("needlework")
    file.settle()
    file.change(Redacted("#a", at))
    file.settle()
    assert b"needlework" in file.connection.serialize()
    pruning = Pruning(file.connection, Retention(), file.index)
    while pruning.step(MS):
        pass
    assert b"needlework" not in file.connection.serialize()
    assert file.one("SELECT count(*) FROM words WHERE words MATCH 'hay'") == 40
    file.connection.execute("INSERT INTO words(words) VALUES ('integrity-check')")
    # All of the index is written for that, so it is not done at once again.
    (at,) = file.say("needlework")
    file.settle()
    file.change(Redacted("#a", at))
    file.settle()
    assert not pruning.step(MS + DAY - 1)
    while pruning.step(MS + DAY):
        pass
    assert b"needlework" not in file.connection.serialize()
    assert file.one("SELECT value FROM meta WHERE name = 'redacted'") == 0


def test_markers_and_what_is_kept_stay(file: File) -> None:
    file.change(Marked("al", "#a", 5))
    file.file()
    prune(file, MS + 2 * DAY, days=1, messages=1)
    assert file.one("SELECT time FROM markers") == 5


def test_what_comes_after_everything_is_gone_is_found_and_goes(file: File) -> None:
    """It has the place in the file, and the number there, of what was there before."""
    for count in range(3):
        store_at(file, count * DAY, f"needle {count}")
        file.settle()
        assert found(file, "needle") == [f"needle {count}"]
        prune(file, MS + 100 * DAY, days=1)
        file.filing.forget()
        assert found(file, "needle") == []
    # What was not in the index yet, behind what was.
    store_at(file, 3 * DAY, "needle in")
    file.settle()
    store_at(file, 4 * DAY, "needle out", "#b")
    prune(file, MS + 5 * DAY - 1, days=1)
    file.settle()
    assert found(file, "needle") == ["needle out"]
    file.connection.execute("INSERT INTO words(words) VALUES ('integrity-check')")
    again = File(file.path)
    assert again.index is not None
    assert again.index.done == again.one("SELECT max(id) FROM blocks")
    again.close()


def found(file: File, text: str) -> list[str]:
    shown = search.search(file.connection, Deadline(60), Search(text=text, places=None))
    assert isinstance(shown, list)
    return [one.event.text for one in shown if isinstance(one.event, Said)]
