"""The whole server in this process, on real sockets: TLS, signals, reloading, shutdown."""

from __future__ import annotations

import datetime as dt
import errno
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from io import StringIO
from pathlib import Path

import argon2
import pytest
import structlog.testing
import trio

from tests.certificates import client_context, write_certificate
from trio_chat.config import Config, ConfigError, Override, UnixAddress, load
from trio_chat.core.events import Said
from trio_chat.core.questions import Place, Wanted
from trio_chat.journal import reading
from trio_chat.journal.blocks import BLOCK
from trio_chat.journal.readers import Deadline
from trio_chat.server import run
from trio_chat.server.errors import StartError
from trio_chat.server.run import Server, serve

LOOPBACK = [{"address": "127.0.0.1:0"}]
PATIENCE = 60.0
"""Seconds after which something will not come any more, however busy the machine is."""


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
    environ = {"XDG_DATA_HOME": str(tmp_path)}
    reload = partial(load, path, environ, overrides)
    out = StringIO()
    async with trio.open_nursery() as nursery:
        start = partial(serve, reload(), reload=partial(reload, again=True), out=out)
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
    with trio.fail_after(PATIENCE):
        while not condition():  # noqa: ASYNC110 - there is nothing to wait on
            await trio.sleep(0.01)


async def read_until(stream: trio.abc.ReceiveStream, what: bytes) -> bytes:
    data = b""
    with trio.fail_after(PATIENCE):
        while what not in data:
            more = await stream.receive_some()
            if not more:
                break
            data += more
    assert what in data
    return data


async def read_all(stream: trio.abc.ReceiveStream) -> bytes:
    """Read to the end, and hang up: the server waits a while for that."""
    data = b""
    with trio.fail_after(PATIENCE):
        try:
            while more := await stream.receive_some():
                data += more
        except trio.BrokenResourceError:
            pass
    await trio.aclose_forcefully(stream)
    return data


NAME = '[server]\nname = "irc.test"\n'
KEPT_OTHERWISE = "what is kept, where or how has changed, which takes a restart"
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


@asynccontextmanager
async def reading_that_hangs() -> AsyncIterator[Running]:
    """Serve with a configuration that can be read once, and then never again."""
    released = threading.Event()

    def hang() -> Config:
        released.wait()
        raise ConfigError(["nobody wants to know any more"])

    overrides = [
        Override(flag="", key="listeners", value=LOOPBACK),
        Override(flag="", key="history.enabled", value=False),
    ]
    config = load(None, {"HOME": "/"}, overrides)
    out = StringIO()
    async with trio.open_nursery() as nursery:
        it = Running(await nursery.start(partial(serve, config, reload=hang, out=out)), out)
        try:
            yield it
        finally:
            released.set()
            for stream in it.streams:
                stream.socket.close()
            nursery.cancel_scope.cancel()


async def test_a_configuration_that_can_not_be_read_to_the_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "RELOAD", 0.2)
    async with reading_that_hangs() as it:
        stream = await it.connect()
        with structlog.testing.capture_logs() as logs:
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGHUP)
                await stream.send_all(b"PING x\r\n")
                await read_until(stream, b" PONG ")
            await eventually(lambda: len(logs) == 2)
        fault = "it could not be read within 0.2 seconds"
        assert [(log["event"], log["error"]) for log in logs] == [
            ("kept the old configuration", fault)
        ] * 2
        assert await it.server.reload() == fault


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
async def test_the_server_ends_in_order_while_a_configuration_is_read(
    number: signal.Signals,
) -> None:
    async with reading_that_hangs() as it:
        stream = await it.connect()
        await stream.send_all(b"PING x\r\n")
        await read_until(stream, b" PONG ")
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), number)
        assert await read_all(stream) == b"ERROR :Closing link (Server shutting down)\r\n"


async def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    async with running(tmp_path, PLAIN) as it:
        path.unlink()
        os.mkfifo(path)
        assert await it.server.reload() == (f"{path}: can not be read: it is not a regular file")
        path.unlink()
        path.write_text(PLAIN)
        assert await it.server.reload() == ""


