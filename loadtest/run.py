"""Runs the load test: starts a server, runs Locust against it, stops it, tells the truth.

Owns two processes and one directory: the server (unless `--host` names one that is already
running), Locust without its web interface, and the report. It knows neither what Locust measures
nor what the server is; the exit code is Locust's, unless the server died or would not stop.
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence

from loadtest.plan import DEFAULT_PROFILE, OPTIONS, PROFILES

START_SECONDS = 20.0
STOP_SECONDS = 15.0
LAST_WORDS_SECONDS = 15.0
"""How long Locust may take to find out by itself that the server has died."""
INTERRUPT_SECONDS = 5.0
TAIL_LINES = 15

_LISTENS = re.compile(r"127\.0\.0\.1:([0-9]+)")


class ServerError(Exception):
    """The server did not start, or died, or would not stop. One readable sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the load test as the command line says; return the exit code."""
    options, for_locust = _parser().parse_known_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = pathlib.Path(options.report)
    report.mkdir(parents=True, exist_ok=True)
    try:
        if options.host:
            code = _Locust(options.host, report, for_locust).wait()
        else:
            code = _with_server(options, report, for_locust)
    except ServerError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("FAILED: interrupted.", file=sys.stderr)
        code = 1
    if (report / "report.html").exists():
        print(f"Report: {report / 'report.html'}")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest",
        description="Load an IRC server, and prove that nothing is lost, doubled or reordered.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        epilog=_epilog(),
    )
    parser.add_argument(
        "--host",
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


def _with_server(options: argparse.Namespace, report: pathlib.Path, rest: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="loadtest-") as data:
        command = [sys.executable, "-m", "trio_chat", "serve", "--listen", "127.0.0.1:0"]
        command += ["--data", data]
        if options.server:
            command = shlex.split(options.server)
        with _server(command, report) as server:
            print(f"The server listens at {server.url}; its log is {server.log}.", flush=True)
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
        # So that what is there in the end is of this run.
        (report / "report.html").unlink(missing_ok=True)
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
