"""The program, as it is run: a process, its descriptors, its exit code."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner

from tests.client.emulator import Emulator
from tests.client.peer import LABELS, Peer, loopback
from trio_chat.cli import commands

PROGRAM = [
    sys.executable,
    "-c",
    "from trio_chat.client.command import client_command; client_command()",
]


async def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    with trio.fail_after(60):
        return await trio.run_process(
            [*PROGRAM, *arguments],
            stdin=stdin,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )


async def test_lines_are_said() -> None:
    async with loopback() as (port, peer):
        done = await run(f"127.0.0.1:{port}", "--nick", "al", stdin=b"one\n/two\n\nthree")
        assert (done.returncode, done.stderr) == (0, b"")
        heard = [line for line in peer()._heard if line.startswith("PRIVMSG")]
        assert heard == [f"PRIVMSG #lobby {text}" for text in ("one", "/two", "three")]
        assert b"al joined\n" in done.stdout
        assert b"001" not in done.stdout


async def test_json() -> None:
    async with loopback("") as (port, _):
        done = await run(f"127.0.0.1:{port}", "--json", "--room", "cats")
        assert (done.returncode, done.stderr) == (0, b"")
        found = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(event["event"], event["room"]) for event in found] == [("joined", "#cats")]


async def test_errors_without_json_are_shown() -> None:
    async with loopback() as (port, peers):
        async with trio.open_nursery() as nursery:

            async def complain() -> None:
                peer = await peer_of(peers)
                await peer.heard("JOIN #lobby")
                await peer.send(":s 263 al WHO :wait", ":s 404 al #cats :No", "ERROR :Bye")
                await trio.aclose_forcefully(peer.stream)

            nursery.start_soon(complain)
            done = await run(f"127.0.0.1:{port}", "--nick", "al", "--listen-only")
        assert done.returncode == 1
        assert done.stderr == b"Error: Bye\n"
        assert b"! #cats: No" in done.stdout
        assert b"wait" not in done.stdout


async def test_nothing_is_printed() -> None:
    async with loopback() as (port, _):
        done = await run(f"irc://127.0.0.1:{port}/cats", "--no-read", stdin=b"meow\n")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


async def test_head() -> None:
    async with loopback() as (port, _):
        command = " ".join(f"'{word}'" for word in [*PROGRAM, f"127.0.0.1:{port}", "--listen-only"])
        with trio.fail_after(60):
            done = await trio.run_process(
                ["bash", "-c", f"{command} | head -1; echo ${{PIPESTATUS[0]}}"],
                capture_stdout=True,
                capture_stderr=True,
            )
        assert done.stderr == b""
        assert done.stdout.splitlines()[-1] == b"0"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["host:x"], "'x' is not a port"),
        (["host", "--nick", "a b"], "'a b' is neither a nickname nor a room"),
        (["host", "--room", "a,b"], "'#a,b' is neither a nickname nor a room"),
        (["host", "--listen-only", "--no-read"], "leave nothing to do"),
        (["host", "--tls-ca", "/nowhere"], "does not exist"),
        (["host", "--password-file", "/nowhere"], "does not exist"),
        (["host", "--password-file", "/dev/null"], "is empty, and so no password"),
        (["host", "--password-file", "/dev/null", "--ask-password"], "not both"),
        (["host", "--password-file", "/proc/self/mem"], "can not be read: Input/output error"),
        (["host", "--account", "a b"], "'a b' is neither a nickname nor a room"),
        (["host", "--account", "al", "--account-password-file", "/nowhere"], "does not exist"),
        (["host", "--account", "al", "--account-password-file", "/dev/null"], "is empty, and so"),
        (["host", "--account-password-file", "/dev/null"], "are for an --account"),
        (["host", "--insecure-login"], "are for an --account"),
    ],
)
def test_wrong_usage(arguments: list[str], reason: str) -> None:
    result = CliRunner().invoke(commands, ["client", *arguments])
    assert result.exit_code == 2
    assert reason in result.output


async def test_the_password_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b" sesam \xc3\xb6ffne\r\nnot this\n")
    async with loopback() as (port, peer):
        done = await run(f"127.0.0.1:{port}", "--password-file", str(secret))
        assert (done.returncode, done.stderr) == (0, b"")
        assert peer().password == " sesam öffne"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a" * 510, "too long"),
        (b"sec\0ret", "holds what no line can"),
        (b"sec\xffret", "is not UTF-8"),
        (b"\nsecret", "is empty"),
    ],
)
def test_no_password_in_a_file(content: bytes, reason: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(content)
    result = CliRunner().invoke(commands, ["client", "host", "--password-file", str(secret)])
    assert result.exit_code == 2
    assert reason in result.output
    assert "ret" not in result.output.replace(str(secret), "")


async def test_a_password_is_asked_for_at_terminals_only() -> None:
    done = await run("127.0.0.1:1", "--ask-password", stdin=b"secret\n")
    assert done.returncode == 2
    assert b"--ask-password needs a terminal" in done.stderr


async def test_a_password_of_an_account_is_asked_for_at_terminals_only() -> None:
    done = await run("127.0.0.1:1", "--account", "al", stdin=b"secret\n")
    assert done.returncode == 2
    assert b"--account needs a terminal to ask at: use --account-password-file" in done.stderr


async def test_logging_in(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sesam öffne\nnot this\n")
    arguments = ("--account", "Al", "--account-password-file", str(secret))
    async with loopback(f"{LABELS} sasl=PLAIN") as (port, peer):
        done = await run(f"127.0.0.1:{port}", *arguments, stdin=b"hi\n")
        assert (done.returncode, done.stderr) == (0, b"")
        assert base64.b64decode(peer().login).decode() == "\0Al\0sesam öffne"
        # Who has an account is called as that is.
        assert peer().nick == "Al"


@pytest.mark.parametrize(
    ("capabilities", "refuses", "reason"),
    [
        ("sasl=PLAIN", True, "You can not be logged in to al: No"),
        (
            "sasl=EXTERNAL",
            False,
            "You can not be logged in to al: the server does not let us log in with a password "
            "(SASL)",
        ),
        (
            "",
            False,
            "You can not be logged in to al: the server does not let us log in with a password "
            "(SASL)",
        ),
    ],
)
async def test_not_logged_in(capabilities: str, refuses: bool, reason: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sesame")
    arguments = ("--account", "al", "--account-password-file", str(tmp_path / "secret"))
    async with loopback(capabilities, refuses_login=refuses) as (port, _):
        done = await run(f"127.0.0.1:{port}", *arguments)
    assert (done.returncode, done.stderr.decode()) == (1, f"Error: {reason}\n")


def address_of_this_machine() -> str:
    """Return an address that is not a loopback's; skip where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no other address")
        address: str = probe.getsockname()[0]
        return address


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_password_is_not_sent_where_others_may_listen(
    allowed: bool, tmp_path: Path
) -> None:
    host = address_of_this_machine()
    (tmp_path / "secret").write_text("sesame")
    arguments = ["--account", "al", "--account-password-file", str(tmp_path / "secret")]
    if allowed:
        arguments.append("--insecure-login")
    async with loopback(f"{LABELS} sasl=PLAIN", host=host) as (port, peer):
        done = await run(f"{host}:{port}", *arguments)
        assert bool(peer().login) is allowed
    said = "The server wants your password unencrypted: use --tls, or --insecure-login if nobody "
    assert done.stderr.decode() == ("" if allowed else f"Error: {said}listens.\n")
    assert done.returncode == (0 if allowed else 1)


