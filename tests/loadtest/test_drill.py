"""The drill with a server: a short one that passes, and such as must not."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from loadtest.drill.__main__ import Course, drill, main, report
from loadtest.drill.history import History
from loadtest.drill.party import Scale
from loadtest.drill.server import Server, ServerError

COURSE = Course(kills=1, seconds=10, scale=Scale(clients=4, rooms=2, rate=200))


@pytest.mark.drill
def test_a_short_drill_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "drill.json"
    options = "--kills 2 --seconds 20 --lines 20 --changes 2 --clients 6 --rate 200 --seed 2 --json"
    assert main([*options.split(), str(file)]) == 0
    captured = capsys.readouterr()
    assert "PASSED" in captured.out
    assert "kill 2/2" in captured.err
    found = json.loads(file.read_bytes())
    assert found["kills"] == 2
    assert found["acknowledged"] >= 20
    # Some was shown to several.
    assert found["shown"] > found["kept"] >= found["acknowledged"]
    assert found["verdict"] == {
        "lost": 0,
        "altered": 0,
        "duplicated": 0,
        "reordered": 0,
        "missed": 0,
        "examples": [],
    }
    changes = found["changes"]
    assert changes["acknowledged"] == sum(changes["kinds"].values()) >= 2
    assert (changes["missing"], changes["altered"], changes["examples"]) == (0, 0, [])
    assert found["integrity"] == ""


@pytest.mark.drill
def test_what_an_export_lacks_is_found(tmp_path: Path) -> None:
    gone = []

    def export(server: Server) -> History:
        history = History.read(server.export())
        messages = max(history.conversations.values(), key=len)
        # The last that everybody was shown.
        gone.append(messages.pop())
        messages[0], messages[1] = messages[1], messages[0]
        return history

    server = Server(tmp_path, sync="full")
    result = drill(COURSE, server, random.Random(1), export=export)
    assert result.verdict.lost == 1
    assert result.verdict.reordered > 0
    assert not result.passed
    text = report(result)
    assert f"lost: {gone[0].id} <{gone[0].sender}>" in text
    assert text.endswith("FAILED")


class Forgetful(Server):
    """A server that has lost its registered rooms whenever it comes back."""

    def start(self) -> None:
        for file in self.directory.glob("data/journal.db"):
            with closing(sqlite3.connect(file)) as journal, journal:
                journal.execute("DELETE FROM kept WHERE kind = 'room'")
        super().start()


@pytest.mark.drill
def test_what_accounts_and_rooms_lack_is_found(tmp_path: Path) -> None:
    course = Course(kills=2, seconds=20, scale=Scale(clients=4, rooms=2, rate=100))
    result = drill(course, Forgetful(tmp_path, sync="full"), random.Random(2))
    assert result.changes.kinds["room"] > 0
    assert result.changes.missing > 0
    assert not result.passed
    text = report(result)
    assert "missing: room #k" in text
    assert text.endswith("FAILED")


@pytest.mark.drill
def test_too_little_is_no_proof(capsys: pytest.CaptureFixture[str]) -> None:
    options = "--kills 5000 --seconds 5 --lines 1000000 --clients 4"
    assert main(options.split()) == 1
    out = capsys.readouterr().out
    assert "No proof: only " in out
    assert " of 5000 kills in 5 s" in out
    assert " of 1000000 lines acknowledged" in out
    assert " of 10000 changes acknowledged" in out


def test_a_server_that_ends_by_itself_fails_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(tmp_path, sync="full")
    (tmp_path / "data").write_text("no directory")
    with pytest.raises(ServerError, match=r"the server ended with [12]:\n.*data"):
        drill(COURSE, server, random.Random(1))


@pytest.mark.parametrize(
    "options", [["--kills", "0"], ["--seconds", "-1"], ["--sync", "x"], ["--keepers", "0"]]
)
def test_a_wrong_option_is_refused(options: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(options)
    assert caught.value.code == 2
