"""Descriptors that may block, read and written in threads.

epoll takes no regular files, and to make a descriptor non-blocking would make it so for the other
processes that share it.

A call that is cancelled is left to its thread, which may begin, or go on, long after that: when
whoever had the descriptor has closed it, and its number is given to something else. So each call
makes a duplicate for itself, and its thread closes that.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

import trio

_T = TypeVar("_T")


async def read(descriptor: int, size: int) -> bytes:
    """Return what can be read, at most `size` bytes; none at the end. Raises `OSError`."""
    return await _in_thread(descriptor, lambda own: os.read(own, size))


async def write(descriptor: int, data: bytes) -> None:
    """Write all of it. Raises `OSError`."""
    await _in_thread(descriptor, lambda own: _write(own, data))


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


async def _in_thread(descriptor: int, function: Callable[[int], _T]) -> _T:
    await trio.lowlevel.checkpoint_if_cancelled()
    own = os.dup(descriptor)

    def call() -> _T:
        try:
            return function(own)
        finally:
            os.close(own)

    # With a limiter of its own it waits for no place: until the thread is there, which closes the
    # duplicate, nothing can cancel it.
    return await trio.to_thread.run_sync(
        call, abandon_on_cancel=True, limiter=trio.CapacityLimiter(1)
    )
