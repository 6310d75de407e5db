"""What the load test refuses before it starts anything."""

from __future__ import annotations

import pathlib
import shlex
import socket
import subprocess
import sys

import pytest

from loadtest import run
from loadtest.plan import ONE_PROCESS
from loadtest.run import main

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def started(tmp_path: pathlib.Path) -> pathlib.Path:
    """What is there once a server was started with `touch`."""
    return tmp_path / "started"


@pytest.fixture
def report(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "report"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--users 0", "--users must be more than 0, not 0."),
        ("-u 0", "--users must be more than 0, not 0."),
        ("--users abc", "--users must be a number, not 'abc'."),
        ("--users=2.5", "--users must be a whole number, not '2.5'."),
        ("--users ''", "--users must not be empty."),
        ("--users", "Argument -u/--users: expected one argument."),
        ("--hold -1", "--hold must be more than 0, not -1."),
        ("-r 201", "--spawn-rate must be more than 0 and at most 200, not 201."),
        ("--tls-verify yes", "--tls-verify must be on or off, not 'yes'."),
        ("--users 2 --rooms 3", "3 rooms need as many clients or more, not 2."),
        ("--users 1 --churn 1", "A room needs 2 members or more with --churn, not 1."),
        ("--host foo", "--host must be irc://HOST:PORT or ircs://HOST:PORT, not 'foo'."),
        ("-H foo", "--host must be irc://HOST:PORT or ircs://HOST:PORT, not 'foo'."),
        ("--host ''", "Say which server to load: --host irc://HOST:PORT."),
        ("--host", "Argument -H/--host: expected one argument."),
        ("--server ''", "--server must not be empty."),
        ("""--server "'" """, "--server must be a command: no closing quotation"),
    ],
)
def test_bad_options_are_one_sentence_and_start_nothing(
    started: pathlib.Path,
    report: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    options: str,
    sentence: str,
) -> None:
    server = ["--server", f"touch {shlex.quote(str(started))}"]
    assert main([*server, "--report", str(report), *shlex.split(options)]) == 2
    assert capsys.readouterr() == ("", f"{sentence}\n")
    assert not started.exists()
    assert not report.exists()


@pytest.mark.parametrize("option", ["--processes 2", "--processes=2", "--master", "--worker"])
def test_more_than_one_process_is_refused(
    report: pathlib.Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert main(["--report", str(report), *option.split()]) == 2
    assert "The swarm runs in one process" in capsys.readouterr().err
    assert not report.exists()


@pytest.mark.parametrize(
    "variable", ["LOCUST_MODE_MASTER", "LOCUST_MODE_WORKER", "LOCUST_PROCESSES"]
)
def test_more_than_one_process_from_locusts_environment_is_refused(
    report: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, "1")
    assert main(["--report", str(report)]) == 2
    assert capsys.readouterr() == ("", f"{ONE_PROCESS}\n")


def test_an_error_is_never_output(
    report: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a process whose descriptor 2 is closed.
    monkeypatch.setattr("sys.stderr", None)
    assert main(["--report", str(report), "--rate", "none"]) == 2
    assert capsys.readouterr().out == ""


def test_an_unknown_profile_names_those_there_are(
    report: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--report", str(report), "--profile", "storm"]) == 2
    assert "choose among smoke, steady" in capsys.readouterr().err


def test_users_from_locusts_environment_count(
    report: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCUST_USERS", "3")
    assert main(["--report", str(report), "--rooms", "4"]) == 2
    assert capsys.readouterr().err == "4 rooms need as many clients or more, not 3.\n"


def test_a_report_that_can_not_be_written(
    report: pathlib.Path, started: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.write_text("A file, and no directory.")
    server = ["--server", f"touch {shlex.quote(str(started))}"]
    assert main([*server, "--report", str(report)]) == 2
    assert capsys.readouterr().err == f"--report: {report} can not be made: File exists.\n"
    assert not started.exists()


def test_without_locust_it_says_what_to_install(report: pathlib.Path) -> None:
    # -S: Python without what is installed beside it.
    done = subprocess.run(
        [sys.executable, "-S", "-m", "loadtest", "--report", str(report)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "The load test needs Locust: pip install '.[loadtest]'\n"
    assert not report.exists()


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("a..b", "that is no host's name"),
        ("no-such-host.invalid", ""),
    ],
)
def test_a_host_with_a_name_that_leads_nowhere(
    report: pathlib.Path, capsys: pytest.CaptureFixture[str], host: str, why: str
) -> None:
    assert main(["--report", str(report), "--host", f"irc://{host}"]) == 1
    words = f"FAILED: irc://{host}:6667 can not be loaded: could not connect: {why}"
    assert capsys.readouterr().err.startswith(words)
    assert not report.exists()


def test_a_host_that_does_not_answer(
    report: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        # Linux lets one more wait than it was told.
        with socket.create_connection(("127.0.0.1", port)):
            assert main(["--report", str(report), "--host", f"irc://127.0.0.1:{port}"]) == 1
    assert "could not connect: no answer within 0.2 s." in capsys.readouterr().err
    assert not report.exists()
