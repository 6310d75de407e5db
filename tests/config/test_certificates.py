"""When a certificate is valid, and what is said of one that is not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.certificates import write_certificate
from trio_chat.config.certificates import complaint

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
END = dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (BEGIN - SECOND, "is not valid yet, but from 2026-01-01 00:00:00 UTC"),
        (BEGIN, ""),
        (END - 8 * DAY, ""),
        (END - 6 * DAY, "is about to expire: it is valid until 2026-03-01 12:30:00 UTC"),
        (END, "is about to expire: it is valid until 2026-03-01 12:30:00 UTC"),
        (END + SECOND, "has expired: it was valid until 2026-03-01 12:30:00 UTC"),
    ],
)
def test_when_it_is_valid(tmp_path: Path, now: dt.datetime, said: str) -> None:
    write_certificate(tmp_path, begin=BEGIN, end=END)
    path = tmp_path / "cert.pem"
    assert complaint(path, now) == (f"the certificate {path} {said}" if said else "")


def test_what_is_no_certificate_is_said_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    assert complaint(path, BEGIN) == ""
    path.write_bytes(b"none")
    assert complaint(path, BEGIN) == ""
