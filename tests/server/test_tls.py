"""TLS: who a client shows itself to be, large transfers, how it ends, and what is no TLS."""

from __future__ import annotations

import gc
import socket
import ssl
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import structlog.testing
import trio
import trio.testing
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from OpenSSL import SSL

from tests.certificates import client_context, write_certificate, write_self_signed
from tests.server.rig import Peer, Rig, changed, running
from trio_chat.server.outbox import Outbox
from trio_chat.server.tls import TlsContext, TlsTransport, UnusableError, fingerprint
from trio_chat.server.transport import RECEIVE_SIZE, WantsToSendError
from trio_chat.server.web.site import Site

NOT_WHOLE = b"\x15\x03\x03\x00\x02\x02\x32"
"""A fatal alert, "decode_error" (RFC 8446, section 6.2)."""
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> TlsContext:
    directory = tmp_path_factory.mktemp("server")
    write_certificate(directory)
    return TlsContext(directory / "cert.pem", directory / "key.pem")


class Wire:
    """Our side on one end of a socket, and a client of the standard library's on the other."""

    def __init__(self, context: TlsContext, client: ssl.SSLContext) -> None:
        self.socket, ours = socket.socketpair()
        self.socket.setblocking(False)
        ours.setblocking(False)
        self.ours = ours
        self.server = context.accept(ours)
        self.to_client, self.from_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(self.to_client, self.from_client, server_hostname="irc.test")

    def move(self) -> None:
        """Carry what waits, both ways, as far as it goes."""
        if self.from_client.pending:
            self.socket.sendall(self.from_client.read())
        with suppress(BlockingIOError):
            self.to_client.write(self.socket.recv(1_000_000))

    def handshake(self) -> None:
        sides: list[Callable[[], None]] = [self.client.do_handshake, self.server.handshake_now]
        while sides:
            for side in list(sides):
                try:
                    side()
                except (ssl.SSLWantReadError, trio.WouldBlock):
                    pass
                else:
                    sides.remove(side)
                self.move()

    def write(self, data: bytes) -> None:
        """Have the client say something."""
        assert self.client.write(data) == len(data)
        self.move()

    def read(self, size: int) -> bytes:
        """Return so much of what the client is told."""
        data = b""
        while len(data) < size:
            try:
                data += self.client.read(size)
            except ssl.SSLWantReadError:
                self.move()
        return data

    def close(self) -> None:
        self.ours.close()
        self.socket.close()


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    wires: list[Wire] = []
    yield wires
    for wire in wires:
        wire.close()


Connect = Callable[..., Wire]


@pytest.fixture
def wire_to(context: TlsContext, wires: list[Wire]) -> Connect:
    """Make a wire, with the handshake done if it is not said otherwise."""

    def connect(client: ssl.SSLContext | None = None, *, handshake: bool = True) -> Wire:
        wire = Wire(context, client or client_context())
        wires.append(wire)
        if handshake:
            wire.handshake()
        return wire

    return connect


# --- Who it is


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("expired", [False, True])
def test_any_certificate_is_an_identity(
    tmp_path: Path, wire_to: Connect, version: ssl.TLSVersion, expired: bool
) -> None:
    print_ = write_self_signed(tmp_path / "client.pem", expired=expired)
    client = client_context(version)
    client.load_cert_chain(tmp_path / "client.pem")
    wire = wire_to(client)
    assert fingerprint(wire.server.certificate) == print_
    assert wire.server.version == wire.client.version()
    assert wire.server.server_hostname == "irc.test"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_certificate_is_not_needed(wire_to: Connect, version: ssl.TLSVersion) -> None:
    wire = wire_to(client_context(version))
    assert wire.server.certificate is None
    assert fingerprint(None) == ""


