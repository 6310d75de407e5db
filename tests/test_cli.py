from __future__ import annotations

import datetime
import errno
import json
import os
import re
import select
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import argon2
import pytest
import structlog
from click.testing import CliRunner, Result

import trio_chat
from tests.certificates import write_certificate
from trio_chat.cli import commands
from trio_chat.config.default_file import default_toml

ROOT = Path(trio_chat.__file__).parents[1]
TRIO_CHAT = [sys.executable, "-m", "trio_chat"]
POSIX = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
UNREADABLE = "can not be read: No such file or directory"


def run(*args: str, stdin: bytes | None = None, **environ: str) -> Result:
    """Run a command within this process."""
    return CliRunner().invoke(commands, args, input=stdin, env=environ)


def process(
    *args: str,
    redirection: str = "",
    stdin: bytes = b"",
    environ: Mapping[str, str] | None = None,
) -> tuple[int, str, str]:
    """Run a command as a process of its own: its exit code, and what it wrote."""
    script = f'exec "$@" {redirection}'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *TRIO_CHAT, *args],
        input=stdin,
        capture_output=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


# The program


def test_the_version() -> None:
    assert process("--version") == (0, f"trio-chat {trio_chat.__version__}\n", "")


def test_no_command_is_misuse() -> None:
    code, out, err = process("frobnicate")
    assert (code, out) == (2, "")
    assert "No such command 'frobnicate'" in err
    assert err.startswith("Usage: trio-chat ")


def test_help_lists_the_commands() -> None:
    result = run("--help")
    assert result.exit_code == 0
    listed = re.findall(r"^  ([a-z-]+)  ", result.stdout.partition("Commands:")[2], re.MULTILINE)
    assert listed == [
        "accounts",
        "check-config",
        "client",
        "default-config",
        "hash-password",
        "journal",
        "serve",
    ]


def test_the_client_is_a_command() -> None:
    result = run("client", "--help")
    assert result.exit_code == 0
    assert "--nick" in result.stdout


def test_no_command_imports_what_is_another_s() -> None:
    script = """
import sys
from trio_chat.cli import commands
commands(["serve", "--help"], standalone_mode=False)
modules = ("trio", "structlog", "argon2", "trio_chat.config", "trio_chat.client")
print([name for name in modules if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, cwd=ROOT, check=True
    )
    assert done.stdout.decode().splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["--version", "--help", "default-config"])
def test_a_full_disk_is_said_in_a_sentence(command: str) -> None:
    code, _, err = process(command, redirection="> /dev/full")
    assert code == 1
    assert err == ("trio-chat: standard output can not be written to: No space left on device\n")


@pytest.mark.parametrize("command", ["--version", "default-config"])
def test_a_reader_that_is_gone_is_no_news(command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(
            [*TRIO_CHAT, command],
            stdout=gone,
            stderr=subprocess.PIPE,
            timeout=60,
            cwd=ROOT,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"")


def test_without_standard_output_nothing_is_printed() -> None:
    assert process("default-config", redirection=">&-") == (0, "", "")


@pytest.mark.parametrize(
    ("command", "redirection", "code"),
    [
        ("frobnicate", "2>&-", 2),
        ("frobnicate", "2>/dev/full", 2),
        ("check-config /none.toml", "2>&-", 2),
        ("serve --listen here", "2>&-", 2),
        ("hash-password", "2>&-", 1),
        ("client foo..bar", "2>&-", 2),
        ("client foo..bar", "2>&- <&-", 2),
        ("client 127.0.0.1:1", "2>/dev/full", 1),
    ],
)
def test_an_error_is_never_output(command: str, redirection: str, code: int) -> None:
    assert process(*command.split(), redirection=redirection) == (code, "", "")


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "<&- 2>&-"])
def test_serve_needs_no_standard_error(redirection: str) -> None:
    script = f'exec "$@" {redirection}'
    command = ["/bin/sh", "-c", script, "sh", *TRIO_CHAT, "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        try:
            found = re.search(r":([0-9]+)$", server.stdout.readline().rstrip("\n"))
            assert found is not None
            with socket.create_connection(("127.0.0.1", int(found[1])), timeout=10) as sock:
                # What is logged about it goes nowhere, and to nobody's socket.
                sock.sendall(b"x" * 600)
                assert sock.makefile("rb").readline().startswith(b"ERROR :Closing link (Neither")
                descriptors = Path(f"/proc/{server.pid}/fd")
                if descriptors.exists():
                    kinds = [os.readlink(descriptors / str(number)) for number in range(3)]
                    assert not any(kind.startswith(("socket:", "anon_inode:")) for kind in kinds)
        finally:
            server.terminate()
        assert server.wait(timeout=10) == 0
        assert "info" not in server.stdout.read()


COMMANDS = [
    "",
    "serve",
    "check-config",
    "default-config",
    "hash-password",
    "client",
    *("journal", "journal check", "journal export", "journal backup", "journal prune"),
    "journal search",
    *("accounts", "accounts list", "accounts show", "accounts add", "accounts passwd"),
    "accounts drop",
    *("accounts suspend", "accounts unsuspend", "accounts export"),
]


@pytest.fixture(scope="module")
def without_docstrings() -> dict[str, str]:
    """The help texts of the commands, in a process that has no docstrings."""
    script = """
