"""The bench of clients that come by WebSocket, as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loadtest.bench import websocket
from loadtest.bench.__main__ import main

pytestmark = pytest.mark.story

FEW = ["websocket", "--members", "20", "--rounds", "1", "--seconds", "0.2"]


def test_both_kinds_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bench.json"
    assert main([*FEW, "--json", str(file)]) == 0
    captured = capsys.readouterr()
    assert "many-rooms 1/1 websocket: " in captured.err
    found = json.loads(file.read_text())
    assert found["servers"] == ["irc", "websocket"]
    values = {row["label"]: row["medians"] for row in found["rows"]}
    assert set(values) == {
        "server CPU µs / delivery",
        "delay p50, ms",
        "delay p99, ms",
        "M deliveries / s",
        "RSS KB / client",
    }
    assert all(value > 0 for each in values.values() for value in each.values())


@pytest.mark.parametrize(("scenario", "bound"), [("paced", "_DEARER"), ("idle", "_MEMORY")])
def test_a_bound_that_is_missed_is_a_failure_where_that_is_checked(
    monkeypatch: pytest.MonkeyPatch, scenario: str, bound: str
) -> None:
    monkeypatch.setattr(websocket, bound, 0.0)
    options = [*FEW, "--only", scenario]
    assert main(options) == 0
    assert main([*options, "--check"]) == 1
