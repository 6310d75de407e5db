"""The bench of starting: what a journal is filled with is what a server then has, and it is said
what that takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.bench import start, stock
from loadtest.bench.__main__ import main
from trio_chat.config import Config
from trio_chat.core import modes
from trio_chat.server.storing import make_core, open_file

pytestmark = pytest.mark.story

FEW = ["start", "--accounts", "30", "--rooms", "20", "--rounds", "1"]


async def test_what_a_journal_is_filled_with(tmp_path: Path) -> None:
    size = stock.make(tmp_path, accounts=200, rooms=20)
    journal = open_file(Config(), tmp_path)
    try:
        assert size == journal.path.stat().st_size
        core = make_core(Config(), journal, monotonic=0.0)
    finally:
        await journal.aclose()
    context = core.context
    assert core.unreadable == []
    assert (len(context.accounts), len(context.registered)) == (200, 20)
    # Of a hundred accounts one has a name that is not ASCII, and of ten one has a certificate.
    zoe = context.accounts.owner("zoë99")
    assert zoe is not None
    assert zoe.email == "user99@example.org"
    found = context.accounts.by_certificate(f"{110:064x}")
    assert found is not None
    assert found.name == "User110"
    channel = context.channel("#room10")
    assert channel.registered is not None
    assert channel.registered.founder == "user10"
    assert channel.registered.access == {f"user{number}": modes.OP for number in range(11, 16)}
    assert channel.modes == modes.NEW_CHANNEL | modes.SECRET
    assert channel.topic == "Room 10: https://example.org/rooms/10 | be kind"
    assert {letter: len(entries) for letter, entries in channel.lists.items()} == {"b": 4, "e": 1}
    assert not context.channel("#room11").modes & modes.PRIVATE


def test_a_start_with_little_takes_little(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FEW, "--check"]) == 0
    captured = capsys.readouterr()
    assert "start: 30 accounts, 20 rooms: " in captured.err
    assert "start 1/1 all of it: " in captured.err
    lines = captured.out.splitlines()
    firsts = [line.split(" | ")[0] for line in lines]
    assert firsts == ["| kept", "| ---", "| nothing", "| all of it", "| more", "| at most"]


@pytest.mark.parametrize("bound", ["LATER", "MORE"])
def test_too_much_is_a_failure_where_that_is_checked(
    monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(start, bound, -1000.0)
    assert main(FEW) == 0
    assert main([*FEW, "--check"]) == 1


def test_what_can_not_be_made_is_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ChildProcessError, match="UnusableError"):
        stock.make(file, accounts=1, rooms=0)


def test_differences_are_taken_within_a_round() -> None:
    def started(seconds: float, memory: int) -> start.Started:
        return start.Started(seconds=seconds, cpu=seconds / 2, memory=memory)

    found = {
        start.EMPTY: [started(1.0, 50_000_000), started(5.0, 50_000_000), started(2.0, 52_000_000)],
        start.FULL: [started(1.5, 90_000_000), started(6.0, 91_000_000), started(2.25, 94_000_000)],
    }
    assert start.table(found).splitlines()[2:] == [
        "| nothing | 2.00 | 1.00 | 50.00 |",
        "| all of it | 2.25 | 1.12 | 91.00 |",
        "| more | 0.50 (0.25–1.00) | 0.25 (0.12–0.50) | 41.00 (40.00–42.00) |",
        "| at most | 2 |  | 50 |",
    ]
