"""Runs the load test: starts a server, runs Locust against it, stops it, tells the truth.

Owns two processes and one directory: the server (unless `--host` names one that is already
running), Locust without its web interface, and the report. Nothing of that is made before the
options are known to make sense, and the host to be reachable. It knows neither what Locust measures
nor what the server is; the exit code is Locust's, unless the server died or would not stop.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from loadtest.plan import (
    DEFAULT_PROFILE,
    ONE_PROCESS,
    OPTIONS,
    PROFILES,
    PlanError,
    Target,
    resolve,
    target,
)
from loadtest.verdict import Outcome

CONNECT_SECONDS = 5.0
"""How long a host that is already running may take to accept a connection."""

START_SECONDS = 20.0
STOP_SECONDS = 15.0
LAST_WORDS_SECONDS = 15.0
"""How long Locust may take to find out by itself that the server has died."""
INTERRUPT_SECONDS = 5.0
TAIL_LINES = 15

_SEVERAL_PROCESSES = ("LOCUST_MODE_MASTER", "LOCUST_MODE_WORKER", "LOCUST_PROCESSES")
"""Variables with which Locust would be one of several."""

_LISTENS = re.compile(r"127\.0\.0\.1:([0-9]+)")


class ServerError(Exception):
    """The server is not there, did not start, died, or would not stop. One readable sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the load test as the command line says; return the exit code."""
    report = None
    say = _say
    try:
        options, for_locust = _parser().parse_known_args(arguments)
        if "--json" in for_locust:
            # What is asked for as JSON is read by a program, which wants nothing else there.
            say = _complain
        if importlib.util.find_spec("locust") is None:
            raise PlanError("The load test needs Locust: pip install '.[loadtest]'")
        _check(for_locust)
        host = target(options.host) if options.host is not None else None
        command = _command(options.server)
        if host is not None:
            _must_accept(host)
        report = _directory(options.report)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if host is not None:
            code = _Locust(str(host), report, for_locust).wait()
        else:
            code = _with_server(command, report, for_locust, say)
    except PlanError as error:
        _complain(str(error))
        code = int(Outcome.MISUSED)
    except ServerError as error:
        _complain(f"FAILED: {error}")
        code = 1
    except KeyboardInterrupt:
        _complain("FAILED: interrupted.")
        code = 1
    # What Locust refused was no run, and its report is of nothing.
    if report is not None and code != Outcome.MISUSED and (report / "report.html").exists():
        say(f"Report: {report / 'report.html'}")
    return code


def _say(text: str) -> None:
    print(text, flush=True)


def _complain(text: str) -> None:
    # Without a standard error `print` would take the output.
    if sys.stderr is not None:
        print(text, file=sys.stderr, flush=True)


class _Parser(argparse.ArgumentParser):
    """Leaves it to `main` to say what is wrong."""

    def error(self, message: str) -> NoReturn:
        raise PlanError(f"{message[0].upper()}{message[1:]}.")


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m loadtest",
        description="Load an IRC server, and prove that nothing is lost, doubled or reordered.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        epilog=_epilog(),
    )
    parser.add_argument(
        *("-H", "--host"),
        metavar="URL",
        help="irc://HOST:PORT or ircs://HOST:PORT of a running server (default: start our own)",
    )
    parser.add_argument(
        "--server",
        metavar="COMMAND",
        help="the command that starts the server; it must print 127.0.0.1:PORT once it listens",
    )
    parser.add_argument(
        "--report", metavar="DIR", default="loadtest-report", help="where the report is written"
    )
    return parser


def _check(for_locust: Sequence[str]) -> None:
    """Read what Locust is to read as the swarm will do. Raises `PlanError`."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    # What Locust takes from the environment as well.
    parser.add_argument("-u", "--users", default=os.environ.get("LOCUST_USERS"))
    parser.add_argument("-r", "--spawn-rate", default=os.environ.get("LOCUST_SPAWN_RATE"))
    for key in ("profile", *OPTIONS):
        parser.add_argument(f"--{key.replace('_', '-')}")
    for key in ("--processes", "--master", "--worker"):
        parser.add_argument(key, dest="processes", nargs="?", const=True)
    given = vars(parser.parse_known_args(for_locust)[0])
    if any(os.environ.get(variable) for variable in _SEVERAL_PROCESSES):
        raise PlanError(ONE_PROCESS)
    for key, value in given.items():
        if value == "":
            raise PlanError(f"--{key.replace('_', '-')} must not be empty.")
    if given.pop("processes") is not None:
        raise PlanError(ONE_PROCESS)
    profile = given.pop("profile")
    resolve(given, profile)


def _command(server: str | None) -> list[str] | None:
    """Split the server's command; None for our own. Raises `PlanError`."""
    if server is None:
        return None
    try:
        command = shlex.split(server)
    except ValueError as error:
        raise PlanError(f"--server must be a command: {str(error).lower()}") from None
    if not command:
        raise PlanError("--server must not be empty.")
    return command


def _directory(name: str) -> pathlib.Path:
    """Make the report's directory. Raises `PlanError`."""
    report = pathlib.Path(name)
    try:
        report.mkdir(parents=True, exist_ok=True)
        # So that what is there in the end is of this run.
        (report / "report.html").unlink(missing_ok=True)
    except OSError as error:
        raise PlanError(f"--report: {name} can not be made: {error.strerror}.") from None
    return report


