"""That a directory has one server: a lock on a file in it, which goes when the process does."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType

from trio_chat.journal.errors import InUseError, UnusableError

JOURNAL = "journal.db"
"""The journal's file in a directory."""
_LOCK = "journal.lock"


class Lock:
    """Holds a directory, until closed; it is made if it is not there, for nobody else to read.

    Raises `InUseError` where somebody else holds it, `UnusableError` where nothing can be written.
    """

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(
                directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode=0o600
            )
        except OSError as error:
            raise UnusableError(f"{directory} can not be written: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 20, 0).decode(errors="replace").strip()
            os.close(self._file)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise UnusableError(f"{directory} can not be locked: {error.strerror}") from None
            process = f" (process {holder})" if holder.isdigit() else ""
            raise InUseError(f"another server{process} keeps its journal in {directory}") from None
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            # A full disk: the number is for people only.
            pass

    def close(self) -> None:
        """Let go of the directory."""
        os.close(self._file)

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
