"""The program that connects and disconnects, against the server itself."""

from __future__ import annotations

import pytest

from loadtest.churn import main

pytestmark = pytest.mark.story


def test_every_client_comes_and_goes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--connections", "100", "--at-once", "10", "--growth", "1000"]) == 0
    lines = capsys.readouterr().out.splitlines()
    counts = [int(line.split()[0]) for line in lines]
    assert counts[:-1] == [1, 10, 50, 100]
    assert all(line.endswith(" MB") for line in lines[:-1])


def test_too_much_growth_is_a_failure() -> None:
    assert main(["--connections", "10", "--growth", "-1000"]) == 1
