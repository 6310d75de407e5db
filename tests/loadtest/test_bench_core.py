"""The bench of the state machine: it runs, it sees the checkout that it was given, it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.bench import core
from loadtest.bench.__main__ import main
from loadtest.bench.servers import ROOT

pytestmark = pytest.mark.story


@pytest.mark.parametrize("together", [1, 20])
def test_a_message_has_a_cost_to_decide_and_one_to_encode(together: int) -> None:
    step, encoding = core.measure(2, 2, together, 0.0, chunk=100)
    assert step > 0
    assert encoding > 0


def test_either_form_of_outputs_is_encoded() -> None:
    class Chunk:
        def __init__(self, data: bytes) -> None:
            self.bytes = data

        def data(self, user: int = 0) -> bytes:
            return self.bytes

    lists = [(1, [Chunk(b"ab"), Chunk(b"c")]), (2, [Chunk(b"d")])]
    assert core.encoder(lists)(lists) == 4
    objects = [(1, Chunk(b"abc"))]
    assert core.encoder(objects)(objects) == 3


def test_the_table_compares_the_first_checkout_with_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["core", "--rounds", "1", "--seconds", "0.001", "--also", f"before={ROOT}"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].startswith("| µs per message | ours: step | ours: encoding | before: step |")
    assert lines[0].endswith("| ours / before |")
    assert [line.split(" | ")[0] for line in lines[2:]] == [f"| {name}" for name, _ in core.rows()]
    assert captured.err.splitlines() == ["core 1/1 ours", "core 1/1 before"]


def test_a_checkout_that_can_not_be_imported_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "trio_chat"
    package.mkdir()
    (package / "__main__.py").touch()
    (package / "__init__.py").write_text("raise ImportError('out of order')")
    assert main(["core", "--rounds", "1", "--seconds", "0.001", "--also", f"x={tmp_path}"]) == 1
    assert "ImportError: out of order" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--rounds", "0"], ["--also", "x=/nowhere"]])
def test_a_wrong_option_is_refused(options: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["core", *options])
    assert caught.value.code == 2
