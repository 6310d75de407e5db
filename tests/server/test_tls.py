"""TLS: who a client shows itself to be, large transfers, how it ends, and what is no TLS."""

from __future__ import annotations

import gc
import ssl
import weakref
from collections.abc import Callable
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
from trio_chat.server.tls import TlsContext, TlsObject, UnusableError, fingerprint

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> TlsContext:
    directory = tmp_path_factory.mktemp("server")
    write_certificate(directory)
    return TlsContext(directory / "cert.pem", directory / "key.pem")


class Wire:
    """A client of the standard library's and our side, with nothing but memory in between."""

    def __init__(self, context: TlsContext, client: ssl.SSLContext) -> None:
        self.to_server, self.from_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.to_client, self.from_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server: TlsObject = context.wrap_bio(self.to_server, self.from_server)
        self.client = client.wrap_bio(self.to_client, self.from_client, server_hostname="irc.test")

    def move(self) -> int:
        """Carry what waits, both ways; return how many bytes that was."""
        there, back = self.from_client.read(), self.from_server.read()
        self.to_server.write(there)
        self.to_client.write(back)
        return len(there) + len(back)

    def handshake(self) -> None:
        sides: list[Callable[[], None]] = [self.client.do_handshake, self.server.do_handshake]
        while sides:
            for side in list(sides):
                try:
                    side()
                except ssl.SSLWantReadError:
                    pass
                else:
                    sides.remove(side)
                self.move()


def write_all(wire: Wire, data: bytes) -> None:
    assert wire.client.write(data) == len(data)
    wire.move()


# --- Who it is


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("expired", [False, True])
def test_any_certificate_is_an_identity(
    tmp_path: Path, context: TlsContext, version: ssl.TLSVersion, expired: bool
) -> None:
    print_ = write_self_signed(tmp_path / "client.pem", expired=expired)
    client = client_context(version)
    client.load_cert_chain(tmp_path / "client.pem")
    wire = Wire(context, client)
    wire.handshake()
    assert fingerprint(wire.server.getpeercert()) == print_
    assert wire.server.version() == wire.client.version()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_certificate_is_not_needed(context: TlsContext, version: ssl.TLSVersion) -> None:
    wire = Wire(context, client_context(version))
    wire.handshake()
    assert wire.server.getpeercert() is None
    assert fingerprint(None) == ""


def test_a_chain_of_strangers_is_fine(tmp_path: Path, context: TlsContext) -> None:
    write_certificate(tmp_path)
    client = client_context()
    client.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    wire = Wire(context, client)
    wire.handshake()
    der = ssl.PEM_cert_to_DER_cert(
        (tmp_path / "cert.pem").read_text().partition("-----END")[0] + "-----END CERTIFICATE-----\n"
    )
    assert wire.server.getpeercert() == der


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


def test_nothing_is_resumed(tmp_path: Path, context: TlsContext) -> None:
    for version in VERSIONS:
        client = client_context(version)
        first = Wire(context, client)
        first.handshake()
        first.server.write(b"x")
        first.move()
        assert first.client.read(1) == b"x"
        second = Wire(context, client)
        second.client = client.wrap_bio(
            second.to_client,
            second.from_client,
            server_hostname="irc.test",
            session=first.client.session,
        )
        second.handshake()
        assert second.client.session_reused is False


# --- Bytes


async def connect(rig: Rig, context: TlsContext, client: ssl.SSLContext | None = None) -> Peer:
    """Connect with TLS, up to the end of the handshake."""
    peer = await rig.connect(tls=context, policy=changed(sendq=10_000_000))
    stream = trio.SSLStream(peer.stream, client or client_context(), server_hostname="irc.test")
    await stream.do_handshake()
    return Peer(stream, peer.connection)


