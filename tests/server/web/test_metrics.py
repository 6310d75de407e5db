"""What Prometheus reads: by its own parser, and as docs/metrics.md has it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import trio
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.server.rig import Rig, running
from trio_chat.server.collector import Collector
from trio_chat.server.meters import BOUNDS
from trio_chat.server.readings import Readings
from trio_chat.server.web.metrics import CONTENT_TYPE, render

DOCS = Path(__file__).parents[3] / "docs"
SERIES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
"""What the names of a metric's series end with."""


def parsed(rig: Rig) -> dict[str, Metric]:
    kind, text = render(Readings(rig.hub, Collector(), limit=lambda: 500))
    assert kind == CONTENT_TYPE
    return {one.name: one for one in text_string_to_metric_families(text.decode())}


def value(metrics: dict[str, Metric], series: str, **labels: str) -> float:
    """Return the one value of a series with these labels."""
    (found,) = (
        sample.value
        for metric in metrics.values()
        for sample in metric.samples
        if sample.name == series and labels.items() <= sample.labels.items()
    )
    return found


async def test_everything_is_there_before_anything_has_happened(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with running() as rig:
        for name, metric in parsed(rig).items():
            assert metric.samples, name
            assert metric.documentation.endswith("."), name
            ends = SERIES[metric.type]
            assert {sample.name.removeprefix(name) for sample in metric.samples} == set(ends)


async def test_names_are_by_the_conventions(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        for name, metric in parsed(rig).items():
            assert re.fullmatch(r"(trio_chat|process)(_[a-z]+)+", name)
            # Base units, and no other.
            assert not re.search(r"milli|micro|kilo|mega|minutes|percent", name)
            if metric.type == "histogram":
                assert name.endswith("_seconds")
            for sample in metric.samples:
                assert not {"name", "nickname", "host", "room"} & sample.labels.keys()


async def test_values(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        al = await rig.irc("al", "JOIN #a")
        await rig.irc("bo", "JOIN #a")
        peer = await rig.connect()
        await peer.send("GET / HTTP/1.1", "")
        await peer.rest()
        before = parsed(rig)
        await al.send("PRIVMSG #a :one", "PRIVMSG #a :two")
        await al.barrier()
        after = parsed(rig)
        assert value(after, "trio_chat_users") == 2
        assert value(after, "trio_chat_rooms") == 2
        assert value(after, "trio_chat_connections_limit") == 500
        assert value(after, "trio_chat_connections", kind="irc", tls="no") == 2
        assert value(after, "trio_chat_connections", kind="irc", tls="yes") == 0
        assert value(after, "trio_chat_connections_opened_total", kind="irc", tls="no") == 2
        assert value(after, "trio_chat_refusals_total", reason="HTTP") == 1
        assert value(after, "trio_chat_refusals_total", reason="banned") == 0
        assert value(after, "process_start_time_seconds") == rig.core.context.started
        assert value(after, "process_resident_memory_bytes") > 1 << 20
        for series, more in (
            ("trio_chat_messages_total", 2),
            ("trio_chat_lines_received_total", 3),
            ("trio_chat_deliveries_total", 5),
        ):
            assert value(after, series) - value(before, series) == more, series


async def test_histograms_are_cumulative(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        for seconds in (0.002, 0.002, 0.5, 100.0):
            rig.hub.meters.commits.observe(seconds)
            rig.hub.meters.history["search"].observe(seconds)
        found = parsed(rig)
        for series, labels in (
            ("trio_chat_commit_seconds", {}),
            ("trio_chat_history_seconds", {"kind": "search"}),
        ):
            bucket = f"{series}_bucket"
            assert value(found, bucket, le="0.001", **labels) == 0
            assert value(found, bucket, le="0.0025", **labels) == 2
            assert value(found, bucket, le="0.5", **labels) == 3
            assert value(found, bucket, le="+Inf", **labels) == 4
            assert value(found, f"{series}_count", **labels) == 4
            assert value(found, f"{series}_sum", **labels) == pytest.approx(100.504)
        bounds = {
            sample.labels["le"]
            for sample in found["trio_chat_tick_seconds"].samples
            if "le" in sample.labels
        }
        assert {float(bound) for bound in bounds} == {*BOUNDS, float("inf")}


async def test_no_word_of_a_peers_is_in_it(autojump_clock: trio.abc.Clock) -> None:
    async with running() as rig:
        al = await rig.irc("said1", "JOIN #said2")
        await al.send("PRIVMSG #said2 :said3", "QUIT :said4")
        await al.rest()
        late = await rig.irc("said5")
        await trio.sleep(400)
        await late.rest()
        text = render(Readings(rig.hub, Collector(), limit=lambda: 1))[1].decode()
        assert 'trio_chat_cut_offs_total{reason="ping timeout"} 1.0' in text
        assert not re.search("said[0-9]", text)


def test_whoever_wants_no_metrics_does_not_pay_for_them() -> None:
    program = "import sys, trio_chat.server.run; sys.exit('prometheus_client' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_library_starts_nothing() -> None:
    program = "import threading, trio_chat.server.web.metrics; assert threading.active_count() == 1"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


# --- What is said about them


async def names() -> dict[str, Metric]:
    async with running() as rig:
        return parsed(rig)


def series_of(metrics: Iterable[Metric]) -> set[str]:
    return {one.name + end for one in metrics for end in SERIES[one.type]}


def mentioned(text: str) -> set[str]:
    """Return every name of a series that is in a text."""
    return set(re.findall(r"\b(?:trio_chat|process)_[a-z_]+", text))


async def test_the_document_names_exactly_those_that_there_are(
    autojump_clock: trio.abc.Clock,
) -> None:
    rows = re.findall(r"^\| `([a-z_]+)`", (DOCS / "metrics.md").read_text(), re.MULTILINE)
    there = {
        one.name + ("_total" if one.type == "counter" else "") for one in (await names()).values()
    }
    assert len(rows) == len(set(rows))
    assert set(rows) == there


@pytest.mark.parametrize("name", ["grafana.json", "alerts.yml", "metrics.md"])
async def test_nothing_asks_for_what_there_is_not(
    name: str, autojump_clock: trio.abc.Clock
) -> None:
    found = mentioned((DOCS / name).read_text())
    assert len(found) > 5
    known = await names()
    assert found <= series_of(known.values()) | known.keys()


async def test_labels_that_are_asked_for_are_there(autojump_clock: trio.abc.Clock) -> None:
    """`{kind="irc"}` and the like, in expressions."""
    known = await names()
    labels = {
        (sample.name, label, text)
        for metric in known.values()
        for sample in metric.samples
        for label, text in sample.labels.items()
    }
    for name in ("grafana.json", "alerts.yml"):
        text = (DOCS / name).read_text().replace('\\"', '"')
        for series, selector in re.findall(r"\b((?:trio_chat|process)_[a-z_]+)\{([^}]*)\}", text):
            for label, found in re.findall(r'([a-z]+)[!=]=?~?"([^"$]*)"', selector):
                for one in found.split("|"):
                    assert label in ("job", "instance") or (series, label, one) in labels
        for label in re.findall(r"by \(([a-z, ]+)\)", text):
            known_labels = {one for _, one, _ in labels} | {"job", "instance", "le"}
            assert set(label.split(", ")) <= known_labels


def test_the_dashboard_can_be_imported() -> None:
    """Grafana wants ids that are unique, and panels that do not lie on each other."""
    board = json.loads((DOCS / "grafana.json").read_text())
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    for panel in panels:
        if panel["type"] != "row":
            assert panel["title"]
            assert panel["description"]
            assert all(target["expr"] for target in panel["targets"])


PROMTOOL = shutil.which("promtool") or ""


needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="promtool (Debian: prometheus) is missing")


@needs_promtool
def test_prometheus_can_read_the_text() -> None:
    async def text() -> bytes:
        async with running() as rig:
            return render(Readings(rig.hub, Collector(), limit=lambda: 500))[1]

    check = [PROMTOOL, "check", "metrics"]
    done = subprocess.run(check, input=trio.run(text), capture_output=True)
    # It has names that it would have others have, too.
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@needs_promtool
def test_prometheus_can_read_the_rules() -> None:
    check = [PROMTOOL, "check", "rules", str(DOCS / "alerts.yml")]
    done = subprocess.run(check, capture_output=True, text=True)
    assert "SUCCESS: 12 rules found" in done.stdout, done.stderr
