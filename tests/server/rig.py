"""A hub with connections over streams in memory, under the clock of the test."""

from __future__ import annotations

import itertools
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import msgspec
import trio
import trio.testing

from trio_chat.core.core import Core
from trio_chat.core.entries import Record
from trio_chat.core.inputs import Connected, Input
from trio_chat.core.output import Effects
from trio_chat.core.questions import Answer, Page, Question
from trio_chat.core.settings import Settings
from trio_chat.journal import Commit, Journal, JournalError, NoJournal
from trio_chat.journal.retention import Retention
from trio_chat.server.connection import Connection
from trio_chat.server.hub import Hub
from trio_chat.server.policy import Policy
from trio_chat.server.reading import Bucket
from trio_chat.server.tls import TlsContext
from trio_chat.server.transport import SocketTransport, StreamTransport, Transport
from trio_chat.server.web.site import Site

START = 1_700_000_000.0
SETTINGS = Settings(name="irc.test", durable=True, history=True, history_on_join=0)
POLICY = Policy(
    name="irc.test",
    network="trio_chat",
    lobby="#lobby",
    prompt_delay=0.3,
    registration_timeout=60.0,
    handshake_timeout=10.0,
    drain_timeout=5.0,
    write_timeout=150.0,
    sendq=65_536,
    burst=10,
    rate=4.0,
)


class Peer:
    """The other side of a connection."""

    def __init__(self, stream: trio.abc.Stream, connection: Connection) -> None:
        self.stream = stream
        self.connection = connection
        self._read = b""

    async def send(self, *lines: str | bytes) -> None:
        data = [line if isinstance(line, bytes) else f"{line}\r\n".encode() for line in lines]
        await self.stream.send_all(b"".join(data))

    async def line(self) -> str:
        """Return the next line that comes."""
        while b"\n" not in self._read:
            data = await self.stream.receive_some()
            assert data, f"the server hung up after {self._read!r}"
            self._read += data
        line, _, self._read = self._read.partition(b"\n")
        return line.decode().rstrip("\r")

    async def expect(self, data: bytes) -> None:
        """Take bytes that are no line, and have to come next."""
        while len(self._read) < len(data):
            more = await self.stream.receive_some()
            assert more, f"the server hung up after {self._read!r}"
            self._read += more
        head, self._read = self._read[: len(data)], self._read[len(data) :]
        assert head == data

    async def until(self, *words: str) -> list[str]:
        """Return lines up to the first that has one of these words in it."""
        lines = [await self.line()]
        while not any(word in lines[-1] for word in words):
            lines.append(await self.line())
        return lines

    async def barrier(self) -> list[str]:
        """Return what came before the answer to a PING: all that was on its way."""
        await self.send("PING barrier")
        return (await self.until("PONG irc.test barrier"))[:-1]

    async def rest(self) -> list[str]:
        """Return everything up to the end of the connection."""
        try:
            while data := await self.stream.receive_some():
                self._read += data
        except trio.BrokenResourceError:
            pass
        text, self._read = self._read, b""
        return text.decode(errors="replace").splitlines()

    async def register(self, name: str, *more: str) -> None:
        await self.send(f"NICK {name}", f"USER {name} 0 * :Real {name}", *more)
        await self.until(" 422 ")
        await self.barrier()


def socket_pair(
    kind: type[SocketTransport] = SocketTransport,
) -> tuple[trio.SocketStream, SocketTransport]:
    """Return a peer's stream and our transport, with a socket in between."""
    theirs, ours = socket.socketpair()
    theirs.setblocking(False)
    ours.setblocking(False)
    return trio.SocketStream(trio.socket.from_stdlib_socket(theirs)), kind(ours)