def test_a_chain_of_strangers_is_fine(tmp_path: Path, wire_to: Connect) -> None:
    write_certificate(tmp_path)
    client = client_context()
    client.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    der = ssl.PEM_cert_to_DER_cert(
        (tmp_path / "cert.pem").read_text().partition("-----END")[0] + "-----END CERTIFICATE-----\n"
    )
    assert wire_to(client).server.certificate == der


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_core_is_told_the_fingerprint(
    tmp_path: Path,
    context: TlsContext,
    version: ssl.TLSVersion,
    autojump_clock: trio.abc.Clock,
) -> None:
    print_ = write_self_signed(tmp_path / "client.pem")
    known = client_context(version)
    known.load_cert_chain(tmp_path / "client.pem")
    async with running() as rig:
        for client in (known, client_context(version)):
            peer = await connect(rig, context, client)
            await peer.register("al")
            await peer.send("QUIT")
            await peer.rest()
        plain = await rig.irc("bo")
        await plain.barrier()
        assert [one.certfp for one in rig.connected] == [print_, "", ""]
        assert [one.secure for one in rig.connected] == [True, True, False]


def test_nothing_is_resumed(wire_to: Connect) -> None:
    for version in VERSIONS:
        client = client_context(version)
        first = wire_to(client)
        first.server.send_now(b"x")
        assert first.read(1) == b"x"
        second = wire_to(client, handshake=False)
        second.client = client.wrap_bio(
            second.to_client,
            second.from_client,
            server_hostname="irc.test",
            session=first.client.session,
        )
        second.handshake()
        assert second.client.session_reused is False


# --- Bytes


async def connect(
    rig: Rig,
    context: TlsContext,
    client: ssl.SSLContext | None = None,
    *,
    web: Site | None = None,
) -> Peer:
    """Connect with TLS, up to the end of the handshake."""
    peer = await rig.connect(tls=context, policy=changed(sendq=10_000_000), web=web)
    stream = trio.SSLStream(peer.stream, client or client_context(), server_hostname="irc.test")
    await stream.do_handshake()
    return Peer(stream, peer.connection)


@pytest.mark.parametrize("version", VERSIONS)
def test_large_transfers_both_ways(wire_to: Connect, version: ssl.TLSVersion) -> None:
    wire = wire_to(client_context(version))
    data = bytes(range(256)) * 10_000
    received, sent = b"", 0
    while len(received) < len(data):
        # What did not go out goes on where that ended.
        sent += wire.server.send_now(memoryview(data)[sent:])
        wire.move()
        with suppress(ssl.SSLWantReadError):
            while True:
                received += wire.client.read(100_000)
    assert received == data
    assert sent == len(data)
    for start in range(0, len(data), 50_000):
        piece = data[start : start + 50_000]
        wire.write(piece)
        received = b""
        while len(received) < len(piece):
            received += wire.server.read_now()
        assert received == piece
    with pytest.raises(trio.WouldBlock):
        wire.server.read_now()


def test_what_is_said_in_two_records_is_read_in_two_turns(wire_to: Connect) -> None:
    wire = wire_to()
    wire.client.write(b"1" * RECEIVE_SIZE)
    wire.client.write(b"2")
    wire.move()
    assert wire.server.read_now() == b"1" * RECEIVE_SIZE
    # The rest is where a poller sees it, and not in OpenSSL.
    assert wire.ours.recv(1, socket.MSG_PEEK)
    assert wire.server.read_now() == b"2"


def test_one_small_push_is_one_record(wire_to: Connect) -> None:
    wire = wire_to()
    wire.server.send_now(b"before\r\n")
    assert wire.read(8) == b"before\r\n"
    wire.server.send_now(b"one\r\ntwo\r\n")
    record = wire.socket.recv(1000)
    # "application_data", and how long it is (RFC 8446, section 5.1).
    assert record[0] == 23
    assert int.from_bytes(record[3:5], "big") == len(record) - 5


