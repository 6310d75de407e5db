"""Hostile openings: against our server all is well, and servers that do wrong are found out."""

from __future__ import annotations

import time

import msgspec
import pytest

from loadtest.bench import hostile
from loadtest.bench.__main__ import main
from loadtest.bench.bystander import Observation
from loadtest.bench.hostile import Onslaught, Outcome
from loadtest.bench.openings import Opening
from loadtest.bench.servers import ServerUnderTest
from tests.loadtest.test_bench_load import MUTE, variant

pytestmark = pytest.mark.story

REFUSING = variant(
    "refusing",
    """
def data_received(self, data):
    self.transport.write(b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n")
    self.transport.close()
""",
)
HANGING_UP = variant("hanging up", "def data_received(self, data): self.transport.close()")
READING = variant(
    "reading",
    # Up to the hundredth byte, or up to the end.
    """
got = b""
def data_received(self, data):
    self.got += data
    if len(self.got) >= 100:
        self.end()
def eof_received(self):
    self.end()
def end(self):
    self.transport.write(b"HTTP/1.1 200 %d\\r\\n\\r\\n" % len(self.got))
    self.transport.close()
""",
)


def onslaught(kind: ServerUnderTest, opening: Opening, total: int = 3) -> Onslaught:
    """Have it done, and return what came of it."""
    with (
        kind.run() as server,
        Onslaught(server.address, addresses=2, at_once=2) as found,
    ):
        found.run([opening], total)
    return found


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("_SLACK", 1.0), ("_KEPT", 0.1), ("_DRIPPING", 0.01)):
        monkeypatch.setattr(hostile, name, seconds)


def test_what_is_answered_and_ended_is_fine() -> None:
    opening = Opening(name="x", data=b"GET", answer=rb"\AHTTP/1\.1 400 ", responses=1)
    found = onslaught(REFUSING, opening)
    assert len(found.lasted["x"]) == 3
    assert all(0 < seconds < 60 for seconds in found.lasted["x"])
    assert (found.late, found.wrong) == ({}, {})


@pytest.mark.parametrize("reads", [True, False])
def test_what_is_not_ended_is_late(reads: bool) -> None:
    began = time.monotonic()
    found = onslaught(MUTE, Opening(name="x", data=b"GET", within=0.2, reads=reads), 2)
    assert time.monotonic() - began >= 1.2
    assert (found.lasted, found.late) == ({}, {"x": 2})


def test_another_answer_is_wrong() -> None:
    opening = Opening(name="x", data=b"GET", answer=rb"\AHTTP/1\.1 400 ", responses=1)
    found = onslaught(HANGING_UP, opening)
    assert found.wrong["x"] == ["0 responses: b''"] * 3
    found = onslaught(REFUSING, Opening(name="x", data=b"GET", answer=rb"\AHTTP/1\.1 408 "))
    assert found.wrong["x"] == [repr(b"HTTP/1.1 400 Bad Request\r\n\r\n")] * 3


@pytest.mark.parametrize(
    ("opening", "got"),
    [
        (Opening(name="x", data=b"a" * 99, drip=[b"b"]), 100),
        (Opening(name="x", data=b"", drip=[b"b" * 10] * 10), 100),
        (Opening(name="x", data=b"a" * 60, pour=b"b" * 20), 100),
        (Opening(name="x", data=b"abc", hangs_up=True), 3),
        (Opening(name="x", data=b"abc", then=b"a" * 97, reads=False, within=0.5), 100),
    ],
    ids=["drip", "drip from the first", "pour", "hang up", "blind"],
)
def test_all_is_sent(opening: Opening, got: int) -> None:
    # As long as the server listens, which it does up to the hundredth byte.
    found = onslaught(READING, msgspec.structs.replace(opening, answer=b" 200 %d\r\n" % got))
    assert len(found.lasted["x"]) == 3
    assert (found.late, found.wrong) == ({}, {})


def outcome(**more: object) -> Outcome:
    seen = Observation(pings=1, longest=1.0, median=1.0, p99=1.0, late=0.0)
    numbers = dict.fromkeys(("seconds", "cpu", "before", "most", "after", "left", "tracebacks"), 0)
    return Outcome(**{"lasted": {}, "late": {}, "wrong": {}, **numbers, "seen": seen, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"late": {"x": 2}}, "x: 2 were not ended in time"),
        ({"wrong": {"x": ["b''"]}}, "x: 1 had another answer, such as b''"),
        ({"left": 3}, "3 descriptors are left open"),
        ({"tracebacks": 4}, "4 tracebacks are in the server's log"),
    ],
)
def test_what_went_wrong_is_told(more: dict[str, object], fault: str) -> None:
    assert outcome(**more).faults == [fault]
    assert outcome().faults == []


def test_two_hundred_leave_nothing_behind(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where others are busy it takes them longer.
    for name, seconds in (("_SLACK", 15.0), ("_KEPT", 8.0), ("_DRIPPING", 1.0)):
        monkeypatch.setattr(hostile, name, seconds)
    options = ["--openings", "200", "--at-once", "200"]
    assert main(["hostile", *options]) == 0, capsys.readouterr().err
    last = capsys.readouterr().out.splitlines()[-1].split(" | ")
    assert last[:2] == ["| 200", "200"]


@pytest.mark.parametrize("bound", ["_P99", "_LEFT"])
def test_what_is_too_much_is_a_failure_where_that_is_checked(
    monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    # Less than nothing: no time for the bystander, or no memory.
    monkeypatch.setattr(hostile, bound, -1000.0)
    options = ["hostile", "--openings", "2", "--only", "two Content-Lengths"]
    assert main(options) == 0
    assert main([*options, "--check"]) == 1
