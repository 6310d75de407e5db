"""Reading and writing in threads, and threads that come too late."""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from trio_chat.client.descriptors import read, write


def opened() -> set[str]:
    """The descriptors that are open."""
    return set(os.listdir("/proc/self/fd"))


async def test_all_of_it_is_written_and_read() -> None:
    reading, writing = os.pipe()
    data = bytes(range(256)) * 2000
    found = b""
    async with trio.open_nursery() as nursery:
        # More than a pipe holds.
        nursery.start_soon(write, writing, data)
        while len(found) < len(data):
            found += await read(reading, 65_536)
    assert found == data
    os.close(writing)
    assert await read(reading, 10) == b""
    os.close(reading)


async def test_nothing_is_left_open(tmp_path: Path) -> None:
    await trio.to_thread.run_sync(int)
    before = opened()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(IsADirectoryError):
        await read(descriptor, 10)
    os.close(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        await read(descriptor, 10)
    with trio.CancelScope() as scope:
        scope.cancel()
        await read(0, 10)
    assert scope.cancelled_caught
    assert opened() == before


class Late:
    """A function for `os`, which begins when it is let. `done` is set when it has ended."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._begin = threading.Event()
        self._done = threading.Event()

    def __call__(self, *arguments: object) -> object:
        self._begin.wait()
        try:
            return self._function(*arguments)
        finally:
            self._done.set()

    def go_on(self) -> None:
        self._begin.set()
        assert self._done.wait(60)


async def abandon(function: Callable[..., Awaitable[object]], *arguments: object) -> None:
    """Call a function, and cancel it when it waits for its thread."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(function, *arguments)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


async def test_a_read_that_begins_late_takes_nothing_from_anybody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    late = Late(os.read)
    with monkeypatch.context() as patched:
        patched.setattr(os, "read", late)
        await abandon(read, reading, 100)
        os.close(reading)
        os.close(writing)
        pair = os.pipe()
        assert pair == (reading, writing)
        os.set_blocking(reading, False)
        os.write(writing, b"not for you")
        late.go_on()
    assert os.read(reading, 100) == b"not for you"
    os.close(reading)
    os.close(writing)


async def test_a_write_that_begins_late_reaches_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    late = Late(os.write)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", late)
        await abandon(write, writing, b"too late")
        os.close(reading)
        os.close(writing)
        pair = os.pipe()
        assert pair == (reading, writing)
        late.go_on()
    os.close(writing)
    assert os.read(reading, 100) == b""
    os.close(reading)
