"""What all tests of the server share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.server.rig import Rig


@pytest.fixture(autouse=True)
def _log_as_by_default() -> Iterator[None]:
    """Log what a server logs that nobody has told to say more."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(20))
    yield
    structlog.reset_defaults()


@pytest.fixture(params=[False, True], ids=["stream", "socket"])
def carried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Have connections carried by streams, which their tasks read, and by sockets, which are
    polled."""
    monkeypatch.setattr(Rig, "real", request.param)
    return bool(request.param)
