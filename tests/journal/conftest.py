"""What all tests of the journal share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal.rig import File


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    """A journal with nothing in it."""
    made = File(tmp_path / "journal.db")
    yield made
    made.close()