async def test_a_mistake_of_ours_in_reading_keeps_the_old_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, PLAIN) as it:

        def broken() -> Config:
            raise RuntimeError("a bug")

        monkeypatch.setattr(it.server, "_load", broken)
        with structlog.testing.capture_logs() as logs:
            os.kill(os.getpid(), signal.SIGHUP)
            await eventually(lambda: logs)
        assert [(log["event"], log["exc_info"]) for log in logs] == [
            ("kept the old configuration", True)
        ]
        stream = await it.connect()
        await stream.send_all(b"PING x\r\n")
        await read_until(stream, b" PONG ")


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
async def test_signals_that_mean_nothing(tmp_path: Path, number: signal.Signals) -> None:
    async with running(tmp_path, PLAIN) as it:
        stream = await it.connect()
        with structlog.testing.capture_logs() as logs:
            os.kill(os.getpid(), number)
            await eventually(lambda: logs)
        assert [(log["event"], log["signal"]) for log in logs] == [
            ("a signal that means nothing here", number.name)
        ]
        await stream.send_all(b"PING x\r\n")
        await read_until(stream, b" PONG ")


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


@pytest.mark.parametrize(
    "changed", [f"{PLAIN}[history]\nenabled = false\n", PLAIN.replace(NAME, f'{NAME}data = ""\n')]
)
async def test_what_is_kept_takes_a_restart(tmp_path: Path, changed: str) -> None:
    async with running(tmp_path, f"{PLAIN}[history]\npage = 7\n") as it:
        (tmp_path / "chat.toml").write_text(changed)
        client = await it.connect()
        with structlog.testing.capture_logs() as logs:
            await it.server.reload()
        assert KEPT_OTHERWISE in [log["event"] for log in logs]
        await client.send_all(b"NICK al\r\nUSER al 0 * :al\r\n")
        assert b" CHATHISTORY=1000 " in await read_until(client, b" 422 ")
        settings = it.server.hub.core.settings
        assert (settings.durable, settings.history) == (True, True)
        assert settings.accounts is not None


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
                if Exhausted.times <= 5:
                    raise OSError(errno.EMFILE, "Too many open files")
                return super().accept()

        endpoint.socket.__class__ = Exhausted
        with structlog.testing.capture_logs() as logs:
            stream = await it.connect()
            await stream.send_all(b"PING x\r\n")
            await read_until(stream, b"PONG irc.test x\r\n")
        # Tried ten times a second, and said once in a second.
        assert [(log["log_level"], log["event"], log["reason"], log["times"]) for log in logs] == [
            ("error", "can not accept connections", "Too many open files", 1)
        ]
        assert Exhausted.times > 5


def has_queued(server: Server) -> bool:
    return any(one.outbox.queued for one in server.hub.connections.values())


async def test_sigterm_ends_in_order_although_somebody_does_not_read(tmp_path: Path) -> None:
    async with running(
        tmp_path, f"{PLAIN}[connections]\ndrain_timeout = 2\n[limits]\nsendq = 100000000\n"
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
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            reload = partial(load, path, {"XDG_DATA_HOME": str(tmp_path)})
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


async def test_a_motd_that_has_gone_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "motd.txt").write_text("hello")
    path = tmp_path / "chat.toml"
    path.write_text(f'{NAME}motd = "motd.txt"\n[[listeners]]\naddress = "127.0.0.1:0"\n')
    config = load(path, {"XDG_DATA_HOME": str(tmp_path)})
    (tmp_path / "motd.txt").unlink()
    with pytest.RaisesGroup(ConfigError, flatten_subgroups=True):
        await serve(config, reload=lambda: config, out=StringIO())


async def test_a_certificate_that_has_expired_is_named_with_the_date(tmp_path: Path) -> None:
    text = tls_text(tmp_path)
    end = dt.datetime(2020, 5, 1, 12, tzinfo=dt.UTC)
    said = f"the certificate {tmp_path / 'cert.pem'} has expired: it was valid until 2020-05-01 "
    with structlog.testing.capture_logs() as logs:
        async with running(tmp_path, text) as it:
            assert "warning" not in [log["log_level"] for log in logs]
            write_certificate(tmp_path, begin=end - dt.timedelta(days=90), end=end)
            assert await it.server.reload() == ""
        async with running(tmp_path, text):
            pass
    assert [log["event"] for log in logs if log["log_level"] == "warning"] == [
        f"{said}12:00:00 UTC"
    ] * 2


