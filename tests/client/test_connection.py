"""Making and leaving connections: real sockets and TLS, and exceptions that come out bare."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trustme
from trio.testing import MockClock, memory_stream_pair

from tests.client.peer import LABELS, Peer, conversation, loopback
from trio_chat.client import ConnectionLost, NoAnswer, Refused, connect, connect_over
from trio_chat.client.connection import Options, is_private


async def test_a_real_connection() -> None:
    async with loopback() as (port, peer):
        async with connect("127.0.0.1", port, nick="me", timeout=60) as chat:
            assert chat.nick == "me"
            assert chat.capabilities == set(LABELS.split())
            await chat.join("#lobby")
            await chat.say("#lobby", "hi")
        await peer().heard("QUIT")


async def test_what_the_body_raises_comes_out_bare() -> None:
    async with loopback() as (port, peer):
        with pytest.raises(KeyError, match="mine"):
            async with connect("127.0.0.1", port, nick="me"):
                raise KeyError("mine")
        # And the server has heard a goodbye.
        await peer().heard("QUIT")


async def test_groups_of_the_body_are_not_taken_apart() -> None:
    group = ExceptionGroup("mine", [ValueError(1), KeyError(2)])
    async with loopback() as (port, _):
        with pytest.raises(ExceptionGroup) as caught:
            async with connect("127.0.0.1", port, nick="me"):
                raise group
        assert caught.value is group


async def test_a_cancelled_body_says_goodbye() -> None:
    async with loopback() as (port, peer):
        with trio.CancelScope() as scope:
            async with connect("127.0.0.1", port, nick="me"):
                scope.cancel()
                await trio.sleep_forever()
        assert scope.cancelled_caught
        await peer().heard("QUIT")


async def test_a_cancelled_body_that_fails() -> None:
    async def fail(port: int, scope: trio.CancelScope) -> None:
        async with connect("127.0.0.1", port, nick="me"):
            scope.cancel()
            try:
                await trio.sleep_forever()
            finally:
                raise ValueError("mine")

    async with loopback() as (port, _):
        with trio.CancelScope() as scope, pytest.raises(ValueError, match="mine"):
            await fail(port, scope)


async def test_a_deadline_around_the_body(autojump_clock: MockClock) -> None:
    ours, theirs = memory_stream_pair()

    async def listen() -> None:
        with trio.fail_after(3):
            async with connect_over(ours, nick="me") as chat:
                async for _ in chat:
                    pass

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Peer(theirs).serve)
        with pytest.raises(trio.TooSlowError):
            await listen()


async def test_leaving_after_the_server_has_gone() -> None:
    async with conversation(serve=False) as (chat, peer):
        await trio.aclose_forcefully(peer.stream)
        with pytest.raises(ConnectionLost):
            await chat.barrier()


async def test_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(ConnectionLost, match=f"127.0.0.1:{port}: connection refused"):
            async with connect("127.0.0.1", port, nick="me"):
                pytest.fail("connected")


async def test_no_such_address() -> None:
    with pytest.raises(ConnectionLost, match=r"can not connect to \[1:2:3\]:1: "):
        async with connect("1:2:3", 1, nick="me"):
            pytest.fail("connected")


@pytest.mark.parametrize("host", ["foo..bar", ".foo", "x" * 64, "é" * 60, "☃.example"])
@pytest.mark.parametrize("tls", [False, True])
async def test_what_can_not_be_a_host(host: str, tls: bool) -> None:
    with pytest.raises(ConnectionLost) as caught:
        async with connect(host, 1, nick="me", tls=tls):
            pytest.fail("connected")
    assert str(caught.value) == f"can not connect to {host!r}: that is not a host"


async def test_a_nickname_that_is_taken() -> None:
    ours, theirs = memory_stream_pair()
    peer = Peer(theirs)

    async def refuse() -> None:
        await peer.expect("CAP LS 302", "NICK me", "USER me 0 * me")
        await peer.send(":s 433 * me :Nickname is already in use")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(refuse)
        with pytest.raises(Refused, match="me: Nickname is already in use"):
            async with connect_over(ours, nick="me"):
                pytest.fail("registered")


async def test_a_server_that_hangs_up() -> None:
    ours, theirs = memory_stream_pair()
    peer = Peer(theirs)
    await peer.send("ERROR :You are banned")
    with pytest.raises(ConnectionLost, match="You are banned"):
        async with connect_over(ours, nick="me"):
            pytest.fail("registered")
    ours, theirs = memory_stream_pair()
    await trio.aclose_forcefully(theirs)
    with pytest.raises(ConnectionLost, match=r"the connection broke|closed the connection"):
        async with connect_over(ours, nick="me"):
            pytest.fail("registered")


async def test_a_server_that_says_nothing(autojump_clock: MockClock) -> None:
    ours, _ = memory_stream_pair()
    with pytest.raises(NoAnswer, match="does not complete the registration"):
        async with connect_over(ours, nick="me", timeout=3):
            pytest.fail("registered")
    assert trio.current_time() < 10


async def test_names_that_no_line_can_hold() -> None:
    ours, _ = memory_stream_pair()
    with pytest.raises(ValueError, match="neither a nickname"):
        async with connect_over(ours, nick="a b"):
            pytest.fail("registered")
    with pytest.raises(ValueError, match="can not hold"):
        async with connect_over(ours, nick="me", realname="a\nb"):
            pytest.fail("registered")


@asynccontextmanager
async def tls_server(authority: trustme.CA) -> AsyncIterator[int]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    context.num_tickets = 0

    async def serve(stream: trio.SSLStream[trio.SocketStream]) -> None:
        try:
            await stream.do_handshake()
        except trio.BrokenResourceError:
            return
        await Peer(stream).serve()

    (listener,) = await trio.open_ssl_over_tcp_listeners(0, context, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        transport = listener.transport_listener
        assert isinstance(transport, trio.SocketListener)
        yield transport.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def test_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    async with tls_server(authority) as port:
        async with connect("localhost", port, nick="me", tls=True, ca_file=str(ca_file)) as chat:
            await chat.say("#lobby", "hi")
        async with connect("127.0.0.1", port, nick="me", tls=True, tls_insecure=True) as chat:
            await chat.say("#lobby", "hi")
        context = ssl.create_default_context()
        authority.configure_trust(context)
        async with connect("localhost", port, nick="me", tls=context) as chat:
            await chat.say("#lobby", "hi")
        with pytest.raises(ConnectionLost, match="the certificate of localhost is not to be trust"):
            async with connect("localhost", port, nick="me", tls=True):
                pytest.fail("trusted")


async def test_tls_that_cannot_be() -> None:
    async def serve(stream: trio.SocketStream) -> None:
        await stream.send_all(b"220 mail.example.org\r\n")

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        with pytest.raises(ConnectionLost, match=f"127.0.0.1:{port} does not speak TLS"):
            async with connect("127.0.0.1", port, nick="me", tls=True):
                pytest.fail("no server")
        nursery.cancel_scope.cancel()
    with pytest.raises(ConnectionLost, match="no certificates can be read from nowhere"):
        async with connect("127.0.0.1", port, nick="me", tls=True, ca_file="nowhere"):
            pytest.fail("no file")


async def test_a_server_that_takes_no_tls_greeting() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    async with listener:
        with pytest.raises(NoAnswer, match=f"127.0.0.1:{port} does not answer"):
            async with connect("127.0.0.1", port, nick="me", tls=True, timeout=0.05):
                pytest.fail("no server")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"account": "a b", "account_password": "x"}, "neither a nickname"),
        ({"account": "al", "account_password": ""}, "has a password"),
        ({"account": "al", "account_password": "a\0b"}, "without a NUL"),
        ({"account_password": "x"}, "has a password"),
    ],
)
async def test_accounts_that_can_not_be(options: Options, reason: str) -> None:
    ours, _ = memory_stream_pair()
    with pytest.raises(ValueError, match=reason):
        async with connect_over(ours, nick="me", **options):
            pytest.fail("registered")


async def test_where_a_password_can_be_sent() -> None:
    assert is_private(memory_stream_pair()[0])
    for address in ("127.0.0.1", "::1"):
        try:
            (listener,) = await trio.open_tcp_listeners(0, host=address)
        except OSError:
            continue
        async with listener:
            port = listener.socket.getsockname()[1]
            async with await trio.open_tcp_stream(address, port) as stream:
                assert is_private(stream)
        # Where it leads to is not known any more.
        assert not is_private(stream)
