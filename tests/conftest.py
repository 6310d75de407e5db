"""What all tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _data_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have what a server keeps nowhere near what the user's own servers do."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
