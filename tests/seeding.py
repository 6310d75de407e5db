"""Accounts that are there before a server starts: in its journal."""

from __future__ import annotations

from pathlib import Path

from tests.journal.rig import File
from trio_chat.core.accounts import Account, kept
from trio_chat.journal.lock import JOURNAL
from trio_chat.server.passwords import make


def seed_account(data: Path, name: str, password: str, *, certificates: tuple[str, ...]) -> None:
    """Put an account into the journal of a server that keeps it in `data`, and that does not run
    now."""
    data.mkdir(parents=True, exist_ok=True)
    file = File(data / JOURNAL)
    account = Account(name=name, registered_at=0.0, certificates=certificates)
    file.change(*kept(account, make(password)))
    file.settle()
    file.close()
