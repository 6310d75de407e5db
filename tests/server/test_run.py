"""The whole server in this process, on real sockets: TLS, signals, reloading, shutdown."""

from __future__ import annotations

import errno
import grp
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from io import StringIO
from pathlib import Path

import argon2
import pytest
import structlog.testing
import trio
from cryptography.hazmat.primitives import serialization

from tests.certificates import client_context, write_certificate
from trio_chat.config import ConfigError, Override, TcpAddress, UnixAddress, load
from trio_chat.server import run
from trio_chat.server.errors import StartError
from trio_chat.server.listeners import Endpoint, open_endpoints
from trio_chat.server.run import Server, banner, serve


class Running:
    def __init__(self, server: Server, out: StringIO) -> None:
        self.server = server
        self.out = out
        self.streams: list[trio.SocketStream] = []

    async def connect(self, place: int = 0) -> trio.SocketStream:
        address = self.server.endpoints[place].address
        if isinstance(address, UnixAddress):
            stream = await trio.open_unix_socket(address.path)
        else:
            stream = await trio.open_tcp_stream(address.host, address.port)
        self.streams.append(stream)
        return stream


@asynccontextmanager
async def running(tmp_path: Path, text: str, *listen: str) -> AsyncIterator[Running]:
    """Serve with this configuration; the file can be changed, and read again with SIGHUP."""
    path = tmp_path / "chat.toml"
    path.write_text(text)
    overrides = [Override(flag="--listen", key="listeners", value=list(listen))] if listen else []
    reload = partial(load, path, {}, overrides)
    out = StringIO()
    async with trio.open_nursery() as nursery:
        start = partial(serve, reload(), reload=reload, out=out)
        server = await nursery.start(start)
        it = Running(server, out)
        try:
            yield it
        finally:
            for stream in it.streams:
                stream.socket.close()
            nursery.cancel_scope.cancel()


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until something is so that only real signals and sockets can bring about."""
    with trio.fail_after(10):
        while not condition():  # noqa: ASYNC110 - there is nothing to wait on
            await trio.sleep(0.01)


async def read_until(stream: trio.abc.ReceiveStream, what: bytes) -> bytes:
    data = b""
    with trio.fail_after(10):
        while what not in data:
            more = await stream.receive_some()
            if not more:
                break
            data += more
    assert what in data
    return data


async def read_all(stream: trio.abc.ReceiveStream) -> bytes:
    data = b""
    with trio.fail_after(10):
        try:
            while more := await stream.receive_some():
                data += more
        except trio.BrokenResourceError:
            pass
    return data


NAME = '[server]\nname = "irc.test"\n'
PLAIN = f'{NAME}[[listeners]]\naddress = "127.0.0.1:0"\n'


async def test_ipv4_ipv6_and_unix_sockets_are_the_same_chat(tmp_path: Path) -> None:
    text = f'{PLAIN}[[listeners]]\naddress = "[::1]:0"\n[[listeners]]\naddress = "unix:chat.sock"\n'
    async with running(tmp_path, text) as it:
        streams = [await it.connect(place) for place in range(3)]
        names = ("four", "six", "unix")
        for stream, name in zip(streams, names, strict=True):
            await stream.send_all(f"NICK {name}\r\nUSER x 0 * :x\r\nJOIN #lobby\r\n".encode())
            await read_until(stream, b" 366 ")
        await streams[2].send_all(b"WHO #lobby\r\nPRIVMSG #lobby :hello\r\n")
        who = await read_until(streams[2], b" 315 ")
        assert b" ~x 127.0.0.1 irc.test four " in who
        assert b" ~x 0::1 irc.test six " in who
        assert b" ~x localhost irc.test unix " in who
        for stream in streams[:2]:
            await read_until(stream, b":unix!~x@localhost PRIVMSG #lobby :hello\r\n")
        lines = it.out.getvalue().splitlines()
        assert lines[0].startswith("Listening on 127.0.0.1:")
        assert lines[1].startswith("Listening on [::1]:")
        assert lines[2] == f"Listening on unix:{tmp_path / 'chat.sock'}"
    assert not (tmp_path / "chat.sock").exists()


def tls_text(tmp_path: Path) -> str:
    write_certificate(tmp_path)
    return (
        f'{NAME}[[listeners]]\naddress = "127.0.0.1:0"\n'
        'tls = { certificate = "cert.pem", key = "key.pem" }\n'
    )


def only_tls(text: str) -> str:
    return text.replace('key = "key.pem"', 'key = "key.pem", only = true')


async def connect_tls(it: Running) -> trio.SSLStream[trio.SocketStream]:
    stream = trio.SSLStream(await it.connect(), client_context(), server_hostname="irc.test")
    await stream.do_handshake()
    return stream


async def test_tls_with_irc_and_people_inside_and_without_it(tmp_path: Path) -> None:
    async with running(tmp_path, tls_text(tmp_path)) as it:
        assert "with TLS for those who begin with it" in it.out.getvalue()
        irc = await connect_tls(it)
        await irc.send_all(b"NICK al\r\nUSER al 0 * :x\r\nJOIN #lobby\r\nWHOIS al\r\n")
        assert b" 671 al al :is using a secure connection\r\n" in await read_until(irc, b" 318 ")
        person = await connect_tls(it)
        # Inside TLS too, who waits is asked, and may say it byte by byte.
        await read_until(person, b"Type a nickname to join #lobby:\r\n")
        for byte in b"bo\r\nhello\r\n":
            await person.send_all(bytes([byte]))
        await read_until(irc, b":bo!~bo@127.0.0.1 PRIVMSG #lobby :hello\r\n")
        open_text = await it.connect()
        await open_text.send_all(b"cy\nme too\n")
        await read_until(irc, b":cy!~cy@127.0.0.1 PRIVMSG #lobby :me too\r\n")
        await irc.send_all(b"QUIT\r\n")
        assert (await read_all(irc)).endswith(b"ERROR :Closing link (Quit: )\r\n")


async def test_a_port_of_tls_only_and_what_is_said_of_it(tmp_path: Path) -> None:
    text = tls_text(tmp_path)
    async with running(tmp_path, only_tls(text)) as it:
        address = it.server.endpoints[0].address
        assert isinstance(address, TcpAddress)
        assert it.out.getvalue().splitlines() == [
            f"Listening on {address}, TLS only",
            "Connect with any of these:",
            f"  openssl s_client -quiet -connect {address}",
            f"  trio-chat client {address} --tls",
            f"  an IRC client, such as: irssi, and there /connect -tls 127.0.0.1 {address.port}",
        ]
        inside = await connect_tls(it)
        await inside.send_all(b"PING x\r\n")
        await read_until(inside, b"PONG irc.test x\r\n")
        outside = await it.connect()
        await outside.send_all(b"PING x\r\n")
        reason = b"ERROR :Closing link (This port speaks TLS only)\r\n"
        assert await read_all(outside) == reason
        # That can change with the certificate.
        (tmp_path / "chat.toml").write_text(text)
        assert await it.server.reload() == ""
        outside = await it.connect()
        await outside.send_all(b"PING x\r\n")
        await read_until(outside, b"PONG irc.test x\r\n")


async def test_a_unix_socket_of_tls_only(tmp_path: Path) -> None:
    text = only_tls(tls_text(tmp_path)).replace("127.0.0.1:0", "unix:chat.sock")
    async with running(tmp_path, text) as it:
        path = tmp_path / "chat.sock"
        lines = it.out.getvalue().splitlines()
        assert lines[0] == f"Listening on unix:{path}, TLS only"
        assert lines[2:] == [f"  openssl s_client -quiet -unix {path}"]


async def test_large_output_over_tls_arrives_whole(tmp_path: Path) -> None:
    async with running(tmp_path, tls_text(tmp_path)) as it:
        stream = await connect_tls(it)
        await stream.send_all(
            b"NICK al\r\nUSER al 0 * :x\r\n" + b"HELP\r\n" * 300 + b"PING end\r\n"
        )
        data = await read_until(stream, b"PONG irc.test end\r\n")
        assert data.count(b" 706 ") == 300


async def test_the_last_line_arrives_though_the_client_goes_on_sending(tmp_path: Path) -> None:
    async with running(tmp_path, tls_text(tmp_path)) as it:
        for connect in (it.connect, partial(connect_tls, it)):
            stream = await connect()
            await stream.send_all(b"NICK al\r\nUSER al 0 * :x\r\nQUIT :bye\r\n")
            await eventually(lambda: not it.server.hub.connections)
            # Closed with this unread, the connection would be reset, and the line lost.
            for _ in range(20):
                await stream.send_all(b"PING x\r\n" * 2000)
                await trio.sleep(0.001)
            assert (await read_all(stream)).endswith(b"ERROR :Closing link (Quit: bye)\r\n")


async def test_a_handshake_that_fails_and_one_that_never_ends(tmp_path: Path) -> None:
    text = tls_text(tmp_path) + "[connections]\nhandshake_timeout = 0.2\n"
    async with running(tmp_path, text) as it:
        with structlog.testing.capture_logs() as logs:
            for data in (b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x01"):
                stream = await it.connect()
                await stream.send_all(data)
                await read_all(stream)
        assert [log["reason"] for log in logs] == ["TLS handshake", "TLS handshake deadline"]
        healthy = await connect_tls(it)
        await healthy.send_all(b"PING x\r\n")
        await read_until(healthy, b"PONG irc.test x\r\n")


async def test_many_handshakes_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, tls_text(tmp_path)) as it:
        registered: list[bytes] = []
        context = client_context()

        async def come(number: int) -> None:
            stream = trio.SSLStream(await it.connect(), context, server_hostname="irc.test")
            await stream.send_all(b"NICK u%d\r\nUSER x 0 * :x\r\nPING x\r\n" % number)
            registered.append(await read_until(stream, b"PONG irc.test x\r\n"))

        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(come, number)
        assert len(registered) == 100


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_a_client_asks_for_new_keys(tmp_path: Path) -> None:
    async with running(tmp_path, tls_text(tmp_path)) as it:
        (endpoint,) = it.server.endpoints
        command = ["openssl", "s_client", "-tls1_3", "-connect", str(endpoint.address)]
        process = await trio.lowlevel.open_process(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            await process.stdin.send_all(b"NICK al\nUSER al 0 * :x\n")
            await read_until(process.stdout, b" 422 ")
            for number in range(3):
                # A line that begins so has the program ask for new keys, both ways.
                await process.stdin.send_all(b"K\n")
                await read_until(process.stdout, b"KEYUPDATE")
                await process.stdin.send_all(b"PING %d\n" % number)
                await read_until(process.stdout, b"PONG irc.test %d" % number)
        finally:
            process.kill()
            await process.wait()
            await process.stdin.aclose()
            await process.stdout.aclose()


async def test_sighup_rereads_configuration_and_certificates(tmp_path: Path) -> None:
    text = tls_text(tmp_path)
    async with running(tmp_path, text) as it:
        first = (await connect_tls(it)).getpeercert(binary_form=True)
        old = await connect_tls(it)
        write_certificate(tmp_path)
        (tmp_path / "motd.txt").write_text("Fresh paint\n")
        (tmp_path / "chat.toml").write_text(text.replace(NAME, f'{NAME}motd = "motd.txt"\n'))
        with structlog.testing.capture_logs() as logs:
            os.kill(os.getpid(), signal.SIGHUP)
            await eventually(lambda: logs)
        assert [log["event"] for log in logs] == ["reread the configuration"]
        assert (await connect_tls(it)).getpeercert(binary_form=True) != first
        # Who is connected stays connected.
        await old.send_all(b"NICK al\r\nUSER al 0 * :x\r\n")
        await read_until(old, b" 372 al :- Fresh paint\r\n")


@pytest.mark.parametrize(
    ("broken", "said"),
    [("[server]\nnmae = 1\n", "server.nmae"), ("[[listeners]\n", "chat.toml")],
)
async def test_a_broken_configuration_is_reported_and_the_old_one_stays(
    tmp_path: Path, broken: str, said: str
) -> None:
    async with running(tmp_path, PLAIN) as it:
        (tmp_path / "chat.toml").write_text(broken)
        with structlog.testing.capture_logs() as logs:
            fault = await it.server.reload()
        assert [log["event"] for log in logs] == ["kept the old configuration"]
        assert said in fault
        assert said in logs[0]["error"]
        stream = await it.connect()
        await stream.send_all(b"PING x\r\n")
        await read_until(stream, b"PONG irc.test x\r\n")


async def test_an_operator_rereads_the_configuration(tmp_path: Path) -> None:
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    text = f'{PLAIN}[[operators]]\nname = "root"\npassword = "{hasher.hash("secret")}"\n'
    path = tmp_path / "chat.toml"
    async with running(tmp_path, text) as it:
        al = await it.connect()
        await al.send_all(
            b"NICK al\r\nUSER al 0 * :x\r\nCAP REQ standard-replies\r\nCAP END\r\n"
            b"OPER root secret\r\n"
        )
        await read_until(al, b" 381 ")
        path.write_text("[server]\nnmae = 1\nname = 5\n")
        await al.send_all(b"REHASH\r\nPING x\r\n")
        said = await read_until(al, b"PONG irc.test x\r\n")
        # Every fault, in one line.
        (line,) = [line for line in said.splitlines() if b" FAIL REHASH " in line]
        assert b"server.nmae is not a known key" in line
        assert b"; " in line
        # The answer comes when what it is about is in force.
        (tmp_path / "motd.txt").write_text("Fresh paint\n")
        path.write_text(text.replace(NAME, f'{NAME}motd = "motd.txt"\n'))
        await al.send_all(b"REHASH\r\nMOTD\r\n")
        said = await read_until(al, b" 376 ")
        assert b" 382 " in said
        assert b" FAIL " not in said
        assert b":- Fresh paint" in said


async def test_new_limits_are_for_new_connections_and_new_listeners_for_a_restart(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, PLAIN) as it:
        (tmp_path / "chat.toml").write_text(
            f'{NAME}[[listeners]]\naddress = "127.0.0.1:1"\n[connections]\ntotal = 1\n'
        )
        first = await it.connect()
        await first.send_all(b"PING x\r\n")
        await read_until(first, b"PONG")
        with structlog.testing.capture_logs() as logs:
            await it.server.reload()
        assert "listeners have changed, which takes a restart" in [log["event"] for log in logs]
        second = await it.connect()
        assert await read_all(second) == b"ERROR :Closing link (Too many connections)\r\n"


async def test_limits_for_one_address(tmp_path: Path) -> None:
    text = f"{PLAIN}[connections]\nper_address = 2\nexempt = []\n"
    async with running(tmp_path, text) as it:
        reason = b"ERROR :Closing link (Too many connections from your address)\r\n"
        with structlog.testing.capture_logs() as logs:
            streams = [await it.connect() for _ in range(3)]
            assert await read_all(streams[2]) == reason
        assert [log["event"] for log in logs] == ["refused"]
        await streams[0].aclose()
        await eventually(lambda: it.server.hub.open == 1)
        await (await it.connect()).send_all(b"PING x\r\n")


async def test_running_out_of_descriptors_is_survived(tmp_path: Path) -> None:
    async with running(tmp_path, PLAIN) as it:
        endpoint = it.server.endpoints[0]

        class Exhausted(socket.socket):
            __slots__ = ()
            times = 0

            def accept(self) -> tuple[socket.socket, object]:
                Exhausted.times += 1
                if Exhausted.times == 1:
                    raise OSError(errno.EMFILE, "Too many open files")
                return super().accept()

        endpoint.socket.__class__ = Exhausted
        with structlog.testing.capture_logs() as logs:
            stream = await it.connect()
            await stream.send_all(b"PING x\r\n")
            await read_until(stream, b"PONG irc.test x\r\n")
        assert [log["event"] for log in logs] == ["can not accept connections"]


def has_queued(server: Server) -> bool:
    return any(one.outbox.queued for one in server.hub.connections.values())


async def test_sigterm_ends_in_order_although_somebody_does_not_read(tmp_path: Path) -> None:
    async with running(
        tmp_path, f"{PLAIN}[connections]\ndrain_timeout = 0.5\n[limits]\nsendq = 100000000\n"
    ) as it:
        reader, stuck = await it.connect(), await it.connect()
        await reader.send_all(b"al\n")
        await read_until(reader, b"You are in")
        await stuck.send_all(b"NICK bo\r\nUSER bo 0 * :x\r\nJOIN #lobby\r\n")
        await read_until(reader, b"bo joined")
        await reader.send_all((b"x" * 400 + b"\n") * 20_000)
        await eventually(lambda: has_queued(it.server))
        with structlog.testing.capture_logs() as logs:
            os.kill(os.getpid(), signal.SIGTERM)
            assert (await read_all(reader)).endswith(b"Goodbye (Server shutting down)\r\n")
            await eventually(lambda: len(logs) == 2)
        assert [log["event"] for log in logs] == [
            "shutting down",
            "some clients did not read to the end",
        ]


async def close_at_end(stream: trio.SocketStream) -> None:
    """Close without reading, once the server has."""
    await stream.wait_send_all_might_not_block()
    stream.socket.close()


async def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    text = f"{PLAIN}[connections]\ndrain_timeout = 1000\n[limits]\nsendq = 100000000\n"
    path = tmp_path / "chat.toml"
    path.write_text(text)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            reload = partial(load, path, {})
            server = await nursery.start(partial(serve, reload(), reload=reload, out=StringIO()))
            stuck = await trio.open_tcp_stream("127.0.0.1", server.endpoints[0].address.port)
            await stuck.send_all(b"bo\n")
            loud = await trio.open_tcp_stream("127.0.0.1", server.endpoints[0].address.port)
            await loud.send_all(b"al\n" + (b"x" * 400 + b"\n") * 20_000)
            await eventually(lambda: has_queued(server))
            with structlog.testing.capture_logs() as logs:
                os.kill(os.getpid(), signal.SIGTERM)
                await eventually(lambda: logs)
            os.kill(os.getpid(), signal.SIGINT)
            nursery.start_soon(close_at_end, stuck)
            nursery.start_soon(close_at_end, loud)
    # `serve` has returned, although nobody has read and there were 1000 seconds for it.


# --- Starting


async def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path = tmp_path / "chat.toml"
        path.write_text(f'[[listeners]]\naddress = "127.0.0.1:{port}"\n')
        config = load(path, {})
        with pytest.raises(StartError) as caught:
            await serve(config, reload=lambda: config, out=StringIO())
        assert str(caught.value) == f"can not listen on 127.0.0.1:{port}: address already in use"


async def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text(tls_text(tmp_path))
    config = load(path, {})
    (tmp_path / "cert.pem").write_text("nonsense")
    with pytest.raises(StartError) as caught:
        await open_endpoints(config.listeners[0])
    assert str(caught.value).startswith(f"can not use the certificate {tmp_path / 'cert.pem'} with")


async def test_a_unix_socket_left_over_is_replaced_but_one_in_use_is_not(tmp_path: Path) -> None:
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "chat.sock"))
    stale.close()
    async with running(tmp_path, f'{NAME}[[listeners]]\naddress = "unix:chat.sock"\n') as it:
        assert f"nc -U {tmp_path / 'chat.sock'}" in it.out.getvalue()
        config = load(tmp_path / "chat.toml", {})
        with pytest.raises(StartError, match="in use"):
            await open_endpoints(config.listeners[0])
        (tmp_path / "file.sock").write_text("precious")
        other = load(tmp_path / "chat.toml", {"TRIO_CHAT_LISTENERS": f"unix:{tmp_path}/file.sock"})
        with pytest.raises(StartError, match="in use"):
            await open_endpoints(other.listeners[0])
        assert (tmp_path / "file.sock").read_text() == "precious"


def unix_text(*more: str) -> str:
    return "\n".join([f'{NAME}[[listeners]]\naddress = "unix:chat.sock"', *more])


def another_group() -> int:
    """Return a group that this process may give a file to, if it can be another than its own."""
    if os.geteuid() == 0:
        return 54_321
    return next((group for group in os.getgroups() if group != os.getegid()), os.getegid())


async def test_a_unix_socket_has_its_mode_and_group_before_anybody_can_connect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[os.stat_result] = []

    class Observed(socket.socket):
        __slots__ = ()

        def listen(self, backlog: int = 0, /) -> None:
            found.append((tmp_path / "chat.sock").stat())
            super().listen(backlog)

    monkeypatch.setattr(socket, "socket", Observed)
    group = another_group()
    path = tmp_path / "chat.toml"
    path.write_text(unix_text('mode = "0662"', f'group = "{group}"'))
    # Whatever the umask takes away.
    before = os.umask(0o077)
    try:
        (endpoint,) = await open_endpoints(load(path, {}).listeners[0])
    finally:
        os.umask(before)
    endpoint.close()
    (status,) = found
    assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o662, group)


@pytest.mark.parametrize("group", ["no-such-group", "4294967295", "99999999999"])
async def test_a_group_that_there_is_not(tmp_path: Path, group: str) -> None:
    path = tmp_path / "chat.toml"
    path.write_text(unix_text(f'group = "{group}"'))
    with pytest.raises(StartError) as caught:
        await open_endpoints(load(path, {}).listeners[0])
    place = f"unix:{tmp_path / 'chat.sock'}"
    assert str(caught.value) == f'can not listen on {place}: there is no group "{group}"'
    assert not (tmp_path / "chat.sock").exists()


async def test_a_group_has_a_name(tmp_path: Path) -> None:
    try:
        name = grp.getgrgid(os.getegid()).gr_name
    except KeyError:
        pytest.skip("this process's group has no name")
    path = tmp_path / "chat.toml"
    path.write_text(unix_text(f'group = "{name}"'))
    (endpoint,) = await open_endpoints(load(path, {}).listeners[0])
    assert (tmp_path / "chat.sock").stat().st_gid == os.getegid()
    endpoint.close()


async def test_a_group_that_the_socket_may_not_be_given_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chown(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chown", chown)
    path = tmp_path / "chat.toml"
    path.write_text(unix_text('group = "0"'))
    with pytest.raises(StartError) as caught:
        await open_endpoints(load(path, {}).listeners[0])
    place = f"unix:{tmp_path / 'chat.sock'}"
    assert str(caught.value) == f'can not give {place} to the group "0": operation not permitted'
    assert not (tmp_path / "chat.sock").exists()


async def test_another_mode_takes_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path, unix_text('mode = "0600"')) as it:
        (tmp_path / "chat.toml").write_text(unix_text('mode = "0660"'))
        with structlog.testing.capture_logs() as logs:
            await it.server.reload()
        assert "listeners have changed, which takes a restart" in [log["event"] for log in logs]


async def test_a_motd_that_has_gone_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "motd.txt").write_text("hello")
    path = tmp_path / "chat.toml"
    path.write_text(f'{NAME}motd = "motd.txt"\n[[listeners]]\naddress = "127.0.0.1:0"\n')
    config = load(path, {})
    (tmp_path / "motd.txt").unlink()
    with pytest.RaisesGroup(ConfigError, flatten_subgroups=True):
        await serve(config, reload=lambda: config, out=StringIO())


async def test_the_banner_shows_an_address_that_one_can_connect_to(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text('[[listeners]]\naddress = "0.0.0.0:0"\n')
    endpoints = await open_endpoints(load(path, {}).listeners[0])
    address = endpoints[0].address
    assert isinstance(address, TcpAddress)
    try:
        assert banner(endpoints).splitlines() == [
            f"Listening on 0.0.0.0:{address.port}",
            "Connect with any of these:",
            f"  nc 127.0.0.1 {address.port}",
            f"  trio-chat client 127.0.0.1:{address.port}",
            f"  an IRC client, such as: irssi -c 127.0.0.1 -p {address.port}",
            "From elsewhere, with this host's name or address in place of 127.0.0.1.",
        ]
    finally:
        for endpoint in endpoints:
            endpoint.close()


async def open_all(tmp_path: Path, *addresses: str) -> list[Endpoint]:
    path = tmp_path / "chat.toml"
    path.write_text("".join(f'[[listeners]]\naddress = "{address}"\n' for address in addresses))
    return [
        endpoint
        for listener in load(path, {}).listeners
        for endpoint in await open_endpoints(listener)
    ]


@pytest.mark.parametrize("address", ["*:0", ":0"])
async def test_every_address_is_one_port_of_ipv4_and_of_ipv6(tmp_path: Path, address: str) -> None:
    async with running(tmp_path, f'{NAME}[[listeners]]\naddress = "{address}"\n') as it:
        (port,) = {endpoint.socket.getsockname()[1] for endpoint in it.server.endpoints}
        for host in ("127.0.0.1", "::1"):
            stream = await trio.open_tcp_stream(host, port)
            it.streams.append(stream)
            await stream.send_all(b"PING x\r\n")
            await read_until(stream, b"PONG irc.test x\r\n")
        lines = it.out.getvalue().splitlines()
        assert lines[:3] == [
            f"Listening on *:{port}, every address of IPv4 and IPv6",
            "Connect with any of these:",
            f"  nc 127.0.0.1 {port}",
        ]
        # Both are taken now.
        for host in ("0.0.0.0", "[::]", "*"):
            with pytest.raises(StartError, match=f":{port}: address already in use"):
                await open_all(tmp_path, f"{host}:{port}")


async def test_a_port_that_somebody_has_in_the_other_family_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    class Contended(socket.socket):
        """Somebody has the first free port that is found, and only in IPv6."""

        __slots__ = ()

        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            asked.append(address)
            if len(asked) == 2:
                raise OSError(errno.EADDRINUSE, "Address already in use")
            super().bind(address)

    monkeypatch.setattr(socket, "socket", Contended)
    endpoints = await open_all(tmp_path, "*:0")
    monkeypatch.undo()
    ports = [endpoint.socket.getsockname()[1] for endpoint in endpoints]
    for endpoint in endpoints:
        endpoint.close()
    assert [host for host, _ in asked] == ["0.0.0.0", "::"] * 2
    assert asked[0][1] == asked[2][1] == 0
    assert ports == [asked[3][1]] * 2


@pytest.mark.parametrize("there", [socket.AF_INET, socket.AF_INET6])
async def test_every_address_where_there_is_only_one_family(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: socket.AddressFamily
) -> None:
    class Half(socket.socket):
        __slots__ = ()

        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            if self.family != there:
                raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
            super().bind(address)

    monkeypatch.setattr(socket, "socket", Half)
    endpoints = await open_all(tmp_path, "*:0")
    monkeypatch.undo()
    (endpoint,) = endpoints
    try:
        port = endpoint.socket.getsockname()[1]
        family = "IPv4" if there is socket.AF_INET else "IPv6"
        lines = banner(endpoints).splitlines()
        assert lines[0] == f"Listening on *:{port}, every address of {family}"
    finally:
        endpoint.close()


async def test_no_address_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nowhere(socket.socket):
        __slots__ = ()

        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

    monkeypatch.setattr(socket, "socket", Nowhere)
    with pytest.raises(StartError) as caught:
        await open_all(tmp_path, "*:0")
    assert str(caught.value) == "can not listen on *:0: cannot assign requested address"


def test_the_descriptor_limit_is_raised_as_far_as_it_goes() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert run.raise_descriptor_limit() == hard
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard


async def test_a_key_with_a_password_is_an_error_and_no_question(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text(tls_text(tmp_path))
    config = load(path, {})
    key = serialization.load_pem_private_key((tmp_path / "key.pem").read_bytes(), None)
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(StartError, match="can not use the certificate"):
        await open_endpoints(config.listeners[0])
    with pytest.raises(ConfigError, match="not encrypted"):
        load(path, {})


async def test_a_very_long_ping_after_lets_everybody_in(tmp_path: Path) -> None:
    text = f"{PLAIN}[connections]\nping_after = 40000.0\nping_timeout = 86000.0\n"
    async with running(tmp_path, text) as it:
        stream = await it.connect()
        await stream.send_all(b"PING x\r\n")
        await read_until(stream, b"PONG irc.test x\r\n")


async def test_a_place_is_taken_until_the_connection_is_closed(tmp_path: Path) -> None:
    text = f"{PLAIN}[connections]\ntotal = 2\ndrain_timeout = 60.0\n[limits]\nsendq = 100000000\n"
    async with running(tmp_path, text) as it:
        stuck, loud = await it.connect(), await it.connect()
        await stuck.send_all(b"bo\n")
        await read_until(stuck, b"In #lobby")
        await loud.send_all(b"al\n")
        await read_until(stuck, b"al joined")
        await loud.send_all((b"x" * 400 + b"\n") * 20_000)
        await eventually(lambda: has_queued(it.server))
        await stuck.send_eof()
        await eventually(lambda: len(it.server.hub.connections) == 1)
        # It is nobody in the chat any more, and still owns a descriptor.
        assert (
            await read_all(await it.connect()) == b"ERROR :Closing link (Too many connections)\r\n"
        )
