"""Checking passwords, and making what they are checked against, in threads: it takes a while on
purpose."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2
import structlog
import trio
from argon2.low_level import error_to_str

from trio_chat.core.passwords import prepared
from trio_chat.core.secrets import Secret
from trio_chat.wire import sasl

log = structlog.get_logger()

T = TypeVar("T")

AT_ONCE = 2
"""Checks under way at once. Each takes 64 MB and a core for as long as it lasts."""
NICE = 10
"""How much the threads that check give way to the rest of the server (nice(2)): each has four more,
on all cores, and whoever says a word meanwhile would wait for them."""
SALT = 16
"""Bytes."""
ITERATIONS = 64_000
"""Of PBKDF2, for SCRAM: clients do as many when they log in (RFC 7677 asks for 4096 at least)."""
_NOT_NOW = {error_to_str(-22), error_to_str(-33)}
"""What is no fault of the hash (ARGON2_MEMORY_ALLOCATION_ERROR, ARGON2_THREAD_FAIL in argon2.h)."""


class PasswordError(Exception):
    """A password can not be checked now. The text says why."""


class Passwords:
    """Checks passwords, a few at a time. Raises `PasswordError` where there is no memory, or no
    thread, to do that."""

    def __init__(self) -> None:
        self._turns = trio.Semaphore(AT_ONCE, max_value=AT_ONCE)
        # Threads of our own: they can not go back from it to do something else.
        self._threads = ThreadPoolExecutor(AT_ONCE, "password", _give_way)

    async def check(
        self, hash: str, password: str, *, wanted: Callable[[], bool] = lambda: True
    ) -> bool | None:
        """Whether `password` is the one that `hash` was made of.

        None when `wanted` says, once it is this one's turn, that nobody wants to know any more.
        """
        async with self._turns:
            if not wanted():
                return None
            return await self._run(lambda: _verify(hash, password))

    async def make(
        self, password: str, *, wanted: Callable[[], bool] = lambda: True
    ) -> Secret | None:
        """Return what a password is checked against from now on; None as `check` says."""
        async with self._turns:
            if not wanted():
                return None
            return await self._run(lambda: make(password))

    async def _run(self, work: Callable[[], T]) -> T:
        return await trio.to_thread.run_sync(lambda: self._threads.submit(work).result())


def _give_way() -> None:
    """Have the present thread give way, and those that it starts."""
    if sys.platform == "linux":
        # Elsewhere it would be the whole process.
        os.nice(NICE)


def make(password: str) -> Secret:
    """Return what an account's password is checked against. Takes a tenth of a second. Raises
    `PasswordError`."""
    try:
        hash = argon2.PasswordHasher().hash(prepared(password) or password)
    except argon2.exceptions.HashingError as error:
        raise PasswordError(str(error)) from None
    salt = secrets.token_bytes(SALT)
    keys = sasl.keys(password, salt, ITERATIONS)
    return Secret(
        hash=hash,
        salt=salt,
        iterations=ITERATIONS,
        stored_key=keys.stored,
        server_key=keys.server,
    )


def _verify(hash: str, password: str) -> bool:
    try:
        return argon2.PasswordHasher().verify(hash, password)
    except argon2.exceptions.VerifyMismatchError:
        return False
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError) as error:
        if str(error) in _NOT_NOW:
            raise PasswordError(str(error)) from None
        log.warning("a password hash of the configuration can not be used", error=str(error))
        return False
