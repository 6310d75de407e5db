"""`trio-chat accounts`: what it prints and does, with the server running or not."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.journal.rig import File
from tests.served import PATIENCE, served
from trio_chat.cli import commands
from trio_chat.core.accounts import Account, Suspension, kept
from trio_chat.core.entries import Kept
from trio_chat.core.secrets import SECRET, Secret, decode
from trio_chat.journal import upkeep
from trio_chat.server import passwords
from trio_chat.server.control import LONGEST_PATH, SOCKET

SINCE = 1_700_000_000.0
REGISTERED = "2023-11-14T22:13:20.000Z"
SECRET_OF_AL = Secret(hash="$argon2id$x", salt=b"s", iterations=1, stored_key=b"k", server_key=b"v")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The directory of a server with two accounts, of which one is not filed."""
    directory = tmp_path / "data"
    directory.mkdir()
    file = File(directory / "journal.db")
    file.change(*kept(Account(name="Al", registered_at=SINCE, email="al@x.org"), SECRET_OF_AL))
    file.settle()
    suspension = Suspension(by="root", reason="sp\x1bam", at=SINCE)
    bo = Account(name="bo", registered_at=SINCE, certificates=("ab" * 32,), suspended=suspension)
    file.change(*kept(bo))
    file.close()
    return directory


def run(data: Path, *args: str, stdin: str = "") -> Result:
    return CliRunner().invoke(commands, ["accounts", "--data", str(data), *args], input=stdin)


def is_fine(done: Result) -> bool:
    return (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def secret_in(data: Path) -> Secret:
    return secrets_in(data)["al"]


def secrets_in(data: Path) -> dict[str, Secret]:
    (found,) = upkeep.kept(data, SECRET)
    return {key: decode(value) for key, value in found.items()}


def test_list(data: Path) -> None:
    done = run(data, "list")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"Al  {REGISTERED}",
        # Nothing that a terminal would obey.
        f"bo  {REGISTERED}  suspended by root, {REGISTERED}: sp\ufffdam",
    ]
    rows = [json.loads(line) for line in run(data, "list", "--json").stdout.splitlines()]
    assert [row["name"] for row in rows] == ["Al", "bo"]


def test_show(data: Path) -> None:
    assert run(data, "show", "AL").stdout.splitlines() == [
        "name          Al",
        f"registered    {REGISTERED}",
        "email         al@x.org",
        "state         in use",
        "certificates  -",
    ]
    assert json.loads(run(data, "show", "--json", "bo").stdout) == {
        "name": "bo",
        "registered": REGISTERED,
        "email": None,
        "verified": True,
        "suspended": {"by": "root", "at": REGISTERED, "reason": "sp\x1bam"},
        "certificates": ["ab" * 32],
    }


def test_an_export_has_what_proves_passwords_only_where_that_is_asked_for(data: Path) -> None:
    rows = [json.loads(line) for line in run(data, "export").stdout.splitlines()]
    assert [row["name"] for row in rows] == ["Al", "bo"]
    assert all("secret" not in row for row in rows)
    al, bo = (json.loads(line) for line in run(data, "export", "--secrets").stdout.splitlines())
    assert (al["secret"]["hash"], al["secret"]["salt"]) == ("$argon2id$x", "cw==")
    assert bo["secret"] is None


@pytest.mark.parametrize(
    "args", [["show", "cy"], ["passwd", "cy"], ["drop", "--yes", "cy"], ["suspend", "cy"]]
)
def test_no_such_account(data: Path, args: list[str]) -> None:
    done = run(data, *args, stdin="long enough\n")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "trio-chat: there is no account cy\n"


@pytest.mark.parametrize(
    "command", ["list", "show", "add", "passwd", "drop", "suspend", "unsuspend"]
)
def test_where_there_is_no_journal(tmp_path: Path, command: str) -> None:
    args = {"list": [], "drop": ["--yes", "al"]}.get(command, ["al"])
    done = run(tmp_path, command, *args)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"trio-chat: there is no journal in {tmp_path}\n"
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_is_kept() -> None:
    done = CliRunner().invoke(commands, ["accounts", "list"], env={"TRIO_CHAT_SERVER_DATA": ""})
    assert done.exit_code == 2
    said = "server.data is empty: such a server keeps nothing, and has no accounts"
    assert done.stderr == f"trio-chat: {said}\n"


