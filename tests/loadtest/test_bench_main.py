"""The bench from its command line, against the yardstick alone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.bench import process
from loadtest.bench.__main__ import main
from loadtest.bench.commandline import exit_code, in_turn
from loadtest.bench.figures import Run, Settings
from loadtest.bench.scenarios import SCENARIOS
from loadtest.bench.servers import ROOT, SERVERS

pytestmark = pytest.mark.story


def test_one_scenario_makes_a_table_and_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bench.json"
    options = "--only paced --servers yardstick --rounds 1 --seconds 0.2 --rate 100 --check --json"
    assert main([*options.split(), str(file)]) == 0
    captured = capsys.readouterr()
    assert "server CPU µs / delivery" in captured.out
    assert "paced 1/1 yardstick: " in captured.err
    values = json.loads(file.read_text())["runs"][0]["run"]["values"]
    assert 0 < values["p50"] <= values["p99"]


def test_what_the_journal_costs_is_a_table_of_three(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bench.json"
    options = "--journal --only paced --rounds 1 --seconds 0.2 --rate 50 --json"
    assert main([*options.split(), str(file)]) == 0
    assert json.loads(file.read_text())["servers"] == ["ours", "normal", "full"]
    assert "paced 1/1 full: " in capsys.readouterr().err


def test_what_goes_through_while_memory_is_looked_at() -> None:
    run = Run()
    few = Settings(messages=3000, window=2)
    SCENARIOS["endurance"].measure(SERVERS["full"], few, run)
    assert run.faults == []
    assert run.values["messages"] >= 0.003
    assert 10 < run.values["rss_before"] <= run.values["rss_highest"]
    assert run.values["rss_growth"] == run.values["rss_after"] / run.values["rss_before"]


@pytest.mark.parametrize(
    "options", [["--only", "none"], ["--rounds", "0"], ["--seconds", "-1"], ["--servers", "x"]]
)
def test_a_wrong_option_is_refused(options: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(options)
    assert caught.value.code == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_its_server(number: signal.Signals) -> None:
    options = "--only paced --servers yardstick --seconds 0.1 --rounds 1000"
    with subprocess.Popen(
        [sys.executable, "-m", "loadtest.bench", *options.split()],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as bench:
        assert bench.stderr is not None
        assert bench.stderr.readline().startswith("paced 1/1000 yardstick: ")
        while len(family := process.family(bench.pid)) < 2:
            pass
        bench.send_signal(number)
        assert bench.stderr.read().endswith("interrupted\n")
        assert bench.wait() == 130
    for pid in family:
        with pytest.raises(ProcessLookupError):
            process.family(pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_nobody_heard_ends_it_all_the_same(number: signal.Signals) -> None:
    """What is raised while something is being destroyed is swallowed."""

    def measure() -> bool:
        for count, _ in in_turn(["one"], 1000):
            if count == 3:
                with contextlib.suppress(KeyboardInterrupt):
                    os.kill(os.getpid(), number)
            assert count <= 3
        return True

    before = signal.getsignal(number)
    assert exit_code(measure) == 130
    assert signal.getsignal(number) is before
