"""What a server begins with: what is read of it takes hardly more memory than what stays."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from trio_chat.config import Config
from trio_chat.core.accounts import Account, kept
from trio_chat.journal.store import SqliteJournal
from trio_chat.server.storing import make_core, open_file

ACCOUNTS = 5000


async def test_reading_what_is_kept_takes_little_more_than_keeping_it(tmp_path: Path) -> None:
    """What it takes more for a moment is in pieces among what stays, and is not given back."""
    journal = SqliteJournal(tmp_path, sync="off")
    await journal.commit(
        [
            record
            for number in range(ACCOUNTS)
            for record in kept(
                Account(name=f"al{number}", registered_at=1.0, email=f"al{number}@example.org")
            )
        ]
    )
    await journal.settle()
    await journal.aclose()
    journal = open_file(Config(), tmp_path)
    # What is made once, whatever is kept.
    make_core(Config(), journal, monotonic=0.0)
    tracemalloc.start()
    try:
        core = make_core(Config(), journal, monotonic=0.0)
        stays, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await journal.aclose()
    assert len(core.context.accounts) == ACCOUNTS
    assert stays / ACCOUNTS > 100
    assert most < 1.25 * stays