import json, sys
from click.testing import CliRunner
from trio_chat.cli import commands
if commands.callback.__doc__ is not None:
    sys.exit("there are docstrings")
run = CliRunner().invoke
names = sys.argv[1:]
json.dump({name: run(commands, [*name.split(), "--help"]).stdout for name in names}, sys.stdout)
"""
    done = subprocess.run(
        [sys.executable, "-OO", "-c", script, *COMMANDS],
        capture_output=True,
        timeout=60,
        cwd=ROOT,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_command_does_is_said_where_there_are_no_docstrings(
    without_docstrings: dict[str, str], command: str
) -> None:
    text = without_docstrings[command]
    assert text == run(*command.split(), "--help").stdout
    said = text.partition("\n\n")[2]
    assert re.match(r"  [A-Z][a-z ,]+", said)
    if not command:
        said = said.partition("Commands:")[2]
        assert len(re.findall(r"^  [a-z-]+ +[A-Z]", said, re.MULTILINE)) == 7


# default-config and check-config


def test_the_default_configuration_is_printed_and_fine(tmp_path: Path) -> None:
    code, out, err = process("default-config", environ=POSIX)
    assert (code, out, err) == (0, default_toml(), "")
    path = tmp_path / "chat.toml"
    path.write_text(out)
    result = run("check-config", str(path))
    assert (result.exit_code, result.output) == (0, f"{path}: fine\n")


def test_a_configuration_is_checked_without_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text("[flood]\nburst = 5")
    result = run("check-config", str(path), TRIO_CHAT_FLOOD_BURST="none", TRIO_CHAT_X="y")
    assert (result.exit_code, result.stdout) == (0, f"{path}: fine\n")


def test_a_configuration_with_a_certificate_that_has_expired(tmp_path: Path) -> None:
    end = datetime.datetime(2020, 5, 1, 12, tzinfo=datetime.UTC)
    write_certificate(tmp_path, begin=end - datetime.timedelta(days=90), end=end)
    path = tmp_path / "chat.toml"
    path.write_text(
        '[[listeners]]\naddress = "127.0.0.1:0"\n'
        'tls = { certificate = "cert.pem", key = "key.pem" }\n'
    )
    result = run("check-config", str(path))
    assert (result.exit_code, result.stdout) == (0, f"{path}: fine\n")
    assert result.stderr == (
        f"trio-chat: the certificate {tmp_path / 'cert.pem'} has expired: "
        "it was valid until 2020-05-01 12:00:00 UTC\n"
    )


def test_every_fault_of_a_configuration_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text("[flood]\nburst = 0\nrtae = 5")
    result = run("check-config", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"trio-chat: {path}: flood.rtae is not a known key; "
        "the nearest known one is flood.rate\n"
        f"trio-chat: {path}: flood.burst is 0; expected a whole number, at least 1, "
        "at most 1000000\n"
    )


def test_a_configuration_that_is_not_there() -> None:
    result = run("check-config", "/none.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"trio-chat: /none.toml: {UNREADABLE}\n"


@pytest.mark.parametrize(("text", "code"), [("[server]\nname = 'x'\n", 0), ("[sever]\n", 2)])
def test_a_configuration_from_standard_input(text: str, code: int) -> None:
    assert process("check-config", "-", stdin=text.encode())[0] == code


# hash-password


@pytest.mark.parametrize(
    ("line", "password"),
    [
        (b"secret", "secret"),
        (b"secret\n", "secret"),
        (b"secret\r\nsecond line\n", "secret"),
        (b" with spaces \n", " with spaces "),
    ],
)
def test_a_password_from_a_pipe_is_hashed(line: bytes, password: str) -> None:
    result = run("hash-password", stdin=line)
    assert (result.exit_code, result.stderr) == (0, "")
    (hashed,) = result.stdout.splitlines()
    assert argon2.PasswordHasher().verify(hashed, password)


def test_a_password_is_utf_8_whatever_the_locale() -> None:
    code, out, err = process("hash-password", stdin="pässwörd\n".encode(), environ=POSIX)
    assert (code, err) == (0, "")
    (hashed,) = out.splitlines()
    assert hashed.startswith("$argon2id$")
    assert argon2.PasswordHasher().verify(hashed, "pässwörd")
    assert not argon2.PasswordHasher().check_needs_rehash(hashed)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "the password is empty"),
        (b"\n", "the password is empty"),
        (b"\r\nsecond", "the password is empty"),
        (b"\xff\n", "the password is not UTF-8"),
    ],
)
def test_what_can_not_be_a_password(line: bytes, said: str) -> None:
    result = run("hash-password", stdin=line)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"trio-chat: {said}\n")


def test_a_password_from_nowhere() -> None:
    assert process("hash-password", redirection="<&-") == (
        1,
        "",
        "trio-chat: there is no standard input to read the password from\n",
    )
    code, _, err = process("hash-password", redirection="0> /dev/null")
    assert (code, err) == (1, "trio-chat: the password can not be read: Bad file descriptor\n")


def at_a_terminal(*lines: str) -> tuple[int, str, str]:
    """Type the answers of `hash-password`, each when it is asked for: exit code, output, screen."""
    master, slave = os.openpty()
    screen = b""
    try:
        with subprocess.Popen(
            [*TRIO_CHAT, "hash-password"],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            start_new_session=True,
            cwd=ROOT,
        ) as child:
            os.close(slave)
            for line in lines:
                seen = len(screen)
                while not re.search(rb"(Password|again): $", screen[seen:]):
                    screen += read_some(master)
                os.write(master, line.encode() + b"\n")
            while data := read_some(master):
                screen += data
            out, _ = child.communicate(timeout=60)
    finally:
        os.close(master)
    return child.returncode, out.decode(), screen.decode()


def read_some(terminal: int) -> bytes:
    assert select.select([terminal], [], [], 60)[0], "the terminal stays silent"
    try:
        return os.read(terminal, 1024)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        # The end of a terminal whose other side is closed.
        return b""


def test_a_terminal_is_asked_twice_and_does_not_show_it() -> None:
    code, out, screen = at_a_terminal("secret", "secret")
    assert code == 0
    assert argon2.PasswordHasher().verify(out.strip(), "secret")
    assert screen.split() == ["Password:", "The", "same", "again:"]


def test_a_terminal_is_asked_again_when_the_answers_differ() -> None:
    code, out, screen = at_a_terminal("secret", "secert", "other", "other")
    assert code == 0
    assert argon2.PasswordHasher().verify(out.strip(), "other")
    assert "do not match" in screen


def test_nothing_typed_is_no_password() -> None:
    code, out, screen = at_a_terminal("", "")
    assert (code, out) == (1, "")
    assert screen.endswith("trio-chat: the password is empty\r\n")


# serve: what stops it before it begins


@pytest.fixture
def _log_as_before() -> Iterator[None]:
    """Undo what the command says about where the log goes."""
    yield
    structlog.reset_defaults()


def test_serve_has_the_documented_flags() -> None:
    result = run("serve", "--help")
    assert result.exit_code == 0
    flags = re.findall(r"^  (?:-h, )?(--[a-z-]+)", result.stdout, re.MULTILINE)
    assert flags == [
        "--config",
        "--listen",
        "--web",
        "--data",
        "--name",
        "--no-history",
        "--no-data",
        "--log-level",
        "--log-format",
        "--help",
    ]


@pytest.mark.parametrize(
    ("args", "environ", "said"),
    [
        (["--config", "/none.toml"], {}, f"/none.toml: {UNREADABLE}"),
        (["--name", "a b"], {}, '--name: server.name is "a b"; expected a name of at most '),
        (["--data", ""], {}, "--data is empty; expected a directory, or --no-data"),
        (["--data", "here", "--no-data"], {}, "--data and --no-data: expected one of them"),
        (
            ["--listen", "127.0.0.1:0", "--listen", "here"],
            {"TRIO_CHAT_LISTENERS": "nowhere"},
            '--listen: listeners[1].address is "here"; expected host:port, ',
        ),
        (
            [],
            {"TRIO_CHAT_FLOOD_BURST": "0"},
            'TRIO_CHAT_FLOOD_BURST: flood.burst is "0"; expected a whole number, at least 1, '
            "at most 1000000",
        ),
        (
            ["--no-history"],
            {"TRIO_CHAT_HISTORY": "1"},
            "environment variable TRIO_CHAT_HISTORY is not a known key; the nearest known one is ",
        ),
    ],
)
@pytest.mark.usefixtures("_log_as_before")
def test_serve_says_what_is_wrong_with_its_configuration(
    args: list[str], environ: dict[str, str], said: str
) -> None:
    result = CliRunner().invoke(commands, ["serve", *args], env=environ)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"trio-chat: {said}")


def test_serve_says_why_it_can_not_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, out, err = process("serve", "--listen", address)
    assert (code, out) == (1, "")
    (said,) = err.splitlines()
    assert said.startswith("trio-chat: ")
    assert address in said


@pytest.mark.parametrize("flag", ["--log-level", "--log-format"])
def test_serve_refuses_a_choice_that_is_none(flag: str) -> None:
    result = run("serve", flag, "loud")
    assert result.exit_code == 2
    assert f"Invalid value for '{flag}': 'loud' is not one of " in result.stderr