@pytest.mark.parametrize("version", VERSIONS)
def test_large_transfers_both_ways(context: TlsContext, version: ssl.TLSVersion) -> None:
    wire = Wire(context, client_context(version))
    wire.handshake()
    data = bytes(range(256)) * 10_000
    assert wire.server.write(memoryview(data)) == len(data)
    write_all(wire, data)
    for read in (wire.server.read, wire.client.read):
        received = b""
        while len(received) < len(data):
            received += read(100_000)
        assert received == data
    with pytest.raises(ssl.SSLWantReadError):
        wire.server.read(1)


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
    context: TlsContext, version: ssl.TLSVersion
) -> None:
    wire = Wire(context, client_context(version))
    with pytest.raises(ssl.SSLWantReadError):
        wire.client.do_handshake()
    wire.move()
    with pytest.raises(ssl.SSLWantReadError):
        wire.server.do_handshake()
    wire.move()
    if version is ssl.TLSVersion.TLSv1_3:
        wire.client.do_handshake()
        # The end of the handshake and the first line leave as one.
        write_all(wire, b"NICK al\r\n")
        wire.server.do_handshake()
    else:
        wire.handshake()
        write_all(wire, b"NICK al\r\n")
    assert wire.server.read(100) == b"NICK al\r\n"


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
        await al.stream.transport_stream.aclose()
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


def test_the_end_is_half_an_end(context: TlsContext) -> None:
    wire = Wire(context, client_context())
    wire.handshake()
    # What has come in already does not keep our own end from being said.
    write_all(wire, b"one more")
    with pytest.raises(ssl.SSLWantReadError):
        wire.server.unwrap()
    wire.move()
    assert wire.client.read(100) == b""
    wire.client.unwrap()
    wire.move()
    assert wire.server.read(100) == b"one more"
    assert wire.server.read(100) == b""
    wire.server.unwrap()


def test_a_connection_that_is_cut_is_told_from_one_that_is_closed(context: TlsContext) -> None:
    wire = Wire(context, client_context())
    wire.handshake()
    wire.to_server.write_eof()
    with pytest.raises(ssl.SSLEOFError, match="the peer hung up"):
        wire.server.read(100)


# --- What is refused


def test_there_is_no_renegotiation(context: TlsContext) -> None:
    client = SSL.Connection(SSL.Context(SSL.TLSv1_2_METHOD), None)
    client.set_connect_state()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing)

    def carry() -> None:
        with suppress(SSL.WantReadError):
            incoming.write(client.bio_read(100_000))
        if outgoing.pending:
            client.bio_write(outgoing.read())

    with pytest.raises(SSL.WantReadError):
        client.do_handshake()
    carry()
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    carry()
    with pytest.raises(SSL.WantReadError):
        client.do_handshake()
    carry()
    server.do_handshake()
    carry()
    client.do_handshake()
    assert client.renegotiate()
    with pytest.raises(SSL.WantReadError):
        client.do_handshake()
    carry()
    with pytest.raises(ssl.SSLWantReadError):
        server.read(100)
    carry()
    with pytest.raises(SSL.Error, match="no renegotiation"):
        client.do_handshake()


@pytest.mark.parametrize(
    ("data", "error", "alert"),
    [
        (b"\x16\x03\x01\x00\x05hello", "unexpected message", (0x15, 2)),
        # In what is not even a record there is no version to answer in.
        (b"\x16\x99\x99" + bytes(500), "wrong version number", ()),
        (b"\x16" + b"x" * 1000, "wrong version number", ()),
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
        assert len(received) in (0, 7)
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
        assert await peer.rest() == []
        assert trio.current_time() - began == pytest.approx(10)
        await rig.alone(0)


# --- What stays


def test_nothing_stays_of_a_connection(context: TlsContext) -> None:
    gone: list[weakref.ref[object]] = []
    for _ in range(3):
        wire = Wire(context, client_context())
        wire.handshake()
        gone.append(weakref.ref(wire.server))
        gone.append(weakref.ref(wire.server._connection))
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
