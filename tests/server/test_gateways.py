"""Who connects for others: PROXY headers, and users whom a gateway has moved."""

from __future__ import annotations

import ssl
from ipaddress import ip_address, ip_network
from pathlib import Path

import argon2
import pytest
import structlog.testing
import trio
import trio.testing

from tests.certificates import client_context, write_certificate, write_self_signed
from tests.server.rig import Peer, changed, running
from tests.server.test_run import NAME, eventually, read_all, read_until
from tests.server.test_run import running as serving
from trio_chat.core.bans import Ban
from trio_chat.core.state import User
from trio_chat.server.run import Server
from trio_chat.server.tls import TlsContext
from trio_chat.wire.proxy import V2_SIGNATURE

BELIEVING = changed(proxies=(ip_network("10.0.0.0/24"),))
LINE = b"PROXY TCP4 192.0.2.7 10.0.0.1 56324 6667\r\n"
BINARY = (
    V2_SIGNATURE
    + b"\x21\x21\x00\x24"
    + ip_address("2001:db8::7").packed
    + ip_address("::1").packed
    + b"\xdc\x04\x1a\x0b"
)
LOCAL = V2_SIGNATURE + b"\x20\x00\x00\x00"
REGISTER = b"NICK al\r\nUSER al 0 * :x\r\n"


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (LINE, "192.0.2.7"),
        (BINARY, "2001:db8::7"),
        (LOCAL, "10.0.0.1"),
        (b"PROXY UNKNOWN\r\n", "10.0.0.1"),
        (b"", "10.0.0.1"),
    ],
)
@pytest.mark.parametrize("cut", [1, 7, 1000])
async def test_what_follows_the_header_is_told_anew(
    header: bytes, address: str, cut: int, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        irc, person = [await rig.connect(policy=BELIEVING) for _ in range(2)]
        for peer, rest in ((irc, REGISTER + b"JOIN #lobby\r\n"), (person, b"bo\nhello\n")):
            data = header + rest
            for start in range(0, len(data), cut):
                await peer.send(data[start : start + cut])
                await trio.testing.wait_all_tasks_blocked()
            await trio.testing.wait_all_tasks_blocked()
        lines = await irc.until("PRIVMSG #lobby :hello")
        assert f":al!~al@{address} JOIN #lobby" in lines
        assert lines[-1] == f":bo!~bo@{address} PRIVMSG #lobby :hello"
        assert [(one.address, one.host, one.plain) for one in rig.connected] == [
            (address, address, False),
            (address, address, True),
        ]


@pytest.mark.parametrize("header", [LINE, BINARY])
async def test_who_says_nothing_after_the_header_is_asked(
    header: bytes, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        peer = await rig.connect(policy=BELIEVING)
        await peer.send(header)
        assert "Type a nickname" in await peer.line()


async def test_tls_behind_a_header(tmp_path: Path, autojump_clock: trio.abc.Clock) -> None:
    write_certificate(tmp_path)
    context = TlsContext(tmp_path / "cert.pem", tmp_path / "key.pem")
    print_ = write_self_signed(tmp_path / "client.pem")
    client = client_context()
    client.load_cert_chain(tmp_path / "client.pem")
    async with running() as rig:
        peer = await rig.connect(policy=BELIEVING, tls=context)
        await peer.send(LINE)
        stream = trio.SSLStream(peer.stream, client, server_hostname="irc.test")
        await Peer(stream, peer.connection).register("al")
        assert [(one.address, one.certfp, one.secure) for one in rig.connected] == [
            ("192.0.2.7", print_, True)
        ]
        # Inside TLS there is no place for a header: it would be the client's.
        inner = await rig.connect(policy=BELIEVING, tls=context)
        stream = trio.SSLStream(inner.stream, client_context(), server_hostname="irc.test")
        await stream.send_all(LINE)
        assert b"(A PROXY header comes first, and once)\r\n" in await stream.receive_some()


@pytest.mark.parametrize("header", [LINE, BINARY])
@pytest.mark.parametrize("cut", [0, 3, 14, -1])
async def test_tls_in_one_packet_with_its_header(
    tmp_path: Path, header: bytes, cut: int, autojump_clock: trio.abc.Clock
) -> None:
    write_certificate(tmp_path)
    context = TlsContext(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with running() as rig:
        peer = await rig.connect(policy=BELIEVING, tls=context)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = client_context().wrap_bio(incoming, outgoing, server_hostname="irc.test")
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        data = header + outgoing.read()
        for piece in (data[: cut % len(header)], data[cut % len(header) :]):
            await peer.stream.send_all(piece)
            await trio.testing.wait_all_tasks_blocked()
        incoming.write(await peer.stream.receive_some())
        client.do_handshake()
        client.write(REGISTER)
        await peer.stream.send_all(outgoing.read())
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert [(one.address, one.secure) for one in rig.connected] == [
            ("192.0.2.7" if header is LINE else "2001:db8::7", True)
        ]


@pytest.mark.parametrize(
    ("data", "proxies", "reason"),
    [
        (LINE, (), "No PROXY header is believed from your address"),
        (BINARY, (), "No PROXY header is believed from your address"),
        (LINE + LINE, BELIEVING.proxies, "A PROXY header comes first, and once"),
        (LOCAL + BINARY, BELIEVING.proxies, "A PROXY header comes first, and once"),
        (b"PROXY TCP4 x y 1 2\r\n", BELIEVING.proxies, "Malformed PROXY header"),
        (V2_SIGNATURE + b"\x11\x11\x00\x00", BELIEVING.proxies, "Malformed PROXY header"),
    ],
)
async def test_what_is_not_believed_is_refused(
    data: bytes, proxies: tuple[object, ...], reason: str, autojump_clock: trio.abc.Clock
) -> None:
    async with running() as rig:
        peer = await rig.connect(policy=changed(proxies=proxies))
        with structlog.testing.capture_logs() as logs:
            await peer.send(data + REGISTER)
            await peer.stream.send_eof() if isinstance(
                peer.stream, trio.abc.HalfCloseableStream
            ) else None
            assert await peer.rest() == [f"ERROR :Closing link ({reason})"]
        assert [log["event"] for log in logs] == ["refused"]
        assert rig.connected == []
        await rig.alone(0)


async def test_half_a_header(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        gone, silent = [await rig.connect(policy=BELIEVING) for _ in range(2)]
        began = trio.current_time()
        for peer in (gone, silent):
            await peer.send(BINARY[:-1])
        await gone.stream.aclose()
        await rig.alone(1)
        assert await silent.rest() == ["Goodbye (Not registered within 60 seconds)"]
        assert 59.99 <= trio.current_time() - began <= 63
        await rig.alone(0)


async def test_the_time_to_register_counts_from_before_the_header(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        peer = await rig.connect(policy=BELIEVING)
        began = trio.current_time()
        await trio.sleep(50)
        await peer.send(LINE + b"NICK al\r\n")
        await peer.rest()
        assert trio.current_time() - began <= 63


async def test_who_has_no_time_left_after_the_header_is_told_so(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        peer = await rig.connect(policy=BELIEVING)
        await peer.send(LINE[:-1])
        await trio.sleep(59.9)
        await peer.send(LINE[-1:])
        assert await peer.rest() == ["Goodbye (Not registered within 60 seconds)"]
        assert 59.99 <= trio.current_time() <= 62.1


async def test_flood_control_is_decided_anew(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        gateway = await rig.connect(policy=BELIEVING)
        user = await rig.connect(policy=BELIEVING)
        began = trio.current_time()
        for peer, header, seconds in ((gateway, LOCAL, 0), (user, LINE, 3)):
            await peer.send(header + REGISTER + b"PING x\r\n" * 20)
            for _ in range(20):
                await peer.until("PONG irc.test x")
            assert trio.current_time() - began == pytest.approx(seconds, abs=0.1)


# --- The whole server

GATEWAY = (
    f'{NAME}[[listeners]]\naddress = "127.0.0.1:0"\n[gateways]\nproxy = ["127.0.0.1"]\n'
    "[connections]\nper_address = 1\nexempt = []\n"
)


def from_(address: str) -> bytes:
    return f"PROXY TCP{6 if ':' in address else 4} {address} {address} 1 2\r\n".encode()


async def test_a_gateway_carries_many_and_each_counts_for_themselves(tmp_path: Path) -> None:
    async with serving(tmp_path, GATEWAY) as it:
        # Its own connections, such as health checks.
        own = [await it.connect() for _ in range(3)]
        for stream in own:
            await stream.send_all(b"PING x\r\n")
            await read_until(stream, b"PONG irc.test x")
        for address in ("192.0.2.1", "192.0.2.2", "::ffff:192.0.2.3", "2001:db8::1"):
            stream = await it.connect()
            await stream.send_all(from_(address) + b"PING x\r\n")
            await read_until(stream, b"PONG irc.test x")
        reason = b"ERROR :Closing link (Too many connections from your address)\r\n"
        with structlog.testing.capture_logs() as logs:
            for address in ("192.0.2.1", "192.0.2.3", "2001:db8::2"):
                again = await it.connect()
                await again.send_all(from_(address) + b"PING x\r\n")
                assert await read_all(again) == reason
        assert (logs[0]["event"], logs[0]["address"]) == ("refused", "192.0.2.1")
        # Whose connection has ended may come again, and nothing stays counted.
        await stream.aclose()
        await eventually(lambda: it.server.hub.open == 6)
        stream = await it.connect()
        await stream.send_all(from_("2001:db8::2") + b"PING x\r\n")
        await read_until(stream, b"PONG irc.test x")
        for one in it.streams:
            one.socket.close()
        await eventually(lambda: it.server.hub.open == 0)
        admission = it.server._admission
        assert admission.total == 0
        assert not admission._open


async def test_who_is_in_the_network_of_gateways_counts_when_spoken_for(tmp_path: Path) -> None:
    text = GATEWAY.replace('["127.0.0.1"]', '["127.0.0.0/8"]')
    async with serving(tmp_path, text) as it:
        for answer in (b"PONG irc.test x", b"Too many connections from your address"):
            stream = await it.connect()
            await stream.send_all(from_("127.0.0.9") + b"PING x\r\n")
            await read_until(stream, answer)


def ban_on(network: str) -> Ban:
    return Ban(target=network, network=ip_network(network), reason="spam", by="root", at=0.0)


def user_named(server: Server, name: str) -> User:
    return next(user for user in server.hub.core.state.users.values() if user.nickname == name)


async def test_a_ban_is_on_who_is_spoken_for(tmp_path: Path) -> None:
    async with serving(tmp_path, GATEWAY) as it:
        it.server.hub.core.state.bans.add(ban_on("192.0.2.0/24"))
        banned, other = await it.connect(), await it.connect()
        await banned.send_all(from_("192.0.2.9") + b"PING x\r\n")
        assert await read_all(banned) == b"ERROR :Closing link (You are banned (spam))\r\n"
        await other.send_all(from_("198.51.100.1") + b"PING x\r\n")
        await read_until(other, b"PONG")


async def test_a_ban_on_an_address_is_for_those_who_connect(tmp_path: Path) -> None:
    async with serving(tmp_path, GATEWAY) as it:
        it.server.hub.core.state.bans.add(ban_on("127.0.0.0/8"))
        reason = b"ERROR :Closing link (You are banned (spam))\r\n"
        assert await read_all(await it.connect()) == reason
        assert it.server._admission.total == 0


async def test_a_user_whom_a_gateway_has_moved(tmp_path: Path) -> None:
    text = GATEWAY.replace("[connections]", "[flood]\nexempt = []\n[connections]")
    async with serving(tmp_path, text) as it:
        streams = [await it.connect() for _ in range(3)]
        core = it.server.hub.core
        core.state.bans.add(ban_on("192.0.2.0/24"))
        for stream, name in zip(streams, ("al", "bo", "cy"), strict=True):
            await stream.send_all(f"NICK {name}\r\nUSER x 0 * :x\r\nJOIN #lobby\r\n".encode())
            await read_until(stream, b" 366 ")
        al, bo, cy = streams
        core.context.output.move(user_named(it.server, "al"), "::ffff:198.51.100.1")
        await al.send_all(b"PING x\r\n")
        await read_until(al, b"PONG irc.test x")
        connection = it.server.hub.connections[user_named(it.server, "al").id]
        await eventually(lambda: connection.address == "198.51.100.1")
        assert connection.host == "198.51.100.1"
        # Too many from there now; and nobody is let in from the other network.
        for stream, name, address, reason in (
            (bo, "bo", "198.51.100.1", "Too many connections from your address"),
            (cy, "cy", "192.0.2.9", "You are banned (spam)"),
        ):
            core.context.output.move(user_named(it.server, name), address)
            await stream.send_all(b"PING x\r\n")
            last = (await read_all(stream)).splitlines()[-1]
            assert last == f"ERROR :Closing link ({reason})".encode()
            await read_until(al, f":{name}!~x@127.0.0.1 QUIT :{reason}\r\n".encode())
        await eventually(lambda: it.server.hub.open == 1)
        assert it.server._admission._open == {"198.51.100.1": 1}


async def test_webirc_counts_for_whom_it_speaks(tmp_path: Path) -> None:
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    webirc = f'webirc = [{{ host = ["127.0.0.1"], password = "{hasher.hash("secret")}" }}]'
    text = GATEWAY.replace('proxy = ["127.0.0.1"]', webirc)
    async with serving(tmp_path, text) as it:
        it.server.hub.core.state.bans.add(ban_on("192.0.2.0/24"))
        for number, (address, answer) in enumerate(
            [
                ("198.51.100.1", b" 001 "),
                ("198.51.100.2", b" 001 "),
                ("198.51.100.1", b"(Too many connections from your address)\r\n"),
                ("192.0.2.9", b"(You are banned (spam))\r\n"),
            ]
        ):
            stream = await it.connect()
            await stream.send_all(
                f"WEBIRC secret gate {address} {address}\r\n".encode()
                + f"NICK u{number}\r\nUSER x 0 * :x\r\n".encode()
            )
            await read_until(stream, answer)
            if number >= 2:
                await stream.aclose()
        await eventually(lambda: it.server.hub.open == 2)
        assert it.server._admission._open == {"198.51.100.1": 1, "198.51.100.2": 1}
