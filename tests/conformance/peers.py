"""The conformance tests against the IRC servers of Debian, to see that the tests hold water.

    python -m tests.conformance.peers              # ngIRCd and InspIRCd; writes docs/conformance.md
    python -m tests.conformance.peers inspircd     # one of them; prints what it fails

A test that a mature server fails is either wrong, or a difference worth knowing: the list of those
is what this makes.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "conformance.md"
PATIENCE = 3.0
"""Seconds that an answer may take: these servers are idle but for us, and what they lack never
comes."""
WORKERS = "16"
"""InspIRCd has a client wait a second before it is in: most of the time nobody does anything."""
_DEADLINE = 20.0

_NGIRCD = """\
[Global]
Name = irc.peer
Info = a peer
AdminInfo1 = Somewhere
AdminInfo2 = Somebody
AdminEMail = admin@irc.peer
MotdPhrase = Be excellent
Listen = 127.0.0.1
Ports = {port}
ServerUID = nobody
ServerGID = nogroup
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 31
MaxPenaltyTime = 0
PingTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
"""
_INSPIRCD = """\
<server name="irc.peer" description="a peer" network="Peer">
<admin name="Somebody" nick="somebody" email="admin@irc.peer">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect allow="*" timeout="60" pingfreq="600" threshold="100000" commandrate="100000000"
 fakelag="no" localmax="10000" globalmax="10000" maxconnwarn="no" resolvehostnames="no"
 hardsendq="10M" softsendq="10M" recvq="1M" maxchans="20" useident="no">
<limits maxnick="32" maxchan="64" maxmodes="20" maxtopic="390" maxkick="390" maxreal="150"
 maxaway="390">
<security announceinvites="none" maxtargets="4" userstats="u">
<performance clonesonconnect="no" somaxconn="1000">
<options casemapping="ascii" defaultmodes="not" syntaxhints="no" prefixquit="Quit: ">
<log method="file" target="{directory}/log" level="default">
<pid file="{directory}/pid">
<whowas groupsize="10" maxgroups="10000" maxkeep="1d">
<customprefix name="founder" letter="q" prefix="~" rank="50000" ranktoset="50000">
<customprefix name="admin" letter="a" prefix="&amp;" rank="40000" ranktoset="50000">
<customprefix name="halfop" letter="h" prefix="%" rank="20000" ranktoset="30000">
""" + "".join(
    f'<module name="{module}">\n'
    for module in (
        *("cap", "ircv3", "ircv3_accounttag", "ircv3_batch", "ircv3_capnotify", "ircv3_chghost"),
        *("ircv3_ctctags", "ircv3_echomessage", "ircv3_invitenotify", "ircv3_labeledresponse"),
        *("ircv3_msgid", "ircv3_servertime", "monitor", "namesx", "uhnames", "setname", "chghost"),
        *("customprefix", "services_account", "botmode", "banexception", "inviteexception"),
        *("auditorium", "redirect", "muteban", "noctcp", "alltime"),
    )
)


@dataclass(frozen=True)
class Peer:
    """A server to test: its program, its configuration, and how it is started with that."""

    name: str
    program: str
    version: tuple[str, ...]
    config: str
    options: tuple[str, ...]
    notes: str


PEERS = {
    peer.program: peer
    for peer in (
        Peer(
            name="InspIRCd",
            program="inspircd",
            version=("--version",),
            config=_INSPIRCD,
            options=("--nofork", "--runasroot", "--config"),
            notes="with the modules for IRCv3 and for the modes that are tested",
        ),
        Peer(
            name="ngIRCd",
            program="ngircd",
            version=("--version",),
            config=_NGIRCD,
            options=("--nodaemon", "--config"),
            notes="which shows in WHOWAS only those who were there for half a minute",
        ),
    )
}


@contextmanager
def running(peer: Peer) -> Iterator[int]:
    """Run a server; yield its port."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        # ngIRCd reads it as somebody else.
        directory.chmod(0o755)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        config = directory / "peer.conf"
        config.write_text(peer.config.format(port=port, directory=directory))
        command = [peer.program, *peer.options, str(config)]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                _wait_for(port, process)
                yield port
            finally:
                process.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"{process.args!r} does not start")


@dataclass(frozen=True)
class Result:
    """What a run has shown."""

    counts: str
    """Of pytest: how many failed, passed and were skipped."""
    differences: list[tuple[str, str]]
    """The failed tests, each with what it holds a server to."""


def run(peer: Peer) -> Result:
    """Run the tests against a server."""
    with running(peer) as port, tempfile.NamedTemporaryFile("r") as differences:
        output = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-n", WORKERS, "tests/conformance"),
                *("--server", f"127.0.0.1:{port}", "--patience", str(PATIENCE)),
                *("--differences", differences.name),
            ],
            cwd=ROOT,
            env=os.environ | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        found = Path(differences.name).read_text().splitlines()
    counts = re.search(r"[0-9].* in [0-9.]+s", output)
    if counts is None:
        raise SystemExit(f"the tests did not run:\n{output}")
    pairs = [line.partition("\t")[::2] for line in found]
    return Result(counts[0].partition(" in ")[0], pairs)


def version_of(peer: Peer) -> str:
    """Return the name of a server with its version."""
    output = subprocess.run(
        [peer.program, *peer.version], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"[0-9]+(?:\.[0-9]+)+", output)
    return f"{peer.name} {found[0]}" if found else peer.name


_HEAD = """\
# Conformance

`tests/conformance/` holds the server to the texts: [Modern IRC](https://modern.ircdocs.horse/) and
the specifications of [IRCv3](https://ircv3.net/irc/). Each test names its section. The tests speak
to a server over a socket with a client of their own (`session.py`), so any server can be tested:

    python -m pytest -n auto tests/conformance
    python -m pytest tests/conformance --server HOST:PORT

A test that needs a capability or a token of 005 which a server does not advertise is skipped; so is
what only our own configuration has (operators, gateways, TLS). Our server passes all of them, and
skips none; `ours` marks the latter.

To see that the tests themselves hold water they are run against two mature servers
(`nox -s conformance` writes this list anew). Where one of those fails a test, it
differs from the text that the test names, or from what the text leaves open and this suite decides.
"""


def document() -> str:
    """Run everything, and return what there is to read about it."""
    parts = [_HEAD]
    for peer in PEERS.values():
        print(f"testing {peer.name} …", flush=True)
        result = run(peer)
        parts.append(f"## {version_of(peer)}\n\nOf Debian, {peer.notes}: {result.counts}.\n")
        by_text: dict[str, list[str]] = {}
        for test, text in result.differences:
            by_text.setdefault(text, []).append(test)
        parts.append(
            "\n".join(
                f"- {text} (`{tests[0]}`{f' and {len(tests) - 1} more' if tests[1:] else ''})"
                for text, tests in sorted(by_text.items(), key=lambda item: item[1][0])
            )
            + "\n"
        )
    return "\n".join(parts)


def main(names: list[str]) -> None:
    """Test the named servers, or all and write about it."""
    missing = [name for name in names or PEERS if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)}")
    if not names:
        DOCUMENT.write_text(document())
        return
    for name in names:
        result = run(PEERS[name])
        print(f"{version_of(PEERS[name])}: {result.counts}")
        for test, text in result.differences:
            print(f"  {test}: {text}")


if __name__ == "__main__":
    main(sys.argv[1:])
