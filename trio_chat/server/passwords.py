"""Checking passwords, and making what they are checked against, in threads: it takes a while on
purpose."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import argon2
import structlog
import trio

from trio_chat.core.passwords import prepared
from trio_chat.core.secrets import Secret
from trio_chat.wire import sasl

log = structlog.get_logger()

AT_ONCE = 2
"""Checks under way at once. Each takes 64 MB and a core for as long as it lasts."""
SALT = 16
"""Bytes."""
ITERATIONS = 64_000
"""Of PBKDF2, for SCRAM: clients do as many when they log in (RFC 7677 asks for 4096 at least)."""


class Passwords:
    """Checks passwords, a few at a time."""

    def __init__(self) -> None:
        self._turns = trio.Semaphore(AT_ONCE, max_value=AT_ONCE)

    async def check(
        self, hash: str, password: str, *, wanted: Callable[[], bool] = lambda: True
    ) -> bool | None:
        """Whether `password` is the one that `hash` was made of.

        None when `wanted` says, once it is this one's turn, that nobody wants to know any more.
        """
        async with self._turns:
            if not wanted():
                return None
            return await trio.to_thread.run_sync(_verify, hash, password)

    async def make(
        self, password: str, *, wanted: Callable[[], bool] = lambda: True
    ) -> Secret | None:
        """Return what a password is checked against from now on; None as `check` says."""
        async with self._turns:
            if not wanted():
                return None
            return await trio.to_thread.run_sync(make, password)


def make(password: str) -> Secret:
    """Return what an account's password is checked against. Takes a tenth of a second."""
    salt = secrets.token_bytes(SALT)
    keys = sasl.keys(password, salt, ITERATIONS)
    return Secret(
        hash=argon2.PasswordHasher().hash(prepared(password) or password),
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
        log.warning("a password hash of the configuration can not be used", error=str(error))
        return False
