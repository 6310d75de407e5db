"""That a directory has one server."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from trio_chat.journal.errors import InUseError, UnusableError
from trio_chat.journal.lock import Lock


def test_a_directory_is_made_for_nobody_else_to_read(tmp_path: Path) -> None:
    directory = tmp_path / "some" / "where"
    with Lock(directory):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_second_one_is_told_who_has_it(tmp_path: Path) -> None:
    with Lock(tmp_path):
        with pytest.raises(InUseError) as caught:
            Lock(tmp_path)
        assert str(caught.value) == (
            f"another server (process {os.getpid()}) keeps its journal in {tmp_path}"
        )
    Lock(tmp_path).close()


def test_it_goes_with_the_process(tmp_path: Path) -> None:
    script = """
import os, pathlib, sys
from trio_chat.journal.lock import Lock
lock = Lock(pathlib.Path(sys.argv[1]))
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], timeout=60, check=False)
    assert done.returncode == -9
    Lock(tmp_path).close()


def test_where_no_directory_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnusableError, match=r"file can not be written: File exists$"):
        Lock(tmp_path / "file")
    with pytest.raises(UnusableError, match=r"deep can not be written: Not a directory$"):
        Lock(tmp_path / "file" / "deep")


def test_where_nothing_can_be_written() -> None:
    with pytest.raises(UnusableError, match=r"^/proc/sys can not be written: "):
        Lock(Path("/proc/sys"))
