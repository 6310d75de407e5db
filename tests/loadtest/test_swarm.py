"""The whole load test, as it is called, against a small server that does one thing wrong."""

from __future__ import annotations

import json
import os
import pathlib
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest
import trustme

pytestmark = pytest.mark.story

ROOT = pathlib.Path(__file__).parents[2]
FAKE = pathlib.Path(__file__).with_name("fake_irc.py")
# Small, and patient with a machine that is busy: how the generator does is not what is tested.
SMALL = "--users 10 --rooms 2 --rate 80 --hold 0.5 --max-lag 5000 --max-cpu 1000"


@dataclass
class Run:
    """How a load test ended."""

    code: int
    output: str
    report: pathlib.Path


@pytest.fixture
def environment() -> dict[str, str]:
    # Coverage would be measured in the server and the generator as well, and slow them down.
    return {key: value for key, value in os.environ.items() if not key.startswith("COV")}


@pytest.fixture
def report(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "report"


def swarm(environment: dict[str, str], report: pathlib.Path, server: str, options: str = "") -> Run:
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(FAKE))} {server}"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "loadtest", "--report", str(report), "--server", command),
            *SMALL.split(),
            *options.split(),
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    return Run(done.returncode, done.stdout, report)


def rows(output: str) -> dict[str, int]:
    """Read the first table that Locust prints: failures by type and name."""
    table = output.partition("Response time percentiles")[0]
    found = {}
    for line in table.splitlines():
        head, bar, _ = line.partition("|")
        words = head.split()
        if bar and words and words[0] in ("TCP", "TLS", "IRC", "CHECK", "GEN"):
            found[" ".join(words[:-2])] = int(words[-1].partition("(")[0])
    return found


def test_a_correct_server_is_proven(environment: dict[str, str], report: pathlib.Path) -> None:
    run = swarm(environment, report, "")
    assert run.code == 0, run.output
    assert "PROVEN: 40 messages to 10 clients in 2 rooms of 5, 200 deliveries" in run.output
    assert rows(run.output) == dict.fromkeys(
        [
            *("TCP connect", "IRC register", "IRC join", "IRC say", "IRC ping"),
            *("IRC deliver", "IRC deliver (last receiver)"),
            *("CHECK lost", "CHECK duplicate", "CHECK reordered", "GEN lag", "GEN lateness"),
        ],
        0,
    )
    assert {path.name for path in run.report.iterdir()} >= {
        "report.html",
        "report_stats.csv",
        "report_failures.csv",
        "server.log",
    }
    assert "CHECK,lost,200,0" in (run.report / "report_stats.csv").read_text()


@pytest.mark.parametrize("echo", ["", "--no-echo"])
def test_wrong_deliveries_are_told_apart_and_counted_exactly(
    environment: dict[str, str], report: pathlib.Path, echo: str
) -> None:
    # One in each room.
    server = f"--fault drop duplicate reorder {echo}"
    run = swarm(environment, report, server, "--rooms 3")
    assert run.code == 1, run.output
    assert {key: count for key, count in rows(run.output).items() if count} == {
        "CHECK lost": 1,
        "CHECK duplicate": 1,
        "CHECK reordered": 1,
    }
    assert ": 1 lost, 1 duplicate, 1 reordered." in run.output


def test_a_server_without_echo_is_proven(environment: dict[str, str], report: pathlib.Path) -> None:
    run = swarm(environment, report, "--no-echo")
    assert run.code == 0, run.output
    assert "no echo-message" in run.output
    assert "160 deliveries" in run.output
    assert "IRC say" not in rows(run.output)


def test_members_who_come_and_go_are_proven(
    environment: dict[str, str], report: pathlib.Path
) -> None:
    run = swarm(environment, report, "", "--churn 100 --rate 100 --hold 2")
    assert run.code == 0, run.output


def test_an_altered_message_is_caught(environment: dict[str, str], report: pathlib.Path) -> None:
    run = swarm(environment, report, "--fault alter")
    assert run.code == 1, run.output
    assert "1 lost, 1 unexpected." in run.output
    assert "which nobody said" in run.output


def test_a_server_that_dies_is_a_failure_with_its_last_words(
    environment: dict[str, str], report: pathlib.Path
) -> None:
    run = swarm(environment, report, "--fault die")
    assert run.code == 1, run.output
    assert "the server died during the run (exit code 7)" in run.output
    assert "the disk is on fire" in run.output


def test_a_client_that_is_thrown_out_is_a_failure(
    environment: dict[str, str], report: pathlib.Path
) -> None:
    run = swarm(environment, report, "--fault disconnect")
    assert run.code == 1, run.output
    assert "A client was disconnected" in run.output
    assert "Closing link (too slow)" in run.output


