"""Which journal a server has, from its configuration, and the core that goes on where that ends."""

from __future__ import annotations

import time
from pathlib import Path

import trio_chat
from trio_chat.config import Config
from trio_chat.core.accounts import ACCOUNT, METADATA
from trio_chat.core.core import Core
from trio_chat.core.keeping import TABLES
from trio_chat.core.registered import ROOM
from trio_chat.journal import Journal, JournalError, NoJournal
from trio_chat.journal.retention import Retention
from trio_chat.journal.store import SqliteJournal
from trio_chat.server.errors import StartError

KEPT = (*TABLES, ACCOUNT, ROOM, METADATA)
"""The tables that a core begins with."""


def retention(config: Config) -> Retention:
    """Return how much is to be kept."""
    return Retention(days=config.history.retention_days, messages=config.history.max_per_channel)


def open_journal(config: Config) -> Journal:
    """Return the journal that is configured: without history, too, it has what outlives a restart.
    Raises `StartError` where it can not be used."""
    directory = config.server.data
    if directory is None:
        return NoJournal()
    try:
        return open_file(config, directory)
    except JournalError as error:
        raise StartError(str(error)) from None


def open_file(config: Config, directory: Path) -> SqliteJournal:
    """Return the journal in a directory. Raises `JournalError` where it can not be used."""
    return SqliteJournal(directory, sync=config.history.sync, retention=retention(config))


def make_core(config: Config, journal: Journal, *, monotonic: float) -> Core:
    """Return a core that goes on where the journal ends; `monotonic` is the time, in seconds, on
    the clock that does not jump. Raises `JournalError` when the journal can not be read."""
    return Core(
        config.settings(),
        last=journal.last,
        kept={table: journal.kept(table) for table in KEPT},
        version=trio_chat.__version__,
        started=time.time(),
        monotonic=monotonic,
    )
