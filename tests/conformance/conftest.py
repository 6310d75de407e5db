"""The server under test: one of the project's own for each worker, or the one that was named.

`--server HOST:PORT` names another; then tests skip that need what it does not advertise, or what
only our own configuration has. `--differences FILE` writes down what failed.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import argon2
import pytest

from tests.certificates import write_certificate
from tests.conformance.accounts import PASSWORD, authenticate
from tests.conformance.session import TIMEOUT, Session
from tests.served import Served, served

OPER = ("root", "sesame")
WEBIRC = "gateway-password"

_CONFIG = """
[server]
name = "irc.test"
admin = ["Somewhere", "Somebody", "admin@irc.test"]
motd = "motd.txt"

[[listeners]]
address = "127.0.0.1:0"

[[listeners]]
address = "127.0.0.1:0"
tls = {{ certificate = "certificate.pem", key = "key.pem" }}

[[operators]]
name = "root"
password = "{oper}"

[accounts]
per_address = 10000
attempts = 10000

[limits]
monitor = 10
list_entries = 20
channels_per_user = 20
multiline_bytes = 1024
multiline_lines = 10

[gateways]
webirc = [{{ host = ["127.0.0.0/8"], password = "{webirc}" }}]
proxy = ["127.0.0.0/8"]

[sts]
enabled = true
duration = 86400
port = 6697
"""


# For what no client could do beside others: codes by mail, few attempts, accounts for everybody.
_STRICT = """
[server]
name = "irc.test"

[accounts]
attempts = 3
required = {required}
require_email = true
mail_command = ["{python}", "-c", "{mailer}", "{directory}"]
"""
PASS = "open-sesame"
_LATE = """
[server]
name = "irc.test"
password = "{password}"

[accounts]
before_connect = {before_connect}
"""
_CLOSED = '[server]\nname = "irc.test"\n\n[accounts]\nregistration = "closed"\n'
_MAILER = "import os, sys; to = os.path.join(sys.argv[1], sys.argv[2].partition('@')[0]); "
_MAILER += "open(to, 'w').write(sys.stdin.read())"
"""What sends a mail: into a file that is called as whom it is for."""


class Target:
    """Where the server under test is, and what it says of itself."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls_port: int = 0,
        process: Served | None,
        patience: float = TIMEOUT,
    ) -> None:
        self.host = host
        self.port = port
        self.tls_port = tls_port
        self.patience = patience
        self.process = process
        """Our own server; None for another."""
        self.capabilities: dict[str, str] = {}
        self.isupport: dict[str, str] = {}

    @property
    def ours(self) -> bool:
        """Whether it is the project's own server, with the configuration above."""
        return self.process is not None

    def open(self, *, tls: ssl.SSLContext | None = None) -> Session:
        """Connect; with a context, over TLS."""
        port = self.tls_port if tls is not None else self.port
        sock = socket.create_connection((self.host, port), timeout=TIMEOUT)
        if tls is not None:
            sock = tls.wrap_socket(sock, server_hostname="localhost")
        return Session(sock, self.patience)

    def look(self) -> None:
        """Find out what the server advertises."""
        session = self.open()
        # Other workers may be looking too.
        nick = f"look{os.getpid()}"
        session.send("CAP LS 302", f"NICK {nick}", f"USER {nick} 0 * :x", "CAP END")
        for line in session.until("376", "422"):
            if line.command == "CAP" and "LS" in line.params:
                for word in line.text.split():
                    name, _, value = word.partition("=")
                    self.capabilities[name] = value
            elif line.command == "005":
                for word in line.params[1:-1]:
                    name, _, value = word.partition("=")
                    self.isupport[name] = value
        session.send("QUIT")
        session.until_closed()
        session.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption("--server", help="HOST:PORT of a server to test in place of our own")
    group.addoption("--differences", help="file to write the failed tests to")
    group.addoption(
        "--patience", type=float, default=TIMEOUT, help="seconds that an answer may take"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "capability(*names): the test needs these IRCv3 capabilities"
    )
    config.addinivalue_line("markers", "isupport(*tokens): the test needs these tokens of 005")
    config.addinivalue_line("markers", "ours: only our own server, as configured here, has this")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        name = item.nodeid.partition("conformance/")[2] or item.nodeid
        text = " ".join((item.function.__doc__ or "").split())
        report.user_properties.append(("difference", f"{name}\t{text}"))
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("--differences")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    # A worker has none: what it has found is reported to who began it.
    if path and reporter is not None and not hasattr(session.config, "workerinput"):
        found = {
            value
            for reports in (reporter.stats.get("failed", []), reporter.stats.get("error", []))
            for report in reports
            for key, value in report.user_properties
            if key == "difference"
        }
        Path(path).write_text("".join(f"{line}\n" for line in sorted(found)))


