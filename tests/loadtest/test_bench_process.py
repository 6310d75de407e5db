"""What /proc says of a process and its family."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from loadtest.bench import process

STAT = (
    "{pid} ({name}) S {parent} 1 1 0 -1 4194560 9 8 7 6 {times} 20 0 3 0 99 1000 2000 18446744073"
)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with a family of three (10, its child 11, whose child 12) and a stranger."""
    for pid, parent, times, rss in (
        (10, 1, "100 50 0 0", 1000),
        (11, 10, "10 5 3 2", 200),
        (12, 11, "1 1 0 0", 30),
        (13, 1, "7000 7000 0 0", 70000),
    ):
        directory = tmp_path / str(pid)
        directory.mkdir()
        stat = STAT.format(pid=pid, name="a) b (c", parent=parent, times=times)
        (directory / "stat").write_text(stat + "\n")
        (directory / "status").write_text(
            f"Name:\ta\nVmPeak:\t 9 kB\nVmHWM:\t {2 * rss} kB\nVmRSS:\t {rss} kB\nThreads:\t1\n"
        )
    (tmp_path / "self").mkdir()
    return tmp_path


def test_a_name_with_spaces_and_parentheses_does_not_shift_the_fields(proc: Path) -> None:
    stat = process.parse_stat((proc / "11" / "stat").read_text())
    assert stat.parent == 10
    assert stat.seconds == 20 / process.TICKS


def test_a_family_is_a_process_and_its_descendants(proc: Path) -> None:
    assert set(process.family(10, proc)) == {10, 11, 12}
    assert set(process.family(12, proc)) == {12}


def test_cpu_time_is_that_of_the_family_and_of_the_children_it_has_waited_for(proc: Path) -> None:
    assert process.cpu_seconds(10, proc) == pytest.approx((150 + 20 + 2) / process.TICKS)


def test_memory_is_that_of_the_family(proc: Path) -> None:
    assert process.rss_bytes(10, proc) == 1230 * 1024
    assert process.rss_bytes(10, proc, peak=True) == 2460 * 1024


def test_a_descendant_that_has_just_gone_counts_for_nothing(proc: Path) -> None:
    (proc / "12" / "status").unlink()
    assert process.rss_bytes(10, proc) == 1200 * 1024
    (proc / "12" / "stat").unlink()
    assert set(process.family(10, proc)) == {10, 11}


def test_a_process_that_has_ended_has_no_memory() -> None:
    assert process.parse_rss("Name:\ta\nState:\tZ (zombie)\n") == 0


def test_a_process_that_is_not_there_is_an_error(proc: Path) -> None:
    with pytest.raises(ProcessLookupError):
        process.cpu_seconds(14, proc)


def test_this_process_is_seen_as_it_sees_itself() -> None:
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    assert process.family(os.getpid())[os.getpid()].parent == os.getppid()
    times = os.times()
    mine = times.user + times.system + times.children_user + times.children_system
    assert process.family(os.getpid())[os.getpid()].seconds == pytest.approx(mine, abs=0.05)
    assert process.rss_bytes(os.getpid(), peak=True) >= process.rss_bytes(os.getpid()) > 1 << 20


def test_the_clock_of_a_process_is_its_cpu_time() -> None:
    clock = process.clock_seconds(os.getpid())
    assert clock is not None
    assert clock == pytest.approx(time.process_time(), abs=0.05)
    # Ticks are samples, and can be far from it.
    assert process.cpu_seconds(os.getpid()) >= clock


def test_a_process_that_is_not_there_has_no_clock() -> None:
    assert process.clock_seconds(2**22 + 1) is None


def test_the_machine_is_busy_with_what_is_in_the_first_line(proc: Path) -> None:
    (proc / "stat").write_text("cpu  100 20 3 5000 9 9 9 9 0 0\ncpu0 50 10 1 2500 4 4 4 4 0 0\n")
    assert process.busy_seconds(proc) == pytest.approx(123 / process.TICKS)
    assert process.busy_seconds() > 0


def test_descriptors_are_counted(proc: Path) -> None:
    for name in ("0", "1", "7"):
        (proc / "11" / "fd").mkdir(exist_ok=True)
        (proc / "11" / "fd" / name).touch()
    assert process.descriptors(11, proc) == 3
    with pytest.raises(ProcessLookupError):
        process.descriptors(99, proc)