async def test_an_outbox_over_tls_finishes_the_record_that_it_has_begun(
    wire_to: Connect,
) -> None:
    wire = wire_to()
    wire.ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    last = b"ERROR :the last line\r\n"
    reasons: list[str] = []

    def give_up(reason: str) -> bytes:
        reasons.append(reason)
        return last

    received = b""
    async with trio.open_nursery() as nursery:
        outbox = Outbox(wire.server, nursery, limit=50_000, deadline=30, grace=5, give_up=give_up)
        for number in range(1000):
            outbox.push(b"%06d %s\r\n" % (number, b"x" * 500))
        assert reasons == ["SendQ exceeded"]
        with trio.fail_after(60):
            while not received.endswith(last):
                await trio.lowlevel.wait_readable(wire.socket)
                wire.move()
                with suppress(ssl.SSLWantReadError):
                    while True:
                        received += wire.client.read(100_000)
    lines = received.removesuffix(last).splitlines()
    # Those that went out, in order and whole, and nothing else.
    assert lines == [b"%06d %s" % (number, b"x" * 500) for number in range(len(lines))]


async def test_nothing_is_sent_over_a_descriptor_that_is_closed(wire_to: Connect) -> None:
    wire = wire_to()
    wire.server.abort()
    # Whoever is next gets the same number.
    other, end = socket.socketpair()
    with other, end:
        with pytest.raises(trio.ClosedResourceError):
            wire.server.send_now(b"not for you")
        for one in (other, end):
            one.setblocking(False)
            with pytest.raises(BlockingIOError):
                one.recv(100)
        with pytest.raises(trio.ClosedResourceError):
            wire.server.read_now()