@pytest.fixture(scope="session")
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    named = request.config.getoption("--server")
    if named:
        host, _, port = named.rpartition(":")
        patience = request.config.getoption("--patience")
        found = Target(host, int(port), process=None, patience=patience)
        found.look()
        yield found
        return
    directory = tmp_path_factory.mktemp("server")
    write_certificate(directory, "certificate.pem", "key.pem")
    (directory / "motd.txt").write_text("Be excellent\nto each other\n")
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    config = directory / "chat.toml"
    config.write_text(_CONFIG.format(oper=hasher.hash(OPER[1]), webirc=hasher.hash(WEBIRC)))
    with served(directory, "--config", str(config), listen=False) as process:
        tls_port = int(process.banner[1].partition(",")[0].rpartition(":")[2])
        found = Target("127.0.0.1", process.port, tls_port=tls_port, process=process)
        found.look()
        yield found


@pytest.fixture(autouse=True)
def needed(request: pytest.FixtureRequest, target: Target) -> None:
    """Skip what another server does not have; our own has to have everything."""
    if target.ours:
        return
    if request.node.get_closest_marker("ours"):
        pytest.skip("only our own server has this")
    for kind, have in (("capability", target.capabilities), ("isupport", target.isupport)):
        for marker in request.node.iter_markers(kind):
            missing = [name for name in marker.args if name not in have]
            if missing:
                pytest.skip(f"the server does not advertise {', '.join(missing)}")


@contextmanager
def _strict(directory: Path, *, required: bool) -> Iterator[Target]:
    config = directory / "chat.toml"
    config.write_text(
        _STRICT.format(
            required=str(required).lower(),
            python=sys.executable,
            mailer=_MAILER,
            directory=directory,
        )
    )
    with served(directory, "--config", str(config)) as process:
        yield Target("127.0.0.1", process.port, process=process)


@pytest.fixture
def mailing(tmp_path: Path) -> Iterator[Target]:
    """A server of ours that mails codes, into files in `tmp_path`."""
    with _strict(tmp_path, required=False) as target:
        yield target


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Target]:
    """A server of ours for people with an account."""
    with _strict(tmp_path, required=True) as target:
        yield target


