"""Which journal a server has, from its configuration."""

from __future__ import annotations

from trio_chat.config import Config
from trio_chat.journal import Journal, JournalError, NoJournal
from trio_chat.journal.pruning import Retention
from trio_chat.journal.store import SqliteJournal
from trio_chat.server.errors import StartError


def open_journal(config: Config) -> Journal:
    """Return the journal that is configured. Raises `StartError` where it can not be used."""
    history = config.history
    if not history.enabled:
        return NoJournal()
    retention = Retention(days=history.retention_days, messages=history.max_per_channel)
    try:
        return SqliteJournal(config.server.data, sync=history.sync, retention=retention)
    except JournalError as error:
        raise StartError(str(error)) from None
