"""`trio-chat journal`: what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.journal.rig import File, number_at, said
from tests.served import SERVE, served
from trio_chat.cli import commands
from trio_chat.core.ids import Position
from trio_chat.journal import search

FIRST = "2023-11-14T22:13:20.001Z"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The directory of a server that has heard something."""
    directory = tmp_path / "data"
    directory.mkdir()
    file = File(directory / "journal.db")
    file.say("Good morning", "an \x1b[31m escape")
    file.say("evening", channel="#b", who="bo")
    number = number_at(90_000_000)
    file.store(said("a day later", Position(number, 0)), number=number)
    file.settle()
    file.close()
    return directory


def run(data: Path, *args: str) -> Result:
    return CliRunner().invoke(commands, ["journal", "--data", str(data), *args])


def texts_of(output: str) -> list[str]:
    return [json.loads(line)["text"] for line in output.splitlines()]


def test_check(data: Path) -> None:
    done = run(data, "check")
    assert (done.exit_code, done.output) == (0, "The journal is fine\n")


@pytest.mark.parametrize(
    "args", [["check"], ["export"], ["backup", "copy.db"], ["prune"], ["search", "x"]]
)
def test_where_there_is_none(tmp_path: Path, args: list[str]) -> None:
    done = run(tmp_path, *args)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"trio-chat: there is no journal in {tmp_path}\n"


def test_where_nothing_is_kept(tmp_path: Path) -> None:
    args = [["check"], ["export"], ["backup", str(tmp_path / "copy.db")], ["prune"], ["search"]]
    for some in args:
        done = CliRunner().invoke(commands, ["journal", *some], env={"TRIO_CHAT_SERVER_DATA": ""})
        assert (done.exit_code, done.stdout) == (2, "")
        said = "server.data is empty: such a server keeps nothing, and has no journal"
        assert done.stderr == f"trio-chat: {said}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["check", "export", "prune"])
def test_a_damaged_one(data: Path, command: str) -> None:
    (data / "journal.db").write_bytes(b"nonsense" * 1000)
    done = run(data, command)
    assert done.exit_code == 1
    assert done.stderr == (
        f"trio-chat: {data}/journal.db is damaged, or no journal: file is not a database\n"
    )


def test_export(data: Path) -> None:
    assert texts_of(run(data, "export").stdout) == [
        "Good morning",
        "an \x1b[31m escape",
        "a day later",
        "evening",
    ]
    assert texts_of(run(data, "export", "--room", "#B").stdout) == ["evening"]
    assert texts_of(run(data, "export", "--after", "2023-11-15").stdout) == ["a day later"]
    assert len(texts_of(run(data, "export", "--before", "2023-11-15T10:00").stdout)) == 3


def test_an_export_to_a_reader_that_has_enough(data: Path) -> None:
    file = File(data / "journal.db")
    file._last = 100_000_000
    file.say(*("x" * 100 for _ in range(3000)))
    file.close()
    script = f'"{sys.executable}" -m trio_chat journal --data "{data}" export | head -n 1'
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, timeout=60, check=True)
    assert texts_of(done.stdout.decode()) == ["Good morning"]
    assert done.stderr == b""


def test_backup_and_what_it_is_a_backup_of(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy" / "journal.db"
    target.parent.mkdir()
    assert run(data, "backup", str(target)).exit_code == 0
    assert run(target.parent, "export").stdout == run(data, "export").stdout
    again = run(data, "backup", str(target))
    assert (again.exit_code, again.stderr) == (1, f"trio-chat: {target} is there already\n")


def test_prune(data: Path) -> None:
    assert run(data, "prune", "--days", "0", "--per-room", "0").exit_code == 0
    assert len(texts_of(run(data, "export").stdout)) == 4
    # The configuration's ninety days are long over.
    assert run(data, "prune").exit_code == 0
    assert run(data, "export").stdout == ""


def test_search(data: Path) -> None:
    done = run(data, "search", "MORNING")
    assert done.stdout == f"{FIRST} #a <al> Good morning\n"
    # Nothing that a terminal would obey.
    assert "an \ufffd[31m escape" in run(data, "search", "escape").stdout
    assert run(data, "search", "--from", "bo").stdout.endswith("#b <bo> evening\n")
    assert run(data, "search", "--in", "#b", "morning").stdout == ""
    assert run(data, "search", "morning good").stdout == ""
    assert run(data, "search", "good", "day").stdout == ""
    nothing = run(data, "search")
    assert (nothing.exit_code, nothing.stderr) == (
        1,
        "trio-chat: there is nothing to search for\n",
    )


def test_an_export_of_a_room_that_is_not_there(data: Path) -> None:
    done = run(data, "export", "--room", "#None")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "trio-chat: nothing is kept of #none\n"


def test_a_search_that_has_no_time(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SECONDS", 0.0)
    done = run(data, "search", "morning")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "trio-chat: there was no time to look through what is older: say in which room (--in), "
        "by whom (--from) or since when (--after)\n"
    )


def test_a_configuration_that_is_broken(tmp_path: Path) -> None:
    (tmp_path / "chat.toml").write_text("[sever]")
    args = ["journal", "--config", str(tmp_path / "chat.toml"), "check"]
    done = CliRunner().invoke(commands, args)
    assert done.exit_code == 2
    assert "unknown" in done.stderr or "not a known" in done.stderr


def test_a_bar_on_a_terminal(data: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "trio_chat", "journal", "--data", str(data), "check"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=60,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert done.stdout == b"The journal is fine\n"
    assert "Checking" in shown
    assert "100%" in shown


def test_while_a_server_runs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with served(tmp_path) as server:
        al = server.irc("al")
        al.send("PRIVMSG #lobby :are you there?", "PING x")
        al.until(" PONG ")
        assert run(data, "check").stdout == "The journal is fine\n"
        assert "are you there?" in run(data, "export", "--room", "#lobby").stdout
        assert run(data, "backup", str(tmp_path / "copy.db")).exit_code == 0
        pruned = run(data, "prune")
        assert pruned.exit_code == 1
        process = f"process {server.process.pid}"
        assert pruned.stderr == (
            f"trio-chat: another server ({process}) keeps its journal in {data}\n"
        )
    assert "are you there?" in run(data, "search", "there").stdout


# --- What ends a server before it begins


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda data: data.write_text("x"), "data can not be written: File exists"),
        (
            lambda data: (data.mkdir(), (data / "journal.db").write_bytes(b"x" * 9999)),
            "data/journal.db is damaged, or no journal: file is not a database",
        ),
    ],
)
def test_serve_says_what_is_wrong_with_its_journal(
    tmp_path: Path, make: Callable[[Path], object], said: str
) -> None:
    data = tmp_path / "data"
    make(data)
    done = subprocess.run(
        [*SERVE, "--listen", "127.0.0.1:0", "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"trio-chat: {tmp_path}/{said}\n"