async def test_it_is_said_where_only_the_operator_can_make_accounts(tmp_path: Path) -> None:
    said = (
        "accounts can be made with `trio-chat accounts add` only, or from accounts.exempt: nobody "
        "else gets in without one, and accounts.before_connect is false"
    )
    required = f"{PLAIN}[accounts]\nrequired = true\n"
    with structlog.testing.capture_logs() as logs:
        async with running(tmp_path, required) as it:
            assert "warning" not in [log["log_level"] for log in logs]
            (tmp_path / "chat.toml").write_text(f"{required}before_connect = false\n")
            assert await it.server.reload() == ""
        async with running(tmp_path, f"{required}before_connect = false\n"):
            pass
        async with running(tmp_path, f'{required}registration = "closed"\n'):
            pass
    assert [log["event"] for log in logs if log["log_level"] == "warning"] == [said] * 2


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


# --- The journal


async def test_what_is_said_is_kept_before_it_is_shown(tmp_path: Path) -> None:
    async with running(tmp_path, PLAIN) as it:
        stream = await it.connect()
        await stream.send_all(b"CAP REQ :echo-message\r\nNICK al\r\nUSER x 0 * :x\r\nCAP END\r\n")
        await stream.send_all(b"JOIN #lobby\r\nPRIVMSG #lobby :remember me\r\n")
        await read_until(stream, b"PRIVMSG #lobby :remember me")
        connection = sqlite3.connect(tmp_path / "trio-chat" / "journal.db")
        page = reading.page(connection, Deadline(60), Wanted(place=Place("#lobby"), limit=5))
        assert [shown.event.irc(0) for shown in page.entries] == [
            ":al!~x@127.0.0.1 PRIVMSG #lobby :remember me"
        ]
        connection.close()


async def test_a_journal_that_can_not_be_used_ends_it_before_it_listens(tmp_path: Path) -> None:
    (tmp_path / "trio-chat").mkdir()
    (tmp_path / "trio-chat" / "journal.db").write_bytes(b"nonsense" * 1000)
    path = tmp_path / "chat.toml"
    path.write_text('[[listeners]]\naddress = "unix:chat.sock"\n')
    config = load(path, {"XDG_DATA_HOME": str(tmp_path)})
    with pytest.raises(StartError, match=r"journal\.db is damaged, or no journal: file is not"):
        await serve(config, reload=lambda: config, out=StringIO())
    assert not (tmp_path / "chat.sock").exists()
    # Nothing holds the directory any more.
    (tmp_path / "trio-chat" / "journal.db").unlink()
    async with running(tmp_path, PLAIN):
        pass


