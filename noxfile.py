"""The project's chores. `nox` alone runs tests, lint and types; `nox -l` lists all.

What follows `--` goes to the tool: `nox -s tests -- -k journal`, `nox -s tests -- -m story`,
`nox -s loadtest -- --users 500`.
"""

import re
import sys

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests", "lint", "types"]


@nox.session
def tests(session: nox.Session) -> None:
    """The test suite, with coverage."""
    session.install("-e", ".[dev]")
    session.run(
        "python",
        "-m",
        "pytest",
        "-n",
        "auto",
        "--cov",
        "--cov-report=term-missing",
        *session.posargs,
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    session.install("ruff>=0.6")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict."""
    session.install("-e", ".[dev]")
    session.run("mypy", *session.posargs)


@nox.session
def loadtest(session: nox.Session) -> None:
    """Start a server, load it with a swarm of IRC clients, and prove that nothing is lost."""
    session.install("-e", ".[loadtest]")
    try:
        session.run("python", "-m", "loadtest", *session.posargs)
    except CommandFailed as failure:
        # Nox's own exit code is 1 for every failure, and "invalid" is another thing than "failed".
        code = re.fullmatch(r"Returned code ([0-9]+)", failure.reason or "")
        if code is None:
            raise
        session.warn(f"The load test's exit code is {code[1]}.")
        sys.exit(int(code[1]))


@nox.session
def drill(session: nox.Session) -> None:
    """Kill a server 100 times while people talk, and prove that nothing said to be so is lost."""
    session.install("-e", ".")
    session.run("python", "-m", "loadtest.drill", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what the server costs."""
    session.install("-e", ".")
    session.run("python", "-m", "loadtest.bench", *session.posargs)


@nox.session
def peers(session: nox.Session) -> None:
    """Compare with InspIRCd and ngIRCd (Debian's packages); writes peers-report/."""
    session.install("-e", ".[peers]")
    session.run("python", "-m", "loadtest.peers", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Write docs/protocol.md and docs/permissions.md from the tables in the code."""
    session.install("-e", ".")
    session.run("python", "-m", "trio_chat.reference", *session.posargs)
    session.run("python", "-m", "trio_chat.permissions.document", *session.posargs)


@nox.session
def conformance(session: nox.Session) -> None:
    """The conformance tests against other servers; writes docs/conformance.md."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "tests.conformance.peers", *session.posargs)