def test_added(data: Path) -> None:
    args = ["add", "--email", "cy@x.org", "Cy"]
    assert is_fine(run(data, *args, stdin="correct horse\n"))
    shown = json.loads(run(data, "show", "--json", "cy").stdout)
    assert (shown["name"], shown["email"], shown["verified"]) == ("Cy", "cy@x.org", True)
    assert passwords._verify(secrets_in(data)["cy"].hash, "correct horse")
    done = run(data, *args, stdin="correct horse\n")
    assert (done.exit_code, done.stderr) == (1, "trio-chat: there is an account Cy already\n")


@pytest.mark.parametrize(
    ("args", "line", "code", "said"),
    [
        (["cy"], "\n", 1, "the password is empty"),
        (["cy"], "short\n", 1, "password is too short"),
        (["cy"], "x" * 301, 1, "password is too long, or has a forbidden character"),
        (["AL"], "correct horse\n", 1, "there is an account Al already"),
        (["a1"], "correct horse\n", 1, "the name a1 looks like that of the account Al"),
        (
            ["NickServ"],
            "correct horse\n",
            1,
            "an account is called as its owner is, and nobody can be called NickServ",
        ),
        (
            ["cy", "--email", "nowhere"],
            "correct horse\n",
            1,
            "nothing can be mailed to that address",
        ),
        (
            ["c\x1by"],
            "correct horse\n",
            2,
            "expected a text of at most 200 characters, without control characters",
        ),
    ],
)
def test_what_can_not_be_added(
    data: Path, args: list[str], line: str, code: int, said: str
) -> None:
    done = run(data, "add", *args, stdin=line)
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", f"trio-chat: {said}\n")
    assert len(run(data, "list").stdout.splitlines()) == 2


def test_another_password_from_a_pipe(data: Path) -> None:
    assert is_fine(run(data, "passwd", "al", stdin="correct horse\n"))
    assert passwords._verify(secret_in(data).hash, "correct horse")


@pytest.mark.parametrize(
    ("line", "said"),
    [("\n", "the password is empty"), ("short\n", "password is too short")],
)
def test_what_can_be_no_password(data: Path, line: str, said: str) -> None:
    done = run(data, "passwd", "al", stdin=line)
    assert (done.exit_code, done.stderr) == (1, f"trio-chat: {said}\n")
    assert secret_in(data) == SECRET_OF_AL


