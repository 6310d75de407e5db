"""What can go wrong with a journal, each with a sentence for the log, or for a terminal."""

from __future__ import annotations

import msgspec

DAMAGED = (msgspec.DecodeError, UnicodeDecodeError)
"""What comes of reading bytes that are not those that were stored."""


class JournalError(Exception):
    """What was to be stored is not, or what was to be read can not be. The text says why."""


class UnusableError(JournalError):
    """There is no journal here that this program could use, and it has touched nothing."""


class InUseError(UnusableError):
    """Another process has the journal."""


class BadSearchError(JournalError):
    """That is nothing that can be searched for."""


class TooSlowError(JournalError):
    """A question took longer than it may."""