@pytest.mark.parametrize(
    ("unwelcome", "password", "reason"),
    [
        (
            ":s 464 * :Password incorrect",
            "",
            "This server asks for a password: --ask-password or --password-file",
        ),
        (":s 464 * :Password incorrect", "secret", "That is not the server's password."),
        (
            ":s 433 * al :Nickname is already in use",
            "",
            "al: Nickname is already in use: ask for another with --nick NAME",
        ),
        (
            ":s 432 * al :Erroneous nickname",
            "",
            "al: Erroneous nickname: a nickname has letters, digits and -_[]{}\\|^`, "
            "not beginning with a digit or -",
        ),
    ],
)
async def test_not_let_in(unwelcome: str, password: str, reason: str, tmp_path: Path) -> None:
    arguments = []
    if password:
        (tmp_path / "secret").write_text(password)
        arguments = ["--password-file", str(tmp_path / "secret")]
    async with loopback(unwelcome=unwelcome) as (port, _):
        done = await run(f"127.0.0.1:{port}", "--nick", "al", *arguments)
    assert (done.returncode, done.stderr.decode()) == (1, f"Error: {reason}\n")


async def test_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        done = await run(f"127.0.0.1:{port}")
    assert done.returncode == 1
    assert done.stderr.decode() == (
        f"Error: can not connect to 127.0.0.1:{port}: connection refused\n"
    )