class RecordingCore(Core):
    """A core that keeps what it was told."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, started=START, monotonic=trio.current_time())
        self.inputs: list[Input] = []

    def step(
        self,
        inputs: Iterable[Input],
        now: float,
        utc_offset: int = 0,
        *,
        monotonic: float | None = None,
    ) -> Effects:
        taken = list(inputs)
        self.inputs += taken
        return super().step(taken, now, utc_offset, monotonic=monotonic)


class Rig:
    """The hub, and how to connect to it: over sockets if `real`."""

    real = False

    def __init__(self, hub: Hub, core: RecordingCore) -> None:
        self.hub = hub
        self.core = core
        self.sockets: list[trio.socket.SocketType] = []
        """Those of the peers."""
        self.jumped = 0.0
        """By how much the clock on the wall has been set."""
        self._ids = itertools.count(1001)

    @property
    def connected(self) -> list[Connected]:
        """What the core was told about each that has become a user, in order."""
        return [item for item in self.core.inputs if isinstance(item, Connected)]

    async def connect(
        self,
        *,
        policy: Policy = POLICY,
        flood: bool = False,
        lockstep: bool = False,
        host: str = "10.0.0.1",
        tls: TlsContext | None = None,
        web: Site | None = None,
        real: bool | None = None,
        kind: type[SocketTransport] = SocketTransport,
    ) -> Peer:
        """Connect: in memory, or over a socket, which is polled and may speak TLS, if `real`."""
        if real is None:
            real = self.real and not lockstep
        nursery = self.hub.nursery
        theirs: trio.abc.Stream
        transport: Transport
        if real or tls is not None:
            stream, transport = socket_pair(kind)
            theirs = stream
            self.sockets.append(stream.socket)
        else:
            lock = trio.testing.lockstep_stream_pair
            theirs, ours = (lock if lockstep else trio.testing.memory_stream_pair)()
            abort = partial(nursery.start_soon, trio.aclose_forcefully, ours)
            transport = StreamTransport(ours, abort)
        bucket = Bucket(burst=policy.burst, rate=policy.rate) if flood else None
        connection = Connection(
            self.hub,
            next(self._ids),
            transport,
            policy,
            address=host,
            host=host,
            secure=False,
            bucket=bucket,
            since=trio.current_time(),
        )
        self.hub.add(connection)
        nursery.start_soon(connection.run, tls, web)
        return Peer(theirs, connection)

    async def irc(self, name: str, *more: str, policy: Policy = POLICY) -> Peer:
        peer = await self.connect(policy=policy)
        await peer.register(name, *more)
        return peer

    async def alone(self, count: int) -> None:
        """Wait until no more than so many connections are left."""
        while self.hub.open > count:  # noqa: ASYNC110 - the hub tells nobody but `shut_down`
            await trio.sleep(0.1)


@asynccontextmanager
async def running(
    *, settings: Settings | None = None, journal: Journal | None = None
) -> AsyncIterator[Rig]:
    async with trio.open_nursery() as nursery:
        core = RecordingCore(settings or SETTINGS)
        hub = Hub(
            core,
            journal or NoJournal(),
            nursery,
            now=lambda: START + rig.jumped + trio.current_time(),
        )
        nursery.start_soon(hub.run)
        nursery.start_soon(hub.poller.run)
        nursery.start_soon(hub.door.run)
        rig = Rig(hub, core)
        try:
            yield rig
        finally:
            for one in rig.sockets:
                one.close()
        nursery.cancel_scope.cancel()


class _Gated:
    def __init__(self, journal: GatedJournal, records: Sequence[Record]) -> None:
        self._journal = journal
        self._records = records

    async def wait(self) -> None:
        journal = self._journal
        await journal.open.wait()
        if journal.full:
            raise JournalError("database or disk is full")
        journal.stored += self._records


class GatedJournal:
    """Stores records in memory, once it is let."""

    def __init__(self) -> None:
        self.stored: list[Record] = []
        self.last = 0
        self.commits = 0
        self.open = trio.Event()
        self.open.set()
        self.full = False

    def begin(self, steps: Sequence[tuple[int, Sequence[Record]]]) -> Commit:
        self.commits += 1
        return _Gated(self, [record for _, records in steps for record in records])

    def kept(self, table: str) -> dict[str, bytes]:
        return {}

    async def retain(self, retention: Retention) -> None:
        pass

    async def answer(self, question: Question) -> Answer:
        """Find nothing."""
        return Page([], more=False)

    async def check(self) -> None:
        """Do as a commit does."""
        await self.begin([]).wait()

    async def aclose(self) -> None:
        pass


def changed(**changes: object) -> Policy:
    return msgspec.structs.replace(POLICY, **changes)
