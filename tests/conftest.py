"""What all tests share.

Properties are checked, not the speed of the machine that checks them; and no test comes near what
the user's own servers keep.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import hypothesis
import pytest

# A busy machine may take long for one example, and for making it.
hypothesis.settings.register_profile(
    "patient",
    hypothesis.settings(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")

_numbers = itertools.count()


@pytest.fixture(scope="session")
def _all_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def _data_of_its_own(_all_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a server keep what it keeps in a directory of the test's, which is made when it is
    needed: most tests have no server, and a thousand directories take long to look through."""
    monkeypatch.setenv("XDG_DATA_HOME", str(_all_data / str(next(_numbers))))
