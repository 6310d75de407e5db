"""A port that speaks TLS and nothing else: who is told so, and who is let in."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
import structlog.testing
import trio
import trio.testing

from tests.certificates import client_context, write_certificate
from tests.server.rig import Peer, Rig, changed, running
from trio_chat.server.tls import TlsContext
from trio_chat.wire.proxy import V2_SIGNATURE

LINE = "ERROR :Closing link (This port speaks TLS only)"
BELIEVING = changed(proxies=(ip_network("10.0.0.0/24"),))
HEADER = b"PROXY TCP4 192.0.2.7 10.0.0.1 56324 6667\r\n"
BINARY = V2_SIGNATURE + b"\x20\x00\x00\x00"
"""A header of the gateway's own."""


@pytest.fixture(scope="module")
def only(tmp_path_factory: pytest.TempPathFactory) -> TlsContext:
    directory = tmp_path_factory.mktemp("server")
    write_certificate(directory)
    return TlsContext(directory / "cert.pem", directory / "key.pem", only=True)


async def encrypted(peer: Peer) -> Peer:
    """Return the peer as it speaks inside TLS."""
    stream = trio.SSLStream(peer.stream, client_context(), server_hostname="irc.test")
    await stream.do_handshake()
    return Peer(stream, peer.connection)


async def ended(rig: Rig, peer: Peer) -> list[str]:
    """Return what a peer is told until it has been sent away, as nobody that the core has met."""
    lines = await peer.rest()
    peer.stream.socket.close() if isinstance(peer.stream, trio.SocketStream) else None
    await rig.alone(0)
    assert rig.connected == []
    return lines


@pytest.mark.parametrize(
    "data",
    [
        b"NICK al\r\nUSER al 0 * :x\r\n",
        b"al\n",
        b"a",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"PROXIES\r\n",
        b"\r\nNICK al\r\n",
    ],
)
async def test_who_does_not_begin_with_tls_is_told_so_at_once(
    only: TlsContext, data: bytes, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        peer = await rig.connect(tls=only)
        with structlog.testing.capture_logs() as logs:
            await peer.send(data)
            assert await peer.line() == LINE
        assert trio.current_time() == 0
        assert [log["reason"] for log in logs] == ["no TLS"]
        assert await ended(rig, peer) == []


async def test_an_empty_line_may_be_a_header_for_a_moment(
    only: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        peer = await rig.connect(tls=only)
        await peer.send(b"\r\n")
        assert await peer.line() == LINE
        assert trio.current_time() == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("handshake", "registration", "seconds"), [(10.0, 60.0, 10), (10.0, 5.0, 5)]
)
@pytest.mark.parametrize("data", [b"", b"PROX", BINARY])
async def test_who_is_silent_is_asked_for_nothing_and_has_little_time(
    only: TlsContext,
    data: bytes,
    handshake: float,
    registration: float,
    seconds: float,
    autojump_clock: trio.abc.Clock,
) -> None:
    policy = changed(
        handshake_timeout=handshake,
        registration_timeout=registration,
        proxies=BELIEVING.proxies,
    )
    async with running() as rig:
        peer = await rig.connect(tls=only, policy=policy)
        await peer.send(data)
        assert await peer.line() == LINE
        assert trio.current_time() == pytest.approx(seconds)
        assert await ended(rig, peer) == []


@pytest.mark.parametrize("data", [b"", b"\r\n", b"PROXY"])
async def test_who_hangs_up_first(
    only: TlsContext, data: bytes, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        peer = await rig.connect(tls=only)
        await peer.send(data)
        assert isinstance(peer.stream, trio.SocketStream)
        await peer.stream.send_eof()
        assert await ended(rig, peer) == ([LINE] if data else [])
        assert trio.current_time() < 0.3


@pytest.mark.parametrize("header", [b"", HEADER, BINARY])
async def test_inside_tls_it_is_the_same_chat(
    only: TlsContext, header: bytes, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        irc, person = [await rig.connect(tls=only, policy=BELIEVING) for _ in range(2)]
        for peer in (irc, person):
            await peer.send(header)
        # ClientHellos may come late: nothing is sent before them.
        await trio.sleep(9)
        irc, person = [await encrypted(peer) for peer in (irc, person)]
        await irc.register("al", "JOIN #lobby")
        assert "Type a nickname" in await person.line()
        await person.send(b"bo\nhello\n")
        assert (await irc.until("PRIVMSG #lobby :hello"))[-1].startswith(":bo!")
        address = "192.0.2.7" if header == HEADER else "10.0.0.1"
        assert [(one.address, one.secure) for one in rig.connected] == [(address, True)] * 2


@pytest.mark.parametrize(
    ("data", "trusted", "line"),
    [
        (HEADER + b"NICK al\r\n", True, LINE),
        (BINARY + b"al\n", True, LINE),
        (HEADER + HEADER, True, "ERROR :Closing link (A PROXY header comes first, and once)"),
        (
            HEADER,
            False,
            "ERROR :Closing link (No PROXY header is believed from your address)",
        ),
    ],
)
async def test_a_header_is_for_tls_only_too(
    only: TlsContext, data: bytes, trusted: bool, line: str, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        peer = await rig.connect(tls=only, policy=BELIEVING if trusted else changed())
        await peer.send(data)
        assert await peer.line() == line
        assert await ended(rig, peer) == []


async def test_a_crowd_of_the_silent_does_not_count_among_those_to_be_asked(
    only: TlsContext, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        for _ in range(12):
            await rig.connect(tls=only)
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert rig.hub.door.silent == 0