@pytest.mark.parametrize(
    ("address", "code", "error"),
    [
        (
            "foo..bar",
            2,
            "'foo..bar' is not a host: between its dots there is nothing, or more than 63 "
            "characters",
        ),
        ("☃.example", 1, "can not connect to '☃.example': that is not a host"),
    ],
)
async def test_what_can_not_be_a_host_is_said_in_a_sentence(
    address: str, code: int, error: str
) -> None:
    done = await run(address)
    assert done.returncode == code
    assert done.stderr.decode().splitlines()[-1] == f"Error: {error}"
    assert b"Traceback" not in done.stderr


async def test_tls_is_asked_for(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    done = await run("127.0.0.1:1", "--tls-ca", str(empty))
    assert done.returncode == 1
    assert b"no certificates can be read" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_login_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 987654)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        result = CliRunner().invoke(commands, ["client", f"127.0.0.1:{port}"])
    assert result.exit_code == 1
    assert result.output.endswith("connection refused\n")


@asynccontextmanager
async def process(
    *arguments: str, terminal: Emulator | None = None, **environment: str
) -> AsyncIterator[trio.Process]:
    inside = terminal.inside if terminal is not None else subprocess.PIPE
    running = await trio.lowlevel.open_process(
        [*PROGRAM, *arguments],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm", **environment},
    )
    try:
        yield running
        with trio.fail_after(60):
            await running.wait()
    finally:
        running.kill()


async def peer_of(port_peer: object) -> Peer:
    assert callable(port_peer)
    with trio.fail_after(60):
        while True:
            try:
                peer = port_peer()
            except IndexError:
                await trio.lowlevel.checkpoint()
            else:
                assert isinstance(peer, Peer)
                return peer


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signals(number: signal.Signals) -> None:
    async with loopback() as (port, peers):
        async with process(f"127.0.0.1:{port}", "--listen-only") as running:
            peer = await peer_of(peers)
            await peer.heard("JOIN #lobby")
            running.send_signal(number)
            assert running.stderr is not None
            assert await running.stderr.receive_some() == b""
        assert running.returncode == 128 + number
        await peer.heard("QUIT")


async def test_a_signal_while_connecting() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    async with (
        listener,
        process(f"127.0.0.1:{port}") as running,
        await listener.accept() as stream,
    ):
        await stream.receive_some()
        running.send_signal(signal.SIGINT)
        # Until it has gone.
        while await stream.receive_some():
            pass
    assert running.returncode == 130


async def test_at_a_terminal() -> None:
    emulator = Emulator(80)
    before = emulator.settings()
    async with loopback(LABELS) as (port, peers):
        async with process(f"127.0.0.1:{port}", "--nick", "al", terminal=emulator) as running:
            await emulator.until_line("you are al; /help helps")
            await emulator.until_bottom("#lobby> |")
            # No shell looks after this session, so that Ctrl-Z stops nothing.
            emulator.type("hal\x1a")
            emulator.type("f")
            await emulator.until_bottom("#lobby> half|")
            await (await peer_of(peers)).say("bob", "hi \x1b[31m")
            await emulator.until_line("<bob> hi �[31m")
            emulator.type("\x15\x04")
        assert running.returncode == 0
    assert emulator.settings() == before
    emulator.close()


async def test_a_password_is_asked_for() -> None:
    emulator = Emulator(80)
    async with loopback(LABELS) as (port, peers):
        arguments = (f"127.0.0.1:{port}", "--ask-password")
        async with process(*arguments, terminal=emulator) as running:
            await emulator.until_bottom("The server's password: |")
            emulator.type("open sesame\n")
            await emulator.until_bottom("#lobby> |")
            emulator.type("\x04")
        assert running.returncode == 0
        assert (await peer_of(peers)).password == "open sesame"
    assert not any("sesame" in line for line in emulator.lines)
    emulator.close()


