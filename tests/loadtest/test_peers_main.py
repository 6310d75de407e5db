"""The comparison from its command line, against our own server."""

from __future__ import annotations

import json
import os
import string
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.bench.figures import Settings
from loadtest.bench.servers import ROOT, SERVERS, SETTINGS, Checkout, ours
from loadtest.peers.__main__ import main
from loadtest.peers.scenarios import SCENARIOS

pytestmark = pytest.mark.story

TINY = Settings(seconds=0.1, rate=100, idle_clients=20, scale=0.01, patience=60)


def test_a_tiny_comparison_writes_a_table_and_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = f"--quick --only tls-storm --servers ours --also before={ROOT} --output {tmp_path}/a"
    assert main(options.split()) == 0
    captured = capsys.readouterr()
    assert captured.out == (tmp_path / "a" / "peers.md").read_text() + "\n"
    assert "| trio_chat | before | trio_chat / before |" in captured.out
    assert "tls-storm 1/1 before: " in captured.err
    document = json.loads((tmp_path / "a" / "peers.json").read_text())
    assert {run["server"] for run in document["runs"]} == {"ours", "before"}
    assert document["versions"]["before"].startswith("trio-chat ")
    assert "picture" in captured.err


@pytest.mark.parametrize("name", ["tls", "tls-idle", "tls-storm", "sparse-5k", "quit-storm"])
def test_each_kind_of_scenario_runs_against_our_server(name: str) -> None:
    run = SCENARIOS[name].run(SERVERS["ours"], TINY)
    assert run.faults == []
    assert {figure.key for figure in SCENARIOS[name].figures} <= run.values.keys()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--only", "none"], "invalid choice"),
        (["--rounds", "0"], "less than 1"),
        (["--servers", "x"], "invalid choice"),
        (["--servers", "ours", "ours"], "named twice"),
        (["--quick", "--check"], "--check needs the full sizes"),
        (["--also", "x=/nowhere"], "/nowhere is no checkout"),
        (["--also", "x"], "nothing is no checkout"),
        (["--also", f"ours={ROOT}"], "'ours' is no name for a checkout, or is taken"),
        (["--also", f"x={ROOT}:/nowhere/python"], "there is no Python /nowhere/python"),
        (["--output", "/dev/null/x"], "can not write to /dev/null/x"),
    ],
)
def test_a_wrong_option_is_refused_in_a_sentence(
    options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(options)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert reason in error.splitlines()[-1]


def run(*options: str, path: str) -> subprocess.CompletedProcess[str]:
    """Run the comparison where the path finds no peer: neither there nor among the system's."""
    code = (
        "import sys; from loadtest.bench import servers; servers.SYSTEM_PROGRAMS = '/nowhere';"
        "from loadtest.peers.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *options],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )


def test_a_server_that_is_not_installed_is_named_and_the_rest_is_compared(tmp_path: Path) -> None:
    output = str(tmp_path / "out")
    done = run("--quick", "--only", "tls-storm", "--output", output, path=str(tmp_path))
    assert done.returncode == 0, done.stderr
    for name, package in (("InspIRCd", "inspircd"), ("ngIRCd", "ngircd")):
        said = f"{name} is not compared: it is not installed (apt install {package})."
        assert said in done.stderr
        assert said in done.stdout
    assert "| trio_chat |" in done.stdout


def test_nothing_to_compare_is_a_failure(tmp_path: Path) -> None:
    done = run("--servers", "ngircd", "--output", str(tmp_path / "out"), path=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "There is nothing to compare."


def test_a_server_that_fails_makes_the_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "trio_chat"
    package.mkdir()
    # Without it, a package that is installed would be taken for this one.
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import sys; sys.exit('out of order')")
    options = f"--quick --only tls-storm --servers yardstick --also b={tmp_path}"
    assert main([*options.split(), "--output", str(tmp_path / "out")]) == 1
    assert (
        "**FAULT**: tls-storm, b, round 1: b ended with 1: out of order" in capsys.readouterr().out
    )


@pytest.mark.parametrize("server", [name for name in SERVERS if SERVERS[name].template])
def test_every_template_can_be_filled_in(server: str) -> None:
    template = SETTINGS / SERVERS[server].template
    values = dict.fromkeys(("port", "directory"), "x")
    tls_values = dict.fromkeys(("tls_port", "certificate", "key"), "x")
    string.Template(template.read_text()).substitute(values)
    tls = template.with_stem(f"{template.stem}-tls").read_text()
    text = string.Template(tls).substitute(tls_values)
    assert "$" not in text
    assert text.count("x") >= 2


@pytest.mark.parametrize("name", ["inspircd", "ngircd"])
def test_a_peer_takes_its_settings(name: str) -> None:
    if not SERVERS[name].installed:
        pytest.skip(f"{name} is not installed")
    assert SERVERS[name].title in SERVERS[name].told_version()
    for scenario in ("join-storm", "tls-storm"):
        assert SCENARIOS[scenario].run(SERVERS[name], TINY).faults == []


def test_a_checkout_is_run_by_its_python_and_from_its_directory() -> None:
    checkout = Checkout.read(f"before={ROOT}:{sys.executable}")
    kind = ours(checkout)
    assert kind.command(ROOT, 0)[0] == sys.executable
    assert (kind.name, kind.title, kind.checkout) == ("before", "before", ROOT)


@pytest.mark.parametrize(
    ("source", "flag"),
    [('("--no-history", "--no-data")', "--no-data"), ('("--no-history",)', "--no-history")],
)
def test_a_checkout_keeps_nothing_on_disk(tmp_path: Path, source: str, flag: str) -> None:
    package = tmp_path / "trio_chat"
    package.mkdir()
    for name in ("__main__.py", "cli.py"):
        (package / name).write_text(source)
    checkout = Checkout.read(f"before={tmp_path}")
    assert ours(checkout).command(tmp_path, 0)[-1] == flag
    assert flag not in ours(checkout, sync="full").command(tmp_path, 0)
    assert SERVERS["ours"].command(tmp_path, 0)[-1] == "--no-data"


def test_trio_and_the_server_are_never_imported() -> None:
    code = (
        "import sys, loadtest.peers.__main__, loadtest.bench.__main__;"
        "print(sorted({'trio', 'trio_chat', 'locust', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
