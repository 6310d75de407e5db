"""The bench of guessing: everybody is told that they were wrong, and few are checked."""

from __future__ import annotations

import pytest

from loadtest.bench import guessing
from loadtest.bench.__main__ import main

pytestmark = pytest.mark.story


@pytest.mark.parametrize(("clients", "addresses", "checked"), [("8", "1", "5"), ("7", "7", "7")])
def test_a_crowd_guesses(
    capsys: pytest.CaptureFixture[str], clients: str, addresses: str, checked: str
) -> None:
    assert main(["guessing", "--clients", clients, "--addresses", addresses]) == 0
    lines = capsys.readouterr().out.splitlines()
    # Five of an address, and of any address the first; the others are told to come back.
    assert lines[2].split(" | ")[:3] == [f"| {clients}", addresses, checked]


@pytest.mark.parametrize("bound", ["AT_MOST", "CHECKING", "LEFT"])
def test_what_is_too_much_is_a_failure_where_that_is_checked(
    monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    # Less than nothing: no time for the bystander, no memory meanwhile, or none afterwards.
    monkeypatch.setattr(guessing, bound, -1000.0)
    options = ["guessing", "--clients", "1", "--addresses", "1"]
    assert main(options) == 0
    assert main([*options, "--check"]) == 1
