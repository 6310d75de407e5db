"""A disk that is full, fails, or is somebody else's, while people talk: nothing that anybody was
shown is missing, whoever said what is lost is told, and it gets better by itself."""

from __future__ import annotations

import contextlib
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadtest.drill.history import History
from loadtest.drill.ledger import Ledger, Message
from loadtest.drill.verdict import judge
from tests.journal.test_store import Faulty, faulty
from tests.served import Client, Served, served
from tests.server.rig import Peer, running
from trio_chat.journal.store import SqliteJournal
from trio_chat.server import hub
from trio_chat.wire import irc

pytestmark = pytest.mark.drill

CAPABILITIES = "CAP REQ :echo-message message-tags server-time"
TOLD = ("COULD_NOT_BE_STORED", "#lobby", "Could not be stored")


class Talk:
    """Who said what, what they were told of it, and what everybody was shown."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.lost = 0
        self.said = 0

    def next(self, name: str) -> str:
        """Return something that was never said."""
        self.said += 1
        return f"{name} {self.said}"

    def hear(self, name: str, lines: list[str], said: list[str]) -> None:
        """Take what somebody was shown up to the answer to a PING, who has `said` something: for
        each line they have it back, or are told that it is lost."""
        back, told = [], 0
        for line in lines:
            message = irc.parse(line.encode())
            if message.command == "PRIVMSG":
                target, text = message.params
                sender = message.source.partition("!")[0]
                shown = Message(message.tags["msgid"], sender, text)
                self.ledger.show(name, target, shown)
                if sender == name:
                    back.append(text)
            elif message.command == "FAIL":
                assert message.params == ("PRIVMSG", *TOLD)
                told += 1
        assert [text for text in said if text in back] == back
        assert len(back) + told == len(said)
        self.lost += told

    def compare(self, data: Path) -> None:
        """Compare with what is kept: all that was shown is there, and nothing that was said to be
        lost."""
        command = [sys.executable, "-m", "trio_chat", "journal", "--data", str(data)]
        assert subprocess.run([*command, "check"], capture_output=True).returncode == 0
        export = subprocess.run([*command, "export"], capture_output=True, check=True)
        history = History.read(export.stdout.splitlines())
        verdict = judge(self.ledger, history)
        assert verdict.is_clean, verdict
        assert history.messages == self.said - self.lost


# --- With the whole server


class Room:
    """Some who talk with each other at a server."""

    def __init__(self, server: Served, talk: Talk) -> None:
        self.talk = talk
        self.clients = {name: self._come(server, name) for name in ("al", "bo", "cy")}
        self.stranger = self._come(server, "stranger", room="#elsewhere")

    @staticmethod
    def _come(server: Served, name: str, room: str = "#lobby") -> Client:
        client = server.connect()
        client.send(CAPABILITIES, f"NICK {name}", f"USER {name} 0 * :x", "CAP END", f"JOIN {room}")
        client.until(" 366 ")
        return client

    def talk_once(self) -> int:
        """Have everybody say something; return how much of it was lost."""
        before = self.talk.lost
        said = {name: [self.talk.next(name) for _ in range(2)] for name in self.clients}
        for name, client in self.clients.items():
            client.send(*(f"PRIVMSG #lobby :{text}" for text in said[name]), "PING :done")
        # What needs no storing goes on.
        self.stranger.send("PING :x")
        self.stranger.until("PONG")
        for name, client in self.clients.items():
            self.talk.hear(name, client.lines_until("PONG"), said[name])
        # What the others said last.
        for name, client in self.clients.items():
            client.send("PING :done")
            self.talk.hear(name, client.lines_until("PONG"), [])
        return self.talk.lost - before

    def suffer(self, fault: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
        """Have everybody talk before, during and after a fault."""
        assert self.talk_once() == 0
        with fault():
            assert self.talk_once() == 6
            assert self.talk_once() == 6
        assert self.talk_once() == 0


def test_a_file_that_can_not_grow(tmp_path: Path) -> None:
    talk = Talk()
    with served(tmp_path) as server:

        @contextlib.contextmanager
        def limited() -> Iterator[None]:
            pid = server.process.pid
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            # Less than any file of SQLite's has, more than the log of the server.
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (32_768, hard))
            try:
                yield
            finally:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))

        room = Room(server, talk)
        while (tmp_path / "data" / "journal.db-wal").stat().st_size < 65_536:
            assert room.talk_once() == 0
        for _ in range(20):
            room.suffer(limited)
    assert talk.lost == 20 * 12
    talk.compare(tmp_path / "data")


def test_a_file_system_that_is_full(tmp_path: Path) -> None:
    talk = Talk()
    data = tmp_path / "data"
    data.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(data)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"a file system can not be mounted here: {mounted.stderr.strip()}")
    try:
        with served(tmp_path) as server:

            @contextlib.contextmanager
            def full() -> Iterator[None]:
                ballast = data / "ballast"
                with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                    while file.write(bytes(1024)):
                        pass
                # What SQLite has as a file already it can go on to fill.
                while room.talk_once() == 0:
                    pass
                try:
                    yield
                finally:
                    ballast.unlink()

            room = Room(server, talk)
            for _ in range(10):
                room.suffer(full)
        assert talk.lost >= 10 * 12
        talk.compare(data)
    finally:
        subprocess.run(["umount", str(data)], check=True)


def test_another_process_that_writes(tmp_path: Path) -> None:
    talk = Talk()
    with served(tmp_path) as server:
        room = Room(server, talk)

        @contextlib.contextmanager
        def locked() -> Iterator[None]:
            # As a process that was not told that the server has the file.
            other = sqlite3.connect(tmp_path / "data" / "journal.db", isolation_level=None)
            with contextlib.closing(other):
                other.execute("BEGIN IMMEDIATE")
                yield
                other.execute("ROLLBACK")

        room.suffer(locked)
    talk.compare(tmp_path / "data")


def test_a_server_starts_from_a_torn_log(tmp_path: Path) -> None:
    """Killed, and its write-ahead log cut somewhere: all that was shown before is there."""
    wal = tmp_path / "data" / "journal.db-wal"
    sizes: list[int] = []
    with served(tmp_path) as server:
        al = server.irc("al")
        al.send(CAPABILITIES)
        al.until("ACK")
        for number in range(100):
            al.send(f"PRIVMSG #lobby :{number}")
            al.until(f":{number}")
            sizes.append(wal.stat().st_size)
        server.process.kill()
        server.process.wait()
        whole = wal.read_bytes()
    chance = random.Random(11)
    for turn in range(5):
        cut = chance.randint(sizes[0], len(whole))
        copy = tmp_path / str(turn)
        # A server that was killed leaves its control socket behind.
        unlike = shutil.ignore_patterns("*.sock")
        shutil.copytree(tmp_path / "data", copy / "data", ignore=unlike)
        (copy / "data" / wal.name).write_bytes(whole[:cut])
        with served(copy) as server:
            al = server.irc("al")
            al.send(CAPABILITIES, "PRIVMSG #lobby :more")
            al.until(":more")
        command = [sys.executable, "-m", "trio_chat", "journal", "--data", str(copy / "data")]
        export = subprocess.run([*command, "export"], capture_output=True, check=True)
        (kept,) = History.read(export.stdout.splitlines()).conversations.values()
        texts = [message.text for message in kept]
        assert texts == [*map(str, range(len(texts) - 1)), "more"]
        assert len(texts) - 1 >= sum(size <= cut for size in sizes)


# --- With the hub and a connection that fails


@pytest.fixture
def _faultless() -> Iterator[None]:
    yield
    Faulty.fault, Faulty.waits = "", None


async def _hear(peer: Peer, talk: Talk, name: str, said: list[str]) -> None:
    talk.hear(name, await peer.barrier(), said)


@pytest.mark.usefixtures("_faultless")
@pytest.mark.parametrize("patience", [hub.SOON, 0.0], ids=["waiting", "going on"])
async def test_a_connection_that_fails(
    patience: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """90 faults, with a hub that waits for a commit, and one that goes on at once."""
    monkeypatch.setattr(hub, "SOON", patience)
    monkeypatch.setattr(hub, "PACE", 0.001)
    chance = random.Random(4)
    talk = Talk()
    journal = SqliteJournal(tmp_path, connect=faulty)
    other = sqlite3.connect(journal.path, isolation_level=None)
    async with running(journal=journal) as rig:
        peers = {
            name: await rig.irc(name, CAPABILITIES, "CAP END", "JOIN #lobby")
            for name in ("al", "bo", "cy")
        }
        for peer in peers.values():
            await peer.barrier()
        for _ in range(90):
            kind = chance.choice(["disk I/O error", "database or disk is full", "locked"])
            for fault in (kind, ""):
                if fault == "locked":
                    other.execute("BEGIN IMMEDIATE")
                else:
                    Faulty.fault = fault
                said = {name: [talk.next(name) for _ in range(2)] for name in peers}
                before = talk.lost
                for name, peer in peers.items():
                    await peer.send(*(f"PRIVMSG #lobby :{text}" for text in said[name]))
                for name, peer in peers.items():
                    await _hear(peer, talk, name, said[name])
                for name, peer in peers.items():
                    await _hear(peer, talk, name, [])
                if other.in_transaction:
                    other.execute("ROLLBACK")
                assert talk.lost - before == (6 if fault else 0)
    other.close()
    await journal.aclose()
    assert talk.lost == 90 * 6
    talk.compare(tmp_path)