def on_a_terminal(data: Path, args: list[str], *answers: tuple[bytes, bytes]) -> int:
    """Run a command on a terminal, and answer what it asks; return its exit code."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "trio_chat", "accounts", "--data", str(data), *args],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        for prompt, answer in answers:
            shown = b""
            while prompt not in shown:
                shown += os.read(ours, 1000)
            os.write(ours, answer)
        code = process.wait(PATIENCE)
    os.close(ours)
    return code


@pytest.mark.parametrize("command", ["add", "passwd"])
def test_a_password_from_a_terminal(data: Path, command: str) -> None:
    name = {"add": "cy", "passwd": "al"}[command]
    asked = [(prompt, b"correct horse\n") for prompt in (b"Password: ", b"The same again: ")]
    assert on_a_terminal(data, [command, name], *asked) == 0
    assert passwords._verify(secrets_in(data)[name].hash, "correct horse")


@pytest.mark.parametrize(("typed", "code"), [(b"AL\n", 0), (b"\n", 1), (b"bo\n", 1), (b"y\n", 1)])
def test_who_drops_an_account_on_a_terminal_types_its_name(
    data: Path, typed: bytes, code: int
) -> None:
    prompt = b"To do away with Al, type its name: "
    assert on_a_terminal(data, ["drop", "al"], (prompt, typed)) == code
    assert ("al" in secrets_in(data)) == (code != 0)


def test_nothing_is_dropped_unasked(data: Path) -> None:
    done = run(data, "drop", "al", stdin="al\n")
    assert done.exit_code == 2
    assert done.stderr == "trio-chat: drop takes --yes where there is no terminal to ask on\n"
    assert "al" in secrets_in(data)


def test_suspended_and_not(data: Path) -> None:
    assert is_fine(run(data, "suspend", "al", "--reason", "gone quiet"))
    assert "gone quiet" in run(data, "show", "al").stdout
    assert is_fine(run(data, "unsuspend", "al"))
    assert "state         in use" in run(data, "show", "al").stdout
    done = run(data, "unsuspend", "al")
    assert (done.exit_code, done.stderr) == (1, "trio-chat: the account Al is not suspended\n")


@pytest.mark.parametrize("reason", ["two\nlines", "x" * 201])
def test_a_reason_that_nobody_could_be_shown(data: Path, reason: str) -> None:
    done = run(data, "suspend", "al", "--reason", reason)
    assert done.exit_code == 2
    assert done.stderr == (
        "trio-chat: expected a text of at most 200 characters, without control characters\n"
    )


def test_dropped(data: Path) -> None:
    # It is not filed yet.
    assert is_fine(run(data, "drop", "--yes", "BO"))
    assert is_fine(run(data, "drop", "--yes", "al"))
    assert run(data, "list").stdout == ""
    assert upkeep.kept(data, SECRET) == [{}]


def test_what_can_not_be_read_is_said_behind_the_rest(data: Path) -> None:
    file = File(data / "journal.db")
    file.filing.step()
    file._last = 1000
    file.change(Kept("account", "cy", b"nonsense"))
    file.close()
    done = run(data, "list")
    assert done.exit_code == 1
    assert done.stdout.startswith(f"Al  {REGISTERED}\n")
    assert done.stderr.startswith("trio-chat: can not be read: account cy: ")


# --- While a server runs


def test_while_a_server_runs(data: Path, tmp_path: Path) -> None:
    with served(tmp_path) as server:
        assert stat.S_IMODE((data / SOCKET).stat().st_mode) == 0o600
        al = server.connect()
        al.send("NICK al", "USER al 0 * :x")
        al.until(" 433 ")
        assert run(data, "show", "al").exit_code == 0
        assert is_fine(run(data, "passwd", "al", stdin="correct horse\n"))
        assert passwords._verify(secret_in(data).hash, "correct horse")
        assert is_fine(run(data, "suspend", "al", "--reason", "spam"))
        assert "spam" in run(data, "show", "al").stdout
        done = run(data, "drop", "--yes", "cy")
        assert (done.exit_code, done.stderr) == (1, "trio-chat: there is no account cy\n")
        assert is_fine(run(data, "drop", "--yes", "al"))
        al.send("NICK al")
        al.until(" 001 al ")
        assert "correct horse" not in server.log.read_text()
    assert not (data / SOCKET).exists()
    assert run(data, "list").stdout.startswith("bo ")


def test_a_closed_team_while_its_server_runs(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "chat.toml"
    config.write_text('[accounts]\nregistration = "closed"\nrequired = true\n')
    with served(tmp_path, "--config", str(config)) as server:
        assert is_fine(run(data, "add", "cy", stdin="correct horse\n"))
        done = run(data, "add", "CY", stdin="correct horse\n")
        assert (done.exit_code, done.stderr) == (1, "trio-chat: there is an account cy already\n")
        cy = server.connect()
        cy.send("PASS :cy:correct horse", "NICK cy", "USER cy 0 * :x")
        cy.until(" 001 cy ")
        assert "correct horse" not in server.log.read_text()


def test_after_a_server_was_killed(data: Path, tmp_path: Path) -> None:
    with served(tmp_path) as server:
        server.process.kill()
        server.process.wait(PATIENCE)
    assert (data / SOCKET).exists()
    assert is_fine(run(data, "suspend", "al"))
    with served(tmp_path):
        assert is_fine(run(data, "unsuspend", "al"))
    assert not (data / SOCKET).exists()


def test_a_directory_that_is_too_deep(data: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * LONGEST_PATH)
    data.rename(deep)
    with served(tmp_path, TRIO_CHAT_SERVER_DATA=str(deep)) as server:
        assert "the path of a control socket there is too long" in server.log.read_text()
        done = run(deep, "drop", "--yes", "al")
        assert done.exit_code == 1
        said = f"trio-chat: another server (process {server.process.pid}) keeps its journal in"
        assert done.stderr.startswith(said)
        assert "stop the server first, or give it a directory with a shorter path" in done.stderr
    assert is_fine(run(deep, "drop", "--yes", "al"))
