"""The bench of history: a small crowd finds everything, or it is said that it has not."""

from __future__ import annotations

import pytest

from loadtest.bench import history
from loadtest.bench.__main__ import main
from loadtest.bench.crowd import CrowdError

pytestmark = pytest.mark.story


def test_a_crowd_reads_a_room_to_its_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--clients", "3", "--messages", "50", "--pages", "20", "50"]
    assert main(["history", *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[:3] for line in lines[2:]] == [
        ["| 3", "50", "20"],
        ["| 3", "50", "50"],
    ]


def test_whoever_does_not_find_everything_is_a_failure() -> None:
    with history.keeping().run() as server:
        history.fill(server.address, 10)
        # There are ten more than it is told.
        with pytest.raises(CrowdError, match="2 have not found 30 messages, but 40"):
            history.measure(server, clients=2, messages=30, page=100)


def test_a_bystander_who_waits_is_a_failure_where_that_is_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Whoever is asked so little may not keep anybody waiting at all.
    monkeypatch.setattr(history, "AT_MOST", -1.0)
    options = ["history", "--clients", "1", "--messages", "5", "--pages", "5"]
    assert main(options) == 0
    assert main([*options, "--check"]) == 1