async def test_a_password_of_an_account_is_asked_for() -> None:
    emulator = Emulator(80)
    async with loopback(f"{LABELS} sasl=PLAIN") as (port, peers):
        arguments = (f"127.0.0.1:{port}", "--account", "al")
        async with process(*arguments, terminal=emulator) as running:
            await emulator.until_bottom("The password of al: |")
            emulator.type("open sesame\n")
            await emulator.until_bottom("#lobby> |")
            emulator.type("\x04")
        assert running.returncode == 0
        login = (await peer_of(peers)).login
        assert base64.b64decode(login) == b"\0al\0open sesame"
    assert not any("sesame" in line for line in emulator.lines)
    emulator.close()


async def test_no_answer_to_the_question_for_a_password() -> None:
    emulator = Emulator(80)
    async with process("127.0.0.1:1", "--ask-password", terminal=emulator) as running:
        await emulator.until_bottom("The server's password: |")
        # The first may come in the moment in which Python has looked for signals and does not wait
        # for input yet: then it is seen when there is input, or another.
        ended = False
        with trio.fail_after(60):
            while not ended:
                running.send_signal(signal.SIGINT)
                with trio.move_on_after(5):
                    await emulator.until_line("The server's password: ")
                    ended = True
    assert running.returncode == 130
    emulator.close()


async def test_the_terminal_is_restored_after_a_signal() -> None:
    emulator = Emulator(80)
    before = emulator.settings()
    async with (
        loopback(LABELS) as (port, _),
        process(f"127.0.0.1:{port}", terminal=emulator) as running,
    ):
        await emulator.until_bottom("#lobby> |")
        assert emulator.is_raw()
        running.send_signal(signal.SIGTERM)
    assert running.returncode == 143
    assert emulator.settings() == before
    emulator.close()


async def test_a_dumb_terminal_gets_lines() -> None:
    emulator = Emulator(80)
    async with loopback(LABELS) as (port, peers):
        arguments = (f"127.0.0.1:{port}", "--nick", "al")
        async with process(*arguments, terminal=emulator, TERM="dumb") as running:
            await emulator.until_line("al joined")
            assert not emulator.is_raw()
            emulator.type("hello\n\x04")
        assert running.returncode == 0
        await (await peer_of(peers)).heard("PRIVMSG #lobby hello")
    emulator.close()


async def test_a_pipe_that_connects_again() -> None:
    async with loopback() as (port, peers):
        arguments = (f"127.0.0.1:{port}", "--nick", "al", "--listen-only", "--json", "--reconnect")
        async with process(*arguments) as running:
            first = await peer_of(peers)
            await first.heard("JOIN #lobby")
            await first.send("ERROR :Going down")
            await trio.aclose_forcefully(first.stream)
            assert running.stdout is not None
            data = b""
            with trio.fail_after(60):
                while data.count(b'"gap"') < 2:
                    data += await running.stdout.receive_some()
                second = await peer_of(peers)
                await second.say("bob", "hi")
                while b'"text":"hi"' not in data:
                    data += await running.stdout.receive_some()
            running.send_signal(signal.SIGTERM)
        assert running.returncode == 128 + signal.SIGTERM
    found = [json.loads(line)["event"] for line in data.splitlines()]
    way_back = ["disconnected", "reconnecting", "reconnected", "joined", "gap", "gap", "caught_up"]
    assert found == ["joined", *way_back, "message"]
    assert second is not first


async def test_a_terminal_connects_again() -> None:
    emulator = Emulator(80)
    async with loopback() as (port, peers):
        async with process(f"127.0.0.1:{port}", "--nick", "al", terminal=emulator) as running:
            await emulator.until_bottom("#lobby> |")
            first = await peer_of(peers)
            await first.send("ERROR :Going down")
            await trio.aclose_forcefully(first.stream)
            await emulator.until_line("-- the connection is lost: Going down")
            emulator.type("still here\r")
            await emulator.until_line("-- you are al again")
            await emulator.until_line("<al> still here")
            emulator.type("\x04")
        assert running.returncode == 0
    emulator.close()


async def test_a_terminal_that_is_not_to_connect_again() -> None:
    emulator = Emulator(80)
    async with loopback() as (port, peers):
        arguments = (f"127.0.0.1:{port}", "--nick", "al", "--no-reconnect")
        async with process(*arguments, terminal=emulator) as running:
            await emulator.until_bottom("#lobby> |")
            peer = await peer_of(peers)
            await peer.send("ERROR :Going down")
            await trio.aclose_forcefully(peer.stream)
            await emulator.until_line("Error: Going down")
        assert running.returncode == 1
    emulator.close()
