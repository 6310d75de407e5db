"""What Locust loads. In processes of their own: gevent changes the one that it is imported into."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.story

ROOT = pathlib.Path(__file__).parents[2]


def python(code: str) -> str:
    """Run code where the load test can be imported; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_trio_is_never_imported() -> None:
    assert python("import sys, loadtest.locustfile; print('trio' in sys.modules)") == "False"


def test_the_pure_modules_import_neither_gevent_nor_locust() -> None:
    modules = "plan, payload, histogram, diagnosis, membership, verifier, verdict, run"
    code = f"import sys; from loadtest import {modules}; print('gevent' in sys.modules)"
    assert python(code) == "False"


def test_the_options_are_locusts_own() -> None:
    code = """
from locust.argument_parser import get_parser
import loadtest.locustfile
options = get_parser().parse_args("--profile pairs --rate 7 --tls-verify on".split())
assert (options.profile, options.rate, options.tls_verify) == ("pairs", 7.0, "on")
assert options.room_size is None
assert loadtest.locustfile.given(vars(options))["rate"] == 7.0
"""
    python(code)


def test_histograms_become_rows() -> None:
    code = """
from locust.env import Environment
from loadtest.histogram import Histogram
from loadtest.table import DELIVER, LAG, Table
environment = Environment()
table = Table(environment)
histogram = Histogram()
for milliseconds in (1.2, 3.1, 3.2, 250, 1234):
    histogram.add(milliseconds / 1e3)
table.merge(DELIVER, histogram)
assert histogram.count == 0
histogram.add(0.5)
table.merge(DELIVER, histogram)
table.merge(DELIVER, histogram)
histogram.add(0.5)
table.merge(LAG, histogram)
entry = environment.stats.get("deliver", "IRC")
assert entry.num_requests == 6, entry.num_requests
assert dict(entry.response_times) == {1: 1, 3: 2, 250: 1, 1200: 1, 500: 1}, entry.response_times
assert (entry.min_response_time, entry.max_response_time) == (1, 1234)
assert abs(entry.total_response_time - 1991) <= 2, entry.total_response_time
assert sum(entry.num_reqs_per_sec.values()) == 6
assert environment.stats.total.num_requests == 6
assert environment.stats.get("lag", "GEN").num_requests == 1
assert table.sum_of(DELIVER).count == 6
"""
    python(code)


def test_faults_become_failures() -> None:
    code = """
from locust.env import Environment
from loadtest.diagnosis import Fault, Kind
from loadtest.table import SHOWN_FAULTS, Table
environment = Environment()
environment.create_local_runner()
faults = [Fault(Kind.LOST, "#r", "u1", f"message {n} of u2 did not arrive") for n in range(50)]
Table(environment).check(1000, faults)
stats = environment.stats
lost = stats.get("lost", "CHECK")
assert (lost.num_requests, lost.num_failures) == (1050, 50)
assert len(stats.errors) == SHOWN_FAULTS + 1
assert stats.get("duplicate", "CHECK").num_failures == 0
assert stats.get("duplicate", "CHECK").num_requests == 1000
assert ("unexpected", "CHECK") not in stats.entries
"""
    python(code)