def test_a_server_that_lets_few_in_is_said_to(
    environment: dict[str, str], report: pathlib.Path
) -> None:
    run = swarm(environment, report, "--max-clients 5")
    assert run.code == 1, run.output
    assert "5 of 10 clients got in, and the next was disconnected" in run.output
    assert "Too many connections from your address" in run.output


def test_a_server_that_limits_its_clients_is_said_to(
    environment: dict[str, str], report: pathlib.Path
) -> None:
    # The more each is to say, the less time the probe gives its lines: here 1.5 s.
    run = swarm(environment, report, "--seconds-per-line 3", "--rate 1000")
    assert run.code == 1, run.output
    assert "limits its clients" in run.output


def test_a_slow_generator_makes_it_invalid(
    environment: dict[str, str], report: pathlib.Path
) -> None:
    run = swarm(environment, report, "", "--max-cpu 0.001")
    assert run.code == 3, run.output
    assert "INVALID: the generator was the bottleneck" in run.output


def test_options_that_make_no_sense_are_refused(
    environment: dict[str, str], report: pathlib.Path
) -> None:
    run = swarm(environment, report, "", "--senders 2")
    assert run.code == 2, run.output
    assert run.output == "--senders must be more than 0 and at most 1, not 2.\n"
    assert not report.exists()


def test_options_that_only_locust_refuses_leave_no_report_of_nothing(
    environment: dict[str, str], report: pathlib.Path
) -> None:
    # An abbreviation, which Locust reads and we do not.
    run = swarm(environment, report, "", "--sender 2")
    assert run.code == 2, run.output
    assert "--senders must be more than 0 and at most 1, not 2" in run.output
    assert "Report:" not in run.output


def test_json_is_alone_on_standard_output(
    environment: dict[str, str], report: pathlib.Path
) -> None:
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(FAKE))}"
    options = ["--report", str(report), "--server", command, *SMALL.split(), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "loadtest", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    names = {row["name"]: row["num_requests"] for row in json.loads(done.stdout)}
    assert names["deliver"] == 40 * 5
    assert "PROVEN: 40 messages" in done.stderr
    assert "The server listens at " in done.stderr
    assert f"Report: {report / 'report.html'}" in done.stderr


def test_a_run_ends_when_it_says(environment: dict[str, str], report: pathlib.Path) -> None:
    # In the ramp, in which Locust asks for no shape.
    began = time.monotonic()
    run = swarm(environment, report, "", "--users 100 --spawn-rate 1 --run-time 2s")
    assert time.monotonic() - began < 40
    assert run.code == 1, run.output
    assert "FAILED: --run-time ended it after 2 s before it could prove anything." in run.output


def test_a_run_that_is_over_before_its_time(
    environment: dict[str, str], report: pathlib.Path
) -> None:
    run = swarm(environment, report, "", "--run-time 10m")
    assert run.code == 0, run.output
    assert "PROVEN: 40 messages" in run.output


@pytest.mark.parametrize(
    "options", ["--master", "--worker", "--processes 2", "--headless --master"]
)
def test_locust_itself_runs_in_one_process(environment: dict[str, str], options: str) -> None:
    locustfile = str(ROOT / "loadtest" / "locustfile.py")
    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", locustfile, *options.split()],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        "The swarm runs in one process: no --processes, --master or --worker."
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("verify", "code", "words"),
    [("off", 0, "PROVEN: 40 messages"), ("on", 1, "certificate verify failed")],
)
def test_tls(
    environment: dict[str, str], tmp_path: pathlib.Path, verify: str, code: int, words: str
) -> None:
    certificate = tmp_path / "certificate.pem"
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(certificate)
    with subprocess.Popen(
        [sys.executable, str(FAKE), "--certificate", str(certificate)],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().rpartition(":")[2].strip()
            options = f"--host ircs://127.0.0.1:{port} --tls-verify {verify}"
            run = swarm(environment, tmp_path / "report", "", options)
        finally:
            server.terminate()
    assert run.code == code, run.output
    assert words in run.output
    assert ("TLS handshake" in rows(run.output)) == (verify == "off")


def test_a_server_that_is_not_there(environment: dict[str, str], report: pathlib.Path) -> None:
    # Port 1 is nobody's: it takes a privilege to listen there.
    run = swarm(environment, report, "", "--host irc://127.0.0.1:1")
    assert run.code == 1, run.output
    assert run.output == (
        "FAILED: irc://127.0.0.1:1 can not be loaded: could not connect: connection refused.\n"
    )
    assert not report.exists()


def test_a_server_that_does_not_start(environment: dict[str, str], report: pathlib.Path) -> None:
    report.mkdir()
    (report / "report.html").write_text("Of a run before.")
    run = swarm(environment, report, "--no-such-option")
    assert run.code == 1, run.output
    assert "Report:" not in run.output
    assert "the server did not start (exit code 2)" in run.output
    assert "unrecognized arguments" in run.output