async def test_large_transfers_both_ways_at_once(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        al = await connect(rig, context)
        await al.register("al", "JOIN #lobby")
        bo = await connect(rig, context)
        await bo.register("bo", "JOIN #lobby")
        lines = [f"PRIVMSG #lobby :{number} {'x' * 400}" for number in range(2000)]
        async with trio.open_nursery() as nursery:
            for peer in (al, bo):
                nursery.start_soon(partial(peer.send, *lines, "PING end"))
                nursery.start_soon(peer.until, "PONG irc.test end")
        for peer in (al, bo):
            await peer.send("PRIVMSG #lobby :done")
        assert (await al.until("PRIVMSG #lobby :done"))[-1].startswith(":bo!")


@pytest.mark.parametrize("version", VERSIONS)
def test_what_comes_with_the_end_of_the_handshake_is_not_lost(
    wire_to: Connect, version: ssl.TLSVersion
) -> None:
    wire = wire_to(client_context(version), handshake=False)
    with pytest.raises(ssl.SSLWantReadError):
        wire.client.do_handshake()
    wire.move()
    with pytest.raises(trio.WouldBlock):
        wire.server.handshake_now()
    wire.move()
    if version is ssl.TLSVersion.TLSv1_3:
        wire.client.do_handshake()
        # The end of the handshake and the first line leave as one.
        wire.write(b"NICK al\r\n")
        wire.server.handshake_now()
    else:
        wire.handshake()
        wire.write(b"NICK al\r\n")
    assert wire.server.read_now() == b"NICK al\r\n"


# --- The end


async def test_the_last_line_and_then_a_close_notify(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        al = await connect(rig, context)
        await al.register("al")
        await al.send("QUIT :bye")
        assert await al.line() == "ERROR :Closing link (Quit: bye)"
        # Without a close_notify this would raise.
        assert await al.stream.receive_some() == b""
        await rig.alone(0)


async def test_a_client_that_closes_in_order(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        bo = await rig.irc("bo", "JOIN #lobby")
        al = await connect(rig, context)
        await al.send("al", b"passed")
        await bo.until("JOIN")
        await al.stream.aclose()
        lines = await bo.until("QUIT")
        assert [line.split(" ", 1)[1] for line in lines] == [
            "PRIVMSG #lobby :passed",
            "QUIT :Connection closed",
        ]
        await rig.alone(1)


async def test_a_client_that_just_disappears(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        bo = await rig.irc("bo", "JOIN #lobby")
        al = await connect(rig, context)
        await al.send("al", b"half a li")
        await bo.until("JOIN")
        assert isinstance(al.stream, trio.SSLStream)
        assert isinstance(al.stream.transport_stream, trio.SocketStream)
        await al.stream.transport_stream.send_eof()
        # Half a line may be the half that somebody on the way has left of it.
        assert await bo.line() == ":al!~al@10.0.0.1 QUIT :Connection closed"
        await rig.alone(1)


async def test_a_client_that_sends_nonsense_after_the_handshake(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        al = await connect(rig, context)
        await al.register("al")
        assert isinstance(al.stream, trio.SSLStream)
        await al.stream.transport_stream.send_all(b"PRIVMSG #lobby :in the open\r\n")
        await rig.alone(0)
        assert rig.core.state.users == {}


async def test_who_says_the_end_and_listens_is_told_that_it_is_over(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    to_client, from_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context().wrap_bio(to_client, from_client, server_hostname="irc.test")
    async with running() as rig:
        peer = await rig.connect(tls=context)
        while True:
            with suppress(ssl.SSLWantReadError):
                client.do_handshake()
                break
            await peer.stream.send_all(from_client.read())
            to_client.write(await peer.stream.receive_some())
        client.write(b"NICK al\r\nUSER al 0 * :Al\r\nPING last\r\n")
        with suppress(ssl.SSLWantReadError):
            client.unwrap()
        await peer.stream.send_all(from_client.read())
        while data := await peer.stream.receive_some():
            to_client.write(data)
        received = b""
        with suppress(ssl.SSLZeroReturnError):
            while data := client.read(10_000):
                received += data
        assert received.endswith(
            b":irc.test PONG irc.test last\r\nERROR :Closing link (Connection closed)\r\n"
        )
        await rig.alone(0)


async def test_the_end_is_half_an_end(wire_to: Connect) -> None:
    wire = wire_to()
    # What has come in already does not keep our own end from being said.
    wire.write(b"one more")
    await wire.server.send_eof()
    wire.move()
    assert wire.client.read(100) == b""
    with suppress(ssl.SSLWantReadError):
        wire.client.unwrap()
    wire.move()
    with trio.fail_after(60):
        # Up to the end of the socket, whatever stands there.
        wire.socket.shutdown(socket.SHUT_WR)
        await wire.server.swallow()


def test_a_connection_that_is_cut_is_told_from_one_that_is_closed(wire_to: Connect) -> None:
    closed, cut, reset = wire_to(), wire_to(), wire_to()
    with suppress(ssl.SSLWantReadError):
        closed.client.unwrap()
    closed.move()
    for _ in range(2):
        assert closed.server.read_now() == b""
    cut.socket.close()
    with pytest.raises(trio.BrokenResourceError, match=r"^$"):
        cut.server.read_now()
    reset.server.send_now(b"nobody reads this")
    reset.socket.close()
    with pytest.raises(trio.BrokenResourceError, match="Connection reset by peer"):
        reset.server.read_now()


def test_the_failure_of_one_is_not_found_by_the_next(wire_to: Connect) -> None:
    healthy, gone = wire_to(), wire_to()
    gone.socket.close()
    with pytest.raises(trio.BrokenResourceError, match="Broken pipe"):
        gone.server.send_now(b"x")
    with pytest.raises(trio.WouldBlock):
        healthy.server.read_now()
    # Nor by the connection itself: what it finds is its own.
    with pytest.raises(trio.BrokenResourceError, match="unknown error"):
        gone.server.send_now(b"x")


# --- What is refused


def test_there_is_no_renegotiation(context: TlsContext) -> None:
    theirs, ours = socket.socketpair()
    with theirs, ours:
        theirs.setblocking(False)
        ours.setblocking(False)
        client = SSL.Connection(SSL.Context(SSL.TLSv1_2_METHOD), theirs)
        client.set_connect_state()
        server = context.accept(ours)
        for _ in range(2):
            with suppress(SSL.WantReadError):
                client.do_handshake()
            with suppress(trio.WouldBlock):
                server.handshake_now()
        client.do_handshake()
        assert client.renegotiate()
        with pytest.raises(SSL.WantReadError):
            client.do_handshake()
        with pytest.raises(trio.WouldBlock):
            server.read_now()
        with pytest.raises(SSL.Error, match="no renegotiation"):
            client.do_handshake()


@pytest.mark.parametrize(
    ("data", "error", "alert"),
    [
        (b"\x16\x03\x01\x00\x05hello", "unexpected message", (0x15, 2)),
        (b"\x16\x99\x99" + bytes(500), "wrong version number", (0x15, 2)),
        (b"\x16" + b"x" * 1000, "wrong version number", (0x15, 2)),
    ],
)
async def test_garbage_is_told_so_and_closed(
    context: TlsContext,
    data: bytes,
    error: str,
    alert: tuple[int, ...],
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        peer = await rig.connect(tls=context)
        with structlog.testing.capture_logs() as logs:
            await peer.stream.send_all(data)
            received = b""
            while more := await peer.stream.receive_some():
                received += more
        assert [(log["reason"], log["error"]) for log in logs] == [("TLS handshake", error)]
        # A fatal alert, and not a word more.
        assert tuple(received[:1] + received[5:6]) == alert
        assert len(received) == 7
        await rig.alone(0)


async def test_a_version_that_is_too_old_is_told_so(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    # A ClientHello of TLS 1.1, with one cipher and no extensions.
    hello = b"\x03\x02" + bytes(32) + b"\x00" + b"\x00\x02\x00\x2f" + b"\x01\x00"
    record = b"\x01" + len(hello).to_bytes(3, "big") + hello
    async with running() as rig:
        peer = await rig.connect(tls=context)
        await peer.stream.send_all(b"\x16\x03\x01" + len(record).to_bytes(2, "big") + record)
        # "protocol_version" (RFC 8446, section 6.2).
        assert (await peer.stream.receive_some())[-2:] == bytes((2, 70))
        await rig.alone(0)


async def test_who_hangs_up_during_the_handshake(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        peer = await rig.connect(tls=context)
        with structlog.testing.capture_logs() as logs:
            await peer.stream.send_all(b"\x16\x03\x01")
            await trio.testing.wait_all_tasks_blocked()
            await peer.stream.aclose()
            await rig.alone(0)
        assert [(log["reason"], log["error"]) for log in logs] == [
            ("TLS handshake", "the peer hung up")
        ]


async def test_a_handshake_has_a_deadline(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        peer = await rig.connect(tls=context)
        began = trio.current_time()
        await peer.stream.send_all(b"\x16\x03\x01")
        assert await peer.stream.receive_some() == NOT_WHOLE
        assert trio.current_time() - began == pytest.approx(10)
        assert await peer.rest() == []
        await rig.alone(0)


def _finish(client: ssl.SSLObject) -> None:
    """Take what has come: with TLS 1.3, the handshake is over for the client before the end of
    it has come."""
    client.do_handshake()
    client.read(1)


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_alert_is_written_as_the_peer_reads_it(
    version: ssl.TLSVersion, context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    to_client, from_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context(version).wrap_bio(to_client, from_client, server_hostname="irc.test")
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    async with running() as rig:
        peer = await rig.connect(tls=context)
        # All of our part of it is there, and the client says nothing any more.
        await peer.stream.send_all(from_client.read())
        while data := await peer.stream.receive_some():
            to_client.write(data)
        with pytest.raises(ssl.SSLError, match="ALERT_DECODE_ERROR"):
            _finish(client)
        await rig.alone(0)


@pytest.mark.parametrize("version", VERSIONS)
async def test_who_has_no_time_left_after_the_handshake_is_told_so(
    version: ssl.TLSVersion, context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    to_client, from_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context(version).wrap_bio(to_client, from_client, server_hostname="irc.test")
    received = b""
    async with running() as rig:
        peer = await rig.connect(tls=context, policy=changed(registration_timeout=5))
        with structlog.testing.capture_logs() as logs:
            for seconds in (0, 7):
                with suppress(ssl.SSLWantReadError):
                    client.do_handshake()
                await trio.sleep(seconds)
                await peer.stream.send_all(from_client.read())
                to_client.write(await peer.stream.receive_some())
            while data := await peer.stream.receive_some():
                to_client.write(data)
        client.do_handshake()
        with suppress(ssl.SSLZeroReturnError):
            while data := client.read(1000):
                received += data
        assert received == b"Goodbye (Not registered within 5 seconds)\r\n"
        assert [log["reason"] for log in logs] == ["silence"]
        await rig.alone(0)


async def test_waiting_for_a_turn_makes_nobody_late(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        async with rig.hub.door.turn, trio.open_nursery() as nursery:
            peers = [await rig.connect(tls=context) for _ in range(3)]
            streams = [
                trio.SSLStream(peer.stream, client_context(), server_hostname="irc.test")
                for peer in peers
            ]
            for stream in streams:
                nursery.start_soon(stream.do_handshake)
            # Longer than a handshake and registering may take together.
            await trio.sleep(100)
            rig.hub.door.turn.release()
            await trio.sleep(1)
            assert not nursery.child_tasks
            await rig.hub.door.turn.acquire()
        for number, (stream, peer) in enumerate(zip(streams, peers, strict=True)):
            await Peer(stream, peer.connection).register(f"al{number}")


async def test_nothing_is_said_into_a_handshake(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        peer = await rig.connect(tls=context)
        await peer.stream.send_all(b"\x16\x03\x01")
        await trio.testing.wait_all_tasks_blocked()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rig.hub.shut_down, "Server shutting down")
            # But an alert.
            assert await peer.stream.receive_some() == NOT_WHOLE
            assert await peer.rest() == []


async def test_who_may_be_late_with_tls_is_not_asked(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        late = await rig.connect(tls=context)
        person = await rig.connect(tls=context)
        await trio.sleep(2.9)
        await trio.SSLStream(
            late.stream, client_context(), server_hostname="irc.test"
        ).do_handshake()
        assert "Type a nickname" in await person.line()
        assert trio.current_time() == pytest.approx(3, abs=0.01)


async def test_a_silent_crowd_is_asked_late(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        crowd = [await rig.connect(tls=context) for _ in range(12)]
        await trio.sleep(14)
        for late in crowd[:4]:
            await trio.SSLStream(
                late.stream, client_context(), server_hostname="irc.test"
            ).do_handshake()
        # Now there are few enough.
        assert "Type a nickname" in await crowd[-1].line()
        assert trio.current_time() == pytest.approx(15, abs=0.1)


async def test_a_client_that_wants_new_keys(
    context: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    """Reading may have to send something first, and what sends may keep it from that."""

    class Sulking(TlsTransport):
        __slots__ = ("refused",)

        def read_now(self) -> bytes:
            if not hasattr(self, "refused"):
                self.refused = True
                raise WantsToSendError
            return super().read_now()

    wire = Wire(context, client_context())
    try:
        wire.handshake()
        wire.write(b"hello")
        sulking = Sulking(wire.ours, wire.server._tls, wire.server._steps)
        assert await sulking.receive() == b"hello"
        assert trio.current_time() == pytest.approx(0.1)
    finally:
        wire.close()


# --- What stays


def test_nothing_stays_of_a_connection(context: TlsContext) -> None:
    gone: list[weakref.ref[object]] = []
    for _ in range(3):
        wire = Wire(context, client_context())
        wire.handshake()
        gone += [weakref.ref(wire.server._tls), weakref.ref(wire.ours)]
        wire.close()
        del wire
    gc.collect()
    assert [one() for one in gone] == [None] * len(gone)


# --- Files


def test_files_that_can_not_be_used(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    other = tmp_path / "other.pem"
    with pytest.raises(UnusableError, match="No such file or directory"):
        TlsContext(other, key)
    with pytest.raises(UnusableError, match="No such file or directory"):
        TlsContext(certificate, other)
    write_certificate(tmp_path, "unused.pem", "other.pem")
    with pytest.raises(UnusableError, match="key values mismatch"):
        TlsContext(certificate, other)
    other.write_text("nonsense")
    with pytest.raises(UnusableError, match="there is no key in PEM that can be used"):
        TlsContext(certificate, other)
    with pytest.raises(UnusableError, match="no start line"):
        TlsContext(other, key)
    other.write_bytes(
        x25519.X25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    with pytest.raises(UnusableError, match="of a kind that TLS does not use"):
        TlsContext(certificate, other)
