"""The bench of the dearest lines: it measures, undoes, repeats and says what takes too long."""

from __future__ import annotations

import pytest

from loadtest.bench.__main__ import main
from loadtest.bench.worst import command, floods, measure
from loadtest.bench.worst.rows import LINE, ROWS, case, filled
from loadtest.bench.worst.world import Cost, World

pytestmark = pytest.mark.story

assert measure.TABLES


def test_a_line_has_a_cost_in_each_of_its_steps() -> None:
    world = World()
    world.user("al")
    world.rooms(1, world.crowd(10), op=world.user("bo"))
    cost = world.measure([world.received("al", "JOIN #0", "NAMES #0")])
    assert 0 < cost.longest <= cost.total
    assert cost.steps >= 1
    assert cost.size > 11 * len(b":al!~al@10.0.0.1 JOIN #0")
    assert len(world.core.state.channels["#0"].members) == 12


def test_a_case_is_put_back_as_it_was() -> None:
    world = World()
    world.user("al")
    _, inputs, undo = case(world, "al", "JOIN #a", ("al", "PART #a"))
    world.step(*inputs())
    assert "#a" in world.core.state.channels
    undo()
    assert "#a" not in world.core.state.channels


def test_a_line_is_as_long_as_it_can_be() -> None:
    line = filled("LIST ", (f"#{number}" for number in range(1000)))
    assert LINE - 6 < len(line) <= LINE


def test_rows_are_measured_in_a_process_of_their_own_and_tabled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["worst", "--core", "--only", "MODE with as many masks as fit", "STATS k"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].startswith("| line | state | longest step, ms | all, ms | steps |")
    assert lines[2].startswith("| MODE with as many masks as fit | an empty list | ")
    assert lines[3].startswith("| STATS k (operators) | 1,000 K-lines | ")
    assert [line.partition(":")[0] for line in captured.err.splitlines()] == [
        "MODE with as many masks as fit",
        "STATS k",
    ]


def test_what_takes_too_long_is_marked_but_for_operators() -> None:
    slow = Cost(longest=20.1, total=20.1, steps=1, writing=0.0, size=1000)
    text = command.table(
        [
            ("STATS k", slow),
            ("TIME", slow),
            ("NICK", Cost(longest=20.0, total=40.0, steps=2, writing=0.0, size=1000)),
        ]
    )
    assert [line.rpartition(" | ")[2] for line in text.splitlines()[2:]] == ["**✘** |", "✔ |", " |"]


def test_a_row_that_can_not_be_measured_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ChildProcessError, match="KeyError"):
        list(command.measured(["no such row"]))
    with pytest.raises(SystemExit) as caught:
        main(["worst", "--only", "no such row"])
    assert caught.value.code == 2
    capsys.readouterr()


def test_a_flood_is_watched_by_a_bystander(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--sockets", "--users", "100", "--seconds", "0.2"]
    assert main(["worst", *options, "--only", "30 × WHO zzz*", "NICK"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| repeated | state | longest PING, ms | median, ms | answered |")
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert float(cells[2].partition(" ")[0]) > 0
        assert int(cells[4]) > 0
    assert len(lines) == 4


def test_every_flood_fits_into_lines() -> None:
    for flood in floods.floods():
        for attacker in (0, floods.ATTACKERS - 1):
            lines = [*flood.before(attacker, 0), *flood.lines(attacker, 0)]
            assert max(len(line.encode()) for line in lines) <= LINE


def test_every_row_has_a_state_and_most_are_of_ordinary_users() -> None:
    assert sum(row.ordinary for row in ROWS.values()) > 60
    assert all(row.state for row in ROWS.values())