@pytest.fixture
def late(tmp_path: Path) -> Iterator[Target]:
    """A server of ours where accounts are made by who is in."""
    config = tmp_path / "chat.toml"
    config.write_text(_LATE.format(password="", before_connect="false"))
    with served(tmp_path, "--config", str(config)) as process:
        yield Target("127.0.0.1", process.port, process=process)


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Target]:
    """A server of ours that asks for a password, `PASS`."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    config = tmp_path / "chat.toml"
    config.write_text(_LATE.format(password=hasher.hash(PASS), before_connect="true"))
    with served(tmp_path, "--config", str(config)) as process:
        yield Target("127.0.0.1", process.port, process=process)


@pytest.fixture
def without_accounts(tmp_path: Path) -> Iterator[Target]:
    """A server of ours that keeps nothing, and so no accounts."""
    with served(tmp_path, TRIO_CHAT_SERVER_DATA="") as process:
        yield Target("127.0.0.1", process.port, process=process)


def close_registration(directory: Path, target: Target) -> None:
    """Have a server of ours that was begun from `directory` let nobody make an account."""
    (directory / "chat.toml").write_text(_CLOSED)
    assert target.process is not None
    target.process.process.send_signal(signal.SIGHUP)


_names = itertools.count(1)


def _digits(number: int) -> str:
    """Return a number in 32 digits of which none looks like another one: whose names look like a
    registered one may be refused."""
    digits = ""
    while number:
        number, digit = divmod(number, 32)
        digits = "0123456789abcdefghjkmnpqstuvwxyz"[digit] + digits
    return digits


@pytest.fixture
def name() -> Callable[[str], str]:
    """Make names that no other test uses: `name("al")` is `al-3f`, `name("#a")` is `#a-3g`."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return lambda base: f"{base}-{worker}{_digits(next(_names))}"


Connect = Callable[[], Session]
Register = Callable[..., Session]


@pytest.fixture
def sessions() -> Iterator[list[Session]]:
    """Every connection of the test, closed at its end."""
    found: list[Session] = []
    yield found
    for session in found:
        session.close()


@pytest.fixture
def connect(target: Target, sessions: list[Session]) -> Connect:
    """Open a connection that has said nothing yet."""

    def open_one() -> Session:
        session = target.open()
        sessions.append(session)
        return session

    return open_one


@pytest.fixture
def register(connect: Connect, name: Callable[[str], str]) -> Register:
    """Become a user: `register("al")`, or with capabilities: `register("al", "batch", "setname")`.

    The nickname is made unique: it is `session.nick`.
    """

    def become(nick: str = "u", *capabilities: str) -> Session:
        session = connect()
        session.register(name(nick), capabilities=capabilities)
        return session

    return become


@pytest.fixture
def channel(name: Callable[[str], str]) -> str:
    """A channel that nobody is in."""
    return name("#c")


@pytest.fixture
def room(register: Register, channel: str) -> Callable[..., list[Session]]:
    """Several users in one new channel: `al, bo = room("al", "bo")`; the first is its operator.

    Capabilities are for all of them. What they were sent so far has been read.
    """

    def fill(*nicks: str, capabilities: Iterable[str] = ()) -> list[Session]:
        found = []
        for nick in nicks:
            session = register(nick, *capabilities)
            session.ask(f"JOIN {channel}")
            found.append(session)
        for session in found:
            session.read()
        return found

    return fill


@pytest.fixture
def account(connect: Connect, name: Callable[[str], str]) -> Callable[..., str]:
    """Have an account: `account("al")`; return its name. Its owner is not there."""

    def make(nick: str = "al", password: str = PASSWORD) -> str:
        session = connect()
        session.register(name(nick))
        session.send(f"REGISTER * * :{password}")
        session.until("REGISTER")
        session.send("QUIT")
        session.until_closed()
        return session.nick

    return make


@pytest.fixture
def logged_in(connect: Connect, account: Callable[..., str]) -> Callable[..., Session]:
    """Become a user with an account: `logged_in("al", "batch")`; the account is `session.nick`."""

    def become(nick: str = "al", *capabilities: str) -> Session:
        owner = account(nick)
        session = connect()
        session.negotiate("sasl", *capabilities)
        assert authenticate(session, owner)[-1].command == "903"
        session.register(owner, capabilities=["sasl"])
        return session

    return become


@pytest.fixture
def operator(register: Register, target: Target) -> Callable[..., Session]:
    """A server operator: `operator("op")`. Mark the test as `ours`."""

    def become(nick: str = "op", *capabilities: str) -> Session:
        session = register(nick, *capabilities)
        session.send(f"OPER {OPER[0]} {OPER[1]}")
        session.until("381")
        session.read()
        return session

    return become