def _must_accept(host: Target) -> None:
    """Connect once, and say nothing. Raises `ServerError`."""
    try:
        socket.create_connection((host.host, host.port), CONNECT_SECONDS).close()
    except TimeoutError:
        why = f"no answer within {CONNECT_SECONDS:g} s"
    except OSError as error:
        why = (error.strerror or str(error)).lower()
    except UnicodeError:
        why = "that is no host's name"
    else:
        return
    raise ServerError(f"{host} can not be loaded: could not connect: {why}.")


def _epilog() -> str:
    lines = ["Everything else is passed on to Locust. The swarm's own options:", ""]
    lines.append("  --users N               clients")
    lines.append("  --spawn-rate N          connects a second, 200 at most")
    for key, option in OPTIONS.items():
        flag = f"--{key.replace('_', '-')} {option.metavar}"
        lines.append(f"  {flag:<23} {option.help}")
    lines += ["", "and --profile NAME, which sets several of them:", ""]
    for name, values in PROFILES.items():
        words = ", ".join(f"{key.replace('_', '-')} {value}" for key, value in values.items())
        default = " (the default)" if name == DEFAULT_PROFILE else ""
        lines.append(
            f"  {name:<12} {words or 'users 200, room-size 20, rate 200, hold 15'}{default}"
        )
    lines += ["", "Exit code: 0 proven; 1 failed; 2 wrong options; 3 the generator was too slow."]
    return "\n".join(lines)


def _with_server(
    command: Sequence[str] | None,
    report: pathlib.Path,
    rest: Sequence[str],
    say: Callable[[str], None],
) -> int:
    with tempfile.TemporaryDirectory(prefix="loadtest-") as data:
        own = [sys.executable, "-m", "trio_chat", "serve", "--listen", "127.0.0.1:0"]
        own += ["--data", data]
        with _server(command or own, report) as server:
            say(f"The server listens at {server.url}; its log is {server.log}.")
            locust = _Locust(server.url, report, rest)
            try:
                code = locust.wait(server)
            except BaseException:
                locust.stop()
                raise
            server.must_live()
            return code


class _Locust:
    """Locust's process."""

    def __init__(self, url: str, report: pathlib.Path, rest: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "locust"),
                *("-f", str(pathlib.Path(__file__).with_name("locustfile.py"))),
                *("--headless", "--only-summary", "--host", url),
                *("--html", str(report / "report.html"), "--csv", str(report / "report")),
                *rest,
            ],
            stdin=subprocess.DEVNULL,
        )

    def wait(self, server: _Server | None = None) -> int:
        """Wait for its end; a server that dies ends it as well."""
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return self._process.wait(0.2)
                if server is not None and server.has_ended:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self._process.wait(LAST_WORDS_SECONDS)
                    self.stop()
                    server.must_live()
        except KeyboardInterrupt:
            # Locust has had the interrupt as well, and prints what it knows.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(INTERRUPT_SECONDS)
            self.stop()
            raise

    def stop(self) -> None:
        """Make sure that it has ended."""
        _stop(self._process)


class _Server:
    """The server's process. What it writes goes to files, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[bytes], out: pathlib.Path, log: pathlib.Path):
        self.log = log
        self.url = ""
        self._process = process
        self._out = out

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def wait_listening(self) -> None:
        """Wait until it says where it listens. Raises `ServerError`."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            ended = self.has_ended
            found = _LISTENS.search(self._out.read_text(errors="replace"))
            if found is not None:
                self.url = f"irc://127.0.0.1:{found[1]}"
                return
            if ended:
                raise ServerError(f"the server did not start ({self._how()}).{self._tail()}")
            if time.monotonic() > deadline:
                raise ServerError(
                    f"the server did not say where it listens within {START_SECONDS:g} s."
                    f"{self._tail()}"
                )
            time.sleep(0.05)

    def must_live(self) -> None:
        """Raise `ServerError` when it has ended."""
        if self.has_ended:
            raise ServerError(f"the server died during the run ({self._how()}).{self._tail()}")

    def stop(self) -> None:
        """Ask it to stop. Raises `ServerError` when it has to be killed."""
        if not _stop(self._process):
            raise ServerError(
                f"the server did not stop within {STOP_SECONDS:g} s of being asked to."
                f"{self._tail()}"
            )

    def _how(self) -> str:
        code = self._process.returncode
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"

    def _tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        if not lines:
            return " It wrote nothing to stderr."
        return "\n".join([" The end of its stderr:", *(f"  {line}" for line in lines)])


@contextlib.contextmanager
def _server(command: Sequence[str], report: pathlib.Path) -> Iterator[_Server]:
    """Run a server for a while."""
    out = report / "server.out"
    log = report / "server.log"
    with out.open("wb") as stdout, log.open("wb") as stderr:
        try:
            # A session of its own: Ctrl-C is for the load test, which then stops the server.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        except OSError as error:
            raise ServerError(f"{command[0]} can not be started: {error.strerror}.") from None
    server = _Server(process, out, log)
    try:
        server.wait_listening()
        yield server
    except BaseException:
        _stop(process)
        raise
    server.stop()


def _stop(process: subprocess.Popen[bytes]) -> bool:
    """End a process; False when it had to be killed."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return False
    return True
