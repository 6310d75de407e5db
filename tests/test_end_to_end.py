"""The program itself: started as a user starts it, over real sockets, and ended in every way."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import argon2
import pytest

from tests.served import PATIENCE, SERVE, Served, served


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("server")) as one:
        yield one


@pytest.fixture
def server(one_server: Served) -> Served:
    """A server that nobody is connected to."""
    one_server.clear()
    return one_server


def test_it_says_where_it_listens_and_how_to_connect(server: Served) -> None:
    port = server.port
    assert server.banner == [
        f"Listening on 127.0.0.1:{port}",
        "Connect with any of these:",
        f"  a browser: http://127.0.0.1:{port}/",
        f"  nc 127.0.0.1 {port}",
        f"  trio-chat client 127.0.0.1:{port}",
        f"  an IRC client, such as: irssi -c 127.0.0.1 -p {port}",
    ]


@pytest.mark.skipif(shutil.which("nc") is None, reason="nc is not installed")
def test_a_script_with_nc_reaches_the_lobby(server: Served) -> None:
    al = server.irc("al")
    done = subprocess.run(
        ["nc", "-N", "127.0.0.1", str(server.port)],
        input="deploy-bot\nbuild 42 passed\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("Hello deploy-bot.")
    assert al.until("PRIVMSG").endswith("PRIVMSG #lobby :build 42 passed")
    assert al.until("QUIT").endswith("QUIT :Connection closed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_in_order_though_clients_do_not_read(
    tmp_path: Path, number: signal.Signals
) -> None:
    with served(
        tmp_path,
        TRIO_CHAT_LIMITS_SENDQ="100000000",
        TRIO_CHAT_CONNECTIONS_DRAIN_TIMEOUT="1",
    ) as server:
        reader = server.irc("al")
        server.irc("bo")
        for _ in range(20):
            reader.send(*[f"PRIVMSG #lobby :{'x' * 400}"] * 1000, "PING now")
            reader.until("PONG irc.test now")
        began = time.monotonic()
        server.process.send_signal(number)
        assert server.process.wait(timeout=60) == 0
        assert time.monotonic() - began >= 1
        assert reader.until("ERROR") == "ERROR :Closing link (Server shutting down)"
        assert "some clients did not read to the end" in server.log.read_text()


def test_sigquit_ends_it_in_order(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        client = server.irc("al")
        server.process.send_signal(signal.SIGQUIT)
        assert client.until("ERROR") == "ERROR :Closing link (Server shutting down)"
        client.close()
        assert server.process.wait(timeout=10) == 0


def test_a_configuration_out_of_a_pipe(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b'[server]\nnetwork = "piped"\n')
    os.close(writing)
    try:
        options = ["--config", f"/dev/fd/{reading}"]
        with served(tmp_path, *options, descriptors=[reading]) as server:
            client = server.irc("al")
            server.process.send_signal(signal.SIGHUP)
            client.send("PING x", "VERSION")
            client.until("NETWORK=piped")
            with pytest.raises(subprocess.TimeoutExpired):
                server.process.wait(timeout=0.5)
            server.process.terminate()
            client.until("ERROR")
            client.close()
            assert server.process.wait(timeout=10) == 0
            assert "can not be read: it is not a regular file" in server.log.read_text()
    finally:
        os.close(reading)


def test_a_port_in_use_is_one_sentence(server: Served) -> None:
    listen = f"127.0.0.1:{server.port}"
    done = subprocess.run(
        [*SERVE, "--listen", listen], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"trio-chat: can not listen on {listen}: address already in use\n"
    assert done.stdout == ""


def hostile_million(server: Served) -> None:
    client = server.irc("evil")
    client.sock.sendall(b"x" * 1_000_000)
    client.until(" 417 ")


def hostile_random(server: Served) -> None:
    for size in (1, 10, 1000, 100_000):
        client = server.connect()
        client.sock.sendall(os.urandom(size))
        client.sock.shutdown(socket.SHUT_WR)
        try:
            while client.sock.recv(65_536):
                pass
        except ConnectionResetError:
            pass


def hostile_silence(server: Served) -> None:
    client = server.connect()
    assert "Type a nickname" in client.until(":")


def hostile_disappearance(server: Served) -> None:
    client = server.irc("ghost")
    # A reset instead of a goodbye.
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def hostile_tls(server: Served) -> None:
    client = server.connect()
    client.sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500))
    # A TLS alert, which says in its own words that there is none.
    assert client.sock.recv(100) == bytes((21, 3, 1, 0, 2, 2, 40))
    assert client.sock.recv(100) == b""


def hostile_http(server: Served) -> None:
    client = server.connect()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
    client.sock.sendall(head + b"x" * 100_000)
    client.until("HTTP/1.1 405")
    client.until("there is no POST here")


@pytest.mark.parametrize(
    "attack",
    [
        hostile_million,
        hostile_random,
        hostile_silence,
        hostile_disappearance,
        hostile_tls,
        hostile_http,
    ],
    ids=lambda attack: attack.__name__,
)
def test_healthy_clients_go_on_chatting(server: Served, attack: object) -> None:
    assert callable(attack)
    al, bo = server.irc("al"), server.irc("bo")
    al.send("PRIVMSG #lobby :before")
    bo.until(":before")
    attack(server)
    al.send("PRIVMSG #lobby :after")
    assert bo.until("after").endswith("PRIVMSG #lobby :after")
    bo.send("PRIVMSG al :fine")
    assert al.until("fine").endswith("PRIVMSG al :fine")
    assert "Traceback" not in server.log.read_text()


def test_a_thousand_at_once(server: Served) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        clients = [server.connect() for _ in range(1000)]
        for number, client in enumerate(clients):
            client.send(f"NICK u{number}", "USER u 0 * :x", f"JOIN #room{number % 50}", "PING in")
        for client in clients:
            client.until("PONG irc.test in")
        for number in range(50):
            clients[number].send(f"PRIVMSG #room{number} :hello")
        for number, client in enumerate(clients[50:], start=50):
            client.until(f"PRIVMSG #room{number % 50} :hello")
        for client in clients:
            client.close()
        server.irc("last")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_killed_server_can_start_again_at_once(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.irc("al")
        server.process.kill()
        server.process.wait()
        port = server.port
    with served(tmp_path, listen=False, TRIO_CHAT_LISTENERS=f"127.0.0.1:{port}") as again:
        assert again.port == port
        again.irc("al")


def exported(tmp_path: Path, *options: str) -> list[tuple[str, str]]:
    """Return what is kept of what was said: where, and what."""
    command = [sys.executable, "-m", "trio_chat", "journal", "--data", str(tmp_path / "data")]
    done = subprocess.run(
        [*command, "export", *options], capture_output=True, check=True, timeout=PATIENCE
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [(line["conversation"], line["text"]) for line in lines if line["event"] == "Said"]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_bans_topics_and_the_seal_on_private_channels_outlive_it(
    tmp_path: Path, end: signal.Signals
) -> None:
    path = tmp_path / "chat.toml"
    password = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("secret")
    path.write_text(f"[[operators]]\nname = 'root'\npassword = '{password}'\n")
    with served(tmp_path, "--config", str(path)) as server:
        al = server.irc("al")
        al.send("JOIN #public,#private", "MODE #private +i", "PING in")
        al.until("PONG irc.test in")
        for room in ("#lobby", "#public", "#private"):
            al.send(f"TOPIC {room} :of {room}", f"PRIVMSG {room} :in {room}")
        al.send("OPER root secret", "KLINE 1h *!~bad@* :spam")
        al.until("is banned until")
        server.process.send_signal(end)
        server.process.wait()
    with served(tmp_path, "--config", str(path)) as server:
        bad = server.connect()
        bad.send("NICK bad", "USER bad 0 * :x")
        bad.until(" 465 bad ")
        bo = server.connect()
        bo.send("NICK bo", "USER bo 0 * :x", "JOIN #lobby,#public,#private", "PING in")
        topics = [line for line in bo.lines_until("PONG irc.test in") if " 332 " in line]
        assert topics == [
            ":irc.test 332 bo #lobby :of #lobby",
            ":irc.test 332 bo #public :of #public",
        ]
        bo.send("PRIVMSG #public :new", "PRIVMSG #private :new", "PING said")
        bo.until("PONG irc.test said")
        assert exported(tmp_path, "--room", "#private") == [("#private", "new")]
        assert exported(tmp_path, "--room", "#public") == [
            ("#public", "in #public"),
            ("#public", "new"),
        ]
        (sealed,) = [key for key, text in exported(tmp_path) if text == "in #private"]
        assert sealed.startswith("!#private ")
