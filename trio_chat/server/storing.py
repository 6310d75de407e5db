"""Which journal a server has, from its configuration."""

from __future__ import annotations

from trio_chat.config import Config
from trio_chat.journal import Journal, JournalError, NoJournal
from trio_chat.journal.retention import Retention
from trio_chat.journal.store import SqliteJournal
from trio_chat.server.errors import StartError


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
        return SqliteJournal(directory, sync=config.history.sync, retention=retention(config))
    except JournalError as error:
        raise StartError(str(error)) from None