def operated(**keys: str) -> str:
    """Return a configuration with an operator, and with these keys of some sections."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    root = f'[[operators]]\nname = "root"\npassword = "{hasher.hash("secret")}"\n'
    server = PLAIN.replace(NAME, f"{NAME}{keys.pop('server', '')}\n")
    more = "".join(f"[{section}]\n{text}\n" for section, text in keys.items())
    return f"{server}{root}{more}"


async def ban_and_talk(it: Running) -> None:
    """Have an operator ban somebody, set a topic and say something."""
    stream = await it.connect()
    await stream.send_all(
        b"NICK al\r\nUSER x 0 * :x\r\nOPER root secret\r\nKLINE bo!*@* spam\r\nJOIN #lobby\r\n"
        b"TOPIC #lobby :of all\r\nPRIVMSG #lobby :do not keep me\r\nPRIVMSG al :nor me\r\n"
        b"PING x\r\n"
    )
    said = await read_until(stream, b" PONG irc.test x")
    assert b" :bo!*@* is banned for good" in said


async def shown(it: Running, name: bytes) -> bytes:
    """Return what somebody is shown who comes into the lobby and wants to read what was said."""
    stream = await it.connect()
    await stream.send_all(
        b"CAP REQ batch\r\nCAP REQ draft/chathistory\r\nNICK %b\r\nUSER x 0 * :x\r\nCAP END\r\n"
        b"JOIN #lobby\r\nCHATHISTORY LATEST #lobby * 9\r\nPING x\r\n" % name
    )
    with trio.fail_after(PATIENCE):
        data = b""
        while b" PONG irc.test x" not in data and (more := await stream.receive_some()):
            data += more
    return data


async def test_without_history_what_has_to_last_is_kept(tmp_path: Path) -> None:
    text = operated(history="enabled = false")
    async with running(tmp_path, text) as it:
        await ban_and_talk(it)
    for file in (tmp_path / "trio-chat").iterdir():
        assert b"keep me" not in file.read_bytes()
        assert b"nor me" not in file.read_bytes()
    async with running(tmp_path, text) as it:
        assert b" 465 bo :You are banned" in await shown(it, b"bo")
        said = await shown(it, b"cy")
        assert b" 332 cy #lobby :of all\r\n" in said
        assert b" NAK draft/chathistory" in said
        assert b" 421 cy CHATHISTORY :" in said


async def test_what_was_said_before_history_was_switched_off_is_left_and_not_read(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, operated()) as it:
        await ban_and_talk(it)
    async with running(tmp_path, operated(history="enabled = false")) as it:
        assert b"keep me" not in await shown(it, b"cy")
        stream = await it.connect()
        await stream.send_all(b"pat\n/history\n/search keep\n/quit\n")
        said = await read_all(stream)
        assert said.count(b"This server keeps no history") == 2
        assert b"keep me" not in said
    async with running(tmp_path, operated()) as it:
        assert b"PRIVMSG #lobby :do not keep me\r\n" in await shown(it, b"cy")


async def test_nothing_is_kept_on_disk(tmp_path: Path) -> None:
    text = operated(server='data = ""')
    with structlog.testing.capture_logs() as logs:
        async with running(tmp_path, text) as it:
            await ban_and_talk(it)
    assert logs[0]["event"] == "nothing is kept on disk: all ends with the server"
    # Nor is there a lock.
    assert os.listdir(tmp_path) == ["chat.toml"]
    # Two at once.
    async with running(tmp_path, text) as it, running(tmp_path, text) as other:
        for one in (it, other):
            said = await shown(one, b"bo")
            assert b" 001 bo " in said
            assert b" 332 " not in said
            assert b" NAK draft/chathistory" in said


async def test_how_much_is_kept_can_be_changed_while_it_runs(tmp_path: Path) -> None:
    async with running(tmp_path, f"{PLAIN}[history]\nmax_per_channel = 500\n") as it:
        stream = await it.connect()
        await stream.send_all(b"NICK al\r\nUSER x 0 * :x\r\nJOIN #lobby\r\n")
        for count in range(400):
            await stream.send_all(b"PRIVMSG #lobby :%d\r\n" % count)
        await stream.send_all(b"PING in\r\n")
        await read_until(stream, b" PONG irc.test in")
        path = tmp_path / "chat.toml"

        def kept() -> list[str]:
            connection = sqlite3.connect(tmp_path / "trio-chat" / "journal.db")
            try:
                wanted = Wanted(place=Place("#lobby"), limit=1000)
                page = reading.page(connection, Deadline(60), wanted)
            finally:
                connection.close()
            events = [shown.event for shown in page.entries]
            return [event.text for event in events if isinstance(event, Said)]

        assert len(kept()) == 400
        path.write_text(f"{PLAIN}[history]\nmax_per_channel = 100\n")
        os.kill(os.getpid(), signal.SIGHUP)
        # Whole blocks go.
        await eventually(lambda: len(kept()) < 100 + BLOCK)
        assert kept() == [str(count) for count in range(400)][-len(kept()) :]
        assert len(kept()) >= 100
        with structlog.testing.capture_logs() as logs:
            path.write_text(f"{PLAIN}[history]\nsync = 'normal'\n")
            assert await it.server.reload() == ""
        assert KEPT_OTHERWISE in [log["event"] for log in logs]


@pytest.mark.parametrize("more", ["", "[history]\nenabled = false\n"])
async def test_a_second_server_in_the_same_place(tmp_path: Path, more: str) -> None:
    async with running(tmp_path, PLAIN + more):
        config = load(tmp_path / "chat.toml", {"XDG_DATA_HOME": str(tmp_path)})
        with pytest.raises(StartError, match=r"^another server \(process \d+\) keeps its journal"):
            await serve(config, reload=lambda: config, out=StringIO())


async def test_what_browsers_are_told_changes_with_the_configuration(tmp_path: Path) -> None:
    ask = b"GET /page.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with running(tmp_path, f'{PLAIN}[web]\ntitle = "Before"\n') as it:
        kept = await it.connect()
        await kept.send_all(ask)
        await read_until(kept, b'"title":"Before"')
        (tmp_path / "chat.toml").write_text(f'{PLAIN}[web]\ntitle = "After"\n')
        assert await it.server.reload() == ""
        await kept.send_all(ask)
        await read_until(kept, b'"title":"After"')
        (tmp_path / "chat.toml").write_text(f"{PLAIN}web = false\n")
        assert await it.server.reload() == ""
        other = await it.connect()
        await other.send_all(ask)
        await read_until(other, b"426 Upgrade Required")
